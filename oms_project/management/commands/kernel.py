"""``manage.py kernel``: serve the data kernel."""

from __future__ import annotations

import contextvars
from typing import Annotated

import typer
from django.conf import settings
from django_typer.management import command

from oms_project.management.base import OperatorCommand, examples_of

__all__ = ["Command"]


class Command(OperatorCommand, rich_markup_mode="rich"):
    """Serve the data kernel: WOQL and documents over REST and gRPC, and the home of ontologies for
    other OMS processes.
    """

    @command(
        epilog=examples_of(
            "kernel", "", "--host 0.0.0.0 --port 8443 --grpc-port 8444", "--grpc-only"
        ),
    )
    def handle(
        self,
        *,
        host: Annotated[
            str,
            typer.Option(
                "--host",
                metavar="ADDRESS",
                help="Address to listen on, for both (default: OMS_KERNEL_HOST).",
            ),
        ] = "",
        port: Annotated[
            int | None,
            typer.Option(
                "--port",
                metavar="PORT",
                min=0,
                max=65535,
                help="Where REST listens; 0: any that is free (default: OMS_KERNEL_PORT).",
            ),
        ] = None,
        grpc_port: Annotated[
            int | None,
            typer.Option(
                "--grpc-port",
                metavar="PORT",
                min=0,
                max=65535,
                help="Where gRPC listens; 0: any that is free (default: OMS_KERNEL_GRPC_PORT).",
            ),
        ] = None,
        grpc_only: Annotated[
            bool, typer.Option("--grpc-only", help="Serve gRPC, and no REST.")
        ] = False,
    ) -> None:
        """Serve the data kernel: WOQL and documents over REST and gRPC, and the homes of ontologies
        for other OMS processes.

        It prints where it listens. SIGTERM or Ctrl-C ends it: calls that run may
        end, for OMS_KERNEL_DRAIN_SECONDS at most; a second one ends it at once.

        Exit codes: 0 ended by a signal, 1 refused, 2 usage.
        """
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
