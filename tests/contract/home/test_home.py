"""What every home promises, see ``ontology/store/home.py``; TerminusDB's, live or on tape."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest

from oms_project.core.errors import Conflict, Invalid, NotFound
from ontology.domain.kinds import Kind
from ontology.domain.native.terms import RDF_TYPE, Literal, Node, Triple
from ontology.store.home import (
    Home,
    HomeDocument,
    Landing,
    NativeChange,
    Part,
    SchemaChange,
)
from ontology.store.terminusdb import documents as documents_module
from ontology.store.terminusdb import landing as landing_module
from ontology.store.terminusdb import reading
from ontology.store.terminusdb.home import TerminusHome
from tests.tapes import Tape, steady, terminusdb

__all__ = ["database", "home", "steady", "terminusdb"]

NO_SCHEMA = SchemaChange()
#: Text that somebody has lost once.
ODD = 'see http://www.w3.org/2000/01/rdf-schema#comment q"\\ \u0000 \u2028 가 e\u0301 \ufffe 👩‍👩‍👧‍👦 1.10 1e400 007.10'


@pytest.fixture
def home(terminusdb: Tape) -> Home:
    return TerminusHome()


@pytest.fixture
def database(home: Home, terminusdb: Tape) -> str:
    name = f"{terminusdb.prefix}one"
    home.create(name, label="One", base_iri="https://example.org/one#")
    return name


def commit(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def rid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def document(
    number: int, by: int, text: str = "{}", *, is_new: bool = True, deleted: bool = False
) -> HomeDocument:
    return HomeDocument(
        rid=rid(number),
        kind=Kind.OBJECT if number % 2 else Kind.OBJECT_TYPE,
        text=text,
        hash=hashlib.sha256(text.encode()).hexdigest(),
        commit=commit(by),
        created=f'"_created_by":"ann {ODD[:3]}"',
        updated='"_updated_by":"bob"',
        deleted=deleted,
        is_new=is_new,
    )


def by_rid(documents: Iterable[HomeDocument]) -> list[HomeDocument]:
    """A home gives them in any order."""
    return sorted(documents, key=lambda one: one.rid)


def landing(
    number: int, *parts: Part, schema: SchemaChange = NO_SCHEMA, message: str = "why"
) -> Landing:
    return Landing(
        commit=commit(number),
        record=f'{{"id":"{commit(number)}","odd":"{number}"}}',
        author="ann (7)|signature",
        message=message,
        intent=f"intent {number}",
        parts=parts or (Part(()),),
        schema=schema,
    )


def landed(home: Home, database: str, number: int, *documents: HomeDocument) -> str:
    """Commit ``number`` after ``number - 1`` on ``main``; its identifier."""
    expected = commit(number - 1) if number > 1 else ""
    [identifier] = home.land(
        database, "main", [landing(number, Part(documents))], expected=expected
    )
    return identifier


AIRPORTS = SchemaChange(
    added=(
        Triple("@schema:Airport", RDF_TYPE, Node("sys:Class")),
        Triple("@schema:Airport", "sys:inherits", Node("@schema:OmsObject")),
        *(
            triple
            for member, family, of in [
                ("name", "Optional", "xsd:string"),
                ("open", "Optional", "xsd:boolean"),
                ("runways", "Optional", "xsd:integer"),
                ("near", "Set", "@schema:OmsObject"),
            ]
            for via in [f"@schema:Airport/{member}/{family}"]
            for triple in [
                Triple("@schema:Airport", f"@schema:{member}", Node(via)),
                Triple(via, RDF_TYPE, Node(f"sys:{family}")),
                Triple(via, "sys:class", Node(of)),
            ]
        ),
    )
)


def airport(number: int, *near: int) -> tuple[Triple, ...]:
    name = f"Airport/{rid(number)}"
    return (
        Triple(name, RDF_TYPE, Node("@schema:Airport")),
        Triple(name, "name", Literal("xsd:string", f"{ODD} {number}")),
        Triple(name, "open", Literal("xsd:boolean", "true")),
        Triple(name, "runways", Literal("xsd:integer", "12345678901234567890123")),
        *(Triple(name, "near", Node(f"Airport/{rid(one)}")) for one in near),
    )


def native(home: Home, database: str, predicate: str, ref: str = "branch/main") -> set[str]:
    """What the database itself says of airports."""
    found = home.query(
        database,
        ref,
        {
            "@type": "And",
            "and": [
                {
                    "@type": "Triple",
                    "subject": {"@type": "NodeValue", "variable": "airport"},
                    "predicate": {"@type": "NodeValue", "node": "rdf:type"},
                    "object": {"@type": "Value", "node": "@schema:Airport"},
                },
                {
                    "@type": "Triple",
                    "subject": {"@type": "NodeValue", "variable": "airport"},
                    "predicate": {"@type": "NodeValue", "node": predicate},
                    "object": {"@type": "Value", "variable": "value"},
                },
            ],
        },
    )
    values = (one["value"] for one in found["bindings"])
    return {str(one["@value"]) if isinstance(one, dict) else one for one in values}


# --- the server and databases ---------------------------------------------------------------------
def test_says_who_it_is(home: Home) -> None:
    found = home.info()
    assert found.product == "TerminusDB"
    assert found.version.startswith("12.")
    assert found.problem == ""


def test_a_database_begins_with_main_and_no_commit(home: Home, database: str) -> None:
    [main] = home.branches(database)
    assert (main.name, main.commit) == ("main", "")
    assert home.branch(database, "main") == main
    assert list(home.log(database, main.identifier)) == []
    assert by_rid(home.documents(database, main.identifier)) == []
    assert home.databases() == [database]


def test_a_database_is_made_once(home: Home, database: str) -> None:
    landed(home, database, 1, document(1, 1))
    with pytest.raises(Conflict) as caught:
        home.create(database, label="Two", base_iri="")
    assert caught.value.error_code == "home_exists"
    main = home.branch(database, "main")
    assert main is not None
    assert main.commit == commit(1)


@pytest.mark.parametrize(
    "iri", ["", "no iri", "https://example.org/가/x y#", "urn:x", "http://e.org/a/"]
)
def test_any_base_iri_makes_a_database(home: Home, terminusdb: Tape, iri: str) -> None:
    name = f"{terminusdb.prefix}iri"
    home.create(name, label="가", base_iri=iri)
    assert landed(home, name, 1, document(1, 1))


def test_a_dropped_database_is_gone(home: Home, database: str) -> None:
    home.drop(database)
    home.drop(database)
    assert home.databases() == []
    asks: list[Callable[[], object]] = [
        lambda: home.branch(database, "main"),
        lambda: home.branches(database),
        lambda: landed(home, database, 1),
        lambda: home.delete_branch(database, "side"),
    ]
    for ask in asks:
        with pytest.raises(NotFound) as caught:
            ask()
        assert caught.value.error_code == "home_database_not_found"


def test_others_databases_are_not_touched(home: Home) -> None:
    for name in ["theirs", "", "../x", "_system"]:
        with pytest.raises(Invalid) as caught:
            home.drop(name)
        assert caught.value.error_code == "home_refused"


# --- landing --------------------------------------------------------------------------------------
def test_a_commit_is_there_as_it_was_sent(home: Home, database: str) -> None:
    said = landing(1, Part((document(1, 1, ODD),)), message=f"{ODD}\nsecond line\n")
    [identifier] = home.land(database, "main", [said], expected="")
    main = home.branch(database, "main")
    assert main is not None
    assert (main.identifier, main.commit) == (identifier, commit(1))
    [found] = home.log(database, identifier)
    assert (found.identifier, found.parent, found.commit) == (identifier, "", commit(1))
    assert (found.author, found.message) == (said.author, said.message)
    assert (found.record, found.intent, found.part_of) == (said.record, said.intent, "")
    assert found.time.tzinfo is not None
    assert by_rid(home.documents(database, identifier)) == [document(1, 1, ODD)]


def test_a_commit_says_of_which_attempt_it_is(home: Home, database: str) -> None:
    said = replace(landing(1), attempt="0198-attempt")
    [identifier] = home.land(database, "main", [said], expected="")
    [found] = home.log(database, identifier)
    assert (found.intent, found.attempt) == (said.intent, said.attempt)


def test_documents_are_replaced_and_stay_when_deleted(home: Home, database: str) -> None:
    first = landed(home, database, 1, document(1, 1, "1"), document(2, 1, "2"))
    changed = document(1, 2, "3", is_new=False)
    gone = document(2, 2, "2", is_new=False, deleted=True)
    second = landed(home, database, 2, changed, gone, document(3, 2))
    assert by_rid(home.documents(database, second)) == [changed, gone, document(3, 2)]
    assert by_rid(home.documents(database, first)) == [document(1, 1, "1"), document(2, 1, "2")]
    assert by_rid(home.documents(database, second, [rid(3), rid(9), rid(1)])) == [
        changed,
        document(3, 2),
    ]
    assert by_rid(home.written(database, second, commit(2))) == [changed, gone, document(3, 2)]
    assert by_rid(home.written(database, first, commit(1))) == [
        document(1, 1, "1"),
        document(2, 1, "2"),
    ]


def test_a_commit_without_changes_is_one(home: Home, database: str) -> None:
    first, second = landed(home, database, 1), landed(home, database, 2)
    assert [one.identifier for one in home.log(database, second)] == [second, first]


def test_a_branch_elsewhere_is_stale_and_nothing_is_written(home: Home, database: str) -> None:
    first = landed(home, database, 1, document(1, 1))
    for landings in ([landing(3)], [landing(3, Part((document(2, 3),))), landing(4)]):
        with pytest.raises(Conflict) as caught:
            home.land(database, "main", landings, expected=commit(2))
        assert caught.value.error_code == "stale_home"
        assert caught.value.data["commit"] == commit(1)
    main = home.branch(database, "main")
    assert main is not None
    assert main.identifier == first
    assert [one.name for one in home.branches(database)] == ["main"]


def test_what_landed_lands_again_with_the_same_answer(home: Home, database: str) -> None:
    once = [landing(1, Part((document(1, 1),)))]
    first = home.land(database, "main", once, expected="")
    assert home.land(database, "main", once, expected="") == first
    several = [landing(2, Part((document(2, 2),))), landing(3, Part((document(3, 3),)))]
    both = home.land(database, "main", several, expected=commit(1))
    assert home.land(database, "main", several, expected=commit(1)) == both
    assert [one.commit for one in home.log(database, both[-1])] == [
        commit(3),
        commit(2),
        commit(1),
    ]


def test_several_commits_land_together_or_not(home: Home, database: str) -> None:
    first = landed(home, database, 1, document(1, 1))
    broken = Part((), NativeChange(added=(Triple("OmsState/head", "nope", Node("Nope/1")),)))
    with pytest.raises(Invalid) as caught:
        home.land(
            database,
            "main",
            [landing(2, Part((document(2, 2),))), landing(3, broken)],
            expected=commit(1),
        )
    assert caught.value.error_code == "home_refused"
    assert "nope" in caught.value.data["answer"]
    assert [one.identifier for one in home.branches(database)] == [first]


def test_on_a_branch_that_is_not_there(home: Home, database: str) -> None:
    for landings in ([landing(1)], [landing(1), landing(2)]):
        with pytest.raises(NotFound) as caught:
            home.land(database, "side", landings, expected="")
        assert caught.value.error_code == "home_branch_not_found"


# --- native data ----------------------------------------------------------------------------------
def test_a_class_and_its_first_documents_land_in_one_commit(home: Home, database: str) -> None:
    part = Part((document(1, 1),), NativeChange(added=(*airport(1), *airport(2, 1))))
    [identifier] = home.land(database, "main", [landing(1, part, schema=AIRPORTS)], expected="")
    assert native(home, database, "name") == {f"{ODD} 1", f"{ODD} 2"}
    assert native(home, database, "runways") == {"12345678901234567890123"}
    assert native(home, database, "open") == {"True"}
    assert native(home, database, "near") == {f"Airport/{rid(1)}"}
    assert len(list(home.log(database, identifier))) == 1


def test_native_data_changes(home: Home, database: str) -> None:
    part = Part((), NativeChange(added=(*airport(1), *airport(2, 1), *airport(3))))
    [first] = home.land(database, "main", [landing(1, part, schema=AIRPORTS)], expected="")
    name = f"Airport/{rid(3)}"
    change = NativeChange(
        removed=(Triple(name, "name", Literal("xsd:string", f"{ODD} 3")),),
        deleted=(f"Airport/{rid(1)}",),
        added=(
            Triple(name, "name", Literal("xsd:string", "three")),
            Triple(name, "near", Node(f"Airport/{rid(2)}")),
        ),
    )
    home.land(database, "main", [landing(2, Part((), change))], expected=commit(1))
    assert native(home, database, "name") == {f"{ODD} 2", "three"}
    assert native(home, database, "near") == {f"Airport/{rid(2)}"}
    assert len(native(home, database, "name", f"commit/{first}")) == 3


def test_what_the_schema_refuses(home: Home, database: str) -> None:
    home.land(database, "main", [landing(1, schema=AIRPORTS)], expected="")
    wrong = NativeChange(
        added=(
            Triple("Airport/1", RDF_TYPE, Node("@schema:Airport")),
            Triple("Airport/1", "altitude", Literal("xsd:string", "1")),
        )
    )
    with pytest.raises(Invalid) as caught:
        home.land(database, "main", [landing(2, Part((), wrong))], expected=commit(1))
    assert caught.value.error_code == "home_refused"
    assert "altitude" in caught.value.data["answer"]
    assert caught.value.errors


# --- large commits --------------------------------------------------------------------------------
@pytest.fixture
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few documents go the way of thousands: tapes stay short."""
    monkeypatch.setattr(landing_module, "_SMALL", 3)
    monkeypatch.setattr(documents_module, "_DOCUMENTS_AT_ONCE", 4)
    monkeypatch.setattr(reading, "_COMMITS_AT_ONCE", 2)
    monkeypatch.setattr(reading, "_BRANCHES_AT_ONCE", 2)


