"""Forms that create and change one definition, each save a commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import PermissionDenied
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.commits import Attempt, attempt, say_committed
from ontology.console.forms.bound import Form
from ontology.console.forms.labels import KIND_ICONS, KINDS
from ontology.console.forms.read import Submission, read
from ontology.console.forms.spec import fields_of
from ontology.console.links import document_url, explorer_url, page_url, target_of
from ontology.console.presenters.changes import ChangePage, arrange, field_rows
from ontology.console.presenters.values import Naming
from ontology.console.views.definitions import heading, referenced
from ontology.console.workspace import Workspace, open_workspace
from ontology.contract import Change, CommitResult, DocumentView
from ontology.domain.diff import field_changes
from ontology.domain.documents import normalise
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, MODELS, Kind

__all__ = ["create", "edit"]


@dataclass
class Page:
    """The state of one editing page.

    Attributes:
        view: the document as it stands now; None while it is being created.
        body: what the boxes hold.
        etag, base: what the person started from: the document's etag and the commit.
        theirs: what somebody else changed meanwhile, as rows.
        clashes: labels of fields that both changed.
    """

    workspace: Workspace
    kind: Kind
    view: DocumentView | None
    body: Mapping[str, Any]
    names: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""
    base: str = ""
    submission: Submission | None = None
    errors: Sequence[Mapping[str, Any]] = ()
    message: str = ""
    preview: ChangePage | None = None
    theirs: tuple[Any, ...] = ()
    clashes: tuple[str, ...] = ()
    changed_meanwhile: bool = False

    def render(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        view = self.view
        form = Form(
            fields_of(self.kind),
            self.body,
            names=self.names,
            language=_language(self.workspace),
            submission=self.submission,
            errors=self.errors,
            rid=view.rid if view else "",
            document=view.id if view else f"{self.kind.value}/{self.body.get('apiName', '')}",
        )
        kind_label = str(KINDS[self.kind.value])
        if view is not None:
            title = _("Edit %(name)s") % {"name": view.name or kind_label}
            context = heading(self.workspace, view)
            back = document_url(
                self.workspace.name, target_of(view.id, view.rid), self.workspace.ref
            )
        else:
            title = _("New %(kind)s") % {"kind": kind_label.lower()}
            context = {
                "workspace": self.workspace,
                "kind_label": kind_label,
                "kind_icon": KIND_ICONS[self.kind.value],
            }
            back = explorer_url(self.workspace.name, self.workspace.ref, kind=self.kind.value)
        context.update(
            {
                "title": title,
                "form": form,
                "kind": self.kind.value,
                "etag": self.etag,
                "base": self.base,
                "message": self.message,
                "default_message": _default_message(self.kind, view, self.body),
                "preview": self.preview,
                "theirs": self.theirs,
                "clashes": self.clashes,
                "changed_meanwhile": self.changed_meanwhile,
                "back": back,
                "is_new": view is None,
                "suggest_url": page_url("suggest", self.workspace.name, ref=self.workspace.ref),
            }
        )
        status = 409 if self.changed_meanwhile else 422 if self.errors else 200
        return show(request, "console/edit.html", context, status=status)


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest, ontology: str, kind: str) -> HttpResponse:
    """A new definition of ``kind``."""
    if kind not in {member.value for member in DEFINITION_KINDS}:
        raise Http404
    workspace = _writable(request, ontology)
    # ?parents=ObjectType/Person and the like fill in the boxes: "add a subtype".
    prefilled = {
        name: request.GET.getlist(name)
        for name in ("parents", "sources", "targets")
        if request.GET.get(name)
    }
    screen = Page(workspace, Kind(kind), None, prefilled, base=workspace.commit.id)
    if request.method == "GET":
        return screen.render(request)
    submission = _receive(request, screen)
    screen.body = submission.body
    if request.POST.get("_do") or screen.errors:
        return screen.render(request)
    change = Change(op="create", kind=kind, fields=submission.body)
    return _commit(request, screen, change)


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Change a definition."""
    workspace = _writable(request, ontology)
    view = selectors.get_document(ontology=workspace.name, target=target, ref=workspace.ref)
    if view.kind in INSTANCE_KINDS:
        return redirect(page_url("edit_object", workspace.name, view.rid, ref=workspace.ref))
    if view.kind not in MODELS:
        raise Http404
    screen = Page(
        workspace,
        Kind(view.kind),
        view,
        view.body,
        names=referenced(workspace, view),
        etag=view.etag,
        base=workspace.commit.id,
    )
    if request.method == "GET":
        return screen.render(request)
    submission = _receive(request, screen)
    if "apiName" in view.body:
        # Renaming is an act of its own, which leaves the old name behind as an alias.
        submission.body["apiName"] = view.body["apiName"]
    screen.body = submission.body
    screen.etag = request.POST.get("etag", "")
    screen.base = request.POST.get("base", "")
    if request.POST.get("_do") or screen.errors:
        return screen.render(request)
    change = Change(
        op="replace", target=view.rid, fields=submission.body, if_match=screen.etag or None
    )
    return _commit(request, screen, change)


