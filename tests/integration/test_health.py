"""Health tells the truth, and never hangs."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from oms_project import __version__
from oms_project.core import health
from oms_project.core.health import HealthCheck, health_checks, register_health_check
from oms_project.identity.contract import Role
from oms_project.observability import checks
from oms_project.observability.checks import run_checks
from tests import services
from tests.conftest import MakePerson


@pytest.fixture(autouse=True)
def _own_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_checks", dict(health._checks))


def _broken() -> dict[str, Any]:
    raise ConnectionError("secret address")


def test_alive_touches_nothing(django_assert_num_queries: Any, db: None) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db(transaction=True)
def test_ready_when_database_and_migrations_are() -> None:
    answer = Client().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": {"status": "ok"}, "migrations": {"status": "ok"}},
    }
    assert Client().get("/health").json() == {
        "status": "ok",
        "service": "main",
        "version": __version__,
    }


@pytest.mark.django_db(transaction=True)
def test_not_ready_says_what_fails_and_not_where() -> None:
    register_health_check("broker", _broken, needed=True)
    for address in ("/health/ready", "/health"):
        answer = Client().get(address)
        assert answer.status_code == 503
        assert answer.json()["status"] == "unavailable"
        assert answer.json()["failed"] == ["broker"]
        assert "secret" not in answer.content.decode()
    assert Client().get("/health/live").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_failing_extra_degrades(admin_client: APIClient) -> None:
    register_health_check("search", _broken)
    assert Client().get("/health/ready").status_code == 200
    answer = admin_client.get("/health/detailed")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["degraded"]) == ("degraded", ["search"])
    assert answer.json()["checks"]["search"]["error"] == "ConnectionError"


@pytest.mark.django_db(transaction=True)
def test_detailed_is_for_administrators(
    person: MakePerson, client_of: Any, admin_client: APIClient
) -> None:
    assert Client().get("/health/detailed").status_code == 401
    for role in (Role.VIEWER, Role.EDITOR, Role.MAINTAINER):
        answer = client_of(person(role.value, role)).get("/health/detailed")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert "checks" not in answer.json()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    assert client.get("/health/detailed").json()["code"] == "bad_token"
    body = admin_client.get("/health/detailed").json()
    assert {"database", "migrations", "cache", "jobs"} <= set(body["checks"])
    assert body["checks"]["database"]["milliseconds"] >= 0
    assert body["version"] == __version__


def test_a_check_that_hangs_is_not_waited_for() -> None:
    release = threading.Event()
    entered: list[int] = []

    def hang() -> dict[str, Any]:
        entered.append(1)
        release.wait(30)
        return {}

    hanging = HealthCheck("hanging", hang, needed=True)
    quick = HealthCheck("quick", lambda: {"answer": 42})
    try:
        for _ in range(20):  # more often than there are threads
            started = time.monotonic()
            results = {r.name: r for r in run_checks([hanging, quick], timeout=0.05)}
            assert time.monotonic() - started < 1
            assert (results["hanging"].ok, results["hanging"].error) == (
                False,
                "no answer in 0.05 s",
            )
        assert results["quick"].details == {"answer": 42}
        assert len(entered) == 1
    finally:
        release.set()
        checks._running["hanging"].result(5)


def test_checks_are_listed_by_name_and_replaced() -> None:
    register_health_check("zebra", dict, needed=True)
    register_health_check("zebra", dict)
    names = [check.name for check in health_checks()]
    assert names == sorted(names)
    assert names.count("zebra") == 1
    assert "zebra" not in [check.name for check in health_checks(readiness=True)]


def test_a_server_tells_when_redis_and_the_database_stop(
    valkey_server: services.Service,
) -> None:
    with (
        services.postgresql() as database,
        services.oms(database_url=database.url, extra={"REDIS_URL": valkey_server.url}) as server,
        closing(server.client()) as client,
    ):
        details = client.get("/health/detailed").json()
        assert details["status"] == "ok"
        assert details["checks"]["database"]["vendor"] == "postgresql"
        assert details["checks"]["cache"]["backend"] == "redis"

        valkey_server.pause()
        try:
            answer = _timed(client, "/health/ready")
            assert (answer.status_code, answer.json()["failed"]) == (503, ["cache"])
        finally:
            valkey_server.resume()
        _until_ready(client)

        database.pause()
        try:
            answer = _timed(client, "/health/ready")
            assert answer.status_code == 503
            assert "database" in answer.json()["failed"]
            assert _timed(client, "/health/live").status_code == 200
        finally:
            database.resume()
        _until_ready(client)


def _timed(client: Any, address: str) -> Any:
    started = time.monotonic()
    answer = client.get(address)
    assert time.monotonic() - started < 4
    return answer


def _until_ready(client: Any) -> None:
    deadline = time.monotonic() + services.START_TIMEOUT
    while client.get("/health/ready").status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