@pytest.mark.usefixtures("everything_is_large")
def test_a_large_commit_in_parts(home: Home, database: str) -> None:
    first = landed(home, database, 1, document(1, 1, ODD))
    changed = document(1, 2, "{1}", is_new=False)
    parts = [
        Part(
            tuple(document(number, 2, ODD) for number in range(2, 8)),
            NativeChange(added=tuple(t for number in range(2, 8) for t in airport(number, 2))),
        ),
        Part(
            (changed, *(document(number, 2) for number in range(8, 13))),
            NativeChange(
                removed=(Triple(f"Airport/{rid(2)}", "open", Literal("xsd:boolean", "true")),),
                deleted=(f"Airport/{rid(7)}",),
                added=(Triple(f"Airport/{rid(3)}", "near", Node(f"Airport/{rid(4)}")),),
            ),
        ),
        Part((document(13, 2),)),
    ]
    said = landing(2, *parts, schema=AIRPORTS)
    [identifier] = home.land(database, "main", [said], expected=commit(1))

    expected = [changed, *(document(n, 2, ODD if n < 8 else "{}") for n in range(2, 14))]
    assert by_rid(home.documents(database, identifier)) == expected
    assert by_rid(home.written(database, identifier, commit(2))) == expected
    assert native(home, database, "name") == {f"{ODD} {number}" for number in range(2, 7)}
    assert native(home, database, "near") == {f"Airport/{rid(n)}" for n in (2, 4)}
    assert len(native(home, database, "open")) == 1

    history = list(home.log(database, identifier))
    assert (history[0].commit, history[0].record) == (commit(2), said.record)
    assert {(one.commit, one.part_of, one.record) for one in history[1:-1]} == {("", commit(2), "")}
    assert (history[-1].identifier, history[-1].parent) == (first, "")
    assert [one.name for one in home.branches(database)] == ["main"]
    assert home.land(database, "main", [said], expected=commit(1)) == [identifier]


