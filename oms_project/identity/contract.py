"""PUBLIC: what other apps may know of users and roles, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from oms_project.core.context import Actor
from oms_project.core.errors import Conflict, Invalid, NotFound, TooManyRequests, Unauthenticated

__all__ = [
    "EVERYTHING",
    "BadCredentials",
    "BadToken",
    "BindingInfo",
    "DelegationInfo",
    "DelegationRefused",
    "GroupInfo",
    "NewSecret",
    "Person",
    "Role",
    "SecretInfo",
    "ServiceAccountInfo",
    "SessionGrant",
    "SessionInfo",
    "TokenClaims",
    "TooManyAttempts",
    "UnknownDelegation",
    "UnknownGroup",
    "UnknownServiceAccount",
    "UnknownSession",
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
    auditor only looks, and that a gateway is another process of OMS, which does neither.
    """

    VIEWER = "viewer"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    MAINTAINER = "maintainer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    GATEWAY = "gateway"


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


class UnknownServiceAccount(NotFound):
    """No service account has this client id."""

    code = "service_account_not_found"
    title = "Service account not found"


class UnknownGroup(NotFound):
    """No group has this name."""

    code = "group_not_found"
    title = "Group not found"


class UnknownSession(NotFound):
    """No session has this id, or it is somebody else's."""

    code = "session_not_found"
    title = "Session not found"


class UnknownDelegation(NotFound):
    """No delegation has this id, or it is none of the actor's business."""

    code = "delegation_not_found"
    title = "Delegation not found"


class BadCredentials(Unauthenticated):
    """A name and a password, or a client id and a secret, do not belong together."""

    code = "no_active_account"
    title = "Sign-in refused"


class BadToken(Unauthenticated):
    """A token is not genuine, expired, or was taken back."""

    code = "bad_token"
    title = "Token refused"


class DelegationRefused(Invalid):
    """A service may not take a token for this user."""

    code = "delegation_refused"
    title = "Delegation refused"


class TooManyAttempts(TooManyRequests):
    """Too many failed sign-ins; ``data["retry_after"]`` says for how many seconds."""

    code = "too_many_attempts"
    title = "Too many attempts"

    @property
    def retry_after(self) -> int:
        """Seconds to wait."""
        return int(self.data.get("retry_after", 0))


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


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A group and who is in it, by name."""

    name: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """A client secret as it may be shown: never the secret itself."""

    id: int
    hint: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    holds: bool


@dataclass(frozen=True, slots=True)
class ServiceAccountInfo:
    """A service account.

    Attributes:
        owner: name of the person who answers for it; empty when there is none.
    """

    id: str
    client_id: str
    username: str
    display_name: str
    description: str
    owner: str
    is_active: bool
    created_at: datetime
    created_by: str
    secrets: tuple[SecretInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret in the one moment in which it can be seen."""

    account: ServiceAccountInfo
    secret: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A session: all tokens that go back to one sign-in."""

    id: str
    username: str
    on_behalf_of: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_reason: str
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class DelegationInfo:
    """A service may act for a user."""

    id: str
    service: str
    client_id: str
    user: str
    reason: str
    permissions: tuple[str, ...]
    ontology: str
    expires_at: datetime
    revoked_at: datetime | None
    created_at: datetime
    created_by: str
    holds: bool


@dataclass(frozen=True, slots=True)
class SessionGrant:
    """What tokens are made of, after somebody proved who they are.

    Attributes:
        session: the session's id.
        subject: id of the user whom the token is about; of a delegate, on whose behalf.
        refresh_id: the one refresh token that may renew it; empty: there is none.
        access_expires_at, refresh_expires_at: when the tokens end.
        actor, client_id: the service that acts for the subject; empty when nobody does.
        delegation: id of what allows that.
    """

    session: str
    subject: str
    access_expires_at: datetime
    refresh_expires_at: datetime | None = None
    refresh_id: str = ""
    actor: str = ""
    client_id: str = ""
    delegation: str = ""


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a genuine token says; whether it still holds is for the session to tell."""

    token_type: str
    token_id: str
    subject: str
    session: str
    issued_at: datetime
    expires_at: datetime
    actor: str = ""
    client_id: str = ""
    delegation: str = ""


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
