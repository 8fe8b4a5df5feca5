"""What changes in ontologies, told to the outbox in the transaction of the change.

Events say which documents a commit changed and which members of them differ. They hold no values
and no keys of objects: who receives them reads those with rights of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from oms_project.core.context import current_actor
from oms_project.core.outbox import NewEvent, outbox
from ontology.contract import BranchInfo, CommitInfo, OntologyInfo, RedactionInfo, TagInfo
from ontology.domain.documents import Body, document_id
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.store.port import CommitReader, DocumentWrite, StoredChange

__all__ = [
    "Touched",
    "tell_action",
    "tell_branch",
    "tell_commit",
    "tell_fast_forward",
    "tell_ontology",
    "tell_redaction",
    "tell_tag",
    "touched_by",
    "touched_in",
]

#: Changes that one event lists; a commit of more has several.
_PART: Final = 100
_MESSAGE: Final = 1000
#: Members that differ which are listed by name; a document has few.
_FIELDS: Final = 100
_TYPE: Final = "io.oms.ontology."


class Touched(NamedTuple):
    """A document that a commit changed, as far as events tell of it."""

    rid: str
    kind: Kind
    #: ``@id`` of a definition, rid of the type of an object or link.
    name: str
    operation: str
    fields: tuple[str, ...]


def touched_by(write: DocumentWrite) -> Touched:
    """What a write changes."""
    before = write.before
    gone = before is None or before.deleted
    body = write.body
    if body is None:
        operation = "deleted"
    elif before is None:
        operation = "created"
    else:
        operation = "restored" if gone else "updated"
    known = body if body is not None else (before.body if before is not None else {})
    fields: tuple[str, ...] = ()
    if operation == "updated" and body is not None and before is not None:
        fields = _differing(before.body, body)
    return Touched(write.rid, write.kind, _name(write.rid, write.kind, known), operation, fields)


def touched_in(change: StoredChange) -> Touched:
    """What differs between two commits."""
    before, after = change.before, change.after
    known = after or before
    body: Body = {} if known is None else known.body
    fields: tuple[str, ...] = ()
    if before is None:
        operation = "created"
    elif after is None:
        operation = "deleted"
    else:
        operation, fields = "updated", _differing(before.body, after.body)
    return Touched(change.rid, change.kind, _name(change.rid, change.kind, body), operation, fields)


def _name(rid: str, kind: Kind, body: Body) -> str:
    return str(body.get("_type", "")) if kind in INSTANCE_KINDS else document_id(kind, rid, body)


def _differing(before: Body, after: Body) -> tuple[str, ...]:
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return tuple(sorted(names)[:_FIELDS])


# --- ontologies -----------------------------------------------------------------------------------
def tell_ontology(what: str, info: OntologyInfo, **data: Any) -> None:
    """Tell of an ontology: ``created``, ``changed``, ``deleted``."""
    outbox.append(_event(f"{what}.v1", info, {**data, "actor": _actor()}))


def tell_branch(what: str, info: OntologyInfo, branch: BranchInfo, **data: Any) -> None:
    """Tell of a branch: ``created``, ``changed``, ``deleted``."""
    outbox.append(
        _event(
            f"branch.{what}.v1",
            info,
            {"branch": branch.name, **data, "actor": _actor()},
            branch=branch.name,
            subject=f"branches/{branch.name}",
        )
    )


def tell_tag(what: str, info: OntologyInfo, tag: TagInfo) -> None:
    """Tell of a tag: ``created``, ``deleted``."""
    outbox.append(
        _event(
            f"tag.{what}.v1",
            info,
            {"tag": tag.name, "commit": tag.commit, "actor": _actor()},
            subject=f"tags/{tag.name}",
        )
    )


def tell_redaction(info: OntologyInfo, redaction: RedactionInfo) -> None:
    """Tell that values were erased."""
    outbox.append(
        _event(
            "redacted.v1",
            info,
            {
                "rid": redaction.rid,
                "kind": str(redaction.kind),
                "redaction": redaction.id,
                "fields": list(redaction.fields),
                "actor": _actor(),
            },
            subject=f"documents/{redaction.rid}",
        )
    )


def tell_action(
    what: str, info: OntologyInfo, branch: str, commit: str, action: str, **data: str
) -> None:
    """Tell of an action: ``run``, ``reverted``."""
    outbox.append(
        _event(
            f"action.{what}.v1",
            info,
            {"branch": branch, "commit": commit, "action": action, **data, "actor": _actor()},
            branch=branch,
            subject=f"actions/{action}",
        )
    )


# --- commits --------------------------------------------------------------------------------------
def tell_commit(
    info: OntologyInfo,
    branch: str,
    commit: CommitInfo,
    touched: Sequence[Touched],
    reader: CommitReader,
    *,
    merged: str | None,
) -> None:
    """Tell of a commit, what it merged, and every document that it changed."""
    events = [
        _on_branch(
            "commit.created.v1",
            info,
            branch,
            commit.id,
            {
                "parents": list(commit.parents),
                "message": commit.message[:_MESSAGE],
                "author": commit.signature or commit.author,
                "documents": commit.change_count,
                "actor": _actor(),
            },
        )
    ]
    if merged is not None:
        events.append(_merged(info, branch, commit.id, "merge", commit.parents[0], merged))
    outbox.append_many(_all(events, _changes(info, branch, commit.id, touched, reader)))


def tell_fast_forward(
    info: OntologyInfo,
    branch: str,
    *,
    before: str,
    to: str,
    touched: Sequence[Touched],
    reader: CommitReader,
) -> None:
    """Tell that a branch was moved forward, and every document that is new to it by that."""
    events = [_merged(info, branch, to, "fast-forward", before, to)]
    outbox.append_many(_all(events, _changes(info, branch, to, touched, reader)))


def _all(*parts: Iterable[NewEvent]) -> Iterator[NewEvent]:
    for part in parts:
        yield from part


def _merged(
    info: OntologyInfo, branch: str, commit: str, strategy: str, before: str, merged: str
) -> NewEvent:
    data = {"strategy": strategy, "before": before, "merged": merged, "actor": _actor()}
    return _on_branch("merge.completed.v1", info, branch, commit, data)


def _changes(
    info: OntologyInfo,
    branch: str,
    commit: str,
    touched: Sequence[Touched],
    reader: CommitReader,
) -> Iterator[NewEvent]:
    definitions = [one for one in touched if one.kind not in INSTANCE_KINDS]
    instances = [one for one in touched if one.kind in INSTANCE_KINDS]
    for number, some, last in _parts(definitions):
        yield _on_branch(
            "definition.changed.v1",
            info,
            branch,
            commit,
            {
                "part": number,
                "last": last,
                "changes": [
                    _changed(one, {"rid": one.rid, "id": one.name, "kind": one.kind.value})
                    for one in some
                ],
            },
        )
    if not instances:
        return
    types = {one.name for one in instances if one.name}
    names = {
        rid: str(document.body.get("apiName", ""))
        for rid, document in reader.get_with_deleted(types).items()
    }
    for number, some, last in _parts(instances):
        yield _on_branch(
            "object.changed.v1",
            info,
            branch,
            commit,
            {
                "part": number,
                "last": last,
                "types": sorted({names.get(one.name, "") for one in some} - {""}),
                "changes": [
                    _changed(
                        one,
                        {
                            "rid": one.rid,
                            "kind": one.kind.value,
                            "type": names.get(one.name, ""),
                        },
                    )
                    for one in some
                ],
            },
        )


def _changed(one: Touched, told: dict[str, Any]) -> dict[str, Any]:
    told["operation"] = one.operation
    if one.fields:
        told["fields"] = list(one.fields)
    return told


def _parts(touched: Sequence[Touched]) -> Iterator[tuple[int, Sequence[Touched], bool]]:
    waiting = iter(touched)
    done = number = 0
    while some := list(islice(waiting, _PART)):
        number += 1
        done += len(some)
        yield number, some, done == len(touched)


def _on_branch(
    what: str, info: OntologyInfo, branch: str, commit: str, data: dict[str, Any]
) -> NewEvent:
    return _event(
        what,
        info,
        {"branch": branch, "commit": commit, **data},
        branch=branch,
        subject=f"commits/{commit}",
    )


def _event(
    what: str, info: OntologyInfo, data: dict[str, Any], *, branch: str = "", subject: str = ""
) -> NewEvent:
    return NewEvent(
        _TYPE + what,
        {"ontology": info.name, "ontologyId": info.id, **data},
        subject=subject,
        ontology=info.name,
        branch=branch,
    )


def _actor() -> dict[str, str]:
    actor = current_actor()
    told = {"id": actor.id, "username": actor.username, "kind": actor.kind}
    if actor.on_behalf_of is not None:
        told["onBehalfOf"] = actor.on_behalf_of.username
    return told