@pytest.mark.usefixtures("everything_is_large")
def test_the_log_in_portions(home: Home, database: str) -> None:
    identifiers = [landed(home, database, number) for number in range(1, 6)]
    newest = identifiers[::-1]
    assert _identifiers(home, database, newest[0]) == newest
    assert _identifiers(home, database, newest[0], until=[newest[3]]) == newest[:3]
    assert _identifiers(home, database, newest[0], until=[newest[0]]) == []
    assert [one.parent for one in home.log(database, newest[0])] == [*newest[1:], ""]


def _identifiers(
    home: Home, database: str, identifier: str, until: Sequence[str] = ()
) -> list[str]:
    return [one.identifier for one in home.log(database, identifier, until=until)]


# --- branches -------------------------------------------------------------------------------------
@pytest.mark.usefixtures("everything_is_large")
def test_branches_stand_where_they_are_put(home: Home, database: str) -> None:
    first, second = landed(home, database, 1), landed(home, database, 2)
    for name in ["side", "tag:v1", "a/b 가%2F", "x" * 100]:
        home.create_branch(database, name, at=first)
        home.create_branch(database, name, at=first)
        found = home.branch(database, name)
        assert found is not None
        assert (found.name, found.identifier, found.commit) == (name, first, commit(1))
    assert {one.name: one.commit for one in home.branches(database)} == {
        "a/b 가%2F": commit(1),
        "main": commit(2),
        "side": commit(1),
        "tag:v1": commit(1),
        "x" * 100: commit(1),
    }
    with pytest.raises(Conflict) as caught:
        home.create_branch(database, "side", at=second)
    assert caught.value.error_code == "home_exists"


