"""All definitions of a commit at once, and what tells two commits' definitions apart."""

from __future__ import annotations

from collections.abc import Iterator

from oms_project.core.canonical_json import canonical_digest
from ontology.access import readable
from ontology.domain.documents import Body
from ontology.domain.kinds import DEFINITION_KINDS, Kind
from ontology.store import store
from ontology.store.port import CommitReader

__all__ = ["all_definitions", "definitions_key"]


def definitions_key(*, ontology: str, ref: str = "") -> str:
    """The same for two commits exactly when they have the same definitions, whatever else they
    have: 64 hexadecimal digits. Nothing is read but the hashes of the documents.

    Raises:
        NotFound: the ontology or the ref.
    """
    return canonical_digest(sorted(_reader(ontology, ref).hashes(DEFINITION_KINDS).items()))


def all_definitions(*, ontology: str, ref: str = "") -> Iterator[tuple[str, Kind, Body]]:
    """``(rid, kind, body)`` of every definition; the bodies must not be changed.

    Raises:
        NotFound: the ontology or the ref.
    """
    for document in _reader(ontology, ref).scan(DEFINITION_KINDS):
        yield document.rid, document.kind, document.body


def _reader(ontology: str, ref: str) -> CommitReader:
    info = readable(ontology)
    return store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
