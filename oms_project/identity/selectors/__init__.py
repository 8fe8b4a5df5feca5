"""Reads of users, service accounts, sessions and delegations."""

from __future__ import annotations

from oms_project.identity.selectors.users import get_user, has_administrator

__all__ = ["get_user", "has_administrator"]
