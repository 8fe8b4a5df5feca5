"""Objects and links in a store: every question at every commit, against loops over dictionaries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from ontology.contract import CommitInfo
from ontology.domain.documents import instance_name_key
from ontology.domain.instances.entries import Entries
from ontology.domain.instances.keys import order_key
from ontology.domain.kinds import Kind
from ontology.store.port import CommitReader, DocumentWrite, Reindexing
from ontology.store.questions import (
    Both,
    Field,
    Figure,
    Has,
    InstanceQuery,
    Not,
    Order,
    Where,
)
from ontology.store.questions import Test as Condition
from ontology.store.sealing import seal_of
from tests.contract.store.harness import StoreHarness
from tests.contract.store.world import ALICE, Body, World, rid

CAT, DOG, CHASES, KNOWS = map(rid, ("Cat", "Dog", "chases", "knows"))
AGE = {CAT: 11, DOG: 12}
NAME = {CAT: 21, DOG: 22}
AGES, NAMES = Field(("age",), "integer"), Field(("name",), "string")
WORDS = ("red fox", "red hen", "blue fox", "old 가 fox")
State = dict[str, Body]


def animal(type_rid: str, key: str, **values: Any) -> Body:
    return {"_type": type_rid, "_key": [key], "key": key, **values}


def tie(type_rid: str, source: str, target: str) -> Body:
    return {"_type": type_rid, "_source": rid(source), "_target": rid(target)}


def entries(body: Body | None, *, aged: bool = True) -> Entries:
    """Age and name are indexed by type; names are searched."""
    if body is None or "_source" in body:
        return Entries()
    type_rid = body["_type"]
    values = {(NAME[type_rid], order_key(body.get("name")))}
    if aged:
        values.add((AGE[type_rid], order_key(body.get("age"))))
    texts = ((0, body["name"]),) if body.get("name") else ()
    return Entries(frozenset(values), texts)


class Zoo(World):
    """A world with animals; keeps what every commit ought to hold."""

    def __init__(self, harness: StoreHarness) -> None:
        super().__init__(harness.store)
        self.states: dict[str, State] = {self.head().id: {}}
        self.graves: dict[str, State] = {self.head().id: {}}

    def change(
        self, bodies: Mapping[str, Body | None], branch: str = "main", merged: str | None = None
    ) -> CommitInfo:
        self.keys.update({rid(key): key for key in bodies})
        with self.store.writing(self.id, branch) as head:
            stored = self.store.reader(self.id, head).get_with_deleted(list(map(rid, bodies)))
            writes = []
            for key, body in bodies.items():
                before = stored.get(rid(key))
                old = None if before is None or before.deleted else before.body
                links = "_source" in (body or (before.body if before else {}))
                writes.append(
                    DocumentWrite(
                        rid(key),
                        Kind.LINK if links else Kind.OBJECT,
                        before,
                        body,
                        entries(body),
                        entries(old),  # type: ignore[arg-type]
                    )
                )
            commit = self.store.commit(
                self.id,
                branch,
                writes=writes,
                seal=seal_of(ALICE),
                message="Change",
                expected_head=head.id,
                merged=merged,
            )
        state, graves = dict(self.states[head.id]), dict(self.graves[head.id])
        for key, body in bodies.items():
            old = state.pop(key, None)
            if body is not None:
                state[key] = body
                graves.pop(key, None)
            elif old is not None:
                graves[key] = old
        self.states[commit.id], self.graves[commit.id] = state, graves
        return commit


def grown(harness: StoreHarness, seed: int = 4) -> Zoo:
    """Twelve branches, each made on the one before and there changed: the deepest ones are
    flattened. One is merged.
    """
    chance = random.Random(seed)
    zoo = Zoo(harness)
    animals = [f"a{number}" for number in range(14)]
    zoo.change({key: drawn(chance, key) for key in animals[:9]})
    branch = "main"
    for depth in range(12):
        for _ in range(2):
            state = zoo.states[zoo.head(branch).id]
            changes: dict[str, Body | None] = {
                key: None if chance.random() < 0.3 and key in state else drawn(chance, key, state)
                for key in chance.sample(animals, 3)
            }
            after = {**state, **changes}
            there = [key for key in animals if after.get(key) is not None]
            for link in [key for key in state if "_source" in state[key]]:
                if {zoo.keys[state[link][end]] for end in ("_source", "_target")} - set(there):
                    changes[link] = None
            source, target = chance.choice(there), chance.choice(there)
            name = chance.choice(("chases", "knows"))
            changes[f"{name}:{source}:{target}"] = tie(rid(name), source, target)
            zoo.change(changes, branch)
        zoo.branch(f"b{depth}", branch)
        branch = f"b{depth}"
    other = zoo.head("b3")
    lacking = {
        key: body
        for key, body in zoo.states[other.id].items()
        if key not in zoo.states[zoo.head(branch).id] and "_source" not in body
    }
    zoo.change(lacking, branch, merged=other.id)
    zoo.change({"a1": animal(CAT, "a1", age=3)})  # main goes on by itself
    return zoo


def drawn(chance: random.Random, key: str, state: State | None = None) -> Body:
    type_rid = (state or {}).get(key, {}).get("_type") or (CAT, DOG)[int(key[1:]) % 2]
    body = animal(type_rid, key)
    if chance.random() < 0.8:
        body["age"] = chance.choice((-3, 0, 1, 1, 2, 10))
    if chance.random() < 0.8:
        body["name"] = chance.choice(WORDS)
    return body


# --- lists ---------------------------------------------------------------------------------------
def age_test(op: str, value: Any, *, indexed: bool = True) -> Condition:
    given = value if isinstance(value, tuple) else (value,)
    if not indexed:
        return Condition(AGES, op, value)
    return Condition(AGES, op, value, tuple(AGE.values()), tuple(map(order_key, given)))


OLD: Where = Condition(AGES, "gte", 1)
CONDITIONS: Mapping[str, Where | None] = {
    "none": None,
    "few by index": age_test("eq", 1),
    "few by several": age_test("in", (0, 10, 99)),
    "few by range": age_test("lt", 1),
    "few above": age_test("gte", 1),
    "no index": age_test("gt", 0, indexed=False),
    "no value": Condition(AGES, "isNull", True),
    "not": Not(age_test("eq", 1, indexed=False)),
    "both": Both((age_test("gte", 0), Condition(NAMES, "contains", "fox"))),
    "either": Both((age_test("eq", 0), Condition(NAMES, "startsWith", "red")), every=False),
    "linked from": Has((CHASES,), True, None),
    "linked to": Has((CHASES, KNOWS), False, None),
    "linked to such": Has((CHASES, KNOWS), True, OLD),
    "linked from such": Has((KNOWS,), False, Not(OLD)),
    "two links away": Has((CHASES, KNOWS), True, Has((CHASES, KNOWS), True, OLD)),
}


def holds(where: Where | None, key: str, state: State) -> bool:
    """The condition, by loops."""
    if where is None:
        return True
    if isinstance(where, Both):
        found = [holds(part, key, state) for part in where.parts]
        return all(found) if where.every else any(found)
    if isinstance(where, Not):
        return not holds(where.part, key, state)
    if isinstance(where, Has):
        near, far = ("_source", "_target") if where.outgoing else ("_target", "_source")
        return any(
            holds(where.where, other, state)
            for body in state.values()
            for other in state
            if body["_type"] in where.links
            and body.get(near) == rid(key)
            and body.get(far) == rid(other)
        )
    value = state[key].get(where.field.path[0])
    if where.op == "isNull":
        return (value is None) is where.value
    if value is None:
        return False
    answers: Mapping[str, Callable[[], bool]] = {
        "eq": lambda: value == where.value,
        "in": lambda: value in where.value,
        "lt": lambda: value < where.value,
        "gt": lambda: value > where.value,
        "gte": lambda: value >= where.value,
        "contains": lambda: where.value in value,
        "startsWith": lambda: value.startswith(where.value),
    }
    return answers[where.op]()


ORDERS: Mapping[str, tuple[Order, ...]] = {
    "by key": (),
    "along an index": (Order(AGES, indexes=AGE),),
    "back along an index": (Order(AGES, descending=True, indexes=AGE),),
    "no index": (Order(AGES),),
    "no index for a type": (Order(NAMES, descending=True, indexes={CAT: NAME[CAT]}),),
    "by two": (Order(AGES, descending=True), Order(NAMES)),
}


def ordered(order: tuple[Order, ...], keys: Iterable[str], state: State) -> list[str]:
    """Sorted from the last order to the first; Python's sort is stable."""

    def named(key: str) -> tuple[str, str]:
        return instance_name_key(Kind.OBJECT, state[key]), rid(key)

    if not order:
        return sorted(keys, key=named)
    found = sorted(keys, key=rid, reverse=order[-1].descending)
    for one in reversed(order):
        name = one.field.path[0]
        filled = [key for key in found if state[key].get(name) is not None]
        empty = [key for key in found if state[key].get(name) is None]
        filled.sort(key=lambda key: state[key][name], reverse=one.descending)
        if one.descending:  # equal ones stay as they were
            values = sorted({state[key][name] for key in filled}, reverse=True)
            kept = [key for key in found if state[key].get(name) is not None]
            filled = [key for value in values for key in kept if state[key][name] == value]
        found = filled + empty
    return found


