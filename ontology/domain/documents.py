"""Documents: their normal form, the references in them, and what they are found by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import quote

from pydantic import ValidationError

from oms_project.core.canonical_json import canonical_digest, dumps
from oms_project.core.ids import is_rid
from ontology.domain.instances.keys import KEY, object_name_key
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, MODELS, Kind
from ontology.domain.names import name_key

__all__ = [
    "LIST_KEYS",
    "Body",
    "Document",
    "DocumentChange",
    "IndexEntry",
    "Problem",
    "Reference",
    "document_id",
    "document_name",
    "index_entries",
    "instance_name_key",
    "item_key",
    "normalise",
    "normalised",
    "reference_kinds",
    "reference_pairs",
    "references",
    "same_entries",
    "search_text",
    "shape_problems",
]

Body = Mapping[str, Any]

#: Lists that are sets: sorted, without repeats. Order says nothing.
SET_FIELDS = frozenset(
    {
        "aliases",
        "dataTypes",
        "equivalentTo",
        "extends",
        "interfaces",
        "parents",
        "replacedBy",
        "sources",
        "tags",
        "targets",
    }
)

#: Lists of objects whose items have an identity: field -> how to read it.
LIST_KEYS: dict[str, Callable[[Any], str]] = {
    "properties": lambda item: str(item["rid"]),
    "fields": lambda item: str(item["rid"]),
    "members": lambda item: str(item["code"]),
    "parameters": lambda item: str(item["apiName"]),
    "linkConstraints": lambda item: f"{item['linkType']}:{item.get('direction', 'outgoing')}",
    "externalMappings": lambda item: f"{item['relation']}:{item['iri']}",
    "uniqueConstraints": lambda item: str(item["name"]),
    "rules": lambda item: str(item["name"]),
    "submissionCriteria": lambda item: str(item["name"]),
    "sideEffects": lambda item: str(item["name"]),
    "annotations": lambda item: canonical_digest(item)[:16],
    "_annotations": lambda item: canonical_digest(item)[:16],
}

#: Keyed lists whose stored order is derived, so that order can never conflict.
_SORT_KEYS: dict[str, Callable[[Any], Any]] = {
    "properties": lambda item: (item.get("order", 0), name_key(item["apiName"]), item["rid"]),
    "fields": lambda item: (item.get("order", 0), name_key(item["apiName"]), item["rid"]),
    "linkConstraints": LIST_KEYS["linkConstraints"],
    "externalMappings": LIST_KEYS["externalMappings"],
    "uniqueConstraints": LIST_KEYS["uniqueConstraints"],
    "annotations": dumps,
    "_annotations": dumps,
}

#: Fields of definitions that no index entry is made of; an instance's values are none of these.
_UNINDEXED = frozenset({"annotations", "apiName", "description", "displayName", "status"})
_TYPES_OF_VALUES = frozenset({Kind.VALUE_TYPE, Kind.ENUM_TYPE, Kind.STRUCT_TYPE})
_OBJECTS = frozenset({Kind.OBJECT_TYPE, Kind.INTERFACE})
_ANY = frozenset(DEFINITION_KINDS)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the domain sees it. ``body`` is in normal form and must not be changed."""

    rid: str
    kind: Kind
    body: Body

    @property
    def name(self) -> str:
        """The name people use: ``apiName``, or for a nameless kind its IRI; may be empty."""
        return document_name(self.kind, self.body)

    @property
    def label(self) -> str:
        """``Kind/name`` for messages."""
        return document_id(self.kind, self.rid, self.body)


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """One document before and after; None stands for absent (or deleted)."""

    rid: str
    kind: Kind
    before: Body | None
    after: Body | None

    @property
    def operation(self) -> str:
        """``create``, ``delete``, ``rename`` or ``update``."""
        if self.before is None:
            return "create"
        if self.after is None:
            return "delete"
        if self.kind in INSTANCE_KINDS:
            return "update"
        if self.before.get("apiName") != self.after.get("apiName"):
            return "rename"
        return "update"

    @property
    def label(self) -> str:
        """``Kind/name`` after the change (before it, for a delete)."""
        return document_id(self.kind, self.rid, self.after or self.before or {})


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule.

    Attributes:
        rid, kind, document: which document (``document`` is ``Kind/name``).
        field: JSON pointer into the body, empty for the whole document.
        rule: stable code of the rule.
        message: what is wrong and what to do.
    """

    rid: str
    kind: Kind
    document: str
    field: str
    rule: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """For the ``errors`` of an ``OmsError``."""
        return {
            "document": self.document,
            "rid": self.rid,
            "field": self.field,
            "rule": self.rule,
            "message": self.message,
        }


class Reference(NamedTuple):
    """A reference found in a body.

    Attributes:
        role: the field the reference stands in (``parents``, ``sharedProperty``, ...).
        target: the ``rid`` referred to.
        pointer: JSON pointer of the reference.
        kinds: kinds the target may have.
    """

    role: str
    target: str
    pointer: str
    kinds: frozenset[Kind]


class IndexEntry(NamedTuple):
    """Something a document can be found by: a reference, its IRI, a tag, an alias."""

    role: str
    key: str


def document_name(kind: Kind, body: Body) -> str:
    """``apiName`` of a definition, IRI of an instance or resource, else an empty string."""
    if kind in INSTANCE_KINDS:
        return str(body.get("_iri", ""))
    return str(body.get("apiName") or (body.get("iri") if kind == Kind.RESOURCE else "") or "")


def document_id(kind: Kind, rid: str, body: Body) -> str:
    """``@id`` of a document: ``ObjectType/Person``; nameless kinds use their IRI or ``rid``."""
    if kind in INSTANCE_KINDS:
        iri = body.get("_iri")
        return f"{kind.value}/{quote(str(iri), safe='') if iri else rid}"
    name = body.get("apiName")
    if name:
        return f"{kind.value}/{name}"
    iri = body.get("iri") if kind == Kind.RESOURCE else None
    return f"{kind.value}/{quote(iri, safe='') if iri else rid}"


def shape_problems(kind: Kind, rid: str, body: Body) -> list[Problem]:
    """What stops ``body`` from having the shape of its kind; empty when it has it."""
    return normalised(kind, rid, body)[1]


def normalised(
    kind: Kind, rid: str, body: Body
) -> tuple[dict[str, Any], list[Problem]] | tuple[None, list[Problem]]:
    """``normalise``, with the problems instead of an exception: one of the two is there."""
    try:
        return normalise(kind, body), []
    except ValidationError as error:
        document = document_id(kind, rid, body)
        return None, [
            Problem(
                rid=rid,
                kind=kind,
                document=document,
                field="".join(f"/{_escape(part)}" for part in item["loc"]),
                rule="shape",
                message=_shape_message(item),
            )
            for item in error.errors(include_url=False)
        ]


def normalise(kind: Kind, body: Body) -> dict[str, Any]:
    """The normal form of ``body``: checked against its model, defaults left out, sets sorted.

    Raises:
        pydantic.ValidationError: the body does not have the shape of its kind.
    """
    model = MODELS.get(kind)
    if model is None:
        # An instance: its values belong to its type, only the system's members have a normal form.
        fields = {name: value for name, value in body.items() if value is not None}
        if "_annotations" in fields:
            system = {"_annotations": list(fields["_annotations"])}
            _sort(system)
            fields.update(system)
        return fields
    fields = model.model_validate(body).model_dump(by_alias=True, exclude_defaults=True)
    _sort(fields)
    return fields


def _sort(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, dict):
            if name == "deprecation":
                _sort(value)
        elif not isinstance(value, list) or not value:
            continue
        elif name in SET_FIELDS:
            if len(value) > 1:
                fields[name] = sorted(set(value))
        elif name in LIST_KEYS and isinstance(value[0], dict):
            # A list of things; ``properties`` of a unique constraint is a list of names.
            for item in value:
                _sort(item)
            if name in _SORT_KEYS and len(value) > 1:
                value.sort(key=_SORT_KEYS[name])
                if name in ("annotations", "_annotations"):
                    fields[name] = _unique(value)


def _unique(items: list[Any]) -> list[Any]:
    """Sorted annotations without repeats. Two blank nodes with the same content are two things."""
    kept = items[:1]
    kept.extend(
        item for before, item in pairwise(items) if item != before or "node" in item["value"]
    )
    return kept


def references(kind: Kind, body: Body) -> Iterator[Reference]:
    """Every reference to another document in a normal-form ``body``."""
    for field, kinds in _REFERENCE_LISTS.get(kind, ()):
        for position, target in enumerate(body.get(field, ())):
            yield Reference(field, target, f"/{field}/{position}", kinds)
    for field, kinds in _REFERENCE_FIELDS.get(kind, ()):
        target = body.get(field)
        if target:
            yield Reference(field, target, f"/{field}", kinds)
    for field in _PARTS.get(kind, ()):
        for position, item in enumerate(body.get(field, ())):
            yield from _property_references(item, f"/{field}/{position}")
    if kind in _SPECIAL_REFERENCES:
        yield from _SPECIAL_REFERENCES[kind](body)
    if kind in _ANY:
        yield from _mentions(body)


def reference_pairs(kind: Kind, body: Body) -> list[tuple[str, str]]:
    """Role and target of every one of the ``references``, without their places: several times
    quicker, for where nothing is wrong and there are many.
    """
    if kind in _SPECIAL_REFERENCES:
        return [(found.role, found.target) for found in references(kind, body)]
    pairs: list[tuple[str, str]] = []
    for field, _ in _REFERENCE_LISTS.get(kind, ()):
        if field in body:
            pairs += [(field, target) for target in body[field]]
    for field, _ in _REFERENCE_FIELDS.get(kind, ()):
        if body.get(field):
            pairs.append((field, body[field]))
    for field in _PARTS.get(kind, ()):
        for item in body.get(field, ()):
            if item.get("sharedProperty"):
                pairs.append(("sharedProperty", item["sharedProperty"]))
            pairs += [("dataTypes", text) for text in item.get("dataTypes", ()) if is_rid(text)]
    if "equivalentTo" in body or "deprecation" in body:
        pairs += [(found.role, found.target) for found in _mentions(body)] if kind in _ANY else []
    return pairs


def reference_kinds(kind: Kind, role: str) -> frozenset[Kind]:
    """The kinds that a target of a ``kind`` in ``role`` may have; none where it depends on more
    than the role (``rules``).
    """
    return _KINDS_OF_ROLE.get(role) or _KINDS_OF_FIELD.get((kind, role), frozenset())


def _mentions(body: Body) -> Iterator[Reference]:
    """Where an IRI may stand as well as a reference."""
    for position, target in enumerate(body.get("equivalentTo", ())):
        if is_rid(target):
            yield Reference("equivalentTo", target, f"/equivalentTo/{position}", _ANY)
    for position, target in enumerate((body.get("deprecation") or {}).get("replacedBy", ())):
        if is_rid(target):
            yield Reference("replacedBy", target, f"/deprecation/replacedBy/{position}", _ANY)


def _interface_references(body: Body) -> Iterator[Reference]:
    kinds = frozenset({Kind.LINK_TYPE})
    for position, item in enumerate(body.get("linkConstraints", ())):
        pointer = f"/linkConstraints/{position}/linkType"
        yield Reference("linkConstraints", item["linkType"], pointer, kinds)


def _property_references(item: Body, pointer: str) -> Iterator[Reference]:
    shared = item.get("sharedProperty")
    if shared:
        yield Reference(
            "sharedProperty", shared, f"{pointer}/sharedProperty", frozenset({Kind.SHARED_PROPERTY})
        )
    for position, data_type in enumerate(item.get("dataTypes", ())):
        if is_rid(data_type):
            yield Reference(
                "dataTypes", data_type, f"{pointer}/dataTypes/{position}", _TYPES_OF_VALUES
            )


def _action_references(body: Body) -> Iterator[Reference]:
    for position, parameter in enumerate(body.get("parameters", ())):
        pointer = f"/parameters/{position}"
        yield from _property_references(parameter, pointer)
        if parameter.get("objectType"):
            yield Reference(
                "parameters", parameter["objectType"], f"{pointer}/objectType", _OBJECTS
            )
    for position, rule in enumerate(body.get("rules", ())):
        for field, kind in (("objectType", Kind.OBJECT_TYPE), ("linkType", Kind.LINK_TYPE)):
            if rule.get(field):
                pointer = f"/rules/{position}/{field}"
                yield Reference("rules", rule[field], pointer, frozenset({kind}))


def index_entries(kind: Kind, body: Body) -> set[IndexEntry]:
    """What the store indexes a document by, apart from its name (and from an instance's values)."""
    if kind in INSTANCE_KINDS:
        return _instance_entries(kind, body)
    entries = {IndexEntry(role, key) for role, key in reference_pairs(kind, body)}
    iri = body.get("iri")
    if iri:
        entries.add(IndexEntry("iri", iri))
    for tag in body.get("tags", ()):
        entries.add(IndexEntry("tag", tag))
    for alias in body.get("aliases", ()):
        entries.add(IndexEntry("alias", f"{kind.value}/{name_key(alias)}"))
    return entries


def _instance_entries(kind: Kind, body: Body) -> set[IndexEntry]:
    """An object is found by its name key, which begins with its type; a link also by its ends,
    each with the type, so that the links of one type at a busy object are found by themselves.
    """
    iri = body.get("_iri")
    entries = {IndexEntry("iri", iri)} if iri else set()
    if kind == Kind.LINK:
        for role in ("_source", "_target"):
            entries.add(IndexEntry(role, f"{body.get(role)}:{body.get('_type')}"))
    return entries


def instance_name_key(kind: Kind, body: Body) -> str:
    """What an object or link is found and listed by: its type, then its key or its ends."""
    type_rid = str(body.get("_type") or "")
    if kind == Kind.LINK:
        return f"{type_rid}:{body.get('_source')}:{body.get('_target')}"
    return object_name_key(type_rid, body.get(KEY), body.get("_iri"))


def same_entries(before: Body, after: Body) -> bool:
    """Whether two bodies of one document differ in nothing that ``index_entries`` looks at.

    It may say no where the entries are the same after all.
    """
    return all(
        name in _UNINDEXED or before.get(name) == after.get(name)
        for name in before.keys() | after.keys()
    )


def search_text(kind: Kind, body: Body) -> str:
    """The text a plain search looks in: name, labels, descriptions, IRI; without case."""
    if kind in INSTANCE_KINDS:
        return str(body.get("_iri", "")).casefold()
    parts = [body.get("apiName"), body.get("iri")]
    for field in ("displayName", "description"):
        parts.extend(_texts(body.get(field)))
    if kind == Kind.ENUM_TYPE:
        for member in body.get("members", ()):
            parts.append(member["code"])
            parts.extend(_texts(member.get("label")))
    return "\n".join(part for part in parts if part).casefold()


def _texts(by_language: Mapping[str, str] | None) -> list[str]:
    """Texts in the order of their language tags: the same for a body at hand and one read back."""
    return [text for _, text in sorted(by_language.items())] if by_language else []


def item_key(field: str, item: Any) -> str:
    """The identity of an item of a keyed list."""
    return LIST_KEYS[field](item)


def _escape(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _shape_message(item: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "There is no such field. Remove it, or check its spelling."
    if item["type"] == "missing":
        return "This field is required."
    message = str(item["msg"])
    return message if message.endswith(".") else message + "."


_REFERENCE_LISTS: dict[Kind, tuple[tuple[str, frozenset[Kind]], ...]] = {
    Kind.OBJECT_TYPE: (
        ("parents", frozenset({Kind.OBJECT_TYPE})),
        ("interfaces", frozenset({Kind.INTERFACE})),
    ),
    Kind.SHARED_PROPERTY: (("parents", frozenset({Kind.SHARED_PROPERTY})),),
    Kind.LINK_TYPE: (
        ("parents", frozenset({Kind.LINK_TYPE})),
        ("sources", _OBJECTS),
        ("targets", _OBJECTS),
    ),
    Kind.INTERFACE: (("extends", frozenset({Kind.INTERFACE})),),
}
_REFERENCE_FIELDS: dict[Kind, tuple[tuple[str, frozenset[Kind]], ...]] = {
    Kind.LINK_TYPE: (("inverseOf", frozenset({Kind.LINK_TYPE})),),
    Kind.OBJECT: (("_type", frozenset({Kind.OBJECT_TYPE})),),
    Kind.LINK: (
        ("_type", frozenset({Kind.LINK_TYPE})),
        ("_source", frozenset({Kind.OBJECT})),
        ("_target", frozenset({Kind.OBJECT})),
    ),
}
#: Kinds -> fields that hold properties. (An object may have a value named ``fields``.)
_PARTS: dict[Kind, tuple[str, ...]] = {
    Kind.OBJECT_TYPE: ("properties",),
    Kind.LINK_TYPE: ("properties",),
    Kind.INTERFACE: ("properties",),
    Kind.STRUCT_TYPE: ("fields",),
}
_SPECIAL_REFERENCES: dict[Kind, Callable[[Body], Iterator[Reference]]] = {
    Kind.SHARED_PROPERTY: lambda body: _property_references(body, ""),
    Kind.INTERFACE: _interface_references,
    Kind.ACTION_TYPE: _action_references,
}
_KINDS_OF_ROLE: dict[str, frozenset[Kind]] = {
    "sharedProperty": frozenset({Kind.SHARED_PROPERTY}),
    "dataTypes": _TYPES_OF_VALUES,
    "linkConstraints": frozenset({Kind.LINK_TYPE}),
    "parameters": _OBJECTS,
    "equivalentTo": _ANY,
    "replacedBy": _ANY,
}
_KINDS_OF_FIELD: dict[tuple[Kind, str], frozenset[Kind]] = {
    (kind, field): kinds
    for table in (_REFERENCE_LISTS, _REFERENCE_FIELDS)
    for kind, fields in table.items()
    for field, kinds in fields
}
