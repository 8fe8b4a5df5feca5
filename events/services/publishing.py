"""Events of other systems: checked, and put into the outbox once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cloudevents.core.v1.event import CloudEvent
from django.conf import settings
from django.db import IntegrityError, transaction

from events.domain.cloudevents import parse_http, stored_text
from events.models import Event
from events.services.outbox import Row, insert_events
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid, PermissionDenied, TooLarge
from oms_project.core.outbox import PREFIX
from oms_project.core.trace import current_trace

__all__ = ["PublishedEvent", "publish", "take_in"]

_MAX_ID: Final = 200
_MAX_SOURCE: Final = 1000
_MAX_TYPE: Final = 300
_MAX_SUBJECT: Final = 1000
_MAX_KEY: Final = 600
_ONTOLOGY = re.compile(r"[a-z0-9][a-z0-9._-]*")
_PLACES: Final = ("ontology", "branch")


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event that was taken in.

    Attributes:
        sequence: its place in the outbox.
        duplicate: an event of the same source and id was there already; nothing was done.
    """

    id: str
    source: str
    sequence: int
    duplicate: bool


def publish(*, headers: Mapping[str, str], body: bytes) -> list[PublishedEvent]:
    """Take in what an HTTP request brings: one event (structured or binary) or a batch; all or
    nothing.

    Args:
        headers: of the request; names in any case.

    Raises:
        PermissionDenied: without ``events.publish``, also for the ontology that an event names.
        BadRequest: no CloudEvents; ``errors`` names attributes.
        Invalid: ``reserved_type``, a type that OMS keeps for itself; an attribute that is too long.
        TooLarge: an event has more bytes than ``OMS_EVENTS_MAX_KB``.
    """
    actor = current_actor()
    decision = authorizer.anywhere(actor, permissions.EVENTS_PUBLISH)
    if not decision.allowed:
        raise PermissionDenied(
            f"Not allowed: {decision.reason}.", data={"permission": permissions.EVENTS_PUBLISH}
        )
    events = parse_http(headers, body)
    rows = [_row(event) for event in events]
    for ontology in {row.ontology for row in rows}:
        authorizer.check(actor, permissions.EVENTS_PUBLISH, ontology=ontology or None)
    return _written(rows)


def take_in(*, headers: Mapping[str, str], body: bytes) -> list[PublishedEvent]:
    """As ``publish``, for what comes over a stream: whoever may write there may publish."""
    return _written([_row(event) for event in parse_http(headers, body)])


def _written(rows: Sequence[Row]) -> list[PublishedEvent]:
    done: list[PublishedEvent] = []
    with transaction.atomic():
        for row in rows:
            try:
                with transaction.atomic():
                    (seq,) = insert_events([row])
                duplicate = False
            except IntegrityError:
                seq = Event.objects.only("seq").get(source=row.source, id=row.id).seq
                duplicate = True
            done.append(PublishedEvent(row.id, row.source, seq, duplicate))
    return done


def _row(event: CloudEvent) -> Row:
    attributes = event.get_attributes()
    kind = event.get_type()
    if kind.startswith(PREFIX):
        raise Invalid(
            f"Types that begin with {PREFIX} are OMS's own: choose another one than '{kind}'.",
            code="reserved_type",
            errors=[{"field": "type", "message": "Reserved."}],
        )
    subject = event.get_subject() or ""
    key = str(attributes.get("partitionkey") or event.get_source())
    for name, value, most in (
        ("id", event.get_id(), _MAX_ID),
        ("source", event.get_source(), _MAX_SOURCE),
        ("type", kind, _MAX_TYPE),
        ("subject", subject, _MAX_SUBJECT),
        ("partitionkey", key[:_MAX_KEY] if "partitionkey" not in attributes else key, _MAX_KEY),
        *((name, str(attributes.get(name, "")), 100) for name in _PLACES),
    ):
        if len(value) > most:
            raise Invalid(
                f"The attribute '{name}' has {len(value)} characters; at most {most} are taken.",
                code="attribute_too_long",
                errors=[{"field": name, "message": f"At most {most} characters."}],
            )
    ontology = str(attributes.get("ontology", ""))
    if ontology and not _ONTOLOGY.fullmatch(ontology):
        raise Invalid(
            f"The attribute 'ontology' is no name of an ontology: '{ontology}'.",
            code="bad_ontology",
            errors=[{"field": "ontology", "message": "Lower-case letters, digits and . _ -."}],
        )
    trace = current_trace()
    if trace is not None and "traceparent" not in attributes:
        attributes = {**attributes, "traceparent": trace.parent}
        if trace.state:
            attributes["tracestate"] = trace.state
    # The sequence is OMS's to give.
    attributes = {name: value for name, value in attributes.items() if name != "sequence"}
    moment = event.get_time() or utc_now()
    body = stored_text(CloudEvent({**attributes, "time": moment}, event.get_data()))
    if len(body.encode()) > settings.OMS_EVENTS_MAX_BYTES:
        raise TooLarge(
            f"The event '{event.get_id()}' has more than "
            f"{settings.OMS_EVENTS_MAX_BYTES // 1024} KB: put a reference into its data.",
            code="event_too_large",
        )
    return Row(
        event.get_id(),
        event.get_source(),
        kind,
        subject,
        key[:_MAX_KEY],
        ontology,
        str(attributes.get("branch", "")),
        moment,
        body,
    )
