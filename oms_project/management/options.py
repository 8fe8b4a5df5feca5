"""Options that the commands of every app share, so that they read and behave alike."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

__all__ = ["AsUser", "Format", "OutputFormat"]


class Format(StrEnum):
    """What results look like."""

    TEXT = "text"
    JSON = "json"


AsUser = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="USERNAME",
        help="Act as this user, with this user's permissions (default: OMS_ACTOR, else the "
        "operator of this machine).",
        show_default=False,
    ),
]
OutputFormat = Annotated[
    Format, typer.Option("--format", help="text for people, json for programs.")
]
