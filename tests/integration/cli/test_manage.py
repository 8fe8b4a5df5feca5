"""``manage.py`` by a Python that lacks what OMS needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import ROOT


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """A Python without packages."""
    folder = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


def test_it_starts_again_with_the_virtual_environment(bare_python: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(ROOT / "manage.py", tmp_path))
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    done = _run(bare_python, copy)
    assert done.stdout == f"{copy} ontology list\n"
    assert done.returncode == 0


def test_it_says_what_to_do_when_there_is_none(bare_python: Path, tmp_path: Path) -> None:
    done = _run(bare_python, Path(shutil.copy(ROOT / "manage.py", tmp_path)))
    assert done.stderr == "error: OMS is not installed here. Run `make install` first.\n"
    assert done.returncode == 1


def _run(python: Path, manage: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, manage, "ontology", "list"],
        capture_output=True, text=True, check=False, timeout=60, cwd=manage.parent,
    )  # fmt: skip
