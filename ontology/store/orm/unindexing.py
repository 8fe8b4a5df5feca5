"""Taking erased values out of what objects and links are listed and searched by.

Which index entries were made of a value is not recorded, so all that could be are taken: whatever
sorts as the value does, and the value's words in the searched text. Another value of the same
object that is equal goes with it, until the object is written again: better found too seldom than
remembered.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Any

from django.db import connection

from ontology.domain.instances.keys import NULL_KEY, typed_key
from ontology.store.orm.fulltext import words_of
from ontology.store.orm.sql import is_postgresql, rows

__all__ = ["forget_values"]

#: Between the parts of a key of several values, see ``ontology.domain.instances.keys``.
_PART = "\x1f"


def forget_values(ontology_id: str, rid: str, values: Collection[Any]) -> None:
    """Make an object or link unfindable by ``values``, at every commit."""
    lines = "(SELECT l.id FROM ontology_line l WHERE l.ontology_id = %s)"
    keys = {key for value in values for key in _keys(value)}
    entries = rows(
        f"SELECT e.id, e.key FROM ontology_valueentry e WHERE e.line_id IN {lines} AND e.rid = %s",
        [ontology_id, rid],
    )
    gone = [(number,) for number, key in entries if _made_of(key, keys)]
    words = sorted({words_of(_text(value)) for value in values} - {""}, key=len, reverse=True)
    texts = []
    for row in rows(
        "SELECT t.id, t.line_id, t.rid, t.level, t.text, t.seq_from, t.seq_to "
        f"FROM ontology_textentry t WHERE t.line_id IN {lines} AND t.rid = %s",
        [ontology_id, rid],
    ):
        left = _without(row[4], words)
        if left != row[4]:
            texts.append((row[0], (*row[1:4], left, *row[5:])))
    with connection.cursor() as cursor:
        # "Nothing" sorts too: lists that are sorted by the property still have the object.
        cursor.executemany(f"UPDATE ontology_valueentry SET key = '{NULL_KEY}' WHERE id = %s", gone)
        # The full text index follows rows that come and go.
        cursor.executemany(
            "DELETE FROM ontology_textentry WHERE id = %s", [(number,) for number, _ in texts]
        )
        cursor.executemany(
            "INSERT INTO ontology_textentry (line_id, rid, level, text, seq_from, seq_to) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [row for _, row in texts if row[3]],
        )
        if texts and not is_postgresql():
            # What was taken out of the index stands in it until its parts are made one.
            for table in ("ontology_text_live", "ontology_text_past"):
                cursor.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")


def _keys(value: Any) -> set[str]:
    """The order keys that a value may have, whatever its data type."""
    found = {typed_key(data_type, value) for data_type in ("", "timestamp")}
    with contextlib.suppress(ArithmeticError):
        found.add(typed_key("decimal", value))
    return found


def _made_of(key: str, keys: Collection[str]) -> bool:
    """Whether an entry's key is one of ``keys``, or has one as a part."""
    if key in keys or any(part in keys for part in key.split(_PART)):
        return True
    # A key that was cut: its parts cannot be told apart any more.
    return "#" in key and any(len(part) > 4 and part[:100] in key for part in keys)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _without(text: str, words: Collection[str]) -> str:
    padded = f" {text} "
    for run in words:
        padded = padded.replace(f" {run} ", "  ").replace(f" {run} ", "  ")
    return " ".join(padded.split())
