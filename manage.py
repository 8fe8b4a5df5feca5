#!/usr/bin/env python
"""Commands of OMS: ``python manage.py help`` lists them."""

from __future__ import annotations

import sys

from oms_project.settings.env import EnvironmentInvalid, use_settings


def main() -> None:
    """Run the command that the arguments name, with development settings unless told otherwise."""
    use_settings("oms_project.settings.dev")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except EnvironmentInvalid as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
