"""Check an ontology's history: recompute every hash, and hold what is derived against its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oms_project.core.canonical_json import dumps_text, loads
from ontology.contract import CommitInfo, VerifyProblem, VerifyReport
from ontology.domain.documents import document_id, index_entries, search_text
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.store.hashing import commit_id, content_hash, text_hash
from ontology.store.orm.reader import stored_key, stored_name_key
from ontology.store.orm.sql import COMMIT_COLUMNS, commit_from_row, rows
from ontology.store.port import Progress

__all__ = ["verify_ontology"]

_PAGE = 2000
_Line = tuple[int, int | None, int, int]


def verify_ontology(ontology_id: str, *, on_progress: Progress | None = None) -> VerifyReport:
    """See ``OntologyStore.verify``. Streams: memory follows one line's index, not the history."""
    lines: list[_Line] = rows(
        "SELECT id, parent_id, fork_seq, tip_seq FROM ontology_line "
        "WHERE ontology_id = %s ORDER BY id",
        [ontology_id],
    )
    total = sum(tip - fork for _, _, fork, tip in lines)
    problems: list[VerifyProblem] = []
    commits = documents = 0
    for line in lines:
        contents, checked = _check_documents(line[0], line[2], problems)
        documents += checked
        for info, seq in _commits(line[0]):
            commits += 1
            _check_commit(ontology_id, info, contents.pop(seq, []), problems)
            if on_progress is not None and commits % 100 == 0:
                on_progress("verify", commits, total)
        problems += [
            VerifyProblem(f"line {line[0]}", f"documents were written without a commit ({seq})")
            for seq in contents
        ]
        _check_run(ontology_id, line, problems)
    _check_names(ontology_id, problems)
    if on_progress is not None:
        on_progress("verify", commits, commits)
    return VerifyReport(commits, documents, tuple(problems))


def _check_documents(
    line: int, fork_seq: int, problems: list[VerifyProblem]
) -> tuple[dict[int, list[tuple[str, Kind, str | None]]], int]:
    """Check every version on a line; returns what each commit of the line wrote."""
    contents: dict[int, list[tuple[str, Kind, str | None]]] = {}
    checked = 0
    previous: tuple[str, int, int | None] | None = None
    stored = _stored_index(line)
    for row in _versions(line):
        rid, kind_text, name, status, seq_from, seq_to, deleted, body_text, digest, search = row
        checked += 1
        kind = Kind(kind_text)
        where = f"{kind_text} {rid} on line {line} at {seq_from}"
        if text_hash(body_text) != digest:
            problems.append(VerifyProblem(where, "the body does not have its recorded hash"))
        if seq_from > fork_seq:
            contents.setdefault(seq_from, []).append((rid, kind, None if deleted else digest))
        if previous is not None and previous[0] == rid and previous[2] != seq_from:
            problems.append(VerifyProblem(where, "its validity does not follow the one before"))
        elif (previous is None or previous[0] != rid) and seq_to is not None and seq_to <= seq_from:
            problems.append(VerifyProblem(where, "its validity is empty"))
        previous = (rid, seq_from, seq_to)
        try:
            body = loads(body_text)
        except ValueError:
            problems.append(VerifyProblem(where, "the body is not JSON"))
            continue
        derived = (
            stored_name_key(kind, body),
            "" if kind in INSTANCE_KINDS else body.get("status", "active"),
            search_text(kind, body),
        )
        if dumps_text(body) != body_text:
            problems.append(VerifyProblem(where, "the body is not in canonical form"))
        if derived != (name, status, search):
            problems.append(
                VerifyProblem(
                    document_id(kind, rid, body), f"its search columns do not match ({where})"
                )
            )
        expected = (
            set() if deleted else {(e.role, stored_key(e.key)) for e in index_entries(kind, body)}
        )
        found = {
            (role, key)
            for role, key, start, end in stored.get(rid, ())
            if start <= seq_from and (end is None or end > seq_from)
        }
        if expected != found:
            problems.append(
                VerifyProblem(document_id(kind, rid, body), f"its index does not match ({where})")
            )
    return contents, checked


def _stored_index(line: int) -> dict[str, list[tuple[str, str, int, int | None]]]:
    found: dict[str, list[tuple[str, str, int, int | None]]] = {}
    for rid, role, key, start, end in rows(
        "SELECT rid, role, key, seq_from, seq_to FROM ontology_documentindex WHERE line_id = %s",
        [line],
    ):
        found.setdefault(rid, []).append((role, key, start, end))
    return found


