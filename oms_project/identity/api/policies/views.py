"""Roles and rules: list, make, change, delete; and why somebody may do something."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from oms_project.api.pages import PAGE_PARAMETERS, page_request, page_response
from oms_project.core.authorization import SENSITIVITIES, permissions
from oms_project.core.errors import BadRequest
from oms_project.core.routes import AUTHENTICATED, Declaration
from oms_project.identity.api.policies import serializers as shapes
from oms_project.identity.contract import Role
from oms_project.identity.domain import ROLE_CLEARANCE, ROLE_PERMISSIONS
from oms_project.identity.selectors import explaining
from oms_project.identity.selectors import policies as selectors
from oms_project.identity.services import policies as services

__all__ = [
    "ActionRuleView",
    "ActionRulesView",
    "AttributeRuleView",
    "AttributeRulesView",
    "ExplainView",
    "ProtectionRuleView",
    "ProtectionRulesView",
    "RoleBindingView",
    "RoleBindingsView",
    "RolesView",
]

_LIST: Declaration = {"GET": permissions.POLICY_READ, "POST": permissions.POLICY_ADMINISTER}
_ONE: Declaration = {
    "GET": permissions.POLICY_READ,
    "PATCH": permissions.POLICY_ADMINISTER,
    "DELETE": permissions.POLICY_ADMINISTER,
}
_ONTOLOGY = OpenApiParameter(
    "ontology", str, description="Only those for this ontology; empty: those for every one."
)
_TAGS = ["policies"]


def _body(request: Request, shape: type[Serializer[Any]]) -> dict[str, Any]:
    body = shape(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def _known(request: Request, *names: str) -> None:
    unknown = sorted(set(request.query_params) - set(names))
    if unknown:
        raise BadRequest(
            f"There is no parameter {unknown[0][:100]!r}; there are {', '.join(names)}.",
            errors=[{"parameter": name[:100], "message": "Not known."} for name in unknown[:20]],
        )


class RoleBindingsView(APIView):
    """``policies/role-bindings``."""

    required_permissions: ClassVar[Declaration] = _LIST

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_role_bindings_list",
        summary="List the roles that are held",
        description="In the order in which they were given. Who sees the policies of some "
        "ontologies only, sees the roles for those.",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter("user", str, description="Only those that this user holds directly."),
            OpenApiParameter("group", str, description="Only those that this group holds."),
            OpenApiParameter("role", str, enum=[role.value for role in Role]),
            _ONTOLOGY,
        ],
        responses=shapes.RoleBindingPageSerializer,
    )
    def get(self, request: Request) -> Response:
        _known(request, "limit", "cursor", "user", "group", "role", "ontology")
        limit, cursor = page_request(request)
        page = selectors.list_role_bindings(
            user=request.query_params.get("user", ""),
            group=request.query_params.get("group", ""),
            role=request.query_params.get("role", ""),
            ontology=request.query_params.get("ontology"),
            limit=limit,
            cursor=cursor,
        )
        return page_response(request, page, asdict)

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_role_bindings_create",
        summary="Give a role",
        description="To a user, a service account or a group. Nobody gives more than he holds.",
        request=shapes.NewRoleBindingSerializer,
        responses={201: shapes.RoleBindingSerializer},
    )
    def post(self, request: Request) -> Response:
        body = _body(request, shapes.NewRoleBindingSerializer)
        body["role"] = Role(body["role"])
        return Response(asdict(services.create_role_binding(**body)), status=201)


class RoleBindingView(APIView):
    """``policies/role-bindings/{id}``."""

    required_permissions: ClassVar[Declaration] = _ONE

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_role_bindings_get",
        summary="Look at a role that is held",
        responses=shapes.RoleBindingSerializer,
    )
    def get(self, _request: Request, policy_id: str) -> Response:
        return Response(asdict(selectors.get_role_binding(binding_id=policy_id)))

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_role_bindings_update",
        summary="Say until when a role is held",
        request=shapes.RoleBindingChangeSerializer,
        responses=shapes.RoleBindingSerializer,
    )
    def patch(self, request: Request, policy_id: str) -> Response:
        body = _body(request, shapes.RoleBindingChangeSerializer)
        return Response(asdict(services.update_role_binding(binding_id=policy_id, **body)))

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_role_bindings_delete",
        summary="Take a role away",
        description="It is gone at once. The last administrator stays (409, `last_administrator`).",
        responses={204: None},
    )
    def delete(self, _request: Request, policy_id: str) -> Response:
        services.delete_role_binding(binding_id=policy_id)
        return Response(status=204)


class ProtectionRulesView(APIView):
    """``policies/protection-rules``."""

    required_permissions: ClassVar[Declaration] = _LIST

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_protection_rules_list",
        summary="List the rules that protect branches",
        parameters=[*PAGE_PARAMETERS, _ONTOLOGY],
        responses=shapes.ProtectionRulePageSerializer,
    )
    def get(self, request: Request) -> Response:
        _known(request, "limit", "cursor", "ontology")
        limit, cursor = page_request(request)
        page = selectors.list_protection_rules(
            ontology=request.query_params.get("ontology"), limit=limit, cursor=cursor
        )
        return page_response(request, page, asdict)

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_protection_rules_create",
        summary="Protect branches by their name",
        description="Who changes, makes or deletes such a branch needs `ontology.merge` as well.",
        request=shapes.NewProtectionRuleSerializer,
        responses={201: shapes.ProtectionRuleSerializer},
    )
    def post(self, request: Request) -> Response:
        body = _body(request, shapes.NewProtectionRuleSerializer)
        return Response(asdict(services.create_protection_rule(**body)), status=201)


class ProtectionRuleView(APIView):
    """``policies/protection-rules/{id}``."""

    required_permissions: ClassVar[Declaration] = _ONE

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_protection_rules_get",
        summary="Look at a rule that protects branches",
        responses=shapes.ProtectionRuleSerializer,
    )
    def get(self, _request: Request, policy_id: str) -> Response:
        return Response(asdict(selectors.get_protection_rule(rule_id=policy_id)))

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_protection_rules_update",
        summary="Say why branches are protected",
        request=shapes.ProtectionRuleChangeSerializer,
        responses=shapes.ProtectionRuleSerializer,
    )
    def patch(self, request: Request, policy_id: str) -> Response:
        body = _body(request, shapes.ProtectionRuleChangeSerializer)
        return Response(asdict(services.update_protection_rule(rule_id=policy_id, **body)))

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_protection_rules_delete",
        summary="Protect branches no more",
        responses={204: None},
    )
    def delete(self, _request: Request, policy_id: str) -> Response:
        services.delete_protection_rule(rule_id=policy_id)
        return Response(status=204)


class AttributeRulesView(APIView):
    """``policies/attribute-rules``."""

    required_permissions: ClassVar[Declaration] = _LIST

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_attribute_rules_list",
        summary="List the rules about sensitive values",
        parameters=[*PAGE_PARAMETERS, _ONTOLOGY],
        responses=shapes.AttributeRulePageSerializer,
    )
    def get(self, request: Request) -> Response:
        _known(request, "limit", "cursor", "ontology")
        limit, cursor = page_request(request)
        page = selectors.list_attribute_rules(
            ontology=request.query_params.get("ontology"), limit=limit, cursor=cursor
        )
        return page_response(request, page, asdict)

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_attribute_rules_create",
        summary="Say who sees what values",
        description="Of everything, of an object type, or of a property. Nobody shows others "
        "more than he sees himself.",
        request=shapes.NewAttributeRuleSerializer,
        responses={201: shapes.AttributeRuleSerializer},
    )
    def post(self, request: Request) -> Response:
        body = _body(request, shapes.NewAttributeRuleSerializer)
        return Response(asdict(services.create_attribute_rule(**body)), status=201)


class AttributeRuleView(APIView):
    """``policies/attribute-rules/{id}``."""

    required_permissions: ClassVar[Declaration] = _ONE

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_attribute_rules_get",
        summary="Look at a rule about sensitive values",
        responses=shapes.AttributeRuleSerializer,
    )
    def get(self, _request: Request, policy_id: str) -> Response:
        return Response(asdict(selectors.get_attribute_rule(rule_id=policy_id)))

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_attribute_rules_update",
        summary="Change a rule about sensitive values",
        request=shapes.AttributeRuleChangeSerializer,
        responses=shapes.AttributeRuleSerializer,
    )
    def patch(self, request: Request, policy_id: str) -> Response:
        body = _body(request, shapes.AttributeRuleChangeSerializer)
        return Response(asdict(services.update_attribute_rule(rule_id=policy_id, **body)))

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_attribute_rules_delete",
        summary="Delete a rule about sensitive values",
        responses={204: None},
    )
    def delete(self, _request: Request, policy_id: str) -> Response:
        services.delete_attribute_rule(rule_id=policy_id)
        return Response(status=204)


class ActionRulesView(APIView):
    """``policies/action-rules``."""

    required_permissions: ClassVar[Declaration] = _LIST

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_action_rules_list",
        summary="List the rules about who runs which action",
        parameters=[*PAGE_PARAMETERS, _ONTOLOGY],
        responses=shapes.ActionPolicyPageSerializer,
    )
    def get(self, request: Request) -> Response:
        _known(request, "limit", "cursor", "ontology")
        limit, cursor = page_request(request)
        page = selectors.list_action_rules(
            ontology=request.query_params.get("ontology"), limit=limit, cursor=cursor
        )
        return page_response(request, page, asdict)

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_action_rules_create",
        summary="Say who may run an action, or may not",
        description="A rule holds before what roles allow, the closest first: about the user, the "
        "group, the role; and what forbids before what allows.",
        request=shapes.NewActionPolicySerializer,
        responses={201: shapes.ActionPolicySerializer},
    )
    def post(self, request: Request) -> Response:
        body = _body(request, shapes.NewActionPolicySerializer)
        return Response(asdict(services.create_action_rule(**body)), status=201)


class ActionRuleView(APIView):
    """``policies/action-rules/{id}``."""

    required_permissions: ClassVar[Declaration] = _ONE

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_action_rules_get",
        summary="Look at a rule about who runs an action",
        responses=shapes.ActionPolicySerializer,
    )
    def get(self, _request: Request, policy_id: str) -> Response:
        return Response(asdict(selectors.get_action_rule(rule_id=policy_id)))

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_action_rules_update",
        summary="Change a rule about who runs an action",
        request=shapes.ActionPolicyChangeSerializer,
        responses=shapes.ActionPolicySerializer,
    )
    def patch(self, request: Request, policy_id: str) -> Response:
        body = _body(request, shapes.ActionPolicyChangeSerializer)
        return Response(asdict(services.update_action_rule(rule_id=policy_id, **body)))

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_action_rules_delete",
        summary="Delete a rule about who runs an action",
        responses={204: None},
    )
    def delete(self, _request: Request, policy_id: str) -> Response:
        services.delete_action_rule(rule_id=policy_id)
        return Response(status=204)


class RolesView(APIView):
    """``policies/roles``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": AUTHENTICATED("the table of roles is in the guide as well")
    }

    @extend_schema(
        tags=_TAGS,
        operation_id="policies_roles",
        summary="What each role allows",
        responses=shapes.RoleTableSerializer,
    )
    def get(self, _request: Request) -> Response:
        return Response(
            {
                "items": [
                    {
                        "role": role.value,
                        "permissions": [
                            name for name in permissions.ALL if name in ROLE_PERMISSIONS[role]
                        ],
                        "clearance": ROLE_CLEARANCE[role],
                    }
                    for role in Role
                ]
            }
        )


