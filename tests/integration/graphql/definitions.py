"""A small ontology that has a definition of every kind."""

from __future__ import annotations

from typing import Any

from ontology import services
from ontology.contract import Change

__all__ = ["commit", "create", "make_fleet"]


def create(kind: str, **fields: Any) -> Change:
    return Change(op="create", kind=kind, fields=fields)


def commit(*changes: Change, branch: str = "", message: str = "Work") -> str:
    return services.commit_changes(
        ontology="fleet", branch=branch, changes=list(changes), message=message
    ).head


def make_fleet() -> str:
    """Its name."""
    services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
    commit(
        create("EnumType", apiName="Color", members=[{"code": "RED", "label": {"ko": "빨강"}}]),
        create("ValueType", apiName="Plate", baseType="string", constraints={"maxLength": 9}),
        create("SharedProperty", apiName="note", dataTypes=["string"], unit="words"),
        create(
            "Interface", apiName="Named", properties=[{"apiName": "title", "dataTypes": ["string"]}]
        ),
        create("StructType", apiName="Place", fields=[{"apiName": "x", "dataTypes": ["integer"]}]),
        create("ObjectType", apiName="Thing", tags=["root"]),
        create(
            "ObjectType",
            apiName="Vehicle",
            displayName={"en": "Vehicle", "ko": "차량"},
            description={"en": "What drives."},
            parents=["Thing"],
            interfaces=["Named"],
            primaryKey=["plate"],
            properties=[
                {
                    "apiName": "plate",
                    "dataTypes": ["Plate"],
                    "required": True,
                    "sensitivity": "restricted",
                },
                {"apiName": "color", "dataTypes": ["Color"], "array": {"maxItems": 2}},
                {"apiName": "remark", "sharedProperty": "note"},
                {"apiName": "title", "dataTypes": ["string"]},
            ],
        ),
        create("ObjectType", apiName="Person"),
        create(
            "LinkType",
            apiName="drives",
            sources=["Person"],
            targets=["Vehicle"],
            targetCardinality={"min": 0, "max": 3},
        ),
        create(
            "ActionType",
            apiName="paint",
            parameters=[
                {"apiName": "what", "objectType": "Vehicle"},
                {"apiName": "color", "dataTypes": ["Color"]},
            ],
            rules=[
                {
                    "name": "set",
                    "op": "modify",
                    "target": "what",
                    "values": {"color": {"parameter": "color"}},
                }
            ],
        ),
        message="Begin",
    )
    return "fleet"
