"""Names for the definitions of an import: given, existing, or new ones from their IRIs."""

from __future__ import annotations

from collections.abc import Mapping

from ontology.domain.kinds import DEFINITION_KINDS, Kind
from ontology.interop.rdf.context import Context
from ontology.interop.rdf.naming import assign_names, local_name

__all__ = ["name_definitions"]

_SECOND = "Value"


def name_definitions(ctx: Context, prefixes: Mapping[str, str]) -> None:
    """Fill ``ctx.names``, and report the names that are not the local name of their IRI."""
    taken = _known(ctx)
    wanted: dict[Kind, dict[str, str]] = {kind: {} for kind in DEFINITION_KINDS}
    second: dict[str, str] = {}
    for iri, kinds in ctx.kinds.items():
        for kind in kinds:
            if kind not in wanted or iri in ctx.names[kind]:
                continue
            if kind == Kind.SHARED_PROPERTY and Kind.LINK_TYPE in kinds:
                second[iri] = local_name(iri) + _SECOND
            else:
                wanted[kind][iri] = local_name(iri)
    for kind, locals_ in wanted.items():
        if locals_:
            names = assign_names(locals_, taken[kind], prefixes, ctx.base)
            ctx.names[kind].update(names)
            taken[kind].extend(names.values())
    if second:
        # After all others: a name made up must not take the place of one that is.
        kind = Kind.SHARED_PROPERTY
        ctx.names[kind].update(assign_names(second, taken[kind], prefixes, ctx.base))
    for kind, names in ctx.names.items():
        for iri, name in names.items():
            local = local_name(iri)
            if name != local and not (kind == Kind.SHARED_PROPERTY and name == local + _SECOND):
                ctx.report.renamed[iri] = name


def _known(ctx: Context) -> dict[Kind, list[str]]:
    """Give what has a name its name; returns the names that are taken, by kind."""
    taken: dict[Kind, list[str]] = {kind: [] for kind in DEFINITION_KINDS}
    here: set[str] = set()
    given = ctx.identity.names
    existing = ctx.existing.by_rid
    if given or existing:
        for iri, kinds in ctx.kinds.items():
            for kind in kinds:
                if kind not in taken:
                    continue
                rid = ctx.rids[kind][iri]
                name = ctx.identity.name(iri, kind)
                known = existing.get(rid)
                if name is None and known is not None and known.kind == kind:
                    name = str(known.body["apiName"])
                if name is not None:
                    ctx.names[kind][iri] = name
                    taken[kind].append(name)
                    here.add(rid)
    if ctx.merge:
        for document in existing.values():
            if document.kind in taken and document.rid not in here:
                taken[document.kind].append(str(document.body["apiName"]))
    return taken
