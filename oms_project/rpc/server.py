"""The gRPC server of a data kernel: services behind the chain, health, reflection, an orderly end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from google.protobuf.descriptor import ServiceDescriptor
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from oms_project.rpc.chain import CallChain
from oms_project.rpc.health import HealthService
from oms_project.rpc.needs import check_methods
from oms_project.rpc.tokens import TokensService
from ontology.rpc.home_service import OntologyHomeService
from ontology.rpc.kernel_service import DataKernelService
from ontology.rpc.v1 import kernel_pb2, kernel_pb2_grpc
from ontology.store.home import Home

__all__ = ["DATA", "HOME", "Credentials", "KernelServer", "served_methods"]

#: Names of the services, for `grpc.health.v1`.
DATA: Final = "oms.kernel.v1.DataKernel"
HOME: Final = "oms.kernel.v1.OntologyHome"
#: Seconds between two looks at what the services stand on.
_LOOK_SECONDS: Final = 5.0

log = structlog.get_logger("oms.rpc")


def _descriptors() -> list[ServiceDescriptor]:
    return [
        *kernel_pb2.DESCRIPTOR.services_by_name.values(),
        *health_pb2.DESCRIPTOR.services_by_name.values(),
        *reflection_pb2.DESCRIPTOR.services_by_name.values(),
    ]


def served_methods() -> Iterable[str]:
    """Every ``package.Service/Method`` that a kernel serves."""
    return [
        f"{service.full_name}/{method.name}"
        for service in _descriptors()
        for method in service.methods
    ]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Certificate chain and private key, PEM."""

    certificate: bytes
    key: bytes

    @classmethod
    def of_settings(cls) -> Credentials | None:
        """Those that the settings name; None: none.

        Raises:
            ImproperlyConfigured: one without the other, or a file that cannot be read.
        """
        paths: tuple[Path | None, Path | None] = (
            settings.OMS_KERNEL_TLS_CERTIFICATE,
            settings.OMS_KERNEL_TLS_KEY,
        )
        if paths == (None, None):
            return None
        if paths[0] is None or paths[1] is None:
            raise ImproperlyConfigured(
                "OMS_KERNEL_TLS_CERTIFICATE and OMS_KERNEL_TLS_KEY belong together: set both."
            )
        try:
            return cls(paths[0].read_bytes(), paths[1].read_bytes())
        except OSError as error:
            raise ImproperlyConfigured(
                f"The data kernel's certificate cannot be read: {error}."
            ) from error


class KernelServer:
    """Serves until `stop`.

    Args:
        home: where ontologies live; must not be reached through a data kernel itself.
        host, port: where to listen; port 0: any that is free.
        credentials: for TLS; None: without.
        threads: calls that are served at once.

    Raises:
        ImproperlyConfigured: a method declares no need, or the address cannot be used.
    """

    def __init__(
        self,
        home: Home,
        *,
        host: str,
        port: int,
        credentials: Credentials | None = None,
        threads: int | None = None,
    ) -> None:
        check_methods(served_methods())
        self._home = home
        self._stopping = threading.Event()
        self._troubles = ("", "")
        most = settings.OMS_KERNEL_MAX_MESSAGE_BYTES
        self._pool = ThreadPoolExecutor(
            threads or settings.OMS_KERNEL_THREADS, thread_name_prefix="oms-grpc"
        )
        self._server = grpc.server(
            self._pool,
            interceptors=[CallChain()],
            options=(
                ("grpc.so_reuseport", 0),  # a second kernel on the port is a mistake to be told
                ("grpc.max_receive_message_length", most),
                ("grpc.max_send_message_length", most),
                ("grpc.max_metadata_size", 32 * 1024),
                # Callers ask whether the line stands, also while nothing is called.
                ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.keepalive_time_ms", 60_000),
                ("grpc.keepalive_timeout_ms", 20_000),
            ),
        )
        self._health = HealthService()
        self._add_services()
        self.port = self._listen(f"{host}:{port}", credentials)
        self._watch = threading.Thread(target=self._look, name="oms-grpc-health", daemon=True)

    def start(self) -> None:
        """Take calls; gives back at once."""
        self.look()
        self._server.start()
        self._watch.start()

    def stop(self, grace: float | None = None) -> None:
        """Take no new calls, let those that run end, break off what is left after ``grace``
        seconds (default: OMS_KERNEL_DRAIN_SECONDS). Again and again is no error.
        """
        self._stopping.set()
        self._health.close()
        seconds = settings.OMS_KERNEL_DRAIN_SECONDS if grace is None else grace
        self._server.stop(seconds).wait()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def look(self) -> None:
        """Look at what the services stand on, and tell who asks for health."""
        database = _trouble_of(_ask_database)
        home = database or _trouble_of(self._ask_home)
        self._health.tell({"": not database, DATA: not database, HOME: not home})
        if (database, home) != self._troubles:
            self._troubles = database, home
            log.info("health", database=database or "well", home=home or "well")

    def _look(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            try:
                self.look()
            finally:
                connections.close_all()  # this thread's own

    def _ask_home(self) -> None:
        info = self._home.info()
        if info.problem:
            raise RuntimeError(info.problem)

    def _add_services(self) -> None:
        add: Any = kernel_pb2_grpc
        add.add_DataKernelServicer_to_server(DataKernelService(), self._server)
        add.add_OntologyHomeServicer_to_server(OntologyHomeService(self._home), self._server)
        add.add_TokensServicer_to_server(TokensService(), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = [service.full_name for service in _descriptors()]
        reflection.enable_server_reflection(names, self._server)

    def _listen(self, address: str, credentials: Credentials | None) -> int:
        try:
            if credentials is None:
                return self._server.add_insecure_port(address)
            pair = (credentials.key, credentials.certificate)
            return self._server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
        except RuntimeError as error:
            raise ImproperlyConfigured(
                f"The data kernel cannot listen on {address}: {error}."
            ) from error


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _trouble_of(ask: Callable[[], None]) -> str:
    """Why something is not well; empty when it is."""
    try:
        ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, the thing is not well
        return f"{type(error).__name__}: {error}"
    return ""
