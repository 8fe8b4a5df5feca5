"""Events over REST: publish in three modes, read, go on, types and their schemas."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from events.domain.types import EVENT_TYPES
from events.models import Event
from oms_project.core.clock import isoformat, utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.outbox import NewEvent, outbox
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from ontology import services
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

EVENTS = "/api/v1/events"
TYPES = "/api/v1/event-types"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ORDER = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "https://erp.example.com/orders",
    "type": "com.example.order.placed",
}
ClientOf = Callable[[User], APIClient]


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code, body
    return body


def fields(body: dict[str, Any]) -> list[str]:
    return [str(error.get("field", error.get("parameter"))) for error in body["errors"]]


def send(client: APIClient, body: Any, media: str = STRUCTURED, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return client.generic("POST", EVENTS, raw, content_type=media, headers=headers)


@pytest.fixture
def two(db: None) -> None:
    """Two ontologies, an audit event and a job's event."""
    Event.objects.all().delete()
    with acting_as(SYSTEM):
        for name in ("alpha", "beta"):
            services.create_ontology(name=name, base_iri=f"https://example.org/{name}/")
        who = {"id": "1", "username": "ann", "kind": "user"}
        outbox.append(
            NewEvent("io.oms.job.started.v1", {"job": "1", "task": "t", "actor": who}, key="jobs"),
            NewEvent(
                "io.oms.webhook.disabled.v1",
                {"webhook": "1", "name": "w", "url": "https://example.org/", "reason": "gone"},
                key="webhooks",
            ),
        )


def listed(client: APIClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(EVENTS, query)
    assert answer.status_code == 200, answer.content
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


# -- publish ---------------------------------------------------------------------------------------


def test_a_structured_event_is_taken_in_once(admin_client: APIClient) -> None:
    answer = send(admin_client, {**ORDER, "data": {"order": 17}})
    assert answer.status_code == 202
    (item,) = answer.json()["items"]
    assert len(item["sequence"]) == 20
    assert item == {
        "id": "A-1", "source": ORDER["source"], "sequence": item["sequence"], "duplicate": False,
    }  # fmt: skip
    again = send(admin_client, {**ORDER, "data": {"order": 18}})
    assert again.json()["items"] == [{**item, "duplicate": True}]
    found = admin_client.get(f"{EVENTS}/A-1").json()
    assert found["data"] == {"order": 17}
    assert found["sequence"] == item["sequence"]
    assert Event.objects.filter(id="A-1").count() == 1


def test_a_binary_event_of_any_content_type_is_taken_in(admin_client: APIClient) -> None:
    headers = {
        "ce-specversion": "1.0", "ce-id": "b%20in", "ce-source": "/sensors/1", "ce-type": "seen",
        "ce-ontology": "alpha",
    }  # fmt: skip
    assert send(admin_client, b"\x89PNG\x00", "image/png", **headers).status_code == 202
    found = admin_client.get(f"{EVENTS}/{quote('b in')}").json()
    assert base64.b64decode(found["data_base64"]) == b"\x89PNG\x00"
    assert (found["datacontenttype"], found["ontology"]) == ("image/png", "alpha")

    for number, (media, body) in enumerate(
        [
            ("application/json", b'{"a": 123456789012345678901234567890}'),
            ("text/plain", b"hello"),
            ("application/x-www-form-urlencoded", b"a=1&b=2"),
            ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"'
             b"\r\n\r\n1\r\n--x--\r\n"),
        ]
    ):  # fmt: skip
        made = send(admin_client, body, media, **{**headers, "ce-id": f"n{number}"})
        assert made.status_code == 202, made.content
    assert b"123456789012345678901234567890" in admin_client.get(f"{EVENTS}/n0").content
    assert admin_client.get(f"{EVENTS}/n1").json()["data"] == "hello"
    form = admin_client.get(f"{EVENTS}/n2").json()
    assert base64.b64decode(form["data_base64"]) == b"a=1&b=2"
    assert "data_base64" in admin_client.get(f"{EVENTS}/n3").json()
    empty = send(admin_client, b"", "", **{**headers, "ce-id": "none"})
    assert empty.status_code == 202, empty.content


