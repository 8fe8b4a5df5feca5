"""Roles and what they allow. Pure: a table that a person can read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from oms_project.identity.contract import Role

__all__ = ["PERMISSIONS", "ROLE_CLEARANCE", "ROLE_PERMISSIONS", "roles_with"]


_VIEWER: Final = frozenset({"ontology.read", "jobs.read"})
_EDITOR: Final = _VIEWER | {"ontology.write", "ontology.branch", "jobs.submit"}
_REVIEWER: Final = _EDITOR | {"ontology.review"}
_MAINTAINER: Final = _REVIEWER | {"ontology.merge", "ontology.create"}
_ADMINISTRATOR: Final = _MAINTAINER | {
    "ontology.administer",
    "jobs.administer",
    "identity.administer",
    "policy.read",
    "policy.administer",
    "audit.read",
    "audit.administer",
    "system.read",
}
_AUDITOR: Final = frozenset({"ontology.read", "jobs.read", "policy.read", "audit.read"})

ROLE_PERMISSIONS: Final[dict[Role, frozenset[str]]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.REVIEWER: _REVIEWER,
    Role.MAINTAINER: _MAINTAINER,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
    Role.AUDITOR: _AUDITOR,
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
}


def roles_with(permission: str) -> Iterable[Role]:
    """The roles that allow ``permission``, weakest first."""
    return [role for role in Role if permission in ROLE_PERMISSIONS[role]]
