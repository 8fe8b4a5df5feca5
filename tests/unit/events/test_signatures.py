"""Signatures of webhooks: the library's own receiver accepts them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from events.domain.signatures import new_secret, secret_problem, signed_headers


def test_the_library_accepts_what_either_of_two_secrets_signed() -> None:
    old, new = new_secret(), new_secret()
    body = '{"name": "Grüße", "n": 1}'.encode()
    headers = signed_headers(
        message_id="msg_1", timestamp=int(time.time()), body=body, secrets=[new, old]
    )
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers) == {"name": "Grüße", "n": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body + b" ", headers)


def test_time_zones_of_the_process_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    secret, now = new_secret(), int(time.time())
    expected = signed_headers(message_id="m", timestamp=now, body=b"{}", secrets=[secret])
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Seoul")
        time.tzset()
        assert expected == signed_headers(
            message_id="m", timestamp=now, body=b"{}", secrets=[secret]
        )
    time.tzset()
    assert expected["webhook-timestamp"] == str(now)


@given(body=st.binary(max_size=300), timestamp=st.integers(0, 4_000_000_000))
def test_bytes_are_signed_as_the_specification_says(body: bytes, timestamp: int) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    headers = signed_headers(message_id="msg", timestamp=timestamp, body=body, secrets=[secret])
    digest = hmac.new(bytes(range(32)), b"msg.%d." % timestamp + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_the_example_of_the_specification() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    moment = datetime.fromtimestamp(1_614_265_330, UTC)
    headers = signed_headers(
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1_614_265_330,
        body=b'{"test": 2432232314}',
        secrets=[secret],
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-signature"] == Webhook(secret).sign(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", moment, '{"test": 2432232314}'
    )


def test_new_secrets_are_good_and_differ() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert {secret_problem(secret) for secret in made} == {None}
    assert {len(base64.b64decode(secret[6:])) for secret in made} == {32}


@pytest.mark.parametrize("size", [24, 64])
def test_secrets_may_have_24_to_64_bytes(size: int) -> None:
    assert secret_problem("whsec_" + base64.b64encode(os.urandom(size)).decode()) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "whsec_***",
        "whsec_Grüße",
        base64.b64encode(bytes(32)).decode(),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        "whsec_" + base64.b64encode(bytes(32)).decode().rstrip("="),
        "whsec_" + base64.b64encode(bytes(32)).decode() + "\n",
    ],
)
def test_bad_secrets_are_refused_and_never_quoted(text: str) -> None:
    problem = secret_problem(text)
    assert problem is not None
    assert len(text) < 8 or text[6:] not in problem
    with pytest.raises(ValueError):
        signed_headers(message_id="m", timestamp=1, body=b"", secrets=[text])


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "ä", "a\n", "x" * 201])
def test_ids_that_cannot_be_signed_are_refused(message_id: str) -> None:
    with pytest.raises(ValueError):
        signed_headers(message_id=message_id, timestamp=1, body=b"", secrets=[new_secret()])
    with pytest.raises(ValueError):
        signed_headers(message_id="m", timestamp=1, body=b"", secrets=[])