def _writable(request: HttpRequest, ontology: str) -> Workspace:
    workspace = open_workspace(request, ontology, request.POST.get("ref") or None)
    if not workspace.may_write:
        raise PermissionDenied(workspace.why_read_only)
    return workspace


def _receive(request: HttpRequest, screen: Page) -> Submission:
    submission = read(fields_of(screen.kind), request.POST)
    screen.submission = submission
    screen.message = request.POST.get("message", "").strip()
    # A button that only reshapes the form is no reason to complain about what is typed so far.
    screen.errors = () if request.POST.get("_do") else submission.errors
    return submission


def _commit(request: HttpRequest, screen: Page, change: Change) -> HttpResponse:
    workspace = screen.workspace
    message = screen.message or _default_message(screen.kind, screen.view, screen.body)
    previewing = "preview" in request.POST
    outcome = attempt(workspace, [change], message, dry_run=previewing)
    if outcome.changed_meanwhile and screen.view is not None:
        _meet(screen, screen.view)
        return screen.render(request)
    if outcome.result is None:
        screen.errors = outcome.errors
        return screen.render(request)
    if previewing:
        screen.preview = _preview(screen, outcome.result)
        return screen.render(request)
    say_committed(request, workspace, outcome.result.commit)
    return redirect(_after(screen, outcome))


def _after(screen: Page, outcome: Attempt) -> str:
    workspace = screen.workspace
    if outcome.result is not None and outcome.result.documents:
        made = outcome.result.documents[0]
        return document_url(workspace.name, target_of(made.id, made.rid), workspace.ref)
    if screen.view is not None:
        target = target_of(screen.view.id, screen.view.rid)
        return document_url(workspace.name, target, workspace.ref)
    return explorer_url(workspace.name, workspace.ref)


def _preview(screen: Page, result: CommitResult) -> ChangePage:
    name, ref = screen.workspace.name, screen.workspace.ref
    return arrange(result.changes, ontology=name, before_ref=ref, after_ref=ref)


def _meet(screen: Page, current: DocumentView) -> None:
    """Somebody changed the document meanwhile: put this person's changes on top of theirs.

    Fields that this person did not touch take the new value; fields they did touch keep theirs,
    and those that both touched are named. Nothing is saved until they have seen it.
    """
    started = _started_from(screen, current)
    mine = _normal(screen.kind, screen.body)
    names = dict(screen.names)
    naming = Naming(screen.workspace.name, screen.workspace.ref, names)
    screen.theirs = field_rows(field_changes(screen.kind, started, current.body), naming)
    merged: dict[str, Any] = {}
    clashes = []
    for one in fields_of(screen.kind):
        was, is_mine, is_theirs = (source.get(one.name) for source in (started, mine, current.body))
        touched = _resolved(is_mine, names) != _resolved(was, names)
        value = is_mine if touched else is_theirs
        if touched and is_theirs not in (was, is_mine):
            clashes.append(str(one.label))
        if value is not None:
            merged[one.name] = value
    screen.body = merged
    screen.clashes = tuple(clashes)
    screen.etag = current.etag
    screen.base = screen.workspace.commit.id
    screen.changed_meanwhile = True
    screen.errors = ()


def _started_from(screen: Page, current: DocumentView) -> Mapping[str, Any]:
    if not screen.base:
        return current.body
    return selectors.get_document(
        ontology=screen.workspace.name, target=current.rid, ref=screen.base
    ).body


def _normal(kind: Kind, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The normal form where there is one; a half-filled form has none."""
    try:
        return normalise(kind, body)
    except ValueError:  # pydantic's ValidationError
        return body


def _resolved(value: Any, names: Mapping[str, str]) -> Any:
    """``value`` with names for ids, so that what was typed compares with what is stored."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, list):
        parts = [_resolved(item, names) for item in value]
        return sorted(parts) if all(isinstance(part, str) for part in parts) else parts
    if isinstance(value, dict):
        return {name: _resolved(item, names) for name, item in value.items()}
    return value


def _default_message(kind: Kind, view: DocumentView | None, body: Mapping[str, Any]) -> str:
    if view is not None:
        return f"Update {view.id}"
    return f"Add {kind.value}/{body.get('apiName', '…')}"


def _language(workspace: Workspace) -> str:
    """The language that an empty box of texts is offered in."""
    header = selectors.list_documents(
        ontology=workspace.name, ref=workspace.ref, kinds=(Kind.ONTOLOGY.value,), limit=1
    )
    for view in header.items:
        return str(view.body.get("defaultLanguage", "en"))
    return "en"
