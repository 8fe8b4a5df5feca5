"""JSON over REST keeps the value of every number."""

from __future__ import annotations

import io
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ParseError

from oms_project.api.json import ExactJSONParser, to_json
from oms_project.core.errors import TooLarge


def _parse(raw: bytes) -> object:
    return ExactJSONParser().parse(io.BytesIO(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":123456789012345678901234567890}',
        b'{"a":0.1234567890123456789}',
        b'{"a":1.5,"b":[true,false,null],"c":"\xed\x82\xa4"}',
    ],
)
def test_numbers_go_through_unchanged(raw: bytes) -> None:
    assert to_json(_parse(raw)) == raw


def test_the_kinds_of_values_that_answers_hold() -> None:
    rid = uuid.UUID("00000000-0000-0000-0000-000000000001")
    value = {
        "time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "date": date(2026, 1, 2),
        "id": rid,
        "decimal": Decimal("1.10"),
        "text": gettext_lazy("Users and roles"),
        "set": {"x"},
    }
    assert to_json(value) == (
        b'{"time":"2026-01-02T03:04:05.000000Z","date":"2026-01-02",'
        b'"id":"00000000-0000-0000-0000-000000000001","decimal":1.10,'
        b'"text":"Users and roles","set":["x"]}'
    )


@pytest.mark.parametrize("raw", [b"", b"{", b"{'a':1}", b"\xff", b"nan", b"[" * 100_000])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(ParseError):
        _parse(raw)


def test_a_body_beyond_the_bound_is_not_read(settings: object) -> None:
    settings.OMS_MAX_BODY_BYTES = 10  # type: ignore[attr-defined]
    stream = io.BytesIO(b'"' + b"x" * 1000 + b'"')
    with pytest.raises(TooLarge):
        ExactJSONParser().parse(stream)
    assert stream.tell() == 11
