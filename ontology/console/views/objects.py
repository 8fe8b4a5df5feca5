"""Data: which types have objects, their objects in lists, full text, and suggestions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest, OmsError
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.links import document_url, page_url
from ontology.console.presenters.listing import Question, question_of
from ontology.console.presenters.objects import brief, name_of, show_value, title_of
from ontology.console.presenters.values import Shown
from ontology.console.workspace import Workspace, open_workspace
from ontology.contract import DocumentView
from ontology.domain.masking import MASKED
from ontology.domain.query import AnyOf, Condition, Filter, parse_sort
from ontology.selectors import TypeCount, TypeShape

__all__ = ["index", "listing", "search", "suggest"]

PAGE_SIZE = 50
SUGGESTIONS = 12
_TEXTUAL = frozenset({"string", "uri", "uuid", "langString"})


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def index(request: HttpRequest, ontology: str) -> HttpResponse:
    """Object types and link types with how many objects and links there are of each."""
    workspace = open_workspace(request, ontology)
    counts = selectors.count_by_type(ontology=workspace.name, ref=workspace.ref)
    objects = [one for one in counts if one.kind == "ObjectType"]
    links = [one for one in counts if one.kind == "LinkType"]
    context = {
        "workspace": workspace,
        "title": _("Data"),
        "objects": _outline(workspace, objects),
        "links": _outline(workspace, links),
        "object_total": sum(one.own for one in objects),
        "link_total": sum(one.own for one in links),
        "creatable": [
            {
                "label": name_of(one.type),
                "name": one.type.name,
                "url": page_url("new_object", workspace.name, one.type.name, ref=workspace.ref),
            }
            for one in objects
            if not one.type.abstract
        ],
    }
    return show(request, "console/data.html", context)


def _outline(workspace: Workspace, counts: list[TypeCount]) -> list[dict[str, Any]]:
    """Types as a table: subtypes below their (first) parent, indented."""
    by_rid = {one.type.rid: one for one in counts}
    below: dict[str, list[TypeCount]] = {}
    for one in counts:
        parent = next((rid for rid in one.parents if rid in by_rid), "")
        below.setdefault(parent, []).append(one)
    rows: list[dict[str, Any]] = []

    def add(one: TypeCount, level: int) -> None:
        if any(row["rid"] == one.type.rid for row in rows):
            return
        rows.append(
            {
                "rid": one.type.rid,
                "name": one.type.name,
                "label": name_of(one.type),
                "abstract": one.type.abstract,
                "own": one.own,
                "total": one.total,
                "level": min(level, 6),
                "url": page_url("objects", workspace.name, one.type.name, ref=workspace.ref),
                "definition": document_url(
                    workspace.name, f"{one.kind}/{one.type.name}", workspace.ref
                ),
            }
        )
        for child in below.get(one.type.rid, ()):
            add(child, level + 1)

    for root in below.get("", ()):
        add(root, 0)
    return rows


@dataclass(frozen=True, slots=True)
class Cell:
    """One value in a list."""

    value: Shown
    text: str
    masked: bool
    number: bool


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object (or link) in a list; ``ends`` are the titles of a link's ends."""

    url: str
    title: str
    id: str
    type: str
    deleted: bool
    cells: tuple[Cell, ...]
    ends: tuple[tuple[str, str], ...] = ()


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def listing(
    request: HttpRequest,
    ontology: str,
    type: str,  # noqa: A002 - the word people use for it
) -> HttpResponse:
    """The objects of a type, or the links of a link type, with filters and sorting."""
    workspace = open_workspace(request, ontology)
    shape = selectors.type_shape(ontology=workspace.name, type=type, ref=workspace.ref)
    question = question_of(shape, request.GET, workspace)
    views: tuple[DocumentView, ...] = ()
    cursor: str | None = None
    count: int | None = None
    problem = ""
    try:
        where = question.where()
        if question.text:
            hits = selectors.search_objects(
                ontology=workspace.name,
                text=question.text,
                type=shape.name,
                ref=workspace.ref,
                limit=PAGE_SIZE,
                cursor=request.GET.get("cursor") or None,
            )
            views, cursor = tuple(hit.document for hit in hits.items), hits.next_cursor
        else:
            found = selectors.list_objects(
                ontology=workspace.name,
                type=shape.name,
                ref=workspace.ref,
                where=where,
                sort=parse_sort([question.sort] if question.sort else []),
                subtypes=question.subtypes,
                include_deleted=question.deleted,
                limit=PAGE_SIZE,
                cursor=request.GET.get("cursor") or None,
            )
            views, cursor = found.items, found.next_cursor
            count = selectors.count_objects(
                ontology=workspace.name,
                type=shape.name,
                ref=workspace.ref,
                where=where,
                subtypes=question.subtypes,
            )
    except BadRequest as error:
        problem = error.message
    context = {
        "workspace": workspace,
        "title": name_of(shape),
        "shape": shape,
        "is_link": shape.kind == "LinkType",
        "subtypes": [
            (
                name_of(one),
                page_url("objects", workspace.name, one.name, ref=workspace.ref),
            )
            for one in shape.subtypes
        ],
        "question": question,
        "rows": _rows(workspace, shape, question, views),
        "count": count,
        "problem": problem,
        "definition": document_url(workspace.name, f"{shape.kind}/{shape.name}", workspace.ref),
        "next_url": question.url(cursor=cursor) if cursor else "",
        "first_url": question.url() if request.GET.get("cursor") else "",
        "may_create": workspace.may_write and not shape.abstract and shape.kind == "ObjectType",
        "creatable": (
            [one for one in shape.subtypes if not one.abstract] if workspace.may_write else []
        ),
    }
    return show(request, "console/objects.html", context, status=400 if problem else 200)


