"""``manage.py kernel``: serve the data kernel."""

from __future__ import annotations

import contextvars
from typing import Annotated

import typer
from django.conf import settings

from oms_project.management.base import OperatorCommand

__all__ = ["Command"]


class Command(OperatorCommand, rich_markup_mode="rich"):
    """Serve the data kernel: WOQL and documents over REST and gRPC, and the home of ontologies for
    other OMS processes.

    Exit codes: 0 ended by a signal, 1 refused, 2 usage.
    """

    def handle(
        self,
        *,
        host: Annotated[
            str, typer.Option("--host", help="Address to listen on (default: OMS_KERNEL_HOST).")
        ] = "",
        port: Annotated[
            int | None,
            typer.Option("--port", min=0, max=65535, help="REST (default: OMS_KERNEL_PORT)."),
        ] = None,
        grpc_port: Annotated[
            int | None,
            typer.Option(
                "--grpc-port", min=0, max=65535, help="gRPC (default: OMS_KERNEL_GRPC_PORT)."
            ),
        ] = None,
        grpc_only: Annotated[bool, typer.Option("--grpc-only", help="Without REST.")] = False,
    ) -> None:
        """Serve the data kernel until Ctrl-C."""
        from oms_project.rpc.process import KernelProcess

        with self.session(None, as_json=False):
            rest = settings.OMS_KERNEL_PORT if port is None else port
            process = KernelProcess(
                host=host or settings.OMS_KERNEL_HOST,
                rest_port=None if grpc_only else rest,
                grpc_port=settings.OMS_KERNEL_GRPC_PORT if grpc_port is None else grpc_port,
                tell=self._tell,
            )
            # Nobody acts in a server until a call says who.
            contextvars.Context().run(process.run)

    def _tell(self, line: str) -> None:
        self.line(line)
        self.stdout.flush()
