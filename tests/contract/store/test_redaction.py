"""Erasing values for good: they are gone from every version, and the history stays provable."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace
from typing import Any

import pytest

from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.keys import keyring
from ontology.domain.instances.entries import Entries
from ontology.domain.instances.keys import order_key, order_keys
from ontology.domain.kinds import Kind
from ontology.domain.redaction import REDACTED
from ontology.store.port import DocumentFilter, Erasure
from ontology.store.sealing import seal_of
from tests.contract.store.harness import StoreHarness
from tests.contract.store.world import ALICE, BOB, World, author_keys, rid

ANN = "ann"


def a_person(**values: Any) -> dict[str, Any]:
    return {"_type": rid("person"), **values}


def put(world: World, body: dict[str, Any] | None, branch: str = "main", key: str = ANN) -> None:
    world.put({key: body}, branch=branch, kind=Kind.OBJECT)


def erase(world: World, *fields: str, key: str = ANN, **options: Any) -> Erasure:
    return world.store.redact(
        world.id,
        rid(key),
        fields=fields,
        seal=seal_of(BOB),
        **{"reason": "She asked for it", **options},
    )


def everything(world: World, *refs: str, key: str = ANN) -> list[dict[str, Any]]:
    """Every version of the document on the first-parent lines of ``refs``."""
    return [
        dict(revision.document.body)
        for ref in refs
        for revision in world.store.history(world.id, world.head(ref), rid(key))
    ]


@pytest.fixture
def people(world: World) -> World:
    """Ann on two branches, deleted on a third, and somebody else with the same name."""
    put(world, a_person(name="Ann", email="ann@x.org"))
    put(world, a_person(name="Ann", email="ann@y.org", age=41))
    world.branch("side")
    world.branch("gone")
    put(world, a_person(name="Anna", email="ann@z.org"), "side")
    put(world, None, "gone")
    put(world, a_person(name="Ann", age=7), key="other")
    return world


def test_values_are_gone_from_every_version_on_every_branch(people: World) -> None:
    others = everything(people, "main", key="other")
    erasure = erase(people, "email")
    assert everything(people, "main", "side", "gone") == [
        a_person(name="Ann", age=41, _redacted=["email"]),
        a_person(name="Ann", _redacted=["email"]),
        a_person(name="Anna", _redacted=["email"]),
        a_person(name="Ann", age=41, _redacted=["email"]),
        a_person(name="Ann", _redacted=["email"]),
        a_person(name="Ann", age=41, _redacted=["email"]),
        a_person(name="Ann", age=41, _redacted=["email"]),
        a_person(name="Ann", _redacted=["email"]),
    ]
    assert everything(people, "main", key="other") == others
    assert erasure.info.fields == ("email",)
    assert erasure.info.versions == 4
    assert erasure.texts == {"ann@x.org", "ann@y.org", "ann@z.org"}


def test_all_hashes_ids_and_signatures_stay_and_verify_holds(people: World) -> None:
    def history() -> list[Any]:
        return [
            (revision.commit, revision.document.hash)
            for ref in ("main", "side", "gone")
            for revision in people.store.history(people.id, people.head(ref), rid(ANN))
        ]

    before = history(), people.store.log(people.id, people.head())
    erase(people, "email")
    assert (history(), people.store.log(people.id, people.head())) == before
    people.assert_sound()


def test_without_names_all_values_go(people: World) -> None:
    erasure = erase(people)
    assert erasure.info.fields == ("age", "email", "name")
    assert all(
        body.keys() == {"_type", REDACTED} for body in everything(people, "main", "side", "gone")
    )
    people.assert_sound()


def test_ends_and_type_of_a_link_stay(world: World) -> None:
    ends = {"_type": rid("knows"), "_source": rid("ann"), "_target": rid("bob")}
    world.put({"link": {**ends, "since": "2020-01-01"}}, kind=Kind.LINK)
    erase(world, key="link")
    assert world.get("link").body == {**ends, REDACTED: ["since"]}
    assert world.reader().links_at([rid("ann")])  # it still leads from one to the other
    world.assert_sound()


def test_an_individual_is_not_found_by_an_erased_iri(world: World) -> None:
    iri = "https://example.org/people/ann"
    put(world, a_person(_iri=iri, name="Ann"))
    before = world.head()
    put(world, a_person(_iri=iri, name="Anna"))
    assert world.reader().find_entries("iri", [iri]) == {iri: [rid(ANN)]}
    erase(world, "_iri")
    for commit in (before, world.head()):
        assert world.reader(commit).find_entries("iri", [iri]) == {}
        assert world.reader(commit).page(where=DocumentFilter(text="people/ann")) == []
        assert "_iri" not in world.get(ANN, commit).body
    world.assert_sound()


def test_an_object_is_not_found_by_an_erased_key(world: World) -> None:
    put(world, a_person(_key=["ann@x.org"], email="ann@x.org", name="Ann"))
    put(world, a_person(_key=["7"], email="bob@x.org", number="7"), key="bob")
    names = [document.key for document in world.reader().page(where=DocumentFilter((Kind.OBJECT,)))]
    assert len(set(names)) == 2
    erase(world, "email")
    erase(world, "email", key="bob")
    assert world.get(ANN).body == a_person(name="Ann", _redacted=["email"])
    # A key that the value was no part of stays.
    assert world.get("bob").body == a_person(_key=["7"], number="7", _redacted=["email"])
    world.assert_sound()


def test_a_dry_run_changes_nothing_and_says_the_same(people: World) -> None:
    before = everything(people, "main", "side", "gone")
    asked = erase(people, "email", "age", dry_run=True)
    assert everything(people, "main", "side", "gone") == before
    assert people.store.get_ontology(people.id).erasures == 0
    assert people.store.redactions(people.id) == []
    done = erase(people, "email", "age")
    assert (asked.info.fields, asked.info.versions) == (done.info.fields, done.info.versions)


def test_what_cannot_be_erased_is_refused(people: World) -> None:
    with pytest.raises(NotFound):
        erase(people, "email", key="nobody")
    for wrong in ("phone", "_type", REDACTED):
        with pytest.raises(Invalid) as told:
            erase(people, "email", wrong)
        assert told.value.error_code == "unknown_value"
    people.put({"type": {"apiName": "Person"}})
    with pytest.raises(Invalid) as told:
        erase(people, key="type")
    assert told.value.error_code == "not_an_instance"
    erase(people, "email")
    with pytest.raises(Invalid) as told:
        erase(people, "email")
    assert told.value.error_code == "nothing_to_erase"


def test_more_can_be_erased_later(people: World) -> None:
    erase(people, "email")
    erase(people, "name")
    erase(people)
    assert all(
        body.keys() == {"_type", REDACTED} for body in everything(people, "main", "side", "gone")
    )
    assert people.get(ANN).body[REDACTED] == ["age", "email", "name"]
    people.assert_sound()
    assert people.store.get_ontology(people.id).erasures == 3


def test_life_goes_on_after_an_erasure(people: World) -> None:
    erase(people, "email")
    put(people, a_person(name="Ann", age=42, _redacted=["email"]))
    put(people, None)
    put(people, None, "side")
    put(people, a_person(name="Ann", email="new@x.org"))
    for depth in range(10):  # versions are copied to lines that fork from far away
        people.branch(f"deep{depth}", f"deep{depth - 1}" if depth else "side")
        people.put({f"d{depth}": a_person(n=depth)}, branch=f"deep{depth}", kind=Kind.OBJECT)
    people.assert_sound()
    assert people.get(ANN, "deep9").body == a_person(name="Anna", _redacted=["email"])
    erase(people, "name", "email")
    assert people.get(ANN).body == a_person(_redacted=["email", "name"])
    assert people.get(ANN, "deep9").body == a_person(_redacted=["email", "name"])
    people.assert_sound()


def test_a_value_that_is_written_again_may_be_the_one_that_was_erased(people: World) -> None:
    """Then the version has the very text and hash of one whose values were erased."""
    first = a_person(name="Ann", email="ann@x.org")
    erase(people, "email")
    put(people, first)
    assert people.get(ANN).body == first
    people.assert_sound()
    erase(people, "email")
    assert people.get(ANN).body == a_person(name="Ann", _redacted=["email"])
    people.assert_sound()


def test_erasures_are_listed_with_names_and_reasons(people: World) -> None:
    erase(people, "email")
    put(people, a_person(n=1), key="bob")
    erase(people, "n", key="bob", reason="Wrong person")
    second, first = people.store.redactions(people.id)
    assert (second.rid, second.kind, second.fields, second.versions, second.reason) == (
        rid("bob"),
        "Object",
        ("n",),
        1,
        "Wrong person",
    )
    assert (first.rid, first.fields, first.versions) == (rid(ANN), ("email",), 4)
    assert (first.author_id, first.author_username) == (BOB.id, BOB.username)
    assert people.store.redactions(people.id, rid=rid(ANN)) == [first]
    assert people.store.redactions(people.id, limit=1) == [second]
    assert people.store.redactions(people.id, before=(second.time, second.id)) == [first]
    assert people.store.get_ontology(people.id).erasures == 2
    assert World(people.store).store.redactions(World(people.store).id) == []


def test_what_was_read_before_an_erasure_is_not_written_after_it(people: World) -> None:
    info = people.store.get_ontology(people.id)
    head = people.head()
    writes = people.writes(head, {ANN: a_person(name="Ann", email="ann@y.org", age=42)})
    erase(people, "email")
    with pytest.raises(Conflict) as told, people.store.writing(people.id, "main"):
        people.store.commit(
            people.id,
            "main",
            writes=writes,
            seal=seal_of(ALICE),
            message="From before",
            expected_head=head.id,
            erasures=info.erasures,
        )
    assert told.value.error_code == "erased_meanwhile"
    assert people.head() == head
    assert people.get(ANN).body == a_person(name="Ann", age=41, _redacted=["email"])


@pytest.mark.parametrize(
    "deed",
    [
        "an erased value that is back",
        "another text than what was left",
        "a redaction that is gone",
        "all redactions gone with their count",
        "the reason of a redaction",
        "a redaction of another document",
        "a redaction signed with a key of his own",
    ],
)
def test_every_tampering_with_an_erasure_is_found(
    people: World, harness: StoreHarness, deed: str
) -> None:
    erase(people, "email")
    people.assert_sound()
    with harness.tampered(deed, people.id):
        report = people.store.verify(people.id, keys=author_keys())
    assert not report.ok
    people.assert_sound()


def test_a_redaction_counts_as_long_as_its_key_does(people: World) -> None:
    erase(people, "email")
    key = next(iter(author_keys().values()))
    revoked = {
        kid: type(item)(
            item.kid,
            item.purpose,
            item.algorithm,
            item.created,
            item.key,
            dt.datetime(2001, 1, 1, tzinfo=dt.UTC),
        )
        for kid, item in author_keys().items()
    }
    assert key.kid in revoked
    problems = people.store.verify(people.id, keys=revoked).problems
    assert any("signed its redaction was revoked" in problem.message for problem in problems)
    assert any("recorded hash" in problem.message for problem in problems)
    assert keyring.public_keys("author") == author_keys()


def test_an_erasure_waits_for_a_commit_that_is_being_made(shared_harness: StoreHarness) -> None:
    """The commit has read the old values; what it writes is erased as well."""
    world = World(shared_harness.store)
    put(world, a_person(name="Ann", email="ann@x.org"))
    done: list[Erasure] = []
    started = threading.Event()

    def work() -> None:
        started.set()
        done.append(erase(world, "email"))

    with world.store.writing(world.id, "main") as head:
        writes = world.writes(head, {ANN: a_person(name="Anna", email="ann@x.org")})
        thread = shared_harness.in_thread(work)
        started.wait(10)
        thread.join(0.3)
        assert done == []
        world.store.commit(
            world.id,
            "main",
            writes=writes,
            seal=seal_of(ALICE),
            message="Slow",
            expected_head=head.id,
        )
    thread.join(30)
    assert [erasure.info.versions for erasure in done] == [2]
    assert everything(world, "main") == [
        a_person(name="Anna", _redacted=["email"]),
        a_person(name="Ann", _redacted=["email"]),
    ]
    world.assert_sound()


# --- what objects are found by --------------------------------------------------------------------
NUMBER, UNIQUE, OTHER = 1, 2, 3


def put_indexed(world: World, name: str, email: str, old: Entries | None = None) -> Entries:
    """Ann with entries as a type with indexed and searchable properties gives them."""
    body = a_person(name=name, email=email)
    entries = Entries(
        frozenset(
            {
                (NUMBER, order_key(email)),
                (UNIQUE, order_keys([name, email])),
                (OTHER, order_key(name)),
            }
        ),
        ((1, f"{name}\n{email}"),),
    )
    with world.store.writing(world.id, "main") as head:
        (write,) = world.writes(head, {ANN: body}, kind=Kind.OBJECT)
        world.store.commit(
            world.id,
            "main",
            writes=[replace(write, entries=entries, old_entries=old or Entries())],
            seal=seal_of(ALICE),
            message="Change",
            expected_head=head.id,
        )
    return entries


@pytest.fixture
def indexed(world: World) -> World:
    """Ann, who is called Ann Lee and had two addresses."""
    before = put_indexed(world, "Ann Lee", "ann@x.org")
    world.tag("v1")
    put_indexed(world, "Ann Lee", "lee@y.org", before)
    return world


def test_an_object_is_found_by_what_is_left(indexed: World) -> None:
    def found(ref: str, number: int, key: str) -> list[str]:
        return list(indexed.reader(ref).find_values([(number, key)]).get((number, key), ()))

    def hits(ref: str, text: str) -> list[str]:
        return [item for item, _score in indexed.reader(ref).search(text, level=3)]

    assert found("main", NUMBER, order_key("lee@y.org")) == [rid(ANN)]
    assert found("v1", NUMBER, order_key("ann@x.org")) == [rid(ANN)]
    assert found("main", UNIQUE, order_keys(["Ann Lee", "lee@y.org"])) == [rid(ANN)]
    assert hits("main", "y org") == hits("v1", "x org") == [rid(ANN)]
    erase(indexed, "email")
    for ref in ("main", "v1"):
        for email in ("ann@x.org", "lee@y.org"):
            assert found(ref, NUMBER, order_key(email)) == []
            assert found(ref, UNIQUE, order_keys(["Ann Lee", email])) == []
        assert found(ref, OTHER, order_key("Ann Lee")) == [rid(ANN)]
        # In lists that are sorted by the property it stands where those without a value do.
        assert found(ref, NUMBER, order_key(None)) == [rid(ANN)]
        assert hits(ref, "org") == []
        assert hits(ref, "ann lee") == [rid(ANN)]
