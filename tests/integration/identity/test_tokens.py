"""Sign-in over REST: tokens that hold, and tokens that do not."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rest_framework.test import APIClient

from oms_project.core.keys import keyring
from oms_project.identity.api.authentication import token_holder
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from tests.conftest import PASSWORD, MakePerson, tokens_of

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
    assert set(answer.json()) == {"access", "refresh", "expires_in"}
    assert answer["Cache-Control"] == "no-store"
    me = _with(answer.json()["access"]).get(ME)
    assert me.json() == {
        "id": str(user.pk),
        "username": "ann",
        "display_name": "Ann",
        "email": "",
        "kind": "user",
        "on_behalf_of": None,
        "reason": "",
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
    token = tokens_of(person("ann")).access
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
    tokens = tokens_of(person("ann"))
    User.objects.all().delete()
    answer = anonymous_client.post("/api/v1/auth/refresh", {"refresh": tokens.refresh})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")
    assert _with(tokens.access).get(ME).status_code == 401


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def _forge(
    user: User,
    *,
    key: Any = None,
    algorithm: str = "EdDSA",
    headers: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    payload = {**_claims(tokens_of(user).access), **claims}
    signing = keyring.signing_key("token")
    header = {"typ": "at+jwt", "kid": signing.kid, **(headers or {})}
    return jwt.encode(
        {name: value for name, value in payload.items() if value is not None},
        key or signing.private,
        algorithm=algorithm,
        headers={name: value for name, value in header.items() if value is not None},
    )


def test_a_token_made_by_hand_with_the_right_key_holds(person: MakePerson) -> None:
    assert _with(_forge(person("ann"))).get(ME).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"exp": None},
        {"exp": True},
        {"exp": "9999999999"},
        {"exp": 1e300},
        {"iat": 4102444800},
        {"iat": 900000000},
        {"iat": None},
        {"nbf": 4102444800},
        {"aud": "another"},
        {"aud": ["oms", "another"]},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"token_type": "refresh"},
        {"token_type": None},
        {"jti": None},
        {"jti": "a\x00"},
        {"sub": "00000000-0000-0000-0000-000000000000"},
        {"sub": "' OR 1=1"},
        {"sub": None},
        {"sub": 7},
        {"sid": None},
        {"sid": "00000000-0000-0000-0000-000000000000"},
        {"act": {"sub": "00000000-0000-0000-0000-000000000000", "client_id": "x"}},
        {"act": "x"},
        {"delegation": "00000000-0000-0000-0000-000000000000"},
        {"key": "k" * 64, "algorithm": "HS256"},
        {"key": ed25519.Ed25519PrivateKey.generate()},
        {"headers": {"kid": None}},
        {"headers": {"kid": "../../token"}},
        {"headers": {"typ": "JWT"}},
        {"headers": {"typ": "refresh+jwt"}},
        {"headers": {"typ": None}},
        {"headers": {"jku": "https://evil.example/keys"}},
        {"headers": {"jwk": {"kty": "oct", "k": "AAAA"}}},
        {"headers": {"x5u": "https://evil.example/cert"}},
        {"headers": {"crit": ["exp"]}},
    ],
    # A key's own text holds its address, which no two test processes share.
    ids=lambda claims: str(
        {name: type(it) if name == "key" else it for name, it in claims.items()}
    ),
)
def test_a_forged_token_is_refused(person: MakePerson, claims: dict[str, Any]) -> None:
    answer = _with(_forge(person("ann"), **claims)).get(ME)
    assert answer.status_code == 401
    assert answer.json()["code"] == "bad_token"
    assert answer.json()["detail"] == "The access token is not valid or has expired: sign in again."


def test_the_public_key_is_no_shared_secret(person: MakePerson) -> None:
    """The classic confusion: an HS256 token whose secret is the public key everybody can read."""
    user = person("ann")
    public = keyring.signing_key("token").public
    raw = public.key.public_bytes_raw()  # type: ignore[union-attr]
    pem = public.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (raw, raw + raw, pem, json.dumps(public.jwk()).encode()):
        header, payload = ({"alg": "HS256", "typ": "at+jwt", "kid": public.kid},
                           _claims(tokens_of(user).access))  # fmt: skip
        signed = f"{_part(header)}.{_part(payload)}"
        mac = hmac.new(secret, signed.encode(), "sha256").digest()
        token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        assert _with(token).get(ME).status_code == 401


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_an_unsigned_token_is_refused(person: MakePerson) -> None:
    payload = _claims(tokens_of(person("ann")).access)
    kid = keyring.signing_key("token").kid
    for alg in ("none", "None", "NONE", ""):
        for header in ({"alg": alg, "typ": "at+jwt"}, {"alg": alg, "typ": "at+jwt", "kid": kid}):
            for signature in ("", "AA"):
                token = f"{_part(header)}.{_part(payload)}.{signature}"
                assert _with(token).get(ME).status_code == 401


def test_there_is_one_spelling_of_a_token(person: MakePerson) -> None:
    token = tokens_of(person("ann")).access
    assert _with(token).get(ME).status_code == 200
    header, payload, signature = token.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # 64 bytes are 86 letters: the last one has four bits that mean nothing.
    respelled = [
        f"{header}.{payload}.{signature[:-1]}{letter}"
        for letter in alphabet
        if letter != signature[-1]
    ]
    respelled += [f"{token}=", f"{token}==", f"{header}=.{payload}.{signature}", f"{token}."]
    assert [one for one in respelled if _with(one).get(ME).status_code != 401] == []


def test_a_member_that_stands_twice_is_refused(person: MakePerson) -> None:
    user = person("ann")
    signing = keyring.signing_key("token")
    claims = json.dumps(_claims(tokens_of(user).access))
    doubled = claims[:-1] + ', "sub": "' + str(user.pk) + '"}'
    for text, expected in ((claims, 200), (doubled, 401)):
        header = _part({"alg": "EdDSA", "typ": "at+jwt", "kid": signing.kid})
        body = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
        signature = signing.sign(f"{header}.{body}".encode())
        token = f"{header}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        assert _with(token).get(ME).status_code == expected


def test_a_check_costs_one_query(
    person: MakePerson, django_assert_num_queries: Callable[[int], Any]
) -> None:
    token = tokens_of(person("ann")).access
    with django_assert_num_queries(1):
        assert token_holder(token).user.username == "ann"


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
