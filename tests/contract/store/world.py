"""One ontology in a store, and short names for what tests do with it. Uses the port only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oms_project.core.context import Actor
from oms_project.core.ids import derived_id, new_id
from oms_project.core.keys import PublicKey, keyring
from ontology.contract import CommitInfo
from ontology.domain.documents import normalise
from ontology.domain.kinds import Kind
from ontology.store.port import CommitReader, DocumentWrite, OntologyStore, StoredDocument
from ontology.store.sealing import seal_of

ALICE = Actor("1", "alice")
BOB = Actor("2", "bob.smith")
BASE = "https://example.org/world/"
_RIDS = "6f1c1d52-1f0e-4b7c-9a64-0b1f6c7d8e90"

Body = dict[str, Any]


def rid(key: str) -> str:
    """The ``rid`` of the document that tests call ``key``."""
    return derived_id(_RIDS, key)


def a_type(name: str, **fields: Any) -> Body:
    """The body of an object type."""
    return normalise(Kind.OBJECT_TYPE, {"apiName": name, **fields})


def author_keys() -> Mapping[str, PublicKey]:
    """Of those that sign in the tests."""
    return keyring.public_keys("author")


class World:
    """An ontology of its own.

    Documents are called by keys; ``rid(key)`` is what the store knows. They are object types
    where a test does not say otherwise.
    """

    def __init__(self, store: OntologyStore, name: str = "") -> None:
        self.store = store
        self.info = store.create_ontology(
            name=name or f"world-{new_id()[:8]}",
            base_iri=BASE,
            description="",
            header={"baseIri": BASE},
            seal=seal_of(ALICE),
        )
        self.id = self.info.id
        self.keys: dict[str, str] = {self.id: "header"}
        self.kinds = {Kind.OBJECT_TYPE}

    def head(self, branch: str = "main") -> CommitInfo:
        return self.store.resolve(self.id, branch)

    def reader(self, ref: str | CommitInfo = "main") -> CommitReader:
        commit = self.store.resolve(self.id, ref) if isinstance(ref, str) else ref
        return self.store.reader(self.id, commit)

    def put(
        self,
        documents: Mapping[str, Body | None],
        *,
        branch: str = "main",
        message: str = "Change",
        author: Actor = ALICE,
        kind: Kind = Kind.OBJECT_TYPE,
        merged: CommitInfo | None = None,
    ) -> CommitInfo:
        """Commit ``documents`` (None deletes) on top of the branch's head."""
        with self.store.writing(self.id, branch) as head:
            return self.store.commit(
                self.id,
                branch,
                writes=self.writes(head, documents, kind=kind),
                seal=seal_of(author),
                message=message,
                expected_head=head.id,
                merged=None if merged is None else merged.id,
            )

    def writes(
        self,
        head: CommitInfo,
        documents: Mapping[str, Body | None],
        *,
        kind: Kind = Kind.OBJECT_TYPE,
    ) -> list[DocumentWrite]:
        """What ``commit`` takes, with the documents as they stand at ``head``."""
        self.keys.update({rid(key): key for key in documents})
        self.kinds.add(kind)
        stored = self.store.reader(self.id, head).get_with_deleted([rid(key) for key in documents])
        return [
            DocumentWrite(
                rid(key),
                stored[rid(key)].kind if rid(key) in stored else kind,
                stored.get(rid(key)),
                body,
            )
            for key, body in documents.items()
        ]

    def branch(self, name: str, at: str | CommitInfo = "main") -> None:
        commit = self.store.resolve(self.id, at) if isinstance(at, str) else at
        self.store.create_branch(
            self.id, name=name, commit=commit.id, protected=False, author=ALICE
        )

    def tag(self, name: str, at: str | CommitInfo = "main") -> None:
        commit = self.store.resolve(self.id, at) if isinstance(at, str) else at
        self.store.create_tag(self.id, name=name, commit=commit.id, message="", author=ALICE)

    def forward(self, branch: str, to: CommitInfo) -> None:
        """Fast-forward."""
        head = self.head(branch)
        self.store.move_branch(self.id, branch, to=to.id, expected_head=head.id)

    def get(self, key: str, ref: str | CommitInfo = "main") -> StoredDocument:
        """The document, live or deleted."""
        return self.reader(ref).get_with_deleted([rid(key)])[rid(key)]

    def state(self, ref: str | CommitInfo = "main") -> dict[str, Any]:
        """Key -> body of every live document but the header."""
        return self.called(self.reader(ref).scan(self.kinds))

    def called(self, documents: Iterable[StoredDocument]) -> dict[str, Any]:
        """Documents by the keys that tests call them by."""
        return {self.keys[document.rid]: document.body for document in documents}

    def assert_sound(self) -> None:
        """The store finds nothing wrong with itself."""
        assert self.store.verify(self.id, keys=author_keys()).problems == ()
