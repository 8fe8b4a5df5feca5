"""Options that several commands of the trail share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from audit.selectors import EventFilter

__all__ = [
    "Action", "Actor_", "Door", "OntologyName", "OutcomeName", "Since",
    "SubjectName", "Text", "Until", "event_filter", "moment", "text_of",
]  # fmt: skip

Actor_ = Annotated[
    str,
    typer.Option("--actor", metavar="NAME", help="Who did it, or for whom.", show_default=False),
]
Action = Annotated[
    str,
    typer.Option(
        "--action",
        metavar="ACTION",
        help="An action (ontology.committed), or the beginning of several (ontology.).",
        show_default=False,
    ),
]
OutcomeName = Annotated[
    str,
    typer.Option(
        "--outcome", metavar="OUTCOME", help="success, failure or denied.", show_default=False
    ),
]
OntologyName = Annotated[
    str, typer.Option("--ontology", metavar="NAME", help="The ontology.", show_default=False)
]
SubjectName = Annotated[
    str,
    typer.Option(
        "--subject", metavar="SUBJECT", help="Its type, its id, or type:id.", show_default=False
    ),
]
Door = Annotated[
    str,
    typer.Option("--door", metavar="DOOR", help="rest, console, command, …", show_default=False),
]
Since = Annotated[
    str,
    typer.Option("--since", metavar="TIME", help="From then on (ISO 8601).", show_default=False),
]
Until = Annotated[
    str, typer.Option("--until", metavar="TIME", help="Before then (ISO 8601).", show_default=False)
]
Text = Annotated[
    str,
    typer.Option("--text", metavar="TEXT", help="What stands in the event.", show_default=False),
]


def moment(text: str) -> datetime | None:
    """A date or time of the command line; UTC unless it says otherwise."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is no date or time (2026-01-31).") from error
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def event_filter(*, since: str = "", until: str = "", **asked: str) -> EventFilter:
    """The filter that the options say."""
    return EventFilter(since=moment(since), until=moment(until), **asked)


def text_of(path: Path | None) -> str | None:
    """What a file holds; None for none."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} cannot be read: {error}.") from error
