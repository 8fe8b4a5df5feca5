"""What django-auditlog finds in rows becomes events of the trail, in the transaction of the change.

django-auditlog lets a project name its own model for entries. Ours has no table: its manager
records an event where the library would have inserted a row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.db import models

from audit.contract import Subject, audit_log

__all__ = ["MASK", "RowChanges", "mask"]

MASK: Final = "•••"
_ACTIONS: Final = {0: "record.created", 1: "record.changed", 2: "record.deleted"}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def mask(_value: object) -> str:
    """What stands in an event for a value that is nobody's business."""
    return MASK


class RowChanges(models.Manager[Any]):
    """Takes django-auditlog's entries (the methods of its own manager that it calls)."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """Nothing: there is no table (``dumpdata`` asks)."""
        return super().get_queryset().none()

    def log_create(
        self,
        instance: models.Model,
        force_log: bool = False,
        *,
        action: int = 1,
        changes: Mapping[str, tuple[Any, Any]] | None = None,
        **_entry: object,
    ) -> None:
        """A row was added, changed or deleted."""
        told = {
            name: (before, after)
            for name, (before, after) in (changes or {}).items()
            if (before, after) not in ((None, ""), ("", None)) or action == 1
        }
        if action in _ACTIONS and (told or force_log):
            audit_log.record(_ACTIONS[action], _subject(instance), changes=told)

    def log_m2m_changes(
        self,
        changed_queryset: models.QuerySet[Any],
        instance: models.Model,
        operation: str,
        field_name: str,
        **_entry: object,
    ) -> None:
        """Rows were linked to a row, or are not linked to it any more."""
        names = sorted(str(related) for related in changed_queryset)
        if names:
            change = (None, names) if operation == "add" else (names, None)
            audit_log.record("record.changed", _subject(instance), changes={field_name: change})


def _subject(instance: models.Model) -> Subject:
    kind = _CAMEL.sub("_", type(instance).__name__).lower()
    return Subject(kind, str(instance.pk), str(instance))
