"""How a body is edited: merge patch, aliases, ids of properties, and names given anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_project.core.ids import derived_id, new_id
from ontology.domain.documents import Body, Problem, document_id
from ontology.domain.kinds import Kind
from ontology.domain.names import convention_problem, enum_code_problem, name_key, name_problem

__all__ = ["naming_problems", "patched", "with_alias", "with_part_rids"]

_PROPERTY_FIELDS = {
    Kind.OBJECT_TYPE: "properties",
    Kind.LINK_TYPE: "properties",
    Kind.INTERFACE: "properties",
    Kind.STRUCT_TYPE: "fields",
}


def with_alias(before: Body, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the old name findable; coming back to an alias takes it off the list."""
    aliases = set(fields.get("aliases") or ()) | {before.get("apiName")}
    aliases -= {None, fields.get("apiName")}
    return {**fields, "aliases": sorted(aliases)}


def patched(base: Body, patch: Mapping[str, Any]) -> dict[str, Any]:
    """JSON merge patch (RFC 7396)."""
    merged = dict(base)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            old = merged.get(name)
            merged[name] = patched(old if isinstance(old, Mapping) else {}, value)
        else:
            merged[name] = value
    return merged


def with_part_rids(
    kind: Kind, rid: str, before: Body | None, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Properties without a ``rid`` get that of the property with their name, or a derived one."""
    body = dict(fields)
    field_name = _PROPERTY_FIELDS.get(kind)
    items = body.get(field_name) if field_name else None
    if not isinstance(items, list):
        return body
    assert field_name is not None
    known = {name_key(item["apiName"]): item["rid"] for item in (before or {}).get(field_name, ())}
    used = {item.get("rid") for item in items if isinstance(item, Mapping)}
    finished = []
    for item in items:
        if (
            isinstance(item, Mapping)
            and not item.get("rid")
            and isinstance(item.get("apiName"), str)
        ):
            key = name_key(item["apiName"])
            part = known.get(key)
            if part is None or part in used:
                part = derived_id(rid, str(item.get("sharedProperty") or item["apiName"]))
                if part in used:
                    part = new_id()
            used.add(part)
            item = {**item, "rid": part}  # noqa: PLW2901
        finished.append(item)
    body[field_name] = finished
    return body


def naming_problems(kind: Kind, rid: str, before: Body | None, body: Body) -> list[Problem]:
    """Names given now follow the convention; names that are there (imported ones) may stay."""
    document = document_id(kind, rid, body)
    problems: list[Problem] = []

    def check(pointer: str, name: str, problem: str | None) -> None:
        if problem is not None:
            problems.append(
                Problem(rid, kind, document, pointer, "naming", f"'{name}': {problem}.")
            )

    name = body.get("apiName")
    if name is not None and name != (before or {}).get("apiName") and name_problem(name) is None:
        check("/apiName", name, convention_problem(kind, name))
    old = before or {}
    for field_name in ("properties", "fields", "parameters"):
        if not isinstance(body.get(field_name), list):
            continue
        known = {item["apiName"] for item in old.get(field_name, ())}
        for position, item in enumerate(body[field_name]):
            name = item["apiName"]
            # A shared property brings its name along, which an import may have given it.
            if name in known or item.get("sharedProperty") or name_problem(name) is not None:
                continue
            check(f"/{field_name}/{position}/apiName", name, convention_problem(None, name))
    if kind == Kind.ENUM_TYPE:
        known = {item["code"] for item in old.get("members", ())}
        for position, item in enumerate(body.get("members", ())):
            if item["code"] not in known:
                check(f"/members/{position}/code", item["code"], enum_code_problem(item["code"]))
    return problems
