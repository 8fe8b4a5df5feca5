"""Who may do what: the names of permissions and the port that answers.

`oms_project.identity` implements the port; ``OMS_SERVICES["authorizer"]`` names the class.
Services ask before they act::

    authorizer.check(current_actor(), permissions.ONTOLOGY_WRITE, ontology=name, branch=branch)
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol

from oms_project.core.context import Actor
from oms_project.core.services import service

__all__ = [
    "FULL_CLEARANCE",
    "SENSITIVITIES",
    "Authorizer",
    "Clearance",
    "ClearanceRule",
    "Decision",
    "authorizer",
    "permissions",
]


class permissions:  # noqa: N801 - read as a namespace: permissions.ONTOLOGY_READ
    """Every permission, and what it allows."""

    ONTOLOGY_READ: Final = "ontology.read"  # see definitions, branches, history; export
    ONTOLOGY_REVIEW: Final = "ontology.review"  # approve or reject what others propose
    ONTOLOGY_WRITE: Final = "ontology.write"  # commit, import, revert, tag on an open branch
    ONTOLOGY_BRANCH: Final = "ontology.branch"  # create branches, delete one's own kind of work
    ONTOLOGY_MERGE: Final = "ontology.merge"  # merge into, and commit to, a protected branch
    ONTOLOGY_CREATE: Final = "ontology.create"  # make a new ontology
    ONTOLOGY_ADMINISTER: Final = "ontology.administer"  # settings, protection, deletion
    ACTIONS_RUN: Final = "actions.run"  # run actions; rules say otherwise for single ones
    ONTOLOGY_ERASE: Final = "ontology.erase"  # erase values from all history, for good
    JOBS_READ: Final = "jobs.read"  # one's own jobs
    JOBS_SUBMIT: Final = "jobs.submit"  # start a job
    JOBS_ADMINISTER: Final = "jobs.administer"  # everybody's jobs
    IDENTITY_ADMINISTER: Final = "identity.administer"  # users, service accounts, tokens
    POLICY_READ: Final = "policy.read"  # see roles and rules, explain decisions about others
    POLICY_ADMINISTER: Final = "policy.administer"  # change roles and rules
    AUDIT_READ: Final = "audit.read"  # search, export and verify the audit trail
    AUDIT_ADMINISTER: Final = "audit.administer"  # seal old ranges
    EVENTS_READ: Final = "events.read"  # events about what one may see
    EVENTS_PUBLISH: Final = "events.publish"  # bring in events of other systems
    EVENTS_ADMINISTER: Final = "events.administer"  # webhooks, routing, replay, quarantine
    GRAPHQL_INTROSPECT: Final = "graphql.introspect"  # look at GraphQL schemas
    KERNEL_QUERY: Final = "kernel.query"  # ask what one may see with WOQL
    SYSTEM_READ: Final = "system.read"  # detailed health, metrics
    KERNEL_HOME: Final = "kernel.home"  # of service accounts: where ontologies live, over gRPC

    ALL: Final = (
        ONTOLOGY_READ,
        ONTOLOGY_REVIEW,
        ONTOLOGY_WRITE,
        ONTOLOGY_BRANCH,
        ONTOLOGY_MERGE,
        ONTOLOGY_CREATE,
        ONTOLOGY_ADMINISTER,
        ACTIONS_RUN,
        ONTOLOGY_ERASE,
        JOBS_READ,
        JOBS_SUBMIT,
        JOBS_ADMINISTER,
        IDENTITY_ADMINISTER,
        POLICY_READ,
        POLICY_ADMINISTER,
        AUDIT_READ,
        AUDIT_ADMINISTER,
        EVENTS_READ,
        EVENTS_PUBLISH,
        EVENTS_ADMINISTER,
        GRAPHQL_INTROSPECT,
        KERNEL_QUERY,
        SYSTEM_READ,
        KERNEL_HOME,
    )


#: From what everybody may see to what hardly anybody may; a position in it is a clearance.
SENSITIVITIES: Final = ("public", "internal", "restricted", "secret")


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and the sentence that explains it.

    Attributes:
        reason: without "allowed because" before it and without a full stop.
        steps: what was looked at on the way, in order, a sentence each; filled by ``explain`` only.
        by_rule: a rule about the action allows it, and not a role: then the action may change what
            the actor himself may not.
        names_branch: the rule says on which branches, so that it holds on protected ones as well.
    """

    allowed: bool
    reason: str
    steps: tuple[str, ...] = ()
    by_rule: bool = False
    names_branch: bool = False


