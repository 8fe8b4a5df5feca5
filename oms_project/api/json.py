"""JSON in and out over REST, with numbers that keep their value."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import IO, Any

import orjson
from django.conf import settings
from django.utils.encoding import force_str
from django.utils.functional import Promise
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from oms_project.core import canonical_json
from oms_project.core.clock import isoformat
from oms_project.core.errors import TooLarge

__all__ = ["ExactJSONParser", "ExactJSONRenderer", "to_json"]


class ExactJSONParser(BaseParser):
    """``application/json`` through `canonical_json.loads`, within a bound on its size."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The parsed body.

        Raises:
            ParseError: not JSON; the message says where (400).
            TooLarge: more than ``OMS_MAX_BODY_BYTES`` (413).
        """
        limit = settings.OMS_MAX_BODY_BYTES
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(
                f"The body is larger than {limit // 1024 // 1024} MB.", data={"max_bytes": limit}
            )
        try:
            return canonical_json.loads(raw)
        except UnicodeDecodeError as error:
            raise ParseError("The body is not UTF-8.") from error
        except RecursionError as error:
            raise ParseError("The body is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error


class ExactJSONRenderer(BaseRenderer):
    """``application/json`` with exact decimals and integers of any size."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """UTF-8 bytes; none for ``None``."""
        return b"" if data is None else to_json(data)


def to_json(value: Any) -> bytes:
    """Any answer as UTF-8 JSON: also dates, UUIDs, decimals, enums and translated texts."""
    try:
        return orjson.dumps(value, default=_default, option=_OPTIONS)
    except TypeError:  # an integer beyond 64 bits is the one thing that `_default` is not asked for
        return orjson.dumps(
            canonical_json.with_large_integers(value), default=_default, option=_OPTIONS
        )


_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


def _default(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case Promise():
            return force_str(value)
        case datetime():
            return isoformat(value)
        case date() | uuid.UUID():
            return str(value)
        case Enum():
            return value.value
        case Mapping():
            return dict(value)
        case tuple() | set() | frozenset():
            return list(value)
        case _ if hasattr(value, "__iter__"):
            return list(value)
        case _:
            raise TypeError(f"{type(value).__name__} is no JSON value.")
