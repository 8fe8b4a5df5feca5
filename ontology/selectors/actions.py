"""Reads of actions: which there are, who may run them, and what they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_project.core.authorization import Decision, authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import NotFound
from oms_project.core.ids import is_rid
from ontology.access import readable
from ontology.contract import ActionInfo, BranchInfo, CommitInfo, OntologyInfo
from ontology.domain.documents import Body, document_id
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.domain.schema import Schema
from ontology.store import store
from ontology.store.port import CommitReader, DocumentFilter

__all__ = [
    "action_at",
    "action_of_run",
    "action_trailer",
    "get_action",
    "list_actions",
    "revertible_run",
]

#: Begins the last line of the message of a commit that a run made.
_TRAILER = "Action: "
_CHUNK = 500


def list_actions(
    *, ontology: str, ref: str = "", commit: str = "", every: bool = False
) -> list[ActionInfo]:
    """The actions of a ref that the actor may run there, by name.

    Args:
        ref: a branch; of another ref they are shown as far as the actor may run them somewhere.
        commit: what to read when it is not what the ref is now.
        every: also those that he may not run.

    Raises:
        NotFound: the ontology or the ref. PermissionDenied.
    """
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, commit or ref or info.default_branch))
    branch = _branch_named(info, ref)
    schema = Schema(reader)
    found: list[ActionInfo] = []
    after: tuple[str, str, str] | None = None
    while True:
        page = reader.page(
            where=DocumentFilter(kinds=(Kind.ACTION_TYPE,)), after=after, limit=_CHUNK
        )
        for item in page:
            shown = _info(schema, item.rid, item.body, _decision(info, branch, item.body))
            if every or shown.runnable:
                found.append(shown)
        if len(page) < _CHUNK:
            return found
        after = (page[-1].kind.value, page[-1].key, page[-1].rid)


def get_action(*, ontology: str, action: str, ref: str = "", commit: str = "") -> ActionInfo:
    """One action of a ref, whether the actor may run it or not; arguments as `list_actions`.

    Raises:
        NotFound: the ontology, the ref or the action. PermissionDenied.
    """
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, commit or ref or info.default_branch))
    rid, body = action_at(reader, action)
    return _info(Schema(reader), rid, body, _decision(info, _branch_named(info, ref), body))


def revertible_run(*, ontology: str, commit: CommitInfo, branch: BranchInfo | None) -> str:
    """The action whose run a commit is, when the actor may run it on a branch and it is revertible
    there; else empty.
    """
    name = action_of_run(commit.message)
    if name is None or branch is None:
        return ""
    try:
        found = get_action(ontology=ontology, action=name, ref=branch.name)
    except NotFound:
        return ""
    return found.name if found.revertible and found.runnable else ""


def action_at(reader: CommitReader, action: str) -> tuple[str, Body]:
    """``rid`` and body of the action type with a name (also an earlier one) or ``rid``.

    Raises:
        NotFound.
    """
    name = action.removeprefix(f"{Kind.ACTION_TYPE}/")
    rid: str | None = name if is_rid(name) else None
    if rid is None:
        key = name_key(name)
        found = reader.find_names(Kind.ACTION_TYPE, [key]).get(key)
        if not found:
            alias = f"{Kind.ACTION_TYPE.value}/{key}"
            found = reader.find_entries("alias", [alias]).get(alias)
        rid = found[0] if found else None
    document = reader.get_many([rid]).get(rid) if rid else None
    if document is None or document.kind != Kind.ACTION_TYPE:
        raise NotFound(
            f"There is no action '{action[:200]}' here.",
            code="action_not_found",
            data={"action": action[:200]},
        )
    return document.rid, document.body


def action_trailer(action: str) -> str:
    """The line at the end of the message of a commit that a run makes."""
    return f"{_TRAILER}{action}"


def action_of_run(message: str) -> str | None:
    """The action whose run a commit is, by its message; None: it is none."""
    last = message.rstrip().rpartition("\n")[2]
    name = last.removeprefix(_TRAILER).strip()
    return name if last.startswith(_TRAILER) and name else None


def _branch_named(info: OntologyInfo, ref: str) -> BranchInfo | None:
    try:
        return store.get_branch(info.id, ref or info.default_branch)
    except NotFound:
        return None


def _decision(info: OntologyInfo, branch: BranchInfo | None, body: Body) -> Decision:
    return authorizer.decide(
        current_actor(),
        permissions.ACTIONS_RUN,
        ontology=info.name,
        branch=branch.name if branch else None,
        action=str(body["apiName"]),
    )


def _info(schema: Schema, rid: str, body: Body, decision: Decision) -> ActionInfo:
    return ActionInfo(
        rid=rid,
        name=str(body["apiName"]),
        display_name=body.get("displayName", {}),
        description=body.get("description", {}),
        status=body.get("status", "active"),
        parameters=tuple(_parameter(schema, item) for item in body.get("parameters", ())),
        batch_limit=body.get("batchLimit"),
        revertible=bool(body.get("revertible")),
        runnable=decision.allowed,
        reason=decision.reason,
    )


def _parameter(schema: Schema, parameter: Body) -> Mapping[str, Any]:
    """A parameter with names for references, and the members of its enums."""
    shown = dict(parameter)
    shown.setdefault("required", True)
    types: list[str] = []
    members: list[Mapping[str, Any]] = []
    for text in parameter.get("dataTypes", ()):
        document = schema.get(text) if is_rid(text) else None
        if document is None:
            types.append(text)
            continue
        types.append(document_id(document.kind, document.rid, document.body))
        if document.kind == Kind.ENUM_TYPE:
            members += [
                {"code": member["code"], "label": member.get("label", {})}
                for member in document.body.get("members", ())
            ]
    if types:
        shown["dataTypes"] = types
    if members:
        shown["members"] = members
    if parameter.get("objectType"):
        document = schema.get(parameter["objectType"])
        if document is not None:
            shown["objectType"] = document_id(document.kind, document.rid, document.body)
    return shown
