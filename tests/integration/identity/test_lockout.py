"""Guessing: counted, slowed down, recorded; and it tells nothing about who exists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.test import Client
from rest_framework.test import APIClient

from oms_project.core.clock import frozen_at, utc_now
from oms_project.identity.contract import Role
from oms_project.identity.models import LoginThrottle, User
from tests.conftest import PASSWORD, MakePerson
from tests.integration.identity.conftest import MakeService
from tests.integration.identity.test_oauth import ask, credentials

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/auth/token"


def sign_in(username: str, password: str = "wrong", address: str = "192.0.2.1") -> Any:
    return APIClient(REMOTE_ADDR=address).post(TOKEN, {"username": username, "password": password})


def console(username: str, password: str, address: str = "192.0.2.1") -> Any:
    body = {"username": username, "password": password}
    return Client(REMOTE_ADDR=address).post("/console/login/", body)


@pytest.mark.parametrize("name", ["ann", "nobody"])
def test_after_five_failures_the_pair_of_name_and_address_waits(
    person: MakePerson, name: str
) -> None:
    person("ann")
    answers = [sign_in(name) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {401}
    for spelled in (name, name.upper()):
        held = sign_in(spelled, PASSWORD)
        assert (held.status_code, held.json()["code"]) == (429, "too_many_attempts")
        assert held["Content-Type"] == "application/problem+json"
        assert 0 < int(held["Retry-After"]) <= 15 * 60
        assert held.json()["retryable"] is True
    assert sign_in("ann", PASSWORD, "192.0.2.2").status_code == 200


def test_it_ends_by_itself_and_does_not_grow_while_it_lasts(person: MakePerson) -> None:
    person("ann")
    for _ in range(30):
        last = sign_in("ann")
    assert last.status_code == 429
    with frozen_at(utc_now() + timedelta(minutes=15, seconds=1)):
        assert sign_in("ann", PASSWORD).status_code == 200


def test_a_right_password_takes_its_own_count_back(person: MakePerson) -> None:
    person("ann")
    for _ in range(4):
        for _ in range(4):
            assert sign_in("ann").status_code == 401
        assert sign_in("ann", PASSWORD).status_code == 200


def test_many_addresses_guess_at_one_name_and_its_owner_still_gets_in(
    person: MakePerson, settings: Any
) -> None:
    settings.OMS_LOGIN_FAILURES_PER_USER = 12
    person("ann")
    assert sign_in("ann", PASSWORD, "198.51.100.7").status_code == 200
    answers = [sign_in("ann", address=f"203.0.113.{number}").status_code for number in range(20)]
    assert answers == [401] * 12 + [429] * 8
    assert sign_in("ann", PASSWORD, "203.0.113.99").status_code == 429
    assert sign_in("ann", PASSWORD, "198.51.100.7").status_code == 200
    assert sign_in("bob", address="203.0.113.99").status_code == 401


def test_one_address_that_tries_many_names_waits(person: MakePerson, settings: Any) -> None:
    settings.OMS_LOGIN_FAILURES_PER_ADDRESS = 10
    person("ann")
    answers = [sign_in(f"name{number}").status_code for number in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert sign_in("ann", PASSWORD).status_code == 429
    assert sign_in("ann", PASSWORD, "192.0.2.2").status_code == 200
    ipv6 = [
        sign_in(f"n{number}", address=f"2001:db8:1:2::{number:x}").status_code
        for number in range(12)
    ]
    assert ipv6 == [401] * 10 + [429] * 2


def test_the_console_and_the_token_endpoint_count_together(person: MakePerson) -> None:
    person("ann", Role.VIEWER)
    for _ in range(3):
        assert sign_in("ann").status_code == 401
    for _ in range(2):
        assert console("ann", "wrong").status_code == 200
    held = console("ann", PASSWORD)
    assert held.status_code == 429
    assert int(held["Retry-After"]) > 0
    assert "Too many failed attempts" in held.content.decode()
    assert console("ann", PASSWORD, "192.0.2.2").status_code == 302


def test_clients_are_counted_by_address(service_account: MakeService, settings: Any) -> None:
    settings.OMS_LOGIN_FAILURES_PER_ADDRESS = 3
    made = service_account("etl")
    for _ in range(3):
        assert credentials(made.account.client_id, "wrong").status_code == 401
    held = ask(grant_type="client_credentials", client_id="x", client_secret="y")
    assert (held.status_code, held.json()["code"]) == (429, "too_many_attempts")


def test_what_was_typed_is_not_stored(person: MakePerson) -> None:
    sign_in("my-secret-typed-a-line-too-early")
    assert "secret" not in repr(list(LoginThrottle.objects.values()))


@pytest.mark.parametrize("who", ["ann", "nobody", "asleep", "etl", "nul\x00l", "x" * 500])
def test_every_refusal_costs_the_same_hashes_and_says_the_same(
    person: MakePerson, service_account: MakeService, who: str
) -> None:
    """Wall-clock times differ by what the machine does; the one slow thing is the hash."""
    person("ann")
    person("asleep")
    User.objects.filter(username="asleep").update(is_active=False)
    service_account("etl")
    with mock.patch.object(
        MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode
    ) as hashes:
        answer = sign_in(who, PASSWORD if who == "asleep" else "wrong")
    if "\x00" in who:  # refused as no name at all, before anything is looked up
        assert answer.status_code == 422
        return
    assert hashes.call_count == 1
    body = answer.json()
    assert (answer.status_code, body["code"]) == (401, "no_active_account")
    assert body["detail"] == "No active account found with the given credentials"
    body.pop("request_id")
    assert sorted(body) == ["code", "detail", "instance", "retryable", "status", "title", "type"]


def test_every_refusal_costs_the_same_queries(
    person: MakePerson, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    person("ann")
    counts = {}
    for name in ("ann", "nobody"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            sign_in(name)
        counts[name] = len(queries)
    assert counts["ann"] == counts["nobody"]


def test_a_password_of_any_length_is_no_burden(person: MakePerson) -> None:
    person("ann")
    assert sign_in("ann", "x" * 4000).status_code == 401
    assert sign_in("ann", "x" * 5000).status_code == 422


def test_attempts_are_on_record(person: MakePerson) -> None:
    from audit.models import Event as AuditEvent

    ann = person("ann")
    for _ in range(5):
        sign_in("ann")
    sign_in("ann", PASSWORD)
    sign_in("ann", PASSWORD, "192.0.2.9")
    actions = list(
        AuditEvent.objects.filter(action__startswith="identity.").values_list("action", "outcome")
    )
    assert actions.count(("identity.login_failed", "failure")) == 6
    assert actions.count(("identity.locked_out", "failure")) == 1
    assert actions.count(("identity.login", "success")) == 1
    login = AuditEvent.objects.get(action="identity.login")
    assert str(ann.pk) in repr(vars(login))
    assert "192.0.2.9" in repr(vars(login))
