"""`KernelHome` and a server, with a home in memory behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from oms_project.core import errors
from oms_project.core.canonical_json import dumps_text
from oms_project.core.context import acting_as, try_current_actor
from oms_project.core.errors import Conflict, NotFound, OmsError, Unavailable
from oms_project.rpc.errors import ERROR_KEY, error_bytes, error_of, status_of
from ontology.domain.kinds import Kind
from ontology.domain.native.terms import Literal, Node, Triple
from ontology.rpc.client import KernelHome
from ontology.store.home import (
    HomeBranch,
    HomeDocument,
    Landing,
    NativeChange,
    Part,
    SchemaChange,
    ServerInfo,
)
from tests.integration.rpc.memory_home import TIME, MemoryHome

C1, C2 = "1" * 64, "2" * 64


def document(rid: str, commit: str = C1, **members: Any) -> HomeDocument:
    text = dumps_text({"rid": rid, "name": "Ä 한국어 \x00", **members})
    return HomeDocument(
        rid=rid, kind=Kind.OBJECT, text=text, hash="f" * 64, commit=commit,
        created='"createdBy":"ann"', updated='"updatedBy":"bob"', is_new=True,
    )  # fmt: skip


def landing(commit: str, parts: Any, **members: Any) -> Landing:
    return Landing(commit, f'{{"id":"{commit}"}}', "ann (1)", "Words.", "42", parts, **members)


@pytest.fixture
def made(kernel_home: KernelHome) -> KernelHome:
    kernel_home.create("db", label="Shipping", base_iri="https://example.org/#")
    return kernel_home


def test_it_asks_who_answers(kernel_home: KernelHome) -> None:
    assert kernel_home.info() == ServerInfo("MemoryDB", "1.2.3", "")


def test_databases_come_and_go(kernel_home: KernelHome, home: MemoryHome) -> None:
    kernel_home.create("db", label="Shipping", base_iri="https://example.org/#")
    assert (home.kept["db"].label, home.kept["db"].base_iri) == (
        "Shipping",
        "https://example.org/#",
    )
    assert kernel_home.databases() == ["db"]
    kernel_home.drop("db")
    assert kernel_home.databases() == []


def test_what_lands_is_what_was_sent(made: KernelHome, home: MemoryHome) -> None:
    exact = Literal("xsd:decimal", "0.1234567890123456789012345678901")
    native = NativeChange(
        removed=(Triple("Carrier/a", "owns", Node("Ship/2")),),
        deleted=("Carrier/c",),
        added=(
            Triple("Carrier/a", "rdf:type", Node("@schema:Carrier")),
            Triple("Carrier/a", "weight", exact),
        ),
    )
    schema = SchemaChange(
        removed=(Triple("@schema:Ship", "@schema:n", Node("xsd:string")),),
        added=(Triple("@schema:Carrier", "rdf:type", Node("sys:Class")),),
        values=NativeChange(removed=(Triple("Ship/1", "n", Literal("xsd:string", "")),)),
    )
    parts = [Part((document("a"), document("b")), native), Part((document("c"),)), Part(())]
    sent = [landing(C1, parts, schema=schema), landing(C2, (Part((document("d", C2),)),))]
    identifiers = made.land("db", "main", sent, expected="")
    assert len(identifiers) == 2
    assert [list(parts), [Part((document("d", C2),))]] == home.parts
    assert home.parts[0][0].documents[0].is_new
    first = home.landed[0]
    assert (first.commit, first.record, first.author, first.message, first.intent) == (
        C1, f'{{"id":"{C1}"}}', "ann (1)", "Words.", "42",
    )  # fmt: skip
    assert first.schema == schema
    assert home.landed[1].schema == SchemaChange()
    assert made.branch("db", "main") == HomeBranch("main", identifiers[1], C2)
    assert made.branch("db", "nowhere") is None


def test_history_and_content_come_back(made: KernelHome, home: MemoryHome) -> None:
    (one,) = made.land(
        "db", "main", [landing(C1, [Part((document("b"), document("a")))])], expected=""
    )
    (two,) = made.land("db", "main", [landing(C2, [Part((document("a", C2),))])], expected=C1)
    log = list(made.log("db", two))
    assert log == list(home.log("db", two))
    assert [entry.identifier for entry in log] == [two, one]
    assert log[0].time == TIME
    assert [entry.identifier for entry in made.log("db", two, until={one})] == [two]
    assert list(made.written("db", two, C2)) == [document("a", C2)]
    assert list(made.documents("db", two)) == [document("a", C2), document("b")]
    assert list(made.documents("db", two, ["b"])) == [document("b")]
    assert list(made.documents("db", two, [])) == []


def test_branches_are_made_moved_and_deleted(made: KernelHome) -> None:
    (one,) = made.land("db", "main", [landing(C1, [Part(())])], expected="")
    (two,) = made.land("db", "main", [landing(C2, [Part(())])], expected=C1)
    made.create_branch("db", "fix", at=one)
    made.move_branch("db", "fix", to=two, expected=one)
    assert made.branches("db") == [HomeBranch("fix", two, C2), HomeBranch("main", two, C2)]
    made.delete_branch("db", "fix")
    assert [branch.name for branch in made.branches("db")] == ["main"]


def test_a_query_and_a_large_answer(made: KernelHome, home: MemoryHome) -> None:
    rows = [{"n": {"@type": "xsd:decimal", "@value": Decimal("1.10000000000000000000001")}}]
    home.answer = {"bindings": rows * 20_000, "api:variable_names": ["n"], "word": 2**65}
    assert made.query("db", "branch/main", {"@type": "True", "n": 2**65}) == home.answer
    database, ref, query, timeout = home.queries[0]
    assert (database, ref, query) == ("db", "branch/main", {"@type": "True", "n": 2**65})
    assert timeout is not None
    assert 50 < timeout < 60  # what the call has left


def test_a_query_gets_the_time_it_asked_for(made: KernelHome, home: MemoryHome) -> None:
    made.query("db", "branch/main", {}, timeout=2.5)
    timeout = home.queries[0][3]
    assert timeout is not None
    assert 2.3 < timeout <= 2.5


def test_refusals_of_the_home_come_back(made: KernelHome) -> None:
    made.land("db", "main", [landing(C1, [Part(())])], expected="")
    with pytest.raises(Conflict) as stale:
        made.land("db", "main", [landing(C2, [Part(())])], expected="")
    assert stale.value.error_code == "stale_home"
    assert stale.value.data == {"commit": C1}
    with pytest.raises(NotFound) as gone:
        made.branches("nowhere")
    assert gone.value.error_code == "home_database_not_found"
    with pytest.raises(NotFound):
        list(made.log("nowhere", C1))


CLASSES = [getattr(errors, name) for name in errors.__all__]
#: What a home never raises: it is OMS itself that is not let in.
NOT_LET_IN = (errors.Unauthenticated, errors.PermissionDenied)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_and_is_the_same_on_the_other_side(kind: type[OmsError]) -> None:
    thrown = kind("Words.", code="very_special", data={"n": 2**70}, errors=[{"field": "a"}])
    met = error_of(status_of(thrown), "", [(ERROR_KEY, error_bytes(thrown))])
    assert type(met) is kind
    assert (met.message, met.error_code, met.data, met.errors) == (
        thrown.message, thrown.error_code, thrown.data, thrown.errors,
    )  # fmt: skip


@pytest.mark.parametrize("kind", NOT_LET_IN)
def test_that_oms_is_not_let_in_is_no_matter_of_who_asked(
    kernel_home: KernelHome, home: MemoryHome, kind: type[OmsError]
) -> None:
    def trouble(_name: str) -> None:
        raise kind("No.")

    home.trouble = trouble
    for call in (kernel_home.databases, lambda: list(kernel_home.documents("db", ""))):
        with pytest.raises(Unavailable, match=r"does not let OMS in: No\.") as caught:
            call()
        assert caught.value.error_code == "home_unavailable"


@pytest.mark.parametrize(
    "kind", [one for one in CLASSES if one not in NOT_LET_IN], ids=lambda kind: kind.__name__
)
def test_every_error_comes_back_as_itself(
    kernel_home: KernelHome, home: MemoryHome, kind: type[OmsError]
) -> None:
    thrown = kind(
        "Ein Satz, 한국어.",
        code="very_special",
        data={"commit": C1, "number": 2**70},
        errors=[{"field": "a", "message": "b"}],
    )

    def trouble(_name: str) -> None:
        raise thrown

    home.trouble = trouble
    for call in (kernel_home.databases, lambda: list(kernel_home.documents("db", ""))):
        with pytest.raises(OmsError) as caught:
            call()
        met = caught.value
        assert type(met) is kind
        assert (met.message, met.error_code, met.data, met.errors) == (
            thrown.message, thrown.error_code, thrown.data, thrown.errors,
        )  # fmt: skip
        assert (met.title, met.retryable) == (thrown.title, thrown.retryable)


def test_an_error_with_much_to_say_arrives_whole(kernel_home: KernelHome, home: MemoryHome) -> None:
    problems = [{"field": f"f{number}", "message": "x" * 100} for number in range(2000)]

    def trouble(_name: str) -> None:
        raise errors.Invalid("Wrong.", errors=problems)

    home.trouble = trouble
    with pytest.raises(errors.Invalid) as caught:
        kernel_home.databases()
    assert caught.value.errors == problems


def test_a_mistake_of_the_server_tells_nothing_of_its_inside(
    kernel_home: KernelHome, home: MemoryHome
) -> None:
    def trouble(_name: str) -> None:
        raise RuntimeError("password is swordfish")

    home.trouble = trouble
    with pytest.raises(OmsError) as caught:
        kernel_home.databases()
    assert caught.value.error_code == "internal"
    assert "swordfish" not in str(caught.value)


def test_parts_are_made_where_the_landing_was_called(made: KernelHome, administrator: Any) -> None:
    """They may come out of that thread's transaction, and out of its context."""
    from oms_project.identity.contract import actor_of

    seen = []

    def parts() -> Iterator[Part]:
        seen.append((threading.get_ident(), try_current_actor()))
        yield Part((document("a"),))

    actor = actor_of(administrator)
    with acting_as(actor):
        made.land("db", "main", [landing(C1, parts())], expected="")
    assert seen == [(threading.get_ident(), actor)]


