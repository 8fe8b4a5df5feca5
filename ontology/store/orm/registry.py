"""Ontologies, branches and tags: the rows that have names.

Every request reads an ontology and most read a branch, so these are plain SQL: building the same
queries through the ORM cost more than the database took to answer them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection

from oms_project.core.context import Actor
from oms_project.core.errors import NotFound
from ontology.contract import BranchInfo, OntologyInfo, TagInfo
from ontology.store.orm.lines import no_commit
from ontology.store.orm.sql import as_time, rows, translated
from ontology.store.orm.writer import database_time

__all__ = [
    "delete_ontology",
    "delete_ref",
    "find_branch",
    "find_ontology",
    "find_tag",
    "insert_branch",
    "insert_ontology",
    "insert_tag",
    "list_branches",
    "list_ontologies",
    "list_tags",
    "no_branch",
    "point_branch",
    "protect_branch",
    "rid_namespace",
    "update_ontology",
]

_ONTOLOGY = (
    "o.id, o.name, o.base_iri, o.description, o.default_branch, o.created_at, o.created_by, "
    "o.erasures"
)
_BRANCH = (
    "b.name, b.head_id, b.protected, b.name = o.default_branch, b.created_at, b.created_by, "
    "b.updated_at"
)
_TAG = "t.name, t.commit_id, t.message, t.created_at, t.created_by"


def _execute(sql: str, parameters: Sequence[Any]) -> int:
    with translated(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


# --- ontologies -----------------------------------------------------------------------------------
def insert_ontology(info: OntologyInfo, rid_namespace: str) -> None:
    """Insert a registry row. A taken name is the database's IntegrityError."""
    _execute(
        "INSERT INTO ontology_ontology (id, name, base_iri, rid_namespace, description, "
        "default_branch, created_at, created_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            info.id,
            info.name,
            info.base_iri,
            rid_namespace,
            info.description,
            info.default_branch,
            database_time(info.created_at),
            info.created_by,
        ],
    )


def find_ontology(name_or_id: str) -> OntologyInfo:
    """By id, else by name. Raises NotFound."""
    found = rows(
        f"SELECT {_ONTOLOGY} FROM ontology_ontology o WHERE o.deleted_at IS NULL "
        "AND (o.name = %s OR o.id = %s) ORDER BY o.id = %s DESC LIMIT 1",
        [name_or_id, name_or_id, name_or_id],
    )
    if not found:
        raise NotFound(
            f"There is no ontology '{name_or_id}'.",
            code="ontology_not_found",
            data={"ontology": name_or_id},
        )
    return _ontology_info(found[0])


def list_ontologies() -> list[OntologyInfo]:
    """All that are not deleted, by name."""
    found = rows(
        f"SELECT {_ONTOLOGY} FROM ontology_ontology o WHERE o.deleted_at IS NULL ORDER BY o.name"
    )
    return [_ontology_info(row) for row in found]


def _ontology_info(row: Sequence[Any]) -> OntologyInfo:
    return OntologyInfo(
        id=row[0],
        name=row[1],
        base_iri=row[2],
        description=row[3],
        default_branch=row[4],
        created_at=as_time(row[5]),
        created_by=row[6],
        erasures=row[7],
    )


def update_ontology(
    ontology_id: str, *, description: str | None, default_branch: str | None
) -> None:
    """Change what is given."""
    _execute(
        "UPDATE ontology_ontology SET description = COALESCE(%s, description), "
        "default_branch = COALESCE(%s, default_branch) WHERE id = %s",
        [description, default_branch, ontology_id],
    )


def delete_ontology(ontology_id: str, now: dt.datetime) -> None:
    """Take the row out of use; its name is free."""
    _execute(
        "UPDATE ontology_ontology SET deleted_at = %s WHERE id = %s",
        [database_time(now), ontology_id],
    )


def rid_namespace(ontology_id: str) -> str:
    """The UUID in which ids are derived. Raises NotFound."""
    found = rows("SELECT o.rid_namespace FROM ontology_ontology o WHERE o.id = %s", [ontology_id])
    if not found:
        raise NotFound(f"There is no ontology '{ontology_id}'.", code="ontology_not_found")
    return str(found[0][0])


