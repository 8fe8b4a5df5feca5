"""Where results go: text or JSON on stdout, everything else on stderr.

Colours, wrapping and progress bars are for terminals. In a pipe a line is a line, whatever its
length. ``NO_COLOR`` and ``--no-color`` are honoured.
"""

from __future__ import annotations

import codecs
import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any

import simplejson
from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from oms_project.core.canonical_json import loads
from oms_project.management.text import clean
from ontology.wire import json_bytes

__all__ = ["Output", "ProgressCallback", "is_terminal", "table"]

ProgressCallback = Callable[[str, int, int | None], None]


class Output:
    """The two streams of a command.

    Args:
        stdout, stderr: text streams.
        as_json: whether results are JSON.
        color: True or False decide; None colours terminals only.
    """

    def __init__(
        self, *, stdout: IO[str], stderr: IO[str], as_json: bool, color: bool | None = None
    ) -> None:
        self.stream = stdout
        self.as_json = as_json
        self._out = _console(stdout, color)
        self._err = _console(stderr, color)

    # -- text for people -------------------------------------------------------------------------
    def line(self, *parts: str | Text) -> None:
        """One line on stdout, its parts separated by spaces; never wrapped."""
        self._out.print(_joined(parts), soft_wrap=True, highlight=False)

    def lines(self, lines: Iterable[str | Text]) -> None:
        """Several lines on stdout."""
        for line in lines:
            self.line(line)

    def note(self, *parts: str | Text) -> None:
        """One line on stderr: not a result, but good to know."""
        self._err.print(_joined(parts), soft_wrap=True, highlight=False)

    # -- JSON for programs -----------------------------------------------------------------------
    def json(self, value: Any) -> None:
        """One JSON value on stdout: on one line, indented where a person looks at it."""
        self.stream.write(_json_text(value, indent=self.stream.isatty()) + "\n")

    def json_items(self, items: Iterable[Any]) -> None:
        """``{"items": [...]}`` on stdout, an item per line, written as they come."""
        # Nothing is written before the first item is there: a refusal leaves stdout empty.
        texts = (json_bytes(item).decode() for item in items)
        first = next(texts, None)
        if first is None:
            self.stream.write('{"items": []}\n')
            return
        self.stream.write(f'{{"items": [\n{first}')
        for text in texts:
            self.stream.write(f",\n{text}")
        self.stream.write("\n]}\n")

    def problem(self, problem: Any) -> None:
        """A problem as JSON on stderr."""
        self._err.file.write(_json_text(problem, indent=self._err.file.isatty()) + "\n")
        self._err.file.flush()

    # -- bytes -----------------------------------------------------------------------------------
    def write_bytes(self, chunks: Iterable[bytes]) -> None:
        """UTF-8 ``chunks`` on stdout as they come."""
        self.stream.flush()
        binary = getattr(self.stream, "buffer", None)
        if binary is not None:
            for chunk in chunks:
                binary.write(chunk)
            binary.flush()
            return
        decoder = codecs.getincrementaldecoder("utf-8")()  # a chunk may end inside a character
        for chunk in chunks:
            self.stream.write(decoder.decode(chunk))

    # -- progress --------------------------------------------------------------------------------
    @contextlib.contextmanager
    def progress(self) -> Iterator[ProgressCallback | None]:
        """A progress bar on stderr while it is a terminal; None for a pipe."""
        if not self._err.is_terminal:
            yield None
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._err, transient=True) as bar:
            tasks: dict[str, TaskID] = {}

            def report(phase: str, done: int, total: int | None) -> None:
                if phase not in tasks:
                    for task in tasks.values():
                        bar.update(task, visible=False)
                    tasks[phase] = bar.add_task(clean(phase), total=total)
                bar.update(tasks[phase], completed=done, total=total)

            yield report


def table(headings: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Iterator[Text]:
    """``rows`` under ``headings`` as aligned lines; wide (Korean) characters count two cells.

    A heading that ends with ``>`` aligns its column to the right.
    """
    right = [heading.endswith(">") for heading in headings]
    cells = [[Text(heading.removesuffix(">"), style="bold") for heading in headings]]
    cells += [[_text(cell) for cell in row] for row in rows]
    widths = [max(cell_len(row[at].plain) for row in cells) for at in range(len(headings))]
    for row in cells:
        line = Text()
        for at, cell in enumerate(row):
            space = " " * (widths[at] - cell_len(cell.plain))
            line.append("  " if at else "")
            line.append(space if right[at] else "")
            line.append_text(cell)
            line.append("" if right[at] else space)
        line.rstrip()
        yield line


def _console(stream: IO[str], color: bool | None) -> Console:
    terminal = stream.isatty()
    # `force_terminal` is always given, so that rich never guesses from FORCE_COLOR and the like.
    return Console(
        file=stream,
        force_terminal=bool(color) or terminal,
        no_color=True if color is False else None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _text(part: str | Text) -> Text:
    if isinstance(part, Text):
        return part
    return Text(clean(part).replace("\n", " "))


def _joined(parts: Sequence[str | Text]) -> Text:
    return Text(" ").join(part if isinstance(part, Text) else Text(clean(part)) for part in parts)


def _json_text(value: Any, *, indent: bool) -> str:
    raw = json_bytes(value)
    if not indent:
        return raw.decode()
    return simplejson.dumps(loads(raw), use_decimal=True, ensure_ascii=False, indent=2)


def is_terminal() -> bool:
    """Whether a person can answer a question: stdin and stderr are terminals."""
    return sys.stdin.isatty() and sys.stderr.isatty()
