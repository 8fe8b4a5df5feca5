"""What each property becomes: a shared property, a link type, or both."""

from __future__ import annotations

from collections.abc import Container, Iterable

from ontology.domain.kinds import Kind
from ontology.interop.rdf.blanks import is_blank
from ontology.interop.rdf.context import Context, Slot
from ontology.interop.rdf.graph import Term, Triples
from ontology.interop.rdf.vocabulary import (
    DATATYPE,
    DATATYPE_PROPERTY,
    DOMAIN,
    DOMAINS,
    INVERSES,
    LINK_CHARACTERISTICS,
    OBJECT_PROPERTY,
    OWL_CLASS,
    RANGE,
    RANGES,
    RDFS_LITERAL,
    SUB_PROPERTY,
    TYPE,
    UNION_OF,
)

__all__ = ["classify_properties"]

_LINK_TYPES: frozenset[Term] = frozenset(LINK_CHARACTERISTICS)


def classify_properties(ctx: Context, properties: Iterable[str]) -> None:
    """Read domains and ranges, and fill ``ctx.kinds`` and ids of ``properties``.

    Ranges decide: classes make a link type, data types a shared property, both make both. Without
    known ranges the types do, then the property above, and at last it holds values.
    """
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


def _property_kinds(ctx: Context, triples: Triples, found: Slot | None) -> tuple[Kind, ...]:
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
            and (not _LINK_TYPES.isdisjoint(types) or any(term in triples for term in INVERSES))
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
        wanted = union_type or (DATATYPE if ctx.class_ids.keys().isdisjoint(items) else OWL_CLASS)
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
