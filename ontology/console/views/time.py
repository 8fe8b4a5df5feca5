"""One document in time: who gave it its values, and two of its revisions side by side."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest, Invalid, NotFound
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.presenters.changes import FieldRow, field_rows
from ontology.console.presenters.values import Naming
from ontology.console.views.definitions import heading
from ontology.console.views.explorer import side_panel
from ontology.console.workspace import open_workspace
from ontology.contract import CommitInfo, FieldChange
from ontology.domain.diff import field_changes
from ontology.domain.kinds import INSTANCE_KINDS, Kind

__all__ = ["blame", "revisions"]


@dataclass(frozen=True, slots=True)
class BlamedRow:
    """A value, and the commit that gave it."""

    field: FieldRow
    commit: CommitInfo


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def blame(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Every value of one document with the commit that gave it."""
    workspace = open_workspace(request, ontology)
    found = selectors.blame(ontology=workspace.name, target=target, ref=workspace.ref)
    naming = Naming(workspace.name, workspace.ref, found.names)
    commits = {commit.id: commit for commit in found.commits}
    rows = field_rows(
        [FieldChange(entry.path, entry.label, None, entry.value, "add") for entry in found.entries],
        naming,
        is_data=found.document.kind in INSTANCE_KINDS,
    )
    context = {
        **side_panel(workspace, found.document),
        **heading(workspace, found.document),
        "rows": [
            BlamedRow(row, commits[entry.commit])
            for row, entry in zip(rows, found.entries, strict=True)
        ],
        "masked": found.document.body.get("_masked", ()),
    }
    return show(request, "console/blame.html", context)


@page
@requires(permissions.ONTOLOGY_READ)
@require_safe
def revisions(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """One document at two refs."""
    workspace = open_workspace(request, ontology)
    before = request.GET.get("from", "").strip()
    after = request.GET.get("to", "").strip()
    view = selectors.get_document(
        ontology=workspace.name, target=target, ref=workspace.ref, include_deleted=True
    )
    context = {
        **side_panel(workspace, view),
        **heading(workspace, view),
        "before": before,
        "after": after or workspace.ref,
        "error": "",
    }
    if not before:
        context["error"] = _("Choose two revisions.")
        return show(request, "console/revisions.html", context, status=422)
    try:
        found = selectors.compare_document(
            ontology=workspace.name,
            target=view.rid,
            from_ref=before,
            to_ref=after or workspace.ref,
        )
    except (BadRequest, Invalid, NotFound) as error:
        context["error"] = error.message
        return show(request, "console/revisions.html", context, status=422)
    diff = found.diff
    context["operation"] = diff.operation if diff else ""
    context["rows"] = (
        field_rows(
            field_changes(Kind(diff.kind), diff.before, diff.after),
            Naming(workspace.name, found.to_commit, found.names),
            is_data=diff.kind in INSTANCE_KINDS,
        )
        if diff
        else ()
    )
    context["commits"] = [
        selectors.resolve_ref(ontology=workspace.name, ref=commit)
        for commit in (found.from_commit, found.to_commit)
    ]
    return show(request, "console/revisions.html", context)
