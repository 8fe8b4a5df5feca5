"""The shapes of roles, rules and explanations over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from oms_project.core.authorization import SENSITIVITIES, permissions
from oms_project.identity.contract import Role

__all__ = [
    "ActionPolicyChangeSerializer",
    "ActionPolicyPageSerializer",
    "ActionPolicySerializer",
    "AttributeRuleChangeSerializer",
    "AttributeRulePageSerializer",
    "AttributeRuleSerializer",
    "ExplanationSerializer",
    "NewActionPolicySerializer",
    "NewAttributeRuleSerializer",
    "NewProtectionRuleSerializer",
    "NewRoleBindingSerializer",
    "ProtectionRuleChangeSerializer",
    "ProtectionRulePageSerializer",
    "ProtectionRuleSerializer",
    "RoleBindingChangeSerializer",
    "RoleBindingPageSerializer",
    "RoleBindingSerializer",
    "RoleTableSerializer",
]

_ROLES = [role.value for role in Role]
_ONTOLOGY = "Name of the one ontology that it is for; empty: every one."


def _text(help_text: str, *, longest: int = 200, required: bool = False) -> serializers.CharField:
    if required:
        return serializers.CharField(max_length=longest, help_text=help_text)
    return serializers.CharField(
        max_length=longest, help_text=help_text, required=False, allow_blank=True, default=""
    )


class _StrictSerializer(serializers.Serializer[Any]):
    """Refuses members that it does not know: a misspelt bound must not be no bound."""

    def to_internal_value(self, data: Any) -> Any:
        """Raises ``ValidationError`` for unknown members."""
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name[:100]: ["There is no such member."] for name in unknown[:20]}
                )
        return super().to_internal_value(data)


class NewRoleBindingSerializer(_StrictSerializer):
    """A role to give to a user or to a group."""

    role = serializers.ChoiceField(choices=_ROLES)
    user = _text("User or service account.", longest=150)
    group = _text("Group; then name no user.", longest=150)
    ontology = _text(_ONTOLOGY)
    branch = _text("Branches, such as release/* (* stands for any text); empty: all.")
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="null: it does not."
    )


class RoleBindingChangeSerializer(_StrictSerializer):
    """Until when."""

    expires_at = serializers.DateTimeField(allow_null=True, help_text="null: for good.")


class RoleBindingSerializer(serializers.Serializer[Any]):
    """A role that a user or a group holds."""

    id = serializers.CharField()
    role = serializers.ChoiceField(choices=_ROLES)
    user = serializers.CharField(allow_blank=True)
    group = serializers.CharField(allow_blank=True)
    ontology = serializers.CharField(allow_blank=True)
    branch = serializers.CharField(allow_blank=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_blank=True)


class RoleBindingPageSerializer(serializers.Serializer[Any]):
    """A page of roles that are held."""

    items = RoleBindingSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewProtectionRuleSerializer(_StrictSerializer):
    """Branches to protect by their name."""

    pattern = _text("Such as release/* (* stands for any text).", required=True)
    ontology = _text(_ONTOLOGY)
    note = _text("Why.", longest=500)


class ProtectionRuleChangeSerializer(_StrictSerializer):
    """Why."""

    note = serializers.CharField(max_length=500, allow_blank=True)


class ProtectionRuleSerializer(serializers.Serializer[Any]):
    """Branches that are protected by their name."""

    id = serializers.CharField()
    ontology = serializers.CharField(allow_blank=True)
    pattern = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_blank=True)


class ProtectionRulePageSerializer(serializers.Serializer[Any]):
    """A page of rules that protect branches."""

    items = ProtectionRuleSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewAttributeRuleSerializer(_StrictSerializer):
    """How sensitive the values are that a role, a user or a group sees."""

    level = serializers.ChoiceField(choices=list(SENSITIVITIES))
    role = serializers.ChoiceField(
        choices=["", *_ROLES], required=False, allow_blank=True, default=""
    )
    user = _text("User or service account.", longest=150)
    group = _text("Group.", longest=150)
    ontology = _text(_ONTOLOGY)
    object_type = _text("Name of an object type, its subtypes too; empty: every type.")
    property_name = _text("Name of a property; empty: every property.")
    note = _text("Why.", longest=500)


class AttributeRuleChangeSerializer(_StrictSerializer):
    """Another level, another note."""

    level = serializers.ChoiceField(choices=list(SENSITIVITIES), required=False)
    note = serializers.CharField(max_length=500, allow_blank=True, required=False)


class AttributeRuleSerializer(serializers.Serializer[Any]):
    """How sensitive the values are that a role, a user or a group sees."""

    id = serializers.CharField()
    role = serializers.CharField(allow_blank=True)
    user = serializers.CharField(allow_blank=True)
    group = serializers.CharField(allow_blank=True)
    ontology = serializers.CharField(allow_blank=True)
    object_type = serializers.CharField(allow_blank=True)
    property_name = serializers.CharField(allow_blank=True)
    level = serializers.ChoiceField(choices=list(SENSITIVITIES))
    note = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_blank=True)


class AttributeRulePageSerializer(serializers.Serializer[Any]):
    """A page of rules about sensitive values."""

    items = AttributeRuleSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class NewActionPolicySerializer(_StrictSerializer):
    """Whether a role, a user or a group may run an action."""

    allowed = serializers.BooleanField(
        required=False, default=True, help_text="false: may not, whatever roles allow."
    )
    role = serializers.ChoiceField(
        choices=["", *_ROLES], required=False, allow_blank=True, default=""
    )
    user = _text("User or service account.", longest=150)
    group = _text("Group.", longest=150)
    ontology = _text(_ONTOLOGY)
    action = _text("Name of an action type; empty: every action.")
    branch = _text(
        "Branches, such as main or release/* (* stands for any text), protected ones too; "
        "empty: all that are not protected."
    )
    note = _text("Why.", longest=500)


class ActionPolicyChangeSerializer(_StrictSerializer):
    """Another answer, another note."""

    allowed = serializers.BooleanField(required=False)
    note = serializers.CharField(max_length=500, allow_blank=True, required=False)


class ActionPolicySerializer(serializers.Serializer[Any]):
    """Whether a role, a user or a group may run an action."""

    id = serializers.CharField()
    allowed = serializers.BooleanField()
    role = serializers.CharField(allow_blank=True)
    user = serializers.CharField(allow_blank=True)
    group = serializers.CharField(allow_blank=True)
    ontology = serializers.CharField(allow_blank=True)
    action = serializers.CharField(allow_blank=True)
    branch = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_blank=True)


class ActionPolicyPageSerializer(serializers.Serializer[Any]):
    """A page of rules about who runs which action."""

    items = ActionPolicySerializer(many=True)
    next = serializers.CharField(allow_null=True)


class RoleEntrySerializer(serializers.Serializer[Any]):
    """What a role allows."""

    role = serializers.ChoiceField(choices=_ROLES)
    permissions = serializers.ListField(
        child=serializers.ChoiceField(choices=list(permissions.ALL))
    )
    clearance = serializers.ChoiceField(choices=list(SENSITIVITIES))


class RoleTableSerializer(serializers.Serializer[Any]):
    """Every role: those that include each other, weakest first, then the others."""

    items = RoleEntrySerializer(many=True)


class ExplanationSerializer(serializers.Serializer[Any]):
    """Why somebody may do something, or may not."""

    user = serializers.CharField()
    permission = serializers.ChoiceField(choices=list(permissions.ALL))
    ontology = serializers.CharField(allow_blank=True)
    branch = serializers.CharField(allow_blank=True)
    action = serializers.CharField(allow_blank=True)
    allowed = serializers.BooleanField()
    reason = serializers.CharField(help_text="“allowed because …” or “denied because …”")
    steps = serializers.ListField(child=serializers.CharField())
    sees = serializers.DictField(
        child=serializers.BooleanField(),
        help_text="Sensitivity → whether such values are shown; empty without an ontology.",
    )
    sees_reason = serializers.CharField(allow_blank=True)
