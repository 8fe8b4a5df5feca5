"""Who goes on after the last number misses nothing, also where several write at once."""

from __future__ import annotations

import threading
from typing import Any

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
    found, last = events_after(last, actor=SYSTEM)
    assert [view.event["data"]["job"] for view in found] == ["1", "2"]
    assert events_after(last, actor=SYSTEM) == ([], last)


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_began_first_and_told_last_passes_nobody_over() -> None:
    if connection.vendor != "postgresql":
        # It would wait for the other one: there is one writer at a time.
        outbox.append(job_event(1), job_event(2))
        assert len(events_after(0, actor=SYSTEM)[0]) == 2
        return
    begun, told, ended = threading.Event(), threading.Event(), threading.Event()

    def first_to_begin() -> None:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_current_xact_id()")
                begun.set()
                told.wait(30)
                outbox.append(job_event(2))
        finally:
            connection.close()
            ended.set()

    thread = threading.Thread(target=first_to_begin)
    thread.start()
    assert begun.wait(30)
    with transaction.atomic():
        outbox.append(job_event(1))
        told.set()
        assert ended.wait(30)  # its event has the higher number, and is committed
        seen_meanwhile = threading.Thread(target=lambda: found.append(other_reader()))
        found: list[Any] = []
        seen_meanwhile.start()
        seen_meanwhile.join(30)
    thread.join(30)
    assert found == [([], 0)]
    views, _last = events_after(0, actor=SYSTEM)
    assert [view.event["data"]["job"] for view in views] == ["1", "2"]


def other_reader() -> Any:
    try:
        return events_after(0, actor=SYSTEM)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_what_other_databases_and_other_work_do_holds_nothing_back() -> None:
    if connection.vendor == "postgresql":
        opened, finish = threading.Event(), threading.Event()

        def other_work() -> None:
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SELECT pg_current_xact_id()")
                    opened.set()
                    finish.wait(30)
            finally:
                connection.close()

        thread = threading.Thread(target=other_work)
        thread.start()
        assert opened.wait(30)
    outbox.append(job_event(1))
    assert len(events_after(0, actor=SYSTEM)[0]) == 1
    if connection.vendor == "postgresql":
        finish.set()
        thread.join(30)
