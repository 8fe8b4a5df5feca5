"""What types of events, lanes and states are called on the screen, and what may be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from events.domain.lanes import ROUTE, STREAM
from events.domain.types import EVENT_TYPES
from oms_project.core.errors import OmsError
from oms_project.core.outbox import PREFIX

__all__ = [
    "GROUPS",
    "PROBLEMS",
    "STATE_CLASSES",
    "TYPE_LABELS",
    "grouped_types",
    "lane_label",
    "problem_text",
    "problems_of",
    "type_label",
]

#: The titles of `events.domain.types.EVENT_TYPES`, to be translated.
TYPE_LABELS: Final[Mapping[str, object]] = {
    PREFIX + name: label
    for name, label in {
        "ontology.created.v1": _("An ontology was created"),
        "ontology.changed.v1": _("Settings of an ontology were changed"),
        "ontology.deleted.v1": _("An ontology was taken out of use"),
        "ontology.commit.created.v1": _("A commit was made"),
        "ontology.definition.changed.v1": _("Definitions were changed on a branch"),
        "ontology.object.changed.v1": _("Objects or links were changed on a branch"),
        "ontology.merge.completed.v1": _("One line of work was brought into a branch"),
        "ontology.branch.created.v1": _("A branch was created"),
        "ontology.branch.changed.v1": _("The protection of a branch was changed"),
        "ontology.branch.deleted.v1": _("A branch was deleted"),
        "ontology.tag.created.v1": _("A tag was created"),
        "ontology.tag.deleted.v1": _("A tag was deleted"),
        "ontology.redacted.v1": _("Values of an object or link were erased for good"),
        "home.stray_found.v1": _("Something was changed in a home behind OMS's back"),
        "ontology.action.run.v1": _("An action was run"),
        "ontology.action.reverted.v1": _("A run of an action was taken back"),
        "audit.recorded.v1": _("Something got its place in the audit trail"),
        "job.submitted.v1": _("A job was submitted"),
        "job.started.v1": _("A job began to run"),
        "job.succeeded.v1": _("A job ended well"),
        "job.failed.v1": _("A job failed"),
        "job.cancelled.v1": _("A job was cancelled"),
        "event.quarantined.v1": _("An event could not be passed on, and waits for an operator"),
        "webhook.disabled.v1": _("A webhook was disabled, because its receiver is gone or dead"),
        "webhook.test.v1": _("Somebody tries a webhook"),
        "webhook.verification.v1": _(
            "A receiver is asked to prove that it wants the events of a webhook"
        ),
    }.items()
}

#: What the types are grouped by: the word after the prefix.
GROUPS: Final[Mapping[str, object]] = {
    "ontology": _("Ontologies"),
    "audit": _("Audit trail"),
    "job": _("Jobs"),
    "event": _("Events"),
    "webhook": _("Webhooks"),
}

#: The badge of a state, of webhooks and of deliveries.
STATE_CLASSES: Final[Mapping[str, str]] = {
    "active": "oms-status-active",
    "delivered": "oms-status-active",
    "unverified": "oms-status-experimental",
    "pending": "oms-status-experimental",
    "paused": "oms-status-deprecated",
    "cancelled": "oms-status-deprecated",
    "disabled": "oms-op-delete",
    "dead": "oms-op-delete",
}

#: What services say that does not depend on what was typed in, to be translated.
PROBLEMS: Final = (
    _("1 to 100 letters, digits, spaces and . _ -."),
    _("1 to 100 letters, digits and _ -."),
    _("1 to 99 letters, digits and . _ -."),
    _("The name of a webhook."),
    _("The dotted name of a Celery task."),
    _("At most 1,000 characters."),
    _("More than 1 is for the format 'batch' only."),
    _("Batches go in order."),
    _("A whole number from 1 to 64."),
    _("A whole number from 1 to 500."),
    _("A whole number from 0 to 1e+06."),
    _("A number from 1 to 60."),
    _("At most 100 texts of 1 to 300 printable characters."),
    _("The URL must start with https://."),
    _("The URL must start with https:// or http://."),
    _("The URL has no host."),
    _("The URL's host is no valid name."),
    _("The URL's host is malformed."),
    _("The URL's port must be a number from 1 to 65535."),
    _("The URL has a user name or password; use a header instead."),
    _("The URL has a fragment (#…), which is never sent."),
    _("The URL has control characters, whitespace or characters that cannot be seen."),
    _("A secret starts with whsec_."),
    _("What follows whsec_ must be base64."),
    _("Cannot be changed."),
    _("A rule keeps its sink: make another one."),
    _("The old secret stays valid for 0 seconds to 30 days."),
    _("Say from which sequence or time on."),
    _("The event is not kept any more."),
    _("There is no stream server, so there are no streams to publish to: set NATS_URL."),
    _("The receiver has not proved yet that it wants these events: verify it first."),
)

_LANES: Final[Mapping[str, object]] = {
    ROUTE: _("Routing"),
    STREAM: _("Streams"),
}
_SINKS: Final[Mapping[str, object]] = {
    "webhook": _("Webhook"),
    "stream": _("Stream"),
    "task": _("Celery task"),
    "channel": _("Channel group"),
    "consumer": _("Consumer"),
}


def type_label(name: str) -> str:
    """The sentence for a type of event; its name when it is not one of OMS's own."""
    kind = EVENT_TYPES.get(name)
    return str(TYPE_LABELS.get(name) or (kind.title if kind else name))


def grouped_types() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Groups of types: pattern, what it is called, (name, sentence) of each."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in EVENT_TYPES:
        group = name.removeprefix(PREFIX).partition(".")[0]
        groups.setdefault(group, []).append((name, type_label(name)))
    return [
        (f"{PREFIX}{group}.*", str(GROUPS.get(group, group)), names)
        for group, names in groups.items()
    ]


def lane_label(lane: str, names: Mapping[str, str]) -> str:
    """What a lane is called.

    Args:
        names: of `events.selectors.lag.lane_names`.
    """
    if lane in _LANES:
        return str(_LANES[lane])
    sink, _colon, rest = lane.partition(":")
    return f"{_SINKS.get(sink, sink)}: {names.get(lane, rest)}"


def problem_text(message: str) -> str:
    """What a service says, in the reader's language when it is one of `PROBLEMS`."""
    return gettext(message) if message else ""


def problems_of(error: OmsError, *, fallback: str = "") -> dict[str, str]:
    """Messages by the form's fields; what fits none stands under ``fallback``."""
    found: dict[str, str] = {}
    for one in error.errors:
        message = problem_text(str(one.get("message", "")))
        found.setdefault(str(one.get("field", "")) or fallback, message)
    return found or {fallback: problem_text(error.message)}
