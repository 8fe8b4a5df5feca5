"""From triples to documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyoxigraph as ox

from oms_project.core.collector import collector_paused
from oms_project.core.ids import derived_id
from ontology.domain.documents import Body, Document
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, Kind
from ontology.domain.names import name_key
from ontology.interop.rdf import report as why
from ontology.interop.rdf.blanks import Blanks
from ontology.interop.rdf.build import Draft, build
from ontology.interop.rdf.classify import classify
from ontology.interop.rdf.context import Context, Existing
from ontology.interop.rdf.cycles import find_cycles
from ontology.interop.rdf.definitions import finish_definition
from ontology.interop.rdf.graph import Graph, Progress, Triples
from ontology.interop.rdf.header import map_header
from ontology.interop.rdf.identity import take_identity
from ontology.interop.rdf.names import name_definitions
from ontology.interop.rdf.parse import Limits, Quads
from ontology.interop.rdf.report import LossReport, Unplaced
from ontology.interop.rdf.resources import overlaid, resource, resources
from ontology.interop.rdf.vocabulary import OMS_RID, TYPE

__all__ = ["MappedOntology", "Mode", "map_graph", "map_quads"]

Mode = Literal["merge", "replace"]
_PROGRESS_EVERY = 500


@dataclass(frozen=True, slots=True)
class MappedOntology:
    """The result of mapping an input.

    Attributes:
        documents: definitions, objects and resources, bodies in normal form.
        header: body of the ``Ontology`` document.
        report: where every triple went.
        origins: (subject, kind) -> document, for callers that made the triples themselves.
    """

    documents: list[Document]
    header: Body
    report: LossReport
    origins: Mapping[tuple[str, Kind], Document]


def map_quads(
    quads: Iterable[ox.Quad],
    *,
    existing: Iterable[Document],
    rid_namespace: str,
    ontology_rid: str,
    header: Body,
    mode: Mode = "replace",
    on_progress: Progress | None = None,
) -> MappedOntology:
    """Map quads to documents.

    Args:
        quads: from ``read_quads``, or any others. Graph names are not kept (the report counts).
        existing: documents of the branch. They give the ids and names of what is known already.
        rid_namespace: UUID that new ids are derived in.
        ontology_rid: rid of the ``Ontology`` document; not among the documents returned.
        header: body of the ``Ontology`` document as it is (at least ``baseIri``).
        mode: ``merge``: what exists stays, so it may be referred to and described further
            (``combine`` joins the two bodies of one document). ``replace``: only what the input
            itself defines can be referred to.
        on_progress: called with (phase, done, total).

    Raises:
        Invalid, TooLarge: from reading the quads, or for OMS terms that make no sense.
    """
    limits = quads.limits if isinstance(quads, Quads) else Limits()
    with collector_paused():
        graph = Graph.read(
            quads,
            max_triples=limits.max_triples,
            max_literal=limits.max_literal,
            datasets=quads.datasets if isinstance(quads, Quads) else True,
            on_progress=on_progress,
        )
        return map_graph(
            graph,
            existing=existing,
            rid_namespace=rid_namespace,
            ontology_rid=ontology_rid,
            header=header,
            prefixes=quads.prefixes if isinstance(quads, Quads) else {},
            mode=mode,
            on_progress=on_progress,
        )


def map_graph(
    graph: Graph,
    *,
    existing: Iterable[Document],
    rid_namespace: str,
    ontology_rid: str,
    header: Body,
    prefixes: Mapping[str, str],
    mode: Mode,
    on_progress: Progress | None = None,
) -> MappedOntology:
    """``map_quads`` for triples that are grouped already. OMS terms are taken out of ``graph``.

    Args:
        prefixes: prefix -> namespace, added to those of the header.
    """
    identity, oms_terms = take_identity(graph)
    report = LossReport(triples=graph.size, named_graphs=graph.named_graphs)
    ctx = Context(
        graph=graph,
        blanks=Blanks(graph, identity.kinds),
        identity=identity,
        existing=Existing(d for d in existing if d.rid != ontology_rid),
        namespace=rid_namespace,
        base=str(header.get("baseIri", "")),
        merge=mode == "merge",
        report=report,
    )
    ctx.count(oms_terms)
    classify(ctx)
    find_cycles(ctx)
    new_header, all_prefixes = map_header(ctx, header, prefixes)
    name_definitions(ctx, all_prefixes)
    bodies = _build(ctx, on_progress)
    _entries(ctx, bodies)
    documents = _overlay(ctx, bodies)
    documents.update(resources(ctx))
    for (term, reason, kept), count in ctx.unplaced.items():
        report.unplaced[Unplaced(term, reason, kept)] += count
    report.mapped = ctx.mapped
    report.documents = Counter(document.kind.value for document in documents.values())
    return MappedOntology(list(documents.values()), new_header, report, documents)


# -- documents ------------------------------------------------------------------------------


def _build(ctx: Context, on_progress: Progress | None) -> dict[tuple[str, Kind], dict[str, Any]]:
    bodies: dict[tuple[str, Kind], dict[str, Any]] = {}
    total = len(ctx.kinds)
    for number, (subject, kinds) in enumerate(ctx.kinds.items()):
        if on_progress is not None and not number % _PROGRESS_EVERY:
            on_progress("map", number, total)
        triples = ctx.subjects.get(subject, {})
        for kind in kinds:
            draft = Draft(ctx, subject, kind, kinds, triples)
            if kind not in DEFINITION_KINDS:
                draft.quiet = kind != kinds[0]
            if kind in DEFINITION_KINDS:
                draft.body["apiName"] = ctx.names[kind][subject]
                draft.body["iri"] = subject
                build(draft)
                finish_definition(draft)
                bodies[subject, kind] = draft.finish()
            elif kind in INSTANCE_KINDS:
                bodies[subject, kind] = _instance(draft)
            elif kind == Kind.RESOURCE:
                bodies[subject, kind] = resource(draft)
    if on_progress is not None:
        on_progress("map", total, total)
    return bodies


def _instance(draft: Draft) -> dict[str, Any]:
    ctx = draft.ctx
    iri = draft.iri
    body = draft.body
    if not iri.startswith(OMS_RID):
        body["_iri"] = iri
    chosen = None
    if draft.kind == Kind.OBJECT:
        chosen = _type_of(ctx, iri, draft.triples)
    if chosen is not None:
        body["_type"] = chosen[1]
        draft.count(f"{TYPE} {chosen[0]}", 1)
    for predicate, objects in draft.triples.items():
        rest = objects
        if predicate == TYPE and chosen is not None:
            rest = [term for term in objects if term != chosen[0]]
        if rest:
            draft.annotate(predicate, rest, why.INDIVIDUAL, why.OBJECT)
    draft.finish()
    if "annotations" in body:
        body["_annotations"] = body.pop("annotations")
    return body


def _type_of(ctx: Context, iri: str, triples: Triples) -> tuple[str, str] | None:
    """The class of an individual: the one it has now, else the first by IRI."""
    known = ctx.existing.by_rid.get(ctx.rids[Kind.OBJECT][iri])
    now = known.body.get("_type") if known is not None else None
    types = {
        str(term): rid
        for term in triples.get(TYPE, ())
        if (rid := ctx.resolve(term, (Kind.OBJECT_TYPE,))) is not None
    }
    for term, rid in types.items():
        if rid == now:
            return term, rid
    if types:
        term = min(types)
        return term, types[term]
    return None


def _entries(ctx: Context, bodies: dict[tuple[str, Kind], dict[str, Any]]) -> None:
    """Put shared properties into the types of their domain."""
    if not ctx.entries:
        return
    owners = {
        ctx.rids[kind][iri]: body
        for (iri, kind), body in bodies.items()
        if kind in (Kind.OBJECT_TYPE, Kind.INTERFACE)
    }
    names = ctx.names[Kind.SHARED_PROPERTY]
    for rid, shared in ctx.entries.items():
        body = owners.get(rid)
        if body is None:
            known = ctx.existing.by_rid[rid]
            body = dict(known.body)
            bodies[_subject_of(known), known.kind] = body
            ctx.rids[known.kind][_subject_of(known)] = rid
        properties = {item["rid"]: item for item in body.get("properties", ())}
        for iri, shared_rid in shared:
            known_entry = ctx.existing.entry(rid, shared_rid)
            entry = {
                "rid": known_entry["rid"] if known_entry else derived_id(rid, iri),
                "apiName": known_entry["apiName"] if known_entry else names[iri],
                "sharedProperty": shared_rid,
            }
            properties.setdefault(entry["rid"], entry)
        body["properties"] = sorted(
            properties.values(),
            key=lambda item: (item.get("order", 0), name_key(item["apiName"]), item["rid"]),
        )


def _subject_of(document: Document) -> str:
    return str(document.body.get("iri") or OMS_RID + document.rid)


def _overlay(
    ctx: Context, bodies: dict[tuple[str, Kind], dict[str, Any]]
) -> dict[tuple[str, Kind], Document]:
    return {
        (subject, kind): Document(ctx.rids[kind][subject], kind, overlaid(ctx, subject, kind, body))
        for (subject, kind), body in bodies.items()
    }
