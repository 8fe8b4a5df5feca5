"""Service accounts and their secrets, which are shown once: in the answer that makes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from typing import Any

import strawberry
from strawberry import relay

from oms_project.core.authorization import permissions
from oms_project.core.errors import Invalid
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.identity import selectors, services
from oms_project.identity.contract import (
    NewSecret,
    SecretInfo,
    ServiceAccountInfo,
    UnknownServiceAccount,
)

__all__ = ["ClientSecret", "Mutations", "NewClientSecret", "Queries", "ServiceAccount"]

_MAX_GRACE = 30 * 24 * 3600


@strawberry.type(description="A secret of a service account, without the secret.")
class ClientSecret:
    id: strawberry.ID
    hint: str = strawberry.field(description="Its last characters.")
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None
    holds: bool

    @classmethod
    def of(cls, info: SecretInfo) -> ClientSecret:
        return cls(**{**asdict(info), "id": strawberry.ID(str(info.id))})


@strawberry.type(description="A program that signs in with a client id and a secret.")
class ServiceAccount(relay.Node):
    key: relay.NodeID[str]
    principal: strawberry.Private[str]
    username: str
    display_name: str
    description: str
    owner: str = strawberry.field(description="Who answers for it; empty: nobody.")
    is_active: bool
    created_at: dt.datetime
    created_by: str
    secrets: list[ClientSecret]

    @classmethod
    def of(cls, info: ServiceAccountInfo) -> ServiceAccount:
        return cls(
            key=info.client_id,
            principal=info.id,
            username=info.username,
            display_name=info.display_name,
            description=info.description,
            owner=info.owner,
            is_active=info.is_active,
            created_at=info.created_at,
            created_by=info.created_by,
            secrets=[ClientSecret.of(one) for one in info.secrets],
        )

    @strawberry.field(description="What it signs in with.")
    def client_id(self) -> str:
        return self.key

    @strawberry.field(description="The id that stands in events and commits.")
    def user_id(self) -> strawberry.ID:
        return strawberry.ID(self.principal)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(selectors.get_service_account(client_id=one)) for one in node_ids]


@strawberry.type(description="A secret, in the one answer that shows it.")
class NewClientSecret:
    account: ServiceAccount
    secret: str = strawberry.field(description="Keep it: it is stored as a hash only.")
    expires_at: dt.datetime | None

    @classmethod
    def of(cls, made: NewSecret) -> NewClientSecret:
        return cls(
            account=ServiceAccount.of(made.account),
            secret=made.secret,
            expires_at=made.expires_at,
        )


@strawberry.type
class Queries:
    """Reads."""

    @connection(requires=permissions.IDENTITY_ADMINISTER)
    def service_accounts(self, info: Info, q: str = "") -> Pages[ServiceAccount]:
        """Service accounts by name; with `q` those that have this text in a name, the client id
        or the description.
        """
        return listing(partial(selectors.list_service_accounts, q=q), ServiceAccount.of)

    @query(requires=permissions.IDENTITY_ADMINISTER)
    def service_account(self, info: Info, client_id: str) -> ServiceAccount:
        """One service account."""
        return ServiceAccount.of(selectors.get_service_account(client_id=client_id))


@strawberry.input(description="A service account that is to be.")
class CreateServiceAccountInput:
    username: str
    display_name: str = ""
    description: str = ""
    owner: str = strawberry.field(default="", description="User name of who answers for it.")
    expires_at: dt.datetime | None = strawberry.field(
        default=None, description="When its first secret ends; null: it does not."
    )


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def create_service_account(
        self, info: Info, input: CreateServiceAccountInput
    ) -> NewClientSecret:
        """Make a service account; the answer alone shows its secret."""
        return NewClientSecret.of(
            services.create_service_account(
                username=input.username,
                display_name=input.display_name,
                description=input.description,
                owner=input.owner,
                expires_at=input.expires_at,
            )
        )

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def update_service_account(self, info: Info, client_id: str, is_active: bool) -> ServiceAccount:
        """Take a service account out of use, or back."""
        return ServiceAccount.of(
            services.set_service_account_active(client_id=client_id, active=is_active)
        )

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def rotate_client_secret(
        self,
        info: Info,
        client_id: str,
        expires_at: dt.datetime | None = None,
        grace_seconds: int | None = None,
    ) -> NewClientSecret:
        """Make a new secret; the answer alone shows it. The others hold for `graceSeconds` more;
        0: they end at once, with every session.
        """
        if grace_seconds is not None and not 0 <= grace_seconds <= _MAX_GRACE:
            raise Invalid(
                f"The grace period is 0 to {_MAX_GRACE} seconds.",
                code="bad_grace",
                errors=[{"field": "graceSeconds", "message": f"0 to {_MAX_GRACE}."}],
            )
        grace = None if grace_seconds is None else dt.timedelta(seconds=grace_seconds)
        return NewClientSecret.of(
            services.rotate_secret(client_id=client_id, expires_at=expires_at, grace=grace)
        )

    @mutation(requires=permissions.IDENTITY_ADMINISTER)
    def revoke_client_secret(
        self, info: Info, client_id: str, secret_id: strawberry.ID
    ) -> ServiceAccount:
        """Let a secret hold no more, and end what was opened with it."""
        if not (secret_id.isascii() and secret_id.isdigit() and len(secret_id) < 19):
            raise UnknownServiceAccount(
                f"{client_id} has no secret {secret_id[:40]}.", data={"client_id": client_id}
            )
        return ServiceAccount.of(
            services.revoke_secret(client_id=client_id, secret_id=int(secret_id))
        )
