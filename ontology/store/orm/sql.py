"""The little that SQLite and PostgreSQL say differently, and rows to values."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DataError, InterfaceError, OperationalError, connection

from oms_project.core.canonical_json import dumps_text
from oms_project.core.errors import Unavailable
from ontology.contract import CommitInfo
from ontology.domain.kinds import Kind
from ontology.store.port import StoredDocument
from ontology.store.texts import is_storable

__all__ = [
    "COMMIT_COLUMNS",
    "DOCUMENT_COLUMNS",
    "as_time",
    "bulk_insert",
    "commit_from_row",
    "counted_loads",
    "document_from_row",
    "in_list",
    "is_postgresql",
    "joined_texts",
    "keys_table",
    "list_parameter",
    "rows",
    "translated",
]

COMMIT_COLUMNS = (
    "c.id, c.parent, c.merged, c.author_id, c.author_username, c.time, c.message, "
    "c.content_hash, c.change_count, c.signature, c.on_behalf_of, c.line_id, c.seq"
)
DOCUMENT_COLUMNS = (
    "v.rid, v.kind, v.body, v.body_hash, v.created, v.updated, v.deleted, v.line_id, v.seq_from, "
    "v.name_key"
)
#: From this many rows on, PostgreSQL loads them with COPY.
_COPY_FROM = 300


def is_postgresql() -> bool:
    """Whether the ORM's database is PostgreSQL (else it is SQLite)."""
    return bool(connection.vendor == "postgresql")


@contextmanager
def translated() -> Iterator[None]:
    """A database that does not answer becomes the domain's own error."""
    try:
        yield
    except (InterfaceError, OperationalError) as error:
        if not is_postgresql() and "locked" not in str(error):
            raise  # SQLite says this of a missing table too, which waiting does not mend
        raise Unavailable(
            "The database did not answer in time. Try again.", code="store_unavailable"
        ) from error


def in_list(column: str) -> str:
    """SQL for "``column`` is one of a list"; the list is one parameter, see ``list_parameter``."""
    if is_postgresql():
        return f"{column} = ANY(%s)"
    return f"{column} IN (SELECT value FROM json_each(%s))"


def keys_table(alias: str) -> str:
    """SQL for a table with one column ``value`` made of a list (one parameter)."""
    if is_postgresql():
        return f"unnest(%s::text[]) AS {alias}(value)"
    return f"json_each(%s) AS {alias}"


def joined_texts(expression: str) -> str:
    """SQL for the texts of all rows in one, with commas between them; NULL of no rows."""
    return f"{'string_agg' if is_postgresql() else 'group_concat'}({expression}, ',')"


def list_parameter(values: Collection[Any]) -> Any:
    """The parameter for ``in_list``, without texts that cannot be in the database anyway."""
    kept = [value for value in values if not isinstance(value, str) or is_storable(value)]
    return kept if is_postgresql() else dumps_text(kept)


def rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query. What is asked for with a text that cannot be stored is not there."""
    with translated(), connection.cursor() as cursor:
        try:
            cursor.execute(sql, parameters)
        except (DataError, UnicodeEncodeError):
            if all(is_storable(value) for value in parameters if isinstance(value, str)):
                raise
            return []
        return cursor.fetchall()  # type: ignore[no-any-return]


def bulk_insert(table: str, columns: Sequence[str], values: Iterable[Sequence[Any]]) -> None:
    """Insert many rows the fast way of each database."""
    batch = values if isinstance(values, list) else list(values)
    if not batch:
        return
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if is_postgresql() and len(batch) >= _COPY_FROM:
            # Django's cursor passes ``copy`` through to psycopg.
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in batch:
                    copy.write_row(row)
            _loaded()[table] = _loaded().get(table, 0) + len(batch)
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", batch)


_thread = threading.local()


def _loaded() -> dict[str, int]:
    """Rows that this thread's transaction has loaded, by table."""
    loaded: dict[str, int] = _thread.__dict__.setdefault("loaded", {})
    return loaded


@contextmanager
def counted_loads() -> Iterator[None]:
    """Around a transaction's writes: what was loaded is counted before it commits, where
    PostgreSQL's planner has too low a number.

    Autovacuum may count a table while a load has not committed: it sees nothing, and until it
    comes again the planner reads the whole table for every key. A transaction sees its own rows, so
    it counts them itself. Nobody is waited for: a table that is being counted is left out.
    """
    _loaded().clear()
    try:
        yield
        for table, written in sorted(_loaded().items()):
            # -1: it was never counted, and the planner goes by the size of the file.
            ((known,),) = rows("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
            if 0 <= known < written:
                with connection.cursor() as cursor:
                    cursor.execute(f"ANALYZE (SKIP_LOCKED) {table}")
    finally:
        _loaded().clear()


def as_time(value: Any) -> dt.datetime:
    """An aware UTC time from what the database driver returns."""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value)
    assert isinstance(value, dt.datetime)
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def commit_from_row(row: Sequence[Any]) -> CommitInfo:
    """A commit from ``COMMIT_COLUMNS``."""
    return CommitInfo(
        id=row[0],
        parents=tuple(parent for parent in (row[1], row[2]) if parent),
        author=f"{row[4]} ({row[3]})",
        author_id=row[3],
        author_username=row[4],
        time=as_time(row[5]),
        message=row[6],
        content_hash=row[7],
        change_count=row[8],
        signature=row[9],
        on_behalf_of_id=row[10],
    )


def document_from_row(row: Sequence[Any]) -> StoredDocument:
    """A document from ``DOCUMENT_COLUMNS``; its locator is ``(line, seq_from)``."""
    return StoredDocument(
        rid=row[0],
        kind=Kind(row[1]),
        text=row[2],
        hash=row[3],
        created=row[4],
        updated=row[5],
        deleted=bool(row[6]),
        locator=(row[7], row[8]),
        key=row[9],
    )
