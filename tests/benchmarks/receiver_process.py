"""A receiver of webhooks in a process of its own: counts POSTs, and says when each came.

``python receiver_process.py``: prints its port; a line on stdin asks for the count and the times
(seconds of the machine's monotonic clock) since the last line, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

_ANSWER = b"HTTP/1.1 200 OK\r\nWebHook-Allowed-Origin: *\r\ncontent-length: 0\r\n\r\n"
_arrived: list[float] = []


class Receiver(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as far as these requests need it."""

    def __init__(self) -> None:
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while True:
            head, found, rest = self._waiting.partition(b"\r\n\r\n")
            if not found:
                return
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if len(rest) < length:
                return
            self._waiting = rest[length:]
            if head.startswith(b"POST"):
                _arrived.append(time.monotonic())
            self._transport.write(_ANSWER)  # type: ignore[attr-defined]


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        some, _arrived[:] = list(_arrived), []
        print(json.dumps(some), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