def test_a_batch_is_taken_in_whole_or_not_at_all(admin_client: APIClient) -> None:
    batch = [{**ORDER, "id": f"B-{number}"} for number in range(3)]
    answer = send(admin_client, [*batch, batch[0]], BATCH)
    assert answer.status_code == 202
    assert [item["duplicate"] for item in answer.json()["items"]] == [False, False, False, True]
    sequences = [item["sequence"] for item in answer.json()["items"]]
    assert sequences[:3] == sorted(sequences[:3])
    assert sequences[3] == sequences[0]
    assert send(admin_client, [], BATCH).json() == {"items": []}

    bad = [{**ORDER, "id": "B-9"}, {**ORDER, "id": "B-10", "type": ""}]
    body = problem(send(admin_client, bad, BATCH), 400, "bad_cloudevent")
    assert fields(body) == ["/1/type"]
    assert not Event.objects.filter(id="B-9").exists()


def test_what_is_wrong_is_named(admin_client: APIClient, settings: Any) -> None:
    without = {name: text for name, text in ORDER.items() if name != "source"}
    body = problem(send(admin_client, {**without, "time": "now"}), 400, "bad_cloudevent")
    assert set(fields(body)) == {"source", "time"}
    problem(send(admin_client, b"{"), 400, "bad_cloudevent")
    problem(send(admin_client, b"[1", BATCH), 400, "bad_cloudevent")
    problem(send(admin_client, {"a": 1}, "application/json"), 400, "bad_cloudevent")
    problem(send(admin_client, b"", ""), 400, "bad_cloudevent")
    own = send(admin_client, {**ORDER, "type": "io.oms.ontology.created.v1"})
    assert fields(problem(own, 422, "reserved_type")) == ["type"]
    long = send(admin_client, {**ORDER, "type": "t" * 301})
    assert fields(problem(long, 422, "attribute_too_long")) == ["type"]
    problem(admin_client.generic("POST", f"{EVENTS}?x=1", b"{}"), 400, "bad_request")
    settings.OMS_EVENTS_MAX_BYTES = 1024
    problem(send(admin_client, {**ORDER, "data": "x" * 1024}), 413, "event_too_large")
    settings.OMS_MAX_BODY_BYTES = 100
    problem(send(admin_client, {**ORDER, "data": "x" * 100}), 413, "too_large")
    assert not Event.objects.filter(source=ORDER["source"]).exists()


def test_who_may_publish(
    two: None, person: MakePerson, client_of: ClientOf, anonymous_client: APIClient
) -> None:
    assert send(anonymous_client, ORDER).status_code == 401
    problem(send(client_of(person("v", Role.VIEWER)), ORDER), 403, "permission_denied")
    editor = client_of(person("e", Role.EDITOR, "alpha"))
    assert send(editor, {**ORDER, "ontology": "alpha"}).status_code == 202
    problem(send(editor, {**ORDER, "id": "2", "ontology": "beta"}), 403, "permission_denied")
    problem(send(editor, {**ORDER, "id": "3"}), 403, "permission_denied")
    assert send(client_of(person("all", Role.EDITOR)), {**ORDER, "id": "3"}).status_code == 202


# -- read ------------------------------------------------------------------------------------------


def test_pages_newest_first(two: None, admin_client: APIClient) -> None:
    everything = listed(admin_client, limit=500)
    sequences = [event["sequence"] for event in everything]
    assert sequences == sorted(sequences, reverse=True)
    assert all(event["specversion"] == "1.0" for event in everything)
    pages, cursor = [], ""
    while True:
        answer = admin_client.get(
            EVENTS, {"limit": 2, "cursor": cursor} if cursor else {"limit": 2}
        )
        pages += answer.json()["items"]
        cursor = answer.json()["next"]
        assert ("Link" in answer) is (cursor is not None)
        if cursor is None:
            break
    assert pages == everything


def test_a_reader_goes_on_where_he_was(two: None, admin_client: APIClient) -> None:
    everything = listed(admin_client, limit=500)[::-1]
    found, after = [], "0"
    while True:
        answer = admin_client.get(EVENTS, {"after": after, "limit": 3}).json()
        found += answer["items"]
        if answer["next"].lstrip("0") == after.lstrip("0"):
            break
        after = answer["next"]
    assert found == everything
    assert after == everything[-1]["sequence"]
    send(admin_client, ORDER)
    following = admin_client.get(EVENTS, {"after": after}).json()
    assert [event["id"] for event in following["items"]] == ["A-1"]
    # what is not wanted is passed by
    nothing = admin_client.get(EVENTS, {"after": after, "type": "other"}).json()
    assert nothing["items"] == []
    problem(admin_client.get(EVENTS, {"after": "x"}), 400, "bad_filter")
    problem(admin_client.get(EVENTS, {"after": str(2**63)}), 400, "bad_filter")
    cursor = admin_client.get(EVENTS, {"limit": 1}).json()["next"]
    both = admin_client.get(EVENTS, {"after": "1", "cursor": cursor})
    assert fields(problem(both, 400, "bad_filter")) == ["after"]


