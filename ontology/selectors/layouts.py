"""Types as those see them who enter data: what an object or a link of them may hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from functools import lru_cache
from typing import Any

from oms_project.core.errors import NotFound
from oms_project.core.ids import is_rid
from ontology.access import readable
from ontology.domain.datatypes import parse_data_type
from ontology.domain.documents import Body
from ontology.domain.instances.layout import End, Layout, LinkLayout
from ontology.domain.instances.rules import Rules
from ontology.domain.instances.values import base_type
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.schema import EffectiveProperty, Schema
from ontology.instance_names import InstanceNames
from ontology.selectors.masking import hidden_names
from ontology.store import store
from ontology.store.port import CommitReader
from ontology.store.questions import Field, Figure, InstanceQuery

__all__ = [
    "DataType",
    "EnumMember",
    "LinkShape",
    "PropertyShape",
    "TypeCount",
    "TypeName",
    "TypeShape",
    "count_by_type",
    "type_shape",
]

#: Structs within structs are described so deep.
_DEEPEST = 4
_SORTABLE = frozenset(
    [
        "boolean",
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
    ]
)
_TYPES = (Kind.OBJECT_TYPE, Kind.LINK_TYPE, Kind.INTERFACE)


@dataclass(frozen=True, slots=True)
class EnumMember:
    """A member of an enum type."""

    code: str
    label: Mapping[str, str]
    deprecated: bool


@dataclass(frozen=True, slots=True)
class DataType:
    """One of the types that a property's values may have.

    Attributes:
        form: ``primitive``, ``value`` (a value type), ``enum`` or ``struct``.
        name: the data type as written, or the ``apiName`` of the definition.
        base: name of the primitive type; empty for a struct.
        constraints: of a value type.
        members: of an enum type.
        fields: of a struct type.
    """

    form: str
    name: str
    base: str = ""
    label: Mapping[str, str] = member(default_factory=dict)
    description: Mapping[str, str] = member(default_factory=dict)
    constraints: Mapping[str, Any] = member(default_factory=dict)
    members: tuple[EnumMember, ...] = ()
    fields: tuple[PropertyShape, ...] = ()


@dataclass(frozen=True, slots=True)
class PropertyShape:
    """A property (or the field of a struct) as it is entered and read.

    Attributes:
        types: empty: any JSON value.
        array: bounds of the list (``minItems``, ``maxItems``, ``unique``); None: one value.
        masked: whether the actor may not see its values.
        sortable: whether lists may be sorted by it.
    """

    name: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    types: tuple[DataType, ...]
    required: bool
    array: Mapping[str, Any] | None
    default: Any
    unit: str
    sensitivity: str
    deprecated: bool
    masked: bool
    sortable: bool
    base: str


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type by its names."""

    rid: str
    name: str
    label: Mapping[str, str]
    abstract: bool = False


@dataclass(frozen=True, slots=True)
class LinkShape:
    """A link type at one end of an object type.

    Attributes:
        outgoing: whether the object is the link's source.
        far: types at the other end; empty: any.
        low, high: how many such links one object has; ``high`` None: no bound.
        on_delete: what happens when its source is deleted.
        properties: of the link itself.
    """

    rid: str
    name: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    outgoing: bool
    far: tuple[TypeName, ...]
    low: int
    high: int | None
    on_delete: str
    deprecated: bool
    properties: tuple[PropertyShape, ...]


@dataclass(frozen=True, slots=True)
class TypeShape:
    """An object type, interface or link type as those see it who enter data.

    Attributes:
        kind: ``ObjectType``, ``Interface`` or ``LinkType``.
        key, title: ``apiName``s of the primary key and of what an object is known by.
        properties: the key first, then the title, then as declared, ancestors' first.
        subtypes: types that inherit from it or implement it, at any depth, by name.
        links: that may begin or end at its objects, by name; empty for a link type.
        sources, targets: of a link type: what may stand at its ends; empty: anything.
    """

    rid: str
    kind: str
    name: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    abstract: bool
    deprecated: bool
    key: tuple[str, ...]
    title: str
    properties: tuple[PropertyShape, ...]
    subtypes: tuple[TypeName, ...]
    links: tuple[LinkShape, ...]
    sources: tuple[TypeName, ...] = ()
    targets: tuple[TypeName, ...] = ()

    def property(self, name: str) -> PropertyShape | None:
        """The property of that ``apiName``."""
        return next((item for item in self.properties if item.name == name), None)


@dataclass(frozen=True, slots=True)
class TypeCount:
    """How many objects or links of a type there are; ``own`` leaves out its subtypes."""

    type: TypeName
    kind: str
    own: int
    total: int
    parents: tuple[str, ...]


