"""Users, groups and service accounts, for administrators of identities."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms_project.api.pages import PAGE_PARAMETERS, page_request, page_response
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.routes import EVERY_METHOD, Declaration
from oms_project.identity import selectors, services
from oms_project.identity.api.serializers.accounts import (
    GroupRequestSerializer,
    GroupSerializer,
    NewSecretSerializer,
    NewUserSerializer,
    RotateSerializer,
    ServiceAccountChangeSerializer,
    ServiceAccountRequestSerializer,
    ServiceAccountSerializer,
    SetPasswordSerializer,
    UserChangeSerializer,
    UserSerializer,
)
from oms_project.identity.api.views.common import read, shown

__all__ = [
    "GroupView",
    "GroupsView",
    "MemberView",
    "SecretView",
    "SecretsView",
    "ServiceAccountView",
    "ServiceAccountsView",
    "UserPasswordView",
    "UserView",
    "UsersView",
]

_ADMINISTRATORS: Declaration = {EVERY_METHOD: permissions.IDENTITY_ADMINISTER}
_SEARCH = OpenApiParameter(
    "q", str, description="Only those that have this text in a name, without regard to case."
)
_DONE = {204: OpenApiResponse(description="Done.")}


class UserListSerializer(serializers.Serializer[Any]):
    """A page of people."""

    items = UserSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class GroupListSerializer(serializers.Serializer[Any]):
    """A page of groups."""

    items = GroupSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ServiceAccountListSerializer(serializers.Serializer[Any]):
    """A page of service accounts."""

    items = ServiceAccountSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class UsersView(APIView):
    """People who may sign in."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"],
        operation_id="identity_users",
        summary="Users",
        description="By name, in pages.",
        parameters=[*PAGE_PARAMETERS, _SEARCH],
        responses=UserListSerializer,
    )
    def get(self, request: Request) -> Response:
        limit, cursor = page_request(request)
        page = selectors.list_users(q=request.query_params.get("q", ""), limit=limit, cursor=cursor)
        return page_response(request, page, partial(shown, UserSerializer))

    @extend_schema(
        tags=["identity"],
        operation_id="identity_user_create",
        summary="Make a user",
        request=NewUserSerializer,
        responses={201: UserSerializer},
    )
    def post(self, request: Request) -> Response:
        made = services.create_user(**read(NewUserSerializer, request))
        return Response(shown(UserSerializer, made), status=201)


class UserView(APIView):
    """One person."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"], operation_id="identity_user", summary="A user", responses=UserSerializer
    )
    def get(self, _request: Request, username: str) -> Response:
        # Whoever administers one ontology comes as far as this; people are not an ontology's.
        authorizer.check(current_actor(), permissions.IDENTITY_ADMINISTER)
        return Response(shown(UserSerializer, selectors.get_user(username=username)))

    @extend_schema(
        tags=["identity"],
        operation_id="identity_user_change",
        summary="Rename a user, or shut it out",
        request=UserChangeSerializer,
        responses=UserSerializer,
    )
    def patch(self, request: Request, username: str) -> Response:
        form = read(UserChangeSerializer, request)
        active = form.pop("is_active", None)
        changed = services.change_user(username=username, active=active, **form)
        return Response(shown(UserSerializer, changed))


class UserPasswordView(APIView):
    """Somebody's password."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"],
        operation_id="identity_user_password",
        summary="Give a user a new password; the user's sessions end",
        request=SetPasswordSerializer,
        responses=_DONE,
    )
    def put(self, request: Request, username: str) -> Response:
        form = read(SetPasswordSerializer, request)
        services.set_password(username=username, password=form["password"])
        return Response(status=204)


class GroupsView(APIView):
    """Groups hold roles together."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"],
        operation_id="identity_groups",
        summary="Groups",
        description="By name, in pages.",
        parameters=PAGE_PARAMETERS,
        responses=GroupListSerializer,
    )
    def get(self, request: Request) -> Response:
        limit, cursor = page_request(request)
        page = selectors.list_groups(limit=limit, cursor=cursor)
        return page_response(request, page, partial(shown, GroupSerializer))

    @extend_schema(
        tags=["identity"],
        operation_id="identity_group_create",
        summary="Make a group",
        request=GroupRequestSerializer,
        responses={201: GroupSerializer},
    )
    def post(self, request: Request) -> Response:
        form = read(GroupRequestSerializer, request)
        return Response(shown(GroupSerializer, services.create_group(**form)), status=201)


class GroupView(APIView):
    """One group."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"],
        operation_id="identity_group_delete",
        summary="Delete a group with the roles that it holds",
        responses=_DONE,
    )
    def delete(self, _request: Request, name: str) -> Response:
        services.delete_group(name=name)
        return Response(status=204)


