"""django-auditlog watches rows for us."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from django.db import models

__all__ = ["AuditlogWatch"]

# Fields whose values are never told, whatever the caller says.
_SECRET: Final = re.compile(r"password|secret|token|hash|private|otp", re.IGNORECASE)


class AuditlogWatch:
    """Registers models with django-auditlog; `audit.rowchanges` takes what it finds."""

    def watch(
        self,
        model: type[models.Model],
        *,
        exclude: Sequence[str] = (),
        mask: Sequence[str] = (),
        links: Sequence[str] = (),
    ) -> None:
        """See `RowWatch.watch`."""
        from auditlog.registry import auditlog

        fields = model._meta.get_fields()  # noqa: SLF001 - Django's public name for it
        own = {field.name for field in fields if not field.auto_created or field.concrete}
        others = {field.name for field in fields} - own  # relations that point here
        secret = {name for name in own if _SECRET.search(name)}
        auditlog.register(
            model,
            exclude_fields=sorted({*exclude, *others}),
            mask_fields=sorted({*mask, *secret}),
            mask_callable="audit.rowchanges.mask",
            m2m_fields=list(links),
        )
