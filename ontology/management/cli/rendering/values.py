"""JSON values, times and paths, short enough for a line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import simplejson

from oms_project.management.text import clean
from ontology.contract import CommitInfo

__all__ = ["local_text", "one_line", "plural", "short", "time_text"]

_WIDTH = 160


def short(value: Any, names: Mapping[str, str] | None = None, *, width: int = _WIDTH) -> str:
    """A JSON value on one line: references by name, long ones cut with ``…``."""
    names = names or {}
    if isinstance(value, str):
        text = names.get(value) or simplejson.dumps(value, ensure_ascii=False)
    else:
        text = simplejson.dumps(_named(value, names), use_decimal=True, ensure_ascii=False)
    text = clean(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def _named(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, Mapping):
        return {key: _named(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_named(item, names) for item in value]
    return value


def time_text(time: dt.datetime) -> str:
    """``2026-07-05 12:00:00Z``, the same on every machine."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def one_line(commit: CommitInfo) -> str:
    """The first line of a commit's message."""
    return commit.message.strip().partition("\n")[0]


def local_text(texts: Mapping[str, str] | None) -> str:
    """The text of a language map that an English reader expects first."""
    if not texts:
        return ""
    return texts.get("en") or texts.get("@none") or next(iter(texts.values()))


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 document``, ``2 documents``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
