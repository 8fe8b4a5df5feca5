"""A NATS server that can be started again at the same address, with the same store or an empty one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import services


@dataclass
class Restartable:
    """A server; `start` it again after `service.kill()`."""

    folder: Path
    extra: str = ""
    port: int = field(default_factory=services.free_port)
    service: services.Service = field(init=False)

    @property
    def url(self) -> str:
        return f"nats://{services.HOST}:{self.port}"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def start(self) -> None:
        """Start it and wait until it answers."""
        log, config = self.folder / "nats.log", self.folder / "nats.conf"
        config.write_text(f'jetstream {{ store_dir: "{self.store}" }}\n{self.extra}\n')
        program = Path(sys.executable).parent / "nats-server"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [program, "-a", services.HOST, "-p", str(self.port), "-c", config],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self.service = services.Service("nats", self.url, process, log)
        services._until(self.service, lambda: services._answers(self.port, b"", b"INFO"))

    def restart(self, *, empty: bool = False) -> None:
        """``kill -9`` and start again; ``empty``: as after the loss of the disk."""
        self.service.kill()
        if empty:
            shutil.rmtree(self.store)
        self.start()


@contextmanager
def restartable_nats(extra: str = "") -> Iterator[Restartable]:
    """A server of its own. ``extra``: more lines of its configuration."""
    folder = Path(tempfile.mkdtemp(prefix="oms-nats-", dir="/tmp"))
    server = Restartable(folder, extra)
    try:
        server.start()
        yield server
    finally:
        if hasattr(server, "service"):
            server.service.kill()
        shutil.rmtree(folder, ignore_errors=True)
