"""How far the outbox is behind, lane by lane; and the health of the relay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min

from events.access import check_administers
from events.models import Event, Lease, Pending, Quarantined, Rule, Webhook
from oms_project.core.clock import utc_now

__all__ = ["LaneLag", "lane_names", "lanes", "list_lanes", "relay_health"]


@dataclass(frozen=True, slots=True)
class LaneLag:
    """A lane in which something waits.

    Attributes:
        name: for people.
        lag: age of the oldest event, in seconds.
        failing: keys that have to wait because of failures.
        error: of one of those.
    """

    lane: str
    name: str
    waiting: int
    lag: float
    failing: int
    error: str


def list_lanes() -> list[LaneLag]:
    """`lanes`, for those who run events about everything. Raises PermissionDenied."""
    check_administers(())
    return lanes()


def lanes() -> list[LaneLag]:
    """Every lane in which something waits."""
    rows = list(
        Pending.objects.values("lane").annotate(waiting=Count("seq"), oldest=Min("seq"))
        .order_by("lane")
    )  # fmt: skip
    added = dict(
        Event.objects.filter(seq__in=[row["oldest"] for row in rows]).values_list("seq", "added")
    )
    failing: dict[str, tuple[int, str]] = {
        row["lane"]: (row["keys"], row["error"])
        for row in Lease.objects.filter(retry_at__gt=0)
        .values("lane")
        .annotate(keys=Count("key"), error=Max("error"))
    }
    names = lane_names([row["lane"] for row in rows])
    now = utc_now()
    return [
        LaneLag(
            row["lane"],
            names.get(row["lane"], row["lane"]),
            row["waiting"],
            max(0.0, (now - added[row["oldest"]]).total_seconds()) if row["oldest"] in added else 0,
            *failing.get(row["lane"], (0, "")),
        )
        for row in rows
    ]


def lane_names(wanted: list[str]) -> dict[str, str]:
    """Lane -> the name of its webhook or rule; two queries."""
    ids = [lane.partition(":")[2] for lane in wanted if ":" in lane]
    usable = [one for one in ids if len(one) == 36]
    names = {row.lane: row.name for row in Webhook.objects.filter(pk__in=usable)}
    return names | {row.lane: row.name for row in Rule.objects.filter(pk__in=usable)}


def relay_health() -> dict[str, Any]:
    """A health check: what waits, and for how long."""
    found = lanes()
    return {
        "waiting": sum(one.waiting for one in found),
        "lag_seconds": round(max((one.lag for one in found), default=0.0), 1),
        "failing_lanes": sum(1 for one in found if one.failing),
        "quarantined": Quarantined.objects.count(),
    }
