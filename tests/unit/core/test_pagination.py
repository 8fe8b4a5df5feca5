"""Cursors go round, and what is no cursor is refused."""

from __future__ import annotations

import base64

import pytest

from oms_project.core.errors import BadRequest
from oms_project.core.pagination import (
    MAX_LIMIT,
    checked_limit,
    decode_cursor,
    encode_cursor,
)


@pytest.mark.parametrize("key", [("a",), ("2026-11-23T00:00:00Z", "x"), ("키", 7), ("", -1)])
def test_a_key_comes_back(key: tuple[str | int, ...]) -> None:
    cursor = encode_cursor("list", key)
    assert decode_cursor("list", cursor, types=[type(part) for part in key]) == key
    assert cursor.isascii()
    assert not set(cursor) & set("+/=& ")


@pytest.mark.parametrize("cursor", [None, ""])
def test_no_cursor_is_the_first_page(cursor: str | None) -> None:
    assert decode_cursor("list", cursor, types=(str,)) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "%%%",
        "é",
        "A" * 5000,
        encode_cursor("other", ("a",)),
        encode_cursor("list", ("a", "b")),
        encode_cursor("list", (1,)),
        encode_cursor("list", (None,)),
        base64.urlsafe_b64encode(b'["list",true]').decode(),
        base64.urlsafe_b64encode(b'{"list":1}').decode(),
        base64.urlsafe_b64encode(b"[" * 2000).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_what_is_no_cursor_of_this_list_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest) as refused:
        decode_cursor("list", cursor, types=(str,))
    assert refused.value.error_code == "bad_cursor"
    assert len(refused.value.data["cursor"]) <= 100


def test_true_is_no_integer() -> None:
    cursor = base64.urlsafe_b64encode(b'["list",true]').decode()
    with pytest.raises(BadRequest):
        decode_cursor("list", cursor, types=(int,))


def test_limits() -> None:
    assert checked_limit(None) == 50
    assert checked_limit(1) == 1
    assert checked_limit(MAX_LIMIT) == MAX_LIMIT
    for wrong in (0, -1, MAX_LIMIT + 1):
        with pytest.raises(BadRequest) as refused:
            checked_limit(wrong)
        assert refused.value.error_code == "bad_limit"
        assert refused.value.data == {"min": 1, "max": MAX_LIMIT}
