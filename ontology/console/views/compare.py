"""The differences between two refs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from oms_project.console.pages import page, page_number, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import Invalid, NotFound
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.links import page_url
from ontology.console.presenters.changes import arrange
from ontology.console.workspace import open_workspace

__all__ = ["compare"]


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def compare(request: HttpRequest, ontology: str) -> HttpResponse:
    """Choose two refs, read what differs."""
    workspace = open_workspace(request, ontology)
    before = request.GET.get("from", "").strip()
    after = request.GET.get("to", "").strip()
    since_fork = bool(request.GET.get("since_fork"))
    filters = {name: request.GET.get(name, "").strip() for name in ("kind", "operation", "q")}
    context = {
        "workspace": workspace,
        "title": _("Compare"),
        "before": before or workspace.ontology.default_branch,
        "after": after or workspace.ref,
        "since_fork": since_fork,
        "filters": filters,
        "compared": False,
        "error": "",
    }
    if before and after:
        try:
            diff = selectors.diff(
                ontology=workspace.name, from_ref=before, to_ref=after, merge_base=since_fork
            )
        except (Invalid, NotFound) as error:
            context["error"] = error.message
            return show(request, "console/compare.html", context, status=422)
        context["compared"] = True
        context["changes"] = arrange(
            diff,
            ontology=workspace.name,
            before_ref=diff.from_commit,
            after_ref=after,
            kind=filters["kind"],
            operation=filters["operation"],
            text=filters["q"],
            page=page_number(request.GET.get("page", "")),
        )
        context["here"] = page_url("compare", workspace.name)
        context["hidden"] = {
            "ref": workspace.ref,
            "from": before,
            "to": after,
            "since_fork": "1" if since_fork else "",
        }
        context["swapped"] = page_url("compare", workspace.name, **{"from": after, "to": before})
    return show(request, "console/compare.html", context)
