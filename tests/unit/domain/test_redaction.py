"""What an erasure leaves of a body, and the signature that says so."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from oms_project.core.keys import PublicKey, SigningKey
from ontology.domain.redaction import (
    RedactionClaim,
    erasable_names,
    erased_values,
    excused,
    redacted_body,
    redaction_problem,
    sign_redaction,
    with_gaps,
)

NOW = dt.datetime(2026, 7, 5, 12, tzinfo=dt.UTC)
BODY: dict[str, Any] = {
    "_type": "t",
    "_key": ["ann@x.org", 7],
    "_iri": "https://example.org/ann",
    "email": "ann@x.org",
    "age": 7.0,
    "home": {"city": "Seoul", "zips": ["1", "2"]},
}


def test_values_go_and_their_names_stay() -> None:
    left = redacted_body(BODY, {"home", "age", "phone"})
    assert left == {
        "_type": "t",
        "_key": ["ann@x.org", 7],
        "_iri": "https://example.org/ann",
        "email": "ann@x.org",
        "_redacted": ["age", "home"],
    }
    assert excused(left) == {"age", "home"}
    assert excused(BODY) == frozenset()


def test_a_key_that_holds_the_value_goes_too() -> None:
    left = redacted_body(BODY, {"email"})
    assert left is not None
    assert "_key" not in left
    # 7.0 is another value than 7.
    kept = redacted_body(BODY, {"age"})
    assert kept is not None
    assert kept["_key"] == BODY["_key"]


def test_what_is_not_there_is_not_erased() -> None:
    assert redacted_body(BODY, {"phone"}) is None
    assert redacted_body(BODY, {"_type", "_key", "_redacted"}) is None


def test_names_gather() -> None:
    once = redacted_body(BODY, {"home"})
    assert once is not None
    twice = redacted_body(once, {"age", "home"})
    assert twice is not None
    assert twice["_redacted"] == ["age", "home"]
    assert redacted_body(twice, {"age", "home"}) is None


def test_what_can_be_erased_are_values_and_what_people_said() -> None:
    body = {**BODY, "_annotations": [], "_source": "a", "_redacted": ["x"]}
    assert erasable_names(body) == {"_iri", "_annotations", "email", "age", "home"}


def test_single_values_of_structures_are_found() -> None:
    assert sorted(map(str, erased_values(BODY, ["home", "age", "none"]))) == [
        "1",
        "2",
        "7.0",
        "Seoul",
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"_redacted": ["b"]}, {"a": 2}, {"a": 2, "_redacted": ["b"]}),
        ({"_redacted": ["b", "c"]}, {"b": 2}, {"b": 2, "_redacted": ["c"]}),
        ({"_redacted": ["b"]}, {"b": 2}, {"b": 2}),
        (None, {"a": 1, "_redacted": ["b"]}, {"a": 1}),
        ({"_redacted": ["b"]}, {"_redacted": ["x"]}, {"_redacted": ["b"]}),
    ],
)
def test_gaps_are_those_from_before(before: Any, after: Any, expected: Any) -> None:
    assert with_gaps(before, after) == expected


# --- signatures -----------------------------------------------------------------------------------
CLAIM = RedactionClaim(
    ontology="o",
    rid="r",
    body_hash="b",
    before="b",
    after="a",
    fields=("email",),
    reason="Request 7",
    author_id="1",
    author_username="alice",
    time=NOW,
    batch="x",
    position=0,
    size=2,
    on_behalf_of="2",
)


@pytest.fixture
def key() -> SigningKey:
    private = ed25519.Ed25519PrivateKey.generate()
    public = PublicKey("key-1", "author", "EdDSA", NOW - dt.timedelta(days=1), private.public_key())
    return SigningKey(public, private)


def test_a_genuine_redaction_is_found_so(key: SigningKey) -> None:
    assert redaction_problem(sign_redaction(CLAIM, key), CLAIM, {key.kid: key.public}) is None


@pytest.mark.parametrize("field", list(RedactionClaim.__slots__))
def test_no_part_of_it_can_be_changed(key: SigningKey, field: str) -> None:
    other: Any = {
        "fields": ("name",),
        "time": NOW + dt.timedelta(seconds=1),
        "position": 1,
        "size": 3,
    }.get(field, "other")
    changed = replace(CLAIM, **{field: other})
    problem = redaction_problem(sign_redaction(CLAIM, key), changed, {key.kid: key.public})
    assert problem == "the signature of its redaction does not hold"


def test_keys_that_do_not_count(key: SigningKey) -> None:
    signed = sign_redaction(CLAIM, key)
    public = key.public
    for keys, said in (
        ({}, "unknown key"),
        ({key.kid: replace(public, purpose="token")}, "unknown key"),
        ({key.kid: replace(public, created=NOW + dt.timedelta(days=1))}, "older than the key"),
        ({key.kid: replace(public, revoked=NOW)}, "revoked before"),
    ):
        assert said in str(redaction_problem(signed, CLAIM, keys))
    still = {key.kid: replace(public, revoked=NOW + dt.timedelta(seconds=1))}
    assert redaction_problem(signed, CLAIM, still) is None


@pytest.mark.parametrize("text", ["", "key-1", "key-1.", "key-1.???", "key-1.abc", "x.y.z"])
def test_what_is_no_signature_is_refused(key: SigningKey, text: str) -> None:
    assert redaction_problem(text, CLAIM, {key.kid: key.public}) is not None
