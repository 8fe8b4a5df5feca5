"""Authentication, place, roles, audit: in that order, and nothing gets past them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path
from django.views import View
from rest_framework.test import APIClient

from audit.contract import Outcome
from oms_project import urls
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor, current_place
from oms_project.core.routes import AUTHENTICATED, PUBLIC, declaration_of, need_of, requires
from oms_project.core.services import forget_services
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from oms_project.middleware.declarations import check_routes, declared_for, routes, undeclared
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db


@requires(permissions.ONTOLOGY_WRITE)
def guarded(_request: HttpRequest, ontology: str) -> HttpResponse:
    place = current_place()
    return JsonResponse({"ontology": place.ontology, "branch": place.branch})


@requires(permissions.ONTOLOGY_READ)
def refusing(_request: HttpRequest, ontology: str) -> HttpResponse:
    authorizer.check(current_actor(), permissions.ONTOLOGY_MERGE, ontology=ontology, branch="main")
    return HttpResponse("done")


@requires({"GET": AUTHENTICATED("a test")})
def reading(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("read")


def bare(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("anybody")


class Half(View):
    required_permissions = {"GET": PUBLIC("a test")}

    def get(self, _request: HttpRequest) -> HttpResponse:
        return HttpResponse("get")

    def delete(self, _request: HttpRequest) -> HttpResponse:
        return HttpResponse("gone")


urlpatterns = [
    path("api/v1/guarded/<str:ontology>", guarded),
    path("api/v1/refusing/<str:ontology>", refusing),
    path("console/guarded/<str:ontology>", guarded),
    path("api/v1/reading", reading),
    path("api/v1/bare", bare),
    path("api/v1/half", Half.as_view()),
    *urls.urlpatterns,
]


class _Trail:
    """Keeps what is recorded apart."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def record(self, *_args: Any, **_kwargs: Any) -> str:
        return ""

    def record_apart(self, action: str, subject: Any, **event: Any) -> str:
        self.events.append({"action": action, "subject": subject, **event})
        return ""


@pytest.fixture
def trail(settings: Any) -> list[dict[str, Any]]:
    from oms_project.core import services

    kept = _Trail()
    forget_services()
    services._instances["audit"] = kept
    return kept.events


@pytest.fixture
def _urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


# -- what boots ------------------------------------------------------------------------------------


def test_every_method_of_every_route_is_declared() -> None:
    assert undeclared() == []
    seen = list(routes())
    assert len(seen) > 100
    for route in seen:
        declaration = declared_for(route.view, route.name)
        assert declaration is not None
        for method in route.methods if declaration_of(route.view) else ():
            assert need_of(declaration, method) is not None, (route.path, method)


@pytest.mark.usefixtures("_urls")
def test_what_declares_nothing_is_named() -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        check_routes()
    text = str(refused.value)
    assert f"/api/v1/bare ({__name__}.bare)" in text
    assert f"/api/v1/half ({__name__}.Half): DELETE" in text
    assert "guarded" not in text
    assert [error.id for error in run_checks(tags=["urls"])].count("oms.E010") == 2


def test_a_consumer_that_declares_nothing_is_named() -> None:
    def open_one() -> None: ...

    open_one.required_permissions = {"CONNECT": permissions.ONTOLOGY_READ}  # type: ignore[attr-defined]
    router = SimpleNamespace(
        routes=[
            SimpleNamespace(pattern="ws/closed", callback=bare, name=None),
            SimpleNamespace(pattern="ws/open", callback=open_one, name=None),
        ]
    )
    wrapped = SimpleNamespace(application=SimpleNamespace(inner=router))
    application = SimpleNamespace(
        application_mapping={"http": SimpleNamespace(), "websocket": wrapped}
    )
    assert undeclared(application) == [f"/ws/closed ({__name__}.bare)"]


