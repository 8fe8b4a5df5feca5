"""Row 8: a list over GraphQL, against strawberry alone and against the same list over REST."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.measure import Comparison, Work, in_turn, timed
from tests.benchmarks.pages import _api_client, _requests, bench_token
from tests.benchmarks.world import World

__all__ = ["graphql_lists"]

#: Requests that are timed together: one alone is too short.
_REQUESTS = 20
_PAGE = 100
_LIST = "{ thingList(first: %d) { nodes { id name size owner color weight } } }"
_BARE = "{ things { id name size owner color weight } }"


@dataclass
class _Things:
    """An ontology with objects of one type with six properties."""

    size: int
    name: str = field(default_factory=lambda: f"graph-{uuid.uuid4()}")

    def build(self, world: World) -> None:
        from ontology import services
        from ontology.contract import Change
        from ontology.services.bulk import load_objects

        services.create_ontology(name=self.name, base_iri=f"https://example.org/{self.name}/")
        types = {
            "id": "integer",
            "name": "string",
            "size": "integer",
            "owner": "string",
            "color": "string",
            "weight": "double",
        }
        fields = {
            "apiName": "Thing",
            "primaryKey": ["id"],
            "properties": [
                {"apiName": name, "dataTypes": [kind], "required": name == "id"}
                for name, kind in types.items()
            ],
        }
        services.commit_changes(
            ontology=self.name,
            message="Type",
            changes=[Change("create", kind="ObjectType", fields=fields)],
        )
        file = world.folder / f"{self.name}.csv"
        with file.open("w") as out:
            out.write(",".join(types) + "\n")
            for number in range(self.size):
                out.write(
                    f"{number},Thing {number},{number % 1000},o{number % 97},red,{number}.5\n"
                )
        load_objects(ontology=self.name, type="Thing", source=file)


def graphql_lists(world: World) -> list[Comparison]:
    """A page of 100 objects with six fields through the typed endpoint; the peers are strawberry's
    own view with the same rows in memory, and the REST list of the same objects.
    """
    from django.test import override_settings

    things = _Things(2_000 if world.quick else 20_000)
    things.build(world)
    with override_settings(
        ROOT_URLCONF="tests.benchmarks.graphql_views",
        # Counted as ever, and never reached.
        OMS_RATE_CLIENT=10_000_000,
    ):
        return _compared(world, things)


def _compared(world: World, things: _Things) -> list[Comparison]:
    from django.test import override_settings

    from tests.benchmarks import graphql_views

    rest = _api_client()
    listed = rest(f"/api/v1/ontologies/{things.name}/objects/Thing?limit={_PAGE}")["items"]
    names = ("id", "name", "size", "owner", "color", "weight")
    rows = [{name: item[name] for name in names} for item in listed]
    graphql_views.ROWS[:] = [graphql_views.Thing(**row) for row in rows]
    ours, behind = _post(f"/graphql/{things.name}"), _post("/bare/graphql")
    with override_settings(MIDDLEWARE=[]):
        bare = _post("/bare/graphql")
        assert bare(_BARE)["things"] == rows  # its handler is made with the first request
    assert ours(_LIST % _PAGE)["thingList"]["nodes"] == rows
    assert behind(_BARE)["things"] == rows
    assert _queries(ours, 10) == _queries(ours, _PAGE)
    works: dict[str, Work] = {
        "graphql": _asked(ours, _LIST % _PAGE),
        "behind": _asked(behind, _BARE),
        "bare": _asked(bare, _BARE),
        "rest": _requests(rest, f"/api/v1/ontologies/{things.name}/objects/Thing?limit={_PAGE}"),
    }
    series = in_turn(world.rounds, works)
    work = f"{_REQUESTS} x list of {_PAGE} x 6 fields"
    return [
        Comparison(8, work, "strawberry, rows in memory", series["graphql"], series["bare"], 1.3),
        Comparison(8, work, "the same, our middleware", series["graphql"], series["behind"], 1.3),
        Comparison(8, work, "REST list", series["graphql"], series["rest"], 2.0),
    ]


Ask = Callable[[str], Any]


def _asked(client: Ask, query: str) -> Work:
    def work() -> None:
        for _ in range(_REQUESTS):
            client(query)

    return lambda: timed(work)


def _post(path: str) -> Ask:
    """What sends a query through the whole handler, and gives the parsed data."""
    import orjson
    from django.test import Client

    client = Client()
    headers = {"Authorization": f"Bearer {bench_token()}"}

    def ask(query: str) -> Any:
        response = client.post(
            path,
            data=json.dumps({"query": query}),
            content_type="application/json",
            headers=headers,
            SERVER_NAME="localhost",
        )
        content = b"".join(response)
        assert response.status_code == 200, content[:1000]
        body = orjson.loads(content)
        assert "errors" not in body, body
        return body["data"]

    return ask


def _queries(client: Ask, count: int) -> int:
    """SQL queries of a list of so many."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        assert len(client(_LIST % count)["thingList"]["nodes"]) == count
    return len(captured)