def pages(zoo: Zoo, reader: CommitReader, query: InstanceQuery, limit: int) -> list[str]:
    found: list[str] = []
    after = None
    while page := reader.find_instances(query, after=after, limit=limit):
        assert len(page) <= limit
        found += [zoo.keys[item.document.rid] for item in page]
        after = page[-1].position
    return found


@pytest.mark.parametrize("types", [(CAT,), (CAT, DOG)])
def test_lists_and_counts_at_every_commit(harness: StoreHarness, types: tuple[str, ...]) -> None:
    zoo = grown(harness)
    for position, (commit, state) in enumerate(zoo.states.items()):
        reader = zoo.reader(zoo.store.get_commit(zoo.id, commit))
        objects = [key for key in state if state[key]["_type"] in types]
        for turn, (name, where) in enumerate(CONDITIONS.items()):
            # Not every question at every commit: in turn.
            if (position + turn) % 8:
                continue
            matching = [key for key in objects if holds(where, key, state)]
            of = where
            if isinstance(where, Condition) and where.indexes and len(types) == 1:
                of = Condition(where.field, where.op, where.value, (AGE[CAT],), where.keys)
            if isinstance(where, Both) and len(types) == 1:
                of = Both(tuple(bare(part) for part in where.parts), every=where.every)
            count = reader.count_instances(InstanceQuery(Kind.OBJECT, types, of))
            assert count == len(matching), name
            for which, order in enumerate(ORDERS.values()):
                if (position + which) % 3:
                    continue
                query = InstanceQuery(Kind.OBJECT, types, of, order)
                found = pages(zoo, reader, query, 1 + position % 4)
                assert found == ordered(order, matching, state), name
    zoo.assert_sound()


