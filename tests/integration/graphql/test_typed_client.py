"""A client that a code generator (sgqlc) makes from the SDL of a typed endpoint."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from graphql import build_schema, introspection_from_schema
from sgqlc.endpoint.base import BaseEndpoint
from sgqlc.operation import Operation
from sgqlc.types import Variable, non_null

from ontology.demo.seed import seed
from tests.integration.graphql.conftest import GraphQLClient

pytestmark = [pytest.mark.django_db, pytest.mark.data]


class Endpoint(BaseEndpoint):
    """Sends what the generated client writes through the whole of Django."""

    def __init__(self, client: GraphQLClient) -> None:
        self.client = client

    def __call__(self, query: Any, variables: Any = None, operation_name: Any = None) -> Any:
        text = bytes(query).decode() if isinstance(query, Operation) else str(query)
        return self.client.ask(text, variables)


@pytest.fixture
def logistics(graphql: GraphQLClient, db: None) -> GraphQLClient:
    seed()
    graphql.path = "/graphql/logistics"
    return graphql


def generated(client: GraphQLClient, folder: Path) -> ModuleType:
    """The module that the generator writes from the SDL that the endpoint gives out."""
    sdl = client.http.get(f"{client.path}/schema.graphql", headers=client.headers)
    assert sdl.status_code == 200
    described = folder / "schema.json"
    described.write_text(
        json.dumps({"data": introspection_from_schema(build_schema(sdl.content.decode()))})
    )
    module = folder / "logistics_client.py"
    command = [sys.executable, "-m", "sgqlc.codegen", "schema", "--docstrings"]
    subprocess.run([*command, str(described), str(module)], check=True, timeout=120)
    spec = importlib.util.spec_from_file_location("logistics_client", module)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_a_generated_client_reads_and_writes(logistics: GraphQLClient, tmp_path: Path) -> None:
    client = generated(logistics, tmp_path)
    endpoint = Endpoint(logistics)

    reading = Operation(client.Query)
    listed = reading.shipment_list(
        first=2,
        filter=client.ShipmentFilter(status=client.ShipmentStatusFilter(in_=["BOOKED"])),
        order_by=["code_ASC"],
    )
    listed.total_count()
    nodes = listed.nodes()
    nodes.code()
    nodes.gross_weight()
    nodes.legs(first=5).nodes().code()
    nodes.customer().code()
    found = (reading + endpoint(reading)).shipment_list
    assert found.total_count == 2
    assert [node.code for node in found.nodes] == ["S-2026-004", "S-2026-005"]
    assert Decimal(found.nodes[0].gross_weight) == Decimal("9600.25")
    assert [leg.code for leg in found.nodes[0].legs.nodes] == ["L-2026-004-1"]
    assert found.nodes[0].customer.code == "K-MERLION"

    places = Operation(client.Query)
    each = places.location_list(first=50).nodes()
    each._id()
    each.__as__(client.Port).un_locode()
    each.__as__(client.Warehouse).capacity()
    kinds = {type(node).__name__ for node in (places + endpoint(places)).location_list.nodes}
    assert kinds == {"Port", "Warehouse"}

    good = {"unLocode": "KRULS", "name": {"en": "Ulsan"}, "maxDraught": "14.20"}
    port = created(client, endpoint, good)
    assert type(port).__name__ == "PortWritten"
    assert (port.node.un_locode, port.node.max_draught) == ("KRULS", "14.2")
    problem = created(client, endpoint, {**good, "unLocode": "no"})
    assert type(problem).__name__ == "InvalidProblem"
    assert problem.code == "invalid_state"


def created(client: ModuleType, endpoint: Endpoint, values: dict[str, Any]) -> Any:
    """What the client makes of the answer when a port is created."""
    wanted = {"values": non_null(client.PortCreateInput)}
    writing = Operation(client.Mutation, name="Create", variables=wanted)
    written = writing.create_port(values=Variable("values"))
    written.__as__(client.PortWritten).node().__fields__("un_locode", "max_draught")
    written.__as__(client.InvalidProblem).__fields__("code", "detail")
    return (writing + endpoint(writing, {"values": values})).create_port
