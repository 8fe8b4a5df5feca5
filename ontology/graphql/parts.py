"""The parts of definitions: properties, parameters, members, bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import strawberry

from oms_project.core.ids import is_rid
from oms_project.graphql.context import of_each
from oms_project.graphql.scalars import Long
from ontology.contract import DocumentView
from ontology.domain.actions import text_in
from ontology.graphql.places import FEW, At, referred, stored, stored_json

__all__ = [
    "ActionParameter",
    "ActionRule",
    "ArrayBounds",
    "Cardinality",
    "DescribedFields",
    "EnumMember",
    "LinkConstraint",
    "Part",
    "Property",
    "PropertyDataType",
    "SideEffect",
    "SubmissionCriterion",
    "UniqueConstraint",
    "parts_of",
]

_Definition: TypeAlias = Annotated[
    "Definition",  # type: ignore[name-defined]  # noqa: F821 - it is in another module
    strawberry.lazy("ontology.graphql.definitions"),
]
_SharedProperty: TypeAlias = Annotated[
    "SharedProperty",  # type: ignore[name-defined]  # noqa: F821
    strawberry.lazy("ontology.graphql.definitions"),
]


def definition(at: At, view: DocumentView) -> Any:
    """A document as an object of its kind's type."""
    from ontology.graphql.definitions import definition_of

    return definition_of(at, view)


@strawberry.type
class Part:
    """A part of a document: its own members, and where the document was read."""

    body: strawberry.Private[Mapping[str, Any]]
    at: strawberry.Private[At]
    siblings: strawberry.Private[Any] = None


def parts_of(item: Any, key: str, kind: type[Any]) -> list[Any]:
    """The list ``key`` of a document's body as objects, which are siblings of those of all its
    siblings.
    """

    def load(owners: Sequence[Any]) -> Sequence[Any]:
        return [
            [kind(body=body, at=owner.at) for body in owner.body.get(key, ())] for owner in owners
        ]

    found: list[Any] = of_each(item, ("parts", key), load)
    return found


@strawberry.type
class DescribedFields:
    """What definitions and their parts say to readers; ``self.body`` has it."""

    display_name = stored_json("displayName", "Its name for people, by language.", {})
    description = stored_json("description", "What it is, by language.", {})
    status = stored(
        "status", str, "`experimental`, `active`, `deprecated` or `archived`.", "active"
    )
    deprecation = stored_json(
        "deprecation", "Since when and why it should no longer be used, and what replaces it."
    )

    @strawberry.field(
        description="Its name in a language, or the nearest there is; its `apiName` if none."
    )
    def label(self, language: str = "en") -> str:
        body: Mapping[str, Any] = self.body  # type: ignore[attr-defined]
        return text_in(body.get("displayName", {}), language) or str(
            body.get("apiName") or body.get("code") or ""
        )

    @strawberry.field(description="Its description in a language, or the nearest there is.")
    def summary(self, language: str = "en") -> str:
        return text_in(self.body.get("description", {}), language)  # type: ignore[attr-defined]

    @strawberry.field(description="Whether it should no longer be used.")
    def deprecated(self) -> bool:
        body: Mapping[str, Any] = self.body  # type: ignore[attr-defined]
        return body.get("status") in ("deprecated", "archived")


@strawberry.type(description="Bounds of a list of values.")
class ArrayBounds(Part):
    min_items = stored("minItems", Long | None, "At least so many.")
    max_items = stored("maxItems", Long | None, "At most so many.")
    unique = stored("unique", bool, "Whether no value may stand twice.", False)


@strawberry.type(description="A data type: a word of its own, or a definition.")
class PropertyDataType:
    text: str = strawberry.field(description="`string`, `decimal(12,2)`; a `rid` of a definition.")
    at: strawberry.Private[At]
    siblings: strawberry.Private[Any] = None

    @strawberry.field(description="The value type, enum or struct that it is; null for a word.")
    def definition(self) -> _Definition | None:
        return next(iter(referred(self, "data type", lambda one: (one.text,), definition)), None)


def _array(root: Any) -> ArrayBounds | None:
    body = root.body.get("array")
    return None if body is None else ArrayBounds(body=body, at=root.at)


@strawberry.type
class _TypedFields:
    array_ = strawberry.field(
        resolver=_array,
        graphql_type=ArrayBounds | None,
        name="array",
        description="There when it holds a list.",
    )
    default = stored_json("default", "The value of those who give none.")

    @strawberry.field(description="What values it takes: one of these types.", metadata=FEW)
    def data_types(self) -> list[PropertyDataType]:
        found: list[PropertyDataType] = of_each(self, "data types", _data_types)
        return found


