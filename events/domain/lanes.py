"""The ways that events go.

Lanes of receivers are called after them: ``webhook:<id>``, ``task:<rule>``, ``consumer:<name>``.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ROUTE", "STREAM"]

#: The lane that finds out who wants an event.
ROUTE: Final = "route"
#: The lane to the stream of an event's ontology, when there is a stream server.
STREAM: Final = "stream"
