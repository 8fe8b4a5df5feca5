"""Every type of event that OMS publishes: what it means, who may receive it, its JSON Schema.

A type's name ends with its version. A version only gains members; anything else is a new version,
and both are published for a while. Members say names, ids and numbers, never values of properties:
a receiver reads those with rights of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from jsonschema import Draft202012Validator

from oms_project.core.authorization import permissions
from oms_project.core.outbox import PREFIX

__all__ = ["EVENT_TYPES", "EventType", "data_problem", "event_type", "schema_document"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event.

    Attributes:
        name: the CloudEvents ``type``.
        title: one sentence, for people.
        needs: the permission that a receiver must hold for the event's ontology (for everything,
            when it has none).
        schema: JSON Schema (2020-12) of the data.
    """

    name: str
    title: str
    needs: str
    schema: Mapping[str, Any] = field(repr=False)


def _text(about: str) -> dict[str, Any]:
    return {"type": "string", "description": about}


def _number(about: str) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "description": about}


def _flag(about: str) -> dict[str, Any]:
    return {"type": "boolean", "description": about}


def _list(about: str, items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "description": about}


def _object(members: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(members),
        "required": [name for name in members if name not in optional],
        # A receiver must take what a later OMS adds.
        "additionalProperties": True,
    }


_ACTOR = _object(
    {
        "id": _text("Stable id of who did it."),
        "username": _text("The name at that time."),
        "kind": {"enum": ["user", "service", "system"]},
        "onBehalfOf": _text("For whom a service acted."),
    },
    optional=("onBehalfOf",),
)
_ONTOLOGY = {"ontology": _text("Name of the ontology."), "ontologyId": _text("Its id.")}
_BRANCH = {**_ONTOLOGY, "branch": _text("Name of the branch.")}
_COMMIT = {**_BRANCH, "commit": _text("Id of the commit.")}
_BY = {"actor": _ACTOR}
_OPERATION = {"enum": ["created", "updated", "deleted", "restored"]}
_FIELDS = _list("Members of the document that differ.", {"type": "string"})
_PART = {
    "part": _number("Which part of the commit's changes this is, from 1."),
    "last": _flag("Whether no part of this type follows for the commit."),
}


def _types(*rows: tuple[str, str, str, Mapping[str, Any]]) -> dict[str, EventType]:
    return {
        PREFIX + name: EventType(PREFIX + name, title, needs, schema)
        for name, title, needs, schema in rows
    }


_READ, _OPERATE = permissions.ONTOLOGY_READ, permissions.EVENTS_ADMINISTER

