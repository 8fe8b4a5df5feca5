"""Which of some objects or links a filter holds for."""

from __future__ import annotations

from collections.abc import Collection

from ontology.access import readable
from ontology.domain.query import Filter
from ontology.selectors.questions import Asker
from ontology.store import store

__all__ = ["matching"]


def matching(
    *,
    ontology: str,
    type: str,  # noqa: A002 - the word people use for it
    rids: Collection[str],
    where: Filter | None = None,
    ref: str = "",
) -> frozenset[str]:
    """The ``rids`` that are instances of a type (or a subtype) at a ref, and for which a filter
    holds.

    Raises:
        NotFound: the ontology, the ref or the type. BadRequest: ``bad_filter``.
        PermissionDenied: also ``masked_property``: the filter asks about what may not be seen.
    """
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    query = Asker(info, reader, type).query(where=where, rids=frozenset(rids))
    found = reader.find_instances(query, limit=len(rids) + 1)
    return frozenset(item.document.rid for item in found)


def family_names(*, ontology: str, type: str, ref: str = "") -> tuple[str, ...]:  # noqa: A002
    """Names of the types whose instances are instances of a type: itself and its subtypes; of an
    interface what implements it.

    Raises:
        NotFound: the ontology, the ref or the type.
    """
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    asker = Asker(info, reader, type)
    bodies = reader.get_many(asker.types).values()
    return tuple(sorted(str(one.body.get("apiName", "")) for one in bodies))
