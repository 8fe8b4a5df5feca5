"""From the outbox to those who want events: routing, webhooks, rules, consumers, retention."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import transaction
from standardwebhooks import Webhook as StandardWebhook

from events.contract import ReceivedEvent, forget_consumer, register_consumer
from events.domain.filters import EventFilter
from events.models import (
    Attempt,
    Delivery,
    Event,
    InboxEntry,
    Lease,
    Pending,
    Position,
    Quarantined,
    Rule,
    Webhook,
)
from events.relay import live
from events.relay.engine import Relay
from events.selectors.receivers import preview
from events.services import deliveries, rules, upkeep, webhooks
from events.services.consuming import consume, received
from events.services.webhooks import NewWebhook, create_webhook
from oms_project.core.clock import frozen_at, utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from oms_project.core.outbox import NewEvent, outbox
from oms_project.identity.contract import Role
from oms_project.identity.models import RoleBinding
from ontology import services
from tests import services as real
from tests.conftest import MakePerson
from tests.integration.events.conftest import NAME, Receiver, job_event, told

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("as_system")]

Drain = Callable[..., int]


def hook(receiver: Receiver, name: str = "h", **members: Any) -> Webhook:
    wanted = EventFilter(**members.pop("wanted", {"types": ("io.oms.job.*",)}))
    made = create_webhook(asked=NewWebhook(name=name, url=receiver.url, wanted=wanted, **members))
    assert made.verification is not None
    assert made.verification.ok, made.verification
    return made.webhook


def seqs() -> list[int]:
    """Numbers of the events about jobs."""
    rows = Event.objects.filter(type__startswith="io.oms.job.").order_by("seq")
    return list(rows.values_list("seq", flat=True))


def jobs_at(receiver: Receiver) -> list[str]:
    return [one["data"]["job"] for one in receiver.events]


# --- routing --------------------------------------------------------------------------------------
def test_an_event_goes_to_whom_it_concerns(receiver: Receiver, drain: Drain, world: str) -> None:
    everything = hook(receiver, "all", wanted={})
    branches = hook(receiver, "branches", wanted={"types": ("io.oms.ontology.branch.*",)})
    release = hook(receiver, "release", wanted={"branches": ("release/*",)})
    other = hook(receiver, "other", wanted={"ontologies": ("elsewhere",)})
    inside = hook(
        receiver,
        "inside",
        wanted={"expression": "has(data.protected) && data.protected && event.branch == 'b'"},
    )
    services.create_branch(ontology=NAME, name="release/1")
    services.create_branch(ontology=NAME, name="b", protected=True)
    drain()

    def got(one: Webhook) -> int:
        return Delivery.objects.filter(lane=one.lane, state="delivered").count()

    assert got(branches) == 2
    assert got(release) == 1
    assert got(other) == 0
    assert got(inside) == 1
    assert got(everything) == Event.objects.count()
    assert not Pending.objects.exists()
    assert not Lease.objects.exists()


def test_object_types_choose_events(receiver: Receiver, drain: Drain, world: str) -> None:
    one = hook(receiver, "ships", wanted={"object_types": ("Ship",)})
    for types in (["Ship", "Port"], ["Port"], []):
        outbox.append(
            NewEvent(
                "io.oms.ontology.object.changed.v1",
                {
                    "ontology": NAME,
                    "ontologyId": "x",
                    "branch": "main",
                    "commit": "c",
                    "part": 1,
                    "last": True,
                    "types": types,
                    "changes": [],
                },
                ontology=NAME,
                branch="main",
            )
        )
    drain()
    assert Delivery.objects.filter(lane=one.lane).count() == 1


def test_nobody_receives_more_than_he_may_see(
    receiver: Receiver, drain: Drain, world: str, person: MakePerson, acting: Any
) -> None:
    with acting_as(SYSTEM):
        services.create_ontology(name="elsewhere", base_iri="https://example.org/e/")
    owner = person("olga", Role.ADMINISTRATOR, NAME)
    with acting(owner):
        with pytest.raises(PermissionDenied):
            create_webhook(asked=NewWebhook(name="all", url=receiver.url), verify=False)
        mine = hook(receiver, "mine", wanted={"ontologies": (NAME,)})
    services.create_branch(ontology=NAME, name="one")
    services.create_branch(ontology="elsewhere", name="two")
    outbox.append(job_event())
    drain()
    assert [event["branch"] for event in receiver.events if "branch" in event] == ["one"]
    RoleBinding.objects.filter(user=owner).delete()
    services.create_branch(ontology=NAME, name="three")
    drain()
    assert Delivery.objects.filter(lane=mine.lane).count() == len(receiver.got)
    assert "three" not in [event.get("branch") for event in receiver.events]


def test_an_owner_who_was_shut_out_gets_nothing(
    receiver: Receiver, drain: Drain, world: str, person: MakePerson, acting: Any
) -> None:
    owner = person("olga", Role.ADMINISTRATOR)
    with acting(owner):
        hook(receiver, "mine", wanted={"ontologies": (NAME,)})
    owner.is_active = False
    owner.save()
    services.create_branch(ontology=NAME, name="one")
    drain()
    assert receiver.got == []


def test_a_filter_that_cannot_be_used_is_refused(receiver: Receiver) -> None:
    with pytest.raises(Invalid) as refused:
        hook(receiver, wanted={"expression": "data.x ==", "types": ("",)})
    assert {one["field"] for one in refused.value.errors} == {"expression", "types"}
    assert not Webhook.objects.exists()


def test_a_dry_run_says_what_would_have_matched(world: str) -> None:
    services.create_branch(ontology=NAME, name="one")
    matches, looked_at = preview(wanted=EventFilter(types=("*branch*",)))
    assert [match.event.event["branch"] for match in matches] == ["one"]
    assert looked_at == Event.objects.count()


def test_what_cannot_be_routed_is_quarantined_and_the_rest_goes_on(
    drain: Drain, monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    from events.services import routing

    hook(receiver)
    sound = routing.wanting

    def broken(*args: Any, **members: Any) -> Any:
        if '"job":"1"' in members["body"]:
            raise RuntimeError("cannot be")
        return sound(*args, **members)

    monkeypatch.setattr(routing, "wanting", broken)
    for number in range(3):
        outbox.append(job_event(number))
    for _ in range(6):
        drain()
        Lease.objects.update(retry_at=0)
    assert jobs_at(receiver) == ["0", "2"]
    (entry,) = Quarantined.objects.all()
    assert "cannot be" in entry.error
    assert [one["data"]["lane"] for one in told("event.quarantined")] == ["route"]
    monkeypatch.undo()
    deliveries.release_quarantined(entry=entry.pk)
    drain()
    assert jobs_at(receiver) == ["0", "2", "1"]
    assert not Quarantined.objects.exists()


def test_what_a_dead_relay_held_is_taken_over_at_once(receiver: Receiver, drain: Drain) -> None:
    hook(receiver)
    outbox.append(job_event(1, key="a"), job_event(2, key="b"))
    drain("route")
    lane, far = Webhook.objects.get().lane, time.time() + 3600
    host = socket.gethostname()[:100].replace(":", "_")
    gone = subprocess.Popen(["true"])
    gone.wait()
    Lease.objects.create(lane=lane, key="a", owner=f"{host}:{gone.pid}:x", until=far)
    Lease.objects.create(lane=lane, key="b", owner=f"elsewhere:{gone.pid}:x", until=far)
    drain()
    assert jobs_at(receiver) == ["1"]  # who works elsewhere may be alive


# --- webhooks -------------------------------------------------------------------------------------
def test_a_delivery_is_signed_as_standard_webhooks_says(receiver: Receiver, drain: Drain) -> None:
    made = create_webhook(asked=NewWebhook(name="h", url=receiver.url))
    outbox.append(job_event())
    drain()
    headers, body = receiver.got[0]
    event = StandardWebhook(made.secret).verify(body, headers)
    assert headers["webhook-id"] == event["id"] == Event.objects.get(seq=seqs()[0]).id
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert headers["traceparent"].split("-")[1] == event["traceparent"].split("-")[1]
    rotated = webhooks.rotate_secret(webhook="h")
    outbox.append(job_event())
    drain()
    headers, body = receiver.got[1]
    for secret in (made.secret, rotated.secret):
        StandardWebhook(secret).verify(body, headers)
    with frozen_at(utc_now() + dt.timedelta(hours=25)):
        from events.services.receivers import signing_secrets

        assert signing_secrets(Webhook.objects.get()) == (rotated.secret,)
    assert made.secret not in "".join(made.webhook.secrets.values_list("sealed", flat=True))


@pytest.mark.parametrize("form", ["structured", "binary", "batch"])
def test_every_format_is_a_cloud_event(receiver: Receiver, drain: Drain, form: str) -> None:
    from events.domain.cloudevents import parse_http

    hook(receiver, format=form, batch_size=10 if form == "batch" else 1)
    with transaction.atomic():
        for number in range(3):
            outbox.append(job_event(number))
    drain()
    found = [event for headers, body in receiver.got for event in parse_http(headers, body)]
    assert [event.get_data()["job"] for event in found] == ["0", "1", "2"]
    assert [event.get_extension("sequence") for event in found] == [
        f"{seq:020}" for seq in Event.objects.order_by("seq").values_list("seq", flat=True)
    ]
    assert len(receiver.got) == (1 if form == "batch" else 3)


def test_a_receiver_that_does_not_agree_gets_nothing(receiver: Receiver, drain: Drain) -> None:
    receiver.allowed_origin = "https://somebody.else"
    made = create_webhook(asked=NewWebhook(name="h", url=receiver.url))
    assert made.verification is not None
    assert not made.verification.ok
    assert made.webhook.state == "unverified"
    outbox.append(job_event())
    drain()
    assert receiver.got == []
    with pytest.raises(Conflict, match="verify"):
        webhooks.enable_webhook(webhook="h")
    receiver.allowed_origin = "*"
    assert webhooks.verify_webhook(webhook="h").ok
    outbox.append(job_event(2))
    drain()
    assert jobs_at(receiver) == ["2"]


def test_another_address_has_to_agree_again(receiver: Receiver) -> None:
    one = hook(receiver)
    changed = webhooks.update_webhook(webhook="h", changes={"url": receiver.url + "/other"})
    assert changed.state == "unverified"
    assert changed.pk == one.pk


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"url": "ftp://example.org/"}, "url"),
        ({"url": "https://user:pass@example.org/"}, "url"),
        ({"name": ""}, "name"),
        ({"format": "xml"}, "format"),
        ({"order": "any"}, "order"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": True}, "concurrency"),
        ({"timeout": 3600}, "timeout"),
        ({"batch_size": 5}, "batch_size"),
        ({"secret": "whsec_short"}, "secret"),
    ],
)
def test_what_cannot_be_is_refused_by_name(members: dict[str, Any], field: str) -> None:
    asked = {"name": "h", "url": "https://example.org/"} | members
    with pytest.raises(Invalid) as refused:
        create_webhook(asked=NewWebhook(**asked))
    assert [one["field"] for one in refused.value.errors] == [field]


def test_a_paused_webhook_misses_nothing(receiver: Receiver, drain: Drain) -> None:
    hook(receiver)
    webhooks.pause_webhook(webhook="h")
    outbox.append(job_event(1))
    drain()
    assert receiver.got == []
    webhooks.enable_webhook(webhook="h")
    drain()
    assert jobs_at(receiver) == ["1"]


def test_one_that_is_gone_is_disabled_and_can_come_back(receiver: Receiver, drain: Drain) -> None:
    hook(receiver)
    receiver.answers = [(410, {})]
    outbox.append(job_event(1))
    drain()
    gone = Webhook.objects.get()
    assert gone.state == "disabled"
    assert "410" in gone.notice
    (event,) = told("webhook.disabled")
    assert event["data"]["name"] == "h"
    outbox.append(job_event(2))  # nobody notes this one for it
    drain()
    webhooks.enable_webhook(webhook="h", replay=True)
    drain()
    assert jobs_at(receiver)[1:] == ["1", "2"]


def test_a_failing_event_lets_nothing_behind_it_pass(receiver: Receiver, drain: Drain) -> None:
    hook(receiver)
    receiver.answers = [(500, {})]
    with transaction.atomic():
        outbox.append(job_event(1, key="a"), job_event(2, key="a"), job_event(3, key="b"))
    drain("route")
    drain()
    assert jobs_at(receiver)[0] in {"1", "3"}
    delivered = Delivery.objects.filter(state="delivered").count()
    assert delivered in {1, 2}
    Lease.objects.update(retry_at=0)
    drain()
    done = list(
        Attempt.objects.filter(status=200).order_by("id").values_list("delivery__seq", flat=True)
    )
    first, second, third = seqs()
    assert sorted(done) == [first, second, third]
    assert done.index(first) < done.index(second)
    failed = Attempt.objects.get(status=500)
    assert failed.request_headers["webhook-id"] == Event.objects.get(seq=failed.delivery.seq).id
    assert failed.delivery.attempts == 2


def test_without_order_a_failing_event_holds_nobody_up(receiver: Receiver, drain: Drain) -> None:
    hook(receiver, order="parallel", concurrency=1)
    receiver.answers = [(500, {})]
    with transaction.atomic():
        outbox.append(job_event(1), job_event(2), job_event(3))
    drain()
    assert jobs_at(receiver) == ["1", "2", "3"]
    assert Delivery.objects.filter(state="delivered").count() == 2
    Pending.objects.update(due=0)
    drain()
    assert Delivery.objects.filter(state="delivered").count() == 3


def test_a_dead_letter_is_kept_and_can_be_sent_again(
    receiver: Receiver, drain: Drain, settings: Any
) -> None:
    settings.OMS_WEBHOOK_RETRY_HOURS = 0.0001
    hook(receiver)
    receiver.answers = [(500, {})]
    outbox.append(job_event(1))
    drain()
    dead = Delivery.objects.get()
    assert dead.state == "dead"
    assert deliveries.redeliver_dead(webhook="h") == 1
    drain()
    dead.refresh_from_db()
    assert dead.state == "delivered"
    assert jobs_at(receiver) == ["1", "1"]
    assert receiver.got[0][0]["webhook-id"] == receiver.got[1][0]["webhook-id"]


def test_retry_after_is_heeded(receiver: Receiver, drain: Drain) -> None:
    hook(receiver)
    receiver.answers = [(429, {"Retry-After": "1000"})]
    outbox.append(job_event(1))
    before = utc_now()
    drain()
    waiting = Delivery.objects.get()
    assert waiting.retry_at is not None
    assert waiting.retry_at >= before + dt.timedelta(seconds=999)
    drain()
    assert len(receiver.got) == 1


def test_a_test_goes_to_this_webhook_alone(receiver: Receiver, drain: Drain) -> None:
    hook(receiver)
    hook(receiver, "other", wanted={})
    drain()
    receiver.got.clear()
    sent = webhooks.test_webhook(webhook="h")
    drain()
    assert [one["type"] for one in receiver.events] == ["io.oms.webhook.test.v1"]
    sent.refresh_from_db()
    assert (sent.state, sent.origin) == ("delivered", "test")


def test_a_range_is_replayed_in_order(receiver: Receiver, drain: Drain) -> None:
    for number in range(5):
        outbox.append(job_event(number))
    drain()
    hook(receiver)
    planned = deliveries.replay_events(
        webhook="h", from_sequence=seqs()[1], to_sequence=seqs()[3], dry_run=True
    )
    assert (planned.matched, planned.queued) == (3, 0)
    done = deliveries.replay_events(webhook="h", from_sequence=seqs()[1], to_sequence=seqs()[3])
    assert done.queued == 3
    drain()
    assert jobs_at(receiver) == ["1", "2", "3"]
    again = deliveries.redeliver(delivery=Delivery.objects.get(seq=seqs()[2]).pk)
    drain()
    assert jobs_at(receiver) == ["1", "2", "3", "2"]
    assert again.origin == "redelivery"
    with pytest.raises(Invalid):
        deliveries.replay_events(webhook="h")
    with pytest.raises(Conflict):
        deliveries.cancel_delivery(delivery=again.pk)


def test_a_pending_delivery_can_be_given_up(receiver: Receiver, drain: Drain) -> None:
    hook(receiver)
    receiver.answers = [(500, {})]
    with transaction.atomic():
        outbox.append(job_event(1), job_event(2))
    drain()
    deliveries.cancel_delivery(delivery=Delivery.objects.get(seq=seqs()[0]).pk)
    drain()
    assert jobs_at(receiver) == ["1", "2"]
    assert Delivery.objects.get(seq=seqs()[0]).state == "cancelled"


def test_a_webhook_that_is_deleted_leaves_nothing(receiver: Receiver, drain: Drain) -> None:
    hook(receiver)
    receiver.answers = [(500, {})]
    outbox.append(job_event(1))
    drain()
    webhooks.delete_webhook(webhook="h")
    for model in (Webhook, Delivery, Attempt, Pending, Lease):
        assert not model.objects.exists()
    with pytest.raises(NotFound):
        webhooks.get_webhook(webhook="h")


def test_a_secret_outlives_a_new_secret_key(receiver: Receiver, settings: Any) -> None:
    made = create_webhook(asked=NewWebhook(name="h", url=receiver.url), verify=False)
    from events.services.receivers import signing_secrets

    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another-secret-key-that-is-long-enough-for-anything-0123456789"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert webhooks.reseal_secrets() == 1
    settings.SECRET_KEY_FALLBACKS = []
    assert signing_secrets(made.webhook) == (made.secret,)


# --- rules ----------------------------------------------------------------------------------------
def test_a_rule_leads_into_a_channel_group(drain: Drain) -> None:
    rules.create_rule(
        asked=rules.NewRule("r", "channel", "somebody", EventFilter(types=("io.oms.job.*",)))
    )
    layer: Any = get_channel_layer()

    async def go() -> Any:
        await layer.group_add("somebody", "me")
        await asyncio.to_thread(outbox.append, job_event(5))
        await Relay(interval=0.2, lease=30).run(until_empty=True)
        return await asyncio.wait_for(layer.receive("me"), 5)

    message = asyncio.run(go())
    assert message["type"] == "oms.event"
    assert '"job":"5"' in message["body"]
    assert Delivery.objects.get().state == "delivered"


def test_a_rule_names_a_webhook(receiver: Receiver, drain: Drain) -> None:
    hook(receiver, wanted={"types": ("nothing",)})
    rules.create_rule(
        asked=rules.NewRule("r", "webhook", "h", EventFilter(types=("io.oms.job.*",)))
    )
    outbox.append(job_event(1))
    drain()
    assert jobs_at(receiver) == ["1"]
    rules.update_rule(rule="r", changes={"enabled": False})
    outbox.append(job_event(2))
    drain()
    assert jobs_at(receiver) == ["1"]
    rules.delete_rule(rule="r")
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    ("sink", "target", "field"),
    [
        ("smoke", "x", "sink"),
        ("task", "no good", "target"),
        ("webhook", "nobody", "target"),
        ("channel", "a b", "target"),
        ("stream", "a.b", "target"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(sink: str, target: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.create_rule(asked=rules.NewRule("r", sink, target))
    assert refused.value.errors[0]["field"] == field


def test_a_rule_makes_celery_tasks_on_a_real_broker(drain: Drain, settings: Any) -> None:
    from oms_project.celery import app

    rules.create_rule(
        asked=rules.NewRule("r", "task", "oms.tests.note", EventFilter(types=("io.oms.job.*",)))
    )
    got: list[Any] = []
    arrived = threading.Event()

    @app.task(name="oms.tests.note", bind=True)
    def note(self: Any, event: Any) -> None:
        got.append((self.request.id, event))
        arrived.set()

    before = app.conf.broker_url
    with real.valkey() as valkey:
        app.conf.broker_url = valkey.url
        try:
            from celery.contrib.testing.worker import start_worker

            outbox.append(job_event(7))
            drain()
            with start_worker(app, perform_ping_check=False, pool="solo"):
                assert arrived.wait(30)
        finally:
            app.conf.broker_url = before
            app.tasks.pop("oms.tests.note")
            app.pool.force_close_all()
    ((identity, event),) = got
    assert event["data"]["job"] == "7"
    assert identity == f"{Rule.objects.get().pk}:{event['id']}"
    assert Delivery.objects.get().state == "delivered"


# --- live -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("real_layer", [False, True], ids=["memory", "valkey"])
def test_everything_is_told_to_the_channel_layer(
    world: str, settings: Any, valkey_server: real.Service, real_layer: bool
) -> None:
    if real_layer:
        settings.CHANNEL_LAYERS = {
            "default": {
                "BACKEND": "channels_redis.core.RedisChannelLayer",
                "CONFIG": {"hosts": [valkey_server.url], "prefix": "t"},
            }
        }
    services.create_branch(ontology=NAME, name="b")

    async def go() -> list[Any]:
        layer: Any = get_channel_layer()
        await layer.group_add(live.GROUP, "all")
        await layer.group_add(live.group_of(NAME), "world")
        await Relay(interval=0.2, lease=30).run(until_empty=True)
        return [await asyncio.wait_for(layer.receive(name), 5) for name in ("all", "world")]

    for message in asyncio.run(go()):
        assert message["type"] == "oms.event"
        assert message["ontology"] == NAME
        row = Event.objects.get(seq=message["sequence"])  # any key may be first
        assert (message["body"], message["event_type"]) == (row.body, row.type)


# --- consumers ------------------------------------------------------------------------------------
@pytest.fixture
def counted() -> Iterator[None]:
    """A consumer that counts jobs in the database."""

    @register_consumer("tests.count", types=("io.oms.job.*",))
    def count(event: ReceivedEvent) -> None:
        if event.data["job"] == "poison":
            raise RuntimeError("cannot be eaten")
        row, _ = Position.objects.get_or_create(name="counted", defaults={"value": 0})
        row.value += 1
        row.save()

    yield
    forget_consumer("tests.count")


def total() -> int:
    return Position.objects.filter(name="counted").values_list("value", flat=True).first() or 0


@pytest.mark.usefixtures("counted")
def test_a_consumer_does_its_work_once(drain: Drain) -> None:
    for number in range(3):
        outbox.append(job_event(number))
    drain()
    assert total() == 3
    from events.contract import registered_consumers

    (consumer,) = registered_consumers()
    event = told("job.")[0]
    assert consume(consumer, received(event)) is False
    assert total() == 3
    assert InboxEntry.objects.count() == 3


@pytest.mark.usefixtures("counted")
def test_what_a_consumer_cannot_take_is_quarantined(drain: Drain) -> None:
    with transaction.atomic():
        outbox.append(
            NewEvent(
                "io.oms.job.submitted.v1",
                {
                    "job": "poison",
                    "task": "t",
                    "actor": {"id": "1", "username": "a", "kind": "user"},
                },
                key="jobs",
            ),
            job_event(1),
        )
    for _ in range(10):
        drain()
        Lease.objects.update(retry_at=0)
    assert total() == 1
    (entry,) = Quarantined.objects.all()
    assert entry.lane == "consumer:tests.count"


@pytest.mark.usefixtures("counted")
def test_over_jetstream_a_consumer_does_its_work_once(settings: Any) -> None:
    with real.nats() as nats:
        settings.NATS_URL = nats.url
        with transaction.atomic():
            for number in range(20):
                outbox.append(job_event(number))
        relay = Relay(interval=0.2, lease=30)

        async def go() -> None:
            running = asyncio.create_task(relay.run())
            for _ in range(600):
                if await asyncio.to_thread(total) >= 20:
                    break
                await asyncio.sleep(0.05)
            relay.stop()
            await running

        asyncio.run(go())
    assert total() == 20
    assert not Delivery.objects.exists()


def test_outside_events_come_in_over_jetstream_once(settings: Any) -> None:
    from events.adapters.jetstream import Outgoing
    from events.adapters.stream_sink import connect
    from events.domain.cloudevents import make_event, to_structured
    from events.relay.readers import INBOUND, inbound_subject

    with real.nats() as nats:
        settings.NATS_URL = nats.url

        async def go() -> None:
            stream = connect()
            event = make_event(
                id="1", source="/erp", type="com.example.order", time=utc_now(), data={"n": 1}
            )
            message = to_structured(event)
            subject = inbound_subject("com.example.order")
            await stream.publish(
                [
                    Outgoing(INBOUND, subject, message.body, message.headers, identity)
                    for identity in ("a", "b")
                ]
                + [Outgoing(INBOUND, subject, b"nonsense", message.headers, "c")]
            )
            relay = Relay(interval=0.2, lease=30)
            running = asyncio.create_task(relay.run())
            for _ in range(600):
                if await asyncio.to_thread(Event.objects.filter(source="/erp").exists):
                    (figures,) = [one for one in await stream.streams() if one.name == INBOUND]
                    if all(not one.lag and not one.unacknowledged for one in figures.consumers):
                        break
                await asyncio.sleep(0.05)
            relay.stop()
            await running
            await stream.close()

        asyncio.run(go())
    assert Event.objects.filter(source="/erp").count() == 1


# --- keeping --------------------------------------------------------------------------------------
def test_what_is_old_goes_and_what_waits_stays(
    receiver: Receiver, drain: Drain, settings: Any
) -> None:
    hook(receiver)
    outbox.append(job_event(1))
    drain()
    outbox.append(job_event(2))
    with frozen_at(utc_now() + dt.timedelta(days=settings.OMS_EVENTS_RETENTION_DAYS + 1)):
        deleted = upkeep.clean_up()
    assert deleted["events"] == 1
    assert deleted["deliveries"] == 1
    assert [one["data"]["job"] for one in told("job.")] == ["2"]
    drain()
    assert jobs_at(receiver) == ["1", "2"]
