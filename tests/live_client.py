"""The npm clients of graphql-ws and graphql-sse, driven from Python."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.node import VENDOR, node

__all__ = ["LiveClient", "live_client"]


class LiveClient:
    """A Node process with one client."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard.put(json.loads(line))

    def _tell(self, **command: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def subscribe(self, key: str, query: str, variables: Mapping[str, Any] | None = None) -> None:
        self._tell(op="subscribe", id=key, query=query, variables=variables or {})

    def stop(self, key: str) -> None:
        self._tell(op="stop", id=key)

    def hear(self, seconds: float = 30) -> dict[str, Any]:
        """What happened next."""
        try:
            return self._heard.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"Nothing was heard within {seconds} s.") from None

    def hear_of(self, event: str, seconds: float = 30) -> dict[str, Any]:
        """The next thing of one kind; errors are never passed over."""
        while True:
            found = self.hear(seconds)
            if found["event"] == event:
                return found
            assert found["event"] != "error", found

    def data(self, seconds: float = 30) -> Any:
        """The data of the next answer."""
        payload = self.hear_of("next", seconds)["payload"]
        assert "errors" not in payload, payload
        return payload["data"]

    def silent(self, seconds: float) -> bool:
        """Whether nothing is heard for so long."""
        try:
            found = self._heard.get(timeout=seconds)
        except queue.Empty:
            return True
        raise AssertionError(found)


@contextmanager
def live_client(kind: str, url: str, token: str, protocol: str = "") -> Iterator[LiveClient]:
    """A client of ``url``.

    Args:
        kind: ``ws`` or ``sse``.
        protocol: a subprotocol other than the client's own.
    """
    command = [str(node()), str(VENDOR / "live-client.mjs"), kind, url, token, protocol]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield LiveClient(process)
        finally:
            process.kill()
