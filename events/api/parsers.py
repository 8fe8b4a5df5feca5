"""Bodies as they came, and answers that are events themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from events.domain.cloudevents import BATCH, STRUCTURED
from oms_project.api.json import ExactJSONRenderer
from oms_project.core.errors import TooLarge

__all__ = [
    "SCHEMA",
    "BatchRenderer",
    "RawParser",
    "SchemaRenderer",
    "StructuredRenderer",
]

SCHEMA = "application/schema+json"


class _Raw(bytes):
    """A body that has no fields, also where Django takes it for a form: of sessions it looks for
    the CSRF token there before it looks at the header.
    """

    def get(self, _name: str, default: Any = None) -> Any:
        """What a form without the field says."""
        return default


class RawParser(BaseParser):
    """Any content type, as bytes: which of the content modes it is, CloudEvents says."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body's bytes.

        Raises:
            TooLarge: more than ``OMS_MAX_BODY_BYTES`` (413).
        """
        limit = settings.OMS_MAX_BODY_BYTES
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(
                f"The body is larger than {limit // 1024 // 1024} MB.", data={"max_bytes": limit}
            )
        return _Raw(raw)


class _AsItIs(BaseRenderer):
    """Bytes that were made already."""

    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The bytes."""
        return bytes(data or b"")


class BatchRenderer(_AsItIs):
    """A batch of CloudEvents."""

    media_type = BATCH
    format = "batch"


class StructuredRenderer(_AsItIs):
    """One CloudEvent, structured."""

    media_type = STRUCTURED
    format = "event"


class SchemaRenderer(ExactJSONRenderer):
    """JSON Schema."""

    media_type = SCHEMA
    format = "schema"
