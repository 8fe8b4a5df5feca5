"""Definitions as types: one for each kind, and an interface that they share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import orjson
import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from oms_project.core import canonical_json
from oms_project.core.errors import NotFound
from oms_project.graphql.nodes import joined
from oms_project.graphql.scalars import Long
from ontology.contract import DocumentView
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.graphql.parts import (
    ActionParameter,
    ActionRule,
    Cardinality,
    DescribedFields,
    EnumMember,
    LinkConstraint,
    Property,
    SideEffect,
    SubmissionCriterion,
    UniqueConstraint,
    parts_of,
)
from ontology.graphql.places import FEW, At, documents_of, referred, stored, stored_json
from ontology.wire import document_text

__all__ = [
    "TYPES",
    "ActionType",
    "Definition",
    "EnumType",
    "Interface",
    "LinkType",
    "ObjectType",
    "OntologyHeader",
    "Resource",
    "SharedProperty",
    "StructType",
    "ValueType",
    "definition_of",
    "refuse_instance",
]

D = TypeVar("D", bound="Definition")


def _named(key: str) -> Callable[[Any], Iterable[str]]:
    """What a body refers to in ``key``: a list of references, or one."""

    def rids(item: Any) -> Iterable[str]:
        found = item.body.get(key, ())
        return (found,) if isinstance(found, str) else found

    return rids


@strawberry.interface(
    description="Anything that is defined in an ontology: types, links, actions, its header."
)
class Definition(DescribedFields, relay.Node):
    view: strawberry.Private[DocumentView]
    at: strawberry.Private[At]
    siblings: strawberry.Private[Any] = None
    stamps: strawberry.Private[Any] = None

    @property
    def body(self) -> Mapping[str, Any]:
        """As it is stored."""
        return self.view.body

    @strawberry.field(description="It stays when the definition is renamed.")
    def rid(self) -> str:
        return self.view.rid

    @strawberry.field(description="`ObjectType`, `LinkType`, …")
    def kind(self) -> str:
        return self.view.kind

    @strawberry.field(description="What it is called: its `apiName`, where it has one.")
    def name(self) -> str:
        return self.view.name

    @strawberry.field(description="How other fields name it: `ObjectType/Person`.")
    def target(self) -> str:
        return self.view.id

    @strawberry.field(description="Changes exactly when the definition does; guards writes of it.")
    def etag(self) -> str:
        return self.view.etag

    @strawberry.field(description="Id of the commit that what it refers to is read at.")
    def commit_id(self) -> str:
        return self.at.commit

    @strawberry.field(description="Whether it was deleted; this is its last state then.")
    def is_deleted(self) -> bool:
        return self.view.deleted

    @strawberry.field(description="When it was made.")
    def created_at(self) -> dt.datetime | None:
        return _moment(_stamps(self), "_created_at")

    @strawberry.field(description="Username of who made it.")
    def created_by(self) -> str:
        return str(_stamps(self).get("_created_by_username", ""))

    @strawberry.field(description="Id of who made it.")
    def created_by_id(self) -> str:
        return str(_stamps(self).get("_created_by", ""))

    @strawberry.field(description="When it was changed last.")
    def updated_at(self) -> dt.datetime | None:
        return _moment(_stamps(self), "_updated_at")

    @strawberry.field(description="Username of who changed it last.")
    def updated_by(self) -> str:
        return str(_stamps(self).get("_updated_by_username", ""))

    @strawberry.field(description="Id of who changed it last.")
    def updated_by_id(self) -> str:
        return str(_stamps(self).get("_updated_by", ""))

    @strawberry.field(description="The whole document as it is stored, as REST answers it.")
    def json(self) -> JSON:
        return orjson.Fragment(document_text(self.view))  # type: ignore[return-value]

    api_name = stored("apiName", str | None, "Name in paths, queries and generated code.")
    iri = stored("iri", str | None, "Its IRI, where it is not the usual one.")
    annotations = stored_json("annotations", "What an import could not place elsewhere.", ())

    @classmethod
    def resolve_id(cls, root: Any, *, info: Any) -> str:
        return joined(root.at.ontology, root.at.ref, root.view.rid)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [definition_of(at, view) for at, view in documents_of(node_ids)]


@strawberry.type
class _NamedFields:
    """What all have that are called by an ``apiName``."""

    api_name = stored("apiName", str, "Name in paths, queries and generated code.")
    aliases = stored("aliases", list[str], "Earlier names.", ())
    owner = stored("owner", str | None, "Who looks after it.")
    tags = stored("tags", list[str], "Words to find it by.", ())
    external_mappings = stored_json("externalMappings", "Concepts elsewhere that match it.", ())
    equivalent_to = stored("equivalentTo", list[str], "What means the same: IRIs or `rid`s.", ())


@strawberry.type
class _PropertyFields:
    @strawberry.field(description="The properties that it declares itself.")
    def properties(self) -> list[Property]:
        return parts_of(self, "properties", Property)


@strawberry.type(description="A class of objects.")
class ObjectType(_NamedFields, _PropertyFields, Definition):
    is_abstract = stored("isAbstract", bool, "Whether only its subtypes have objects.", False)
    primary_key = stored("primaryKey", list[str], "Properties that identify an object.", ())
    title_property = stored("titleProperty", str | None, "The property that people read first.")
    icon = stored("icon", str | None, "Name of its icon.")
    color = stored("color", str | None, "Its colour.")

    @strawberry.field(description="The types that it is a kind of.", metadata=FEW)
    def parents(self) -> list[ObjectType]:
        return referred(self, "parents", _named("parents"), definition_of)

    @strawberry.field(description="The interfaces that it implements.", metadata=FEW)
    def interfaces(self) -> list[Interface]:
        return referred(self, "interfaces", _named("interfaces"), definition_of)

    @strawberry.field(
        description="Properties whose values together belong to one object at most.", metadata=FEW
    )
    def unique_constraints(self) -> list[UniqueConstraint]:
        return parts_of(self, "uniqueConstraints", UniqueConstraint)


@strawberry.type(description="Properties and links that several object types have in common.")
class Interface(_NamedFields, _PropertyFields, Definition):
    @strawberry.field(description="The interfaces that it takes over.", metadata=FEW)
    def extends(self) -> list[Interface]:
        return referred(self, "extends", _named("extends"), definition_of)

    @strawberry.field(description="Links that implementing types can have.", metadata=FEW)
    def link_constraints(self) -> list[LinkConstraint]:
        return parts_of(self, "linkConstraints", LinkConstraint)


@strawberry.type(description="A relation between objects.")
class LinkType(_NamedFields, _PropertyFields, Definition):
    source_name = stored("sourceName", str | None, "Name of the way from a target to its sources.")
    target_name = stored("targetName", str | None, "Name of the way from a source to its targets.")
    on_delete = stored(
        "onDelete", str, "What an object's end means: `restrict`, `cascade`, `detach`.", "detach"
    )
    symmetric = stored("symmetric", bool, "Whether it holds both ways.", False)
    transitive = stored("transitive", bool, "Whether it goes on through its ends.", False)

    @strawberry.field(description="The link types that it is a kind of.", metadata=FEW)
    def parents(self) -> list[LinkType]:
        return referred(self, "parents", _named("parents"), definition_of)

    @strawberry.field(
        description="Object types and interfaces it begins at; none: any.", metadata=FEW
    )
    def sources(self) -> list[Definition]:
        return referred(self, "sources", _named("sources"), definition_of)

    @strawberry.field(
        description="Object types and interfaces it ends at; none: any.", metadata=FEW
    )
    def targets(self) -> list[Definition]:
        return referred(self, "targets", _named("targets"), definition_of)

    @strawberry.field(description="The link type that says the same in the other direction.")
    def inverse_of(self) -> LinkType | None:
        return next(iter(referred(self, "inverseOf", _named("inverseOf"), definition_of)), None)

    @strawberry.field(description="How many sources one target may have.")
    def source_cardinality(self) -> Cardinality | None:
        return _cardinality(self, "sourceCardinality")

    @strawberry.field(description="How many targets one source may have.")
    def target_cardinality(self) -> Cardinality | None:
        return _cardinality(self, "targetCardinality")


@strawberry.type(description="A property that is defined once and used by many types.")
class SharedProperty(_NamedFields, Definition):
    data_type_names = stored("dataTypes", list[str], "Data types, or `rid`s; none: any text.", ())
    array = stored_json("array", "There when it holds a list: `minItems`, `maxItems`, `unique`.")
    indexed = stored("indexed", bool, "Whether it is filtered by fast.", False)
    searchable = stored("searchable", bool, "Whether its texts are searched.", False)
    default = stored_json("default", "The value of those who give none.")
    unit = stored("unit", str | None, "The unit of its numbers.")
    sensitivity = stored("sensitivity", str | None, "Null means `internal`.")

    @strawberry.field(description="The shared properties that it is a kind of.", metadata=FEW)
    def parents(self) -> list[SharedProperty]:
        return referred(self, "parents", _named("parents"), definition_of)

    @strawberry.field(description="Those of its data types that are definitions.", metadata=FEW)
    def data_type_definitions(self) -> list[Definition]:
        return referred(self, "dataTypes", _named("dataTypes"), definition_of)


@strawberry.type(description="A data type with a name and bounds.")
class ValueType(_NamedFields, Definition):
    base_type = stored("baseType", str, "The data type that it narrows.")
    constraints = stored_json("constraints", "Its bounds: `minimum`, `pattern`, `enum`, …")


@strawberry.type(description="A list of values that have names.")
class EnumType(_NamedFields, Definition):
    @strawberry.field(description="Its members, in their order.")
    def members(self) -> list[EnumMember]:
        return parts_of(self, "members", EnumMember)


@strawberry.type(description="A value of several fields.")
class StructType(_NamedFields, Definition):
    @strawberry.field(description="Its fields.")
    def fields(self) -> list[Property]:
        return parts_of(self, "fields", Property)


@strawberry.type(description="A change of objects and links that has a name, inputs and checks.")
class ActionType(_NamedFields, Definition):
    batch_limit = stored("batchLimit", Long | None, "So many runs at once; null: a thousand.")
    revertible = stored("revertible", bool, "Whether a run can be taken back.", False)

    @strawberry.field(description="What it is told.")
    def parameters(self) -> list[ActionParameter]:
        return parts_of(self, "parameters", ActionParameter)

    @strawberry.field(description="What it changes.")
    def rules(self) -> list[ActionRule]:
        return parts_of(self, "rules", ActionRule)

    @strawberry.field(description="What must hold before it runs.")
    def submission_criteria(self) -> list[SubmissionCriterion]:
        return parts_of(self, "submissionCriteria", SubmissionCriterion)

    @strawberry.field(description="What else happens after it.")
    def side_effects(self) -> list[SideEffect]:
        return parts_of(self, "sideEffects", SideEffect)


@strawberry.type(description="What holds for a whole ontology at a commit.")
class OntologyHeader(Definition):
    base_iri = stored("baseIri", str, "What the IRIs of its definitions begin with.")
    prefixes = stored_json("prefixes", "IRI by prefix.", {})
    default_language = stored("defaultLanguage", str, "Language of texts without one.", "en")
    compatibility = stored("compatibility", str, "Which changes may be made.", "backward")


@strawberry.type(description="Something that an import brought, and that is none of the kinds.")
class Resource(Definition):
    pass


_BY_KIND: Mapping[str, type[Definition]] = {
    Kind.OBJECT_TYPE: ObjectType,
    Kind.SHARED_PROPERTY: SharedProperty,
    Kind.LINK_TYPE: LinkType,
    Kind.INTERFACE: Interface,
    Kind.VALUE_TYPE: ValueType,
    Kind.ENUM_TYPE: EnumType,
    Kind.STRUCT_TYPE: StructType,
    Kind.ACTION_TYPE: ActionType,
    Kind.ONTOLOGY: OntologyHeader,
    Kind.RESOURCE: Resource,
}
TYPES = tuple(_BY_KIND.values())


def definition_of(at: At, view: DocumentView) -> Any:
    """A document as an object of its kind's type."""
    refuse_instance(view)
    return _BY_KIND[view.kind](view=view, at=at)


def refuse_instance(view: DocumentView) -> None:
    """Refuse what is an object or a link.

    Raises:
        NotFound: so it is among no definitions.
    """
    if view.kind in INSTANCE_KINDS:
        raise NotFound(
            f"{view.id} is an {view.kind.lower()}, and no definition.",
            code="document_not_found",
            data={"document": view.id, "kind": view.kind},
        )


def _stamps(item: Definition) -> Mapping[str, Any]:
    if item.stamps is None:
        item.stamps = canonical_json.loads(item.view.json)
    return item.stamps  # type: ignore[no-any-return]


def _moment(stamps: Mapping[str, Any], key: str) -> dt.datetime | None:
    text = stamps.get(key)
    return dt.datetime.fromisoformat(text) if text else None


def _cardinality(item: Definition, key: str) -> Cardinality | None:
    body = item.body.get(key)
    return None if body is None else Cardinality(body=body, at=item.at)
