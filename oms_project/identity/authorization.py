"""The `Authorizer` of roles, groups, rules and delegations: it loads, `decisions` decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db.models import Q, QuerySet

from oms_project.core.authorization import (
    FULL_CLEARANCE,
    Clearance,
    Decision,
    permissions,
)
from oms_project.core.clock import utc_now
from oms_project.core.context import Actor
from oms_project.core.errors import PermissionDenied
from oms_project.core.ids import is_rid
from oms_project.core.memory import remembered
from oms_project.identity import decisions
from oms_project.identity.contract import Role
from oms_project.identity.decisions import (
    ActionRule,
    Grant,
    Party,
    Question,
    Restriction,
    Rule,
    Standing,
)
from oms_project.identity.domain import branch_matches
from oms_project.identity.grants import attribute_rows, grant_rows, protection_rows
from oms_project.identity.models import ActionRule as ActionRuleRow
from oms_project.identity.models import Delegation

__all__ = ["RoleAuthorizer"]


class RoleAuthorizer:
    """One query per question about an actor, two when he acts for somebody, one more for what
    values may be seen. Only a request that reads asks once for all (`memory`).
    """

    def decide(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
        action: str | None = None,
    ) -> Decision:
        """See `Authorizer.decide`."""
        decision = self.explain(actor, permission, ontology=ontology, branch=branch, action=action)
        return replace(decision, steps=())

    def check(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
        action: str | None = None,
    ) -> None:
        """See `Authorizer.check`."""
        decision = self.decide(actor, permission, ontology=ontology, branch=branch, action=action)
        if not decision.allowed:
            about = {"action": action} if action is not None else {}
            raise PermissionDenied(
                f"Not allowed: {decision.reason}.",
                data={"permission": permission, "ontology": ontology, "branch": branch, **about},
            )

    def explain(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
        action: str | None = None,
    ) -> Decision:
        """See `Authorizer.explain`."""
        _known_permission(permission)
        if _is_system(actor):
            reason = "the system itself acts"
            return Decision(True, reason, (reason,))
        standing = _standing(actor)
        question = Question(permission, ontology, branch, action)
        if permission != permissions.ACTIONS_RUN or action is None:
            return decisions.decide(standing, question)
        return decisions.decide(standing, question, _action_rules(standing, ontology))

    def clearance(self, actor: Actor, *, ontology: str) -> Clearance:
        """See `Authorizer.clearance`."""
        if _is_system(actor):
            return FULL_CLEARANCE
        return remembered(("clearance", actor, ontology), lambda: _clearance(actor, ontology))

    def anywhere(self, actor: Actor, permission: str) -> Decision:
        """See `Authorizer.anywhere`."""
        if self.ontologies(actor, permission) != frozenset():
            return Decision(True, f"{actor.username} holds {permission}")
        return self.decide(actor, permission)

    def ontologies(self, actor: Actor, permission: str) -> frozenset[str] | None:
        """See `Authorizer.ontologies`."""
        _known_permission(permission)
        if _is_system(actor):
            return None
        standing = _standing(actor)
        held = decisions.ontologies(standing, permission)
        if permission != permissions.ACTIONS_RUN or held is None:
            return held
        return decisions.with_rules(held, standing, _action_rules(standing, None))

    def protected(self, *, ontology: str, branch: str) -> str | None:
        """See `Authorizer.protected`."""
        return self.protections(ontology=ontology)(branch)

    def protections(self, *, ontology: str) -> Callable[[str], str | None]:
        """See `Authorizer.protections`."""
        rules = remembered(("protections", ontology), lambda: protection_rows(ontology))

        def protected(branch: str) -> str | None:
            for scope, pattern, note in rules:
                if branch_matches(pattern, branch):
                    where = f"of ontology {scope}" if scope else "of every ontology"
                    return f"branches {pattern} {where} are protected" + (
                        f" ({note})" if note else ""
                    )
            return None

        return protected


def _known_permission(permission: str) -> None:
    if permission not in permissions.ALL:
        raise ValueError(f"There is no permission {permission!r}.")


def _is_system(actor: Actor) -> bool:
    """The system, and not somebody for whom it acts: then that one's rights count as well."""
    return actor.kind == "system" and actor.on_behalf_of is None


# -- loading ---------------------------------------------------------------------------------------


def _standing(actor: Actor) -> Standing:
    return remembered(("standing", actor), lambda: _load_standing(actor))


def _load_standing(actor: Actor) -> Standing:
    principal = actor.on_behalf_of
    if principal is None:
        return Standing(_parties(actor)[actor.id])
    parties = _parties(actor, principal)
    return Standing(parties[actor.id], parties[principal.id], _restriction(actor, principal))


