"""Secrets at rest: encrypted with a key that is derived from ``SECRET_KEY``.

When that is replaced, the old one stays in ``SECRET_KEY_FALLBACKS`` until every secret has been
sealed anew (`manage.py events webhooks reseal`).
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from oms_project.core.errors import Unavailable

__all__ = ["reseal", "seal", "unseal"]


def _fernet() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"oms webhook secrets")
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))


def seal(secret: str) -> str:
    """``secret`` as it may be stored."""
    return _fernet().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret again.

    Raises:
        Unavailable: ``secret_key_changed``; it was sealed with another key.
    """
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unavailable(
            "A webhook's secret was encrypted with another SECRET_KEY. Name that one in "
            "SECRET_KEY_FALLBACKS, or give the webhook a new secret.",
            code="secret_key_changed",
        ) from None


def reseal(sealed: str) -> str:
    """The same secret, encrypted with the present key.

    Raises:
        Unavailable: as ``unseal``.
    """
    return seal(unseal(sealed))
