"""Types as people look at them: the hierarchy, and all that one definition has and is used by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from oms_project.core.errors import Invalid
from oms_project.core.ids import is_rid
from ontology.access import readable
from ontology.contract import DocumentView
from ontology.domain.documents import document_id, references
from ontology.domain.kinds import Kind
from ontology.domain.schema import PARENT_FIELDS, EffectiveProperty, Schema
from ontology.selectors.documents import checked_kind, find_target, ids_of, view_of
from ontology.store import store
from ontology.store.port import CommitReader, StoredDocument

__all__ = [
    "Hierarchy",
    "HierarchyNode",
    "LinkUse",
    "PropertyView",
    "TypeDescription",
    "describe",
    "hierarchy",
    "statistics",
]


@dataclass(frozen=True, slots=True)
class HierarchyNode:
    """A definition in its hierarchy; ``label`` is its display name by language."""

    rid: str
    id: str
    name: str
    label: Mapping[str, str]
    status: str
    is_abstract: bool
    parents: tuple[str, ...]
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """All definitions of a kind that can have parents; ``roots`` and children sorted by name."""

    nodes: Mapping[str, HierarchyNode]
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PropertyView:
    """A property, own or inherited.

    Attributes:
        data_types: data types and ``@id``s.
        inherited_from: ``@id`` of the declaring definition; None for an own property.
        shared_property: ``@id`` of the SharedProperty, or None.
    """

    rid: str
    name: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    data_types: tuple[str, ...]
    required: bool
    array: Mapping[str, Any] | None
    unique: bool
    indexed: bool
    searchable: bool
    default: Any
    unit: str | None
    sensitivity: str
    status: str
    inherited_from: str | None
    shared_property: str | None


@dataclass(frozen=True, slots=True)
class LinkUse:
    """A link type that a type takes part in.

    Attributes:
        others: ``@id``s at the other end; empty means any.
        cardinality: ``{"min", "max"}`` of the other end, or None.
        inherited_from: ``@id`` of the ancestor or interface that the link names, None for itself.
    """

    id: str
    rid: str
    name: str
    label: Mapping[str, str]
    direction: str
    others: tuple[str, ...]
    cardinality: Mapping[str, Any] | None
    inherited_from: str | None


@dataclass(frozen=True, slots=True)
class TypeDescription:
    """All about one definition at a ref.

    Attributes:
        ancestors: ``(rid, @id)``, nearer first.
        children: ``(rid, @id)`` of the direct ones.
        implements: ``(rid, @id)`` of interfaces, inherited ones too.
        used_by: ``(@id, role)`` of what refers to it, except its children.
        names: ``rid`` -> ``@id`` of everything the document refers to.
    """

    document: DocumentView
    ancestors: tuple[tuple[str, str], ...]
    children: tuple[tuple[str, str], ...]
    descendants_count: int
    implements: tuple[tuple[str, str], ...]
    properties: tuple[PropertyView, ...]
    links_out: tuple[LinkUse, ...]
    links_in: tuple[LinkUse, ...]
    used_by: tuple[tuple[str, str], ...]
    names: Mapping[str, str]


def statistics(*, ontology: str, ref: str = "") -> dict[str, int]:
    """Kind -> number of live documents at a ref."""
    info = readable(ontology)
    commit = store.resolve(info.id, ref or info.default_branch)
    return dict(_counted(info.id, commit.id))


@lru_cache(maxsize=256)
def _counted(ontology_id: str, commit: str) -> tuple[tuple[str, int], ...]:
    # A commit never changes, so neither does its count.
    reader = store.reader(ontology_id, store.get_commit(ontology_id, commit))
    return tuple((kind.value, number) for kind, number in sorted(reader.count().items()))


def hierarchy(*, ontology: str, ref: str = "", kind: str = "ObjectType") -> Hierarchy:
    """The hierarchy of object types (or interfaces, link types, shared properties)."""
    info = readable(ontology)
    wanted = checked_kind(kind)
    if wanted not in PARENT_FIELDS:
        raise Invalid(
            f"{kind} has no hierarchy; {', '.join(PARENT_FIELDS)} have one.", code="no_hierarchy"
        )
    commit = store.resolve(info.id, ref or info.default_branch)
    return _hierarchy(info.id, commit.id, wanted)


@lru_cache(maxsize=32)
def _hierarchy(ontology_id: str, commit: str, kind: Kind) -> Hierarchy:
    reader = store.reader(ontology_id, store.get_commit(ontology_id, commit))
    documents = {document.rid: document for document in reader.scan((kind,))}
    field = PARENT_FIELDS[kind]
    children: dict[str, list[str]] = {}
    for document in documents.values():  # in the order of names
        for parent in document.body.get(field, ()):
            children.setdefault(parent, []).append(document.rid)
    nodes = {
        rid: HierarchyNode(
            rid=rid,
            id=document.id,
            name=str(document.body["apiName"]),
            label=document.body.get("displayName", {}),
            status=document.body.get("status", "active"),
            is_abstract=document.body.get("isAbstract", False),
            parents=tuple(document.body.get(field, ())),
            children=tuple(children.get(rid, ())),
        )
        for rid, document in documents.items()
    }
    roots = tuple(
        rid for rid, node in nodes.items() if not any(parent in nodes for parent in node.parents)
    )
    return Hierarchy(nodes, roots)


def describe(*, ontology: str, target: str, ref: str = "") -> TypeDescription:
    """Everything about a definition: properties own and inherited, links, place, uses."""
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    document = find_target(reader, info, target)
    rid = document.rid
    schema = Schema(reader)
    schema.load_closure([rid])
    ancestors = schema.ancestors(rid)
    implements = schema.interfaces(rid) if document.kind == Kind.OBJECT_TYPE else ()
    uses = reader.referrers([rid]).get(rid, set())
    children = {source for source, role in uses if role in ("parents", "extends")}
    links = _links(reader, (rid, *ancestors, *implements))
    properties = _properties(schema, document)
    mentioned = {
        rid,
        *ancestors,
        *children,
        *implements,
        *(source for source, _ in uses),
        *(reference.target for reference in references(document.kind, document.body)),
        *(part.owner for part in properties),
        *(part.shared for part in properties if part.shared),
        *(text for part in properties for text in part.data_types if is_rid(text)),
        *(
            end
            for link in links.values()
            for side in ("sources", "targets")
            for end in link.body.get(side, ())
        ),
    }
    names = ids_of(info, reader, mentioned)
    outgoing, incoming = [], []
    for owner in (rid, *ancestors, *implements):
        for link in links.values():
            inherited = None if owner == rid else names.get(owner)
            if owner in link.body.get("sources", ()):
                outgoing.append(_link_use(link, "targets", inherited, names))
            if owner in link.body.get("targets", ()):
                incoming.append(_link_use(link, "sources", inherited, names))
    return TypeDescription(
        document=view_of(document),
        ancestors=tuple((item, names[item]) for item in ancestors),
        children=tuple(sorted(((item, names[item]) for item in children), key=_by_id)),
        descendants_count=_count_descendants(reader, rid),
        implements=tuple((item, names[item]) for item in implements if item in names),
        properties=tuple(_property_view(schema, part, rid, names) for part in properties),
        links_out=tuple(outgoing),
        links_in=tuple(incoming),
        used_by=tuple(
            sorted((names[source], role) for source, role in uses if source not in children)
        ),
        names=names,
    )


def _by_id(item: tuple[str, str]) -> str:
    return item[1].casefold()


def _properties(schema: Schema, document: StoredDocument) -> list[EffectiveProperty]:
    if document.kind == Kind.STRUCT_TYPE:
        return schema.own_properties(document.rid)
    found = list(schema.properties(document.rid).values())
    found.sort(key=lambda part: (part.owner != document.rid, part.api_name.casefold()))
    return found


def _property_view(
    schema: Schema, part: EffectiveProperty, rid: str, names: Mapping[str, str]
) -> PropertyView:
    declared = part.declaration
    shared = schema.body(part.shared) if part.shared else {}
    return PropertyView(
        rid=part.rid,
        name=part.api_name,
        label=declared.get("displayName") or shared.get("displayName", {}),
        description=declared.get("description") or shared.get("description", {}),
        data_types=tuple(names.get(text, text) for text in part.data_types),
        required=part.required,
        array=part.array,
        unique=part.unique,
        indexed=part.indexed,
        searchable=part.searchable,
        default=part.default,
        unit=declared.get("unit") or shared.get("unit"),
        sensitivity=part.sensitivity,
        status=declared.get("status") or shared.get("status", "active"),
        inherited_from=None if part.owner == rid else names.get(part.owner, part.owner),
        shared_property=names.get(part.shared, part.shared) if part.shared else None,
    )


def _links(reader: CommitReader, owners: tuple[str, ...]) -> dict[str, StoredDocument]:
    uses = reader.referrers(owners, ("sources", "targets"))
    found = reader.get_many({rid for sources in uses.values() for rid, _ in sources})
    ordered = sorted(found.values(), key=lambda link: str(link.body["apiName"]).casefold())
    return {link.rid: link for link in ordered}


def _link_use(
    link: StoredDocument, other_end: str, inherited: str | None, names: Mapping[str, str]
) -> LinkUse:
    outgoing = other_end == "targets"
    return LinkUse(
        id=document_id(link.kind, link.rid, link.body),
        rid=link.rid,
        name=str(link.body["apiName"]),
        label=link.body.get("displayName", {}),
        direction="outgoing" if outgoing else "incoming",
        others=tuple(names.get(end, end) for end in link.body.get(other_end, ())),
        cardinality=link.body.get("targetCardinality" if outgoing else "sourceCardinality"),
        inherited_from=inherited,
    )


def _count_descendants(reader: CommitReader, rid: str) -> int:
    seen: set[str] = set()
    level = {rid}
    while level:
        uses = reader.referrers(level, ("parents", "extends"))
        level = {source for found in uses.values() for source, _ in found} - seen
        seen |= level
    return len(seen - {rid})
