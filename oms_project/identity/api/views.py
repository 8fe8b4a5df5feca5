"""Sign in, renew, check, and who am I."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.views import (
    TokenObtainPairView,
    TokenRefreshView,
    TokenVerifyView,
)

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.routes import AUTHENTICATED, PUBLIC, Declaration
from oms_project.identity import selectors
from oms_project.identity.api.serializers import MeSerializer, RefreshSerializer

__all__ = ["MeView", "RefreshView", "TokenView", "VerifyView"]


class TokenView(TokenObtainPairView):
    """Trade a user name and a password for an access token and a refresh token."""

    required_permissions: ClassVar[Declaration] = {"POST": PUBLIC("this is where one signs in")}

    @extend_schema(
        tags=["auth"],
        operation_id="auth_token",
        summary="Sign in",
        examples=[
            OpenApiExample(
                "credentials",
                value={"username": "admin", "password": "what `make run` printed"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().post(request, *args, **kwargs)


class RefreshView(TokenRefreshView):
    """Trade a refresh token for a new access token."""

    required_permissions: ClassVar[Declaration] = {"POST": PUBLIC("the refresh token is the proof")}
    serializer_class = RefreshSerializer

    @extend_schema(tags=["auth"], operation_id="auth_refresh", summary="Renew the access token")
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().post(request, *args, **kwargs)


class VerifyView(TokenVerifyView):
    """Say whether a token is genuine and has not expired: 200, or 401."""

    required_permissions: ClassVar[Declaration] = {
        "POST": PUBLIC("who holds a token may ask whether it holds")
    }

    @extend_schema(
        tags=["auth"],
        operation_id="auth_verify",
        summary="Check a token",
        responses={200: OpenApiResponse(response={"type": "object"}, description="It holds.")},
    )
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().post(request, *args, **kwargs)


class MeView(APIView):
    """The current user, with roles and permissions."""

    required_permissions: ClassVar[Declaration] = {"GET": AUTHENTICATED("it is about oneself")}

    @extend_schema(
        tags=["auth"], operation_id="auth_me", summary="Who am I", responses=MeSerializer
    )
    def get(self, _request: Request) -> Response:
        actor = current_actor()
        user = selectors.get_user(username=actor.username)
        return Response(
            {
                "id": user.id,
                "username": user.username,
                "display_name": user.display_name,
                "email": user.email,
                "roles": [
                    {"role": binding.role.value, "ontology": binding.ontology or None}
                    for binding in user.bindings
                ],
                "permissions": [
                    permission
                    for permission in permissions.ALL
                    if authorizer.ontologies(actor, permission) is None
                ],
            }
        )
