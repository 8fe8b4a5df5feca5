"""Reads of users, groups, service accounts, sessions and delegations."""

from __future__ import annotations

from oms_project.identity.selectors.delegations import list_delegations
from oms_project.identity.selectors.groups import get_group, list_groups
from oms_project.identity.selectors.service_accounts import (
    get_service_account,
    list_service_accounts,
)
from oms_project.identity.selectors.sessions import (
    Holder,
    check_token,
    holder_of,
    list_sessions,
)
from oms_project.identity.selectors.users import (
    get_user,
    get_user_by_id,
    has_administrator,
    list_users,
)

__all__ = [
    "Holder",
    "check_token",
    "get_group",
    "get_service_account",
    "get_user",
    "get_user_by_id",
    "has_administrator",
    "holder_of",
    "list_delegations",
    "list_groups",
    "list_service_accounts",
    "list_sessions",
    "list_users",
]