def test_parts_that_fail_let_nothing_land(made: KernelHome, home: MemoryHome) -> None:
    class Oops(Exception):
        pass

    def parts() -> Iterator[Part]:
        yield Part((document("a"),))
        raise Oops

    with pytest.raises(Oops):
        made.land("db", "main", [landing(C1, parts())], expected="")
    assert made.branch("db", "main") == HomeBranch("main", "", "")
    assert home.landed == []


def test_an_answer_before_all_parts_ends_the_landing(made: KernelHome, home: MemoryHome) -> None:
    """A home that refuses early does not want the rest."""
    made.land("db", "main", [landing(C1, [Part(())])], expected="")
    taken = 0

    def parts() -> Iterator[Part]:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield Part((document(f"{number:06}"),))

    with pytest.raises(Conflict):
        made.land("db", "main", [landing(C2, parts())], expected="")
    assert taken < 10_000


def test_a_part_larger_than_a_message_arrives_as_one(made: KernelHome, home: MemoryHome) -> None:
    big = tuple(document(f"{number:05}", filler="x" * 1000) for number in range(5000))
    values = (Triple(f"T/{n}", "x", Literal("xsd:string", "y" * 500)) for n in range(5000))
    native = NativeChange(added=tuple(values), deleted=tuple(f"T/x{n}" for n in range(5000)))
    made.land("db", "main", [landing(C1, [Part(big, native)])], expected="")
    assert home.parts == [[Part(big, native)]]


def test_a_kernel_that_is_away_is_unavailable(kernel_home: KernelHome, server: Any) -> None:
    server.stop(grace=0)
    with pytest.raises(Unavailable) as caught:
        kernel_home.databases()
    assert caught.value.error_code == "home_unavailable"
    assert caught.value.retryable
