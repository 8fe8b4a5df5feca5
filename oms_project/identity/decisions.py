"""How a decision comes about. Pure: values in, a `Decision` out, no query.

Deny by default: a permission is held when a role that has it is bound to the actor, or to one of
his groups, where the question is asked. A service that acts for a user may what both may, and no
more than the delegation says.

A role that is bound to branches changes those branches only. Reading knows no branches: commits
are shared between them, so such a role reads the whole ontology, as a viewer does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from oms_project.core.authorization import (
    SENSITIVITIES,
    Clearance,
    ClearanceRule,
    Decision,
    permissions,
)
from oms_project.identity.contract import Role
from oms_project.identity.domain import (
    ROLE_CLEARANCE,
    ROLE_PERMISSIONS,
    WITHOUT_BRANCH,
    branch_matches,
    roles_with,
)

__all__ = [
    "ActionRule",
    "Grant",
    "Party",
    "Question",
    "Restriction",
    "Rule",
    "Standing",
    "clearance_of",
    "decide",
    "ontologies",
    "with_rules",
]


@dataclass(frozen=True, slots=True)
class Question:
    """May it? Without an ontology: in general, for which only a role for everything counts."""

    permission: str
    ontology: str | None = None
    branch: str | None = None
    action: str | None = None

    @property
    def place(self) -> str:
        """Where, as the end of a sentence."""
        return f" on ontology {self.ontology}" if self.ontology else ""


@dataclass(frozen=True, slots=True)
class Grant:
    """One role as it is held. Empty ontology or branch: every one; empty group: held directly."""

    role: Role
    ontology: str = ""
    branch: str = ""
    group: str = ""
    expires_at: datetime | None = None

    @property
    def scope(self) -> str:
        """Where it holds, as the end of a sentence."""
        where = f"for ontology {self.ontology}" if self.ontology else "for everything"
        if self.branch:
            where = f"for branches {self.branch} of " + (
                f"ontology {self.ontology}" if self.ontology else "every ontology"
            )
        return where + (f" (from group {self.group})" if self.group else "")

    def misses(self, question: Question) -> str:
        """Why it does not answer the question; empty when it does."""
        if question.permission not in ROLE_PERMISSIONS[self.role]:
            return f"{self.role} does not have {question.permission}"
        if self.ontology and self.ontology != question.ontology:
            return (
                f"the question is about ontology {question.ontology}"
                if question.ontology
                else "the question is about no ontology in particular"
            )
        if not self.branch:
            return ""
        if question.permission in WITHOUT_BRANCH:
            return "" if question.ontology else "the question is about no ontology in particular"
        if question.branch is None:
            return "the question is about no branch in particular"
        if not branch_matches(self.branch, question.branch):
            return f"{question.branch} is no branch of {self.branch}"
        return ""


@dataclass(frozen=True, slots=True)
class Party:
    """A user or service account, with what it holds now."""

    id: str
    username: str
    known: bool = False
    active: bool = False
    superuser: bool = False
    grants: tuple[Grant, ...] = ()

    @property
    def refusal(self) -> str:
        """Why nothing at all is allowed; empty when something may be."""
        if not self.known:
            return f"nobody has the id of {self.username}"
        return "" if self.active else f"{self.username} is deactivated"


@dataclass(frozen=True, slots=True)
class Restriction:
    """What a delegation leaves over of what both parties may.

    Attributes:
        refusal: why the delegation does not hold; empty when it does.
        permissions: only these; empty: all.
        ontology: only this one; empty: every one.
    """

    refusal: str = ""
    permissions: frozenset[str] = frozenset()
    ontology: str = ""

    def misses(self, question: Question) -> str:
        """Why it does not cover the question; empty when it does."""
        if self.refusal:
            return self.refusal
        if self.permissions and question.permission not in self.permissions:
            return f"the delegation does not include {question.permission}"
        if self.ontology and self.ontology != question.ontology:
            return f"the delegation is for ontology {self.ontology} only"
        return ""


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that a decision about an actor is made of; ``principal`` and ``restriction`` are
    there when he acts for somebody.
    """

    party: Party
    principal: Party | None = None
    restriction: Restriction = field(default_factory=Restriction)

    @property
    def parties(self) -> tuple[Party, ...]:
        """The actor, and for whom he acts."""
        return (self.party,) if self.principal is None else (self.party, self.principal)

    @property
    def name(self) -> str:
        """The actor, as the beginning of a sentence."""
        if self.principal is None:
            return self.party.username
        return f"{self.party.username} for {self.principal.username}"


