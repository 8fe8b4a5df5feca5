"""Checkpoints: the text that C2SP prescribes, and nothing that only looks like one."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from audit.domain.checkpoint import (
    Checkpoint,
    NotGenuine,
    check_note,
    parse_checkpoint,
    parse_note,
    sign_note,
    verifier_key,
)
from oms_project.core.keys import PublicKey, SigningKey

NAME = "example.com/audit"
TIME = "2026-01-02T12:00:00.000000Z"


def make_key(kid: str = "k", *, algorithm: str = "EdDSA") -> SigningKey:
    private = (
        ed25519.Ed25519PrivateKey.generate()
        if algorithm == "EdDSA"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return SigningKey(PublicKey(kid, "audit", algorithm, made, private.public_key()), private)


KEY = make_key()
HEAD = Checkpoint(origin=NAME, size=7, root=b"r" * 32, time=TIME, previous=b"p" * 32)


def test_the_text_is_that_of_a_tlog_checkpoint() -> None:
    root, previous = (base64.b64encode(raw * 32).decode() for raw in (b"r", b"p"))
    assert HEAD.text() == f"{NAME}\n7\n{root}\ntime {TIME}\nprevious {previous}\n"
    assert parse_checkpoint(HEAD.text()) == HEAD
    first = replace(HEAD, previous=b"")
    assert parse_checkpoint(first.text()) == first


@pytest.mark.parametrize("algorithm", ["EdDSA", "RS256"])
def test_what_was_signed_verifies(algorithm: str) -> None:
    key = make_key(algorithm=algorithm)
    note = parse_note(sign_note(name=NAME, text=HEAD.text(), key=key))
    assert note.text == HEAD.text()
    assert check_note(note, name=NAME, keys={"other": KEY.public, "k2": key.public}) == key.public


def test_no_other_key_name_or_text_verifies() -> None:
    signed = sign_note(name=NAME, text=HEAD.text(), key=KEY)
    keys = {"k": KEY.public}
    with pytest.raises(NotGenuine, match="None of the known keys"):
        check_note(parse_note(signed), name=NAME, keys={"k": make_key().public})
    with pytest.raises(NotGenuine, match="None of the known keys"):
        check_note(parse_note(signed), name="example.com/other", keys=keys)
    with pytest.raises(NotGenuine, match="not that of the key k"):
        check_note(parse_note(signed.replace("\n7\n", "\n8\n")), name=NAME, keys=keys)


@pytest.mark.parametrize(
    "note",
    ["", "x", "a\n\n", "a\n\nb\n", "a\n\n— n !!!\n", "a\n\n— n AAAA\n", "a\n\n— n AAAAAAAA", "a\n"],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NotGenuine):
        parse_note(note)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n7\n",
        HEAD.text().replace("\n7\n", "\n07\n"),
        HEAD.text().replace("\n7\n", "\n-7\n"),
        HEAD.text().replace("\n7\n", "\n٧\n"),
        HEAD.text().replace("cnJy", "cnJ"),
        HEAD.text().replace("time 2026", "time 20x6"),
        HEAD.text().replace("time ", "tide "),
        HEAD.text().replace(NAME, ""),
        HEAD.text()[:-1],
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NotGenuine):
        parse_checkpoint(text)


def test_the_verifier_key_is_that_of_other_tools() -> None:
    name, key_id, key = verifier_key(name=NAME, key=KEY.public).split("+", 2)
    raw = base64.b64decode(key)
    assert (name, len(key_id), raw[0], len(raw)) == (NAME, 8, 1, 33)
