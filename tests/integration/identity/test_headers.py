"""What browsers and caches are told, how often one may ask, and how long a console session is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from oms_project.core.clock import frozen_at, utc_now
from oms_project.identity.contract import Role
from tests.conftest import PASSWORD, MakePerson, tokens_of

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me"


@pytest.fixture
def console(person: MakePerson) -> Client:
    person("ann", Role.ADMINISTRATOR)
    client = Client()
    signed_in = client.post("/console/login/", {"username": "ann", "password": PASSWORD})
    assert signed_in.status_code == 302
    return client


def test_pages_say_what_they_may_load_and_that_nobody_keeps_them(console: Client) -> None:
    page = console.get("/console/")
    policy = page["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "frame-ancestors 'none'" in policy
    assert "no-store" in page["Cache-Control"] or "no-cache" in page["Cache-Control"]
    assert page["X-Frame-Options"] == "DENY"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Referrer-Policy"] == "same-origin"
    assert page["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in page["Permissions-Policy"]


def test_answers_of_the_api_load_nothing(admin_client: APIClient) -> None:
    answer = admin_client.get(ME)
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_no_page_has_an_inline_script(console: Client) -> None:
    import re

    for address in ("/console/", "/console/login/", "/api/v1/docs", "/console/password_change/"):
        page = console.get(address).content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", page) == []
        assert re.findall(r"<[^>]+\son(?:click|load|change|submit)=", page) == []


def test_other_origins_are_refused_unless_a_setting_names_them(
    person: MakePerson, settings: Any
) -> None:
    token = tokens_of(person("ann")).access
    headers = {
        "Origin": "https://app.example.org",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    refused = APIClient().options(ME, headers=headers)
    assert not any(name.startswith("Access-Control") for name in refused.headers)
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]
    allowed = APIClient().options(ME, headers=headers)
    assert allowed["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    asked = APIClient().get(
        ME, headers={"Origin": "https://app.example.org", "Authorization": f"Bearer {token}"}
    )
    assert asked["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert "ratelimit" in asked["Access-Control-Expose-Headers"].lower()
    for origin in ("https://evil.example", "null", "https://app.example.org.evil.example"):
        other = APIClient().get(ME, headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in other.headers
    page = Client().get("/console/login/", headers={"Origin": "https://app.example.org"})
    assert "Access-Control-Allow-Origin" not in page.headers


def test_a_new_session_begins_with_the_sign_in(person: MakePerson) -> None:
    person("ann", Role.VIEWER)
    client = Client()
    client.get("/console/login/")
    client.cookies["sessionid"] = "planted0by0somebody0else00000000"
    client.post("/console/login/", {"username": "ann", "password": PASSWORD})
    cookie = client.cookies["sessionid"]
    assert cookie.value != "planted0by0somebody0else00000000"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    ("steps", "signed_in"),
    [([59, 59, 59], True), ([61], False), ([50] * 14, True), ([50] * 15, False)],
)
def test_a_console_session_ends_when_it_is_idle_or_old(
    console: Client, steps: list[int], signed_in: bool
) -> None:
    start = utc_now()
    passed = 0
    assert console.get("/console/").status_code == 200
    for step in steps:
        passed += step
        with frozen_at(start + timedelta(minutes=passed)):
            last = console.get("/console/").status_code
    assert (last == 200) is signed_in


def test_a_form_without_its_token_is_refused(person: MakePerson) -> None:
    person("ann", Role.ADMINISTRATOR)
    client = Client(enforce_csrf_checks=True)
    body = {"username": "ann", "password": PASSWORD}
    assert client.post("/console/login/", body).status_code == 403
    signed = APIClient(enforce_csrf_checks=True)
    signed.login(username="ann", password=PASSWORD)
    assert signed.get(ME).status_code == 200
    for method, address in (
        ("post", "/api/v1/auth/logout"),
        ("post", "/api/v1/auth/revoke"),
        ("post", "/api/v1/auth/password"),
        ("delete", "/api/v1/auth/sessions"),
        ("post", "/api/v1/identity/users"),
    ):
        answer = getattr(signed, method)(address, {"jti": "0" * 32})
        assert answer.status_code == 403, address
        assert "CSRF" in answer.json()["detail"]


def test_a_client_is_told_how_often_it_may_ask(person: MakePerson, settings: Any) -> None:
    settings.OMS_RATE_CLIENT, settings.OMS_RATE_ANONYMOUS, settings.OMS_RATE_AUTH = 3, 2, 1
    ann, bob = tokens_of(person("ann")).access, tokens_of(person("bob")).access

    def ask(token: str = "", address: str = "192.0.2.77", path: str = "/api/v1/jobs") -> Any:
        path = ME if token in {ann, bob} else path
        extra = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
        return APIClient(REMOTE_ADDR=address).get(path, **extra)

    first = ask(ann)
    assert first["RateLimit-Policy"] == '"client";q=3;w=60'
    assert first["RateLimit"].startswith('"client";r=2;t=')
    answers = [ask(ann) for _ in range(3)]
    assert [answer.status_code for answer in answers][-1] == 429
    held = answers[-1]
    assert held.json()["code"] == "too_many_requests"
    assert 0 < int(held["Retry-After"]) <= 60
    assert ask(bob).status_code == 200
    # Bad tokens count as nobody's, by address.
    assert [ask("bad").status_code for _ in range(3)] == [401, 401, 429]
    assert ask("bad", address="192.0.2.78").status_code == 401
    sign_in = [
        APIClient(REMOTE_ADDR="192.0.2.79").post("/api/v1/auth/verify", {"token": "x"}).status_code
        for _ in range(2)
    ]
    assert sign_in == [401, 429]
    assert {Client().get("/health/live").status_code for _ in range(9)} == {200}


def test_the_address_is_what_our_own_gateway_saw(settings: Any, rf: Any) -> None:
    from oms_project.middleware.source import client_address

    request = rf.get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 198.51.100.7")
    assert client_address(request) == "10.0.0.1"
    settings.TRUST_PROXY_HEADERS = True
    assert client_address(request) == "198.51.100.7"
    settings.TRUSTED_PROXY_COUNT = 2
    assert client_address(request) == "6.6.6.6"
    settings.TRUSTED_PROXY_COUNT = 5
    assert client_address(request) == "6.6.6.6"
    assert client_address(rf.get("/", REMOTE_ADDR="10.0.0.1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("password", "accepted"),
    [
        ("correct horse battery", True),
        ("öäü-ßéè-日本語-ключ", True),
        ("short-11-ch", False),
        ("x" * 257, False),
        ("aaaaaaaaaaaaaaaa", False),
        ("abcdefghijklmnop", False),
        ("1234567890123456", False),
        ("ann.lee@example", False),
        ("onlylowercaseletters", True),
        ("839201748265", True),
    ],
)
def test_passwords_are_judged_by_length_and_by_what_is_known(password: str, accepted: bool) -> None:
    from oms_project.identity.contract import WeakPassword
    from oms_project.identity.models import User
    from oms_project.identity.services.users import check_strength

    user = User(username="ann.lee", display_name="Ann Lee", email="ann.lee@example.org")
    if accepted:
        check_strength(password, user)
        return
    with pytest.raises(WeakPassword):
        check_strength(password, user)
