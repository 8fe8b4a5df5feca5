"""The queries behind every decision: who somebody is, which roles reach him, what is protected.

They are asked in every request and before every write. As plain SQL they cost what the database
takes; building the same queries through the ORM cost ten times as much.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

__all__ = ["GrantRow", "grant_rows", "protection_rows"]

_COLUMNS = "b.role, b.ontology, b.branch, b.expires_at"
_WHO = "u.id, u.is_active, u.is_superuser"


class GrantRow(NamedTuple):
    """A user with one role that he holds, himself or through a group; without one when he holds
    none.
    """

    user: str
    active: bool
    superuser: bool
    role: str
    ontology: str
    branch: str
    expires_at: dt.datetime | None
    group: str


def grant_rows(ids: Collection[str]) -> list[GrantRow]:
    """Rows of the users with these ids, expired roles among them.

    Args:
        ids: UUIDs as text.
    """
    if not ids:
        return []
    users = f"u.id IN ({', '.join(['%s'] * len(ids))})"
    # A user without roles is one row of the outer join, without a role.
    sql = (
        f"SELECT {_WHO}, {_COLUMNS}, '' FROM identity_user u "
        f"LEFT JOIN identity_rolebinding b ON b.user_id = u.id WHERE {users} "
        f"UNION ALL SELECT {_WHO}, {_COLUMNS}, g.name FROM identity_user u "
        "JOIN identity_user_groups m ON m.user_id = u.id JOIN auth_group g ON g.id = m.group_id "
        f"JOIN identity_rolebinding b ON b.group_id = g.id WHERE {users}"
    )
    keys = [_stored(identifier) for identifier in ids]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*keys, *keys])
        return [
            GrantRow(
                user=str(key if isinstance(key, UUID) else UUID(key)),
                active=bool(active),
                superuser=bool(superuser),
                role=role or "",
                ontology=ontology or "",
                branch=branch or "",
                expires_at=_time(expires),
                group=group,
            )
            for key, active, superuser, role, ontology, branch, expires, group in cursor.fetchall()
        ]


def protection_rows(ontology: str) -> list[tuple[str, str, str]]:
    """``(ontology, pattern, note)`` of the rules that protect branches of an ontology by their
    names, its own before those of every ontology.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ontology, pattern, note FROM identity_protectionrule "
            "WHERE ontology IN ('', %s) ORDER BY ontology DESC, pattern",
            [ontology],
        )
        return [(str(scope), str(pattern), str(note)) for scope, pattern, note in cursor.fetchall()]


def _stored(identifier: str) -> Any:
    """A UUID as the database's driver takes it."""
    key = UUID(identifier)
    return key if connection.features.has_native_uuid_field else key.hex


def _time(value: Any) -> dt.datetime | None:
    if value is None:
        return None
    time = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
