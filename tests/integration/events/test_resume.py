"""Who goes on after the last number misses nothing, also where several write at once."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from events.selectors.log import events_after
from oms_project.core.context import SYSTEM
from oms_project.core.outbox import outbox
from tests.integration.events.conftest import job_event


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_is_not_passed_over() -> None:
    if connection.vendor != "postgresql":
        # One writer at a time: what is committed later has a higher number.
        outbox.append(job_event(1))
        found, last = events_after(0, actor=SYSTEM)
        assert len(found) == 1
        outbox.append(job_event(2))
        assert len(events_after(last, actor=SYSTEM)[0]) == 1
        return
    written, finish = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                outbox.append(job_event(1))
                written.set()
                finish.wait(30)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(30)
    outbox.append(job_event(2))
    found, last = events_after(0, actor=SYSTEM)
    assert found == []
    finish.set()
    thread.join(30)
    # The horizon is the server's: writers of its other databases hold it back for a moment.
    seen: list[str] = []
    until = time.monotonic() + 60
    while len(seen) < 2 and time.monotonic() < until:
        found, last = events_after(last, actor=SYSTEM)
        seen += [view.event["data"]["job"] for view in found]
        assert seen == ["1", "2"][: len(seen)]
        time.sleep(0.05)
    assert seen == ["1", "2"]
    assert events_after(last, actor=SYSTEM) == ([], last)
