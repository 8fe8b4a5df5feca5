"""Datatypes given by restrictions: ``owl:onDatatype`` with facets, in and out."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from ontology.domain.datatypes import DATATYPE_IRIS
from ontology.domain.documents import Problem
from ontology.domain.kinds import Kind
from ontology.domain.validation.problems import Reporter
from ontology.domain.validation.values import check_value_type
from ontology.interop.rdf.context import Context
from ontology.interop.rdf.graph import Term, Triples, is_literal
from ontology.interop.rdf.vocabulary import (
    DATA_TYPES,
    DATATYPE,
    EQUIVALENT_CLASS,
    FACETS,
    ON_DATATYPE,
    SCHEMA_BASES,
    SUB_CLASS,
    TYPE,
    WITH_RESTRICTIONS,
    XSD,
)

__all__ = ["Restriction", "base_of", "facet_terms", "read_restriction"]

_NUMBERS = frozenset({"integer", "long", "decimal", "double"})
_BOUNDS = {name: facet for facet, name in FACETS.items()}


class Restriction:
    """What a datatype definition says.

    Attributes:
        base: IRI of the datatype it restricts.
        constraints: as far as the model has them.
        usual: whether an export would say exactly the same.
        term: object of the owl:equivalentClass it stands in; None when it is said directly.
    """

    __slots__ = ("base", "constraints", "term", "usual")

    def __init__(
        self, base: Term, constraints: dict[str, Any], usual: bool, term: Term | None
    ) -> None:
        self.base = base
        self.constraints = constraints
        self.usual = usual
        self.term = term


def read_restriction(ctx: Context, triples: Triples) -> Restriction | None:
    """The restriction of a datatype, directly or as its equivalent class; None without one."""
    if ON_DATATYPE in triples:
        return _read(ctx, triples, None)
    for term in triples.get(EQUIVALENT_CLASS, ()):
        inner = ctx.blanks.inner(term)
        if inner is not None and ON_DATATYPE in inner:
            return _read(ctx, inner, term)
    return None


def _read(ctx: Context, triples: Triples, term: Term | None) -> Restriction | None:
    bases = triples[ON_DATATYPE]
    lists = triples.get(WITH_RESTRICTIONS, [])
    if len(bases) != 1 or len(lists) > 1:
        return None
    items = ctx.blanks.items(lists[0]) if lists else []
    if items is None:
        return None
    name = DATA_TYPES.get(str(bases[0])) or "string"
    said: list[tuple[str, Term]] = []
    constraints: dict[str, Any] = {}
    clean = True
    for item in items:
        inner = ctx.blanks.inner(item)
        if inner is None or len(inner) != 1:
            clean = False
            continue
        ((facet, values),) = inner.items()
        if len(values) != 1 or not is_literal(values[0]):
            clean = False
            continue
        said.append((facet, values[0]))
        if facet == XSD + "length":
            clean = False
            constraints.update(_constraint("minLength", values[0], name))
            constraints.update(_constraint("maxLength", values[0], name))
        elif facet in FACETS and FACETS[facet] not in constraints:
            constraints.update(_constraint(FACETS[facet], values[0], name))
        else:
            clean = False
    fitting = _fitting(name, constraints)
    clean = clean and len(fitting) == len(constraints)
    constraints = fitting
    usual = (
        clean
        and DATATYPE_IRIS.get(name) == bases[0]
        and said == facet_terms(name, constraints)
        and (
            (term is None and not items and not lists)
            or (
                term is not None
                and bool(items)
                and set(triples) == {TYPE, ON_DATATYPE, WITH_RESTRICTIONS}
                and triples[TYPE] == [DATATYPE]
            )
        )
    )
    return Restriction(bases[0], constraints, usual, term)


def _constraint(name: str, literal: Term, base: str) -> dict[str, Any]:
    """The literal as the value of a constraint; empty when it cannot be one."""
    text: str = literal[0]
    if name in ("minLength", "maxLength"):
        return {name: int(text)} if text.isascii() and text.isdigit() and len(text) < 10 else {}
    if name == "pattern":
        try:
            re.compile(text)
        except (re.error, RecursionError, OverflowError):
            return {}
        return {name: text}
    if base not in _NUMBERS:
        return {name: text}
    try:
        number = Decimal(text)
    except InvalidOperation:
        return {}
    if not number.is_finite() or number.adjusted() > 400 or number.adjusted() < -400:
        return {}
    if number == number.to_integral_value() and number.adjusted() < 300:
        return {name: int(number)}
    double = float(number)
    return {name: double if Decimal(repr(double)) == number else number}


def _fitting(base: str, constraints: dict[str, Any]) -> dict[str, Any]:
    """``constraints`` without those that the domain would refuse for ``base``."""
    found: list[Problem] = []
    body = {"apiName": "", "baseType": base, "constraints": constraints}
    if constraints:
        check_value_type(Reporter(found, Kind.VALUE_TYPE, "", body))
    refused = {problem.field.rpartition("/")[2] for problem in found}
    return {name: value for name, value in constraints.items() if name not in refused}


def facet_terms(base: str, constraints: dict[str, Any]) -> list[tuple[str, Term]]:
    """Facets and literals that say ``constraints``, in the order of ``FACETS``."""
    found: list[tuple[str, Term]] = []
    datatype = DATATYPE_IRIS[base]
    for name, facet in _BOUNDS.items():
        value = constraints.get(name)
        if value is None:
            continue
        if name in ("minLength", "maxLength"):
            found.append((facet, (str(value), "", XSD + "nonNegativeInteger")))
        elif name == "pattern":
            found.append((facet, (value, "", "")))
        elif isinstance(value, str):
            found.append((facet, (value, "", "" if base == "string" else datatype)))
        elif isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            text = format(Decimal(repr(value) if isinstance(value, float) else value), "f")
            found.append((facet, (text, "", datatype)))
    return found


def base_of(ctx: Context, iri: str, restriction: Restriction | None) -> str:
    """The data type below a datatype or class of literals, found upwards; ``string`` at last."""
    seen: set[Term] = set()
    queue: list[Term] = [iri]
    if restriction is not None:
        queue.append(restriction.base)
    for current in queue:
        if current in seen:
            continue
        seen.add(current)
        found = DATA_TYPES.get(current) or SCHEMA_BASES.get(current)  # type: ignore[arg-type]
        if found is not None:
            return found
        known = ctx.existing.by_iri[Kind.VALUE_TYPE].get(current)  # type: ignore[arg-type]
        triples = ctx.subjects.get(current)  # type: ignore[arg-type]
        if triples is not None:
            queue.extend(sorted(map(str, triples.get(SUB_CLASS, ()))))
            if current != iri and ON_DATATYPE in triples:
                queue.extend(triples[ON_DATATYPE])
            for term in triples.get(EQUIVALENT_CLASS, ()):
                inner = ctx.blanks.inner(term)
                if inner is not None:
                    queue.extend(inner.get(ON_DATATYPE, ()))
        elif known is not None and ctx.merge:
            return str(known.body["baseType"])
    return "string"
