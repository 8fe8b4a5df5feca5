"""GraphQL is loaded with the first request that asks for it: a start, a probe and REST do without."""

from __future__ import annotations

import subprocess
import sys

from tests.services import ROOT

LOADED = """
import sys
import oms_project.asgi
from django.test import Client
assert Client().get("/health/live").status_code == 200
assert Client().get("/api/v1/ontologies").status_code == 401
assert Client().post("/graphql", data="{}", content_type="application/json").status_code == 401
print([name for name in ("graphql", "strawberry", "strawberry_django") if name in sys.modules])
"""


def test_a_server_starts_without_graphql(tmp_path: object) -> None:
    from tests.services import oms_environment

    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT,
        env={**oms_environment(tmp_path), "OMS_EVENTS_RELAY": "false"},  # type: ignore[arg-type]
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"
