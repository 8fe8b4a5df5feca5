"""Sign in, renew, check, sign out, change one's password, and who am I."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.routes import AUTHENTICATED, PUBLIC, Declaration
from oms_project.identity import selectors, services
from oms_project.identity.api.serializers.tokens import (
    CredentialsSerializer,
    MeSerializer,
    PasswordSerializer,
    RefreshSerializer,
    TokenPairSerializer,
    TokenSerializer,
)
from oms_project.identity.api.views.common import read
from oms_project.identity.backends import sign_out_of_console
from oms_project.identity.contract import BadToken
from oms_project.identity.tokens import Tokens, issuer, read_token

__all__ = ["LogoutView", "MeView", "PasswordView", "RefreshView", "TokenView", "VerifyView"]

_REFRESH_REFUSED = "The refresh token is not valid or has expired: sign in again."


class TokenView(APIView):
    """Trade a user name and a password for an access token and a refresh token."""

    authentication_classes = []
    permission_classes = []
    required_permissions: ClassVar[Declaration] = {"POST": PUBLIC("this is where one signs in")}

    @extend_schema(
        tags=["auth"],
        operation_id="auth_token",
        summary="Sign in",
        request=CredentialsSerializer,
        responses=TokenPairSerializer,
        examples=[
            OpenApiExample(
                "credentials",
                value={"username": "admin", "password": "what `make run` printed"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        form = read(CredentialsSerializer, request)
        return _pair(
            services.sign_in(username=form["username"], password=form["password"], issue=issuer())
        )


class RefreshView(APIView):
    """Trade a refresh token for the next pair. Each refresh token is good once."""

    authentication_classes = []
    permission_classes = []
    required_permissions: ClassVar[Declaration] = {"POST": PUBLIC("a refresh token is the proof")}

    @extend_schema(
        tags=["auth"],
        operation_id="auth_refresh",
        summary="Renew the tokens",
        request=RefreshSerializer,
        responses=TokenPairSerializer,
    )
    def post(self, request: Request) -> Response:
        form = read(RefreshSerializer, request)
        try:
            claims = read_token(form["refresh"], token_type="refresh")  # noqa: S106 - a kind
        except BadToken as error:
            raise BadToken(_REFRESH_REFUSED) from error
        return _pair(services.renew_session(claims=claims, issue=issuer()))


class VerifyView(APIView):
    """Say whether a token is genuine, has not expired and was not taken back: 200, or 401."""

    authentication_classes = []
    permission_classes = []
    required_permissions: ClassVar[Declaration] = {"POST": PUBLIC("a token is the proof")}

    @extend_schema(
        tags=["auth"],
        operation_id="auth_verify",
        summary="Check a token",
        request=TokenSerializer,
        responses={200: OpenApiResponse(response={"type": "object"}, description="It holds.")},
    )
    def post(self, request: Request) -> Response:
        form = read(TokenSerializer, request)
        selectors.check_token(read_token(form["token"], token_type=None))
        return Response({})


class LogoutView(APIView):
    """End the session that the request belongs to, with all its tokens."""

    required_permissions: ClassVar[Declaration] = {
        "POST": AUTHENTICATED("everybody may leave; it ends the request's own session only")
    }

    @extend_schema(
        tags=["auth"],
        operation_id="auth_logout",
        summary="Sign out",
        request=None,
        responses={204: OpenApiResponse(description="Signed out.")},
    )
    def post(self, request: Request) -> Response:
        inner = request._request  # noqa: SLF001 - where the middleware left its finding
        session: str | None = getattr(inner, "oms_session_id", None)
        if session is None:
            sign_out_of_console(inner)
        else:
            services.sign_out(session=session)
        return Response(status=204)


class PasswordView(APIView):
    """Change one's own password. Every session ends: sign in again with the new one."""

    required_permissions: ClassVar[Declaration] = {
        "POST": AUTHENTICATED("it is one's own, and the current one is asked for")
    }

    @extend_schema(
        tags=["auth"],
        operation_id="auth_password",
        summary="Change my password",
        request=PasswordSerializer,
        responses={204: OpenApiResponse(description="Changed.")},
    )
    def post(self, request: Request) -> Response:
        form = read(PasswordSerializer, request)
        services.change_own_password(current=form["current_password"], new=form["new_password"])
        return Response(status=204)


class MeView(APIView):
    """The current user, with roles and permissions; of a delegate, also for whom it acts."""

    required_permissions: ClassVar[Declaration] = {
        "GET": AUTHENTICATED("it tells about nobody but who asks")
    }

    @extend_schema(
        tags=["auth"], operation_id="auth_me", summary="Who am I", responses=MeSerializer
    )
    def get(self, _request: Request) -> Response:
        actor = current_actor()
        user = selectors.get_user(username=actor.username)
        party = actor.on_behalf_of
        return Response(
            {
                "id": user.id,
                "username": user.username,
                "display_name": user.display_name,
                "email": user.email,
                "kind": actor.kind,
                "on_behalf_of": party
                and {
                    "id": party.id,
                    "username": party.username,
                    "display_name": party.display_name,
                },
                "reason": actor.reason,
                "roles": [
                    {"role": binding.role.value, "ontology": binding.ontology or None}
                    for binding in user.bindings
                ],
                "permissions": [
                    permission
                    for permission in permissions.ALL
                    if authorizer.decide(actor, permission).allowed
                ],
            }
        )


def _pair(tokens: Tokens) -> Response:
    return Response(
        {"access": tokens.access, "refresh": tokens.refresh, "expires_in": tokens.expires_in}
    )
