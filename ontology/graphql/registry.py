"""Ontologies, branches, tags and commits: the types that everything else hangs on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.core.pagination import Page, decode_cursor, encode_cursor
from oms_project.core.routes import AUTHENTICATED
from oms_project.graphql.context import Info, of_each
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.nodes import joined, parted
from oms_project.graphql.payloads import Deleted
from oms_project.graphql.scalars import mapping_of
from ontology import selectors, services
from ontology.contract import BranchInfo, CommitInfo, OntologyInfo, TagInfo
from ontology.graphql.describing import DescribingFields
from ontology.graphql.diffs import VersionFields
from ontology.graphql.documents import DefinitionFields
from ontology.graphql.instance_fields import InstanceFields
from ontology.graphql.places import name_of

__all__ = ["Branch", "Commit", "Deleted", "Mutations", "Ontology", "Queries", "Tag"]


@strawberry.type(
    description="A commit: the state of an ontology at a moment, and how it came to be."
)
class Commit(relay.Node):
    commit_id: str = strawberry.field(description="64 hexadecimal digits.")
    parents: list[str] = strawberry.field(
        description="Ids; the first is the commit that it was made on."
    )
    author: str = strawberry.field(description="`username (id)`.")
    author_id: str = strawberry.field(description="Id of who made it.")
    author_username: str = strawberry.field(description="Username of who made it.")
    time: dt.datetime = strawberry.field(
        description="When it was made; never before its first parent."
    )
    message: str = strawberry.field(description="What was done, and why.")
    content_hash: str = strawberry.field(
        description="Hash of what it changed against its first parent."
    )
    change_count: int = strawberry.field(
        description="How many documents it changed against its first parent."
    )
    signature: str = strawberry.field(description="What proves the author and the time.")
    on_behalf_of_id: str = strawberry.field(
        description="Id of the user for whom a service made it; else empty."
    )
    ontology_name: strawberry.Private[str] = ""
    siblings: strawberry.Private[Any] = None

    @classmethod
    def of(cls, ontology: str, info: CommitInfo) -> Commit:
        return cls(
            commit_id=info.id,
            parents=list(info.parents),
            author=info.author,
            author_id=info.author_id,
            author_username=info.author_username,
            time=info.time,
            message=info.message,
            content_hash=info.content_hash,
            change_count=info.change_count,
            signature=info.signature,
            on_behalf_of_id=info.on_behalf_of_id,
            ontology_name=ontology,
        )

    @classmethod
    def resolve_id(cls, root: Any, *, info: Any) -> str:
        return joined(root.ontology_name, root.commit_id)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [
            cls.of(ontology, selectors.resolve_ref(ontology=ontology, ref=commit))
            for ontology, commit in (parted(one, 2) for one in node_ids)
        ]


@strawberry.type(description="A name that points at a commit and moves with every commit on it.")
class Branch(relay.Node):
    name: str = strawberry.field(description="Its name in the ontology.")
    head_id: str = strawberry.field(description="Id of the commit that it points at.")
    protected: bool = strawberry.field(description="Whether only maintainers may write to it.")
    is_default: bool = strawberry.field(description="Whether it is meant where no branch is named.")
    created_at: dt.datetime = strawberry.field(description="When it was made.")
    created_by: str = strawberry.field(description="Who made it.")
    updated_at: dt.datetime = strawberry.field(description="When it moved last.")
    ontology_name: strawberry.Private[str] = ""
    siblings: strawberry.Private[Any] = None

    @classmethod
    def of(cls, ontology: str, info: BranchInfo) -> Branch:
        return cls(
            name=info.name,
            head_id=info.head,
            protected=info.protected,
            is_default=info.is_default,
            created_at=info.created_at,
            created_by=info.created_by,
            updated_at=info.updated_at,
            ontology_name=ontology,
        )

    @strawberry.field(description="The commit that it points at.")
    def head(self) -> Commit:
        return of_each(self, "head", _heads)  # type: ignore[no-any-return]

    @classmethod
    def resolve_id(cls, root: Any, *, info: Any) -> str:
        return joined(root.ontology_name, root.name)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [
            cls.of(ontology, selectors.get_branch(ontology=ontology, name=name))
            for ontology, name in (parted(one, 2) for one in node_ids)
        ]


@strawberry.type(description="A name that points at a commit and never moves.")
class Tag(relay.Node):
    name: str = strawberry.field(description="Its name in the ontology.")
    commit_id: str = strawberry.field(description="Id of the commit that it points at.")
    message: str = strawberry.field(description="Why.")
    created_at: dt.datetime = strawberry.field(description="When it was made.")
    created_by: str = strawberry.field(description="Who made it.")
    ontology_name: strawberry.Private[str] = ""
    siblings: strawberry.Private[Any] = None

    @classmethod
    def of(cls, ontology: str, info: TagInfo) -> Tag:
        return cls(
            name=info.name,
            commit_id=info.commit,
            message=info.message,
            created_at=info.created_at,
            created_by=info.created_by,
            ontology_name=ontology,
        )

    @strawberry.field(description="The commit that it points at.")
    def commit(self) -> Commit:
        return of_each(self, "commit", _tagged)  # type: ignore[no-any-return]

    @classmethod
    def resolve_id(cls, root: Any, *, info: Any) -> str:
        return joined(root.ontology_name, root.name)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [
            cls.of(ontology, selectors.get_tag(ontology=ontology, name=name))
            for ontology, name in (parted(one, 2) for one in node_ids)
        ]


def _commits_of(owners: Sequence[Any], ids: Sequence[str]) -> list[Commit]:
    found: dict[tuple[str, str], CommitInfo] = {}
    for ontology in {owner.ontology_name for owner in owners}:
        wanted = [
            one for owner, one in zip(owners, ids, strict=True) if owner.ontology_name == ontology
        ]
        for commit in selectors.get_commits(ontology=ontology, ids=wanted).values():
            found[ontology, commit.id] = commit
    return [
        Commit.of(owner.ontology_name, found[owner.ontology_name, one])
        for owner, one in zip(owners, ids, strict=True)
    ]


def _heads(branches: Sequence[Branch]) -> list[Commit]:
    return _commits_of(branches, [branch.head_id for branch in branches])


def _tagged(tags: Sequence[Tag]) -> list[Commit]:
    return _commits_of(tags, [tag.commit_id for tag in tags])


@strawberry.type(
    description="An ontology: object types, links, actions, and the data that obeys them."
)
class Ontology(DefinitionFields, DescribingFields, VersionFields, InstanceFields, relay.Node):
    key: relay.NodeID[str]
    name: str = strawberry.field(description="What other fields name it by.")
    base_iri: str = strawberry.field(description="What the IRIs of its definitions begin with.")
    description: str = strawberry.field(description="What it is about.")
    default_branch: str = strawberry.field(
        description="The branch that is meant where none is named."
    )
    created_at: dt.datetime = strawberry.field(description="When it was made.")
    created_by: str = strawberry.field(description="Who made it.")
    siblings: strawberry.Private[Any] = None

    @classmethod
    def of(cls, info: OntologyInfo) -> Ontology:
        return cls(
            key=info.id,
            name=info.name,
            base_iri=info.base_iri,
            description=info.description,
            default_branch=info.default_branch,
            created_at=info.created_at,
            created_by=info.created_by,
        )

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(selectors.get_ontology(ontology=one)) for one in node_ids]

    @connection()
    def branches(self, info: Info) -> Pages[Branch]:
        """Its branches by name."""
        return listing(
            partial(selectors.list_branches, ontology=self.name), partial(Branch.of, self.name)
        )

    @strawberry.field(description="One branch; the default branch when none is named.")
    def branch(self, name: str = "") -> Branch:
        return Branch.of(self.name, selectors.get_branch(ontology=self.name, name=name))

    @connection()
    def tags(self, info: Info) -> Pages[Tag]:
        """Its tags by name."""
        return listing(partial(selectors.list_tags, ontology=self.name), partial(Tag.of, self.name))

    @strawberry.field(description="One tag.")
    def tag(self, name: str) -> Tag:
        return Tag.of(self.name, selectors.get_tag(ontology=self.name, name=name))

    @connection()
    def commits(self, info: Info, ref: str = "", first_parent: bool = False) -> Pages[Commit]:
        """The commit that a ref names and its ancestors, latest first."""
        head = selectors.resolve_ref(ontology=self.name, ref=ref)
        return listing(
            partial(selectors.log, ontology=self.name, first_parent=first_parent),
            partial(Commit.of, self.name),
            commit=head.id,
        )

    @strawberry.field(
        description="The commit that a ref names: a branch, a tag, an id, `branch@timestamp`."
    )
    def commit(self, ref: str = "") -> Commit:
        return Commit.of(self.name, selectors.resolve_ref(ontology=self.name, ref=ref))


def _ontologies(*, limit: int, cursor: str | None) -> Page[OntologyInfo]:
    after = decode_cursor("ontologies", cursor, types=(str,))
    known = sorted(selectors.list_ontologies(), key=lambda info: info.name)
    left = [info for info in known if after is None or info.name > str(after[0])]
    more = encode_cursor("ontologies", (left[limit - 1].name,)) if len(left) > limit else None
    return Page(tuple(left[:limit]), more)


@strawberry.type
class Queries:
    """Reads."""

    @connection(requires=AUTHENTICATED("it lists what one may read, and nothing else"))
    def ontologies(self, info: Info) -> Pages[Ontology]:
        """The ontologies that you may read, by name."""
        return listing(_ontologies, Ontology.of, count=lambda: len(selectors.list_ontologies()))

    @query(requires=permissions.ONTOLOGY_READ)
    def ontology(self, info: Info, name: str) -> Ontology:
        """One ontology by name or id."""
        return Ontology.of(selectors.get_ontology(ontology=name))


@strawberry.input(description="A new ontology.")
class CreateOntologyInput:
    name: str = strawberry.field(description="Lower-case letters, digits and `. _ -`.")
    base_iri: str = strawberry.field(description="What the IRIs of its definitions begin with.")
    display_name: JSON | None = strawberry.field(
        default=None, description="Text by language: `{en: …, ko: …}`."
    )
    description: str = strawberry.field(default="", description="What it is about.")
    prefixes: JSON | None = strawberry.field(default=None, description="IRI by prefix.")
    default_language: str = strawberry.field(
        default="en", description="Language of texts without one."
    )
    compatibility: str = strawberry.field(
        default="backward",
        description="Which changes later versions may make: `none`, `backward`, `forward`, `full`, and each of the last three with `Transitive`.",
    )


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.ONTOLOGY_CREATE)
    def create_ontology(self, info: Info, input: CreateOntologyInput) -> Ontology:
        """A new ontology with a branch `main` and a first commit that holds its header."""
        return Ontology.of(
            services.create_ontology(
                name=input.name,
                base_iri=input.base_iri,
                display_name=mapping_of(input.display_name, "displayName"),
                description=input.description,
                prefixes=mapping_of(input.prefixes, "prefixes"),
                default_language=input.default_language,
                compatibility=input.compatibility,
            )
        )

    @mutation(requires=permissions.ONTOLOGY_ADMINISTER)
    def update_ontology(
        self,
        info: Info,
        ontology: str,
        description: str | None = None,
        default_branch: str | None = None,
    ) -> Ontology:
        """Its description and default branch; the rest is versioned, see its header."""
        return Ontology.of(
            services.update_ontology(
                ontology=ontology, description=description, default_branch=default_branch
            )
        )

    @mutation(requires=permissions.ONTOLOGY_ADMINISTER)
    def delete_ontology(self, info: Info, ontology: str) -> Deleted:
        """Its name is free again; the store keeps its history."""
        services.delete_ontology(ontology=ontology)
        return Deleted(name=ontology)

    @mutation(requires=permissions.ONTOLOGY_BRANCH)
    def create_branch(
        self, info: Info, ontology: str, name: str, from_ref: str = "", protected: bool = False
    ) -> Branch:
        """A new branch at the commit that `fromRef` names."""
        made = services.create_branch(
            ontology=ontology, name=name, from_ref=from_ref, protected=protected
        )
        return Branch.of(name_of(ontology), made)

    @mutation(requires=permissions.ONTOLOGY_ADMINISTER)
    def update_branch(self, info: Info, ontology: str, name: str, protected: bool) -> Branch:
        """Protect a branch, or open it."""
        return Branch.of(
            name_of(ontology),
            services.update_branch(ontology=ontology, name=name, protected=protected),
        )

    @mutation(requires=permissions.ONTOLOGY_BRANCH)
    def delete_branch(self, info: Info, ontology: str, name: str) -> Deleted:
        """Delete a branch; its commits stay reachable by id."""
        services.delete_branch(ontology=ontology, name=name)
        return Deleted(name=name)

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def create_tag(
        self, info: Info, ontology: str, name: str, ref: str = "", message: str = ""
    ) -> Tag:
        """A name for a commit, for good."""
        return Tag.of(
            name_of(ontology),
            services.create_tag(ontology=ontology, name=name, ref=ref, message=message),
        )

    @mutation(requires=permissions.ONTOLOGY_ADMINISTER)
    def delete_tag(self, info: Info, ontology: str, name: str) -> Deleted:
        """Delete a tag."""
        services.delete_tag(ontology=ontology, name=name)
        return Deleted(name=name)
