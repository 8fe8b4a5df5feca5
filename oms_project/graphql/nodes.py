"""Ids of the whole platform: ``node`` finds what any ``id`` names.

An id is opaque to clients: the name of its type, and what the type is found by (an ontology, a
branch's name, a ``rid``), as ``strawberry.relay`` writes it. A type takes part by deriving from
``relay.Node`` and having a `relay.NodeID` and ``resolve_nodes``.
"""

from __future__ import annotations

import strawberry
from strawberry import relay

from oms_project.core.errors import BadRequest, NotFound, PermissionDenied
from oms_project.core.pagination import MAX_LIMIT
from oms_project.core.routes import AUTHENTICATED
from oms_project.graphql.context import Info
from oms_project.graphql.fields import query

__all__ = ["Queries", "found", "joined", "parted"]

_BETWEEN = "\x1f"


def joined(*parts: str) -> str:
    """What a node is found by, as one text."""
    return _BETWEEN.join(parts)


def parted(text: str, count: int) -> list[str]:
    """The ``count`` parts of `joined`.

    Raises:
        BadRequest: it was not made here.
    """
    parts = text.split(_BETWEEN)
    if len(parts) != count:
        raise BadRequest("This id was not made here.", code="bad_id")
    return parts


@strawberry.type
class Queries:
    """Everything that has an id."""

    @query(requires=AUTHENTICATED("what the id names is asked for by its own selector"))
    def node(self, info: Info, id: relay.GlobalID) -> relay.Node | None:
        """What an id names."""
        return found(info, id)

    @query(requires=AUTHENTICATED("what the ids name is asked for by their own selectors"))
    def nodes(self, info: Info, ids: list[relay.GlobalID]) -> list[relay.Node | None]:
        """What ids name, in their order; null where there is nothing, or nothing for you."""
        if len(ids) > MAX_LIMIT:
            raise BadRequest(f"At most {MAX_LIMIT} ids at once.", code="bad_limit")
        result: list[relay.Node | None] = []
        for one in ids:
            try:
                result.append(found(info, one))
            except (NotFound, PermissionDenied):
                result.append(None)
        return result


def found(info: Info, id_: relay.GlobalID) -> relay.Node:
    """The node that an id names.

    Raises:
        BadRequest: it was not made here. NotFound, PermissionDenied: of its selector.
    """
    try:
        return id_.resolve_node_sync(info, required=True)
    except relay.GlobalIDValueError as error:
        raise BadRequest("This id was not made here.", code="bad_id") from error
