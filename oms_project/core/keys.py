"""Signing keys: a port, and the keyring that keeps them in files.

Keys lie outside the database on purpose: whoever administers the database can then neither sign in
somebody's name nor re-sign a history that was rewritten. A keyring holds several keys per purpose.
The newest one signs; the others stay, so that what they signed can be verified.

Another keyring (a hardware module, a key service) or another algorithm is an addition: implement
`Keyring`, name it in ``OMS_SERVICES["keyring"]``.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from django.conf import settings

from oms_project.core.clock import utc_now
from oms_project.core.errors import Invalid, NotFound, Unavailable
from oms_project.core.services import service

__all__ = [
    "PURPOSES",
    "FileKeyring",
    "Keyring",
    "PublicKey",
    "SigningKey",
    "keyring",
    "load_public_keys",
    "public_key_set",
]

#: What keys are for: who wrote a commit, the heads of the audit log, access tokens.
PURPOSES: Final = ("author", "audit", "token")
_ALGORITHMS: Final = ("EdDSA", "RS256")
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What verifies.

    Attributes:
        kid: the first 32 hexadecimal digits of the key's RFC 7638 thumbprint: the same key, the
            same id, and one that can be typed after any command.
        algorithm: ``EdDSA`` (Ed25519) or ``RS256``, as RFC 7518 and RFC 8037 name them.
        created: when it was made; it cannot have signed anything earlier.
        revoked: since when nothing that it signs counts (the key was lost); None: it counts.
    """

    kid: str
    purpose: str
    algorithm: str
    created: dt.datetime
    key: ed25519.Ed25519PublicKey | rsa.RSAPublicKey = field(repr=False)
    revoked: dt.datetime | None = None

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` is this key's over ``message``. Never raises for bad input."""
        try:
            if isinstance(self.key, ed25519.Ed25519PublicKey):
                self.key.verify(signature, message)
            else:
                self.key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def jwk(self) -> dict[str, str]:
        """The key as a JSON Web Key (RFC 7517)."""
        return {**_members(self.key), "kid": self.kid, "alg": self.algorithm, "use": "sig"}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What signs. ``private`` is for libraries that sign themselves; never log or store it."""

    public: PublicKey
    private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey = field(repr=False)

    @property
    def kid(self) -> str:
        """The key's id."""
        return self.public.kid

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message``: 64 bytes for Ed25519."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())


class Keyring(Protocol):
    """Holds the keys of every purpose in `PURPOSES`."""

    def signing_key(self, purpose: str) -> SigningKey:
        """The key that signs now: the newest with a private part.

        Raises:
            Unavailable: ``key_missing``; there is none, and the settings do not let one be made.
        """
        ...

    def public_keys(self, purpose: str) -> Mapping[str, PublicKey]:
        """``kid`` -> key, of all that ever signed; also those that were retired or revoked."""
        ...

    def rotate(self, purpose: str, *, algorithm: str = "EdDSA") -> PublicKey:
        """Make a new key, which signs from now on; the ones before it go on verifying.

        Raises:
            Invalid: an unknown purpose or algorithm.
        """
        ...

    def retire(self, purpose: str, kid: str) -> PublicKey:
        """Destroy a key's private part. When it was the newest, one has to be made before anything
        is signed again.

        Raises:
            NotFound: there is no such key.
        """
        ...

    def revoke(self, purpose: str, kid: str, *, since: dt.datetime) -> PublicKey:
        """Let nothing count that the key signed from ``since`` on, and retire it.

        Raises:
            NotFound: there is no such key.
        """
        ...


class FileKeyring:
    """One JSON file per key in ``OMS_KEYS_DIR/<purpose>/<kid>.json``, readable by its owner only.

    Processes that share the folder agree: each one looks at the folder's time before it signs.
    """

    def __init__(self) -> None:
        self._folder = Path(settings.OMS_KEYS_DIR)
        self._lock = threading.Lock()
        self._loaded: dict[str, tuple[int, list[_KeyFile]]] = {}

    def signing_key(self, purpose: str) -> SigningKey:
        """See `Keyring.signing_key`."""
        _known_purpose(purpose)
        for file in reversed(self._files(purpose)):
            if file.signing is not None and file.public.revoked is None:
                return file.signing
        if not settings.OMS_KEYS_CREATE:
            raise Unavailable(
                f"There is no key for '{purpose}' in OMS_KEYS_DIR. "
                "Make one: manage.py keys rotate " + purpose,
                code="key_missing",
                data={"purpose": purpose},
            )
        with self._lock:
            if not any(file.signing for file in self._files(purpose)):
                self._make(purpose, "EdDSA")
        return self.signing_key(purpose)

    def public_keys(self, purpose: str) -> Mapping[str, PublicKey]:
        """See `Keyring.public_keys`."""
        _known_purpose(purpose)
        return {file.public.kid: file.public for file in self._files(purpose)}

    def rotate(self, purpose: str, *, algorithm: str = "EdDSA") -> PublicKey:
        """See `Keyring.rotate`."""
        _known_purpose(purpose)
        if algorithm not in _ALGORITHMS:
            raise Invalid(
                f"'{algorithm}' is no algorithm of a signing key. Use EdDSA or RS256.",
                code="unknown_algorithm",
            )
        with self._lock:
            return self._make(purpose, algorithm)

    def retire(self, purpose: str, kid: str) -> PublicKey:
        """See `Keyring.retire`."""
        return self._rewrite(purpose, kid, private=None)

    def revoke(self, purpose: str, kid: str, *, since: dt.datetime) -> PublicKey:
        """See `Keyring.revoke`."""
        return self._rewrite(purpose, kid, private=None, revoked=since.astimezone(dt.UTC))

    def _make(self, purpose: str, algorithm: str) -> PublicKey:
        private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
        if algorithm == "EdDSA":
            private = ed25519.Ed25519PrivateKey.generate()
        else:
            private = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        public = private.public_key()
        made = PublicKey(_thumbprint(public), purpose, algorithm, utc_now(), public)
        self._write(made, private)
        return made

    def _rewrite(self, purpose: str, kid: str, **changes: Any) -> PublicKey:
        _known_purpose(purpose)
        with self._lock:
            found = self.public_keys(purpose).get(kid)
            if found is None:
                raise NotFound(
                    f"There is no key '{kid}' for '{purpose}'. List them: manage.py keys list",
                    code="key_not_found",
                    data={"purpose": purpose, "kid": kid},
                )
            changed = PublicKey(
                found.kid,
                purpose,
                found.algorithm,
                found.created,
                found.key,
                changes.get("revoked", found.revoked),
            )
            self._write(changed, changes["private"])
        return changed

    def _write(
        self, public: PublicKey, private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | None
    ) -> None:
        folder = self._folder / public.purpose
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = json.dumps(_document(public, private), indent=2) + "\n"
        temporary = folder / f".{public.kid}.{os.getpid()}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / f"{public.kid}.json")
        self._loaded.pop(public.purpose, None)

    def _files(self, purpose: str) -> list[_KeyFile]:
        """All keys of a purpose, oldest first."""
        folder = self._folder / purpose
        try:
            stamp = folder.stat().st_mtime_ns
        except FileNotFoundError:
            return []
        loaded = self._loaded.get(purpose)
        if loaded is None or loaded[0] != stamp:
            found = [_read(path, purpose) for path in folder.glob("*.json")]
            found.sort(key=lambda file: (file.public.created, file.public.kid))
            loaded = self._loaded[purpose] = stamp, found
        return loaded[1]


@dataclass(frozen=True, slots=True)
class _KeyFile:
    public: PublicKey
    signing: SigningKey | None


def public_key_set(keys: Sequence[PublicKey]) -> dict[str, Any]:
    """A JSON Web Key Set (RFC 7517) that `load_public_keys` reads: to be kept where nobody who can
    write the database can change it.
    """
    return {"keys": [_document(key, None) for key in keys]}


def load_public_keys(document: Mapping[str, Any]) -> dict[str, PublicKey]:
    """``kid`` -> key, from what `public_key_set` wrote.

    Raises:
        Invalid: ``bad_key_set``; the document is no such set.
    """
    try:
        keys = [_public_from(entry, str(entry["purpose"])) for entry in document["keys"]]
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(
            "This is not a set of public keys. Write one with: manage.py keys export",
            code="bad_key_set",
        ) from error
    return {key.kid: key for key in keys}


def _known_purpose(purpose: str) -> None:
    if purpose not in PURPOSES:
        raise Invalid(
            f"'{purpose}' is no purpose of a key. Use one of: {', '.join(PURPOSES)}.",
            code="unknown_purpose",
        )


def _document(
    public: PublicKey, private: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | None
) -> dict[str, Any]:
    document: dict[str, Any] = {
        **public.jwk(),
        "purpose": public.purpose,
        "created": public.created.isoformat(),
    }
    if public.revoked is not None:
        document["revoked"] = public.revoked.isoformat()
    if private is not None:
        document["private"] = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii")
    return document


def _read(path: Path, purpose: str) -> _KeyFile:
    try:
        document = json.loads(path.read_text(encoding="ascii"))
        public = _public_from(document, purpose)
        signing = None
        if "private" in document:
            private = serialization.load_pem_private_key(
                document["private"].encode("ascii"), password=None
            )
            if not isinstance(private, ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
                raise TypeError("a key of another kind")
            if _thumbprint(private.public_key()) != public.kid:
                raise ValueError("its two halves do not belong together")
            signing = SigningKey(public, private)
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise Unavailable(
            f"The key file {path.name} for '{purpose}' cannot be used: {error}. "
            "Restore it from a backup, or remove it.",
            code="bad_key_file",
        ) from error
    return _KeyFile(public, signing)


def _public_from(document: Mapping[str, Any], purpose: str) -> PublicKey:
    key: ed25519.Ed25519PublicKey | rsa.RSAPublicKey
    if document["kty"] == "OKP" and document["crv"] == "Ed25519":
        key = ed25519.Ed25519PublicKey.from_public_bytes(_unbase64(document["x"]))
        algorithm = "EdDSA"
    elif document["kty"] == "RSA":
        key = rsa.RSAPublicNumbers(
            int.from_bytes(_unbase64(document["e"])), int.from_bytes(_unbase64(document["n"]))
        ).public_key()
        algorithm = "RS256"
    else:
        raise ValueError("a key of another kind")
    kid = _thumbprint(key)
    if document["kid"] != kid or document["alg"] != algorithm or not _KEY_ID.fullmatch(kid):
        raise ValueError("its id or algorithm is not the key's own")
    revoked = document.get("revoked")
    return PublicKey(
        kid,
        purpose,
        algorithm,
        dt.datetime.fromisoformat(document["created"]),
        key,
        None if revoked is None else dt.datetime.fromisoformat(revoked),
    )


def _members(key: ed25519.Ed25519PublicKey | rsa.RSAPublicKey) -> dict[str, str]:
    """The members that RFC 7638 takes a thumbprint of."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": _base64(key.public_bytes_raw())}
    numbers = key.public_numbers()
    return {"e": _base64_number(numbers.e), "kty": "RSA", "n": _base64_number(numbers.n)}


def _thumbprint(key: ed25519.Ed25519PublicKey | rsa.RSAPublicKey) -> str:
    text = json.dumps(_members(key), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _base64_number(number: int) -> str:
    return _base64(number.to_bytes((number.bit_length() + 7) // 8))


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


keyring: Keyring = service("keyring", Keyring)