def type_shape(
    *,
    ontology: str,
    type: str,  # noqa: A002 - the word people use for it
    ref: str = "",
) -> TypeShape:
    """What objects (or links) of a type may hold at a ref.

    Args:
        type: ``apiName`` or ``rid`` of an object type, interface or link type.

    Raises:
        NotFound: the ontology, the ref, or ``type_not_found``.
    """
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    names = InstanceNames(reader)
    rules = names.rules
    rid = names.type_rid(type)
    document = rules.schema.get(rid) if rid is not None else None
    if rid is None or document is None or document.kind not in _TYPES:
        raise NotFound(
            f"There is no type '{type[:200]}' here.",
            code="type_not_found",
            data={"type": type[:200]},
        )
    layout = rules.layout(rid)
    links = _links(rules, layout) if layout is not None and layout.kind != Kind.LINK_TYPE else []
    asked = {
        item.rid: tuple(item.properties)
        for item in (layout, *(link for link, _ in links))
        if item is not None
    }
    hidden: dict[str, frozenset[str]] = {}
    for kind, of_kind in ((Kind.OBJECT, Kind.OBJECT_TYPE), (Kind.LINK, Kind.LINK_TYPE)):
        wanted = {
            item: found
            for item, found in asked.items()
            if (known := rules.layout(item)) is not None and known.kind == of_kind
        }
        hidden |= hidden_names(info, reader, kind, wanted) if wanted else {}
    body = document.body
    family = [item for item in rules.family(rid) if item != rid]
    rules.schema.load(family)
    return TypeShape(
        rid=rid,
        kind=document.kind.value,
        name=str(body.get("apiName", rid)),
        label=body.get("displayName", {}),
        description=body.get("description", {}),
        abstract=document.kind == Kind.INTERFACE or bool(body.get("isAbstract")),
        deprecated=body.get("status") == "deprecated",
        key=layout.key if layout is not None else (),
        title=(layout.title or "") if layout is not None else "",
        properties=_properties(rules.schema, rid, layout, hidden.get(rid, frozenset())),
        subtypes=_named(rules.schema, family),
        links=tuple(
            _link(rules.schema, link, hidden.get(link.rid, frozenset()), outgoing=outgoing)
            for link, outgoing in links
        ),
        sources=_named(rules.schema, layout.sources) if isinstance(layout, LinkLayout) else (),
        targets=_named(rules.schema, layout.targets) if isinstance(layout, LinkLayout) else (),
    )


def _links(rules: Rules, layout: Layout) -> list[tuple[LinkLayout, bool]]:
    """Link types that may begin or end at objects of a type, with whether they begin there."""
    uses = rules.state.referrers(sorted(layout.line), ("sources", "targets"))
    found = {(rid, role == "sources") for users in uses.values() for rid, role in users}
    rules.load(sorted({rid for rid, _ in found}))
    links = [(link, outgoing) for rid, outgoing in found if (link := rules.link_layout(rid))]
    return sorted(links, key=lambda item: (not item[1], item[0].name.casefold()))


def _link(schema: Schema, link: LinkLayout, hidden: frozenset[str], *, outgoing: bool) -> LinkShape:
    end: End = link.outgoing if outgoing else link.incoming
    return LinkShape(
        rid=link.rid,
        name=link.name,
        label=link.body.get("displayName", {}),
        description=link.body.get("description", {}),
        outgoing=outgoing,
        far=_named(schema, link.targets if outgoing else link.sources),
        low=end.low,
        high=end.high,
        on_delete=link.on_delete,
        deprecated=link.deprecated,
        properties=_properties(schema, link.rid, link, hidden),
    )


def _named(schema: Schema, rids: Iterable[str]) -> tuple[TypeName, ...]:
    found = [(rid, schema.body(rid)) for rid in rids]
    return tuple(
        sorted((_type_name(rid, body) for rid, body in found if body), key=lambda item: item.name)
    )


def _type_name(rid: str, body: Body) -> TypeName:
    return TypeName(
        rid,
        str(body.get("apiName", rid)),
        body.get("displayName", {}),
        bool(body.get("isAbstract")),
    )


def _properties(
    schema: Schema, rid: str, layout: Layout | None, hidden: frozenset[str]
) -> tuple[PropertyShape, ...]:
    if layout is None:  # an interface
        parts = list(schema.properties(rid).values())
    else:
        parts = [item.part for item in layout.properties.values()]
    key = layout.key if layout is not None else ()
    title = layout.title if layout is not None else None
    line = [rid, *schema.ancestors(rid)]

    def place(part: EffectiveProperty) -> tuple[Any, ...]:
        return (
            part.api_name not in key,
            part.api_name != title,
            -line.index(part.owner) if part.owner in line else 1,
            part.declaration.get("order", 0),
            part.api_name.casefold(),
        )

    return tuple(
        _property(schema, part, 1, masked=part.api_name in hidden)
        for part in sorted(parts, key=place)
    )