def _rows(
    workspace: Workspace, shape: TypeShape, question: Question, views: tuple[DocumentView, ...]
) -> list[ObjectRow]:
    ends: dict[str, DocumentView] = {}
    if shape.kind == "LinkType":
        rids = {str(view.body.get(role)) for view in views for role in ("_source", "_target")}
        ends = selectors.get_documents(
            ontology=workspace.name, rids=sorted(rids), ref=workspace.ref
        )
    columns = question.columns
    found = []
    for view in views:
        masked = set(view.body.get(MASKED, ()))
        cells = []
        for column in columns:
            shown = show_value(column, view.body.get(column.name))
            is_number = column.base in ("integer", "long", "decimal", "double")
            cells.append(Cell(shown, brief(shown), column.name in masked, is_number))
        found.append(
            ObjectRow(
                url=document_url(workspace.name, view.rid, workspace.ref),
                title=title_of(view),
                id=view.id,
                type=view.type,
                deleted=view.deleted,
                cells=tuple(cells),
                ends=tuple(
                    _end(workspace, ends, str(view.body.get(role)))
                    for role in ("_source", "_target")
                )
                if shape.kind == "LinkType"
                else (),
            )
        )
    return found


def _end(workspace: Workspace, ends: dict[str, DocumentView], rid: str) -> tuple[str, str]:
    view = ends.get(rid)
    return (
        document_url(workspace.name, rid, workspace.ref),
        title_of(view) if view is not None else rid,
    )


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def search(request: HttpRequest, ontology: str) -> HttpResponse:
    """Objects of every type whose searchable values hold the words."""
    workspace = open_workspace(request, ontology)
    text = request.GET.get("q", "").strip()
    rows: list[dict[str, Any]] = []
    next_url, problem = "", ""
    if text:
        try:
            hits = selectors.search_objects(
                ontology=workspace.name,
                text=text,
                ref=workspace.ref,
                limit=PAGE_SIZE,
                cursor=request.GET.get("cursor") or None,
            )
        except BadRequest as error:
            problem = error.message
        else:
            shapes: dict[str, TypeShape | None] = {}
            rows = [_hit(workspace, hit.document, shapes) for hit in hits.items]
            if hits.next_cursor:
                next_url = page_url(
                    "data_search",
                    workspace.name,
                    ref=workspace.ref,
                    q=text,
                    cursor=hits.next_cursor,
                )
    context = {
        "workspace": workspace,
        "title": _("Search in the data"),
        "text": text,
        "rows": rows,
        "problem": problem,
        "next_url": next_url,
        "first_url": (
            page_url("data_search", workspace.name, ref=workspace.ref, q=text)
            if request.GET.get("cursor")
            else ""
        ),
    }
    return show(request, "console/object_search.html", context, status=400 if problem else 200)


