"""What the commands of the trail share."""

from __future__ import annotations

from oms_project.management.base import Format, OperatorCommand

__all__ = ["AuditBase", "Format"]


class AuditBase(OperatorCommand):
    """Base of ``manage.py audit``."""

    command_name = "audit"