def bare(where: Where) -> Where:
    """Without an index."""
    return Condition(where.field, where.op, where.value) if isinstance(where, Condition) else where


def test_only_some_and_the_deleted_too(harness: StoreHarness) -> None:
    zoo = grown(harness)
    types = (CAT, DOG)
    for commit, state in zoo.states.items():
        reader = zoo.reader(zoo.store.get_commit(zoo.id, commit))
        both = {**zoo.graves[commit], **state}
        for order in ORDERS.values():
            if any(one.indexes for one in order):
                continue  # what is deleted has no index entries
            everything = InstanceQuery(Kind.OBJECT, types, None, order, include_deleted=True)
            expected = ordered(order, [key for key in both if "_key" in both[key]], both)
            assert pages(zoo, reader, everything, 3) == expected
        some = frozenset(map(rid, ("a1", "a2", "a3", "a13", "nothing")))
        query = InstanceQuery(Kind.OBJECT, types, None, ORDERS["along an index"], rids=some)
        expected = [key for key in ("a1", "a2", "a3", "a13") if key in state]
        found = pages(zoo, reader, query, 2)
        assert found == ordered(query.order, expected, state)
        assert reader.count_instances(query) == len(expected)
        assert reader.find_instances(InstanceQuery(Kind.OBJECT, types, rids=frozenset())) == []


