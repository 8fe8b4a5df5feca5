"""Thousands of tokens that are almost right, through the real request chain: none gets in.

The one token that was left as it is gets in, before and after: the experiment measures refusals, and
not a server that refuses everything.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rest_framework.test import APIClient

from oms_project.core.keys import SigningKey, keyring
from oms_project.identity.contract import Role
from oms_project.identity.models import RevokedToken, TokenSession, User
from tests.conftest import MakePerson, tokens_of

pytestmark = [pytest.mark.django_db, pytest.mark.faults]

ME = "/api/v1/auth/me"
SHORT, FULL = 2_000, 20_000
_LETTERS = "ABCabcXYZxyz019-_.=+/ %\t\x7fé\x00"


class Forger:
    """Knows the public keys and a genuine token of everybody, and not the private key (but where
    the mutation is about what a genuine signature does not cover).
    """

    def __init__(self, user: User, other: User, seed: int) -> None:
        self.dice = random.Random(seed)
        self.key: SigningKey = keyring.signing_key("token")
        self.user, self.other = user, other
        self.token = tokens_of(user).access
        self.refresh = tokens_of(user).refresh
        self.header, self.claims = _header(self.token), _claims(self.token)
        self.strangers: list[tuple[str, Any]] = [
            ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
            ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        ]
        public = self.key.public.key
        self.secrets = [
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            json.dumps(self.key.public.jwk()).encode(),
            b"secret" * 8,
        ]

    # -- what a signature covers -----------------------------------------------------------------
    def letters(self) -> str:
        """Some letters of the text are others, gone, doubled, or in another place."""
        letters = list(self.token)
        for _ in range(self.dice.choice((1, 1, 1, 2, 5))):
            place = self.dice.randrange(len(letters))
            match self.dice.randrange(4):
                case 0:
                    letters[place] = self.dice.choice(_LETTERS)
                case 1:
                    del letters[place]
                case 2:
                    letters.insert(place, self.dice.choice(_LETTERS))
                case _:
                    other = self.dice.randrange(len(letters))
                    letters[place], letters[other] = letters[other], letters[place]
        return "".join(letters)

    def parts(self) -> str:
        """Parts are missing, doubled, exchanged, or somebody else's."""
        other = tokens_of(self.other).access.split(".")
        parts = self.token.split(".")
        match self.dice.randrange(5):
            case 0:
                parts[1] = other[1]
            case 1:
                parts[2] = other[2]
            case 2:
                self.dice.shuffle(parts)
            case 3:
                parts.insert(self.dice.randrange(4), self.dice.choice([*parts, "", "e30"]))
            case _:
                del parts[self.dice.randrange(3)]
        return ".".join(parts)

    def spelling(self) -> str:
        """The same bytes, written in another way."""
        parts = self.token.split(".")
        place = self.dice.randrange(3)
        part = parts[place]
        match self.dice.randrange(4):
            case 0:
                parts[place] = part + "=" * self.dice.randint(1, 3)
            case 1:
                alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                parts[place] = part[:-1] + self.dice.choice(alphabet.replace(part[-1], ""))
            case 2:
                cut = self.dice.randrange(len(part))
                parts[place] = (
                    part[:cut] + self.dice.choice((" ", "\t", "\u200b", "%20")) + part[cut:]
                )
            case _:
                parts[place] = part + self.dice.choice(("A", ".", "-", "\x00"))
        return ".".join(parts)

    # -- who signed it, and how ------------------------------------------------------------------
    def algorithm(self) -> str:
        """No signature, a shared secret that is none, another algorithm than the key's."""
        alg = self.dice.choice(
            (
                "none",
                "None",
                "nOnE",
                "HS256",
                "HS384",
                "HS512",
                "RS256",
                "ES256",
                "PS256",
                "",
                None,
                7,
            )
        )
        header = {**self.header, "alg": alg}
        signed = f"{_part(header)}.{_part(self.claims)}"
        if isinstance(alg, str) and alg.startswith("HS"):
            import hmac

            digest = "sha" + alg[2:]
            mac = hmac.new(self.dice.choice(self.secrets), signed.encode(), digest).digest()
            return f"{signed}.{_base64(mac)}"
        genuine = _base64(self.key.sign(signed.encode()))
        return f"{signed}.{self.dice.choice(('', 'AA', genuine))}"

    def stranger(self) -> str:
        """Signed by a key that is not ours, under our key's name or its own."""
        algorithm, key = self.dice.choice(self.strangers)
        headers = {"typ": "at+jwt", "kid": self.dice.choice((self.key.kid, "x" * 22, "../token"))}
        return jwt.encode(self.claims, key, algorithm=algorithm, headers=headers)

    def header_member(self) -> str:
        """Genuinely signed, with a header that asks for something."""
        member, value = self.dice.choice(
            [
                ("kid", "x" * 22), ("kid", ""), ("kid", None), ("kid", ["a"]), ("kid", 7),
                ("kid", "../../author/x"), ("typ", "JWT"), ("typ", "refresh+jwt"), ("typ", None),
                ("typ", {}), ("jku", "https://evil.example/jwks"), ("jwk", self.key.public.jwk()),
                ("x5u", "https://evil.example/x"), ("x5c", ["AAAA"]), ("crit", ["exp"]),
                ("b64", False), ("zip", "DEF"), ("cty", "JWT"), ("alg", "RS256"), ("alg", ["EdDSA"]),
            ]
        )  # fmt: skip
        return self._signed({**self.header, member: value}, self.claims)

    # -- what it says ----------------------------------------------------------------------------
    def claim(self) -> str:
        """Genuinely signed, with claims that are none of ours."""
        now = int(time.time())
        name, value = self.dice.choice(
            [
                ("exp", now - self.dice.randint(1, 10**6)), ("exp", str(now + 600)), ("exp", True),
                ("exp", None), ("exp", 1e308), ("exp", [now + 600]), ("exp", now + 600.5),
                ("iat", now + self.dice.randint(60, 10**6)), ("iat", None), ("iat", "now"),
                ("iat", -1), ("nbf", now + 600), ("nbf", "x"),
                ("aud", "another"), ("aud", ["oms", "another"]), ("aud", []), ("aud", None),
                ("iss", "https://evil.example"), ("iss", ["oms"]), ("iss", None),
                ("sub", str(self.other.pk)), ("sub", "admin"), ("sub", None), ("sub", {"a": 1}),
                ("sub", str(self.user.pk).upper()), ("sub", "x" * 1000), ("sub", "\x00"),
                ("sid", str(self.user.pk)), ("sid", None), ("sid", "' OR '1'='1"), ("sid", 1),
                ("jti", None), ("jti", "a\x00b"), ("jti", 5), ("jti", "f" * 500),
                ("token_type", "refresh"), ("token_type", None), ("token_type", ["access"]),
                ("act", {"sub": str(self.other.pk), "client_id": "svc"}), ("act", []),
                ("act", {"sub": str(self.other.pk)}), ("delegation", str(self.other.pk)),
            ]
        )  # fmt: skip
        return self._signed(self.header, {**self.claims, name: value})

    def json(self) -> str:
        """Genuinely signed, and no JSON that we take: doubled members, other types, nesting."""
        text = json.dumps(self.claims)
        body = self.dice.choice(
            [
                text[:-1] + f', "sub": "{self.other.pk}"}}',
                text[:-1] + ', "exp": NaN}',
                text[:-1] + ', "exp": Infinity}',
                "[]", "null", '"text"', "{", "", "[" * 900, '{"a":' * 300,
                text + text, "\ufeff" + text, text.replace('"', "'"),
            ]
        )  # fmt: skip
        header = self.dice.choice([json.dumps(self.header)] * 3 + ["[]", "{}", "null", "[" * 500])
        signed = f"{_base64(header.encode())}.{_base64(body.encode())}"
        return f"{signed}.{_base64(self.key.sign(signed.encode()))}"

    def taken_back(self) -> str:
        """Genuine, and revoked: the token, its session, or the user behind it."""
        token = tokens_of(self.user).access
        claims = _claims(token)
        match self.dice.randrange(3):
            case 0:
                session = TokenSession.objects.get(pk=claims["sid"])
                RevokedToken.objects.create(jti=claims["jti"], expires_at=session.expires_at)
            case 1:
                TokenSession.objects.filter(pk=claims["sid"]).update(revoked_at="2020-01-01T00:00Z")
            case _:
                TokenSession.objects.filter(pk=claims["sid"]).update(expires_at="2020-01-01T00:00Z")
        return token

    def another_kind(self) -> str:
        """A refresh token where an access token belongs, also under its header."""
        if self.dice.random() < 0.5:
            return self.refresh
        return self._signed({**self.header, "typ": "at+jwt"}, _claims(self.refresh))

    def _signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        header = {name: value for name, value in header.items() if value is not None}
        claims = {name: value for name, value in claims.items() if value is not None}
        signed = f"{_part(header)}.{_part(claims)}"
        return f"{signed}.{_base64(self.key.sign(signed.encode()))}"


