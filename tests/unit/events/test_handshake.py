"""Whether a receiver wants events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from standardwebhooks import Webhook

from events.domain.handshake import Verification, verify
from events.domain.signatures import new_secret

SECRET = new_secret()


@dataclass
class Reply:
    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    error: str = ""
    detail: str = ""


def _ask(options: Reply, post: Callable[[str], Reply] | None = None) -> Verification:
    asked: list[str] = []

    async def send(
        url: str, *, method: str = "POST", headers: Mapping[str, str], body: bytes
    ) -> Reply:
        asked.append(method)
        assert (url, headers["webhook-request-origin"]) == ("https://x.example/", "oms.example")
        if method == "OPTIONS":
            assert body == b""
            return options
        assert post is not None, "no challenge should have been sent"
        event = Webhook(SECRET).verify(body, dict(headers))
        assert event["id"] == headers["webhook-id"]
        return post(event["data"]["challenge"])

    def make(message_id: str, challenge: str) -> bytes:
        return json.dumps({"id": message_id, "data": {"challenge": challenge}}).encode()

    found = asyncio.run(
        verify(
            send,
            url="https://x.example/",
            origin="oms.example",
            secrets=[SECRET],
            make_challenge_body=make,
        )
    )
    assert asked == (["OPTIONS"] if post is None else ["OPTIONS", "POST"])
    assert found.detail.endswith(".")
    return found


@pytest.mark.parametrize("status", [200, 204, 405])
@pytest.mark.parametrize("origin", ["*", "oms.example", "OMS.example"])
@pytest.mark.parametrize(("rate", "limit"), [(None, None), ("*", None), ("120", 120)])
def test_the_header_alone_allows(
    status: int, origin: str, rate: str | None, limit: int | None
) -> None:
    headers = {"webhook-allowed-origin": origin}
    if rate is not None:
        headers["webhook-allowed-rate"] = rate
    found = _ask(Reply(status, headers))
    assert (found.ok, found.method, found.allowed_rate) == (True, "options", limit)


@pytest.mark.parametrize("rate", ["0", "-1", "many", "1.5", "１"])
def test_a_rate_that_nobody_understands_allows_nothing(rate: str) -> None:
    found = _ask(Reply(200, {"webhook-allowed-origin": "*", "webhook-allowed-rate": rate}))
    assert (found.ok, found.allowed_rate) == (False, None)


def test_another_origin_is_a_no() -> None:
    found = _ask(Reply(200, {"webhook-allowed-origin": "other.example"}))
    assert (found.ok, found.method) == (False, "options")


@pytest.mark.parametrize("error", ["refused_address", "bad_url", "dns", "connect", "tls"])
def test_what_cannot_be_reached_is_asked_once(error: str) -> None:
    found = _ask(Reply(None, error=error, detail="It failed."))
    assert found == Verification(ok=False, method="options", allowed_rate=None, detail="It failed.")


@pytest.mark.parametrize(
    "options",
    [Reply(405), Reply(200), Reply(None, error="timeout", detail="Late."), Reply(302, error="x")],
)
@pytest.mark.parametrize("form", ["{}", " {}\n", '{{"challenge": "{}"}}'])
def test_who_gives_the_challenge_back_is_believed(options: Reply, form: str) -> None:
    found = _ask(options, lambda challenge: Reply(202, body=form.format(challenge)))
    assert (found.ok, found.method, found.allowed_rate) == (True, "challenge", None)


@pytest.mark.parametrize(
    "reply",
    [
        lambda _: Reply(200, body=""),
        lambda c: Reply(200, body=c[:-1]),
        lambda c: Reply(200, body=f"<html>{c}</html>"),
        lambda c: Reply(200, body=json.dumps({"challenge": [c]})),
        lambda c: Reply(200, body=json.dumps({"other": c})),
        lambda _: Reply(200, body="[" * 4_000),
        lambda _: Reply(200, body='{"challenge": "\\ud800"}'),
        lambda c: Reply(404, body=c),
        lambda c: Reply(302, body=c, error="redirect", detail="A redirect."),
        lambda _: Reply(None, error="timeout", detail="Late."),
    ],
)
def test_who_does_not_is_not(reply: Callable[[str], Reply]) -> None:
    found = _ask(Reply(405), reply)
    assert (found.ok, found.method) == (False, "challenge")
