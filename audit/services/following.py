"""The trail in the order of its places, for what follows it."""

from __future__ import annotations

from audit.models import Event, Leaf

__all__ = ["DatabaseAuditTrail"]


class DatabaseAuditTrail:
    """The trail in this database."""

    def placed(self, first: int, *, limit: int) -> tuple[list[tuple[int, str]], int]:
        """See `AuditTrail.placed`."""
        leaves = Leaf.objects.filter(idx__gte=first).order_by("idx")
        places = list(leaves.values_list("idx", "event_id")[:limit])
        if not places:
            return [], first
        ids = [event_id for _, event_id in places]
        bodies = dict(Event.objects.filter(id__in=ids).values_list("id", "body"))
        found = [(idx, bodies[event_id]) for idx, event_id in places if event_id in bodies]
        return found, places[-1][0] + 1
