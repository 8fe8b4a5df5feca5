"""What every step of the mapping knows: the graph, what exists, and what each IRI becomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from oms_project.core.ids import derived_id
from ontology.domain.documents import Body, Document
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, Kind
from ontology.interop.rdf.blanks import Blanks
from ontology.interop.rdf.graph import Graph, Term, Triples
from ontology.interop.rdf.identity import Identity
from ontology.interop.rdf.report import LossReport
from ontology.interop.rdf.vocabulary import DATA_TYPES, SCHEMA_BASES

__all__ = ["CLASSES", "DATA", "Context", "Existing", "Slot", "twin_rid"]

#: What can stand at the end of a link, and what a value can be.
CLASSES = (Kind.OBJECT_TYPE, Kind.INTERFACE)
_DEFINITIONS = frozenset(DEFINITION_KINDS)
DATA = (Kind.VALUE_TYPE, Kind.ENUM_TYPE, Kind.STRUCT_TYPE)


class Existing:
    """The documents there are before the import."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.by_rid: dict[str, Document] = {}
        self.by_iri: dict[Kind, dict[str, Document]] = {kind: {} for kind in Kind}
        self.kinds: dict[str, list[Kind]] = {}
        for document in documents:
            self.by_rid[document.rid] = document
            kind = document.kind
            iri = document.body.get("_iri" if kind in INSTANCE_KINDS else "iri")
            if iri:
                self.by_iri[kind][iri] = document
                if kind in DEFINITION_KINDS:
                    self.kinds.setdefault(iri, []).append(kind)

    def entry(self, type_rid: str, shared_rid: str) -> Body | None:
        """The property of a type that stands for a shared property, or None."""
        owner = self.by_rid.get(type_rid)
        if owner is not None:
            for item in owner.body.get("properties", ()):
                if item.get("sharedProperty") == shared_rid:
                    return item  # type: ignore[no-any-return]
        return None


@dataclass(slots=True)
class Slot:
    """A domain or range, read.

    Attributes:
        members: IRIs it names, as far as they are known.
        form: how it was said; None for the usual way.
        placed: triples that ``members`` and ``form`` stand for.
        verbatim: (predicate, object) kept as annotations although they are understood.
        rest: (predicate, object) without a place.
    """

    members: list[str] = field(default_factory=list)
    form: str | None = None
    placed: int = 0
    predicate: str = ""
    verbatim: list[tuple[str, Term]] = field(default_factory=list)
    rest: list[tuple[str, Term]] = field(default_factory=list)


@dataclass(slots=True)
class Context:
    """State of one mapping.

    Attributes:
        merge: whether what exists stays (and may be referred to).
        kinds: IRI -> kinds it becomes, the one that owns its annotations first.
        rids, names: kind -> IRI -> id, name.
        domains, ranges: IRI of a property -> its slot.
        members: IRI of an individual -> IRI of the enum it is a member of.
        enums: IRI of an enum -> its members.
        class_ids, data_ids: IRI -> rid of everything that can be the end of a link, or a type of
            values (for speed: ``resolve`` would say the same).
        fits: everything that can be a range.
        entries: rid of a type -> (IRI, rid) of shared properties with it in their domain.
        cut: (kind, child, parent) that would close a cycle.
    """

    graph: Graph
    blanks: Blanks
    identity: Identity
    existing: Existing
    namespace: str
    base: str
    merge: bool
    report: LossReport
    kinds: dict[str, tuple[Kind, ...]] = field(default_factory=dict)
    rids: dict[Kind, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    names: dict[Kind, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    domains: dict[str, Slot] = field(default_factory=dict)
    ranges: dict[str, Slot] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)
    enums: dict[str, list[Term]] = field(default_factory=dict)
    class_ids: dict[Term, str] = field(default_factory=dict)
    data_ids: dict[Term, str] = field(default_factory=dict)
    fits: set[Term] = field(default_factory=set)
    entries: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    cut: set[tuple[Kind, str, str | Term]] = field(default_factory=set)
    header: str | None = None
    _taken: set[str] = field(default_factory=set)
    mapped: Counter[str] = field(default_factory=Counter)
    unplaced: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    @property
    def subjects(self) -> dict[str, Triples]:
        """The triples, by subject."""
        return self.graph.subjects

    def rid(self, kind: Kind, iri: str) -> str:
        """The id of ``iri`` as a ``kind``: given, existing or derived; remembered."""
        found = self.rids[kind].get(iri)
        if found is None:
            found = self._given(kind, iri)
            if found is None:
                known = self.existing.by_iri[kind].get(iri)
                found = known.rid if known else derived_id(self.namespace, kind.value, iri)
            self.rids[kind][iri] = found
        return found

    def _given(self, kind: Kind, iri: str) -> str | None:
        """The id that the input gives, unless something else has it."""
        given = self.identity.rid(iri, kind)
        if given is None:
            return None
        known = self.existing.by_rid.get(given)
        if (known is not None and known.kind != kind) or given in self._taken:
            return None
        self._taken.add(given)
        return given

    def resolve(self, iri: Term, kinds: Iterable[Kind]) -> str | None:
        """The id of the definition that ``iri`` is, as one of ``kinds``; None when it is none."""
        for kind in kinds:
            found = self.rids[kind].get(iri)  # type: ignore[arg-type]
            if found is not None:
                return found
            if self.merge:
                known = self.existing.by_iri[kind].get(iri)  # type: ignore[arg-type]
                if known is not None:
                    return known.rid
        return None

    def resolve_any(self, iri: Term, first: Kind) -> str | None:
        """The id of the definition that ``iri`` is, preferably as a ``first``."""
        kinds = self.kinds.get(iri)  # type: ignore[arg-type]
        if kinds is None and self.merge:
            kinds = tuple(self.existing.kinds.get(iri, ()))  # type: ignore[arg-type]
        if not kinds or kinds[0] not in _DEFINITIONS:
            return None
        return self.resolve(iri, (first, *kinds) if first in kinds else kinds)

    def collect(self) -> None:
        """Fill ``class_ids``, ``data_ids`` and ``fits``, when classes and data types are known."""
        for ids, kinds in ((self.class_ids, CLASSES), (self.data_ids, DATA)):
            for kind in reversed(kinds):
                if self.merge:
                    known = self.existing.by_iri[kind]
                    ids.update((iri, document.rid) for iri, document in known.items())
            for kind in reversed(kinds):
                ids.update(self.rids[kind])
        self.fits.update(DATA_TYPES, SCHEMA_BASES, self.data_ids, self.class_ids)

    def count(self, terms: dict[str, Any]) -> None:
        """Count mapped triples by term."""
        self.mapped.update(terms)


def twin_rid(namespace: str, digest: str, number: int) -> str:
    """The id of a blank node that nothing refers to: by its content, and its number among equals."""
    parts = (digest,) if number == 1 else (digest, str(number))
    return derived_id(namespace, Kind.RESOURCE.value, *parts)
