"""`/metrics`: who reads it, what stands in it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read
from rest_framework.test import APIClient

from oms_project.core.metrics import metrics
from oms_project.identity.contract import Role
from tests.conftest import MakePerson

TOKEN = "Zq7-pLm3vXc91-kRt5wYb28-hNs40-gDf6"
OPEN = "application/openmetrics-text; version=1.0.0"


def _seen(text: bytes, **labels: str) -> float:
    return sum(
        sample.value
        for family in read(text.decode())
        for sample in family.samples
        if sample.name == "oms_http_request_seconds_count" and sample.labels == labels
    )


@pytest.mark.django_db
def test_it_is_for_those_who_may_read_the_systems_state(
    person: MakePerson, client_of: Any, admin_client: APIClient
) -> None:
    assert Client().get("/metrics").status_code == 401
    for role in (Role.VIEWER, Role.EDITOR, Role.MAINTAINER, Role.AUDITOR, Role.GATEWAY):
        answer = client_of(person(role.value, role)).get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    answer = admin_client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    assert "no-store" in answer["Cache-Control"]
    assert b"oms_http_request_seconds" in answer.content
    assert b"process_resident_memory_bytes" in answer.content


def test_a_scraper_shows_its_token_and_needs_no_database(
    settings: Any, db: None, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OMS_METRICS_TOKEN = TOKEN
    monkeypatch.setattr(metrics, "_questions", {})  # what apps look up then
    with django_assert_num_queries(0):
        answer = Client().get(
            "/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Accept": OPEN}
        )
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/openmetrics-text")
    assert "oms_http_request_seconds" in {one.name for one in read_open(answer.content.decode())}  # type: ignore[no-untyped-call]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer é"],
)
def test_another_token_is_refused(settings: Any, header: str) -> None:
    settings.OMS_METRICS_TOKEN = TOKEN
    answer = Client().get("/metrics", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert b"oms_" not in answer.content


@pytest.mark.django_db
def test_the_token_opens_nothing_else(settings: Any) -> None:
    settings.OMS_METRICS_TOKEN = TOKEN
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert Client().get("/health/detailed", headers=bearer).status_code == 401
    assert Client().get("/api/v1/ontologies", headers=bearer).status_code == 401
    assert Client().get("/metrics/", headers=bearer).status_code == 404
    assert Client().post("/metrics", headers=bearer).status_code == 401
    settings.OMS_METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_status(admin_client: APIClient) -> None:
    route = "/api/v1/ontologies/<segment:ontology>"
    here = {"method": "GET", "route": route, "status": "404"}
    nowhere = {"method": "GET", "route": "none", "status": "404"}
    before = admin_client.get("/metrics").content
    for name in ("zanzibar", "nothing"):
        assert admin_client.get(f"/api/v1/ontologies/{name}").status_code == 404
        assert admin_client.get(f"/{name}/at/all").status_code == 404
    after = admin_client.get("/metrics").content
    assert _seen(after, **here) - _seen(before, **here) == 2
    assert _seen(after, **nowhere) - _seen(before, **nowhere) == 2
    assert b"zanzibar" not in after