class MemberView(APIView):
    """Somebody in a group."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"],
        operation_id="identity_group_add",
        summary="Put somebody into a group",
        request=None,
        responses=GroupSerializer,
    )
    def put(self, _request: Request, name: str, username: str) -> Response:
        return Response(shown(GroupSerializer, services.add_to_group(name=name, username=username)))

    @extend_schema(
        tags=["identity"],
        operation_id="identity_group_remove",
        summary="Take somebody out of a group",
        responses={200: GroupSerializer},
    )
    def delete(self, _request: Request, name: str, username: str) -> Response:
        return Response(
            shown(GroupSerializer, services.remove_from_group(name=name, username=username))
        )


class ServiceAccountsView(APIView):
    """Programs that sign in with a client id and a secret."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"],
        operation_id="identity_service_accounts",
        summary="Service accounts",
        description="By name, in pages.",
        parameters=[*PAGE_PARAMETERS, _SEARCH],
        responses=ServiceAccountListSerializer,
    )
    def get(self, request: Request) -> Response:
        limit, cursor = page_request(request)
        page = selectors.list_service_accounts(
            q=request.query_params.get("q", ""), limit=limit, cursor=cursor
        )
        return page_response(request, page, partial(shown, ServiceAccountSerializer))

    @extend_schema(
        tags=["identity"],
        operation_id="identity_service_account_create",
        summary="Make a service account; the answer alone shows its secret",
        request=ServiceAccountRequestSerializer,
        responses={201: NewSecretSerializer},
    )
    def post(self, request: Request) -> Response:
        made = services.create_service_account(**read(ServiceAccountRequestSerializer, request))
        return Response(shown(NewSecretSerializer, made), status=201)


class ServiceAccountView(APIView):
    """One service account."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"],
        operation_id="identity_service_account",
        summary="A service account",
        responses=ServiceAccountSerializer,
    )
    def get(self, _request: Request, client_id: str) -> Response:
        found = selectors.get_service_account(client_id=client_id)
        return Response(shown(ServiceAccountSerializer, found))

    @extend_schema(
        tags=["identity"],
        operation_id="identity_service_account_change",
        summary="Take a service account out of use, or back",
        request=ServiceAccountChangeSerializer,
        responses=ServiceAccountSerializer,
    )
    def patch(self, request: Request, client_id: str) -> Response:
        form = read(ServiceAccountChangeSerializer, request)
        changed = services.set_service_account_active(client_id=client_id, active=form["is_active"])
        return Response(shown(ServiceAccountSerializer, changed))


class SecretsView(APIView):
    """Secrets of a service account."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"],
        operation_id="identity_secret_rotate",
        summary="Make a new secret; the answer alone shows it",
        request=RotateSerializer,
        responses={201: NewSecretSerializer},
    )
    def post(self, request: Request, client_id: str) -> Response:
        form = read(RotateSerializer, request)
        seconds = form.get("grace_seconds")
        made = services.rotate_secret(
            client_id=client_id,
            expires_at=form.get("expires_at"),
            grace=None if seconds is None else timedelta(seconds=seconds),
        )
        return Response(shown(NewSecretSerializer, made), status=201)


class SecretView(APIView):
    """One secret."""

    required_permissions: ClassVar[Declaration] = _ADMINISTRATORS

    @extend_schema(
        tags=["identity"],
        operation_id="identity_secret_revoke",
        summary="Let a secret hold no more",
        responses={200: ServiceAccountSerializer},
    )
    def delete(self, _request: Request, client_id: str, secret_id: int) -> Response:
        left = services.revoke_secret(client_id=client_id, secret_id=secret_id)
        return Response(shown(ServiceAccountSerializer, left))
