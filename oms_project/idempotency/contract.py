"""PUBLIC: doing a write once per key. ``OMS_SERVICES["idempotency"]`` names the class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from oms_project.core.services import service

__all__ = ["KEY_TTL_HOURS", "IdempotencyService", "StoredAnswer", "idempotency"]

#: Hours that a key and its answer are remembered.
KEY_TTL_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that can be given again.

    Attributes:
        status: HTTP status, or what stands for it.
        headers: the headers that belong to the answer.
        body: its bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def succeeded(self) -> bool:
        """Whether the write was done: only then is the answer remembered."""
        return 200 <= self.status < 300


class IdempotencyService(Protocol):
    """Runs a write once for each key of an actor."""

    def run_once(
        self,
        *,
        actor_id: str,
        key: str,
        fingerprint: str,
        perform: Callable[[], StoredAnswer],
    ) -> tuple[StoredAnswer, bool]:
        """Perform the write, or give the answer again that it had.

        The write and its answer are stored in one transaction: after a crash either both are
        there or neither. A write that fails leaves nothing behind, and its key may be used again.

        Args:
            actor_id: whose key it is; keys of different actors never meet.
            key: chosen by the client, 1 to 255 characters.
            fingerprint: hash of everything that makes the request what it is.
            perform: does the write on the default database.

        Returns:
            The answer, and whether it is a repetition.

        Raises:
            Invalid: ``idempotency_key_reused``: the key was used for another request.
            Conflict: ``idempotency_in_progress``: the same request is still being served.
        """
        ...

    def finished(self, attempt: str, *, headers: Mapping[str, str]) -> bool:
        """A write whose process died was done after all, elsewhere: a repetition is answered by 200
        with an empty JSON object.

        Args:
            attempt: what ``current_attempt()`` was inside ``perform``.
            headers: of that answer.

        Returns:
            Whether its key was waiting for an answer.
        """
        ...

    def empty(self, *, holding: Callable[[bytes], bool]) -> int:
        """Take the body out of the answers that hold something; gives their number.

        A repetition is then answered by the same status with an empty JSON object: what was done
        once is not done again.

        Args:
            holding: whether the body of an answer holds it.
        """
        ...

    def sweep(self) -> int:
        """Forget what is older than ``KEY_TTL_HOURS``; gives the number of keys."""
        ...


idempotency: IdempotencyService = service("idempotency", IdempotencyService)
