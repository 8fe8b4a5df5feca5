"""Writes of users, roles, service accounts, sessions and delegations."""

from __future__ import annotations

from oms_project.identity.services.policies import grant_role, revoke_role
from oms_project.identity.services.users import create_user

__all__ = ["create_user", "grant_role", "revoke_role"]
