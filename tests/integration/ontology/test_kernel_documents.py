"""The data kernel: what one may see, links with properties, and who is answered by the home itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from terminusdb_client import WOQLQuery

from oms_project.core.context import acting_as
from oms_project.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from oms_project.identity.contract import Role, actor_of
from ontology import selectors, services
from ontology.contract import Change
from ontology.store.home_models import HomedOntology
from ontology.store.home_rows import identifier_of
from tests.conftest import MakePerson
from tests.fakes.home import FolderHome
from tests.integration.ontology.conftest import NAME, Ontology, create, prop
from tests.integration.ontology.homed import audited
from tests.integration.ontology.test_masking import restricted_reads

pytestmark = [pytest.mark.django_db, pytest.mark.data]

W = WOQLQuery


def ask(query: Any, **options: Any) -> list[dict[str, Any]]:
    found = services.run_query(ontology=NAME, query=query.to_dict(), **options)
    return [dict(row) for row in found.bindings]


def insert(*documents: Mapping[str, Any], **options: Any) -> list[str]:
    return list(services.insert_documents(ontology=NAME, documents=documents, **options).ids)


def update(*documents: Mapping[str, Any], **options: Any) -> services.KernelWrite:
    return services.update_documents(ontology=NAME, documents=documents, **options)


def read(name: str) -> dict[str, Any]:
    (found,) = selectors.read_documents(ontology=NAME, ids=[name]).documents
    return dict(found)


# --- what one may see -----------------------------------------------------------------------------
@pytest.fixture
def staff(world: Ontology) -> Ontology:
    """An employee with a restricted salary and a secret diagnosis."""
    world.commit(
        create(
            "ObjectType",
            "Employee",
            properties=[
                prop("name", "string"),
                prop("salary", "integer", sensitivity="restricted"),
                prop("diagnosis", "string", sensitivity="secret"),
            ],
        )
    )
    fields = {"name": "Ann", "salary": 4200, "diagnosis": "healthy"}
    world.commit(Change("create", type="Employee", fields=fields))
    return world


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.VIEWER, {"name"}),
        (Role.EDITOR, {"name", "salary"}),
        (Role.ADMINISTRATOR, {"name", "salary", "diagnosis"}),
    ],
)
def test_what_is_masked_is_not_there(
    staff: Ontology, person: MakePerson, role: Role, seen: set[str]
) -> None:
    with acting_as(actor_of(person("reader", role))):
        rows = ask(W().triple("v:a", "v:p", "v:o"))
        (document,) = selectors.read_documents(ontology=NAME).documents
    found = {row["p"].removeprefix("@schema:") for row in rows} - {"rdf:type", "oms_rid"}
    assert found == set(document) - {"@id", "@type", "oms_rid"} == seen
    assert all(event["actor"]["username"] == "reader" for event in restricted_reads())
    assert bool(restricted_reads()) == (role != Role.VIEWER)


def test_a_document_is_not_replaced_by_less_than_there_is(
    staff: Ontology, person: MakePerson
) -> None:
    with staff.untouched():
        with acting_as(actor_of(person("ed", Role.EDITOR))):
            (seen,) = selectors.read_documents(ontology=NAME).documents
            with pytest.raises(Invalid) as refused:
                update(seen)
        assert refused.value.error_code == "masked"
    with acting_as(actor_of(person("root", Role.ADMINISTRATOR))):
        (seen,) = selectors.read_documents(ontology=NAME).documents
        assert update({**seen, "name": "Anne"}).is_new
    (seen,) = selectors.read_documents(ontology=NAME).documents
    assert (seen["name"], seen["diagnosis"]) == ("Anne", "healthy")


# --- documents ------------------------------------------------------------------------------------
@pytest.fixture
def team(world: Ontology) -> Ontology:
    world.commit(
        create("ObjectType", "Person", properties=[prop("name", "string")]),
        create(
            "ObjectType",
            "Team",
            primaryKey=["code"],
            properties=[
                prop("code", "string", required=True),
                prop("tags", "string", array={}),
                prop("place", "geopoint"),
            ],
        ),
        create("LinkType", "knows", sources=["Person"], targets=["Person"]),
        create(
            "LinkType",
            "memberOf",
            sources=["Person"],
            targets=["Team"],
            properties=[prop("since", "date")],
        ),
    )
    return world


def test_relations_follow_the_document(team: Ontology) -> None:
    ann, bob, cid = insert(*({"@type": "Person", "name": name} for name in ("Ann", "Bob", "Cid")))
    update({"@id": ann, "@type": "Person", "name": "Ann", "knows": [bob, cid]})
    assert sorted(read(ann)["knows"]) == sorted([bob, cid])
    kept = {row["v"] for row in ask(W().triple(ann, "knows", "v:v"))}
    update({"@id": ann, "@type": "Person", "name": "Ann", "knows": [{"@id": cid}, ann]})
    assert sorted(read(ann)["knows"]) == sorted([cid, ann])
    assert kept == {bob, cid}
    update({"@id": ann, "@type": "Person"})
    assert set(read(ann)) == {"@id", "@type", "oms_rid"}
    services.delete_documents(ontology=NAME, ids=[bob])
    with pytest.raises(NotFound) as missing:
        read(bob)
    assert missing.value.error_code == "document_not_found"


def test_a_link_with_properties_is_a_document(team: Ontology) -> None:
    ann, red = insert({"@type": "Person"}, {"@type": "Team", "code": "red", "tags": ["a", "b"]})
    link = {"@type": "memberOf", "source": ann, "target": red, "since": "2026-01-05"}
    (made,) = insert(link)
    rid = made.partition("/")[2]
    assert read(made) == {**link, "@id": made, "oms_rid": rid}
    assert read(ann)["memberOf"] == [red]
    update({**read(made), "since": "2026-02-01"})
    assert read(made)["since"] == "2026-02-01"
    with team.untouched(), pytest.raises(Invalid) as moved:
        update({**read(made), "source": red})
    assert moved.value.errors[0]["field"] == "/0/source"
    services.delete_documents(ontology=NAME, ids=[made])
    assert "memberOf" not in read(ann)


def test_objects_that_come_together_lead_to_each_other_by_their_keys(team: Ontology) -> None:
    ann, red = insert({"@type": "Person", "memberOf": "Team/red"}, {"@type": "Team", "code": "red"})
    assert read(ann)["memberOf"] == [red]
    assert read("https://example.org/world/data/" + ann)["@id"] == ann
    with team.untouched(), pytest.raises(Conflict) as taken:
        insert({"@type": "Team", "@id": red, "code": "red"})
    assert taken.value.error_code == "already_exists"
    with team.untouched(), pytest.raises(Invalid):
        insert({"@type": "Team", "code": "red"})
    with team.untouched(), pytest.raises(Invalid) as twice:
        update({"@id": red, "@type": "Team", "code": "red"}, {"@id": red, "@type": "Team"})
    assert twice.value.errors[0]["field"] == "/1"


def test_an_update_may_create(team: Ontology) -> None:
    blue = {"@id": "Team/blue", "@type": "Team", "code": "blue"}
    with team.untouched(), pytest.raises(NotFound):
        update(blue)
    made = update(blue, create=True)
    assert read(made.ids[0])["code"] == "blue"
    again = update(blue, create=True)
    assert (again.ids, again.is_new) == (made.ids, False)


def test_what_the_view_shows_as_text_may_come_back_as_text(team: Ontology) -> None:
    place = {"latitude": 37.5, "longitude": 127}
    (red,) = insert({"@type": "Team", "code": "red", "place": place})
    shown = read(red)
    assert isinstance(shown["place"], str)
    assert not update(shown).is_new
    assert team.body(red.partition("/")[2])["place"] == place


def test_writes_of_a_query_are_worked_out_again_when_somebody_was_faster(
    team: Ontology, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert({"@type": "Person", "name": "Ann"})
    real, late = services.commit_changes, ["Bob"]

    def slow(**options: Any) -> Any:
        while late:
            team.commit(Change("create", type="Person", fields={"name": late.pop()}))
        return real(**options)

    monkeypatch.setattr("ontology.services.kernel.commit_changes", slow)
    found = services.run_query(
        ontology=NAME,
        query=W().woql_and(W().isa("v:a", "Person"), W().delete_document("v:a")).to_dict(),
    )
    assert found.deletes == 2
    assert ask(W().isa("v:a", "Person")) == []


# --- homes ----------------------------------------------------------------------------------------
class AskedHome(FolderHome):
    """A folder that answers queries."""

    asked: list[tuple[str, Any]]

    def query(
        self, database: str, ref: str, query: Mapping[str, Any], *, timeout: float | None = None
    ) -> Mapping[str, Any]:
        assert timeout is not None
        AskedHome.asked.append((ref, query))
        return {"api:variable_names": ["a"], "bindings": [{"a": "Person/native"}]}


@pytest.fixture
def lives_elsewhere(homes: FolderHome, team: Ontology, monkeypatch: pytest.MonkeyPatch) -> Ontology:
    AskedHome.asked = []
    monkeypatch.setattr(FolderHome, "query", AskedHome.query)
    return team


def test_who_may_see_everything_is_answered_by_the_home(
    lives_elsewhere: Ontology, person: MakePerson
) -> None:
    insert({"@type": "Person", "name": "Ann"})
    query = W().isa("v:a", "Person")
    with acting_as(actor_of(person("root", Role.ADMINISTRATOR))):
        assert ask(query) == [{"a": "Person/native"}]
    info = selectors.get_ontology(ontology=NAME)
    identifier = identifier_of(info.id, lives_elsewhere.head())
    assert AskedHome.asked == [(f"commit/{identifier}", query.to_dict())]
    (event,) = audited("kernel.queried")
    assert (event["actor"]["username"], event["commit"]) == ("root", lives_elsewhere.head())


def test_everybody_else_gets_the_translation(lives_elsewhere: Ontology, person: MakePerson) -> None:
    (ann,) = insert({"@type": "Person", "name": "Ann"})
    with acting_as(actor_of(person("ed", Role.EDITOR))):
        assert ask(W().isa("v:a", "Person")) == [{"a": ann}]
    assert AskedHome.asked == []
    assert audited("kernel.queried") == []


@pytest.mark.parametrize("state", [{"projection_problem": "x"}, {"erase_pending": True}])
def test_a_home_that_is_behind_is_not_asked(
    lives_elsewhere: Ontology, person: MakePerson, state: dict[str, Any]
) -> None:
    (ann,) = insert({"@type": "Person", "name": "Ann"})
    HomedOntology.objects.update(**state)
    with acting_as(actor_of(person("root", Role.ADMINISTRATOR))):
        assert ask(W().isa("v:a", "Person")) == [{"a": ann}]
    assert AskedHome.asked == []


def test_what_reaches_elsewhere_is_never_sent(lives_elsewhere: Ontology) -> None:
    other = W().using("admin/_system", W().triple("v:a", "v:b", "v:c"))
    with pytest.raises(Invalid, match="Using"):
        ask(other)
    assert AskedHome.asked == []


def test_who_may_not_read_may_not_ask(team: Ontology, person: MakePerson) -> None:
    with acting_as(actor_of(person("nobody"))), pytest.raises(PermissionDenied):
        ask(W().isa("v:a", "Person"))