def _hit(
    workspace: Workspace, view: DocumentView, shapes: dict[str, TypeShape | None]
) -> dict[str, Any]:
    """A hit with the first values that say something about it."""
    if view.type not in shapes:
        shapes[view.type] = shape_of(workspace, view)
    shape = shapes[view.type]
    details: list[str] = []
    for item in shape.properties if shape is not None else ():
        value = view.body.get(item.name)
        if value is not None and item.name != (shape.title if shape else "") and len(details) < 4:
            details.append(brief(show_value(item, value)))
    return {
        "url": document_url(workspace.name, view.rid, workspace.ref),
        "title": title_of(view),
        "id": view.id,
        "type": name_of(shape) if shape is not None else view.type,
        "details": " · ".join(part for part in details if part),
    }


def shape_of(workspace: Workspace, view: DocumentView) -> TypeShape | None:
    """The type of an object or link at the workspace's ref; None where it has none there."""
    type_rid = view.body.get("_type")
    if not isinstance(type_rid, str):
        return None
    try:
        return selectors.type_shape(ontology=workspace.name, type=type_rid, ref=workspace.ref)
    except OmsError:
        return None


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def suggest(request: HttpRequest, ontology: str) -> HttpResponse:
    """Objects for a picker, as JSON: ``{"items": [{"value", …}]}``; ``kinds`` names their types."""
    workspace = open_workspace(request, ontology)
    text = request.GET.get("q", "").strip()
    types = [name for name in request.GET.get("kinds", "").split(",") if name][:20]
    found: dict[str, DocumentView] = {}
    known = []
    for name in types:
        try:
            shape = selectors.type_shape(ontology=workspace.name, type=name, ref=workspace.ref)
        except OmsError:
            continue
        known.append(shape.name)
        for view in _beginning(workspace, shape, text):
            found.setdefault(view.rid, view)
    if len(found) < SUGGESTIONS and any(char.isalnum() for char in text):
        for name in known if types else [""]:
            hits = selectors.search_objects(
                ontology=workspace.name,
                text=text,
                type=name,
                ref=workspace.ref,
                limit=SUGGESTIONS,
            )
            for hit in hits.items:
                found.setdefault(hit.document.rid, hit.document)
    items = [
        {
            "value": view.id,
            "label": title_of(view),
            "kind": view.type,
            "icon": "deployed_code",
            "detail": view.id if view.title and view.title != view.id else view.type,
            "url": document_url(workspace.name, view.rid, workspace.ref),
        }
        for view in list(found.values())[:SUGGESTIONS]
    ]
    return HttpResponse(
        json.dumps({"items": items}, ensure_ascii=False), content_type="application/json"
    )


def _beginning(workspace: Workspace, shape: TypeShape, text: str) -> tuple[DocumentView, ...]:
    """Objects whose title or key begins with ``text``; the first of all without one."""
    where: Filter | None = None
    if text:
        names = dict.fromkeys([shape.title, *shape.key] if shape.title else shape.key)
        parts: list[Filter] = []
        for name in names:
            item = shape.property(name)
            if item is None or item.masked:
                continue
            if item.base in _TEXTUAL:
                spellings = dict.fromkeys((text, text.upper(), text.lower(), text.capitalize()))
                parts += [Condition((name,), "startsWith", spelled) for spelled in spellings]
            elif item.base in ("integer", "long") and text.isascii() and text.isdecimal():
                parts.append(Condition((name,), "eq", int(text)))
        if not parts:
            return ()
        where = AnyOf(tuple(parts))
    return selectors.list_objects(
        ontology=workspace.name,
        type=shape.name,
        ref=workspace.ref,
        where=where,
        limit=SUGGESTIONS,
    ).items
