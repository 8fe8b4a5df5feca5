"""Writes of users, roles, groups, service accounts, sessions and delegations."""

from __future__ import annotations

from oms_project.identity.services.delegations import (
    exchange_token,
    grant_delegation,
    revoke_delegation,
)
from oms_project.identity.services.groups import (
    add_to_group,
    create_group,
    delete_group,
    remove_from_group,
)
from oms_project.identity.services.policies import grant_role, revoke_role
from oms_project.identity.services.service_accounts import (
    create_service_account,
    revoke_secret,
    rotate_secret,
    set_service_account_active,
)
from oms_project.identity.services.sessions import (
    end_own_sessions,
    end_session,
    purge,
    renew_session,
    revoke_token,
    revoke_token_id,
    sign_out,
)
from oms_project.identity.services.sign_in import check_password, sign_in, sign_in_client
from oms_project.identity.services.users import (
    change_own_password,
    change_user,
    create_user,
    set_password,
    set_user_active,
)

__all__ = [
    "add_to_group",
    "change_own_password",
    "change_user",
    "check_password",
    "create_group",
    "create_service_account",
    "create_user",
    "delete_group",
    "end_own_sessions",
    "end_session",
    "exchange_token",
    "grant_delegation",
    "grant_role",
    "purge",
    "remove_from_group",
    "renew_session",
    "revoke_delegation",
    "revoke_role",
    "revoke_secret",
    "revoke_token",
    "revoke_token_id",
    "rotate_secret",
    "set_password",
    "set_service_account_active",
    "set_user_active",
    "sign_in",
    "sign_in_client",
    "sign_out",
]
