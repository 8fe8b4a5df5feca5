"""Where an ontology lives: home and index beside each other, and what others did there."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.links import page_url
from ontology.console.workspace import open_workspace
from ontology.services import homes

__all__ = ["act", "home"]

PAGE_SIZE = 50


@page
@requires(permissions.ONTOLOGY_ADMINISTER)
@require_http_methods(["GET", "HEAD"])
def home(request: HttpRequest, ontology: str) -> HttpResponse:
    """How far home and index are apart, and the strays."""
    workspace = open_workspace(request, ontology)
    cursor = request.GET.get("cursor") or None
    listing = selectors.list_strays(ontology=workspace.name, limit=PAGE_SIZE, cursor=cursor)
    kinds = {
        "commit": _("A commit"),
        "record": _("A commit that says what is not so"),
        "branch": _("A new branch"),
        "branch_missing": _("A branch is gone"),
        "branch_moved": _("A branch was moved"),
    }
    context = {
        "workspace": workspace,
        "title": _("Home"),
        "status": selectors.home_status(ontology=workspace.name),
        "items": [(one, kinds.get(one.kind, one.kind)) for one in listing.items],
        "next_url": (
            page_url("home", workspace.name, cursor=listing.next_cursor)
            if listing.next_cursor
            else ""
        ),
    }
    return show(request, "console/home.html", context)


@page
@requires(permissions.ONTOLOGY_ADMINISTER)
@require_http_methods(["POST"])
def act(request: HttpRequest, ontology: str) -> HttpResponse:
    """Look now, or settle one stray."""
    workspace = open_workspace(request, ontology)
    stray = request.POST.get("settle", "")
    if stray:
        if not stray.isascii() or not stray.isdecimal():
            raise BadRequest(_("This is no number of a stray."))
        homes.settle_stray(ontology=workspace.name, stray=int(stray))
        messages.success(request, _("The home was put back to what OMS knows."))
    else:
        report = homes.reconcile(ontology=workspace.name)
        for problem in report.problems:
            messages.error(request, problem)
        if not report.problems:
            told = ngettext(
                "Home and index were compared: %(count)d commit was finished.",
                "Home and index were compared: %(count)d commits were finished.",
                report.finished,
            )
            messages.success(request, told % {"count": report.finished})
    return redirect(page_url("home", workspace.name))
