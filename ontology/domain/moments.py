"""Moments as people write them: an ISO 8601 time with its zone, or a day, which means its end."""

from __future__ import annotations

import datetime as dt
import re

__all__ = ["parse_moment"]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.*", re.ASCII)
#: A plus in an address that was not escaped arrives as a space.
_BARE_OFFSET = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)", re.ASCII)


def parse_moment(text: str) -> dt.datetime:
    """The moment that ``text`` names, in UTC.

    A day (``2026-07-05``) is its last microsecond in UTC, so that all that was done on it counts.

    Raises:
        ValueError: a sentence for people; the text is no moment, or its time says no zone.
    """
    text = text.strip()
    try:
        if _DAY.fullmatch(text):
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time.max, dt.UTC)
        if _TIME.fullmatch(text) is None:
            raise ValueError(text)
        # Python also reads other spellings of ISO 8601; the pattern leaves the usual one.
        time = dt.datetime.fromisoformat(_BARE_OFFSET.sub("+", text))
        moment = None if time.tzinfo is None else time.astimezone(dt.UTC)
    except (OverflowError, ValueError) as error:
        raise ValueError(
            f"'{text[:60]}' is not a time. Write a day (2026-07-05) or a time with its zone "
            "(2026-07-05T12:00:00Z)."
        ) from error
    if moment is None:
        raise ValueError(f"'{text[:60]}' says no zone. Add Z for UTC, or an offset such as +09:00.")
    return moment
