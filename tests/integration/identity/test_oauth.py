"""Service accounts, their secrets, and what they get at the token endpoint."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from rest_framework.test import APIClient

from oms_project.core.clock import frozen_at, utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.identity import services
from oms_project.identity.contract import Role
from oms_project.identity.models import ClientSecret, ServiceAccount, User
from tests.conftest import PASSWORD, MakePerson, tokens_of
from tests.integration.identity.conftest import MakeService

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/auth/oauth/token"
ME = "/api/v1/auth/me"
FORM = "application/x-www-form-urlencoded"


def ask(basic: tuple[str, str] | None = None, **form: str) -> Any:
    client = APIClient()
    if basic:
        encoded = base64.b64encode(":".join(basic).encode()).decode()
        client.credentials(HTTP_AUTHORIZATION=f"Basic {encoded}")
    return client.post(TOKEN, urlencode(form), content_type=FORM)


def credentials(client_id: str, secret: str, **more: str) -> Any:
    return ask(grant_type="client_credentials", client_id=client_id, client_secret=secret, **more)


def me(token: str) -> Any:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client.get(ME)


def test_a_service_signs_in_with_its_secret(service_account: MakeService) -> None:
    made = service_account("etl", Role.EDITOR)
    assert made.secret.startswith("oms_sk_")
    for answer in (
        credentials(made.account.client_id, made.secret),
        ask((made.account.client_id, made.secret), grant_type="client_credentials"),
    ):
        assert answer.status_code == 200
        assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
        assert (answer["Cache-Control"], answer["Pragma"]) == ("no-store", "no-cache")
        told = me(answer.json()["access_token"]).json()
        assert (told["username"], told["kind"], told["on_behalf_of"]) == ("etl", "service", None)


def test_a_secret_is_kept_as_a_hash_only(service_account: MakeService) -> None:
    made = service_account("etl")
    row = ClientSecret.objects.get()
    assert made.secret not in row.secret_hash
    assert row.secret_hash.startswith("sha256$")
    assert row.hint == made.secret[-4:]
    assert len(made.secret) >= 43


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "b"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "x\x00", "client_secret": "y"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y", "scope": "all"}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
    ],
)  # fmt: skip
def test_refusals_are_in_the_words_of_oauth(form: dict[str, str], status: int, error: str) -> None:
    answer = ask(**form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer["Cache-Control"] == "no-store"
    if status == 401:
        assert answer["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic " + "A" * 9, "Basic //79"])
def test_malformed_basic_credentials(header: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.post(TOKEN, "grant_type=client_credentials", content_type=FORM)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_no_parameter_stands_twice_and_no_json_is_read() -> None:
    client = APIClient()
    twice = "grant_type=client_credentials&grant_type=refresh_token"
    assert client.post(TOKEN, twice, content_type=FORM).json()["error"] == "invalid_request"
    answer = client.post(TOKEN, {"grant_type": "client_credentials"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_refresh_token_of_a_person_is_renewed_here_as_well(person: MakePerson) -> None:
    tokens = tokens_of(person("ann"))
    answer = ask(grant_type="refresh_token", refresh_token=tokens.refresh)
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert ask(grant_type="refresh_token", refresh_token=tokens.refresh).status_code == 400


def test_a_service_account_has_no_password_and_no_console(service_account: MakeService) -> None:
    made = service_account("etl")
    user = User.objects.get(username="etl")
    assert not user.has_usable_password()
    for password in ("", "!", made.secret, PASSWORD):
        answer = APIClient().post("/api/v1/auth/token", {"username": "etl", "password": password})
        assert answer.status_code in {401, 422}
    user.set_password(PASSWORD)  # by whatever accident
    user.save()
    body = {"username": "etl", "password": PASSWORD}
    assert APIClient().post("/api/v1/auth/token", body).status_code == 401
    page = APIClient().post("/console/login/", urlencode(body), content_type=FORM)
    assert page.status_code == 200
    assert "sessionid" not in page.cookies


def test_a_new_secret_takes_over_and_the_old_one_has_its_grace(
    service_account: MakeService,
) -> None:
    made = service_account("etl")
    client_id = made.account.client_id
    with acting_as(SYSTEM):
        second = services.rotate_secret(client_id=client_id, grace=timedelta(hours=1))
    assert credentials(client_id, made.secret).status_code == 200
    assert credentials(client_id, second.secret).status_code == 200
    with frozen_at(utc_now() + timedelta(hours=2)):
        assert credentials(client_id, made.secret).status_code == 401
        assert credentials(client_id, second.secret).status_code == 200
    token = credentials(client_id, second.secret).json()["access_token"]
    with acting_as(SYSTEM):
        third = services.rotate_secret(client_id=client_id, grace=timedelta(0))
    assert credentials(client_id, second.secret).status_code == 401
    assert me(token).status_code == 401
    assert credentials(client_id, third.secret).status_code == 200


def test_a_secret_expires_and_is_revoked(service_account: MakeService) -> None:
    made = service_account("etl")
    client_id = made.account.client_id
    with acting_as(SYSTEM):
        short = services.rotate_secret(
            client_id=client_id, expires_at=utc_now() + timedelta(minutes=5)
        )
    with frozen_at(utc_now() + timedelta(minutes=6)):
        assert credentials(client_id, short.secret).status_code == 401
    token = credentials(client_id, made.secret).json()["access_token"]
    first = min(secret.id for secret in short.account.secrets)
    with acting_as(SYSTEM):
        services.revoke_secret(client_id=client_id, secret_id=first)
    assert credentials(client_id, made.secret).status_code == 401
    assert me(token).status_code == 401
    assert credentials(client_id, short.secret).status_code == 200


def test_over_rest_only_administrators_make_service_accounts(
    person: MakePerson, client_of: Any, admin_client: APIClient
) -> None:
    address = "/api/v1/identity/service-accounts"
    body = {"username": "etl", "owner": "root"}
    ann = client_of(person("ann", Role.MAINTAINER))
    assert ann.post(address, body).status_code == 403
    assert ServiceAccount.objects.count() == 0
    made = admin_client.post(address, body)
    assert made.status_code == 201
    client_id, secret = made.json()["account"]["client_id"], made.json()["secret"]
    assert made["Cache-Control"] == "no-store"
    assert credentials(client_id, secret).status_code == 200
    listed = admin_client.get(address)
    assert secret not in listed.content.decode()
    assert listed.json()["items"][0]["owner"] == "root"
    assert listed.json()["items"][0]["secrets"][0]["last_used_at"] is not None
    again = admin_client.post(address, body)
    assert (again.status_code, again.json()["code"]) == (409, "username_taken")
    rotated = admin_client.post(f"{address}/{client_id}/secrets", {"grace_seconds": 0})
    assert rotated.status_code == 201
    assert credentials(client_id, secret).status_code == 401
    off = admin_client.patch(f"{address}/{client_id}", {"is_active": False})
    assert off.json()["is_active"] is False
    assert credentials(client_id, rotated.json()["secret"]).status_code == 401
    assert admin_client.get(f"{address}/svc_unknown").status_code == 404


def test_groups_over_rest(person: MakePerson, admin_client: APIClient) -> None:
    person("ann")
    address = "/api/v1/identity/groups"
    assert admin_client.post(address, {"name": "modellers"}).status_code == 201
    assert admin_client.post(address, {"name": "Modellers"}).status_code == 409
    assert admin_client.post(address, {"name": "a/b"}).status_code == 422
    added = admin_client.put(f"{address}/modellers/members/ann")
    assert added.json() == {"name": "modellers", "members": ["ann"]}
    assert admin_client.put(f"{address}/modellers/members/nobody").status_code == 404
    assert admin_client.get(address).json() == {"items": [added.json()], "next": None}
    assert admin_client.delete(f"{address}/modellers/members/ann").json()["members"] == []
    assert admin_client.delete(f"{address}/modellers").status_code == 204
    assert admin_client.delete(f"{address}/modellers").status_code == 404


def test_users_over_rest(admin_client: APIClient) -> None:
    address = "/api/v1/identity/users"
    body = {"username": "ann", "password": PASSWORD, "display_name": "Ann"}
    assert (
        admin_client.post(address, {**body, "password": "short"}).json()["code"] == "weak_password"
    )
    assert admin_client.post(address, body).status_code == 201
    assert [user["username"] for user in admin_client.get(address).json()["items"]] == [
        "ann",
        "root",
    ]
    assert admin_client.patch(f"{address}/ann", {"email": "ann@example.org"}).json()["email"]
    assert admin_client.put(f"{address}/ann/password", {"password": "b" * 30}).status_code == 422
    new = "a-new-phrase-for-ann-5"
    assert admin_client.put(f"{address}/ann/password", {"password": new}).status_code == 204
    signed_in = APIClient().post("/api/v1/auth/token", {"username": "ann", "password": new})
    assert signed_in.status_code == 200
    assert admin_client.patch(f"{address}/root", {"is_active": False}).status_code == 403
