"""Between the names that people write and the ``rid``s that documents hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from oms_project.core.ids import is_rid
from ontology.domain.datatypes import parse_data_type
from ontology.domain.kinds import DEFINITION_KINDS, Kind
from ontology.domain.names import name_key
from ontology.store.port import CommitReader

__all__ = ["REFERENCE_FIELDS", "NameResolver", "map_references", "split_target"]

_OBJECT_KINDS = (Kind.OBJECT_TYPE, Kind.INTERFACE)
_VALUE_KINDS = (Kind.VALUE_TYPE, Kind.ENUM_TYPE, Kind.STRUCT_TYPE)
Token = tuple[str, tuple[Kind, ...]]
Mapper = Callable[[str, tuple[Kind, ...]], str]


def split_target(text: str) -> tuple[Kind | None, str]:
    """``Kind/name`` in its parts; no kind when ``text`` does not begin with one."""
    kind_text, slash, name = text.partition("/")
    if slash and kind_text in Kind._value2member_map_:
        return Kind(kind_text), name
    return None, text


def map_references(kind: Kind, fields: Mapping[str, Any], mapper: Mapper) -> dict[str, Any]:
    """``fields`` with every reference replaced by ``mapper(text, kinds it may have)``.

    ``mapper`` sees every reference, also one that is a ``rid`` already. Works on what a caller sent: anything of an unexpected shape is passed on as it is, and refused
    by the shape check later.
    """
    mapped = dict(fields)
    if REFERENCE_FIELDS.isdisjoint(fields):
        return mapped
    for field, kinds in _LISTS.get(kind, {}).items():
        if isinstance(mapped.get(field), list):
            mapped[field] = [_one(item, kinds, mapper) for item in mapped[field]]
    for field, kinds in _SINGLES.get(kind, {}).items():
        if field in mapped:
            mapped[field] = _one(mapped[field], kinds, mapper)
    for field, item_kinds in _ITEMS.get(kind, {}).items():
        if isinstance(mapped.get(field), list):
            mapped[field] = [_item(item, item_kinds, mapper) for item in mapped[field]]
    if kind in DEFINITION_KINDS and isinstance(mapped.get("equivalentTo"), list):
        mapped["equivalentTo"] = [
            _one(item, _any_kind(kind), mapper) if _is_target(item) else item
            for item in mapped["equivalentTo"]
        ]
    if kind in DEFINITION_KINDS and isinstance(mapped.get("deprecation"), Mapping):
        deprecation = dict(mapped["deprecation"])
        if isinstance(deprecation.get("replacedBy"), list):
            deprecation["replacedBy"] = [
                _one(item, _any_kind(kind), mapper) if _is_target(item) else item
                for item in deprecation["replacedBy"]
            ]
        mapped["deprecation"] = deprecation
    if kind == Kind.SHARED_PROPERTY:
        mapped = _item(mapped, {}, mapper)
    return mapped


def _is_target(item: Any) -> bool:
    # Elsewhere an IRI would be looked up; in these fields an IRI may also stand for itself.
    return isinstance(item, str) and ":" not in item


def _any_kind(first: Kind) -> tuple[Kind, ...]:
    """All definition kinds, the document's own first: a bare name most likely means its like."""
    return tuple(dict.fromkeys((first, *DEFINITION_KINDS)))


def _one(value: Any, kinds: tuple[Kind, ...], mapper: Mapper) -> Any:
    return mapper(value, kinds) if isinstance(value, str) else value


def _item(item: Any, fields: Mapping[str, tuple[Kind, ...]], mapper: Mapper) -> Any:
    if not isinstance(item, Mapping):
        return item
    mapped = dict(item)
    for field, kinds in fields.items():
        if field in mapped:
            mapped[field] = _one(mapped[field], kinds, mapper)
    if isinstance(mapped.get("dataTypes"), list):
        mapped["dataTypes"] = [_data_type(value, mapper) for value in mapped["dataTypes"]]
    return mapped


def _data_type(value: Any, mapper: Mapper) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return str(parse_data_type(value))
    except ValueError:
        return _one(value, _VALUE_KINDS, mapper)


