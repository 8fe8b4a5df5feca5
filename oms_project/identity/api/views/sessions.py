"""Sessions and delegations: one's own, and everybody's for administrators of identities."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms_project.api.pages import PAGE_PARAMETERS, page_request, page_response
from oms_project.core.routes import AUTHENTICATED, Declaration
from oms_project.identity import selectors, services
from oms_project.identity.api.serializers.accounts import (
    DelegationRequestSerializer,
    DelegationSerializer,
)
from oms_project.identity.api.serializers.tokens import SessionSerializer
from oms_project.identity.api.views.common import flag, read, shown

__all__ = ["DelegationView", "DelegationsView", "SessionView", "SessionsView"]

_GONE = {204: OpenApiResponse(description="It has ended.")}
_ENDED = OpenApiParameter("ended", bool, description="Those that are over as well.")


class SessionListSerializer(serializers.Serializer[Any]):
    """A page of sessions."""

    items = SessionSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class DelegationListSerializer(serializers.Serializer[Any]):
    """A page of delegations."""

    items = DelegationSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class SessionsView(APIView):
    """Where one is signed in with tokens."""

    required_permissions: ClassVar[Declaration] = {
        "GET": AUTHENTICATED("one sees one's own; the service asks when it is about somebody else"),
        "DELETE": AUTHENTICATED("they are one's own"),
    }

    @extend_schema(
        tags=["auth"],
        operation_id="auth_sessions",
        summary="Sessions",
        description="The newest first, in pages.",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter(
                "username", str, description="Somebody else's, for administrators of identities."
            ),
            _ENDED,
        ],
        responses=SessionListSerializer,
    )
    def get(self, request: Request) -> Response:
        mine = getattr(request._request, "oms_session_id", None)  # noqa: SLF001 - the middleware's
        limit, cursor = page_request(request)
        page = selectors.list_sessions(
            username=request.query_params.get("username"),
            ended=flag(request, "ended"),
            limit=limit,
            cursor=cursor,
        )
        return page_response(
            request,
            page,
            lambda session: shown(SessionSerializer, session, current=session.id == mine),
        )

    @extend_schema(
        tags=["auth"],
        operation_id="auth_sessions_end",
        summary="End all other sessions of mine",
        responses=_GONE,
    )
    def delete(self, request: Request) -> Response:
        mine = getattr(request._request, "oms_session_id", "")  # noqa: SLF001 - the middleware's
        services.end_own_sessions(keep=mine)
        return Response(status=204)


class SessionView(APIView):
    """One session."""

    required_permissions: ClassVar[Declaration] = {
        "DELETE": AUTHENTICATED("one's own; the service asks when it is somebody else's")
    }

    @extend_schema(
        tags=["auth"], operation_id="auth_session_end", summary="End a session", responses=_GONE
    )
    def delete(self, _request: Request, session: str) -> Response:
        services.end_session(session=session)
        return Response(status=204)


class DelegationsView(APIView):
    """What services may do for users."""

    required_permissions: ClassVar[Declaration] = {
        "GET": AUTHENTICATED("one sees one's own; the service asks when it is about everybody"),
        "POST": AUTHENTICATED("for oneself; the service asks when it is for somebody else"),
    }

    @extend_schema(
        tags=["identity"],
        operation_id="identity_delegations",
        summary="Delegations that I gave or hold",
        description="The newest first, in pages.",
        parameters=[
            *PAGE_PARAMETERS,
            OpenApiParameter(
                "everybody", bool, description="Everybody's, for administrators of identities."
            ),
            _ENDED,
        ],
        responses=DelegationListSerializer,
    )
    def get(self, request: Request) -> Response:
        limit, cursor = page_request(request)
        page = selectors.list_delegations(
            everybody=flag(request, "everybody"),
            ended=flag(request, "ended"),
            limit=limit,
            cursor=cursor,
        )
        return page_response(request, page, partial(shown, DelegationSerializer))

    @extend_schema(
        tags=["identity"],
        operation_id="identity_delegation_grant",
        summary="Let a service act for a user",
        request=DelegationRequestSerializer,
        responses={201: DelegationSerializer},
    )
    def post(self, request: Request) -> Response:
        form = read(DelegationRequestSerializer, request)
        granted = services.grant_delegation(
            client_id=form["client_id"],
            reason=form["reason"],
            expires_at=form["expires_at"],
            username=form.get("username"),
            only=form.get("permissions", ()),
            ontology=form.get("ontology", ""),
        )
        return Response(shown(DelegationSerializer, granted), status=201)


class DelegationView(APIView):
    """One delegation."""

    required_permissions: ClassVar[Declaration] = {
        "DELETE": AUTHENTICATED("either party may; the service asks when it is somebody else")
    }

    @extend_schema(
        tags=["identity"],
        operation_id="identity_delegation_revoke",
        summary="Take a delegation back",
        responses=_GONE,
    )
    def delete(self, _request: Request, delegation: str) -> Response:
        services.revoke_delegation(delegation=delegation)
        return Response(status=204)
