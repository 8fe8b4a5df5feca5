"""What lies between commits: logs, changes, histories, merge bases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from ontology.contract import CommitInfo
from ontology.store.orm.lines import (
    Place,
    ancestry,
    best_common_ancestors,
    lineage,
    place_of,
)
from ontology.store.orm.placed import portions
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.sql import (
    COMMIT_COLUMNS,
    DOCUMENT_COLUMNS,
    commit_from_row,
    document_from_row,
    in_list,
    joined_texts,
    keys_table,
    list_parameter,
    rows,
)
from ontology.store.orm.writer import database_time
from ontology.store.port import Revision, StoredChange, StoredDocument

__all__ = [
    "changed_between",
    "commits_by_id",
    "document_histories",
    "document_history",
    "is_ancestor",
    "log",
    "merge_bases",
]

_LOG_PAGE = 500
#: What a commit wrote.
_Version: TypeAlias = tuple[CommitInfo, StoredDocument]


def commits_by_id(ontology_id: str, commits: Collection[str]) -> dict[str, CommitInfo]:
    """See ``OntologyStore.get_commits``."""
    found: dict[str, CommitInfo] = {}
    wanted = sorted(set(commits))
    for start in range(0, len(wanted), _LOG_PAGE):
        for row in rows(
            f"SELECT {COMMIT_COLUMNS} FROM ontology_commit c WHERE c.ontology_id = %s AND "
            + in_list("c.id"),
            [ontology_id, list_parameter(wanted[start : start + _LOG_PAGE])],
        ):
            commit = commit_from_row(row)
            found[commit.id] = commit
    return found


def log(
    ontology_id: str,
    commit: CommitInfo,
    *,
    first_parent: bool,
    before: tuple[dt.datetime, str] | None,
    limit: int,
) -> list[CommitInfo]:
    """See ``OntologyStore.log``."""
    _, place = place_of(ontology_id, commit.id)
    if first_parent:
        reach = {step.line: step.seq for step in lineage(place)}
    else:
        reach = ancestry(place).reach
    found: list[CommitInfo] = []
    # Commits are later than their parents, so time order shows children first. Others' commits in
    # between are left out here: a page reads no more than what was committed in its span of time.
    time, commit_id = before or (commit.time, commit.id + "~")
    while len(found) < limit:
        page = rows(
            f"SELECT {COMMIT_COLUMNS} FROM ontology_commit c WHERE c.ontology_id = %s "
            "AND (c.time, c.id) < (%s, %s) ORDER BY c.time DESC, c.id DESC LIMIT %s",
            [ontology_id, database_time(time), commit_id, min(_LOG_PAGE, 4 * limit + 10)],
        )
        if not page:
            break
        found += [commit_from_row(row) for row in page if reach.get(row[-2], -1) >= row[-1]]
        last = commit_from_row(page[-1])
        time, commit_id = last.time, last.id
    return found[:limit]


def changed_between(
    ontology_id: str, from_commit: CommitInfo, to_commit: CommitInfo
) -> list[StoredChange]:
    """See ``OntologyStore.changes``.

    Both first-parent paths lead to the first line, so they meet. What was written between the
    meeting place and either commit is all that can differ.
    """
    _, from_place = place_of(ontology_id, from_commit.id)
    _, to_place = place_of(ontology_id, to_commit.id)
    touched = _touched_between(from_place, to_place)
    if not touched:
        return []
    before = OrmReader(from_commit, from_place).get_many(touched)
    after = OrmReader(to_commit, to_place).get_many(touched)
    changes = []
    for rid in touched:
        old, new = before.get(rid), after.get(rid)
        if (old or new) is None or (old is not None and new is not None and old.hash == new.hash):
            continue
        kind = (new or old).kind  # type: ignore[union-attr]  # one of them is there, see above
        changes.append(StoredChange(rid, kind, old, new))
    return changes


def _touched_between(one: Place, other: Place) -> list[str]:
    one_path = {step.line: step.seq for step in lineage(one)}
    other_path = {step.line: step.seq for step in lineage(other)}
    # Lineages list the nearest line first: the first line both have is where they meet.
    meeting = next(line for line in one_path if line in other_path)
    low = min(one_path[meeting], other_path[meeting])
    high = max(one_path[meeting], other_path[meeting])
    spans: list[tuple[int, int, int]] = [(meeting, low, high)] if high > low else []
    for path in (lineage(one), lineage(other)):
        for step, fork in pairwise(path):
            if step.line == meeting:
                break
            spans.append((step.line, fork.seq, step.seq))
    touched: dict[str, None] = {}
    for line, after, up_to in spans:
        # Without DISTINCT: for that, SQLite would walk through the whole line in the order of rids.
        for (rid,) in rows(
            "SELECT v.rid FROM ontology_documentversion v "
            "WHERE v.line_id = %s AND v.seq_from > %s AND v.seq_from <= %s",
            [line, after, up_to],
        ):
            touched[rid] = None
    return sorted(touched)


def document_history(
    ontology_id: str, commit: CommitInfo, rid: str, *, before: str | None, limit: int
) -> list[Revision]:
    """See ``OntologyStore.history``."""
    found: list[_Version] = []
    for step, fork_seq in _stretches(ontology_id, commit, before):
        versions: Sequence[tuple[Any, ...]] = rows(
            f"SELECT {DOCUMENT_COLUMNS}, {COMMIT_COLUMNS} FROM ontology_documentversion v "
            "JOIN ontology_commit c ON c.line_id = v.line_id AND c.seq = v.seq_from "
            "WHERE v.line_id = %s AND v.rid = %s AND v.seq_from > %s AND v.seq_from <= %s "
            "ORDER BY v.seq_from DESC LIMIT %s",
            [step.line, rid, fork_seq, step.seq, limit + 1 - len(found)],
        )
        found += map(_version, versions)
        if len(found) > limit:
            break
    return _revisions(found, limit)


def document_histories(
    ontology_id: str, commit: CommitInfo, rids: Collection[str], *, before: str | None, limit: int
) -> dict[str, list[Revision]]:
    """See ``OntologyStore.histories``."""
    found: dict[str, list[_Version]] = {rid: [] for rid in rids}
    listed = joined_texts("CAST(o.id AS TEXT)")
    for step, fork_seq in _stretches(ontology_id, commit, before):
        unfilled = [rid for rid, versions in found.items() if len(versions) <= limit]
        for portion in portions(unfilled):
            latest = rows(
                f"SELECT (SELECT {listed} FROM (SELECT v.id FROM ontology_documentversion v "
                "WHERE v.line_id = %s AND v.rid = k.value AND v.seq_from > %s "
                "AND v.seq_from <= %s ORDER BY v.seq_from DESC LIMIT %s) o) "
                f"FROM {keys_table('k')}",
                [step.line, fork_seq, step.seq, limit + 1, list_parameter(portion)],
            )
            ids = [int(one) for (texts,) in latest if texts for one in texts.split(",")]
            for row in rows(
                f"SELECT {DOCUMENT_COLUMNS}, {COMMIT_COLUMNS} FROM ontology_documentversion v "
                "JOIN ontology_commit c ON c.line_id = v.line_id AND c.seq = v.seq_from "
                f"WHERE {in_list('v.id')} ORDER BY v.seq_from DESC",
                [list_parameter(ids)],
            ):
                info, document = _version(row)
                found[document.rid].append((info, document))
    return {rid: _revisions(versions, limit) for rid, versions in found.items()}


def _stretches(
    ontology_id: str, commit: CommitInfo, before: str | None
) -> Iterator[tuple[Place, int]]:
    """The first-parent line of a commit, latest first: places, each with where its line began."""
    _, place = place_of(ontology_id, commit.id)
    path = lineage(place)
    if before is not None:
        _, last = place_of(ontology_id, before)
        path = _path_before(path, last)
    for position, step in enumerate(path):
        yield step, path[position + 1].seq if position + 1 < len(path) else -1


def _version(row: tuple[Any, ...]) -> _Version:
    width = len(DOCUMENT_COLUMNS.split(","))
    return commit_from_row(row[width:]), document_from_row(row[:width])


def _revisions(found: Sequence[_Version], limit: int) -> list[Revision]:
    return [
        Revision(info, document, found[index + 1][1] if index + 1 < len(found) else None)
        for index, (info, document) in enumerate(found[:limit])
    ]


def _path_before(path: list[Place], last: Place) -> list[Place]:
    for position, step in enumerate(path):
        if step.line == last.line:
            return [Place(last.line, min(step.seq, last.seq - 1)), *path[position + 1 :]]
    return []


def merge_bases(ontology_id: str, one: CommitInfo, other: CommitInfo) -> list[str]:
    """See ``OntologyStore.merge_bases``."""
    _, one_place = place_of(ontology_id, one.id)
    _, other_place = place_of(ontology_id, other.id)
    bases = best_common_ancestors(ancestry(one_place), ancestry(other_place))
    ids = []
    for place in bases:
        ids += rows(
            "SELECT c.id FROM ontology_commit c WHERE c.line_id = %s AND c.seq = %s",
            [place.line, place.seq],
        )
    return sorted(row[0] for row in ids)


def is_ancestor(ontology_id: str, ancestor: CommitInfo, commit: CommitInfo) -> bool:
    """See ``OntologyStore.is_ancestor``."""
    _, place = place_of(ontology_id, commit.id)
    _, wanted = place_of(ontology_id, ancestor.id)
    return wanted in ancestry(place)
