"""What native classes look like, and how TerminusDB says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ontology.domain.native.names import ANY_OBJECT
from ontology.domain.native.terms import RDF_TYPE, Node, Triple

__all__ = [
    "END",
    "INHERITS",
    "RELATION",
    "Field",
    "Form",
    "Member",
    "NativeClass",
    "Relation",
    "class_json",
    "class_triples",
    "member_triples",
]

#: What leads from a class to a parent in the schema graph.
INHERITS = "sys:inherits"


class Member(NamedTuple):
    """A member of a class.

    Attributes:
        kind: ``Optional`` or ``Set``.
        target: a native type (``xsd:…``) or the name of a class.
    """

    kind: str
    target: str

    @property
    def many(self) -> bool:
        """Whether it holds a set."""
        return self.kind == "Set"


#: What every relation is.
RELATION = Member("Set", ANY_OBJECT)
#: What each end of a link's document is.
END = Member("Optional", ANY_OBJECT)


@dataclass(frozen=True, slots=True)
class NativeClass:
    """A class as it is declared.

    Attributes:
        parents: names of classes; never empty.
        members: name -> member, without inherited ones.
    """

    name: str
    abstract: bool
    parents: tuple[str, ...]
    members: Mapping[str, Member]


class Field(NamedTuple):
    """Where a property's values go: ``apiName`` -> name of the member, and the member."""

    api_name: str
    name: str
    member: Member


@dataclass(frozen=True, slots=True)
class Form:
    """How instances of an object type or link type look.

    Attributes:
        class_: name of the class; empty for a link type without one.
        relation: of a link type: the name of its relation.
    """

    class_: str
    fields: tuple[Field, ...]
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """The member that a link type is.

    Attributes:
        holders: ``rid``s of the definitions whose classes declare it; empty: ``OmsObject``.
    """

    name: str
    holders: tuple[str, ...]


def class_json(native: NativeClass) -> dict[str, Any]:
    """The class as a schema document of TerminusDB."""
    found: dict[str, Any] = {
        "@type": "Class",
        "@id": native.name,
        "@inherits": list(native.parents),
    }
    if native.abstract:
        found["@abstract"] = []
    for name, member in native.members.items():
        found[name] = {"@type": member.kind, "@class": member.target}
    return found


def class_triples(native: NativeClass) -> Iterator[Triple]:
    """The class as triples of the schema graph."""
    subject = f"@schema:{native.name}"
    yield Triple(subject, RDF_TYPE, Node("sys:Class"))
    if native.abstract:
        yield Triple(subject, "sys:abstract", Node("rdf:nil"))
    for parent in native.parents:
        yield Triple(subject, INHERITS, Node(f"@schema:{parent}"))
    for name, member in native.members.items():
        yield from member_triples(native.name, name, member)


def member_triples(class_: str, name: str, member: Member) -> tuple[Triple, Triple, Triple]:
    """A member of a class as triples of the schema graph."""
    target = member.target
    node = f"@schema:{class_}/{name}/{member.kind}+{target.replace(':', '%3A')}"
    return (
        Triple(f"@schema:{class_}", f"@schema:{name}", Node(node)),
        Triple(node, RDF_TYPE, Node(f"sys:{member.kind}")),
        Triple(node, "sys:class", Node(target if ":" in target else f"@schema:{target}")),
    )
