"""A landing on its way through the data kernel: its parts are sent as they are made.

They are made in the thread that lands, since they may come out of its transaction, and gRPC sends
them from one of its own: between the two stands a short queue.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import grpc
from django.conf import settings

from ontology.rpc import messages
from ontology.rpc.channel import Line
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.store.home import Landing

__all__ = ["land"]

#: Messages that wait to be sent.
_WAITING: Final = 4
_LOOK_SECONDS: Final = 0.1


class _Standstill(grpc.RpcError):
    """The kernel took nothing and said nothing for DATA_KERNEL_TIMEOUT."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.DEADLINE_EXCEEDED

    def details(self) -> str:
        return "nothing moved any more"

    def trailing_metadata(self) -> tuple[()]:
        return ()


def land(
    line: Line, database: str, branch: str, landings: Sequence[Landing], *, expected: str
) -> Sequence[str]:
    """What ``Home.land`` says. It is tried again only while no part was taken, or where parts can
    be read again.
    """
    landings = tuple(landings)
    repeatable = all(iter(one.parts) is not one.parts for one in landings)
    taken = False

    def sent() -> Iterator[pb.LandRequest]:
        nonlocal taken
        start = pb.LandStart(
            database=database, branch=branch, expected=expected, landings=len(landings)
        )
        yield pb.LandRequest(start=start)
        for landing in landings:
            yield pb.LandRequest(landing=messages.header_message(landing))
        for landing in landings:
            taken = True
            count = 0
            for part in landing.parts:
                count += 1
                for chunk in messages.chunks_of(part):
                    yield pb.LandRequest(chunk=chunk)
            yield pb.LandRequest(end=pb.LandingEnd(parts=count))

    answer = line.attempt(
        lambda left, metadata: _send(line, sent(), left, metadata),
        seconds=settings.DATA_KERNEL_STREAM_TIMEOUT,
        repeat=lambda: repeatable or not taken,
    )
    return list(answer.identifiers)


def _send(line: Line, sent: Iterator[pb.LandRequest], left: float, metadata: Any) -> Any:
    waiting: queue.Queue[pb.LandRequest | None] = queue.Queue(_WAITING)
    running = line.home.Land.future(iter(waiting.get, None), timeout=left, metadata=metadata)
    try:
        for message in sent:
            if not _put(waiting, message, running):
                break  # it has its answer already
        else:
            _put(waiting, None, running)
        try:
            return running.result(timeout=settings.DATA_KERNEL_TIMEOUT)
        except grpc.FutureTimeoutError as error:
            raise _Standstill from error
    finally:
        running.cancel()
        _release(waiting)


def _put(waiting: queue.Queue[Any], message: pb.LandRequest | None, running: Any) -> bool:
    """Whether the call still took it."""
    end = time.monotonic() + settings.DATA_KERNEL_TIMEOUT
    while not running.done():
        try:
            waiting.put(message, timeout=_LOOK_SECONDS)
        except queue.Full:
            if time.monotonic() >= end:
                raise _Standstill from None
        else:
            return True
    return False


def _release(waiting: queue.Queue[Any]) -> None:
    """Let gRPC's thread end, which may wait for the next message."""
    while True:
        try:
            waiting.put_nowait(None)
        except queue.Full:
            with contextlib.suppress(queue.Empty):
                waiting.get_nowait()
        else:
            return
