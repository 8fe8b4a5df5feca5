"""Check an ontology's history: recompute every hash, and hold what is derived against its source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import orjson

from oms_project.core.canonical_json import dumps_text, loads
from oms_project.core.keys import PublicKey
from ontology.contract import CommitInfo, VerifyProblem, VerifyReport
from ontology.domain.authorship import author_problem
from ontology.domain.documents import document_id, index_entries, search_text
from ontology.domain.kinds import Kind
from ontology.domain.redaction import RedactionClaim, redaction_problem
from ontology.store.hashing import commit_id, content_hash, text_hash
from ontology.store.orm.lines import Place, forget
from ontology.store.orm.reader import OrmReader, stored_key, stored_name_key, stored_status
from ontology.store.orm.redaction import claims_of
from ontology.store.orm.sql import COMMIT_COLUMNS, as_time, commit_from_row, rows
from ontology.store.orm.verify_entries import check_entries
from ontology.store.port import Progress
from ontology.store.sealing import claim_of, stamps

__all__ = ["verify_ontology"]

_PAGE = 2000
#: ``[from, to)`` in sequence numbers; ``to`` is None while it lasts.
_Span = tuple[int, int | None]
_Entry = tuple[str, str]
_Index = dict[str, list[tuple[_Entry, _Span]]]
#: By sequence number, what each commit of a line wrote.
_Contents = dict[int, list[tuple[str, Kind, str | None]]]


class _Line(NamedTuple):
    id: int
    parent: int | None
    fork_seq: int
    tip_seq: int
    chain: str

    @property
    def places(self) -> list[Place]:
        """Where reads go on to."""
        return [Place(*item) for item in orjson.loads(self.chain)]


class _Version(NamedTuple):
    rid: str
    kind: str
    name_key: str
    status: str
    seq_from: int
    seq_to: int | None
    deleted: bool
    body: str
    body_hash: str
    search: str
    created: str
    updated: str
    author_id: str | None
    author_username: str | None
    time: Any

    @property
    def copied(self) -> tuple[Any, ...]:
        """What a copy in another line has to have in common."""
        return self.kind, self.body_hash, bool(self.deleted), self.created, self.updated


def verify_ontology(
    ontology_id: str, keys: Mapping[str, PublicKey], *, on_progress: Progress | None = None
) -> VerifyReport:
    """See ``OntologyStore.verify``. Streams: memory follows one line's index, not the history."""
    forget()  # what is stored counts, not what is remembered of it
    found = rows(
        "SELECT id, parent_id, fork_seq, tip_seq, chain FROM ontology_line "
        "WHERE ontology_id = %s ORDER BY id",
        [ontology_id],
    )
    lines = {row[0]: _Line(*row) for row in found}
    total = sum(line.tip_seq - line.fork_seq for line in lines.values())
    problems: list[VerifyProblem] = []
    redactions = _Redactions(ontology_id, keys, problems)
    commits = documents = 0
    for line in lines.values():
        cut = _check_chain(line, lines, problems)
        check = _LineCheck(line, cut, redactions, problems)
        documents += check.documents()
        tip: CommitInfo | None = None
        for info, seq in _commits(line.id):
            tip = info
            commits += 1
            _check_commit(ontology_id, info, check.contents.pop(seq, []), keys, problems)
            if on_progress is not None and commits % 100 == 0:
                on_progress("verify", commits, total)
        problems += [
            VerifyProblem(f"line {line.id}", f"documents were written without a commit ({seq})")
            for seq in check.contents
        ]
        _check_run(ontology_id, line, problems)
        if tip is not None:
            check_entries(Place(line.id, line.tip_seq), tip, problems)
    _check_names(ontology_id, problems)
    if on_progress is not None:
        on_progress("verify", commits, commits)
    return VerifyReport(commits, documents, tuple(problems))


def _check_chain(
    line: _Line, lines: Mapping[int, _Line], problems: list[VerifyProblem]
) -> list[Place]:
    """Reads go on where the line was forked; returns the lines that flattening has cut off."""
    expected: list[Place] = []
    if line.parent is not None and line.parent in lines:
        expected = [Place(line.parent, line.fork_seq), *lines[line.parent].places]
    cut = len(expected) - len(line.places)
    # Flattening leaves at least the farthest line.
    if expected[max(cut, 0) :] != line.places or (expected and not line.places):
        problems.append(VerifyProblem(f"line {line.id}", "its reads do not go on at its fork"))
        return []
    return expected[:cut]


