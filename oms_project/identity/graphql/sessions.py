"""Who one is, where one is signed in, and who may act for one."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from functools import partial

import strawberry

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import BadRequest
from oms_project.core.routes import AUTHENTICATED
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.inputs import bounded
from oms_project.graphql.payloads import Done
from oms_project.identity import selectors, services
from oms_project.identity.backends import sign_out_of_console
from oms_project.identity.contract import DelegationInfo, SessionInfo
from oms_project.identity.graphql.kinds import HeldRole
from oms_project.identity.graphql.people import MAX_PASSWORD

__all__ = ["Delegation", "Me", "Mutations", "Queries", "Session"]


@strawberry.type(description="Somebody for whom a service acts.")
class Party:
    id: strawberry.ID
    username: str
    display_name: str


@strawberry.type(description="Who is signed in.")
class Me:
    id: strawberry.ID
    username: str
    display_name: str
    email: str
    kind: str = strawberry.field(description="`user` or `service`.")
    on_behalf_of: Party | None = strawberry.field(description="Of a delegate: for whom it acts.")
    reason: str = strawberry.field(description="Of a delegate: why.")
    roles: list[HeldRole]
    permissions: list[str] = strawberry.field(description="Those that hold for everything.")


@strawberry.type(description="A session: all tokens that go back to one sign-in.")
class Session:
    id: strawberry.ID
    username: str
    on_behalf_of: str
    created_at: dt.datetime
    last_used_at: dt.datetime = strawberry.field(description="When its tokens were renewed last.")
    expires_at: dt.datetime
    revoked_at: dt.datetime | None
    revoked_reason: str
    address: str
    agent: str
    current: bool = strawberry.field(description="Whether this request belongs to it.")

    @classmethod
    def of(cls, mine: str, info: SessionInfo) -> Session:
        return cls(
            **{**asdict(info), "id": strawberry.ID(info.id)}, current=bool(mine) and info.id == mine
        )


@strawberry.type(description="A service may act for a user.")
class Delegation:
    id: strawberry.ID
    service: str
    client_id: str
    user: str
    reason: str
    permissions: list[str] = strawberry.field(description="Empty: all that both have.")
    ontology: str
    expires_at: dt.datetime
    revoked_at: dt.datetime | None
    created_at: dt.datetime
    created_by: str
    holds: bool

    @classmethod
    def of(cls, info: DelegationInfo) -> Delegation:
        return cls(
            **{
                **asdict(info),
                "id": strawberry.ID(info.id),
                "permissions": list(info.permissions),
            }
        )


def _session_of(info: Info) -> str:
    """Id of the session that a request belongs to; empty: it came with a cookie, or over a
    socket.
    """
    return getattr(info.context.request, "oms_session_id", None) or ""


def _over_http(info: Info) -> None:
    if info.context.request is None:
        raise BadRequest("Send this over HTTP: only there it is known which session is yours.")


@strawberry.type
class Queries:
    """Reads."""

    @query(requires=AUTHENTICATED("it tells about nobody but who asks"))
    def me(self, info: Info) -> Me:
        """Who you are, with roles and permissions; of a delegate, also for whom it acts."""
        actor = current_actor()
        user = selectors.get_user(username=actor.username)
        party = actor.on_behalf_of
        return Me(
            id=strawberry.ID(user.id),
            username=user.username,
            display_name=user.display_name,
            email=user.email,
            kind=actor.kind,
            on_behalf_of=None
            if party is None
            else Party(
                id=strawberry.ID(party.id),
                username=party.username,
                display_name=party.display_name,
            ),
            reason=actor.reason,
            roles=[HeldRole.of(one) for one in user.bindings],
            permissions=[
                permission
                for permission in permissions.ALL
                if authorizer.decide(actor, permission).allowed
            ],
        )

    @connection(
        requires=AUTHENTICATED(
            "one sees one's own; the selector asks when it is about somebody else"
        )
    )
    def sessions(
        self, info: Info, username: str | None = None, ended: bool = False
    ) -> Pages[Session]:
        """Where you are signed in with tokens, the newest first; with `username` where somebody
        else is, for administrators of identities. With `ended` those that are over as well.
        """
        return listing(
            partial(selectors.list_sessions, username=username, ended=ended),
            partial(Session.of, _session_of(info)),
        )

    @connection(
        requires=AUTHENTICATED("one sees one's own; the selector asks when it is about everybody")
    )
    def delegations(
        self, info: Info, everybody: bool = False, ended: bool = False
    ) -> Pages[Delegation]:
        """What services may do for users: delegations that you gave or hold, the newest first;
        `everybody`'s for administrators of identities.
        """
        return listing(
            partial(selectors.list_delegations, everybody=everybody, ended=ended), Delegation.of
        )


@strawberry.input(description="A delegation that is to be.")
class GrantDelegationInput:
    client_id: str = strawberry.field(description="Of the service account.")
    reason: str
    expires_at: dt.datetime
    username: str | None = strawberry.field(
        default=None, description="For whom; null: for yourself."
    )
    permissions: list[str] = strawberry.field(
        default_factory=list, description="Only these; empty: all that both have."
    )
    ontology: str = ""


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=AUTHENTICATED("it is one's own, and the current one is asked for"))
    def change_password(self, info: Info, current_password: str, new_password: str) -> Done:
        """Change your password. Every session ends: sign in again with the new one."""
        services.change_own_password(
            current=bounded(current_password, "currentPassword", MAX_PASSWORD),
            new=bounded(new_password, "newPassword", MAX_PASSWORD),
        )
        return Done()

    @mutation(requires=AUTHENTICATED("everybody may leave; it ends the request's own session only"))
    def logout(self, info: Info) -> Done:
        """End the session that this request belongs to, with all its tokens."""
        _over_http(info)
        session = _session_of(info)
        if session:
            services.sign_out(session=session)
        elif info.context.request is not None:
            sign_out_of_console(info.context.request)
        return Done()

    @mutation(requires=AUTHENTICATED("one's own; the service asks when it is somebody else's"))
    def end_session(self, info: Info, id: strawberry.ID) -> Done:
        """End a session of yours; anybody's for administrators of identities."""
        services.end_session(session=id)
        return Done()

    @mutation(requires=AUTHENTICATED("they are one's own"))
    def end_other_sessions(self, info: Info) -> Done:
        """End all sessions of yours but the one that this request belongs to."""
        _over_http(info)
        services.end_own_sessions(keep=_session_of(info))
        return Done()

    @mutation(requires=AUTHENTICATED("for oneself; the service asks when it is for somebody else"))
    def grant_delegation(self, info: Info, input: GrantDelegationInput) -> Delegation:
        """Let a service act for you; for somebody else, if you administer identities."""
        return Delegation.of(
            services.grant_delegation(
                client_id=input.client_id,
                reason=input.reason,
                expires_at=input.expires_at,
                username=input.username,
                only=input.permissions,
                ontology=input.ontology,
            )
        )

    @mutation(requires=AUTHENTICATED("either party may; the service asks when it is somebody else"))
    def revoke_delegation(self, info: Info, id: strawberry.ID) -> Delegation:
        """Take a delegation back; either party may."""
        return Delegation.of(services.revoke_delegation(delegation=id))
