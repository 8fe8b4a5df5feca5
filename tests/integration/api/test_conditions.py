"""ETags, If-None-Match, If-Match, and how long an answer may be kept."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.integration.api.conftest import head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]

READS = (
    "",
    "/header",
    "/branches",
    "/branches/main",
    "/commits",
    "/diff?from=main&to=main",
    "/refs/main",
    "/documents",
    "/documents/ObjectType/Person",
    "/object-types",
    "/object-types/Person",
    "/object-types/Person?fields=apiName&references=name",
    "/object-types/Person/history",
    "/object-types/Person/describe",
    "/hierarchy",
    "/statistics",
    "/names?text=p",
    "/export",
)


@pytest.mark.parametrize("path", READS)
def test_a_read_is_answered_with_304_until_something_changes(
    api: APIClient, fleet: str, path: str
) -> None:
    first = api.get(f"{fleet}{path}")
    assert first.status_code == 200
    etag = first["ETag"]
    assert etag.startswith('"')
    assert first["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Cookie"} <= {part.strip() for part in first["Vary"].split(",")}

    again = api.get(f"{fleet}{path}", headers={"If-None-Match": f'"other", W/{etag}'})

    assert again.status_code == 304
    assert again.content == b""
    assert again["ETag"] == etag


def test_what_a_commit_id_names_may_be_kept_for_ever(api: APIClient, fleet: str) -> None:
    head = head_of(api, fleet)

    for path in ("object-types", "object-types/Person", "hierarchy", "export", "header"):
        answer = api.get(f"{fleet}/{path}", {"ref": head})
        assert answer["Cache-Control"] == "private, max-age=31536000, immutable", path
        assert answer["X-OMS-Commit"] == head
    assert "immutable" in api.get(f"{fleet}/commits/{head}")["Cache-Control"]
    assert api.get(f"{fleet}/commits/{head[:12]}")["Cache-Control"] == "private, no-cache"


def test_the_etag_of_a_list_changes_with_the_branch_and_with_the_question(
    api: APIClient, fleet: str
) -> None:
    first = api.get(f"{fleet}/object-types")["ETag"]
    other = api.get(f"{fleet}/object-types", {"limit": 1})["ETag"]
    api.post(f"{fleet}/object-types", {"apiName": "Airport"})

    after = api.get(f"{fleet}/object-types", headers={"If-None-Match": first})

    assert after.status_code == 200
    assert len({first, other, after["ETag"]}) == 3


def test_a_write_of_what_has_changed_since_is_412_and_changes_nothing(
    api: APIClient, fleet: str
) -> None:
    address = f"{fleet}/object-types/Aircraft"
    seen = api.get(address)["ETag"]
    api.patch(address, {"tags": ["a"]})
    head = head_of(api, fleet)
    stale = {"If-Match": seen}

    for refused in (
        api.patch(address, {"tags": ["b"]}, headers=stale),
        api.put(address, {"apiName": "Aircraft"}, headers=stale),
        api.delete(address, headers=stale),
        api.post(f"{address}/rename", {"apiName": "Plane"}, headers=stale),
        api.patch(address, {"tags": ["b"]}, headers={"If-Match": f'"nothing", {seen}'}),
        api.patch(address, {"tags": ["b"]}, headers={"If-Match": 'W/"weak"'}),
    ):
        assert refused.status_code == 412, refused.content
    assert head_of(api, fleet) == head
    assert api.get(address).json()["tags"] == ["a"]


@pytest.mark.parametrize(
    "query", ["", "?fields=apiName", "?references=name", "?ref=main&fields=tags,status"]
)
def test_the_etag_of_any_view_of_a_document_guards_its_write(
    api: APIClient, fleet: str, query: str
) -> None:
    address = f"{fleet}/object-types/Person"
    seen = api.get(f"{address}{query}")["ETag"]

    answer = api.patch(address, {"tags": ["x"]}, headers={"If-Match": f'"zzz", {seen}'})

    assert answer.status_code == 200, answer.content
    assert api.get(address)["ETag"] == answer["ETag"]
    assert api.patch(address, {"tags": ["y"]}, headers={"If-Match": seen}).status_code == 412
    assert api.patch(address, {"tags": ["z"]}, headers={"If-Match": "*"}).status_code == 200


def test_a_change_elsewhere_does_not_stand_in_the_way(api: APIClient, fleet: str) -> None:
    seen = api.get(f"{fleet}/object-types/Person")["ETag"]
    api.post(f"{fleet}/object-types", {"apiName": "Airport"})

    answer = api.patch(f"{fleet}/object-types/Person", {"tags": ["x"]}, headers={"If-Match": seen})

    assert answer.status_code == 200


def test_a_stale_head_is_412_by_header_and_409_by_body(api: APIClient, fleet: str) -> None:
    seen = api.get(f"{fleet}/branches/main")
    old = seen.json()["head"]
    api.post(f"{fleet}/object-types", {"apiName": "Airport"})
    head = head_of(api, fleet)
    changes = [{"op": "delete", "target": "ObjectType/Airport"}]
    sets = f"{fleet}/changesets"

    by_header = api.post(sets, {"changes": changes}, headers={"If-Match": seen["ETag"]})
    by_body = api.post(sets, {"changes": changes, "expectedHead": old})
    both = api.post(
        sets, {"changes": changes, "expectedHead": head}, headers={"If-Match": seen["ETag"]}
    )
    other = api.post(
        sets,
        {"changes": changes, "expectedHead": old},
        headers={"If-Match": api.get(f"{fleet}/branches/main")["ETag"]},
    )

    assert problem(by_header, 412, "if_match_failed")["data"]["head"] == head
    assert problem(by_body, 409, "stale_head")["data"]["head"] == head
    problem(both, 412, "if_match_failed")
    problem(other, 409, "stale_head")
    assert head_of(api, fleet) == head
    fresh = api.post(
        sets, {"changes": changes}, headers={"If-Match": api.get(f"{fleet}/object-types")["ETag"]}
    )
    assert fresh.status_code == 201, fresh.content


@pytest.mark.parametrize("header", ["", "abc", '"unclosed', 'W/"weak"', "W/*"])
def test_a_precondition_without_a_strong_etag_matches_nothing(
    api: APIClient, fleet: str, header: str
) -> None:
    head = head_of(api, fleet)

    answer = api.patch(f"{fleet}/object-types/Person", {"tags": []}, headers={"If-Match": header})

    problem(answer, 412, "if_match_failed")
    assert head_of(api, fleet) == head
