"""Loading a file of rows: objects of a type or links of a type, in one commit or in many."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

from oms_project.core.authorization import permissions
from oms_project.core.canonical_json import canonical_digest
from oms_project.core.collector import collector_paused
from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.ids import is_rid
from ontology.access import permitted_branch
from ontology.contract import BranchInfo, CommitInfo, OntologyInfo
from ontology.domain.instances.layout import Layout, LinkLayout
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.domain.schema import Schema
from ontology.interop.tabular import (
    SOURCE,
    TARGET,
    Batch,
    ColumnMapping,
    Columns,
    FieldSpec,
    Table,
    open_table,
    parse_mapping,
)
from ontology.services.bulk.checkpoints import Checkpoint, find_checkpoint
from ontology.services.bulk.links import EndNames, LinkRows, end_names
from ontology.services.bulk.objects import Mode, ObjectRows
from ontology.services.bulk.result import LoadedFile, LoadResult, RejectedRow
from ontology.services.changes import checked_message, stale_head
from ontology.store import store
from ontology.store.port import CommitReader, DocumentWrite, Progress

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
        target = _Target(self._info, head, self._type_name, self._mapping, self._table, self._mode)
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
    def _rehearse(self, target: _Target, start: int) -> None:
        """Everything but the commit."""
        rows = target.rows(self._seen)
        for _ in self._writes(rows, self._batches(target, start, rows)):
            pass
        self._finish(rows)

    def _at_once(self, target: _Target, head: CommitInfo, start: int) -> CommitInfo:
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
        self, target: _Target, head: CommitInfo, start: int, checkpoint: Checkpoint
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
    def _batches(self, target: _Target, start: int, rows: ObjectRows | LinkRows) -> Iterator[Batch]:
        """The batches of the file after row ``start``; rows before are only remembered."""
        for batch in self._table.batches(target.columns):
            if self._on_progress is not None:
                self._on_progress("Loading", batch.position, self._table.size)
            if start and _first_row(batch) <= start:
                cut = bisect_right(batch.numbers, start)
                if cut:
                    rows.remember(batch.keep(range(cut)))
                problems = [problem for problem in batch.problems if problem.row > start]
                batch = batch.keep(range(cut, len(batch)))
                batch.problems = problems
                if not len(batch) and not problems:
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
    def _checkpoint(self, target: _Target) -> Checkpoint:
        settings = canonical_digest([self._mapping.as_json(), self._mode])[:16]
        return Checkpoint(target.layout.rid, self._sha256, settings, 0, complete=False)

    @cached_property
    def _sha256(self) -> str:
        with self._path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _result(self, target: _Target, head: CommitInfo, start: int) -> LoadResult:
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


class _Target:
    """The type that is loaded, as it is at one commit."""

    def __init__(
        self,
        info: OntologyInfo,
        head: CommitInfo,
        type_name: str,
        mapping: ColumnMapping,
        table: Table,
        mode: Mode,
    ) -> None:
        self._given = (info, type_name, mapping, table, mode)
        self._mapping = mapping
        self._mode: Mode = mode
        self.head = head
        self._reader: CommitReader = store.reader(info.id, head)
        self._rules = Rules(self._reader)
        self.layout = _find_layout(self._reader, self._rules, type_name)
        self._refuse_unloadable()
        links = isinstance(self.layout, LinkLayout)
        self.columns = Columns(mapping, fields_of(self._rules.schema, self.layout), links=links)
        headers = [column.name for column in table.columns]
        filled = self.columns.resolve(headers) if headers else {}
        self._headers = {part: header for header, parts in filled.items() for part in parts}
        self._ends = self._end_names() if links else {}

    def at(self, head: CommitInfo) -> _Target:
        """The same at another head."""
        if head.id == self.head.id:
            return self
        info, type_name, mapping, table, mode = self._given
        return _Target(info, head, type_name, mapping, table, mode)

    def rows(self, seen: dict[str, int]) -> ObjectRows | LinkRows:
        """What makes writes of rows, for one commit on top of the head."""
        known: dict[str, Any] = {
            "reader": self._reader,
            "rules": self._rules,
            "mode": self._mode,
            "constants": self.columns.constants,
            "headers": self._headers,
            "seen": seen,
        }
        if isinstance(self.layout, LinkLayout):
            return LinkRows(layout=self.layout, ends=self._ends, **known)
        return ObjectRows(layout=self.layout, **known)

    def _refuse_unloadable(self) -> None:
        layout = self.layout
        if layout.abstract:
            raise Invalid(
                f"{layout.name} is abstract: load into one of its subtypes.", code="abstract_type"
            )
        if isinstance(layout, LinkLayout):
            return
        for demand in self._rules.demands(layout.rid):
            if demand.end.low:
                link = self._rules.link_layout(demand.link)
                raise Invalid(
                    f"Objects of {layout.name} must have {demand.end.low} links "
                    f"'{link.name if link else demand.link}' from the start, and a file holds no "
                    "links. Load while the link type demands none, load the links, then demand.",
                    code="links_required",
                )

    def _end_names(self) -> dict[str, EndNames]:
        assert isinstance(self.layout, LinkLayout)
        found: dict[str, EndNames] = {}
        for end, given, roots in (
            (SOURCE, self._mapping.source, self.layout.sources),
            (TARGET, self._mapping.target, self.layout.targets),
        ):
            wanted: Sequence[str] = roots
            if given is not None and given.type:
                wanted = [_find_layout(self._reader, self._rules, given.type).rid]
            if not wanted:
                raise Invalid(
                    f"'{self.layout.name}' takes objects of any type as its {end[1:]}: say in the "
                    f'mapping which one ("{end[1:]}": {{"type": ..., "columns": [...]}}).',
                    code="bad_mapping",
                )
            fields = {}
            for root in wanted:
                for rid in self._rules.family(root):
                    layout = self._rules.object_layout(rid)
                    if layout is not None:
                        fields[rid] = fields_of(self._rules.schema, layout)
            found[end] = end_names(self._rules, wanted, fields)
        return found


def fields_of(schema: Schema, layout: Layout) -> list[FieldSpec]:
    """The properties of a type as a reader or writer of tables knows them."""
    return [
        FieldSpec(
            item.name,
            tuple(_data_type(schema, text) for text in item.part.data_types),
            array=item.array,
        )
        for item in layout.properties.values()
    ]


def _data_type(schema: Schema, text: str) -> str:
    """The data type in which a value is written: of a value type its base, of an enum its codes."""
    if not is_rid(text):
        return text
    document = schema.get(text)
    if document is None or document.kind == Kind.STRUCT_TYPE:
        return "json"
    return "string" if document.kind == Kind.ENUM_TYPE else str(document.body["baseType"])


def _find_layout(reader: CommitReader, rules: Rules, name: str) -> Layout:
    """The object type or link type that is called ``name`` (or has it as its ``rid``)."""
    plain = name.rpartition("/")[2]
    rids: list[str] = [plain] if is_rid(plain) else []
    key = name_key(plain)
    for kind in (Kind.OBJECT_TYPE, Kind.LINK_TYPE):
        rids += reader.find_names(kind, [key]).get(key, ())
    aliases = [f"{kind.value}/{key}" for kind in (Kind.OBJECT_TYPE, Kind.LINK_TYPE)]
    for found in reader.find_entries("alias", aliases).values():
        rids += found
    layouts = [layout for rid in rids if (layout := rules.layout(rid)) is not None]
    if not layouts:
        raise NotFound(
            f"There is no object type or link type '{name[:100]}' here.",
            code="type_not_found",
            data={"type": name[:200]},
        )
    prefix = name.partition("/")[0] if "/" in name else ""
    wanted = [layout for layout in layouts if prefix in ("", layout.kind.value)]
    if not wanted:
        raise Conflict(f"'{name[:100]}' is no {prefix}.", code="type_not_found")
    return wanted[0]


def _first_row(batch: Batch) -> int:
    rows = [problem.row for problem in batch.problems[:1]]
    return min([*rows, *(batch.numbers[:1])], default=0)


def _last_row(batch: Batch) -> int:
    return max([*batch.numbers[-1:], *(problem.row for problem in batch.problems)], default=0)


def _pieces(batches: Iterator[Batch], rows: int) -> Iterator[list[Batch]]:
    """Batches cut where a multiple of ``rows`` is reached, whatever the batches' own sizes."""
    held: list[Batch] = []
    end = 0
    for batch in batches:
        while len(batch) or batch.problems:
            first = _first_row(batch)
            if not held:
                end = ((first - 1) // rows + 1) * rows
            elif first > end:
                yield held
                held = []
                continue
            cut = bisect_right(batch.numbers, end)
            inside = [problem for problem in batch.problems if problem.row <= end]
            piece = batch.keep(range(cut))
            piece.problems = inside
            rest = batch.keep(range(cut, len(batch)))
            rest.problems = [problem for problem in batch.problems if problem.row > end]
            held.append(piece)
            batch = rest
    if held:
        yield held
