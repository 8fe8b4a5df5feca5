"""Roles that are held, branches that are protected, and why somebody may do something."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Annotated, Any

import strawberry
from strawberry import relay

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.core.routes import AUTHENTICATED
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.payloads import Deleted
from oms_project.identity.domain import ROLE_CLEARANCE, ROLE_PERMISSIONS
from oms_project.identity.graphql.kinds import Clearance, Role
from oms_project.identity.policies import Explanation as Explained
from oms_project.identity.policies import ProtectionRuleInfo, RoleBindingInfo
from oms_project.identity.selectors import explaining
from oms_project.identity.selectors import policies as selectors
from oms_project.identity.services import policies as services

__all__ = ["Mutations", "ProtectionRule", "Queries", "RoleBinding"]

#: Which rules a list holds.
OntologyFilter = Annotated[
    str | None,
    strawberry.argument(
        description="Only those for this ontology; empty: those for every one; null: all."
    ),
]


@strawberry.type(description="A role that a user or a group holds.")
class RoleBinding(relay.Node):
    key: relay.NodeID[str]
    role: Role
    user: str = strawberry.field(description="User or service account; empty: a group holds it.")
    group: str
    ontology: str = strawberry.field(description="Empty: for everything.")
    branch: str = strawberry.field(description="A pattern of names; empty: every branch.")
    expires_at: dt.datetime | None
    created_at: dt.datetime
    created_by: str

    @classmethod
    def of(cls, info: RoleBindingInfo) -> RoleBinding:
        return cls(
            key=info.id,
            role=info.role,
            user=info.user,
            group=info.group,
            ontology=info.ontology,
            branch=info.branch,
            expires_at=info.expires_at,
            created_at=info.created_at,
            created_by=info.created_by,
        )

    @strawberry.field(description="What mutations name it by.")
    def binding_id(self) -> strawberry.ID:
        return strawberry.ID(self.key)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(selectors.get_role_binding(binding_id=one)) for one in node_ids]


@strawberry.type(description="Branches that are protected by their name.")
class ProtectionRule(relay.Node):
    key: relay.NodeID[str]
    ontology: str = strawberry.field(description="Empty: in every one.")
    pattern: str
    note: str
    created_at: dt.datetime
    created_by: str

    @classmethod
    def of(cls, info: ProtectionRuleInfo) -> ProtectionRule:
        return cls(
            key=info.id,
            ontology=info.ontology,
            pattern=info.pattern,
            note=info.note,
            created_at=info.created_at,
            created_by=info.created_by,
        )

    @strawberry.field(description="What mutations name it by.")
    def rule_id(self) -> strawberry.ID:
        return strawberry.ID(self.key)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(selectors.get_protection_rule(rule_id=one)) for one in node_ids]


@strawberry.type(description="What a role allows.")
class RoleEntry:
    role: Role
    permissions: list[str]
    clearance: Clearance = strawberry.field(description="Values up to there are seen.")


@strawberry.type(description="Whether values of a kind are shown.")
class Seen:
    sensitivity: Clearance
    shown: bool


@strawberry.type(description="Why somebody may do something, or may not.")
class Explanation:
    user: str
    permission: str
    ontology: str
    branch: str
    action: str
    allowed: bool
    reason: str = strawberry.field(description="“allowed because …” or “denied because …”")
    steps: list[str] = strawberry.field(description="What was looked at on the way, in order.")
    sees: list[Seen] = strawberry.field(description="Empty without an ontology.")
    sees_reason: str

    @classmethod
    def of(cls, found: Explained) -> Explanation:
        return cls(
            user=found.user,
            permission=found.permission,
            ontology=found.ontology,
            branch=found.branch,
            action=found.action,
            allowed=found.allowed,
            reason=found.reason,
            steps=list(found.steps),
            sees=[Seen(sensitivity=Clearance(one), shown=yes) for one, yes in found.sees.items()],
            sees_reason=found.sees_reason,
        )


@strawberry.type
class Queries:
    """Reads."""

    @query(requires=AUTHENTICATED("the table of roles is in the guide as well"))
    def roles(self, info: Info) -> list[RoleEntry]:
        """What each role allows: those that include each other, weakest first, then the others."""
        return [
            RoleEntry(
                role=role,
                permissions=[name for name in permissions.ALL if name in ROLE_PERMISSIONS[role]],
                clearance=Clearance(ROLE_CLEARANCE[role]),
            )
            for role in Role
        ]

    @connection(requires=permissions.POLICY_READ)
    def role_bindings(
        self,
        info: Info,
        user: str = "",
        group: str = "",
        role: Role | None = None,
        ontology: OntologyFilter = None,
    ) -> Pages[RoleBinding]:
        """Roles that are held, in the order in which they were given: by this user directly, by
        this group, this one only.
        """
        wanted = "" if role is None else role.value
        return listing(
            partial(
                selectors.list_role_bindings, user=user, group=group, role=wanted, ontology=ontology
            ),
            RoleBinding.of,
        )

    @query(requires=permissions.POLICY_READ)
    def role_binding(self, info: Info, binding_id: strawberry.ID) -> RoleBinding:
        """One role that is held."""
        return RoleBinding.of(selectors.get_role_binding(binding_id=binding_id))

    @connection(requires=permissions.POLICY_READ)
    def protection_rules(
        self, info: Info, ontology: OntologyFilter = None
    ) -> Pages[ProtectionRule]:
        """The rules that protect branches by their name."""
        return listing(
            partial(selectors.list_protection_rules, ontology=ontology), ProtectionRule.of
        )

    @query(requires=permissions.POLICY_READ)
    def protection_rule(self, info: Info, rule_id: strawberry.ID) -> ProtectionRule:
        """One rule that protects branches."""
        return ProtectionRule.of(selectors.get_protection_rule(rule_id=rule_id))

    @query(requires=AUTHENTICATED("about oneself; about others the selector asks for policy.read"))
    def explain_authorization(
        self,
        info: Info,
        permission: str = permissions.ONTOLOGY_READ,
        ontology: str = "",
        branch: str = "",
        action: str = "",
        object_type: str = "",
        property: str = "",
        sensitivity: Clearance | None = None,
        user: str = "",
    ) -> Explanation:
        """Why you may do something, or may not; about `user` for who sees policies. With
        `sensitivity` not seeing such values is a denial, too.
        """
        return Explanation.of(
            explaining.explain(
                permission=permission,
                ontology=ontology,
                branch=branch,
                action=action,
                object_type=object_type,
                property_name=property,
                sensitivity="" if sensitivity is None else sensitivity.value,
                username=user,
            )
        )


@strawberry.input(description="A role to give to a user, a service account or a group.")
class CreateRoleBindingInput:
    role: Role
    user: str = ""
    group: str = strawberry.field(default="", description="Then name no user.")
    ontology: str = strawberry.field(default="", description="Empty: for everything.")
    branch: str = strawberry.field(
        default="", description="Such as `release/*` (`*` stands for any text); empty: all."
    )
    expires_at: dt.datetime | None = strawberry.field(default=None, description="null: for good.")


@strawberry.input(description="Branches to protect by their name.")
class CreateProtectionRuleInput:
    pattern: str = strawberry.field(description="Such as `release/*` (`*` stands for any text).")
    ontology: str = strawberry.field(default="", description="Empty: in every one.")
    note: str = ""


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def create_role_binding(self, info: Info, input: CreateRoleBindingInput) -> RoleBinding:
        """Give a role. Nobody gives more than he holds."""
        return RoleBinding.of(
            services.create_role_binding(
                role=input.role,
                user=input.user,
                group=input.group,
                ontology=input.ontology,
                branch=input.branch,
                expires_at=input.expires_at,
            )
        )

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def update_role_binding(
        self,
        info: Info,
        binding_id: strawberry.ID,
        expires_at: dt.datetime | None = strawberry.UNSET,
    ) -> RoleBinding:
        """Say until when a role is held; null: for good."""
        if expires_at is strawberry.UNSET:
            raise BadRequest(
                "Say until when: `expiresAt` is a moment, or null for good.",
                errors=[{"field": "expiresAt", "message": "Required."}],
            )
        return RoleBinding.of(
            services.update_role_binding(binding_id=binding_id, expires_at=expires_at)
        )

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def delete_role_binding(self, info: Info, binding_id: strawberry.ID) -> Deleted:
        """Take a role away; it is gone at once. The last administrator stays."""
        services.delete_role_binding(binding_id=binding_id)
        return Deleted(name=binding_id)

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def create_protection_rule(
        self, info: Info, input: CreateProtectionRuleInput
    ) -> ProtectionRule:
        """Protect branches by their name: who changes, makes or deletes one needs
        `ontology.merge` as well.
        """
        return ProtectionRule.of(
            services.create_protection_rule(
                pattern=input.pattern, ontology=input.ontology, note=input.note
            )
        )

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def update_protection_rule(
        self, info: Info, rule_id: strawberry.ID, note: str
    ) -> ProtectionRule:
        """Say why branches are protected."""
        return ProtectionRule.of(services.update_protection_rule(rule_id=rule_id, note=note))

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def delete_protection_rule(self, info: Info, rule_id: strawberry.ID) -> Deleted:
        """Protect branches no more."""
        services.delete_protection_rule(rule_id=rule_id)
        return Deleted(name=rule_id)
