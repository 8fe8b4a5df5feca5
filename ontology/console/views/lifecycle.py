"""Rename, deprecate, delete and restore: what happens to a definition as a whole."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import PermissionDenied
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.commits import attempt, say_committed
from ontology.console.forms.labels import label_of
from ontology.console.links import document_url, explorer_url, page_url, target_of
from ontology.console.presenters.values import Naming, text_in
from ontology.console.views.definitions import heading
from ontology.console.workspace import Workspace, open_workspace
from ontology.contract import Change, DocumentView
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS

__all__ = ["delete", "deprecate", "rename", "restore"]

#: Users that are listed before a delete; more are counted.
LISTED_USERS = 100


def _open(
    request: HttpRequest, ontology: str, target: str, *, deleted: bool = False
) -> tuple[Workspace, DocumentView]:
    workspace = open_workspace(request, ontology, request.POST.get("ref") or None)
    if not workspace.may_write:
        raise PermissionDenied(workspace.why_read_only)
    view = selectors.get_document(
        ontology=workspace.name, target=target, ref=workspace.ref, include_deleted=deleted
    )
    return workspace, view


def _page(
    request: HttpRequest,
    template: str,
    workspace: Workspace,
    view: DocumentView,
    context: dict[str, Any],
    errors: Any,
) -> HttpResponse:
    target = view.rid if view.deleted else target_of(view.id, view.rid)
    everything = {
        **heading(workspace, view),
        "errors": errors,
        "back": document_url(workspace.name, target, workspace.ref),
        "suggest_url": page_url("suggest", workspace.name, ref=workspace.ref),
        "message": request.POST.get("message", ""),
        **context,
    }
    return show(request, template, everything, status=422 if errors else 200)


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Give a definition another name; the old one keeps working as an alias."""
    workspace, view = _open(request, ontology, target)
    name = request.POST.get("api_name", view.name).strip()
    errors: Any = ()
    if request.method == "POST":
        change = Change(
            op="rename", target=view.rid, api_name=name, if_match=request.POST.get("etag") or None
        )
        message = request.POST.get("message", "").strip()
        outcome = attempt(workspace, [change], message or f"Rename {view.id} to {name}")
        if outcome.result is not None:
            say_committed(request, workspace, outcome.result.commit)
            return redirect(document_url(workspace.name, f"{view.kind}/{name}", workspace.ref))
        errors = outcome.errors
    context = {
        "title": _("Rename %(name)s") % {"name": view.name},
        "api_name": name,
        "users": _users(workspace, view),
    }
    return _page(request, "console/rename.html", workspace, view, context, errors)


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def deprecate(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Say that a definition should no longer be used, why, and what to use instead."""
    workspace, view = _open(request, ontology, target)
    language = (get_language() or "en").partition("-")[0]
    told = dict(view.body.get("deprecation") or {})
    names = selectors.names_of(
        ontology=workspace.name, rids=told.get("replacedBy", []), ref=workspace.ref
    )
    values: dict[str, Any] = {
        "since": request.POST.get("since", told.get("since") or "").strip(),
        "reason": request.POST.get("reason", text_in(told.get("reason"), language)).strip(),
        "replaced_by": [names.get(one, one) for one in told.get("replacedBy", [])],
    }
    errors: Any = ()
    if request.method == "POST":
        values["replaced_by"] = [
            one.strip() for one in request.POST.getlist("replacedBy") if one.strip()
        ]
        fields = _deprecation_fields(request, values, told, language)
        change = Change(
            op="update",
            target=view.rid,
            fields=fields,
            if_match=request.POST.get("etag") or None,
        )
        undone = "undo" in request.POST
        verb = "Take back the deprecation of" if undone else "Deprecate"
        message = request.POST.get("message", "").strip() or f"{verb} {view.id}"
        outcome = attempt(workspace, [change], message)
        if outcome.result is not None:
            say_committed(request, workspace, outcome.result.commit)
            target = target_of(view.id, view.rid)
            return redirect(document_url(workspace.name, target, workspace.ref))
        errors = outcome.errors
    context = {
        "title": _("Deprecate %(name)s") % {"name": view.name},
        "values": values,
        "is_deprecated": view.body.get("status") == "deprecated",
    }
    return _page(request, "console/deprecate.html", workspace, view, context, errors)


def _deprecation_fields(
    request: HttpRequest, values: dict[str, Any], told: dict[str, Any], language: str
) -> dict[str, Any]:
    if "undo" in request.POST:
        return {"status": "active", "deprecation": None}
    # A text is merged by language (RFC 7396), so reasons in other languages stay.
    reason: dict[str, str | None] = {language: values["reason"] or None}
    if not values["reason"] and language not in told.get("reason", {}):
        reason = {}
    return {
        "status": "deprecated",
        "deprecation": {
            "since": values["since"] or None,
            "reason": reason,
            "replacedBy": values["replaced_by"],
        },
    }


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Delete a definition, after showing what still uses it."""
    workspace, view = _open(request, ontology, target)
    if view.kind in INSTANCE_KINDS and request.method == "GET":
        return redirect(page_url("remove_object", workspace.name, view.rid, ref=workspace.ref))
    change = Change(op="delete", target=view.rid, if_match=request.POST.get("etag") or view.etag)
    message = request.POST.get("message", "").strip() or f"Delete {view.id}"
    if request.method == "POST":
        outcome = attempt(workspace, [change], message)
        if outcome.result is not None:
            say_committed(request, workspace, outcome.result.commit)
            return redirect(explorer_url(workspace.name, workspace.ref, kind=view.kind))
    else:
        outcome = attempt(workspace, [change], message, dry_run=True)
    context = {
        "title": _("Delete %(name)s") % {"name": view.name or view.kind},
        "users": _users(workspace, view),
        "possible": outcome.result is not None,
    }
    return _page(request, "console/delete.html", workspace, view, context, outcome.errors)


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_POST
def restore(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Bring back what was deleted, as it was."""
    workspace, view = _open(request, ontology, target, deleted=True)
    outcome = attempt(workspace, [Change(op="restore", target=view.rid)], f"Restore {view.id}")
    if outcome.result is None:
        context = {"title": _("%(name)s cannot come back") % {"name": view.name}}
        return _page(
            request, "console/restore_refused.html", workspace, view, context, outcome.errors
        )
    say_committed(request, workspace, outcome.result.commit)
    return redirect(document_url(workspace.name, target_of(view.id, view.rid), workspace.ref))


def _users(workspace: Workspace, view: DocumentView) -> dict[str, Any]:
    """Who refers to ``view``: ``{"listed": [(reference, role)], "more", "total"}``."""
    if view.kind not in DEFINITION_KINDS:
        return {"listed": [], "more": 0, "total": 0}
    described = selectors.describe(ontology=workspace.name, target=view.rid, ref=workspace.ref)
    naming = Naming(workspace.name, workspace.ref)
    children = [(document_id, "parents") for _rid, document_id in described.children]
    used = [*children, *described.used_by]
    return {
        "listed": [
            (naming.reference("", document_id), label_of(role))
            for document_id, role in used[:LISTED_USERS]
        ],
        "more": max(0, len(used) - LISTED_USERS),
        "total": len(used),
    }