class NameResolver:
    """Finds ``rid``s for names, all of a change set at once.

    Args:
        reader: the state at the branch's head.
        created: ``(kind, name_key)`` -> ``rid`` and IRI -> ``rid`` of what the change set creates,
            and of what it renames under the new name.
    """

    def __init__(
        self,
        reader: CommitReader,
        created: Mapping[tuple[Kind, str], str],
        created_iris: Mapping[str, str],
    ) -> None:
        self._reader = reader
        self._created = created
        self._created_iris = created_iris
        self._names: dict[tuple[Kind, str], str] = {}
        self._iris: dict[str, str] = {}

    def load(self, tokens: Iterable[Token]) -> None:
        """Look up all ``tokens`` with a few queries."""
        names: dict[Kind, set[str]] = {}
        iris: set[str] = set()
        for text, kinds in tokens:
            kind, name = split_target(text)
            if kind is not None and kind not in DEFINITION_KINDS:
                iris.add(unquote(name))
                continue
            for candidate in (kind,) if kind else kinds:
                names.setdefault(candidate, set()).add(name_key(name))
            if ":" in text:
                iris.add(text)
        for kind, keys in names.items():
            aliases = {f"{kind.value}/{key}": key for key in keys}
            for alias, rids in self._reader.find_entries("alias", list(aliases)).items():
                self._names[kind, aliases[alias]] = rids[0]
            for key, rids in self._reader.find_names(kind, keys).items():
                self._names[kind, key] = rids[0]
        for iri, rids in self._reader.find_entries("iri", iris).items():
            self._iris[iri] = rids[0]

    def find(self, text: str, kinds: tuple[Kind, ...], *, created: bool = True) -> str | None:
        """The ``rid`` for ``text``, or None. Names win over aliases, both over IRIs.

        Args:
            created: look among what the change set creates as well, and first.
        """
        if is_rid(text):
            return text
        kind, name = split_target(text)
        if kind is not None and kind not in DEFINITION_KINDS:
            # Documents without a name are addressed by rid or IRI: Resource/https%3A%2F%2F...
            return name if is_rid(name) else self._iris.get(unquote(name))
        key = name_key(name)
        for candidate in (kind,) if kind else kinds:
            rid = self._created.get((candidate, key)) if created else None
            rid = rid or self._names.get((candidate, key))
            if rid:
                return rid
        return (self._created_iris.get(text) if created else None) or self._iris.get(text)

    def name_found(self, kind: Kind, key: str) -> str | None:
        """The ``rid`` that has (or had) the name in the state read."""
        return self._names.get((kind, key))


_LISTS: dict[Kind, dict[str, tuple[Kind, ...]]] = {
    Kind.OBJECT_TYPE: {"parents": (Kind.OBJECT_TYPE,), "interfaces": (Kind.INTERFACE,)},
    Kind.SHARED_PROPERTY: {"parents": (Kind.SHARED_PROPERTY,)},
    Kind.LINK_TYPE: {
        "parents": (Kind.LINK_TYPE,),
        "sources": _OBJECT_KINDS,
        "targets": _OBJECT_KINDS,
    },
    Kind.INTERFACE: {"extends": (Kind.INTERFACE,)},
}
_SINGLES: dict[Kind, dict[str, tuple[Kind, ...]]] = {
    Kind.LINK_TYPE: {"inverseOf": (Kind.LINK_TYPE,)},
}
_PROPERTY: dict[str, tuple[Kind, ...]] = {"sharedProperty": (Kind.SHARED_PROPERTY,)}
_ITEMS: dict[Kind, dict[str, dict[str, tuple[Kind, ...]]]] = {
    Kind.OBJECT_TYPE: {"properties": _PROPERTY},
    Kind.LINK_TYPE: {"properties": _PROPERTY},
    Kind.INTERFACE: {
        "properties": _PROPERTY,
        "linkConstraints": {"linkType": (Kind.LINK_TYPE,)},
    },
    Kind.STRUCT_TYPE: {"fields": _PROPERTY},
    Kind.ACTION_TYPE: {
        "parameters": {"objectType": _OBJECT_KINDS},
        "rules": {"objectType": (Kind.OBJECT_TYPE,), "linkType": (Kind.LINK_TYPE,)},
    },
}
#: Fields of a body that references stand in, of any kind.
REFERENCE_FIELDS = frozenset(
    {"dataTypes", "deprecation", "equivalentTo"}.union(
        *(fields for table in (_LISTS, _SINGLES, _ITEMS) for fields in table.values())
    )
)
