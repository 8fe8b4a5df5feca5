"""Rows of a file as links of a type: their ends found, checked, and ready for the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms_project.core.ids import derived_id, is_rid
from ontology.domain.instances.entries import entries_of
from ontology.domain.instances.keys import object_name_key
from ontology.domain.instances.layout import Layout, LinkLayout
from ontology.domain.instances.rules import Demand, Rules
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.domain.shapes import same
from ontology.domain.validation.instances import check_missing
from ontology.instance_names import key_values
from ontology.interop.tabular import SOURCE, TARGET, Batch, Column, FieldSpec
from ontology.interop.tabular.values import Coercer, coercer_of
from ontology.services.bulk.columns import Checked, Errors, checked_columns, columns_of
from ontology.services.bulk.objects import Mode, Outcome
from ontology.store.port import NO_ENTRIES, CommitReader, DocumentWrite, StoredDocument

__all__ = ["EndNames", "LinkRows", "end_names"]

_ROLES = {SOURCE: "_source", TARGET: "_target"}
_WORDS = {SOURCE: "source", TARGET: "target"}


@dataclass(frozen=True)
class _Keyed:
    """A type whose objects may stand at an end, and what reads the parts of its key."""

    layout: Layout
    coercers: tuple[Coercer, ...]

    def name(self, parts: Sequence[str]) -> str | None:
        """The name key of the object with that key; None where it cannot be one."""
        if len(parts) != len(self.coercers):
            return None
        values = []
        wrong: list[str] = []
        for name, part, coerce in zip(self.layout.key, parts, self.coercers, strict=True):
            try:
                value = coerce(part)
            except ValueError:
                return None
            if value is None:
                return None
            check = self.layout.properties[name].check
            values.append(check(value, "", lambda *problem: wrong.append(problem[2])))
        return None if wrong else object_name_key(self.layout.rid, values)


@dataclass(frozen=True)
class EndNames:
    """How the cells of one end name objects.

    Attributes:
        types: object types whose objects may be meant by a key alone.
        by_name: the same by ``name_key`` of the type's name, and of their supertypes'.
    """

    types: tuple[_Keyed, ...]
    by_name: Mapping[str, tuple[_Keyed, ...]]


def end_names(
    rules: Rules, roots: Sequence[str], fields: Mapping[str, Sequence[FieldSpec]]
) -> EndNames:
    """What the ends of a link type may name.

    Args:
        roots: object types and interfaces whose objects, and subtypes' objects, may be meant.
        fields: ``rid`` of a type -> how its key properties are read.
    """
    keyed: dict[str, _Keyed] = {}
    by_name: dict[str, list[_Keyed]] = {}
    for root in roots:
        members = rules.family(root)
        rules.load(members)
        for rid in members:
            layout = rules.object_layout(rid)
            if layout is None or layout.abstract or not layout.key:
                continue
            if rid not in keyed:
                specs = {spec.name: spec for spec in fields.get(rid, ())}
                keyed[rid] = _Keyed(
                    layout,
                    tuple(
                        coercer_of(specs[name].data_types if name in specs else ())
                        for name in layout.key
                    ),
                )
            for above in layout.line:
                names = by_name.setdefault(
                    name_key(str(rules.schema.body(above).get("apiName", ""))), []
                )
                if keyed[rid] not in names:
                    names.append(keyed[rid])
    return EndNames(tuple(keyed.values()), {name: tuple(found) for name, found in by_name.items()})


class LinkRows:
    """Turns batches into writes of links.

    Args:
        ends: ``@source`` and ``@target`` -> how their cells name objects.
        seen: links of rows before, by ``rid``; goes on with the next commit of a load.
    """

    kind = Kind.LINK

    def __init__(
        self,
        *,
        reader: CommitReader,
        rules: Rules,
        layout: LinkLayout,
        mode: Mode,
        constants: Mapping[str, Any],
        headers: Mapping[str, str],
        seen: dict[str, int],
        ends: Mapping[str, EndNames],
    ) -> None:
        self._reader = reader
        self._rules = rules
        self._layout = layout
        self._mode = mode
        self._constants = constants
        self._headers = headers
        self._seen = seen
        self._ends = ends
        self._allowed = {SOURCE: layout.sources, TARGET: layout.targets}
        self._demands: dict[tuple[str, str], list[Demand]] = {}
        self._counts: dict[tuple[str, str], int] = {}
        self._lows: dict[tuple[str, str], int] = {}
        self._defaults = {
            name: layout.properties[name].check(value, "", lambda *_: None)
            for name, value in layout.defaults.items()
        }
        self._first = not reader.populated([layout.rid])
        self._indexing = bool(layout.indexed or layout.uniques or layout.searchable)

    def remember(self, batch: Batch) -> None:
        """Take note of the links of rows that an earlier run has loaded."""
        errors: Errors = {}
        self._pairs(columns_of(batch, self._constants), batch.numbers, errors)

    def take(self, batch: Batch) -> Outcome:
        """Check the rows of a batch and make writes of those that are right."""
        columns = columns_of(batch, self._constants)
        outcome = Outcome(columns, batch)
        errors = outcome.errors
        checked = checked_columns(self._layout, columns, self._headers, errors)
        pairs = self._pairs(columns, batch.numbers, errors)
        derived = {pair[0] for pair in pairs if pair is not None}
        # A deleted link keeps its rid, so a first load asks too.
        stored = self._reader.get_with_deleted(derived) if derived else {}
        self._count_stored(pairs, errors)
        for position, pair in enumerate(pairs):
            if pair is None or position in errors:
                continue
            rid, ends = pair
            before = stored.get(rid)
            live = before is not None and not before.deleted
            if live and self._mode == "insert":
                self._error(errors, position, "", "duplicate-link", "There is this link already.")
                continue
            body = self._body(ends, before if live else None, checked, position)
            if not self._complete(body, position, errors):
                continue
            if live and before is not None and same(before.body, body):
                outcome.unchanged += 1
            elif live or self._room(position, ends, errors):
                outcome.writes.append(self._write(rid, before, body, live=live))
                outcome.updated += live
                outcome.created += not live
        return outcome

    def _body(
        self,
        ends: Sequence[tuple[str, str]],
        before: StoredDocument | None,
        checked: Mapping[str, Checked],
        position: int,
    ) -> dict[str, Any]:
        """The link as the row says it, on top of what is there (None: nothing is)."""
        if before is not None:
            body = dict(before.body)
        else:
            body = {
                "_type": self._layout.rid,
                "_source": ends[0][0],
                "_target": ends[1][0],
                **self._defaults,
            }
        for name, column in checked.items():
            value = column.row(position)
            if value is not None:
                body[name] = value
            elif before is not None and column.codes[position] not in column.silent:
                body.pop(name, None)
        return body

    def finish(self) -> list[str]:
        """What objects lack when all rows are in: sentences."""
        return [
            f"{rid} would have {self._counts[role, rid]} links '{self._layout.name}'; at least "
            f"{low} must be."
            for (role, rid), low in self._lows.items()
            if self._counts[role, rid] < low
        ]

    def _complete(self, body: Mapping[str, Any], position: int, errors: Errors) -> bool:
        def report(pointer: str, rule: str, message: str) -> None:
            self._error(errors, position, pointer[1:], rule, message)

        check_missing(self._layout, body, report)
        return position not in errors

    def _write(
        self, rid: str, before: StoredDocument | None, body: dict[str, Any], *, live: bool
    ) -> DocumentWrite:
        entries, old = NO_ENTRIES, NO_ENTRIES
        if self._indexing:
            entries = entries_of(self._layout, body)
            if live and before is not None:
                old = entries_of(self._layout, before.body)
        return DocumentWrite(rid, Kind.LINK, before, body, entries, old)

    # --- ends -----------------------------------------------------------------------------------
    def _pairs(
        self, columns: Mapping[str, Column], numbers: Sequence[int], errors: Errors
    ) -> list[tuple[str, list[tuple[str, str]]] | None]:
        """``(rid, [(rid, type) of source, of target])`` of every row; None where an end is not
        found.
        """
        sides = [self._resolved(end, columns, len(numbers), errors) for end in _ROLES]
        found: list[tuple[str, list[tuple[str, str]]] | None] = []
        for position, number in enumerate(numbers):
            ends = [side[position] for side in sides]
            known = [end for end in ends if end is not None]
            if len(known) < len(ends):
                found.append(None)
                continue
            if self._layout.symmetric:
                known.sort()  # the same link, whichever end it is told from
            rid = derived_id(self._layout.rid, *(end[0] for end in known))
            before = self._seen.setdefault(rid, number)
            if before != number:
                self._error(
                    errors, position, "", "duplicate-row", f"Row {before} of the file is this link."
                )
            found.append((rid, known))
        return found

    def _resolved(
        self, end: str, columns: Mapping[str, Column], count: int, errors: Errors
    ) -> list[tuple[str, str] | None]:
        parts = [columns[name] for name in sorted(columns, key=_part_number) if _is_part(name, end)]
        if not parts:
            rows: list[tuple[Any, ...]] = [()] * count
        else:
            rows = list(zip(*map(list, parts), strict=True))
        targets = self._find(end, set(rows))
        found: list[tuple[str, str] | None] = []
        for position, row in enumerate(rows):
            known = targets.get(row)
            if known is None:
                shown = ", ".join(str(part)[:100] for part in row if isinstance(part, (str, int)))
                what = f"There is no object '{shown}'" if shown else "There is no value"
                self._error(
                    errors,
                    position,
                    end,
                    "unknown-reference",
                    f"{what} for the {_WORDS[end]}. Name it by its key, or as Type/key.",
                )
            elif self._allowed[end] and not self._is_allowed(known[1], self._allowed[end]):
                self._error(
                    errors,
                    position,
                    end,
                    "link-end",
                    f"'{', '.join(map(str, row))}' cannot be the {_WORDS[end]} of "
                    f"'{self._layout.name}': it is of another type.",
                )
                known = None
            found.append(known)
        return found

    def _is_allowed(self, type_rid: str, allowed: Sequence[str]) -> bool:
        layout = self._rules.object_layout(type_rid)
        return layout is not None and not layout.line.isdisjoint(allowed)

    def _find(
        self, end: str, wanted: set[tuple[Any, ...]]
    ) -> dict[tuple[Any, ...], tuple[str, str]]:
        """What cells name -> ``(rid, type)``, with one query for all keys and one for all ids."""
        names: dict[str, tuple[Any, ...]] = {}
        rids: dict[str, tuple[Any, ...]] = {}
        known = self._ends[end]
        for cells in wanted:
            texts = [cell if isinstance(cell, str) else _text(cell) for cell in cells]
            if not cells or not all(texts):
                continue
            if len(texts) == 1 and is_rid(texts[0].rpartition("/")[2]):
                rids[texts[0].rpartition("/")[2]] = cells  # or a key that is a UUID
            for name in _name_keys(known, texts):
                names[name] = cells
        found: dict[tuple[Any, ...], tuple[str, str]] = {}
        if names:
            for name, holders in self._reader.find_names(Kind.OBJECT, list(names)).items():
                if holders:
                    found[names[name]] = holders[0], name.partition(":")[0]
        if rids:
            for rid, document in self._reader.get_many(list(rids)).items():
                if document.kind == Kind.OBJECT:
                    found[rids[rid]] = rid, str(document.body.get("_type"))
        return found

    # --- how many -------------------------------------------------------------------------------
    def _bounds(self, role: str, type_rid: str) -> list[Demand]:
        known = self._demands.get((role, type_rid))
        if known is None:
            layout = self._layout
            end = layout.outgoing if role == "_source" else layout.incoming
            known = [Demand(layout.rid, role, end)] if end.low or end.high is not None else []
            known += [
                demand
                for demand in self._rules.demands(type_rid)
                if demand.link == layout.rid and demand.role == role and demand.interface
            ]
            self._demands[role, type_rid] = known
        return known

    def _count_stored(
        self, pairs: Sequence[tuple[str, list[tuple[str, str]]] | None], errors: Errors
    ) -> None:
        """Count the links at ends that have bounds and were not counted before."""
        asked: dict[tuple[str, str, str], tuple[str, str]] = {}
        cap = 2
        for position, pair in enumerate(pairs):
            if pair is None or position in errors:
                continue
            for role, (rid, type_rid) in zip(_ROLES.values(), pair[1], strict=True):
                for demand in self._bounds(role, type_rid):
                    cap = max(cap, demand.end.low + 1, (demand.end.high or 0) + 1)
                    if (role, rid) not in self._counts:
                        asked[role, rid, self._layout.rid] = role, rid
        if not asked:
            return
        counted = {} if self._first else self._reader.count_links(list(asked), cap)
        for end, place in asked.items():
            self._counts[place] = counted.get(end, 0)

    def _room(self, position: int, ends: Sequence[tuple[str, str]], errors: Errors) -> bool:
        """Whether both ends may have one more link; then they have it."""
        places = []
        for role, (rid, type_rid) in zip(_ROLES.values(), ends, strict=True):
            for demand in self._bounds(role, type_rid):
                count = self._counts[role, rid] + 1
                high = demand.end.high
                if high is not None and count > high:
                    side = "from" if role == "_source" else "to"
                    self._error(
                        errors,
                        position,
                        SOURCE if role == "_source" else TARGET,
                        "cardinality",
                        f"It would be link {count} '{self._layout.name}' {side} the object; at "
                        f"most {high} may be.",
                    )
                    return False
                if demand.end.low:
                    self._lows[role, rid] = max(self._lows.get((role, rid), 0), demand.end.low)
                places.append((role, rid))
        for place in set(places):
            self._counts[place] += 1
        return True

    def _error(self, errors: Errors, position: int, name: str, rule: str, message: str) -> None:
        errors.setdefault(position, []).append(
            {
                "column": self._headers.get(name, name),
                "field": f"/{name}" if name else "",
                "rule": rule,
                "message": message,
            }
        )


def _name_keys(known: EndNames, texts: Sequence[str]) -> list[str]:
    """Names under which the object may stand that the cells of an end name."""
    if len(texts) == 1:
        type_name, slash, key = texts[0].partition("/")
        named = known.by_name.get(name_key(type_name)) if slash else None
        if named:
            parsed = [(item, key_values(item.layout, key)) for item in named]
            return [
                object_name_key(item.layout.rid, values)
                for item, values in parsed
                if values is not None
            ]
    return [name for item in known.types if (name := item.name(texts)) is not None]


def _text(value: Any) -> str:
    """A cell that is no text; empty for one that cannot name anything."""
    return str(value) if isinstance(value, (int, float)) else ""


def _is_part(name: str, end: str) -> bool:
    return name == end or name.startswith(f"{end}/")


def _part_number(name: str) -> int:
    number = name.rpartition("/")[2]
    return int(number) if number.isdigit() else 0
