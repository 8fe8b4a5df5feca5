"""Counts and figures of objects and links, put together over the lines that a commit stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ontology.store.orm.conditions import Sql, value_sql
from ontology.store.orm.instances import InstanceLists
from ontology.store.orm.placed import portions
from ontology.store.orm.sql import in_list, keys_table, list_parameter, rows
from ontology.store.questions import Field, Figure, InstanceQuery

__all__ = ["InstanceFigures"]


class InstanceFigures(InstanceLists):
    """What a reader adds up."""

    def count_instances(self, query: InstanceQuery) -> int:
        total = 0
        for _, figures in self.aggregate(query, figures=[Figure("count")], groups=()):
            total += figures[0]
        return total

    def aggregate(
        self, query: InstanceQuery, *, figures: Sequence[Figure], groups: Sequence[Field]
    ) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        if not query.types or query.rids == frozenset():
            return _added_up([], figures, len(groups))
        columns = [value_sql(field, "v") for field in groups]
        for figure in figures:
            columns += _figure_sql(figure)
        selected = ", ".join(sql for sql, _ in columns)
        parameters = [parameter for _, given in columns for parameter in given]
        grouped = (
            f" GROUP BY {', '.join(str(position + 1) for position in range(len(groups)))}"
            if groups
            else ""
        )
        condition, condition_parameters = self._condition(query)
        found: list[tuple[Any, ...]] = []
        rids = query.rids if query.rids is not None else self._few(query)
        if rids is not None:
            nearest, places = self._nearest("k.value")
            for portion in portions(rids):
                found += rows(
                    f"SELECT {selected} FROM {keys_table('k')} "
                    f"JOIN ontology_documentversion v ON v.id = {nearest} WHERE v.kind = %s "
                    f"AND {in_list('substr(v.name_key, 1, 36)')}{condition}{grouped}",
                    [
                        *parameters,
                        list_parameter(portion),
                        *places,
                        query.kind.value,
                        list_parameter(query.types),
                        *condition_parameters,
                    ],
                )
        else:
            for rank in range(len(self._places)):
                shadow, shadow_parameters = self._unshadowed("v", rank)
                source, source_parameters = self._of_types(query, rank)
                for part in self._parts(
                    rank,
                    f"SELECT {selected} FROM ontology_documentversion v "
                    f"WHERE {source} AND {{valid}}{shadow}{condition}{grouped}",
                    "v",
                    [*parameters, *source_parameters],
                    [*shadow_parameters, *condition_parameters],
                ):
                    found += part
        return _added_up(found, figures, len(groups))


def _figure_sql(figure: Figure) -> list[Sql]:
    """The columns from which a figure is put together over several lines."""
    if figure.field is None:
        return [("COUNT(*)", [])]
    value, path = value_sql(figure.field, "v")
    if figure.function == "count":
        return [(f"COUNT({value})", path)]
    if figure.function == "avg":
        return [(f"SUM({value})", path), (f"COUNT({value})", path)]
    return [(f"{figure.function.upper()}({value})", path)]


def _added_up(
    found: Sequence[Sequence[Any]], figures: Sequence[Figure], groups: int
) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Figures of the groups, each of which may come from several lines."""
    totals: dict[tuple[Any, ...], list[Any]] = {}
    functions = [
        name
        for figure in figures
        for name in (("sum", "count") if figure.function == "avg" else (figure.function,))
    ]
    if not groups:  # nothing has figures too
        totals[()] = [0 if name == "count" else None for name in functions]
    for row in found:
        known = totals.setdefault(tuple(row[:groups]), [None] * len(functions))
        for position, name in enumerate(functions):
            known[position] = _combined(name, known[position], row[groups + position])
    added: list[tuple[tuple[Any, ...], tuple[Any, ...]]] = []
    for group, values in totals.items():
        column = iter(values)
        result: list[Any] = []
        for figure in figures:
            value = next(column)
            if figure.function == "avg":
                number = next(column)
                value = value / number if number else None
            result.append(value)
        added.append((group, tuple(result)))
    return added


def _combined(function: str, one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    if function == "min":
        return min(one, other)
    return max(one, other) if function == "max" else one + other