def _property(
    schema: Schema, part: EffectiveProperty, depth: int, *, masked: bool = False
) -> PropertyShape:
    shared = schema.body(part.shared) if part.shared else {}
    declared = part.declaration
    base = base_type(schema, part.data_types)
    name = base.name if base is not None else ""
    return PropertyShape(
        name=part.api_name,
        label=declared.get("displayName") or shared.get("displayName", {}),
        description=declared.get("description") or shared.get("description", {}),
        types=tuple(_data_type(schema, text, depth) for text in part.data_types),
        required=part.required,
        array=part.array,
        default=part.default,
        unit=str(declared.get("unit") or shared.get("unit") or ""),
        sensitivity=part.sensitivity,
        deprecated="deprecated" in (declared.get("status"), shared.get("status")),
        masked=masked,
        sortable=part.array is None and name in _SORTABLE,
        base=name,
    )


def _data_type(schema: Schema, text: str, depth: int) -> DataType:
    body = schema.body(text) if is_rid(text) else {}
    document = schema.get(text) if body else None
    if document is None:
        try:
            return DataType("primitive", text, parse_data_type(text).name)
        except ValueError:
            return DataType("primitive", text)
    told: dict[str, Any] = {
        "name": str(body.get("apiName", text)),
        "label": body.get("displayName", {}),
        "description": body.get("description", {}),
        "constraints": body.get("constraints", {}),
    }
    if document.kind == Kind.ENUM_TYPE:
        members = tuple(
            EnumMember(item["code"], item.get("label", {}), item.get("status") == "deprecated")
            for item in body.get("members", ())
        )
        return DataType("enum", base="string", members=members, **told)
    if document.kind == Kind.VALUE_TYPE:
        base = base_type(schema, (text,))
        return DataType("value", base=base.name if base else "", **told)
    fields = (
        tuple(_property(schema, part, depth + 1) for part in schema.own_properties(text))
        if depth < _DEEPEST
        else ()
    )
    return DataType("struct", fields=fields, **told)


def count_by_type(*, ontology: str, ref: str = "") -> tuple[TypeCount, ...]:
    """Object types, then link types, by name, with how many objects and links there are of each.

    Raises:
        NotFound: the ontology or the ref.
    """
    info = readable(ontology)
    commit = store.resolve(info.id, ref or info.default_branch)
    return _counted(info.id, commit.id)


@lru_cache(maxsize=64)
def _counted(ontology_id: str, commit: str) -> tuple[TypeCount, ...]:
    # A commit never changes, so neither do its counts.
    reader = store.reader(ontology_id, store.get_commit(ontology_id, commit))
    found: list[TypeCount] = []
    for kind, instance in zip((Kind.OBJECT_TYPE, Kind.LINK_TYPE), INSTANCE_KINDS, strict=True):
        types = {document.rid: document.body for document in reader.scan((kind,))}
        parents = {rid: tuple(body.get("parents", ())) for rid, body in types.items()}
        own = _own_counts(reader, instance, tuple(types))
        totals = _totals(parents, own)
        found += [
            TypeCount(_type_name(rid, body), kind.value, own.get(rid, 0), totals[rid], parents[rid])
            for rid, body in types.items()
        ]
    return tuple(found)


def _own_counts(reader: CommitReader, kind: Kind, types: tuple[str, ...]) -> dict[str, int]:
    used = reader.populated(types) if types else ()
    populated = tuple(rid for rid in types if rid in used)
    if not populated:
        return {}
    rows = reader.aggregate(
        InstanceQuery(kind=kind, types=populated),
        figures=[Figure("count")],
        groups=[Field(("_type",), "string")],
    )
    return {str(group[0]): int(figures[0]) for group, figures in rows}


def _totals(parents: Mapping[str, tuple[str, ...]], own: Mapping[str, int]) -> dict[str, int]:
    """With subtypes; an object counts once, by whatever way its type inherits."""
    totals = dict.fromkeys(parents, 0)
    for rid, number in own.items():
        above, level = {rid}, [rid]
        while level:
            level = [up for item in level for up in parents.get(item, ()) if up not in above]
            above.update(level)
        for item in above:
            if item in totals:
                totals[item] += number
    return totals
