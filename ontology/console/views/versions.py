"""Branches, tags, the log, and single commits."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oms_project.console.pages import page, page_number, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.routes import requires
from ontology import selectors, services
from ontology.console.links import page_url
from ontology.console.presenters.changes import arrange
from ontology.console.presenters.graph import draw
from ontology.console.workspace import open_workspace
from ontology.domain.authorship import parse_author

__all__ = [
    "branch_action",
    "branches",
    "commit",
    "create_branch",
    "create_tag",
    "log",
    "tag_action",
]

BRANCH_PAGE = 50
LOG_PAGE = 50


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def branches(request: HttpRequest, ontology: str) -> HttpResponse:
    """All branches and tags, with forms for new ones."""
    return _branches_page(request, ontology)


def _branches_page(
    request: HttpRequest, ontology: str, errors: dict[str, str] | None = None
) -> HttpResponse:
    workspace = open_workspace(request, ontology, None)
    branch_cursor = request.GET.get("branches") or None
    tag_cursor = request.GET.get("tags") or None
    branch_list = selectors.list_branches(
        ontology=workspace.name, limit=BRANCH_PAGE, cursor=branch_cursor
    )
    tag_list = selectors.list_tags(ontology=workspace.name, limit=BRANCH_PAGE, cursor=tag_cursor)
    context = {
        "workspace": workspace,
        "title": _("Branches and tags"),
        "branch_list": branch_list.items,
        "tag_list": tag_list.items,
        "more_branches": (
            page_url("branches", workspace.name, branches=branch_list.next_cursor)
            if branch_list.next_cursor
            else ""
        ),
        "more_tags": (
            page_url("branches", workspace.name, tags=tag_list.next_cursor)
            if tag_list.next_cursor
            else ""
        ),
        "errors": errors or {},
        "values": request.POST,
        "from_ref": request.POST.get("from_ref") or request.GET.get("from") or workspace.ref,
        "tag_ref": request.POST.get("tag_ref") or request.GET.get("from") or workspace.ref,
    }
    return show(request, "console/branches.html", context, status=422 if errors else 200)


@page
@requires(permissions.ONTOLOGY_BRANCH)
@require_POST
def create_branch(request: HttpRequest, ontology: str) -> HttpResponse:
    """A new branch from any ref."""
    try:
        made = services.create_branch(
            ontology=ontology,
            name=request.POST.get("branch_name", "").strip(),
            from_ref=request.POST.get("from_ref", "").strip(),
            protected="protected" in request.POST,
        )
    except (Conflict, Invalid, NotFound) as error:
        return _branches_page(request, ontology, {"branch": error.message})
    messages.success(request, _("You are now on the new branch %(name)s.") % {"name": made.name})
    return redirect(page_url("explorer", ontology, ref=made.name))


@page
@requires(permissions.ONTOLOGY_BRANCH)
@require_POST
def branch_action(request: HttpRequest, ontology: str) -> HttpResponse:
    """Protect, open or delete a branch."""
    name = request.POST.get("name", "")
    action = request.POST.get("action", "")
    if action in ("protect", "open"):
        services.update_branch(ontology=ontology, name=name, protected=action == "protect")
        told = (
            _("%(name)s is protected now.") if action == "protect" else _("%(name)s is open now.")
        )
        messages.success(request, told % {"name": name})
    elif action == "delete":
        services.delete_branch(ontology=ontology, name=name)
        messages.success(request, _("The branch %(name)s was deleted.") % {"name": name})
    elif action == "default":
        services.update_ontology(ontology=ontology, default_branch=name)
        messages.success(request, _("%(name)s is the default branch now.") % {"name": name})
    return redirect("console:branches", ontology)


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_POST
def create_tag(request: HttpRequest, ontology: str) -> HttpResponse:
    """A new tag at any ref."""
    try:
        made = services.create_tag(
            ontology=ontology,
            name=request.POST.get("tag_name", "").strip(),
            ref=request.POST.get("tag_ref", "").strip(),
            message=request.POST.get("tag_message", "").strip(),
        )
    except (Conflict, Invalid, NotFound) as error:
        return _branches_page(request, ontology, {"tag": error.message})
    messages.success(request, _("The tag %(name)s was created.") % {"name": made.name})
    return redirect("console:branches", ontology)


@page
@requires(permissions.ONTOLOGY_ADMINISTER)
@require_POST
def tag_action(request: HttpRequest, ontology: str) -> HttpResponse:
    """Delete a tag."""
    name = request.POST.get("name", "")
    services.delete_tag(ontology=ontology, name=name)
    messages.success(request, _("The tag %(name)s was deleted.") % {"name": name})
    return redirect("console:branches", ontology)


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def log(request: HttpRequest, ontology: str) -> HttpResponse:
    """The commits that led to a ref, newest first, with their graph."""
    workspace = open_workspace(request, ontology)
    cursor = request.GET.get("cursor") or None
    listing = selectors.log(
        ontology=workspace.name, ref=workspace.ref, limit=LOG_PAGE, cursor=cursor
    )
    marks: dict[str, list[tuple[str, str]]] = {}
    for branch in workspace.branches:
        marks.setdefault(branch.head, []).append(("branch", branch.name))
    for tag in workspace.tags:
        marks.setdefault(tag.commit, []).append(("tag", tag.name))
    rows = [(row, marks.get(row.commit.id, ())) for row in draw(listing.items)]
    context = {
        "workspace": workspace,
        "title": _("History"),
        "rows": rows,
        "next_url": (
            page_url("log", workspace.name, ref=workspace.ref, cursor=listing.next_cursor)
            if listing.next_cursor
            else ""
        ),
        "first_url": page_url("log", workspace.name, ref=workspace.ref) if cursor else "",
    }
    return show(request, "console/log.html", context)


@page
@requires(permissions.ONTOLOGY_READ)
@require_http_methods(["GET", "HEAD"])
def commit(request: HttpRequest, ontology: str, commit: str) -> HttpResponse:
    """One commit and what it changed."""
    workspace = open_workspace(request, ontology, None)
    info, diff = selectors.show_commit(ontology=workspace.name, commit=commit)
    changes = arrange(
        diff,
        ontology=workspace.name,
        before_ref=info.parents[0] if info.parents else info.id,
        after_ref=info.id,
        kind=request.GET.get("kind", ""),
        operation=request.GET.get("operation", ""),
        text=request.GET.get("q", "").strip(),
        page=page_number(request.GET.get("page", "")),
    )
    context = {
        "workspace": workspace,
        "title": info.message.partition("\n")[0] or info.short_id,
        "commit": info,
        "author": parse_author(info.signature),
        "forged": selectors.signature_problem(ontology=workspace.name, commit=info),
        "message_rest": info.message.partition("\n")[2].strip(),
        "changes": changes,
        "here": page_url("commit", workspace.name, info.id),
        "hidden": {"ref": workspace.ref},
        "filters": {name: request.GET.get(name, "") for name in ("kind", "operation", "q")},
        "revert_branch": workspace.branch.name if workspace.branch else "",
        "run_of": selectors.revertible_run(
            ontology=workspace.name, commit=info, branch=workspace.branch
        ),
    }
    return show(request, "console/commit.html", context)
