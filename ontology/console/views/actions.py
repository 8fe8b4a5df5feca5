"""Actions: the list of an ontology's, a form made of an action's parameters, taking a run back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid, NotFound, OmsError
from oms_project.core.routes import requires
from ontology import selectors, services
from ontology.console.forms.labels import KIND_ICONS
from ontology.console.forms.parameters import entered, form_of
from ontology.console.links import commit_url, document_url, page_url
from ontology.console.presenters.changes import arrange
from ontology.console.presenters.values import text_in
from ontology.console.views.merging import Answers, preview_and_do
from ontology.console.workspace import Workspace, open_workspace
from ontology.contract import ActionInfo, ActionResult, DocumentView, MergeResult
from ontology.domain.query import AnyOf, Condition
from ontology.selectors.objects import list_objects, search_objects

__all__ = ["action", "actions", "objects", "revert_run"]

#: Objects that a picker shows.
_SUGGESTED = 20


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def actions(request: HttpRequest, ontology: str) -> HttpResponse:
    """The actions of an ontology: those that this person may run, and the others with why not."""
    workspace = open_workspace(request, ontology)
    language = get_language() or "en"
    found = selectors.list_actions(
        ontology=workspace.name, ref=workspace.ref, commit=workspace.commit.id, every=True
    )
    rows = [
        {
            "info": info,
            "label": text_in(info.display_name, language) or info.name,
            "description": text_in(info.description, language),
            "parameters": [
                text_in(one.get("displayName"), language) or one["apiName"]
                for one in info.parameters
            ],
            "url": page_url("action", workspace.name, info.name, ref=workspace.ref),
            "definition": document_url(workspace.name, f"ActionType/{info.name}", workspace.ref),
        }
        for info in found
    ]
    context = {
        "workspace": workspace,
        "title": _("Actions"),
        "rows": rows,
        "new_url": page_url("new", workspace.name, "ActionType", ref=workspace.ref),
    }
    return show(request, "console/actions.html", context)


@page
@requires({"GET": permissions.ONTOLOGY_READ, "POST": permissions.ACTIONS_RUN})
@require_http_methods(["GET", "HEAD", "POST"])
def action(request: HttpRequest, ontology: str, action: str) -> HttpResponse:
    """A form made of the parameters; a preview of what a run would change; the run."""
    workspace = open_workspace(request, ontology, request.POST.get("ref"))
    info = selectors.get_action(
        ontology=workspace.name, action=action, ref=workspace.ref, commit=workspace.commit.id
    )
    errors: dict[str, list[str]] = {}
    general: list[dict[str, str]] = []
    result: ActionResult | None = None
    if request.method == "POST":
        given, unread = entered(info, request.POST)
        errors = {name: [text] for name, text in unread.items()}
        previewing = "preview" in request.POST
        if not errors:
            try:
                result = _run(request, workspace, info, given, dry_run=previewing)
            except (Conflict, Invalid, NotFound) as error:
                general = _sorted_errors(error, info, errors)
        if result is not None and not previewing:
            return _done(request, workspace, info, result)
    language = get_language() or "en"
    fields = form_of(
        info,
        request.POST if request.method == "POST" else None,
        language,
        errors,
        given={name: str(text) for name, text in request.GET.items() if name not in ("ref", "at")},
    )
    listed = [
        {"anchor": one.anchor, "place": one.field.label, "message": text}
        for one in fields
        for text in one.errors
    ]
    context = {
        "workspace": workspace,
        "title": text_in(info.display_name, language) or info.name,
        "info": info,
        "description": text_in(info.description, language),
        "fields": fields,
        "problems": [*listed, *general],
        "preview": _arranged(workspace, result) if result is not None else None,
        "message": request.POST.get("message", ""),
        "default_message": f"Run {info.name}",
        "suggest_url": page_url("action_objects", workspace.name, ref=workspace.ref),
        "back": page_url("actions", workspace.name, ref=workspace.ref),
        "definition": document_url(workspace.name, f"ActionType/{info.name}", workspace.ref),
    }
    return show(request, "console/action.html", context, status=422 if listed or general else 200)


def _run(
    request: HttpRequest,
    workspace: Workspace,
    info: ActionInfo,
    given: Mapping[str, Any],
    *,
    dry_run: bool,
) -> ActionResult:
    if workspace.branch is None:
        raise Invalid(workspace.why_read_only, code="read_only")
    return services.run_action(
        ontology=workspace.name,
        action=info.rid,
        parameters=given,
        branch=workspace.branch.name,
        message=request.POST.get("message", "").strip() or None,
        dry_run=dry_run,
    )


def _sorted_errors(
    error: OmsError, info: ActionInfo, errors: dict[str, list[str]]
) -> list[dict[str, str]]:
    """Put what is about a parameter with it; the rest, for the top of the page."""
    general: list[dict[str, str]] = []
    known = {one["apiName"] for one in info.parameters}
    for problem in error.errors:
        text = str(problem.get("message", ""))
        name = str(problem.get("field", "")).removeprefix("/parameters/").partition("/")[0]
        if str(problem.get("field", "")).startswith("/parameters/") and name in known:
            errors.setdefault(name, []).append(text)
        else:
            where = str(problem.get("document", ""))
            general.append({"message": f"{where}: {text}" if where else text})
    return general if error.errors else [{"message": error.message}]


def _arranged(workspace: Workspace, result: ActionResult) -> Any:
    return arrange(
        result.changes,
        ontology=workspace.name,
        before_ref=workspace.commit.id,
        after_ref=workspace.ref,
    )


def _done(
    request: HttpRequest, workspace: Workspace, info: ActionInfo, result: ActionResult
) -> HttpResponse:
    if result.commit is None:
        messages.info(request, _("Nothing changed: no commit was made."))
        return redirect(page_url("action", workspace.name, info.name, ref=workspace.ref))
    told: Any = _("Done: %(message)s") % {"message": result.commit.message.partition("\n")[0]}
    if info.revertible:
        told = format_html(
            '{} · <a href="{}">{}</a>',
            told,
            page_url("revert_run", workspace.name, result.commit.id, branch=workspace.ref),
            _("Undo"),
        )
    messages.success(request, told)
    return redirect(commit_url(workspace.name, result.commit.id, ref=workspace.ref))


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def objects(request: HttpRequest, ontology: str) -> HttpResponse:
    """Objects of a type for a picker, as JSON: ``{"items": [{"value", "label", …}]}``."""
    workspace = open_workspace(request, ontology)
    wanted = request.GET.get("kinds", "").partition(",")[0]
    text = request.GET.get("q", "").strip()[:200]
    items = [
        {
            "value": view.id,
            "label": view.title or view.id,
            "kind": view.type,
            "icon": KIND_ICONS["Object"],
            "detail": view.id if view.title else view.type,
        }
        for view in (_matching(workspace, wanted, text) if wanted else ())
    ]
    return HttpResponse(
        json.dumps({"items": items}, ensure_ascii=False), content_type="application/json"
    )


def _matching(workspace: Workspace, wanted: str, text: str) -> list[DocumentView]:
    """The object that is named, those whose key or title begins so, those in which it is found."""
    at: dict[str, Any] = {"ontology": workspace.name, "ref": workspace.commit.id}
    if not text:
        return list(list_objects(type=wanted, limit=_SUGGESTED, **at).items)
    found: dict[str, DocumentView] = {}
    target = text if "/" in text else f"{wanted}/{text}"
    try:
        named = selectors.get_document(target=target, **at)
        if named.kind == "Object":
            found[named.rid] = named
    except OmsError:
        pass
    definition = selectors.get_document(target=wanted, **at).body
    names = [definition.get("titleProperty"), *definition.get("primaryKey", ())]
    parts = tuple(Condition((name,), "startsWith", text) for name in dict.fromkeys(names) if name)
    try:
        if parts:
            page = list_objects(type=wanted, where=AnyOf(parts), limit=_SUGGESTED, **at)
            found.update((view.rid, view) for view in page.items)
    except OmsError:
        pass
    try:
        hits = search_objects(text=text, type=wanted, limit=_SUGGESTED, **at)
        found.update((hit.document.rid, hit.document) for hit in hits.items)
    except OmsError:
        pass
    return list(found.values())[:_SUGGESTED]


@page
@requires(permissions.ACTIONS_RUN)
@require_http_methods(["GET", "POST"])
def revert_run(request: HttpRequest, ontology: str, commit: str) -> HttpResponse:
    """Take back one run on a branch, as a new commit: a preview first."""
    workspace = open_workspace(request, ontology)
    info = selectors.resolve_ref(ontology=workspace.name, ref=commit)
    asked = request.POST if request.method == "POST" else request.GET
    branch = asked.get("branch", "").strip() or (
        workspace.branch.name if workspace.branch else workspace.ontology.default_branch
    )
    message = asked.get("message", "").strip()
    subject = info.message.partition("\n")[0]
    context = {
        "workspace": workspace,
        "title": _("Take back: %(subject)s") % {"subject": subject},
        "commit": info,
        "branch": branch,
        "into": branch,
        "message": message,
        "default_message": f'Revert "{subject}"',
        "ours_name": _("%(branch)s now") % {"branch": branch},
        "theirs_name": _("before the run"),
        "here": page_url("revert_run", workspace.name, info.id, branch=branch),
    }

    def act(dry_run: bool, answers: Answers | None, head: str | None) -> MergeResult:
        return services.revert_action(
            ontology=workspace.name,
            commit=info.id,
            branch=branch,
            message=message or None,
            dry_run=dry_run,
            resolutions=answers.resolutions if answers else (),
            expected_head=head,
        )

    return preview_and_do(request, workspace, "console/revert_run.html", context, act, branch)
