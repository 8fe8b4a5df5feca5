"""Without a key nobody signs in: 503 with words that help, and nothing that looks as if."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from rest_framework.test import APIClient

from audit.models import Event
from oms_project.core.clock import utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Unavailable
from oms_project.identity import services
from oms_project.identity.models import LoginThrottle, TokenSession, User
from oms_project.identity.tokens.backend import KeyringTokenBackend
from tests.conftest import PASSWORD, MakePerson, tokens_of
from tests.integration.identity.conftest import MakeService
from tests.integration.identity.test_oauth import ask, credentials

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/auth/token"
ISSUED = (
    "identity.login", "identity.token_issued", "identity.token_refreshed",
    "identity.delegation_used",
)  # fmt: skip


@pytest.fixture
def no_keys(settings: Any, fresh_keys: Callable[[], Any]) -> Callable[[], Any]:
    """From the call on there is no key for tokens, and none is made; the keyring."""

    def take_away() -> Any:
        settings.OMS_KEYS_CREATE = False
        ring = fresh_keys()
        ring.rotate("audit")  # the trail goes on
        return ring

    return take_away


def sign_in(password: str = PASSWORD) -> Any:
    return APIClient().post(TOKEN, {"username": "ann", "password": password})


def trail() -> list[str]:
    return sorted(Event.objects.filter(action__in=ISSUED).values_list("action", flat=True))


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
def test_nothing_is_issued_counted_or_recorded(
    person: MakePerson, no_keys: Callable[[], Any], password: str
) -> None:
    person("ann")
    ring = no_keys()
    for _ in range(7):
        answer = sign_in(password)
        assert (answer.status_code, answer.json()["code"]) == (503, "key_missing")
    assert not TokenSession.objects.exists()
    assert not LoginThrottle.objects.exists()
    assert not Event.objects.filter(action__startswith="identity.").exists()
    assert User.objects.get().last_login is None
    ring.rotate("token")
    assert sign_in().status_code == 200
    assert trail() == ["identity.login", "identity.token_issued"]


def test_nor_for_a_service_or_a_delegate(
    person: MakePerson, service_account: MakeService, no_keys: Callable[[], Any]
) -> None:
    person("ann")
    etl = service_account("etl")
    client_id = etl.account.client_id
    with acting_as(SYSTEM):
        given = services.grant_delegation(
            client_id=client_id,
            username="ann",
            reason="nightly import",
            expires_at=utc_now() + timedelta(days=1),
        )
    no_keys()
    for answer in (
        credentials(client_id, etl.secret),
        ask(
            client_id=client_id,
            client_secret=etl.secret,
            grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
            delegation=given.id,
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "key_missing")
    assert not TokenSession.objects.exists()
    assert trail() == []


@pytest.mark.parametrize("moment", ["before", "between"])
def test_a_refresh_token_is_not_used_up(person: MakePerson, moment: str) -> None:
    tokens = tokens_of(person("ann"))
    missing = Unavailable("There is no key.", code="key_missing")
    where = "check_key" if moment == "before" else "encode"
    with mock.patch.object(KeyringTokenBackend, where, side_effect=missing):
        waiting = APIClient().post("/api/v1/auth/refresh", {"refresh": tokens.refresh})
    assert (waiting.status_code, waiting.json()["code"]) == (503, "key_missing")
    assert trail() == []
    again = APIClient().post("/api/v1/auth/refresh", {"refresh": tokens.refresh})
    assert again.status_code == 200


def test_a_key_that_goes_between_takes_the_session_with_it(person: MakePerson) -> None:
    person("ann")
    missing = Unavailable("There is no key.", code="key_missing")
    with mock.patch.object(KeyringTokenBackend, "encode", side_effect=missing):
        assert sign_in().status_code == 503
    assert not TokenSession.objects.exists()
    assert trail() == ["identity.login"]  # that was proved; nothing was issued
    assert User.objects.get().last_login is None


def test_the_console_needs_no_key(person: MakePerson, no_keys: Callable[[], Any]) -> None:
    person("ann")
    no_keys()
    body = {"username": "ann", "password": PASSWORD}
    assert Client().post("/console/login/", body).status_code == 302
