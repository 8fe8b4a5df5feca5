"""Restricted values: masked in every read, traced where they are shown, not to be declassified."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import Event
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Invalid, PermissionDenied
from oms_project.identity.contract import Role, actor_of
from oms_project.identity.models import AttributeRule
from ontology import selectors, services
from ontology.contract import Change
from tests.conftest import MakePerson

NAME = "people"
BASE = "https://example.org/people/"
TURTLE = f"""
@prefix : <{BASE}> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:Person a owl:Class .
:Employee a owl:Class ; rdfs:subClassOf :Person .
:fullName a owl:DatatypeProperty ; rdfs:domain :Person ; rdfs:range xsd:string .
:salary a owl:DatatypeProperty ; rdfs:domain :Employee ; rdfs:range xsd:integer .
:diagnosis a owl:DatatypeProperty ; rdfs:range xsd:string .
:ann a :Employee ; :fullName "Ann" ; :salary 4200 ; :diagnosis "healthy" .
:bob a :Person ; :fullName "Bob" .
"""
ANN = f"{BASE}ann"


@pytest.fixture
def people(db: None) -> None:
    """An employee with a restricted salary and a secret diagnosis."""
    with acting_as(SYSTEM):
        services.create_ontology(name=NAME, base_iri=BASE)
        services.import_rdf(ontology=NAME, sources=[TURTLE.encode()], format="turtle")
        set_sensitivity("salary", "restricted")
        set_sensitivity("diagnosis", "secret")


def set_sensitivity(name: str, value: str | None) -> None:
    services.commit_changes(
        ontology=NAME,
        changes=[
            Change(op="update", target=f"SharedProperty/{name}", fields={"sensitivity": value})
        ],
        message=f"{name} is {value}",
    )


def ann() -> dict[str, Any]:
    return dict(selectors.get_document(ontology=NAME, target=ANN).body)


def predicates(body: dict[str, Any]) -> set[str]:
    found = {triple["predicate"].removeprefix(BASE) for triple in body.get("_annotations", ())}
    return found | {name for name in body if not name.startswith("_")}


def restricted_reads() -> list[dict[str, Any]]:
    return [
        json.loads(event.body)
        for event in Event.objects.order_by("id")
        if event.action == "ontology.restricted_read"
    ]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("role", "masked"),
    [
        (Role.VIEWER, {"salary", "diagnosis"}),
        (Role.AUDITOR, {"salary", "diagnosis"}),
        (Role.EDITOR, {"diagnosis"}),
        (Role.MAINTAINER, {"diagnosis"}),
        (Role.ADMINISTRATOR, set()),
    ],
)
def test_each_role_sees_up_to_its_level(person: MakePerson, role: Role, masked: set[str]) -> None:
    user = person("reader", role)
    with acting_as(actor_of(user)):
        body = ann()

    assert predicates(body) == {"fullName", "salary", "diagnosis"} - masked
    assert {name.removeprefix(BASE) for name in body.get("_masked", ())} == masked
    seen = {"salary", "diagnosis"} - masked
    reads = restricted_reads()
    if seen:
        (event,) = reads
        assert event["actor"]["username"] == "reader"
        (values,) = event["data"]["values"].values()
        assert {name.removeprefix(BASE) for name in values} == seen
    else:
        assert reads == []


@pytest.mark.usefixtures("people")
def test_no_read_gives_away_what_is_masked(person: MakePerson) -> None:
    """Lists, history, differences, commits and exports, of every format."""
    viewer = actor_of(person("viewer", Role.VIEWER))
    with acting_as(SYSTEM):
        first, last = (
            selectors.log(ontology=NAME).items[-1].id,
            selectors.log(ontology=NAME).items[0].id,
        )
        imported = selectors.log(ontology=NAME).items[-2].id
    with acting_as(viewer):
        texts = [
            item.json for item in selectors.list_documents(ontology=NAME, kinds=["Object"]).items
        ]
        texts += [
            entry.document.json
            for entry in selectors.history(ontology=NAME, target=ANN, ref=last).items
        ]
        texts.append(repr(selectors.diff(ontology=NAME, from_ref=first, to_ref=last)))
        texts += [
            b"".join(selectors.export_rdf(ontology=NAME, format=name)).decode()
            for name in selectors.EXPORT_FORMATS
        ]

    assert any("Ann" in text for text in texts)
    for text in texts:
        assert "4200" not in text
        assert "healthy" not in text
    assert imported != last


@pytest.mark.usefixtures("people")
def test_what_is_restricted_today_is_masked_in_old_commits(person: MakePerson) -> None:
    viewer = actor_of(person("viewer", Role.VIEWER))
    with acting_as(viewer):
        imported = selectors.log(ontology=NAME).items[-2].id
        body = selectors.get_document(ontology=NAME, target=ANN, ref=imported).body

    assert predicates(dict(body)) == {"fullName"}


@pytest.mark.usefixtures("people")
def test_what_was_restricted_then_stays_masked_there(person: MakePerson) -> None:
    """A commit goes on meaning what it meant, also when the property is gone from main."""
    viewer = actor_of(person("viewer", Role.VIEWER))
    with acting_as(SYSTEM):
        restricted = selectors.log(ontology=NAME).items[0].id
        set_sensitivity("salary", "public")
    with acting_as(viewer):
        old = selectors.get_document(ontology=NAME, target=ANN, ref=restricted).body
        now = ann()

    assert predicates(dict(old)) == {"fullName"}
    assert predicates(now) == {"fullName", "salary"}


@pytest.mark.usefixtures("people")
def test_an_attribute_rule_opens_one_property_of_one_type(person: MakePerson) -> None:
    user = person("payroll", Role.VIEWER)
    AttributeRule.objects.create(
        user=user, object_type="Employee", property_name="salary", level="restricted"
    )
    with acting_as(actor_of(user)):
        body = ann()

    assert predicates(body) == {"fullName", "salary"}


@pytest.mark.usefixtures("people")
def test_a_masked_document_cannot_be_sent_back(person: MakePerson) -> None:
    editor = actor_of(person("editor", Role.EDITOR))
    with acting_as(editor):
        body = ann()
        rid = selectors.get_document(ontology=NAME, target=ANN).rid
        with pytest.raises(Invalid):
            services.commit_changes(
                ontology=NAME,
                changes=[Change(op="replace", target=rid, fields=body)],
                message="Nothing",
            )


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "change",
    [
        Change(op="update", target="SharedProperty/diagnosis", fields={"sensitivity": "public"}),
        Change(op="update", target="SharedProperty/diagnosis", fields={"sensitivity": None}),
        Change(op="delete", target="SharedProperty/diagnosis"),
    ],
)
def test_who_may_not_see_values_cannot_declassify_them(person: MakePerson, change: Change) -> None:
    editor = actor_of(person("editor", Role.EDITOR))
    with acting_as(editor):
        services.create_branch(ontology=NAME, name="mine")
        before = selectors.log(ontology=NAME, ref="mine").items[0].id
        with pytest.raises(PermissionDenied) as refused:
            services.commit_changes(
                ontology=NAME, branch="mine", changes=[change], message="Let me see"
            )
        assert selectors.log(ontology=NAME, ref="mine").items[0].id == before

    assert refused.value.error_code == "declassification"
    with acting_as(SYSTEM):
        set_sensitivity("diagnosis", "internal")


@pytest.mark.usefixtures("people")
def test_an_editor_may_lower_what_he_may_see(person: MakePerson) -> None:
    with acting_as(actor_of(person("editor", Role.EDITOR))):
        set_sensitivity("salary", "internal")
    with acting_as(actor_of(person("viewer", Role.VIEWER))):
        assert "salary" in predicates(ann())
