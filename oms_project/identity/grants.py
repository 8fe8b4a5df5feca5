"""The queries behind every decision: who somebody is, which roles reach him, what is protected.

They are asked in every request and before every write. As plain SQL they cost what the database
takes; building the same queries through the ORM cost ten times as much.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

__all__ = [
    "AttributeRow",
    "GrantRow",
    "SessionRow",
    "attribute_rows",
    "grant_rows",
    "protection_rows",
    "session_row",
]

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


_USER: Final = (
    "id", "password", "last_login", "is_superuser", "username", "kind", "display_name", "email",
    "is_active", "is_staff", "created_at",
)  # fmt: skip


class SessionRow(NamedTuple):
    """A session, whether one of its tokens was revoked, and its user.

    Attributes:
        user: name of a column -> value.
    """

    credential: str
    expires_at: dt.datetime | None
    revoked: bool
    delegated: bool
    token_revoked: bool
    user: dict[str, Any]


def session_row(session: str, token: str) -> SessionRow | None:
    """A session by its id (a UUID as text), for one of its tokens; None: there is none."""
    users = ", ".join(f"u.{name}" for name in _USER)
    sql = (
        "SELECT s.credential, s.expires_at, s.revoked_at, s.delegation_id, "
        f"EXISTS (SELECT 1 FROM identity_revokedtoken r WHERE r.jti = %s), {users} "
        "FROM identity_tokensession s JOIN identity_user u ON u.id = s.user_id WHERE s.id = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [token, _stored(session)])
        row = cursor.fetchone()
    if row is None:
        return None
    credential, expires, ended, delegation, token_revoked, *rest = row
    user = dict(zip(_USER, rest, strict=True))
    user["id"] = UUID(_uuid(user["id"]))
    for name in ("is_superuser", "is_active", "is_staff"):
        user[name] = bool(user[name])
    for name in ("last_login", "created_at"):
        user[name] = _time(user[name])
    return SessionRow(
        credential=credential,
        expires_at=_time(expires),
        revoked=ended is not None,
        delegated=delegation is not None,
        token_revoked=bool(token_revoked),
        user=user,
    )


class AttributeRow(NamedTuple):
    """A rule about what may be seen, with one user whom it bears on through ``group``; the same
    rule once for each of its members.
    """

    level: str
    object_type: str
    property_name: str
    ontology: str
    role: str
    group: str
    user: str
    member: str


def attribute_rows(ids: Collection[str], ontology: str) -> list[AttributeRow]:
    """Rules of an ontology, and of every one, about roles, about these users, or about groups that
    they are in.

    Args:
        ids: UUIDs as text; at least one.
    """
    among = f"IN ({', '.join(['%s'] * len(ids))})"
    sql = (
        "SELECT r.level, r.object_type, r.property_name, r.ontology, r.role, r.group_id, "
        "r.user_id, m.user_id FROM identity_attributerule r "
        "LEFT JOIN identity_user_groups m ON m.group_id = r.group_id "
        f"WHERE r.ontology IN ('', %s) AND (r.role <> '' OR r.user_id {among} "
        f"OR m.user_id {among})"
    )
    keys = [_stored(identifier) for identifier in ids]
    with connection.cursor() as cursor:
        cursor.execute(sql, [ontology, *keys, *keys])
        return [
            AttributeRow(
                level, object_type, name, scope, role, str(group or ""), _uuid(user), _uuid(member)
            )
            for level, object_type, name, scope, role, group, user, member in cursor.fetchall()
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


def _uuid(value: Any) -> str:
    if value is None:
        return ""
    return str(value if isinstance(value, UUID) else UUID(value))


def _stored(identifier: str) -> Any:
    """A UUID as the database's driver takes it."""
    key = UUID(identifier)
    return key if connection.features.has_native_uuid_field else key.hex


def _time(value: Any) -> dt.datetime | None:
    if value is None:
        return None
    time = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
