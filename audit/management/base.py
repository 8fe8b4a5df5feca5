"""What the commands of the trail share."""

from __future__ import annotations

from oms_project.management.base import Format, OperatorCommand

__all__ = ["AuditBase", "Format", "examples"]


def examples(*lines: str) -> str:
    """The end of a help text: what one would type."""
    return "\n".join(["[bold]Examples[/bold]", *(f"python manage.py audit {one}" for one in lines)])


class AuditBase(OperatorCommand):
    """Base of ``manage.py audit``."""

    command_name = "audit"
