"""Lists of identity: in pages, each row once, searched, and at the price of the page."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from oms_project.core.clock import frozen_at, utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.pagination import encode_cursor
from oms_project.identity import services
from oms_project.identity.contract import Role
from oms_project.identity.models import Delegation, RoleBinding, TokenSession, User
from tests.conftest import MakePerson, tokens_of
from tests.integration.identity.conftest import MakeService

pytestmark = pytest.mark.django_db
API = "/api/v1/"
USERS, GROUPS = "identity/users", "identity/groups"
SERVICES, DELEGATIONS = "identity/service-accounts", "identity/delegations?everybody=true"
MINE, THEIRS = "auth/sessions", "auth/sessions?username=p000"
EVERY = [USERS, GROUPS, SERVICES, DELEGATIONS, MINE, THEIRS]
Fill = Callable[[int], None]


@pytest.fixture
def fill(administrator: User, person: MakePerson, service_account: MakeService) -> Fill:
    """So many rows of everything (one person more: the administrator)."""

    def make(count: int) -> None:
        start = User.objects.filter(username__startswith="p").count()
        for number in range(start, start + count):
            one = person(f"p{number:03}", Role.VIEWER)
            made = service_account(f"s{number:03}", Role.VIEWER)
            group = Group.objects.create(name=f"g{number:03}")
            RoleBinding.objects.create(group=group, role=Role.EDITOR)
            one.groups.add(group)
            first = User.objects.get(username="p000")
            tokens_of(first)
            tokens_of(administrator)
            Delegation.objects.create(
                service_id=made.account.id,
                user=one,
                reason="import",
                expires_at=utc_now() + timedelta(days=1),
            )

    return make


def get(client: APIClient, address: str, **parameters: object) -> Any:
    return client.get(API + address, parameters)


def walk(client: APIClient, address: str, limit: int) -> Iterator[list[dict[str, Any]]]:
    following: str | None = API + address + ("&" if "?" in address else "?") + f"limit={limit}"
    while following is not None:
        answer = client.get(following)
        assert answer.status_code == 200, answer.content
        yield answer.json()["items"]
        link = answer.headers.get("Link", "")
        assert bool(link) == (answer.json()["next"] is not None)
        following = link.partition(">")[0].removeprefix("<") or None


def identify(item: dict[str, Any]) -> str:
    return str(item.get("id") or item["name"])


@pytest.mark.parametrize("address", EVERY)
def test_pages_hold_each_row_once_in_one_order(
    admin_client: APIClient, fill: Fill, address: str
) -> None:
    fill(7)
    (whole,) = walk(admin_client, address, 500)
    pages = list(walk(admin_client, address, 3))
    assert [len(page) for page in pages[:-1]] == [3] * (len(pages) - 1)
    assert len(pages) >= 3
    flat = [identify(item) for page in pages for item in page]
    assert flat == [identify(item) for item in whole]
    assert len(set(flat)) == len(flat)
    if "created_at" in whole[0] and address not in {USERS, SERVICES}:
        times = [item["created_at"] for item in whole]
        assert times == sorted(times, reverse=True)


def test_rows_of_the_same_moment_are_not_lost_between_pages(
    admin_client: APIClient, fill: Fill
) -> None:
    with frozen_at(utc_now()):
        fill(5)
        for address in (DELEGATIONS, THEIRS):
            found = [identify(item) for page in walk(admin_client, address, 1) for item in page]
            assert len(found) == len(set(found)) == 5


def test_what_is_added_before_the_cursor_moves_nothing(
    admin_client: APIClient, fill: Fill, person: MakePerson
) -> None:
    fill(4)
    first = get(admin_client, USERS, limit=2).json()
    person("a-new-one")
    rest = get(admin_client, USERS, limit=10, cursor=first["next"]).json()
    names = [item["username"] for item in first["items"] + rest["items"]]
    assert names == ["p000", "p001", "p002", "p003", "root"]


@pytest.mark.parametrize("address", EVERY)
@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"limit": "0"}, "bad_limit"),
        ({"limit": "501"}, "bad_limit"),
        ({"limit": "many"}, "bad_limit"),
        ({"cursor": "nonsense"}, "bad_cursor"),
        ({"cursor": encode_cursor("jobs:newest", ("a", "b"))}, "bad_cursor"),
        ({"cursor": encode_cursor("users", ("a\x00",))}, "bad_cursor"),
        ({"cursor": encode_cursor("sessions", ("2026-01-01", "x"))}, "bad_cursor"),
        ({"cursor": encode_cursor("delegations", ("0001-01-01T00:00:00+14:00", "x"))}, "bad_cursor"),
    ],
)  # fmt: skip
def test_what_is_no_page_is_refused(
    admin_client: APIClient, fill: Fill, address: str, parameters: dict[str, str], code: str
) -> None:
    fill(1)
    name, value = next(iter(parameters.items()))
    answer = admin_client.get(API + address + ("&" if "?" in address else "?") + f"{name}={value}")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_text_finds_people_and_services(
    admin_client: APIClient, person: MakePerson, service_account: MakeService
) -> None:
    person("ann")
    bob = person("bob")
    User.objects.filter(pk=bob.pk).update(display_name="Bob 100% Kim", email="bob@example.org")
    etl = service_account("etl")
    service_account("crawler")

    def users(q: str) -> list[str]:
        return [item["username"] for item in get(admin_client, USERS, q=q).json()["items"]]

    def accounts(q: str) -> list[str]:
        return [item["username"] for item in get(admin_client, SERVICES, q=q).json()["items"]]

    assert users("AN") == ["ann"]
    assert users("kim") == users("@example") == users("0%") == ["bob"]
    assert users("nobody") == users("a\x00") == users("etl") == []
    assert users("") == ["ann", "bob", "root"]
    assert accounts(etl.account.client_id) == accounts("ETL") == ["etl"]
    assert accounts("") == ["crawler", "etl"]
    assert get(admin_client, USERS, q="a" * 201).json()["code"] == "bad_parameter"
    page = get(admin_client, USERS, q="o", limit=1).json()  # the filter goes on with the pages
    rest = get(admin_client, USERS, q="o", limit=1, cursor=page["next"]).json()
    names = [item["username"] for item in page["items"] + rest["items"]]
    assert (names, rest["next"]) == (["bob", "root"], None)


@pytest.mark.parametrize("address", EVERY)
def test_a_list_costs_as_many_queries_for_two_rows_as_for_twenty(
    admin_client: APIClient, fill: Fill, address: str
) -> None:
    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            answer = admin_client.get(API + address)
        return len(queries), len(answer.json()["items"])

    fill(2)
    admin_client.get(API + address)  # what is looked up once
    few, rows = cost()
    assert rows in {2, 3}
    fill(18)
    many, rows = cost()
    assert rows in {20, 21}
    assert many == few


@pytest.mark.parametrize("address", [USERS, GROUPS, SERVICES, DELEGATIONS, THEIRS])
def test_pages_open_nothing_to_others(
    client_of: Callable[[User], APIClient], fill: Fill, address: str
) -> None:
    fill(2)
    other = client_of(User.objects.get(username="p001"))
    assert other.get(API + address).status_code == 403


def test_one_pages_through_ones_own_delegations(
    client_of: Callable[[User], APIClient], fill: Fill
) -> None:
    fill(3)
    first = User.objects.get(username="p000")
    for given in Delegation.objects.exclude(user=first)[:1]:
        given.pk, given.user = None, first
        given.save(force_insert=True)
    pages = list(walk(client_of(first), "identity/delegations", 1))
    assert [item["user"] for page in pages for item in page] == ["p000", "p000"]


# -- commands --------------------------------------------------------------------------------------


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("identity", *words, stdout=out)
    return out.getvalue()


COMMANDS = [
    ("user", "list"), ("service-account", "list"), ("delegation", "list"),
    ("session", "list", "p000"),
]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS)
def test_commands_list_everything_page_by_page(
    fill: Fill, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oms_project.core.pagination.MAX_LIMIT", 2)
    fill(5)
    whole = 6 if words[0] == "user" else 5
    printed = run(*words, "--format", "json")
    items = json.loads(printed)["items"]
    assert len(items) == len({identify(item) for item in items}) == whole
    assert printed.rstrip("\n") == json.dumps({"items": items}, ensure_ascii=False, indent=2)
    limited = json.loads(run(*words, "--limit", "3", "--format", "json"))["items"]
    assert limited == items[:3]
    lines = run(*words).splitlines()
    assert len(lines) == whole + 1
    assert len(run(*words, "--limit", "3").splitlines()) == 4


def test_commands_search_and_an_empty_list_is_one(
    fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(2)
    found = json.loads(run("user", "list", "--search", "P001", "--format", "json"))["items"]
    assert [one["username"] for one in found] == ["p001"]
    empty = run("service-account", "list", "--search", "nobody", "--format", "json")
    assert json.loads(empty) == {"items": []}
    assert empty.rstrip("\n") == json.dumps({"items": []}, indent=2)
    assert run("service-account", "list", "--search", "nobody").startswith("client id")


def test_a_text_with_line_breaks_stays_whole(fill: Fill) -> None:
    text = 'one\u2028two "three"'
    fill(1)
    User.objects.filter(username="p000").update(display_name=text)
    found = json.loads(run("user", "list", "--format", "json"))["items"]
    assert found[0]["display_name"] == text


def test_ended_ones_are_left_out_of_pages(admin_client: APIClient, fill: Fill) -> None:
    fill(4)
    ended = TokenSession.objects.filter(user__username="p000").order_by("created_at")[1]
    with acting_as(SYSTEM):
        services.end_session(session=str(ended.pk))
    held = [identify(item) for page in walk(admin_client, THEIRS, 2) for item in page]
    assert len(held) == 3
    assert str(ended.pk) not in held
    every = list(walk(admin_client, f"{THEIRS}&ended=true", 2))
    assert sum(map(len, every)) == 4


def test_a_change_that_is_refused_in_part_changes_nothing(
    admin_client: APIClient, administrator: User
) -> None:
    answer = admin_client.patch(
        f"/api/v1/identity/users/{administrator.username}",
        {"display_name": "X", "is_active": False},
    )
    assert answer.status_code == 403
    administrator.refresh_from_db()
    assert (administrator.display_name, administrator.is_active) == ("Root", True)
