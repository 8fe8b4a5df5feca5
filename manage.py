#!/usr/bin/env python
"""Commands of OMS: ``python manage.py help`` lists them."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

_INTERRUPTED = 130  # 128 + SIGINT


def main() -> None:
    """Run the command that the arguments name, with development settings unless told otherwise."""
    _use_virtual_environment()
    from oms_project.settings.env import EnvironmentInvalid, use_settings

    use_settings("oms_project.settings.dev")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except EnvironmentInvalid as error:
        sys.exit(f"error: {error}")


def _use_virtual_environment() -> None:
    """Start again with the Python that ``make`` set up, when this one has no Django.

    So ``python manage.py`` works in a new terminal, where nobody has activated anything.
    """
    if importlib.util.find_spec("django") is not None:
        return
    python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
    if not python.exists() or Path(sys.executable) == python:
        sys.exit("error: OMS is not installed here. Run `make install` first.")
    os.execv(python, [str(python), *sys.argv])  # noqa: S606 - the same command, another Python


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