def decide(standing: Standing, question: Question, rules: Sequence[ActionRule] = ()) -> Decision:
    """The answer, with every step of the way.

    Args:
        rules: all about actions that may bear on the parties where the question is asked.
    """
    if standing.principal is None:
        return _decide_one(standing.party, question, rules)
    steps = [f"{standing.party.username} acts on behalf of {standing.principal.username}"]
    missed = standing.restriction.misses(question)
    if missed:
        reason = f"{standing.name} may not: {missed}"
        return Decision(False, reason, (*steps, missed))
    steps.append("the delegation holds and covers the question")
    reasons: list[str] = []
    ones: list[Decision] = []
    for party in standing.parties:
        one = _decide_one(party, question, rules)
        ones.append(one)
        steps += one.steps
        if not one.allowed:
            reason = f"{standing.name} may not: {one.reason}"
            return Decision(False, reason, (*steps, "of a delegation both parties must be allowed"))
        reasons.append(one.reason)
    return Decision(
        True,
        " and ".join(reasons),
        tuple(steps),
        by_rule=any(one.by_rule for one in ones),
        names_branch=all(one.names_branch for one in ones if one.by_rule),
    )


def _decide_one(party: Party, question: Question, rules: Sequence[ActionRule] = ()) -> Decision:
    if party.refusal:
        return Decision(False, party.refusal, (party.refusal,))
    if party.superuser:
        reason = f"{party.username} is a superuser"
        return Decision(True, reason, (reason + ", to whom no role or rule applies",))
    rule = _closest_rule(party, question, rules)
    if rule is not None:
        told = rule.told(party.username)
        return Decision(
            rule.allowed,
            told,
            (told,),
            by_rule=rule.allowed,
            names_branch=rule.allowed and bool(rule.branch),
        )
    steps: list[str] = []
    if not party.grants:
        steps.append(f"{party.username} holds no role")
    for grant in party.grants:
        held = f"{party.username} is {grant.role} {grant.scope}"
        missed = grant.misses(question)
        steps.append(f"{held}: {missed or f'that allows {question.permission}'}")
        if not missed:
            return Decision(True, held, tuple(steps))
    return Decision(False, _lacking(party, question), tuple(steps))


def _lacking(party: Party, question: Question) -> str:
    near = [
        grant
        for grant in party.grants
        if grant.branch
        and question.permission in ROLE_PERMISSIONS[grant.role]
        and grant.ontology in {"", question.ontology}
    ]
    lacks = f"{party.username} lacks {question.permission}{question.place}"
    if near:
        patterns = ", ".join(sorted({grant.branch for grant in near}))
        return f"{lacks} but for branches {patterns}"
    return f"{lacks}; one of these roles has it: {', '.join(roles_with(question.permission))}"


def ontologies(standing: Standing, permission: str) -> frozenset[str] | None:
    """Where the permission is held, on some branch at least; None: everywhere."""
    found: frozenset[str] | None = None
    if standing.principal is not None:
        restriction = standing.restriction
        if restriction.refusal or (
            restriction.permissions and permission not in restriction.permissions
        ):
            return frozenset()
        if restriction.ontology:
            found = frozenset({restriction.ontology})
    for party in standing.parties:
        held = _ontologies_of(party, permission)
        if held is not None:
            found = held if found is None else found & held
    return found


def _ontologies_of(party: Party, permission: str) -> frozenset[str] | None:
    if party.refusal:
        return frozenset()
    scopes = {
        grant.ontology for grant in party.grants if permission in ROLE_PERMISSIONS[grant.role]
    }
    return None if party.superuser or "" in scopes else frozenset(scopes)


def with_rules(
    held: frozenset[str], standing: Standing, rules: Sequence[ActionRule]
) -> frozenset[str] | None:
    """Where some action may be run, by roles or by rules; None: perhaps everywhere.

    It is for lists and for what routes ask: who is let in by it is asked again about the action.
    """
    missed = standing.restriction.misses(Question(permissions.ACTIONS_RUN, None))
    if standing.principal is not None and missed and not standing.restriction.ontology:
        return held
    scopes = {
        rule.ontology
        for rule in rules
        if rule.allowed
        and (not rule.role or any(grant.role == rule.role for grant in standing.party.grants))
    }
    if standing.restriction.ontology:
        inside = scopes & {"", standing.restriction.ontology}
        return held | {standing.restriction.ontology} if inside else held
    return None if "" in scopes else held | scopes


