"""A graph that follows commits is the graph that is made of the last one."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.native.terms import Literal, Node, Triple
from ontology.store import projection as projection_module
from tests.unit.ontology.graphs import Reader, World


def rid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


A, B, NAMED, L, M, S = (rid(number) for number in range(1, 7))
X, Y, Z = (rid(number) for number in range(101, 104))
K, K2 = rid(201), rid(202)


def part(name: str, *types: str, **fields: Any) -> Body:
    return {"rid": f"p-{name}", "apiName": name, "dataTypes": list(types), **fields}


def a_type(name: str, *properties: Body, **fields: Any) -> tuple[Kind, Body]:
    return Kind.OBJECT_TYPE, {"apiName": name, "properties": list(properties), **fields}


def a_link_type(name: str, *properties: Body, **fields: Any) -> tuple[Kind, Body]:
    return Kind.LINK_TYPE, {"apiName": name, "properties": list(properties), **fields}


def an_object(type_rid: str, **values: Any) -> tuple[Kind, Body]:
    return Kind.OBJECT, {"_type": type_rid, **values}


def a_link(type_rid: str, source: str, target: str, **values: Any) -> tuple[Kind, Body]:
    return Kind.LINK, {"_type": type_rid, "_source": source, "_target": target, **values}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(projection_module, "_PORTION", 2)
    made = World(portion=2)
    made.commit(
        {
            A: a_type("Company", part("name", "string"), part("staff", "integer")),
            B: a_type("Airline", part("code", "string"), parents=[A]),
            L: a_link_type("owns", sources=[A], targets=[A]),
            M: a_link_type("flies", part("since", "date"), sources=[B]),
        }
    )
    made.commit(
        {
            X: an_object(A, name="Holding", staff=3),
            Y: an_object(B, name="Air", staff=5, code="AA"),
            Z: an_object(B, name="Wings"),
            K: a_link(L, X, Y),
            K2: a_link(M, Y, Z, since="2026-01-02"),
        }
    )
    agree(made)
    return made


def agree(world: World) -> None:
    assert world.graph.data == world.expected
    assert world.rebuilt().data == world.expected


def test_objects_values_and_relations_are_there(world: World) -> None:
    assert {triple for triple in world.graph.data if triple.subject == f"Airline/{Y}"} == {
        Triple(f"Airline/{Y}", "rdf:type", Node("@schema:Airline")),
        Triple(f"Airline/{Y}", "oms_rid", Literal("xsd:string", Y)),
        Triple(f"Airline/{Y}", "name", Literal("xsd:string", "Air")),
        Triple(f"Airline/{Y}", "staff", Literal("xsd:integer", "5")),
        Triple(f"Airline/{Y}", "code", Literal("xsd:string", "AA")),
        Triple(f"Airline/{Y}", "flies", Node(f"Airline/{Z}")),
    }
    assert Triple(f"flies/{K2}", "source", Node(f"Airline/{Y}")) in world.graph.data


def test_an_update_touches_the_value_and_nothing_else(world: World) -> None:
    world.commit({Y: an_object(B, name="Air", staff=6, code="AA")})
    (change,) = world.last
    assert change.deleted == ()
    assert change.removed == (Triple(f"Airline/{Y}", "staff", Literal("xsd:integer", "5")),)
    assert change.added == (Triple(f"Airline/{Y}", "staff", Literal("xsd:integer", "6")),)
    agree(world)


def test_a_link_goes_with_its_source(world: World) -> None:
    world.commit({X: None, K: None})
    agree(world)


def test_everything_goes_at_once(world: World) -> None:
    world.commit(dict.fromkeys((X, Y, Z, K, K2)))
    assert world.graph.data == set()


def test_a_type_is_renamed_and_its_documents_move(world: World) -> None:
    _, body = world.state[B]
    world.commit({B: (Kind.OBJECT_TYPE, {**body, "apiName": "Carrier"})})
    assert Triple(f"Company/{X}", "owns", Node(f"Carrier/{Y}")) in world.graph.data
    agree(world)


def test_a_type_is_renamed_while_its_objects_and_links_are_written(world: World) -> None:
    _, body = world.state[B]
    new = rid(110)
    world.commit(
        {
            B: (Kind.OBJECT_TYPE, {**body, "apiName": "Carrier"}),
            Z: an_object(B, name="Wings and more"),
            new: an_object(B, name="New"),
            K: None,
            rid(203): a_link(L, X, Z),
            rid(204): a_link(M, new, Y),
        }
    )
    agree(world)


def test_a_relation_is_renamed(world: World) -> None:
    _, body = world.state[L]
    world.commit({L: (Kind.LINK_TYPE, {**body, "apiName": "holds"})})
    assert Triple(f"Company/{X}", "holds", Node(f"Airline/{Y}")) in world.graph.data
    agree(world)


def test_a_link_type_gets_properties_and_loses_them(world: World) -> None:
    _, body = world.state[L]
    world.commit({L: (Kind.LINK_TYPE, {**body, "properties": [part("share", "decimal")]})})
    assert Triple(f"owns/{K}", "target", Node(f"Airline/{Y}")) in world.graph.data
    agree(world)
    world.commit({L: (Kind.LINK_TYPE, body)})
    agree(world)


def test_a_property_gets_a_wider_type_and_its_values_follow(world: World) -> None:
    _, body = world.state[A]
    wider = [part("name", "string"), part("staff", "decimal")]
    world.commit({A: (Kind.OBJECT_TYPE, {**body, "properties": wider}), X: an_object(A, staff=4)})
    assert Triple(f"Airline/{Y}", "staff", Literal("xsd:decimal", "5")) in world.graph.data
    agree(world)


def test_an_object_changes_its_type(world: World) -> None:
    world.commit({Y: an_object(A, name="Air"), K2: None})
    assert Triple(f"Company/{X}", "owns", Node(f"Company/{Y}")) in world.graph.data
    agree(world)


def test_a_shared_property_changes_its_type(world: World) -> None:
    world.commit({S: (Kind.SHARED_PROPERTY, {"apiName": "size", "dataTypes": ["integer"]})})
    _, body = world.state[B]
    shared = {"rid": "p-size", "apiName": "size", "sharedProperty": S}
    fields = {**body, "properties": [*body["properties"], shared]}
    world.commit({B: (Kind.OBJECT_TYPE, fields)})
    world.commit({Z: an_object(B, size=7)})
    world.commit({S: (Kind.SHARED_PROPERTY, {"apiName": "size", "dataTypes": ["double"]})})
    assert Triple(f"Airline/{Z}", "size", Literal("xsd:double", "7.0")) in world.graph.data
    agree(world)


def test_an_object_type_takes_the_name_of_an_interface(world: World) -> None:
    world.commit({NAMED: (Kind.INTERFACE, {"apiName": "Named", "properties": []})})
    _, body = world.state[B]
    world.commit({B: (Kind.OBJECT_TYPE, {**body, "interfaces": [NAMED]})})
    assert "Named" in world.classes
    world.commit({rid(7): a_type("named")})
    assert {"Named_interface", "named"} <= world.classes
    agree(world)


def test_what_says_nothing_of_classes_changes_nothing(world: World) -> None:
    _, body = world.state[A]
    world.commit({A: (Kind.OBJECT_TYPE, {**body, "displayName": {"en": "A company"}})})
    assert world.last == []


def test_two_thousand_writes_of_one_type_read_its_definition_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    real = Reader.get_many

    def counting(self: Reader, rids: Any) -> Any:
        reads.append(len(rids))
        return real(self, rids)

    monkeypatch.setattr(Reader, "get_many", counting)
    world.portion = 1000
    world.commit({rid(1000 + number): an_object(A, staff=number) for number in range(2000)})
    assert sum(reads) == 0  # the types are known from the commits before


@pytest.mark.parametrize("seed", range(60))
def test_a_random_history(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection_module, "_PORTION", 2)
    history = History(seed)
    for _ in range(12):
        history.step()
        agree(history.world)


class History:
    """Random commits that keep the rules of OMS: what refers to something goes with it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.world = World(portion=self.random.choice((1, 3, 100)))
        self.counter = 1000
        self.types = [rid(number) for number in range(1, 5)]
        self.links = [rid(number) for number in range(11, 13)]
        self.world.commit(
            {
                self.types[0]: a_type("T0", part("a", "string"), part("n", "integer")),
                self.types[1]: a_type("T1", part("b", "boolean"), parents=[self.types[0]]),
                self.types[2]: a_type("T2", part("n", "decimal"), part("a", "string")),
                self.types[3]: a_type("T3", parents=[self.types[1]]),
                self.links[0]: a_link_type("l0", sources=[self.types[0], self.types[2]]),
                self.links[1]: a_link_type("l1", part("w", "integer")),
            }
        )

    def step(self) -> None:
        self.changes: dict[str, Any] = {}
        for _ in range(self.random.randint(1, 6)):
            self.random.choice(
                (
                    *(self._object, self._object, self._link, self._link),
                    *(self._delete, self._move, self._rename, self._retype),
                )
            )()
        self.world.commit(self.changes)

    def _now(self) -> dict[str, tuple[Kind, Body]]:
        merged = {**self.world.state, **self.changes}
        return {key: one for key, one in merged.items() if one is not None}

    def _some(self, kind: Kind) -> list[str]:
        return sorted(key for key, one in self._now().items() if one[0] == kind)

    def _new(self) -> str:
        self.counter += 1
        return rid(self.counter)

    def _values(self) -> dict[str, Any]:
        given = {"a": "x", "n": self.random.randint(1, 3), "b": True}
        return {name: value for name, value in given.items() if self.random.random() < 0.6}

    def _object(self) -> None:
        there = self._some(Kind.OBJECT)
        if there and self.random.random() < 0.5:
            key = self.random.choice(there)
            type_rid = str(self._now()[key][1]["_type"])
        else:
            key, type_rid = self._new(), self.random.choice(self.types)
        self.changes[key] = an_object(type_rid, **self._values())

    def _link(self) -> None:
        there = self._some(Kind.OBJECT)
        if not there:
            return
        type_rid = self.random.choice(self.links)
        source, target = self.random.choice(there), self.random.choice(there)
        used = {
            (one[1]["_type"], one[1]["_source"], one[1]["_target"])
            for one in self._now().values()
            if one[0] == Kind.LINK
        }
        listed = self._now()[type_rid][1].get("sources", ())
        allowed = not listed or any(
            str(self._now()[source][1]["_type"]) in family
            for family in ({self.types[0], self.types[1], self.types[3]}, {self.types[2]})
        )
        if allowed and (type_rid, source, target) not in used:
            weight = {"w": self.random.randint(1, 3)} if type_rid == self.links[1] else {}
            self.changes[self._new()] = a_link(type_rid, source, target, **weight)

    def _delete(self) -> None:
        there = self._some(Kind.OBJECT) + self._some(Kind.LINK)
        if not there:
            return
        key = self.random.choice(there)
        self.changes[key] = None
        for other, (kind, body) in self._now().items():
            if kind == Kind.LINK and key in (body["_source"], body["_target"]):
                self.changes[other] = None

    def _move(self) -> None:
        there = self._some(Kind.OBJECT)
        if there:
            key = self.random.choice(there)
            _, body = self._now()[key]
            self.changes[key] = an_object(
                self.random.choice(self.types),
                **{name: value for name, value in body.items() if name[0] != "_"},
            )

    def _rename(self) -> None:
        key = self.random.choice(self.types + self.links)
        kind, body = self._now()[key]
        self.counter += 1
        self.changes[key] = (kind, {**body, "apiName": f"R{self.counter}"})

    def _retype(self) -> None:
        key = self.random.choice([self.types[0], self.types[2], self.links[1]])
        kind, body = self._now()[key]
        to = self.random.choice(("integer", "decimal", "double"))
        properties = [
            {**item, "dataTypes": [to]} if item["apiName"] in ("n", "w") else item
            for item in body["properties"]
        ]
        self.changes[key] = (kind, {**body, "properties": properties})
