"""Change sets, merges, reverts, diffs, commits, and the proof of history."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.integration.api.conftest import head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]


def diverge(api: APIClient, fleet: str) -> None:
    """``main`` and ``draft`` both change Person's label; ``draft`` adds Airport as well."""
    api.post(f"{fleet}/branches", {"name": "draft"})
    person = f"{fleet}/object-types/Person"
    api.patch(person, {"displayName": {"en": "Human"}})
    api.patch(f"{person}?branch=draft", {"displayName": {"en": "Somebody"}})
    api.post(f"{fleet}/object-types?branch=draft", {"apiName": "Airport"})


# -- change sets -----------------------------------------------------------------------------------


def test_many_changes_make_one_commit(api: APIClient, fleet: str) -> None:
    before = head_of(api, fleet)

    answer = api.post(
        f"{fleet}/changesets",
        {
            "message": "Airports",
            "changes": [
                {"op": "create", "kind": "ObjectType", "fields": {"apiName": "Airport"}},
                {
                    "op": "create",
                    "kind": "LinkType",
                    "fields": {"apiName": "basedAt", "sources": ["Pilot"], "targets": ["Airport"]},
                },
                {"op": "update", "target": "ObjectType/Person", "fields": {"tags": ["x"]}},
                {"op": "rename", "target": "ObjectType/Aircraft", "apiName": "Plane"},
                {"op": "delete", "target": "LinkType/flies"},
            ],
        },
    )

    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert answer["Location"] == f"{fleet}/commits/{body['commit']['id']}"
    assert body["head"] == body["commit"]["id"] == answer["X-OMS-Commit"] == head_of(api, fleet)
    assert body["commit"]["parents"] == [before]
    assert body["commit"]["message"] == "Airports"
    assert body["changes"]["stats"] == {
        "ObjectType": {"create": 1, "update": 1, "rename": 1},
        "LinkType": {"create": 1, "delete": 1},
    }
    assert [item["@id"] for item in body["documents"]] == [
        "ObjectType/Airport",
        "LinkType/basedAt",
        "ObjectType/Person",
        "ObjectType/Plane",
        "LinkType/flies",
    ]
    shown = api.get(answer["Location"]).json()
    assert shown["changes"] == body["changes"]


def test_a_dry_run_says_what_would_happen_and_writes_nothing(api: APIClient, fleet: str) -> None:
    head = head_of(api, fleet)

    answer = api.post(
        f"{fleet}/changesets",
        {
            "dryRun": True,
            "changes": [{"op": "create", "kind": "ObjectType", "fields": {"apiName": "Airport"}}],
        },
    )

    assert answer.status_code == 200
    assert answer.json()["commit"] is None
    assert answer.json()["dryRun"] is True
    assert answer.json()["changes"]["stats"] == {"ObjectType": {"create": 1}}
    assert head_of(api, fleet) == head
    problem(api.get(f"{fleet}/object-types/Airport"), 404, "document_not_found")


def test_one_wrong_change_refuses_all_of_them_with_every_problem(
    api: APIClient, fleet: str
) -> None:
    head = head_of(api, fleet)

    answer = api.post(
        f"{fleet}/changesets",
        {
            "changes": [
                {"op": "create", "kind": "ObjectType", "fields": {"apiName": "Airport"}},
                {"op": "create", "kind": "ObjectType", "fields": {"apiName": "9lives"}},
                {
                    "op": "create",
                    "kind": "LinkType",
                    "fields": {"apiName": "to", "targets": [head_uuid()]},
                },
                {
                    "op": "update",
                    "target": "ObjectType/Person",
                    "fields": {"parents": ["ObjectType/Pilot"]},
                },
            ]
        },
    )

    body = problem(answer, 422, "invalid_state")
    assert {error["document"] for error in body["errors"]} >= {
        "ObjectType/9lives",
        "LinkType/to",
        "ObjectType/Person",
    }
    assert all(error["rule"] and error["message"] for error in body["errors"])
    assert head_of(api, fleet) == head
    problem(api.get(f"{fleet}/object-types/Airport"), 404, "document_not_found")


def head_uuid() -> str:
    return "00000000-0000-5000-8000-000000000000"


def test_if_match_of_one_change_stops_the_set(api: APIClient, fleet: str) -> None:
    seen = api.get(f"{fleet}/object-types/Person")["ETag"]
    api.patch(f"{fleet}/object-types/Person", {"tags": ["new"]})
    head = head_of(api, fleet)
    change = {
        "op": "update",
        "target": "ObjectType/Person",
        "fields": {"tags": ["old"]},
        "ifMatch": seen,
    }

    refused = api.post(f"{fleet}/changesets", {"changes": [change]})

    problem(refused, 412, "precondition_failed")
    assert head_of(api, fleet) == head
    etag = api.get(f"{fleet}/object-types").json()["items"][1]["_etag"]
    accepted = api.post(f"{fleet}/changesets", {"changes": [{**change, "ifMatch": etag}]})
    assert accepted.status_code == 201, accepted.content


