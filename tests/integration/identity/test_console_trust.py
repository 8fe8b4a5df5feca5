"""Groups, service accounts, sessions and delegations in the console."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils.html import strip_tags

from oms_project.core.clock import utc_now
from oms_project.identity.contract import Role
from oms_project.identity.models import (
    ClientSecret,
    Delegation,
    ServiceAccount,
    TokenSession,
    User,
)
from tests.conftest import PASSWORD, MakePerson, tokens_of
from tests.integration.identity.conftest import MakeService
from tests.integration.identity.test_oauth import credentials, me

pytestmark = pytest.mark.django_db
PAGES = [
    "/console/auth/group/", "/console/auth/group/add/", "/console/identity/serviceaccount/",
    "/console/identity/serviceaccount/add/", "/console/identity/tokensession/",
    "/console/identity/delegation/", "/console/identity/delegation/add/",
]  # fmt: skip


@pytest.fixture
def console(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.mark.parametrize("address", PAGES)
def test_pages_open_for_administrators_and_for_nobody_else(
    console: Client, person: MakePerson, address: str
) -> None:
    assert console.get(address).status_code == 200
    other = Client()
    other.force_login(person("ann", Role.MAINTAINER))
    assert other.get(address).status_code == 403


def test_a_group_gets_members(console: Client, person: MakePerson) -> None:
    ann = person("ann")
    body = {"name": "modellers", "members": [str(ann.pk)]}
    assert console.post("/console/auth/group/add/", body).status_code == 302
    group = Group.objects.get(name="modellers")
    assert list(ann.groups.all()) == [group]
    address = f"/console/auth/group/{group.pk}/change/"
    assert "ann" in console.get(address).content.decode()
    assert console.post(address, {"name": "modellers"}).status_code == 302
    assert not ann.groups.exists()


def test_a_service_account_shows_its_secret_once(console: Client) -> None:
    address = "/console/identity/serviceaccount/"
    page = console.post(f"{address}add/", {"username": "etl"}, follow=True)
    account = ServiceAccount.objects.get()
    found = re.search(r"oms_sk_[A-Za-z0-9_-]+", strip_tags(page.content.decode()))
    assert found is not None
    assert credentials(account.client_id, found[0]).status_code == 200
    assert "oms_sk_" not in console.get(address).content.decode()
    change = f"{address}{account.pk}/change/"
    assert console.get(change).status_code == 200
    again = console.post(f"{address}add/", {"username": "ETL"})
    assert again.status_code == 200
    assert "There is a user" in again.content.decode()
    assert ServiceAccount.objects.count() == 1


def test_sessions_are_ended(console: Client, person: MakePerson) -> None:
    tokens = tokens_of(person("ann"))
    session = TokenSession.objects.get()
    address = "/console/identity/tokensession/"
    assert console.get(f"{address}{session.pk}/change/").status_code == 200
    body = {"action": "end", "_selected_action": [str(session.pk)]}
    assert console.post(address, body).status_code == 302
    assert me(tokens.access).status_code == 401


def test_delegations_are_granted_and_taken_back(
    console: Client, person: MakePerson, service_account: MakeService
) -> None:
    ann, etl = person("ann"), service_account("etl")
    later = utc_now() + timedelta(days=1)
    body = {
        "service": etl.account.id, "user": str(ann.pk), "reason": "import", "permissions": "[]",
        "expires_at_0": later.date().isoformat(), "expires_at_1": "12:00:00",
    }  # fmt: skip
    address = "/console/identity/delegation/"
    refused = console.post(f"{address}add/", {**body, "expires_at_0": "2099-01-01"})
    assert refused.status_code == 200
    assert "At most 90 days" in refused.content.decode()
    assert console.post(f"{address}add/", body).status_code == 302
    row = Delegation.objects.get()
    assert row.created_by.startswith("root (")
    assert console.get(f"{address}{row.pk}/change/").status_code == 200
    assert (
        console.post(address, {"action": "revoke", "_selected_action": [str(row.pk)]}).status_code
        == 302
    )
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_shutting_out_and_new_passwords_end_sessions(console: Client, person: MakePerson) -> None:
    ann = person("ann")
    tokens = tokens_of(ann)
    address = f"/console/identity/user/{ann.pk}/password/"
    new = "another-long-phrase-5"
    body = {"password1": new, "password2": new, "usable_password": "true", "set-password": "1"}
    assert console.post(address, body).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(new)
    assert me(tokens.access).status_code == 401
    assert TokenSession.objects.get().revoked_reason == "the password was changed"


def test_one_changes_ones_own_password_and_stays_signed_in(person: MakePerson) -> None:
    ann = person("ann", Role.VIEWER)
    client = Client()
    client.force_login(ann)
    elsewhere = Client()
    elsewhere.force_login(ann)
    new = "another-long-phrase-5"
    address = "/console/password_change/"
    wrong = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    assert client.post(address, wrong).status_code == 200
    assert client.post(address, {**wrong, "old_password": PASSWORD}).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(new)
    assert client.get("/console/").status_code == 200
    assert elsewhere.get("/console/").status_code == 302


@pytest.mark.parametrize("action", ["rotate", "toggle"])
def test_what_changes_a_service_account_is_asked_first_and_posted(
    console: Client, service_account: MakeService, action: str
) -> None:
    """A link is followed with GET, from any site: it changes nothing."""
    etl = service_account("etl")
    address = f"/console/identity/serviceaccount/{etl.account.id}/{action}/"

    def state() -> tuple[int, bool]:
        user = User.objects.get(pk=etl.account.id)
        return ClientSecret.objects.count(), user.is_active

    before = state()
    asked = console.get(address)
    assert (asked.status_code, state()) == (200, before)
    assert "etl" in asked.content.decode()
    done = console.post(address, follow=True)
    assert done.status_code == 200
    assert state() != before


@pytest.mark.parametrize("action", ["rotate", "toggle"])
@pytest.mark.parametrize("account", ["00000000-0000-4000-8000-000000000000", "nobody"])
def test_a_service_account_that_is_not_there(console: Client, account: str, action: str) -> None:
    for method in (console.get, console.post):
        assert method(f"/console/identity/serviceaccount/{account}/{action}/").status_code == 404