def test_a_branch_moves_from_where_it_stands(home: Home, database: str) -> None:
    first, second = landed(home, database, 1), landed(home, database, 2)
    home.create_branch(database, "tag:v1", at=first)
    with pytest.raises(Conflict) as caught:
        home.move_branch(database, "tag:v1", to=second, expected=second[::-1])
    assert caught.value.error_code == "stale_home"
    assert caught.value.data["commit"] == commit(1)
    home.move_branch(database, "tag:v1", to=second, expected=first)
    home.move_branch(database, "tag:v1", to=second, expected=first)
    found = home.branch(database, "tag:v1")
    assert found is not None
    assert found.identifier == second
    with pytest.raises(NotFound):
        home.move_branch(database, "nope", to=second, expected=first)


def test_a_deleted_branch_is_gone_and_its_commits_stay(home: Home, database: str) -> None:
    first = landed(home, database, 1)
    home.create_branch(database, "side", at=first)
    [second] = home.land(
        database, "side", [landing(2, Part((document(1, 2),)))], expected=commit(1)
    )
    home.delete_branch(database, "side")
    home.delete_branch(database, "side")
    assert home.branch(database, "side") is None
    assert by_rid(home.documents(database, second)) == [document(1, 2)]


# --- what is not there ----------------------------------------------------------------------------
@pytest.mark.parametrize("identifier", ["abcdefghijklmnopqrstuvwxyz01234", "", "../main", "A"])
def test_a_commit_that_is_not_there(home: Home, database: str, identifier: str) -> None:
    asks: list[Callable[[], object]] = [
        lambda: list(home.log(database, identifier)),
        lambda: list(home.documents(database, identifier)),
        lambda: list(home.written(database, identifier, commit(1))),
        lambda: home.create_branch(database, "side", at=identifier),
        lambda: home.query(database, f"commit/{identifier}", {"@type": "True"}),
    ]
    for ask in asks:
        with pytest.raises(NotFound) as caught:
            ask()
        assert caught.value.error_code == "home_commit_not_found"


def test_a_query_cannot_write(home: Home, database: str) -> None:
    before = home.branch(database, "main")
    query = {
        "@type": "AddTriple",
        "subject": {"@type": "NodeValue", "node": "OmsState/other"},
        "predicate": {"@type": "NodeValue", "node": "rdf:type"},
        "object": {"@type": "Value", "node": "@schema:OmsState"},
        "graph": "instance",
    }
    with pytest.raises(Invalid):
        home.query(database, "branch/main", query)
    assert home.branch(database, "main") == before


def test_a_query_that_is_none(home: Home, database: str) -> None:
    with pytest.raises(Invalid) as caught:
        home.query(database, "branch/main", {"@type": "Nope"})
    assert caught.value.error_code == "home_refused"
