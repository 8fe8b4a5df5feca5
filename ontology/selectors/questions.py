"""From filters, sorts and measures as people write them to the questions that a store takes.

Names are resolved by the types of the commit that is asked, values are brought into the normal form
of their property, and what the actor may not see he may not ask about either: a filter on a masked
value would tell it, one question at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from oms_project.core.canonical_json import loads
from oms_project.core.errors import BadRequest, NotFound, PermissionDenied
from ontology.contract import OntologyInfo
from ontology.domain.datatypes import DataType, value_problem
from ontology.domain.instances.keys import typed_key
from ontology.domain.instances.layout import Layout, PropertyLayout
from ontology.domain.instances.rules import Rules
from ontology.domain.instances.values import base_type, normalised_value
from ontology.domain.kinds import Kind
from ontology.domain.masking import MASKED
from ontology.domain.names import name_key
from ontology.domain.query import (
    All,
    AnyOf,
    Condition,
    Direction,
    Filter,
    Linked,
    Measure,
    Negation,
    Sort,
)
from ontology.domain.schema import Schema
from ontology.instance_names import InstanceNames
from ontology.selectors.masking import hidden_names, names_seen
from ontology.store.port import CommitReader
from ontology.store.questions import (
    Both,
    Field,
    Figure,
    Has,
    InstanceQuery,
    Not,
    Order,
    Test,
    Where,
)

__all__ = ["Asker"]

_TEXTUAL = frozenset({"string", "uri", "langString", "uuid", "binary", "date", "time", "timestamp"})
_ORDERED = frozenset(
    {
        "integer",
        "long",
        "decimal",
        "double",
        "string",
        "date",
        "timestamp",
        "time",
        "uri",
        "uuid",
        "boolean",
    }
)
_NUMBERS = frozenset({"integer", "long", "decimal", "double"})
_RANGES = frozenset({"lt", "lte", "gt", "gte"})
_KINDS: dict[str, tuple[Kind, ...]] = {
    "": (Kind.OBJECT_TYPE, Kind.LINK_TYPE, Kind.INTERFACE),
    "Object": (Kind.OBJECT_TYPE, Kind.INTERFACE),
    "Link": (Kind.LINK_TYPE,),
}
_WORDS = {"": "type", "Object": "object type", "Link": "link type"}


class Asker:
    """Asks about the instances of one type (and its subtypes) at one commit.

    Args:
        type_name: ``apiName`` or ``rid`` of an object type, interface or link type.
        subtypes: whether instances of its subtypes count as well.
        kind: ``Object`` or ``Link``, where types of the other kind are not meant; empty: any.

    Raises:
        NotFound: ``type_not_found``.
    """

    def __init__(
        self,
        info: OntologyInfo,
        reader: CommitReader,
        type_name: str,
        *,
        subtypes: bool = True,
        kind: str = "",
    ) -> None:
        self._info = info
        self._reader = reader
        self.names: InstanceNames = names_seen(info, reader)
        self._rules = self.names.rules
        kinds = _KINDS[kind]
        rid = self.names.type_rid(type_name, kinds)
        document = self._rules.schema.get(rid) if rid is not None else None
        if rid is None or document is None or document.kind not in kinds:
            raise NotFound(
                f"There is no {_WORDS[kind]} '{type_name}' here.",
                code="type_not_found",
                data={"type": type_name},
            )
        self.kind = Kind.LINK if document.kind == Kind.LINK_TYPE else Kind.OBJECT
        family = self._rules.family(rid) if subtypes or document.kind == Kind.INTERFACE else (rid,)
        self._rules.load(family)
        self.types = tuple(member for member in family if self._rules.layout(member) is not None)
        self.rid = rid
        self._root = _Family(self._rules, rid, self.types)

    def query(
        self,
        *,
        where: Filter | None = None,
        sort: Sequence[Sort] = (),
        rids: frozenset[str] | None = None,
        include_deleted: bool = False,
    ) -> InstanceQuery:
        """The question that a store takes.

        Raises:
            BadRequest: ``bad_filter``, ``bad_sort``.
            PermissionDenied: ``masked_property``.
        """
        return InstanceQuery(
            kind=self.kind,
            types=self.types,
            where=None if where is None else self._where(where, self._root),
            order=tuple(self._order(item) for item in sort),
            rids=rids,
            include_deleted=include_deleted,
        )

    def chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """Names of values as the types spell them, and what says that one of them is masked.

        Raises:
            BadRequest: ``bad_fields``.
        """
        found: list[str] = []
        for name in names:
            item = self._root.property(name)
            if item is None:
                known = ", ".join(sorted(self._root.known)[:20])
                raise BadRequest(
                    f"{self._root.name} has no property '{name[:100]}'. It has: {known}.",
                    code="bad_fields",
                )
            found.append(item.name)
        return (*found, MASKED) if found else ()

    def figures(self, measures: Sequence[Measure]) -> list[Figure]:
        """Measures as a store takes them. Raises BadRequest, PermissionDenied."""
        found = []
        for measure in measures:
            field = None
            if measure.name:
                field, _ = self._field((measure.name,), self._root, "bad_measure")
                if measure.function in ("sum", "avg") and field.type not in _NUMBERS:
                    raise BadRequest(
                        f"'{measure.name}' is no number: {measure.function} needs one.",
                        code="bad_measure",
                    )
                if field.array or (measure.function != "count" and field.type not in _ORDERED):
                    raise BadRequest(
                        f"'{measure.name}' has no order to take the {measure.function} of.",
                        code="bad_measure",
                    )
            found.append(Figure(measure.function, field))
        return found

    def groups(self, names: Sequence[str]) -> list[Field]:
        """Fields to group by. Raises BadRequest, PermissionDenied."""
        found = []
        for name in names:
            field, _ = self._field(tuple(name.split(".")), self._root, "bad_group")
            if field.array or field.type not in _ORDERED:
                raise BadRequest(f"'{name}' cannot be grouped by.", code="bad_group")
            found.append(field)
        return found

    # --- filters --------------------------------------------------------------------------------
    def _where(self, where: Filter, family: _Family) -> Where:
        if isinstance(where, All | AnyOf):
            parts = tuple(self._where(part, family) for part in where.parts)
            return Both(parts, every=isinstance(where, All))
        if isinstance(where, Negation):
            return Not(self._where(where.part, family))
        if isinstance(where, Linked):
            return self._linked(where.link, where.direction, where.where, family)
        return self._condition(where, family)

    def _linked(
        self, name: str, direction: Direction, inner: Filter | None, family: _Family
    ) -> Where:
        ways = family.ways(name, direction)
        if not ways:
            _refuse(f"{family.name} has no links '{name}' ({direction}).")
        parts: list[Where] = []
        for link, outgoing in ways:
            layout = self._rules.link_layout(link)
            assert layout is not None
            ends = layout.targets if outgoing else layout.sources
            far = _Family.of_ends(self._rules, ends, family)
            where = None if inner is None else self._where(inner, far)
            parts.append(Has((link,), outgoing, where))
        return parts[0] if len(parts) == 1 else Both(tuple(parts), every=False)

    def _condition(self, condition: Condition, family: _Family) -> Where:
        head = condition.path[0]
        if len(condition.path) > 1 and family.property(head) is None:
            rest = Condition(condition.path[1:], condition.op, condition.value, condition.text)
            if family.ways(head, "outgoing"):
                return self._linked(head, "outgoing", rest, family)
            return self._linked(head, "incoming", rest, family)
        field, item = self._field(condition.path, family, "bad_filter")
        op = condition.op
        if op == "isNull":
            return Test(field, op, condition.value)
        if op in _RANGES and (field.type not in _ORDERED or field.type == "boolean"):
            _refuse(f"'{'.'.join(condition.path)}' has no order: {op} cannot be asked of it.")
        if op in ("startsWith", "contains") and not field.array and field.type not in _TEXTUAL:
            _refuse(f"'{'.'.join(condition.path)}' holds no text: {op} cannot be asked of it.")
        if not field.type:
            _refuse(f"'{'.'.join(condition.path)}' cannot be compared; isNull can be asked of it.")
        partial = op in ("startsWith", "contains") and not (op == "contains" and field.array)
        given = condition.value if op == "in" else [condition.value]
        values = tuple(
            str(value) if partial else _value(field, item, value, text=condition.text)
            for value in given
        )
        indexed = item is not None and len(field.path) == 1 and not partial and op != "ne"
        numbers = family.indexes(field.path[0]) if indexed and family is self._root else {}
        complete = bool(numbers) and set(numbers) == set(self.types)
        return Test(
            field,
            op,
            values if op == "in" else values[0],
            tuple(numbers.values()) if complete else (),
            tuple(typed_key(field.type, value) for value in values) if complete else (),
        )

    def _order(self, sort: Sort) -> Order:
        field, item = self._field(tuple(sort.name.split(".")), self._root, "bad_sort")
        if field.array or field.type not in _ORDERED:
            raise BadRequest(f"'{sort.name}' cannot be sorted by.", code="bad_sort")
        indexes = self._root.indexes(field.path[0]) if item and len(field.path) == 1 else {}
        return Order(field, sort.descending, indexes)

    def _field(
        self, path: Sequence[str], family: _Family, code: str
    ) -> tuple[Field, PropertyLayout | None]:
        """The field that a path names, and its property where it is one of the type itself."""
        item = family.property(path[0])
        if item is None:
            known = ", ".join(sorted(family.known)[:20])
            raise BadRequest(
                f"{family.name} has no property '{path[0]}'. It has: {known}.",
                code=code,
                errors=[{"field": "", "rule": code, "message": f"Unknown: '{path[0]}'."}],
            )
        self._check_clearance(item, family)
        if len(path) == 1:
            return Field((item.name,), _type_of(item.base), item.array or _is_map(item)), item
        names, base = _into_struct(self._rules.schema, item, path[1:], code)
        return Field((item.name, *names), _type_of(base)), None

    def _check_clearance(self, item: PropertyLayout, family: _Family) -> None:
        asked = {
            layout.rid: (item.name,)
            for layout in family.layouts
            if layout.property(item.name) is not None
        }
        if hidden_names(self._info, self._reader, family.kind, asked):
            raise PermissionDenied(
                f"You may not see the values of '{item.name}' ({item.part.sensitivity}): they "
                "cannot be asked about either.",
                code="masked_property",
                data={"property": item.name, "type": family.name},
            )


class _Family:
    """The types that a question is about, seen as one."""

    def __init__(self, rules: Rules, rid: str, types: Iterable[str]) -> None:
        self._rules = rules
        self.name = str(rules.schema.body(rid).get("apiName", rid)) if rid else "The linked object"
        rules.load(list(types))
        self.layouts: list[Layout] = [
            layout for member in types if (layout := rules.layout(member)) is not None
        ]
        self.kind = Kind.OBJECT
        if self.layouts and self.layouts[0].kind == Kind.LINK_TYPE:
            self.kind = Kind.LINK
        self._first = next((item for item in self.layouts if item.rid == rid), None)

    @classmethod
    def of_ends(cls, rules: Rules, ends: Sequence[str], near: _Family) -> _Family:
        """The types that may stand at the end of a link."""
        del near
        family = dict.fromkeys(member for rid in ends for member in rules.family(rid))
        only = ends[0] if len(ends) == 1 else ""
        return cls(rules, only, list(family))

    @property
    def known(self) -> set[str]:
        """Names of all properties."""
        return {name for layout in self.layouts for name in layout.properties}

    def property(self, name: str) -> PropertyLayout | None:
        """The property as the type has it that was asked for, else as any of them has it."""
        for layout in ([self._first] if self._first else []) + self.layouts:
            found = layout.property(name)
            if found is not None:
                return found
        return None

    def indexes(self, name: str) -> dict[str, int]:
        """Type -> number of the index entries of a property, for the types that have them."""
        found = {}
        for layout in self.layouts:
            item = layout.property(name)
            if item is not None and item.indexed:
                found[layout.rid] = item.number
        return found

    def ways(self, name: str, direction: Direction) -> list[tuple[str, bool]]:
        """Links of that name from (or to) objects of the family: ``(link type, outgoing)``.

        A link type is meant by its own name, by the name of its far end, or by its ``rid``.
        """
        wanted = name_key(name)
        line = {rid for layout in self.layouts for rid in layout.line}
        schema: Schema = self._rules.schema
        found: list[tuple[str, bool]] = []
        for outgoing, role, end in (
            (True, "sources", "targetName"),
            (False, "targets", "sourceName"),
        ):
            other_end = direction not in ("both", "outgoing" if outgoing else "incoming")
            uses = self._rules.state.referrers(sorted(line), (role,))
            links = sorted({rid for users in uses.values() for rid, _ in users})
            self._rules.load(links)
            for rid in links:
                body = schema.body(rid)
                named = wanted == name_key(str(body.get("apiName"))) or name == rid
                by_end = bool(body.get(end)) and wanted == name_key(str(body[end]))
                # The name of an end says the direction by itself.
                if by_end or (named and (not other_end or body.get("symmetric"))):
                    found.append((rid, outgoing))
        return list(dict.fromkeys(found))


def _type_of(base: DataType | None) -> str:
    return base.name if base is not None else ""


def _is_map(item: PropertyLayout) -> bool:
    return item.base is not None and item.base.name == "langString"


def _into_struct(
    schema: Schema, item: PropertyLayout, path: Sequence[str], code: str
) -> tuple[tuple[str, ...], DataType | None]:
    """The way into a struct: names as they are spelled, and the type at its end."""
    names: list[str] = []
    data_types = item.part.data_types
    base: DataType | None = None
    for name in path:
        parts = [
            part
            for text in data_types
            for part in schema.own_properties(text)
            if name_key(part.api_name) == name_key(name)
        ]
        if not parts or item.array:
            raise BadRequest(
                f"There is no '{name}' in '{'.'.join((item.name, *names))}'.", code=code
            )
        names.append(parts[0].api_name)
        data_types = parts[0].data_types
        base = base_type(schema, data_types)
    return tuple(names), base


def _value(field: Field, item: PropertyLayout | None, value: Any, *, text: bool) -> Any:
    """A value in the normal form of its type; text stands for a value of whatever type it is."""
    if text:
        value = _from_text(field, str(value))
    if field.type == "langString":
        return str(value)
    base = item.base if item is not None and item.base is not None else DataType(field.type)
    problem = value_problem(DataType(base.name), value) if base.name != "vector" else None
    if problem is not None:
        _refuse(f"'{'.'.join(field.path)}': {problem}.")
    return normalised_value(base, value)


def _from_text(field: Field, text: str) -> Any:
    if field.type in _NUMBERS or field.type == "boolean":
        try:
            return loads(text)
        except ValueError:
            _refuse(f"'{'.'.join(field.path)}' is a {field.type}, and '{text[:60]}' is none.")
    return text


def _refuse(message: str) -> NoReturn:
    raise BadRequest(
        message, code="bad_filter", errors=[{"field": "", "rule": "filter", "message": message}]
    )
