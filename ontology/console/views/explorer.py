"""The explorer: the hierarchy on one side, lists of definitions on the other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.forms.labels import CHOICES, KIND_ICONS, KINDS, KINDS_PLURAL
from ontology.console.links import document_url, explorer_url, page_url, target_of
from ontology.console.presenters.tree import Outline, children_of, matching, outline
from ontology.console.presenters.values import text_in
from ontology.console.workspace import Workspace, open_workspace
from ontology.contract import DocumentView
from ontology.domain.datatypes import PRIMITIVES
from ontology.domain.kinds import DEFINITION_KINDS, Kind

__all__ = ["explorer", "side_panel", "suggest", "tree"]

PAGE_SIZE = 50
#: Kinds that form a hierarchy of their own.
HIERARCHIES = ("ObjectType", "Interface", "SharedProperty", "LinkType")
#: Not a status of a definition: lists deleted ones too, to look at and to restore.
DELETED = "deleted"
STATUSES = ("active", "experimental", "deprecated", "archived")


@dataclass(frozen=True, slots=True)
class Entry:
    """One definition in a list."""

    name: str
    label: str
    kind: Any
    icon: str
    url: str
    status: str
    status_label: Any
    description: str
    tags: tuple[str, ...]
    deleted: bool


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def explorer(request: HttpRequest, ontology: str) -> HttpResponse:
    """Lists of definitions with filters, beside the hierarchy."""
    workspace = open_workspace(request, ontology)
    statistics = selectors.statistics(ontology=workspace.name, ref=workspace.ref)
    # Opened without a word about kinds it shows what most people look for.
    first = Kind.OBJECT_TYPE.value
    fallback = first if statistics.get(first) and "q" not in request.GET else ""
    kind = request.GET.get("kind", fallback)
    text = request.GET.get("q", "").strip()
    status = request.GET.get("status", "")
    tag = request.GET.get("tag", "").strip()
    parent = request.GET.get("parent", "")
    known = [member.value for member in Kind]
    listing = selectors.list_documents(
        ontology=workspace.name,
        ref=workspace.ref,
        kinds=(kind,) if kind in known else _listed_kinds(statistics),
        text=text or None,
        status=status if status in STATUSES else None,
        tag=tag or None,
        parent=parent or None,
        include_deleted=status == DELETED,
        limit=PAGE_SIZE,
        cursor=request.GET.get("cursor") or None,
    )
    filters = {"kind": kind, "q": text, "status": status, "tag": tag, "parent": parent}
    context = {
        **side_panel(workspace, kind=kind),
        "title": workspace.name,
        "kinds": _kind_tabs(workspace, statistics, kind),
        "is_empty": not any(count for name, count in statistics.items() if name != "Ontology"),
        "entries": [entry(workspace, view) for view in listing.items],
        "filters": filters,
        "filtered": any(value for name, value in filters.items() if name != "kind"),
        "statuses": [
            *((name, CHOICES[name]) for name in STATUSES),
            (DELETED, _("Any, also deleted")),
        ],
        "next_url": (
            explorer_url(workspace.name, workspace.ref, **filters, cursor=listing.next_cursor)
            if listing.next_cursor
            else ""
        ),
        "first_url": (
            explorer_url(workspace.name, workspace.ref, **filters)
            if request.GET.get("cursor")
            else ""
        ),
        "clear_url": explorer_url(workspace.name, workspace.ref, kind=kind),
        "all_url": f"{explorer_url(workspace.name, workspace.ref)}&kind=",
        "kind": kind,
        "kind_label": KINDS_PLURAL.get(kind, ""),
        "new_kinds": _new_kinds(workspace),
    }
    return show(request, "console/explorer.html", context)


def side_panel(
    workspace: Workspace, selected: DocumentView | None = None, *, kind: str = ""
) -> dict[str, Any]:
    """What the hierarchy panel needs: of ``selected``, with the way to it, or of ``kind``."""
    wanted = selected.kind if selected else kind
    kind = wanted if wanted in HIERARCHIES else HIERARCHIES[0]
    hierarchy = selectors.hierarchy(ontology=workspace.name, ref=workspace.ref, kind=kind)
    return {
        "workspace": workspace,
        "tree": outline(hierarchy, workspace.name, workspace.ref, selected.rid if selected else ""),
        "tree_kind": kind,
        "tree_title": KINDS_PLURAL[kind],
        "tree_url": page_url("tree", workspace.name, ref=workspace.ref, kind=kind),
    }


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def tree(request: HttpRequest, ontology: str) -> HttpResponse:
    """A part of the tree as HTML: the children of ``?parent=``, or the matches of ``?q=``."""
    workspace = open_workspace(request, ontology)
    kind = request.GET.get("kind", "ObjectType")
    hierarchy = selectors.hierarchy(
        ontology=workspace.name,
        ref=workspace.ref,
        kind=kind if kind in HIERARCHIES else "ObjectType",
    )
    text = request.GET.get("q", "").strip()
    parent = request.GET.get("parent", "")
    part: Outline
    if text:
        part = matching(hierarchy, workspace.name, workspace.ref, text)
    elif parent:
        level = request.GET.get("level", "")
        depth = int(level) if level.isdigit() and len(level) < 4 else 1
        part = children_of(hierarchy, workspace.name, workspace.ref, parent, depth)
    else:
        part = outline(hierarchy, workspace.name, workspace.ref)
    return render(request, "console/parts/tree_part.html", {"tree": part, "text": text})


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def suggest(request: HttpRequest, ontology: str) -> HttpResponse:
    """Definitions (and data types) for a picker, as JSON: ``{"items": [{"value", …}]}``."""
    workspace = open_workspace(request, ontology)
    text = request.GET.get("q", "").strip()
    kinds = tuple(kind for kind in request.GET.get("kinds", "").split(",") if kind)
    items: list[dict[str, str]] = []
    if request.GET.get("types"):
        wanted = text.casefold()
        items.extend(
            {"value": name, "label": name, "kind": _("Data type"), "icon": "tag", "detail": ""}
            for name in PRIMITIVES
            if wanted in name.casefold()
        )
    if kinds or not request.GET.get("types"):
        views = selectors.suggest(
            ontology=workspace.name, text=text, kinds=kinds, ref=workspace.ref, limit=20
        )
        language = get_language() or "en"
        items.extend(
            {
                "value": view.id,
                "label": view.name,
                "kind": str(KINDS.get(view.kind, view.kind)),
                "icon": KIND_ICONS.get(view.kind, ""),
                "detail": _other_label(view, language),
                "url": document_url(workspace.name, target_of(view.id, view.rid), workspace.ref),
            }
            for view in views
        )
    return HttpResponse(
        json.dumps({"items": items}, ensure_ascii=False), content_type="application/json"
    )


def entry(workspace: Workspace, view: DocumentView) -> Entry:
    """``view`` as a line of a list."""
    language = get_language() or "en"
    status = str(view.body.get("status", "active"))
    return Entry(
        name=view.name or (workspace.name if view.kind == Kind.ONTOLOGY else view.rid),
        label=_other_label(view, language),
        kind=KINDS.get(view.kind, view.kind),
        icon=KIND_ICONS.get(view.kind, ""),
        # A deleted definition has given its name away: only its rid leads to it.
        url=document_url(
            workspace.name,
            view.rid if view.deleted else target_of(view.id, view.rid),
            workspace.ref,
        ),
        deleted=view.deleted,
        status=status,
        status_label=CHOICES.get(status, status),
        description=text_in(view.body.get("description"), language),
        tags=tuple(view.body.get("tags", ())),
    )


def _other_label(view: DocumentView, language: str) -> str:
    label = text_in(view.body.get("displayName"), language)
    return label if label != view.name else ""


def _listed_kinds(statistics: dict[str, int]) -> tuple[str, ...]:
    """Without a choice: definitions; where there are none, whatever there is."""
    kinds = tuple(kind.value for kind in DEFINITION_KINDS)
    return kinds if any(statistics.get(kind) for kind in kinds) else ()


def _kind_tabs(
    workspace: Workspace, statistics: dict[str, int], chosen: str
) -> list[dict[str, Any]]:
    every = [member.value for member in (*DEFINITION_KINDS, Kind.OBJECT, Kind.LINK)]
    every += [Kind.RESOURCE.value, Kind.ONTOLOGY.value]
    return [
        {
            "kind": kind,
            "label": KINDS_PLURAL[kind],
            "icon": KIND_ICONS[kind],
            "count": statistics.get(kind, 0),
            "url": explorer_url(workspace.name, workspace.ref, kind=kind),
            "active": kind == chosen,
        }
        for kind in every
        if statistics.get(kind) or kind == chosen
    ]


def _new_kinds(workspace: Workspace) -> list[dict[str, Any]]:
    return [
        {
            "label": KINDS[kind.value],
            "icon": KIND_ICONS[kind.value],
            "url": page_url("new", workspace.name, kind.value, ref=workspace.ref),
        }
        for kind in DEFINITION_KINDS
    ]
