"""schemathesis over the whole API: no server error, and nothing that the document does not say.

Bounded and repeatable here; the guide says how to run it for longer against a server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from rest_framework.test import APIClient
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from events.domain.handshake import Verification
from oms_project.wsgi import application

pytestmark = [pytest.mark.data, pytest.mark.django_db]

CHECKS = [
    schemathesis.checks.not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
PERSON = {
    "apiName": "Person",
    "primaryKey": ["staffNumber"],
    "properties": [
        {"apiName": "staffNumber", "dataTypes": ["string"], "required": True},
        {"apiName": "birthDate", "dataTypes": ["date"], "indexed": True, "searchable": True},
    ],
}
AIRLINE = {
    "apiName": "Airline",
    "primaryKey": ["code"],
    "properties": [{"apiName": "code", "dataTypes": ["string"], "required": True}],
}
WORKS_FOR = {
    "apiName": "worksFor",
    "sources": ["Person"],
    "properties": [{"apiName": "since", "dataTypes": ["date"]}],
}


@schemathesis.serializer("application/sparql-query")
def sparql_query(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A query is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.serializer("application/x-ndjson", "text/csv", "application/vnd.apache.parquet")
def table(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A file of rows is sent as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@schemathesis.serializer("application/cloudevents+json", "application/cloudevents-batch+json")
def events(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Events are sent as JSON."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


async def _agrees(**_asked: Any) -> Verification:
    return Verification(ok=True, method="options", allowed_rate=None, detail="Not asked.")


@pytest.fixture
def token(admin_client: APIClient, settings: Any, tmp_path: Path) -> Iterator[str]:
    """The administrator's, with an ontology to work on."""
    settings.OMS_SPOOL_DIR = tmp_path
    base = "/api/v1/ontologies"
    admin_client.post(base, {"name": "fleet", "baseIri": "https://example.org/fleet/"})
    made = admin_client.post(
        f"{base}/fleet/changesets",
        {
            "changes": [
                {"op": "create", "kind": "ObjectType", "fields": PERSON},
                {"op": "create", "kind": "ObjectType", "fields": AIRLINE},
                {"op": "create", "kind": "LinkType", "fields": WORKS_FOR},
                {
                    "op": "create",
                    "type": "Person",
                    "fields": {"staffNumber": "42", "birthDate": "1992-03-01"},
                },
                {"op": "create", "type": "Airline", "fields": {"code": "KE"}},
                {
                    "op": "create",
                    "type": "worksFor",
                    "source": "Person/42",
                    "target": "Airline/KE",
                    "fields": {"since": "2020-01-01"},
                },
            ]
        },
    )
    assert made.status_code == 201
    admin_client.post(f"{base}/fleet/branches", {"name": "feature/booking"})
    admin_client.post(f"{base}/fleet/tags", {"name": "v1.0"})
    # A request's end closes connections; here that would end the transaction of the test.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield admin_client._credentials["HTTP_AUTHORIZATION"]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


# The document as it is served; most requests go to the ontology that the examples tell of.
api = schemathesis.openapi.from_wsgi(
    "/api/v1/schema",
    application,
    config=SchemathesisConfig.from_dict(
        {
            "parameters": {"path.ontology": "fleet"},
            # A thousand combinations per operation are for the longer run.
            "phases": {"coverage": {"enabled": False}},
        }
    ),
)


@api.include(path_regex="^/api/v1/ontologies").parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),  # what a test wrote is rolled back after its examples
)
def test_nothing_but_what_the_document_says(case: schemathesis.Case, token: str) -> None:
    case.call_and_validate(headers={"Authorization": token}, checks=CHECKS)


@api.include(path_regex="^/api/v1/(event|webhooks|deliveries|routing-rules|streams)").parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_nothing_but_what_the_document_says_of_events(
    case: schemathesis.Case, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("events.adapters.verifying.ask_receiver", _agrees)
    case.call_and_validate(headers={"Authorization": token}, checks=CHECKS)
