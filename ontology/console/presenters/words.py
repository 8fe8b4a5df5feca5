"""What changed inside a text, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

__all__ = ["Piece", "compare_words"]

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
#: Matching is quadratic at worst; longer texts are shown as changed altogether.
_MOST_WORDS = 1500


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; ``changed`` when the other side lacks it."""

    text: str
    changed: bool


def compare_words(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """``before`` and ``after`` in pieces, with the words marked that the other one lacks."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > _MOST_WORDS:
        return (Piece(before, True),), (Piece(after, True),)
    left: list[Piece] = []
    right: list[Piece] = []
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    # Two texts that share little read better whole than as confetti.
    if matcher.ratio() < 0.3:
        return (Piece(before, True),), (Piece(after, True),)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        changed = tag != "equal"
        if end > start:
            left.append(Piece("".join(old[start:end]), changed))
        if other_end > other_start:
            right.append(Piece("".join(new[other_start:other_end]), changed))
    return tuple(left), tuple(right)
