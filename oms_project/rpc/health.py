"""``grpc.health.v1``: whether the services of a kernel can be used, asked or watched.

The servicer of grpcio-health-checking holds a lock while it sends, and takes the same lock in the
thread that must say that something was sent: a watcher that leaves in that moment stops the whole
server. This one sends from a thread of each watcher's own, and without a lock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

__all__ = ["HealthService"]

#: Who may watch at once.
_WATCHERS: Final = 64

_Status = health_pb2.HealthCheckResponse


class HealthService(health_pb2_grpc.HealthServicer):  # type: ignore[misc] # it has no types
    """Knows how each service is; the empty name stands for all of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._statuses: dict[str, int] = {}
        self._watchers = 0
        self._closed = False
        self._pool = ThreadPoolExecutor(_WATCHERS, thread_name_prefix="oms-grpc-watch")

        def watch(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            return self._watch(request, context)

        # gRPC's own hook: these calls wait in threads of their own, not in those that serve.
        watch.experimental_thread_pool = self._pool  # type: ignore[attr-defined]
        self.Watch = watch

    def tell(self, statuses: Mapping[str, bool]) -> None:
        """How services are: name -> whether it can be used."""
        with self._changed:
            if self._closed:
                return
            self._statuses.update(
                {
                    name: _Status.SERVING if well else _Status.NOT_SERVING
                    for name, well in statuses.items()
                }
            )
            self._changed.notify_all()

    def close(self) -> None:
        """Nothing can be used any more; watchers are told so, and let go."""
        with self._changed:
            self._statuses = dict.fromkeys(self._statuses, _Status.NOT_SERVING)
            self._closed = True
            self._changed.notify_all()
        self._pool.shutdown(wait=False)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - the protocol's name
        with self._changed:
            status = self._statuses.get(request.service)
        if status is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "There is no such service.")
        return _Status(status=status)

    def List(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        with self._changed:
            told = {name: _Status(status=status) for name, status in self._statuses.items()}
        return health_pb2.HealthListResponse(statuses=told)

    def _watch(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        with self._changed:
            full = self._watchers >= _WATCHERS
            self._watchers += not full
        if full:
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many watch already.")
        context.add_callback(self._wake)
        told: int | None = None
        try:
            while True:
                with self._changed:
                    while (status := self._status(request.service)) == told:
                        if self._closed or not context.is_active():
                            return
                        self._changed.wait()
                    closed = self._closed
                if not context.is_active():
                    return
                told = status
                yield _Status(status=status)
                if closed:
                    return
        finally:
            with self._changed:
                self._watchers -= 1

    def _status(self, service: str) -> int:
        return self._statuses.get(service, int(_Status.SERVICE_UNKNOWN))

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
