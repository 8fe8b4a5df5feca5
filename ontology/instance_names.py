"""Between the names of objects and links that people write (``Person/42``) and their ``rid``s."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from itertools import combinations, islice, pairwise
from typing import Any
from urllib.parse import unquote

from oms_project.core.ids import is_rid
from ontology.compiled import compiled
from ontology.domain.documents import Body
from ontology.domain.instances.keys import object_name_key, parse_key
from ontology.domain.instances.layout import Layout
from ontology.domain.instances.rules import Rules, instance_id
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.names import name_key
from ontology.store.port import CommitReader, StoredDocument

__all__ = ["InstanceNames", "key_values", "split_instance"]

#: A key with many ``+`` in it is read in at most so many ways.
_MOST_WAYS = 50


def split_instance(target: str) -> tuple[str, str] | None:
    """Type and key of a target such as ``Person/42``; None where it names no instance so."""
    type_name, slash, key = target.partition("/")
    if not slash or not key or ":" in type_name or not type_name:
        return None
    if type_name in Kind._value2member_map_ and type_name not in INSTANCE_KINDS:
        return None
    return type_name, key


def key_values(layout: Layout, text: str) -> list[Any] | None:
    """The values of a type's primary key from the key in an ``@id``; None where it is none."""
    parts = parse_key(text)
    return _typed_values(layout, parts) if len(parts) == len(layout.key) else None


def _possible_values(layout: Layout, text: str) -> Iterator[list[Any]]:
    """``key_values``; or where a ``+`` was not encoded, every way to read it as part of a value."""
    parts = text.split("+")
    ways = combinations(range(1, len(parts)), len(layout.key) - 1)
    for way in islice(ways, _MOST_WAYS):
        edges = (0, *way, len(parts))
        joined = ["+".join(parts[start:end]) for start, end in pairwise(edges)]
        values = _typed_values(layout, [unquote(part) for part in joined])
        if values is not None:
            yield values


def _typed_values(layout: Layout, parts: Sequence[str]) -> list[Any] | None:
    values: list[Any] = []
    for name, part in zip(layout.key, parts, strict=True):
        item = layout.properties.get(name)
        base = item.base.name if item is not None and item.base is not None else "string"
        try:
            values.append(_typed(base, part))
        except (ValueError, InvalidOperation):
            return None
    return values


def _typed(base: str, text: str) -> Any:
    if base in ("integer", "long"):
        return int(text)
    if base in ("double", "decimal"):
        number = Decimal(text)
        if number == number.to_integral_value() and abs(number) < 10**15:
            return int(number)
        return float(text) if base == "double" else text
    return text == "true" if base == "boolean" else text


