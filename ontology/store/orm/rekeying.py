"""Individuals that were imported before objects had types in their keys: their rows brought up to
date, and back.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from oms_project.core.canonical_json import loads
from ontology.domain.documents import document_name, instance_name_key
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key

__all__ = ["rekey", "unrekey"]

_PAGE = 2000


def rekey(connection: BaseDatabaseWrapper) -> None:
    """Give objects the name key that begins with their type, and drop the entries it replaces."""
    _update(connection, lambda body: instance_name_key(Kind.OBJECT, body)[:500])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM ontology_documentindex WHERE role = '_type'")


def unrekey(connection: BaseDatabaseWrapper) -> None:
    """Give objects the name key that is their IRI, and the entries for their types."""
    _update(connection, lambda body: name_key(document_name(Kind.OBJECT, body))[:500])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT line_id, rid, body, seq_from, seq_to FROM ontology_documentversion "
            "WHERE kind = 'Object' AND NOT deleted"
        )
        entries = [
            (line, rid, "_type", loads(body)["_type"], start, end)
            for line, rid, body, start, end in cursor.fetchall()
            if "_type" in loads(body)
        ]
        cursor.executemany(
            "INSERT INTO ontology_documentindex (line_id, rid, role, key, seq_from, seq_to) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            entries,
        )


def _update(connection: BaseDatabaseWrapper, key_of: Any) -> None:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, body FROM ontology_documentversion "
                "WHERE kind = 'Object' AND id > %s ORDER BY id LIMIT %s",
                [last, _PAGE],
            )
            found = cursor.fetchall()
            if not found:
                return
            cursor.executemany(
                "UPDATE ontology_documentversion SET name_key = %s WHERE id = %s",
                [(key_of(loads(body)), row) for row, body in found],
            )
            last = found[-1][0]
