"""Cycles among classes and among properties, broken the same way whatever the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from ontology.domain.kinds import Kind
from ontology.interop.rdf.blanks import components
from ontology.interop.rdf.context import Context
from ontology.interop.rdf.vocabulary import SUB_CLASS, SUB_PROPERTY

__all__ = ["find_cycles"]

_HIERARCHIES = (
    (Kind.OBJECT_TYPE, SUB_CLASS, "parents"),
    (Kind.INTERFACE, SUB_CLASS, "extends"),
    (Kind.SHARED_PROPERTY, SUB_PROPERTY, "parents"),
    (Kind.LINK_TYPE, SUB_PROPERTY, "parents"),
)


def find_cycles(ctx: Context) -> None:
    """Fill ``ctx.cut``.

    Within a cycle of the input only the steps to a parent with a smaller IRI stay: they cannot
    form one. Where steps that exist already take part, the new ones go.
    """
    for kind, predicate, field in _HIERARCHIES:
        said = _said(ctx, kind, predicate)
        if not said:
            continue
        existing = _existing(ctx, kind, field)
        steps = {iri: [*existing.get(iri, ()), *above] for iri, above in said.items()}
        for iri, above in existing.items():
            steps.setdefault(iri, list(above))
        for component in components(list(steps), partial(_above, steps)):
            if len(component) > 1 or component[0] in steps.get(component[0], ()):
                _break(ctx, kind, set(component), said, existing)


def _above(steps: Mapping[str, list[str]], iri: str) -> Sequence[str]:
    return steps.get(iri, ())


def _said(ctx: Context, kind: Kind, predicate: str) -> dict[str, list[str]]:
    """Child -> parents, by IRI, as the input has them."""
    found: dict[str, list[str]] = {}
    for iri in ctx.rids[kind]:
        above = ctx.subjects.get(iri, {}).get(predicate)
        if above is not None:
            parents = [str(term) for term in above if ctx.resolve(term, (kind,)) is not None]
            if parents:
                found[iri] = parents
    return found


def _existing(ctx: Context, kind: Kind, field: str) -> dict[str, list[str]]:
    """Child -> parents, by IRI, as they are; empty where the input takes their place."""
    if not ctx.merge:
        return {}
    by_rid = ctx.existing.by_rid
    return {
        iri: [
            str(by_rid[rid].body.get("iri", rid)) for rid in document.body[field] if rid in by_rid
        ]
        for iri, document in ctx.existing.by_iri[kind].items()
        if document.body.get(field)
    }


def _break(
    ctx: Context,
    kind: Kind,
    members: set[str],
    said: Mapping[str, Sequence[str]],
    existing: Mapping[str, Sequence[str]],
) -> None:
    fixed = any(parent in members for iri in members for parent in existing.get(iri, ()))
    ctx.cut.update(
        (kind, iri, parent)
        for iri in members
        for parent in said.get(iri, ())
        if parent in members and parent not in existing.get(iri, ()) and (fixed or parent >= iri)
    )
