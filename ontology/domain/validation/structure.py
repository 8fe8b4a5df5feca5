"""Rules about types: properties, inheritance, interfaces, keys, links, structs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from oms_project.core.ids import is_rid
from ontology.domain.datatypes import parse_data_type
from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key, name_problem
from ontology.domain.schema import EffectiveProperty, Schema
from ontology.domain.validation.problems import Reporter
from ontology.domain.validation.values import (
    check_array,
    check_data_types,
    check_default,
    check_distinct,
)

__all__ = ["check_cycle", "check_link_type", "check_object_type", "check_struct", "check_typed"]

#: Data types whose values cannot identify anything.
_NO_KEYS = frozenset({"json", "geopoint", "geoshape", "vector", "binary", "langString", "double"})
#: Fields of an object type that name properties.
_KEY_FIELDS = frozenset({"primaryKey", "titleProperty", "uniqueConstraints"})
#: So many names of a cycle are told.
_LONGEST_PATH = 12
#: narrower -> wider: each value of the first is one of the second.
_WIDER = {
    "long": {"integer", "decimal", "double"},
    "integer": {"decimal"},
    "uri": {"string"},
    "uuid": {"string"},
}


def check_typed(report: Reporter, schema: Schema) -> None:
    """Rules for everything with properties: object types, interfaces, link types."""
    own = schema.own_properties(report.rid)
    if own:
        _check_parts(report, schema, own, "properties")
    _check_inheritance(report, schema, own)


def check_object_type(report: Reporter, schema: Schema) -> None:
    """Keys, title and interfaces of an object type."""
    interfaces = () if report.body.get("isAbstract") else schema.interfaces(report.rid)
    if not interfaces and _KEY_FIELDS.isdisjoint(report.body):
        return
    properties = schema.properties(report.rid)
    for position, name in enumerate(report.body.get("primaryKey", ())):
        pointer = f"/primaryKey/{position}"
        _check_key_part(report, schema, properties.get(name_key(name)), name, pointer)
    title = report.body.get("titleProperty")
    if title is not None:
        _names_property(report, properties.get(name_key(title)), title, "/titleProperty")
    check_distinct(report, "uniqueConstraints")
    for position, constraint in enumerate(report.body.get("uniqueConstraints", ())):
        pointer = f"/uniqueConstraints/{position}/properties"
        if not constraint["properties"]:
            report.add(pointer, "unknown-property", "Name at least one property.")
        for place, name in enumerate(constraint["properties"]):
            part = properties.get(name_key(name))
            _check_key_part(report, schema, part, name, f"{pointer}/{place}", identifies=False)
    for interface in interfaces:
        _check_interface(report, schema, properties, interface)


def _check_key_part(
    report: Reporter,
    schema: Schema,
    found: EffectiveProperty | None,
    name: str,
    pointer: str,
    *,
    identifies: bool = True,
) -> None:
    if not _names_property(report, found, name, pointer):
        return
    assert found is not None
    if found.array is not None or any(_has_no_order(schema, text) for text in found.data_types):
        report.add(
            pointer, "key", f"'{name}' cannot be part of a key: its values cannot be compared."
        )
    elif identifies and not found.required:
        report.add(pointer, "key", f"'{name}' is part of the primary key: make it required.")


def _names_property(
    report: Reporter, found: EffectiveProperty | None, name: str, pointer: str
) -> bool:
    if found is not None and found.api_name == name:
        return True
    meant = "Name an own or inherited property." if found is None else f"Spell it {found.api_name}."
    report.add(pointer, "unknown-property", f"There is no property '{name}'. {meant}")
    return False


def _has_no_order(schema: Schema, data_type: str) -> bool:
    if is_rid(data_type):
        document = schema.get(data_type)
        if document is None or document.kind == Kind.ENUM_TYPE:
            return False
        if document.kind == Kind.STRUCT_TYPE:
            return True
        data_type = document.body.get("baseType", "")
    return _is_data_type(data_type) and parse_data_type(data_type).name in _NO_KEYS


def _is_data_type(text: str) -> bool:
    if is_rid(text):
        return False
    try:
        parse_data_type(text)
    except ValueError:
        return False
    return True


def _check_parts(
    report: Reporter, schema: Schema, own: Iterable[EffectiveProperty], field: str
) -> None:
    """Properties one by one: names, types, arrays, defaults."""
    seen: set[str] = set()
    rids: set[str] = set()
    for position, part in enumerate(own):
        pointer = f"/{field}/{position}"
        if (problem := name_problem(part.api_name)) is not None:
            report.add(
                f"{pointer}/apiName", "name", f"'{part.api_name}' cannot be a name: {problem}."
            )
        if name_key(part.api_name) in seen or part.rid in rids:
            report.add(
                f"{pointer}/apiName",
                "duplicate-name",
                f"There are two properties '{part.api_name}' (case does not count). Rename one.",
            )
        seen.add(name_key(part.api_name))
        rids.add(part.rid)
        declared = part.declaration.get("dataTypes", [])
        if part.shared is None and not declared:
            report.add(
                f"{pointer}/dataTypes",
                "data-type",
                f"'{part.api_name}' has no type: give dataTypes, or a sharedProperty.",
            )
        elif part.shared is not None and declared:
            report.add(
                f"{pointer}/dataTypes",
                "data-type",
                f"'{part.api_name}' takes its type from its shared property: remove dataTypes.",
            )
        check_data_types(report, declared, f"{pointer}/dataTypes")
        check_array(report, part.declaration.get("array"), f"{pointer}/array")
        check_default(
            report, schema, part.data_types, part.array, part.default, f"{pointer}/default"
        )


def _check_inheritance(report: Reporter, schema: Schema, own: list[EffectiveProperty]) -> None:
    """Own against inherited properties, and inherited ones of several parents."""
    parents = schema.parents(report.rid)
    if not parents or (len(parents) == 1 and not own):
        return  # what one parent hands down was checked there
    own_keys = {name_key(part.api_name): position for position, part in enumerate(own)}
    inherited = dict(schema.properties(parents[0]))
    for parent in parents[1:]:
        for key, part in schema.properties(parent).items():
            other = inherited.setdefault(key, part)
            if other is part or key in own_keys or _same_meaning(other, part):
                continue
            report.add(
                "/parents",
                "ambiguous-inheritance",
                f"'{part.api_name}' is inherited from {_owner(schema, other)} and "
                f"{_owner(schema, part)} with different meanings. Declare it here, or drop a "
                "parent.",
            )
    for key, position in own_keys.items():
        base = inherited.get(key)
        if base is not None:
            _check_override(report, schema, own[position], base, f"/properties/{position}")


def _check_override(
    report: Reporter, schema: Schema, part: EffectiveProperty, base: EffectiveProperty, where: str
) -> None:
    source = _owner(schema, base)
    if part.api_name != base.api_name:
        report.add(
            f"{where}/apiName",
            "duplicate-name",
            f"'{part.api_name}' differs from '{base.api_name}' of {source} only in case. "
            "Spell it alike to override it, or choose another name.",
        )
        return
    if part.shared is not None and part.shared == base.shared:
        reason = None
    elif not _narrows(schema, part.data_types, base.data_types):
        reason = "its data types are not among those inherited"
    elif (part.array is None) != (base.array is None):
        reason = "one of them is an array"
    else:
        reason = None
    if reason is None and base.required and not part.required:
        reason = "the inherited property is required"
    if reason is not None:
        report.add(
            where,
            "illegal-override",
            f"'{part.api_name}' cannot override that of {source}: {reason}. "
            "An override may only narrow.",
        )


def _narrows(schema: Schema, data_types: tuple[str, ...], wider: tuple[str, ...]) -> bool:
    if not wider:
        return True
    if not data_types:
        return False
    return all(
        data_type in wider or bool(_wider_types(schema, data_type) & set(wider))
        for data_type in data_types
    )


def _wider_types(schema: Schema, data_type: str) -> set[str]:
    if is_rid(data_type):
        document = schema.get(data_type)
        if document is None or document.kind != Kind.VALUE_TYPE:
            return set()
        data_type = document.body["baseType"]
        if is_rid(data_type):  # no data type, which is reported where it stands
            return set()
        return {data_type} | _wider_types(schema, data_type)
    name = parse_data_type(data_type).name if _is_data_type(data_type) else data_type
    return {name} | _WIDER.get(name, set())


def _same_meaning(one: EffectiveProperty, other: EffectiveProperty) -> bool:
    if one.shared is not None and one.shared == other.shared:
        return True
    return (
        one.api_name == other.api_name
        and set(one.data_types) == set(other.data_types)
        and one.array == other.array
        and one.required == other.required
    )


def _owner(schema: Schema, part: EffectiveProperty) -> str:
    return f"'{schema.body(part.owner).get('apiName', part.owner)}'"


def _check_interface(
    report: Reporter,
    schema: Schema,
    properties: dict[str, EffectiveProperty],
    interface: str,
) -> None:
    name = schema.body(interface).get("apiName", interface)
    for wanted in schema.own_properties(interface):
        part = properties.get(name_key(wanted.api_name))
        reason = None
        if part is None:
            reason = "it is missing"
        elif part.shared is not None and part.shared == wanted.shared:
            reason = None
        elif not _narrows(schema, part.data_types, wanted.data_types):
            reason = "its data types do not fit"
        elif (part.array is None) != (wanted.array is None):
            reason = "one of them is an array"
        if reason is None and part is not None and wanted.required and not part.required:
            reason = "it must be required"
        if reason is not None:
            report.add(
                "/interfaces",
                "interface",
                f"Interface '{name}' asks for the property '{wanted.api_name}': {reason}.",
            )
    for constraint in schema.body(interface).get("linkConstraints", ()):
        link = schema.body(constraint["linkType"])
        end = "sources" if constraint.get("direction", "outgoing") == "outgoing" else "targets"
        allowed = link.get(end, ())
        if link and allowed and not any(schema.is_a(report.rid, other) for other in allowed):
            report.add(
                "/interfaces",
                "interface",
                f"Interface '{name}' asks for links '{link.get('apiName')}', which do not allow "
                f"this type among their {end}.",
            )


def check_link_type(report: Reporter) -> None:
    """Cardinalities and symmetry of a link type."""
    body = report.body
    for field in ("sourceCardinality", "targetCardinality"):
        check_cardinality(report, body.get(field) or {}, f"/{field}")
    if body.get("symmetric") and set(body.get("sources", ())) != set(body.get("targets", ())):
        report.add(
            "/symmetric",
            "symmetric",
            "A symmetric link has the same types at both ends: make sources and targets alike.",
        )
    if body.get("onDelete", "detach") == "detach" and (body.get("sourceCardinality") or {}).get(
        "min"
    ):
        report.add(
            "/onDelete",
            "cardinality",
            "Targets need a source, so deleting a source cannot just detach: use restrict or "
            "cascade.",
        )


def check_cardinality(report: Reporter, cardinality: Body, pointer: str) -> None:
    """``min`` and ``max`` that something can satisfy."""
    low, high = cardinality.get("min", 0), cardinality.get("max")
    if high is not None and low > high:
        report.add(f"{pointer}/min", "cardinality", f"min {low} is more than max {high}.")
    if high == 0:
        report.add(f"{pointer}/max", "cardinality", "max 0 allows nothing: use 1 or more.")


def check_struct(report: Reporter, schema: Schema) -> None:
    """A struct's fields, and that structs do not contain themselves."""
    fields = schema.own_properties(report.rid)
    _check_parts(report, schema, fields, "fields")
    path = _way_back(report.rid, partial(_nested_structs, schema))
    if path:
        names = _names(schema, path)
        report.add("/fields", "cycle", f"The struct contains itself: {names}. Break the cycle.")


