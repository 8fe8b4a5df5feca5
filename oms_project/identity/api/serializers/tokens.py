"""Shapes of the authentication endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

__all__ = [
    "CredentialsSerializer",
    "MeSerializer",
    "OAuthErrorSerializer",
    "OAuthRequestSerializer",
    "OAuthTokenSerializer",
    "PasswordSerializer",
    "RefreshSerializer",
    "RevokeSerializer",
    "SessionSerializer",
    "TokenPairSerializer",
    "TokenSerializer",
]

_MAX_TOKEN = 8192


class PlainField(serializers.CharField):
    """A text that is taken as it is: a secret may begin with a space."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, "write_only": True, **kwargs})


class CredentialsSerializer(serializers.Serializer[Any]):
    """A name and a password."""

    username = serializers.CharField(max_length=500)
    password = PlainField(max_length=4096, style={"input_type": "password"})


class TokenPairSerializer(serializers.Serializer[Any]):
    """An access token, and the refresh token that renews it once."""

    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds until the access token ends.")


class RefreshSerializer(serializers.Serializer[Any]):
    """A refresh token."""

    refresh = PlainField(max_length=_MAX_TOKEN)


class TokenSerializer(serializers.Serializer[Any]):
    """A token."""

    token = PlainField(max_length=_MAX_TOKEN)


class RevokeSerializer(serializers.Serializer[Any]):
    """A token, or the id of an access token."""

    token = PlainField(max_length=_MAX_TOKEN, required=False)
    token_type_hint = serializers.CharField(
        max_length=50, required=False, help_text="RFC 7009; not needed."
    )
    jti = serializers.RegexField(
        r"^[0-9a-f]{32}$",
        required=False,
        help_text="Id of an access token; for administrators of identities.",
    )


class PasswordSerializer(serializers.Serializer[Any]):
    """A change of one's own password."""

    current_password = PlainField(max_length=4096, style={"input_type": "password"})
    new_password = PlainField(max_length=4096, style={"input_type": "password"})


class RoleSerializer(serializers.Serializer[Any]):
    """A role and where it holds."""

    role = serializers.CharField()
    ontology = serializers.CharField(
        allow_null=True, help_text="Name of the ontology; null: for everything."
    )


class PartySerializer(serializers.Serializer[Any]):
    """Somebody for whom a service acts."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()


class MeSerializer(serializers.Serializer[Any]):
    """Who is signed in."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=["user", "service"])
    on_behalf_of = PartySerializer(allow_null=True, help_text="Of a delegate: for whom it acts.")
    reason = serializers.CharField(allow_blank=True, help_text="Of a delegate: why.")
    roles = RoleSerializer(many=True)
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="Permissions that hold for everything."
    )


class SessionSerializer(serializers.Serializer[Any]):
    """A session: all tokens that go back to one sign-in."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    on_behalf_of = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(help_text="When its tokens were renewed last.")
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    revoked_reason = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    agent = serializers.CharField(allow_blank=True)
    current = serializers.BooleanField(help_text="Whether this request belongs to it.")


class OAuthRequestSerializer(serializers.Serializer[Any]):
    """The parameters of the token endpoint, as a form."""

    grant_type = serializers.ChoiceField(
        choices=[
            "client_credentials",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ]
    )
    client_id = serializers.CharField(required=False, help_text="Unless HTTP Basic carries it.")
    client_secret = PlainField(required=False, help_text="Unless HTTP Basic carries it.")
    refresh_token = PlainField(required=False)
    subject_token = PlainField(
        required=False, help_text="Access token of the user on whose behalf the service acts."
    )
    subject_token_type = serializers.CharField(
        required=False, help_text="urn:ietf:params:oauth:token-type:access_token"
    )
    requested_token_type = serializers.CharField(
        required=False, help_text="urn:ietf:params:oauth:token-type:access_token"
    )
    requested_subject = serializers.CharField(
        required=False, help_text="Id of the user, when there is no subject_token."
    )
    delegation = serializers.CharField(
        required=False, help_text="Id of the delegation, when there are several."
    )


class OAuthTokenSerializer(serializers.Serializer[Any]):
    """RFC 6749, 5.1."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    refresh_token = serializers.CharField(required=False)
    issued_token_type = serializers.CharField(required=False)


class OAuthErrorSerializer(serializers.Serializer[Any]):
    """RFC 6749, 5.2."""

    error = serializers.CharField()
    error_description = serializers.CharField()
