"""Documents of what no other document has taken, and the fields that OMS terms say."""

from __future__ import annotations

from collections import Counter
from typing import Any

from oms_project.core.canonical_json import canonical_digest
from ontology.domain.documents import Document
from ontology.domain.kinds import Kind
from ontology.interop.rdf import report as why
from ontology.interop.rdf.build import Draft
from ontology.interop.rdf.context import Context, twin_rid
from ontology.interop.rdf.graph import Triples
from ontology.interop.rdf.overlay import apply, restore_references
from ontology.interop.rdf.vocabulary import OMS, OMS_RID

__all__ = ["overlaid", "resource", "resources"]


def resource(draft: Draft) -> dict[str, Any]:
    """The body of a resource: everything about it, verbatim."""
    if not draft.iri.startswith(("_:", OMS_RID)):
        draft.body["iri"] = draft.iri
    for predicate, objects in draft.triples.items():
        draft.annotate(predicate, objects, why.RESOURCE, why.RESOURCE_DOCUMENT)
    return draft.finish()


def overlaid(ctx: Context, subject: str, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
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


def resources(ctx: Context) -> dict[tuple[str, Kind], Document]:
    """Everything that no other document has taken; for a blank node the key has its own name."""
    found: dict[str, Document] = {}
    for subject, triples in ctx.subjects.items():
        if subject.startswith("_:") or not triples:
            continue
        if subject in ctx.kinds or subject in ctx.members or subject == ctx.header:
            continue
        draft = Draft(ctx, subject, Kind.RESOURCE, (Kind.RESOURCE,), triples)
        found[subject] = _document(ctx, subject, ctx.rid(Kind.RESOURCE, subject), resource(draft))
    _labelled(ctx, found)
    _roots(ctx, found)
    for label, nested, size in ctx.blanks.late:
        iri = "_:" + label
        ctx.unplaced[nested[0]["predicate"], why.RESOURCE, why.RESOURCE_DOCUMENT] += size
        body = {"iri": iri, "annotations": nested}
        found[iri] = Document(ctx.rid(Kind.RESOURCE, iri), Kind.RESOURCE, body)
    return {(subject, Kind.RESOURCE): document for subject, document in found.items()}


def _document(ctx: Context, subject: str, rid: str, body: dict[str, Any]) -> Document:
    return Document(rid, Kind.RESOURCE, overlaid(ctx, subject, Kind.RESOURCE, body))


def _labelled(ctx: Context, found: dict[str, Document]) -> None:
    """Blank nodes that are shared, in a cycle, or deep."""
    for node, label in ctx.blanks.labels.items():
        triples = ctx.subjects.get(node)
        if triples or node in ctx.identity.kinds:
            body: dict[str, Any] = {"iri": "_:" + label}
            if triples:
                body["annotations"] = _node(ctx, triples, label)
            rid = ctx.identity.rid(node, Kind.RESOURCE) or ctx.rid(Kind.RESOURCE, "_:" + label)
            found[node] = _document(ctx, node, rid, body)


def _roots(ctx: Context, found: dict[str, Document]) -> None:
    """Blank nodes that nothing refers to; equal ones are numbered."""
    twins: Counter[str] = Counter()
    for node in sorted(ctx.blanks.roots, key=lambda label: (len(label), label)):
        triples = ctx.subjects[node]
        if triples:
            body = {"annotations": _node(ctx, triples, "")}
            digest = canonical_digest(body)
            twins[digest] += 1
            rid = ctx.identity.rid(node, Kind.RESOURCE)
            rid = rid or twin_rid(ctx.namespace, digest, twins[digest])
            found[node] = _document(ctx, node, rid, body)


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
