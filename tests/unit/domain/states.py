"""Random states and change sets over a small universe, where nearly everything touches everything.

A document is called by a key such as ``T1``; its letter says the kind. Property names and data
types are few, so that overrides, clashes and cycles are common. Drawn with ``random``, which is
fifty times quicker here than drawing each value with hypothesis; a seed gives the same again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from ontology.domain.documents import Body, Document, DocumentChange, normalise
from ontology.domain.kinds import Kind
from ontology.domain.validation import validate_state

State = dict[str, Body]

KINDS = {
    "T": Kind.OBJECT_TYPE,
    "I": Kind.INTERFACE,
    "S": Kind.SHARED_PROPERTY,
    "L": Kind.LINK_TYPE,
    "V": Kind.VALUE_TYPE,
    "E": Kind.ENUM_TYPE,
    "X": Kind.STRUCT_TYPE,
    "A": Kind.ACTION_TYPE,
}
#: In an order in which most references go backwards.
KEYS = (
    "E1", "V1", "X1", "X2", "S1", "S2", "I1", "I2", "T1", "T2", "T3", "T4", "L1", "L2", "A1", "A2",
)  # fmt: skip
_TEXTS = ("string", "string", "string", "integer", "long", "uri")
_DEFAULTS = (1, True, 1.0, "A", "B", "text", ["A"], [1], {})


def rid(key: str) -> str:
    """The ``rid`` of a key."""
    return f"00000000-0000-0000-0000-{KEYS.index(key):012}"


def kind_of(key: str) -> Kind:
    return KINDS[key[0]]


def documents(state: State) -> list[Document]:
    return [Document(rid(key), kind_of(key), body) for key, body in state.items()]


def applied(state: State, changes: list[DocumentChange]) -> State:
    """The state that the changes lead to."""
    merged = {**state, **{KEYS[int(change.rid[-12:])]: change.after for change in changes}}
    return {key: body for key, body in merged.items() if body is not None}


class Universe:
    """Draws states and change sets.

    Args:
        seed: what is drawn.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._there: State = {}

    def valid_state(self) -> State:
        """A state without the documents that would break it."""
        self._there = {}
        for _ in range(2):  # the second time, references find what did not exist the first time
            for key in KEYS:
                if key not in self._there and self._chance(0.8):
                    body = self._body(key)
                    if not validate_state(documents({**self._there, key: body})):
                        self._there[key] = body
        for _ in range(6):
            key = self._random.choice(KEYS)
            changed = {**self._there, key: self._edited(key)}
            if not validate_state(documents(changed)):
                self._there = changed
        return dict(self._there)

    def change_set(self) -> list[DocumentChange]:
        """Creations, deletions, replacements, and changes of single fields of that state."""
        changes = []
        for key in self._random.sample(KEYS, self._random.choice((1, 1, 2, 2, 3, 4))):
            before = self._there.get(key)
            deleted = before is not None and self._chance(0.2)
            after = None if deleted else self._edited(key)
            changes.append(DocumentChange(rid(key), kind_of(key), before, after))
        return changes

    # --- bodies ---------------------------------------------------------------------------------
    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _edited(self, key: str) -> Body:
        """The document with one field changed, or another one in its place."""
        before, other = self._there.get(key), self._body(key)
        if before is None or self._chance(0.3):
            return other
        if self._chance(0.2):
            return normalise(kind_of(key), {**before, "tags": [str(self._random.random())]})
        body = dict(before)
        name = self._random.choice(sorted({*before, *other}))
        if name in other:
            body[name] = other[name]
        elif name not in ("apiName", "baseType"):
            del body[name]
        return normalise(kind_of(key), body)

    def _body(self, key: str) -> Body:
        make = {
            "T": self._object_type,
            "I": self._interface,
            "S": self._shared_property,
            "L": self._link_type,
            "V": self._value_type,
            "E": self._enum_type,
            "X": self._struct,
            "A": self._action,
        }[key[0]]
        name = f"{key[0]}Same" if self._chance(0.05) else f"{key}Name"
        body: dict[str, Any] = {"apiName": name, **make()}
        if self._chance(0.1):
            body["iri"] = self._random.choice(("https://x.example/1", "https://x.example/2"))
        if self._chance(0.1):
            body["equivalentTo"] = self._refs("TSL")
        if self._chance(0.1):
            body["deprecation"] = {"replacedBy": self._refs("TSL")}
        return normalise(kind_of(key), body)

    def _refs(self, letters: str, most: int = 1) -> list[str]:
        """References, mostly to what is there."""
        there = [key for key in self._there if key[0] in letters]
        keys = [key for key in KEYS if key[0] in letters]
        count = self._random.choice((0, *range(most + 1)))
        chosen = there if there and self._chance(0.95) else keys
        return [rid(self._random.choice(chosen)) for _ in range(count)]

    def _ref(self, letters: str) -> str:
        return (self._refs(letters) or [rid(next(key for key in KEYS if key[0] in letters))])[0]

    def _maybe(self, share: float, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in fields.items() if self._chance(share)}

    def _data_types(self) -> list[str]:
        if self._chance(0.4):
            return [self._ref("VEX")]
        return self._random.sample(_TEXTS, self._random.choice((1, 1, 1, 2)))

    def _array(self) -> dict[str, int]:
        return self._random.choice(({}, {"minItems": 1}, {"maxItems": 2}))

    def _properties(self, most: int = 3) -> list[dict[str, Any]]:
        return [
            {
                "rid": f"p-{name}",
                "apiName": name,
                **(
                    {"sharedProperty": self._ref("S")}
                    if self._chance(0.25)
                    else {"dataTypes": self._data_types()}
                ),
                **self._maybe(0.15, {"required": True, "array": self._array()}),
                **self._maybe(0.15, {"default": self._random.choice(_DEFAULTS)}),
            }
            for name in self._random.sample(("a", "b", "c", "d"), self._random.randint(0, most))
        ]

    def _object_type(self) -> dict[str, Any]:
        properties = self._properties()
        names = [part["apiName"] for part in properties] or ["a"]
        fields = {
            "isAbstract": True,
            "primaryKey": [self._random.choice(names)],
            "titleProperty": self._random.choice(names),
        }
        return {
            "parents": self._refs("T", 2),
            "interfaces": self._refs("I"),
            "properties": properties,
            **self._maybe(0.25, fields),
        }

    def _interface(self) -> dict[str, Any]:
        constraints = [{"linkType": link} for link in self._refs("L")]
        return {
            "extends": self._refs("I"),
            "properties": self._properties(1),
            "linkConstraints": constraints,
        }

    def _shared_property(self) -> dict[str, Any]:
        fields = {"array": self._array(), "default": self._random.choice(_DEFAULTS)}
        return {
            "dataTypes": self._data_types(),
            "parents": self._refs("S"),
            **self._maybe(0.2, fields),
        }

    def _link_type(self) -> dict[str, Any]:
        return {
            "parents": self._refs("L"),
            "sources": self._refs("TI", 2),
            "targets": self._refs("TI", 2),
            "properties": self._properties(2),
            **self._maybe(0.1, {"symmetric": True, "inverseOf": self._ref("L")}),
        }

    def _value_type(self) -> dict[str, Any]:
        constraints = ({"minimum": 0}, {"minLength": 2}, {"pattern": "[AB]"}, {"maximum": 0})
        return {
            "baseType": self._random.choice(("string", "integer")),
            **self._maybe(0.5, {"constraints": self._random.choice(constraints)}),
        }

    def _enum_type(self) -> dict[str, Any]:
        codes = self._random.sample("ABC", self._random.randint(1, 3))
        return {"members": [{"code": code} for code in codes]}

    def _struct(self) -> dict[str, Any]:
        return {"fields": self._properties(2)}

    def _action(self) -> dict[str, Any]:
        rule: dict[str, Any] = {
            "name": "one",
            "op": self._random.choice(("create", "modify", "link")),
        }
        if rule["op"] == "create":
            rule["objectType"] = self._ref("T")
        else:
            rule["target"] = "thing"
        if rule["op"] == "link":
            rule.update(linkType=self._ref("L"), source="thing")
        names = self._random.sample(("a", "b", "c", "d"), self._random.randint(0, 2))
        if names:
            rule["values"] = {name: {"parameter": "text"} for name in names}
        parameters: list[dict[str, Any]] = [
            {"apiName": "thing", "objectType": self._ref("TI")},
            {"apiName": "text", "dataTypes": self._data_types()},
        ]
        if self._chance(0.3):
            parameters[1]["default"] = self._random.choice(_DEFAULTS)
        return {"parameters": parameters, "rules": [rule]}
