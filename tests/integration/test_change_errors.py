"""What a change set refuses says in which field, so that a form can mark the box."""

from __future__ import annotations

import pytest

from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Invalid
from ontology import selectors, services
from ontology.contract import Change

pytestmark = pytest.mark.django_db


def _refused(*changes: Change) -> list[tuple[str, str]]:
    with acting_as(SYSTEM), pytest.raises(Invalid) as refusal:
        services.commit_changes(ontology="fleet", branch="main", changes=changes, message="no")
    return [(str(one["field"]), str(one["rule"])) for one in refusal.value.errors]


@pytest.fixture(autouse=True)
def fleet() -> None:
    with acting_as(SYSTEM):
        services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")


def test_an_unknown_reference_is_told_with_its_place() -> None:
    fields = {
        "apiName": "Ship",
        "displayName": {"en": "Nowhere"},
        "parents": ["Nowhere"],
        "properties": [
            {"apiName": "name", "dataTypes": ["string"]},
            {"apiName": "weight", "dataTypes": ["Nowhere"]},
        ],
    }
    found = _refused(Change(op="create", kind="ObjectType", fields=fields))
    assert found == [
        ("/parents/0", "unknown-reference"),
        ("/properties/1/dataTypes/0", "unknown-reference"),
    ]


def test_equivalent_to_takes_a_name_or_an_iri() -> None:
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology="fleet",
            branch="main",
            changes=[
                Change(op="create", kind="ObjectType", fields={"apiName": "Boat"}),
                Change(
                    op="create",
                    kind="ObjectType",
                    fields={
                        "apiName": "Ship",
                        "equivalentTo": ["ObjectType/Boat", "https://schema.org/BoatTrip"],
                    },
                ),
            ],
            message="Two words for one thing",
        )
        boat = selectors.get_document(ontology="fleet", target="ObjectType/Boat")
        ship = selectors.get_document(ontology="fleet", target="ObjectType/Ship")
    assert sorted(ship.body["equivalentTo"]) == sorted([boat.rid, "https://schema.org/BoatTrip"])


def test_an_unknown_equivalent_is_told() -> None:
    fields = {"apiName": "Ship", "equivalentTo": ["ObjectType/Boat"]}
    assert _refused(Change(op="create", kind="ObjectType", fields=fields)) == [
        ("/equivalentTo/0", "unknown-reference")
    ]
