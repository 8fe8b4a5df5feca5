"""The product's metrics: one registry, and the only way to add to it.

A module makes its metrics when it is imported, and observes them where something happens::

    _landed = counter("oms_home_commits_total", "Commits that reached their home.", ("outcome",))
    _landed.labels(outcome="ok").inc()

``/metrics`` serves them (`oms_project.observability.metrics`), ``docs/reference/metrics.md`` lists
them and is written from `described`. What is only known by looking (rows that wait, say) is looked
up when somebody asks: `before_scrape`.

Every process has numbers of its own. Where one address stands for several processes of a machine
(a WSGI server with workers), the variable ``PROMETHEUS_MULTIPROC_DIR`` names a folder that is empty
when they start, and each of them answers for all; a gauge says what that means for it (``across``).
Labels take few values: never an id, a name that users choose, or a message.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, cast

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = [
    "SECONDS",
    "Counter",
    "Described",
    "Gauge",
    "Histogram",
    "Metrics",
    "before_scrape",
    "counter",
    "described",
    "gauge",
    "histogram",
    "metrics",
]

M = TypeVar("M", bound=MetricWrapperBase)

#: What one number of several processes is, see prometheus_client's ``multiprocess_mode``.
Across = Literal["all", "liveall", "min", "livemin", "max", "livemax", "sum", "livesum"]

#: Bounds of histograms of time, in seconds: from a cache's answer to what nobody waits for.
SECONDS: Final = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
)

_NAME = re.compile(r"^oms_[a-z][a-z0-9_]*$")

log = structlog.get_logger("oms.metrics")


@dataclass(frozen=True, slots=True)
class Described:
    """One metric as its reference says it.

    Attributes:
        name: as it is scraped.
        kind: ``counter``, ``gauge`` or ``histogram``.
        doc: one sentence.
    """

    name: str
    kind: str
    doc: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    across: str = ""


class Metrics:
    """A registry; the product has one, `metrics`, and tests make their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._known: dict[str, tuple[Described, MetricWrapperBase]] = {}
        self._questions: dict[str, Callable[[], None]] = {}
        self._lock = threading.Lock()
        for collect in (ProcessCollector, PlatformCollector, GCCollector):
            collect(registry=self.registry)
        self._failed = self.counter(
            "oms_scrape_failures_total",
            "Looks that failed while metrics were served; the rest was served.",
            ("source",),
        )

    def counter(self, name: str, doc: str, labels: Sequence[str] = ()) -> Counter:
        """A number that only grows; its name ends in ``_total``. The same name again gives the
        same metric.

        Raises:
            ValueError: a name that does not fit, or that stands for something else already.
        """
        if not name.endswith("_total"):
            raise ValueError(f"A counter's name ends in _total; {name!r} does not.")
        wanted = Described(name, "counter", doc, tuple(labels))
        return self._add(wanted, lambda: Counter(name, doc, labels, registry=self.registry))

    def gauge(
        self, name: str, doc: str, labels: Sequence[str] = (), *, across: Across = "livesum"
    ) -> Gauge:
        """A number that goes up and down.

        Args:
            across: what the number of several processes together is.

        Raises:
            ValueError: as `counter`.
        """
        wanted = Described(name, "gauge", doc, tuple(labels), across=across)
        return self._add(
            wanted,
            lambda: Gauge(name, doc, labels, registry=self.registry, multiprocess_mode=across),
        )

    def histogram(
        self, name: str, doc: str, labels: Sequence[str] = (), *, bounds: Sequence[float] = SECONDS
    ) -> Histogram:
        """How often what was measured stayed below each of ``bounds``.

        Raises:
            ValueError: as `counter`.
        """
        wanted = Described(name, "histogram", doc, tuple(labels), tuple(bounds))
        return self._add(
            wanted,
            lambda: Histogram(name, doc, labels, registry=self.registry, buckets=bounds),
        )

    def _add(self, wanted: Described, make: Callable[[], M]) -> M:
        if not _NAME.match(wanted.name):
            raise ValueError(
                f"A metric's name is oms_ and words in lower case, not {wanted.name!r}."
            )
        if not wanted.doc.endswith("."):
            raise ValueError(f"{wanted.name} wants a sentence that says what it counts.")
        with self._lock:
            if wanted.name in self._known:
                known, metric = self._known[wanted.name]
                if known != wanted:
                    raise ValueError(f"There is a metric {wanted.name} already, and it is another.")
                return cast("M", metric)
            made = make()
            self._known[wanted.name] = wanted, made
            return made

    def before_scrape(self, name: str, look: Callable[[], None]) -> None:
        """Let ``look`` set gauges whenever somebody asks; the same name again replaces it. One that
        fails is counted, and the rest is served.
        """
        self._questions[name] = look

    def described(self) -> tuple[Described, ...]:
        """All metrics, by name."""
        return tuple(known for _, (known, _) in sorted(self._known.items()))

    def exposition(self, accept: str = "", *, folder: str = "") -> tuple[bytes, str]:
        """What a scraper reads, and its content type.

        Args:
            accept: the header: OpenMetrics when it asks for it, else Prometheus's text.
            folder: where several processes keep their numbers; empty: only this one's.
        """
        for name, look in tuple(self._questions.items()):
            try:
                look()
            except Exception as error:  # noqa: BLE001 - whatever it was, other numbers still count
                self._failed.labels(source=name).inc()
                log.warning("metrics cannot be looked up", source=name, error=repr(error))
        registry = self.registry
        if folder:
            registry = CollectorRegistry()
            gather: Any = MultiProcessCollector
            gather(registry, path=folder)
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type


#: The product's.
metrics: Final = Metrics()
counter = metrics.counter
gauge = metrics.gauge
histogram = metrics.histogram
before_scrape = metrics.before_scrape
described = metrics.described