def _versions(line: int) -> Iterator[tuple[Any, ...]]:
    after: tuple[str, int] = ("", -1)
    while True:
        page = rows(
            "SELECT rid, kind, name_key, status, seq_from, seq_to, deleted, body, body_hash, search "
            "FROM ontology_documentversion WHERE line_id = %s AND (rid, seq_from) > (%s, %s) "
            "ORDER BY rid, seq_from LIMIT %s",
            [line, *after, _PAGE],
        )
        yield from page
        if len(page) < _PAGE:
            return
        after = (page[-1][0], page[-1][4])


def _commits(line: int) -> Iterator[tuple[CommitInfo, int]]:
    after = -1
    while True:
        page = rows(
            f"SELECT {COMMIT_COLUMNS} FROM ontology_commit c "
            "WHERE c.line_id = %s AND c.seq > %s ORDER BY c.seq LIMIT %s",
            [line, after, _PAGE],
        )
        for row in page:
            yield commit_from_row(row), row[-1]
        if len(page) < _PAGE:
            return
        after = page[-1][-1]


def _check_commit(
    ontology_id: str,
    info: CommitInfo,
    content: list[tuple[str, Kind, str | None]],
    problems: list[VerifyProblem],
) -> None:
    where = f"commit {info.short_id}"
    if content_hash(content) != info.content_hash:
        problems.append(VerifyProblem(where, "what it changed does not have its content hash"))
    if len(content) != info.change_count:
        problems.append(
            VerifyProblem(where, f"it wrote {info.change_count} documents, {len(content)} are here")
        )
    expected = commit_id(
        ontology_id=ontology_id,
        parents=info.parents,
        content=info.content_hash,
        author_id=info.author_id,
        author_username=info.author_username,
        time=info.time,
        message=info.message,
        signature=info.signature,
    )
    if expected != info.id:
        problems.append(
            VerifyProblem(where, "its id is not the hash of its parents, content, author and text")
        )


def _check_run(ontology_id: str, line: _Line, problems: list[VerifyProblem]) -> None:
    """A line's commits follow one another, from the fork to the end, and parents are there."""
    number, parent, fork_seq, tip_seq = line
    count, low, high = rows(
        "SELECT COUNT(*), MIN(seq), MAX(seq) FROM ontology_commit WHERE line_id = %s", [number]
    )[0]
    if count != tip_seq - fork_seq or (count and (low, high) != (fork_seq + 1, tip_seq)):
        problems.append(VerifyProblem(f"line {number}", "commits are missing, or too many"))
    broken = rows(
        "SELECT c.id FROM ontology_commit c LEFT JOIN ontology_commit p ON p.id = c.parent "
        "WHERE c.line_id = %s AND c.parent <> '' AND (p.id IS NULL OR p.ontology_id <> %s OR "
        "NOT ((p.line_id = c.line_id AND p.seq = c.seq - 1) OR "
        "(c.seq = %s AND p.line_id = %s AND p.seq = %s)))",
        [number, ontology_id, fork_seq + 1, parent, fork_seq],
    )
    broken += rows(
        "SELECT c.id FROM ontology_commit c LEFT JOIN ontology_commit m ON m.id = c.merged "
        "WHERE c.line_id = %s AND c.merged <> '' AND m.id IS NULL",
        [number],
    )
    if parent is not None and fork_seq >= 0:
        broken += rows(
            "SELECT c.id FROM ontology_commit c WHERE c.line_id = %s AND c.parent = ''", [number]
        )
    problems += [
        VerifyProblem(f"commit {commit[:12]}", "its parent is not where it should be")
        for (commit,) in broken
    ]


def _check_names(ontology_id: str, problems: list[VerifyProblem]) -> None:
    for table, column in (("branch", "head_id"), ("tag", "commit_id")):
        for (name,) in rows(
            f"SELECT t.name FROM ontology_{table} t LEFT JOIN ontology_commit c "
            f"ON c.id = t.{column} AND c.ontology_id = t.ontology_id "
            "WHERE t.ontology_id = %s AND c.id IS NULL",
            [ontology_id],
        ):
            problems.append(VerifyProblem(f"{table} {name}", "it points at no commit"))
