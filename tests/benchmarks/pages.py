"""Row 7: pages of objects and single objects over REST, in process."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.benchmarks.instances import _Things
from tests.benchmarks.measure import Comparison, Work, in_turn, timed
from tests.benchmarks.world import World

__all__ = ["bench_token", "pages"]

#: Requests that are timed together: one alone is too short.
_REQUESTS = 20
_PAGE = 100
#: 60 percent of the requests per second of what is compared with.
_RATE = 1.67
#: Objects whose ``size`` is below this answer the filter: more than a page.
_BELOW = 10


def pages(world: World) -> list[Comparison]:
    """Filtered pages, deep pages, pages of a branch and single objects, as an API client gets them;
    the peers are views of the same process, one with the same rows by SQL and no middleware.
    """
    from django.test import override_settings

    things = _Things(20_000 if world.quick else 100_000)
    things.build(world)
    branch = f"work-{uuid.uuid4()}"
    _branch(things, branch)
    with override_settings(
        ROOT_URLCONF="tests.benchmarks.page_views",
        # Counted as ever, and never reached.
        OMS_RATE_CLIENT=10_000_000,
    ):
        return _compared(world, things, branch)


def _compared(world: World, things: _Things, branch: str) -> list[Comparison]:
    from django.test import override_settings

    from tests.benchmarks import page_views

    page_views.PAGE = _sql_page(things)
    api = _api_client()
    base = f"/api/v1/ontologies/{things.name}/objects/Thing"
    filtered = {"where": f"size:lt:{_BELOW}", "limit": _PAGE}
    cursor = _deep_cursor(api, base)
    ours = f"{base}?{urlencode(filtered)}"
    with override_settings(MIDDLEWARE=[]):
        bare = _client()
        rows = bare("/bare/page")  # its handler is made with the first request
    assert [item["id"] for item in rows] == [item["id"] for item in api(ours)["items"]]
    assert len(rows) == _PAGE
    works: dict[str, Work] = {
        name: _requests(client, path)
        for name, client, path in (
            ("page", api, ours),
            ("bare", bare, "/bare/page"),
            ("main", api, f"{base}?{urlencode(filtered | {'ref': 'main'})}"),
            ("branch", api, f"{base}?{urlencode(filtered | {'ref': branch})}"),
            ("first", api, f"{base}?limit={_PAGE}"),
            ("deep", api, f"{base}?{urlencode({'limit': _PAGE, 'cursor': cursor})}"),
            ("object", api, f"{base}/7"),
            ("constant", api, "/api/v1/constant"),
        )
    }
    series = in_turn(world.rounds, works)
    return [
        Comparison(7, f"{_REQUESTS} x {work}", against, series[one], series[other], target)
        for work, against, one, other, target in (
            (f"filtered page of {_PAGE}", "bare view", "page", "bare", _RATE),
            ("page on a branch", "on main", "branch", "main", 1.2),
            ("deep page", "first page", "deep", "first", 1.2),
            ("object by id", "constant view", "object", "constant", _RATE),
        )
    ]


def _branch(things: _Things, branch: str) -> None:
    """A branch with a commit of its own, so that it does not share main's line."""
    from ontology import services

    services.create_branch(ontology=things.name, name=branch)
    things._committed(1, branch, 1)()


Get = Callable[[str], Any]


def _requests(client: Get, path: str) -> Work:
    def work() -> None:
        for _ in range(_REQUESTS):
            client(path)

    return lambda: timed(work)


def _client(token: str = "") -> Get:
    """What sends a request through the whole handler, and gives the parsed answer."""
    import orjson
    from django.test import Client

    client = Client()
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(path: str) -> Any:
        response = client.get(path, headers=headers, SERVER_NAME="localhost")
        content = b"".join(response)
        assert response.status_code == 200, content[:1000]
        return orjson.loads(content)

    return get


def _api_client() -> Get:
    """With the access token of the user who has the role."""
    return _client(bench_token())


def bench_token() -> str:
    """An access token of the user who has the role."""
    from oms_project.core.context import SYSTEM, acting_as
    from oms_project.identity.models import User
    from oms_project.identity.services.sessions import open_session
    from oms_project.identity.tokens.jwt import mint

    with acting_as(SYSTEM):
        return str(mint(open_session(user=User.objects.get(username="bench"))).access)


def _deep_cursor(api: Get, base: str) -> str:
    """Where the last page of 1,000 begins."""
    cursor = ""
    while True:
        page = api(f"{base}?{urlencode({'limit': 1000, 'cursor': cursor})}")
        if not page.get("next"):
            return cursor
        cursor = page["next"]


def _sql_page(things: _Things) -> tuple[str, tuple[Any, ...]]:
    """The query that a view of its own would run for the same page: through the value index."""
    from ontology import selectors
    from ontology.store.orm.models import DocumentVersion, ValueEntry

    bound = selectors.get_document(ontology=things.name, target=f"Thing/{_BELOW}")
    entry = ValueEntry.objects.get(rid=bound.rid, line__ontology__name=things.name)
    sql = (
        f"SELECT v.body FROM {ValueEntry._meta.db_table} e "
        f"JOIN {DocumentVersion._meta.db_table} v ON v.line_id = e.line_id AND v.rid = e.rid "
        "WHERE e.line_id = %s AND e.field = %s AND e.key < %s AND e.seq_to IS NULL "
        "AND v.seq_to IS NULL AND NOT v.deleted ORDER BY v.name_key LIMIT %s"
    )
    return sql, (entry.line_id, entry.field, entry.key, _PAGE)
