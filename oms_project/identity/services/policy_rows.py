"""Rows of policies: how they are written, and what is checked before.

The audit trail takes every change of them from the rows themselves (`audit.adapters.auditlog`), in
the same transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from oms_project.core import memory
from oms_project.core.authorization import SENSITIVITIES, authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid
from oms_project.identity.contract import Role, UnknownGroup, UnknownUser
from oms_project.identity.domain import ROLE_PERMISSIONS, branch_pattern_problem
from oms_project.identity.models import (
    ActionRule,
    AttributeRule,
    ProtectionRule,
    RoleBinding,
    User,
)
from oms_project.identity.policies import MoreThanHeld, PolicyExists

__all__ = [
    "check_future",
    "check_held",
    "check_level",
    "check_pattern",
    "check_scope",
    "check_texts",
    "delete",
    "group_named",
    "insert",
    "invalid",
    "update",
    "user_named",
]

M = TypeVar("M", RoleBinding, ProtectionRule, AttributeRule, ActionRule)
_LONGEST = 200
_LONGEST_NOTE = 500


def insert(row: M) -> M:
    """Write a new row with who made it. Raises PolicyExists."""
    row.created_by = current_actor().label[:_LONGEST]
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise PolicyExists(f"This is there already: {row}.") from error
    memory.forget()
    return row


def update(row: M, **fields: Any) -> None:
    """Change fields of a row."""
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))
    memory.forget()


def delete(row: M) -> None:
    """Delete a row."""
    row.delete()
    memory.forget()


def check_scope(ontology: str, permission: str) -> None:
    """Whether the actor holds ``permission`` for ``ontology``, or for everything when it is empty.

    Raises:
        PermissionDenied.
    """
    authorizer.check(current_actor(), permission, ontology=ontology or None)


def check_held(role: Role, ontology: str) -> None:
    """Whether the actor himself may whatever ``role`` may there. Raises MoreThanHeld."""
    actor = current_actor()
    with memory.remembering():
        for permission in sorted(ROLE_PERMISSIONS[role]):
            decision = authorizer.decide(actor, permission, ontology=ontology or None)
            if not decision.allowed:
                raise MoreThanHeld(
                    f"The role {role} is more than you hold: {decision.reason}.",
                    data={"permission": permission, "ontology": ontology or None, "branch": None},
                )


def check_level(level: str, ontology: str, object_type: str, property_name: str) -> None:
    """Whether it is a level, and one that the actor sees himself. Raises Invalid, MoreThanHeld."""
    if level not in SENSITIVITIES:
        raise invalid("level", f"A level is one of {', '.join(SENSITIVITIES)}.")
    clearance = authorizer.clearance(current_actor(), ontology=ontology)
    sees = clearance.decide(level, object_types=[object_type], property_name=property_name)
    if not sees.allowed:
        raise MoreThanHeld(
            f"You do not see values up to '{level}' yourself: {sees.reason}.",
            data={"permission": permissions.POLICY_ADMINISTER, "ontology": ontology or None},
        )


def check_future(moment: datetime | None) -> None:
    """Raises Invalid for a time that has passed."""
    if moment is not None and moment <= utc_now():
        raise invalid("expires_at", "This time has passed.")


def check_pattern(field: str, pattern: str) -> None:
    """Raises Invalid for what is no pattern of branches."""
    problem = branch_pattern_problem(pattern)
    if problem is not None:
        raise invalid(field, f"'{pattern}' is no pattern of branches: {problem}.")


def check_texts(**texts: str) -> None:
    """Raises Invalid for what does not fit into its column."""
    for name, text in texts.items():
        most = _LONGEST_NOTE if name == "note" else _LONGEST
        if len(text) > most:
            raise invalid(name, f"It has at most {most} characters.")
        if "\x00" in text or (name != "note" and text != text.strip()):
            raise invalid(name, "It holds characters that it cannot hold.")


def invalid(field: str, message: str) -> Invalid:
    """One problem with one field."""
    return Invalid(
        f"The policy is not valid: {message}", errors=[{"field": field, "message": message}]
    )


def user_named(username: str) -> User:
    """The user or service account with this name. Raises UnknownUser."""
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise UnknownUser(f"There is no user {username!r}.", data={"username": username})
    return user


def group_named(name: str) -> Group:
    """The group with this name. Raises UnknownGroup."""
    group = Group.objects.filter(name__iexact=name).first()
    if group is None:
        raise UnknownGroup(f"There is no group {name!r}.", data={"name": name})
    return group
