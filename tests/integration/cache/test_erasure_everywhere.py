"""What another process erases, no server and no Redis gives out any more."""

from __future__ import annotations

import json
import time
import zlib
from contextlib import closing

import redis

from tests import services

EMAIL = "ann.who.left@example.org"
#: Long enough that Redis holds it compressed.
NOTE = "Her telephone number is 0131-496-0000. " * 60
NAME = "staff"
API = f"/api/v1/ontologies/{NAME}"
TYPE = {
    "apiName": "Person",
    "primaryKey": ["code"],
    "properties": [
        {"apiName": "code", "dataTypes": ["string"], "required": True},
        {"apiName": "email", "dataTypes": ["string"]},
        {"apiName": "note", "dataTypes": ["string"]},
    ],
}


def _held(url: str) -> str:
    """All that Redis holds of documents, readable."""
    with closing(redis.Redis.from_url(url)) as raw:
        found = []
        for key in raw.scan_iter(match=b"oms:cache:1:*:document:*"):
            value = raw.get(key)
            assert isinstance(value, bytes)
            content = value[16:]
            found.append(zlib.decompress(content[1:]) if content[:1] == b"z" else content)
    return b"\n".join(found).decode()


def _found(url: str) -> set[str]:
    held = _held(url)
    return {text for text in (EMAIL, "0131-496") if text in held}


def test_a_command_erases_and_the_server_and_redis_know(valkey_server: services.Service) -> None:
    with (
        services.oms(extra={"REDIS_URL": valkey_server.url, "OMS_CACHE_LOCAL_TTL": "1"}) as server,
        closing(server.client()) as client,
    ):
        made = client.post(
            "/api/v1/ontologies", json={"name": NAME, "baseIri": "https://example.org/staff/"}
        )
        assert made.status_code == 201, made.text
        assert client.post(f"{API}/object-types", json=TYPE).status_code == 201
        for code, email in (("ann", EMAIL), ("bob", "bob@example.org")):
            put = client.post(
                f"{API}/objects/Person", json={"code": code, "email": email, "note": NOTE}
            )
            assert put.status_code == 201, put.text
        ann, bob = f"{API}/objects/Person/ann", f"{API}/objects/Person/bob"
        deadline = time.monotonic() + 30
        while not {EMAIL, "0131-496"} <= _found(valkey_server.url):
            assert time.monotonic() < deadline  # a busy machine may leave Redis out for a while
            assert client.get(ann).json()["email"] == EMAIL
            assert client.get(bob).json()["email"] == "bob@example.org"

        erased = services.manage(
            "ontology", "redact", NAME, client.get(ann).json()["rid"], "--field", "email",
            "--field", "note", "--reason", "Request 7", "--yes", "--format", "json",
            environment=server.environment,
        )  # fmt: skip
        assert json.loads(erased)["redaction"]["fields"] == ["email", "note"]
        assert _held(valkey_server.url) == ""

        now = client.get(ann)
        assert EMAIL not in now.text
        assert now.json()["_redacted"] == ["email", "note"]
        assert client.get(bob).json()["email"] == "bob@example.org"
        assert EMAIL not in _held(valkey_server.url)

        text = client.get("/metrics").text
        assert 'oms_cache_requests_total{outcome="miss",tier="local"}' in text
        checks = client.get("/health/detailed").json()["checks"]
        assert checks["cache"]["shared"].keys() == {"left_out"}
        assert checks["cache"]["local"].keys() == {"entries", "bytes"}
