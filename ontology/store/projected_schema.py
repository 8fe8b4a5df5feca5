"""What changed definitions do to native classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.domain.native.classes import (
    CLASS_KINDS,
    INHERITS,
    RELATION,
    Classes,
    Field,
    Form,
    Member,
    NativeClass,
    class_triples,
    member_triples,
)
from ontology.domain.native.names import ANY_OBJECT, object_id
from ontology.domain.native.terms import Node, Triple
from ontology.domain.native.values import literals
from ontology.domain.state import State
from ontology.store.home import SchemaChange

__all__ = ["Changed", "Retyped", "Written", "schema_change", "value_changes"]

#: Parts of a definition that its class is made of.
_SHAPE = ("apiName", "parents", "interfaces", "extends", "isAbstract", "sources", "dataTypes")
_PROPERTY = ("apiName", "dataTypes", "sharedProperty")
#: Kinds that give properties their types, and how what uses them refers to them.
_VALUES = (Kind.SHARED_PROPERTY, Kind.VALUE_TYPE)
_USES = ("dataTypes", "sharedProperty")
#: How a definition refers to what it inherits.
_LINES = ("parents", "interfaces", "extends")


class Written(NamedTuple):
    """A document that a commit writes. None: not live then, or not live any more."""

    rid: str
    kind: Kind
    before: Body | None
    after: Body | None


class Retyped(NamedTuple):
    """Members of a class that get another type or are none any more: how they were until then."""

    class_: str
    fields: tuple[Field, ...]


@dataclass
class Changed:
    """What becomes of classes.

    Attributes:
        renamed: ``rid``s of link types whose relations have another name now, where the old one
            may be none any more.
        restated: ``rid``s of types whose instances look otherwise now though their bodies do not.
        retyped: ``rid`` of a type -> members whose values go with the schema's change.
    """

    schema: SchemaChange = field(default_factory=SchemaChange)
    restated: set[str] = field(default_factory=set)
    renamed: set[str] = field(default_factory=set)
    retyped: dict[str, Retyped] = field(default_factory=dict)


def schema_change(old: Classes | None, new: Classes, definitions: Sequence[Written]) -> Changed:
    """What changed definitions do.

    Args:
        old: the classes before; None: there are none.
        new: the classes after.
    """
    if old is None:
        rids = [one.rid for one in definitions if one.kind in CLASS_KINDS]
        new.load(rids)
        return Changed(SchemaChange(added=tuple(dict.fromkeys(_every(new, rids)))))
    relevant = [one for one in definitions if _shape(one.before) != _shape(one.after)]
    if not relevant:
        return Changed()
    reached = _reached(new.state, relevant)
    old.load(reached)
    new.load(reached)
    removed: dict[Triple, None] = {}
    added: dict[Triple, None] = {}
    changed = Changed()
    for rid in reached:
        _compare(rid, old, new, removed, added)
        _compare_forms(rid, old.form(rid), new.form(rid), changed)
    if not any(triple.predicate == INHERITS for triple in removed):
        changed.renamed.clear()  # the old relation stays as well
    changed.schema = SchemaChange(
        removed=tuple(triple for triple in removed if triple not in added), added=tuple(added)
    )
    return changed


def _every(new: Classes, rids: Iterable[str]) -> Iterator[Triple]:
    for rid in rids:
        native = new.native(rid)
        if native is not None:
            yield from class_triples(native)
        yield from _relation_triples(new, rid)


def _relation_triples(classes: Classes, rid: str) -> Iterator[Triple]:
    """The member that a link type is, wherever it is declared."""
    relation = classes.relation(rid)
    if relation is not None:
        holders = [classes.name(holder) for holder in relation.holders] or [ANY_OBJECT]
        for holder in holders:
            yield from member_triples(holder, relation.name, RELATION)


def _shape(body: Body | None) -> Any:
    """What of a definition decides how its class looks: equal where nothing becomes of it."""
    if body is None:
        return None
    properties = [
        (*(item.get(name) for name in _PROPERTY), item.get("array") is None)
        for item in body.get("properties", ())
    ]
    return (
        [body.get(name) for name in _SHAPE],
        body.get("baseType"),
        body.get("array") is None,
        properties,
    )


def _reached(state: State, relevant: Sequence[Written]) -> list[str]:
    """``rid``s of definitions whose classes may have changed: what was written, what takes its
    types from there, what has a name that is taken or free now, and all that stand below those.
    """
    written = {one.rid: one for one in relevant if one.kind in CLASS_KINDS}
    values = [one.rid for one in relevant if one.kind in _VALUES and one.before is not None]
    others = {*_closure(state, values, _USES), *_named(state, written.values())}
    # What stands below a new definition was written too.
    grown = [rid for rid, one in written.items() if one.before is not None]
    return list(
        dict.fromkeys([*written, *_closure(state, [*grown, *sorted(others)], _LINES), *others])
    )


def _closure(state: State, rids: Sequence[str], roles: Sequence[str]) -> list[str]:
    """``rids`` and what refers to them in these roles, at any depth."""
    found = dict.fromkeys(rids)
    level: Sequence[str] = rids
    while level:
        uses = state.referrers(level, roles)
        level = sorted({user for users in uses.values() for user, _ in users} - found.keys())
        found.update(dict.fromkeys(level))
    return list(found)


def _named(state: State, written: Iterable[Written]) -> set[str]:
    """Interfaces and link types that share a name with what came or went: what they are called
    depends on it.
    """
    types: set[str] = set()
    properties: set[str] = set()
    for one in written:
        before, after = one.before or {}, one.after or {}
        if one.kind != Kind.LINK_TYPE:
            types |= _differing([before.get("apiName")], [after.get("apiName")])
            properties |= _differing(
                (item["apiName"] for item in before.get("properties", ())),
                (item["apiName"] for item in after.get("properties", ())),
            )
    found: set[str] = set()
    for kind, keys in (
        (Kind.INTERFACE, types),
        (Kind.LINK_TYPE, types | properties),
    ):
        for rids in (state.find_names(kind, keys) if keys else {}).values():
            found.update(rids)
    return found


def _differing(before: Iterable[str | None], after: Iterable[str | None]) -> set[str]:
    return {name_key(name) for name in set(before) ^ set(after) if name}


def _compare(
    rid: str,
    old: Classes,
    new: Classes,
    removed: dict[Triple, None],
    added: dict[Triple, None],
) -> None:
    """Triples of one definition's class that come, and those that they stand for."""
    before, after = old.native(rid), new.native(rid)
    were = set(_relation_triples(old, rid))
    if after is not None:
        same = before is not None and before.name == after.name
        if same and before is not None:
            were.update(class_triples(before))
            removed.update(dict.fromkeys(_replaced(before, after, new.members(rid))))
        added.update((triple, None) for triple in class_triples(after) if triple not in were)
    added.update((triple, None) for triple in _relation_triples(new, rid) if triple not in were)


