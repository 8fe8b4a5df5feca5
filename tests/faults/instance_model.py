"""Objects, links and questions about them, in plain Python: what the services are compared with.

Written from what the guides promise, without a look at how it is done: a state is a dictionary, a
question is a loop over it. Properties are called by what they were called first, whatever their
name is now.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from ontology.domain.kinds import Kind
from tests.faults.model import Body, State

__all__ = [
    "LINKS",
    "NAMES",
    "PROPERTIES",
    "answers",
    "broken",
    "deleted",
    "figures",
    "found",
    "instances",
    "listed",
    "name_of",
    "neighbours",
]

#: Type -> properties of its own; ``Person`` and ``Firm`` are kinds of ``Party``.
PROPERTIES: Mapping[str, Mapping[str, str]] = {
    "Party": {"code": "string", "name": "string", "note": "string"},
    "Person": {
        "age": "integer",
        "email": "string",
        "score": "decimal",
        "born": "timestamp",
        "active": "boolean",
        "marks": "string",
    },
    "Firm": {"size": "integer"},
}
ARRAYS = frozenset({"marks"})
#: Name that a property has or had -> the property.
NAMES = {
    **{name: name for parts in PROPERTIES.values() for name in parts},
    "years": "age",
    "alter": "age",
    "memo": "note",
}
#: Link type -> source, target, what becomes of links when an end goes.
LINKS: Mapping[str, tuple[str, str, str]] = {
    "worksFor": ("Person", "Firm", "detach"),
    "owns": ("Firm", "Firm", "cascade"),
    "insures": ("Firm", "Person", "restrict"),
}


def name_of(state: State, types: Mapping[str, str], key: str) -> str:
    """What a property is called at a state."""
    for type_name, rid in types.items():
        if key in PROPERTIES.get(type_name, ()):
            return str(state.live[rid][1][f"{key}.name"])
    return key


def instances(state: State, kind: Kind = Kind.OBJECT, types: Iterable[str] = ()) -> dict[str, Body]:
    wanted = set(types)
    return {
        rid: body
        for rid, (other, body) in state.live.items()
        if other == kind and (not wanted or body["_type"] in wanted)
    }


def broken(state: State, types: Mapping[str, str]) -> bool:
    """Whether a state breaks a rule of its types."""
    objects = instances(state)
    if any(not body.get("code") for body in objects.values()):
        return True
    alone = [Counter(body["code"] for body in objects.values())]
    if state.live[types["Person"]][1].get("email.unique"):
        alone.append(Counter(body["email"] for body in objects.values() if "email" in body))
    links = instances(state, Kind.LINK).values()
    alone.append(Counter(body["_source"] for body in links if body["_type"] == "worksFor"))
    if any(count > 1 for counted in alone for count in counted.values()):
        return True
    return any(body[end] not in objects for body in links for end in ("_source", "_target"))


def deleted(state: State, rids: Iterable[str]) -> State | None:
    """A state without some objects and links, and what goes with them; None when it must not be."""
    gone: set[str] = set()
    waiting = list(rids)
    links = instances(state, Kind.LINK)
    while waiting:
        rid = waiting.pop()
        if rid in gone:
            continue
        gone.add(rid)
        waiting += [
            body["_target"]
            for body in links.values()
            if body["_source"] == rid and LINKS[body["_type"]][2] == "cascade"
        ]
    for rid, body in links.items():
        ends = {body["_source"] in gone, body["_target"] in gone}
        if True in ends:
            if LINKS[body["_type"]][2] == "restrict" and False in ends and rid not in gone:
                return None
            gone.add(rid)
    for rid in sorted(gone & state.live.keys()):
        state = state.drop(rid)
    return state


# -- filters ------------------------------------------------------------------------------------
def comparable(key: str, value: Any) -> Any:
    if key in ("age", "score", "size"):
        return Decimal(str(value))
    return value.removesuffix("Z") if key == "born" else value


def holds(key: str, op: str, wanted: Any, value: Any) -> bool:
    """Whether a value answers one condition."""
    if op == "isNull":
        return bool((value is None) == wanted)
    if op == "ne":
        return not holds(key, "eq", wanted, value)
    if value is None:
        return False
    values = value if key in ARRAYS else [value]
    if op == "contains" and key in ARRAYS:
        op = "eq"
    return any(single(key, op, wanted, item) for item in values)


def single(key: str, op: str, wanted: Any, value: Any) -> bool:
    if op == "contains":
        return bool(wanted in value)
    if op == "startsWith":
        return bool(value.startswith(wanted))
    mine = comparable(key, value)
    if op == "in":
        return mine in [comparable(key, item) for item in wanted]
    other = comparable(key, wanted)
    return bool(
        {
            "eq": mine == other,
            "lt": mine < other,
            "lte": mine <= other,
            "gt": mine > other,
            "gte": mine >= other,
        }[op]
    )


def answers(state: State, rid: str, where: Any) -> bool:
    """Whether an object or link answers a filter, whose properties are called as here."""
    if where is None:
        return True
    if "and" in where:
        return all(answers(state, rid, part) for part in where["and"])
    if "or" in where:
        return any(answers(state, rid, part) for part in where["or"])
    if "not" in where:
        return not answers(state, rid, where["not"])
    if "link" in where:
        return any(
            answers(state, other, where.get("where"))
            for _, other, direction in neighbours(state, rid, [where["link"]])
            if where["direction"] in (direction, "both")
        )
    body = state.live[rid][1]
    return holds(where["property"], where["op"], where.get("value"), body.get(where["property"]))


def neighbours(
    state: State, rid: str, links: Sequence[str] = tuple(LINKS)
) -> Iterator[tuple[str, str, str]]:
    """``(link, object at its other end, direction)``."""
    for link, body in instances(state, Kind.LINK, links).items():
        if body["_source"] == rid:
            yield link, body["_target"], "outgoing"
        if body["_target"] == rid:
            yield link, body["_source"], "incoming"


# -- lists --------------------------------------------------------------------------------------
def listed(
    state: State,
    types: Mapping[str, str],
    of: Sequence[str],
    where: Any,
    sort: Sequence[tuple[str, bool]],
) -> list[str]:
    """``rid``s of a list: by type and key, or as ``sort`` says (property, descending)."""
    kind = Kind.LINK if of[0] in LINKS else Kind.OBJECT
    matches = [rid for rid in instances(state, kind, of) if answers(state, rid, where)]
    if not sort:

        def place(rid: str) -> tuple[str, ...]:
            body = state.live[rid][1]
            key = (body["code"],) if kind == Kind.OBJECT else (body["_source"], body["_target"])
            return types[body["_type"]], *key, rid

        return sorted(matches, key=place)

    def order(one: str, other: str) -> int:
        for key, falling in sort:
            mine, yours = (state.live[rid][1].get(key) for rid in (one, other))
            if mine is None or yours is None:
                if (mine is None) != (yours is None):
                    return 1 if mine is None else -1
                continue
            mine, yours = comparable(key, mine), comparable(key, yours)
            if mine != yours:
                return -1 if (mine < yours) != falling else 1
        return -1 if (one < other) != sort[-1][1] else 1

    return sorted(matches, key=cmp_to_key(order))


def figures(state: State, rids: Iterable[str], group: str) -> dict[Any, dict[str, Any]]:
    """Value of the group -> figures; one group for all without one."""
    groups: dict[Any, list[Body]] = {} if group else {None: []}
    for rid in rids:
        body = state.live[rid][1]
        groups.setdefault(body.get(group) if group else None, []).append(body)
    made = {}
    for value, bodies in groups.items():
        ages = [body["age"] for body in bodies if "age" in body]
        scores = [Decimal(str(body["score"])) for body in bodies if "score" in body]
        born = [body["born"].removesuffix("Z") for body in bodies if "born" in body]
        made[value] = {
            "count": len(bodies),
            "sum(age)": sum(ages) if ages else None,
            "avg(age)": sum(ages) / len(ages) if ages else None,
            "min(score)": min(scores) if scores else None,
            "max(score)": max(scores) if scores else None,
            "sum(score)": sum(scores) if scores else None,
            "min(born)": f"{min(born)}Z" if born else None,
        }
    return made


# -- full text ----------------------------------------------------------------------------------
def words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFC", text.casefold())
    return "".join(char if char.isalnum() else " " for char in plain).split()


def found(state: State, types: Mapping[str, str], text: str, of: Sequence[str]) -> set[str]:
    """Objects that have a word that begins so, for every word of ``text``."""
    looked_in = [
        key
        for type_name, parts in PROPERTIES.items()
        for key in parts
        if state.live[types[type_name]][1].get(f"{key}.searchable")
    ]
    hits = set()
    for rid, body in instances(state, Kind.OBJECT, of).items():
        there = [
            word
            for key in looked_in
            for item in (body.get(key) or [] if key in ARRAYS else [body.get(key) or ""])
            for word in words(item)
        ]
        if all(any(word.startswith(wanted) for word in there) for wanted in words(text)):
            hits.add(rid)
    return hits
