"""What each subject becomes: class, property, data type, enum, individual or resource."""

from __future__ import annotations

from ontology.domain.kinds import Kind
from ontology.interop.rdf.context import Context
from ontology.interop.rdf.enums import find_enums, find_members
from ontology.interop.rdf.graph import Term
from ontology.interop.rdf.properties import classify_properties
from ontology.interop.rdf.vocabulary import (
    CHARACTERISTICS,
    CLASS_TYPES,
    CONCEPT_SCHEME,
    DATA_TYPES,
    DATATYPE,
    DOMAINS,
    ONTOLOGY,
    PROPERTY_TYPES,
    RANGES,
    RDFS_LITERAL,
    SCHEMA_DATA_TYPES,
    SUB_CLASS,
    SUB_PROPERTY,
    TYPE,
)

__all__ = ["classify"]

_ROLES: dict[Term, str] = {
    **dict.fromkeys(CLASS_TYPES, "class"),
    **dict.fromkeys(PROPERTY_TYPES | CHARACTERISTICS, "property"),
    DATATYPE: "datatype",
    CONCEPT_SCHEME: "scheme",
    ONTOLOGY: "ontology",
}
_PROPERTY_TERMS = (SUB_PROPERTY, *DOMAINS, *RANGES)


def classify(ctx: Context) -> None:
    """Fill ``ctx.kinds`` and the ids of every definition and individual."""
    roles = _roles(ctx)
    data_classes = _data_classes(ctx, roles)
    find_enums(ctx, roles)
    for subject, found in roles.items():
        if subject in ctx.enums:
            ctx.kinds[subject] = (Kind.ENUM_TYPE,)
        elif "datatype" in found or subject in data_classes:
            ctx.kinds[subject] = (Kind.VALUE_TYPE,)
        elif "class" in found:
            ctx.kinds[subject] = (Kind.OBJECT_TYPE,)
    _forced(ctx)
    if ctx.merge:
        _described_further(ctx, roles)
    for subject, kinds in ctx.kinds.items():
        for kind in kinds:
            ctx.rid(kind, subject)
    classify_properties(ctx, [s for s, found in roles.items() if "property" in found])
    _individuals(ctx)
    find_members(ctx, roles)


def _forced(ctx: Context) -> None:
    """Kinds that OMS terms fix."""
    for subject, kinds in ctx.identity.kinds.items():
        if subject.startswith("_:"):
            continue  # a resource, as every blank node that is a document
        if Kind.ONTOLOGY in kinds:
            ctx.header = ctx.header or subject
        forced = sorted((kind for kind in kinds if kind != Kind.ONTOLOGY), key=_ORDER.__getitem__)
        if forced:
            ctx.kinds[subject] = tuple(forced)


def _described_further(ctx: Context, roles: dict[str, set[str]]) -> None:
    """Definitions that exist and of which the input says more, but not what they are."""
    for subject in ctx.subjects:
        if subject not in ctx.kinds and subject not in roles:
            known = ctx.existing.kinds.get(subject)
            if known:
                ctx.kinds[subject] = tuple(sorted(known, key=_ORDER.__getitem__))


_ORDER = {
    kind: number
    for number, kind in enumerate(
        (
            Kind.OBJECT_TYPE,
            Kind.INTERFACE,
            Kind.VALUE_TYPE,
            Kind.ENUM_TYPE,
            Kind.STRUCT_TYPE,
            Kind.LINK_TYPE,
            Kind.SHARED_PROPERTY,
            Kind.ACTION_TYPE,
            Kind.OBJECT,
            Kind.LINK,
            Kind.RESOURCE,
            Kind.ONTOLOGY,
        )
    )
}


