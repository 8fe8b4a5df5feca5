"""Path converters: any text but U+0000, which no store can hold."""

from __future__ import annotations

__all__ = ["RestConverter", "SegmentConverter"]


class SegmentConverter:
    """One segment of a path."""

    regex = r"[^/\x00]+"

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is; Django quotes it."""
        return value


class RestConverter(SegmentConverter):
    """All that is left of a path, slashes included."""

    regex = r"[^\x00]+"
