"""What an object or link is found by: its indexed values, and the text that is searched."""

from __future__ import annotations

from typing import Any, NamedTuple

from ontology.domain.documents import Body
from ontology.domain.instances.keys import NULL_KEY, order_keys
from ontology.domain.instances.layout import Layout

__all__ = ["NO_ENTRIES", "Entries", "entries_of", "unique_key"]

#: Text beyond this is not searched: one object shall not fill the index.
_LONGEST_TEXT = 200_000


class Entries(NamedTuple):
    """Index entries of one instance.

    Attributes:
        values: ``(number of the field, order key)``; a property without a value has an entry too,
            so that lists sorted by it are complete.
        texts: ``(level, text)``: the searched text, apart by how sensitive it is.
    """

    values: frozenset[tuple[int, str]] = frozenset()
    texts: tuple[tuple[int, str], ...] = ()


NO_ENTRIES = Entries()


def entries_of(layout: Layout, body: Body) -> Entries:
    """The index entries of an instance of ``layout``'s type."""
    if not (layout.indexed or layout.uniques or layout.searchable):
        return NO_ENTRIES
    values: set[tuple[int, str]] = set()
    for item in layout.indexed:
        value = body.get(item.name)
        if isinstance(value, list):
            keys = {item.key(one) for one in value if not isinstance(one, (dict, list))}
            values.update((item.number, key) for key in keys or {NULL_KEY})
        elif not isinstance(value, dict):
            values.add((item.number, item.key(value)))
    for unique in layout.uniques:
        key = unique_key(unique.properties, body)
        if key is not None:
            values.add((unique.number, key))
    texts: dict[int, list[str]] = {}
    for item in layout.searchable:
        found = _texts(body.get(item.name))
        if found:
            texts.setdefault(item.level, []).extend(found)
    return Entries(
        frozenset(values),
        tuple((level, "\n".join(texts[level])[:_LONGEST_TEXT]) for level in sorted(texts)),
    )


def unique_key(properties: tuple[str, ...], body: Body) -> str | None:
    """The key that must be an object's own; None where a value is missing, as in SQL."""
    values = [body.get(name) for name in properties]
    if any(value is None or isinstance(value, (dict, list)) for value in values):
        return None
    return order_keys(values)


def _texts(value: Any) -> list[str]:
    if value is None or isinstance(value, bool):
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [str(value)]
