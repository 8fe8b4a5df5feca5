"""Writes of policies: who holds which role, which branches are protected, who sees what values.

Every change is in the audit trail, in the same transaction. Whoever administers policies
for one ontology changes those of that ontology only, and nobody gives away more than he holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from django.db import transaction

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.identity import selectors
from oms_project.identity.contract import EVERYTHING, Role, UserInfo
from oms_project.identity.domain import BRANCH_ROLES, UNBOUNDED_ROLES
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
    LastAdministrator,
    MoreThanHeld,
    PolicyExists,
    ProtectionRuleInfo,
    RoleBindingInfo,
)
from oms_project.identity.selectors import policies as rows
from oms_project.identity.services.policy_rows import (
    check_future,
    check_held,
    check_level,
    check_pattern,
    check_scope,
    check_texts,
    delete,
    group_named,
    insert,
    invalid,
    update,
    user_named,
)

__all__ = [
    "bind",
    "create_action_rule",
    "create_attribute_rule",
    "create_protection_rule",
    "create_role_binding",
    "delete_action_rule",
    "delete_attribute_rule",
    "delete_protection_rule",
    "delete_role_binding",
    "grant_role",
    "keeping_an_administrator",
    "revoke_role",
    "update_action_rule",
    "update_attribute_rule",
    "update_protection_rule",
    "update_role_binding",
]


# -- roles that are held ---------------------------------------------------------------------------


def create_role_binding(
    *,
    role: Role,
    user: str = "",
    group: str = "",
    ontology: str = EVERYTHING,
    branch: str = EVERYTHING,
    expires_at: datetime | None = None,
) -> RoleBindingInfo:
    """Give a role to a user, a service account or a group.

    Args:
        user, group: the name of one of both.
        ontology: for this one only; empty: for everything.
        branch: for branches of this pattern only; empty: for all.
        expires_at: until when; None: for good.

    Raises:
        PermissionDenied: the actor does not administer policies there; ``more_than_held``.
        UnknownUser, UnknownGroup: there is none.
        PolicyExists: it is held already.
        Invalid: the pattern, a time that has passed, a role that an ontology or branches cannot
            bound.
    """
    check_scope(ontology, permissions.POLICY_ADMINISTER)
    check_texts(ontology=ontology, branch=branch)
    if bool(user) == bool(group):
        raise invalid("user", "Name a user or a group, and not both.")
    _check_bounds(role, ontology, branch)
    if branch:
        check_pattern("branch", branch)
        if role not in BRANCH_ROLES:
            raise invalid(
                "branch",
                f"The role {role} only reads or administers, which branches do not bound.",
            )
    check_future(expires_at)
    check_held(role, ontology)
    row = RoleBinding(
        role=role.value,
        ontology=ontology,
        branch=branch,
        expires_at=expires_at,
        user=user_named(user) if user else None,
        group=group_named(group) if group else None,
    )
    return rows.binding_info(insert(row))


def update_role_binding(*, binding_id: str, expires_at: datetime | None) -> RoleBindingInfo:
    """Let a role end at another time, or for None not at all.

    Raises:
        PolicyNotFound, PermissionDenied.
        LastAdministrator: nobody would be left for good who may administer everything.
        Invalid: the time has passed; revoke it instead.
    """
    with transaction.atomic():
        row = rows.find(RoleBinding, binding_id)
        check_scope(row.ontology, permissions.POLICY_ADMINISTER)
        check_held(Role(row.role), row.ontology)
        check_future(expires_at)
        with keeping_an_administrator():
            update(row, expires_at=expires_at)
    return rows.binding_info(row)


def delete_role_binding(*, binding_id: str) -> None:
    """Take a role away; it is gone at once.

    Raises:
        PolicyNotFound, PermissionDenied.
        LastAdministrator: nobody would be left who may administer everything.
    """
    with transaction.atomic():
        row = rows.find(RoleBinding, binding_id)
        check_scope(row.ontology, permissions.POLICY_ADMINISTER)
        check_held(Role(row.role), row.ontology)
        with keeping_an_administrator():
            delete(row)


@contextmanager
def keeping_an_administrator() -> Iterator[None]:
    """Refuse, with the transaction, a change after which nobody may administer everything.

    Whoever deactivates users or empties groups enters it around the change. An installation that
    has no administrator yet is not refused.

    Raises:
        LastAdministrator: the block took the last one away.
    """
    with transaction.atomic():
        # Two that take each other's role away at once wait for each other here.
        list(
            RoleBinding.objects.select_for_update()
            .filter(role=Role.ADMINISTRATOR, ontology="", branch="")
            .order_by("pk")  # not by the names of others, whose rows could not be locked
            .values_list("pk", flat=True)
        )
        before = rows.administrators().exists()
        yield
        if before and not rows.administrators().exists():
            raise LastAdministrator(
                "Nobody would be left who may administer everything. "
                "Make somebody else administrator first."
            )


def grant_role(*, username: str, role: Role, ontology: str = EVERYTHING) -> UserInfo:
    """Give a user a role for good; a role that is held already stays as it is.

    Raises:
        PermissionDenied, UnknownUser, Invalid: as `create_role_binding`.
    """
    with suppress(PolicyExists):
        create_role_binding(role=role, user=username, ontology=ontology)
    return selectors.get_user(username=username)


def revoke_role(*, username: str, role: Role, ontology: str = EVERYTHING) -> UserInfo:
    """Take a user's role away; one that is not held is no error.

    Raises:
        PermissionDenied, UnknownUser, LastAdministrator: as `delete_role_binding`.
    """
    check_scope(ontology, permissions.POLICY_ADMINISTER)
    held = RoleBinding.objects.filter(
        user=user_named(username), role=role, ontology=ontology, branch=EVERYTHING
    ).first()
    if held is not None:
        delete_role_binding(binding_id=str(held.pk))
    return selectors.get_user(username=username)


def bind(user: User, role: Role, ontology: str) -> None:
    """Give a new user a role in the open transaction.

    Raises:
        PermissionDenied: the actor does not administer policies there; ``more_than_held``.
        Invalid: a role that an ontology cannot bound.
    """
    check_scope(ontology, permissions.POLICY_ADMINISTER)
    _check_bounds(role, ontology)
    check_held(role, ontology)
    if not RoleBinding.objects.filter(user=user, role=role, ontology=ontology, branch="").exists():
        insert(RoleBinding(user=user, role=role.value, ontology=ontology))


def _check_bounds(role: Role, ontology: str, branch: str = EVERYTHING) -> None:
    if role in UNBOUNDED_ROLES and (ontology or branch):
        raise invalid(
            "ontology" if ontology else "branch",
            f"The role {role} holds for everything: no ontology and no branches bound it.",
        )


# -- branches that are protected -------------------------------------------------------------------


def create_protection_rule(
    *, pattern: str, ontology: str = EVERYTHING, note: str = ""
) -> ProtectionRuleInfo:
    """Protect branches by their name, whether they exist already or not.

    Raises:
        PermissionDenied: the actor does not administer policies there.
        PolicyExists: there is such a rule. Invalid: the pattern.
    """
    check_scope(ontology, permissions.POLICY_ADMINISTER)
    check_texts(ontology=ontology, pattern=pattern, note=note)
    check_pattern("pattern", pattern)
    row = ProtectionRule(ontology=ontology, pattern=pattern, note=note.strip())
    return rows.protection_info(insert(row))


def update_protection_rule(*, rule_id: str, note: str) -> ProtectionRuleInfo:
    """Say something else about a rule. Raises PolicyNotFound, PermissionDenied, Invalid."""
    with transaction.atomic():
        row = rows.find(ProtectionRule, rule_id)
        check_scope(row.ontology, permissions.POLICY_ADMINISTER)
        check_texts(note=note)
        update(row, note=note.strip())
    return rows.protection_info(row)


def delete_protection_rule(*, rule_id: str) -> None:
    """Protect them no more; what is protected itself stays so. Raises PolicyNotFound,
    PermissionDenied.
    """
    with transaction.atomic():
        row = rows.find(ProtectionRule, rule_id)
        check_scope(row.ontology, permissions.POLICY_ADMINISTER)
        delete(row)


# -- who sees what values --------------------------------------------------------------------------


def create_attribute_rule(
    *,
    level: str,
    role: str = "",
    user: str = "",
    group: str = "",
    ontology: str = EVERYTHING,
    object_type: str = "",
    property_name: str = "",
    note: str = "",
) -> AttributeRuleInfo:
    """Say how sensitive the values are that a role, a user or a group sees.

    Raises:
        PermissionDenied: the actor does not administer policies there; ``more_than_held``: he does
            not see so much himself.
        UnknownUser, UnknownGroup: there is none.
        PolicyExists: there is a rule about the same. Invalid: level, role, or not one of three.
    """
    check_scope(ontology, permissions.POLICY_ADMINISTER)
    check_texts(ontology=ontology, object_type=object_type, property_name=property_name, note=note)
    if [bool(role), bool(user), bool(group)].count(True) != 1:
        raise invalid("role", "Name one of these: a role, a user, a group.")
    if role and role not in set(Role):
        raise invalid("role", f"There is no role {role!r}.")
    check_level(level, ontology, object_type, property_name)
    row = AttributeRule(
        role=role,
        user=user_named(user) if user else None,
        group=group_named(group) if group else None,
        ontology=ontology,
        object_type=object_type,
        property_name=property_name,
        level=level,
        note=note.strip(),
    )
    about = {
        name: getattr(row, name)
        for name in ("role", "user", "group", "ontology", "object_type", "property_name")
    }
    if AttributeRule.objects.filter(
        **{key: value for key, value in about.items() if value is not None}
    ).exists():
        raise PolicyExists("There is a rule about the same for the same already: change its level.")
    return rows.attribute_info(insert(row))


def update_attribute_rule(
    *, rule_id: str, level: str | None = None, note: str | None = None
) -> AttributeRuleInfo:
    """Change what is not None. Raises PolicyNotFound, PermissionDenied, Invalid."""
    with transaction.atomic():
        row = rows.find(AttributeRule, rule_id)
        check_scope(row.ontology, permissions.POLICY_ADMINISTER)
        changed: dict[str, Any] = {}
        if level is not None:
            check_level(level, row.ontology, row.object_type, row.property_name)
            changed["level"] = level
        if note is not None:
            check_texts(note=note)
            changed["note"] = note.strip()
        update(row, **changed)
    return rows.attribute_info(row)


def delete_attribute_rule(*, rule_id: str) -> None:
    """What roles allow holds again. Raises PolicyNotFound, PermissionDenied."""
    with transaction.atomic():
        row = rows.find(AttributeRule, rule_id)
        check_scope(row.ontology, permissions.POLICY_ADMINISTER)
        delete(row)


# -- who runs which action -------------------------------------------------------------------------


def create_action_rule(
    *,
    allowed: bool = True,
    role: str = "",
    user: str = "",
    group: str = "",
    ontology: str = EVERYTHING,
    action: str = "",
    branch: str = EVERYTHING,
    note: str = "",
) -> ActionRuleInfo:
    """Let a role, a user or a group run an action, or forbid it.

    Who may by such a rule may also when he may not write otherwise: the action changes what it
    changes, and nothing else.

    Args:
        action: name of the action type; empty: every one.
        branch: on branches of this pattern, protected ones too; empty: on all that are not
            protected.

    Raises:
        PermissionDenied: the actor does not administer policies there; ``more_than_held``: he may
            not run actions there himself.
        UnknownUser, UnknownGroup: there is none.
        PolicyExists: there is a rule about the same. Invalid: role, pattern, or not one of three.
    """
    check_scope(ontology, permissions.POLICY_ADMINISTER)
    check_texts(ontology=ontology, action=action, branch=branch, note=note)
    if [bool(role), bool(user), bool(group)].count(True) != 1:
        raise invalid("role", "Name one of these: a role, a user, a group.")
    if role and role not in set(Role):
        raise invalid("role", f"There is no role {role!r}.")
    if branch:
        check_pattern("branch", branch)
    if allowed:
        _check_may_run(ontology)
    row = ActionRule(
        allowed=allowed,
        role=role,
        user=user_named(user) if user else None,
        group=group_named(group) if group else None,
        ontology=ontology,
        action=action,
        branch=branch,
        note=note.strip(),
    )
    if ActionRule.objects.filter(
        role=role, user=row.user, group=row.group, ontology=ontology, action=action, branch=branch
    ).exists():
        raise PolicyExists("There is a rule about the same for the same already: change it.")
    return rows.action_info(insert(row))


def update_action_rule(
    *, rule_id: str, allowed: bool | None = None, note: str | None = None
) -> ActionRuleInfo:
    """Change what is not None. Raises PolicyNotFound, PermissionDenied, Invalid."""
    with transaction.atomic():
        row = rows.find(ActionRule, rule_id)
        check_scope(row.ontology, permissions.POLICY_ADMINISTER)
        changed: dict[str, Any] = {}
        if allowed is not None:
            if allowed:
                _check_may_run(row.ontology)
            changed["allowed"] = allowed
        if note is not None:
            check_texts(note=note)
            changed["note"] = note.strip()
        update(row, **changed)
    return rows.action_info(row)


def delete_action_rule(*, rule_id: str) -> None:
    """What roles allow holds again. Raises PolicyNotFound, PermissionDenied."""
    with transaction.atomic():
        row = rows.find(ActionRule, rule_id)
        check_scope(row.ontology, permissions.POLICY_ADMINISTER)
        delete(row)


def _check_may_run(ontology: str) -> None:
    actor = current_actor()
    decision = authorizer.decide(actor, permissions.ACTIONS_RUN, ontology=ontology or None)
    if not decision.allowed:
        raise MoreThanHeld(
            f"You may not run actions there yourself: {decision.reason}.",
            data={"permission": permissions.ACTIONS_RUN, "ontology": ontology or None},
        )