class ExplainView(APIView):
    """``authorization/explain``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": AUTHENTICATED("about oneself; about others the service asks for policy.read")
    }

    @extend_schema(
        tags=_TAGS,
        operation_id="authorization_explain",
        summary="Why somebody may do something, or may not",
        description="About yourself, or for who sees policies about others.",
        parameters=[
            OpenApiParameter(
                "permission",
                str,
                enum=list(permissions.ALL),
                description="`ontology.read` when it is not named.",
            ),
            OpenApiParameter("ontology", str, description="Empty: in general."),
            OpenApiParameter("branch", str, description="Empty: no branch in particular."),
            OpenApiParameter(
                "action", str, description="Running which action, with `actions.run`."
            ),
            OpenApiParameter("object_type", str, description="Whose values it is about."),
            OpenApiParameter("property", str, description="Which values it is about."),
            OpenApiParameter(
                "sensitivity",
                str,
                enum=list(SENSITIVITIES),
                description="Of the values; then not seeing them is a denial, too.",
            ),
            OpenApiParameter("user", str, description="About whom; empty: about yourself."),
        ],
        responses=shapes.ExplanationSerializer,
    )
    def get(self, request: Request) -> Response:
        names = {
            "permission": "permission",
            "ontology": "ontology",
            "branch": "branch",
            "action": "action",
            "object_type": "object_type",
            "property": "property_name",
            "sensitivity": "sensitivity",
            "user": "username",
        }
        _known(request, *names)
        asked = {
            argument: value
            for name, argument in names.items()
            if (value := request.query_params.get(name, ""))
        }
        return Response(asdict(explaining.explain(**asked)))
