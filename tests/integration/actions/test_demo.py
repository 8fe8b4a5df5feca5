"""The actions of the demo can be run with objects such as the demo has."""

from __future__ import annotations

import pytest

from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Invalid
from ontology import selectors, services
from ontology.contract import Change
from ontology.demo.seed import DEMO, seed

pytestmark = pytest.mark.django_db


def make(kind: str, **fields: object) -> Change:
    return Change(op="create", type=kind, fields=fields)


def link(kind: str, source: str, target: str) -> Change:
    return Change(op="create", type=kind, source=source, target=target)


def test_a_shipment_is_dispatched_and_delivered() -> None:
    seed()
    with acting_as(SYSTEM):
        services.create_branch(ontology=DEMO, name="try", from_ref="main")
        services.commit_changes(
            ontology=DEMO,
            branch="try",
            changes=[
                make("Customer", code="CUS-T1", name={"en": "Han River"}),
                make("Carrier", code="CAR-T1", name={"en": "East Sea Lines"}),
                make("Truck", licencePlate="12GA3456", mode="ROAD"),
                link("operatedBy", "Truck/12GA3456", "Carrier/CAR-T1"),
                *(make("Port", unLocode=code, name={"en": code}) for code in ("KRXXA", "KRXXB")),
                make(
                    "Shipment",
                    code="SHP-T1",
                    status="BOOKED",
                    grossWeight=12,
                    bookedAt="2026-07-01T08:00:00Z",
                ),
                link("orderedBy", "Shipment/SHP-T1", "Customer/CUS-T1"),
            ],
            message="What is needed",
        )

        def run(action: str, **parameters: object) -> None:
            services.run_action(ontology=DEMO, action=action, branch="try", parameters=parameters)

        def status() -> object:
            view = selectors.get_document(ontology=DEMO, target="Shipment/SHP-T1", ref="try")
            return view.body["status"]

        leg = {
            "legCode": "LEG-T1",
            "vehicle": "Truck/12GA3456",
            "departsAt": "2026-07-02T08:00:00Z",
        }
        ways = {"origin": "Port/KRXXA", "destination": "Port/KRXXB"}
        with pytest.raises(Invalid):
            run(
                "dispatchShipment",
                shipment="Shipment/SHP-T1",
                **leg,
                **{**ways, "origin": "Port/KRXXB"},
            )
        run("dispatchShipment", shipment="Shipment/SHP-T1", **leg, **ways)
        assert status() == "IN_TRANSIT"
        with pytest.raises(Invalid):
            run("cancelShipments", shipments=["Shipment/SHP-T1"])
        arrived = {"shipment": "Shipment/SHP-T1", "lastLeg": "TransportLeg/LEG-T1"}
        with pytest.raises(Invalid):
            run("deliverShipment", **arrived, arrivedAt="2026-07-01T08:00:00Z")
        run("deliverShipment", **arrived, arrivedAt="2026-07-03T08:00:00Z")
        assert status() == "DELIVERED"
