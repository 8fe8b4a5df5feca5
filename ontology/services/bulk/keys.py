"""Primary keys of a batch: each part written once per distinct value, then joined row by row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from oms_project.core.canonical_json import dumps
from oms_project.core.ids import derived_ids
from ontology.domain.instances.keys import key_text, order_key, shortened
from ontology.domain.instances.layout import Layout
from ontology.services.bulk.columns import Checked

__all__ = ["BatchKeys"]


class BatchKeys:
    """The keys of the rows of a batch.

    Args:
        checked: the columns of the batch; a part of the key that has none has no value.
        count: rows.

    Attributes:
        texts: as they stand in ``@id``; empty where a part is missing or wrong.
        missing: position -> the property that has no value there.
    """

    def __init__(self, layout: Layout, checked: Mapping[str, Checked], count: int) -> None:
        self._layout = layout
        self._count = count
        self._parts = [checked.get(name) for name in layout.key]
        self.missing: dict[int, str] = {}
        self.texts: list[str] = [""] * count
        if not layout.key:
            return
        given = [part for part in self._parts if part is not None]
        if len(given) == len(self._parts) and not any(
            part.has_gaps or part.wrong for part in given
        ):
            self.texts = ["+".join(row) for row in self._rows(_key_text)]
            return
        self._with_gaps()

    def _with_gaps(self) -> None:
        for position in range(self._count):
            row: list[str] = []
            for name, part in zip(self._layout.key, self._parts, strict=True):
                value = None if part is None else part.row(position)
                wrong = part is not None and part.codes[position] in part.wrong
                if value is None:
                    self.missing.setdefault(position, name)
                if value is None or wrong:
                    break
                row.append(_key_text(value))
            else:
                self.texts[position] = "+".join(row)

    @cached_property
    def rids(self) -> list[str]:
        """The ``rid`` that each key gives; empty without a key."""
        found = derived_ids(self._layout.rid, self.texts)
        if "" not in self.texts:
            return found
        return [rid if text else "" for rid, text in zip(found, self.texts, strict=True)]

    @cached_property
    def names(self) -> list[str]:
        """``order_keys`` of each key, which ends an object's name key."""
        return [shortened("\x1f".join(row)) for row in self._rows(order_key)]

    @cached_property
    def members(self) -> list[str]:
        """Each key as the member of an object's JSON, with a comma behind."""
        return [f'"_key":[{",".join(row)}],' for row in self._rows(_json_text)]

    @cached_property
    def values(self) -> list[list[Any]]:
        """The values of each key."""
        return [list(row) for row in self._rows(_same)]

    def _rows(self, made: Any) -> Any:
        """``made`` of every part, row by row; what has no value is passed over as it is."""
        columns = []
        for part in self._parts:
            if part is None:
                columns.append(["" if made is not _same else None] * self._count)
                continue
            found = [None if value is None else made(value) for value in part.values]
            if made is not _same:
                found = [text or "" for text in found]
            columns.append(list(map(found.__getitem__, part.codes)))
        return zip(*columns, strict=True)


def _key_text(value: Any) -> str:
    return key_text([value])


def _json_text(value: Any) -> str:
    return dumps(value).decode()


def _same(value: Any) -> Any:
    return value
