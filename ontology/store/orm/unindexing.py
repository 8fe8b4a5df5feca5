"""Taking erased values out of what objects and links are listed and searched by.

What the type says at the end of a line tells which entries there are of the erased values and which
are of those that stay. Entries that it does not explain were made when the type said something else:
of those, whatever sorts as an erased value does is taken, and the value's words are taken out of the
searched text.
Better found too seldom than remembered.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from ontology.contract import CommitInfo
from ontology.domain.documents import Body
from ontology.domain.instances.entries import NO_ENTRIES, Entries, entries_of
from ontology.domain.instances.keys import NULL_KEY, key_parts, typed_key
from ontology.domain.instances.rules import Rules
from ontology.store.orm.fulltext import words_of
from ontology.store.orm.lines import Place
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.sql import is_postgresql, rows

__all__ = ["Rewritten", "forget_values"]

#: A text beyond this may have been cut in the index: its beginning is looked for.
_LONG = 1_000
#: A reader of a place needs no commit.
_NO_COMMIT = CommitInfo("", (), "", "", "", dt.datetime.min.replace(tzinfo=dt.UTC), "", "", 0)


class Rewritten(NamedTuple):
    """A version's body before and after an erasure, and the values that are not in it any more."""

    before: Body
    after: Body
    values: Collection[Any]


class _Explained(NamedTuple):
    """Which entries the types explain.

    Attributes:
        gone, kept: ``(field, key)`` of erased values, and of what is there after the erasure.
        texts: ``(level, words before)`` -> words after.
    """

    gone: frozenset[tuple[int, str]]
    kept: frozenset[tuple[int, str]]
    texts: Mapping[tuple[int, str], str]


def forget_values(ontology_id: str, rid: str, versions: Sequence[Rewritten]) -> None:
    """Make an object or link unfindable by values that were erased, at every commit.

    Args:
        versions: all that had one of the values.
    """
    values = [value for version in versions for value in version.values]
    keys = {key for value in values for key in _keys(value)}
    runs = sorted({words_of(_text(value)) for value in values} - {""}, key=len, reverse=True)
    for line, tip in rows(
        "SELECT l.id, l.tip_seq FROM ontology_line l WHERE l.ontology_id = %s AND "
        "(EXISTS (SELECT 1 FROM ontology_documentversion v "
        "WHERE v.line_id = l.id AND v.rid = %s) OR EXISTS (SELECT 1 FROM ontology_textentry t "
        "WHERE t.line_id = l.id AND t.rid = %s) OR EXISTS (SELECT 1 FROM ontology_valueentry e "
        "WHERE e.line_id = l.id AND e.rid = %s)) ORDER BY l.id",
        [ontology_id, rid, rid, rid],
    ):
        explained = _explained(Place(line, tip), versions)
        _forget_keys(line, rid, keys, explained)
        _forget_words(line, rid, runs, explained.texts)


def _explained(tip: Place, versions: Sequence[Rewritten]) -> _Explained:
    """What the types at the end of a line say of the versions."""
    rules = Rules(OrmReader(_NO_COMMIT, tip))
    old: set[tuple[int, str]] = set()
    new: set[tuple[int, str]] = set()
    texts: dict[tuple[int, str], str] = {}
    for version in versions:
        before, after = _entries(rules, version.before), _entries(rules, version.after)
        old |= before.values
        new |= after.values
        left = dict(after.texts)
        for level, text in before.texts:
            texts[level, words_of(text)] = words_of(left.get(level, ""))
    return _Explained(frozenset(old - new), frozenset(new), texts)


def _entries(rules: Rules, body: Body) -> Entries:
    layout = rules.layout(str(body.get("_type")))
    return NO_ENTRIES if layout is None else entries_of(layout, body)


# --- values ---------------------------------------------------------------------------------------
def _forget_keys(line: int, rid: str, keys: Collection[str], explained: _Explained) -> None:
    emptied: list[tuple[int]] = []
    dropped: list[tuple[int]] = []
    spans: set[tuple[Any, ...]] = set()
    for number, field, key, start, end in rows(
        "SELECT e.id, e.field, e.key, e.seq_from, e.seq_to FROM ontology_valueentry e "
        "WHERE e.line_id = %s AND e.rid = %s ORDER BY e.id",
        [line, rid],
    ):
        known = (field, key) in explained.gone
        if (field, key) in explained.kept or not (known or _made_of(key, keys)):
            continue
        # "Nothing" sorts too: lists that are sorted by the property still have the object, once.
        span = field, start, end
        if (known and (field, NULL_KEY) not in explained.kept) or span in spans:
            dropped.append((number,))
        else:
            spans.add(span)
            emptied.append((number,))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE ontology_valueentry SET key = '{NULL_KEY}' WHERE id = %s", emptied
        )
        cursor.executemany("DELETE FROM ontology_valueentry WHERE id = %s", dropped)


def _keys(value: Any) -> set[str]:
    """The order keys that a value may have, whatever its data type."""
    found = {typed_key(data_type, value) for data_type in ("", "timestamp")}
    with contextlib.suppress(ArithmeticError):
        found.add(typed_key("decimal", value))
    return found


def _made_of(key: str, keys: Collection[str]) -> bool:
    """Whether an entry's key is one of ``keys``, or has one as a part."""
    if key in keys or any(part in keys for part in key_parts(key)):
        return True
    # A key that was cut: its parts cannot be told apart any more.
    return "#" in key and any(len(part) > 4 and part[:100] in key for part in keys)


# --- text -----------------------------------------------------------------------------------------
def _forget_words(
    line: int, rid: str, runs: Collection[str], known: Mapping[tuple[int, str], str]
) -> None:
    changed: list[tuple[int, tuple[Any, ...]]] = []
    for number, level, text, start, end in rows(
        "SELECT e.id, e.level, e.text, e.seq_from, e.seq_to FROM ontology_textentry e "
        "WHERE e.line_id = %s AND e.rid = %s",
        [line, rid],
    ):
        left = known.get((level, text))
        if left is None:
            left = _without(text, runs)
        if left != text:
            changed.append((number, (line, rid, level, left, start, end)))
    if not changed:
        return
    with connection.cursor() as cursor:
        # The full text index follows rows that come and go.
        cursor.executemany(
            "DELETE FROM ontology_textentry WHERE id = %s", [(number,) for number, _ in changed]
        )
        cursor.executemany(
            "INSERT INTO ontology_textentry (line_id, rid, level, text, seq_from, seq_to) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [row for _, row in changed if row[3]],
        )
        if not is_postgresql():
            # What was taken out of the index stands in it until its parts are made one.
            for table in ("ontology_text_live", "ontology_text_past"):
                cursor.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _without(text: str, runs: Collection[str]) -> str:
    """``text`` without runs of words; a long one is cut off where it begins."""
    padded = f" {text} "
    for run in runs:
        padded = padded.replace(f" {run} ", "  ").replace(f" {run} ", "  ")
        if len(run) > _LONG:
            padded = padded.partition(f" {run[:_LONG]}")[0] + " "
    return " ".join(padded.split())
