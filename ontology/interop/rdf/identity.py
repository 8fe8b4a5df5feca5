"""What an input says in terms of the OMS vocabulary: kinds, ids, names and fields.

``<s> a <urn:oms:vocab:Interface>`` fixes the kind, ``<urn:oms:vocab:rid>`` the id,
``<urn:oms:vocab:apiName>`` the name; ``<urn:oms:vocab:icon> "plane"`` sets a field (structured
values as rdf:JSON), ``<urn:oms:vocab:unset> "iri"`` removes one. Where one IRI is two
definitions, the kind stands in between: ``<urn:oms:vocab:SharedProperty:rid>``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from oms_project.core.canonical_json import loads
from oms_project.core.errors import Invalid
from oms_project.core.ids import is_rid
from ontology.domain.kinds import Kind
from ontology.interop.rdf.graph import Graph, Term, Triples, is_literal
from ontology.interop.rdf.vocabulary import DOCUMENT, JSON, OMS, OMS_RID, TYPE, UNSET

__all__ = ["Identity", "take_identity"]

_KINDS = {OMS + kind.value: kind for kind in Kind}
_Key = tuple[str, Kind | None]


@dataclass(slots=True)
class Identity:
    """The OMS terms of a graph, by subject and kind (None: the only kind it has)."""

    kinds: dict[str, list[Kind]] = field(default_factory=dict)
    rids: dict[_Key, str] = field(default_factory=dict)
    names: dict[_Key, str] = field(default_factory=dict)
    fields: dict[_Key, dict[str, Any]] = field(default_factory=dict)
    unset: dict[_Key, list[str]] = field(default_factory=dict)

    def rid(self, subject: str, kind: Kind) -> str | None:
        """The id given to ``subject`` as a ``kind``, or None."""
        if self.rids:
            found = self.rids.get((subject, kind)) or self.rids.get((subject, None))
            if found:
                return found
        if subject.startswith(OMS_RID) and is_rid(subject[len(OMS_RID) :]):
            return subject[len(OMS_RID) :]
        return None

    def name(self, subject: str, kind: Kind) -> str | None:
        """The name given to ``subject`` as a ``kind``, or None."""
        return self.names.get((subject, kind)) or self.names.get((subject, None))

    def changes(self, subject: str, kind: Kind) -> tuple[dict[str, Any], list[str]] | None:
        """Fields to set and to remove, or None when there is nothing to do."""
        fields: dict[str, Any] = {}
        unset: list[str] = []
        for key in ((subject, None), (subject, kind)):
            fields.update(self.fields.get(key, {}))
            unset.extend(self.unset.get(key, ()))
        return (fields, unset) if fields or unset else None


def take_identity(graph: Graph) -> tuple[Identity, dict[str, int]]:
    """Move the OMS terms out of ``graph``.

    Returns:
        What they say, and term -> number of triples.

    Raises:
        Invalid: a term whose value cannot be read.
    """
    identity = Identity()
    counts: dict[str, int] = {}
    said = any(predicate.startswith(OMS) for predicate in graph.predicates)
    for subject, triples in list(graph.subjects.items()):
        types = triples.get(TYPE)
        if types is not None and not _KINDS.keys().isdisjoint(types):
            triples = _take_kinds(identity, counts, subject, triples)  # noqa: PLW2901
            graph.subjects[subject] = triples
        if said:
            terms = [predicate for predicate in triples if predicate.startswith(OMS)]
            if terms:
                _take_terms(identity, counts, graph, subject, terms)
    return identity, counts


def _take_kinds(
    identity: Identity, counts: dict[str, int], subject: str, triples: Triples
) -> Triples:
    types = triples[TYPE]
    kinds = [_KINDS[term] for term in types if term in _KINDS]
    identity.kinds[subject] = kinds
    for kind in kinds:
        _count(counts, f"{TYPE} {OMS}{kind.value}", 1)
    left = {**triples, TYPE: [term for term in types if term not in _KINDS]}
    if not left[TYPE]:
        del left[TYPE]
    return left


def _take_terms(
    identity: Identity, counts: dict[str, int], graph: Graph, subject: str, terms: list[str]
) -> None:
    triples = dict(graph.subjects[subject])
    if (DOCUMENT, "", "") in triples.get(UNSET, ()):
        for predicate, objects in graph.subjects.pop(subject).items():
            _count(counts, predicate, len(objects))
        return
    for predicate in terms:
        objects = triples.pop(predicate)
        _count(counts, predicate, len(objects))
        _take(identity, subject, predicate, objects)
    graph.subjects[subject] = triples


def _count(counts: dict[str, int], term: str, number: int) -> None:
    counts[term] = counts.get(term, 0) + number


def _take(identity: Identity, subject: str, predicate: str, objects: list[Term]) -> None:
    kind: Kind | None = None
    name = predicate[len(OMS) :]
    qualifier, colon, rest = name.partition(":")
    if colon and OMS + qualifier in _KINDS:
        kind, name = _KINDS[OMS + qualifier], rest
    key = (subject, kind)
    for term in objects:
        if not is_literal(term):
            raise _wrong(subject, predicate, "a literal is needed")
        text: str = term[0]
        if name == UNSET[len(OMS) :]:
            identity.unset.setdefault(key, []).append(text)
        elif name == "rid":
            if not is_rid(text):
                raise _wrong(subject, predicate, "a UUID in lower case is needed")
            identity.rids[key] = text
        elif name == "apiName":
            identity.names[key] = text
        else:
            try:
                value = loads(text) if term[2] == JSON else text
            except ValueError as error:
                raise _wrong(subject, predicate, f"not JSON: {error}") from error
            identity.fields.setdefault(key, {})[name] = value


def _wrong(subject: str, predicate: str, what: str) -> Invalid:
    return Invalid(
        f"<{subject}>: the value of <{predicate}> cannot be read: {what}. Correct or remove it.",
        code="rdf_oms_term",
        data={"subject": subject, "predicate": predicate},
    )
