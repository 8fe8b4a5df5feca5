"""The requests of the REST guide are answered, in the order in which a reader meets them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "rest.md"
_BLOCK = re.compile(r"^```http\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def requests() -> Iterator[tuple[str, str, dict[str, str], str]]:
    for block in _BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        head, _, body = block.partition("\n\n")
        first, *lines = head.splitlines()
        method, address = first.split()
        yield method, address, dict(line.split(": ", 1) for line in lines), body


@pytest.mark.data
@pytest.mark.django_db
def test_every_request_of_the_guide_is_answered(admin_client: APIClient) -> None:
    call_command("setup", stdout=io.StringIO())
    asked = [item for item in requests() if item[1] != "/api/v1/auth/token"]

    for method, address, headers, body in asked:
        headers.pop("Authorization", None)  # the client's own
        media = headers.pop("Content-Type", "")
        answer = admin_client.generic(method, address, body, content_type=media, headers=headers)
        assert answer.status_code in (200, 201), (address, answer.content)

    assert len(asked) == 5