def test_mutated_tokens_do_not_get_in(person: MakePerson, full: bool) -> None:
    ann, bob = person("ann", Role.ADMINISTRATOR), person("bob", Role.VIEWER)
    forger = Forger(ann, bob, seed=20261123)
    kinds: list[Callable[[], str]] = [
        forger.letters, forger.letters, forger.letters, forger.parts, forger.spelling,
        forger.algorithm, forger.stranger, forger.header_member, forger.claim, forger.claim,
        forger.json, forger.taken_back, forger.another_kind,
    ]  # fmt: skip
    client = APIClient()

    def status_of(token: str) -> int:
        try:
            header = f"Bearer {token}".encode().decode("latin-1")
        except UnicodeDecodeError:  # pragma: no cover - every byte is a letter of latin-1
            raise AssertionError from None
        return int(client.get(ME, HTTP_AUTHORIZATION=header).status_code)

    assert status_of(forger.token) == 200
    answers: Counter[tuple[str, int]] = Counter()
    accepted: list[tuple[str, int, str]] = []
    wanted = FULL if full else SHORT
    while sum(answers.values()) < wanted:
        kind = forger.dice.choice(kinds)
        token = kind()
        if token.strip(" ") == forger.token:
            continue  # the mutation changed nothing
        status = status_of(token)
        answers[kind.__name__, status] += 1
        if status != 401:
            accepted.append((kind.__name__, status, token))
    print(sum(answers.values()), "tokens:", dict(sorted(answers.items())))
    assert accepted == []
    assert {status for _kind, status in answers} == {401}
    assert len({kind for kind, _status in answers}) == len(set(kinds))
    assert status_of(forger.token) == 200


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _header(token: str) -> dict[str, Any]:
    header: dict[str, Any] = jwt.get_unverified_header(token)
    return header


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
