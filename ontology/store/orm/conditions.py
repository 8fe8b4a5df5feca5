"""Conditions on the values of objects, in the SQL of each database.

Every condition is true or false and never unknown, so that a negation is what people mean by it: an
object without a value is not equal to anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from oms_project.core.canonical_json import dumps_text
from ontology.store.orm.sql import is_postgresql
from ontology.store.questions import Both, Field, Has, Not, Test, Where

__all__ = ["Conditions", "bound", "value_sql"]

_NUMBERS = frozenset({"integer", "long", "double", "decimal"})
_TIMES = frozenset({"time", "timestamp"})
_COMPARE = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
#: Where the ends of a link stand in its name key: type, source and target, 36 characters each.
_SOURCE_AT, _TARGET_AT = 38, 75

Sql = tuple[str, list[Any]]


def value_sql(field: Field, alias: str) -> Sql:
    """The value of a field as something that compares as its type does; NULL where there is none.

    Args:
        alias: of the version's table.
    """
    if is_postgresql():
        value = f"({alias}.body::jsonb #>> %s)"
        return _typed_postgresql(field.type, value), [list(field.path)]
    path = "$" + "".join(f'."{part}"' for part in field.path)
    return _typed_sqlite(field.type, f"json_extract({alias}.body, %s)"), [path]


def _typed_postgresql(name: str, text: str) -> str:
    if name in _NUMBERS:
        return f"{text}::numeric"
    if name in _TIMES:
        return f"rtrim({text}, 'Z') COLLATE \"C\""
    return f'{text} COLLATE "C"'


def _typed_sqlite(name: str, value: str) -> str:
    if name == "decimal":
        return f"CAST({value} AS NUMERIC)"
    return f"rtrim({value}, 'Z')" if name in _TIMES else value


def bound(field: Field, value: Any) -> Any:
    """A value as the parameter that ``value_sql`` is compared with."""
    if value is None:
        return None
    if field.type in _TIMES:
        return str(value).removesuffix("Z")
    if field.type in _NUMBERS:
        if is_postgresql():
            return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        number = Decimal(value) if isinstance(value, str) else value
        if isinstance(number, int) and abs(number) < 2**63:
            return number
        # A bigger number than the database knows is beyond all of its numbers.
        return float(Decimal(number))
    if isinstance(value, bool):
        return ("true" if value else "false") if is_postgresql() else int(value)
    return value


class Conditions:
    """Makes SQL of conditions.

    Args:
        nearest: SQL for the id of the version of a document (an SQL expression) that holds at the
            commit that is read, with parameters.
        links: SQL, with parameters, for "the index entry under this alias holds at the commit",
            once for each line that is read.
    """

    def __init__(
        self, nearest: Callable[[str], Sql], links: Callable[[str], Sequence[Sql]]
    ) -> None:
        self._nearest = nearest
        self._links = links
        self._numbers = count()

    def sql(self, where: Where, alias: str) -> Sql:
        """SQL for ``where`` about the version under ``alias``."""
        if isinstance(where, Both):
            parts = [self.sql(part, alias) for part in where.parts]
            joint = " AND " if where.every else " OR "
            return f"({joint.join(part for part, _ in parts)})", _together(parts)
        if isinstance(where, Not):
            inner, parameters = self.sql(where.part, alias)
            return f"NOT {inner}", parameters
        if isinstance(where, Has):
            return self._has(where, alias)
        return _test(where, alias)

    def _has(self, where: Has, alias: str) -> Sql:
        number = next(self._numbers)
        entry, link, far = f"h{number}", f"l{number}", f"f{number}"
        here, there = ("_source", _TARGET_AT) if where.outgoing else ("_target", _SOURCE_AT)
        keys = " OR ".join([f"{entry}.key = {alias}.rid || %s"] * len(where.links))
        parts: list[Sql] = []
        for holds, parameters in self._links(entry):
            sql = f"SELECT 1 FROM ontology_documentindex {entry} "
            before: list[Any] = []
            condition = ""
            inner: list[Any] = []
            if where.where is not None:
                nearest_link, link_places = self._nearest(f"{entry}.rid")
                nearest, places = self._nearest(f"substr({link}.name_key, {there}, 36)")
                sql += (
                    f"JOIN ontology_documentversion {link} ON {link}.id = {nearest_link} "
                    f"JOIN ontology_documentversion {far} ON {far}.id = {nearest} "
                )
                before = [*link_places, *places]
                condition, inner = self.sql(where.where, far)
                condition = f" AND NOT {far}.deleted AND {condition}"
            sql += f"WHERE {holds} AND {entry}.role = '{here}' AND ({keys}){condition}"
            types = [f":{rid}" for rid in where.links]
            parts.append((f"EXISTS ({sql})", [*before, *parameters, *types, *inner]))
        return f"({' OR '.join(part for part, _ in parts)})", _together(parts)


def _together(parts: Sequence[Sql]) -> list[Any]:
    return [parameter for _, parameters in parts for parameter in parameters]


def _test(test: Test, alias: str) -> Sql:
    field = test.field
    if test.op == "ne":
        sql, parameters = _test(Test(field, "eq", test.value), alias)
        return f"NOT {sql}", parameters
    if test.op == "isNull":
        value, parameters = value_sql(Field(field.path, ""), alias)
        return f"({value} IS {'' if test.value else 'NOT '}NULL)", parameters
    if field.array or field.type == "langString":
        return _any_item(test, alias)
    value, path = value_sql(field, alias)
    condition, parameters = _compared(test, value)
    return f"COALESCE({condition}, FALSE)", [*path, *parameters]


def _compared(test: Test, value: str) -> Sql:
    field, op = test.field, test.op
    if op in _COMPARE:
        return f"{value} {_COMPARE[op]} %s", [bound(field, test.value)]
    if op == "in":
        return _in(field, value, [bound(field, item) for item in test.value])
    if op == "contains":
        return f"{'strpos' if is_postgresql() else 'instr'}({value}, %s) > 0", [test.value]
    # startsWith
    if is_postgresql():
        return f"starts_with({value}, %s)", [test.value]
    return f"substr({value}, 1, {len(test.value)}) = %s", [test.value]


def _in(field: Field, value: str, values: list[Any]) -> Sql:
    if is_postgresql():
        kind = "numeric" if field.type in _NUMBERS else "text"
        return f"{value} = ANY(%s::{kind}[])", [values]
    return f"{value} IN (SELECT value FROM json_each(%s))", [dumps_text(values)]


def _any_item(test: Test, alias: str) -> Sql:
    """One item of a list, or one of the texts by language."""
    field = test.field
    texts = field.type == "langString"
    op = "eq" if test.op == "contains" and not texts else test.op
    item = Test(Field(field.path, "" if texts else field.type), op, test.value)
    if is_postgresql():
        whole = f"({alias}.body::jsonb #> %s)"
        function, empty, kind = (
            ("jsonb_each_text", "{}", "object")
            if texts
            else ("jsonb_array_elements_text", "[]", "array")
        )
        source = (
            f"{function}(CASE WHEN jsonb_typeof({whole}) = '{kind}' THEN {whole} "
            f"ELSE '{empty}'::jsonb END) AS e{'' if texts else '(value)'}"
        )
        value = _typed_postgresql(item.field.type, "e.value")
        path: list[Any] = [list(field.path), list(field.path)]
    else:
        source = f"json_each({alias}.body, %s) AS e"
        value = _typed_sqlite(item.field.type, "e.value")
        path = ["$" + "".join(f'."{part}"' for part in field.path)]
    condition, parameters = _compared(item, value)
    return f"EXISTS (SELECT 1 FROM {source} WHERE {condition})", [*path, *parameters]
