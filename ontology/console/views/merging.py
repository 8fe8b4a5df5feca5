"""Merge one branch into another, undo a commit: preview, settle conflicts, do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from oms_project.console.pages import page, show, status_of
from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid, OmsError
from oms_project.core.ids import RID_PATTERN
from oms_project.core.routes import requires
from ontology import selectors, services
from ontology.console.links import commit_url, document_url, page_url
from ontology.console.presenters.changes import arrange
from ontology.console.presenters.conflicts import (
    MOST_CONFLICTS,
    Answers,
    arrange_conflicts,
    read_answers,
)
from ontology.console.presenters.values import Naming
from ontology.console.workspace import Workspace, open_workspace
from ontology.contract import Conflict as MergeConflict
from ontology.contract import MergeResult

__all__ = ["Answers", "merge", "preview_and_do", "revert"]

#: Called with ``dry_run``, the answers and the head that the person saw.
Act = Callable[[bool, Answers | None, str | None], MergeResult]


@page
@requires({"GET": permissions.ONTOLOGY_READ, "POST": permissions.ONTOLOGY_WRITE})
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, ontology: str) -> HttpResponse:
    """Choose two branches, see what a merge would do, settle conflicts, merge."""
    workspace = open_workspace(request, ontology)
    asked = request.POST if request.method == "POST" else request.GET
    source = asked.get("source", "").strip()
    into = asked.get("into", "").strip()
    message = asked.get("message", "").strip()
    no_ff = bool(asked.get("no_ff"))
    context = {
        "workspace": workspace,
        "title": _("Merge"),
        "source": source,
        "into": into or workspace.ontology.default_branch,
        "no_ff": no_ff,
        "message": message,
        "default_message": f"Merge {source} into {into}",
        "ours_name": into,
        "theirs_name": source,
        "here": page_url("merge", workspace.name, source=source, into=into),
    }
    if not (source and into):
        context["source"] = source or ("" if workspace.ref == context["into"] else workspace.ref)
        return show(request, "console/merge.html", context)

    def act(dry_run: bool, answers: Answers | None, head: str | None) -> MergeResult:
        return services.merge(
            ontology=workspace.name,
            source=source,
            into=into,
            message=message or None,
            dry_run=dry_run,
            resolutions=answers.resolutions if answers else (),
            no_ff=no_ff,
            expected_head=head,
        )

    return preview_and_do(request, workspace, "console/merge.html", context, act, into)


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def revert(request: HttpRequest, ontology: str, commit: str) -> HttpResponse:
    """Undo one commit on a branch, as a new commit."""
    workspace = open_workspace(request, ontology)
    info = selectors.resolve_ref(ontology=workspace.name, ref=commit)
    asked = request.POST if request.method == "POST" else request.GET
    branch = asked.get("branch", "").strip() or (
        workspace.branch.name if workspace.branch else workspace.ontology.default_branch
    )
    message = asked.get("message", "").strip()
    mainline = asked.get("mainline", "1")
    number = int(mainline) if mainline in ("1", "2") else 1
    subject = info.message.partition("\n")[0]
    context = {
        "workspace": workspace,
        "title": _("Revert: %(subject)s") % {"subject": subject},
        "commit": info,
        "branch": branch,
        "into": branch,
        "mainline": number,
        "message": message,
        "default_message": f'Revert "{subject}"',
        "ours_name": _("%(branch)s now") % {"branch": branch},
        "theirs_name": _("before the commit"),
        "here": page_url("revert", workspace.name, info.id, branch=branch),
    }

    def act(dry_run: bool, answers: Answers | None, head: str | None) -> MergeResult:
        return services.revert(
            ontology=workspace.name,
            commit=info.id,
            branch=branch,
            message=message or None,
            mainline=number,
            dry_run=dry_run,
            resolutions=answers.resolutions if answers else (),
            expected_head=head,
        )

    return preview_and_do(request, workspace, "console/revert.html", context, act, branch)


def preview_and_do(
    request: HttpRequest,
    workspace: Workspace,
    template: str,
    context: dict[str, Any],
    act: Act,
    branch: str,
) -> HttpResponse:
    """Preview on GET and on "preview"; otherwise do it when nothing stands in the way."""
    answers = read_answers(request.POST) if request.method == "POST" else None
    doing = request.method == "POST" and "preview" not in request.POST
    head = request.POST.get("head") or None
    errors: list[Any] = []
    problem = ""
    result: MergeResult | None = None
    if answers is not None and answers.errors:
        problem = _("An answer cannot be read. It is marked below.")
    else:
        try:
            result = act(not doing, answers, head if doing else None)
        except (Conflict, Invalid) as error:
            problem, errors = _told(error), error.errors
    if result is not None and doing and result.status in ("merged", "fast_forward"):
        _say(request, workspace, result, branch)
        assert result.commit is not None
        return redirect(commit_url(workspace.name, result.commit.id, ref=branch))
    if result is None:
        # Show the conflicts again, as if nothing had been answered.
        try:
            result = act(True, None, None)
        except (Conflict, Invalid) as error:
            problem = problem or _told(error)
    if result is not None:
        every = result.conflicts
        if answers is not None and answers.resolutions:
            # Answered conflicts stay on the page, so that an answer can be changed.
            every = act(True, None, None).conflicts
        context.update(_previewed(workspace, context, result, every, answers, errors))
    context["problem"] = problem
    context["answered"] = answers is not None
    context["general"] = answers.general if answers else ""
    return show(request, template, context, status=422 if problem else 200)


def _told(error: OmsError) -> str:
    if error.error_code == "stale_head":
        return _("The branch has moved on since you looked. This is the preview as of now.")
    return error.message if status_of(error) != 500 else str(error)


def _previewed(
    workspace: Workspace,
    context: dict[str, Any],
    result: MergeResult,
    every: Sequence[MergeConflict],
    answers: Answers | None,
    errors: list[Any],
) -> dict[str, Any]:
    names = dict(result.changes.names) if result.changes else {}
    unknown = {
        found.group()
        for conflict in every[:MOST_CONFLICTS]
        for value in (conflict.base, conflict.ours, conflict.theirs)
        for found in _rids(value)
    } - names.keys()
    for ref in (result.theirs, result.ours):
        if unknown:
            names.update(selectors.names_of(ontology=workspace.name, rids=sorted(unknown), ref=ref))
            unknown -= names.keys()
    naming = Naming(workspace.name, context["into"], names)
    return {
        "result": result,
        "conflicts": arrange_conflicts(every, answers, naming, errors),
        "open": {conflict.id for conflict in result.conflicts},
        "more_conflicts": max(0, len(every) - MOST_CONFLICTS),
        "problems": [
            {
                **problem,
                "url": document_url(
                    workspace.name, problem.get("document") or problem.get("rid", ""), result.theirs
                ),
            }
            for problem in result.problems
        ],
        "changes": (
            arrange(
                result.changes,
                ontology=workspace.name,
                before_ref=result.ours,
                after_ref=result.theirs,
            )
            if result.changes is not None and result.status in ("merged", "fast_forward")
            else None
        ),
    }


def _rids(value: Any) -> list[Any]:
    """Everything inside ``value`` that looks like a reference."""
    if isinstance(value, str):
        match = RID_PATTERN.match(value)
        return [match] if match else []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [found for item in value for found in _rids(item)]
    return []


def _say(request: HttpRequest, workspace: Workspace, result: MergeResult, branch: str) -> None:
    commit = result.commit
    assert commit is not None
    if result.status == "fast_forward":
        messages.success(request, _("%(branch)s moved forward.") % {"branch": branch})
        return
    messages.success(
        request,
        format_html(
            '{} · <a href="{}">{}</a>',
            _("Committed: %(message)s") % {"message": commit.message.partition("\n")[0]},
            page_url("revert", workspace.name, commit.id, branch=branch),
            _("Undo"),
        ),
    )
