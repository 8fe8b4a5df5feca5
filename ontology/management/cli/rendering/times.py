"""One document in time, as text."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from oms_project.management.text import clean
from ontology.management.cli.output import table
from ontology.management.cli.rendering.values import one_line, short, time_text
from ontology.selectors import Blame

__all__ = ["blame_lines"]

_WIDTH = 60


def blame_lines(found: Blame) -> Iterator[Text]:
    """Every value with the commit that gave it."""
    yield Text(clean(found.document.id), style="bold")
    commits = {commit.id: commit for commit in found.commits}
    rows = []
    for entry in found.entries:
        commit = commits[entry.commit]
        label = (entry.label or entry.path).replace("~1", "/").replace("~0", "~")  # RFC 6901
        rows.append(
            (
                Text(commit.short_id, style="yellow"),
                time_text(commit.time),
                commit.author_username,
                label,
                short(entry.value, found.names, width=_WIDTH),
                one_line(commit),
            )
        )
    yield from table(("commit", "time", "author", "field", "value", "message"), rows)
