"""Failed sign-ins: how many are too many, and for how long.

Three counters stand side by side, because one alone lets somebody through or locks somebody out:

- a name from one address (guessing at one account): few failures;
- an address (one machine that tries many names): more, an office may share it;
- a name from anywhere (many machines that guess at one account): many. Addresses from which this
  user signed in lately are not held up by this one, so that nobody can lock another out for good.

An attempt is counted before the password is looked at and taken back when it was right: a hundred
guesses at once are a hundred attempts. Nothing here asks whether the name exists.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from oms_project.core.clock import utc_now
from oms_project.identity.contract import TooManyAttempts
from oms_project.identity.models import LoginThrottle

__all__ = ["Attempt", "begin_attempt", "client_network", "purge_attempts"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that was let through, and counted as a failure until it `succeeded`."""

    username: str
    address: str

    def succeeded(self) -> None:
        """Take the count back, and remember that this user signs in from this address."""
        pair, name, address, known = _keys(self.username, self.address)
        counted = [address, name] if self.username else [address]
        with transaction.atomic():
            LoginThrottle.objects.filter(key__in=counted, failures__gt=0).update(
                failures=F("failures") - 1
            )
            if not self.username:
                return
            LoginThrottle.objects.filter(key=pair).delete()
            LoginThrottle.objects.update_or_create(
                key=known,
                defaults={"expires_at": utc_now() + timedelta(days=settings.OMS_LOGIN_KNOWN_DAYS)},
            )

    def locks_out(self) -> bool:
        """Whether this failure was the one after which no more are let through."""
        limits = _limits(self.username, self.address)
        return any(
            row.failures == limits[row.key]
            for row in LoginThrottle.objects.filter(key__in=list(limits))
        )


def begin_attempt(*, username: str, address: str) -> Attempt:
    """Let an attempt through and count it.

    Args:
        username: as it was typed; empty for a client, whose secret nobody can guess: then only the
            address counts.
        address: the client's network address.

    Raises:
        TooManyAttempts: with the seconds to wait.
    """
    now = utc_now()
    limits = _limits(username, address)
    name, known = (_keys(username, address)[index] for index in (1, 3))
    window = timedelta(minutes=settings.OMS_LOGIN_LOCKOUT_MINUTES)
    with transaction.atomic():
        LoginThrottle.objects.bulk_create(
            [LoginThrottle(key=key, expires_at=now + window) for key in sorted(limits)],
            ignore_conflicts=True,
        )
        rows = {
            row.key: row
            for row in LoginThrottle.objects.select_for_update()
            .filter(key__in=[*limits, known])
            .order_by("key")
        }
        is_known = known in rows and rows[known].expires_at > now
        held_up = [
            rows[key].expires_at
            for key, limit in limits.items()
            if rows[key].failures >= limit
            and rows[key].expires_at > now
            and not (key == name and is_known)
        ]
        if held_up:
            seconds = math.ceil((max(held_up) - now).total_seconds())
            raise TooManyAttempts(
                f"Too many failed attempts to sign in. Try again in {seconds} seconds.",
                data={"retry_after": seconds},
            )
        for key, limit in limits.items():
            row = rows[key]
            fresh = row.expires_at <= now or row.failures == 0
            row.failures = 1 if fresh else row.failures + 1
            if fresh or row.failures == limit:  # the window begins, or the lock does
                row.expires_at = now + window
            row.save(update_fields=["failures", "expires_at"])
    return Attempt(username=username, address=address)


def purge_attempts() -> int:
    """Forget counts that are over; how many."""
    return LoginThrottle.objects.filter(expires_at__lte=utc_now()).delete()[0]


def client_network(address: str) -> str:
    """What one client may be taken for: an IPv4 address, or the /64 that an IPv6 client owns."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _limits(username: str, address: str) -> dict[str, int]:
    pair, name, by_address, _known = _keys(username, address)
    limits = {by_address: settings.OMS_LOGIN_FAILURES_PER_ADDRESS}
    if username:
        limits[pair] = settings.OMS_LOGIN_FAILURES
        limits[name] = settings.OMS_LOGIN_FAILURES_PER_USER
    return limits


def _keys(username: str, address: str) -> tuple[str, str, str, str]:
    name, network = username.casefold(), client_network(address)
    return (
        _key("pair", name, network),
        _key("name", name),
        _key("address", network),
        _key("known", name, network),
    )


def _key(*parts: str) -> str:
    text = "\x1f".join(parts)
    return hashlib.sha256(f"{settings.SECRET_KEY}\x1f{text}".encode()).hexdigest()