class _Redactions:
    """What was erased by those who signed for it: the texts that versions may have instead."""

    def __init__(
        self, ontology_id: str, keys: Mapping[str, PublicKey], problems: list[VerifyProblem]
    ) -> None:
        self._claims: dict[tuple[str, str], list[RedactionClaim]] = {}
        batches: dict[str, list[RedactionClaim]] = {}
        for claim, signature in claims_of(ontology_id):
            problem = redaction_problem(signature, claim, keys)
            if problem is not None:
                problems.append(VerifyProblem(f"redaction {claim.batch} of {claim.rid}", problem))
                continue
            batches.setdefault(claim.batch, []).append(claim)
            self._claims.setdefault((claim.rid, claim.body_hash), []).append(claim)
        problems += [
            VerifyProblem(f"redaction {batch}", "rows of it are missing")
            for batch, claims in batches.items()
            if sorted(claim.position for claim in claims) != list(range(claims[0].size))
        ]
        counted = rows("SELECT erasures FROM ontology_ontology WHERE id = %s", [ontology_id])
        if counted and counted[0][0] != len(batches):
            problems.append(
                VerifyProblem(
                    "the redactions",
                    f"{counted[0][0]} are counted, {len(batches)} genuine ones are here",
                )
            )

    def problem(self, version: _Version) -> str | None:
        """Why a version's text is neither what was committed nor what was left of it."""
        digest = text_hash(version.body)
        claims = self._claims.get((version.rid, version.body_hash), ())
        written = _written(version) if claims else None
        if written is not None and any(
            claim.before == digest and written <= claim.time for claim in claims
        ):
            return "values that were erased stand in the body again"
        if digest != version.body_hash and all(claim.after != digest for claim in claims):
            return "the body does not have its recorded hash"
        return None


def _written(version: _Version) -> dt.datetime | None:
    """When a version was written, also one that was copied to another line."""
    try:
        members = loads(f"{{{version.updated}}}")
        return dt.datetime.fromisoformat(members["_updated_at"])
    except (KeyError, TypeError, ValueError):
        return None  # its audit fields are not those of its commit, which is told elsewhere


class _LineCheck:
    """Checks every version on a line.

    Attributes:
        contents: what each commit of the line wrote.
    """

    def __init__(
        self,
        line: _Line,
        cut: Sequence[Place],
        redactions: _Redactions,
        problems: list[VerifyProblem],
    ) -> None:
        self.contents: _Contents = {}
        self._redactions = redactions
        self._line = line
        self._problems = problems
        self._copies = _visible(cut)
        self._index = _stored_index(line.id)

    def documents(self) -> int:
        """Check; the number of versions."""
        checked = 0
        for page in _pages(groupby(_versions(self._line.id), key=lambda version: version.rid)):
            before = self._created_before([rid for rid, _ in page])
            for rid, versions in page:
                checked += len(versions)
                self._check_document(rid, versions, before.get(rid))
        for rid in self._copies:
            self._add(f"{rid} on line {self._line.id}", "a version is missing that was copied here")
        for rid in self._index:
            self._add(f"{rid} on line {self._line.id}", "its index does not match any document")
        return checked

    def _add(self, where: str, message: str) -> None:
        self._problems.append(VerifyProblem(where, message))

    def _created_before(self, rids: Sequence[str]) -> dict[str, str]:
        """Of the documents that were there when the line was forked: their creation."""
        if self._line.parent is None:
            return {}
        fork = Place(self._line.parent, self._line.fork_seq)
        reader = OrmReader(_NO_COMMIT, fork)
        return {rid: found.created for rid, found in reader.get_with_deleted(rids).items()}

    def _check_document(self, rid: str, versions: list[_Version], created: str | None) -> None:
        spans: dict[_Entry, list[_Span]] = {}
        for version, following in zip(versions, [*versions[1:], None], strict=True):
            where = f"{version.kind} {rid} on line {self._line.id} at {version.seq_from}"
            end = None if following is None else following.seq_from
            if version.seq_to != end:
                self._add(where, "its validity does not end where the next one begins")
            if version.seq_from > self._line.fork_seq:
                self._check_stamps(where, version, created)
                digest = None if version.deleted else version.body_hash
                content = (rid, Kind(version.kind), digest)
                self.contents.setdefault(version.seq_from, []).append(content)
            elif self._copies.pop(rid, None) != version.copied:
                self._add(where, "it is not what was to be copied here")
            created = version.created
            for entry in self._check_body(where, version):
                spans.setdefault(entry, []).append((version.seq_from, end))
        found: dict[_Entry, list[_Span]] = {}
        for entry, span in self._index.pop(rid, ()):
            found.setdefault(entry, []).append(span)
        if {entry: _joined(listed) for entry, listed in spans.items()} != {
            entry: _joined(listed) for entry, listed in found.items()
        }:
            last = versions[-1]
            self._add(f"{last.kind} {rid} on line {self._line.id}", "its index does not match")

    def _check_stamps(self, where: str, version: _Version, created: str | None) -> None:
        if version.time is None:
            return  # there is no such commit, which is told elsewhere
        expected = stamps(
            str(version.author_id), str(version.author_username), as_time(version.time)
        )
        updated = expected.deleted if version.deleted else expected.updated
        if (version.created, version.updated) != (created or expected.created, updated):
            self._add(where, "its audit fields are not those of its commits")

    def _check_body(self, where: str, version: _Version) -> set[_Entry]:
        """The index entries that it ought to have."""
        kind = Kind(version.kind)
        problem = self._redactions.problem(version)
        if problem is not None:
            self._add(where, problem)
        try:
            body = loads(version.body)
        except ValueError:
            self._add(where, "the body is not JSON")
            return set()
        if dumps_text(body) != version.body:
            self._add(where, "the body is not in canonical form")
        columns = (
            stored_name_key(kind, body),
            stored_status(kind, body),
            search_text(kind, body),
        )
        if columns != (version.name_key, version.status, version.search):
            document = document_id(kind, version.rid, body)
            self._add(document, f"its search columns do not match ({where})")
        if version.deleted:
            return set()
        return {(entry.role, stored_key(entry.key)) for entry in index_entries(kind, body)}


