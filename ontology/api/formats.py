"""Answers that are files: which format is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from oms_project.core.errors import BadRequest

__all__ = ["AnyRepresentation", "Formats", "unknown_format", "wanted_format"]

#: format name -> (media type, file extension)
Formats = Mapping[str, tuple[str, str]]


class AnyRepresentation(BaseContentNegotiation):
    """The view itself looks at ``Accept``: its answers are no renderer's."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """As the default does."""
        return next(
            (parser for parser in parsers if parser.media_type == request.content_type), None
        )

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        """Any; it renders problems alone."""
        return renderers[0], renderers[0].media_type


def wanted_format(request: Request, given: str, formats: Formats, *, default: str) -> str:
    """The name of the format that is asked for: by name, else by ``Accept``, else ``default``.

    Raises:
        BadRequest: there is no format of that name.
    """
    if given:
        if given not in formats:
            raise unknown_format(given, formats, parameter="format")
        return given
    by_media = {media: name for name, (media, _extension) in formats.items()}
    for item in request.headers.get("Accept", "").split(","):
        name = by_media.get(item.partition(";")[0].strip().lower())
        if name is not None:
            return name
    return default


def unknown_format(given: str, formats: Formats, **where: str) -> BadRequest:
    """The error for a format that there is not; ``where``: the ``parameter`` or ``field``."""
    message = f"'{given[:50]}' is no format: use {', '.join(formats)}."
    code = "rdf_format" if "turtle" in formats else "table_format"
    return BadRequest(message, code=code, errors=[{**where, "message": message}])
