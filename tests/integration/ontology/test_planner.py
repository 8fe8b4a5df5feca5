"""PostgreSQL's planner knows how large a table is, also when it was counted in the midst of a load."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from ontology.store.orm.sql import bulk_insert, counted_loads, rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data]

TABLE = "loaded_at_once"


def known() -> int:
    return int(rows("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [TABLE])[0][0])


def count_from_outside() -> None:
    """What autovacuum does, in a connection of its own."""

    def count() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {TABLE}")
        connection.close()

    thread = threading.Thread(target=count)
    thread.start()
    thread.join(30)


def test_a_load_is_counted_before_it_commits() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (number integer)")
    try:
        with transaction.atomic(), counted_loads():
            bulk_insert(TABLE, ["number"], [[number] for number in range(5000)])
            if connection.vendor == "postgresql":
                count_from_outside()
                assert known() == 0  # what nobody else sees is not there
        if connection.vendor == "postgresql":
            assert known() == 5000
        assert rows(f"SELECT count(*) FROM {TABLE}") == [(5000,)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {TABLE}")


def test_what_is_known_is_not_counted_again() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (number integer)")
    try:
        with transaction.atomic():
            bulk_insert(TABLE, ["number"], [[number] for number in range(5000)])
        if connection.vendor == "postgresql":
            count_from_outside()
            assert known() == 5000
        with transaction.atomic(), counted_loads():
            bulk_insert(TABLE, ["number"], [[number] for number in range(1000)])
        if connection.vendor == "postgresql":
            assert known() == 5000
        assert rows(f"SELECT count(*) FROM {TABLE}") == [(6000,)]
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {TABLE}")
