"""Named schemas: from the contract's dataclasses, the request bodies and the kinds' models."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.alias_generators import to_camel

from ontology import contract, selectors, services
from ontology.api import bodies
from ontology.domain.kinds import INSTANCE_KINDS, MODELS, Kind

__all__ = ["component", "page_of", "ref"]

Schema = dict[str, Any]

_REF = "#/components/schemas/"
_TEMPLATE = _REF + "{model}"
_ATTRIBUTE = re.compile(r"^(\w+(?:, \w+)*): (.*)$")

_AUDIT: Schema = {
    "_created_by": {"type": "string", "description": "Id of who created it."},
    "_created_by_username": {"type": "string"},
    "_created_at": {"type": "string", "format": "date-time"},
    "_updated_by": {"type": "string", "description": "Id of who changed it last."},
    "_updated_by_username": {"type": "string"},
    "_updated_at": {"type": "string", "format": "date-time"},
    "_deleted": {"type": "boolean", "description": "Whether it was deleted."},
    "_deleted_by": {"type": ["string", "null"]},
    "_deleted_at": {"type": ["string", "null"], "format": "date-time"},
}


def _identity(kind: str | None) -> Schema:
    typed: Schema = {"type": "string", "description": "What the document is."}
    if kind is not None and kind not in (Kind.OBJECT, Kind.LINK):
        typed["const"] = kind
    return {
        "_etag": {"type": "string", "description": "For `If-Match` of a write."},
        "@id": {"type": "string", "description": "`Kind/apiName` at the ref that was read."},
        "@type": typed,
        "rid": {"type": "string", "format": "uuid", "description": "Immutable identifier."},
    }


def ref(name: str) -> Schema:
    """A reference to the component ``name``."""
    return {"$ref": _REF + name}


def page_of(item: str, *, commit: bool = False, total: bool = False) -> Schema:
    """The schema of a page of ``item``.

    Args:
        commit: it says which commit was read.
        total: it says how many there are, when that was asked.
    """
    properties: Schema = {
        "items": {"type": "array", "items": ref(item)},
        "next": {
            "type": ["string", "null"],
            "description": "Pass it as `cursor` to get the next page; null on the last one.",
        },
    }
    if commit:
        properties["commit"] = {"type": "string", "description": "Id of the commit that was read."}
    required = list(properties)
    if total:
        properties["total"] = {
            "type": "integer",
            "minimum": 0,
            "description": "How many there are on all pages, with `count`.",
        }
    return {"type": "object", "required": required, "properties": properties}


@cache
def component(name: str) -> tuple[Schema, Mapping[str, Schema]]:
    """The schema called ``name``, and those that it refers to by name.

    Raises:
        KeyError: there is no such component.
    """
    schema, nested = _builders()[name]()
    return _tidy(schema), {key: _tidy(value) for key, value in nested.items()}


Built = tuple[Schema, dict[str, Schema]]


@cache
def _builders() -> dict[str, Callable[[], Built]]:
    known: dict[str, Callable[[], Built]] = {
        "Document": lambda: (_document(), {}),
        "DocumentSummary": lambda: (_summary(), {}),
        "LossReport": lambda: ({"type": "object", "additionalProperties": True}, {}),
    }
    for value, title in _DATACLASSES.items():
        known[title] = lambda value=value: _from_dataclass(value)  # type: ignore[misc]
    for name in bodies.__all__:
        model = getattr(bodies, name)
        if isinstance(model, type) and issubclass(model, BaseModel):
            known[name] = lambda model=model: _from_model(model)  # type: ignore[misc]
    for kind in MODELS:
        title = _kind_title(kind)
        known[title] = lambda kind=kind: _kind_read(kind)  # type: ignore[misc]
        known[f"{title}Input"] = lambda kind=kind: _kind_input(kind)  # type: ignore[misc]
        known[f"{title}Patch"] = lambda kind=kind: _kind_patch(kind)  # type: ignore[misc]
    for kind in INSTANCE_KINDS:
        known[kind.value] = lambda kind=kind: (_instance(kind), {})  # type: ignore[misc]
        known[f"{kind.value}Input"] = lambda kind=kind: (_instance_input(kind), {})  # type: ignore[misc]
        known[f"{kind.value}Values"] = lambda: (_values(), {})
    known["TypeCount"] = lambda: (_type_count(), {})
    return known


def _kind_title(kind: Kind) -> str:
    # The header document shares its kind's name with the registry's entry.
    return "OntologyHeader" if kind == Kind.ONTOLOGY else kind.value


#: Contract values that travel, with their public names.
_DATACLASSES: dict[Any, str] = {
    contract.OntologyInfo: "Ontology",
    contract.BranchInfo: "Branch",
    contract.TagInfo: "Tag",
    contract.CommitInfo: "Commit",
    contract.FieldChange: "FieldChange",
    contract.DocumentDiff: "DocumentDiff",
    contract.DiffResult: "Diff",
    contract.CommitResult: "CommitResult",
    contract.ActionInfo: "Action",
    contract.ActionResult: "ActionResult",
    contract.Conflict: "MergeConflict",
    contract.MergeResult: "MergeResult",
    contract.ImportResult: "ImportResult",
    contract.AggregateRow: "AggregateRow",
    contract.AggregateResult: "AggregateResult",
    contract.SearchHit: "SearchHit",
    contract.LinkedObject: "LinkedObject",
    contract.TraversalNode: "TraversalNode",
    contract.Traversal: "Traversal",
    contract.HistoryEntry: "HistoryEntry",
    contract.RedactionInfo: "Redaction",
    contract.RedactionResult: "RedactionResult",
    contract.HomeStatus: "HomeStatus",
    contract.ReconcileReport: "ReconcileReport",
    contract.StrayInfo: "Stray",
    contract.VerifyProblem: "VerifyProblem",
    contract.VerifyReport: "VerifyReport",
    services.LoadResult: "LoadResult",
    services.LoadedFile: "LoadedFile",
    services.RejectedRow: "RejectedRow",
    selectors.LoadProposal: "LoadProposal",
    selectors.ProposedColumn: "ProposedColumn",
    selectors.Blame: "Blame",
    selectors.BlameEntry: "BlameEntry",
    selectors.DocumentComparison: "DocumentComparison",
    selectors.Hierarchy: "Hierarchy",
    selectors.HierarchyNode: "HierarchyNode",
    selectors.TypeDescription: "TypeDescription",
    selectors.PropertyView: "PropertyView",
    selectors.LinkUse: "LinkUse",
}


def _document(kind: Kind | None = None) -> Schema:
    return {
        "type": "object",
        "description": "A document as stored: identity, fields of its kind, audit fields.",
        "required": ["_etag", "@id", "@type", "rid"],
        "properties": {**_identity(kind), **_AUDIT},
        "additionalProperties": True,
    }


_WARNING: Schema = {
    "type": "object",
    "properties": {
        name: {"type": "string"} for name in ("document", "rid", "field", "rule", "message")
    },
}


def _instance(kind: Kind) -> Schema:
    schema = _document()
    schema["description"] = (
        "Values under their properties' names, beside identity and audit fields."
    )
    end: Schema = {"type": "string", "description": "`@id` of the object at this end."}
    properties: Schema = {
        **schema["properties"],
        "@id": {
            "type": "string",
            "description": "Of an object its type and key (`Person/42`; the parts of a key "
            "percent-encoded and joined by `+`), of a link its type and `rid`.",
        },
        "@type": {"type": "string", "description": "Name of its type."},
        "_type": {"type": "string", "format": "uuid", "description": "`rid` of its type."},
        "_masked": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Values that you may not see.",
        },
        "_warnings": {
            "type": "array",
            "items": _WARNING,
            "description": "In the answer to a write: uses of what is deprecated.",
        },
    }
    if kind == Kind.LINK:
        properties |= {"@source": end, "@target": end}
    return {**schema, "properties": properties}


def _values() -> Schema:
    return {
        "type": "object",
        "description": "Values by the names of properties; what begins with `@` or `_` is ignored.",
        "additionalProperties": True,
    }


def _instance_input(kind: Kind) -> Schema:
    if kind == Kind.OBJECT:
        return _values()
    end: Schema = {
        "type": "string",
        "minLength": 1,
        "maxLength": 2000,
        "description": "The object at this end: `Type/key`, its `rid` or its IRI.",
    }
    ends: Schema = {"@source": end, "@target": end}
    return {**_values(), "required": list(ends), "properties": ends}


def _type_count() -> Schema:
    properties: Schema = {
        "type": {"type": "string", "description": "Its `apiName`."},
        "rid": {"type": "string", "format": "uuid"},
        "displayName": {"type": "object", "additionalProperties": {"type": "string"}},
        "isAbstract": {"type": "boolean"},
        "count": {"type": "integer", "minimum": 0, "description": "Of the type itself."},
        "withSubtypes": {"type": "integer", "minimum": 0},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def _summary() -> Schema:
    properties: Schema = {
        "rid": {"type": "string", "format": "uuid"},
        "kind": {"type": "string"},
        "id": {"type": "string", "description": "`Kind/apiName`."},
        "name": {"type": "string"},
        "displayName": {"type": "object", "additionalProperties": {"type": "string"}},
        "status": {"type": "string"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


# -- dataclasses -----------------------------------------------------------------------------------


def _from_dataclass(value: Any) -> Built:
    schema = TypeAdapter(value).json_schema(mode="serialization", ref_template=_TEMPLATE)
    definitions: dict[str, Schema] = schema.pop("$defs", {})
    by_name = {known.__name__: known for known in _DATACLASSES}
    nested: dict[str, Schema] = {}
    for name, given in definitions.items():
        if name == contract.DocumentView.__name__:
            nested["Document"] = _document()
        else:
            nested[_DATACLASSES[by_name[name]]] = _camel(given, by_name[name])
    return _renamed((_camel(schema, value), nested))


def _camel(schema: Schema, value: Any) -> Schema:
    """Members of a dataclass in camelCase, all present, described by its docstring."""
    described = _attributes(value.__doc__ or "")
    properties: Schema = {}
    if value is contract.VerifyReport:
        properties["ok"] = {"type": "boolean", "description": "Whether nothing was found."}
    for field in dataclasses.fields(value):
        member = dict(schema["properties"][field.name])
        member.pop("default", None)
        if field.name in described:
            member["description"] = described[field.name]
        properties[to_camel(field.name)] = member
    return {
        "type": "object",
        "description": (value.__doc__ or "").split("\n\n")[0],
        "required": list(properties),
        "properties": properties,
    }


def _renamed(built: Built) -> Built:
    """References to dataclasses under their public names."""
    names = {known.__name__: title for known, title in _DATACLASSES.items()}
    names[contract.DocumentView.__name__] = "Document"

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                name = value["$ref"].removeprefix(_REF)
                return {**value, "$ref": _REF + names.get(name, name)}
            return {key: walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item) for item in value]
        return value

    schema, nested = built
    return walk(schema), walk(nested)


def _attributes(doc: str) -> dict[str, str]:
    """What an ``Attributes:`` section says about each attribute."""
    _, found, section = doc.partition("Attributes:\n")
    described: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines() if found else ():
        match = _ATTRIBUTE.match(line.strip())
        indent = len(line) - len(line.lstrip())
        if match and indent == 8:
            names = match.group(1).split(", ")
            described.update(dict.fromkeys(names, match.group(2)))
        elif line.strip() and indent > 8:
            for name in names:
                described[name] += " " + line.strip()
    return described


# -- pydantic models -------------------------------------------------------------------------------


def _from_model(model: type[BaseModel], suffix: str = "", mode: str = "validation") -> Built:
    schema = model.model_json_schema(
        by_alias=True,
        ref_template=_TEMPLATE + suffix,
        mode=mode,  # type: ignore[arg-type]
    )
    definitions = schema.pop("$defs", {})
    return schema, {name + suffix: value for name, value in definitions.items()}


def _kind_read(kind: Kind) -> Built:
    schema, nested = _from_model(MODELS[kind], mode="serialization")
    identity = _identity(kind)
    # `fields=` leaves fields out, and a field in its default state is not stored.
    schema["required"] = list(identity)
    schema["properties"] = {**identity, **schema["properties"], **_AUDIT}
    schema.pop("additionalProperties", None)
    return schema, nested


def _kind_input(kind: Kind) -> Built:
    schema, nested = _from_model(MODELS[kind], suffix="Input")
    for name, value in nested.items():
        if name == "PropertyInput":
            value["required"] = [member for member in value["required"] if member != "rid"]
    schema["description"] = (
        f"{schema.get('description', '')} References may be rids, `Kind/apiName`, IRIs, or bare "
        "names where only one kind can stand. Identity and audit fields are ignored."
    ).strip()
    return schema, nested


def _kind_patch(kind: Kind) -> Built:
    schema, nested = _kind_input(kind)
    schema.pop("required", None)
    schema["description"] = (
        "A merge patch (RFC 7396): named fields replace, null removes, object-valued fields are "
        "merged, the rest stays."
    )
    schema["properties"] = {name: _nullable(value) for name, value in schema["properties"].items()}
    return schema, nested


def _nullable(schema: Schema) -> Schema:
    kept = {key: value for key, value in schema.items() if key != "default"}
    if not kept.keys() - {"description", "title"}:
        return kept
    if any(option == {"type": "null"} for option in kept.get("anyOf", ())):
        return kept
    outer: Schema = {key: kept.pop(key) for key in ("description", "title") if key in kept}
    return {**outer, "anyOf": [kept, {"type": "null"}]}


def _tidy(value: Any) -> Any:
    """Without generated titles, and with the code marks of Markdown."""
    if isinstance(value, dict):
        return {
            key: item.replace("``", "`").replace("\n", " ")
            if key == "description" and isinstance(item, str)
            else _tidy(item)
            for key, item in value.items()
            # A property may be called "title"; a generated title is a string.
            if not (key == "title" and isinstance(item, str))
        }
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    return value
