"""The page of one object or link: its values, what it is linked to, and deleting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from oms_project.console.pages import page, show
from oms_project.core import canonical_json
from oms_project.core.authorization import permissions
from oms_project.core.errors import NotFound, PermissionDenied
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.commits import attempt, say_committed
from ontology.console.links import document_url, page_url
from ontology.console.presenters.neighbours import draw_neighbours
from ontology.console.presenters.objects import brief, name_of, show_value, title_of, value_rows
from ontology.console.presenters.values import pretty_json
from ontology.console.views.objects import shape_of
from ontology.console.workspace import Workspace, open_workspace
from ontology.contract import Change, DocumentView, LinkedObject
from ontology.domain.kinds import Kind
from ontology.selectors import LinkShape, TypeShape

__all__ = ["delete", "instance_heading", "links", "show_instance"]

#: Links that are read for the page at once; when there are more, each type of link is read alone.
READ_AT_ONCE = 200
#: Links of one type on the object's page, and on the page of that type.
SHOWN = 12
PAGE_SIZE = 50
#: What else a delete takes along, listed by name; more is counted.
LISTED = 200


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link at an object, with what is at its other end."""

    url: str
    title: str
    id: str
    type: str
    link_url: str
    details: str


@dataclass(frozen=True, slots=True)
class LinkGroup:
    """Links of one type at one end.

    Attributes:
        bounds: such as ``1..*``: how many an object has.
        more_url: the page with all of them; empty when all are here.
        new_url: where one is made; empty when it cannot be.
    """

    title: str
    name: str
    outgoing: bool
    bounds: str
    description: str
    rows: tuple[LinkRow, ...]
    more_url: str
    new_url: str


def show_instance(
    request: HttpRequest, workspace: Workspace, view: DocumentView, shape: TypeShape
) -> HttpResponse:
    """The page of an object or link, live or deleted."""
    context: dict[str, Any] = {
        **instance_heading(workspace, view, shape),
        "rows": value_rows(shape, view),
        "annotations": view.body.get("_annotations", ()),
        "iri": view.body.get("_iri", ""),
        "raw": pretty_json(canonical_json.loads(view.json)),
    }
    if view.deleted:
        return show(request, "console/object_deleted.html", context, status=410)
    if view.kind == Kind.LINK:
        context["ends"] = _ends(workspace, view)
        return show(request, "console/object.html", context)
    linked = selectors.linked_objects(
        ontology=workspace.name, target=view.rid, ref=workspace.ref, limit=READ_AT_ONCE
    )
    groups = _groups(workspace, view, shape, linked.items, complete=linked.next_cursor is None)
    context["groups"] = [group for group in groups if group.rows]
    context["unused"] = [group for group in groups if not group.rows]
    context["drawing"] = draw_neighbours(workspace.name, workspace.ref, view, linked.items)
    return show(request, "console/object.html", context)


def instance_heading(
    workspace: Workspace, view: DocumentView, shape: TypeShape | None
) -> dict[str, Any]:
    """What every page about one object or link has on top."""
    is_link = view.kind == Kind.LINK
    return {
        "workspace": workspace,
        "view": view,
        "target": view.rid,
        "title": title_of(view),
        "name": title_of(view),
        "shape": shape,
        "is_link": is_link,
        "type_label": name_of(shape) if shape is not None else view.type,
        "list_url": page_url("objects", workspace.name, view.type, ref=workspace.ref),
        "editable": workspace.may_write and (not is_link or bool(shape and shape.properties)),
        "can_delete": workspace.may_write,
        "can_link": (
            workspace.may_write and not is_link and bool(shape is not None and shape.links)
        ),
    }


