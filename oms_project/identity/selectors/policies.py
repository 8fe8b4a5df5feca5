"""Reads of roles and rules, for who may see policies: of everything, or of his ontologies."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import PermissionDenied
from oms_project.core.pagination import Page, checked_limit, decode_cursor, encode_cursor
from oms_project.identity.contract import Role
from oms_project.identity.models import (
    ActionRule,
    AttributeRule,
    ProtectionRule,
    RoleBinding,
    User,
)
from oms_project.identity.policies import (
    ActionRuleInfo,
    AttributeRuleInfo,
    PolicyNotFound,
    ProtectionRuleInfo,
    RoleBindingInfo,
)

__all__ = [
    "action_info",
    "administrators",
    "attribute_info",
    "binding_info",
    "find",
    "get_action_rule",
    "get_attribute_rule",
    "get_protection_rule",
    "get_role_binding",
    "list_action_rules",
    "list_attribute_rules",
    "list_protection_rules",
    "list_role_bindings",
    "protection_info",
    "visible",
]

M = TypeVar("M", bound=Model)
#: One id of a row: what SQLite and PostgreSQL can count up to.
_MAX_ID = 2**63 - 1


def list_role_bindings(
    *,
    user: str = "",
    group: str = "",
    role: str = "",
    ontology: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Page[RoleBindingInfo]:
    """Roles that are held, in the order in which they were given.

    Args:
        user, group, role: only theirs, and only this one.
        ontology: only those for it; empty: those for everything; None: all.

    Raises:
        PermissionDenied: the actor sees no policies.
    """
    rows = visible(RoleBinding)
    if user:
        rows = rows.filter(user__username__iexact=user)
    if group:
        rows = rows.filter(group__name__iexact=group)
    if role:
        rows = rows.filter(role=role)
    found, more = _page(_of_ontology(rows, ontology), "role-bindings", limit, cursor)
    return Page(tuple(binding_info(row) for row in found), more)


def get_role_binding(*, binding_id: str) -> RoleBindingInfo:
    """One role that is held. Raises PolicyNotFound, PermissionDenied."""
    return binding_info(find(RoleBinding, binding_id))


def list_protection_rules(
    *, ontology: str | None = None, limit: int | None = None, cursor: str | None = None
) -> Page[ProtectionRuleInfo]:
    """Rules that protect branches. Raises PermissionDenied."""
    rows = _of_ontology(visible(ProtectionRule), ontology)
    found, more = _page(rows, "protection-rules", limit, cursor)
    return Page(tuple(protection_info(row) for row in found), more)


def get_protection_rule(*, rule_id: str) -> ProtectionRuleInfo:
    """One rule. Raises PolicyNotFound, PermissionDenied."""
    return protection_info(find(ProtectionRule, rule_id))


def list_attribute_rules(
    *, ontology: str | None = None, limit: int | None = None, cursor: str | None = None
) -> Page[AttributeRuleInfo]:
    """Rules about sensitive values. Raises PermissionDenied."""
    rows = _of_ontology(visible(AttributeRule), ontology)
    found, more = _page(rows, "attribute-rules", limit, cursor)
    return Page(tuple(attribute_info(row) for row in found), more)


def get_attribute_rule(*, rule_id: str) -> AttributeRuleInfo:
    """One rule. Raises PolicyNotFound, PermissionDenied."""
    return attribute_info(find(AttributeRule, rule_id))


def list_action_rules(
    *, ontology: str | None = None, limit: int | None = None, cursor: str | None = None
) -> Page[ActionRuleInfo]:
    """Rules about who runs which action. Raises PermissionDenied."""
    rows = _of_ontology(visible(ActionRule), ontology)
    found, more = _page(rows, "action-rules", limit, cursor)
    return Page(tuple(action_info(row) for row in found), more)


def get_action_rule(*, rule_id: str) -> ActionRuleInfo:
    """One rule. Raises PolicyNotFound, PermissionDenied."""
    return action_info(find(ActionRule, rule_id))


def administrators() -> QuerySet[User]:
    """Active people and services that may administer everything, and not only for a while."""
    lasting: dict[str, Any] = {
        "role": Role.ADMINISTRATOR,
        "ontology": "",
        "branch": "",
        "expires_at": None,
    }
    held = RoleBinding.objects.filter(**lasting)
    return User.objects.filter(
        Q(is_superuser=True)
        | Q(pk__in=held.filter(user__isnull=False).values("user"))
        | Q(groups__in=held.filter(group__isnull=False).values("group")),
        is_active=True,
    ).distinct()


# -- rows ------------------------------------------------------------------------------------------


def visible(model: type[M]) -> QuerySet[M]:
    """The policies that the actor may see. Raises PermissionDenied: none."""
    actor = current_actor()
    allowed = authorizer.ontologies(actor, permissions.POLICY_READ)
    if allowed is not None and not allowed:
        decision = authorizer.decide(actor, permissions.POLICY_READ)
        raise PermissionDenied(
            f"Not allowed: {decision.reason}.", data={"permission": permissions.POLICY_READ}
        )
    rows: QuerySet[M] = QuerySet(model)
    if model is not ProtectionRule:
        rows = rows.select_related("user", "group")
    return rows if allowed is None else rows.filter(ontology__in=allowed)


def find(model: type[M], row_id: str) -> M:
    """A visible policy by its id. Raises PolicyNotFound, PermissionDenied."""
    rows = visible(model)
    known = row_id.isascii() and row_id.isdigit() and int(row_id[:20]) <= _MAX_ID
    row = rows.filter(pk=int(row_id)).first() if known else None
    if row is None:
        raise PolicyNotFound(
            f"There is no such role or rule: {row_id[:40]!r}.",
            data={"id": row_id[:40]},
        )
    return row


def _of_ontology(rows: QuerySet[M], ontology: str | None) -> QuerySet[M]:
    return rows if ontology is None else rows.filter(ontology=ontology)


def _page(
    rows: QuerySet[M], listing: str, limit: int | None, cursor: str | None
) -> tuple[list[M], str | None]:
    size = checked_limit(limit)
    after = decode_cursor(listing, cursor, types=(int,))
    if after is not None:
        rows = rows.filter(pk__gt=min(max(int(after[0] or 0), 0), _MAX_ID))
    found = list(rows.order_by("pk")[: size + 1])
    more = encode_cursor(listing, (found[size - 1].pk,)) if len(found) > size else None
    return found[:size], more


def binding_info(row: RoleBinding) -> RoleBindingInfo:
    """The row as a value."""
    return RoleBindingInfo(
        id=str(row.pk),
        role=Role(row.role),
        user=row.user.username if row.user else "",
        group=row.group.name if row.group else "",
        ontology=row.ontology,
        branch=row.branch,
        expires_at=row.expires_at,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def protection_info(row: ProtectionRule) -> ProtectionRuleInfo:
    """The row as a value."""
    return ProtectionRuleInfo(
        id=str(row.pk),
        ontology=row.ontology,
        pattern=row.pattern,
        note=row.note,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def attribute_info(row: AttributeRule) -> AttributeRuleInfo:
    """The row as a value."""
    return AttributeRuleInfo(
        id=str(row.pk),
        role=row.role,
        user=row.user.username if row.user else "",
        group=row.group.name if row.group else "",
        ontology=row.ontology,
        object_type=row.object_type,
        property_name=row.property_name,
        level=row.level,
        note=row.note,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def action_info(row: ActionRule) -> ActionRuleInfo:
    """The row as a value."""
    return ActionRuleInfo(
        id=str(row.pk),
        allowed=row.allowed,
        role=row.role,
        user=row.user.username if row.user else "",
        group=row.group.name if row.group else "",
        ontology=row.ontology,
        action=row.action,
        branch=row.branch,
        note=row.note,
        created_at=row.created_at,
        created_by=row.created_by,
    )
