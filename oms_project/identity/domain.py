"""Roles and what they allow. Pure: a table that a person can read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from oms_project.identity.contract import Role

__all__ = [
    "BRANCH_ROLES",
    "PERMISSIONS",
    "ROLE_CLEARANCE",
    "ROLE_PERMISSIONS",
    "UNBOUNDED_ROLES",
    "WITHOUT_BRANCH",
    "branch_matches",
    "branch_pattern_problem",
    "roles_with",
]


_VIEWER: Final = frozenset({"ontology.read", "jobs.read", "events.read", "kernel.query"})
_EDITOR: Final = _VIEWER | {
    "ontology.write",
    "ontology.branch",
    "actions.run",
    "jobs.submit",
    "events.publish",
    "graphql.introspect",
}
_REVIEWER: Final = _EDITOR | {"ontology.review"}
_MAINTAINER: Final = _REVIEWER | {"ontology.merge", "ontology.create"}
_ADMINISTRATOR: Final = _MAINTAINER | {
    "ontology.administer",
    "ontology.erase",
    "jobs.administer",
    "identity.administer",
    "policy.read",
    "policy.administer",
    "audit.read",
    "audit.administer",
    "events.administer",
    "system.read",
    "kernel.home",
}
_AUDITOR: Final = frozenset(
    {"ontology.read", "jobs.read", "policy.read", "audit.read", "events.read", "kernel.query"}
)
# No reading besides: it gets documents as they are stored, for a process that asks its own users
# what they may see.
_GATEWAY: Final = frozenset({"kernel.home"})

ROLE_PERMISSIONS: Final[dict[Role, frozenset[str]]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.REVIEWER: _REVIEWER,
    Role.MAINTAINER: _MAINTAINER,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
    Role.AUDITOR: _AUDITOR,
    Role.GATEWAY: _GATEWAY,
}
PERMISSIONS: Final = _ADMINISTRATOR

#: How sensitive the values are that a role sees unmasked, unless an attribute rule says otherwise.
ROLE_CLEARANCE: Final[dict[Role, str]] = {
    Role.VIEWER: "internal",
    Role.EDITOR: "restricted",
    Role.REVIEWER: "restricted",
    Role.MAINTAINER: "restricted",
    Role.ADMINISTRATOR: "secret",
    Role.AUDITOR: "internal",
    Role.GATEWAY: "public",  # it reads nothing that is masked: a home knows no masks
}


def roles_with(permission: str) -> Iterable[Role]:
    """The roles that allow ``permission``, weakest first."""
    found = [role for role in Role if permission in ROLE_PERMISSIONS[role]]
    return sorted(found, key=lambda role: len(ROLE_PERMISSIONS[role]))


#: What a role that is bound to branches allows on the ontology as a whole: commits are shared
#: between branches, so reading cannot stop at one.
WITHOUT_BRANCH: Final = frozenset({"ontology.read", "kernel.query"})

#: Roles that may be bound to branches: those that change them.
BRANCH_ROLES: Final = frozenset({Role.EDITOR, Role.REVIEWER, Role.MAINTAINER})

#: Roles that hold for everything or not at all: what they allow is never asked about an ontology.
UNBOUNDED_ROLES: Final = frozenset({Role.GATEWAY})


def branch_matches(pattern: str, branch: str) -> bool:
    """Whether ``branch`` is one of ``pattern``: ``*`` stands for any text, also for none and for
    slashes; everything else stands for itself, upper and lower case told apart.

    ``release/*`` matches ``release/1`` and ``release/1/fix``, not ``release``.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == branch
    if not branch.startswith(first):
        return False
    *middle, last = rest
    position = len(first)
    for part in middle:  # the first place will do: what follows has the most room then
        found = branch.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return len(branch) - position >= len(last) and branch.endswith(last)


def branch_pattern_problem(pattern: str) -> str | None:
    """Why a text is no pattern of branch names; None when it is one."""
    if not pattern:
        return "it is empty"
    if any(character.isspace() or not character.isprintable() for character in pattern):
        return "it holds a space"
    return None
