"""Loading a file of rows: objects of a type or links of a type, in one commit or in many."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from oms_project.core.authorization import permissions
from oms_project.core.canonical_json import canonical_digest
from oms_project.core.collector import collector_paused
from oms_project.core.errors import Invalid
from ontology.access import permitted_branch
from ontology.contract import BranchInfo, CommitInfo, OntologyInfo
from ontology.domain.instances.layout import LinkLayout
from ontology.interop.tabular import (
    Batch,
    ColumnMapping,
    Table,
    open_table,
    parse_mapping,
)
from ontology.services.bulk.checkpoints import Checkpoint, find_checkpoint
from ontology.services.bulk.links import LinkRows
from ontology.services.bulk.objects import Mode, ObjectRows
from ontology.services.bulk.result import LoadedFile, LoadResult, RejectedRow
from ontology.services.bulk.target import Target
from ontology.services.changes import checked_message, stale_head
from ontology.store import store
from ontology.store.port import DocumentWrite, Progress

__all__ = ["OnError", "load_objects"]

OnError = Literal["stop", "skip"]
Report = Callable[[RejectedRow], None]

#: So many errors are told, and so many rejected rows are in a result.
_TOLD: Final = 1000
_MAX_ROWS: Final = 10_000_000


@collector_paused()
def load_objects(
    *,
    ontology: str,
    branch: str = "",
    type: str,  # noqa: A002 - the word that every door uses
    source: Path,
    name: str = "",
    format: str | None = None,  # noqa: A002 - the word people use for it
    mapping: Mapping[str, Any] | ColumnMapping | None = None,
    mode: Mode = "upsert",
    on_error: OnError = "stop",
    commit_every: int = 0,
    message: str | None = None,
    expected_head: str | None = None,
    dry_run: bool = False,
    resume: bool = False,
    on_rejected: Report | None = None,
    on_progress: Progress | None = None,
) -> LoadResult:
    """Load the rows of a file as objects (or links) of one type.

    Args:
        type: name or ``rid`` of an object type or a link type.
        source: JSON Lines, CSV or Parquet.
        name: the file's name for people, where ``source`` is only where it lies.
        format: a format's name, extension or media type, where the name does not tell.
        mapping: see ``ontology.interop.tabular.ColumnMapping``.
        mode: ``upsert`` changes the objects that are there already: a property that has a column
            gets what stands there, also nothing. ``insert`` refuses them.
        on_error: ``stop`` commits nothing when any row is wrong, and tells of all of them;
            ``skip`` leaves wrong rows out.
        commit_every: rows per commit; 0: one commit for all.
        expected_head: refused when the branch's head is another commit.
        resume: go on after the last row that an earlier, interrupted load of the same file with
            ``commit_every`` has committed.
        on_rejected: called with every row that is left out.
        on_progress: called with ``(phase, bytes done, bytes)``; may raise to cancel.

    Raises:
        Invalid: ``rejected_rows`` with every problem, or a file or mapping that cannot be used.
        NotFound, Conflict (``stale_head``, ``file_changed``), PermissionDenied.
    """
    info, target = permitted_branch(ontology, branch, permissions.ONTOLOGY_WRITE)
    if mode not in ("upsert", "insert"):
        raise Invalid(f"'{mode}' is no load mode: use upsert or insert.", code="unknown_mode")
    if on_error not in ("stop", "skip"):
        raise Invalid(f"'{on_error}': use stop or skip.", code="unknown_mode")
    if not 0 <= commit_every <= _MAX_ROWS:
        raise Invalid(
            f"Commit every 1 to {_MAX_ROWS:,} rows, or 0 for one commit.", code="commit_every"
        )
    if resume and not commit_every:
        raise Invalid(
            "Only a load in several commits can be resumed: say how many rows make a commit.",
            code="commit_every",
        )
    parsed = mapping if isinstance(mapping, ColumnMapping) else parse_mapping(mapping)
    shown = name or source.name
    text = checked_message(message or f"Load {shown}")
    with open_table(source, name=shown, format=format, options=parsed.csv) as table:
        load = _Load(
            info=info,
            branch=target,
            type_name=type,
            table=table,
            path=source,
            shown=shown,
            mapping=parsed,
            mode=mode,
            on_error=on_error,
            commit_every=commit_every,
            message=text,
            expected_head=expected_head,
            dry_run=dry_run,
            on_rejected=on_rejected,
            on_progress=on_progress,
        )
        return load.run(resume=resume)


class _Load:
    """One run of a load."""

    def __init__(
        self,
        *,
        info: OntologyInfo,
        branch: BranchInfo,
        type_name: str,
        table: Table,
        path: Path,
        shown: str,
        mapping: ColumnMapping,
        mode: Mode,
        on_error: OnError,
        commit_every: int,
        message: str,
        expected_head: str | None,
        dry_run: bool,
        on_rejected: Report | None,
        on_progress: Progress | None,
    ) -> None:
        self._info = info
        self._branch = branch
        self._type_name = type_name
        self._table = table
        self._path = path
        self._shown = shown
        self._mapping = mapping
        self._mode: Mode = mode
        self._skip = on_error == "skip"
        self._commit_every = commit_every
        self._message = message
        self._expected_head = expected_head
        self._dry_run = dry_run
        self._on_rejected = on_rejected
        self._on_progress = on_progress
        self._seen: dict[str, int] = {}
        self._told: list[RejectedRow] = []
        self._problems: list[dict[str, Any]] = []
        self._rejected = 0
        self._created = self._updated = self._unchanged = 0
        self._reached = 0
        self._commits = 0
        self._commit: CommitInfo | None = None

    def run(self, *, resume: bool) -> LoadResult:
        head = store.get_commit(self._info.id, self._branch.head)
        if self._expected_head is not None and self._expected_head != head.id:
            raise stale_head(head, self._expected_head)
        target = Target(self._info, head, self._type_name, self._mapping, self._table, self._mode)
        checkpoint = self._checkpoint(target) if self._commit_every else None
        start = 0
        if resume and checkpoint is not None:
            found = find_checkpoint(
                self._info.id,
                head,
                type_rid=checkpoint.type,
                sha256=checkpoint.sha256,
                settings=checkpoint.settings,
                name=self._shown,
            )
            start = 0 if found is None else found.row
        self._reached = start
        if self._dry_run:
            self._rehearse(target, start)
        elif self._commit_every:
            assert checkpoint is not None
            head = self._in_commits(target, head, start, checkpoint)
        else:
            head = self._at_once(target, head, start)
        return self._result(target, head, start)

    # --- runs -----------------------------------------------------------------------------------
    def _rehearse(self, target: Target, start: int) -> None:
        """Everything but the commit."""
        rows = target.rows(self._seen)
        for _ in self._writes(rows, self._batches(target, start, rows)):
            pass
        self._finish(rows)

    def _at_once(self, target: Target, head: CommitInfo, start: int) -> CommitInfo:
        with store.writing(self._info.id, self._branch.name) as locked:
            if locked.id != head.id:
                if self._expected_head is not None:
                    raise stale_head(locked, self._expected_head)
                target = target.at(locked)
            rows = target.rows(self._seen)
            writes = self._writes(rows, self._batches(target, start, rows))
            commit = self._committed(locked, rows, writes, self._message)
            return commit or locked

    def _in_commits(
        self, target: Target, head: CommitInfo, start: int, checkpoint: Checkpoint
    ) -> CommitInfo:
        batches = self._batches(target, start, target.rows(self._seen))
        pieces = _pieces(batches, self._commit_every)
        waiting = next(pieces, None)
        while waiting is not None:
            piece = waiting
            with store.writing(self._info.id, self._branch.name) as locked:
                if self._expected_head is not None and locked.id != head.id:
                    raise stale_head(locked, head.id)
                target = target.at(locked)
                rows = target.rows(self._seen)
                writes = list(self._writes(rows, iter(piece)))
                # Rows are read one piece ahead, so that the last commit knows that it is the last.
                waiting = next(pieces, None)
                point = Checkpoint(
                    checkpoint.type,
                    checkpoint.sha256,
                    checkpoint.settings,
                    row=self._reached,
                    complete=waiting is None,
                )
                self._committed(locked, rows, iter(writes), point.message(self._message))
                head = self._commit or locked
        return head

    def _committed(
        self,
        head: CommitInfo,
        rows: ObjectRows | LinkRows,
        writes: Iterator[DocumentWrite],
        message: str,
    ) -> CommitInfo | None:
        """Commit, when there is anything to write; refuses what is wrong, before or during it."""
        first = next(writes, None)
        if first is None:
            self._finish(rows)
            return None

        def all_of() -> Iterator[DocumentWrite]:
            yield first
            yield from writes
            self._finish(rows)

        self._commit = store.commit(
            self._info.id,
            self._branch.name,
            writes=all_of(),
            message=message,
            expected_head=head.id,
        )
        self._commits += 1
        return self._commit

    # --- rows -----------------------------------------------------------------------------------
    def _batches(self, target: Target, start: int, rows: ObjectRows | LinkRows) -> Iterator[Batch]:
        """The batches of the file after row ``start``; rows before are only remembered."""
        for batch in self._table.batches(target.columns):
            if self._on_progress is not None:
                self._on_progress("Loading", batch.position, self._table.size)
            if start and _first_row(batch) <= start:
                rows.remember(_upto(batch, start))
                rest = _after(batch, start)
                if len(rest) or rest.problems:
                    yield rest
                continue
            yield batch

    def _writes(
        self, rows: ObjectRows | LinkRows, batches: Iterator[Batch]
    ) -> Iterator[DocumentWrite]:
        for batch in batches:
            outcome = rows.take(batch)
            self._created += outcome.created
            self._updated += outcome.updated
            self._unchanged += outcome.unchanged
            for rejected in outcome.rejected(batch.numbers):
                self._reject(rejected)
            self._reached = max(self._reached, _last_row(batch))
            if not self._problems:
                yield from outcome.writes

    def _reject(self, row: RejectedRow) -> None:
        self._rejected += 1
        if self._on_rejected is not None:
            self._on_rejected(row)
        if self._skip:
            if len(self._told) < _TOLD:
                self._told.append(row)
            return
        for error in row.errors:
            self._problems.append(
                {"document": f"{self._shown}, row {row.row}", "rid": "", "row": row.row, **error}
            )
        if len(self._problems) >= _TOLD:
            self._refuse()

    def _finish(self, rows: ObjectRows | LinkRows) -> None:
        """Refuse the commit when a row was wrong, or something is missing now that all is in."""
        if self._problems:
            self._refuse()
        lacking = rows.finish() if isinstance(rows, LinkRows) else []
        if lacking:
            raise Invalid(
                f"{self._shown}: {lacking[0]}",
                code="rejected_rows",
                errors=[
                    {"document": self._shown, "field": "", "rule": "cardinality", "message": text}
                    for text in lacking[:_TOLD]
                ],
            )

    def _refuse(self) -> None:
        first = self._problems[0]
        column = f", column {first['column']}" if first.get("column") else ""
        more = f" ({len(self._problems) - 1} more)" if len(self._problems) > 1 else ""
        kept = (
            f" The rows before it, up to {self._reached_before()}, are committed."
            if self._commits
            else ""
        )
        raise Invalid(
            f"{first['document']}{column}: {first['message']}{more}{kept}",
            code="rejected_rows",
            data={"rejected": self._rejected},
            errors=self._problems[:_TOLD],
        )

    def _reached_before(self) -> int:
        assert self._commit is not None
        found = Checkpoint.of(self._commit.message)
        return 0 if found is None else found.row

    # --- results --------------------------------------------------------------------------------
    def _checkpoint(self, target: Target) -> Checkpoint:
        settings = canonical_digest([self._mapping.as_json(), self._mode])[:16]
        return Checkpoint(target.layout.rid, self._sha256, settings, 0, complete=False)

    @cached_property
    def _sha256(self) -> str:
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _result(self, target: Target, head: CommitInfo, start: int) -> LoadResult:
        if self._on_progress is not None:
            self._on_progress("Loading", self._table.size, self._table.size)
        return LoadResult(
            type=target.layout.name,
            kind="Link" if isinstance(target.layout, LinkLayout) else "Object",
            file=LoadedFile(
                self._shown,
                self._sha256,
                self._table.size,
                self._table.format.name,
                self._table.encoding,
            ),
            commit=self._commit,
            commits=self._commits,
            head=head.id,
            rows=self._reached - start,
            skipped=start,
            created=self._created,
            updated=self._updated,
            unchanged=self._unchanged,
            rejected=self._rejected,
            errors=tuple(self._told),
            dry_run=self._dry_run,
        )


def _first_row(batch: Batch) -> int:
    rows = [problem.row for problem in batch.problems[:1]]
    return min([*rows, *(batch.numbers[:1])], default=0)


def _last_row(batch: Batch) -> int:
    return max([*batch.numbers[-1:], *(problem.row for problem in batch.problems)], default=0)


def _upto(batch: Batch, row: int) -> Batch:
    piece = batch.keep(range(bisect_right(batch.numbers, row)))
    piece.problems = [problem for problem in batch.problems if problem.row <= row]
    return piece


def _after(batch: Batch, row: int) -> Batch:
    piece = batch.keep(range(bisect_right(batch.numbers, row), len(batch)))
    piece.problems = [problem for problem in batch.problems if problem.row > row]
    return piece


def _pieces(batches: Iterator[Batch], rows: int) -> Iterator[list[Batch]]:
    """Batches cut where a multiple of ``rows`` is reached, whatever the batches' own sizes."""
    held: list[Batch] = []
    end = 0
    for batch in batches:
        rest = batch
        while len(rest) or rest.problems:
            first = _first_row(rest)
            if held and first > end:
                yield held
                held = []
            if not held:
                end = ((first - 1) // rows + 1) * rows
            held.append(_upto(rest, end))
            rest = _after(rest, end)
    if held:
        yield held
