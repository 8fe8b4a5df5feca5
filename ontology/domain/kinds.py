"""The kinds of documents and their fields.

One pydantic model per kind says which fields a body may have. Bodies are stored normalised:
fields in their default state are left out, set-like lists are sorted (see ``normalise``), so that
equal meaning is equal bytes. A body never holds the document's own ``rid``, ``@id`` or ``@type``,
and every reference to another definition is that definition's ``rid``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = [
    "DEFINITION_KINDS",
    "INSTANCE_KINDS",
    "MODELS",
    "NO_LANGUAGE",
    "ActionParameter",
    "ActionRule",
    "ActionType",
    "Annotation",
    "Array",
    "Cardinality",
    "Constraints",
    "Definition",
    "Deprecation",
    "EnumMember",
    "EnumType",
    "ExternalMapping",
    "Interface",
    "Kind",
    "LinkConstraint",
    "LinkType",
    "ObjectType",
    "OntologyHeader",
    "Property",
    "Resource",
    "SharedProperty",
    "SideEffect",
    "StructType",
    "SubmissionCriterion",
    "UniqueConstraint",
    "ValueType",
]

#: Key of a text without a language tag in a language map (JSON-LD's ``@none``).
NO_LANGUAGE = "@none"

#: language tag (BCP 47) or ``NO_LANGUAGE`` -> text
LangText = dict[str, str]
Status = Literal["experimental", "active", "deprecated", "archived"]
Sensitivity = Literal["public", "internal", "restricted", "secret"]


class Kind(StrEnum):
    """What a document is. The value stands in ``@id``, in paths and in commits."""

    ONTOLOGY = "Ontology"
    OBJECT_TYPE = "ObjectType"
    SHARED_PROPERTY = "SharedProperty"
    LINK_TYPE = "LinkType"
    INTERFACE = "Interface"
    VALUE_TYPE = "ValueType"
    ENUM_TYPE = "EnumType"
    STRUCT_TYPE = "StructType"
    ACTION_TYPE = "ActionType"
    RESOURCE = "Resource"
    OBJECT = "Object"
    LINK = "Link"


#: Kinds with an ``apiName``, in the order people expect to see them.
DEFINITION_KINDS: tuple[Kind, ...] = (
    Kind.OBJECT_TYPE,
    Kind.SHARED_PROPERTY,
    Kind.LINK_TYPE,
    Kind.INTERFACE,
    Kind.VALUE_TYPE,
    Kind.ENUM_TYPE,
    Kind.STRUCT_TYPE,
    Kind.ACTION_TYPE,
)
INSTANCE_KINDS: tuple[Kind, ...] = (Kind.OBJECT, Kind.LINK)


class Model(BaseModel):
    """Base of every body: camelCase in JSON, no unknown fields, no silent conversion."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
    )


class Annotation(Model):
    """A triple that an import could not place, kept verbatim under its subject."""

    predicate: str
    """IRI of the predicate."""
    value: dict[str, Any]
    """The object: ``{"iri": ...}``, ``{"value": ..., "language": ...}``,
    ``{"value": ..., "datatype": IRI}``, ``{"node": [annotation, ...]}`` for a nested blank node,
    ``{"list": [value, ...]}`` for an RDF list, ``{"blank": label}`` for a blank node that is a
    document of its own, or ``{"triple": {...}}`` for a triple term of RDF 1.2."""


class Deprecation(Model):
    """Why and since when something should no longer be used."""

    since: str | None = None
    """Version or ISO date."""
    reason: LangText = Field(default_factory=dict)
    replaced_by: list[str] = Field(default_factory=list)
    """References to the definitions (or IRIs) to use instead."""


class ExternalMapping(Model):
    """A SKOS mapping to a concept elsewhere."""

    relation: Literal["exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch"]
    iri: str


class Array(Model):
    """Present when a property holds a list."""

    min_items: int | None = Field(default=None, ge=0)
    max_items: int | None = Field(default=None, ge=0)
    unique: bool = False


class Described(Model):
    """What definitions and their parts have in common for a reader."""

    api_name: str
    """Name in paths, queries and generated code."""
    display_name: LangText = Field(default_factory=dict)
    description: LangText = Field(default_factory=dict)
    status: Status = "active"
    deprecation: Deprecation | None = None
    annotations: list[Annotation] = Field(default_factory=list)


