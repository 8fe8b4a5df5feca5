"""Ids of the whole platform: ``node`` finds what any ``id`` names.

An id is opaque to clients: the name of its type, and what the type is found by (an ontology, a
branch's name, a ``rid``), as ``strawberry.relay`` writes it. A type takes part by deriving from
``relay.Node`` and having a `relay.NodeID` and ``resolve_nodes``.
"""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry import relay

from oms_project.core.errors import BadRequest, NotFound, PermissionDenied
from oms_project.core.pagination import MAX_LIMIT
from oms_project.core.routes import AUTHENTICATED
from oms_project.graphql.context import Info, siblings
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
        kinds: dict[type[relay.Node], list[str]] = {}
        places: list[tuple[type[relay.Node], str]] = []
        for one in ids:
            kind = _kind_of(info, one)
            places.append((kind, one.node_id))
            kinds.setdefault(kind, []).append(one.node_id)
        known = {kind: _found_all(kind, info, wanted) for kind, wanted in kinds.items()}
        return [known[kind].get(key) for kind, key in places]


def _found_all(kind: type[relay.Node], info: Info, ids: list[str]) -> dict[str, relay.Node]:
    """All of one kind at once; one by one where that is refused, for one of them may be."""
    wanted = list(dict.fromkeys(ids))
    try:
        made: Any = kind.resolve_nodes(info=info, node_ids=wanted, required=True)
        nodes = dict(zip(wanted, made, strict=True))
    except (NotFound, PermissionDenied):
        nodes = {}
        for one in wanted:
            try:
                made = kind.resolve_nodes(info=info, node_ids=[one], required=True)
            except (NotFound, PermissionDenied):
                continue
            nodes[one] = next(iter(made))
    there = {key: node for key, node in nodes.items() if node is not None}
    if all(hasattr(node, "siblings") for node in there.values()):
        siblings(list(there.values()))
    return there


def _kind_of(info: Info, id_: relay.GlobalID) -> type[relay.Node]:
    try:
        return id_.resolve_type(info)
    except relay.GlobalIDValueError as error:
        raise BadRequest("This id was not made here.", code="bad_id") from error


def found(info: Info, id_: relay.GlobalID) -> relay.Node:
    """The node that an id names.

    Raises:
        BadRequest: it was not made here. NotFound, PermissionDenied: of its selector.
    """
    try:
        return id_.resolve_node_sync(info, required=True)
    except relay.GlobalIDValueError as error:
        raise BadRequest("This id was not made here.", code="bad_id") from error
