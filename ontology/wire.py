"""Contract values as JSON: members in camelCase, documents spliced in as they are stored.

A document travels as the JSON text that the store gave out, with its etag in front; it is never
parsed and written again on the way. Numbers keep their value: ``Decimal`` and integers of any size
are written exactly.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

import orjson
from pydantic.alias_generators import to_camel

from oms_project.core.canonical_json import with_large_integers
from oms_project.core.clock import isoformat
from ontology.contract import DocumentView, VerifyReport

__all__ = ["document_text", "json_bytes", "page_bytes"]

_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def json_bytes(value: Any) -> bytes:
    """``value`` as UTF-8 JSON.

    Raises:
        TypeError: the value holds something that JSON cannot say.
    """
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS)
    except TypeError:
        # An integer beyond 64 bits is the one thing that `default` is not asked about.
        return orjson.dumps(with_large_integers(value, _opened), default=_plain, option=_OPTIONS)


def document_text(view: DocumentView) -> str:
    """A document as JSON text: as the store renders it, with its ``_etag`` in front."""
    return f'{{"_etag":"{view.etag}",{view.json[1:]}'


def page_bytes(
    texts: Iterable[str], *, following: str | None, commit: str, total: int | None = None
) -> bytes:
    """A page, from the JSON texts of its items: joined, not parsed.

    Args:
        texts: JSON texts.
        following: cursor of the next page.
        commit: id of the commit that was read.
        total: how many items there are on all pages; None: they were not counted.
    """
    return b'{"items":[%b],"next":%b,"commit":%b%b}' % (
        ",".join(texts).encode(),
        orjson.dumps(following),
        orjson.dumps(commit),
        b"" if total is None else b',"total":%d' % total,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, DocumentView):
        return orjson.Fragment(document_text(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = {key: getattr(value, name) for name, key in _members(type(value))}
        return {"ok": value.ok, **members} if isinstance(value, VerifyReport) else members
    if isinstance(value, dt.datetime):
        return isoformat(value)
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON.")


@lru_cache(maxsize=256)
def _members(kind: type[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, to_camel(field.name)) for field in dataclasses.fields(kind))


def _opened(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, DocumentView):
        return _plain(value)
    return value