def test_links_are_listed_by_their_ends(harness: StoreHarness) -> None:
    zoo = grown(harness)
    for commit, state in zoo.states.items():
        reader = zoo.reader(zoo.store.get_commit(zoo.id, commit))
        links = {key: body for key, body in state.items() if "_source" in body}
        expected = sorted(
            links,
            key=lambda key: (links[key]["_type"], links[key]["_source"], links[key]["_target"]),
        )
        assert pages(zoo, reader, InstanceQuery(Kind.LINK, (CHASES, KNOWS)), 2) == expected


def test_figures_at_every_commit(harness: StoreHarness) -> None:
    zoo = grown(harness)
    functions = ("count", "sum", "min", "max", "avg")
    figures = [Figure(name, None if name == "count" else AGES) for name in functions]
    for commit, state in zoo.states.items():
        reader = zoo.reader(zoo.store.get_commit(zoo.id, commit))
        for where in (None, CONDITIONS["no index"], age_test("eq", 1), age_test("eq", 77)):
            objects = [key for key in state if "_key" in state[key] and holds(where, key, state)]
            groups: dict[Any, list[Any]] = {}
            for key in objects:
                groups.setdefault(state[key].get("name"), []).append(state[key].get("age"))
            query = InstanceQuery(Kind.OBJECT, (CAT, DOG), where)
            answered = reader.aggregate(query, figures=figures, groups=[NAMES])
            assert {group: shown(values) for (group,), values in answered} == {
                name: added(ages) for name, ages in groups.items()
            }
            ((nobody, values),) = reader.aggregate(query, figures=figures, groups=[])
            assert nobody == ()
            assert shown(values) == added([state[key].get("age") for key in objects])


