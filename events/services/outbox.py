"""Writing events: in the transaction of the change, or as they come from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

import orjson
from django.conf import settings
from django.db import connection, transaction

from events import doorbell, horizon
from events.domain.lanes import ROUTE, STREAM
from events.domain.types import EVENT_TYPES, data_problem
from oms_project.core import canonical_json
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.ids import ordered_id
from oms_project.core.outbox import NewEvent
from oms_project.core.trace import Trace, current_trace, new_trace

__all__ = ["DatabaseOutbox", "Row", "insert_events", "stored_lanes"]

_CHUNK: Final = 200
_COLUMNS = "id, source, type, subject, key, ontology, branch, time, added, body"
_INSERT = f"INSERT INTO events_event ({_COLUMNS}) VALUES "
_ROW = "(" + ", ".join(["%s"] * 10) + ")"
_RETURNING = " RETURNING seq, key"
_PENDING = "INSERT INTO events_pending (lane, key, seq, due) VALUES "


@dataclass(frozen=True, slots=True)
class Row:
    """An event as it is stored; ``body`` is the CloudEvent as structured JSON."""

    id: str
    source: str
    type: str
    subject: str
    key: str
    ontology: str
    branch: str
    time: datetime
    body: str


class DatabaseOutbox:
    """The outbox in this database: two INSERTs for what happens in one call."""

    def append(self, *events: NewEvent) -> None:
        """See `Outbox.append`."""
        self.append_many(events)

    def append_many(self, events: Iterable[NewEvent]) -> None:
        """See `Outbox.append_many`."""
        trace = current_trace() or new_trace()
        waiting = iter(events)
        with transaction.atomic(savepoint=False):
            while chunk := list(islice(waiting, _CHUNK)):
                insert_events([_row(event, trace) for event in chunk])


def stored_lanes() -> tuple[str, ...]:
    """The lanes that every event goes down."""
    return (ROUTE, STREAM) if settings.NATS_URL else (ROUTE,)


def insert_events(rows: Sequence[Row]) -> list[int]:
    """Write events in the open transaction, and that they have to be passed on.

    Returns:
        Their numbers.
    """
    now = utc_now()
    adapt: Callable[[datetime], Any] = connection.ops.adapt_datetimefield_value
    values: list[Any] = []
    for row in rows:
        values += (
            row.id, row.source, row.type, row.subject, row.key, row.ontology, row.branch,
            adapt(row.time), adapt(now), row.body,
        )  # fmt: skip
    with connection.cursor() as cursor:
        horizon.announce(cursor)
        cursor.execute(_INSERT + ", ".join([_ROW] * len(rows)) + _RETURNING, values)
        written = cursor.fetchall()
        pending: list[Any] = []
        for lane in stored_lanes():
            for seq, key in written:
                pending += (lane, key, seq, 0)
        cursor.execute(
            _PENDING + ", ".join(["(%s, %s, %s, %s)"] * (len(pending) // 4)),
            pending,
        )
    transaction.on_commit(doorbell.ring)
    return sorted(seq for seq, _ in written)


def _row(event: NewEvent, trace: Trace) -> Row:
    """A new event as the row that is stored.

    Its attributes are OMS's own, so that they need no validation on the way in: the suite holds
    what comes out against the official SDK.
    """
    if event.type not in EVENT_TYPES:
        raise ValueError(f"{event.type!r} is no type of event: add it to events.domain.types.")
    if settings.OMS_EVENTS_CHECK:
        problem = data_problem(event.type, event.data)
        if problem is not None:
            raise ValueError(f"Data of {event.type} do not fit its schema: {problem}")
    moment = utc_now()
    identity = ordered_id(moment)
    key = event.key or f"{event.ontology}/{event.branch}"
    source = settings.OMS_PUBLIC_URL
    if event.ontology:
        source += f"/api/v1/ontologies/{event.ontology}"
    body: dict[str, Any] = {
        "specversion": "1.0",
        "id": identity,
        "source": source,
        "type": event.type,
        "time": isoformat(moment),
        "datacontenttype": "application/json",
        "dataschema": f"{settings.OMS_PUBLIC_URL}/api/v1/event-types/{event.type}/schema",
        "partitionkey": key,
        "traceparent": trace.parent,
    }
    places = (
        ("subject", event.subject),
        ("tracestate", trace.state),
        ("ontology", event.ontology),
        ("branch", event.branch),
    )
    body |= {name: text for name, text in places if text}
    body["data"] = event.data
    return Row(
        identity,
        source,
        event.type,
        event.subject,
        key,
        event.ontology,
        event.branch,
        moment,
        _text(body),
    )


def _text(body: dict[str, Any]) -> str:
    try:
        raw = orjson.dumps(body)
    except (TypeError, ValueError):  # a lone surrogate, a decimal
        raw = canonical_json.dumps(body)
    return raw.decode()