def _ends(workspace: Workspace, view: DocumentView) -> list[dict[str, Any]]:
    rids = [str(view.body.get(role)) for role in ("_source", "_target")]
    found = selectors.get_documents(ontology=workspace.name, rids=rids, ref=workspace.ref)
    return [
        {
            "label": label,
            "url": document_url(workspace.name, rid, workspace.ref),
            "title": title_of(found[rid]) if rid in found else rid,
            "type": found[rid].type if rid in found else "",
        }
        for label, rid in zip((_("From"), _("To")), rids, strict=True)
    ]


# --- links of an object ---------------------------------------------------------------------------
def _groups(
    workspace: Workspace,
    view: DocumentView,
    shape: TypeShape,
    linked: Sequence[LinkedObject],
    *,
    complete: bool,
) -> list[LinkGroup]:
    """Links by type, in the order of the type's; those that its type does not know come last."""
    by_type: dict[tuple[str, bool], list[LinkedObject]] = {}
    for one in linked:
        key = str(one.link.body.get("_type")), one.direction == "outgoing"
        by_type.setdefault(key, []).append(one)
    known = {(link.rid, link.outgoing): link for link in shape.links}
    groups = []
    for key in dict.fromkeys([*known, *by_type]):
        rows, more = by_type.get(key, []), False
        if not complete:
            found = selectors.linked_objects(
                ontology=workspace.name,
                target=view.rid,
                link=key[0],
                direction="outgoing" if key[1] else "incoming",
                ref=workspace.ref,
                limit=SHOWN,
            )
            rows, more = list(found.items), found.next_cursor is not None
        more = more or len(rows) > SHOWN
        groups.append(_group(workspace, view, known.get(key), key, rows[:SHOWN], more=more))
    return groups


def _group(
    workspace: Workspace,
    view: DocumentView,
    link: LinkShape | None,
    key: tuple[str, bool],
    rows: Sequence[LinkedObject],
    *,
    more: bool,
) -> LinkGroup:
    rid, outgoing = key
    name = link.name if link is not None else (rows[0].link.type if rows else rid)
    direction = "outgoing" if outgoing else "incoming"
    bounds = ""
    if link is not None and (link.low or link.high is not None):
        bounds = f"{link.low}..{'*' if link.high is None else link.high}"
    may_add = workspace.may_write and link is not None and not link.deprecated
    return LinkGroup(
        title=name_of(link) if link is not None else name,
        name=name,
        outgoing=outgoing,
        bounds=bounds,
        description="",
        rows=tuple(_row(workspace, link, one) for one in rows),
        more_url=(
            page_url(
                "links", workspace.name, view.rid, ref=workspace.ref, link=rid, direction=direction
            )
            if more
            else ""
        ),
        new_url=(
            page_url(
                "link_object",
                workspace.name,
                view.rid,
                ref=workspace.ref,
                link=name,
                direction=direction,
            )
            if may_add
            else ""
        ),
    )


