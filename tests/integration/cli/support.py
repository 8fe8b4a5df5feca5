"""What the tests of the commands share."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any, Protocol

from tests.services import ROOT

EXAMPLES = ROOT / "docs" / "examples"


@dataclass(frozen=True)
class Result:
    """What a command left: exit code and the two streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout, which must be one JSON value and nothing else."""
        return json.loads(self.out)

    @property
    def problem(self) -> Any:
        """Stderr, which must be one problem and nothing else."""
        return json.loads(self.err)


class Cli(Protocol):
    """``cli("list")`` runs ``manage.py ontology list`` and checks its exit code."""

    def __call__(self, *arguments: str, code: int = 0, stdin: str = "") -> Result: ...


class Process(Protocol):
    """``process("list")`` runs ``python manage.py ontology list`` as a shell would."""

    def __call__(
        self, *arguments: str, code: int = 0, stdin: bytes = b"", **environment: str
    ) -> Result: ...


def command(*arguments: str) -> list[str]:
    """The command line of ``manage.py ontology``."""
    return [sys.executable, str(ROOT / "manage.py"), "ontology", *arguments]