class Property(Described):
    """A property inside an object type, interface, link type or struct."""

    rid: str
    """Immutable id of this property within its owner; survives a rename."""
    iri: str | None = None
    order: int = 0
    """Position for people: properties stand in the order of (order, apiName)."""
    data_types: list[str] = Field(default_factory=list)
    """Data types (``string``, ``decimal(12,2)``) or references to a ValueType, EnumType or
    StructType; empty when ``sharedProperty`` is set."""
    shared_property: str | None = None
    """Reference to the SharedProperty that defines this one."""
    required: bool = False
    array: Array | None = None
    unique: bool = False
    indexed: bool = False
    searchable: bool = False
    default: Any = None
    unit: str | None = None
    sensitivity: Sensitivity | None = None
    """None inherits from the shared property, and there means ``internal``."""


class Definition(Described):
    """Fields of every definition kind."""

    iri: str | None = None
    aliases: list[str] = Field(default_factory=list)
    """Earlier ``apiName``s, kept by renames."""
    owner: str | None = None
    tags: list[str] = Field(default_factory=list)
    external_mappings: list[ExternalMapping] = Field(default_factory=list)
    equivalent_to: list[str] = Field(default_factory=list)
    """IRIs (or references) of things that mean the same."""


class UniqueConstraint(Model):
    """Properties whose values together identify at most one object."""

    name: str
    properties: list[str]
    """``apiName``s."""


class ObjectType(Definition):
    """A class of objects."""

    parents: list[str] = Field(default_factory=list)
    """References to ObjectTypes."""
    interfaces: list[str] = Field(default_factory=list)
    """References to Interfaces."""
    is_abstract: bool = False
    primary_key: list[str] = Field(default_factory=list)
    """``apiName``s of own or inherited properties, in key order."""
    title_property: str | None = None
    icon: str | None = None
    color: str | None = None
    properties: list[Property] = Field(default_factory=list)
    unique_constraints: list[UniqueConstraint] = Field(default_factory=list)


class SharedProperty(Definition):
    """A property defined once and used by many types."""

    parents: list[str] = Field(default_factory=list)
    """References to SharedProperties (``rdfs:subPropertyOf``)."""
    data_types: list[str] = Field(default_factory=list)
    """As in ``Property``; empty means any literal."""
    array: Array | None = None
    indexed: bool = False
    searchable: bool = False
    default: Any = None
    unit: str | None = None
    sensitivity: Sensitivity | None = None


class Cardinality(Model):
    """How many may stand at one end; ``max`` None is unbounded."""

    min: int = Field(default=0, ge=0)
    max: int | None = Field(default=None, ge=0)


class LinkType(Definition):
    """A relation between object types or interfaces."""

    parents: list[str] = Field(default_factory=list)
    """References to LinkTypes (``rdfs:subPropertyOf``)."""
    sources: list[str] = Field(default_factory=list)
    """References to ObjectTypes or Interfaces; empty means any."""
    targets: list[str] = Field(default_factory=list)
    source_name: str | None = None
    """Name of the way from a target back to its sources."""
    target_name: str | None = None
    """Name of the way from a source to its targets."""
    source_cardinality: Cardinality | None = None
    """How many sources one target may have."""
    target_cardinality: Cardinality | None = None
    """How many targets one source may have."""
    properties: list[Property] = Field(default_factory=list)
    on_delete: Literal["restrict", "cascade", "detach"] = "detach"
    symmetric: bool = False
    transitive: bool = False
    inverse_of: str | None = None
    """Reference to the LinkType that says the same in the other direction."""


class LinkConstraint(Model):
    """A link that implementing types must be able to have."""

    link_type: str
    """Reference to a LinkType."""
    direction: Literal["outgoing", "incoming"] = "outgoing"
    min: int = Field(default=0, ge=0)
    max: int | None = Field(default=None, ge=0)


class Interface(Definition):
    """Properties and links that several object types implement."""

    extends: list[str] = Field(default_factory=list)
    """References to Interfaces."""
    properties: list[Property] = Field(default_factory=list)
    link_constraints: list[LinkConstraint] = Field(default_factory=list)


class Constraints(Model):
    """Facets of a value type; numbers for numeric base types, ISO text for dates and times."""

    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None
    min_length: int | None = Field(default=None, ge=0)
    max_length: int | None = Field(default=None, ge=0)
    pattern: str | None = None
    """Regular expression (RE2 syntax) that the whole text must match."""
    enum: list[Any] = Field(default_factory=list)


