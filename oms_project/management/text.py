"""Text for terminals: nothing that one would obey, and refusals with every single problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text

from oms_project.core.errors import OmsError

__all__ = ["clean", "problem_lines", "single_problems"]

# More than this many lines hide the sentence above them; JSON gives all.
_SHOWN = 200

# Controls are shown as ␀…␟, so that no text of a vocabulary can move the cursor or colour a line.
_CONTROLS = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
}


def clean(text: str) -> str:
    """``text`` without anything that a terminal would obey."""
    return text.translate(_CONTROLS)


def problem_lines(error: OmsError) -> Iterator[Text]:
    """``Error: <sentence>``, then a line per problem."""
    yield Text.assemble(("Error: ", "bold red"), clean(error.message))
    yield from single_problems(error.errors)


def single_problems(errors: Iterable[Mapping[str, Any]]) -> Iterator[Text]:
    """``  - <document> <field>: <message>`` for each problem."""
    errors = list(errors)
    for item in errors[:_SHOWN]:
        where = " ".join(str(item[key]) for key in ("document", "field") if item.get(key))
        message = str(item.get("message") or item.get("detail") or item)
        line = Text("  - ")
        if where:
            line.append(clean(where), style="bold").append(": ")
        yield line.append(clean(message))
    if len(errors) > _SHOWN:
        yield Text(f"  … and {len(errors) - _SHOWN} more; --format json lists them all.")