def test_filters(two: None, admin_client: APIClient) -> None:
    send(admin_client, {**ORDER, "partitionkey": "k1", "data": {"order": 17}})
    of_alpha = listed(admin_client, ontology="alpha")
    assert {event["ontology"] for event in of_alpha} == {"alpha"}
    both = listed(admin_client, ontology=["alpha", "beta"])
    assert {event["ontology"] for event in both} == {"alpha", "beta"}
    jobs = listed(admin_client, type="io.oms.job.*")
    assert [event["type"] for event in jobs] == ["io.oms.job.started.v1"]
    several = listed(admin_client, type=["io.oms.job.started.v1", "com.example.*"])
    assert {event["type"] for event in several} == {"io.oms.job.started.v1", ORDER["type"]}
    for query in (
        {"key": "k1"}, {"text": "erp.EXAMPLE.com"}, {"expression": "data.order == 17"},
        {"type": ORDER["type"], "since": "2020-01-01"},
    ):  # fmt: skip
        assert [event["id"] for event in listed(admin_client, **query)] == ["A-1"], query
    assert listed(admin_client, until="2020-01-01T00:00:00Z") == []
    assert listed(admin_client, since=isoformat(utc_now())) == []
    assert listed(admin_client, branch="nothing") == []
    assert listed(admin_client, object_type="Person") == []


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"since": "yesterday"}, "bad_filter", "since"),
        ({"until": "0001-01-01T00:00:00+23:00"}, "bad_filter", "until"),
        ({"expression": "1 +"}, "bad_filter", "expression"),
        ({"type": "a\x00"}, "bad_filter", "type"),
        ({"type": "a\nb"}, "bad_filter", "type"),
        ({"object_type": "t" * 1000}, "bad_filter", "object_type"),
        ({"text": "x\x00"}, "bad_filter", "text"),
        ({"typ": "x"}, "bad_request", "typ"),
    ],
)
def test_filters_that_cannot_be_used(
    admin_client: APIClient, query: dict[str, str], code: str, field: str
) -> None:
    assert fields(problem(admin_client.get(EVENTS, query), 400, code)) == [field]


def test_bad_pages(admin_client: APIClient) -> None:
    problem(admin_client.get(EVENTS, {"limit": "0"}), 400, "bad_limit")
    problem(admin_client.get(EVENTS, {"cursor": "x"}), 400, "bad_cursor")


def test_other_forms(two: None, admin_client: APIClient) -> None:
    batch = admin_client.get(EVENTS, {"limit": 2}, headers={"Accept": BATCH})
    assert batch["Content-Type"] == BATCH
    assert batch.json() == listed(admin_client, limit=2)
    assert "cursor=" in batch["Link"]
    on = admin_client.get(EVENTS, {"after": "0", "limit": 2}, headers={"Accept": BATCH})
    assert f"after={on.json()[-1]['sequence']}" in on["Link"]
    newest = batch.json()[0]
    one = admin_client.get(f"{EVENTS}/{newest['id']}", headers={"Accept": STRUCTURED})
    assert one["Content-Type"] == STRUCTURED
    assert one.json() == newest
    plain = admin_client.get(f"{EVENTS}/{newest['sequence']}")
    assert plain["Content-Type"] == "application/json"
    assert plain.json() == newest
    # what was read as a batch can be published elsewhere as it is
    assert (
        send(admin_client, [{**newest, "type": "copy", "source": "/x"}], BATCH).status_code == 202
    )


def test_ids_of_other_systems(admin_client: APIClient) -> None:
    send(admin_client, {**ORDER, "id": "a/b c?é"})
    assert admin_client.get(f"{EVENTS}/{quote('a/b c?é', safe='')}").json()["id"] == "a/b c?é"
    for name in ("nothing", "%00", "99999999999999999999", "9" * 30, "²"):
        assert admin_client.get(f"{EVENTS}/{name}").status_code == 404


