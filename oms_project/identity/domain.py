"""Roles and what they allow. Pure: a table that a person can read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from oms_project.identity.contract import Role

__all__ = ["PERMISSIONS", "ROLE_PERMISSIONS", "roles_with"]


_VIEWER: Final = frozenset({"ontology.read", "jobs.read"})
_EDITOR: Final = _VIEWER | {"ontology.write", "ontology.branch", "jobs.submit"}
_MAINTAINER: Final = _EDITOR | {"ontology.merge", "ontology.create"}
_ADMINISTRATOR: Final = _MAINTAINER | {
    "ontology.administer",
    "jobs.administer",
    "identity.administer",
    "system.read",
}

ROLE_PERMISSIONS: Final[dict[Role, frozenset[str]]] = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.MAINTAINER: _MAINTAINER,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
}
PERMISSIONS: Final = _ADMINISTRATOR


def roles_with(permission: str) -> Iterable[Role]:
    """The roles that allow ``permission``, weakest first."""
    return [role for role in Role if permission in ROLE_PERMISSIONS[role]]
