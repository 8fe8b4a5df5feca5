"""Actions over REST and from a terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from oms_project.identity.contract import Role
from oms_project.identity.models import ActionRule, User
from tests.conftest import MakePerson
from tests.integration.actions.conftest import NAME, body_of, head_of, told

pytestmark = pytest.mark.usefixtures("desk")

URL = f"/api/v1/ontologies/{NAME}"
BOOK = {"flight": "Flight/OZ1", "passenger": "Passenger/1", "code": "B1"}
ClientOf = Callable[[User], APIClient]


@pytest.fixture
def editor(person: MakePerson, client_of: ClientOf) -> APIClient:
    return client_of(person("editor", Role.EDITOR))


# --- REST -----------------------------------------------------------------------------------------


def test_the_actions_that_one_may_run_are_listed(
    editor: APIClient, person: MakePerson, client_of: ClientOf
) -> None:
    answer = editor.get(f"{URL}/actions")
    assert [item["name"] for item in answer.json()["items"]] == [
        "annotate", "book", "cancel", "disclose",
    ]  # fmt: skip
    assert answer["X-OMS-Commit"] == answer.json()["commit"] == head_of()
    book = answer.json()["items"][1]
    assert (book["batchLimit"], book["revertible"], book["runnable"]) == (5, True, True)
    assert book["displayName"] == {"en": "Book a seat", "ko": "좌석 예약"}
    assert [
        (item["apiName"], item.get("objectType"), item.get("dataTypes"), item["required"])
        for item in book["parameters"]
    ] == [
        ("flight", "ObjectType/Flight", None, True),
        ("passenger", "ObjectType/Passenger", None, True),
        ("code", None, ["string"], True),
        ("discount", None, ["double"], True),
    ]
    status = answer.json()["items"][0]["parameters"][2]
    assert (status["dataTypes"], [one["code"] for one in status["members"]]) == (
        ["EnumType/Status"], ["OPEN", "CLOSED"],
    )  # fmt: skip

    viewer = person("viewer", Role.VIEWER)
    client = client_of(viewer)
    assert client.get(f"{URL}/actions").json()["items"] == []
    assert client.get(f"{URL}/actions/book").json()["runnable"] is False
    ActionRule.objects.create(user=viewer, action="book")
    assert [one["name"] for one in client.get(f"{URL}/actions").json()["items"]] == ["book"]
    assert editor.get(f"{URL}/actions/fly").status_code == 404


def test_a_run_is_a_post(editor: APIClient) -> None:
    dry = editor.post(f"{URL}/actions/book/runs", {"parameters": BOOK, "dryRun": True})
    assert (dry.status_code, dry.json()["commit"], dry.json()["dryRun"]) == (200, None, True)
    assert dry.json()["changed"] == ["Flight/OZ1"]
    made = editor.post(f"{URL}/actions/book/runs?branch=main", {"parameters": BOOK})
    assert made.status_code == 201, made.content
    commit = made.json()["commit"]["id"]
    assert made["Location"] == f"{URL}/commits/{commit}"
    assert made["X-OMS-Commit"] == commit == head_of()
    assert {one["id"] for one in made.json()["changes"]["changes"]} >= {"Booking/B1", "Flight/OZ1"}
    back = editor.post(f"{URL}/runs/{commit}/revert", {"message": "no"})
    assert (back.status_code, back.json()["status"]) == (200, "merged")
    assert body_of("Flight/OZ1")["seats"] == 2


def test_a_refused_run_tells_every_problem(editor: APIClient) -> None:
    before = head_of()
    answer = editor.post(f"{URL}/actions/book/runs", {"parameters": {"flight": "Flight/XX"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "action_refused")
    assert told(answer.json()["errors"]) == [
        ("/parameters/flight", "unknown-object"),
        ("/parameters/passenger", "required"),
        ("/parameters/code", "required"),
    ]
    batch = editor.post(f"{URL}/actions/book/runs", {"batch": [BOOK, {}]})
    assert {one["index"] for one in batch.json()["errors"]} == {1}
    both = editor.post(f"{URL}/actions/book/runs", {"batch": [BOOK], "parameters": BOOK})
    assert (both.status_code, both.json()["code"]) == (422, "action_parameters")
    for wrong in ({"parameters": []}, {"batch": []}, {"params": {}}, {"batch": [1]}):
        assert editor.post(f"{URL}/actions/book/runs", wrong).status_code == 422
    assert head_of() == before


def test_a_criterion_is_told_in_the_language_of_the_request(editor: APIClient) -> None:
    run = {"parameters": {**BOOK, "flight": "Flight/C9"}}
    answer = editor.post(f"{URL}/actions/book/runs", run, HTTP_ACCEPT_LANGUAGE="ko")
    assert answer.json()["errors"][0]["message"] == "운항이 열려 있지 않습니다."


def test_a_key_runs_once(editor: APIClient) -> None:
    run = {"parameters": BOOK}
    first, second = (
        editor.post(f"{URL}/actions/book/runs", run, HTTP_IDEMPOTENCY_KEY="k1") for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert body_of("Flight/OZ1")["seats"] == 1


def test_preconditions_hold(editor: APIClient) -> None:
    stale = "0" * 64
    run: dict[str, Any] = {"parameters": BOOK, "expectedHead": stale}
    assert editor.post(f"{URL}/actions/book/runs", run).status_code == 409
    answer = editor.post(
        f"{URL}/actions/book/runs", {"parameters": BOOK}, HTTP_IF_MATCH=f'"{stale}"'
    )
    assert answer.status_code == 412
    assert body_of("Flight/OZ1")["seats"] == 2


def test_who_may_not_is_told_what_is_missing(person: MakePerson, client_of: ClientOf) -> None:
    client = client_of(person("viewer", Role.VIEWER))
    answer = client.post(f"{URL}/actions/book/runs", {"parameters": BOOK})
    assert (answer.status_code, answer.json()["data"]["permission"]) == (403, "actions.run")
    assert body_of("Flight/OZ1")["seats"] == 2


# --- the command ----------------------------------------------------------------------------------


def actions(*arguments: str, code: int = 0) -> str:
    out, err = io.StringIO(), io.StringIO()
    ended = 0
    try:
        call_command("ontology", "actions", NAME, *arguments, stdout=out, stderr=err)
    except CommandError as error:
        ended = error.returncode
    assert ended == code, (out.getvalue(), err.getvalue())
    return out.getvalue() + err.getvalue()


def test_the_command_lists_shows_runs_and_takes_back() -> None:
    listed = actions("list")
    assert "book" in listed
    shown = actions("show", "book")
    assert "passenger" in shown
    assert "ObjectType/Passenger" in shown
    dry = actions("run", "book", "flight=Flight/OZ1", "passenger=Passenger/1", "code=B1", "-n")
    assert "Dry run" in dry
    assert body_of("Flight/OZ1")["seats"] == 2
    run = json.loads(
        actions(
            "run", "book", "flight=Flight/OZ1", "passenger=Passenger/1", "code=B1",
            "discount:=0.5", "--format", "json",
        )
    )  # fmt: skip
    assert run["commit"]["id"] == head_of()
    assert body_of("Booking/B1")["price"] == 50.25
    assert "at" in actions("revert", run["commit"]["id"])
    assert body_of("Flight/OZ1")["seats"] == 2


def test_the_command_runs_a_batch_from_a_file(tmp_path: Any) -> None:
    file = tmp_path / "batch.json"
    file.write_text(json.dumps([{**BOOK, "code": f"B{number}"} for number in range(3)]))
    refused = actions("run", "book", "--file", str(file), code=1)
    assert "The flight is full." in refused
    file.write_text(json.dumps([{**BOOK, "code": f"B{number}"} for number in range(2)]))
    actions("run", "book", "--file", str(file))
    assert body_of("Flight/OZ1")["seats"] == 0
    file.write_text("[1")
    actions("run", "book", "--file", str(file), code=1)
    actions("run", "book", "flight", code=2)
