"""``/api/v1/auth/…`` and ``/api/v1/identity/…``, and what stands under ``/.well-known/``."""

from __future__ import annotations

from django.urls import path

from oms_project.identity.api import openapi
from oms_project.identity.api.views import accounts, keys, oauth, sessions, sign_in

__all__ = ["openapi", "urlpatterns", "well_known"]

urlpatterns = [
    path("auth/token", sign_in.TokenView.as_view(), name="auth-token"),
    path("auth/refresh", sign_in.RefreshView.as_view(), name="auth-refresh"),
    path("auth/verify", sign_in.VerifyView.as_view(), name="auth-verify"),
    path("auth/logout", sign_in.LogoutView.as_view(), name="auth-logout"),
    path("auth/password", sign_in.PasswordView.as_view(), name="auth-password"),
    path("auth/me", sign_in.MeView.as_view(), name="auth-me"),
    path("auth/jwks", keys.JwksView.as_view(), name="auth-jwks"),
    path("auth/oauth/token", oauth.OAuthTokenView.as_view(), name="auth-oauth-token"),
    path("auth/revoke", oauth.RevokeView.as_view(), name="auth-revoke"),
    path("auth/sessions", sessions.SessionsView.as_view(), name="auth-sessions"),
    path("auth/sessions/<str:session>", sessions.SessionView.as_view(), name="auth-session"),
    path("identity/users", accounts.UsersView.as_view(), name="identity-users"),
    path("identity/users/<str:username>", accounts.UserView.as_view(), name="identity-user"),
    path(
        "identity/users/<str:username>/password",
        accounts.UserPasswordView.as_view(),
        name="identity-user-password",
    ),
    path("identity/groups", accounts.GroupsView.as_view(), name="identity-groups"),
    path("identity/groups/<str:name>", accounts.GroupView.as_view(), name="identity-group"),
    path(
        "identity/groups/<str:name>/members/<str:username>",
        accounts.MemberView.as_view(),
        name="identity-group-member",
    ),
    path(
        "identity/service-accounts",
        accounts.ServiceAccountsView.as_view(),
        name="identity-service-accounts",
    ),
    path(
        "identity/service-accounts/<str:client_id>",
        accounts.ServiceAccountView.as_view(),
        name="identity-service-account",
    ),
    path(
        "identity/service-accounts/<str:client_id>/secrets",
        accounts.SecretsView.as_view(),
        name="identity-secrets",
    ),
    path(
        "identity/service-accounts/<str:client_id>/secrets/<int:secret_id>",
        accounts.SecretView.as_view(),
        name="identity-secret",
    ),
    path("identity/delegations", sessions.DelegationsView.as_view(), name="identity-delegations"),
    path(
        "identity/delegations/<str:delegation>",
        sessions.DelegationView.as_view(),
        name="identity-delegation",
    ),
]
well_known = [
    path("jwks.json", keys.jwks, name="jwks"),
    path("oauth-authorization-server", keys.metadata, name="oauth-metadata"),
]
