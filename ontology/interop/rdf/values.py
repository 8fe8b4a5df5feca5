"""Value types and enums: what needs more than one predicate to be read."""

from __future__ import annotations

from typing import Any

from ontology.domain.kinds import Kind
from ontology.interop.rdf import report as why
from ontology.interop.rdf.build import COMMON, Draft, Handlers, equivalents
from ontology.interop.rdf.datatypes import Restriction, base_of, read_restriction
from ontology.interop.rdf.enums import codes, one_of
from ontology.interop.rdf.graph import Term, is_literal
from ontology.interop.rdf.vocabulary import (
    COMMENT,
    CONCEPT_SCHEME,
    DATATYPE,
    DEPRECATED,
    EQUIVALENT_CLASS,
    KIND_TYPES,
    LABEL,
    ON_DATATYPE,
    ONE_OF,
    TYPE,
    WITH_RESTRICTIONS,
    XSD,
)

__all__ = ["finish_enum_type", "finish_value_type"]

_TRUE: Term = ("true", "", XSD + "boolean")


def finish_value_type(draft: Draft) -> None:
    """Base type and constraints."""
    ctx = draft.ctx
    restriction = read_restriction(ctx, draft.triples)
    draft.body["baseType"] = base_of(ctx, draft.iri, restriction)
    if restriction is None:
        if draft.body["baseType"] != "string":
            draft.form["facets"] = "verbatim"
        _keep_equivalents(draft, None)
        for predicate in (ON_DATATYPE, WITH_RESTRICTIONS):
            if predicate in draft.triples:
                draft.annotate(predicate, draft.triples[predicate], why.NOT_SIMPLE)
        return
    if restriction.constraints:
        draft.body["constraints"] = restriction.constraints
    if not restriction.usual:
        draft.form["facets"] = "verbatim"
    _keep_restriction(draft, restriction)
    _keep_equivalents(draft, restriction.term)


def _keep_restriction(draft: Draft, restriction: Restriction) -> None:
    if restriction.term is None:
        for predicate in (ON_DATATYPE, WITH_RESTRICTIONS):
            objects = draft.triples.get(predicate)
            if objects is None:
                continue
            if restriction.usual:
                draft.count(predicate, len(objects))
            else:
                draft.annotate(predicate, objects, mapped=True)
        return
    if WITH_RESTRICTIONS in draft.triples:
        draft.annotate(WITH_RESTRICTIONS, draft.triples[WITH_RESTRICTIONS], why.NOT_SIMPLE)
    draft.quiet = not draft.owns(EQUIVALENT_CLASS)
    if restriction.usual:
        # The node (3 triples) and its list of one-triple facets (3 for each), and the link to it.
        draft.count(EQUIVALENT_CLASS, 4 + 3 * len(restriction.constraints))
    else:
        draft.annotate(EQUIVALENT_CLASS, [restriction.term], mapped=True)
    draft.quiet = False


def _keep_equivalents(draft: Draft, taken: Term | None) -> None:
    objects = [term for term in draft.triples.get(EQUIVALENT_CLASS, ()) if term != taken]
    if objects:
        draft.quiet = not draft.owns(EQUIVALENT_CLASS)
        equivalents(draft, EQUIVALENT_CLASS, objects)
        draft.quiet = False


def finish_enum_type(draft: Draft) -> None:
    """Members."""
    ctx = draft.ctx
    items = ctx.enums.get(draft.iri)
    listed = one_of(ctx, draft.triples)
    taken: Term | None = None
    if items is None:
        if ONE_OF in draft.triples:
            draft.annotate(ONE_OF, draft.triples[ONE_OF], why.NOT_SIMPLE)
        _keep_equivalents(draft, None)
        return
    if listed is not None:
        _, direct, term = listed
        literal = is_literal(items[0])
        # A text that is no legal code is said by the list itself only.
        plain = not literal or [item[0] for item in items] == codes(items)
        said = sorted(KIND_TYPES[Kind.ENUM_TYPE].intersection(draft.triples.get(TYPE, ())))
        if direct and plain and (not literal or said == [DATATYPE]):
            draft.count(ONE_OF, 1 + 2 * len(items))
        else:
            draft.form["members"] = "verbatim"
            taken = None if direct else term
            predicate = ONE_OF if direct else EQUIVALENT_CLASS
            draft.quiet = not draft.owns(predicate)
            draft.annotate(predicate, [term], mapped=True)
            draft.quiet = False
        if literal:
            # A list of texts is a datatype, unless the types say otherwise.
            draft.form.pop("types", None)
            if said != [DATATYPE]:
                draft.form["types"] = tuple(said)
    else:
        draft.form["members"] = CONCEPT_SCHEME
        if ONE_OF in draft.triples:
            draft.annotate(ONE_OF, draft.triples[ONE_OF], why.NOT_SIMPLE)
    _keep_equivalents(draft, taken)
    draft.body["members"] = [
        _member(draft, item, code) for item, code in zip(items, codes(items), strict=True)
    ]


def _member(draft: Draft, item: Term, code: str) -> dict[str, Any]:
    found: dict[str, Any] = {"code": code}
    if type(item) is not str:
        return found
    found["iri"] = item
    ctx = draft.ctx
    if ctx.members.get(item) != draft.iri:
        return found
    inner = Draft(ctx, item, Kind.ENUM_TYPE, (Kind.ENUM_TYPE,), ctx.subjects[item])
    for predicate, objects in inner.triples.items():
        if predicate == DEPRECATED and objects == [_TRUE]:
            inner.count(predicate, 1)
            found["status"] = "deprecated"
        elif predicate in _MEMBER_TEXTS:
            _MEMBER_TEXTS[predicate](inner, predicate, objects)
        else:
            inner.annotate(predicate, objects, kept=why.MEMBER)
    body = inner.finish()
    for source, target in (
        ("displayName", "label"),
        ("description", "description"),
        ("annotations", "annotations"),
    ):
        if source in body:
            found[target] = body[source]
    return found


_MEMBER_TEXTS: Handlers = {
    term: COMMON[term]
    for term in (
        LABEL,
        COMMENT,
        "http://www.w3.org/2004/02/skos/core#prefLabel",
        "http://www.w3.org/2004/02/skos/core#definition",
    )
}