def _replaced(
    before: NativeClass, after: NativeClass, members: Mapping[str, Member]
) -> Iterator[Triple]:
    if before.abstract and not after.abstract:
        yield Triple(f"@schema:{before.name}", "sys:abstract", Node("rdf:nil"))
    for parent in before.parents:
        # The members of a parent that has another name now, or is none any more, would stay as
        # they are and could contradict what comes.
        if parent not in after.parents:
            yield Triple(f"@schema:{before.name}", INHERITS, Node(f"@schema:{parent}"))
    for name, member in before.members.items():
        if members.get(name, member) != member:
            yield from member_triples(before.name, name, member)


def _compare_forms(rid: str, old: Form | None, new: Form | None, changed: Changed) -> None:
    """Whether instances of a type look otherwise."""
    if old is None or new is None:
        return
    now = {one.api_name: one for one in new.fields}
    if (
        old.class_ != new.class_
        or old.relation != new.relation
        or any(now.get(one.api_name, one) != one for one in old.fields)
    ):
        changed.restated.add(rid)
    if old.relation != new.relation:
        changed.renamed.add(rid)
    if old.class_:
        members = {one.name: one.member for one in new.fields}
        fields = tuple(one for one in old.fields if not _holds(members.get(one.name), one.member))
        if fields:
            changed.retyped[rid] = Retyped(old.class_, fields)


def _holds(new: Member | None, old: Member) -> bool:
    """Whether a member can keep its values."""
    return new is not None and (new == old or (new.target == old.target and new.many))


def value_changes(state: State, retyped: Mapping[str, Retyped]) -> Iterator[Triple]:
    """The values that go because their members get other types, or are none any more.

    Args:
        state: the one before.
    """
    types = sorted(state.populated(sorted(retyped)))
    for one in state.instances(types) if types else ():
        class_, fields = retyped[str(one.body["_type"])]
        subject = object_id(class_, one.rid)
        for api_name, name, member in fields:
            for found in literals(member.target, one.body.get(api_name), many=member.many):
                yield Triple(subject, name, found)
