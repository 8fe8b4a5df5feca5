"""Addresses of WebSockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from channels.routing import URLRouter
from django.urls import path, re_path

from oms_project.core.routes import PUBLIC, requires
from oms_project.graphql.sockets import GraphQLSocket

__all__ = ["sockets"]


@requires({"CONNECT": PUBLIC("it says that there is nothing here")})
async def _nowhere(
    _scope: Mapping[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    await receive()
    await send({"type": "websocket.close"})  # before it is accepted: an answer with status 403


_consumer = GraphQLSocket.as_asgi()

#: The application of the protocol ``websocket``.
sockets = URLRouter(
    [
        path("graphql", _consumer, name="graphql-socket"),
        path("graphql/<str:ontology>", _consumer, name="graphql-typed-socket"),
        re_path(r"", _nowhere),  # type: ignore[arg-type]
    ]
)
