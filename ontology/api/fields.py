"""Which fields a document can have, for ``?fields=``."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from oms_project.core.errors import BadRequest
from ontology.domain.kinds import MODELS, Kind

__all__ = ["checked_fields", "known_fields"]

_IDENTITY = ("_etag", "@id", "@type", "rid")
_AUDIT = (
    *(f"_created_{part}" for part in ("by", "by_username", "at")),
    *(f"_updated_{part}" for part in ("by", "by_username", "at")),
    *("_deleted", "_deleted_by", "_deleted_at"),
)


def checked_fields(fields: tuple[str, ...], kinds: Collection[Kind]) -> tuple[str, ...]:
    """``fields`` when documents of ``kinds`` (none: of any kind) can have them.

    Raises:
        BadRequest: naming those that they cannot have.
    """
    known = known_fields(frozenset(kinds)) if fields else None
    unknown = [name for name in fields if known is not None and name not in known]
    if unknown:
        message = f"There is no field {', '.join(unknown)[:200]} here."
        raise BadRequest(
            message, code="bad_query", errors=[{"parameter": "fields", "message": message}]
        )
    return fields


@cache
def known_fields(kinds: frozenset[Kind]) -> tuple[str, ...] | None:
    """The fields that documents of ``kinds`` (none: of any kind) can have; None: any."""
    if not all(kind in MODELS for kind in kinds):
        return None  # an object has the fields of its type
    known = dict.fromkeys((*_IDENTITY, *_AUDIT))
    for kind in kinds or MODELS:
        known.update(dict.fromkeys(str(item.alias) for item in MODELS[kind].model_fields.values()))
    return tuple(known)
