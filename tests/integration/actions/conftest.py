"""A small airport: passengers, flights with seats, bookings, and the actions that change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from oms_project.core.context import SYSTEM, acting_as
from ontology import selectors, services
from ontology.contract import Change

NAME = "desk"

_TYPES = [
    Change(
        op="create",
        kind="EnumType",
        fields={"apiName": "Status", "members": [{"code": "OPEN"}, {"code": "CLOSED"}]},
    ),
    Change(
        op="create",
        kind="ObjectType",
        fields={
            "apiName": "Flight",
            "primaryKey": ["number"],
            "properties": [
                {"apiName": "number", "dataTypes": ["string"], "required": True},
                {"apiName": "seats", "dataTypes": ["integer"], "required": True},
                {"apiName": "status", "dataTypes": ["EnumType/Status"]},
                {"apiName": "fare", "dataTypes": ["decimal(8,2)"]},
                {"apiName": "note", "dataTypes": ["string"]},
                {"apiName": "changedAt", "dataTypes": ["timestamp"]},
                {"apiName": "changedBy", "dataTypes": ["string"]},
            ],
        },
    ),
    Change(
        op="create",
        kind="ObjectType",
        fields={"apiName": "Charter", "parents": ["ObjectType/Flight"]},
    ),
    Change(
        op="create",
        kind="ObjectType",
        fields={
            "apiName": "Passenger",
            "primaryKey": ["id"],
            "properties": [
                {"apiName": "id", "dataTypes": ["integer"], "required": True},
                {"apiName": "name", "dataTypes": ["string"]},
                {"apiName": "balance", "dataTypes": ["integer"], "sensitivity": "secret"},
            ],
        },
    ),
    Change(
        op="create",
        kind="ObjectType",
        fields={
            "apiName": "Booking",
            "primaryKey": ["code"],
            "properties": [
                {"apiName": "code", "dataTypes": ["string"], "required": True},
                {"apiName": "price", "dataTypes": ["double"]},
            ],
        },
    ),
    Change(
        op="create",
        kind="LinkType",
        fields={
            "apiName": "bookedOn",
            "sources": ["ObjectType/Booking"],
            "targets": ["ObjectType/Flight"],
        },
    ),
    Change(
        op="create",
        kind="LinkType",
        fields={
            "apiName": "bookedBy",
            "sources": ["ObjectType/Booking"],
            "targets": ["ObjectType/Passenger"],
        },
    ),
]

_FLIGHT = {"apiName": "flight", "objectType": "ObjectType/Flight"}
_ACTIONS = [
    {
        "apiName": "book",
        "displayName": {"en": "Book a seat", "ko": "좌석 예약"},
        "parameters": [
            _FLIGHT,
            {"apiName": "passenger", "objectType": "ObjectType/Passenger"},
            {"apiName": "code", "dataTypes": ["string"]},
            {"apiName": "discount", "dataTypes": ["double"], "default": 0},
        ],
        "submissionCriteria": [
            {
                "name": "isOpen",
                "expression": "flight.status == 'OPEN'",
                "message": {"en": "The flight is not open.", "ko": "운항이 열려 있지 않습니다."},
            },
            {
                "name": "hasSeats",
                "expression": "flight.seats > 0",
                "message": {"en": "The flight is full."},
            },
            {
                "name": "canPay",
                "expression": "double(passenger.balance) >= flight.fare",
                "message": {"en": "The passenger cannot pay."},
            },
        ],
        "rules": [
            {
                "name": "booking",
                "op": "create",
                "objectType": "ObjectType/Booking",
                "values": {
                    "code": {"parameter": "code"},
                    "price": {"expression": "flight.fare * (1.0 - discount)"},
                },
            },
            {
                "name": "on",
                "op": "link",
                "linkType": "LinkType/bookedOn",
                "source": "booking",
                "target": "flight",
            },
            {
                "name": "by",
                "op": "link",
                "linkType": "LinkType/bookedBy",
                "source": "booking",
                "target": "passenger",
            },
            {
                "name": "take",
                "op": "modify",
                "target": "flight",
                "values": {
                    "seats": {"expression": "flight.seats - 1"},
                    "changedAt": {"expression": "now"},
                    "changedBy": {"expression": "actor.username"},
                    "note": {"expression": "'last booking ' + booking.code"},
                },
            },
        ],
        "batchLimit": 5,
        "revertible": True,
    },
    {
        "apiName": "annotate",
        "parameters": [
            {**_FLIGHT, "apiName": "flights", "array": {"minItems": 1}},
            {"apiName": "note", "dataTypes": ["string"], "required": False},
            {"apiName": "status", "dataTypes": ["EnumType/Status"], "required": False},
        ],
        "rules": [
            {
                "name": "set",
                "op": "modify",
                "target": "flights",
                "values": {"note": {"parameter": "note"}, "status": {"parameter": "status"}},
            }
        ],
    },
    {
        "apiName": "cancel",
        "parameters": [
            {"apiName": "booking", "objectType": "ObjectType/Booking"},
            _FLIGHT,
        ],
        "rules": [
            {
                "name": "off",
                "op": "unlink",
                "linkType": "LinkType/bookedOn",
                "source": "booking",
                "target": "flight",
            },
            {"name": "gone", "op": "delete", "target": "booking"},
        ],
    },
    {
        "apiName": "disclose",
        "parameters": [
            {"apiName": "passenger", "objectType": "ObjectType/Passenger"},
            _FLIGHT,
        ],
        "rules": [
            {
                "name": "tell",
                "op": "modify",
                "target": "flight",
                "values": {"note": {"expression": "string(passenger.balance)"}},
            }
        ],
    },
]

_OBJECTS = [
    Change(
        op="create",
        type="Flight",
        fields={"number": "OZ1", "seats": 2, "status": "OPEN", "fare": "100.50"},
    ),
    Change(op="create", type="Charter", fields={"number": "C9", "seats": 1, "status": "CLOSED"}),
    Change(op="create", type="Passenger", fields={"id": 1, "name": "Ann", "balance": 5000}),
    Change(op="create", type="Passenger", fields={"id": 2, "name": "Bob", "balance": 3}),
]


def commit(*changes: Change, branch: str = "") -> str:
    """Commit as the system; the new head."""
    with acting_as(SYSTEM):
        return services.commit_changes(
            ontology=NAME, branch=branch, changes=list(changes), message="set up"
        ).head


def body_of(target: str, ref: str = "") -> dict[str, Any]:
    """All values of a document."""
    with acting_as(SYSTEM):
        return dict(selectors.get_document(ontology=NAME, target=target, ref=ref).body)


def head_of(branch: str = "main") -> str:
    """The head of a branch."""
    with acting_as(SYSTEM):
        return selectors.get_branch(ontology=NAME, name=branch).head


def told(errors: Sequence[Any]) -> list[tuple[str, str]]:
    """``(field, rule)`` of problems."""
    return [(one["field"], one["rule"]) for one in errors]


@pytest.fixture
def desk(db: None) -> None:
    """The types, the actions and a few objects on ``main``."""
    with acting_as(SYSTEM):
        services.create_ontology(name=NAME, base_iri="https://example.org/desk/")
    commit(*_TYPES)
    commit(*(Change(op="create", kind="ActionType", fields=fields) for fields in _ACTIONS))
    commit(*_OBJECTS)
