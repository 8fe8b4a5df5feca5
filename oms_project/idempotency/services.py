"""Idempotency keys as rows of the default database."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog
from django.db import IntegrityError, transaction

from oms_project.core.clock import utc_now
from oms_project.core.context import attempt_scope
from oms_project.core.errors import Conflict, Invalid
from oms_project.core.ids import new_id
from oms_project.idempotency.contract import KEY_TTL_HOURS, StoredAnswer
from oms_project.idempotency.models import IdempotencyKey

__all__ = ["DatabaseIdempotency"]

# A claim without an answer belongs to a request that is being served, or to a process that died.
# No request is served for this long; and should one be, its own write fails when it is overtaken.
LEASE: Final = timedelta(minutes=10)
SWEEP_SECONDS: Final = 600
_SWEEP_AT_MOST: Final = 10_000

log = structlog.get_logger("oms.idempotency")


class DatabaseIdempotency:
    """Implements ``IdempotencyService``; see there for the promises."""

    def __init__(self) -> None:
        self._swept = time.monotonic()
        self._lock = threading.Lock()

    def run_once(
        self,
        *,
        actor_id: str,
        key: str,
        fingerprint: str,
        perform: Callable[[], StoredAnswer],
    ) -> tuple[StoredAnswer, bool]:
        """As the port says."""
        self._sweep_when_due()
        attempt = new_id()
        known = _claim(actor_id, key, fingerprint, attempt)
        if known is not None:
            return known, True
        mine = IdempotencyKey.objects.filter(actor_id=actor_id, key=key, attempt=attempt)
        try:
            with transaction.atomic(), attempt_scope(attempt):
                answer = perform()
                if answer.succeeded and not mine.update(
                    status=answer.status,
                    headers=dict(answer.headers),
                    body=zlib.compress(answer.body, 1),
                ):
                    raise _in_progress(key)  # overtaken after the lease: take our write back
        except BaseException:
            mine.delete()
            raise
        if not answer.succeeded:
            mine.delete()
        return answer, False

    def finished(self, attempt: str, *, headers: Mapping[str, str]) -> bool:
        """As the port says."""
        claimed = IdempotencyKey.objects.filter(attempt=attempt, status=None)
        kept = {"Content-Type": "application/json", **headers}
        return bool(claimed.update(status=200, headers=kept, body=zlib.compress(b"{}", 1)))

    def empty(self, *, holding: Callable[[bytes], bool]) -> int:
        """As the port says."""
        emptied = 0
        answered = IdempotencyKey.objects.filter(status__isnull=False)
        for row in answered.only("pk", "body", "headers").iterator(chunk_size=100):
            said = zlib.decompress(bytes(row.body)) + str(row.headers).encode()
            if holding(said):
                kept = {"Content-Type": row.headers.get("Content-Type", "application/json")}
                emptied += IdempotencyKey.objects.filter(pk=row.pk).update(
                    headers=kept, body=zlib.compress(b"{}", 1)
                )
        return emptied

    def sweep(self) -> int:
        """As the port says; a bounded number at a time."""
        expired = IdempotencyKey.objects.filter(expires_at__lt=utc_now())
        ids = list(expired.order_by("expires_at").values_list("pk", flat=True)[:_SWEEP_AT_MOST])
        count, _ = IdempotencyKey.objects.filter(pk__in=ids).delete()
        if count:
            log.info("idempotency keys forgotten", count=count)
        return count

    def _sweep_when_due(self) -> None:
        with self._lock:
            if time.monotonic() - self._swept < SWEEP_SECONDS:
                return
            self._swept = time.monotonic()
        self.sweep()


def _claim(actor_id: str, key: str, fingerprint: str, attempt: str) -> StoredAnswer | None:
    """Take the key (None), or the answer that it has already."""
    while True:
        now = utc_now()
        try:
            with transaction.atomic():
                IdempotencyKey.objects.create(
                    actor_id=actor_id,
                    key=key,
                    fingerprint=fingerprint,
                    attempt=attempt,
                    claimed_at=now,
                    expires_at=now + timedelta(hours=KEY_TTL_HOURS),
                )
        except IntegrityError:
            row = IdempotencyKey.objects.filter(actor_id=actor_id, key=key).first()
        else:
            return None
        if row is None:
            continue  # released between the two statements
        if row.expires_at < now:
            IdempotencyKey.objects.filter(pk=row.pk, attempt=row.attempt).delete()
            continue
        if row.fingerprint != fingerprint:
            raise Invalid(
                "This Idempotency-Key was used for another request: use a new one.",
                code="idempotency_key_reused",
                data={"key": key},
            )
        if row.status is not None:
            return StoredAnswer(row.status, row.headers, zlib.decompress(bytes(row.body)))
        if row.claimed_at > now - LEASE:
            raise _in_progress(key)
        abandoned = IdempotencyKey.objects.filter(pk=row.pk, attempt=row.attempt, status=None)
        if abandoned.update(attempt=attempt, claimed_at=now):
            return None


def _in_progress(key: str) -> Conflict:
    return Conflict(
        "A request with this Idempotency-Key is still being served: wait, then repeat it.",
        code="idempotency_in_progress",
        data={"key": key},
    )
