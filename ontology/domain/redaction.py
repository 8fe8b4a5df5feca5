"""Values that were erased for good."""

from __future__ import annotations

from ontology.domain.documents import Body

__all__ = ["REDACTED", "excused"]

#: System member of an instance: names of the values that were erased.
REDACTED = "_redacted"


def excused(body: Body) -> frozenset[str]:
    """Names of required values that may be missing, because they were erased."""
    return frozenset(body.get(REDACTED, ()))
