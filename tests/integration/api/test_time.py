"""``asOf`` on reads, blame and compare over REST."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

import pytest
from rest_framework.test import APIClient

from oms_project.core.canonical_json import loads
from oms_project.core.clock import frozen_at
from oms_project.core.context import SYSTEM, acting_as
from ontology import services
from ontology.contract import Change
from tests.integration.api.conftest import head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]

NOON = dt.datetime(2030, 7, 5, 12, tzinfo=dt.UTC)
PILOT = "object-types/Pilot"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def past(api: APIClient, fleet: str) -> str:
    """Pilots are renamed in the label, on a day in 2030."""
    for days, label in enumerate(("Pilot", "Aviator")):
        change = Change(
            op="update", target="ObjectType/Pilot", fields={"displayName": {"en": label}}
        )
        with frozen_at(NOON + dt.timedelta(days=days)), acting_as(SYSTEM):
            services.commit_changes(ontology="fleet", changes=[change], message=f"Say {label}")
    return fleet


def test_every_kind_of_read_takes_a_time(api: APIClient, past: str) -> None:
    then = {"ref": "main", "asOf": "2030-07-05"}
    commit = api.get(f"{past}/refs/main@2030-07-05T12:00:00Z").json()["commit"]["id"]
    document = api.get(f"{past}/{PILOT}", then)
    assert document.json()["displayName"] == {"en": "Pilot"}
    for address in (
        "object-types",
        "documents",
        "documents/ObjectType/Pilot",
        "header",
        "commits",
        "hierarchy",
        "statistics",
        "names",
        "export",
        f"{PILOT}/history",
        f"{PILOT}/describe",
    ):
        answer = api.get(f"{past}/{address}", {"asOf": "2030-07-05"})
        assert answer.status_code == 200, (address, answer.content)
        assert answer["X-OMS-Commit"] == commit, address
    answer = api.get(f"{past}/blame", {**then, "target": "ObjectType/Pilot"})
    assert answer["X-OMS-Commit"] == commit
    assert "Aviator" in api.get(f"{past}/{PILOT}").content.decode()


def test_pages_of_a_past_listing_are_of_that_commit(api: APIClient, past: str) -> None:
    first = api.get(f"{past}/object-types", {"asOf": "2030-07-05", "limit": 1})
    following = api.get(
        f"{past}/object-types", {"asOf": "2030-07-05", "limit": 1, "cursor": first.json()["next"]}
    )
    assert following.json()["commit"] == first.json()["commit"] != head_of(api, past)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"asOf": "noon"}, "is not a time"),
        ({"asOf": "2030-07-05T12:00:00"}, "says no zone"),
        ({"asOf": "2030-07-05", "ref": "main@2030-07-05T12:00:00Z"}, "says a time already"),
        ({"asOf": "2030-07-05", "ref": "v1"}, "is no branch"),
    ],
)
def test_a_time_that_does_not_fit_is_refused(
    api: APIClient, past: str, query: dict[str, str], sentence: str
) -> None:
    api.post(f"{past}/tags", {"name": "v1", "ref": "main", "message": ""})
    told = problem(api.get(f"{past}/object-types", query), 400, "bad_as_of")
    assert sentence in told["detail"]
    assert told["errors"] == [{"parameter": "asOf", "message": told["detail"]}]


def test_blame_names_the_commit_of_every_value(api: APIClient, past: str) -> None:
    answer = api.get(f"{past}/blame", {"target": "ObjectType/Pilot"})
    assert answer.status_code == 200, answer.content
    found = answer.json()
    messages = {commit["id"]: commit["message"] for commit in found["commits"]}
    by_path = {entry["path"]: messages[entry["commit"]] for entry in found["entries"]}
    assert by_path["/apiName"] == "Create ObjectType/Pilot"
    assert by_path["/displayName/en"] == "Say Aviator"
    assert found["document"]["@id"] == "ObjectType/Pilot"
    again = api.get(
        f"{past}/blame", {"target": "ObjectType/Pilot"}, HTTP_IF_NONE_MATCH=answer["ETag"]
    )
    assert again.status_code == 304
    problem(api.get(f"{past}/blame", {"target": "ObjectType/X"}), 404, "document_not_found")
    problem(api.get(f"{past}/blame"), 400, "bad_query")


def test_a_document_is_compared_at_two_refs(api: APIClient, past: str) -> None:
    query = {"target": "ObjectType/Pilot", "from": "main@2030-07-05T12:00:00Z", "to": "main"}
    answer = api.get(f"{past}/compare", query)
    assert answer.status_code == 200, answer.content
    found = answer.json()
    (field,) = found["diff"]["fields"]
    assert (field["before"], field["after"]) == ("Pilot", "Aviator")
    assert found["before"]["displayName"] == {"en": "Pilot"}
    assert found["after"]["displayName"] == {"en": "Aviator"}
    same = api.get(f"{past}/compare", {**query, "from": "main"}).json()
    assert same["diff"] is None
    cached = api.get(f"{past}/compare", query, HTTP_IF_NONE_MATCH=answer["ETag"])
    assert cached.status_code == 304


def test_an_export_job_takes_a_time(api: APIClient, past: str) -> None:
    answer = api.post(f"{past}/exports", {"asOf": "2030-07-05"})
    assert answer.status_code == 202, answer.content
    problem(api.post(f"{past}/exports", {"asOf": "noon"}), 400, "bad_as_of")


def test_sparql_takes_a_time_in_query_and_form(api: APIClient, past: str) -> None:
    ask = 'ASK { ?t rdfs:label "Aviator"@en }'
    then = {"query": ask, "asOf": "2030-07-05", "format": "json"}
    for answer, expected in (
        (api.get(f"{past}/sparql", then), False),
        (api.get(f"{past}/sparql", {"query": ask, "format": "json"}), True),
        (api.post(f"{past}/sparql", urlencode(then), content_type=FORM), False),
    ):
        assert loads(b"".join(answer.streaming_content))["boolean"] is expected
    twice = api.post(f"{past}/sparql?asOf=2030-07-05", urlencode(then), content_type=FORM)
    assert (
        "'asOf' is given in the query and in the form" in problem(twice, 400, "bad_query")["detail"]
    )
