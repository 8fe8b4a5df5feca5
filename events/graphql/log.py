"""Events themselves: list, go on, look at, publish; and their types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

import orjson
import strawberry
from django.conf import settings
from strawberry import relay
from strawberry.scalars import JSON

from events.domain.cloudevents import BATCH, with_sequence
from events.domain.sequence import sequence_text
from events.domain.types import EVENT_TYPES, event_type, schema_document
from events.domain.types import EventType as Kind
from events.graphql.filters import EventQueryInput, event_query
from events.selectors.lag import lane_names
from events.selectors.log import EventView, events_after, get_event, list_events
from events.selectors.receivers import who_wants
from events.services.publishing import PublishedEvent as Published
from events.services.publishing import publish
from oms_project.core import canonical_json
from oms_project.core.authorization import permissions
from oms_project.core.errors import NotFound
from oms_project.core.pagination import checked_limit
from oms_project.core.routes import AUTHENTICATED
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.inputs import filter_text
from oms_project.graphql.scalars import Long

__all__ = ["Event", "EventType", "Lane", "Mutations", "Queries"]


@strawberry.type(description="Something that happened: a CloudEvent 1.0.")
class Event(relay.Node):
    """Its attributes are read out of the kept text, and only when one of them is asked for."""

    key: relay.NodeID[str]
    view: strawberry.Private[EventView]
    sequence: str = strawberry.field(description="Its place: 20 digits, which sort as text.")
    event_id: strawberry.ID = strawberry.field(
        description="`id` of the CloudEvent: unique within the source."
    )
    source: str = strawberry.field(description="Where it happened.")
    type: str = strawberry.field(description="What happened, with the version.")
    subject: str = strawberry.field(description="To what, within the source; may be empty.")
    time: dt.datetime | None = strawberry.field(description="When it happened; null: nobody said.")
    datacontenttype: str = strawberry.field(description="Media type of the data; empty: JSON.")
    dataschema: str = strawberry.field(description="Where the schema of the data is; may be empty.")
    partitionkey: str = strawberry.field(description="Events of one key keep their order.")
    ontology: str = strawberry.field(description="Name of the ontology; empty: it is about none.")
    branch: str = strawberry.field(description="Name of the branch; empty: it is about none.")

    @classmethod
    def of(cls, view: EventView) -> Event:
        """An event as readers see it; also what subscriptions send."""
        made = cls.__new__(cls)  # what is not set here is read by `__getattr__`
        made.key, made.view = str(view.sequence), view
        made.sequence = sequence_text(view.sequence)
        return made

    def __getattr__(self, name: str) -> Any:
        member = _ATTRIBUTES.get(name)
        if member is None:
            raise AttributeError(name)
        text = str(self.view.event.get(member, ""))
        if name == "time":
            return dt.datetime.fromisoformat(text) if text else None
        return text

    @strawberry.field(description="The CloudEvent as it is kept, with its sequence.")
    def json(self) -> JSON:
        return JSON(orjson.Fragment(with_sequence(self.view.text, self.view.sequence)))

    @strawberry.field(description="What it says; null: nothing, or bytes.")
    def data(self) -> JSON | None:
        # Exact numbers, which `view.event` rounds.
        found = canonical_json.loads(self.view.text.encode()).get("data")
        return None if found is None else JSON(found)

    @strawberry.field(name="dataBase64", description="What it says, when it is bytes.")
    def data_base64(self) -> str | None:
        return self.view.event.get("data_base64")

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(get_event(event=filter_text(one, "id"))) for one in node_ids]


#: Field -> member of the CloudEvent.
_ATTRIBUTES: Final = {
    "event_id": "id",
    **{
        name: name
        for name in (
            "source", "type", "subject", "time", "datacontenttype", "dataschema", "partitionkey",
            "ontology", "branch",
        )
    },
}  # fmt: skip


@strawberry.type(description="Events in the order in which they were written.")
class EventsAfter:
    nodes: list[Event]
    next: str = strawberry.field(description="The sequence to go on after, also when nothing came.")


@strawberry.type(description="A way that events go.")
class Lane:
    lane: str
    name: str = strawberry.field(description="Of the webhook or rule.")


@strawberry.type(description="A type of event that OMS publishes.")
class EventType:
    type: str
    title: str
    needs: str = strawberry.field(description="The permission that a receiver must hold.")
    schema_url: str = strawberry.field(description="What `dataschema` of such events says.")

    @classmethod
    def of(cls, kind: Kind) -> EventType:
        return cls(
            type=kind.name,
            title=kind.title,
            needs=kind.needs,
            schema_url=f"{settings.OMS_PUBLIC_URL}/api/v1/event-types/{kind.name}/schema",
        )

    @strawberry.field(description="JSON Schema of its data. A version only gains members.")
    def schema(self) -> JSON:
        return JSON(schema_document(EVENT_TYPES[self.type], address=self.schema_url))


@strawberry.type
class Queries:
    """Reads."""

    @connection(requires=permissions.EVENTS_READ)
    def events(self, info: Info, filter: EventQueryInput | None = None) -> Pages[Event]:
        """Events that you may see, newest first. With a filter a page may be short, or empty,
        although more follow: what counts is `hasNextPage`.
        """
        return listing(partial(list_events, where=event_query(filter)), Event.of)

    @query(requires=permissions.EVENTS_READ)
    def events_after(
        self,
        info: Info,
        sequence: Long,
        filter: EventQueryInput | None = None,
        limit: int | None = None,
    ) -> EventsAfter:
        """Events after a sequence, oldest first: how to go on where one was."""
        found, following = events_after(
            sequence, where=event_query(filter), limit=checked_limit(limit)
        )
        return EventsAfter(
            nodes=[Event.of(view) for view in found], next=sequence_text(max(0, following))
        )

    @query(requires=permissions.EVENTS_READ)
    def event(self, info: Info, event: str) -> Event:
        """One event by its id or sequence."""
        return Event.of(get_event(event=filter_text(event, "event")))

    @query(requires=permissions.EVENTS_ADMINISTER)
    def lanes_of_event(self, info: Info, event: str) -> list[Lane]:
        """Where an event would go if it happened now: with the webhooks, rules and rights of this
        moment. Where it went then, the deliveries say.
        """
        lanes = who_wants(event=get_event(event=filter_text(event, "event")))
        names = lane_names(lanes)
        return [Lane(lane=lane, name=names.get(lane, lane)) for lane in lanes]

    @query(requires=AUTHENTICATED("which types there are is in the guide as well"))
    def event_types(self, info: Info) -> list[EventType]:
        """The types of events that OMS publishes."""
        return [EventType.of(kind) for kind in EVENT_TYPES.values()]

    @query(requires=AUTHENTICATED("which types there are is in the guide as well"))
    def event_type(self, info: Info, type: str) -> EventType:
        """One type of event."""
        kind = event_type(type)
        if kind is None:
            raise NotFound(
                f"OMS publishes no events of the type '{type[:300]}'.", code="event_type_not_found"
            )
        return EventType.of(kind)


@strawberry.type(description="What became of an event that was published.")
class PublishedEvent:
    id: strawberry.ID
    source: str
    sequence: str = strawberry.field(description="Its place: 20 digits, which sort as text.")
    duplicate: bool = strawberry.field(
        description="It was there already, from the same source with the same id: nothing was done."
    )

    @classmethod
    def of(cls, done: Published) -> PublishedEvent:
        return cls(
            id=strawberry.ID(done.id),
            source=done.source,
            sequence=sequence_text(done.sequence),
            duplicate=done.duplicate,
        )


@strawberry.type(description="What became of each event, in their order.")
class PublishedEvents:
    items: list[PublishedEvent]


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.EVENTS_PUBLISH)
    def publish_events(self, info: Info, events: list[JSON]) -> PublishedEvents:
        """Bring in events of another system: CloudEvents 1.0 as JSON objects. All or nothing; an
        event that is there already is a `duplicate` and changes nothing.
        """
        body = canonical_json.dumps(events)
        done = publish(headers={"content-type": BATCH}, body=body)
        return PublishedEvents(items=[PublishedEvent.of(one) for one in done])
