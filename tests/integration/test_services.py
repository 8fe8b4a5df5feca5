"""The services that tests stand on start, and a missing one is told, not skipped."""

from __future__ import annotations

import socket
from urllib.parse import urlparse

import psycopg
import pytest
import redis

from tests import services


def test_postgresql_answers_and_is_empty(postgresql_server: services.Service) -> None:
    with psycopg.connect(postgresql_server.url) as connection:
        version = connection.execute("SHOW server_version_num").fetchone()
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
    assert version is not None
    assert int(version[0]) >= 180000
    assert tables == (0,)


def test_valkey_answers(valkey_server: services.Service) -> None:
    assert redis.Redis.from_url(valkey_server.url).ping() is True


def test_nats_answers_with_jetstream(nats_server: services.Service) -> None:
    address = urlparse(nats_server.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        info = connection.recv(4096)
    assert info.startswith(b"INFO ")
    assert b'"jetstream":true' in info


def test_a_process_that_ends_at_once_is_a_failure_with_its_log() -> None:
    with (
        pytest.raises(services.ServiceFailed, match="nothing to see"),
        services._folder("oms-test-") as folder,
        services._process(
            "broken", ["sh", "-c", "echo nothing to see; exit 1"], folder, folder / "log", {}
        ) as process,
    ):
        process.wait(5)
        services._until(services.Service("broken", "", process, folder / "log"), lambda: False)


def test_a_missing_browser_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMS_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(services.ServiceFailed, match="apt-get install chromium"):
        services.chromium()
