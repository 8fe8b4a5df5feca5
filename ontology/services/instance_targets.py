"""What changes of objects and links name: types, objects, links; looked up with a few queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from oms_project.core.ids import derived_id, is_rid
from ontology.contract import Change
from ontology.domain.documents import instance_name_key
from ontology.domain.instances.keys import KEY, key_text
from ontology.domain.instances.layout import Layout, LinkLayout
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import Kind
from ontology.instance_names import InstanceNames, split_instance
from ontology.store.port import CommitReader, StoredDocument

__all__ = ["Targets", "key_values", "with_key"]


def with_key(layout: Layout, body: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` with the values of its primary key as the type has it now; without them where one
    is missing.
    """
    values = [body.get(name) for name in layout.key]
    made = dict(body)
    made.pop(KEY, None)
    if values and all(value is not None for value in values):
        made[KEY] = values
    return made


def key_values(layout: Layout, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the key in normal form; what is wrong is told later."""
    found: dict[str, Any] = {}
    for name in layout.key:
        item, value = layout.properties.get(name), fields.get(name)
        if item is not None and value is not None:
            found[name] = item.check(value, "", lambda *_: None)
    return found


class Targets:
    """Finds what a change set names, also what it has created so far.

    Args:
        reader: the commit that the changes are applied to.
        find_type: see ``InstancePlanner``.

    Attributes:
        stored: documents that were read, by ``rid``.
        found: what a target names in the commit -> ``rid``.
    """

    def __init__(
        self,
        reader: CommitReader,
        rules: Rules,
        find_type: Callable[[str, tuple[Kind, ...]], str | None],
    ) -> None:
        self._reader = reader
        self._rules = rules
        self._find_type = find_type
        self.names = InstanceNames(reader, rules)
        self.stored: dict[str, StoredDocument] = {}
        self.found: dict[str, str] = {}
        self._created: dict[str, str] = {}
        self._types: dict[str, str | None] = {}
        self._absent: set[str] = set()

    def load(self, changes: Sequence[Change]) -> None:
        """Look up everything that the changes name, with a few queries."""
        targets: dict[str, None] = {}
        rids: dict[str, None] = {}
        iris: dict[str, None] = {}
        for change in changes:
            named = (change.target, change.source)
            for text in named:
                if not text:
                    continue
                if is_rid(text):
                    rids[text] = None
                elif split_instance(text) is not None:
                    targets[text] = None
                elif ":" in text:
                    iris[text] = None
        types = dict.fromkeys(change.type for change in changes if change.op == "create")
        self._rules.load([rid for name in types if (rid := self.type(name or ""))])
        self.found.update(self.names.find(list(targets)))
        for iri, found in self._reader.find_entries("iri", list(iris)).items():
            self.found[iri] = found[0]
        creations = [change for change in changes if change.op == "create"]
        wanted = {*rids, *self.found.values(), *self._derived(creations)}
        self.stored.update(self._reader.get_with_deleted(wanted))
        self._absent = wanted - self.stored.keys()

    def _derived(self, creations: Sequence[Change]) -> Iterator[str]:
        """The ``rid``s that objects and links to be created will have, as far as keys and ends tell
        them already.
        """
        by_name: dict[str, str] = {}
        for change in creations:
            layout = self._rules.object_layout(self.type(change.type or ""))
            if layout is None or not layout.key:
                continue
            body = with_key(layout, key_values(layout, change.fields))
            if KEY in body:
                rid = derived_id(layout.rid, key_text(body[KEY]))
                by_name[instance_name_key(Kind.OBJECT, {"_type": layout.rid, **body})] = rid
                yield rid
        for change in creations:
            link = self._rules.layout(self.type(change.type or "") or "")
            if not isinstance(link, LinkLayout) or not change.source or not change.target:
                continue
            source = self._end(change.source, by_name)
            target = self._end(change.target, by_name)
            if source and target:
                ends = [source, target]
                yield derived_id(link.rid, *(sorted(ends) if link.symmetric else ends))

    def _end(self, text: str, created: Mapping[str, str]) -> str | None:
        if is_rid(text):
            return text
        if split_instance(text) is not None:
            for name_key in self.names.candidates(text):
                if name_key in created:
                    return created[name_key]
        return self.found.get(text)

    def type(self, name: str) -> str | None:
        """The ``rid`` of an object type or link type."""
        if name not in self._types:
            kinds = (Kind.OBJECT_TYPE, Kind.LINK_TYPE)
            self._types[name] = self._find_type(name, kinds) if name else None
        return self._types[name]

    def get(self, rid: str) -> StoredDocument | None:
        """A document, also a deleted one."""
        if rid not in self.stored and rid not in self._absent:
            self.stored.update(self._reader.get_with_deleted([rid]))
        return self.stored.get(rid)

    # --- what the change set has created so far -------------------------------------------------
    def created(self, target: str) -> str | None:
        """The object that ``Type/key`` names among them."""
        for name_key in self.names.candidates(target):
            if name_key in self._created:
                return self._created[name_key]
        return None

    def is_created(self, name_key: str) -> bool:
        """Whether one of them has that key."""
        return name_key in self._created

    def remember(self, name_key: str, rid: str) -> None:
        """One more."""
        self._created.setdefault(name_key, rid)

    def forget(self, name_key: str) -> None:
        """It has another key now, or is gone."""
        self._created.pop(name_key, None)