def _roles(ctx: Context) -> dict[str, set[str]]:
    """What the types of each named subject, or else its predicates, say it is."""
    roles: dict[str, set[str]] = {}
    implied = ctx.graph.predicates.intersection((SUB_CLASS, *_PROPERTY_TERMS))
    headers: list[str] = []
    for subject, triples in ctx.subjects.items():
        types = triples.get(TYPE)
        found = {_ROLES[t] for t in types if t in _ROLES} if types else set()
        if not found or subject.startswith("_:"):
            continue
        if "ontology" in found:
            headers.append(subject)
            if len(found) == 1:
                continue
        roles[subject] = found
    if implied:
        roles.update(_implied(ctx, roles, {*headers, *ctx.identity.kinds}))
    headers = [subject for subject in headers if subject not in roles]
    if headers:
        ctx.header = _choose_header(ctx, headers)
    return roles


def _implied(ctx: Context, roles: dict[str, set[str]], others: set[str]) -> dict[str, set[str]]:
    """Roles of subjects whose types say nothing, but whose predicates do.

    One with a class above it is a class, unless it is an individual of a known class.

    Args:
        others: subjects that are known to be something else.
    """
    found: dict[str, set[str]] = {}
    known = ctx.existing.by_iri[Kind.OBJECT_TYPE] if ctx.merge else {}
    for subject, triples in ctx.subjects.items():
        if subject in roles or subject in others or subject.startswith("_:"):
            continue
        types = triples.get(TYPE, ())
        if SUB_CLASS in triples:
            if not any("class" in roles.get(str(term), ()) or term in known for term in types):
                found[subject] = {"class"}
        elif not types and any(term in triples for term in _PROPERTY_TERMS):
            found[subject] = {"property"}
    return found


def _choose_header(ctx: Context, headers: list[str]) -> str:
    """The ontology that the input is: the base IRI's, else one that no other one imports."""
    if len(headers) == 1:
        return headers[0]
    imported = {
        term
        for subject in headers
        for objects in ctx.subjects[subject].values()
        for term in objects
        if term != subject
    }
    bases = {ctx.base, ctx.base.rstrip("#/")}
    return min(headers, key=lambda iri: (iri not in bases, iri in imported, iri))


def _data_classes(ctx: Context, roles: dict[str, set[str]]) -> set[str]:
    """Classes of literals: of type schema:DataType, or below one, rdfs:Literal or a datatype."""
    stack: list[str] = []
    children: dict[Term, list[str]] = {}
    for subject, found in roles.items():
        if "class" not in found:
            continue
        triples = ctx.subjects[subject]
        types = triples.get(TYPE, ())
        if len(types) > 1 and not SCHEMA_DATA_TYPES.isdisjoint(types):
            stack.append(subject)
        for parent in triples.get(SUB_CLASS, ()):
            children.setdefault(parent, []).append(subject)
    literal = (RDFS_LITERAL, *DATA_TYPES)
    stack.extend(child for iri in literal if iri in children for child in children[iri])
    if ctx.merge:
        stack.extend(
            child
            for iri in ctx.existing.by_iri[Kind.VALUE_TYPE]
            if iri in children
            for child in children[iri]
        )
    stack.extend(
        child
        for iri, of in children.items()
        if "datatype" in roles.get(iri, ())  # type: ignore[arg-type]
        for child in of
    )
    found_classes: set[str] = set()
    while stack:
        subject = stack.pop()
        if subject not in found_classes:
            found_classes.add(subject)
            stack.extend(children.get(subject, ()))
    return found_classes


# -- individuals --------------------------------------------------------------------------------


def _individuals(ctx: Context) -> None:
    """Named subjects of a known class become objects, of the first class by IRI."""
    known: dict[Term, bool] = {}
    existing = ctx.existing.by_iri[Kind.OBJECT]
    for subject, triples in ctx.subjects.items():
        if subject in ctx.kinds or subject.startswith("_:") or subject == ctx.header:
            continue
        types = triples.get(TYPE)
        if not types:
            if ctx.merge and subject in existing:
                ctx.kinds[subject] = (Kind.OBJECT,)
                ctx.rid(Kind.OBJECT, subject)
            continue
        for term in types:
            found = known.get(term)
            if found is None:
                found = known[term] = ctx.resolve(term, (Kind.OBJECT_TYPE,)) is not None
            if found:
                ctx.kinds[subject] = (Kind.OBJECT,)
                ctx.rid(Kind.OBJECT, subject)
                break
