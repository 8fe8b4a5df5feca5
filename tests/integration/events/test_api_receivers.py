"""Webhooks, deliveries, rules, streams and quarantine over REST."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from events.domain.handshake import Verification
from events.domain.sequence import sequence_text
from events.models import Attempt, Delivery, Event, Lease, Pending, Quarantined, Rule, Webhook
from oms_project.core.clock import utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.outbox import NewEvent, outbox
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

BASE = "/api/v1"
HOOKS = f"{BASE}/webhooks"
RULES = f"{BASE}/routing-rules"
DELIVERIES = f"{BASE}/deliveries"
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ClientOf = Callable[[User], APIClient]


async def agrees(*, url: str, secrets: Any, timeout: float) -> Verification:  # noqa: ASYNC109
    assert secrets
    assert timeout
    return Verification(ok="no." not in url, method="options", allowed_rate=120, detail="Said so.")


@pytest.fixture(autouse=True)
def _receiver(settings: Any) -> None:
    sys.modules.setdefault("receivers_of_the_test", sys.modules[__name__])
    settings.OMS_WEBHOOK_VERIFIER = "receivers_of_the_test.agrees"


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code, body
    return body


def fields(body: dict[str, Any]) -> list[str]:
    return [str(error.get("field", error.get("parameter"))) for error in body["errors"]]


def register(client: APIClient, name: str = "hook", **members: Any) -> dict[str, Any]:
    asked = {"name": name, "url": f"https://{name}.example.com/in", **members}
    answer = client.post(HOOKS, asked)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def happen(ontology: str = "", count: int = 1) -> list[Event]:
    """Things happen; gives their events, oldest first."""
    with acting_as(SYSTEM):
        for number in range(count):
            if ontology:
                data = {"ontology": ontology, "ontologyId": "1", "fields": [f"f{number}"]}
                who = {"id": "1", "username": "ann", "kind": "user"}
                data["actor"] = who
                event = NewEvent("io.oms.ontology.changed.v1", data, ontology=ontology, key="k")
            else:
                data = {"webhook": "1", "name": f"n{number}", "url": "u", "reason": "r"}
                event = NewEvent("io.oms.webhook.disabled.v1", data, key="k")
            outbox.append(event)
    return list(Event.objects.order_by("-seq")[:count])[::-1]


def delivery_of(hook: dict[str, Any], event: Event, **members: Any) -> Delivery:
    return Delivery.objects.create(
        **{
            "lane": f"webhook:{hook['id']}", "seq": event.seq, "key": event.key,
            "type": event.type, **members,
        }
    )  # fmt: skip


@pytest.fixture
def local(person: MakePerson, client_of: ClientOf) -> APIClient:
    """Runs what is about alpha alone."""
    return client_of(person("local", Role.ADMINISTRATOR, "alpha"))


# -- webhooks --------------------------------------------------------------------------------------


def test_a_webhook_is_registered_looked_at_changed_and_deleted(admin_client: APIClient) -> None:
    answer = admin_client.post(
        HOOKS,
        {
            "name": "my hook",
            "url": "https://hook.example.com/in",
            "types": ["io.oms.ontology.*"],
            "ontologies": ["alpha"],
            "expression": "true",
            "format": "batch",
            "batch_size": 10,
            "timeout": 5.5,
        },
    )
    made = answer.json()
    assert answer.status_code == 201, made
    assert answer["Cache-Control"] == "no-store"
    assert made["secret"].startswith("whsec_")
    assert made["verification"] == {
        "ok": True, "method": "options", "allowed_rate": 120, "detail": "Said so.",
    }  # fmt: skip
    assert (made["state"], made["rate"], made["owner"]) == ("active", 120, "root")
    assert (made["timeout"], made["types"]) == (5.5, ["io.oms.ontology.*"])
    found = admin_client.get(answer["Location"]).json()
    assert admin_client.get(f"{HOOKS}/my%20hook").json() == found
    assert "secret" not in found
    assert found["figures"] == {
        "waiting": 0, "lag_seconds": 0, "delivered": 0, "dead": 0, "retry_at": None, "error": "",
        "hours": [],
    }  # fmt: skip

    one = answer["Location"]
    changed = admin_client.patch(one, {"branches": ["main"], "description": "Ours"}).json()
    assert (changed["branches"], changed["ontologies"]) == (["main"], ["alpha"])
    assert (changed["description"], changed["state"]) == ("Ours", "active")
    moved = admin_client.patch(one, {"url": "https://other.example.com/"}).json()
    assert (moved["state"], moved["verified_at"]) == ("unverified", None)
    cleared = admin_client.patch(one, {"branches": [], "expression": ""}).json()
    assert (cleared["branches"], cleared["expression"]) == ([], "")
    assert admin_client.delete(one).status_code == 204
    problem(admin_client.get(one), 404, "webhook_not_found")
    problem(admin_client.get(f"{HOOKS}/%00"), 404, "not_found")


def test_a_receiver_that_does_not_want_events(admin_client: APIClient) -> None:
    made = register(admin_client, "no.thanks", verify=False)
    assert (made["verification"], made["state"]) == (None, "unverified")
    one = f"{HOOKS}/{made['id']}"
    answer = admin_client.post(f"{one}/verify").json()
    assert (answer["verification"]["ok"], answer["state"]) == (False, "unverified")
    assert answer["notice"] == "Said so."
    assert "secret" not in answer
    problem(admin_client.post(f"{one}/enable"), 409, "not_verified")
    problem(admin_client.post(f"{one}/test"), 409, "not_active")
    admin_client.patch(one, {"url": "https://yes.example.com/"})
    answer = admin_client.post(f"{one}/verify").json()
    assert (answer["verification"]["ok"], answer["state"]) == (True, "active")


def test_pause_and_enable(admin_client: APIClient) -> None:
    hook = register(admin_client)
    one = f"{HOOKS}/hook"
    assert admin_client.post(f"{one}/pause").json()["state"] == "paused"
    problem(admin_client.post(f"{one}/pause"), 409, "not_active")
    assert [
        row["name"] for row in admin_client.get(HOOKS, {"state": "paused"}).json()["items"]
    ] == ["hook"]
    assert admin_client.get(HOOKS, {"state": "active"}).json() == {"items": []}
    assert admin_client.post(f"{one}/enable").json()["state"] == "active"

    missed_after = happen()[0].seq
    happen(count=2)
    Webhook.objects.filter(pk=hook["id"]).update(state="disabled", disabled_seq=missed_after)
    assert admin_client.post(f"{one}/enable", {"replay": True}).json()["state"] == "active"
    made = Delivery.objects.filter(lane=f"webhook:{hook['id']}", origin="replay")
    assert made.count() == 2
    problem(admin_client.post(f"{one}/enable", {"replay": "perhaps"}), 422, "invalid")
    problem(admin_client.post(f"{one}/pause", {"x": 1}), 422, "invalid")


def test_secrets_are_shown_once(admin_client: APIClient) -> None:
    made = register(admin_client, secret=SECRET)
    assert made["secret"] == SECRET
    one = f"{HOOKS}/hook"
    answer = admin_client.post(f"{one}/rotate-secret", {"overlap_seconds": 60})
    fresh = answer.json()["secret"]
    assert fresh.startswith("whsec_")
    assert fresh != SECRET
    assert answer["Cache-Control"] == "no-store"
    assert admin_client.post(f"{one}/rotate-secret").status_code == 200
    own = admin_client.post(f"{one}/rotate-secret", {"secret": SECRET}).json()
    assert own["secret"] == SECRET
    for body in ({"overlap_seconds": -1}, {"overlap_seconds": 10**9}, {"overlap_seconds": "x"}):
        refused = problem(admin_client.post(f"{one}/rotate-secret", body), 422, "invalid")
        assert fields(refused) == ["overlap_seconds"]
    bad = admin_client.post(f"{one}/rotate-secret", {"secret": "whsec_short"})
    assert fields(problem(bad, 422, "invalid_webhook")) == ["secret"]
    assert b"short" not in bad.content
    for answer in (
        admin_client.get(one), admin_client.get(HOOKS), admin_client.patch(one, {"rate": 1}),
        admin_client.post(f"{one}/verify"), admin_client.post(f"{one}/test"),
    ):  # fmt: skip
        assert b"whsec_" not in answer.content
        assert b"sealed" not in answer.content


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": None}, "url"),
        ({"url": ["x"]}, "url"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"types": "x"}, "types"),
        ({"types": [["x"]]}, "types.0"),
        ({"types": ["x" * 1000]}, "types"),
        ({"expression": "1 +"}, "expression"),
        ({"format": "xml"}, "format"),
        ({"order": 1}, "order"),
        ({"timeout": "nan"}, "timeout"),
        ({"timeout": 1000}, "timeout"),
        ({"rate": 1.5}, "rate"),
        ({"rate": 10**30}, "rate"),
        ({"concurrency": True}, "concurrency"),
        ({"batch_size": 5}, "batch_size"),
        ({"secret": "x"}, "secret"),
        ({"verify": "perhaps"}, "verify"),
        ({"state": "active"}, "state"),
        ({"owner": "root"}, "owner"),
    ],
)
def test_members_that_cannot_be_used(
    admin_client: APIClient, members: dict[str, Any], field: str
) -> None:
    answer = admin_client.post(HOOKS, {"name": "h", "url": "https://h.example.com/", **members})
    assert answer.status_code == 422, answer.content
    assert fields(answer.json()) == [field]
    assert not Webhook.objects.exists()


def test_names_are_unique_and_bodies_are_objects(admin_client: APIClient) -> None:
    register(admin_client)
    again = admin_client.post(HOOKS, {"name": "hook", "url": "https://h.example.com/"})
    problem(again, 409, "already_exists")
    register(admin_client, "other")
    problem(admin_client.patch(f"{HOOKS}/other", {"name": "hook"}), 409, "already_exists")
    problem(admin_client.post(HOOKS, ["x"]), 422, "invalid")
    problem(
        admin_client.generic("POST", HOOKS, b"{", content_type="application/json"),
        400,
        "bad_request",
    )
    assert fields(problem(admin_client.post(HOOKS, {}), 422, "invalid")) == ["name", "url"]
    secret = admin_client.patch(f"{HOOKS}/hook", {"secret": SECRET})
    assert fields(problem(secret, 422, "invalid")) == ["secret"]
    problem(admin_client.get(HOOKS, {"state": "x"}), 400, "bad_filter")
    problem(admin_client.get(HOOKS, {"stat": "active"}), 400, "bad_request")
    problem(admin_client.delete(f"{HOOKS}/hook?x=1"), 400, "bad_request")


def test_figures(admin_client: APIClient) -> None:
    hook = register(admin_client)
    quiet = register(admin_client, "quiet")
    events = happen(count=4)
    states = ("delivered", "delivered", "dead", "pending")
    rows = [
        delivery_of(hook, event, state=state) for event, state in zip(events, states, strict=True)
    ]
    Pending.objects.create(lane=f"webhook:{hook['id']}", key="k", seq=events[3].seq)
    Lease.objects.create(
        lane=f"webhook:{hook['id']}", key="k", owner="r", until=0, retry_at=4e9, error="500"
    )
    Attempt.objects.create(
        delivery=rows[0], number=1, request="r", at=utc_now(), milliseconds=1, status=204
    )
    Attempt.objects.create(
        delivery=rows[2], number=1, request="r", at=utc_now(), milliseconds=1, status=500
    )
    found = admin_client.get(f"{HOOKS}/hook").json()["figures"]
    (hour,) = found.pop("hours")
    assert (hour["succeeded"], hour["failed"]) == (1, 1)
    assert found.pop("lag_seconds") >= 0
    assert found == {
        "waiting": 1, "delivered": 2, "dead": 1, "retry_at": "2096-10-02T07:06:40.000000Z",
        "error": "500",
    }  # fmt: skip
    with CaptureQueriesContext(connection) as few:
        listed = {row["name"]: row["figures"] for row in admin_client.get(HOOKS).json()["items"]}
    listed["hook"].pop("lag_seconds")
    assert listed["hook"] == found
    assert listed["quiet"]["waiting"] == 0
    assert quiet["state"] == "active"
    for number in range(3):
        register(admin_client, f"more{number}")
    with CaptureQueriesContext(connection) as many:
        assert len(admin_client.get(HOOKS).json()["items"]) == 5
    assert len(many) <= len(few)


def test_a_test_event_goes_to_one_webhook(admin_client: APIClient) -> None:
    hook = register(admin_client)
    answer = admin_client.post(f"{HOOKS}/hook/test")
    assert answer.status_code == 202
    made = answer.json()
    assert (made["origin"], made["state"], made["name"]) == ("test", "pending", "hook")
    assert made["lane"] == f"webhook:{hook['id']}"
    event = admin_client.get(f"{BASE}/events/{made['sequence']}").json()
    assert event["type"] == "io.oms.webhook.test.v1"


# -- deliveries, replay ----------------------------------------------------------------------------


def test_deliveries_are_listed_and_looked_at(admin_client: APIClient) -> None:
    hook, other = register(admin_client), register(admin_client, "other")
    events = happen(count=5)
    rows = [delivery_of(hook, event, state="delivered", status=204) for event in events]
    dead = delivery_of(other, events[0], state="dead", origin="replay", type="else")
    first = admin_client.get(DELIVERIES, {"limit": 4}).json()
    rest = admin_client.get(DELIVERIES, {"limit": 4, "cursor": first["next"]}).json()
    assert [row["id"] for row in first["items"] + rest["items"]] == [
        dead.pk, *(row.pk for row in rows[::-1])
    ]  # fmt: skip
    assert rest["next"] is None
    for query in (
        {"webhook": "other"}, {"webhook": other["id"]}, {"state": "dead"}, {"origin": "replay"},
        {"type": "else"},
    ):  # fmt: skip
        found = admin_client.get(DELIVERIES, query).json()["items"]
        assert [row["id"] for row in found] == [dead.pk], query
    of_event = admin_client.get(DELIVERIES, {"event": sequence_text(events[0].seq)}).json()
    assert {row["name"] for row in of_event["items"]} == {"hook", "other"}
    assert admin_client.get(DELIVERIES, {"until": "2020-01-01"}).json()["items"] == []
    assert len(admin_client.get(DELIVERIES, {"since": "2020-01-01"}).json()["items"]) == 6

    Attempt.objects.create(
        delivery=rows[0], number=1, request="r1", at=utc_now(), milliseconds=12.5, status=204,
        request_headers={"webhook-signature": "v1,abc"}, response_headers={"server": "x"},
        response_body="ok",
    )  # fmt: skip
    one = admin_client.get(f"{DELIVERIES}/{rows[0].pk}").json()
    (attempt,) = one["log"]
    assert attempt["request_headers"] == {"webhook-signature": "v1,abc"}
    assert (attempt["response_body"], attempt["status"]) == ("ok", 204)
    assert one["sequence"] == sequence_text(events[0].seq)

    problem(admin_client.get(f"{DELIVERIES}/{10**30}"), 404, "delivery_not_found")
    problem(admin_client.get(f"{DELIVERIES}/x"), 404, "not_found")
    for query, field in (
        ({"state": "x"}, "state"), ({"origin": "x"}, "origin"), ({"event": "-1"}, "event"),
        ({"since": "x"}, "since"), ({"webhook": "hook", "rule": "r"}, "rule"),
        ({"type": "\x00"}, "type"),
    ):  # fmt: skip
        assert fields(problem(admin_client.get(DELIVERIES, query), 400, "bad_filter")) == [field]
    problem(admin_client.get(DELIVERIES, {"webhook": "none"}), 404, "webhook_not_found")
    problem(admin_client.get(DELIVERIES, {"rule": "none"}), 404, "rule_not_found")
    problem(admin_client.get(DELIVERIES, {"webhok": "hook"}), 400, "bad_request")


def test_again_and_never(admin_client: APIClient) -> None:
    hook = register(admin_client)
    events = happen(count=3)
    dead = [delivery_of(hook, event, state="dead", attempts=9) for event in events]
    again = admin_client.post(f"{DELIVERIES}/{dead[0].pk}/redeliver").json()
    assert (again["state"], again["origin"], again["attempts"]) == ("pending", "redelivery", 0)
    assert Pending.objects.filter(lane=again["lane"], seq=events[0].seq).exists()
    given_up = admin_client.post(f"{DELIVERIES}/{dead[0].pk}/cancel").json()
    assert given_up["state"] == "cancelled"
    assert not Pending.objects.filter(lane=again["lane"]).exists()
    problem(admin_client.post(f"{DELIVERIES}/{dead[0].pk}/cancel"), 409, "not_pending")
    assert admin_client.post(f"{HOOKS}/hook/redeliver-dead").json() == {"queued": 2}
    assert admin_client.post(f"{HOOKS}/hook/redeliver-dead").json() == {"queued": 0}
    problem(admin_client.post(f"{DELIVERIES}/1{dead[0].pk}/redeliver"), 404, "delivery_not_found")
    problem(admin_client.post(f"{DELIVERIES}/{dead[0].pk}/redeliver", {"x": 1}), 422, "invalid")


def test_replay(admin_client: APIClient) -> None:
    register(admin_client, types=["io.oms.webhook.disabled.v1"])
    events = happen(count=4)
    ask = f"{HOOKS}/hook/replay"
    span = {"from_sequence": events[0].seq, "to_sequence": events[2].seq}
    dry = admin_client.post(ask, {**span, "dry_run": True}).json()
    assert dry == {"looked_at": 3, "matched": 3, "queued": 0, "dry_run": True}
    assert not Delivery.objects.exists()
    assert admin_client.post(ask, span).json()["queued"] == 3
    times = {"from_time": "2020-01-01T00:00:00Z", "to_time": "2020-01-02T00:00:00Z"}
    assert admin_client.post(ask, times).json()["looked_at"] == 0
    problem(admin_client.post(ask, {}), 422, "bad_replay")
    for body, field in (
        ({"from_sequence": "x"}, "from_sequence"), ({"from_sequence": 2**63}, "from_sequence"),
        ({"from_time": 5}, "from_time"), ({"fromSequence": 1}, "fromSequence"),
    ):  # fmt: skip
        assert fields(problem(admin_client.post(ask, body), 422, "invalid")) == [field]

    admin_client.post(RULES, {"name": "r", "sink": "webhook", "target": "hook"})
    down = admin_client.post(f"{RULES}/r/replay", {"from_sequence": events[3].seq}).json()
    assert down["queued"] >= 1
    listed = admin_client.get(DELIVERIES, {"rule": "r"}).json()["items"]
    assert {row["name"] for row in listed} == {"hook"}
    problem(admin_client.post(f"{RULES}/none/replay", {"from_sequence": 1}), 404, "rule_not_found")


# -- rules -----------------------------------------------------------------------------------------


def test_a_rule_is_made_changed_tried_and_deleted(admin_client: APIClient) -> None:
    answer = admin_client.post(
        RULES, {"name": "to all", "sink": "channel", "target": "everybody", "types": ["a.*"]}
    )
    made = answer.json()
    assert answer.status_code == 201, made
    assert (made["enabled"], made["owner"], made["types"]) == (True, "root", ["a.*"])
    assert admin_client.get(answer["Location"]).json() == made
    assert admin_client.get(f"{RULES}/to%20all").json() == made
    assert admin_client.get(RULES).json() == {"items": [made]}
    changed = admin_client.patch(answer["Location"], {"enabled": False, "ontologies": ["b"]}).json()
    assert (changed["enabled"], changed["types"], changed["ontologies"]) == (False, ["a.*"], ["b"])
    sink = admin_client.patch(answer["Location"], {"sink": "task"})
    assert fields(problem(sink, 422, "invalid")) == ["sink"]
    again = admin_client.post(RULES, {"name": "to all", "sink": "channel", "target": "x"})
    problem(again, 409, "already_exists")
    for body, code, field in (
        ({"sink": "pigeon"}, "invalid", "sink"), ({"target": "a b"}, "invalid_rule", "target"),
        ({"sink": "webhook"}, "invalid_rule", "target"), ({"when": 1}, "invalid", "when"),
        ({"branches": {"a": 1}}, "invalid", "branches"), ({"enabled": []}, "invalid", "enabled"),
        ({"expression": "event."}, "invalid_filter", "expression"),
    ):  # fmt: skip
        asked = {"name": "r", "sink": "channel", "target": "x", **body}
        assert fields(problem(admin_client.post(RULES, asked), 422, code)) == [field]
    listed = admin_client.get(DELIVERIES, {"rule": "to all"}).json()
    assert listed == {"items": [], "next": None}
    assert admin_client.delete(answer["Location"]).status_code == 204
    problem(admin_client.get(answer["Location"]), 404, "rule_not_found")
    problem(admin_client.get(f"{RULES}/%00"), 404, "not_found")


def test_a_filter_is_tried(admin_client: APIClient) -> None:
    happen(count=3)
    tried = admin_client.post(f"{RULES}/preview", {"expression": "data.name == 'n1'"}).json()
    assert [event["data"]["name"] for event in tried["items"]] == ["n1"]
    assert tried["looked_at"] >= 3
    assert len(admin_client.post(f"{RULES}/preview", {"limit": 2}).json()["items"]) == 2
    bad = admin_client.post(f"{RULES}/preview", {"expression": "1 +"})
    assert fields(problem(bad, 422, "invalid_filter")) == ["expression"]
    bad = admin_client.post(f"{RULES}/preview", {"limit": 0, "sink": "x"})
    assert fields(problem(bad, 422, "invalid")) == ["sink"]
    assert not Delivery.objects.exists()


# -- operators -------------------------------------------------------------------------------------


def test_streams_lanes_and_quarantine(admin_client: APIClient) -> None:
    event = happen()[0]
    (stream,) = admin_client.get(f"{BASE}/streams").json()["items"]
    assert (stream["name"], stream["messages"]) == ("outbox", Event.objects.count())
    replay = f"{BASE}/streams/replay"
    problem(admin_client.post(replay, {"from_sequence": 1}), 409, "no_stream_server")
    assert fields(problem(admin_client.post(replay, {}), 422, "invalid")) == ["from_sequence"]
    lanes = {row["lane"]: row for row in admin_client.get(f"{BASE}/event-lanes").json()["items"]}
    assert lanes["route"]["waiting"] >= 1
    assert lanes["route"]["failing"] == 0

    hook = register(admin_client)
    lane = f"webhook:{hook['id']}"
    entries = [
        Quarantined.objects.create(lane=lane, key="k", seq=seq, error="too large", failures=5)
        for seq in (event.seq, event.seq + 1)
    ]
    found = admin_client.get(f"{BASE}/event-quarantine").json()["items"]
    assert [row["id"] for row in found] == [entries[1].pk, entries[0].pk]
    assert (found[1]["name"], found[1]["sequence"]) == ("hook", sequence_text(event.seq))
    path = f"{BASE}/event-quarantine"
    assert admin_client.post(f"{path}/{entries[0].pk}/release").status_code == 204
    assert Pending.objects.filter(lane=lane, seq=event.seq).exists()
    assert admin_client.post(f"{path}/{entries[1].pk}/release", {"drop": True}).status_code == 204
    assert not Pending.objects.filter(lane=lane, seq=event.seq + 1).exists()
    assert admin_client.get(path).json() == {"items": []}
    problem(admin_client.post(f"{path}/{entries[0].pk}/release"), 404, "not_quarantined")
    problem(admin_client.post(f"{path}/1/release", {"drop": "x"}), 422, "invalid")


def test_streams_are_filled_again(admin_client: APIClient, settings: Any) -> None:
    events = happen(count=3)
    settings.NATS_URL = "nats://127.0.0.1:1"
    Pending.objects.filter(lane="stream").delete()
    body = {"from_sequence": events[1].seq, "to_sequence": events[2].seq}
    assert admin_client.post(f"{BASE}/streams/replay", body).json()["queued"] == 2
    assert Pending.objects.filter(lane="stream").count() == 2
    problem(admin_client.get(f"{BASE}/streams"), 503, "broker_unavailable")


# -- who may ---------------------------------------------------------------------------------------

READS = (
    HOOKS, f"{HOOKS}/hook", DELIVERIES, f"{DELIVERIES}/1", RULES, f"{RULES}/r", f"{BASE}/streams",
    f"{BASE}/event-lanes", f"{BASE}/event-quarantine",
)  # fmt: skip
WRITES = (
    HOOKS, *(f"{HOOKS}/hook/{act}" for act in (
        "verify", "pause", "enable", "rotate-secret", "test", "redeliver-dead", "replay")),
    f"{DELIVERIES}/1/redeliver", f"{DELIVERIES}/1/cancel", RULES, f"{RULES}/r/replay",
    f"{RULES}/preview", f"{BASE}/streams/replay", f"{BASE}/event-quarantine/1/release",
)  # fmt: skip


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.MAINTAINER, Role.AUDITOR])
def test_others_run_nothing(
    role: Role, admin_client: APIClient, person: MakePerson, client_of: ClientOf
) -> None:
    register(admin_client)
    client = client_of(person("other", role))
    for path in READS:
        problem(client.get(path), 403, "permission_denied")
        assert APIClient().get(path).status_code == 401
    for path in WRITES:
        problem(client.post(path, {}), 403, "permission_denied")
        assert APIClient().post(path, {}).status_code == 401
    for path in (f"{HOOKS}/hook", f"{RULES}/r"):
        problem(client.patch(path, {}), 403, "permission_denied")
        problem(client.delete(path), 403, "permission_denied")
    assert Webhook.objects.get().state == "active"


def test_who_runs_one_ontology_runs_what_is_about_it(
    admin_client: APIClient, local: APIClient
) -> None:
    everything = register(admin_client, "everything")
    register(admin_client, "of-beta", ontologies=["beta"])
    register(admin_client, "of-both", ontologies=["alpha", "beta"])
    mine = register(local, "mine", ontologies=["alpha"])
    assert (mine["owner"], mine["state"]) == ("local", "active")
    assert [row["name"] for row in local.get(HOOKS).json()["items"]] == ["mine"]
    assert len(admin_client.get(HOOKS).json()["items"]) == 4
    for name in ("everything", "of-beta", "of-both"):
        one = f"{HOOKS}/{name}"
        problem(local.get(one), 403, "permission_denied")
        problem(local.patch(one, {"rate": 5}), 403, "permission_denied")
        problem(local.delete(one), 403, "permission_denied")
        for act in ("verify", "pause", "enable", "rotate-secret", "test", "redeliver-dead"):
            problem(local.post(f"{one}/{act}"), 403, "permission_denied")
        problem(local.post(f"{one}/replay", {"from_sequence": 1}), 403, "permission_denied")
    for wanted in ([], ["beta"], ["alpha", "beta"]):
        asked = {"name": "x", "url": "https://x.example.com/", "ontologies": wanted}
        problem(local.post(HOOKS, asked), 403, "permission_denied")
        problem(local.patch(f"{HOOKS}/mine", {"ontologies": wanted}), 403, "permission_denied")
        asked = {"name": "x", "sink": "channel", "target": "x", "ontologies": wanted}
        problem(local.post(RULES, asked), 403, "permission_denied")
    assert local.patch(f"{HOOKS}/mine", {"rate": 5}).status_code == 200

    foreign, own = happen("beta")[0], happen("alpha")[0]
    theirs = delivery_of(everything, foreign)
    ours = delivery_of(mine, own)
    problem(local.get(DELIVERIES), 403, "permission_denied")
    problem(local.get(DELIVERIES, {"webhook": "everything"}), 403, "permission_denied")
    problem(local.get(f"{DELIVERIES}/{theirs.pk}"), 403, "permission_denied")
    problem(local.post(f"{DELIVERIES}/{theirs.pk}/cancel"), 403, "permission_denied")
    found = local.get(DELIVERIES, {"webhook": "mine"}).json()["items"]
    assert [row["id"] for row in found] == [ours.pk]
    assert local.get(f"{DELIVERIES}/{ours.pk}").status_code == 200
    replayed = local.post(f"{HOOKS}/mine/replay", {"from_sequence": foreign.seq}).json()
    assert (replayed["looked_at"], replayed["matched"]) == (2, 1)

    made = {"sink": "channel", "target": "x"}
    admin_client.post(RULES, {"name": "theirs", **made})
    assert local.post(RULES, {"name": "ours", **made, "ontologies": ["alpha"]}).status_code == 201
    assert [row["name"] for row in local.get(RULES).json()["items"]] == ["ours"]
    problem(local.get(f"{RULES}/theirs"), 403, "permission_denied")
    problem(local.delete(f"{RULES}/theirs"), 403, "permission_denied")
    assert local.delete(f"{RULES}/ours").status_code == 204
    assert [rule.name for rule in Rule.objects.all()] == ["theirs"]

    tried = local.post(f"{RULES}/preview", {}).json()["items"]
    assert {event.get("ontology", "") for event in tried} == {"alpha"}
    for path in ("streams", "event-lanes", "event-quarantine"):
        problem(local.get(f"{BASE}/{path}"), 403, "permission_denied")
    problem(local.post(f"{BASE}/streams/replay", {"from_sequence": 1}), 403, "permission_denied")
    entry = Quarantined.objects.create(lane="route", key="k", seq=1, error="x", failures=1)
    release = f"{BASE}/event-quarantine/{entry.pk}/release"
    problem(local.post(release), 403, "permission_denied")
    assert local.delete(f"{HOOKS}/mine").status_code == 204