def _row(workspace: Workspace, link: LinkShape | None, one: LinkedObject) -> LinkRow:
    details = []
    for item in link.properties if link is not None else ():
        value = one.link.body.get(item.name)
        if value is not None:
            details.append(f"{name_of(item)}: {brief(show_value(item, value))}")
    return LinkRow(
        url=document_url(workspace.name, one.object.rid, workspace.ref),
        title=title_of(one.object),
        id=one.object.id,
        type=one.object.type,
        link_url=document_url(workspace.name, one.link.rid, workspace.ref),
        details=" · ".join(details),
    )


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def links(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """All links of one type at an object, a page at a time."""
    workspace = open_workspace(request, ontology)
    view, shape = _instance(workspace, target)
    wanted = request.GET.get("link", "")
    outgoing = request.GET.get("direction") != "incoming"
    found = selectors.linked_objects(
        ontology=workspace.name,
        target=view.rid,
        link=wanted,
        direction="outgoing" if outgoing else "incoming",
        ref=workspace.ref,
        limit=PAGE_SIZE,
        cursor=request.GET.get("cursor") or None,
    )
    link = next(
        (
            one
            for one in (shape.links if shape is not None else ())
            if wanted in (one.rid, one.name) and one.outgoing == outgoing
        ),
        None,
    )
    here = {
        "ref": workspace.ref,
        "link": wanted,
        "direction": "outgoing" if outgoing else "incoming",
    }
    context = {
        **instance_heading(workspace, view, shape),
        "link_title": name_of(link) if link is not None else wanted,
        "rows": [_row(workspace, link, one) for one in found.items],
        "back": document_url(workspace.name, view.rid, workspace.ref),
        "next_url": (
            page_url("links", workspace.name, view.rid, **here, cursor=found.next_cursor)
            if found.next_cursor
            else ""
        ),
        "first_url": (
            page_url("links", workspace.name, view.rid, **here) if request.GET.get("cursor") else ""
        ),
    }
    return show(request, "console/object_links.html", context)


def _instance(workspace: Workspace, target: str) -> tuple[DocumentView, TypeShape | None]:
    view = selectors.get_document(ontology=workspace.name, target=target, ref=workspace.ref)
    if view.kind not in (Kind.OBJECT, Kind.LINK):
        raise NotFound(
            _("'%(name)s' is neither an object nor a link.") % {"name": view.id},
            code="document_not_found",
        )
    return view, shape_of(workspace, view)


# --- deleting -------------------------------------------------------------------------------------
@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Delete an object or link, after showing what goes with it."""
    workspace = open_workspace(request, ontology, request.POST.get("ref") or None)
    if not workspace.may_write:
        raise PermissionDenied(workspace.why_read_only)
    view, shape = _instance(workspace, target)
    change = Change(op="delete", target=view.rid, if_match=request.POST.get("etag") or view.etag)
    message = request.POST.get("message", "").strip() or f"Delete {view.id}"
    outcome = attempt(workspace, [change], message, dry_run=request.method != "POST")
    if request.method == "POST" and outcome.result is not None:
        say_committed(request, workspace, outcome.result.commit)
        return redirect(page_url("objects", workspace.name, view.type, ref=workspace.ref))
    if request.method == "POST":  # refused: show again what would go along, as far as it can be
        preview = attempt(
            workspace, [Change(op="delete", target=view.rid)], message, dry_run=True
        ).result
    else:
        preview = outcome.result
    context = {
        **instance_heading(workspace, view, shape),
        "title": _("Delete %(name)s") % {"name": title_of(view)},
        "errors": outcome.errors,
        "changed_meanwhile": outcome.changed_meanwhile,
        "possible": preview is not None,
        "also": _also(workspace, view, preview),
        "back": document_url(workspace.name, view.rid, workspace.ref),
        "message": request.POST.get("message", ""),
        "default_message": f"Delete {view.id}",
    }
    status = 409 if outcome.changed_meanwhile else 422 if outcome.errors else 200
    return show(request, "console/object_delete.html", context, status=status)


def _also(workspace: Workspace, view: DocumentView, preview: Any) -> dict[str, Any]:
    """What else is deleted: objects by name, links counted by type."""
    if preview is None:
        return {"objects": [], "links": [], "more": 0, "total": 0}
    others = [one for one in preview.changes.changes if one.rid != view.rid]
    objects = [one for one in others if one.kind == Kind.OBJECT]
    found = selectors.get_documents(
        ontology=workspace.name, rids=[one.rid for one in objects[:LISTED]], ref=workspace.ref
    )
    counts: dict[str, int] = {}
    for one in others:
        if one.kind == Kind.LINK:
            name = one.id.partition("/")[0]
            counts[name] = counts.get(name, 0) + 1
    return {
        "objects": [
            {
                "title": title_of(item),
                "id": item.id,
                "type": item.type,
                "url": document_url(workspace.name, item.rid, workspace.ref),
            }
            for item in found.values()
        ],
        "links": sorted(counts.items()),
        "more": max(0, len(objects) - LISTED),
        "total": len(others),
    }