@dataclass(frozen=True, slots=True)
class ClearanceRule:
    """One attribute rule as it bears on an actor.

    Attributes:
        object_type: ``apiName`` of the object type it is about; empty: every one.
        property_name: ``apiName`` of the property it is about; empty: every one.
        level: the highest sensitivity that it lets the actor see.
        reason: the sentence that explains it.
    """

    object_type: str
    property_name: str
    level: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Clearance:
    """Which values an actor may see in one ontology. Asking it costs no query.

    Attributes:
        level: what holds where no rule says otherwise; one of `SENSITIVITIES`.
        rules: attribute rules of this actor.
        reason: where ``level`` comes from.
        also: of a delegate, what the other party may see; a value is seen when both see it.
    """

    level: str
    rules: tuple[ClearanceRule, ...] = ()
    reason: str = ""
    also: Clearance | None = None

    @property
    def sees_everything(self) -> bool:
        """Whether nothing is ever masked for this actor."""
        return (
            self.level == SENSITIVITIES[-1]
            and all(rule.level == SENSITIVITIES[-1] for rule in self.rules)
            and (self.also is None or self.also.sees_everything)
        )

    def decide(
        self, sensitivity: str, *, object_types: Collection[str] = (), property_name: str = ""
    ) -> Decision:
        """Whether a value may be seen.

        The most specific rule decides: one about type and property, before one about the
        property, before one about the type, before the general level; among equals the lowest
        level holds.

        Args:
            sensitivity: of the property; one of `SENSITIVITIES`.
            object_types: ``apiName``s of the object's type and of all that it inherits from.
            property_name: its ``apiName``.
        """
        applicable = [
            rule
            for rule in self.rules
            if (not rule.object_type or rule.object_type in object_types)
            and (not rule.property_name or rule.property_name == property_name)
        ]
        level, reason = self.level, self.reason
        if applicable:
            closest = max(_specificity(rule) for rule in applicable)
            rule = min(
                (rule for rule in applicable if _specificity(rule) == closest),
                key=lambda rule: SENSITIVITIES.index(rule.level),
            )
            level, reason = rule.level, rule.reason
        allowed = SENSITIVITIES.index(sensitivity) <= SENSITIVITIES.index(level)
        if allowed and self.also is not None:
            return self.also.decide(
                sensitivity, object_types=object_types, property_name=property_name
            )
        return Decision(allowed, reason or f"values up to '{level}' may be seen")


def _specificity(rule: ClearanceRule) -> tuple[bool, bool]:
    return bool(rule.property_name), bool(rule.object_type)


#: Who may see whatever there is: the system, and reads that no person receives.
FULL_CLEARANCE: Final = Clearance(SENSITIVITIES[-1], reason="the system itself reads")


class Authorizer(Protocol):
    """Decides. Every method costs a constant number of queries, whatever is asked about."""

    def decide(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
        action: str | None = None,
    ) -> Decision:
        """Whether ``actor`` holds ``permission``, with the reason.

        Args:
            actor: who asks.
            permission: one of `permissions`; an unknown name is a bug and raises ``ValueError``.
            ontology: name of the ontology it is about; ``None``: about none in particular, for
                which only a role for everything counts.
            branch: name of the branch, when it is about one.
            action: name of the action type, with `actions.run`, when it is about one: rules about
                it count then.
        """
        ...

    def check(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
        action: str | None = None,
    ) -> None:
        """Return when allowed.

        Raises:
            PermissionDenied: with the reason and, in ``data``, permission, ontology, branch (and
                action).
        """
        ...

    def explain(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
        action: str | None = None,
    ) -> Decision:
        """As ``decide``, with every step of the way: roles held, rules that bear on it, what
        each party of a delegation may.
        """
        ...

    def clearance(self, actor: Actor, *, ontology: str) -> Clearance:
        """Which values ``actor`` may see in ``ontology``; of a delegate, what both may see."""
        ...

    def anywhere(self, actor: Actor, permission: str) -> Decision:
        """Whether ``actor`` holds ``permission`` for anything at all: what a route can check
        before it is known what the request is about.
        """
        ...

    def ontologies(self, actor: Actor, permission: str) -> frozenset[str] | None:
        """Names of the ontologies for which ``actor`` holds ``permission`` on some branch at
        least; ``None``: for all.

        For lists: one call, then a filter, and no check per row.
        """
        ...

    def protected(self, *, ontology: str, branch: str) -> str | None:
        """The rule that protects a branch by its name, whether it exists or not: a sentence
        without a full stop; ``None`` when there is none.

        Who changes, makes or deletes such a branch also needs ``ontology.merge`` on it.
        """
        ...

    def protections(self, *, ontology: str) -> Callable[[str], str | None]:
        """``protected`` for many branches of ``ontology``: one query now, none per branch."""
        ...


authorizer: Authorizer = service("authorizer", Authorizer)
