"""Rows of a file as objects of a type: checked, and ready for the store."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, Literal

from oms_project.core.canonical_json import dumps
from oms_project.core.ids import new_id
from ontology.domain.instances.entries import entries_of, unique_key
from ontology.domain.instances.keys import KEY, key_text
from ontology.domain.instances.layout import Layout
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import Kind
from ontology.domain.redaction import REDACTED
from ontology.domain.shapes import same
from ontology.domain.validation.instances import check_missing
from ontology.interop.tabular import Batch, Column, RowProblem
from ontology.services.bulk.columns import (
    Checked,
    Errors,
    checked_columns,
    columns_of,
    shown_values,
)
from ontology.services.bulk.keys import BatchKeys
from ontology.services.bulk.result import RejectedRow
from ontology.store.port import (
    NO_ENTRIES,
    CommitReader,
    DocumentFilter,
    DocumentWrite,
    StoredDocument,
)

__all__ = ["Mode", "ObjectRows", "Outcome"]

Mode = Literal["upsert", "insert"]


class Outcome:
    """What became of a batch.

    Attributes:
        writes: for the store, in the order of the rows.
        errors: position in the batch -> what is wrong with that row; also what reading found.
        unread: problems of rows that are not in the batch.
        columns: property -> the values of the batch, for reports.
    """

    __slots__ = ("columns", "created", "errors", "unchanged", "unread", "updated", "writes")

    def __init__(self, columns: Mapping[str, Column], batch: Batch) -> None:
        self.writes: list[DocumentWrite] = []
        self.errors: Errors = {}
        self.unread: list[RowProblem] = []
        self.columns = columns
        self.created = self.updated = self.unchanged = 0
        numbers = batch.numbers
        for problem in batch.problems:
            at = bisect_left(numbers, problem.row)
            if at < len(numbers) and numbers[at] == problem.row:
                self.errors.setdefault(at, []).append(error_of(problem))
            else:
                self.unread.append(problem)

    def rejected(self, numbers: Sequence[int]) -> list[RejectedRow]:
        """The rows that are left out, in their order."""
        found = [
            RejectedRow(
                numbers[position],
                tuple(_once(errors)),
                shown_values(self.columns, position),
            )
            for position, errors in self.errors.items()
        ]
        found += [
            RejectedRow(problem.row, (error_of(problem),), problem.values)
            for problem in self.unread
        ]
        found.sort(key=lambda item: item.row)
        return found


def error_of(problem: RowProblem) -> dict[str, Any]:
    """A problem of reading, as the errors of checking are."""
    message = problem.message[:1].upper() + problem.message[1:]
    return {"column": problem.column, "field": "", "rule": problem.rule, "message": message}


def _once(errors: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """``errors`` without what checking says of cells that could not be read."""
    unread = {error["column"] for error in errors if not error["field"]} - {""}
    return [error for error in errors if not error["field"] or error["column"] not in unread]


class ObjectRows:
    """Turns batches into writes.

    A row whose key another row of the file has already is refused, whatever became of that one:
    which of two rows is meant is not for a program to guess.

    Args:
        constants: property -> the value that every row gets.
        headers: property -> what the file calls it.
        seen: keys of rows before, by ``rid``; goes on with the next commit of a load.
    """

    kind = Kind.OBJECT

    def __init__(
        self,
        *,
        reader: CommitReader,
        rules: Rules,
        layout: Layout,
        mode: Mode,
        constants: Mapping[str, Any],
        headers: Mapping[str, str],
        seen: dict[str, int],
    ) -> None:
        self._reader = reader
        self._rules = rules
        self._layout = layout
        self._mode = mode
        self._constants = constants
        self._headers = headers
        self._seen = seen
        self._claimed: dict[tuple[int, str], int] = {}
        self._family = rules.family(layout.key_owner) if layout.key_owner else (layout.rid,)
        # Nothing to meet: then nothing is looked up either.
        self._first = not any(_has_objects(reader, rid) for rid in self._family)
        self._indexing = bool(layout.indexed or layout.uniques or layout.searchable)

    def remember(self, batch: Batch) -> None:
        """Take note of the keys of rows that an earlier run has loaded."""
        columns = columns_of(batch, self._constants)
        errors: Errors = {}
        keyed = {name: columns[name] for name in self._layout.key if name in columns}
        checked = checked_columns(self._layout, keyed, self._headers, errors)
        self._claim(BatchKeys(self._layout, checked, len(batch)), batch.numbers, errors)

    def take(self, batch: Batch) -> Outcome:
        """Check the rows of a batch and make writes of those that are right."""
        columns = columns_of(batch, self._constants)
        outcome = Outcome(columns, batch)
        errors = outcome.errors
        checked = checked_columns(self._layout, columns, self._headers, errors)
        keys = BatchKeys(self._layout, checked, len(batch))
        self._claim(keys, batch.numbers, errors)
        stored, found = self._stored(keys, errors)
        made = self._defaulted(checked)
        creating = [
            position
            for position in range(len(batch))
            if position not in errors and position not in found
        ]
        self._require(made, creating, errors)
        creating = [position for position in creating if position not in errors]
        writes: dict[int, DocumentWrite] = {}
        self._create(made, creating, keys, stored, writes)
        updating = [position for position in sorted(found) if position not in errors]
        for position, text in zip(updating, self._texts(made, updating, keys)[1], strict=True):
            if found[position].text == text:
                outcome.unchanged += 1
            else:
                self._update(position, found[position], made, outcome, writes)
        if self._layout.uniques:
            self._check_uniques(batch.numbers, writes, errors)
        if errors or found:
            outcome.writes = [
                write for position, write in sorted(writes.items()) if position not in errors
            ]
            outcome.created = sum(1 for position in creating if position not in errors)
        else:
            outcome.writes = list(writes.values())
            outcome.created = len(writes)
        outcome.updated = len(outcome.writes) - outcome.created
        return outcome

    # --- keys -----------------------------------------------------------------------------------
    def _claim(self, keys: BatchKeys, numbers: Sequence[int], errors: Errors) -> None:
        """Refuse rows without a key, and those whose key a row before has."""
        if not self._layout.key:
            return
        for position, name in keys.missing.items():
            self._error(errors, position, name, "primary-key", "The primary key needs a value.")
        seen, rids = self._seen, keys.rids
        fresh = set(rids)
        if len(fresh) == len(rids) and "" not in fresh and seen.keys().isdisjoint(fresh):
            seen.update(zip(rids, numbers, strict=True))
            return
        for position, (rid, number) in enumerate(zip(rids, numbers, strict=True)):
            before = seen.setdefault(rid, number) if rid else number
            if before != number:
                self._error(
                    errors,
                    position,
                    self._layout.key[0],
                    "duplicate-row",
                    f"Row {before} of the file has the same primary key "
                    f"({self._layout.name}/{keys.texts[position]:.100}).",
                )

    def _stored(
        self, keys: BatchKeys, errors: Errors
    ) -> tuple[Mapping[str, StoredDocument], dict[int, StoredDocument]]:
        """What stands under the ``rid``s of a batch, and position -> the object of that key."""
        if self._first or not self._layout.key:
            return {}, {}
        named = {
            f"{type_rid}:{name}": position
            for type_rid in self._family
            for position, name in enumerate(keys.names)
            if keys.texts[position] and position not in errors
        }
        live = self._reader.find_names(Kind.OBJECT, list(named))
        holders = {named[name]: (rids[0], name) for name, rids in live.items() if rids}
        wanted = {rid for rid in keys.rids if rid}
        wanted.update(rid for rid, _ in holders.values())
        stored = self._reader.get_with_deleted(wanted)
        found: dict[int, StoredDocument] = {}
        own = f"{self._layout.rid}:"
        for position, (rid, name) in holders.items():
            document = stored[rid]
            if not name.startswith(own):
                self._error(
                    errors,
                    position,
                    self._layout.key[0],
                    "primary-key",
                    f"An object of another type has the same primary key: {self._shown(document)}.",
                )
            elif self._mode == "insert":
                self._error(
                    errors,
                    position,
                    self._layout.key[0],
                    "already-exists",
                    f"{self._shown(document)} exists already.",
                )
            else:
                found[position] = document
        return stored, found

    def _shown(self, document: StoredDocument) -> str:
        layout = self._rules.object_layout(document.body.get("_type"))
        name = layout.name if layout is not None else "Object"
        return f"{name}/{key_text(document.body.get(KEY) or [document.rid])}"

    # --- creating -------------------------------------------------------------------------------
    def _defaulted(self, checked: Mapping[str, Checked]) -> dict[str, Checked]:
        """The columns as new objects have them: with the defaults of the type."""
        made = dict(checked)
        for name, value in self._layout.defaults.items():
            given = made.get(name)
            # A default that is wrong is reported where it stands.
            default = self._layout.properties[name].check(value, "", _ignored)
            member = f"{dumps(name).decode()}:{dumps(default).decode()},"
            if given is None:
                made[name] = Checked([default], [member], [], has_gaps=False)
            elif given.has_gaps:
                made[name] = Checked(
                    [default if value is None else value for value in given.values],
                    [
                        member if value is None else text
                        for value, text in zip(given.values, given.members, strict=True)
                    ],
                    given.codes,
                    has_gaps=False,
                    wrong=given.wrong,
                    silent=given.silent,
                )
        return made

    def _require(
        self, made: Mapping[str, Checked], positions: Sequence[int], errors: Errors
    ) -> None:
        for name in self._layout.required:
            given = made.get(name)
            if given is not None and not given.has_gaps:
                continue
            for position in positions:
                if given is None or given.row(position) is None:
                    self._error(
                        errors,
                        position,
                        name,
                        "required",
                        f"{self._layout.name} needs a '{name}'.",
                    )

    def _texts(
        self, made: Mapping[str, Checked], positions: Sequence[int], keys: BatchKeys
    ) -> tuple[list[str], list[str], Any]:
        """The rows at ``positions`` as objects: names of members, canonical texts, values."""
        layout, count = self._layout, len(positions)
        # In the order of the canonical text; the key and the type stand among the others.
        names = sorted([*made, "_type", *((KEY,) if layout.key else ())])
        every = count == len(keys.texts)
        members: list[Any] = []
        values: list[Any] = []
        for name in names:
            if name == "_type":
                members.append(repeat(f'"_type":"{layout.rid}",', count))
                values.append(repeat(layout.rid, count))
            elif name == KEY:
                members.append(map(keys.members.__getitem__, positions))
                values.append(map(keys.values.__getitem__, positions))
            elif not (codes := made[name].codes):  # a default, the same for all
                members.append(repeat(made[name].members[0], count))
                values.append(repeat(made[name].values[0], count))
            else:
                column = made[name]
                chosen = codes if every else [codes[position] for position in positions]
                members.append(map(column.members.__getitem__, chosen))
                values.append(map(column.values.__getitem__, chosen))
        texts = ["{" + "".join(row)[:-1] + "}" for row in zip(*members, strict=True)]
        return names, texts, zip(*values, strict=True)

    def _create(
        self,
        made: Mapping[str, Checked],
        positions: Sequence[int],
        keys: BatchKeys,
        stored: Mapping[str, StoredDocument],
        writes: dict[int, DocumentWrite],
    ) -> None:
        if not positions:
            return
        layout = self._layout
        names, texts, values = self._texts(made, positions, keys)
        gaps = any(column.has_gaps for column in made.values())
        indexing, keyed = self._indexing, bool(layout.key)
        kind = Kind.OBJECT
        for position, row, text in zip(positions, values, texts, strict=True):
            body = dict(zip(names, row, strict=True))
            if gaps and None in row:
                body = {name: value for name, value in body.items() if value is not None}
            rid, before = keys.rids[position] if keyed else new_id(), None
            if stored:
                before = stored.get(rid)
                if before is not None and not before.deleted:
                    # The object that was made with this key has another one now.
                    rid, before = new_id(), None
            writes[position] = DocumentWrite(
                rid,
                kind,
                before,
                body,
                entries_of(layout, body) if indexing else NO_ENTRIES,
                NO_ENTRIES,
                text,
            )

    # --- updating -------------------------------------------------------------------------------
    def _update(
        self,
        position: int,
        document: StoredDocument,
        made: Mapping[str, Checked],
        outcome: Outcome,
        writes: dict[int, DocumentWrite],
    ) -> None:
        """Set what the row says; what the file has no column for stays as it is."""
        body = dict(document.body)
        for name, column in made.items():
            if not column.codes or column.codes[position] in column.silent:
                continue
            value = column.row(position)
            if value is None:
                body.pop(name, None)
            else:
                body[name] = value
        if REDACTED in body:
            erased = [name for name in body[REDACTED] if name not in body]
            body[REDACTED] = erased
            if not erased:
                del body[REDACTED]

        def report(pointer: str, rule: str, message: str) -> None:
            self._error(outcome.errors, position, pointer[1:], rule, message)

        check_missing(self._layout, body, report)
        if position in outcome.errors:
            return
        if same(body, document.body):
            outcome.unchanged += 1
            return
        layout, indexing = self._layout, self._indexing
        writes[position] = DocumentWrite(
            document.rid,
            Kind.OBJECT,
            document,
            body,
            entries_of(layout, body) if indexing else NO_ENTRIES,
            entries_of(layout, document.body) if indexing else NO_ENTRIES,
        )

    # --- what must be one's own -----------------------------------------------------------------
    def _check_uniques(
        self, numbers: Sequence[int], writes: Mapping[int, DocumentWrite], errors: Errors
    ) -> None:
        wanted: dict[tuple[int, str], tuple[int, str, tuple[str, ...]]] = {}
        for position, write in writes.items():
            if position in errors:
                continue
            assert write.body is not None
            for unique in self._layout.uniques:
                key = unique_key(unique.properties, write.body)
                if key is None:
                    continue
                entry = (unique.number, key)
                before = self._claimed.setdefault(entry, numbers[position])
                if before != numbers[position]:
                    self._error(
                        errors,
                        position,
                        unique.properties[0],
                        "unique",
                        f"Row {before} of the file has the same {', '.join(unique.properties)}, "
                        f"which must be unique{_named(unique.name, unique.properties)}.",
                    )
                else:
                    wanted[entry] = (position, unique.name, unique.properties)
        if self._first or not wanted:
            return
        # Within a commit the state before it is asked: what the file itself changes is claimed.
        for entry, rids in self._reader.find_values(list(wanted)).items():
            position, name, properties = wanted[entry]
            others = [rid for rid in rids if rid != writes[position].rid]
            if others:
                holder = self._reader.get_with_deleted(others[:1]).get(others[0])
                shown = others[0] if holder is None else self._shown(holder)
                self._error(
                    errors,
                    position,
                    properties[0],
                    "unique",
                    f"{shown} has the same {', '.join(properties)}, which must be unique"
                    f"{_named(name, properties)}.",
                )

    def _error(self, errors: Errors, position: int, name: str, rule: str, message: str) -> None:
        errors.setdefault(position, []).append(
            {
                "column": self._headers.get(name, name),
                "field": f"/{name}",
                "rule": rule,
                "message": message,
            }
        )


def _ignored(pointer: str, rule: str, message: str) -> None:
    """Takes reports that are of no interest."""


def _named(name: str, properties: Sequence[str]) -> str:
    return f" ({name})" if len(properties) > 1 else ""


def _has_objects(reader: CommitReader, type_rid: str) -> bool:
    """Whether there is, or was, an object of a type."""
    where = DocumentFilter(kinds=(Kind.OBJECT,), include_deleted=True)
    page = reader.page(where=where, after=(Kind.OBJECT.value, f"{type_rid}:", ""), limit=1)
    return bool(page) and page[0].key.startswith(f"{type_rid}:")
