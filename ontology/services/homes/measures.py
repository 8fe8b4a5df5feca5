"""What is measured of homes."""

from __future__ import annotations

import time

from django.db.models import Count, Q

from oms_project.core.metrics import before_scrape, counter, gauge
from ontology.contract import ReconcileReport
from ontology.store.home_models import HomedOntology, Intent

__all__ = ["reconciled"]

_last = gauge(
    "oms_home_reconciled_timestamp_seconds",
    "When homes were last held against the index, in seconds since 1970.",
    across="max",
)
_finished = counter(
    "oms_home_finished_total", "Commits that were in a home only, and were put into the index."
)
_abandoned = counter("oms_home_abandoned_total", "Intents that came to nothing.")
_found = counter("oms_home_strays_total", "Changes in homes that OMS did not make.")
_failed = counter("oms_home_reconcile_failures_total", "Homes that could not be looked at.")
_open = gauge(
    "oms_home_strays_open",
    "Changes in homes that OMS did not make and nobody has settled: alert on it.",
    ("ontology",),
    across="max",
)
_pending = gauge(
    "oms_home_intents_pending", "What was begun in homes and has not ended.", across="max"
)
_lag = gauge(
    "oms_home_lag_seconds",
    "How long ago the home was read that waits longest.",
    across="max",
)


def reconciled(report: ReconcileReport) -> None:
    """Count what a look came to."""
    _last.set(time.time())
    _finished.inc(report.finished)
    _abandoned.inc(report.abandoned)
    _found.inc(report.strays)
    _failed.inc(len(report.problems))


def _look() -> None:
    oldest = None
    for name, seen, count in HomedOntology.objects.annotate(
        count=Count("ontology__strays", filter=Q(ontology__strays__state="open"))
    ).values_list("ontology__name", "seen_at", "count"):
        _open.labels(ontology=name).set(count)
        if seen is not None:
            oldest = seen if oldest is None else min(oldest, seen)
    _lag.set(0 if oldest is None else max(0.0, time.time() - oldest.timestamp()))
    _pending.set(Intent.objects.filter(state=Intent.PENDING).count())


before_scrape("homes", _look)