@pytest.mark.parametrize("module", ["asgi", "wsgi"])
def test_a_server_with_an_undeclared_route_does_not_start(module: str) -> None:
    program = (
        "from django.conf import settings\n"
        "from oms_project.settings.env import use_settings\n"
        "use_settings('oms_project.settings.test')\n"
        f"settings.ROOT_URLCONF = {__name__!r}\n"
        f"import oms_project.{module}\n"
        "print('SERVING')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "oms_project.settings.test"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "SERVING" not in done.stdout
    assert "Routes must say what permission they need" in done.stderr
    assert "/api/v1/bare" in done.stderr


# -- who comes in ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("_urls")
def test_an_undeclared_route_is_refused_even_if_it_was_served(
    admin_client: APIClient, anonymous_client: APIClient
) -> None:
    for client in (admin_client, anonymous_client):
        assert client.get("/api/v1/bare").status_code == 403
        assert client.get("/api/v1/half").content == b"get"
        assert client.delete("/api/v1/half").status_code == 405, "not declared: not served"


@pytest.mark.usefixtures("_urls")
def test_nobody_is_asked_to_sign_in(anonymous_client: APIClient) -> None:
    answer = anonymous_client.get("/api/v1/guarded/a")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"
    page = Client().get("/console/guarded/a?x=1")
    assert (page.status_code, page["Location"]) == (
        302,
        "/console/login/?next=/console/guarded/a%3Fx%3D1",
    )


@pytest.mark.usefixtures("_urls")
def test_a_broken_token_is_told(anonymous_client: APIClient) -> None:
    anonymous_client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    answer = anonymous_client.get("/api/v1/guarded/a")
    assert answer.status_code == 401
    assert answer.json()["code"] == "bad_token"


@pytest.mark.usefixtures("_urls")
def test_a_role_for_anything_comes_in_and_the_place_is_known(
    person: MakePerson, client_of: Callable[[User], APIClient]
) -> None:
    ed = client_of(person("ed", Role.EDITOR, "elsewhere"))
    answer = ed.get("/api/v1/guarded/aviation?branch=release/1")
    assert answer.json() == {"ontology": "aviation", "branch": "release/1"}
    assert ed.delete("/api/v1/reading").status_code == 405, "declared for GET only"


@pytest.mark.usefixtures("_urls")
def test_the_chain_refuses_and_records_it(
    person: MakePerson, client_of: Callable[[User], APIClient], trail: list[dict[str, Any]]
) -> None:
    vi = person("vi", Role.VIEWER)
    answer = client_of(vi).get("/api/v1/guarded/aviation")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (403, "permission_denied")
    assert body["data"] == {"permission": "ontology.write"}

    browser = Client()
    browser.force_login(vi)
    page = browser.get("/console/guarded/aviation")
    assert page.status_code == 403
    assert "vi lacks ontology.write" in page.content.decode()

    assert [
        (event["action"], event["outcome"], event["ontology"], event["data"]["permission"])
        for event in trail
    ] == [("access.denied", Outcome.DENIED, "aviation", "ontology.write")] * 2
    assert all("vi lacks ontology.write" in event["message"] for event in trail)


@pytest.mark.usefixtures("_urls")
def test_a_service_refuses_and_it_is_recorded_once(
    person: MakePerson, client_of: Callable[[User], APIClient], trail: list[dict[str, Any]]
) -> None:
    browser = Client()
    browser.force_login(person("ed", Role.EDITOR, "fleet"))
    # No view of REST framework's: Django's own handler, and the console's pages.
    browser.get("/console/ontology/no-such-thing/")
    (event,) = trail
    assert (event["ontology"], event["data"]["permission"]) == ("no-such-thing", "ontology.read")
    trail.clear()
    ed = client_of(person("eddy", Role.EDITOR, "fleet"))
    assert ed.get("/api/v1/ontologies/secret").status_code == 403
    (event,) = trail
    assert (event["ontology"], event["data"]["permission"]) == ("secret", "ontology.read")


def test_it_works_on_a_server_that_awaits(
    person: MakePerson, settings: Any, trail: list[dict[str, Any]]
) -> None:
    settings.ROOT_URLCONF = __name__
    client = AsyncClient()
    client.force_login(person("ed", Role.EDITOR))
    get = async_to_sync(client.get)
    assert get("/api/v1/guarded/aviation?ref=v1").json() == {
        "ontology": "aviation",
        "branch": "v1",
    }
    client.force_login(person("vi", Role.VIEWER))
    assert get("/api/v1/guarded/aviation").status_code == 403
    assert async_to_sync(AsyncClient().get)("/api/v1/guarded/aviation").status_code == 401
    (event,) = trail
    assert event["ontology"] == "aviation"
