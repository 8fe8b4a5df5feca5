"""Signed tree heads, as C2SP's tlog-checkpoint and signed-note write them.

A note is a text, an empty line, and signature lines. A checkpoint's text has the origin, the
size and the root of the tree, and two extension lines of ours: when it was signed, and the hash of
the note before it, so that heads form a chain from which none can be taken out unnoticed::

    oms.local/audit
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
    time 2026-01-02T12:00:00.123456Z
    previous 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=

    — oms.local/audit Az3grlgtzPICa5OS8npVmf1Myq/…

Any tool for signed notes verifies them (the RSA signatures of a keyring that has such keys excepted,
for which C2SP has no type).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from oms_project.core.keys import PublicKey, SigningKey

__all__ = [
    "Checkpoint",
    "NotGenuine",
    "Note",
    "check_note",
    "parse_checkpoint",
    "parse_note",
    "sign_note",
    "verifier_key",
]

_MAX_NOTE: Final = 64 * 1024
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)")


class NotGenuine(ValueError):
    """A note that is malformed, or that none of the known keys has signed; the message says why."""


@dataclass(frozen=True, slots=True)
class Note:
    """A signed text.

    Attributes:
        text: what is signed, with its last newline.
        signatures: (name, key id of 4 bytes, signature) of each signature line.
    """

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a tree head states.

    Attributes:
        origin: names the log.
        time: when it was signed; RFC 3339 in UTC with microseconds.
        previous: SHA-256 of the note before this one; empty for the first.
    """

    origin: str
    size: int
    root: bytes
    time: str
    previous: bytes = b""

    def text(self) -> str:
        """What is signed."""
        lines = [self.origin, str(self.size), _base64(self.root), f"time {self.time}"]
        if self.previous:
            lines.append(f"previous {_base64(self.previous)}")
        return "\n".join(lines) + "\n"


def sign_note(*, name: str, text: str, key: SigningKey) -> str:
    """The note: ``text`` (which ends with a newline and has no empty line), and a signature."""
    signature = key.sign(text.encode())
    line = _base64(_key_id(name, key.public) + signature)
    return f"{text}\n— {name} {line}\n"


def parse_note(note: str) -> Note:
    """The parts of a note.

    Raises:
        NotGenuine: it is none.
    """
    text, separator, lines = note.rpartition("\n\n")
    if len(note) > _MAX_NOTE or not separator or not lines.endswith("\n"):
        raise NotGenuine("This is no signed note.")
    signatures = []
    for line in lines[:-1].split("\n"):
        found = _SIGNATURE.fullmatch(line)
        raw = _unbase64(found[2]) if found else b""
        if found is None or len(raw) < 5:
            raise NotGenuine("A signature line of the note is malformed.")
        signatures.append((found[1], raw[:4], raw[4:]))
    return Note(text=text + "\n", signatures=tuple(signatures))


def check_note(note: Note, *, name: str, keys: Mapping[str, PublicKey]) -> PublicKey:
    """The known key that signed the note under ``name``.

    Raises:
        NotGenuine: none did.
    """
    by_id = {_key_id(name, key): key for key in keys.values()}
    for signer, key_id, signature in note.signatures:
        key = by_id.get(key_id)
        if signer != name or key is None:
            continue
        if not key.verify(signature, note.text.encode()):
            raise NotGenuine(f"The signature is not that of the key {key.kid}.")
        return key
    raise NotGenuine("None of the known keys has signed it.")


def parse_checkpoint(text: str) -> Checkpoint:
    """What a checkpoint's text states.

    Raises:
        NotGenuine: it is none.
    """
    lines = text.split("\n")
    if len(lines) < 5 or lines[-1] != "" or not all(lines[:-1]):
        raise NotGenuine("This is no checkpoint.")
    extensions = dict(line.partition(" ")[::2] for line in lines[3:-1])
    previous = extensions.get("previous", "")
    checkpoint = Checkpoint(
        origin=lines[0],
        size=int(lines[1]) if re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]) else -1,
        root=_unbase64(lines[2]),
        time=extensions.get("time", ""),
        previous=_unbase64(previous) if previous else b"",
    )
    if (
        checkpoint.size < 0
        or len(checkpoint.root) != 32
        or len(checkpoint.previous) not in {0, 32}
        or not _is_time(checkpoint.time)
    ):
        raise NotGenuine("This is no checkpoint of OMS.")
    return checkpoint


def verifier_key(*, name: str, key: PublicKey) -> str:
    """The key as other tools for signed notes take it: ``name+key id+key``."""
    kind = _kind(key)
    return f"{name}+{_key_id(name, key).hex()}+{_base64(kind)}"


def _kind(key: PublicKey) -> bytes:
    """Signature type and public key: 0x01 is Ed25519, 0xff what C2SP has no type for."""
    if isinstance(key.key, ed25519.Ed25519PublicKey):
        return b"\x01" + key.key.public_bytes_raw()
    return b"\xffRS256" + key.key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _key_id(name: str, key: PublicKey) -> bytes:
    return sha256(name.encode() + b"\n" + _kind(key)).digest()[:4]


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotGenuine("It holds something that is not base64.") from error
