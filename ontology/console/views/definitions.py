"""The page of one document: what it is, what it has, who uses it, how it came about."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from oms_project.console.pages import page, show
from oms_project.core import canonical_json
from oms_project.core.authorization import permissions
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.forms.labels import CHOICES, KIND_ICONS, KINDS, label_of
from ontology.console.forms.spec import fields_of
from ontology.console.links import page_url, target_of
from ontology.console.presenters.changes import field_rows
from ontology.console.presenters.tree import path_to
from ontology.console.presenters.values import Naming, pretty_json
from ontology.console.views.explorer import HIERARCHIES, side_panel
from ontology.console.views.instances import show_instance
from ontology.console.views.objects import shape_of
from ontology.console.workspace import Workspace, open_workspace
from ontology.contract import DocumentView, HistoryEntry, Page
from ontology.domain.diff import field_changes
from ontology.domain.documents import references
from ontology.domain.instances.keys import KEY
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, MODELS, Kind

__all__ = ["document", "history", "referenced"]

HISTORY_PAGE = 25
#: Users and children listed on the page; the explorer lists all.
LISTED = 60
#: Fields that have a place of their own on the page.
_PLACED = frozenset(
    {
        "apiName",
        "annotations",
        "deprecation",
        "description",
        "displayName",
        "externalMappings",
        "equivalentTo",
        "fields",
        "iri",
        "members",
        "parents",
        "properties",
        "status",
        "tags",
    }
)


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def document(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """One document at a ref."""
    workspace = open_workspace(request, ontology)
    view = selectors.get_document(
        ontology=workspace.name, target=target, ref=workspace.ref, include_deleted=True
    )
    shape = shape_of(workspace, view) if view.kind in INSTANCE_KINDS else None
    if shape is not None:
        return show_instance(request, workspace, view, shape)
    if view.deleted:
        return _deleted(request, workspace, view)
    described = None
    if view.kind in DEFINITION_KINDS:
        described = selectors.describe(ontology=workspace.name, target=view.rid, ref=workspace.ref)
    names = described.names if described else referenced(workspace, view)
    naming = Naming(workspace.name, workspace.ref, names)
    context: dict[str, Any] = {
        **side_panel(workspace, view),
        **heading(workspace, view),
        "path": _path(workspace, view),
        "described": described,
        "naming": naming,
        "body": view.body,
        "labels": naming.show(view.body.get("displayName") or {}, "displayName").entries,
        "descriptions": naming.show(view.body.get("description") or {}, "description").entries,
        "details": _details(view, naming),
        "deprecation": _deprecation(view, naming),
        "equivalent": naming.show(view.body.get("equivalentTo") or [], "equivalentTo").items,
        "mappings": [
            (CHOICES.get(one["relation"], one["relation"]), one["iri"])
            for one in view.body.get("externalMappings", ())
        ],
        "annotations": [
            (one["predicate"], _annotation_text(one["value"]))
            for one in view.body.get("annotations", view.body.get("_annotations", ()))
        ],
        "members": _members(view, naming),
        "raw": pretty_json(canonical_json.loads(view.json)),
    }
    if described is not None:
        context.update(_described(described, naming))
    return show(request, "console/document.html", context)


def heading(workspace: Workspace, view: DocumentView) -> dict[str, Any]:
    """What every page about one document has on top."""
    target = view.rid if view.deleted else target_of(view.id, view.rid)
    status = str(view.body.get("status", "active"))
    editable = workspace.may_write and view.kind in MODELS
    return {
        "workspace": workspace,
        "view": view,
        "target": target,
        "title": view.name or str(KINDS.get(view.kind, view.kind)),
        "kind_label": KINDS.get(view.kind, view.kind),
        "kind_icon": KIND_ICONS.get(view.kind, ""),
        "status": status,
        "status_label": CHOICES.get(status, status),
        "editable": editable,
        "can_rename": editable and bool(view.body.get("apiName")),
        "can_delete": editable and view.kind != Kind.ONTOLOGY.value,
        "can_deprecate": editable and "apiName" in view.body,
        "in_hierarchy": view.kind in HIERARCHIES,
    }


def referenced(workspace: Workspace, view: DocumentView) -> dict[str, str]:
    """``rid`` -> ``Kind/Name`` of everything that ``view`` refers to."""
    targets = {one.target for one in references(Kind(view.kind), view.body)}
    if not targets:
        return {}
    return dict(
        selectors.names_of(ontology=workspace.name, rids=sorted(targets), ref=workspace.ref)
    )


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def history(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """The commits that changed one document, each with what it changed."""
    workspace = open_workspace(request, ontology)
    view = selectors.get_document(
        ontology=workspace.name, target=target, ref=workspace.ref, include_deleted=True
    )
    entries = _history(workspace, view, HISTORY_PAGE, request.GET.get("cursor") or None)
    # The oldest one on the page changed what stood before it, which the next page begins with.
    before_page = (
        _history(workspace, view, 1, entries.next_cursor).items if entries.next_cursor else ()
    )
    following = (*entries.items[1:], *before_page)
    kind = Kind(view.kind)
    shown = []
    rids: set[str] = set()
    for place, one in enumerate(entries.items):
        older = following[place] if place < len(following) else None
        before = None if older is None or older.operation == "delete" else older.document.body
        after = None if one.operation == "delete" else one.document.body
        changes = field_changes(kind, before, after) if one.operation != "create" else ()
        # The key says nothing that the values do not say.
        changes = tuple(change for change in changes if change.path.partition("/")[2] != KEY)
        for body in (before, after):
            rids.update(ref.target for ref in references(kind, body or {}))
        shown.append((one, changes))
    names = (
        selectors.names_of(ontology=workspace.name, rids=sorted(rids), ref=workspace.ref)
        if rids
        else {}
    )
    naming = Naming(workspace.name, workspace.ref, names)
    context = {
        **side_panel(workspace, view),
        **heading(workspace, view),
        "path": _path(workspace, view),
        "entries": [
            (one, field_rows(changes, naming, is_data=kind in INSTANCE_KINDS))
            for one, changes in shown
        ],
        "next_url": (
            page_url(
                "history",
                workspace.name,
                target_of(view.id, view.rid),
                ref=workspace.ref,
                cursor=entries.next_cursor,
            )
            if entries.next_cursor
            else ""
        ),
    }
    return show(request, "console/history.html", context)


def _history(
    workspace: Workspace, view: DocumentView, limit: int, cursor: str | None
) -> Page[HistoryEntry]:
    return selectors.history(
        ontology=workspace.name,
        target=view.rid,
        ref=workspace.ref,
        limit=limit,
        cursor=cursor,
    )


def _deleted(request: HttpRequest, workspace: Workspace, view: DocumentView) -> HttpResponse:
    context = {
        **side_panel(workspace),
        **heading(workspace, view),
        "raw": pretty_json(canonical_json.loads(view.json)),
    }
    return show(request, "console/document_deleted.html", context, status=410)


def _path(workspace: Workspace, view: DocumentView) -> list[tuple[str, str]]:
    """``(rid, @id)`` from a root of the hierarchy down to the definition's parent."""
    if view.kind not in HIERARCHIES:
        return []
    hierarchy = selectors.hierarchy(ontology=workspace.name, ref=workspace.ref, kind=view.kind)
    return [(rid, hierarchy.nodes[rid].id) for rid in path_to(hierarchy, view.rid)[:-1]]


