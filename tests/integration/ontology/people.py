"""Objects written through the store, for tests of what happens to them afterwards."""

from __future__ import annotations

from typing import Any

from oms_project.core.ids import derived_id
from ontology import selectors
from ontology.contract import CommitInfo
from ontology.domain.kinds import Kind
from ontology.store import store
from ontology.store.port import DocumentWrite

_RIDS = "2f0c5f0a-3c55-4c0e-9a55-4a0f4b6f1c11"


def rid(name: str) -> str:
    """The ``rid`` of the object that tests call ``name``."""
    return derived_id(_RIDS, name)


def put(
    ontology: str,
    name: str,
    body: dict[str, Any] | None,
    *,
    branch: str = "main",
    message: str = "Change",
) -> CommitInfo:
    """Commit an object (None deletes it)."""
    info = selectors.get_ontology(ontology=ontology)
    with store.writing(info.id, branch) as head:
        before = store.reader(info.id, head).get_with_deleted([rid(name)]).get(rid(name))
        return store.commit(
            info.id,
            branch,
            writes=[DocumentWrite(rid(name), Kind.OBJECT, before, body)],
            message=message,
            expected_head=head.id,
        )
