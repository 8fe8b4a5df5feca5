"""Rules about sensitive values, and about who runs which action."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Any

import strawberry
from strawberry import relay

from oms_project.core.authorization import permissions
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, query
from oms_project.graphql.inputs import given
from oms_project.graphql.payloads import Deleted
from oms_project.identity.graphql.kinds import Clearance, Role
from oms_project.identity.graphql.policies import OntologyFilter
from oms_project.identity.policies import ActionRuleInfo, AttributeRuleInfo
from oms_project.identity.selectors import policies as selectors
from oms_project.identity.services import policies as services

__all__ = ["ActionPolicy", "AttributeRule", "Mutations", "Queries"]


@strawberry.type(description="How sensitive the values are that a role, a user or a group sees.")
class AttributeRule(relay.Node):
    key: relay.NodeID[str]
    role: Role | None = strawberry.field(description="Null: it is about a user or a group.")
    user: str
    group: str
    ontology: str = strawberry.field(description="Empty: in every one.")
    object_type: str = strawberry.field(description="Its subtypes, too; empty: every type.")
    property_name: str = strawberry.field(description="Empty: every property.")
    level: Clearance = strawberry.field(description="Values up to there are seen.")
    note: str
    created_at: dt.datetime
    created_by: str

    @classmethod
    def of(cls, info: AttributeRuleInfo) -> AttributeRule:
        return cls(
            key=info.id,
            role=Role(info.role) if info.role else None,
            user=info.user,
            group=info.group,
            ontology=info.ontology,
            object_type=info.object_type,
            property_name=info.property_name,
            level=Clearance(info.level),
            note=info.note,
            created_at=info.created_at,
            created_by=info.created_by,
        )

    @strawberry.field(description="What mutations name it by.")
    def rule_id(self) -> strawberry.ID:
        return strawberry.ID(self.key)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(selectors.get_attribute_rule(rule_id=one)) for one in node_ids]


@strawberry.type(description="Whether a role, a user or a group may run an action.")
class ActionPolicy(relay.Node):
    key: relay.NodeID[str]
    allowed: bool = strawberry.field(description="False: may not, whatever roles allow.")
    role: Role | None = strawberry.field(description="Null: it is about a user or a group.")
    user: str
    group: str
    ontology: str = strawberry.field(description="Empty: in every one.")
    action: str = strawberry.field(description="Name of an action type; empty: every one.")
    branch: str = strawberry.field(
        description="A pattern of names; empty: all branches that are not protected."
    )
    note: str
    created_at: dt.datetime
    created_by: str

    @classmethod
    def of(cls, info: ActionRuleInfo) -> ActionPolicy:
        return cls(
            key=info.id,
            allowed=info.allowed,
            role=Role(info.role) if info.role else None,
            user=info.user,
            group=info.group,
            ontology=info.ontology,
            action=info.action,
            branch=info.branch,
            note=info.note,
            created_at=info.created_at,
            created_by=info.created_by,
        )

    @strawberry.field(description="What mutations name it by.")
    def rule_id(self) -> strawberry.ID:
        return strawberry.ID(self.key)

    @classmethod
    def resolve_nodes(cls, *, info: Any, node_ids: Iterable[str], required: bool = False) -> Any:
        return [cls.of(selectors.get_action_rule(rule_id=one)) for one in node_ids]


@strawberry.type
class Queries:
    """Reads."""

    @connection(requires=permissions.POLICY_READ)
    def attribute_rules(self, info: Info, ontology: OntologyFilter = None) -> Pages[AttributeRule]:
        """The rules about sensitive values."""
        return listing(partial(selectors.list_attribute_rules, ontology=ontology), AttributeRule.of)

    @query(requires=permissions.POLICY_READ)
    def attribute_rule(self, info: Info, rule_id: strawberry.ID) -> AttributeRule:
        """One rule about sensitive values."""
        return AttributeRule.of(selectors.get_attribute_rule(rule_id=rule_id))

    @connection(requires=permissions.POLICY_READ)
    def action_rules(self, info: Info, ontology: OntologyFilter = None) -> Pages[ActionPolicy]:
        """The rules about who runs which action."""
        return listing(partial(selectors.list_action_rules, ontology=ontology), ActionPolicy.of)

    @query(requires=permissions.POLICY_READ)
    def action_rule(self, info: Info, rule_id: strawberry.ID) -> ActionPolicy:
        """One rule about who runs an action."""
        return ActionPolicy.of(selectors.get_action_rule(rule_id=rule_id))


@strawberry.input(description="Name one of these: a role, a user, a group.")
class CreateAttributeRuleInput:
    level: Clearance
    role: Role | None = None
    user: str = strawberry.field(default="", description="User or service account.")
    group: str = ""
    ontology: str = strawberry.field(default="", description="Empty: in every one.")
    object_type: str = strawberry.field(default="", description="Empty: every type.")
    property_name: str = strawberry.field(default="", description="Empty: every property.")
    note: str = ""


@strawberry.input(description="Another level, another note; what is not said stays.")
class UpdateAttributeRuleInput:
    level: Clearance | None = strawberry.UNSET
    note: str | None = strawberry.UNSET


@strawberry.input(description="Name one of these: a role, a user, a group.")
class CreateActionRuleInput:
    allowed: bool = strawberry.field(
        default=True, description="False: may not, whatever roles allow."
    )
    role: Role | None = None
    user: str = strawberry.field(default="", description="User or service account.")
    group: str = ""
    ontology: str = strawberry.field(default="", description="Empty: in every one.")
    action: str = strawberry.field(default="", description="Empty: every action.")
    branch: str = strawberry.field(
        default="",
        description="Such as `release/*`, protected ones too; empty: all that are not protected.",
    )
    note: str = ""


@strawberry.input(description="Another answer, another note; what is not said stays.")
class UpdateActionRuleInput:
    allowed: bool | None = strawberry.UNSET
    note: str | None = strawberry.UNSET


@strawberry.type
class Mutations:
    """Writes."""

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def create_attribute_rule(self, info: Info, input: CreateAttributeRuleInput) -> AttributeRule:
        """Say who sees what values: of everything, of an object type, or of a property. Nobody
        shows others more than he sees himself.
        """
        return AttributeRule.of(
            services.create_attribute_rule(
                level=input.level.value,
                role="" if input.role is None else input.role.value,
                user=input.user,
                group=input.group,
                ontology=input.ontology,
                object_type=input.object_type,
                property_name=input.property_name,
                note=input.note,
            )
        )

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def update_attribute_rule(
        self, info: Info, rule_id: strawberry.ID, input: UpdateAttributeRuleInput
    ) -> AttributeRule:
        """Change a rule about sensitive values."""
        changes = given(input, "note")
        if isinstance(input.level, Clearance):
            changes["level"] = input.level.value
        return AttributeRule.of(services.update_attribute_rule(rule_id=rule_id, **changes))

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def delete_attribute_rule(self, info: Info, rule_id: strawberry.ID) -> Deleted:
        """Delete a rule about sensitive values."""
        services.delete_attribute_rule(rule_id=rule_id)
        return Deleted(name=rule_id)

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def create_action_rule(self, info: Info, input: CreateActionRuleInput) -> ActionPolicy:
        """Say who may run an action, or may not. A rule holds before what roles allow, the
        closest first: about the user, the group, the role; and what forbids before what allows.
        """
        return ActionPolicy.of(
            services.create_action_rule(
                allowed=input.allowed,
                role="" if input.role is None else input.role.value,
                user=input.user,
                group=input.group,
                ontology=input.ontology,
                action=input.action,
                branch=input.branch,
                note=input.note,
            )
        )

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def update_action_rule(
        self, info: Info, rule_id: strawberry.ID, input: UpdateActionRuleInput
    ) -> ActionPolicy:
        """Change a rule about who runs an action."""
        changes = given(input, "allowed", "note")
        return ActionPolicy.of(services.update_action_rule(rule_id=rule_id, **changes))

    @mutation(requires=permissions.POLICY_ADMINISTER)
    def delete_action_rule(self, info: Info, rule_id: strawberry.ID) -> Deleted:
        """Delete a rule about who runs an action."""
        services.delete_action_rule(rule_id=rule_id)
        return Deleted(name=rule_id)
