"""The place of an event in the outbox, as the CloudEvents extension ``sequence``."""

from __future__ import annotations

__all__ = ["sequence_text"]


def sequence_text(seq: int) -> str:
    """A number of the outbox as text that sorts as the numbers do."""
    return f"{seq:020}"
