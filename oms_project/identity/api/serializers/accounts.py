"""Shapes of users, groups, service accounts and delegations."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from oms_project.core.authorization import permissions

__all__ = [
    "DelegationRequestSerializer",
    "DelegationSerializer",
    "GroupRequestSerializer",
    "GroupSerializer",
    "NewSecretSerializer",
    "NewUserSerializer",
    "RotateSerializer",
    "ServiceAccountChangeSerializer",
    "ServiceAccountRequestSerializer",
    "ServiceAccountSerializer",
    "SetPasswordSerializer",
    "UserChangeSerializer",
    "UserSerializer",
]


class HeldRoleSerializer(serializers.Serializer[Any]):
    """A role that somebody holds."""

    role = serializers.CharField()
    ontology = serializers.CharField(allow_blank=True, help_text="Empty: for everything.")
    branch = serializers.CharField(allow_blank=True, help_text="A pattern; empty: every branch.")
    group = serializers.CharField(allow_blank=True, help_text="Group that it comes from.")
    expires_at = serializers.DateTimeField(allow_null=True)


class UserSerializer(serializers.Serializer[Any]):
    """A person."""

    id = serializers.UUIDField()
    username = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    email = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    bindings = HeldRoleSerializer(many=True)


class NewUserSerializer(serializers.Serializer[Any]):
    """A person who is to be."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False, write_only=True)
    display_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)


class UserChangeSerializer(serializers.Serializer[Any]):
    """What may change of a person."""

    display_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    is_active = serializers.BooleanField(required=False)


class SetPasswordSerializer(serializers.Serializer[Any]):
    """A new password for somebody."""

    password = serializers.CharField(max_length=4096, trim_whitespace=False, write_only=True)


class GroupSerializer(serializers.Serializer[Any]):
    """A group and who is in it."""

    name = serializers.CharField()
    members = serializers.ListField(child=serializers.CharField())


class GroupRequestSerializer(serializers.Serializer[Any]):
    """A group that is to be."""

    name = serializers.CharField(max_length=150)


class SecretSerializer(serializers.Serializer[Any]):
    """A client secret, without the secret."""

    id = serializers.IntegerField()
    hint = serializers.CharField(help_text="Its last characters.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    holds = serializers.BooleanField()


class ServiceAccountSerializer(serializers.Serializer[Any]):
    """A service account."""

    id = serializers.UUIDField()
    client_id = serializers.CharField()
    username = serializers.CharField()
    display_name = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    owner = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_blank=True)
    secrets = SecretSerializer(many=True)


class ServiceAccountRequestSerializer(serializers.Serializer[Any]):
    """A service account that is to be."""

    username = serializers.CharField(max_length=150)
    display_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    owner = serializers.CharField(max_length=150, required=False, allow_blank=True)
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class ServiceAccountChangeSerializer(serializers.Serializer[Any]):
    """In use, or not."""

    is_active = serializers.BooleanField()


class RotateSerializer(serializers.Serializer[Any]):
    """How a secret is replaced."""

    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When the new one ends; null: it does not."
    )
    grace_seconds = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=30 * 24 * 3600,
        help_text="How long the others go on; 0: they end at once, with every session.",
    )


class NewSecretSerializer(serializers.Serializer[Any]):
    """A secret, in the one answer that shows it."""

    account = ServiceAccountSerializer()
    secret = serializers.CharField(help_text="Keep it: it is stored as a hash only.")
    expires_at = serializers.DateTimeField(allow_null=True)


class DelegationSerializer(serializers.Serializer[Any]):
    """A service may act for a user."""

    id = serializers.UUIDField()
    service = serializers.CharField()
    client_id = serializers.CharField()
    user = serializers.CharField()
    reason = serializers.CharField()
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="Empty: all that both have."
    )
    ontology = serializers.CharField(allow_blank=True)
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_blank=True)
    holds = serializers.BooleanField()


class DelegationRequestSerializer(serializers.Serializer[Any]):
    """A delegation that is to be."""

    client_id = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=500)
    expires_at = serializers.DateTimeField()
    username = serializers.CharField(
        max_length=150, required=False, help_text="For whom; left out: for yourself."
    )
    permissions = serializers.ListField(
        child=serializers.ChoiceField(choices=list(permissions.ALL)),
        required=False,
        max_length=100,
        help_text="Only these; left out: all that both have.",
    )
    ontology = serializers.CharField(max_length=200, required=False, allow_blank=True)
