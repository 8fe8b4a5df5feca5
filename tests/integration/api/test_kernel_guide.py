"""The examples of the guide about the data kernel work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from oms_project.identity.contract import Role
from ontology.domain.woql import SUPPORTED
from tests.conftest import MakePerson, tokens_of

pytestmark = [pytest.mark.data]

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "kernel.md"


def text() -> str:
    return GUIDE.read_text(encoding="utf-8")


@pytest.mark.django_db(transaction=True)
def test_the_client_does_what_the_guide_says(
    fleet: str, person: MakePerson, live_server: Any
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", text(), re.DOTALL)
    token = tokens_of(person("ed", Role.EDITOR)).access
    known: dict[str, Any] = {"server": live_server.url, "ontology": "fleet", "token": token}
    exec(example, known)
    assert [row["number"]["@value"] for row in known["pilots"]] in (["P-7", "P-8"], ["P-8", "P-7"])
    left = [item["@id"] for item in known["client"].get_all_documents()]
    assert left == [row["pilot"] for row in known["pilots"] if row["pilot"] != known["older"]]


@pytest.mark.django_db
def test_the_requests_are_answered(api: APIClient, fleet: str) -> None:
    blocks = re.findall(r"^```http\n(.*?)^```$", text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 2
    for block in blocks:
        head, _, body = block.partition("\n\n")
        method, address = head.splitlines()[0].split()
        answer = api.generic(method, address, body, content_type="application/json")
        assert answer.status_code in (200, 201), answer.content


def test_every_operator_is_named() -> None:
    (listed,) = re.findall(r"## What is understood\n\n(.*?)\n\n", text(), re.DOTALL)
    assert set(re.findall(r"`(\w+)`", listed)) >= set(SUPPORTED)
