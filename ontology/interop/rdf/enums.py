"""Enums: classes and datatypes given by owl:oneOf, and flat SKOS concept schemes."""

from __future__ import annotations

from ontology.domain.kinds import Kind
from ontology.domain.names import MAX_NAME_LENGTH, mangle, name_key
from ontology.interop.rdf.blanks import is_blank
from ontology.interop.rdf.context import Context
from ontology.interop.rdf.graph import Term, Triples, is_literal
from ontology.interop.rdf.naming import local_name
from ontology.interop.rdf.vocabulary import (
    CONCEPT,
    DATATYPE,
    DOMAINS,
    EQUIVALENT_CLASS,
    IN_SCHEME,
    ONE_OF,
    OWL_CLASS,
    SUB_CLASS,
    TOP_CONCEPT_OF,
    TYPE,
)

__all__ = ["codes", "find_enums", "find_members", "one_of"]

#: A larger concept scheme is a thesaurus, not an enum: its concepts stay resources.
_MAX_CONCEPTS = 1_000


def one_of(ctx: Context, triples: Triples) -> tuple[list[Term], bool, Term] | None:
    """The members that ``owl:oneOf`` lists for a class or datatype.

    Returns:
        The members, whether they are said directly (not in an equivalent class), and the object
        of that triple; None when there are none, or not all IRIs or all plain texts.
    """
    direct = triples.get(ONE_OF, ())
    if len(direct) == 1:
        items = _members(ctx.blanks.items(direct[0]))
        return None if items is None else (items, True, direct[0])
    found: tuple[list[Term], bool, Term] | None = None
    for term in triples.get(EQUIVALENT_CLASS, ()):
        inner = ctx.blanks.inner(term)
        if (
            inner is not None
            and len(inner.get(ONE_OF, ())) == 1
            and set(inner) <= {TYPE, ONE_OF}
            and set(inner.get(TYPE, ())) <= {OWL_CLASS, DATATYPE}
        ):
            items = _members(ctx.blanks.items(inner[ONE_OF][0]))
            if items is not None:
                if found is not None:
                    return None
                found = (items, False, term)
    return found


def _members(items: list[Term] | None) -> list[Term] | None:
    if not items or len(set(items)) < len(items):
        return None
    if all(type(item) is str and not is_blank(item) for item in items):
        return items
    plain = all(is_literal(item) and not item[1] and not item[2] for item in items)
    return items if plain else None


def find_enums(ctx: Context, roles: dict[str, set[str]]) -> None:
    """Fill ``ctx.enums``.

    A class is an enum when its members are listed and no class stands below it, no property has
    it as its domain: then nothing is lost by not being an object type.
    """
    if ONE_OF in ctx.graph.predicates:
        used: set[Term] | None = None
        for subject, found in roles.items():
            if "property" in found or not found & {"class", "datatype"}:
                continue
            listed = one_of(ctx, ctx.subjects[subject])
            if listed is None:
                continue
            if used is None:
                used = {
                    term
                    for triples in ctx.subjects.values()
                    for predicate in (SUB_CLASS, *DOMAINS)
                    for term in triples.get(predicate, ())
                }
            if subject not in used:
                ctx.enums[subject] = listed[0]
    if any("scheme" in found for found in roles.values()):
        _find_schemes(ctx, roles)


def _find_schemes(ctx: Context, roles: dict[str, set[str]]) -> None:
    concepts: dict[str, list[Term]] = {
        subject: [] for subject, found in roles.items() if found == {"scheme"}
    }
    for subject, triples in ctx.subjects.items():
        types = triples.get(TYPE, ())
        if CONCEPT not in types or len(types) > 1 or subject.startswith("_:"):
            continue
        schemes = {*triples.get(IN_SCHEME, ()), *triples.get(TOP_CONCEPT_OF, ())}
        if len(schemes) == 1 and subject not in roles:
            scheme = schemes.pop()
            if scheme in concepts:
                concepts[scheme].append(subject)
    for scheme, members in concepts.items():
        if 0 < len(members) <= _MAX_CONCEPTS:
            ctx.enums[scheme] = sorted(members)


def find_members(ctx: Context, roles: dict[str, set[str]]) -> None:
    """Fill ``ctx.members``: individuals that are described inside their enum.

    One that is in two enums, or an object of a known class, keeps a document of its own.
    """
    twice: set[Term] = set()
    for enum, items in ctx.enums.items():
        if Kind.ENUM_TYPE not in ctx.kinds.get(enum, ()):
            continue
        for item in items:
            if type(item) is not str or item in ctx.kinds or item in roles:
                continue
            if item in ctx.members:
                twice.add(item)
            elif item in ctx.subjects and item != ctx.header:
                ctx.members[item] = enum
    for item in twice:
        del ctx.members[item]  # type: ignore[arg-type]


def codes(items: list[Term]) -> list[str]:
    """A legal code for each member, from its text or local name, made unique by a number."""
    found: list[str] = []
    used: set[str] = set()
    for item in items:
        stem = mangle(local_name(item) if type(item) is str else item[0])
        code = stem
        number = 1
        while name_key(code) in used:
            number += 1
            code = f"{stem[: MAX_NAME_LENGTH - 8]}_{number}"
        used.add(name_key(code))
        found.append(code)
    return found
