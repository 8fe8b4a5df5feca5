"""A request has an id and an actor, in its answer, in the log and in the context."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import AsyncClient, Client
from django.urls import path

from oms_project import urls
from oms_project.core.context import current_actor, current_request_id
from oms_project.core.errors import Unauthenticated
from oms_project.core.ids import is_rid
from oms_project.core.routes import PUBLIC, requires
from oms_project.identity.models import User
from tests.conftest import MakePerson


@requires(PUBLIC("a test"))
def who(_request: HttpRequest) -> JsonResponse:
    try:
        actor = current_actor().username
    except Unauthenticated:
        actor = None
    return JsonResponse({"actor": actor, "request_id": current_request_id()})


@requires(PUBLIC("a test"))
async def who_async(request: HttpRequest) -> JsonResponse:
    await asyncio.sleep(0.01)
    return who(request)


urlpatterns = [path("who", who), path("who-async", who_async), *urls.urlpatterns]


@pytest.fixture(autouse=True)
def _urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.mark.parametrize("offered", ["abcdef12", "a1b2-c3d4:5/6+7=8", "x" * 128])
def test_a_sane_id_is_kept(offered: str) -> None:
    answer = Client().get("/who", headers={"X-Request-ID": offered})
    assert answer["X-Request-ID"] == answer.json()["request_id"] == offered


@pytest.mark.parametrize(
    "offered", ["", "short", "x" * 129, "a b c d e f g", "a\nb-injected", "é" * 9]
)
def test_another_one_is_replaced(offered: str) -> None:
    answer = Client().get("/who", headers={"X-Request-ID": offered})
    assert answer["X-Request-ID"] != offered
    assert is_rid(answer["X-Request-ID"])


def test_the_context_is_empty_again_afterwards() -> None:
    Client().get("/who", headers={"X-Request-ID": "request-0001"})
    assert current_request_id() == ""


@pytest.mark.django_db
def test_session_and_token_say_who_acts(
    person: MakePerson, client_of: Callable[[User], Any]
) -> None:
    ann, bob = person("ann"), person("bob")
    browser = Client()
    browser.force_login(ann)
    assert browser.get("/who").json()["actor"] == "ann"
    assert client_of(bob).get("/who").json()["actor"] == "bob"
    assert Client().get("/who").json()["actor"] is None
    with pytest.raises(Unauthenticated):
        current_actor()


@pytest.mark.django_db
def test_a_token_comes_before_a_session(
    person: MakePerson, client_of: Callable[[User], Any]
) -> None:
    client = client_of(person("ann"))
    client.force_login(person("bob"))
    assert client.get("/who").json()["actor"] == "ann"


@pytest.mark.django_db
def test_a_request_without_credentials_costs_no_query(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    with django_assert_num_queries(0):
        Client().get("/who")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ["/who", "/who-async"])
def test_the_same_under_asgi_with_requests_side_by_side(person: MakePerson, address: str) -> None:
    from tests.conftest import tokens_of

    tokens = {name: tokens_of(person(name)).access for name in ("ann", "bob", "eve")}

    async def ask(name: str, number: int) -> tuple[str, Any]:
        answer = await AsyncClient().get(
            address,
            headers={
                "Authorization": f"Bearer {tokens[name]}",
                "X-Request-ID": f"request-{name}-{number}",
            },
        )
        return f"request-{name}-{number}", answer.json()

    async def all_at_once() -> list[tuple[str, Any]]:
        return await asyncio.gather(*(ask(name, n) for n in range(4) for name in tokens))

    for expected, body in asyncio.run(all_at_once()):
        assert body == {"actor": expected.split("-")[1], "request_id": expected}


def test_the_access_log_has_no_query_string(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="oms.access"):
        Client().get("/who?secret=1", headers={"X-Request-ID": "request-0001"})
    lines = [record.msg for record in caplog.records if record.name == "oms.access"]
    assert len(lines) == 1
    line: Any = lines[0]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/who", 200)
    assert line["request_id"] == "request-0001"
    assert "secret" not in str(line)
