"""Who hears what: roles, sessions and tokens that end while somebody listens."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from typing import Any

import pytest
from django.conf import LazySettings

from audit.models import Event as AuditedEvent
from oms_project.core.clock import utc_now
from oms_project.identity.contract import Role
from oms_project.identity.models import RoleBinding, TokenSession, User
from oms_project.identity.services.sessions import open_session
from oms_project.identity.tokens import mint
from tests.conftest import MakePerson
from tests.integration.graphql.sockets import Socket, run, signed_in, thread
from tests.integration.graphql.test_sockets_events import (
    COMMITS,
    _commit,
    _impatient,
    _ontology,
    begun,
    people,
)
from tests.integration.instances.conftest import thing

__all__ = ["_impatient", "people"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data]


def test_a_viewer_of_one_ontology_hears_nothing_of_another(
    person: MakePerson, people: None
) -> None:
    viewer = person("vic", Role.VIEWER, "people")

    async def scenario() -> list[str]:
        socket = await signed_in(viewer)
        await begun(socket, "1", "subscription { events { event { type ontology } } }")
        await thread(_ontology, "secrets")
        await thread(_commit, thing("Company", code="a", name="A"))
        seen = []
        while not await socket.silent(0.8):
            seen.append((await socket.next())["events"]["event"]["ontology"])
        await socket.end()
        return seen

    assert set(run(scenario())) == {"people"}


def test_a_role_that_is_taken_away_ends_the_subscription(person: MakePerson, people: None) -> None:
    viewer = person("vic", Role.VIEWER, "people")

    def take() -> None:
        RoleBinding.objects.filter(user=viewer).delete()

    async def scenario() -> list[dict[str, Any]]:
        socket = await signed_in(viewer)
        await begun(socket, "1", COMMITS, o="people")
        await begun(socket, "2", "subscription { events { event { type } } }")
        await thread(_commit, thing("Company", code="a", name="A"))
        first = [await socket.receive()]
        await asyncio.sleep(0.5)
        while not await socket.silent(0.2):
            await socket.receive()
        await thread(take)
        await thread(_commit, thing("Company", code="b", name="B"))
        last = [await socket.receive(), await socket.receive()]
        await socket.end()
        return first + last

    first, *last = run(scenario())
    assert first["type"] == "next"
    assert {(one["id"], one["type"]) for one in last} == {("1", "error"), ("2", "error")}
    assert {one["payload"][0]["extensions"]["code"] for one in last} == {"permission_denied"}
    assert AuditedEvent.objects.filter(action="access.denied", door="websocket").count() == 2


def test_a_role_that_is_taken_away_is_noticed_while_nothing_happens(
    person: MakePerson, people: None
) -> None:
    viewer = person("vic", Role.VIEWER, "people")

    async def scenario() -> dict[str, Any]:
        socket = await signed_in(viewer)
        await begun(socket, "1", COMMITS, o="people")
        await thread(lambda: RoleBinding.objects.filter(user=viewer).delete())
        got = await socket.receive()
        await socket.end()
        return got

    got = run(scenario())
    assert (got["type"], got["id"]) == ("error", "1")


def test_a_session_that_is_ended_closes_the_socket(administrator: User, people: None) -> None:
    async def scenario() -> dict[str, Any]:
        socket = await signed_in(administrator)
        await begun(socket, "1", COMMITS, o="people")
        await thread(lambda: TokenSession.objects.update(revoked_at=utc_now()))
        return await socket.receive()

    assert run(scenario())["close"] == 4401


def test_a_user_who_is_disabled_is_told_nothing_more(
    person: MakePerson, people: None, settings: LazySettings
) -> None:
    settings.OMS_GRAPHQL_CHECK_SECONDS = 600  # so that the next event finds it out
    viewer = person("vic", Role.VIEWER)

    async def scenario() -> dict[str, Any]:
        socket = await signed_in(viewer)
        await begun(socket, "1", COMMITS, o="people")
        await thread(lambda: User.objects.filter(pk=viewer.pk).update(is_active=False))
        await thread(_commit, thing("Company", code="a", name="A"))
        return await socket.receive()

    closed = run(scenario())
    assert closed.get("close") == 4401, closed


def test_a_token_that_expires_closes_the_socket(
    administrator: User, people: None, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.OMS_GRAPHQL_CHECK_SECONDS = 600

    async def scenario() -> dict[str, Any]:
        socket = Socket()
        await socket.open()
        grant = await thread(lambda: open_session(user=administrator))
        soon = dataclasses.replace(grant, access_expires_at=utc_now() + dt.timedelta(seconds=2))
        token = (await thread(mint, soon)).access
        await socket.init(authToken=token)
        await begun(socket, "1", COMMITS, o="people")
        return await socket.receive()

    assert run(scenario())["close"] == 4403
