"""A server that is killed and started again, and clients that know what was acknowledged."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from tests import services

__all__ = ["another", "log_of", "restart", "serving", "verify"]


@contextmanager
def serving(*, database_url: str | None, folder: Path) -> Iterator[services.OmsServer]:
    """OMS over HTTP with tokens that last; whatever process serves at the end is ended."""
    settings = {"JWT_ACCESS_MINUTES": "600"}
    with services.oms(database_url=database_url, data_dir=folder, extra=settings) as server:
        try:
            yield server
        finally:
            server.kill()


@contextmanager
def another(server: services.OmsServer) -> Iterator[services.OmsServer]:
    """A second process that serves the same data."""
    port = services.free_port()
    old = server.url.rpartition(":")[2]
    second = replace(server, url=f"http://{services.HOST}:{port}")
    command = [str(port) if part == old else part for part in server.process.args]  # type: ignore[union-attr]
    start(second, command)
    try:
        yield second
    finally:
        second.kill()


def restart(server: services.OmsServer) -> float:
    """Start the killed server again; gives the seconds until it was ready."""
    return start(server, server.process.args)  # type: ignore[arg-type]


def start(server: services.OmsServer, command: list[str]) -> float:
    """Start ``command`` as the server's process; gives the seconds until it was ready."""
    # One client: making one costs more than many requests, and would slow down what it waits for.
    with server.log.open("ab") as log, httpx.Client(timeout=5) as client:
        started = time.monotonic()
        server.process = subprocess.Popen(
            command,
            cwd=services.ROOT,
            env=server.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        while time.monotonic() - started < services.START_TIMEOUT and server.process.poll() is None:
            try:
                if client.get(f"{server.url}/health/ready").status_code == 200:
                    return time.monotonic() - started
            except httpx.TransportError:
                time.sleep(0.02)
    tail = server.log.read_text(errors="replace")[-4000:]
    raise services.ServiceFailed(f"The server did not come up: {tail}")


def log_of(client: httpx.Client, ontology: str, ref: str = "main") -> list[dict[str, Any]]:
    """All commits of a ref, latest first."""
    commits: list[dict[str, Any]] = []
    url: str | None = f"/api/v1/ontologies/{ontology}/commits?ref={ref}&limit=1000"
    while url:
        answer = client.get(url)
        answer.raise_for_status()
        commits += answer.json()["items"]
        url = answer.links.get("next", {}).get("url")
    return commits


def verify(server: services.OmsServer, ontology: str) -> None:
    """``manage.py ontology verify``: every hash, every derived row."""
    services.manage("ontology", "verify", ontology, environment=server.environment)
