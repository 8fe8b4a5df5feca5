"""Why somebody may do something, or may not."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from oms_project.core.authorization import SENSITIVITIES, Decision, authorizer, permissions
from oms_project.core.context import Actor, current_actor
from oms_project.core.errors import Invalid
from oms_project.identity.contract import UnknownUser, actor_of
from oms_project.identity.models import User
from oms_project.identity.policies import Explanation

__all__ = ["explain"]

#: What changes a branch; for one that is protected it takes the permission to merge as well.
_CHANGES: Final = frozenset(
    {permissions.ONTOLOGY_WRITE, permissions.ONTOLOGY_BRANCH, permissions.ACTIONS_RUN}
)


def explain(
    *,
    permission: str = permissions.ONTOLOGY_READ,
    ontology: str = "",
    branch: str = "",
    action: str = "",
    object_type: str = "",
    property_name: str = "",
    sensitivity: str = "",
    username: str = "",
) -> Explanation:
    """Why an actor may, or may not: oneself, or for who sees policies there somebody else.

    Args:
        ontology: about which one; empty: in general.
        branch: about which one; empty: none in particular.
        action: running which action, with `actions.run`; empty: actions in general.
        object_type, property_name: whose values it is about.
        sensitivity: of the values; then not seeing them is a denial, too.
        username: about whom; empty: about the actor himself.

    Raises:
        PermissionDenied: the actor sees no policies there.
        UnknownUser: there is none.
        Invalid: there is no such permission or sensitivity.
    """
    _check(permission, sensitivity, ontology, action)
    who = _asked_about(username, ontology)
    decision = authorizer.explain(
        who,
        permission,
        ontology=ontology or None,
        branch=branch or None,
        action=action or None,
    )
    decision = _with_protection(who, decision, permission, ontology, branch)
    sees: dict[str, bool] = {}
    sees_reason = ""
    if ontology:
        clearance = authorizer.clearance(who, ontology=ontology)
        about = {
            level: clearance.decide(
                level,
                object_types=[object_type] if object_type else [],
                property_name=property_name,
            )
            for level in SENSITIVITIES
        }
        sees = {level: one.allowed for level, one in about.items()}
        shown = about[sensitivity or SENSITIVITIES[-1]]
        sees_reason = shown.reason
        if sensitivity:
            step = f"values that are {sensitivity}: {shown.reason}"
            allowed = decision.allowed and shown.allowed
            reason = decision.reason if not decision.allowed or shown.allowed else shown.reason
            decision = Decision(allowed, reason, (*decision.steps, step))
    return Explanation(
        user=who.username,
        permission=permission,
        ontology=ontology,
        branch=branch,
        action=action,
        allowed=decision.allowed,
        reason=f"{'allowed' if decision.allowed else 'denied'} because {decision.reason}",
        steps=decision.steps,
        sees=sees,
        sees_reason=sees_reason,
    )


def _check(permission: str, sensitivity: str, ontology: str, action: str) -> None:
    problems: list[dict[str, str]] = []
    if permission not in permissions.ALL:
        known = ", ".join(permissions.ALL)
        problems.append({"field": "permission", "message": f"It is one of {known}."})
    if sensitivity and sensitivity not in SENSITIVITIES:
        known = ", ".join(SENSITIVITIES)
        problems.append({"field": "sensitivity", "message": f"It is one of {known}."})
    if sensitivity and not ontology:
        problems.append({"field": "ontology", "message": "Say of which ontology the values are."})
    if action and permission != permissions.ACTIONS_RUN:
        told = f"Actions are run: ask about {permissions.ACTIONS_RUN}."
        problems.append({"field": "action", "message": told})
    if problems:
        raise Invalid(
            "This cannot be explained: "
            + " ".join(f"{problem['field']}: {problem['message']}" for problem in problems),
            errors=problems,
        )


def _asked_about(username: str, ontology: str) -> Actor:
    actor = current_actor()
    if not username or (username == actor.username and actor.on_behalf_of is None):
        return actor
    authorizer.check(actor, permissions.POLICY_READ, ontology=ontology or None)
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise UnknownUser(f"There is no user {username!r}.", data={"username": username})
    return actor_of(user)


def _with_protection(
    who: Actor, decision: Decision, permission: str, ontology: str, branch: str
) -> Decision:
    if permission not in _CHANGES or not ontology or not branch:
        return decision
    rule = authorizer.protected(ontology=ontology, branch=branch)
    if rule is None:
        step = (
            "no rule protects the branch by its name "
            "(one that is protected itself takes ontology.merge as well)"
        )
        return Decision(decision.allowed, decision.reason, (*decision.steps, step))
    if decision.by_rule and decision.names_branch:
        told = f"{rule}: the rule about the action names the branch, so it holds there too"
        return replace(decision, steps=(*decision.steps, told))
    steps = (*decision.steps, f"{rule}: that takes {permissions.ONTOLOGY_MERGE} as well")
    if not decision.allowed:
        return Decision(False, decision.reason, steps)
    merge = authorizer.explain(who, permissions.ONTOLOGY_MERGE, ontology=ontology, branch=branch)
    steps += merge.steps
    if merge.allowed:
        return Decision(True, decision.reason, steps)
    return Decision(False, f"{rule} and {merge.reason}", steps)
