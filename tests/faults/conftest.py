"""Databases for experiments that run OMS in processes of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import services


@pytest.fixture
def database_url(request: pytest.FixtureRequest, full: bool) -> Iterator[str | None]:
    """Of the database that the parameter names; None: SQLite in the server's data folder."""
    if request.param == "sqlite":
        yield None
        return
    if full:
        with services.postgresql(durable=True) as durable:
            yield durable.url
        return
    shared: services.Service = request.getfixturevalue("postgresql_server")
    with services.database(shared) as url:
        yield url
