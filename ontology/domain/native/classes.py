"""Definitions as native classes.

- An object type is a class, an interface an abstract one; a link type is a relation: a member, a set
  of any objects, of the classes of its sources (of those that no other source stands above), or of
  ``OmsObject`` where it names none. A link type with properties of its own or inherited ones is a
  class besides, with the members ``source`` and ``target``.
- TerminusDB wants a member to be the same wherever a class has it from. So it is declared where the
  topmost definition declares it, with that one's type, and what restates or narrows it below
  declares nothing. A parent whose members contradict those of the parents before it is left out of
  the class's parents, and its other members are taken over.
- A property and a relation are one name there: a relation that has the name of a property of one of
  its sources gets ``_link`` behind it; a property that has the name of a relation further up is left
  out of the native view.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from oms_project.core.ids import is_rid
from ontology.domain.datatypes import parse_data_type
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.domain.native.names import (
    ANY_OBJECT,
    SOURCE,
    TARGET,
    class_name,
    member_name,
    relation_name,
)
from ontology.domain.native.shapes import (
    END,
    INHERITS,
    RELATION,
    Field,
    Form,
    Member,
    NativeClass,
    Relation,
    class_json,
    class_triples,
    member_triples,
)
from ontology.domain.native.values import NATIVE_TYPES, TEXT
from ontology.domain.schema import EffectiveProperty, Schema
from ontology.domain.state import State

__all__ = [
    "CLASS_KINDS",
    "INHERITS",
    "RELATION",
    "Classes",
    "Field",
    "Form",
    "Member",
    "NativeClass",
    "Relation",
    "class_json",
    "class_triples",
    "member_triples",
]

#: Kinds of definitions that may be classes.
CLASS_KINDS = (Kind.OBJECT_TYPE, Kind.INTERFACE, Kind.LINK_TYPE)
#: Kinds whose names go first, see ``class_name``.
_BEFORE: dict[Kind, tuple[Kind, ...]] = {
    Kind.INTERFACE: (Kind.OBJECT_TYPE,),
    Kind.LINK_TYPE: (Kind.OBJECT_TYPE, Kind.INTERFACE),
}


class _Resolved(NamedTuple):
    """Values of a class: the ``rid``s of its parents, what it declares, and all that it has."""

    parents: tuple[str, ...]
    own: Mapping[str, Member]
    all: Mapping[str, Member]


class Classes:
    """The native classes of one state, made when they are first asked for.

    Args:
        state: whose definitions these are; only definitions are read.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.schema = Schema(state)
        self._loaded: set[str] = set()
        self._taken: dict[tuple[Kind, str], bool] = {}
        self._links: dict[str, tuple[str, ...]] = {}
        self._resolved: dict[str, _Resolved] = {}
        self._relations: dict[str, Relation | None] = {}
        self._forms: dict[str, Form | None] = {}

    # --- reading --------------------------------------------------------------------------------
    def load(self, rids: Collection[str]) -> None:
        """Read what these definitions need, level by level; a lot of them cost what one does."""
        rids = [rid for rid in rids if rid not in self._loaded]
        if not rids:
            return
        schema = self.schema
        schema.load_closure(rids)
        line = self._lines(rids)
        schema.load(
            {
                text
                for rid in line
                for part in schema.own_properties(rid)
                for text in part.data_types
                if is_rid(text)
            }
        )
        missing = [rid for rid in line if rid not in self._links]
        if missing:
            uses = self.state.referrers(missing, ("sources",))
            for rid in missing:
                self._links[rid] = tuple(sorted(user for user, _ in uses.get(rid, ())))
            schema.load({link for rid in missing for link in self._links[rid]})
        self._load_names(line)
        self._loaded.update(rids)  # last: other threads may ask meanwhile

    def _lines(self, rids: Collection[str]) -> list[str]:
        schema = self.schema
        found: dict[str, None] = {}
        for rid in rids:
            found[rid] = None
            for other in (*schema.ancestors(rid), *schema.interfaces(rid)):
                found[other] = None
        return list(found)

    def _load_names(self, rids: Collection[str]) -> None:
        wanted: dict[Kind, set[str]] = defaultdict(set)
        for rid in rids:
            document = self.schema.get(rid)
            if document is not None:
                key = name_key(str(document.body.get("apiName", "")))
                for kind in _BEFORE.get(document.kind, ()):
                    if (kind, key) not in self._taken:
                        wanted[kind].add(key)
        for kind, keys in wanted.items():
            found = self.state.find_names(kind, keys)
            self._taken.update(((kind, key), bool(found.get(key))) for key in keys)

    # --- names ----------------------------------------------------------------------------------
    def name(self, rid: str) -> str:
        """Name of the class of a definition that is there."""
        document = self.schema.get(rid)
        if document is None:
            raise KeyError(rid)
        self._load_names((rid,))
        name = str(document.body.get("apiName", rid))
        key = name_key(name)
        taken = any(self._taken[kind, key] for kind in _BEFORE.get(document.kind, ()))
        return class_name(document.kind, name, taken=taken)

    def relation(self, rid: str) -> Relation | None:
        """What a link type is in its sources; None where there is no such link type."""
        if rid not in self._relations:
            self._relations[rid] = self._find_relation(rid)
        return self._relations[rid]

    def _find_relation(self, rid: str) -> Relation | None:
        schema = self.schema
        document = schema.get(rid)
        if document is None or document.kind != Kind.LINK_TYPE:
            return None
        name = str(document.body.get("apiName", rid))
        listed = document.body.get("sources", ())
        schema.load_closure(listed)
        sources = [source for source in listed if schema.get(source) is not None]
        taken = any(name in self._properties(source) for source in sources)
        holders = tuple(
            source
            for source in sources
            if not any(
                source != other and schema.is_a(source, other) and not schema.is_a(other, source)
                for other in sources
            )
        )
        return Relation(relation_name(name, taken=taken), holders)

    # --- classes --------------------------------------------------------------------------------
    def native(self, rid: str) -> NativeClass | None:
        """The class of a definition; None where it is none (any more)."""
        document = self.schema.get(rid)
        if document is None or document.kind not in CLASS_KINDS:
            return None
        self.load((rid,))
        resolved = self._values(rid)
        members: dict[str, Member] = {}
        if document.kind == Kind.LINK_TYPE:
            if not resolved.all:
                return None
            members |= {SOURCE: END, TARGET: END}
        for link in self._links.get(rid, ()):
            relation = self.relation(link)
            if relation is not None and rid in relation.holders:
                members[relation.name] = RELATION
        return NativeClass(
            name=self.name(rid),
            abstract=document.kind == Kind.INTERFACE or bool(document.body.get("isAbstract")),
            parents=tuple(map(self.name, resolved.parents)) or (ANY_OBJECT,),
            members={**members, **resolved.own},
        )

    def members(self, rid: str) -> Mapping[str, Member]:
        """All members of a class that hold values, inherited ones too."""
        self.load((rid,))
        return self._values(rid).all

    def any_object(self, rid: str) -> dict[str, Member]:
        """Members that ``OmsObject`` has for the sake of a definition."""
        relation = self.relation(rid)
        if relation is None or relation.holders:
            return {}
        return {relation.name: RELATION}

    def form(self, rid: str) -> Form | None:
        """How instances of a type look; None where there is no such type."""
        if rid not in self._forms:
            self._forms[rid] = self._find_form(rid)
        return self._forms[rid]

    def _find_form(self, rid: str) -> Form | None:
        document = self.schema.get(rid)
        if document is None or document.kind not in (Kind.OBJECT_TYPE, Kind.LINK_TYPE):
            return None
        self.load((rid,))
        members = self._values(rid).all
        of_link = document.kind == Kind.LINK_TYPE
        fields = tuple(
            Field(name, native, member)
            for name in self._properties(rid)
            if (member := members.get(native := member_name(name, of_link=of_link))) is not None
        )
        if not of_link:
            return Form(self.name(rid), fields)
        relation = self.relation(rid)
        assert relation is not None
        return Form(self.name(rid) if members else "", fields, relation.name)

    def _properties(self, rid: str) -> dict[str, EffectiveProperty]:
        """``apiName`` -> property, own, inherited, and of interfaces."""
        schema = self.schema
        parts = dict(schema.properties(rid))
        for interface in schema.interfaces(rid):
            for key, part in schema.properties(interface).items():
                parts.setdefault(key, part)
        return {part.api_name: part for part in parts.values()}

    # --- values ---------------------------------------------------------------------------------
    def _above(self, rid: str) -> list[str]:
        """Definitions whose classes a class inherits."""
        schema = self.schema
        found = list(schema.parents(rid))
        if found and schema.get(rid).kind == Kind.LINK_TYPE:  # type: ignore[union-attr]
            return [parent for parent in found if schema.properties(parent)]
        for interface in schema.body(rid).get("interfaces", ()):
            document = schema.get(interface)
            if document is not None and document.kind == Kind.INTERFACE:
                found.append(interface)
        return found

    def _values(self, rid: str) -> _Resolved:
        """Parents first, without recursion; a cycle ends where it closes."""
        known = self._resolved
        path = {rid: None} if rid not in known else {}
        while path:
            current = next(reversed(path))
            above = (
                other for other in self._above(current) if other not in known and other not in path
            )
            parent = next(above, None)
            if parent is not None:
                path[parent] = None
                continue
            del path[current]
            known[current] = self._resolve(current)
        return known[rid]

    def _resolve(self, rid: str) -> _Resolved:
        parents: list[str] = []
        inherited: dict[str, Member] = {}
        own: dict[str, Member] = {}
        for parent in self._above(rid):
            theirs = self._resolved.get(parent)
            if theirs is None or parent in parents:
                continue
            if all(inherited.get(name, member) == member for name, member in theirs.all.items()):
                parents.append(parent)
                inherited.update(theirs.all)
            else:
                own.update(theirs.all)
        document = self.schema.get(rid)
        of_link = document is not None and document.kind == Kind.LINK_TYPE
        for part in self.schema.own_properties(rid):
            name = member_name(part.api_name, of_link=of_link)
            if not self._is_relation_above(rid, name):
                own[name] = self._member(part)
        own = {name: member for name, member in own.items() if name not in inherited}
        return _Resolved(tuple(parents), own, {**inherited, **own} if own else inherited)

    def _is_relation_above(self, rid: str, name: str) -> bool:
        schema = self.schema
        for other in (*schema.ancestors(rid), *schema.interfaces(rid)):
            for link in self._links.get(other, ()):
                if name == schema.body(link).get("apiName"):
                    relation = self.relation(link)
                    return relation is not None and relation.name == name
        return False

    def _member(self, part: EffectiveProperty) -> Member:
        types = {self._native_type(text) for text in part.data_types}
        target = types.pop() if len(types) == 1 else TEXT
        return Member("Optional" if part.array is None else "Set", target)

    def _native_type(self, text: str) -> str:
        if is_rid(text):
            document = self.schema.get(text)
            if document is None or document.kind != Kind.VALUE_TYPE:
                return TEXT
            text = str(document.body.get("baseType", ""))
        try:
            return NATIVE_TYPES.get(parse_data_type(text).name, TEXT)
        except ValueError:
            return TEXT
