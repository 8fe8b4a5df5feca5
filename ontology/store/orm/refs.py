"""Refs: what a name, a prefix or a time means."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from oms_project.core.errors import Invalid, NotFound
from ontology.contract import CommitInfo
from ontology.store.orm.lines import Place, lineage, place_of
from ontology.store.orm.sql import COMMIT_COLUMNS, commit_from_row, rows
from ontology.store.orm.writer import database_time

__all__ = ["resolve_ref"]

_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def resolve_ref(ontology_id: str, ref: str) -> tuple[CommitInfo, Place]:
    """The commit that ``ref`` names and where it stands.

    A branch wins over a tag of the same name, both win over a commit's prefix.
    """
    if len(ref) == 64 and _COMMIT.fullmatch(ref):
        return place_of(ontology_id, ref)  # no branch or tag may be named so
    name, at, moment = ref.partition("@")
    found = _named(ontology_id, name)
    if found is None and not at:
        found = _by_prefix(ontology_id, ref)
    if found is None:
        raise NotFound(
            f"There is no branch, tag or commit '{ref}'. List them with 'branch list' and 'log'.",
            code="ref_not_found",
            data={"ref": ref},
        )
    return _at_time(found, ref, moment) if at else found


def _named(ontology_id: str, name: str) -> tuple[CommitInfo, Place] | None:
    found = rows(
        f"SELECT {COMMIT_COLUMNS} FROM ontology_branch b "
        "JOIN ontology_commit c ON c.id = b.head_id WHERE b.ontology_id = %s AND b.name = %s",
        [ontology_id, name],
    ) or rows(
        f"SELECT {COMMIT_COLUMNS} FROM ontology_tag t "
        "JOIN ontology_commit c ON c.id = t.commit_id WHERE t.ontology_id = %s AND t.name = %s",
        [ontology_id, name],
    )
    return _placed(found[0]) if found else None


def _placed(row: tuple[Any, ...]) -> tuple[CommitInfo, Place]:
    return commit_from_row(row), Place(row[-2], row[-1])


def _by_prefix(ontology_id: str, ref: str) -> tuple[CommitInfo, Place] | None:
    if _COMMIT.fullmatch(ref) is None:
        return None
    found = rows(
        f"SELECT {COMMIT_COLUMNS} FROM ontology_commit c "
        "WHERE c.ontology_id = %s AND c.id >= %s AND c.id < %s ORDER BY c.id LIMIT 2",
        [ontology_id, ref, ref + "g"],
    )
    if len(found) > 1:
        raise Invalid(
            f"'{ref}' begins more than one commit id. Give more digits.",
            code="ambiguous_ref",
            data={"ref": ref},
        )
    return _placed(found[0]) if found else None


def _at_time(found: tuple[CommitInfo, Place], ref: str, moment: str) -> tuple[CommitInfo, Place]:
    try:
        time = dt.datetime.fromisoformat(moment)
        time = time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)
    except (OverflowError, ValueError) as error:
        raise Invalid(
            f"'{moment}' in '{ref}' is not a time. Use ISO 8601, such as 2026-07-05T12:00:00Z.",
            code="invalid_ref",
            data={"ref": ref},
        ) from error
    for step in lineage(found[1]):
        latest = rows(
            f"SELECT {COMMIT_COLUMNS} FROM ontology_commit c WHERE c.line_id = %s "
            "AND c.seq <= %s AND c.time <= %s ORDER BY c.seq DESC LIMIT 1",
            [step.line, step.seq, database_time(time)],
        )
        if latest:
            return _placed(latest[0])
    raise NotFound(f"'{ref}' is before the first commit.", code="ref_not_found", data={"ref": ref})