def test_a_reader_sees_what_he_may(two: None, person: MakePerson, client_of: ClientOf) -> None:
    client = client_of(person("ann", Role.VIEWER, "alpha"))
    send_all = client_of(person("pub", Role.EDITOR))
    send(send_all, {**ORDER, "id": "of-alpha", "ontology": "alpha"})
    send(send_all, {**ORDER, "id": "of-beta", "ontology": "beta"})
    send(send_all, {**ORDER, "id": "of-none"})
    seen = listed(client, limit=500)
    assert {event.get("ontology", "") for event in seen} == {"alpha", ""}
    assert {event["type"] for event in seen if not event.get("ontology")} == {ORDER["type"]}
    assert {"of-alpha", "of-none"} <= {event["id"] for event in seen}
    after = client.get(EVENTS, {"after": "0", "limit": 500}).json()["items"]
    assert after == seen[::-1]
    for hidden in Event.objects.exclude(id__in=[event["id"] for event in seen]):
        problem(client.get(f"{EVENTS}/{hidden.id}"), 404, "event_not_found")
        problem(client.get(f"{EVENTS}/{hidden.seq}"), 404, "event_not_found")
    assert listed(client, ontology="beta") == []
    assert client.get(EVENTS, {"expression": "event.ontology == 'beta'"}).json()["items"] == []

    problem(client_of(person("nobody")).get(EVENTS), 403, "permission_denied")
    assert APIClient().get(EVENTS).status_code == 401
    auditor = listed(client_of(person("aud", Role.AUDITOR)), limit=500)
    assert "io.oms.job.started.v1" not in {event["type"] for event in auditor}


def test_who_would_get_an_event(
    two: None, admin_client: APIClient, person: MakePerson, client_of: ClientOf
) -> None:
    made = admin_client.post(
        "/api/v1/routing-rules",
        {"name": "all", "sink": "channel", "target": "everybody", "ontologies": ["alpha"]},
    ).json()
    event = listed(admin_client, ontology="alpha")[0]
    answer = admin_client.get(f"{EVENTS}/{event['id']}/lanes").json()["items"]
    assert {"lane": f"channel:{made['id']}", "name": "all"} in answer
    other = listed(admin_client, ontology="beta")[0]
    lanes = admin_client.get(f"{EVENTS}/{other['sequence']}/lanes").json()["items"]
    assert f"channel:{made['id']}" not in {one["lane"] for one in lanes}
    problem(admin_client.get(f"{EVENTS}/nothing/lanes"), 404, "event_not_found")
    problem(admin_client.get(f"{EVENTS}/{event['id']}/lanes?x=1"), 400, "bad_request")
    for user in (person("m", Role.MAINTAINER), person("a", Role.ADMINISTRATOR, "alpha")):
        answer = client_of(user).get(f"{EVENTS}/{event['id']}/lanes")
        problem(answer, 403, "permission_denied")


# -- types -----------------------------------------------------------------------------------------


def test_types_and_their_schemas(
    person: MakePerson, client_of: ClientOf, anonymous_client: APIClient, settings: Any
) -> None:
    settings.OMS_PUBLIC_URL = "https://oms.example.org"
    client = client_of(person("nobody"))
    items = client.get(TYPES).json()["items"]
    assert [item["type"] for item in items] == list(EVENT_TYPES)
    assert client.get(f"{TYPES}/{items[0]['type']}").json() == items[0]
    assert set(items[0]) == {"type", "title", "needs", "schema"}
    assert anonymous_client.get(TYPES).status_code == 401
    for item in items:
        path = item["schema"].removeprefix("https://oms.example.org")
        answer = anonymous_client.get(path)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "application/schema+json"
        assert answer.json()["$id"] == item["schema"]
        Draft202012Validator.check_schema(answer.json())
    plain = anonymous_client.get(
        f"{TYPES}/{items[0]['type']}/schema", headers={"Accept": "application/json"}
    )
    assert plain.status_code == 200
    problem(anonymous_client.get(f"{TYPES}/other/schema"), 404, "event_type_not_found")
    problem(client.get(f"{TYPES}/other"), 404, "event_type_not_found")


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/x-www-form-urlencoded", b"a=1"),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'),
    ],
)  # fmt: skip
def test_data_that_is_a_form_comes_whole_over_a_session(
    person: MakePerson, media: str, body: bytes
) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(person("ed", Role.EDITOR))
    token = "x" * 32
    browser.cookies["csrftoken"] = token
    headers = {"ce-specversion": "1.0", "ce-id": "f", "ce-source": "/x", "ce-type": "t"}
    problem(send(browser, body, media, **headers), 403, "permission_denied")
    answer = send(browser, body, media, **headers, **{"X-CSRFToken": token})
    assert answer.status_code == 202, answer.content
    stored = browser.get(f"{EVENTS}/f").json()
    assert base64.b64decode(stored["data_base64"]) == body
