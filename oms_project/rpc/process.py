"""The process of ``manage.py kernel``: REST with Daphne and gRPC, side by side, until it is told to
end.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from oms_project.core.errors import OmsError
from oms_project.core.services import forget_services, service
from oms_project.rpc.server import Credentials, KernelServer
from ontology.store.home import Home

__all__ = ["KernelMisconfigured", "KernelProcess", "check_transport", "kernel_home"]

_TERMINUS_HOME: Final = "ontology.store.terminusdb.home.TerminusHome"
_KERNEL_HOME: Final = "ontology.rpc.client.KernelHome"
_LOOK_SECONDS: Final = 0.1
_WAKE_SECONDS: Final = 0.5

log = structlog.get_logger("oms.rpc")


class KernelMisconfigured(OmsError):
    """A data kernel does not start with settings like these."""

    code = "kernel_misconfigured"
    title = "Data kernel misconfigured"


def kernel_home() -> Home:
    """The home that a data kernel serves, and uses itself: TerminusDB, directly. Settings that say
    "through the data kernel" are meant for the processes that call it.

    Raises:
        KernelMisconfigured: only such settings are there: it would call itself.
    """
    named = settings.OMS_SERVICES["ontology_home"]
    if settings.TERMINUSDB_ENDPOINT and named in (_KERNEL_HOME, _TERMINUS_HOME):
        settings.OMS_SERVICES = {**settings.OMS_SERVICES, "ontology_home": _TERMINUS_HOME}
        forget_services()
    elif named == _KERNEL_HOME:
        raise KernelMisconfigured(
            "With USE_DATA_KERNEL_GATEWAY alone the data kernel would call itself: set "
            "TERMINUSDB_ENDPOINT for this process."
        )
    return service("ontology_home", Home)


def check_transport(credentials: Credentials | None) -> None:
    """Refuse to speak without TLS where that was not said to be wanted.

    Raises:
        KernelMisconfigured: production without a certificate.
    """
    if credentials is None and not settings.OMS_KERNEL_PLAIN:
        raise KernelMisconfigured(
            "The data kernel does not start without TLS in production: set "
            "OMS_KERNEL_TLS_CERTIFICATE and OMS_KERNEL_TLS_KEY, or OMS_KERNEL_TRUSTED_NETWORK=true "
            "where nobody else can listen on the way."
        )


class KernelProcess:
    """Both servers.

    Args:
        host: address to listen on.
        rest_port: None: gRPC only.
        grpc_port: 0: any that is free.
        tell: gets a line for each address as soon as it is served.

    Raises:
        KernelMisconfigured: settings that cannot be used, an address that is taken.
    """

    def __init__(
        self, *, host: str, rest_port: int | None, grpc_port: int, tell: Callable[[str], None]
    ) -> None:
        self._host = host
        self._rest_port = rest_port
        self._tell = tell
        try:
            self._credentials = Credentials.of_settings()
            check_transport(self._credentials)
            self._grpc = KernelServer(
                kernel_home(), host=host, port=grpc_port, credentials=self._credentials
            )
        except ImproperlyConfigured as error:
            raise KernelMisconfigured(str(error)) from error
        self._ended = threading.Event()
        self._failed: str = ""
        self._ending: threading.Thread | None = None
        self._http: Any = None

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then let what runs end. A second signal ends at once.

        Raises:
            KernelMisconfigured: REST cannot listen.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.end())
        if self._rest_port is None:
            self._grpc.start()
            self._announce("")
            # Who waits without end may not hear of a signal: one that comes between Python's last look
            # and the wait is seen when the wait ends.
            while not self._ended.wait(_WAKE_SECONDS):
                pass
        else:
            self._run_http(self._rest_port)
        if self._ending is not None:
            self._ending.join()
        if self._failed:
            self._grpc.stop(0)
            raise KernelMisconfigured(self._failed)

    def end(self) -> None:
        """Begin to end; called again, end at once."""
        if self._ending is None:
            log.info("the data kernel ends", drain_seconds=settings.OMS_KERNEL_DRAIN_SECONDS)
            self._ending = threading.Thread(target=self._drain, name="oms-kernel-end")
            self._ending.start()
        else:
            self._grpc.stop(0)
            self._stop_http()

    def _drain(self) -> None:
        deadline = time.monotonic() + settings.OMS_KERNEL_DRAIN_SECONDS
        self._close_http()
        self._grpc.stop()
        while self._http_is_busy() and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        self._ended.set()
        self._stop_http()

    def _announce(self, rest: str) -> None:
        if rest:
            self._tell(f"REST  {rest}")
        self._tell(f"gRPC  {self._host}:{self._grpc.port}")

    # --- Daphne -------------------------------------------------------------------------------
    def _run_http(self, port: int) -> None:
        settings.ROOT_URLCONF = settings.OMS_KERNEL_URLCONF
        # Daphne chooses how Twisted runs as soon as it is imported: not before it is needed.
        from daphne.server import Server  # type: ignore[import-untyped]
        from django.core.asgi import get_asgi_application

        from oms_project.middleware.declarations import check_routes
        from oms_project.serving import teach_daphne

        check_routes()
        teach_daphne()
        server = Server(
            get_asgi_application(),
            endpoints=[_endpoint(self._host, port, tls=self._credentials is not None)],
            signal_handlers=False,
            verbosity=0,
            server_name="oms",
            ready_callable=self._listening,
        )
        self._http = server
        server.run()  # comes back at once when it cannot listen, and says so in the log only
        asyncio.set_event_loop(None)
        if self._ending is None:
            self._failed = f"REST cannot listen on {self._host}:{port}: it is taken, or not ours."

    def _listening(self) -> None:
        if not self._http.listening_addresses:
            return
        self._grpc.start()
        scheme = "http" if self._credentials is None else "https"
        self._announce(f"{scheme}://{self._host}:{self._http.listening_addresses[0][1]}/")

    def _close_http(self) -> None:
        """Take no new connections, and no new requests on those that there are."""
        if self._http is None:
            return
        from twisted.internet import reactor

        def close() -> None:
            for listener in self._http.listeners:
                listener.addCallback(lambda port: port.stopListening())

        reactor.callFromThread(close)

    def _http_is_busy(self) -> bool:
        if self._http is None:
            return False
        return any(
            not running.done()
            for one in list(self._http.connections.values())
            if (running := one.get("application_instance")) is not None
        )

    def _stop_http(self) -> None:
        if self._http is None:
            return
        from twisted.internet import reactor as found

        reactor: Any = found  # which one it is turns out at run time

        def stop() -> None:
            if reactor.running:
                reactor.stop()

        reactor.callFromThread(stop)


def _endpoint(host: str, port: int, *, tls: bool) -> str:
    """What Twisted calls an address."""

    def safe(path: Path | str | None) -> str:
        return str(path).replace("\\", "\\\\").replace(":", "\\:")

    if not tls:
        return f"tcp:{port}:interface={safe(host)}"
    return (
        f"ssl:{port}:interface={safe(host)}:privateKey={safe(settings.OMS_KERNEL_TLS_KEY)}"
        f":certKey={safe(settings.OMS_KERNEL_TLS_CERTIFICATE)}"
    )
