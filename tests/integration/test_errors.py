"""One mapping from errors to HTTP, for every kind of view and every kind of mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oms_project import urls
from oms_project.core import errors
from oms_project.core.routes import PUBLIC, Declaration, requires

RAISED: list[BaseException] = []


class Turtle(BaseRenderer):
    media_type = "text/turtle"
    format = "turtle"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        raise AssertionError("a problem is not Turtle")


class Failing(APIView):
    required_permissions: ClassVar[Declaration] = {"*": PUBLIC("a test")}
    permission_classes = [AllowAny]
    authentication_classes = []

    def get(self, _request: Request) -> Response:
        raise RAISED[-1]

    def post(self, request: Request) -> Response:
        class Body(serializers.Serializer[Any]):
            name = serializers.CharField(max_length=3)
            parts = serializers.ListField(child=serializers.IntegerField())

        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(body.validated_data)


class FailingExport(Failing):
    renderer_classes = [Turtle]


@requires(PUBLIC("a test"))
def failing_page(_request: HttpRequest) -> HttpResponse:
    raise RAISED[-1]


urlpatterns = [
    path("api/v1/failing", Failing.as_view()),
    path("api/v1/failing-export", FailingExport.as_view()),
    path("api/v1/failing-page", failing_page),
    path("page", failing_page),
    *urls.urlpatterns,
]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


@pytest.fixture
def ask(settings: Any) -> Iterator[Any]:
    settings.ROOT_URLCONF = __name__
    client = Client(raise_request_exception=False)

    def make(error: BaseException, address: str = "/api/v1/failing", **headers: str) -> Any:
        RAISED.append(error)
        return client.get(address, headers=headers)

    yield make
    RAISED.clear()


class Narrow(errors.Conflict):
    code = "narrow"
    title = "Narrow"


CASES = [
    (errors.NotFound("No."), 404, "not_found"),
    (errors.BadRequest("No."), 400, "bad_request"),
    (errors.Invalid("No."), 422, "invalid"),
    (errors.TooLarge("No."), 413, "too_large"),
    (errors.Conflict("No."), 409, "conflict"),
    (errors.Conflict("No.", code="stale_head"), 409, "stale_head"),
    (Narrow("No."), 409, "narrow"),
    (errors.PreconditionFailed("No."), 412, "precondition_failed"),
    (errors.Unauthenticated("No."), 401, "unauthenticated"),
    (errors.PermissionDenied("No."), 403, "permission_denied"),
    (errors.Unavailable("No."), 503, "unavailable"),
    (errors.Cancelled("No."), 409, "cancelled"),
    (errors.OmsError("No."), 500, "error"),
    (Http404("secret"), 404, "not_found"),
    (DjangoPermissionDenied(), 403, "permission_denied"),
    (SuspiciousOperation("secret"), 400, "bad_request"),
    (OperationalError("secret"), 503, "database_unavailable"),
    (exceptions.ParseError("No."), 400, "bad_request"),
    (exceptions.NotAcceptable(), 406, "not_acceptable"),
    (exceptions.UnsupportedMediaType("x/y"), 415, "unsupported_media_type"),
    (exceptions.Throttled(wait=7), 429, "throttled"),
    (RuntimeError("secret"), 500, "internal"),
    (KeyError("secret"), 500, "internal"),
]


@pytest.mark.parametrize(("error", "status", "code"), CASES, ids=lambda value: repr(value)[:50])
def test_every_error_becomes_a_problem(ask: Any, error: Exception, status: int, code: str) -> None:
    answer = ask(error, **{"X-Request-ID": "request-0001"})
    body = answer.json()
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:oms:problem:{code}"
    assert body["instance"] == "/api/v1/failing"
    assert body["request_id"] == answer["X-Request-ID"] == "request-0001"
    assert body["retryable"] is (status == 503)
    assert body["title"]
    assert body["detail"]
    assert "secret" not in answer.content.decode()


def test_headers_that_belong_to_a_status(ask: Any) -> None:
    assert ask(errors.Unauthenticated("No."))["WWW-Authenticate"] == 'Bearer realm="oms"'
    assert ask(errors.Unavailable("No."))["Retry-After"] == "2"
    assert ask(exceptions.Throttled(wait=7))["Retry-After"] == "7"


def test_details_for_machines_come_along(ask: Any) -> None:
    body = ask(
        errors.Invalid(
            "Two things.", data={"head": "abc"}, errors=[{"field": "a", "message": "wrong"}]
        )
    ).json()
    assert body["data"] == {"head": "abc"}
    assert body["errors"] == [{"field": "a", "message": "wrong"}]
    assert not {"data", "errors"} & set(ask(errors.Invalid("Nothing more.")).json())


@pytest.mark.parametrize("address", ["/api/v1/failing-export", "/api/v1/failing-page"])
def test_a_problem_is_json_whatever_the_view_renders(ask: Any, address: str) -> None:
    # A plain view raises what Django knows.
    missing = Http404() if address.endswith("page") else errors.NotFound("No.")
    for error, status in ((missing, 404), (RuntimeError("secret"), 500)):
        answer = ask(error, address)
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        assert json.loads(answer.content)["status"] == status
        assert b"secret" not in answer.content


def test_a_page_for_people_stays_a_page(ask: Any) -> None:
    answer = ask(Http404(), "/page")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


def test_validation_names_every_field(ask: Any) -> None:
    ask(errors.NotFound("warm"))
    answer = Client().post(
        "/api/v1/failing",
        data='{"name": "long", "parts": [1, "x", {}]}',
        content_type="application/json",
    )
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "field": "name",
            "message": "Ensure this field has no more than 3 characters.",
            "code": "max_length",
        },
        {"field": "parts.1", "message": "A valid integer is required.", "code": "invalid"},
        {"field": "parts.2", "message": "A valid integer is required.", "code": "invalid"},
    ]
    assert answer.json()["detail"].startswith("The request breaks a rule: name: Ensure")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ('{"name":', "application/json", 400),
        ("name=x", "application/x-www-form-urlencoded", 415),
        ("[" * 50_000, "application/json", 400),
    ],
)
def test_what_is_no_json_is_refused(ask: Any, body: str, content_type: str, status: int) -> None:
    ask(errors.NotFound("warm"))
    answer = Client().post("/api/v1/failing", data=body, content_type=content_type)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_a_body_beyond_the_bound(ask: Any, settings: Any) -> None:
    ask(errors.NotFound("warm"))
    settings.OMS_MAX_BODY_BYTES = 100
    answer = Client().post(
        "/api/v1/failing", data='"' + "x" * 200 + '"', content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("address", ["/api", "/api/", "/api/v1", "/api/v1/nope", "/api/v2/jobs/"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
def test_an_unknown_address_is_a_problem(address: str, method: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(address)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == f"There is no endpoint {address}."


def test_an_unknown_method_is_a_problem() -> None:
    answer = Client().delete("/api/v1/auth/token")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert answer["Allow"] == "POST, OPTIONS"
