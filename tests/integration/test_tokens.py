"""Sign-in over REST: tokens that hold, and tokens that do not."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from oms_project.identity.contract import Role
from oms_project.identity.models import User
from tests.conftest import PASSWORD, MakePerson

pytestmark = pytest.mark.django_db

ME = "/api/v1/auth/me"


def _sign_in(client: APIClient, username: str = "ann", password: str = PASSWORD) -> Any:
    return client.post("/api/v1/auth/token", {"username": username, "password": password})


def _with(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_a_password_gives_tokens_and_they_say_who(
    person: MakePerson, anonymous_client: APIClient
) -> None:
    user = person("ann", Role.EDITOR, "aviation")
    answer = _sign_in(anonymous_client)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh"}
    me = _with(answer.json()["access"]).get(ME)
    assert me.json() == {
        "id": str(user.pk),
        "username": "ann",
        "display_name": "Ann",
        "email": "",
        "roles": [{"role": "editor", "ontology": "aviation"}],
        "permissions": [],
    }
    user.refresh_from_db()
    assert user.last_login is not None


def test_a_refresh_token_gives_a_new_access_token(
    person: MakePerson, anonymous_client: APIClient
) -> None:
    person("ann")
    refresh = _sign_in(anonymous_client).json()["refresh"]
    answer = anonymous_client.post("/api/v1/auth/refresh", {"refresh": refresh})
    assert answer.status_code == 200
    assert _with(answer.json()["access"]).get(ME).status_code == 200


def test_verify_tells_a_genuine_token(person: MakePerson, anonymous_client: APIClient) -> None:
    token = str(AccessToken.for_user(person("ann")))
    assert anonymous_client.post("/api/v1/auth/verify", {"token": token}).status_code == 200
    refused = anonymous_client.post("/api/v1/auth/verify", {"token": token[:-2] + "xx"})
    assert refused.status_code == 401
    assert refused["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("username", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("asleep", PASSWORD)]
)
def test_a_wrong_sign_in_says_the_same_whatever_is_wrong(
    person: MakePerson, anonymous_client: APIClient, username: str, password: str
) -> None:
    person("ann")
    asleep = person("asleep")
    asleep.is_active = False
    asleep.save()
    answer = _sign_in(anonymous_client, username, password)
    assert answer.status_code == 401
    assert answer.json()["code"] == "no_active_account"
    assert answer.json()["detail"] == "No active account found with the given credentials"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_new_password_ends_every_token(person: MakePerson, client_of: Callable[..., Any]) -> None:
    user = person("ann")
    client = client_of(user)
    assert client.get(ME).status_code == 200
    user.set_password("another-" + PASSWORD)
    user.save()
    assert client.get(ME).status_code == 401


def test_a_deactivated_user_is_out(person: MakePerson, client_of: Callable[..., Any]) -> None:
    user = person("ann")
    client = client_of(user)
    user.is_active = False
    user.save()
    assert client.get(ME).json()["code"] == "bad_token"


def test_the_refresh_token_of_a_user_who_is_gone(
    person: MakePerson, anonymous_client: APIClient
) -> None:
    user = person("ann")
    refresh = str(RefreshToken.for_user(user))
    access = str(AccessToken.for_user(user))
    User.objects.all().delete()
    answer = anonymous_client.post("/api/v1/auth/refresh", {"refresh": refresh})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")
    assert _with(access).get(ME).status_code == 401


def _forge(user: User, *, key: str = "", algorithm: str = "HS256", **claims: Any) -> str:
    now = datetime.now(UTC)
    payload = {
        **AccessToken.for_user(user).payload,
        "iss": "oms",
        "aud": "oms",
        "iat": now,
        "exp": now + timedelta(minutes=5),
        **claims,
    }
    return jwt.encode(
        {name: value for name, value in payload.items() if value is not None},
        key or settings.JWT_SECRET,
        algorithm=algorithm,
    )


def test_a_token_made_by_hand_with_the_right_key_holds(person: MakePerson) -> None:
    assert _with(_forge(person("ann"))).get(ME).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"exp": None},
        {"aud": "another"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"token_type": "refresh"},
        {"token_type": None},
        {"jti": None},
        {"sub": "00000000-0000-0000-0000-000000000000"},
        {"sub": "' OR 1=1"},
        {"sub": None},
        {"hash_password": "0" * 32},
        {"hash_password": None},
        {"key": "k" * 40},
        {"algorithm": "HS512"},
    ],
    ids=str,
)
def test_a_forged_token_is_refused(person: MakePerson, claims: dict[str, Any]) -> None:
    answer = _with(_forge(person("ann"), **claims)).get(ME)
    assert answer.status_code == 401
    assert answer.json()["code"] == "bad_token"
    assert answer.json()["detail"] == "The access token is not valid or has expired: sign in again."


def test_an_unsigned_token_is_refused(person: MakePerson) -> None:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    payload = AccessToken.for_user(person("ann")).payload
    token = f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(payload)}."
    assert _with(token).get(ME).status_code == 401


def test_mutated_tokens_are_refused(person: MakePerson) -> None:
    token = str(AccessToken.for_user(person("ann")))
    dice = random.Random(7)
    alphabet = "ABCabc019-_.=+ %\x7fé"
    accepted = []
    for _ in range(300):
        position = dice.randrange(len(token))
        letter = dice.choice(alphabet)
        mutated = token[:position] + letter + token[position + 1 :]
        if mutated == token:
            continue
        answer = _with(mutated.encode("latin-1").decode("latin-1")).get(ME)
        assert answer.status_code in {200, 401}
        if answer.status_code == 200:
            accepted.append(mutated)
    # The last character of a signature has bits that mean nothing: another spelling of the same
    # signature is the only mutation that may pass.
    assert all(mutated[:-1] == token[:-1] for mutated in accepted)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "Bearer \x00", "bearer x"])
def test_odd_headers_do_no_harm(header: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    assert client.get(ME).status_code == 401


def test_a_bad_token_is_refused_even_with_a_good_session(person: MakePerson) -> None:
    client = _with("nonsense")
    client.force_login(person("ann"))
    assert client.get(ME).status_code == 401


def test_a_session_needs_a_csrf_token_to_write(administrator: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(administrator)
    assert client.get(ME).json()["username"] == "root"
    job = "00000000-0000-0000-0000-000000000000"
    answer = client.post(f"/api/v1/jobs/{job}/cancel")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]