def _details(view: DocumentView, naming: Naming) -> list[tuple[Any, Any]]:
    """Fields without a place of their own, in the order of the kind's model."""
    if view.kind not in MODELS:
        return [
            (label_of(name), naming.show(value, name))
            for name, value in view.body.items()
            if name != "_annotations"
        ]
    return [
        (field.label, naming.show(view.body[field.name], field.name))
        for field in fields_of(Kind(view.kind))
        if field.name in view.body and field.name not in _PLACED
    ]


def _deprecation(view: DocumentView, naming: Naming) -> dict[str, Any] | None:
    told = view.body.get("deprecation")
    if not told:
        return None
    return {
        "since": told.get("since", ""),
        "reasons": naming.show(told.get("reason") or {}, "reason").entries,
        "replaced_by": naming.show(told.get("replacedBy") or [], "replacedBy").items,
    }


def _members(view: DocumentView, naming: Naming) -> list[dict[str, Any]]:
    return [
        {
            "code": member["code"],
            "labels": naming.show(member.get("label") or {}, "label").entries,
            "descriptions": naming.show(member.get("description") or {}, "description").entries,
            "status": member.get("status", "active"),
            "status_label": CHOICES.get(member.get("status", "active"), ""),
            "iri": member.get("iri", ""),
        }
        for member in view.body.get("members", ())
    ]


def _described(described: selectors.TypeDescription, naming: Naming) -> dict[str, Any]:
    """Lists of a type's description, shortened where a page would grow without end."""
    used_by = list(described.used_by)
    children = list(described.children)
    return {
        "own_properties": [one for one in described.properties if not one.inherited_from],
        "inherited_properties": [one for one in described.properties if one.inherited_from],
        "children": children[:LISTED],
        "more_children": max(0, len(children) - LISTED),
        "used_by": [
            (naming.reference("", document_id), label_of(role))
            for document_id, role in used_by[:LISTED]
        ],
        "more_used_by": max(0, len(used_by) - LISTED),
    }


def _annotation_text(value: Any) -> str:
    if isinstance(value, dict):
        if "iri" in value:
            return f"<{value['iri']}>"
        if "language" in value:
            return f"{value.get('value', '')} @{value['language']}"
        if "value" in value:
            return str(value["value"])
        if "node" in value:
            return pretty_json(value["node"])
        if "blank" in value:
            return _("blank node %(label)s") % {"label": value["blank"]}
    return pretty_json(value)
