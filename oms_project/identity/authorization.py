"""The `Authorizer` that reads role bindings: deny unless a role allows."""

from __future__ import annotations

from dataclasses import dataclass

from oms_project.core.authorization import (
    FULL_CLEARANCE,
    SENSITIVITIES,
    Clearance,
    Decision,
)
from oms_project.core.context import Actor
from oms_project.core.errors import PermissionDenied
from oms_project.core.ids import is_rid
from oms_project.identity.contract import Role
from oms_project.identity.domain import PERMISSIONS, ROLE_CLEARANCE, ROLE_PERMISSIONS, roles_with
from oms_project.identity.models import User

__all__ = ["RoleAuthorizer"]


@dataclass(frozen=True, slots=True)
class _Grants:
    known: bool = False
    active: bool = False
    superuser: bool = False
    bindings: tuple[tuple[Role, str], ...] = ()


class RoleAuthorizer:
    """One query per question; no cache, so a role that was taken away is gone at once."""

    def decide(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
    ) -> Decision:
        """See `Authorizer.decide`."""
        del branch  # every branch alike, until branches are protected by pattern
        _known_permission(permission)
        if actor.kind == "system":
            return Decision(True, "the system itself acts")
        grants = _grants(actor)
        if (refusal := _refusal(actor, grants)) is not None:
            return refusal
        if grants.superuser:
            return Decision(True, f"{actor.username} is a superuser")
        for role, scope in grants.bindings:
            if scope in {"", ontology} and permission in ROLE_PERMISSIONS[role]:
                where = f"for ontology {scope}" if scope else "for everything"
                return Decision(True, f"{actor.username} is {role} {where}")
        about = f" on ontology {ontology}" if ontology else ""
        roles = ", ".join(roles_with(permission))
        return Decision(
            False, f"{actor.username} lacks {permission}{about}; one of these roles has it: {roles}"
        )

    def check(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
    ) -> None:
        """See `Authorizer.check`."""
        decision = self.decide(actor, permission, ontology=ontology, branch=branch)
        if not decision.allowed:
            raise PermissionDenied(
                f"Not allowed: {decision.reason}.",
                data={"permission": permission, "ontology": ontology, "branch": branch},
            )

    def explain(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
    ) -> Decision:
        """See `Authorizer.explain`."""
        return self.decide(actor, permission, ontology=ontology, branch=branch)

    def clearance(self, actor: Actor, *, ontology: str) -> Clearance:
        """See `Authorizer.clearance`."""
        if actor.kind == "system":
            return FULL_CLEARANCE
        grants = _grants(actor)
        if _refusal(actor, grants) is not None:
            return Clearance(SENSITIVITIES[0])
        if grants.superuser:
            return Clearance(SENSITIVITIES[-1])
        levels = [
            ROLE_CLEARANCE[role] for role, scope in grants.bindings if scope in {"", ontology}
        ]
        return Clearance(max(levels, key=SENSITIVITIES.index, default=SENSITIVITIES[0]))

    def anywhere(self, actor: Actor, permission: str) -> Decision:
        """See `Authorizer.anywhere`."""
        if self.ontologies(actor, permission) != frozenset():
            return Decision(True, f"{actor.username} holds {permission}")
        return self.decide(actor, permission)

    def ontologies(self, actor: Actor, permission: str) -> frozenset[str] | None:
        """See `Authorizer.ontologies`."""
        _known_permission(permission)
        if actor.kind == "system":
            return None
        grants = _grants(actor)
        if _refusal(actor, grants) is not None:
            return frozenset()
        scopes = {scope for role, scope in grants.bindings if permission in ROLE_PERMISSIONS[role]}
        return None if grants.superuser or "" in scopes else frozenset(scopes)


def _known_permission(permission: str) -> None:
    if permission not in PERMISSIONS:
        raise ValueError(f"There is no permission {permission!r}.")


def _refusal(actor: Actor, grants: _Grants) -> Decision | None:
    if not grants.known:
        return Decision(False, f"nobody has the id of {actor.username}")
    if not grants.active:
        return Decision(False, f"{actor.username} is deactivated")
    return None


def _grants(actor: Actor) -> _Grants:
    if not is_rid(actor.id):
        return _Grants()
    rows = list(
        User.objects.filter(pk=actor.id)
        .order_by()
        .values_list("is_active", "is_superuser", "bindings__role", "bindings__ontology")
    )
    if not rows:
        return _Grants()
    return _Grants(
        known=True,
        active=rows[0][0],
        superuser=rows[0][1],
        # A user without roles is one row of the outer join, without a role.
        bindings=tuple((Role(role), scope) for _, _, role, scope in rows if role),
    )
