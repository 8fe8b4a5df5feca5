"""The ontology that queries are asked of, in OMS and in a TerminusDB database made of its documents."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx

from ontology import selectors, services
from ontology.contract import Change
from ontology.selectors.kernel import native_schema, read_documents

__all__ = ["NAME", "TerminusWorld", "labelled", "make_world"]

NAME = "fleet"
_TYPES: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("Thing", {"isAbstract": True, "properties": {"label": "string"}}),
    (
        "Carrier",
        {
            "parents": ["Thing"],
            "primaryKey": ["code"],
            "properties": {
                "name": "string",
                "code": "string",
                "founded": "date",
                "fleetSize": "integer",
                "rating": "double",
                "active": "boolean",
                "revenue": "decimal",
                "tags": ["string"],
                "opens": "time",
                "seen": "timestamp",
            },
        },
    ),
    ("LowCost", {"parents": ["Carrier"], "properties": {"bagFee": "decimal"}}),
    ("Airport", {"parents": ["Thing"], "properties": {"name": "string", "iata": "string"}}),
    ("Flight", {"properties": {"number": "string"}}),
)
_LINKS = {
    "operatedBy": ("Flight", "Carrier"),
    "origin": ("Flight", "Airport"),
    "destination": ("Flight", "Airport"),
    "next": ("Flight", "Flight"),
    "partner": ("Carrier", "Carrier"),
}
#: Label -> class and members; relations lead to labels.
_DOCUMENTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "r1": (
        "Carrier",
        {
            "name": "Asiana",
            "code": "OZ",
            "founded": "1988-02-17",
            "fleetSize": 68,
            "rating": 4.5,
            "active": True,
            "revenue": "1234.50",
            "tags": ["star", "kr"],
            "opens": "08:30:00Z",
            "seen": "2026-07-05T01:02:03Z",
            "partner": ["r2"],
        },
    ),
    "r2": (
        "LowCost",
        {
            "name": "Air Busan",
            "code": "BX",
            "fleetSize": 9,
            "rating": 3.0,
            "active": False,
            "bagFee": 20,
            "tags": ["kr"],
        },
    ),
    "r3": (
        "Carrier",
        {"name": 'Korean "Air" 대한', "code": "KE", "fleetSize": 160, "rating": 4.5},
    ),
    "a1": ("Airport", {"name": "Incheon", "iata": "ICN", "label": "x"}),
    "a2": ("Airport", {"name": "Gimpo", "iata": "GMP"}),
    "f1": (
        "Flight",
        {
            "number": "OZ102",
            "operatedBy": ["r1"],
            "origin": ["a1"],
            "destination": ["a2"],
            "next": ["f2"],
        },
    ),
    "f2": (
        "Flight",
        {
            "number": "OZ103",
            "operatedBy": ["r1"],
            "origin": ["a2"],
            "destination": ["a1"],
            "next": ["f3"],
        },
    ),
    "f3": ("Flight", {"number": "BX1", "operatedBy": ["r2"], "origin": ["a2"]}),
    "g1": ("Flight", {"next": ["g2", "g3"]}),
    "g2": ("Flight", {"next": ["g4"]}),
    "g3": ("Flight", {"next": ["g4"]}),
    "g4": ("Flight", {"next": ["g1"]}),
}


def make_world() -> dict[str, str]:
    """Make the ontology; label -> ``rid``."""
    services.create_ontology(name=NAME, base_iri="https://example.org/fleet/")
    changes = [
        Change("create", kind="ObjectType", fields={"apiName": name, **_fields(fields)})
        for name, fields in _TYPES
    ]
    changes += [
        Change(
            "create",
            kind="LinkType",
            fields={"apiName": name, "sources": [source], "targets": [target]},
        )
        for name, (source, target) in _LINKS.items()
    ]
    services.commit_changes(ontology=NAME, changes=changes, message="Types")
    plain = [
        {"@type": kind, **{n: v for n, v in members.items() if n not in _LINKS}}
        for kind, members in _DOCUMENTS.values()
    ]
    made = services.insert_documents(ontology=NAME, documents=plain, message="Objects")
    ids = dict(zip(_DOCUMENTS, made.ids, strict=True))
    related = [
        {"@type": kind, "@id": ids[label], **_related(members, ids)}
        for label, (kind, members) in _DOCUMENTS.items()
        if set(members) & set(_LINKS)
    ]
    services.update_documents(ontology=NAME, documents=related, message="Relations")
    return {label: name.partition("/")[2] for label, name in ids.items()}


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    properties = [
        {"apiName": name, "dataTypes": [kind], "required": name == "code"}
        if isinstance(kind, str)
        else {"apiName": name, "dataTypes": [kind[0]], "array": {}}
        for name, kind in fields.get("properties", {}).items()
    ]
    return {**fields, "properties": properties}


def _related(members: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: [ids[label] for label in value] if name in _LINKS else value
        for name, value in members.items()
    }


def labelled(value: Any, rids: Mapping[str, str]) -> Any:
    """JSON with labels in the places of ``rid``s."""
    text = json.dumps(value, default=_number)
    for label, rid in rids.items():
        text = text.replace(rid, label)
    return json.loads(text)


def unlabelled(value: Any, rids: Mapping[str, str]) -> Any:
    """JSON with ``rid``s in the places of labels."""
    text = json.dumps(value)
    pattern = re.compile(r"(Carrier|LowCost|Airport|Flight)/([a-z]\d)\b")
    return json.loads(pattern.sub(lambda found: f"{found[1]}/{rids[found[2]]}", text))


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value))


class TerminusWorld:
    """The same documents in a database of a real TerminusDB.

    Args:
        url: of the server; with user and key in it.
    """

    def __init__(self, url: str, database: str, rids: Mapping[str, str]) -> None:
        self._client = httpx.Client(base_url=url, timeout=60)
        self._database = database
        self._rids = rids

    def make(self) -> None:
        """Make the database, over one of that name."""
        self.drop()
        prefixes = dict(selectors.native_context(ontology=NAME))
        prefixes.pop("@type")
        self._ask(
            "POST",
            f"db/admin/{self._database}",
            {"label": NAME, "comment": "", "schema": True, "prefixes": prefixes},
        )
        self._insert("schema", [*native_schema(ontology=NAME)])
        found = read_documents(ontology=NAME).documents
        self._insert("instance", labelled([*found], self._rids))

    def drop(self) -> None:
        """Delete it, if it is there."""
        self._client.delete(f"/api/db/admin/{self._database}")

    def ask(self, query: Any) -> dict[str, Any]:
        """The answer to a query."""
        return self._ask("POST", f"woql/admin/{self._database}/local/branch/main", {"query": query})

    def _insert(self, graph: str, documents: Any) -> None:
        path = f"document/admin/{self._database}?graph_type={graph}&author=test&message=test"
        self._ask("POST", path, documents)

    def _ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        answer = self._client.request(method, f"/api/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found
