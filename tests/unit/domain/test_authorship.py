"""Author strings: three forms, one spelling each, bound to one commit."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from oms_project.core.context import Actor
from oms_project.core.keys import PublicKey, SigningKey
from ontology.domain.authorship import (
    CommitClaim,
    author_problem,
    parse_author,
    sign_author,
    signed_bytes,
)

NOW = dt.datetime(2026, 7, 5, 12, 0, 0, 250_000, tzinfo=dt.UTC)
ALICE = Actor("alice123", "alice.smith")
DEPLOYER = Actor("svc_deploy", "deployment-service", kind="service")
DELEGATE = Actor(
    "svc_etl",
    "etl-service",
    kind="service",
    on_behalf_of=Actor("7", "john.doe"),
    reason="scheduled import",
)


def key_of(seed: int, *, purpose: str = "author", created: dt.datetime | None = None) -> SigningKey:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    public = private.public_key()
    made = created or NOW - dt.timedelta(days=1)
    return SigningKey(PublicKey(f"key-number-{seed}", purpose, "EdDSA", made, public), private)


KEY = key_of(1)
KEYS = {KEY.kid: KEY.public}


def claim_of(actor: Actor, **changes: object) -> CommitClaim:
    claim = CommitClaim(
        ontology="5b0a",
        parents=("a" * 64,),
        content="c" * 64,
        author_id=actor.id,
        author_username=actor.username,
        time=NOW,
        message="Import",
        on_behalf_of="" if actor.on_behalf_of is None else actor.on_behalf_of.id,
    )
    return replace(claim, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("actor", "beginning"),
    [
        (ALICE, "alice.smith (alice123)|verified|ts:2026-07-05T12:00:00.250000Z|sig:"),
        (
            DEPLOYER,
            "deployment-service (svc_deploy) [service]|verified"
            "|ts:2026-07-05T12:00:00.250000Z|sig:",
        ),
        (
            DELEGATE,
            "etl-service (svc_etl) [service] [delegated|on_behalf_of:john.doe"
            "|reason:scheduled import]|ts:2026-07-05T12:00:00.250000Z|sig:",
        ),
    ],
)
def test_the_three_forms(actor: Actor, beginning: str) -> None:
    text = sign_author(actor, claim_of(actor), KEY)

    assert text.startswith(f"{beginning}{KEY.kid}.")
    assert author_problem(text, claim_of(actor), KEYS) is None
    parsed = parse_author(text)
    assert parsed is not None
    assert (parsed.username, parsed.id, parsed.service) == (
        actor.username,
        actor.id,
        actor.kind == "service",
    )
    assert parsed.delegated == (actor is DELEGATE)


def test_names_and_reasons_cannot_forge_a_segment() -> None:
    mallory = Actor(
        "9|verified",
        "mallory (1)|verified|ts:2026",
        kind="service",
        on_behalf_of=Actor("7", "a]|ts:b"),
        reason="100% [service]\n|sig:x",
    )
    text = sign_author(mallory, claim_of(mallory), KEY)

    assert text.startswith(
        "mallory %281%29%7Cverified%7Cts%3A2026 (9%7Cverified) [service] "
        "[delegated|on_behalf_of:a%5D%7Cts%3Ab|reason:100%25 %5Bservice%5D%0A%7Csig%3Ax]|ts:"
    )
    parsed = parse_author(text)
    assert parsed is not None
    assert (parsed.username, parsed.id) == (mallory.username, mallory.id)
    assert (parsed.on_behalf_of, parsed.reason) == ("a]|ts:b", mallory.reason)
    assert author_problem(text, claim_of(mallory), KEYS) is None


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(name=NAMES, identifier=NAMES, behalf=NAMES, reason=NAMES, delegated=st.booleans())
def test_every_name_comes_back(
    name: str, identifier: str, behalf: str, reason: str, delegated: bool
) -> None:
    actor = Actor(identifier, name, kind="service")
    if delegated:
        actor = replace(actor, on_behalf_of=Actor("1", behalf), reason=reason)
    text = sign_author(actor, claim_of(actor), KEY)
    parsed = parse_author(text)

    assert parsed is not None
    assert parsed.text == text
    assert (parsed.username, parsed.id) == (name, identifier)
    assert (parsed.on_behalf_of, parsed.reason) == ((behalf, reason) if delegated else ("", ""))


@pytest.mark.parametrize(
    "changes",
    [
        {"ontology": "another"},
        {"parents": ()},
        {"parents": ("a" * 64, "b" * 64)},
        {"content": "d" * 64},
        {"message": "Import "},
    ],
)
def test_a_signature_holds_for_one_commit_only(changes: dict[str, object]) -> None:
    text = sign_author(DELEGATE, claim_of(DELEGATE), KEY)

    assert author_problem(text, claim_of(DELEGATE, **changes), KEYS) == (
        "its signature does not hold"
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"author_id": "alice124"}, "its author string names somebody else"),
        ({"author_username": "alice.smyth"}, "its author string names somebody else"),
        ({"time": NOW + dt.timedelta(microseconds=1)}, "its author string has another time"),
        (
            {"on_behalf_of": "7"},
            "its author string does not say on whose behalf it was made",
        ),
    ],
)
def test_the_commit_must_say_what_its_author_says(changes: dict[str, object], problem: str) -> None:
    text = sign_author(ALICE, claim_of(ALICE), KEY)

    assert author_problem(text, claim_of(ALICE, **changes), KEYS) == problem


def test_the_user_on_whose_behalf_is_bound_by_id_too() -> None:
    text = sign_author(DELEGATE, claim_of(DELEGATE), KEY)

    assert author_problem(text, claim_of(DELEGATE, on_behalf_of="8"), KEYS) == (
        "its signature does not hold"
    )


@pytest.mark.parametrize(
    "forge",
    [
        lambda text: text.replace("alice", "mallory"),
        lambda text: text.replace("|verified", ""),
        lambda text: text.replace(" (", "  ("),
        lambda text: text.replace("alice.smith", "alice%2Esmith"),
        lambda text: text.replace("alice.smith", "alice%2esmith"),
        lambda text: text + "=",
        lambda text: text + "\n",
        lambda text: text.replace("2026", "٢٠٢٦"),
        lambda text: text.replace("|ts:", " [service]|ts:"),
        lambda text: text[:-1],
        lambda text: text.replace("250000Z", "25Z"),
        lambda _: "",
    ],
)
def test_an_altered_author_does_not_verify(forge: object) -> None:
    text = sign_author(ALICE, claim_of(ALICE), KEY)
    forged = forge(text)  # type: ignore[operator]

    assert forged != text
    assert author_problem(forged, claim_of(ALICE), KEYS) is not None


def test_every_respelling_of_the_signature_is_refused() -> None:
    text = sign_author(ALICE, claim_of(ALICE), KEY)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    accepted = [
        letter
        for letter in alphabet  # the last letter has four bits that no byte takes
        if author_problem(text[:-1] + letter, claim_of(ALICE), KEYS) is None
    ]

    assert accepted == [text[-1]]


def test_a_service_cannot_pass_for_a_person() -> None:
    person = replace(DEPLOYER, kind="user")
    text = sign_author(DEPLOYER, claim_of(DEPLOYER), KEY).replace(" [service]", "")

    assert author_problem(text, claim_of(person), KEYS) == "its signature does not hold"


def test_keys_of_another_purpose_another_time_or_nobody() -> None:
    claim = claim_of(ALICE)
    text = sign_author(ALICE, claim, KEY)
    other = key_of(2)

    assert author_problem(text, claim, {}) == f"it is signed with an unknown key ({KEY.kid})"
    assert author_problem(text, claim, {KEY.kid: replace(KEY.public, purpose="token")}) == (
        f"it is signed with an unknown key ({KEY.kid})"
    )
    assert author_problem(text, claim, {KEY.kid: replace(other.public, kid=KEY.kid)}) == (
        "its signature does not hold"
    )
    later = replace(KEY.public, created=NOW + dt.timedelta(hours=1))
    assert author_problem(text, claim, {KEY.kid: later}) == (
        f"it is older than the key that signed it ({KEY.kid})"
    )
    lost = replace(KEY.public, revoked=NOW)
    assert author_problem(text, claim, {KEY.kid: lost}) == (
        f"the key that signed it was revoked before ({KEY.kid})"
    )
    lost_later = replace(KEY.public, revoked=NOW + dt.timedelta(seconds=1))
    assert author_problem(text, claim, {KEY.kid: lost_later}) is None


def test_what_is_signed_is_written_down() -> None:
    """The payload is a published format: who verifies elsewhere builds the same bytes."""
    text = sign_author(ALICE, claim_of(ALICE), KEY)
    unsigned, _, signed = text.partition("|sig:")
    payload = signed_bytes(unsigned, claim_of(ALICE))

    assert payload.decode() == (
        '{"author":"alice.smith (alice123)|verified|ts:2026-07-05T12:00:00.250000Z",'
        f'"content":"{"c" * 64}","format":"oms-author-1","message":"Import","onBehalfOf":"",'
        f'"ontology":"5b0a","parents":["{"a" * 64}"],"time":"2026-07-05T12:00:00.250000Z"}}'
    )
    signature = base64.urlsafe_b64decode(signed.partition(".")[2] + "==")
    KEY.private.public_key().verify(signature, payload)  # type: ignore[call-arg, arg-type]
