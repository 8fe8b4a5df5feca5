"""A client that asks GraphQL endpoints as a role."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from oms_project.identity.contract import Role
from oms_project.identity.models import User
from tests.conftest import MakePerson, tokens_of
from tests.integration.actions.conftest import desk
from tests.integration.instances.conftest import commit, people, staff

__all__ = ["commit", "desk", "people", "staff"]

RESPONSE_JSON = "application/graphql-response+json"


class GraphQLClient:
    """Asks as one user, with a bearer token; ``answer`` is the last HTTP answer."""

    def __init__(self, user: User | None, path: str = "/graphql") -> None:
        self.user = user
        self.path = path
        self.http = Client()
        self.answer: Any = None
        self._token = "" if user is None else tokens_of(user).access

    @property
    def headers(self) -> dict[str, str]:
        if self.user is None:
            return {}
        return {"Authorization": f"Bearer {self._token}"}

    def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        """The whole answer, with ``errors``."""
        path = options.pop("path", self.path)
        headers = {"Accept": RESPONSE_JSON, **self.headers, **options.pop("headers", {})}
        self.answer = self.http.post(
            path,
            data=json.dumps({"query": query, "variables": variables or {}, **options}),
            content_type="application/json",
            headers=headers,
        )
        found: dict[str, Any] = json.loads(self.answer.content)
        return found

    def data(
        self, query: str, variables: Mapping[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        """The data of an answer without errors."""
        found = self.ask(query, variables, **options)
        assert "errors" not in found, found["errors"]
        data: dict[str, Any] = found["data"]
        return data


@pytest.fixture(autouse=True)
def spool_folder(settings: Any, tmp_path: Path) -> Path:
    """Uploads and exports of a test stay in its own folder."""
    settings.OMS_SPOOL_DIR = tmp_path / "spool"
    return tmp_path / "spool"


@pytest.fixture
def graphql_as(person: MakePerson) -> Callable[..., GraphQLClient]:
    """A client of somebody with a role: ``graphql_as(Role.VIEWER, "logistics")``."""

    def make(role: Role | None = None, ontology: str = "", name: str = "") -> GraphQLClient:
        username = name or (f"{role.value}{ontology}" if role is not None else "nobody")
        return GraphQLClient(person(username, role, ontology))

    return make


@pytest.fixture
def graphql(administrator: User) -> GraphQLClient:
    """A client of an administrator."""
    return GraphQLClient(administrator)
