"""Reads by any ref: the same commit always gives the same answer, however it is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ontology.domain.documents import normalise
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.store.port import CommitReader, DocumentFilter, StoredDocument
from tests.contract.store.harness import StoreHarness
from tests.contract.store.world import World, a_type, rid

NAMES = ("Zebra", "apple", "Apple_2", "mango", "Über", "한국어", "_x", "Zebra2")


def names(documents: Any) -> list[str]:
    return [document.body.get("apiName", "") for document in documents]


@pytest.fixture
def zoo(world: World) -> World:
    """Every kind of index entry, names of every sort, something deleted, on two branches."""
    world.put(
        {
            "animal": a_type("Animal", iri="https://example.org/Animal", tags=["big", "한국"]),
            "cat": a_type("Cat", parents=[rid("animal")], status="deprecated", aliases=["Kitty"]),
            "dog": a_type("Dog", parents=[rid("animal")], displayName={"ko": "개 100%_x"}),
            "fish": a_type("Fish", parents=[rid("animal")]),
        }
    )
    world.put({"eats": link("eats", "animal")}, kind=Kind.LINK_TYPE)
    world.put({"fish": None, "dog": a_type("Dog", tags=["big"], displayName={"ko": "개 100%_x"})})
    world.branch("side")
    world.put(
        {"cat": a_type("Tiger", parents=[rid("animal")], aliases=["Cat", "Kitty"])}, branch="side"
    )
    world.put({"cow": a_type("Cow", parents=[rid("cat")])}, branch="side")
    return world


def link(name: str, end: str) -> dict[str, Any]:
    return normalise(
        Kind.LINK_TYPE, {"apiName": name, "sources": [rid(end)], "targets": [rid(end)]}
    )


# --- keyed reads --------------------------------------------------------------------------------


def test_documents_by_rid(zoo: World) -> None:
    reader = zoo.reader()
    asked = [rid("animal"), rid("fish"), rid("nobody"), rid("cat")]
    found = reader.get_many(asked)
    assert set(found) == {rid("animal"), rid("cat")}
    assert found[rid("cat")].kind is Kind.OBJECT_TYPE
    assert found[rid("cat")].id == "ObjectType/Cat"
    assert reader.get_many([]) == {}
    assert reader.commit == zoo.head()


def test_a_deleted_document_keeps_its_body(zoo: World) -> None:
    found = zoo.reader().get_with_deleted([rid("fish"), rid("dog")])
    assert found[rid("fish")].deleted is True
    assert found[rid("fish")].body == a_type("Fish", parents=[rid("animal")])
    assert found[rid("dog")].deleted is False


def test_documents_by_name(zoo: World) -> None:
    reader = zoo.reader()
    assert reader.find_names(Kind.OBJECT_TYPE, ["cat", "dog", "fish", "none"]) == {
        "cat": [rid("cat")],
        "dog": [rid("dog")],
    }
    assert reader.find_names(Kind.LINK_TYPE, ["cat", "eats"]) == {"eats": [rid("eats")]}
    assert reader.find_names(Kind.LINK_TYPE, []) == {}
    side = zoo.reader("side")
    assert side.find_names(Kind.OBJECT_TYPE, ["cat", "tiger"]) == {"tiger": [rid("cat")]}


def test_two_documents_may_share_a_name_for_the_domain_to_judge(world: World) -> None:
    world.put({"one": a_type("Same"), "two": a_type("sAME")})
    found = world.reader().find_names(Kind.OBJECT_TYPE, ["same"])
    assert {key: sorted(rids) for key, rids in found.items()} == {
        "same": sorted([rid("one"), rid("two")])
    }


def test_documents_by_what_they_are_indexed_by(zoo: World) -> None:
    reader = zoo.reader()
    assert reader.find_entries("iri", ["https://example.org/Animal", "https://no.example/"]) == {
        "https://example.org/Animal": [rid("animal")]
    }
    assert reader.find_entries("tag", ["big", "한국", "small"]) == {
        "big": sorted([rid("animal"), rid("dog")]),
        "한국": [rid("animal")],
    }
    assert reader.find_entries("alias", ["ObjectType/kitty"]) == {"ObjectType/kitty": [rid("cat")]}
    assert reader.find_entries("parents", [rid("animal")]) == {rid("animal"): [rid("cat")]}
    assert reader.find_entries("parents", []) == {}


def test_referrers_with_their_roles(zoo: World) -> None:
    reader = zoo.reader()
    assert reader.referrers([rid("animal"), rid("dog")]) == {
        rid("animal"): {
            (rid("cat"), "parents"),
            (rid("eats"), "sources"),
            (rid("eats"), "targets"),
        }
    }
    assert reader.referrers([rid("animal")], ["sources"]) == {
        rid("animal"): {(rid("eats"), "sources")}
    }
    assert reader.referrers([], ["sources"]) == {}
    assert zoo.reader("side").referrers([rid("cat")]) == {rid("cat"): {(rid("cow"), "parents")}}


def test_a_reader_is_a_state_of_the_domain(zoo: World) -> None:
    for ref in ("main", "side"):
        reader = zoo.reader(ref)
        memory = MemoryState(reader.scan())
        rids = [rid(key) for key in ("animal", "cat", "dog", "fish", "cow", "eats")]
        keys = ["animal", "cat", "tiger", "dog", "fish", "cow"]
        assert {one: found.body for one, found in reader.get_many(rids).items()} == {
            one: found.body for one, found in memory.get_many(rids).items()
        }
        assert reader.find_names(Kind.OBJECT_TYPE, keys) == memory.find_names(
            Kind.OBJECT_TYPE, keys
        )
        expected = {key: uses for key, uses in memory.referrers(rids).items() if uses}
        assert reader.referrers(rids) == expected


# --- lists --------------------------------------------------------------------------------------


def listed(reader: CommitReader, limit: int = 100, **where: Any) -> list[StoredDocument]:
    """All pages, each asked for after the last document of the one before."""
    found: list[StoredDocument] = []
    after: tuple[str, str, str] | None = None
    while page := reader.page(where=DocumentFilter(**where), after=after, limit=limit):
        assert len(page) <= limit
        found += page
        last = page[-1]
        name = str(last.body.get("apiName", "")).casefold()
        after = (last.kind.value, name, last.rid)
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_are_sorted_by_kind_name_without_case_and_rid(world: World, limit: int) -> None:
    world.put({name: a_type("X", description={"en": name}) for name in ("x1", "x2", "x3")})
    world.put({name: a_type("T" + name) for name in ("b", "A", "c", "_", "B2")})
    world.branch("side")
    world.put({"d": a_type("Taa"), "c": a_type("Tcc"), "b": None}, branch="side")
    world.put({"links": link("aLink", "b")}, kind=Kind.LINK_TYPE, branch="side")
    for ref in ("main", "side"):
        found = listed(world.reader(ref), limit)
        keys = [
            (document.kind.value, str(document.body.get("apiName", "")).casefold(), document.rid)
            for document in found
        ]
        assert keys == sorted(keys)
        assert {document.rid for document in found} == {
            document.rid for document in world.reader(ref).scan()
        }
        assert len(found) == len({document.rid for document in found})
    assert names(listed(world.reader("side"), limit, kinds=(Kind.OBJECT_TYPE,))) == [
        "T_", "TA", "Taa", "TB2", "Tcc", "X", "X", "X",
    ]  # fmt: skip


def test_a_kind_asked_for_twice_is_listed_once(zoo: World) -> None:
    kinds = (Kind.OBJECT_TYPE, Kind.LINK_TYPE, Kind.OBJECT_TYPE)
    assert names(listed(zoo.reader(), kinds=kinds)) == ["eats", "Animal", "Cat", "Dog"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"kinds": (Kind.LINK_TYPE,)}, ["eats"]),
        ({"kinds": (Kind.ENUM_TYPE,)}, []),
        ({"status": "deprecated"}, ["Cat"]),
        ({"status": "archived"}, []),
        ({"text": "개"}, ["Dog"]),
        ({"text": "100%_x"}, ["Dog"]),
        ({"text": "100_"}, []),
        ({"text": "\\"}, []),
        ({"text": "animal"}, ["Animal"]),
        ({"text": "example.org/animal"}, ["Animal"]),
        ({"rids": frozenset({rid("cat"), rid("fish"), rid("nobody")})}, ["Cat"]),
        ({"rids": frozenset()}, []),
        ({"rids": frozenset({rid("cat"), rid("dog")}), "status": "deprecated"}, ["Cat"]),
        ({"rids": frozenset({rid("cat"), rid("dog")}), "text": "개"}, ["Dog"]),
        ({"rids": frozenset({rid("cat")}), "kinds": (Kind.LINK_TYPE,)}, []),
        ({"kinds": (Kind.OBJECT_TYPE,), "include_deleted": True}, ["Animal", "Cat", "Dog", "Fish"]),
        ({"rids": frozenset({rid("fish")}), "include_deleted": True}, ["Fish"]),
    ],
)
def test_filters(zoo: World, where: dict[str, Any], expected: list[str]) -> None:
    assert names(listed(zoo.reader(), **where)) == expected
    assert names(listed(zoo.reader(), limit=1, **where)) == expected


def test_a_scan_gives_every_live_document_once(zoo: World) -> None:
    assert set(zoo.called(zoo.reader().scan())) == {"header", "animal", "cat", "dog", "eats"}
    assert set(zoo.called(zoo.reader("side").scan())) == {
        "header", "animal", "cat", "dog", "eats", "cow",
    }  # fmt: skip
    assert names(zoo.reader("side").scan([Kind.LINK_TYPE])) == ["eats"]
    assert names(zoo.reader("side").scan([Kind.ENUM_TYPE])) == []


def test_counts_per_kind(zoo: World) -> None:
    assert zoo.reader().count() == {Kind.ONTOLOGY: 1, Kind.OBJECT_TYPE: 3, Kind.LINK_TYPE: 1}
    assert zoo.reader("side").count() == {Kind.ONTOLOGY: 1, Kind.OBJECT_TYPE: 4, Kind.LINK_TYPE: 1}


def test_hashes_per_kind(zoo: World) -> None:
    for ref in ("main", "side"):
        reader = zoo.reader(ref)
        for kinds in ([Kind.OBJECT_TYPE], [Kind.LINK_TYPE, Kind.OBJECT_TYPE], [Kind.ENUM_TYPE]):
            assert reader.hashes(kinds) == {one.rid: one.hash for one in reader.scan(kinds)}


# --- reads of one commit never change -----------------------------------------------------------

READS: dict[str, Callable[[CommitReader], Any]] = {
    "get_many": lambda r: {
        one: (d.text, d.created, d.updated)
        for one, d in r.get_many([rid("cat"), rid("new")]).items()
    },
    "get_with_deleted": lambda r: {
        one: (d.text, d.deleted)
        for one, d in r.get_with_deleted([rid("cat"), rid("dog"), rid("new")]).items()
    },
    "find_names": lambda r: r.find_names(Kind.OBJECT_TYPE, ["cat", "dog", "new", "lion"]),
    "find_entries": lambda r: r.find_entries("tag", ["big", "fresh"]),
    "referrers": lambda r: r.referrers([rid("animal"), rid("cat")]),
    "page": lambda r: [d.text for d in r.page(where=DocumentFilter(), limit=50)],
    "page of a kind": lambda r: [
        d.text for d in r.page(where=DocumentFilter(kinds=(Kind.OBJECT_TYPE,), text="o"), limit=50)
    ],
    "page of rids": lambda r: [
        d.text for d in r.page(where=DocumentFilter(rids=frozenset({rid("cat"), rid("new")})))
    ],
    "scan": lambda r: [d.text for d in r.scan()],
    "count": lambda r: r.count(),
    "hashes": lambda r: r.hashes([Kind.OBJECT_TYPE]),
}


def change_much(world: World, branch: str = "main") -> None:
    """Change what every read in ``READS`` answers."""
    world.put(
        {
            "cat": a_type("Lion", tags=["fresh"]),
            "new": a_type("New", parents=[rid("animal"), rid("cat")], tags=["big"]),
            "other": a_type("Other"),
            "dog": None,
        },
        branch=branch,
    )


@pytest.mark.parametrize("read", READS)
def test_a_reader_opened_before_a_commit_answers_the_old_state(zoo: World, read: str) -> None:
    used, unused = zoo.reader(), zoo.reader()
    old = READS[read](used)
    change_much(zoo)
    assert READS[read](used) == old
    assert READS[read](unused) == old
    assert READS[read](zoo.reader()) != old


@pytest.mark.parametrize("read", READS)
def test_a_reader_opened_under_the_lock_answers_the_old_state(zoo: World, read: str) -> None:
    with zoo.store.writing(zoo.id, "main") as head:
        used, unused = zoo.reader(head), zoo.reader(head)
        old = READS[read](used)
        change_much(zoo)
        assert READS[read](used) == old
        assert READS[read](unused) == old
        assert READS[read](zoo.reader()) != old
    change_much(zoo, "side")
    assert READS[read](used) == old
    assert READS[read](unused) == old


@pytest.mark.parametrize("read", READS)
def test_a_reader_on_a_branch_does_not_see_what_its_origin_gets(zoo: World, read: str) -> None:
    reader = zoo.reader("side")
    old = READS[read](reader)
    change_much(zoo, "main")
    assert READS[read](reader) == old
    assert READS[read](zoo.reader("side")) == old


def test_a_scan_that_was_begun_goes_on_as_it_began(world: World) -> None:
    """Also over more documents than are read at a time."""
    world.put({f"d{number:04}": a_type(f"D{number:04}") for number in range(2100)})
    scan = world.reader().scan((Kind.OBJECT_TYPE,))
    first = next(scan)
    world.put({"d0000": None, "d2099": None, "d2098": a_type("Renamed"), "a": a_type("A")})
    assert names([first, *scan]) == [f"D{number:04}" for number in range(2100)]


# --- deep chains --------------------------------------------------------------------------------


def test_sixty_branches_deep_reads_are_right_at_every_depth(world: World) -> None:
    """Each branch forks from the one before, changes a document that all change, one that some
    change, adds one of its own and deletes one of an ancestor's.
    """
    world.put({f"base{number}": a_type(f"Base{number}", tags=["base"]) for number in range(5)})
    expected = {"main": world.state()}
    state = dict(expected["main"])
    before = "main"
    for depth in range(60):
        name = f"deep{depth}"
        world.branch(name, before)
        changes: dict[str, Any] = {
            "shared": a_type("Shared", tags=[f"t{depth}"], parents=[rid(f"own{depth}")]),
            f"own{depth}": a_type(f"Own{depth}", tags=["own"]),
            f"base{depth % 5}": a_type(f"Base{depth % 5}", tags=[f"t{depth}"]),
        }
        if depth >= 10:
            changes[f"own{depth - 10}"] = None
        world.put(changes, branch=name)
        state = {key: body for key, body in {**state, **changes}.items() if body is not None}
        expected[name] = state
        before = name
    for name, bodies in expected.items():
        assert world.state(name) == bodies
    for depth in (0, 5, 7, 8, 9, 33, 59):
        _check_every_read(world, f"deep{depth}", expected[f"deep{depth}"])
    changed = world.store.changes(world.id, world.head("deep59"), world.head("main"))
    last, first = expected["deep59"], expected["main"]
    assert {world.keys[change.rid] for change in changed} == {
        key for key in last.keys() | first.keys() if last.get(key) != first.get(key)
    }
    revisions = world.store.history(world.id, world.head("deep59"), rid("shared"), limit=100)
    assert [revision.document.body["tags"] for revision in revisions] == [
        [f"t{number}"] for number in reversed(range(60))
    ]
    assert [revision.previous and revision.previous.body["tags"] for revision in revisions] == [
        *([f"t{number}"] for number in reversed(range(59))),
        None,
    ]
    world.assert_sound()


def _check_every_read(world: World, ref: str, bodies: dict[str, Any]) -> None:
    reader = world.reader(ref)
    documents = list(reader.scan())
    assert len(documents) == len(bodies) + 1
    assert reader.count() == {Kind.ONTOLOGY: 1, Kind.OBJECT_TYPE: len(bodies)}
    assert reader.hashes([Kind.OBJECT_TYPE, Kind.ONTOLOGY]) == {
        one.rid: one.hash for one in documents
    }
    memory = MemoryState(documents)
    rids = [rid(key) for key in world.keys.values()]
    assert set(reader.get_many(rids)) == set(memory.get_many(rids))
    expected = {key: uses for key, uses in memory.referrers(rids).items() if uses}
    assert reader.referrers(rids) == expected
    tags = ["base", "own", *(f"t{number}" for number in range(60))]
    assert reader.find_entries("tag", tags) == {
        tag: sorted(rid(key) for key, body in bodies.items() if tag in body.get("tags", ()))
        for tag in tags
        if any(tag in body.get("tags", ()) for body in bodies.values())
    }
    keys = [body["apiName"].casefold() for body in bodies.values()]
    found = reader.find_names(Kind.OBJECT_TYPE, [*keys, "own49", "own0"])
    assert found == memory.find_names(Kind.OBJECT_TYPE, [*keys, "own49", "own0"])


def test_a_branch_of_old_commits_does_not_see_what_came_later(world: World) -> None:
    world.put({"a": a_type("A"), "gone": a_type("Gone")})
    old = world.head()
    world.put({"a": a_type("A2"), "gone": None, "b": a_type("B")})
    world.branch("old", old)
    assert set(world.state("old")) == {"a", "gone"}
    world.put({"c": a_type("C")}, branch="old")
    assert world.state("old") == {"a": a_type("A"), "gone": a_type("Gone"), "c": a_type("C")}
    assert world.state("main") == {"a": a_type("A2"), "b": a_type("B")}
    assert world.state(old) == {"a": a_type("A"), "gone": a_type("Gone")}


def test_forks_within_forks_of_old_commits(world: World) -> None:
    """Every commit of a run is forked, every fork is forked at each of its commits."""
    world.put({"a": a_type("A0")})
    later = [{"a": a_type(f"A{number}"), f"x{number}": a_type("X")} for number in range(1, 4)]
    commits = [world.head(), *(world.put(change) for change in later)]
    states = {commit.id: world.state(commit) for commit in commits}
    for number, commit in enumerate(commits):
        world.branch(f"f{number}", commit)
        first = world.put({"b": a_type(f"B{number}")}, branch=f"f{number}")
        second = world.put({"a": None}, branch=f"f{number}")
        world.branch(f"g{number}", first)
        third = world.put({"c": a_type("C")}, branch=f"g{number}")
        old = states[commit.id]
        one = {**old, "b": a_type(f"B{number}")}
        states[first.id] = one
        states[second.id] = {key: body for key, body in one.items() if key != "a"}
        states[third.id] = {**one, "c": a_type("C")}
    for commit_id, state in states.items():
        assert world.state(commit_id) == state
    world.assert_sound()


# --- what is not there --------------------------------------------------------------------------


def test_reads_for_what_cannot_be_there_find_nothing(harness: StoreHarness, zoo: World) -> None:
    """A NUL is no character of a text that a store keeps; asking for one is no error."""
    reader = zoo.reader()
    assert reader.get_many(["\0", "no rid"]) == {}
    assert reader.find_names(Kind.OBJECT_TYPE, ["\0", "ca\0t"]) == {}
    assert reader.find_entries("tag", ["\0"]) == {}
    assert reader.referrers(["a\0b"]) == {}
    assert reader.page(where=DocumentFilter(text="a\0b")) == []