class ValueType(Definition):
    """A data type with constraints and a name."""

    base_type: str
    """A data type."""
    constraints: Constraints | None = None


class EnumMember(Model):
    """One member of an enum, identified by its code."""

    code: str
    label: LangText = Field(default_factory=dict)
    description: LangText = Field(default_factory=dict)
    status: Status = "active"
    iri: str | None = None
    annotations: list[Annotation] = Field(default_factory=list)


class EnumType(Definition):
    """An ordered list of members."""

    members: list[EnumMember] = Field(default_factory=list)


class StructType(Definition):
    """Named fields; may nest, never in a cycle."""

    fields: list[Property] = Field(default_factory=list)


class ActionParameter(Model):
    """An input of an action."""

    api_name: str
    display_name: LangText = Field(default_factory=dict)
    description: LangText = Field(default_factory=dict)
    data_types: list[str] = Field(default_factory=list)
    object_type: str | None = None
    """Reference to the ObjectType or Interface whose object is passed; then no data types."""
    required: bool = True
    array: Array | None = None
    default: Any = None


class ActionRule(Model):
    """One change an action makes."""

    name: str
    """Identifies the rule within its action."""
    op: Literal["create", "modify", "delete", "link", "unlink"]
    object_type: str | None = None
    """Reference; for create."""
    link_type: str | None = None
    """Reference; for link and unlink."""
    target: str | None = None
    """Parameter (or name of an earlier create rule) that holds the object; the link's target."""
    source: str | None = None
    """Parameter (or name of an earlier create rule) that holds the link's source."""
    values: dict[str, Any] = Field(default_factory=dict)
    """Property ``apiName`` -> ``{"parameter": name}``, ``{"expression": text}`` or
    ``{"value": JSON}``."""


class SubmissionCriterion(Model):
    """A condition that must hold before an action runs."""

    name: str
    expression: str
    message: LangText = Field(default_factory=dict)


class SideEffect(Model):
    """What else happens after an action's commit."""

    name: str
    type: Literal["event", "webhook", "notification"]
    config: dict[str, Any] = Field(default_factory=dict)


class ActionType(Definition):
    """A parameterised, validated, transactional change of objects and links."""

    parameters: list[ActionParameter] = Field(default_factory=list)
    rules: list[ActionRule] = Field(default_factory=list)
    submission_criteria: list[SubmissionCriterion] = Field(default_factory=list)
    side_effects: list[SideEffect] = Field(default_factory=list)
    batch_limit: int | None = Field(default=None, ge=1)
    revertible: bool = False


class OntologyHeader(Model):
    """The one ``Ontology`` document of an ontology: what holds for all of it, per branch."""

    base_iri: str
    prefixes: dict[str, str] = Field(default_factory=dict)
    default_language: str = "en"
    compatibility: Literal[
        "none",
        "backward",
        "backwardTransitive",
        "forward",
        "forwardTransitive",
        "full",
        "fullTransitive",
    ] = "backward"
    iri: str | None = None
    """IRI of the ``owl:Ontology``, when it differs from the base IRI."""
    display_name: LangText = Field(default_factory=dict)
    description: LangText = Field(default_factory=dict)
    annotations: list[Annotation] = Field(default_factory=list)


class Resource(Model):
    """Something an import describes that is neither a definition nor an individual of a known
    class; kept verbatim, so that an export gives every triple back.
    """

    iri: str | None = None
    """None for a blank node at the top."""
    annotations: list[Annotation] = Field(default_factory=list)


#: Kinds whose bodies have a model. Objects and links have the fields of their type instead, and
#: the system members ``_type``, ``_iri``, ``_annotations``, ``_source``, ``_target``.
MODELS: dict[Kind, type[Model]] = {
    Kind.ONTOLOGY: OntologyHeader,
    Kind.OBJECT_TYPE: ObjectType,
    Kind.SHARED_PROPERTY: SharedProperty,
    Kind.LINK_TYPE: LinkType,
    Kind.INTERFACE: Interface,
    Kind.VALUE_TYPE: ValueType,
    Kind.ENUM_TYPE: EnumType,
    Kind.STRUCT_TYPE: StructType,
    Kind.ACTION_TYPE: ActionType,
    Kind.RESOURCE: Resource,
}
