"""Handlers for each kind of definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ontology.domain.datatypes import DATATYPE_IRIS
from ontology.domain.kinds import Kind
from ontology.interop.rdf import report as why
from ontology.interop.rdf.build import COMMON, HANDLERS, Draft, Handlers, equivalents, skip
from ontology.interop.rdf.context import CLASSES, DATA
from ontology.interop.rdf.graph import Term
from ontology.interop.rdf.values import finish_enum_type, finish_value_type
from ontology.interop.rdf.vocabulary import (
    DATA_TYPES,
    DOMAINS,
    EQUIVALENT_CLASS,
    EQUIVALENT_PROPERTY,
    FUNCTIONAL,
    INVERSE_FUNCTIONAL,
    INVERSE_OF,
    INVERSES,
    ON_DATATYPE,
    ONE_OF,
    RANGES,
    RDFS_LITERAL,
    SCHEMA_BASES,
    SUB_CLASS,
    SUB_PROPERTY,
    SYMMETRIC,
    TRANSITIVE,
    TYPE,
    WITH_RESTRICTIONS,
    XSD,
)

__all__ = ["HANDLERS", "finish_definition"]

_TRUE: Term = ("true", "", XSD + "boolean")
_FLAGS: dict[Term, tuple[str, Any]] = {
    SYMMETRIC: ("symmetric", True),
    TRANSITIVE: ("transitive", True),
    FUNCTIONAL: ("targetCardinality", {"max": 1}),
    INVERSE_FUNCTIONAL: ("sourceCardinality", {"max": 1}),
}


def _parents(field: str, kinds: tuple[Kind, ...]) -> Callable[[Draft, str, list[Term]], None]:
    """A handler that puts references to ``kinds`` into ``field``."""

    def handle(draft: Draft, predicate: str, objects: list[Term]) -> None:
        ctx = draft.ctx
        found: list[str] = []
        for term in objects:
            rid = ctx.resolve(term, kinds)
            if rid is not None and (draft.kind, draft.iri, term) not in ctx.cut:
                found.append(rid)
                draft.count(predicate, 1)
            elif rid is None and predicate == SUB_CLASS and _interface(draft, term):
                draft.count(predicate, 1)
            elif rid is not None:
                if not _elsewhere(draft, predicate, term):
                    draft.annotate(predicate, [term], why.CYCLE)
            elif not _elsewhere(draft, predicate, term):
                draft.annotate(predicate, [term], _reason(draft, term))
        if found:
            draft.body[field] = sorted(found) if len(found) > 1 else found

    return handle


def _interface(draft: Draft, term: Term) -> bool:
    """Take ``term`` as an interface that an object type implements, when it is one."""
    if draft.kind != Kind.OBJECT_TYPE:
        return False
    rid = draft.ctx.resolve(term, (Kind.INTERFACE,))
    if rid is None:
        return False
    draft.body["interfaces"] = sorted({*draft.body.get("interfaces", ()), rid})
    return True


def _elsewhere(draft: Draft, predicate: str, term: Term) -> bool:
    """Whether another kind of the same IRI refers to ``term``; counts it when so."""
    if draft.quiet:
        return False
    for kind in draft.kinds:
        if (
            kind != draft.kind
            and predicate in HANDLERS.get(kind, ())
            and (kind, draft.iri, term) not in draft.ctx.cut
            and draft.ctx.resolve(term, _ABOVE.get(kind, ())) is not None
        ):
            draft.count(predicate, 1)
            return True
    return False


#: Kind -> kinds that may stand above it.
_ABOVE: dict[Kind, tuple[Kind, ...]] = {
    Kind.OBJECT_TYPE: (Kind.OBJECT_TYPE, Kind.INTERFACE),
    Kind.INTERFACE: (Kind.INTERFACE,),
    Kind.SHARED_PROPERTY: (Kind.SHARED_PROPERTY,),
    Kind.LINK_TYPE: (Kind.LINK_TYPE,),
}


def _reason(draft: Draft, term: Term) -> str:
    if type(term) is not str or term.startswith("_:"):
        return why.NOT_SIMPLE
    return why.OTHER_KIND if draft.ctx.resolve_any(term, draft.kind) else why.EXTERNAL


# -- properties -----------------------------------------------------------------------------


def _link_types(draft: Draft, predicate: str, objects: list[Term]) -> None:
    rest = []
    for term in objects:
        flag = _FLAGS.get(term)
        if flag is None:
            rest.append(term)
        else:
            draft.body[flag[0]] = flag[1]
            draft.count(f"{TYPE} {term}", 1)
    COMMON[TYPE](draft, predicate, rest)


def _inverse(draft: Draft, predicate: str, objects: list[Term]) -> None:
    ctx = draft.ctx
    for term in sorted(objects, key=repr):
        rid = ctx.resolve(term, (Kind.LINK_TYPE,))
        if rid is None:
            draft.annotate(predicate, [term], _reason(draft, term))
        elif "inverseOf" in draft.body or term == draft.iri:
            draft.annotate(predicate, [term], why.SECOND_VALUE)
        else:
            draft.body["inverseOf"] = rid
            draft.count(predicate, 1)
            if predicate != INVERSE_OF:
                draft.form["inverse"] = predicate


def _slots(draft: Draft) -> None:
    """Domain and range of a property."""
    ctx = draft.ctx
    mixed = len(draft.kinds) > 1
    link = draft.kind == Kind.LINK_TYPE
    draft.quiet = _is_second(draft)
    slot = ctx.domains.get(draft.iri)
    if slot is not None:
        if mixed and slot.form is None and slot.placed > 1:
            slot.form = "verbatim"
            slot.verbatim = [(slot.predicate, ctx.subjects[draft.iri][slot.predicate][0])]
        _keep_slot(draft, "domain", slot)
        if slot.members:
            rids = {ctx.class_ids[member] for member in slot.members}
            if link:
                draft.body["sources"] = sorted(rids)
            else:
                own = ctx.rids[Kind.SHARED_PROPERTY][draft.iri]
                for rid in rids:
                    ctx.entries.setdefault(rid, []).append((draft.iri, own))
    slot = ctx.ranges.get(draft.iri)
    if slot is not None:
        if mixed and slot.form is None and slot.placed > 1:
            slot.form = "verbatim"
            slot.verbatim = [(slot.predicate, ctx.subjects[draft.iri][slot.predicate][0])]
        _keep_slot(draft, "range", slot)
        if link:
            ids = ctx.class_ids
            targets = {ids[member] for member in slot.members if member in ids}
            if targets:
                draft.body["targets"] = sorted(targets)
        else:
            _data_types(draft, slot.members)
    draft.quiet = False


def _check_symmetry(draft: Draft) -> None:
    """A link with other types at its ends is not symmetric: then the type stays an annotation."""
    body = draft.body
    if body.get("symmetric") and body.get("sources") != body.get("targets"):
        del body["symmetric"]
        draft.count(f"{TYPE} {SYMMETRIC}", -1)
        draft.annotate(TYPE, [SYMMETRIC], why.OTHER_ENDS)


def _is_second(draft: Draft) -> bool:
    """Whether the link type with the same IRI has counted domain and range already."""
    return draft.kind == Kind.SHARED_PROPERTY and Kind.LINK_TYPE in draft.kinds


def _keep_slot(draft: Draft, field: str, slot: Any) -> None:
    ctx = draft.ctx
    if slot.placed:
        draft.count(slot.predicate, slot.placed if slot.form != "verbatim" else 0)
    if slot.form is not None:
        draft.form[field] = slot.form
    for predicate, term in slot.verbatim:
        draft.annotate(predicate, [term], mapped=True)
    rest = slot.rest
    if field == "range" and not slot.members and draft.kind == Kind.SHARED_PROPERTY:
        # Any literal: that is what no data type means.
        literal = [pair for pair in rest if pair[1] == RDFS_LITERAL]
        if len(literal) == 1 and len(rest) == 1 and not slot.form:
            draft.form["range"] = literal[0][0]
            draft.form["datatypes"] = {"": [RDFS_LITERAL]}
            draft.count(literal[0][0], 1)
            rest = []
    for predicate, term in rest:
        reason = _reason(draft, term)
        fitting = CLASSES if field == "domain" else (*CLASSES, *DATA)
        if reason == why.OTHER_KIND and ctx.resolve(term, fitting) is not None:
            reason = why.SECOND_VALUE
        draft.annotate(predicate, [term], reason)


def _data_types(draft: Draft, members: list[str]) -> None:
    ctx = draft.ctx
    found: dict[str, list[str]] = {}
    for member in members:
        name = DATA_TYPES.get(member) or ctx.data_ids.get(member)
        if name is None and member not in ctx.class_ids:
            name = SCHEMA_BASES.get(member)
        if name is not None:
            found.setdefault(name, []).append(member)
    if found:
        draft.body["dataTypes"] = sorted(found)
        unusual = {
            name: sorted(iris)
            for name, iris in found.items()
            if name in DATATYPE_IRIS and iris != [DATATYPE_IRIS[name]]
        }
        if unusual:
            draft.form["datatypes"] = unusual


# -- all together ---------------------------------------------------------------------------

_CLASS: Handlers = {**COMMON, EQUIVALENT_CLASS: equivalents}
_PROPERTY: Handlers = {
    **COMMON,
    EQUIVALENT_PROPERTY: equivalents,
    **dict.fromkeys(DOMAINS | RANGES, skip),
}
_DATA: Handlers = {**COMMON, EQUIVALENT_CLASS: skip}

HANDLERS.update(
    {
        Kind.OBJECT_TYPE: {**_CLASS, SUB_CLASS: _parents("parents", (Kind.OBJECT_TYPE,))},
        Kind.INTERFACE: {**_CLASS, SUB_CLASS: _parents("extends", (Kind.INTERFACE,))},
        Kind.SHARED_PROPERTY: {
            **_PROPERTY,
            SUB_PROPERTY: _parents("parents", (Kind.SHARED_PROPERTY,)),
        },
        Kind.LINK_TYPE: {
            **_PROPERTY,
            TYPE: _link_types,
            SUB_PROPERTY: _parents("parents", (Kind.LINK_TYPE,)),
            **dict.fromkeys(INVERSES, _inverse),
        },
        Kind.VALUE_TYPE: {**_DATA, ON_DATATYPE: skip, WITH_RESTRICTIONS: skip},
        Kind.ENUM_TYPE: {**_DATA, ONE_OF: skip},
        Kind.STRUCT_TYPE: {**_CLASS},
        Kind.ACTION_TYPE: {**_CLASS},
    }
)


def finish_definition(draft: Draft) -> None:
    """What needs more than one predicate."""
    if draft.kind in (Kind.LINK_TYPE, Kind.SHARED_PROPERTY):
        _slots(draft)
        _check_symmetry(draft)
    elif draft.kind == Kind.VALUE_TYPE:
        finish_value_type(draft)
    elif draft.kind == Kind.ENUM_TYPE:
        finish_enum_type(draft)
    if TYPE not in draft.triples and draft.kind in _TYPED:
        draft.form["types"] = ()


_TYPED = frozenset(
    {
        Kind.OBJECT_TYPE,
        Kind.INTERFACE,
        Kind.SHARED_PROPERTY,
        Kind.LINK_TYPE,
        Kind.VALUE_TYPE,
        Kind.ENUM_TYPE,
    }
)