def _visible(places: Sequence[Place]) -> dict[str, tuple[Any, ...]]:
    """``rid`` -> what of it is visible at the first of ``places``, going no further than them."""
    found: dict[str, tuple[Any, ...]] = {}
    for place in places:
        for rid, kind, digest, deleted, created, updated in rows(
            "SELECT rid, kind, body_hash, deleted, created, updated FROM ontology_documentversion "
            "WHERE line_id = %s AND seq_from <= %s AND (seq_to IS NULL OR seq_to > %s)",
            [place.line, place.seq, place.seq],
        ):
            found.setdefault(rid, (kind, digest, bool(deleted), created, updated))
    return found


def _joined(spans: list[_Span]) -> list[_Span]:
    """``spans`` with those that touch made one. What overlaps or is empty stays as it is."""
    joined: list[_Span] = []
    for start, end in sorted(spans, key=lambda span: span[0]):
        if joined and joined[-1][1] == start and joined[-1][0] < start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _pages(
    groups: Iterator[tuple[str, Iterator[_Version]]],
) -> Iterator[list[tuple[str, list[_Version]]]]:
    page: list[tuple[str, list[_Version]]] = []
    for rid, versions in groups:
        page.append((rid, list(versions)))
        if len(page) == _PAGE:
            yield page
            page = []
    yield page


def _stored_index(line: int) -> _Index:
    found: _Index = {}
    for rid, role, key, start, end in rows(
        "SELECT rid, role, key, seq_from, seq_to FROM ontology_documentindex WHERE line_id = %s",
        [line],
    ):
        found.setdefault(rid, []).append(((role, key), (start, end)))
    return found


def _versions(line: int) -> Iterator[_Version]:
    after: tuple[str, int] = ("", -1)
    while True:
        page = rows(
            "SELECT v.rid, v.kind, v.name_key, v.status, v.seq_from, v.seq_to, v.deleted, v.body, "
            "v.body_hash, v.search, v.created, v.updated, c.author_id, c.author_username, c.time "
            "FROM ontology_documentversion v "
            "LEFT JOIN ontology_commit c ON c.line_id = v.line_id AND c.seq = v.seq_from "
            "WHERE v.line_id = %s AND (v.rid, v.seq_from) > (%s, %s) "
            "ORDER BY v.rid, v.seq_from LIMIT %s",
            [line, *after, _PAGE],
        )
        for row in page:
            yield _Version(*row)
        if len(page) < _PAGE:
            return
        after = (page[-1][0], page[-1][4])


#: A reader of a place needs no commit.
_NO_COMMIT = CommitInfo("", (), "", "", "", dt.datetime.min.replace(tzinfo=dt.UTC), "", "", 0)


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
    keys: Mapping[str, PublicKey],
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
        on_behalf_of=info.on_behalf_of_id,
    )
    if expected != info.id:
        problems.append(
            VerifyProblem(where, "its id is not the hash of its parents, content, author and text")
        )
        return
    # The id can be made anew by anybody, the signature cannot.
    forged = author_problem(info.signature, claim_of(ontology_id, info), keys)
    if forged is not None:
        problems.append(VerifyProblem(where, forged))


def _check_run(ontology_id: str, line: _Line, problems: list[VerifyProblem]) -> None:
    """A line's commits follow one another, from the fork to the end, and parents are there."""
    number, parent, fork_seq, tip_seq, _ = line
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
        "WHERE c.line_id = %s AND c.merged <> '' AND (m.id IS NULL OR m.ontology_id <> %s)",
        [number, ontology_id],
    )
    if parent is not None and fork_seq >= 0:
        broken += rows(
            "SELECT c.id FROM ontology_commit c WHERE c.line_id = %s AND c.parent = ''", [number]
        )
    problems += [
        VerifyProblem(f"commit {commit[:12]}", "its parent is not where it should be")
        for (commit,) in broken
    ]
    problems += [
        VerifyProblem(f"commit {commit[:12]}", "it stands in another ontology")
        for (commit,) in rows(
            "SELECT c.id FROM ontology_commit c WHERE c.line_id = %s AND c.ontology_id <> %s",
            [number, ontology_id],
        )
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
