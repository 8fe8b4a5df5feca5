"""From triples to documents."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import pyoxigraph as ox

from ontology.domain.documents import Body, Document
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, Kind
from ontology.domain.names import mangle, name_key
from ontology.interop.rdf import report as why
from ontology.interop.rdf.blanks import Blanks
from ontology.interop.rdf.build import Draft, build
from ontology.interop.rdf.classify import classify
from ontology.interop.rdf.context import Context, Existing, twin_rid
from ontology.interop.rdf.cycles import find_cycles
from ontology.interop.rdf.definitions import HANDLERS, finish_definition
from ontology.interop.rdf.graph import Graph, Progress, Triples
from ontology.interop.rdf.header import map_header
from ontology.interop.rdf.identity import take_identity
from ontology.interop.rdf.naming import assign_names, local_name, namespace_of
from ontology.interop.rdf.overlay import apply, restore_references
from ontology.interop.rdf.parse import Limits, Quads
from ontology.interop.rdf.report import LossReport, Unplaced
from ontology.interop.rdf.vocabulary import FORM, OMS, OMS_RID, TYPE
from oms_project.core.canonical_json import canonical_digest
from oms_project.core.ids import derived_id

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
    with _collector_paused():
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


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Hundreds of thousands of small objects are made here and all of them stay: the collector
    would walk them again and again (a third of the time) and find nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


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
    _name(ctx, all_prefixes)
    bodies = _build(ctx, on_progress)
    _entries(ctx, bodies)
    documents = _overlay(ctx, bodies)
    documents.update(_resources(ctx))
    for (term, reason, kept), count in ctx.unplaced.items():
        report.unplaced[Unplaced(term, reason, kept)] += count
    report.mapped = ctx.mapped
    report.documents = Counter(document.kind.value for document in documents.values())
    return MappedOntology(list(documents.values()), new_header, report, documents)


# -- names ----------------------------------------------------------------------------------


def _name(ctx: Context, prefixes: Mapping[str, str]) -> None:
    wanted: dict[Kind, dict[str, str]] = {kind: {} for kind in DEFINITION_KINDS}
    second: dict[str, str] = {}
    taken: dict[Kind, list[str]] = {kind: [] for kind in DEFINITION_KINDS}
    known_rids: set[str] = set()
    for iri, kinds in ctx.kinds.items():
        for kind in kinds:
            if kind not in wanted:
                continue
            rid = ctx.rids[kind][iri]
            given = ctx.identity.name(iri, kind)
            known = ctx.existing.by_rid.get(rid)
            if given is None and known is not None and known.kind == kind:
                given = str(known.body["apiName"])
            if given is not None:
                ctx.names[kind][iri] = given
                taken[kind].append(given)
                known_rids.add(rid)
            elif kind == Kind.SHARED_PROPERTY and Kind.LINK_TYPE in kinds:
                second[iri] = local_name(iri) + "Value"
            else:
                wanted[kind][iri] = local_name(iri)
    if ctx.merge:
        for document in ctx.existing.by_rid.values():
            if document.kind in taken and document.rid not in known_rids:
                taken[document.kind].append(str(document.body["apiName"]))
    for kind, locals_ in wanted.items():
        if locals_:
            names = assign_names(locals_, taken[kind], prefixes, ctx.base)
            ctx.names[kind].update(names)
            taken[kind].extend(names.values())
    if second:
        kind = Kind.SHARED_PROPERTY
        ctx.names[kind].update(assign_names(second, taken[kind], prefixes, ctx.base))
    for kind, names in ctx.names.items():
        value = kind == Kind.SHARED_PROPERTY
        for iri, name in names.items():
            local = local_name(iri)
            if name != local and not (value and name == local + "Value"):
                ctx.report.renamed[iri] = name


# -- documents ------------------------------------------------------------------------------


def _build(ctx: Context, on_progress: Progress | None) -> dict[tuple[str, Kind], dict[str, Any]]:
    bodies: dict[tuple[str, Kind], dict[str, Any]] = {}
    total = len(ctx.kinds)
    for number, (subject, kinds) in enumerate(ctx.kinds.items()):
        if on_progress is not None and not number % _PROGRESS_EVERY:
            on_progress("map", number, total)
        triples = ctx.subjects.get(subject, {})
        others = [HANDLERS.get(kind, {}) for kind in kinds] if len(kinds) > 1 else ()
        for kind in kinds:
            draft = Draft(ctx, subject, kind, kinds, triples)
            if kind not in DEFINITION_KINDS:
                draft.quiet = kind != kinds[0]
            if kind in DEFINITION_KINDS:
                draft.body["apiName"] = ctx.names[kind][subject]
                draft.body["iri"] = subject
                build(draft, HANDLERS[kind], others)
                finish_definition(draft)
                bodies[subject, kind] = draft.finish()
            elif kind in INSTANCE_KINDS:
                bodies[subject, kind] = _instance(draft)
            elif kind == Kind.RESOURCE:
                bodies[subject, kind] = _resource(draft)
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
        if predicate == TYPE and chosen is not None:
            objects = [term for term in objects if term != chosen[0]]
        if objects:
            draft.annotate(predicate, objects, why.INDIVIDUAL, why.OBJECT)
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


def _resource(draft: Draft) -> dict[str, Any]:
    if not draft.iri.startswith(("_:", OMS_RID)):
        draft.body["iri"] = draft.iri
    for predicate, objects in draft.triples.items():
        draft.annotate(predicate, objects, why.RESOURCE, why.RESOURCE_DOCUMENT)
    return draft.finish()


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
        (subject, kind): Document(
            ctx.rids[kind][subject], kind, _overlaid(ctx, subject, kind, body)
        )
        for (subject, kind), body in bodies.items()
    }


def _overlaid(ctx: Context, subject: str, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """``body`` with the fields that OMS terms say."""
    identity = ctx.identity
    changes = None
    if identity.fields or identity.unset:
        changes = identity.changes(subject, kind)
    if changes is None:
        return body
    fields: dict[str, Any] = {}
    for name, value in changes[0].items():
        try:
            fields[name] = restore_references(value, lambda reference: _referred(ctx, reference))
        except LookupError:
            term = next(
                term for term in (OMS + name, f"{OMS}{kind.value}:{name}") if ctx.mapped[term]
            )
            ctx.mapped[term] -= 1
            ctx.unplaced[term, why.DANGLING, why.NOWHERE] += 1
    return apply(kind, subject, body, fields, changes[1])


def _referred(ctx: Context, reference: Any) -> str:
    kind_name, _, iri = str(reference).partition(" ")
    found = ctx.resolve(iri, (Kind(kind_name),)) if kind_name in set(Kind) else None
    if found is None:
        raise LookupError(reference)
    return found


def _resources(ctx: Context) -> dict[tuple[str, Kind], Document]:
    """Everything that no other document has taken."""
    documents: dict[tuple[str, Kind], Document] = {}
    kind = Kind.RESOURCE
    blanks = ctx.blanks
    inside = ctx.members
    for subject, triples in ctx.subjects.items():
        if subject.startswith("_:") or not triples:
            continue
        if subject in ctx.kinds or subject in inside or subject == ctx.header:
            continue
        draft = Draft(ctx, subject, kind, (kind,), triples)
        body = _overlaid(ctx, subject, kind, _resource(draft))
        documents[subject, kind] = Document(ctx.rid(kind, subject), kind, body)
    for node, label in blanks.labels.items():
        triples = ctx.subjects.get(node)
        if triples or node in ctx.identity.kinds:
            body: dict[str, Any] = {"iri": "_:" + label}
            if triples:
                body["annotations"] = _node(ctx, triples, label)
            documents[node, kind] = Document(
                ctx.identity.rid(node, kind) or ctx.rid(kind, "_:" + label),
                kind,
                _overlaid(ctx, node, kind, body),
            )
    twins: Counter[str] = Counter()
    for node in sorted(blanks.roots, key=lambda label: (len(label), label)):
        triples = ctx.subjects[node]
        if not triples or node in ctx.kinds:
            continue
        body = {"annotations": _node(ctx, triples, "")}
        digest = canonical_digest(body)
        twins[digest] += 1
        rid = ctx.identity.rid(node, kind) or twin_rid(ctx.namespace, digest, twins[digest])
        documents[node, kind] = Document(rid, kind, _overlaid(ctx, node, kind, body))
    for label, annotations, size in blanks.late:
        body = {"iri": "_:" + label, "annotations": annotations}
        term = annotations[0]["predicate"]
        ctx.unplaced[term, why.RESOURCE, why.RESOURCE_DOCUMENT] += size
        documents["_:" + label, kind] = Document(ctx.rid(kind, "_:" + label), kind, body)
    return documents


def _node(ctx: Context, triples: Triples, label: str) -> list[dict[str, Any]]:
    """The annotations of a blank node that is a document, counted."""
    blanks = ctx.blanks
    before = blanks.nested
    annotations = blanks.annotations(triples, label)
    nested = blanks.nested - before
    for predicate, objects in triples.items():
        # What is nested is counted with the first predicate: one node is one expression.
        count = len(objects) + nested
        nested = 0
        ctx.unplaced[predicate, why.RESOURCE, why.RESOURCE_DOCUMENT] += count
    return annotations
