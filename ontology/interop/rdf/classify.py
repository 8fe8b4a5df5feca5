"""What each subject becomes: class, property, data type, enum, individual or resource."""

from __future__ import annotations

from collections.abc import Container, Iterable

from ontology.domain.kinds import Kind
from ontology.interop.rdf.blanks import is_blank
from ontology.interop.rdf.context import Context, Slot
from ontology.interop.rdf.enums import find_enums, find_members
from ontology.interop.rdf.graph import Term, Triples
from ontology.interop.rdf.vocabulary import (
    CHARACTERISTICS,
    CLASS_TYPES,
    CONCEPT_SCHEME,
    DATA_TYPES,
    DATATYPE,
    DATATYPE_PROPERTY,
    DOMAIN,
    DOMAINS,
    INVERSES,
    LINK_CHARACTERISTICS,
    OBJECT_PROPERTY,
    ONTOLOGY,
    OWL_CLASS,
    PROPERTY_TYPES,
    RANGE,
    RANGES,
    RDFS_LITERAL,
    SCHEMA_DATA_TYPES,
    SUB_CLASS,
    SUB_PROPERTY,
    TYPE,
    UNION_OF,
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
_LINK_TYPES: frozenset[Term] = frozenset(LINK_CHARACTERISTICS)


def classify(ctx: Context) -> None:
    """Fill ``ctx.kinds`` and the ids of every definition and individual."""
    properties: list[str] = []
    roles = _roles(ctx)
    data_classes = _data_classes(ctx, roles)
    find_enums(ctx, roles)
    for subject, found in roles.items():
        kinds: tuple[Kind, ...] = ()
        if subject in ctx.enums:
            kinds = (Kind.ENUM_TYPE,)
        elif "datatype" in found or subject in data_classes:
            kinds = (Kind.VALUE_TYPE,)
        elif "class" in found:
            kinds = (Kind.OBJECT_TYPE,)
        if "property" in found:
            properties.append(subject)
        if kinds:
            ctx.kinds[subject] = kinds
    for subject, forced in ctx.identity.kinds.items():
        if forced == [Kind.ONTOLOGY]:
            ctx.header = ctx.header or subject
            continue
        if subject.startswith("_:"):
            continue  # a resource, as every blank node that is a document
        forced = [kind for kind in forced if kind != Kind.ONTOLOGY]
        ctx.kinds[subject] = tuple(sorted(forced, key=_ORDER.__getitem__))
    if ctx.merge:
        for subject in ctx.subjects:
            if subject not in ctx.kinds and subject not in roles:
                known = ctx.existing.kinds.get(subject)
                if known:
                    ctx.kinds[subject] = tuple(sorted(known, key=_ORDER.__getitem__))
    for subject, kinds in ctx.kinds.items():
        for kind in kinds:
            ctx.rid(kind, subject)
    _properties(ctx, properties)
    _individuals(ctx)
    find_members(ctx, roles)


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
    implied_classes: dict[str, list[Term]] = {}
    for subject, triples in ctx.subjects.items():
        types = triples.get(TYPE)
        found = {_ROLES[t] for t in types if t in _ROLES} if types else set()
        if not found:
            if not implied or subject.startswith("_:"):
                continue
            if SUB_CLASS in triples:
                # A class without a type of class; an individual when its type is a known class.
                if types:
                    implied_classes[subject] = types
                    continue
                found = {"class"}
            elif not types and any(term in triples for term in _PROPERTY_TERMS):
                found = {"property"}
            else:
                continue
        elif subject.startswith("_:"):
            continue
        elif "ontology" in found:
            headers.append(subject)
            if len(found) == 1:
                continue
        roles[subject] = found
    for subject, types in implied_classes.items():
        if not any(
            "class" in roles.get(term, ())  # type: ignore[call-overload]
            or (ctx.merge and term in ctx.existing.by_iri[Kind.OBJECT_TYPE])
            for term in types
        ):
            roles[subject] = {"class"}
    headers = [subject for subject in headers if subject not in roles]
    if headers:
        ctx.header = _choose_header(ctx, headers)
    return roles


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
        if len(types) > 1 and not SCHEMA_DATA_TYPES.isdisjoint(types):  # type: ignore[arg-type]
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


# -- properties ---------------------------------------------------------------------------------


def _properties(ctx: Context, properties: list[str]) -> None:
    undecided: dict[str, None] = {}
    ctx.collect()
    subjects = ctx.subjects
    for subject in properties:
        triples = subjects[subject]
        _slots(ctx, subject, triples)
        if subject in ctx.identity.kinds:
            continue
        kinds = _property_kinds(ctx, triples, ctx.ranges.get(subject))
        if kinds:
            _set_kinds(ctx, subject, kinds)
        else:
            undecided[subject] = None
    for subject, kinds in ctx.kinds.items():
        # Definitions that are properties by their OMS kind or because they exist.
        if (
            subject not in ctx.domains
            and subject not in ctx.ranges
            and (Kind.LINK_TYPE in kinds or Kind.SHARED_PROPERTY in kinds)
            and subject in ctx.subjects
        ):
            _slots(ctx, subject, subjects[subject])
    _decide_by_parents(ctx, undecided)


def _slots(ctx: Context, subject: str, triples: Triples) -> None:
    domain = _slot(ctx, triples, DOMAINS, DOMAIN, OWL_CLASS, ctx.class_ids)
    if domain is not None:
        ctx.domains[subject] = domain
    found = _slot(ctx, triples, RANGES, RANGE, None, ctx.fits)
    if found is not None:
        ctx.ranges[subject] = found


def _set_kinds(ctx: Context, subject: str, kinds: tuple[Kind, ...]) -> None:
    ctx.kinds[subject] = (*ctx.kinds.get(subject, ()), *kinds)
    for kind in kinds:
        ctx.rid(kind, subject)


def _property_kinds(
    ctx: Context, triples: Triples, found: Slot | None
) -> tuple[Kind, ...]:
    """The kinds that ranges and types decide on; empty when they leave it open."""
    types = triples.get(TYPE, ())
    of_objects = OBJECT_PROPERTY in types
    of_values = DATATYPE_PROPERTY in types
    links = shared = False
    if found is not None:
        for member in found.members:
            if member in ctx.class_ids:
                links = True
            else:
                shared = True
        if not found.members and not of_values:
            links = any(
                type(term) is str and not is_blank(term) and term != RDFS_LITERAL
                for _, term in found.rest
            )
    if of_objects and of_values:
        links = shared = True
    elif not links and not shared:
        links = of_objects or (
            not of_values
            and (
                not _LINK_TYPES.isdisjoint(types)
                or any(term in triples for term in INVERSES)
            )
        )
        shared = of_values or (found is not None and RDFS_LITERAL in _terms(found.rest))
    if links:
        return (Kind.LINK_TYPE, Kind.SHARED_PROPERTY) if shared else (Kind.LINK_TYPE,)
    return (Kind.SHARED_PROPERTY,) if shared else ()


def _terms(pairs: Iterable[tuple[str, Term]]) -> list[Term]:
    return [term for _, term in pairs]


def _decide_by_parents(ctx: Context, undecided: dict[str, None]) -> None:
    """A property without ranges is what the property above it is; else it holds values."""
    children: dict[Term, list[str]] = {}
    queue: list[str] = []
    for subject in undecided:
        for parent in sorted(map(str, ctx.subjects[subject].get(SUB_PROPERTY, ()))):
            if parent not in undecided and ctx.resolve(
                parent, (Kind.LINK_TYPE, Kind.SHARED_PROPERTY)
            ):
                link = ctx.resolve(parent, (Kind.LINK_TYPE,)) is not None
                _set_kinds(ctx, subject, (Kind.LINK_TYPE if link else Kind.SHARED_PROPERTY,))
                queue.append(subject)
                break
            children.setdefault(parent, []).append(subject)
    for subject in queue:
        for child in children.get(subject, ()):
            if child not in ctx.kinds:
                _set_kinds(ctx, child, ctx.kinds[subject][-1:])
                queue.append(child)
    for subject in undecided:
        kinds = ctx.kinds.get(subject, ())
        if Kind.LINK_TYPE not in kinds and Kind.SHARED_PROPERTY not in kinds:
            _set_kinds(ctx, subject, (Kind.SHARED_PROPERTY,))


def _slot(
    ctx: Context,
    triples: Triples,
    predicates: frozenset[str],
    usual: str,
    union_type: str | None,
    known: Container[Term],
) -> Slot | None:
    """Read the domain (or range) of a property; None when it has none."""
    present = list(predicates & triples.keys())
    if not present:
        return None
    if len(present) > 1:
        present.sort(key=lambda term: (term != usual, term))
    slot = Slot()
    for predicate in present:
        objects = triples[predicate]
        if slot.members:
            slot.rest.extend((predicate, term) for term in objects)
            continue
        direct = [term for term in objects if term in known]
        if direct:
            slot.members = direct  # type: ignore[assignment]
            slot.predicate = predicate
            slot.placed = len(direct)
            if predicate != usual or len(direct) > 1:
                slot.form = predicate
            if len(direct) < len(objects):
                members = set(direct)
                slot.rest.extend((predicate, term) for term in objects if term not in members)
            continue
        _union_slot(ctx, slot, predicate, usual, objects, union_type, known)
    return slot


def _union_slot(
    ctx: Context,
    slot: Slot,
    predicate: str,
    usual: str,
    objects: list[Term],
    union_type: str | None,
    known: Container[Term],
) -> None:
    for term in objects:
        inner = ctx.blanks.inner(term)
        items = None
        if inner is not None and len(inner.get(UNION_OF, ())) == 1 and not slot.members:
            items = ctx.blanks.items(inner[UNION_OF][0])
        if not items or not all(item in known for item in items):
            slot.rest.append((predicate, term))
            continue
        slot.members = list(dict.fromkeys(items))  # type: ignore[arg-type]
        slot.predicate = predicate
        types = inner.get(TYPE, [])  # type: ignore[union-attr]
        wanted = union_type or (
            DATATYPE if ctx.class_ids.keys().isdisjoint(items) else OWL_CLASS
        )
        if (
            predicate == usual
            and len(inner) == 2  # type: ignore[arg-type]
            and types == [wanted]
            and len(items) > 1
            and items == sorted(slot.members)
            and len(objects) == 1
        ):
            slot.placed = 3 + 2 * len(items)
        else:
            slot.form = "verbatim"
            slot.verbatim.append((predicate, term))


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
