"""Tokens as they travel: JSON Web Tokens, signed with keys of the keyring."""

from __future__ import annotations

from oms_project.identity.tokens.jwt import Tokens, issuer, mint, read_token

__all__ = ["Tokens", "issuer", "mint", "read_token"]
