"""PUBLIC: what other apps may know of users and roles, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from oms_project.core.context import Actor
from oms_project.core.errors import Conflict, Invalid, NotFound

__all__ = [
    "EVERYTHING",
    "BindingInfo",
    "Person",
    "Role",
    "UnknownUser",
    "UserInfo",
    "UsernameTaken",
    "WeakPassword",
    "actor_of",
]

# The scope of a role that holds for every ontology.
EVERYTHING = ""


class Role(StrEnum):
    """From reading to running the place; each one includes those before it, except that an
    auditor only looks.
    """

    VIEWER = "viewer"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    MAINTAINER = "maintainer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class UnknownUser(NotFound):
    """No user has this name or id."""

    code = "user_not_found"
    title = "User not found"


class UsernameTaken(Conflict):
    """Another user has this name, compared without case."""

    code = "username_taken"
    title = "User name taken"


class WeakPassword(Invalid):
    """The password breaks a rule; ``errors`` says which."""

    code = "weak_password"
    title = "Weak password"


@dataclass(frozen=True, slots=True)
class BindingInfo:
    """A role, and where it holds.

    Attributes:
        ontology: an ontology's name, or `EVERYTHING`.
        branch: a pattern of branch names (``release/*``), or `EVERYTHING`.
        group: the group that the role comes from; empty when the user holds it directly.
        expires_at: until when; None: for good.
    """

    role: Role
    ontology: str = EVERYTHING
    branch: str = EVERYTHING
    group: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UserInfo:
    """A user as others see it."""

    id: str
    username: str
    display_name: str
    email: str
    is_active: bool
    created_at: datetime
    bindings: tuple[BindingInfo, ...] = ()


class Person(Protocol):
    """What an actor is made of; the user model has it."""

    @property
    def pk(self) -> UUID: ...

    def get_username(self) -> str: ...

    def get_full_name(self) -> str: ...

    @property
    def kind(self) -> str: ...


def actor_of(user: Person) -> Actor:
    """The plain value that travels in the context instead of the user."""
    return Actor(
        id=str(user.pk),
        username=user.get_username(),
        display_name=user.get_full_name(),
        kind=user.kind,
    )
