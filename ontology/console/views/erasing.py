"""Erasing values of an object or link for good, after its name was typed in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import Invalid
from oms_project.core.routes import requires
from ontology import selectors, services
from ontology.console.links import page_url
from ontology.console.workspace import open_workspace

__all__ = ["erase", "erased"]

PAGE_SIZE = 50


@page
@requires(permissions.ONTOLOGY_ERASE)
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Choose values, say why, type in whose they are."""
    workspace = open_workspace(request, ontology)
    view = selectors.get_document(
        ontology=workspace.name, target=target, ref=workspace.ref, include_deleted=True
    )
    chosen = request.POST.getlist("field")
    reason = request.POST.get("reason", "")
    errors: dict[str, str] = {}
    if request.method == "POST":
        if not chosen:
            errors["field"] = _("Choose at least one value.")
        if request.POST.get("confirm", "").strip() != view.id:
            errors["confirm"] = _("This is not its name. Type %(name)s to erase.") % {
                "name": view.id
            }
        if not errors:
            try:
                done = services.redact(
                    ontology=workspace.name,
                    target=view.rid,
                    ref=workspace.ref,
                    fields=chosen,
                    reason=reason,
                )
            except Invalid as error:
                errors["reason"] = error.message
            else:
                versions = done.redaction.versions
                told = ngettext(
                    "Values were erased from %(count)d version.",
                    "Values were erased from %(count)d versions.",
                    versions,
                )
                messages.success(request, told % {"count": versions})
                if done.messages:
                    messages.warning(
                        request,
                        ngettext(
                            "The message of %(count)d commit names one of them, and stays.",
                            "The messages of %(count)d commits name some of them, and stay.",
                            len(done.messages),
                        )
                        % {"count": len(done.messages)},
                    )
                return redirect(page_url("document", workspace.name, view.rid, ref=workspace.ref))
    names: tuple[str, ...] = ()
    versions = 0
    try:
        asked = services.redact(
            ontology=workspace.name,
            target=view.rid,
            ref=workspace.ref,
            reason=_("Preview"),
            dry_run=True,
        )
        names, versions = asked.redaction.fields, asked.redaction.versions
    except Invalid as error:
        errors.setdefault("field", error.message)
    context = {
        "workspace": workspace,
        "view": view,
        "title": _("Erase values of %(name)s") % {"name": view.id},
        "names": [(name, name in chosen) for name in names],
        "versions": versions,
        "reason": reason,
        "errors": errors,
        "back": page_url("document", workspace.name, view.rid, ref=workspace.ref),
    }
    return show(
        request,
        "console/erase.html",
        context,
        status=422 if errors and request.method == "POST" else 200,
    )


@page
@requires(permissions.ONTOLOGY_ERASE)
@require_http_methods(["GET", "HEAD"])
def erased(request: HttpRequest, ontology: str) -> HttpResponse:
    """What was erased, by whom and why."""
    workspace = open_workspace(request, ontology)
    cursor = request.GET.get("cursor") or None
    listing = selectors.list_redactions(ontology=workspace.name, limit=PAGE_SIZE, cursor=cursor)
    context = {
        "workspace": workspace,
        "title": _("Erased values"),
        "items": listing.items,
        "next_url": (
            page_url("erased", workspace.name, cursor=listing.next_cursor)
            if listing.next_cursor
            else ""
        ),
    }
    return show(request, "console/erased.html", context)
