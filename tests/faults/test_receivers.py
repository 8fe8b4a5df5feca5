"""Receivers that answer 500, hang, reset, are gone or want to be left alone, over real sockets."""

from __future__ import annotations

import shutil
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests import services
from tests.faults.eventing import (
    EVENTS,
    Arrival,
    Hand,
    RelayProcess,
    Reply,
    first_occurrences,
    hand,
    receiver,
    until,
)

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to be copied: setting up takes longer than most of these tests."""
    folder = tmp_path_factory.mktemp("template")
    services.set_up(services.oms_environment(folder))
    return folder


@contextmanager
def passing_on(set_up: Path, folder: Path, **extra: str) -> Iterator[Hand]:
    """A relay over data of its own, and somebody who does things there."""
    shutil.copytree(set_up, folder)
    environment = services.oms_environment(folder, extra={**EVENTS, **extra})
    relay = RelayProcess(environment, folder / "relay.log")
    relay.start()
    try:
        with hand(environment, folder / "hand.log") as one:
            relay.wait()
            yield one
            assert relay.end() == 0, relay.text()[-3000:]
        assert "Traceback" not in relay.text(), relay.text()[-6000:]
    finally:
        relay.kill()


@pytest.fixture(scope="module")
def oms(set_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hand]:
    """One relay for the receivers of many tests."""
    with passing_on(set_up, tmp_path_factory.mktemp("patient") / "data") as one:
        yield one


@pytest.fixture(scope="module")
def impatient(set_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hand]:
    """A relay that gives up after a second and a half, and disables after four seconds."""
    hours = {"OMS_WEBHOOK_RETRY_HOURS": f"{1.5 / 3600}", "OMS_WEBHOOK_DISABLE_HOURS": f"{4 / 3600}"}
    with passing_on(set_up, tmp_path_factory.mktemp("impatient") / "data", **hours) as one:
        yield one


def first_times(times: int, reply: Reply) -> Callable[[Arrival], Reply]:
    """Fail in one way so often, then be well."""
    return lambda arrival: reply if arrival.number <= times else Reply()


def stays_in_order(arrivals: list[Arrival]) -> None:
    """Within each key nothing is tried before what is ahead of it was taken."""
    waiting: dict[str, str] = {}
    for arrival in arrivals:
        for event in arrival.events:
            key = event["partitionkey"]
            assert waiting.get(key, event["id"]) == event["id"], "overtaken"
            if arrival.status[0] // 100 == 2:
                waiting.pop(key, None)
            else:
                waiting[key] = event["id"]


def same_again(arrivals: list[Arrival]) -> None:
    """What comes again is the same, byte for byte, under the same id."""
    bodies: dict[str, bytes] = {}
    for arrival in arrivals:
        assert bodies.setdefault(arrival.id, arrival.body) == arrival.body


def test_each_gets_everything_and_the_bad_do_not_slow_the_good(oms: Hand, full: bool) -> None:
    many = 30 if full else 12
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
    with ExitStack() as stack:
        inside = stack.enter_context(receiver())
        bad = {
            "fails": first_times(6, Reply(500)),
            "hangs": first_times(4, Reply(act="hang")),
            "resets": first_times(6, Reply(act="reset")),
            "drips": first_times(4, Reply(act="drip")),
            "busy": first_times(3, Reply(429, {"Retry-After": "2"})),
            "away": first_times(3, Reply(503, {"Retry-After": soon})),
            "moved": first_times(6, Reply(302, {"Location": inside.url})),
            "slow": lambda _: Reply(after=0.2),
        }
        got = {name: stack.enter_context(receiver(how)) for name, how in bad.items()}
        got["good"] = stack.enter_context(receiver())
        alone = stack.enter_context(receiver())
        # How long it takes without the bad ones.
        oms.webhook("alone", alone.url, ontology="calm")
        calm = latencies(oms, "calm", alone, many)
        for name, one in got.items():
            oms.webhook(name, one.url, ontology="mixed", timeout=1)
        # Three that never answer take all that they can get.
        never = [stack.enter_context(receiver(lambda _: Reply(act="hang"))) for _ in range(3)]
        for number, one in enumerate(never):
            oms.webhook(
                f"never-{number}", one.url, ontology="flood", timeout=30, concurrency=64,
                order="parallel",
            )  # fmt: skip
        oms.append("flood", *["main"] * 64)
        until(lambda: sum(one.most_at_once for one in never) > 100)
        beside = latencies(oms, "mixed", got["good"], many)
        assert statistics.median(beside) < 20 * statistics.median(calm)
        ids = [row["id"] for row in oms.outbox() if row["ontology"] == "mixed" and row["key"]]
        for name, one in got.items():
            until(lambda one=one: one.has_taken(ids), f"{name} did not get everything")
            expected = first_occurrences(
                event for arrival in got["good"].arrivals for event in arrival.events
            )
            found = first_occurrences(e for arrival in one.arrivals for e in arrival.events)
            assert found == expected, name
            stays_in_order(one.arrivals)
            same_again(one.arrivals)
        assert len(got["good"].arrivals) == len(set(got["good"].ids()))
        assert inside.arrivals == []
        not_before(got["busy"].arrivals, 2.0)
        for number in range(3):
            oms.run(
                "from events.services.webhooks import delete_webhook\n"
                f"delete_webhook(webhook='never-{number}')"
            )
        print(f"{statistics.median(calm):.3f} s alone, {statistics.median(beside):.3f} s beside")


def latencies(oms: Hand, ontology: str, one: object, many: int) -> list[float]:
    """Append events over some keys; the seconds until each arrived."""
    assert hasattr(one, "arrivals")
    found = []
    for number in range(many):
        began = time.monotonic()
        (identity,) = oms.append(ontology, f"b{number % 4}")
        until(lambda identity=identity: one.has_taken([identity]), "a healthy receiver waits")
        found.append(next(a.at for a in one.arrivals if a.id == identity) - began)
    return found


def not_before(arrivals: list[Arrival], seconds: float) -> None:
    """Nothing of a key comes sooner after its 429 than it was asked for."""
    refused: dict[str, float] = {}
    for arrival in arrivals:
        key = arrival.event["partitionkey"]
        if key in refused:
            assert arrival.at - refused.pop(key) >= seconds - 0.05
        if arrival.status[0] == 429:
            refused[key] = arrival.at
    assert refused == {}


def test_a_key_waits_and_others_go_on(oms: Hand) -> None:
    down = True

    def behave(arrival: Arrival) -> Reply:
        stuck = down and arrival.event["partitionkey"].endswith("/stuck")
        return Reply(500 if stuck else 200)

    with receiver(behave) as one:
        oms.webhook("keys", one.url, ontology="keys")
        ids = oms.append("keys", *["stuck", "free"] * 5)
        until(lambda: one.has_taken(ids[1::2]))
        until(lambda: any(a.id == ids[0] for a in one.arrivals))  # tried, and refused
        assert not one.has_taken(ids[:1])
        stuck = {a.id for a in one.arrivals if a.event["partitionkey"].endswith("/stuck")}
        assert stuck == {ids[0]}
        down = False
        until(lambda: one.has_taken(ids))
        stays_in_order(one.arrivals)
        same_again(one.arrivals)


def test_without_an_order_one_that_fails_holds_up_none(oms: Hand) -> None:
    down = True
    first = ""

    def behave(arrival: Arrival) -> Reply:
        nonlocal first
        first = first or arrival.id
        return Reply(500 if down and arrival.id == first else 200)

    with receiver(behave) as one:
        oms.webhook("any-order", one.url, ontology="any", order="parallel", concurrency=2)
        ids = oms.append("any", *["main"] * 12)
        until(lambda: one.has_taken(set(ids) - {first}))
        until(lambda: one.ids().count(first) > 1)
        assert not one.has_taken([first])
        down = False
        until(lambda: one.has_taken(ids))
        same_again(one.arrivals)


def test_batches(oms: Hand) -> None:
    """In order, never too large; the same events in one request have the same id."""
    with receiver(lambda a: Reply(500 if a.number % 2 else 200)) as one:
        oms.webhook("batches", one.url, ontology="batch", format="batch", batch_size=4)
        ids = oms.append("batch", *["main"] * 10, *["other"] * 3)
        until(lambda: one.has_taken(ids))
        assert max(len(arrival.events) for arrival in one.arrivals) <= 4
        assert any(len(arrival.events) > 1 for arrival in one.arrivals)
        same_again(one.arrivals)
        contents: dict[bytes, set[str]] = defaultdict(set)
        for arrival in one.arrivals:
            assert arrival.headers["content-type"].startswith("application/cloudevents-batch+json")
            contents[arrival.body].add(arrival.id)
        assert {len(names) for names in contents.values()} == {1}
        taken = [e for a in one.arrivals if a.status[0] == 200 for e in a.events]
        found = first_occurrences(taken)
        assert found == {"batch/main": ids[:10], "batch/other": ids[10:]}


@pytest.mark.parametrize("order", ["ordered", "parallel"])
def test_never_more_at_once_than_the_receiver_wants(oms: Hand, order: str) -> None:
    with receiver(lambda a: Reply(after=0.02 + 0.03 * (a.number % 5))) as one:
        oms.webhook(
            f"bound-{order}", one.url, ontology=f"bound-{order}", order=order, concurrency=3
        )
        keys = [f"b{number % 20}" for number in range(60)]
        ids = oms.append(f"bound-{order}", *keys)
        until(lambda: one.has_taken(ids))
        assert 1 < one.most_at_once <= 3


def test_one_that_is_gone_is_disabled_and_comes_back(oms: Hand) -> None:
    gone = True
    with receiver(lambda _: Reply(410 if gone else 200)) as one:
        oms.webhook("gone", one.url, ontology="gone")
        ids = oms.append("gone", "a", "b", "a")
        until(lambda: oms.of_webhook("gone")["state"] == "disabled")
        row = oms.of_webhook("gone")
        assert "410" in row["notice"]
        until(lambda: oms.count("Lease", lane=row["lane"], until__gt=0) == 0)
        told = [e for e in oms.outbox() if e["type"] == "io.oms.webhook.disabled.v1"]
        assert len([e for e in told if '"name":"gone"' in e["body"]]) == 1
        assert oms.count("Pending", lane=row["lane"]) == 3
        seen = len(one.arrivals)
        meanwhile = oms.append("gone", "a", "c")
        until(lambda: oms.count("Pending", lane="route") == 0)
        assert len(one.arrivals) == seen
        gone = False
        enable(oms, "gone", replay=True)
        until(lambda: one.has_taken([*ids, *meanwhile]))
        stays_in_order(one.arrivals)
        same_again(one.arrivals)
        found = first_occurrences(e for a in one.arrivals for e in a.events if a.status[0] == 200)
        assert found["gone/a"] == [ids[0], ids[2], meanwhile[0]]
        # Without a replay only what waited.
        gone = True
        kept = oms.append("gone", "d")
        until(lambda: oms.of_webhook("gone")["state"] == "disabled")
        lost = oms.append("gone", "d")
        until(lambda: oms.count("Pending", lane="route") == 0)
        gone = False
        enable(oms, "gone", replay=False)
        last = oms.append("gone", "d")
        until(lambda: one.has_taken([*kept, *last]))
        assert not one.has_taken(lost)


def enable(oms: Hand, name: str, *, replay: bool) -> None:
    oms.run(
        "from events.services.webhooks import enable_webhook\n"
        f"enable_webhook(webhook={name!r}, replay={replay})"
    )


def test_both_secrets_sign_while_one_replaces_the_other(oms: Hand) -> None:
    with receiver() as one:
        old = oms.webhook("rotating", one.url, ontology="rotating")
        new = rotate(oms, 3600)
        ids = oms.append("rotating", "main")
        until(lambda: one.has_taken(ids))
        arrival = one.arrivals[-1]
        for secret in (old, new):
            Webhook(secret).verify(arrival.body, dict(arrival.headers))
        newest = rotate(oms, 0)
        ids = oms.append("rotating", "main")
        until(lambda: one.has_taken(ids))
        arrival = one.arrivals[-1]
        Webhook(newest).verify(arrival.body, dict(arrival.headers))
        for secret in (old, new):
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(arrival.body, dict(arrival.headers))


def rotate(oms: Hand, seconds: int) -> str:
    made: str = oms.run(
        "from datetime import timedelta\n"
        "from events.services.webhooks import rotate_secret\n"
        f"overlap = timedelta(seconds={seconds})\n"
        "return rotate_secret(webhook='rotating', overlap=overlap).secret"
    )
    return made


def test_whose_owner_loses_his_role_gets_nothing_more(oms: Hand) -> None:
    down = False
    with receiver(lambda _: Reply(500 if down else 200)) as one, receiver() as good:
        oms.webhook("owned", one.url, ontology="owned")
        oms.webhook("beside", good.url, ontology="owned")
        oms.run(
            "from events.models import Webhook\n"
            "from oms_project.identity.contract import Role\n"
            "from oms_project.identity.models import RoleBinding, User\n"
            "owner = User(username='owner', display_name='Owner')\n"
            "owner.set_unusable_password()\n"
            "owner.save()\n"
            "RoleBinding.objects.create(user=owner, role=Role.ADMINISTRATOR, ontology='')\n"
            "Webhook.objects.filter(name='owned').update(owner_id=str(owner.pk),"
            " owner_username='owner')"
        )
        before = oms.append("owned", "a", "b")
        until(lambda: one.has_taken(before))
        down = True
        waits = oms.append("owned", "a", "a")  # on its way when the role goes
        until(lambda: waits[0] in one.ids())
        oms.run(
            "from oms_project.identity.models import RoleBinding\n"
            "RoleBinding.objects.filter(user__username='owner').delete()"
        )
        after = oms.append("owned", "a", "b")
        lane = oms.of_webhook("owned")["lane"]
        until(lambda: oms.count("Delivery", lane=lane, state="cancelled") == 2)
        down = False
        after += oms.append("owned", "a", "b")
        until(lambda: good.has_taken([*waits, *after]))
        assert not set(one.ids(taken=True)) & {*waits, *after}
        assert not set(one.ids()) & {waits[1], *after}
        assert oms.count("Pending", lane=lane) == 0
        assert oms.count("Delivery", lane=lane, state="pending") == 0


def test_after_the_span_of_retries_it_is_dead_and_the_key_goes_on(impatient: Hand) -> None:
    poison = ""

    def behave(arrival: Arrival) -> Reply:
        nonlocal poison
        if arrival.event["partitionkey"] == "dead/a":
            poison = poison or arrival.id
        return Reply(500 if arrival.id == poison else 200)

    with receiver(behave) as one:
        impatient.webhook("dead", one.url, ontology="dead")
        ids = impatient.append("dead", "a", "a", "b", "a")
        until(lambda: one.has_taken(ids[1:]))
        until(
            lambda: impatient.of_webhook("dead")["deliveries"] == {"dead": 1, "delivered": 3},
            lambda: str(impatient.of_webhook("dead")),
        )
        assert one.ids().count(ids[0]) > 1
        stays = [a.id for a in one.arrivals if a.event["partitionkey"] == "dead/a"]
        assert stays[-2:] == [ids[1], ids[3]]
        poison = "nothing"
        sent = impatient.run(
            "from events.services.deliveries import redeliver_dead\n"
            "return redeliver_dead(webhook='dead')"
        )
        assert sent == 1
        until(lambda: one.has_taken(ids))
        until(lambda: impatient.of_webhook("dead")["deliveries"] == {"delivered": 4})
        same_again(one.arrivals)


def test_one_that_never_succeeds_is_disabled(impatient: Hand) -> None:
    down = True

    def sometimes(arrival: Arrival) -> Reply:
        return Reply(500 if arrival.number % 3 == 0 else 200)

    with receiver(lambda _: Reply(500 if down else 200)) as one, receiver(sometimes) as other:
        impatient.webhook("failing", one.url, ontology="failing")
        impatient.webhook("limping", other.url, ontology="limping", concurrency=1)
        impatient.append("limping", *["a"] * 300)

        def disabled() -> bool:
            # Something has to be tried for it to fail.
            impatient.append("failing", "a")
            return bool(impatient.of_webhook("failing")["state"] == "disabled")

        until(disabled)
        assert "500" in impatient.of_webhook("failing")["notice"]
        # One that takes most of what it gets has not failed all the time.
        assert impatient.of_webhook("limping")["state"] == "active"
        down = False
        enable(impatient, "failing", replay=True)
        ids = impatient.append("failing", "a")
        until(lambda: one.has_taken(ids))
        assert impatient.of_webhook("failing")["state"] == "active"
