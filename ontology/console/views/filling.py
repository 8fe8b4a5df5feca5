"""Forms that create and change one object or link, generated from its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from oms_project.console.pages import page, show
from oms_project.core.authorization import permissions
from oms_project.core.errors import NotFound, PermissionDenied
from oms_project.core.routes import requires
from ontology import selectors
from ontology.console.commits import Attempt, attempt, say_committed
from ontology.console.forms.ends import EndBox, changes_of, end_boxes, read_ends
from ontology.console.forms.filled import ValueForm, Values, read_values
from ontology.console.forms.values import Box, boxes_of
from ontology.console.links import document_url, page_url
from ontology.console.presenters.changes import ChangePage, arrange, field_rows
from ontology.console.presenters.objects import name_of, title_of
from ontology.console.presenters.values import Naming
from ontology.console.views.instances import instance_heading
from ontology.console.views.objects import shape_of
from ontology.console.workspace import Workspace, open_workspace
from ontology.contract import Change, DocumentView
from ontology.domain.diff import field_changes
from ontology.domain.instances.keys import KEY
from ontology.domain.kinds import Kind
from ontology.selectors import TypeShape

__all__ = ["create", "edit", "link"]


@dataclass
class Screen:
    """The state of one form.

    Attributes:
        view: the object or link as it stands now; None while it is being created.
        body: what the boxes hold.
        etag, base: what the person started from: the document's etag and the commit.
        ends: boxes for links that are made with a new object, or for the ends of a new link.
        theirs: what somebody else changed meanwhile, as rows.
        clashes: labels of values that both changed.
        hidden: what the form sends along.
        masked: labels of values that the person may not see, and which stay as they are.
    """

    workspace: Workspace
    shape: TypeShape
    title: str
    back: str
    boxes: list[Box]
    default_message: str
    view: DocumentView | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    etag: str = ""
    base: str = ""
    ends: list[EndBox] = field(default_factory=list)
    values: Values = field(default_factory=Values)
    errors: Sequence[Mapping[str, Any]] = ()
    message: str = ""
    preview: ChangePage | None = None
    theirs: tuple[Any, ...] = ()
    clashes: tuple[str, ...] = ()
    changed_meanwhile: bool = False
    hidden: tuple[tuple[str, str], ...] = ()
    masked: tuple[str, ...] = ()
    subtypes: tuple[tuple[str, str], ...] = ()
    intro: str = ""

    def render(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        own = [""] if self.view is None else [self.view.id, self.view.rid]
        if self.view is None:
            own += [self.shape.name, *_own_names(self.shape, self.errors)]
        form = ValueForm(
            self.boxes, self.body, errors=self.errors, added=self.values.added, own=own
        )
        for end in self.ends:
            end.errors += form.take(end.pointer, end.anchor, end.label)
        context = {
            "workspace": self.workspace,
            "title": self.title,
            "form": form,
            "ends": self.ends,
            "back": self.back,
            "etag": self.etag,
            "base": self.base,
            "message": self.message,
            "default_message": self.default_message,
            "preview": self.preview,
            "theirs": self.theirs,
            "clashes": self.clashes,
            "changed_meanwhile": self.changed_meanwhile,
            "hidden": self.hidden,
            "masked": self.masked,
            "subtypes": self.subtypes,
            "intro": self.intro,
            "shape": self.shape,
            "shape_is_abstract": self.shape.abstract and self.view is None,
            "is_link": self.shape.kind == "LinkType",
            "suggest_url": page_url("object_suggest", self.workspace.name, ref=self.workspace.ref),
        }
        if self.view is not None:
            context = {**instance_heading(self.workspace, self.view, self.shape), **context}
        status = 409 if self.changed_meanwhile else 422 if self.errors else 200
        return show(request, "console/object_edit.html", context, status=status)


def _own_names(shape: TypeShape, errors: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names under which the validator speaks of the object that is being made."""
    names = {str(one.get("document") or "") for one in errors}
    return [name for name in names if name.partition("/")[0] == shape.name]


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def create(
    request: HttpRequest,
    ontology: str,
    type: str,  # noqa: A002 - the word people use for it
) -> HttpResponse:
    """A new object of a type, with the links that it begins with."""
    workspace = _writable(request, ontology)
    shape = selectors.type_shape(ontology=workspace.name, type=type, ref=workspace.ref)
    if shape.kind != "ObjectType":
        raise NotFound(_("Objects are made of object types."), code="type_not_found")
    boxes = boxes_of(shape.properties, single_line=(*shape.key, shape.title), masked=True)
    screen = Screen(
        workspace,
        shape,
        title=_("New %(kind)s") % {"kind": name_of(shape)},
        back=page_url("objects", workspace.name, shape.name, ref=workspace.ref),
        boxes=boxes,
        default_message=f"Add a {shape.name}",
        body={item.name: item.default for item in shape.properties if item.default is not None},
        ends=end_boxes(shape),
        subtypes=tuple(
            (name_of(one), page_url("new_object", workspace.name, one.name, ref=workspace.ref))
            for one in shape.subtypes
            if not one.abstract
        ),
        intro=(_("This type is abstract: choose one of its subtypes.") if shape.abstract else ""),
    )
    if request.method == "GET":
        return screen.render(request)
    _receive(request, screen, {})
    read_ends(screen.ends, request.POST)
    if request.POST.get("_do") or screen.errors:
        return screen.render(request)
    new = Change(op="create", kind="Object", type=shape.name, fields=screen.body)
    changes, owners = changes_of(shape, screen.body, screen.ends, new)
    return _commit(request, screen, changes, owners=owners)


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Change the values of an object or link."""
    workspace = _writable(request, ontology)
    view = selectors.get_document(ontology=workspace.name, target=target, ref=workspace.ref)
    shape = shape_of(workspace, view) if view.kind in (Kind.OBJECT, Kind.LINK) else None
    if shape is None:
        raise NotFound(
            _("'%(name)s' has no type here, so there is no form for it.") % {"name": view.id},
            code="type_not_found",
        )
    screen = Screen(
        workspace,
        shape,
        title=_("Edit %(name)s") % {"name": title_of(view)},
        back=document_url(workspace.name, view.rid, workspace.ref),
        boxes=boxes_of(shape.properties, single_line=(*shape.key, shape.title)),
        default_message=f"Update {view.id}",
        view=view,
        body=view.body,
        etag=view.etag,
        base=workspace.commit.id,
        masked=tuple(name_of(item) for item in shape.properties if item.masked),
    )
    if request.method == "GET":
        return screen.render(request)
    screen.etag = request.POST.get("etag", "")
    screen.base = request.POST.get("base", "")
    started = _started_from(screen, view)
    _receive(request, screen, started)
    if request.POST.get("_do") or screen.errors:
        return screen.render(request)
    patch = _patch(screen.boxes, started, screen.body)
    change = Change(op="update", target=view.rid, fields=patch, if_match=screen.etag or None)
    return _commit(request, screen, [change])


@page
@requires(permissions.ONTOLOGY_WRITE)
@require_http_methods(["GET", "POST"])
def link(request: HttpRequest, ontology: str, target: str) -> HttpResponse:
    """Link an object to another one."""
    workspace = _writable(request, ontology)
    view = selectors.get_document(ontology=workspace.name, target=target, ref=workspace.ref)
    shape = shape_of(workspace, view) if view.kind == Kind.OBJECT else None
    if shape is None:
        raise NotFound(
            _("'%(name)s' is no object that can be linked.") % {"name": view.id},
            code="document_not_found",
        )
    data = request.POST if request.method == "POST" else request.GET
    name, outgoing = data.get("link", ""), data.get("direction") != "incoming"
    chosen = next(
        (one for one in shape.links if name in (one.name, one.rid) and one.outgoing == outgoing),
        None,
    )
    back = document_url(workspace.name, view.rid, workspace.ref)
    if chosen is None:
        context = {
            **instance_heading(workspace, view, shape),
            "title": _("Link %(name)s") % {"name": title_of(view)},
            "back": back,
            "choices": [
                {
                    "label": name_of(one),
                    "outgoing": one.outgoing,
                    "far": ", ".join(name_of(far) for far in one.far),
                    "url": page_url(
                        "link_object",
                        workspace.name,
                        view.rid,
                        ref=workspace.ref,
                        link=one.name,
                        direction="outgoing" if one.outgoing else "incoming",
                    ),
                }
                for one in shape.links
                if not one.deprecated
            ],
        }
        return show(request, "console/object_link.html", context)
    far = EndBox.of(chosen, single=True)
    screen = Screen(
        workspace,
        selectors.type_shape(ontology=workspace.name, type=chosen.rid, ref=workspace.ref),
        title=_("%(link)s of %(name)s") % {"link": name_of(chosen), "name": title_of(view)},
        back=back,
        boxes=boxes_of(chosen.properties, masked=True),
        default_message=f"Link {view.id} ({chosen.name})",
        body={item.name: item.default for item in chosen.properties if item.default is not None},
        ends=[far],
        hidden=(
            ("link", chosen.name),
            ("direction", "outgoing" if chosen.outgoing else "incoming"),
        ),
        intro=(
            _("From %(name)s to the object below.")
            if chosen.outgoing
            else _("From the object below to %(name)s.")
        )
        % {"name": title_of(view)},
    )
    if request.method == "GET":
        return screen.render(request)
    _receive(request, screen, {})
    read_ends(screen.ends, request.POST)
    if request.POST.get("_do") or screen.errors:
        return screen.render(request)
    if not far.value:
        screen.errors = [{"field": f"/{far.pointer}", "message": _("Choose an object.")}]
        return screen.render(request)
    ends = (view.rid, far.value[0]) if chosen.outgoing else (far.value[0], view.rid)
    change = Change(
        op="create",
        kind="Link",
        type=chosen.rid,
        source=ends[0],
        target=ends[1],
        fields=screen.body,
    )
    return _commit(request, screen, [change], owners={0: far}, after=back)


# --- what they share ------------------------------------------------------------------------------
def _writable(request: HttpRequest, ontology: str) -> Workspace:
    workspace = open_workspace(request, ontology, request.POST.get("ref") or None)
    if not workspace.may_write:
        raise PermissionDenied(workspace.why_read_only)
    return workspace


def _receive(request: HttpRequest, screen: Screen, known: Mapping[str, Any]) -> None:
    screen.values = read_values(screen.boxes, request.POST, known)
    screen.body = screen.values.body
    screen.message = request.POST.get("message", "").strip()
    # A button that only reshapes the form is no reason to complain about what is typed so far.
    screen.errors = () if request.POST.get("_do") else screen.values.errors


def _commit(
    request: HttpRequest,
    screen: Screen,
    changes: Sequence[Change],
    *,
    owners: Mapping[int, EndBox] | None = None,
    after: str = "",
) -> HttpResponse:
    workspace = screen.workspace
    previewing = "preview" in request.POST
    outcome = attempt(
        workspace, changes, screen.message or screen.default_message, dry_run=previewing
    )
    if outcome.changed_meanwhile and screen.view is not None:
        _meet(screen, screen.view)
        return screen.render(request)
    if outcome.result is None:
        screen.errors = [_placed(one, screen, owners or {}) for one in outcome.errors]
        return screen.render(request)
    if previewing:
        screen.preview = arrange(
            outcome.result.changes,
            ontology=workspace.name,
            before_ref=workspace.ref,
            after_ref=workspace.ref,
        )
        return screen.render(request)
    say_committed(request, workspace, outcome.result.commit)
    return redirect(after or _after(screen, outcome))


def _placed(
    error: Mapping[str, Any], screen: Screen, owners: Mapping[int, EndBox]
) -> Mapping[str, Any]:
    """An error about a link that the form makes, at the box that the link comes from."""
    pointer = str(error.get("field") or "")
    parts = pointer.strip("/").split("/")
    if parts[0] == "changes" and len(parts) > 1 and parts[1].isdigit():
        owner = owners.get(int(parts[1]))
        if owner is not None:
            return {**error, "field": f"/{owner.pointer}", "document": "", "rid": ""}
        return {**error, "field": "/" + "/".join(parts[3:]), "document": "", "rid": ""}
    named = str(error.get("document") or "").partition("/")[0]
    by_name = {end.link: end for end in owners.values()}
    if named in by_name and named != screen.shape.name:
        return {**error, "field": f"/{by_name[named].pointer}", "document": "", "rid": ""}
    if named in by_name and pointer in ("", "/_source", "/_target"):
        return {**error, "field": f"/{by_name[named].pointer}", "document": "", "rid": ""}
    told = str(error.get("message") or "")
    for end in screen.ends:
        # How many links an object has is told of the object; its box is that link's.
        if error.get("rule") == "cardinality" and end.mentions(told):
            return {**error, "field": f"/{end.pointer}"}
    return error


def _after(screen: Screen, outcome: Attempt) -> str:
    workspace = screen.workspace
    if screen.view is not None:
        return document_url(workspace.name, screen.view.rid, workspace.ref)
    if outcome.result is not None and outcome.result.documents:
        return document_url(workspace.name, outcome.result.documents[0].rid, workspace.ref)
    return screen.back


def _started_from(screen: Screen, current: DocumentView) -> Mapping[str, Any]:
    """The values that the person saw when the form was opened."""
    if not screen.base or screen.base == screen.workspace.commit.id:
        return current.body
    try:
        return selectors.get_document(
            ontology=screen.workspace.name, target=current.rid, ref=screen.base
        ).body
    except NotFound:
        return current.body


def _patch(
    boxes: Sequence[Box], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    """What to send so that the values become ``after`` (a merge patch): what was not touched, or
    is not shown, stays out.
    """
    patch: dict[str, Any] = {}
    for box in boxes:
        old, new = before.get(box.name), after.get(box.name)
        if old == new and type(old) is type(new):
            continue
        patch[box.name] = _merged(old, new)
    return patch


def _merged(old: Any, new: Any) -> Any:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    gone: dict[str, Any] = dict.fromkeys(name for name in old if name not in new)
    return gone | {
        name: _merged(old.get(name), value)
        for name, value in new.items()
        if name not in old or old[name] != value
    }


def _meet(screen: Screen, current: DocumentView) -> None:
    """Somebody changed the object meanwhile: put this person's changes on top of theirs.

    Values that this person did not touch become the new ones; values that both touched keep this
    person's and are named. Nothing is saved until they have seen it.
    """
    started = _started_from(screen, current)
    naming = Naming(screen.workspace.name, screen.workspace.ref)
    differences = field_changes(Kind(current.kind), started, current.body)
    screen.theirs = field_rows(
        [one for one in differences if one.path != f"/{KEY}"], naming, is_data=True
    )
    merged: dict[str, Any] = {}
    clashes = []
    for box in screen.boxes:
        was, mine, theirs = (
            source.get(box.name) for source in (started, screen.body, current.body)
        )
        touched = mine != was
        value = mine if touched else theirs
        if touched and theirs not in (was, mine):
            clashes.append(box.label)
        if value is not None:
            merged[box.name] = value
    screen.body = merged
    screen.clashes = tuple(clashes)
    screen.etag = current.etag
    screen.base = screen.workspace.commit.id
    screen.changed_meanwhile = True
    screen.errors = ()