# --- branches -------------------------------------------------------------------------------------
def insert_branch(
    ontology_id: str,
    name: str,
    commit: str,
    *,
    protected: bool,
    author: Actor,
    now: dt.datetime,
) -> None:
    """Insert a branch. A taken name is the database's IntegrityError.

    Raises:
        NotFound: the ontology has no such commit.
    """
    time = database_time(now)
    inserted = _execute(
        "INSERT INTO ontology_branch (ontology_id, name, head_id, protected, created_at, "
        "created_by, updated_at) SELECT c.ontology_id, %s, c.id, %s, %s, %s, %s "
        "FROM ontology_commit c WHERE c.id = %s AND c.ontology_id = %s",
        [name, protected, time, author.label, time, commit, ontology_id],
    )
    if not inserted:
        raise no_commit(commit)


def find_branch(ontology_id: str, name: str) -> BranchInfo:
    """Raises NotFound."""
    found = rows(
        f"SELECT {_BRANCH} FROM ontology_branch b JOIN ontology_ontology o ON o.id = b.ontology_id "
        "WHERE b.ontology_id = %s AND b.name = %s",
        [ontology_id, name],
    )
    if not found:
        raise no_branch(name)
    return _branch_info(found[0])


def list_branches(ontology_id: str, *, after: str, limit: int) -> list[BranchInfo]:
    """By name, after the name ``after``."""
    found = rows(
        f"SELECT {_BRANCH} FROM ontology_branch b JOIN ontology_ontology o ON o.id = b.ontology_id "
        "WHERE b.ontology_id = %s AND b.name > %s ORDER BY b.name LIMIT %s",
        [ontology_id, after, limit],
    )
    return [_branch_info(row) for row in found]


def _branch_info(row: Sequence[Any]) -> BranchInfo:
    return BranchInfo(
        name=row[0],
        head=row[1],
        protected=bool(row[2]),
        is_default=bool(row[3]),
        created_at=as_time(row[4]),
        created_by=row[5],
        updated_at=as_time(row[6]),
    )


def no_branch(name: str) -> NotFound:
    """The error for a branch that is not there."""
    return NotFound(f"There is no branch '{name}'.", code="branch_not_found", data={"branch": name})


def point_branch(ontology_id: str, name: str, commit: str, now: dt.datetime) -> None:
    """Let a branch point at ``commit``; the caller holds its lock."""
    _execute(
        "UPDATE ontology_branch SET head_id = %s, updated_at = %s "
        "WHERE ontology_id = %s AND name = %s",
        [commit, database_time(now), ontology_id, name],
    )


def protect_branch(ontology_id: str, name: str, *, protected: bool) -> None:
    """Set the protection."""
    _execute(
        "UPDATE ontology_branch SET protected = %s WHERE ontology_id = %s AND name = %s",
        [protected, ontology_id, name],
    )


# --- tags -----------------------------------------------------------------------------------------
def insert_tag(ontology_id: str, tag: TagInfo) -> None:
    """Insert a tag. A taken name is the database's IntegrityError.

    Raises:
        NotFound: the ontology has no such commit.
    """
    inserted = _execute(
        "INSERT INTO ontology_tag (ontology_id, name, commit_id, message, created_at, created_by) "
        "SELECT c.ontology_id, %s, c.id, %s, %s, %s "
        "FROM ontology_commit c WHERE c.id = %s AND c.ontology_id = %s",
        [
            tag.name,
            tag.message,
            database_time(tag.created_at),
            tag.created_by,
            tag.commit,
            ontology_id,
        ],
    )
    if not inserted:
        raise no_commit(tag.commit)


def find_tag(ontology_id: str, name: str) -> TagInfo:
    """Raises NotFound."""
    found = rows(
        f"SELECT {_TAG} FROM ontology_tag t WHERE t.ontology_id = %s AND t.name = %s",
        [ontology_id, name],
    )
    if not found:
        raise NotFound(f"There is no tag '{name}'.", code="tag_not_found", data={"tag": name})
    return _tag_info(found[0])


def list_tags(ontology_id: str, *, after: str, limit: int) -> list[TagInfo]:
    """By name, after the name ``after``."""
    found = rows(
        f"SELECT {_TAG} FROM ontology_tag t WHERE t.ontology_id = %s AND t.name > %s "
        "ORDER BY t.name LIMIT %s",
        [ontology_id, after, limit],
    )
    return [_tag_info(row) for row in found]


def _tag_info(row: Sequence[Any]) -> TagInfo:
    return TagInfo(
        name=row[0],
        commit=row[1],
        message=row[2],
        created_at=as_time(row[3]),
        created_by=row[4],
    )


def delete_ref(table: str, ontology_id: str, name: str) -> None:
    """Delete a row of ``branch`` or ``tag``."""
    _execute(
        f"DELETE FROM ontology_{table} WHERE ontology_id = %s AND name = %s", [ontology_id, name]
    )
