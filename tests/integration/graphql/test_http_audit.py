"""The audits of graphql-http (npm): GraphQL over HTTP, as its own authors test it."""

from __future__ import annotations

import json
from typing import Any

from tests.node import VENDOR, run_node
from tests.services import OmsServer

AUDIT = VENDOR / "graphql-http" / "audit.mjs"


def test_every_audit_passes(oms_server: OmsServer) -> None:
    token = oms_server.client().headers["Authorization"].removeprefix("Bearer ")
    found: list[dict[str, Any]] = json.loads(run_node(AUDIT, f"{oms_server.url}/graphql", token))
    assert len(found) == 61
    assert [one for one in found if one["status"] != "ok"] == []
