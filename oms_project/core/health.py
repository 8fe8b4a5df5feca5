"""Health checks as a list that every app may add to; `oms_project.observability` serves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["HealthCheck", "health_checks", "register_health_check"]


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that can be well or not.

    Attributes:
        name: stands in the answer: ``database``, ``ontology``.
        run: returns JSON-compatible details; raises when the thing is not well. It runs in a
            thread of its own, with a time limit, outside any request.
        needed: whether the process can serve without it: a needed one that fails makes
            ``/health/ready`` answer 503.
        reported: whether ``/health/ready`` names it although the process serves without it; then
            the answer is "degraded" when it is away.
    """

    name: str
    run: Callable[[], Mapping[str, Any]]
    needed: bool = False
    reported: bool = False


_checks: dict[str, HealthCheck] = {}


def register_health_check(
    name: str,
    run: Callable[[], Mapping[str, Any]],
    *,
    needed: bool = False,
    reported: bool = False,
) -> None:
    """Add a check, from ``AppConfig.ready``; the same name again replaces it."""
    _checks[name] = HealthCheck(name, run, needed, reported)


def health_checks(*, readiness: bool = False) -> tuple[HealthCheck, ...]:
    """The registered checks, by name; for ``/health/ready`` those that it names."""
    return tuple(
        check
        for _, check in sorted(_checks.items())
        if check.needed or check.reported or not readiness
    )
