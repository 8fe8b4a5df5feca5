"""Ontologies, branches, tags."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.integration.api.conftest import BASE, head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]


def test_an_ontology_is_created_with_its_address_and_found_again(api: APIClient) -> None:
    made = api.post(
        BASE,
        {
            "name": "fleet",
            "baseIri": "https://example.org/fleet/",
            "displayName": {"en": "Fleet", "ko": "함대"},
            "prefixes": {"fleet": "https://example.org/fleet/"},
            "description": "Aircraft",
        },
    )

    assert made.status_code == 201
    assert made["Location"] == f"{BASE}/fleet"
    read = api.get(made["Location"])
    assert read.json() == made.json()
    assert made.json().keys() == {
        "id", "name", "baseIri", "description", "defaultBranch", "createdAt", "createdBy", "erasures",
    }  # fmt: skip
    header = api.get(f"{BASE}/fleet/header").json()
    assert header["displayName"] == {"en": "Fleet", "ko": "함대"}
    assert header["@type"] == "Ontology"


def test_a_taken_name_is_a_conflict(api: APIClient, fleet: str) -> None:
    again = api.post(BASE, {"name": "fleet", "baseIri": "https://example.org/other/"})

    problem(again, 409, "already_exists")
    assert api.get(fleet).json()["baseIri"] == "https://example.org/fleet/"


def test_the_list_has_pages_by_name(api: APIClient) -> None:
    for name in ("b", "c", "a"):
        api.post(BASE, {"name": name, "baseIri": f"https://example.org/{name}/"})

    first = api.get(BASE, {"limit": 2})
    assert [item["name"] for item in first.json()["items"]] == ["a", "b"]
    assert first["Link"] == (
        f'<http://testserver{BASE}?limit=2&cursor={first.json()["next"]}>; rel="next"'
    )
    second = api.get(BASE, {"limit": 2, "cursor": first.json()["next"]})
    assert [item["name"] for item in second.json()["items"]] == ["c"]
    assert second.json()["next"] is None
    assert "Link" not in second


def test_description_and_default_branch_can_be_changed(api: APIClient, fleet: str) -> None:
    api.post(f"{fleet}/branches", {"name": "next"})

    changed = api.patch(fleet, {"description": "All that flies", "defaultBranch": "next"})

    assert changed.status_code == 200
    assert changed.json()["description"] == "All that flies"
    assert api.get(fleet).json()["defaultBranch"] == "next"


def test_a_deleted_ontology_is_gone_and_its_name_free(api: APIClient, fleet: str) -> None:
    assert api.delete(fleet).status_code == 204

    problem(api.get(fleet), 404, "ontology_not_found")
    again = api.post(BASE, {"name": "fleet", "baseIri": "https://example.org/new/"})
    assert again.status_code == 201


@pytest.mark.parametrize("name", ["feature/booking", "v1.2/rc-1", "a_b"])
def test_branch_names_with_slashes_and_dots_stand_in_the_path(
    api: APIClient, fleet: str, name: str
) -> None:
    made = api.post(f"{fleet}/branches", {"name": name, "from": "main"})

    assert made.status_code == 201
    assert made["Location"] == f"{fleet}/branches/{name}"
    assert api.get(made["Location"]).json() == made.json()
    assert api.get(f"{fleet}/branches/{name.replace('/', '%2F')}").json() == made.json()
    assert api.delete(made["Location"]).status_code == 204
    problem(api.get(made["Location"]), 404, "branch_not_found")


def test_the_default_branch_is_not_deleted(api: APIClient, fleet: str) -> None:
    problem(api.delete(f"{fleet}/branches/main"), 409, "default_branch")

    assert api.get(f"{fleet}/branches/main").json()["isDefault"] is True


def test_a_protected_branch_is_written_to_by_maintainers_alone(
    api: APIClient, editor: APIClient, fleet: str
) -> None:
    assert api.patch(f"{fleet}/branches/main", {"protected": True}).json()["protected"] is True
    head = head_of(api, fleet)

    refused = editor.post(f"{fleet}/object-types", {"apiName": "Airport"})

    problem(refused, 403, "branch_protected")
    assert head_of(api, fleet) == head


def test_a_tag_stays_while_its_branch_moves(api: APIClient, fleet: str) -> None:
    head = head_of(api, fleet)
    made = api.post(f"{fleet}/tags", {"name": "releases/1.0", "message": "First"})
    api.post(f"{fleet}/object-types", {"apiName": "Airport"})

    assert made.status_code == 201
    assert made["Location"] == f"{fleet}/tags/releases/1.0"
    assert api.get(made["Location"]).json()["commit"] == head
    assert head_of(api, fleet) != head
    assert [tag["name"] for tag in api.get(f"{fleet}/tags").json()["items"]] == ["releases/1.0"]
    assert api.delete(made["Location"]).status_code == 204
    assert api.get(f"{fleet}/tags").json()["items"] == []


def test_every_wrong_member_of_a_body_is_named(api: APIClient) -> None:
    answer = api.post(BASE, {"name": 7, "colour": "red"})

    body = problem(answer, 422, "bad_body")
    assert body["errors"] == [
        {"field": "/name", "rule": "shape", "message": "Input should be a valid string."},
        {"field": "/baseIri", "rule": "shape", "message": "This member is required."},
        {
            "field": "/colour",
            "rule": "shape",
            "message": "There is no such member. Remove it, or check its spelling.",
        },
    ]
    assert api.get(BASE).json()["items"] == []