def test_a_change_that_changes_nothing_makes_no_commit(api: APIClient, fleet: str) -> None:
    head = head_of(api, fleet)

    answer = api.post(
        f"{fleet}/changesets",
        {
            "changes": [
                {"op": "update", "target": "ObjectType/Person", "fields": {"tags": ["people"]}}
            ]
        },
    )

    assert answer.status_code == 200
    assert answer.json()["commit"] is None
    assert answer.json()["head"] == head_of(api, fleet) == head


# -- merges ----------------------------------------------------------------------------------------


def test_conflicts_are_409_with_each_conflict_and_nothing_is_written(
    api: APIClient, fleet: str
) -> None:
    diverge(api, fleet)
    head = head_of(api, fleet)

    for dry_run in (True, False):
        answer = api.post(f"{fleet}/merges", {"source": "draft", "dryRun": dry_run})
        body = problem(answer, 409, "merge_conflicts")
        conflict: dict[str, Any] = body["errors"][0]
        assert len(body["errors"]) == 1
        assert conflict["document"] == "ObjectType/Person"
        assert conflict["field"] == "/displayName/en"
        assert (conflict["base"], conflict["ours"], conflict["theirs"]) == (
            "Person",
            "Human",
            "Somebody",
        )
        assert conflict["type"] == "edit/edit"
        assert body["data"]["dryRun"] is dry_run
    assert head_of(api, fleet) == head


def test_a_merge_with_resolutions_has_two_parents(api: APIClient, fleet: str) -> None:
    diverge(api, fleet)
    ours, theirs = head_of(api, fleet), head_of(api, fleet, "draft")
    body = {
        "source": "draft",
        "message": "Bring the draft in",
        "resolutions": [
            {"choice": "theirs", "document": "ObjectType/Person", "path": "/displayName/en"}
        ],
    }

    dry = api.post(f"{fleet}/merges", {**body, "dryRun": True})
    assert (dry.status_code, dry.json()["status"], dry.json()["commit"]) == (200, "merged", None)
    assert head_of(api, fleet) == ours
    answer = api.post(f"{fleet}/merges", body)

    assert answer.status_code == 200, answer.content
    result = answer.json()
    assert (result["status"], result["resolved"]) == ("merged", 1)
    assert result["commit"]["parents"] == [ours, theirs]
    assert answer["Location"] == f"{fleet}/commits/{result['commit']['id']}"
    assert head_of(api, fleet) == result["commit"]["id"] == answer["X-OMS-Commit"]
    assert api.get(f"{fleet}/object-types/Airport").status_code == 200
    person = api.get(f"{fleet}/object-types/Person").json()
    assert person["displayName"] == {"en": "Somebody", "ko": "사람"}


def test_fast_forward_no_ff_and_up_to_date(api: APIClient, fleet: str) -> None:
    api.post(f"{fleet}/branches", {"name": "draft"})
    api.post(f"{fleet}/object-types?branch=draft", {"apiName": "Airport"})
    api.post(f"{fleet}/branches", {"name": "other"})

    moved = api.post(f"{fleet}/merges", {"source": "draft"})
    again = api.post(f"{fleet}/merges", {"source": "draft"})
    commit = api.post(f"{fleet}/merges", {"source": "draft", "into": "other", "noFf": True})

    assert (moved.status_code, moved.json()["status"]) == (200, "fast_forward")
    assert head_of(api, fleet) == head_of(api, fleet, "draft")
    assert (again.status_code, again.json()["status"]) == (200, "up_to_date")
    assert again["X-OMS-Commit"] == head_of(api, fleet)
    assert commit.json()["status"] == "merged"
    assert len(commit.json()["commit"]["parents"]) == 2


def test_a_merged_state_that_breaks_rules_is_422_and_nothing_is_written(
    api: APIClient, fleet: str
) -> None:
    api.post(f"{fleet}/branches", {"name": "draft"})
    api.delete(f"{fleet}/link-types/flies")
    api.delete(f"{fleet}/object-types/Aircraft")
    api.post(f"{fleet}/link-types?branch=draft", {"apiName": "repairs", "targets": ["Aircraft"]})
    head = head_of(api, fleet)

    answer = api.post(f"{fleet}/merges", {"source": "draft"})

    body = problem(answer, 422, "merge_invalid")
    assert [(error["document"], error["field"]) for error in body["errors"]] == [
        ("LinkType/repairs", "/targets/0")
    ]
    assert head_of(api, fleet) == head


