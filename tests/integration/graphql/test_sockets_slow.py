"""A client that does not read: it holds up itself alone, and not for long."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.conf import LazySettings

from events.selectors import following
from oms_project.graphql.routing import sockets
from oms_project.graphql.sessions import _open
from oms_project.identity.models import User
from tests.conftest import tokens_of
from tests.integration.graphql.sockets import PROTOCOL, run, thread
from tests.integration.graphql.test_sockets_events import COMMITS, _begun, _commit, people
from tests.integration.instances.conftest import thing

__all__ = ["people"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data]


def test_a_subscriber_that_does_not_read(
    administrator: User, people: None, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OMS_GRAPHQL_SLOW_SECONDS = 1
    settings.OMS_GRAPHQL_LOOK_SECONDS = 0.5
    read: list[int] = []
    whole = following.events_page

    def counted(*arguments: Any, **named: Any) -> Any:
        found = whole(*arguments, **named)
        read.append(len(found[0]))
        return found

    monkeypatch.setattr(following, "events_page", counted)

    async def scenario() -> list[dict[str, Any]]:
        inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        sent: list[dict[str, Any]] = []
        stuck = asyncio.Event()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if '"next"' in str(message.get("text")):
                await stuck.wait()  # what a server does whose client does not read

        scope = {
            "type": "websocket",
            "path": "/graphql",
            "headers": [(b"host", b"testserver")],
            "subprotocols": [PROTOCOL],
            "query_string": b"",
        }
        application = asyncio.create_task(sockets(scope, inbox.get, send))
        token = (await thread(tokens_of, administrator)).access
        inbox.put_nowait({"type": "websocket.connect"})
        for message in (
            {"type": "connection_init", "payload": {"authToken": token}},
            {
                "type": "subscribe",
                "id": "1",
                "payload": {"query": COMMITS, "variables": {"o": "people"}},
            },
        ):
            inbox.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})
        async with asyncio.timeout(60):
            while not _begun():  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.02)
        for number in range(60):
            await thread(_commit, thing("Company", code=f"c{number}", name="C"))
        async with asyncio.timeout(30):
            while sent[-1]["type"] != "websocket.close":  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        inbox.put_nowait({"type": "websocket.disconnect", "code": 4499})
        await asyncio.wait([application])
        return sent

    sent = run(scenario())
    assert sent[-1]["code"] == 4499
    told = [message for message in sent if '"next"' in str(message.get("text"))]
    assert len(told) == 1
    assert sum(read) <= 40  # a page, and not what happened meanwhile
    assert not _open
