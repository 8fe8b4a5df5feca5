"""Media types of request bodies beside plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, cast

from rest_framework.parsers import BaseParser
from rest_framework.settings import api_settings

__all__ = ["MERGE_PATCH", "MergePatchParser", "json_parsers"]

MERGE_PATCH = "application/merge-patch+json"


def json_parsers() -> list[type[BaseParser]]:
    """The platform's parsers."""
    return cast("list[type[BaseParser]]", api_settings.DEFAULT_PARSER_CLASSES)


class MergePatchParser(BaseParser):
    """RFC 7396: the platform's JSON parser under another media type."""

    media_type = MERGE_PATCH

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The parsed patch; raises what the platform's JSON parser raises."""
        json_parser = json_parsers()[0]()
        return json_parser.parse(stream, media_type, parser_context)
