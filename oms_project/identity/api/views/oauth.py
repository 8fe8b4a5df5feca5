"""The OAuth 2 token endpoint (RFC 6749), token exchange (RFC 8693) and revocation (RFC 7009)."""

from __future__ import annotations

import base64
import binascii
from typing import Any, ClassVar, Final
from urllib.parse import unquote_plus

from django.http import QueryDict
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions as drf
from rest_framework.authentication import SessionAuthentication
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms_project.api.json import ExactJSONParser
from oms_project.core.errors import Invalid
from oms_project.core.routes import PUBLIC, Declaration
from oms_project.identity import selectors, services
from oms_project.identity.api.authentication import BearerAuthentication
from oms_project.identity.api.serializers.tokens import (
    OAuthErrorSerializer,
    OAuthRequestSerializer,
    OAuthTokenSerializer,
    RevokeSerializer,
)
from oms_project.identity.contract import (
    BadCredentials,
    BadToken,
    DelegationRefused,
)
from oms_project.identity.tokens import Tokens, issuer, read_token

__all__ = ["EXCHANGE", "OAuthTokenView", "RevokeView"]

EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a name
_TOKEN_TYPES: Final = (_ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt")


class OAuthError(Exception):
    """Refused in the words of RFC 6749, 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


class OAuthTokenView(APIView):
    """Trade client credentials, a refresh token, or client credentials and a user's consent for an
    access token.
    """

    authentication_classes = []
    permission_classes = []
    parser_classes = [FormParser]
    required_permissions: ClassVar[Declaration] = {"POST": PUBLIC("this is where services sign in")}

    @extend_schema(
        tags=["auth"],
        operation_id="auth_oauth_token",
        summary="OAuth 2 token endpoint",
        request={"application/x-www-form-urlencoded": OAuthRequestSerializer},
        responses={
            200: OAuthTokenSerializer,
            400: OAuthErrorSerializer,
            401: OAuthErrorSerializer,
        },
    )
    def post(self, request: Request) -> Response:
        form = _form(request)
        grant_type = form.get("grant_type", "")
        match grant_type:
            case "client_credentials":
                _refuse_scope(form)
                client_id, secret = _client(request, form)
                return _answer(
                    services.sign_in_client(client_id=client_id, secret=secret, issue=issuer())
                )
            case "refresh_token":
                return _answer(_refresh(form))
            case _ if grant_type == EXCHANGE:
                try:
                    tokens = _exchange(request, form)
                except (BadToken, DelegationRefused) as error:  # so RFC 8693, 2.2.2
                    raise OAuthError("invalid_request", str(error)) from error
                return _answer(tokens, issued_token_type=_ACCESS_TOKEN)
            case "":
                raise OAuthError("invalid_request", "grant_type is missing.")
            case _:
                raise OAuthError("unsupported_grant_type", "That grant_type is not offered here.")

    def handle_exception(self, exc: Exception) -> Response:
        """Errors in the shape that OAuth clients read; what concerns all doors stays a problem."""
        match exc:
            case OAuthError():
                refused = exc
            case BadCredentials():
                refused = OAuthError("invalid_client", str(exc), 401)
            case BadToken():
                refused = OAuthError("invalid_grant", str(exc))
            case drf.ParseError() | drf.UnsupportedMediaType():
                refused = OAuthError("invalid_request", "Send a form.")
            case _:
                return super().handle_exception(exc)
        headers = {"Cache-Control": "no-store"}
        if refused.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="oms"'
        return Response(
            {"error": refused.error, "error_description": refused.description},
            status=refused.status,
            headers=headers,
        )


class RevokeView(APIView):
    """Take back a token (RFC 7009), or an access token by its id. A token that does not hold is
    as good as taken back: the answer is 200.
    """

    authentication_classes = [BearerAuthentication, SessionAuthentication]
    permission_classes = []
    parser_classes = [FormParser, ExactJSONParser]
    required_permissions: ClassVar[Declaration] = {
        "POST": PUBLIC("who holds a token may take it back; by its id, the service asks who it is")
    }

    @extend_schema(
        tags=["auth"],
        operation_id="auth_revoke",
        summary="Take back a token",
        request={
            "application/x-www-form-urlencoded": RevokeSerializer,
            "application/json": RevokeSerializer,
        },
        responses={200: OpenApiResponse(response={"type": "object"}, description="Taken back.")},
    )
    def post(self, request: Request) -> Response:
        serializer = RevokeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token, jti = (serializer.validated_data.get(name) for name in ("token", "jti"))
        if bool(token) == bool(jti):
            raise Invalid("Name a token or a jti.", code="invalid")
        if jti:
            services.revoke_token_id(token_id=jti)
            return Response({})
        try:
            claims = read_token(token, token_type=None)
        except BadToken:
            return Response({})
        services.revoke_token(claims=claims)
        return Response({})


def _form(request: Request) -> dict[str, str]:
    data = request.data
    if not isinstance(data, QueryDict):  # no body at all
        return {}
    twice = [name for name in data if len(data.getlist(name)) > 1]
    if twice:
        raise OAuthError("invalid_request", "A parameter stands twice.")
    # An empty parameter is one that was left out (RFC 6749, 3.2).
    return {name: str(value) for name, value in data.items() if value}


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Client id and secret, from HTTP Basic or from the form, and not from both."""
    scheme, _space, encoded = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "basic":
        if "client_secret" in form:
            raise OAuthError("invalid_request", "Send the client's credentials once.")
        try:
            text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except (ValueError, binascii.Error) as error:
            raise OAuthError("invalid_client", "The Basic credentials are malformed.", 401) from (
                error
            )
        client_id, colon, secret = text.partition(":")
        if not colon:
            raise OAuthError("invalid_client", "The Basic credentials are malformed.", 401)
        client_id, secret = unquote_plus(client_id), unquote_plus(secret)
        if form.get("client_id", client_id) != client_id:
            raise OAuthError("invalid_request", "The client ids differ.")
        found = client_id, secret
    else:
        found = form.get("client_id", ""), form.get("client_secret", "")
    if not all(found):
        raise OAuthError("invalid_client", "Client id and secret are missing.", 401)
    if any("\x00" in part for part in found):
        raise OAuthError("invalid_client", "The client's credentials are malformed.", 401)
    return found


def _refresh(form: dict[str, str]) -> Tokens:
    _refuse_scope(form)
    token = form.get("refresh_token")
    if token is None:
        raise OAuthError("invalid_request", "refresh_token is missing.")
    claims = read_token(token, token_type="refresh")  # noqa: S106 - a kind of token
    return services.renew_session(claims=claims, issue=issuer())


def _exchange(request: Request, form: dict[str, str]) -> Tokens:
    _refuse_scope(form)
    if form.get("requested_token_type", _ACCESS_TOKEN) not in _TOKEN_TYPES:
        raise OAuthError("invalid_request", "Only access tokens are issued.")
    if "actor_token" in form or "actor_token_type" in form:
        raise OAuthError("invalid_request", "The client itself is the actor: no actor_token.")
    if form.get("audience", "oms") != "oms" or "resource" in form:
        raise OAuthError("invalid_target", "Tokens are for this service only.")
    client_id, secret = _client(request, form)
    subject = form.get("requested_subject", "")
    if "subject_token" in form:
        if form.get("subject_token_type") not in _TOKEN_TYPES:
            raise OAuthError("invalid_request", "subject_token_type must be that of access tokens.")
        holder = selectors.holder_of(read_token(form["subject_token"]))
        if holder.actor.kind != "user" or holder.actor.on_behalf_of is not None:
            raise OAuthError("invalid_request", "The subject_token must be a person's own.")
        if subject not in {"", holder.actor.id}:
            raise OAuthError("invalid_request", "subject_token and requested_subject differ.")
        subject = holder.actor.id
    if not subject and "delegation" not in form:
        raise OAuthError(
            "invalid_request", "Name a subject_token, a requested_subject or a delegation."
        )
    return services.exchange_token(
        client_id=client_id,
        secret=secret,
        issue=issuer(),
        subject=subject,
        delegation=form.get("delegation", ""),
    )


def _refuse_scope(form: dict[str, str]) -> None:
    if "scope" in form:
        raise OAuthError("invalid_scope", "There are no scopes: roles and delegations decide.")


def _answer(tokens: Tokens, **more: Any) -> Response:
    body = {
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": tokens.expires_in,
        **more,
    }
    if tokens.refresh:
        body["refresh_token"] = tokens.refresh
    return Response(body, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