# -- rules about actions ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActionRule:
    """Who may, or may not, run an action. Empty action, ontology or branch: every one.

    Attributes:
        party: id of the user whom it bears on; empty: a rule about a role.
        role, group, user: whom it is about; the last two are told only.
    """

    allowed: bool
    party: str = ""
    action: str = ""
    ontology: str = ""
    branch: str = ""
    role: str = ""
    group: str = ""

    @property
    def closeness(self) -> tuple[int, bool, bool, bool, bool]:
        """A rule about oneself before one about a group before one about a role; about the action
        before one about every action; of the ontology, of the branch; and at last what denies.
        """
        whom = 0 if self.role else 1 if self.group else 2
        return whom, bool(self.action), bool(self.ontology), bool(self.branch), not self.allowed

    def bears_on(self, party: Party, question: Question) -> bool:
        """Whether it answers the question about the party."""
        if self.action not in ("", question.action) or self.ontology not in (
            "", question.ontology
        ):  # fmt: skip
            return False
        if self.branch and (
            question.branch is None or not branch_matches(self.branch, question.branch)
        ):
            return False
        if not self.role:
            return self.party == party.id
        return any(
            grant.role == self.role
            and grant.ontology in ("", question.ontology)
            and (
                not grant.branch
                or (question.branch is not None and branch_matches(grant.branch, question.branch))
            )
            for grant in party.grants
        )

    def told(self, username: str) -> str:
        """For the explanation."""
        whom = f"role {self.role}" if self.role else self.group and f"group {self.group}"
        return (
            f"a rule for {whom + ' of ' if whom else ''}{username} "
            f"{'allows' if self.allowed else 'forbids'} to run "
            f"{self.action or 'every action'} of {self.ontology or 'every ontology'}"
            + (f" on branches {self.branch}" if self.branch else "")
        )


def _closest_rule(
    party: Party, question: Question, rules: Sequence[ActionRule]
) -> ActionRule | None:
    if question.permission != permissions.ACTIONS_RUN or question.action is None:
        return None
    found = [rule for rule in rules if rule.bears_on(party, question)]
    return max(found, key=lambda rule: rule.closeness) if found else None


# -- attribute rules -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    """An attribute rule: for a role, a group (an id) or a user (an id)."""

    level: str
    object_type: str = ""
    property_name: str = ""
    ontology: str = ""
    role: str = ""
    group: str = ""
    user: str = ""

    @property
    def whom(self) -> str:
        """For the explanation."""
        return f"role {self.role}" if self.role else "a group" if self.group else "the user"

    @property
    def closeness(self) -> tuple[int, bool]:
        """A rule about oneself before one about a group before one about a role; and one of the
        ontology before a general one.
        """
        return (2 if self.user else 1 if self.group else 0), bool(self.ontology)


#: What a role that is bound to branches lets one see: values cannot be told apart by branch.
_OF_BRANCHES: Final = ROLE_CLEARANCE[Role.VIEWER]


def clearance_of(party: Party, *, ontology: str, rules: Iterable[Rule]) -> Clearance:
    """What one party may see.

    Args:
        rules: all that may bear on the party in ``ontology``: his own, his groups', any role's.
    """
    if party.refusal:
        return Clearance(SENSITIVITIES[0], reason=party.refusal)
    if party.superuser:
        return Clearance(SENSITIVITIES[-1], reason=f"{party.username} is a superuser")
    here = [grant for grant in party.grants if grant.ontology in {"", ontology}]
    level, reason = SENSITIVITIES[0], f"{party.username} holds no role here"
    for number, grant in enumerate(here):
        sees = _lower(ROLE_CLEARANCE[grant.role], _OF_BRANCHES if grant.branch else None)
        if number == 0 or _rank(sees) > _rank(level):
            level = sees
            reason = f"{party.username} is {grant.role} {grant.scope} and sees up to '{sees}'"
    roles = {grant.role.value for grant in here}
    closest: dict[tuple[str, str], Rule] = {}
    for rule in rules:
        if rule.role and rule.role not in roles:
            continue
        target = (rule.object_type, rule.property_name)
        known = closest.get(target)
        if (
            known is None
            or rule.closeness > known.closeness
            or (rule.closeness == known.closeness and _rank(rule.level) < _rank(known.level))
        ):
            closest[target] = rule
    return Clearance(
        level,
        rules=tuple(
            ClearanceRule(
                object_type=rule.object_type,
                property_name=rule.property_name,
                level=rule.level,
                reason=f"a rule for {rule.whom} of {party.username} lets see up to '{rule.level}' "
                f"of {rule.object_type or 'every type'}.{rule.property_name or '*'}",
            )
            for _, rule in sorted(closest.items())
        ),
        reason=reason,
    )


def _rank(level: str) -> int:
    return SENSITIVITIES.index(level)


def _lower(level: str, bound: str | None) -> str:
    return level if bound is None else min(level, bound, key=_rank)
