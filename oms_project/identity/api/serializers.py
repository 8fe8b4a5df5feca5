"""Shapes of the authentication endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.serializers import TokenRefreshSerializer

from oms_project.identity.models import User

__all__ = ["MeSerializer", "RefreshSerializer"]


class RefreshSerializer(TokenRefreshSerializer):
    """simplejwt's, which forgets that the user of a token may be gone."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """A new access token.

        Raises:
            InvalidToken: the user does not exist any more.
        """
        try:
            return super().validate(attrs)
        except User.DoesNotExist as error:
            raise InvalidToken("The user of this token does not exist.") from error


class RoleSerializer(serializers.Serializer[Any]):
    """A role and where it holds."""

    role = serializers.CharField()
    ontology = serializers.CharField(
        allow_null=True, help_text="Name of the ontology; null: for everything."
    )


class MeSerializer(serializers.Serializer[Any]):
    """Who is signed in."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    roles = RoleSerializer(many=True)
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="Permissions that hold for everything."
    )
