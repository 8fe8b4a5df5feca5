"""Names of GraphQL for the names of an ontology: the same every time, and none twice.

The rules, in short (the guide has them at length):

* Names of object types, interfaces, enums, structs and actions stay. A concrete type that has
  subtypes is an object type of its own name, and an interface ``Any…`` for itself and them.
* Properties stay; one that begins with an underscore gets an ``x`` in front, for fields that begin
  so are the system's.
* A link is called by the name of its end; without one by its link type, and backwards by the link
  type with ``Sources``. Where a type has something of that name already, the link type's name is
  used, with ``Targets`` or ``Sources``.
* A name that is taken gets underscores behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ontology.domain.kinds import Kind
from ontology.domain.names import mangle, name_key
from ontology.graphql.typed.definitions import Definitions, Way

__all__ = ["Mapped", "Names", "legal_name", "lower_first", "upper_first"]

_LEGAL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NO_ENUM_VALUE: Final = frozenset({"true", "false", "null"})


def legal_name(text: str) -> str:
    """``text`` with what GraphQL does not allow in names taken out of it."""
    return text if _LEGAL.fullmatch(text) and not text.startswith("__") else mangle(text)


def lower_first(text: str) -> str:
    """With a small first letter."""
    return text[:1].lower() + text[1:]


def upper_first(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Mapped:
    """A name of the ontology, and what it is called here.

    Attributes:
        kind: of definition, or ``Property``, ``EnumMember``, ``LinkEnd``.
        owner: the definition that it is in; empty for a definition.
    """

    kind: str
    owner: str
    original: str
    name: str


class Names:
    """Of one schema.

    Args:
        reserved: names of types that are there whatever the ontology has.
    """

    def __init__(self, definitions: Definitions, reserved: Iterable[str]) -> None:
        self._definitions = definitions
        self.taken: set[str] = set(reserved)
        #: rid -> name of its own type: of an object type that is no interface, an enum, …
        self.types: dict[str, str] = {}
        #: rid -> name of the interface that stands for the type and its subtypes.
        self.families: dict[str, str] = {}
        for kind in (Kind.ENUM_TYPE, Kind.STRUCT_TYPE, Kind.INTERFACE, Kind.OBJECT_TYPE):
            for item in definitions.by_kind[kind]:
                name = self.claim(legal_name(item.name))
                if kind == Kind.INTERFACE or item.body.get("isAbstract"):
                    self.families[item.rid] = name
                else:
                    self.types[item.rid] = name
        for item in definitions.by_kind[Kind.OBJECT_TYPE]:
            if item.rid in self.types and definitions.has_subtypes(item.rid):
                self.families[item.rid] = self.claim(f"Any{upper_first(self.types[item.rid])}")
        for item in definitions.by_kind[Kind.LINK_TYPE]:
            self.types[item.rid] = self.claim(f"{upper_first(legal_name(item.name))}Link")

    def claim(self, name: str) -> str:
        """``name``, or with underscores behind it where it is taken; from now on it is."""
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def of_type(self, rid: str) -> str:
        """What a field of this type is of: the interface where there are subtypes."""
        return self.families.get(rid) or self.types[rid]

    def own(self, rid: str) -> str:
        """The name that derived names (``…Filter``) begin with."""
        return self.types.get(rid) or self.families[rid]

    @staticmethod
    def of_property(name: str) -> str:
        """Of a property, a field of a struct or a parameter."""
        legal = legal_name(name)
        return f"x{legal}" if legal.startswith("_") else legal

    @staticmethod
    def of_codes(codes: Iterable[str]) -> dict[str, str]:
        """Code of an enum's member -> name, in their order."""
        found: dict[str, str] = {}
        taken: set[str] = set(_NO_ENUM_VALUE)
        codes = list(codes)
        # A code that is a name keeps it, whatever another is made into.
        for code in sorted(codes, key=lambda code: (legal_name(code) != code, code)):
            name = legal_name(code)
            while name in taken:
                name += "_"
            taken.add(name)
            found[code] = name
        return {code: found[code] for code in codes}

    @cached_property
    def ways(self) -> Mapping[tuple[str, bool], str]:
        """``(link type, outgoing)`` -> name of the field, the same on every type that has it."""
        ways = self._definitions.ways
        names = {_key(way): self._plain_way(way) for way in ways}
        by_name: dict[str, list[Way]] = {}
        for way in ways:
            by_name.setdefault(names[_key(way)], []).append(way)
        properties = self._owners
        clashing = [
            way
            for name, several in by_name.items()
            for way in several
            if self._is_taken(way, properties.get(name, ()))
            or any(self._meet(way, other) for other in several if other is not way)
        ]
        fixed: set[str] = set(names.values())
        for way in clashing:
            body = self._definitions.schema.body(way.link)
            name = legal_name(str(body["apiName"])).lstrip("_")
            name = f"{lower_first(name)}{'Targets' if way.outgoing else 'Sources'}"
            while name in fixed or name in properties:
                name += "_"
            fixed.add(name)
            names[_key(way)] = name
        return names

    def _plain_way(self, way: Way) -> str:
        name = str(self._definitions.schema.body(way.link)["apiName"])
        return self.of_property(way.name or (name if way.outgoing else f"{name}Sources"))

    @cached_property
    def _owners(self) -> Mapping[str, set[str]]:
        """Name of a property's field -> types that declare it."""
        found: dict[str, set[str]] = {}
        for kind in (Kind.OBJECT_TYPE, Kind.INTERFACE):
            for item in self._definitions.by_kind[kind]:
                for part in self._definitions.schema.own_properties(item.rid):
                    found.setdefault(self.of_property(part.api_name), set()).add(item.rid)
        return found

    def _is_taken(self, way: Way, owners: Iterable[str]) -> bool:
        """Whether a type that has the way has a property of that name, or a subtype of it has."""
        reach = self._reach(way)
        return any(not reach.isdisjoint(self._definitions.family(owner)) for owner in owners)

    def _meet(self, one: Way, other: Way) -> bool:
        return not self._reach(one).isdisjoint(self._reach(other))

    def _reach(self, way: Way) -> set[str]:
        return {member for rid in way.near for member in self._definitions.family(rid)}

    def mapped(self) -> list[Mapped]:
        """Every name that is another here, and every type."""
        found: list[Mapped] = []
        for kind in (
            Kind.OBJECT_TYPE,
            Kind.INTERFACE,
            Kind.LINK_TYPE,
            Kind.ENUM_TYPE,
            Kind.STRUCT_TYPE,
        ):
            for item in self._definitions.by_kind[kind]:
                names = (self.types.get(item.rid), self.families.get(item.rid))
                found += [Mapped(kind.value, "", item.name, name) for name in names if name]
                for part in self._definitions.schema.own_properties(item.rid):
                    name = self.of_property(part.api_name)
                    if name != part.api_name:
                        found.append(Mapped("Property", item.name, part.api_name, name))
                codes = self.of_codes(m["code"] for m in item.body.get("members", ()))
                found += [
                    Mapped("EnumMember", item.name, code, name)
                    for code, name in codes.items()
                    if code != name
                ]
        for way in self._definitions.ways:
            link = str(self._definitions.schema.body(way.link)["apiName"])
            found.append(Mapped("LinkEnd", link, way.name, self.ways[_key(way)]))
        return sorted(found, key=lambda one: (one.kind, name_key(one.owner), one.name))


def _key(way: Way) -> tuple[str, bool]:
    return way.link, way.outgoing
