"""Cycles among classes and among properties, broken the same way whatever the order."""

from __future__ import annotations

from functools import partial

from ontology.domain.kinds import Kind
from ontology.interop.rdf.blanks import components
from ontology.interop.rdf.context import Context
from ontology.interop.rdf.vocabulary import SUB_CLASS, SUB_PROPERTY

__all__ = ["find_cycles"]


def find_cycles(ctx: Context) -> None:
    """Fill ``ctx.cut``.

    Within a cycle only the steps to a parent with a smaller IRI stay: they cannot form one.
    """
    for kind, predicate in (
        (Kind.OBJECT_TYPE, SUB_CLASS),
        (Kind.INTERFACE, SUB_CLASS),
        (Kind.SHARED_PROPERTY, SUB_PROPERTY),
        (Kind.LINK_TYPE, SUB_PROPERTY),
    ):
        known = ctx.rids[kind]
        parents: dict[str, list[str]] = {}
        for iri in known:
            above = ctx.subjects.get(iri, {}).get(predicate)
            if above is not None:
                found = [term for term in above if term in known]
                if found:
                    parents[iri] = found
        above_in = partial(_above, parents)
        for component in components(list(parents), above_in):
            if len(component) == 1:
                iri = component[0]
                if iri in parents.get(iri, ()):
                    ctx.cut.add((kind, iri, iri))
                continue
            members = set(component)
            ctx.cut.update(
                (kind, iri, parent)
                for iri in component
                for parent in parents[iri]
                if parent in members and parent >= iri
            )


def _above(parents: dict[str, list[str]], iri: str) -> list[str]:
    return parents.get(iri, [])
