"""Sessions: refresh tokens are good once, sessions end, and what was copied is noticed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from oms_project.core.clock import frozen_at, utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.identity import services
from oms_project.identity.contract import BadToken, Role
from oms_project.identity.models import RevokedToken, TokenSession, User
from oms_project.identity.tokens import Tokens, issuer, read_token
from tests.conftest import PASSWORD, MakePerson, tokens_of

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me"


def _client(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def _refresh(token: str) -> Any:
    return APIClient().post("/api/v1/auth/refresh", {"refresh": token})


def test_a_refresh_token_is_good_once_and_its_reuse_ends_the_session(person: MakePerson) -> None:
    first = tokens_of(person("ann"))
    second = _refresh(first.refresh)
    assert second.status_code == 200
    assert _client(second.json()["access"]).get(ME).status_code == 200

    stolen = _refresh(first.refresh)
    assert (stolen.status_code, stolen.json()["code"]) == (401, "bad_token")
    assert _client(second.json()["access"]).get(ME).status_code == 401
    assert _refresh(second.json()["refresh"]).status_code == 401
    session = TokenSession.objects.get()
    assert session.revoked_reason == "a refresh token was used twice"


def test_an_access_token_does_not_refresh_and_a_refresh_token_does_not_let_in(
    person: MakePerson,
) -> None:
    tokens = tokens_of(person("ann"))
    assert _refresh(tokens.access).status_code == 401
    assert _client(tokens.refresh).get(ME).status_code == 401
    assert _refresh(tokens.refresh).status_code == 200


def test_a_session_does_not_outlive_its_day_however_often_it_is_renewed(
    person: MakePerson,
) -> None:
    tokens = tokens_of(person("ann"))
    before = read_token(tokens.refresh, token_type="refresh").expires_at
    renewed = _refresh(tokens.refresh).json()["refresh"]
    assert read_token(renewed, token_type="refresh").expires_at == before


def test_signing_out_ends_every_token_of_the_session_and_no_other(person: MakePerson) -> None:
    ann = person("ann")
    here, elsewhere = tokens_of(ann), tokens_of(ann)
    assert _client(here.access).post("/api/v1/auth/logout").status_code == 204
    assert _client(here.access).get(ME).status_code == 401
    assert _refresh(here.refresh).status_code == 401
    assert _client(elsewhere.access).get(ME).status_code == 200


def test_one_sees_and_ends_ones_own_sessions_only(person: MakePerson, admin_client: Any) -> None:
    ann, eve = tokens_of(person("ann")), tokens_of(person("eve"))
    other = tokens_of(User.objects.get(username="ann"))
    listed = _client(ann.access).get("/api/v1/auth/sessions").json()["items"]
    assert [(item["username"], item["current"]) for item in listed] == [
        ("ann", False),
        ("ann", True),
    ]
    target = f"/api/v1/auth/sessions/{listed[0]['id']}"
    assert _client(eve.access).delete(target).status_code == 404
    assert _client(eve.access).get("/api/v1/auth/sessions?username=ann").status_code == 403
    assert _client(other.access).get(ME).status_code == 200
    assert _client(ann.access).delete(target).status_code == 204
    assert _client(other.access).get(ME).status_code == 401
    mine = f"/api/v1/auth/sessions/{listed[1]['id']}"
    assert admin_client.delete(mine).status_code == 204
    assert _client(ann.access).get(ME).status_code == 401
    assert _client(eve.access).delete("/api/v1/auth/sessions/nonsense").status_code == 404


def test_all_other_sessions_of_mine_end_at_once(person: MakePerson) -> None:
    ann = person("ann")
    here, elsewhere = tokens_of(ann), tokens_of(ann)
    assert _client(here.access).delete("/api/v1/auth/sessions").status_code == 204
    assert _client(here.access).get(ME).status_code == 200
    assert _client(elsewhere.access).get(ME).status_code == 401


@pytest.mark.parametrize("kind", ["access", "refresh"])
def test_a_token_is_taken_back(person: MakePerson, kind: str) -> None:
    tokens = tokens_of(person("ann"))
    token = getattr(tokens, kind)
    for _ in range(2):
        answer = APIClient().post(
            "/api/v1/auth/revoke",
            f"token={token}&token_type_hint={kind}_token",
            content_type="application/x-www-form-urlencoded",
        )
        assert (answer.status_code, answer.json()) == (200, {})
    assert _client(tokens.access).get(ME).status_code == 401
    assert _refresh(tokens.refresh).status_code == (200 if kind == "access" else 401)


def test_a_token_that_does_not_hold_is_as_good_as_taken_back(anonymous_client: APIClient) -> None:
    assert anonymous_client.post("/api/v1/auth/revoke", {"token": "nonsense"}).status_code == 200
    assert anonymous_client.post("/api/v1/auth/revoke", {}).status_code == 422


def test_by_its_id_only_an_administrator_takes_a_token_back(
    person: MakePerson, admin_client: APIClient
) -> None:
    tokens = tokens_of(person("ann"))
    jti = {"jti": read_token(tokens.access).token_id}
    assert APIClient().post("/api/v1/auth/revoke", jti).status_code == 401
    assert _client(tokens.access).post("/api/v1/auth/revoke", jti).status_code == 403
    assert RevokedToken.objects.count() == 0
    assert admin_client.post("/api/v1/auth/revoke", jti).status_code == 200
    assert _client(tokens.access).get(ME).status_code == 401


def test_verify_tells_of_both_kinds_whether_they_hold(person: MakePerson) -> None:
    tokens = tokens_of(person("ann"))

    def verify(token: str) -> int:
        return int(APIClient().post("/api/v1/auth/verify", {"token": token}).status_code)

    assert (verify(tokens.access), verify(tokens.refresh)) == (200, 200)
    _refresh(tokens.refresh)
    assert (verify(tokens.access), verify(tokens.refresh)) == (200, 401)
    _client(tokens.access).post("/api/v1/auth/logout")
    assert verify(tokens.access) == 401


def test_ones_own_password_is_changed_with_the_current_one(person: MakePerson) -> None:
    ann = person("ann")
    tokens = tokens_of(ann)
    new = "quite-another-phrase-77"

    def change(current: str, wanted: str) -> Any:
        body = {"current_password": current, "new_password": wanted}
        return _client(tokens.access).post("/api/v1/auth/password", body)

    assert (change("wrong", new).status_code, change("wrong", new).json()["code"]) == (
        401,
        "wrong_password",
    )
    assert change(PASSWORD, "short").json()["code"] == "weak_password"
    assert change(PASSWORD, PASSWORD).json()["code"] == "weak_password"
    assert _client(tokens.access).get(ME).status_code == 200
    assert change(PASSWORD, new).status_code == 204
    assert _client(tokens.access).get(ME).status_code == 401
    ann.refresh_from_db()
    assert ann.check_password(new)


def test_a_user_who_is_deactivated_is_out_and_stays_out_when_let_in_again(
    person: MakePerson, admin_client: APIClient
) -> None:
    tokens = tokens_of(person("ann"))
    address = "/api/v1/identity/users/ann"
    assert admin_client.patch(address, {"is_active": False}).json()["is_active"] is False
    assert _refresh(tokens.refresh).status_code == 401
    admin_client.patch(address, {"is_active": True})
    assert _client(tokens.access).get(ME).status_code == 401


def test_what_has_expired_is_deleted(person: MakePerson) -> None:
    tokens = tokens_of(person("ann"))
    services.revoke_token(claims=read_token(tokens.access))
    with frozen_at(utc_now() + timedelta(days=100)):
        assert services.purge() == {"sessions": 1, "revoked_tokens": 1, "failed_sign_ins": 0}
    assert not TokenSession.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_renew_at_once_one_wins(person: MakePerson) -> None:
    claims = read_token(tokens_of(person("ann")).refresh, token_type="refresh")
    start = threading.Barrier(6)
    results: list[Tokens | Exception] = []

    def renew() -> None:
        try:
            start.wait()
            with acting_as(None):
                results.append(services.renew_session(claims=claims, issue=issuer()))
        except Exception as error:  # noqa: BLE001 - told below
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=renew) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    won = [result for result in results if isinstance(result, Tokens)]
    assert len(won) == 1
    assert all(isinstance(result, BadToken) for result in results if result not in won)
    assert TokenSession.objects.get().revoked_at is not None


def test_keys_rotate_and_old_tokens_go_on_until_a_key_is_declared_lost(
    person: MakePerson, settings: Any, tmp_path: Any, fresh_keys: Callable[[], Any]
) -> None:
    ring = fresh_keys()
    ann = person("ann")
    old = tokens_of(ann).access
    first = ring.signing_key("token").kid
    ring.rotate("token")
    new = tokens_of(ann).access
    assert ring.signing_key("token").kid != first
    assert _client(old).get(ME).status_code == _client(new).get(ME).status_code == 200
    published = APIClient().get("/.well-known/jwks.json")
    assert {key["kid"] for key in published.json()["keys"]} == set(ring.public_keys("token"))
    assert "max-age" in published["Cache-Control"]
    assert not any("d" in key or "private" in key for key in published.json()["keys"])
    assert APIClient().get("/api/v1/auth/jwks").json() == published.json()

    ring.revoke("token", first, since=utc_now())
    assert _client(old).get(ME).status_code == 401
    assert _client(new).get(ME).status_code == 200
    assert first not in {
        key["kid"] for key in APIClient().get("/.well-known/jwks.json").json()["keys"]
    }


def test_rs256_signs_and_eddsa_tokens_go_on(
    person: MakePerson, settings: Any, fresh_keys: Callable[[], Any]
) -> None:
    fresh_keys()
    ann = person("ann")
    before = tokens_of(ann).access
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "ALGORITHM": "RS256"}
    after = tokens_of(ann).access
    assert len(after) > len(before)
    assert _client(before).get(ME).status_code == _client(after).get(ME).status_code == 200


def test_a_shared_secret_works_and_accepts_nothing_else(person: MakePerson, settings: Any) -> None:
    ann = person("ann")
    asymmetric = tokens_of(ann).access
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "ALGORITHM": "HS256"}
    shared = tokens_of(ann).access
    assert _client(shared).get(ME).status_code == 200
    assert _client(asymmetric).get(ME).status_code == 401
    assert APIClient().get("/.well-known/jwks.json").json() == {"keys": []}
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "ALGORITHM": "EdDSA"}
    assert _client(shared).get(ME).status_code == 401


def test_the_metadata_is_true(anonymous_client: APIClient) -> None:
    told = anonymous_client.get("/.well-known/oauth-authorization-server").json()
    for name in ("token_endpoint", "revocation_endpoint", "jwks_uri"):
        path = told[name].removeprefix("http://testserver")
        assert anonymous_client.get(path).status_code != 404
    assert "client_credentials" in told["grant_types_supported"]


def test_roles_do_not_matter_here(person: MakePerson) -> None:
    """Nobody without a role is kept from leaving."""
    tokens = tokens_of(person("ann", Role.VIEWER))
    with acting_as(SYSTEM):
        assert services.purge()["sessions"] == 0
    assert _client(tokens.access).post("/api/v1/auth/logout").status_code == 204
