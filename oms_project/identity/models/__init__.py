"""Users, policies and tokens as rows."""

from __future__ import annotations

from oms_project.identity.models.people import ClientSecret, ServiceAccount, User
from oms_project.identity.models.policies import (
    ActionRule,
    AttributeRule,
    ProtectionRule,
    RoleBinding,
    RoleChoice,
    SensitivityChoice,
)
from oms_project.identity.models.throttle import LoginThrottle
from oms_project.identity.models.tokens import Delegation, RevokedToken, TokenSession

__all__ = [
    "ActionRule",
    "AttributeRule",
    "ClientSecret",
    "Delegation",
    "LoginThrottle",
    "ProtectionRule",
    "RevokedToken",
    "RoleBinding",
    "RoleChoice",
    "SensitivityChoice",
    "ServiceAccount",
    "TokenSession",
    "User",
]
