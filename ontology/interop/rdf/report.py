"""The loss report: where every triple of an import went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ontology.interop.rdf.naming import local_name, namespace_of
from ontology.interop.rdf.vocabulary import WELL_KNOWN_PREFIXES

__all__ = ["LossReport", "Unplaced"]


@dataclass(frozen=True, slots=True, order=True)
class Unplaced:
    """Why triples of one term have no place in the model, and where they are kept."""

    term: str
    why: str
    kept: str


#: Reasons, as they are printed.
EXTERNAL = "refers to something that is not defined here"
NO_FIELD = "the model has no field for it"
SECOND_TEXT = "a second text in the same language"
CYCLE = "would close a cycle"
OTHER_KIND = "refers to a kind that cannot stand there"
NOT_SIMPLE = "an expression, not a name"
SECOND_VALUE = "the field holds one value, and has it"
OTHER_ENDS = "a symmetric link has the same types at both ends, and this one has not"
INDIVIDUAL = "values of individuals are kept as they are"
RESOURCE = "describes neither a definition nor an individual of a known class"
DANGLING = "refers to a definition that is not here"
RESERVED = "the term is reserved for OMS"

ANNOTATION = "annotation of the definition"
MEMBER = "annotation of the enum member"
OBJECT = "annotation of the object"
RESOURCE_DOCUMENT = "resource document"
HEADER = "annotation of the ontology"
NOWHERE = "nowhere"


@dataclass(slots=True)
class LossReport:
    """Counts of triples; ``mapped`` and ``unplaced`` together are all distinct triples.

    Attributes:
        triples: distinct triples read.
        mapped: term -> triples that became fields of documents.
        unplaced: (term, why, where kept) -> triples. All but those kept ``nowhere`` are written
            again by an export.
        named_graphs: graph name -> quads that stood in it. Graph names are not kept.
        documents: kind -> documents made.
        broken: names that had to be changed: IRI -> name.
    """

    triples: int = 0
    mapped: Counter[str] = field(default_factory=Counter)
    unplaced: Counter[Unplaced] = field(default_factory=Counter)
    named_graphs: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def mapped_triples(self) -> int:
        """Number of triples that found a place in the model."""
        return self.mapped.total()

    @property
    def unplaced_triples(self) -> int:
        """Number of triples that did not."""
        return self.unplaced.total()

    def as_dict(self) -> dict[str, Any]:
        """JSON-compatible, everything in a fixed order."""
        return {
            "triples": self.triples,
            "mappedTriples": self.mapped_triples,
            "unplacedTriples": self.unplaced_triples,
            "documents": dict(sorted(self.documents.items())),
            "mapped": [{"term": term, "triples": count} for term, count in _by_count(self.mapped)],
            "unplaced": [
                {"term": item.term, "triples": count, "why": item.why, "kept": item.kept}
                for item, count in _by_count(self.unplaced)
            ],
            "namedGraphs": dict(sorted(self.named_graphs.items())),
            "renamed": dict(sorted(self.renamed.items())),
        }

    def as_text(self, limit: int | None = None) -> str:
        """A table for a terminal.

        Args:
            limit: rows of each part; None for all.
        """
        lines = [
            f"{self.triples:,} triples: {self.mapped_triples:,} mapped, "
            f"{self.unplaced_triples:,} without a place in the model",
            "documents: "
            + ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.documents.items())),
        ]
        rows = _by_count(self.mapped)
        lines += ["", f"{'mapped':>9}  term"]
        lines += [f"{count:>9,}  {_short(term)}" for term, count in rows[:limit]]
        lines += _more(len(rows), limit)
        unplaced = _by_count(self.unplaced)
        if unplaced:
            lines += ["", f"{'unplaced':>9}  term: why (kept as)"]
            lines += [
                f"{count:>9,}  {_short(item.term)}: {item.why} ({item.kept})"
                for item, count in unplaced[:limit]
            ]
            lines += _more(len(unplaced), limit)
        if self.named_graphs:
            lines += ["", f"{'quads':>9}  named graph (its name is not kept)"]
            lines += [f"{count:>9,}  {name}" for name, count in _by_count(self.named_graphs)]
        if self.renamed:
            lines += ["", "renamed to be legal and unique:"]
            rows_renamed = sorted(self.renamed.items())
            lines += [f"{'':>11}{iri} -> {name}" for iri, name in rows_renamed[:limit]]
            lines += _more(len(rows_renamed), limit)
        return "\n".join(lines) + "\n"


def _by_count(counter: Mapping[Any, int]) -> list[tuple[Any, int]]:
    return sorted(
        ((item, count) for item, count in counter.items() if count),
        key=lambda pair: (-pair[1], pair[0]),
    )


def _more(rows: int, limit: int | None) -> list[str]:
    return [] if limit is None or rows <= limit else [f"{'':>11}and {rows - limit} more"]


def _short(term: str) -> str:
    subject, space, rest = term.partition(" ")
    prefix = WELL_KNOWN_PREFIXES.get(namespace_of(subject))
    short = f"{prefix}:{local_name(subject)}" if prefix else subject
    return f"{short} {_short(rest)}" if space else short