def test_a_stale_head_stops_a_merge(api: APIClient, fleet: str) -> None:
    seen = api.get(f"{fleet}/branches/main")
    diverge(api, fleet)
    head = head_of(api, fleet)
    body = {"source": "draft", "resolutions": [{"choice": "ours"}]}

    problem(
        api.post(f"{fleet}/merges", body, headers={"If-Match": seen["ETag"]}),
        412,
        "if_match_failed",
    )
    problem(
        api.post(f"{fleet}/merges", {**body, "expectedHead": seen.json()["head"]}),
        409,
        "stale_head",
    )
    assert head_of(api, fleet) == head


# -- reverts, diffs, history -----------------------------------------------------------------------


def test_a_commit_is_taken_back(api: APIClient, fleet: str) -> None:
    made = api.post(f"{fleet}/object-types", {"apiName": "Airport"})

    answer = api.post(f"{fleet}/reverts", {"commit": made["X-OMS-Commit"], "message": "No"})

    assert answer.status_code == 200, answer.content
    assert answer.json()["status"] == "merged"
    assert answer.json()["commit"]["message"] == "No"
    problem(api.get(f"{fleet}/object-types/Airport"), 404, "document_not_found")


def test_a_revert_of_what_was_changed_again_conflicts(api: APIClient, fleet: str) -> None:
    person = f"{fleet}/object-types/Person"
    first = api.patch(person, {"displayName": {"en": "Human"}})["X-OMS-Commit"]
    api.patch(person, {"displayName": {"en": "Somebody"}})
    head = head_of(api, fleet)

    body = problem(api.post(f"{fleet}/reverts", {"commit": first}), 409, "merge_conflicts")

    assert [error["field"] for error in body["errors"]] == ["/displayName/en"]
    assert head_of(api, fleet) == head


def test_the_diff_names_fields_and_can_start_at_the_merge_base(api: APIClient, fleet: str) -> None:
    diverge(api, fleet)

    plain = api.get(f"{fleet}/diff", {"from": "main", "to": "draft"}).json()
    since = api.get(f"{fleet}/diff", {"from": "main", "to": "draft", "merge_base": "true"}).json()
    links = api.get(f"{fleet}/diff", {"from": "main", "to": "draft", "kind": "LinkType"}).json()

    def changed(diff: dict[str, Any]) -> list[tuple[str, str, list[tuple[Any, Any]]]]:
        return [
            (
                item["id"],
                item["operation"],
                [(field["before"], field["after"]) for field in item["fields"]],
            )
            for item in diff["changes"]
        ]

    assert changed(plain) == [
        ("ObjectType/Airport", "create", []),
        ("ObjectType/Person", "update", [("Human", "Somebody")]),
    ]
    assert changed(since) == [
        ("ObjectType/Airport", "create", []),
        ("ObjectType/Person", "update", [("Person", "Somebody")]),
    ]
    assert links["changes"] == []


def test_the_log_has_pages_and_every_commit_its_changes(api: APIClient, fleet: str) -> None:
    first = api.get(f"{fleet}/commits", {"limit": 3}).json()
    second = api.get(f"{fleet}/commits", {"limit": 3, "cursor": first["next"]}).json()

    messages = [item["message"] for item in (*first["items"], *second["items"])]
    assert messages[:4] == [
        "Create LinkType/flies",
        "Create ObjectType/Aircraft",
        "Create ObjectType/Pilot",
        "Create ObjectType/Person",
    ]
    assert len(messages) == 5
    assert second["next"] is None
    for item in (*first["items"], *second["items"]):
        shown = api.get(f"{fleet}/commits/{item['id']}").json()
        assert shown["commit"] == item
        assert len(shown["changes"]["changes"]) == item["changeCount"]


def test_the_history_of_one_document_shows_its_states(api: APIClient, fleet: str) -> None:
    person = f"{fleet}/object-types/Person"
    api.patch(person, {"tags": ["a"]})
    api.post(f"{person}/rename", {"apiName": "Human"})

    page = api.get(f"{fleet}/object-types/Human/history", {"limit": 2}).json()
    rest = api.get(
        f"{fleet}/object-types/Human/history", {"limit": 2, "cursor": page["next"]}
    ).json()

    entries = (*page["items"], *rest["items"])
    assert [entry["operation"] for entry in entries] == ["rename", "update", "create"]
    assert [entry["document"]["apiName"] for entry in entries] == ["Human", "Person", "Person"]


def test_verify_finds_nothing(api: APIClient, fleet: str) -> None:
    answer = api.post(f"{fleet}/verify")

    assert answer.status_code == 200
    assert (answer.json()["ok"], answer.json()["problems"]) == (True, [])
    assert answer.json()["commits"] == 5
