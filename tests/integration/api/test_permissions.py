"""Who may what: nobody anything without credentials, and each role no more than its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from oms_project.identity.contract import Role
from oms_project.identity.models import User
from tests.conftest import PASSWORD, MakePerson
from tests.integration.api.conftest import BASE, head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]


def endpoints() -> Iterator[tuple[str, str]]:
    """Every method of every address of this app, with something in place of each parameter."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                yield prefix + str(pattern.pattern), pattern.callback

    for route, callback in walk(get_resolver().url_patterns, "/"):
        view = getattr(callback, "cls", None)
        if view is None or not view.__module__.startswith("ontology.api."):
            continue
        address = route
        for converter in (
            "segment:ontology", "segment:item", "segment:commit", "segment:type_name",
            "segment:action", "segment:team",
        ):  # fmt: skip
            address = address.replace(f"<{converter}>", "fleet")
        for name in ("branch", "tag", "ref", "target", "key"):
            address = address.replace(f"<rest:{name}>", "main")
        address = address.replace("<int:stray>", "1")
        address = address.replace("<uuid:job>", "5a4c7f7e-2f6a-5d1e-9d1c-3f0f6f5b2a10")
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method):
                yield method, address


#: What a client of TerminusDB asks before it signs in: whether the server answers.
PROBE = ("get", "/terminusdb/api/ok")
ENDPOINTS = sorted(set(endpoints()) - {PROBE})


def test_the_one_probe_says_nothing(anonymous_client: APIClient) -> None:
    assert PROBE in set(endpoints())
    answer = anonymous_client.get(PROBE[1])
    assert (answer.status_code, answer.json()) == (
        200,
        {"@type": "api:OkResponse", "api:status": "api:success"},
    )


def test_there_are_endpoints_to_try() -> None:
    assert len(ENDPOINTS) == 186
    assert not [address for _, address in ENDPOINTS if "<" in address]


def test_nobody_reads_or_writes_without_credentials(
    anonymous_client: APIClient, fleet: str, api: APIClient
) -> None:
    head = head_of(api, fleet)

    for method, address in ENDPOINTS:
        answer = getattr(anonymous_client, method)(address, {})
        assert answer.status_code == 401, (method, address)
        assert answer["WWW-Authenticate"].startswith("Bearer")
    assert head_of(api, fleet) == head


def test_somebody_without_a_role_sees_nothing(
    person: MakePerson, client_of: Callable[[User], APIClient], fleet: str, api: APIClient
) -> None:
    stranger = client_of(person("stan"))
    head = head_of(api, fleet)

    assert stranger.get(BASE).json() == {"items": [], "next": None}
    for path in ("", "/object-types", "/object-types/Person", "/commits", "/branches", "/export",
                 "/diff", "/hierarchy", "/names", "/refs/main", f"/commits/{head}"):  # fmt: skip
        body = problem(stranger.get(f"{fleet}{path}"), 403, "permission_denied")
        assert body["data"]["permission"] == "ontology.read"


def test_a_viewer_writes_nothing(viewer: APIClient, fleet: str, api: APIClient) -> None:
    head = head_of(api, fleet)
    change = {"op": "delete", "target": "LinkType/flies"}
    writes: list[tuple[str, str, dict[str, Any]]] = [
        ("post", "/object-types", {"apiName": "Airport"}),
        ("patch", "/object-types/Person", {"tags": []}),
        ("put", "/object-types/Person", {"apiName": "Person"}),
        ("delete", "/link-types/flies", {}),
        ("post", "/object-types/Person/rename", {"apiName": "Human"}),
        ("post", "/changesets", {"changes": [change]}),
        ("post", "/changesets", {"changes": [change], "dryRun": True}),
        ("post", "/merges", {"source": "main"}),
        ("post", "/reverts", {"commit": head}),
        ("post", "/branches", {"name": "mine"}),
        ("post", "/tags", {"name": "mine"}),
        ("patch", "", {"description": "x"}),
        ("patch", "/header", {"prefixes": {}}),
        ("delete", "", {}),
    ]
    for method, path, data in writes:
        answer = getattr(viewer, method)(f"{fleet}{path}", data)
        problem(answer, 403, "permission_denied")
    imported = viewer.generic(
        "POST", f"{fleet}/imports", b"<a:b> <c:d> <e:f> .", content_type="application/n-triples"
    )
    problem(imported, 403, "permission_denied")

    assert head_of(api, fleet) == head
    assert [item["name"] for item in api.get(f"{fleet}/branches").json()["items"]] == ["main"]
    assert api.get(f"{fleet}/tags").json()["items"] == []
    assert api.get(fleet).json()["description"] == "Aircraft"
    assert viewer.get(f"{fleet}/object-types").status_code == 200


def test_a_role_for_one_ontology_holds_for_that_one(
    person: MakePerson, client_of: Callable[[User], APIClient], fleet: str, api: APIClient
) -> None:
    api.post(BASE, {"name": "other", "baseIri": "https://example.org/other/"})
    ann = client_of(person("ann", Role.EDITOR, "fleet"))

    assert [item["name"] for item in ann.get(BASE).json()["items"]] == ["fleet"]
    assert ann.post(f"{fleet}/object-types", {"apiName": "Airport"}).status_code == 201
    problem(ann.get(f"{BASE}/other/object-types"), 403, "permission_denied")
    problem(ann.delete(fleet), 403, "permission_denied")


def test_a_session_serves_as_well_and_needs_its_csrf_token(administrator: User, fleet: str) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    assert browser.login(username="root", password=PASSWORD)

    assert browser.get(f"{fleet}/object-types").status_code == 200
    problem(browser.post(f"{fleet}/object-types", {"apiName": "Airport"}), 403, "permission_denied")
    browser.cookies["csrftoken"] = "a" * 32
    done = browser.post(
        f"{fleet}/object-types", {"apiName": "Airport"}, headers={"X-CSRFToken": "a" * 32}
    )
    assert done.status_code == 201, done.content
