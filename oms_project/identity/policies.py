"""PUBLIC: roles and rules as frozen values, and what can be wrong with a change of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from oms_project.core.errors import Conflict, NotFound, PermissionDenied
from oms_project.identity.contract import Role

__all__ = [
    "ActionRuleInfo",
    "AttributeRuleInfo",
    "Explanation",
    "LastAdministrator",
    "MoreThanHeld",
    "PolicyExists",
    "PolicyNotFound",
    "ProtectionRuleInfo",
    "RoleBindingInfo",
]


class PolicyNotFound(NotFound):
    """There is no role or rule with this id, or it is of an ontology that is not the actor's."""

    code = "policy_not_found"
    title = "Policy not found"


class PolicyExists(Conflict):
    """The same role or rule is there already."""

    code = "policy_exists"
    title = "Policy exists"


class LastAdministrator(Conflict):
    """Nobody would be left who may administer everything."""

    code = "last_administrator"
    title = "Last administrator"


class MoreThanHeld(PermissionDenied):
    """The actor would give away more than he holds."""

    code = "more_than_held"
    title = "More than is held"


@dataclass(frozen=True, slots=True)
class RoleBindingInfo:
    """A role that a user or a group holds.

    Attributes:
        user: name of the user or service account; empty: a group holds it.
        group: name of the group; empty: a user holds it.
        ontology: the one that it is for; empty: everything.
        branch: the pattern of branches that it is for; empty: all.
        expires_at: until when; None: for good.
    """

    id: str
    role: Role
    user: str
    group: str
    ontology: str
    branch: str
    expires_at: datetime | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class ProtectionRuleInfo:
    """Branches that are protected by their name. Empty ontology: in every one."""

    id: str
    ontology: str
    pattern: str
    note: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class AttributeRuleInfo:
    """How sensitive values may be that a role, user or group sees.

    Attributes:
        role, user, group: whom it is about; one of them is not empty.
        ontology, object_type, property_name: what it is about; empty: every one.
        level: one of `SENSITIVITIES`.
    """

    id: str
    role: str
    user: str
    group: str
    ontology: str
    object_type: str
    property_name: str
    level: str
    note: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class ActionRuleInfo:
    """Whether a role, user or group may run an action.

    Attributes:
        allowed: whether it may; a rule that forbids holds against roles.
        role, user, group: whom it is about; one of them is not empty.
        ontology, action: what it is about; empty: every one.
        branch: the pattern of branches that it is for, protected ones too; empty: all that are not
            protected.
    """

    id: str
    allowed: bool
    role: str
    user: str
    group: str
    ontology: str
    action: str
    branch: str
    note: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why somebody may do something, or may not.

    Attributes:
        user: whom it is about.
        reason: "allowed because …" or "denied because …", without a full stop.
        steps: what was looked at on the way, in order.
        sees: sensitivity -> whether values of that kind are shown; empty without an ontology.
        sees_reason: where that comes from.
    """

    user: str
    permission: str
    ontology: str
    branch: str
    action: str
    allowed: bool
    reason: str
    steps: tuple[str, ...]
    sees: dict[str, bool]
    sees_reason: str