def _parties(*actors: Actor) -> dict[str, Party]:
    """Actors by their ids, with the roles that they and their groups hold now: one query."""
    ids = [actor.id for actor in actors if is_rid(actor.id)]
    found: dict[str, list[tuple[bool, bool, Grant | None]]] = {}
    now = utc_now()
    for key, active, superuser, role, ontology, branch, expires, group in grant_rows(ids):
        expired = expires is not None and expires <= now
        grant = None if not role or expired else Grant(Role(role), ontology, branch, group, expires)
        found.setdefault(key, []).append((active, superuser, grant))
    return {
        actor.id: Party(
            id=actor.id,
            username=actor.username,
            known=actor.id in found,
            active=any(active for active, _, _ in found.get(actor.id, ())),
            superuser=any(superuser for _, superuser, _ in found.get(actor.id, ())),
            grants=tuple(
                sorted(
                    {grant for _, _, grant in found.get(actor.id, ()) if grant is not None},
                    # What reaches furthest explains best; then what is held directly.
                    key=lambda grant: (
                        bool(grant.branch), bool(grant.ontology), bool(grant.group),
                        list(Role).index(grant.role), grant.ontology, grant.branch, grant.group,
                    ),
                )
            ),
        )
        for actor in actors
    }  # fmt: skip


def _restriction(actor: Actor, principal: Actor) -> Restriction:
    nothing = "no delegation lets it act"
    if not is_rid(actor.grant):
        return Restriction(refusal=nothing)
    row = Delegation.objects.filter(pk=actor.grant).first()
    if row is None or str(row.service_id) != actor.id or str(row.user_id) != principal.id:
        return Restriction(refusal=nothing)
    if row.revoked_at is not None:
        return Restriction(refusal="the delegation was revoked")
    if row.expires_at <= utc_now():
        return Restriction(refusal="the delegation has expired")
    return Restriction(permissions=frozenset(row.permissions), ontology=row.ontology)


def _action_rules(standing: Standing, ontology: str | None) -> list[ActionRule]:
    """Rules about actions that may bear on the parties: one query. None: of every ontology."""
    ids = sorted(party.id for party in standing.parties if not party.refusal)
    return remembered(("action_rules", *ids, ontology), lambda: _load_action_rules(ids, ontology))


def _load_action_rules(ids: list[str], ontology: str | None) -> list[ActionRule]:
    if not ids:
        return []
    rows = ActionRuleRow.objects.filter(~Q(role="") | Q(user__in=ids) | Q(group__user__in=ids))
    if ontology is not None:
        rows = rows.filter(ontology__in=("", ontology))
    found: QuerySet[ActionRuleRow, tuple[Any, ...]] = (
        rows.order_by()
        .values_list(
            "allowed", "action", "ontology", "branch", "role", "group__name", "user", "group__user"
        )
        .distinct()
    )
    return [
        ActionRule(
            allowed=allowed,
            party="" if role else str(user or member or "-"),
            action=action,
            ontology=scope,
            branch=branch,
            role=role,
            group=group or "",
        )
        for allowed, action, scope, branch, role, group, user, member in found
    ]


def _clearance(actor: Actor, ontology: str) -> Clearance:
    standing = _standing(actor)
    if standing.principal is not None:
        missed = standing.restriction.misses(Question(permissions.ONTOLOGY_READ, ontology))
        if missed:
            return decisions.clearance_of(
                Party(id="", username=standing.name), ontology=ontology, rules=()
            )
    rules = _rules([party.id for party in standing.parties if not party.refusal], ontology)
    own, *others = (
        decisions.clearance_of(
            party, ontology=ontology, rules=[rule for whom, rule in rules if whom in {"", party.id}]
        )
        for party in standing.parties
    )
    for other in others:
        own = Clearance(own.level, own.rules, own.reason, also=other)
    return own


def _rules(ids: list[str], ontology: str) -> list[tuple[str, Rule]]:
    """(id of the user whom it bears on, or empty for rules about roles; rule): one query."""
    if not ids:
        return []
    found: list[tuple[str, Rule]] = []
    for row in attribute_rows(ids, ontology):
        whom = "" if row.role else row.user or row.member or "-"
        rule = Rule(
            level=row.level,
            object_type=row.object_type,
            property_name=row.property_name,
            ontology=row.ontology,
            role=row.role,
            group=row.group,
            user=row.user,
        )
        found.append((whom, rule))
    return found
