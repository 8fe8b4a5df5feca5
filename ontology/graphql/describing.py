"""Computed reads: what a type comes to, how types hang together, names for pickers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import strawberry
from strawberry.scalars import JSON

from oms_project.core.errors import BadRequest
from oms_project.graphql.context import of_each, siblings
from oms_project.graphql.inputs import filter_text
from oms_project.graphql.scalars import Long
from ontology import selectors
from ontology.domain.actions import text_in
from ontology.graphql.definitions import Definition, definition_of, refuse_instance
from ontology.graphql.places import At, exact, looked_up, target_text

__all__ = ["DescribingFields"]

_MAX_NAMES = 1000


@strawberry.type(description="A definition that something refers to.")
class Reference:
    rid: str = strawberry.field(description="Of the definition.")
    target: str = strawberry.field(description="`ObjectType/Person`.")
    role: str = strawberry.field(description="How it is referred to; empty where it is plain.")
    at: strawberry.Private[At]
    siblings: strawberry.Private[Any] = None

    @strawberry.field(description="With all its fields.")
    def definition(self) -> Definition | None:
        return of_each(self, "definition", _referred)  # type: ignore[no-any-return]


def _referred(references: Sequence[Reference]) -> list[Definition | None]:
    found = looked_up(references, lambda one: (one.rid,), definition_of)
    return [next(iter(one), None) for one in found]


@strawberry.type(description="A property that a type has, its own or inherited.")
class EffectiveProperty:
    rid: str = strawberry.field(description="It stays when the property is renamed.")
    name: str = strawberry.field(description="Its `apiName`.")
    data_types: list[str] = strawberry.field(description="Words, or targets of definitions.")
    required: bool = strawberry.field(description="Whether every object has a value.")
    unique: bool = strawberry.field(description="Whether no two objects have the same value.")
    indexed: bool = strawberry.field(description="Whether it is filtered by fast.")
    searchable: bool = strawberry.field(description="Whether its texts are searched.")
    unit: str | None = strawberry.field(description="The unit of its numbers.")
    sensitivity: str = strawberry.field(
        description="`public`, `internal`, `restricted` or `secret`."
    )
    status: str = strawberry.field(
        description="`experimental`, `active`, `deprecated` or `archived`."
    )
    inherited_from: str | None = strawberry.field(
        description="Target of what declares it; null: the type itself."
    )
    shared_property: str | None = strawberry.field(description="Target of its shared property.")
    found: strawberry.Private[selectors.PropertyView]

    @strawberry.field(description="Its name for people, by language.")
    def display_name(self) -> JSON:
        return exact(self.found.label)  # type: ignore[no-any-return]

    @strawberry.field(description="What it is, by language.")
    def description(self) -> JSON:
        return exact(self.found.description)  # type: ignore[no-any-return]

    @strawberry.field(description="Its name in a language, or the nearest there is.")
    def label(self, language: str = "en") -> str:
        return text_in(self.found.label, language) or self.name

    @strawberry.field(description="There when it holds a list: `minItems`, `maxItems`, `unique`.")
    def array(self) -> JSON | None:
        return exact(self.found.array)  # type: ignore[no-any-return]

    @strawberry.field(description="The value of those who give none.")
    def default(self) -> JSON | None:
        return exact(self.found.default)  # type: ignore[no-any-return]


@strawberry.type(description="A link type that a type takes part in.")
class LinkUse:
    rid: str = strawberry.field(description="Of the link type.")
    target: str = strawberry.field(description="`LinkType/worksFor`.")
    name: str = strawberry.field(description="Its `apiName`.")
    direction: str = strawberry.field(description="`outgoing` or `incoming`.")
    others: list[str] = strawberry.field(description="Targets at the other end; none: any.")
    min: Long | None = strawberry.field(description="At least so many at the other end.")
    max: Long | None = strawberry.field(description="At most so many; null: any number.")
    inherited_from: str | None = strawberry.field(
        description="Target of the ancestor or interface that the link names; null: the type."
    )
    display_name: JSON = strawberry.field(description="Its name for people, by language.")


@strawberry.type(description="All that holds for a definition.")
class TypeDescription:
    definition: Definition = strawberry.field(description="The definition itself.")
    descendants_count: int = strawberry.field(
        description="How many are a kind of it, directly or not."
    )
    found: strawberry.Private[selectors.TypeDescription]
    at: strawberry.Private[At]

    @strawberry.field(description="What it is a kind of, nearer first.")
    def ancestors(self) -> list[Reference]:
        return _references(self, [(rid, target, "") for rid, target in self.found.ancestors])

    @strawberry.field(description="What is directly a kind of it.")
    def children(self) -> list[Reference]:
        return _references(self, [(rid, target, "") for rid, target in self.found.children])

    @strawberry.field(description="Interfaces that it implements, inherited ones too.")
    def implements(self) -> list[Reference]:
        return _references(self, [(rid, target, "") for rid, target in self.found.implements])

    @strawberry.field(description="What refers to it, except its children.")
    def used_by(self) -> list[Reference]:
        rids = {target: rid for rid, target in self.found.names.items()}
        return _references(
            self, [(rids.get(target, ""), target, role) for target, role in self.found.used_by]
        )

    @strawberry.field(description="Its properties, its own first.")
    def properties(self) -> list[EffectiveProperty]:
        return [
            EffectiveProperty(
                rid=one.rid,
                name=one.name,
                data_types=list(one.data_types),
                required=one.required,
                unique=one.unique,
                indexed=one.indexed,
                searchable=one.searchable,
                unit=one.unit,
                sensitivity=one.sensitivity,
                status=one.status,
                inherited_from=one.inherited_from,
                shared_property=one.shared_property,
                found=one,
            )
            for one in self.found.properties
        ]

    @strawberry.field(description="Links that begin at it.")
    def links_out(self) -> list[LinkUse]:
        return [_link(one) for one in self.found.links_out]

    @strawberry.field(description="Links that end at it.")
    def links_in(self) -> list[LinkUse]:
        return [_link(one) for one in self.found.links_in]

    @strawberry.field(description="Targets by `rid` of everything that it refers to.")
    def names(self) -> JSON:
        return exact(self.found.names)  # type: ignore[no-any-return]


def _references(owner: TypeDescription, some: Sequence[tuple[str, str, str]]) -> list[Reference]:
    made = [Reference(rid=rid, target=target, role=role, at=owner.at) for rid, target, role in some]
    siblings(made)
    return made


def _link(use: selectors.LinkUse) -> LinkUse:
    bounds: Mapping[str, Any] = use.cardinality or {}
    return LinkUse(
        rid=use.rid,
        target=use.id,
        name=use.name,
        direction=use.direction,
        others=list(use.others),
        min=bounds.get("min", 0) if use.cardinality is not None else None,
        max=bounds.get("max"),
        inherited_from=use.inherited_from,
        display_name=exact(use.label),
    )


@strawberry.type(description="A definition in its hierarchy.")
class HierarchyNode:
    rid: str = strawberry.field(description="Of the definition.")
    target: str = strawberry.field(description="`ObjectType/Person`.")
    name: str = strawberry.field(description="Its `apiName`.")
    status: str = strawberry.field(
        description="`experimental`, `active`, `deprecated` or `archived`."
    )
    is_abstract: bool = strawberry.field(description="Whether only its subtypes have objects.")
    parents: list[str] = strawberry.field(description="`rid`s of what it is a kind of.")
    display_name: JSON = strawberry.field(description="Its name for people, by language.")
    node: strawberry.Private[selectors.HierarchyNode]
    known: strawberry.Private[Mapping[str, selectors.HierarchyNode]]

    @strawberry.field(description="Its name in a language, or the nearest there is.")
    def label(self, language: str = "en") -> str:
        return text_in(self.node.label, language) or self.name

    @strawberry.field(description="What is a kind of it, by name.")
    def children(self) -> list[HierarchyNode]:
        return _nodes(self.known, self.node.children)


def _nodes(
    known: Mapping[str, selectors.HierarchyNode], rids: Sequence[str]
) -> list[HierarchyNode]:
    return [
        HierarchyNode(
            rid=node.rid,
            target=node.id,
            name=node.name,
            status=node.status,
            is_abstract=node.is_abstract,
            parents=list(node.parents),
            display_name=exact(node.label),
            node=node,
            known=known,
        )
        for node in (known[rid] for rid in rids if rid in known)
    ]


@strawberry.type(description="All definitions of a kind that can have parents.")
class Hierarchy:
    commit_id: str = strawberry.field(description="Id of the commit that was read.")
    found: strawberry.Private[selectors.Hierarchy]

    @strawberry.field(description="Those without parents, by name.")
    def roots(self) -> list[HierarchyNode]:
        return _nodes(self.found.nodes, self.found.roots)

    @strawberry.field(description="All of them, by name.")
    def nodes(self) -> list[HierarchyNode]:
        return _nodes(self.found.nodes, tuple(self.found.nodes))


@strawberry.type(description="How many documents of a kind there are.")
class KindCount:
    kind: str = strawberry.field(description="`ObjectType`, …, `Object`, `Link`.")
    count: int = strawberry.field(description="Deleted ones do not count.")


@strawberry.type
class DescribingFields:
    """What can be computed about what an ontology defines."""

    @strawberry.field(
        description="All that holds for a definition: properties own and inherited, links in and "
        "out, ancestors, children, and what uses it."
    )
    def describe(self, target: str, ref: str = "", as_of: str = "") -> TypeDescription:
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        name = target_text(target)
        refuse_instance(selectors.get_document(ontology=at.ontology, target=name, ref=at.commit))
        found = selectors.describe(ontology=at.ontology, target=target, ref=at.commit)
        return TypeDescription(
            definition=definition_of(at, found.document),
            descendants_count=found.descendants_count,
            found=found,
            at=at,
        )

    @strawberry.field(
        description="The hierarchy of `ObjectType`, `Interface`, `LinkType` or `SharedProperty`."
    )
    def hierarchy(self, kind: str = "ObjectType", ref: str = "", as_of: str = "") -> Hierarchy:
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        found = selectors.hierarchy(ontology=at.ontology, ref=at.commit, kind=kind)
        return Hierarchy(commit_id=at.commit, found=found)

    @strawberry.field(description="Number of documents per kind.")
    def statistics(self, ref: str = "", as_of: str = "") -> list[KindCount]:
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        counts = selectors.statistics(ontology=at.ontology, ref=at.commit)
        return [KindCount(kind=kind, count=count) for kind, count in counts.items()]

    @strawberry.field(
        description="Definitions for a picker: names that begin with the text come first, then "
        "those that hold it."
    )
    def suggestions(
        self,
        text: str,
        kinds: list[str] | None = None,
        ref: str = "",
        as_of: str = "",
        limit: int = 20,
    ) -> list[Definition]:
        if not 1 <= limit <= _MAX_NAMES:
            raise BadRequest(f"Between 1 and {_MAX_NAMES} names.", code="bad_limit")
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        found = selectors.suggest(
            ontology=at.ontology,
            text=filter_text(text, "text", 200),
            kinds=kinds or (),
            ref=at.commit,
            limit=limit,
        )
        made = list(map(partial(definition_of, at), found))
        siblings(made)
        return made
