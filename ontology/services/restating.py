"""What a changed type does to what exists of it: values under new names, keys made anew.

A property keeps its ``rid`` when it is renamed, so the values of the objects that have it move to the
new name in the same commit; so do keys, when a type says that something else identifies its objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_project.core.errors import Invalid
from ontology.domain.documents import Body, DocumentChange, Problem
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.redaction import REDACTED
from ontology.domain.shapes import same
from ontology.domain.state import OverlayState
from ontology.services.instance_targets import with_key
from ontology.store.port import CommitReader

__all__ = ["renames_by_type", "renames_of", "restated"]

_TYPES = (Kind.OBJECT_TYPE, Kind.LINK_TYPE, Kind.INTERFACE)


def restated(reader: CommitReader, changes: Sequence[DocumentChange]) -> list[DocumentChange]:
    """``changes``, and what they mean for objects and links: those that are changed too get their
    names and keys put right, others are added.

    Costs nothing unless a property was renamed or a key changed, or an object is among the changes.
    """
    renames = renames_of(changes)
    if not renames and all(change.kind != Kind.OBJECT for change in changes):
        return list(changes)
    state = OverlayState(reader, changes)
    rules = Rules(state)
    by_type = renames_by_type(rules, renames)
    finished: list[DocumentChange] = []
    for change in changes:
        after = change.after
        if change.kind not in INSTANCE_KINDS or after is None:
            finished.append(change)
            continue
        body = _restated(rules, after, by_type.get(str(after.get("_type")), {}))
        if not same(change.before, body):
            finished.append(DocumentChange(change.rid, change.kind, change.before, body))
    populated = reader.populated(list(by_type)) if by_type else ()
    for document in reader.instances(sorted(populated)) if populated else ():
        if document.rid in state.changes:
            continue
        body = _restated(rules, document.body, by_type[str(document.body.get("_type"))])
        if not same(document.body, body):
            finished.append(DocumentChange(document.rid, document.kind, document.body, body))
    return finished


def renames_of(changes: Sequence[DocumentChange]) -> dict[str, dict[str, str]]:
    """``rid`` of a definition -> old name -> new name; an entry without names for a new key.

    Raises:
        Invalid: a property takes a name that another one gives up at the same time.
    """
    found: dict[str, dict[str, str]] = {}
    for change in changes:
        if change.kind not in _TYPES or change.before is None or change.after is None:
            continue
        old = {item["rid"]: item["apiName"] for item in change.before.get("properties", ())}
        names = {
            old[item["rid"]]: item["apiName"]
            for item in change.after.get("properties", ())
            if item["rid"] in old and old[item["rid"]] != item["apiName"]
        }
        if not names.keys().isdisjoint(names.values()):
            raise _traded(change, names)
        if names or change.before.get("primaryKey") != change.after.get("primaryKey"):
            found[change.rid] = names
    return found


def _traded(change: DocumentChange, names: Mapping[str, str]) -> Invalid:
    taken = ", ".join(sorted(names.keys() & set(names.values())))
    message = (
        f"A property is renamed to a name that another one has until then ({taken}), and it could "
        "not be told whose values are whose. Rename the other one first, in a commit of its own."
    )
    return Invalid(
        f"The resulting state is not valid: {change.label}: {message}",
        code="invalid_state",
        errors=[
            Problem(
                change.rid, change.kind, change.label, "/properties", "traded-names", message
            ).as_dict()
        ],
    )


def renames_by_type(
    rules: Rules, renames: Mapping[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """``rid`` of an object type or link type -> old name -> new name, with what is inherited."""
    by_type: dict[str, dict[str, str]] = {}
    for rid, names in renames.items():
        for member in rules.family(rid):
            by_type.setdefault(member, {}).update(names)
    return by_type


def _restated(rules: Rules, body: Body, names: Mapping[str, str]) -> Body:
    made: dict[str, Any] = dict(body)
    for old, new in names.items():
        if old in made and new not in made:
            made[new] = made.pop(old)
    if names and REDACTED in made:
        made[REDACTED] = sorted({names.get(name, name) for name in made[REDACTED]})
    layout = rules.object_layout(body.get("_type"))
    return with_key(layout, made) if layout is not None and layout.key else made