def _nested_structs(schema: Schema, struct: str) -> Iterator[str]:
    for part in schema.own_properties(struct):
        for data_type in part.data_types:
            if is_rid(data_type):
                document = schema.get(data_type)
                if document is not None and document.kind == Kind.STRUCT_TYPE:
                    yield data_type


def check_cycle(report: Reporter, schema: Schema, field: str) -> bool:
    """Whether the definition is its own ancestor; reports it and returns True when it is."""
    if schema.is_acyclic(report.rid):
        return False
    path = _way_back(report.rid, schema.parents)
    if path:
        names = _names(schema, path)
        report.add(f"/{field}", "cycle", f"It is its own ancestor: {names}. Break the cycle.")
    return bool(path)


def _way_back(start: str, following: Callable[[str], Iterable[str]]) -> list[str]:
    """The shortest way from ``start`` to itself, both ends included; empty when there is none."""
    came_from: dict[str, str] = {}
    todo = deque([start])
    while todo:
        current = todo.popleft()
        for other in following(current):
            if other == start:
                path = [start]
                while current != start:
                    path.append(current)
                    current = came_from[current]
                return [start, *reversed(path)]
            if other not in came_from:
                came_from[other] = current
                todo.append(other)
    return []


def _names(schema: Schema, path: list[str]) -> str:
    names = [str(schema.body(rid).get("apiName", rid)) for rid in path]
    if len(names) > _LONGEST_PATH:
        names[_LONGEST_PATH - 1 : -1] = ["…"]
    return " → ".join(names)
