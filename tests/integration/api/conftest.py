"""A small ontology to work on, and a client that signs in as a role."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rest_framework.response import Response
from rest_framework.test import APIClient

from oms_project.identity.contract import Role
from oms_project.identity.models import User
from tests.conftest import MakePerson

BASE = "/api/v1/ontologies"
PERSON = {
    "apiName": "Person",
    "displayName": {"en": "Person", "ko": "사람"},
    "tags": ["people"],
    "primaryKey": ["staffNumber"],
    "properties": [
        {"apiName": "staffNumber", "dataTypes": ["string"], "required": True},
        {"apiName": "birthDate", "dataTypes": ["date"]},
    ],
}


@pytest.fixture(autouse=True)
def spool_folder(settings: Any, tmp_path: Path) -> Path:
    """Uploads and exports of a test stay in its own folder."""
    settings.OMS_SPOOL_DIR = tmp_path / "spool"
    return tmp_path / "spool"


@pytest.fixture
def api(admin_client: APIClient) -> APIClient:
    """A client of an administrator."""
    return admin_client


@pytest.fixture
def editor(person: MakePerson, client_of: Callable[[User], APIClient]) -> APIClient:
    """A client of somebody who may commit and branch."""
    return client_of(person("ed", Role.EDITOR))


@pytest.fixture
def viewer(person: MakePerson, client_of: Callable[[User], APIClient]) -> APIClient:
    """A client of somebody who may read."""
    return client_of(person("vera", Role.VIEWER))


@pytest.fixture
def fleet(api: APIClient) -> str:
    """The address of an ontology with three object types and a link type, in four commits."""
    made = api.post(
        BASE, {"name": "fleet", "baseIri": "https://example.org/fleet/", "description": "Aircraft"}
    )
    assert made.status_code == 201, made.content
    address = f"{BASE}/fleet"
    for collection, fields in (
        ("object-types", PERSON),
        ("object-types", {"apiName": "Pilot", "parents": ["Person"], "status": "experimental"}),
        ("object-types", {"apiName": "Aircraft"}),
        ("link-types", {"apiName": "flies", "sources": ["Pilot"], "targets": ["Aircraft"]}),
    ):
        created = api.post(f"{address}/{collection}", fields)
        assert created.status_code == 201, created.content
    return address


def head_of(client: APIClient, address: str, branch: str = "main") -> str:
    """The head of a branch, as the API says."""
    head: str = client.get(f"{address}/branches/{branch}").json()["head"]
    return head


def problem(response: Response, status: int, code: str) -> dict[str, Any]:
    """The problem that a response must be."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert (body["status"], body["code"]) == (status, code), body
    return body
