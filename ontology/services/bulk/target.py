"""The type that a file is loaded into, and how its columns fill it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.ids import is_rid
from ontology.contract import CommitInfo, OntologyInfo
from ontology.domain.instances.layout import Layout, LinkLayout
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.interop.tabular import SOURCE, TARGET, ColumnMapping, Columns, Table, fields_of
from ontology.services.bulk.links import EndNames, LinkRows, end_names
from ontology.services.bulk.objects import Mode, ObjectRows
from ontology.store import store
from ontology.store.port import CommitReader

__all__ = ["Target"]


class Target:
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
        self.layout = find_layout(self._reader, self._rules, type_name)
        self._refuse_unloadable()
        links = isinstance(self.layout, LinkLayout)
        self.columns = Columns(mapping, fields_of(self._rules.schema, self.layout), links=links)
        headers = [column.name for column in table.columns]
        filled = self.columns.resolve(headers) if headers else {}
        self._headers = {part: header for header, parts in filled.items() for part in parts}
        self._ends = self._end_names() if links else {}

    def at(self, head: CommitInfo) -> Target:
        """The same at another head."""
        if head.id == self.head.id:
            return self
        info, type_name, mapping, table, mode = self._given
        return Target(info, head, type_name, mapping, table, mode)

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
                wanted = [find_layout(self._reader, self._rules, given.type).rid]
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


def find_layout(reader: CommitReader, rules: Rules, name: str) -> Layout:
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
