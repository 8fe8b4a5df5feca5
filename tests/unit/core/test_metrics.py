"""One registry, names that are documented, numbers of several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_open
from prometheus_client.parser import text_string_to_metric_families as read

from oms_project.core.metrics import Metrics
from tests.services import ROOT

OPEN = "application/openmetrics-text; version=1.0.0"


def _samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in read(text.decode())
        for sample in family.samples
    }


def test_the_same_name_is_the_same_metric() -> None:
    own = Metrics()
    first = own.counter("oms_eggs_total", "Eggs that were laid.", ("hen",))
    first.labels(hen="a").inc(2)
    own.counter("oms_eggs_total", "Eggs that were laid.", ("hen",)).labels(hen="a").inc()
    assert own.counter("oms_eggs_total", "Eggs that were laid.", ["hen"]) is first
    assert _samples(own.exposition()[0])["oms_eggs_total", (("hen", "a"),)] == 3


def test_a_name_stands_for_one_thing() -> None:
    own = Metrics()
    own.histogram("oms_wait_seconds", "Seconds of waiting.", ("queue",))
    for other in (
        lambda: own.histogram("oms_wait_seconds", "Seconds of waiting.", ("lane",)),
        lambda: own.histogram("oms_wait_seconds", "Seconds of waiting.", ("queue",), bounds=(1,)),
        lambda: own.gauge("oms_wait_seconds", "Seconds of waiting.", ("queue",)),
    ):
        with pytest.raises(ValueError, match="oms_wait_seconds"):
            other()
    with pytest.raises(ValueError, match="_total"):
        own.counter("oms_eggs", "Eggs that were laid.")
    with pytest.raises(ValueError, match="oms_ and words"):
        own.gauge("eggs", "Eggs that lie there.")
    with pytest.raises(ValueError, match="sentence"):
        own.gauge("oms_eggs", "eggs")


def test_both_formats_are_read_by_prometheus_own_parsers() -> None:
    own = Metrics()
    own.counter("oms_eggs_total", "Eggs that were laid.").inc()
    own.histogram("oms_wait_seconds", "Seconds of waiting.").observe(0.2)
    text, kind = own.exposition()
    assert kind.startswith("text/plain")
    assert _samples(text)["oms_wait_seconds_count", ()] == 1
    text, kind = own.exposition(OPEN)
    assert kind.startswith("application/openmetrics-text")
    families = {family.name: family for family in read_open(text.decode())}  # type: ignore[no-untyped-call]
    assert families["oms_eggs"].samples[0].value == 1
    assert text.endswith(b"# EOF\n")


def test_what_is_only_known_by_looking_is_looked_up() -> None:
    own = Metrics()
    waiting = own.gauge("oms_waiting", "Rows that wait.")

    def broken() -> None:
        raise ConnectionError("away")

    own.before_scrape("rows", lambda: waiting.set(7))
    own.before_scrape("home", broken)
    samples = _samples(own.exposition()[0])
    assert samples["oms_waiting", ()] == 7
    assert samples["oms_scrape_failures_total", (("source", "home"),)] == 1


def test_all_are_described() -> None:
    own = Metrics()
    own.gauge("oms_waiting", "Rows that wait.", ("lane",), across="max")
    assert [(one.name, one.kind, one.labels, one.across) for one in own.described()] == [
        ("oms_scrape_failures_total", "counter", ("source",), ""),
        ("oms_waiting", "gauge", ("lane",), "max"),
    ]


_PROCESS = """
from oms_project.core.metrics import Metrics
own = Metrics()
own.counter("oms_eggs_total", "Eggs that were laid.").inc({eggs})
own.gauge("oms_deepest", "The deepest.", across="max").set({eggs})
own.histogram("oms_wait_seconds", "Seconds of waiting.").observe(0.2)
import sys
sys.stdout.buffer.write(own.exposition(folder={folder!r})[0])
"""


def test_one_process_answers_for_all_that_share_a_folder(tmp_path: Path) -> None:
    for eggs in (2, 5, 3):
        text = subprocess.run(
            [sys.executable, "-c", _PROCESS.format(eggs=eggs, folder=str(tmp_path))],
            cwd=ROOT, check=True, capture_output=True,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
        ).stdout  # fmt: skip
    samples = _samples(text)
    assert samples["oms_eggs_total", ()] == 10
    assert samples["oms_deepest", ()] == 5
    assert samples["oms_wait_seconds_count", ()] == 3
