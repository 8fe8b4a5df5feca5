"""What the console does to sign-ins is on record: signing out, and a new password."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from audit.models import Event
from oms_project.identity.contract import Role
from oms_project.identity.models import TokenSession, User
from tests.conftest import PASSWORD, MakePerson, tokens_of

pytestmark = pytest.mark.django_db
LOGOUT, CHANGE = "/console/logout/", "/console/password_change/"
NEW = "another-long-phrase-5"


@pytest.fixture
def ann(person: MakePerson) -> User:
    return person("ann", Role.VIEWER)


@pytest.fixture
def console(ann: User) -> Client:
    client = Client()
    client.force_login(ann)
    return client


def recorded(action: str) -> list[Event]:
    return list(Event.objects.filter(action=action))


def change(client: Client, old: str = PASSWORD, new: str = NEW) -> Any:
    return client.post(CHANGE, {"old_password": old, "new_password1": new, "new_password2": new})


def test_signing_out_is_recorded_once(console: Client, ann: User) -> None:
    assert console.post(LOGOUT).status_code == 200
    (event,) = recorded("identity.logout")
    assert (event.subject_type, event.subject_id) == ("user", str(ann.pk))
    assert (event.actor_id, event.outcome) == (str(ann.pk), "success")
    assert console.get("/console/").status_code == 302
    assert console.post(LOGOUT).status_code in {200, 302}
    assert Client().post(LOGOUT).status_code in {200, 302}
    assert len(recorded("identity.logout")) == 1


def test_looking_at_the_address_signs_nobody_out(console: Client) -> None:
    assert console.get(LOGOUT).status_code == 405
    assert console.get("/console/").status_code == 200
    assert recorded("identity.logout") == []


def test_nor_does_a_page_of_somebody_else(ann: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    assert client.post(LOGOUT).status_code == 403
    assert client.get("/console/").status_code == 200
    assert recorded("identity.logout") == []


def test_the_copied_cookie_of_a_session_that_ended_records_nothing(console: Client) -> None:
    copy = Client()
    copy.cookies = console.cookies.copy()
    console.post(LOGOUT)
    copy.post(LOGOUT)
    assert len(recorded("identity.logout")) == 1


def test_logout_over_rest_with_a_console_session_is_recorded_once(
    console: Client, ann: User
) -> None:
    address = "/api/v1/auth/logout"
    assert console.post(address).status_code == 204
    (event,) = recorded("identity.logout")
    assert (event.subject_id, event.actor_id) == (str(ann.pk), str(ann.pk))
    assert console.get("/console/").status_code == 302
    assert console.post(address).status_code == 401
    assert len(recorded("identity.logout")) == 1


def test_logout_with_a_token_ends_its_session_and_no_other(console: Client, ann: User) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens_of(ann).access}")
    client.cookies = console.cookies
    assert client.post("/api/v1/auth/logout").status_code == 204
    (event,) = recorded("identity.logout")
    assert (event.subject_type, event.subject_id) == ("session", str(TokenSession.objects.get().pk))
    assert console.get("/console/").status_code == 200


def test_ones_own_new_password_is_recorded_once_and_ends_tokens(console: Client, ann: User) -> None:
    tokens = tokens_of(ann)
    assert console.get(CHANGE).status_code == 200
    assert change(console).status_code == 302
    (event,) = recorded("identity.password_changed")
    assert (event.subject_id, event.actor_id, event.outcome) == (
        str(ann.pk), str(ann.pk), "success",
    )  # fmt: skip
    assert TokenSession.objects.get().revoked_reason == "the password was changed"
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.access}")
    assert client.get("/api/v1/auth/me").status_code == 401
    assert console.get("/console/").status_code == 200
    assert console.get(f"{CHANGE}done/").status_code == 200
    ann.refresh_from_db()
    assert ann.check_password(NEW)
    assert NEW not in str(list(Event.objects.values()))


def test_a_password_that_is_refused_changes_nothing(console: Client, ann: User) -> None:
    assert change(console, new="short").status_code == 200
    assert recorded("identity.password_changed") == []
    page = change(console, old="wrong")
    assert "Your old password was entered incorrectly" in page.content.decode()
    (event,) = recorded("identity.password_changed")
    assert event.outcome == "failure"
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)


def test_who_guesses_the_current_password_waits(console: Client, ann: User) -> None:
    for _ in range(5):
        change(console, old="wrong")
    held = change(console)
    assert held.status_code == 429
    assert int(held["Retry-After"]) > 0
    assert "Too many failed attempts" in held.content.decode()
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)


def test_when_it_cannot_be_recorded_nothing_changes(
    console: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise RuntimeError("no trail")

    monkeypatch.setattr("oms_project.identity.services.users.audit_log.record", refuse)
    monkeypatch.setattr("oms_project.identity.services.sessions.audit_log.record", refuse)
    for ask in (lambda: change(console), lambda: console.post(LOGOUT)):
        with pytest.raises(RuntimeError):
            ask()
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)
