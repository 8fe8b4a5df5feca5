"""Users and groups, for administrators of identities."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

import strawberry
from strawberry import relay

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.inputs import bounded, given
from oms_project.graphql.payloads import Deleted, Done
from oms_project.identity import selectors, services
from oms_project.identity.contract import GroupInfo, UserInfo
from oms_project.identity.graphql.kinds import HeldRole

__all__ = ["MAX_PASSWORD", "Group", "Mutations", "Queries", "User"]

#: Characters of the longest password that is hashed.
MAX_PASSWORD: Final = 4096


def _administers() -> None:
    """Whoever administers one ontology comes as far as this; people are not an ontology's."""
    authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)


@strawberry.type(description="A person who may sign in.")
class User(relay.Node):
    key: relay.NodeID[str]
    username: str
    display_name: str
    email: str
    is_active: bool
    created_at: dt.datetime
    bindings: list[HeldRole] = strawberry.field(description="Roles, also those of groups.")

    @classmethod
    def of(cls, info: UserInfo) -> User:
        return cls(
            key=info.id,
            username=info.username,
            display_name=info.display_name,
            email=info.email,
            is_active=info.is_active,
            created_at=info.created_at,
            bindings=[HeldRole.of(one) for one in info.bindings],
        )

    @strawberry.field(description="The id that stands in events and commits; it never changes.")
    def user_id(self) -> strawberry.ID:
        return strawberry.ID(self.key)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        _administers()
        return [cls.of(selectors.get_user_by_id(user_id=one)) for one in node_ids]


@strawberry.type(description="People and service accounts that hold roles together.")
class Group(relay.Node):
    name: relay.NodeID[str]
    members: list[str] = strawberry.field(description="User names.")

    @classmethod
    def of(cls, info: GroupInfo) -> Group:
        return cls(name=info.name, members=list(info.members))

    @strawberry.field(name="name", description="Unique without regard to case.")
    def shown_name(self) -> str:
        return self.name

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(selectors.get_group(name=one)) for one in node_ids]


@strawberry.type
class Queries:
    """Reads."""

    @connection(requires=permissions.IDENTITY_ADMINISTER)
    def users(self, info: Info, q: str = "") -> Pages[User]:
        """People by name; with `q` those that have this text in a name or the address."""
        return listing(partial(selectors.list_users, q=q), User.of)

    @query(requires=permissions.IDENTITY_ADMINISTER)
    def user(self, info: Info, username: str) -> User:
        """One person by user name, without regard to case."""
        _administers()
        return User.of(selectors.get_user(username=username))

    @connection(requires=permissions.IDENTITY_ADMINISTER)
    def groups(self, info: Info) -> Pages[Group]:
        """Groups by name."""
        return listing(selectors.list_groups, Group.of)

    @query(requires=permissions.IDENTITY_ADMINISTER)
    def group(self, info: Info, name: str) -> Group:
        """One group."""
        return Group.of(selectors.get_group(name=name))


@strawberry.input(description="A person who is to be.")
class CreateUserInput:
    username: str
    password: str
    display_name: str = ""
    email: str = ""


@strawberry.input(description="What may change of a person; what is not said stays.")
class UpdateUserInput:
    display_name: str | None = strawberry.UNSET
    email: str | None = strawberry.UNSET
    is_active: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="False: the user cannot sign in, and every session ends.",
    )


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def create_user(self, info: Info, input: CreateUserInput) -> User:
        """Make a person who can sign in."""
        return User.of(
            services.create_user(
                username=input.username,
                password=bounded(input.password, "password", MAX_PASSWORD),
                display_name=input.display_name,
                email=input.email,
            )
        )

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def update_user(self, info: Info, username: str, input: UpdateUserInput) -> User:
        """Rename a person, or shut it out."""
        changes = given(input, "display_name", "email")
        active = given(input, "is_active").get("is_active")
        return User.of(services.change_user(username=username, active=active, **changes))

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def set_user_password(self, info: Info, username: str, password: str) -> Done:
        """Give a person a new password; the person's sessions end."""
        services.set_password(
            username=username, password=bounded(password, "password", MAX_PASSWORD)
        )
        return Done()

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def create_group(self, info: Info, name: str) -> Group:
        """Make an empty group."""
        return Group.of(services.create_group(name=name))

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def delete_group(self, info: Info, name: str) -> Deleted:
        """Delete a group with the roles that it holds."""
        services.delete_group(name=name)
        return Deleted(name=name)

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def add_group_member(self, info: Info, group: str, username: str) -> Group:
        """Put a user or service account into a group."""
        return Group.of(services.add_to_group(name=group, username=username))

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def remove_group_member(self, info: Info, group: str, username: str) -> Group:
        """Take somebody out of a group."""
        return Group.of(services.remove_from_group(name=group, username=username))
