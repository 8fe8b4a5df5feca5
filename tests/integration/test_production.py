"""Production mode as a process: what it refuses, and what it answers with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import services

SAFE = {
    "DJANGO_SETTINGS_MODULE": "oms_project.settings.prod",
    "SECRET_KEY": "q8Zr2vN5xW1yB4cD7eF0gH3jK6mP9sT-uVaXbYdZfAhCjEkGlInLoMqOrQtSwU",
    "JWT_ALGORITHM": "HS256",
    "JWT_SECRET": "Jd82-kfLw01nvBq73mZxPy56RtGh49scUeAi",
    "ALLOWED_HOSTS": "127.0.0.1",
}


def _manage(folder: Path, *arguments: str, **change: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, services.ROOT / "manage.py", *arguments],
        env=services.oms_environment(folder, extra={**SAFE, **change}),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_the_deployment_check_finds_nothing(tmp_path: Path) -> None:
    checked = _manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET", "ALLOWED_HOSTS"])
def test_it_does_not_start_without_and_names_what_is_missing(tmp_path: Path, name: str) -> None:
    refused = _manage(tmp_path, "check", **{name: ""})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: Production does not start: {name} ")
    assert "Traceback" not in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_headers_cookies_and_the_way_to_https(tmp_path: Path) -> None:
    assert _manage(tmp_path, "collectstatic", "--noinput", "-v", "0").returncode == 0
    extra = {**SAFE, "TRUST_PROXY_HEADERS": "1"}
    with services.oms(data_dir=tmp_path, extra=extra) as server:
        plain = services.httpx.get(f"{server.url}/console/login/")
        assert plain.status_code == 301
        assert plain.headers["Location"].startswith("https://")
        assert services.httpx.get(f"{server.url}/health/ready").status_code == 200

        through_gateway = {"X-Forwarded-Proto": "https"}
        page = services.httpx.get(f"{server.url}/console/login/", headers=through_gateway)
        assert page.status_code == 200
        assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Referrer-Policy"] == "same-origin"
        cookie = page.headers["Set-Cookie"]
        assert cookie.startswith("__Host-oms-csrf=")
        assert "Secure" in cookie

        wrong_host = {**through_gateway, "Host": "evil.example.org"}
        refused = services.httpx.get(f"{server.url}/api/v1/jobs", headers=wrong_host)
        assert refused.status_code == 400
        assert refused.headers["Content-Type"] == "application/problem+json"
        missing = services.httpx.get(f"{server.url}/nowhere", headers=through_gateway)
        assert missing.status_code == 404
        assert "Traceback" not in missing.text


def test_signing_in_waits_for_a_lost_key_and_then_works(tmp_path: Path) -> None:
    extra = {
        **SAFE, "JWT_ALGORITHM": "EdDSA", "JWT_SECRET": "", "SECURE_SSL_REDIRECT": "0",
        "TRUST_PROXY_HEADERS": "1",
    }  # fmt: skip
    with services.oms(data_dir=tmp_path, extra=extra) as server:
        credentials = {"username": server.username, "password": server.password}
        address = f"{server.url}/api/v1/auth"
        shutil.rmtree(tmp_path / "keys" / "token")  # setup made it; nothing replaces it in silence
        waiting = services.httpx.post(f"{address}/token", json=credentials)
        assert (waiting.status_code, waiting.json()["code"]) == (503, "key_missing")
        made = _manage(tmp_path, "keys", "rotate", "token", JWT_ALGORITHM="EdDSA", JWT_SECRET="")
        assert made.returncode == 0, made.stderr
        signed_in = services.httpx.post(f"{address}/token", json=credentials)
        assert signed_in.status_code == 200
        bearer = {"Authorization": f"Bearer {signed_in.json()['access']}"}
        assert services.httpx.get(f"{address}/me", headers=bearer).status_code == 200
        (key,) = services.httpx.get(f"{server.url}/.well-known/jwks.json").json()["keys"]
        assert (key["kty"], key["alg"], key["use"]) == ("OKP", "EdDSA", "sig")
