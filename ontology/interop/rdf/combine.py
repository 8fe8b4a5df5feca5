"""Joining what exists with what an import brings, for imports in mode ``merge``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from oms_project.core.canonical_json import dumps
from ontology.domain.documents import LIST_KEYS, SET_FIELDS, Body, Document, item_key, normalise
from ontology.domain.kinds import Kind
from ontology.interop.rdf.form import form_annotation, read_form
from ontology.interop.rdf.vocabulary import DEFAULT_TYPES, FORM

__all__ = ["combine", "combine_annotations"]

_Annotations = Iterable[Mapping[str, Any]]


def combine(existing: Document | None, imported: Document) -> Body:
    """The body of a document after merging an import into it, as a union of graphs.

    Lists and maps unite, a scalar of the import wins, and nothing that exists is dropped.

    Args:
        existing: the document as it is; None when it is new.
        imported: the same document (rid and kind) as the import sees it.

    Returns:
        A body in normal form.
    """
    if existing is None:
        return imported.body
    if existing.body == imported.body:
        return existing.body
    body = dict(existing.body)
    for field, value in imported.body.items():
        body[field] = _join(field, body[field], value) if field in body else value
    for field in ("annotations", "_annotations"):
        joined = combine_annotations(
            existing.body.get(field, ()), imported.body.get(field, ()), imported.kind
        )
        if joined:
            body[field] = joined
        else:
            body.pop(field, None)
    return normalise(imported.kind, body)


def combine_annotations(
    existing: _Annotations, imported: _Annotations, kind: Kind | None = None
) -> list[Any]:
    """The union of annotations; how the RDF said it is joined member by member."""
    existing, imported = list(existing), list(imported)
    forms = read_form(existing), read_form(imported)
    found = {dumps(item): item for item in (*existing, *imported) if item.get("predicate") != FORM}
    form = {**forms[0], **forms[1]}
    usual = list(DEFAULT_TYPES.get(kind, ())) if kind else []
    types = sorted({*forms[0].get("types", usual), *forms[1].get("types", usual)})
    if types and types != usual:
        form["types"] = types
    else:
        form.pop("types", None)
    if form:
        item = form_annotation(form)
        found[dumps(item)] = item
    return [found[key] for key in sorted(found)]


def _join(field: str, existing: Any, imported: Any) -> Any:
    if isinstance(existing, list) and isinstance(imported, list):
        if field in SET_FIELDS:
            return sorted({*existing, *imported})
        if field in LIST_KEYS:
            new = {item_key(field, item): item for item in imported}
            joined = [_join("", item, new.pop(item_key(field, item), item)) for item in existing]
            return joined + [item for item in imported if item_key(field, item) in new]
        return existing + [item for item in imported if item not in existing]
    if isinstance(existing, dict) and isinstance(imported, dict):
        return {
            **existing,
            **{
                name: _join(name, existing[name], value) if name in existing else value
                for name, value in imported.items()
            },
        }
    return imported