class InstanceNames:
    """Names of the instances of one commit.

    Args:
        reader: the commit.
        rules: of the state in which the types are looked up; None: the commit's.
        shown: documents as they may be seen; None: as they are. An object whose key is masked
            goes by its ``rid``, also where it is the end of a link.
    """

    def __init__(
        self,
        reader: CommitReader,
        rules: Rules | None = None,
        *,
        shown: Callable[[Sequence[StoredDocument]], Sequence[StoredDocument]] | None = None,
    ) -> None:
        self.reader = reader
        # Of a state that is being changed nothing is kept.
        self._kept = compiled(reader).found if rules is None else {}
        self.rules = rules or compiled(reader).rules
        self._shown = shown
        self._ends: dict[str, str] = {}
        self._types: dict[tuple[str, tuple[Kind, ...]], str | None] = {}

    # --- from names to rids ---------------------------------------------------------------------
    def find(self, targets: Collection[str]) -> dict[str, str]:
        """Target -> ``rid`` of a live instance, for those that name one as ``Type/key``."""
        return {target: rids[0] for target, rids in self._matches(targets).items()}

    def candidates(self, target: str) -> list[str]:
        """Name keys under which the instance may stand that a target names."""
        split = split_instance(target)
        return [] if split is None else self._name_keys(*split)

    def _matches(self, targets: Collection[str]) -> dict[str, list[str]]:
        keys: dict[str, list[str]] = {}
        found: dict[str, list[str]] = {}
        rids: dict[str, str] = {}
        for target in targets:
            split = split_instance(target)
            if split is None:
                continue
            if is_rid(split[1]):
                rids[target] = split[1]
            keys[target] = self._name_keys(*split)  # a key may be a UUID too
        wanted = {key for names in keys.values() for key in names}
        if wanted:
            stored = self.reader.find_names(Kind.OBJECT, list(wanted))
            for target, names in keys.items():
                matches = [rid for name in names for rid in stored.get(name, ())]
                if matches:
                    found[target] = matches
        if rids:
            live = self.reader.get_many(list(rids.values()))
            for target, rid in rids.items():
                document = live.get(rid)
                if document is not None and self._is_of(document, target.partition("/")[0]):
                    found[target] = [rid]
        return found

    def _is_of(self, document: StoredDocument, type_name: str) -> bool:
        """Whether an instance is of the type that the target names, or of a subtype."""
        if document.kind not in INSTANCE_KINDS or type_name in INSTANCE_KINDS:
            return document.kind in INSTANCE_KINDS
        wanted = self.type_rid(type_name)
        layout = self.rules.layout(str(document.body.get("_type")))
        return wanted is not None and layout is not None and wanted in layout.line

    def type_rid(
        self, name: str, kinds: Sequence[Kind] = (Kind.OBJECT_TYPE, Kind.LINK_TYPE, Kind.INTERFACE)
    ) -> str | None:
        """The type of that name (also an earlier one), with the ``rid`` as it is."""
        if is_rid(name):
            return name
        asked = (name_key(name), tuple(kinds))
        if asked not in self._types:
            self._types[asked] = self._find_type(*asked)
        return self._types[asked]

    def _find_type(self, key: str, kinds: Sequence[Kind]) -> str | None:
        for kind in kinds:
            known = self._kept.get((kind.value, key))
            if known is not None:
                return known
            found = self.rules.state.find_names(kind, [key]).get(key)
            if found:
                self._kept[kind.value, key] = found[0]
                return found[0]
        aliases = {f"{kind.value}/{key}": kind for kind in kinds}
        entries = self.reader.find_entries("alias", list(aliases))
        return next((entries[alias][0] for alias in aliases if entries.get(alias)), None)

    def _name_keys(self, type_name: str, text: str) -> list[str]:
        iri = unquote(text)
        if type_name in INSTANCE_KINDS:
            return []
        rid = self.type_rid(type_name)
        if rid is None:
            return []
        found: list[str] = []
        for member in self.rules.family(rid):
            layout = self.rules.object_layout(member)
            if layout is None:
                continue
            if layout.key:
                found += [
                    object_name_key(member, values) for values in _possible_values(layout, text)
                ]
            if ":" in iri:
                found.append(object_name_key(member, None, iri))
        return found

    # --- from documents to names ----------------------------------------------------------------
    def load(self, documents: Iterable[StoredDocument]) -> None:
        """Read types and the ends of links of ``documents`` at once."""
        instances = [item for item in documents if item.kind in INSTANCE_KINDS]
        if not instances:
            return
        ends = {
            str(item.body.get(role))
            for item in instances
            if item.kind == Kind.LINK
            for role in ("_source", "_target")
        } - self._ends.keys()
        far = self.reader.get_with_deleted(ends) if ends else {}
        self.rules.load(
            {
                str(item.body["_type"])
                for item in (*instances, *far.values())
                if item.body.get("_type")
            }
        )
        found = list(far.values())
        for item in found if self._shown is None else self._shown(found):
            self._ends[item.rid] = self.id_of(item.kind, item.rid, item.body)

    def id_of(self, kind: Kind, rid: str, body: Body) -> str:
        """``@id`` of an instance."""
        return instance_id(self.rules, kind, rid, body)

    def ids(self, documents: Sequence[StoredDocument]) -> dict[str, str]:
        """``rid`` -> ``@id`` of documents of any kind."""
        self.load(documents)
        return {
            item.rid: self.id_of(item.kind, item.rid, item.body)
            if item.kind in INSTANCE_KINDS
            else item.id
            for item in (documents if self._shown is None else self._shown(documents))
        }

    def type_name(self, kind: Kind, body: Body) -> str:
        """``@type``: the type's ``apiName``."""
        type_rid = body.get("_type")
        layout = self.rules.layout(type_rid) if isinstance(type_rid, str) else None
        return kind.value if layout is None else layout.name

    def title_of(self, body: Body) -> str:
        """What people know an object by, when its type says which property tells."""
        type_rid = body.get("_type")
        layout = self.rules.layout(type_rid) if isinstance(type_rid, str) else None
        if layout is None or layout.title is None:
            return ""
        value = body.get(layout.title)
        if isinstance(value, dict):
            value = next(iter(value.values()), None)
        return "" if value is None or isinstance(value, list) else str(value)

    def end_of(self, rid: str) -> str:
        """``@id`` of an end of a link that was loaded."""
        return self._ends.get(rid, rid)
