"""Triples in memory, grouped by subject once, each term turned into text once.

A term is an IRI (``str``), a blank node (``str`` that starts with ``_:``), a literal
(``(value, language, datatype)``, the last two empty where they say nothing) or a triple term of
RDF 1.2 (``("<<", subject, predicate, object)``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pyoxigraph as ox

from oms_project.core.errors import TooLarge
from ontology.interop.rdf.vocabulary import DIR_LANG_STRING, LANG_STRING, STRING

__all__ = ["Graph", "Progress", "Term", "Triples", "from_oxigraph", "is_literal", "to_oxigraph"]

Term = str | tuple[Any, ...]
#: predicate -> objects
Triples = dict[str, list[Term]]
#: (phase, done, total or None when nobody knows yet)
Progress = Callable[[str, int, int | None], None]

_REPORT_EVERY = 20_000


class Graph:
    """Distinct triples by subject, then by predicate, in the order they were read.

    Attributes:
        subjects: subject -> predicate -> objects.
        predicates: every predicate there is.
        size: number of distinct triples.
        has_blanks: whether there is any blank node (or triple term).
        named_graphs: triples read from each named graph (their graph names are not kept).
    """

    def __init__(self) -> None:
        self.subjects: dict[str, Triples] = {}
        self.predicates: set[str] = set()
        self.size = 0
        self.has_blanks = False
        self.named_graphs: Counter[str] = Counter()

    @classmethod
    def read(  # noqa: C901, PLR0912 - the hot loop: a call per triple would double its time
        cls,
        quads: Iterable[ox.Quad] | Iterable[ox.Triple],
        *,
        max_triples: int,
        max_literal: int,
        datasets: bool = True,
        on_progress: Progress | None = None,
    ) -> Graph:
        """Group ``quads``.

        Args:
            datasets: whether there may be named graphs among them.

        Raises:
            TooLarge: more than ``max_triples`` quads, or a literal longer than ``max_literal``.
        """
        graph = cls()
        subjects = graph.subjects
        named, literal, blank = ox.NamedNode, ox.Literal, ox.BlankNode
        default_graph = ox.DefaultGraph
        total = 0
        for quad in quads:
            total += 1
            term = quad.object
            kind = type(term)
            if kind is named:
                value: Term = term.value  # type: ignore[union-attr]
            elif kind is literal:
                value = _literal(term)  # type: ignore[arg-type]
                if len(value[0]) > max_literal:
                    raise _long_literal(quad, len(value[0]), max_literal)
            elif kind is blank:
                value = "_:" + term.value  # type: ignore[union-attr]
                graph.has_blanks = True
            else:
                graph.has_blanks = True
                value = from_oxigraph(term)
            term = quad.subject
            kind = type(term)
            if kind is named:
                subject: str = term.value  # type: ignore[union-attr]
            else:
                subject = "_:" + term.value  # type: ignore[union-attr]
                graph.has_blanks = True
            triples = subjects.get(subject)
            if triples is None:
                triples = subjects[subject] = {}
            predicate = quad.predicate.value
            objects = triples.get(predicate)
            if objects is None:
                triples[predicate] = [value]
            else:
                objects.append(value)
            if datasets and type(quad) is ox.Quad and type(quad.graph_name) is not default_graph:
                graph.named_graphs[str(quad.graph_name)] += 1
            if not total % _REPORT_EVERY:
                if on_progress is not None:
                    on_progress("parse", total, None)
                if total > max_triples:
                    raise _too_many(max_triples)
        if total > max_triples:
            raise _too_many(max_triples)
        graph.settle()
        return graph

    def add(self, subject: str, predicate: str, value: Term) -> None:
        """Add a triple; ``settle`` must follow the last one."""
        self.subjects.setdefault(subject, {}).setdefault(predicate, []).append(value)
        if subject[:2] == "_:":
            self.has_blanks = True

    def settle(self) -> None:
        """Remove repeats and count."""
        size = 0
        predicates = self.predicates
        for triples in self.subjects.values():
            predicates.update(triples)
            for predicate, objects in triples.items():
                if len(objects) > 1:
                    distinct = dict.fromkeys(objects)
                    if len(distinct) < len(objects):
                        triples[predicate] = list(distinct)
                    size += len(distinct)
                else:
                    size += 1
        self.size = size


def is_literal(term: Term) -> bool:
    """Whether ``term`` is a literal."""
    return type(term) is tuple and len(term) == 3


def _literal(term: ox.Literal) -> Term:
    language = term.language
    if language is not None:
        direction = term.direction
        return (term.value, f"{language}--{direction}" if direction else language, "")
    datatype = term.datatype.value
    return (term.value, "", "" if datatype == STRING else datatype)


def from_oxigraph(term: Any) -> Term:
    """The term for a pyoxigraph one."""
    if isinstance(term, ox.NamedNode):
        return term.value
    if isinstance(term, ox.BlankNode):
        return "_:" + term.value
    if isinstance(term, ox.Literal):
        return _literal(term)
    return (
        "<<",
        from_oxigraph(term.subject),
        term.predicate.value,
        from_oxigraph(term.object),
    )


def to_oxigraph(term: Term) -> Any:
    """The pyoxigraph term for ``term``.

    Raises:
        ValueError: the IRI, language tag or label is not a legal one, or would be changed.
    """
    if isinstance(term, str):
        return ox.BlankNode(term[2:]) if term.startswith("_:") else ox.NamedNode(term)
    if len(term) == 4:
        return ox.Triple(to_oxigraph(term[1]), ox.NamedNode(term[2]), to_oxigraph(term[3]))
    value, language, datatype = term
    if language:
        tag, _, direction = language.partition("--")
        literal = ox.Literal(
            value, language=tag, direction=ox.BaseDirection(direction) if direction else None
        )
        if literal.language != tag:
            raise ValueError(f"'{language}' is not a language tag in lower case.")
        return literal
    if datatype in (LANG_STRING, DIR_LANG_STRING):
        raise ValueError("A text with a language needs a language tag.")
    return ox.Literal(value, datatype=ox.NamedNode(datatype)) if datatype else ox.Literal(value)


def _long_literal(quad: ox.Quad | ox.Triple, length: int, limit: int) -> TooLarge:
    return TooLarge(
        f"The value of {quad.predicate.value} of {quad.subject} is {length:,} characters long; "
        f"at most {limit:,} are accepted. Shorten it, or raise the limit.",
        code="rdf_literal_too_long",
        data={"subject": str(quad.subject), "predicate": quad.predicate.value, "limit": limit},
    )


def _too_many(limit: int) -> TooLarge:
    return TooLarge(
        f"The input has more than {limit:,} triples. Import it in parts, or raise the limit.",
        code="rdf_too_many_triples",
        data={"limit": limit},
    )
