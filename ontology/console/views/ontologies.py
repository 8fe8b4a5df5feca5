"""All ontologies, a new one, and the end of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from events.console.notices import disabled_webhooks
from oms_project.console.pages import allowed, page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid
from oms_project.core.routes import AUTHENTICATED, requires
from ontology import selectors, services
from ontology.console.forms.labels import KIND_ICONS, KINDS_PLURAL
from ontology.console.links import explorer_url, page_url
from ontology.contract import CommitInfo, OntologyInfo
from ontology.domain.kinds import DEFINITION_KINDS

__all__ = ["create", "dashboard", "delete", "index"]

#: Branches are counted up to here; nobody compares 400 with 500 on a card.
COUNTED_BRANCHES = 100
#: Ontologies with full cards; the rest is a plain list.
FULL_CARDS = 60


@dataclass(frozen=True, slots=True)
class Card:
    """What one ontology shows of itself in the list."""

    ontology: OntologyInfo
    counts: tuple[tuple[Any, int, str], ...]
    branches: int
    more_branches: bool
    last_commit: CommitInfo | None


@page
@requires(AUTHENTICATED("it lists what one may read, and nothing else"))
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The list of ontologies."""
    return show(request, "console/ontologies.html", overview())


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The admin's home page (``UNFOLD["DASHBOARD_CALLBACK"]``): the same cards."""
    if request.user.is_authenticated:
        context.update({**overview(), "title": _("Home"), "is_fullwidth": "1"})
    return context


def overview() -> dict[str, Any]:
    """Cards of every ontology this person may see."""
    every = selectors.list_ontologies()
    return {
        "title": _("Ontologies"),
        "cards": [_card(info) for info in every[:FULL_CARDS]],
        "others": every[FULL_CARDS:],
        "may_create": allowed(permissions.ONTOLOGY_CREATE),
        "disabled": disabled_webhooks(),
    }


def _card(info: OntologyInfo) -> Card:
    statistics = selectors.statistics(ontology=info.name)
    branches = selectors.list_branches(ontology=info.name, limit=COUNTED_BRANCHES)
    latest = selectors.log(ontology=info.name, limit=1).items
    return Card(
        ontology=info,
        counts=tuple(
            (KINDS_PLURAL[kind], statistics[kind], KIND_ICONS[kind])
            for kind in (member.value for member in DEFINITION_KINDS)
            if statistics.get(kind)
        ),
        branches=len(branches.items),
        more_branches=branches.next_cursor is not None,
        last_commit=latest[0] if latest else None,
    )


@page
@requires(permissions.ONTOLOGY_CREATE)
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Make a new ontology."""
    values = {
        name: request.POST.get(name, "").strip()
        for name in ("name", "base_iri", "display_name", "description")
    }
    errors: dict[str, str] = {}
    if request.method == "POST":
        language = (get_language() or "en").partition("-")[0]
        label = values["display_name"]
        try:
            made = services.create_ontology(
                name=values["name"],
                base_iri=values["base_iri"],
                display_name={language: label} if label else None,
                description=values["description"],
            )
        except (Invalid, Conflict) as error:
            errors = _by_field(error)
        else:
            messages.success(
                request,
                _("%(name)s is ready. Add a definition, or import a file.") % {"name": made.name},
            )
            return redirect(explorer_url(made.name))
    context = {"title": _("New ontology"), "values": values, "errors": errors}
    return show(request, "console/ontology_new.html", context, status=422 if errors else 200)


def _by_field(error: Invalid | Conflict) -> dict[str, str]:
    """Messages by the form's fields; what fits none stands under ``""``."""
    names = {"name": "name", "baseIri": "base_iri", "base_iri": "base_iri"}
    found: dict[str, str] = {}
    for one in error.errors:
        field = str(one.get("field", "")).strip("/").partition("/")[0]
        found.setdefault(names.get(field, ""), str(one.get("message", "")))
    if not found:
        field = "name" if isinstance(error, Conflict) else ""
        found[field] = error.message
    return found


@page
@requires({"GET": permissions.ONTOLOGY_READ, "POST": permissions.ONTOLOGY_ADMINISTER})
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, ontology: str) -> HttpResponse:
    """Delete an ontology, after its name was typed in."""
    info = selectors.get_ontology(ontology=ontology)
    error = ""
    if request.method == "POST":
        if request.POST.get("confirm", "").strip() == info.name:
            services.delete_ontology(ontology=info.name)
            messages.success(request, _("%(name)s was deleted.") % {"name": info.name})
            return redirect("console:index")
        error = _("This is not its name. Type %(name)s to delete it.") % {"name": info.name}
    context = {
        "title": _("Delete %(name)s") % {"name": info.name},
        "ontology": info,
        "statistics": [
            (KINDS_PLURAL.get(kind, kind), count)
            for kind, count in selectors.statistics(ontology=info.name).items()
            if count
        ],
        "error": error,
        "back": page_url("explorer", info.name),
    }
    return show(request, "console/ontology_delete.html", context, status=422 if error else 200)