def shown(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(None if value is None else pytest.approx(float(value)) for value in values)


def added(ages: list[Any]) -> tuple[Any, ...]:
    known = [age for age in ages if age is not None]
    if not known:
        return (len(ages), None, None, None, None)
    return (len(ages), sum(known), min(known), max(known), sum(known) / len(known))


@pytest.mark.parametrize("text", ["fox", "red f", "FO re", "가", "hen blue", "x"])
def test_words_at_every_commit(harness: StoreHarness, text: str) -> None:
    zoo = grown(harness)
    for commit, state in zoo.states.items():
        reader = zoo.reader(zoo.store.get_commit(zoo.id, commit))
        expected = {
            key
            for key, body in state.items()
            if all(
                any(word.startswith(part) for word in body.get("name", "").split())
                for part in text.casefold().split()
            )
        }
        hits = reader.search(text, level=0)
        assert {zoo.keys[found] for found, _ in hits} == expected
        assert len(hits) == len(expected)
        assert [score for _, score in hits] == sorted((s for _, s in hits), reverse=True)
        cats = {zoo.keys[found] for found, _ in reader.search(text, level=0, types=[CAT])}
        assert cats == {key for key in expected if state[key]["_type"] == CAT}
        assert len(reader.search(text, level=0, limit=1)) == min(1, len(expected))
        assert reader.search(text, level=-1) == []


# --- by key --------------------------------------------------------------------------------------
def test_links_at_objects_at_every_commit(harness: StoreHarness) -> None:
    zoo = grown(harness)
    animals = [f"a{number}" for number in range(14)]
    for commit, state in zoo.states.items():
        reader = zoo.reader(zoo.store.get_commit(zoo.id, commit))
        ends = {
            (role, rid(key), link): sum(
                body["_type"] == link and body.get(role) == rid(key) for body in state.values()
            )
            for role in ("_source", "_target")
            for key in animals
            for link in (CHASES, KNOWS)
        }
        assert reader.count_links(list(ends), 100) == ends
        assert all(
            min(2, count) <= reader.count_links([end], 2)[end] <= count
            for end, count in list(ends.items())[:8]
        )
        around = {
            rid(key): {
                rid(link)
                for link, body in state.items()
                if rid(key) in (body.get("_source"), body.get("_target"))
            }
            for key in animals
        }
        found = reader.links_at([rid(key) for key in animals])
        assert {key: set(links) for key, links in found.items() if links} == {
            key: links for key, links in around.items() if links
        }
        for key in animals[:5]:
            check_pages(reader, state, key)
        check_pages_of_many(reader, animals)


def check_pages(reader: CommitReader, state: State, key: str) -> None:
    for role in ("_source", "_target"):
        expected = sorted(
            (body["_type"], rid(link)) for link, body in state.items() if body.get(role) == rid(key)
        )
        found: list[tuple[str, str]] = []
        after = None
        while page := reader.link_page(rid=rid(key), role=role, after=after, limit=2):
            found += page
            after = page[-1]
        assert found == expected
        some = reader.link_page(rid=rid(key), role=role, link_type=KNOWS)
        assert list(some) == [item for item in expected if item[0] == KNOWS]


def check_pages_of_many(reader: CommitReader, keys: list[str]) -> None:
    """They are the pages of each."""
    several = [rid(key) for key in keys]
    for role in ("_source", "_target"):
        for link_type in ("", KNOWS):
            after = None
            for limit in (1, 3):
                found = reader.link_pages(
                    rids=several, role=role, link_type=link_type, after=after, limit=limit
                )
                expected = {
                    one: list(
                        reader.link_page(
                            rid=one, role=role, link_type=link_type, after=after, limit=limit
                        )
                    )
                    for one in several
                }
                assert {one: list(found.get(one, ())) for one in several} == expected
                after = max((item for page in expected.values() for item in page), default=after)


def test_values_and_types_at_every_commit(harness: StoreHarness) -> None:
    zoo = grown(harness)
    ages = (-3, 0, 1, 2, 10, 3, 99, None)
    wanted = [(number, order_key(age)) for number in AGE.values() for age in ages]
    for commit, state in zoo.states.items():
        reader = zoo.reader(zoo.store.get_commit(zoo.id, commit))
        expected = {
            (AGE[type_rid], order_key(age)): {
                rid(key)
                for key, body in state.items()
                if body["_type"] == type_rid and body.get("age") == age
            }
            for type_rid in AGE
            for age in ages
        }
        found = reader.find_values(wanted)
        assert {entry: set(rids) for entry, rids in found.items() if rids} == {
            entry: rids for entry, rids in expected.items() if rids
        }
        assert all(len(rids) == len(set(rids)) for rids in found.values())
        types = {body["_type"] for body in state.values()}
        assert set(reader.populated([CAT, DOG, CHASES, KNOWS, rid("none")])) == types
        for some in ([CAT], [DOG, KNOWS], [CAT, DOG, CHASES, KNOWS]):
            listed = [zoo.keys[document.rid] for document in reader.instances(some)]
            assert sorted(listed) == sorted(
                key for key, body in state.items() if body["_type"] in some
            )


def test_what_is_indexed_otherwise_is_found_otherwise_from_then_on(harness: StoreHarness) -> None:
    zoo = Zoo(harness)
    chance = random.Random(1)
    zoo.change({f"a{number}": drawn(chance, f"a{number}") for number in range(12)})
    before = zoo.head()
    zoo.branch("kept")
    state = zoo.states[before.id]
    one = order_key(1)

    def found(ref: str | CommitInfo) -> set[str]:
        answered = zoo.reader(ref).find_values([(AGE[CAT], one), (AGE[DOG], one)])
        return {zoo.keys[item] for rids in answered.values() for item in rids}

    expected = {key for key, body in state.items() if body.get("age") == 1}
    assert expected
    versions = zoo.reader().get_many([rid(key) for key in state])
    for aged in (False, True):
        with zoo.store.writing(zoo.id, "main") as head:
            zoo.store.commit(
                zoo.id,
                "main",
                writes=[],
                reindexed=[
                    Reindexing(
                        versions[rid(key)],
                        entries(body, aged=aged),
                        entries(body, aged=not aged),
                    )
                    for key, body in state.items()
                ],
                seal=seal_of(ALICE),
                message="Indexed",
                expected_head=head.id,
            )
        assert found("main") == (expected if aged else set())
        assert found(before) == found("kept") == expected
        # Not one of them has another version for that.
        assert zoo.reader().get_many([rid(key) for key in state]) == versions


# --- costs ---------------------------------------------------------------------------------------
QUESTIONS: Mapping[str, Callable[[CommitReader], Any]] = {
    "few": lambda r: r.find_instances(
        InstanceQuery(Kind.OBJECT, (CAT, DOG), CONDITIONS["few by index"]), limit=5
    ),
    "along": lambda r: r.find_instances(
        InstanceQuery(Kind.OBJECT, (CAT, DOG), None, ORDERS["along an index"]), limit=5
    ),
    "through": lambda r: r.find_instances(InstanceQuery(Kind.OBJECT, (CAT, DOG)), limit=5),
    "sorted": lambda r: r.find_instances(
        InstanceQuery(Kind.OBJECT, (CAT, DOG), None, ORDERS["by two"]), limit=5
    ),
    "linked": lambda r: r.count_instances(
        InstanceQuery(Kind.OBJECT, (CAT, DOG), CONDITIONS["two links away"])
    ),
    "figures": lambda r: r.aggregate(
        InstanceQuery(Kind.OBJECT, (CAT,)), figures=[Figure("sum", AGES)], groups=[NAMES]
    ),
    "search": lambda r: r.search("fox", level=0),
    "links": lambda r: r.links_at([rid("a1"), rid("a2")]),
    "link page": lambda r: r.link_page(rid=rid("a1"), role="_source"),
    "link pages": lambda r: r.link_pages(rids=[rid("a1"), rid("a2")], role="_source", limit=2),
    "counts": lambda r: r.count_links([("_source", rid("a1"), KNOWS)], 3),
    "values": lambda r: r.find_values([(AGE[CAT], order_key(1))]),
    "populated": lambda r: r.populated([CAT, DOG]),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_takes_as_many_requests_however_many_there_are(
    harness: StoreHarness, name: str
) -> None:
    costs = []
    for size in (20, 1_000):
        zoo = Zoo(harness)
        chance = random.Random(1)
        zoo.change({f"a{number}": drawn(chance, f"a{number}") for number in range(size)})
        zoo.change({"knows": tie(KNOWS, "a1", "a2")})
        reader = zoo.reader()
        reader.get_many([rid("a0")])
        with harness.measure() as cost:
            QUESTIONS[name](reader)
        costs.append(cost)
    assert costs[0] == costs[1]
    assert costs[0].rows == 0
    assert costs[0].requests <= 8


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_takes_a_bounded_number_of_requests_on_any_branch(
    harness: StoreHarness, name: str
) -> None:
    zoo = Zoo(harness)
    chance = random.Random(1)
    zoo.change({f"a{number}": drawn(chance, f"a{number}") for number in range(20)})
    branch, most = "main", 0
    for depth in range(30):
        zoo.branch(f"b{depth}", branch)
        branch = f"b{depth}"
        zoo.change({f"a{depth % 20}": drawn(chance, f"a{depth % 20}")}, branch)
        if depth in (6, 7, 15, 29):
            reader = zoo.reader(branch)
            reader.get_many([rid("a0")])
            with harness.measure() as cost:
                QUESTIONS[name](reader)
            most = max(most, cost.requests)
    assert most <= 40