#: Name -> type; in the order of the reference page.
EVENT_TYPES: Final[Mapping[str, EventType]] = _types(
    # -- ontologies
    (
        "ontology.created.v1",
        "An ontology was created",
        _READ,
        _object({**_ONTOLOGY, "commit": _text("Its first commit."), **_BY}),
    ),
    (
        "ontology.changed.v1",
        "Settings of an ontology were changed",
        _READ,
        _object({**_ONTOLOGY, "fields": _list("Which.", {"type": "string"}), **_BY}),
    ),
    (
        "ontology.deleted.v1",
        "An ontology was taken out of use",
        _READ,
        _object({**_ONTOLOGY, **_BY}),
    ),
    (
        "ontology.commit.created.v1",
        "A commit was made",
        _READ,
        _object(
            {
                **_COMMIT,
                "parents": _list("Ids of the commits before it.", {"type": "string"}),
                "message": _text("The first 1,000 characters of its message."),
                "author": _text("Its signed author, as it stands in the commit."),
                "documents": _number("How many documents it changed."),
                **_BY,
            }
        ),
    ),
    (
        "ontology.definition.changed.v1",
        "Definitions were changed on a branch",
        _READ,
        _object(
            {
                **_COMMIT,
                **_PART,
                "changes": _list(
                    "At most 100; more come in further parts.",
                    _object(
                        {
                            "rid": _text("Stable id of the definition."),
                            "id": _text("Its `@id` after the change (before it, when deleted)."),
                            "kind": _text("Its kind: `ObjectType`, `LinkType`, …"),
                            "operation": _OPERATION,
                            "fields": _FIELDS,
                        },
                        optional=("fields",),
                    ),
                ),
            }
        ),
    ),
    (
        "ontology.object.changed.v1",
        "Objects or links were changed on a branch",
        _READ,
        _object(
            {
                **_COMMIT,
                **_PART,
                "types": _list("Names of the types among them.", {"type": "string"}),
                "changes": _list(
                    "At most 100; more come in further parts.",
                    _object(
                        {
                            "rid": _text("Stable id of the object or link."),
                            "kind": {"enum": ["Object", "Link"]},
                            "type": _text("`apiName` of its type."),
                            "operation": _OPERATION,
                            "fields": _FIELDS,
                        },
                        optional=("fields",),
                    ),
                ),
            }
        ),
    ),
    (
        "ontology.merge.completed.v1",
        "One line of work was brought into a branch",
        _READ,
        _object(
            {
                **_COMMIT,
                "strategy": {"enum": ["merge", "fast-forward"]},
                "before": _text("The branch's head before."),
                "merged": _text("The commit that was brought in."),
                **_BY,
            }
        ),
    ),
    (
        "ontology.branch.created.v1",
        "A branch was created",
        _READ,
        _object({**_COMMIT, "protected": _flag("Whether it is protected."), **_BY}),
    ),
    (
        "ontology.branch.changed.v1",
        "The protection of a branch was changed",
        _READ,
        _object({**_BRANCH, "protected": _flag("Whether it is protected now."), **_BY}),
    ),
    (
        "ontology.branch.deleted.v1",
        "A branch was deleted",
        _READ,
        _object({**_COMMIT, **_BY}),
    ),
    (
        "ontology.tag.created.v1",
        "A tag was created",
        _READ,
        _object({**_ONTOLOGY, "tag": _text("Its name."), "commit": _text("Of what."), **_BY}),
    ),
    (
        "ontology.tag.deleted.v1",
        "A tag was deleted",
        _READ,
        _object({**_ONTOLOGY, "tag": _text("Its name."), "commit": _text("Of what."), **_BY}),
    ),
    (
        "ontology.redacted.v1",
        "Values of an object or link were erased for good",
        _READ,
        _object(
            {
                **_ONTOLOGY,
                "rid": _text("Of the document."),
                "kind": _text("Its kind."),
                "redaction": _text("Id of the erasure."),
                "fields": _list("Which values; empty: all.", {"type": "string"}),
                **_BY,
            }
        ),
    ),
    (
        "home.stray_found.v1",
        "Something was changed in a home behind OMS's back",
        permissions.ONTOLOGY_ADMINISTER,
        _object(
            {
                **_BRANCH,
                "stray": _number("Its number."),
                "kind": {
                    "enum": ["commit", "record", "branch", "branch_missing", "branch_moved"],
                    "description": "What was done.",
                },
                "identifier": _text("The home's name of the commit; empty where there is none."),
                "author": _text("Whom the home names; anybody can write that there."),
            }
        ),
    ),
    (
        "ontology.action.run.v1",
        "An action was run",
        _READ,
        _object({**_COMMIT, "action": _text("`apiName` of the action type."), **_BY}),
    ),
    (
        "ontology.action.reverted.v1",
        "A run of an action was taken back",
        _READ,
        _object(
            {
                **_COMMIT,
                "action": _text("`apiName` of the action type."),
                "run": _text("Id of the commit that was taken back."),
                **_BY,
            }
        ),
    ),
    # -- the trail
    (
        "audit.recorded.v1",
        "Something got its place in the audit trail",
        permissions.AUDIT_READ,
        _object(
            {
                "index": _number("Its place in the trail."),
                "event": _text("Its id there."),
                "action": _text("What was done: `identity.login`."),
                "outcome": {"enum": ["success", "failure", "denied"]},
                "subject": {"type": "object", "description": "What it is about."},
                "actor": _text("Name of who did it; empty when nobody was known."),
                "time": _text("When."),
            }
        ),
    ),
    # -- jobs
    *(
        (
            f"job.{state}.v1",
            f"A job {words}",
            permissions.JOBS_ADMINISTER,
            _object(
                {
                    "job": _text("Its id."),
                    "task": _text("What it does."),
                    "actor": _ACTOR,
                    "code": _text("Of a failure: the error's code."),
                },
                optional=("code",),
            ),
        )
        for state, words in (
            ("submitted", "was submitted"),
            ("started", "began to run"),
            ("succeeded", "ended well"),
            ("failed", "failed"),
            ("cancelled", "was cancelled"),
        )
    ),
    # -- events themselves
    (
        "event.quarantined.v1",
        "An event could not be passed on, and waits for an operator",
        _OPERATE,
        _object(
            {
                "event": _text("Its id."),
                "sequence": _number("Its place in the outbox."),
                "lane": _text("Where it could not go."),
                "error": _text("Why."),
            }
        ),
    ),
    (
        "webhook.disabled.v1",
        "A webhook was disabled, because its receiver is gone or dead",
        _OPERATE,
        _object(
            {
                "webhook": _text("Its id."),
                "name": _text("Its name."),
                "url": _text("Where it sent to."),
                "reason": _text("Why."),
            }
        ),
    ),
    (
        "webhook.test.v1",
        "Somebody tries a webhook",
        _OPERATE,
        _object({"webhook": _text("Its id."), "name": _text("Its name."), "actor": _ACTOR}),
    ),
    (
        "webhook.verification.v1",
        "A receiver is asked to prove that it wants the events of a webhook",
        _OPERATE,
        _object({"challenge": _text("What it has to answer with.")}),
    ),
)


def event_type(name: str) -> EventType | None:
    """The type of this name; None when OMS publishes no such events itself."""
    return EVENT_TYPES.get(name)


def schema_document(kind: EventType, *, address: str) -> dict[str, Any]:
    """A type's schema as a document of its own.

    Args:
        address: where it is published.
    """
    return {"$schema": _DIALECT, "$id": address, "title": kind.title, **kind.schema}


def data_problem(name: str, data: Any) -> str | None:
    """Why ``data`` is not what the schema of the type says; None when it is."""
    error = next(iter(_validator(name).iter_errors(data)), None)
    return None if error is None else f"{error.json_path}: {error.message}"


@lru_cache(maxsize=100)
def _validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(EVENT_TYPES[name].schema)
