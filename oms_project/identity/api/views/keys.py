"""What others need to verify our tokens: the public keys, and where everything is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms_project.core.keys import keyring
from oms_project.core.routes import PUBLIC, Declaration, requires
from oms_project.identity.api.views.oauth import EXCHANGE

__all__ = ["JwksView", "jwks", "metadata"]

#: Seconds that others may keep the keys: a new one is known everywhere after that.
MAX_AGE = 300


def key_set() -> dict[str, Any]:
    """The public keys that tokens may be signed with (RFC 7517). A shared secret is none."""
    if settings.SIMPLE_JWT["ALGORITHM"].startswith("HS"):
        return {"keys": []}
    keys = keyring.public_keys("token").values()
    return {"keys": [key.jwk() for key in keys if key.revoked is None]}


class JwksView(APIView):
    """The public keys that verify tokens, as a JSON Web Key Set."""

    authentication_classes = []
    permission_classes = []
    required_permissions: ClassVar[Declaration] = {"GET": PUBLIC("public keys are public")}

    @extend_schema(
        tags=["auth"],
        operation_id="auth_jwks",
        summary="Public keys of tokens",
        responses={
            200: {
                "type": "object",
                "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
            }
        },
    )
    def get(self, _request: Request) -> Response:
        return Response(key_set(), headers={"Cache-Control": f"public, max-age={MAX_AGE}"})


@requires(PUBLIC("public keys are public"))
@require_safe
@cache_control(public=True, max_age=MAX_AGE)
def jwks(_request: HttpRequest) -> HttpResponse:
    """``/.well-known/jwks.json``."""
    return JsonResponse(key_set())


@requires(PUBLIC("it says where one signs in"))
@require_safe
@cache_control(public=True, max_age=MAX_AGE)
def metadata(request: HttpRequest) -> HttpResponse:
    """``/.well-known/oauth-authorization-server`` (RFC 8414): what is there, and no more."""

    def at(path: str) -> str:
        return request.build_absolute_uri(path)

    return JsonResponse(
        {
            "issuer": at("/").rstrip("/"),
            "token_endpoint": at("/api/v1/auth/oauth/token"),
            "revocation_endpoint": at("/api/v1/auth/revoke"),
            "jwks_uri": at("/.well-known/jwks.json"),
            "grant_types_supported": ["client_credentials", "refresh_token", EXCHANGE],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "response_types_supported": [],
            "service_documentation": at("/api/v1/docs"),
        }
    )