def _data_types(owners: Sequence[Any]) -> list[list[PropertyDataType]]:
    return [
        [PropertyDataType(text=text, at=owner.at) for text in owner.body.get("dataTypes", ())]
        for owner in owners
    ]


@strawberry.type(
    description="A property of an object type, interface, link type or struct, as it is declared; "
    "`describe` has what is inherited too."
)
class Property(DescribedFields, _TypedFields, Part):
    rid = stored("rid", str, "It stays when the property is renamed.")
    api_name = stored("apiName", str, "Name in values and queries.")
    iri = stored("iri", str | None, "Its IRI, where it is not the usual one.")
    order = stored("order", Long, "Its place for people.", 0)
    required = stored("required", bool, "Whether every object has a value.", False)
    unique = stored("unique", bool, "Whether no two objects have the same value.", False)
    indexed = stored("indexed", bool, "Whether it is filtered by fast.", False)
    searchable = stored("searchable", bool, "Whether its texts are searched.", False)
    unit = stored("unit", str | None, "The unit of its numbers.")
    sensitivity = stored(
        "sensitivity",
        str | None,
        "`public`, `internal`, `restricted` or `secret`; null: as its shared property has it.",
    )

    @strawberry.field(description="The shared property that says the rest of it.")
    def shared_property(self) -> _SharedProperty | None:
        found = referred(
            self,
            "sharedProperty",
            lambda one: [rid for rid in (one.body.get("sharedProperty"),) if rid],
            definition,
        )
        return next(iter(found), None)


@strawberry.type(description="How many may stand at one end of a link.")
class Cardinality(Part):
    min = stored("min", Long, "At least so many.", 0)
    max = stored("max", Long | None, "At most so many; null: any number.")


@strawberry.type(description="Properties whose values together belong to one object at most.")
class UniqueConstraint(Part):
    name = stored("name", str, "Its name.")
    properties = stored("properties", list[str], "Names of properties.", ())


@strawberry.type(description="A link that the types which implement an interface can have.")
class LinkConstraint(Part):
    direction = stored("direction", str, "`outgoing` or `incoming`.", "outgoing")
    min = stored("min", Long, "At least so many.", 0)
    max = stored("max", Long | None, "At most so many; null: any number.")
    link_type_rid = stored("linkType", str, "`rid` of the link type.")

    @strawberry.field(description="The link type.")
    def link_type(self) -> _Definition | None:
        found = referred(self, "linkType", lambda one: [one.body.get("linkType", "")], definition)
        return next(iter(found), None)


@strawberry.type(description="A member of an enum.")
class EnumMember(DescribedFields, Part):
    code = stored("code", str, "What stands in values.")
    display_name = stored_json("label", "Its name for people, by language.", {})
    iri = stored("iri", str | None, "Its IRI.")

    @strawberry.field(description="Its name in a language, or the nearest there is.")
    def label(self, language: str = "en") -> str:
        return text_in(self.body.get("label", {}), language) or str(self.body["code"])


@strawberry.type(description="What an action is told.")
class ActionParameter(DescribedFields, _TypedFields, Part):
    api_name = stored("apiName", str, "Its name.")
    required = stored("required", bool, "Whether it must be given.", True)

    @strawberry.field(description="The object type or interface whose object is given.")
    def object_type(self) -> _Definition | None:
        return _one(self, "objectType")


@strawberry.type(description="One change that an action makes.")
class ActionRule(Part):
    name = stored("name", str, "Its name in the action.")
    op = stored("op", str, "`create`, `modify`, `delete`, `link` or `unlink`.")
    target = stored("target", str | None, "The parameter, or earlier rule, with the object.")
    source = stored("source", str | None, "That with the object a link begins at.")
    values = stored_json("values", "Where each property's value comes from.", {})

    @strawberry.field(description="The type of what is created.")
    def object_type(self) -> _Definition | None:
        return _one(self, "objectType")

    @strawberry.field(description="The type of the link.")
    def link_type(self) -> _Definition | None:
        return _one(self, "linkType")


@strawberry.type(description="A condition that holds before an action runs.")
class SubmissionCriterion(Part):
    name = stored("name", str, "Its name.")
    expression = stored("expression", str, "What must be true.")
    message = stored_json("message", "What is said when it is not, by language.", {})


@strawberry.type(description="What else happens after an action.")
class SideEffect(Part):
    name = stored("name", str, "Its name.")
    type = stored("type", str, "`event`, `webhook` or `notification`.")
    config = stored_json("config", "How.", {})


def _one(part: Any, key: str) -> Any:
    def rids(one: Any) -> list[str]:
        rid = one.body.get(key)
        return [rid] if rid and is_rid(rid) else []

    return next(iter(referred(part, key, rids, definition)), None)
