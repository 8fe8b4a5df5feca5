"""The official client of TerminusDB, pointed at OMS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from terminusdb_client import WOQLClient, WOQLQuery
from terminusdb_client.errors import DatabaseError, InterfaceError

from oms_project.core.context import SYSTEM, acting_as
from oms_project.identity.contract import Role
from oms_project.identity.models import RoleBinding
from oms_project.identity.services.service_accounts import create_service_account
from ontology import services
from ontology.contract import Change
from tests.conftest import MakePerson, tokens_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.data]

Connect = Callable[..., WOQLClient]
W = WOQLQuery
BASE = "https://example.org/shop/data/"


@pytest.fixture
def shop() -> None:
    text = {"dataTypes": ["string"]}
    with acting_as(SYSTEM):
        services.create_ontology(name="shop", base_iri="https://example.org/shop/")
        services.commit_changes(
            ontology="shop",
            message="Types",
            changes=[
                Change(
                    "create",
                    kind="ObjectType",
                    fields={"apiName": "Product", "properties": [{"apiName": "name", **text}]},
                ),
                Change("create", kind="ObjectType", fields={"apiName": "Shop"}),
                Change(
                    "create",
                    kind="LinkType",
                    fields={"apiName": "sells", "sources": ["Shop"], "targets": ["Product"]},
                ),
            ],
        )


@pytest.fixture
def connect(shop: None, person: MakePerson, live_server: Any) -> Connect:
    token = tokens_of(person("ed", Role.EDITOR)).access

    def connected(**options: Any) -> WOQLClient:
        client = WOQLClient(f"{live_server.url}/terminusdb")
        client.connect(**{"team": "oms", "db": "shop", "user": "ed", "key": token, **options})
        return client

    return connected


def test_documents_go_in_and_out(connect: Connect) -> None:
    client = connect()
    assert client.ok()
    made = client.insert_document([{"@type": "Product", "name": "Tea"}, {"@type": "Shop"}])
    tea, shop = (name.removeprefix(BASE) for name in made)
    rid = tea.partition("/")[2]
    document = {"@id": tea, "@type": "Product", "name": "Tea", "oms_rid": rid}
    assert client.get_document(tea) == document
    assert client.has_doc(tea)
    assert not client.has_doc("Product/5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10")
    client.replace_document({**client.get_document(shop), "sells": [tea]}, commit_msg="Sold")
    assert client.get_document(shop)["sells"] == [tea]
    assert list(client.get_documents_by_type("Product")) == [document]
    assert list(client.query_document({"@type": "Product"})) == [document]
    assert {item["@id"] for item in client.get_all_documents(graph_type="schema")} >= {
        "Product", "Shop", "OmsObject"
    }  # fmt: skip
    client.delete_document([tea])
    assert [item["@id"] for item in client.get_all_documents()] == [shop]


def test_a_long_body_comes_compressed(connect: Connect) -> None:
    client = connect()
    made = client.insert_document([{"@type": "Product", "name": "Tea" * 100}] * 5)
    assert len(made) == 5
    found = client.query(W().count("v:n").triple("v:a", "rdf:type", "@schema:Product"))
    assert found["bindings"] == [{"n": {"@type": "xsd:decimal", "@value": 5}}]


def test_queries_read_and_write(connect: Connect) -> None:
    client = connect()
    client.insert_document([{"@type": "Product", "name": name} for name in ("Tea", "Salt")])
    query = W().woql_and(W().isa("v:a", "Product"), W().triple("v:a", "name", "v:n"))
    found = client.query(query)
    assert sorted(row["n"]["@value"] for row in found["bindings"]) == ["Salt", "Tea"]
    streamed = client.query(query, streaming=True)
    assert streamed.variable_names() == ["a", "n"]
    before, version = client.query(query, get_data_version=True)
    assert before == found
    gone = client.query(
        W().woql_and(W().triple("v:a", "name", W().string("Tea")), W().delete_document("v:a")),
        commit_msg="No more tea",
    )
    assert gone == "Commit successfully made."
    assert [row["n"]["@value"] for row in client.query(query)["bindings"]] == ["Salt"]
    old = connect(ref=version.removeprefix("branch:"))
    assert old.query(query)["bindings"] == found["bindings"]
    with pytest.raises(DatabaseError, match="moved"):
        client.insert_document({"@type": "Product"}, last_data_version=version)


def test_what_is_refused_is_said_so_that_the_client_understands(connect: Connect) -> None:
    client = connect()
    with pytest.raises(DatabaseError, match="AddTriple") as refused:
        client.query(W().add_triple("Product/x", "name", W().string("x")))
    assert refused.value.status_code == 422
    with pytest.raises(DatabaseError, match="Nobody"):
        client.insert_document({"@type": "Nobody"})


def test_who_asks_is_known_by_what_the_client_sends(
    connect: Connect, person: MakePerson, live_server: Any
) -> None:
    token = tokens_of(person("ann", Role.VIEWER)).access
    for options in ({"key": token, "user": "anybody"}, {"api_token": token, "use_token": True}):
        assert connect(**options).query(W().isa("v:a", "Product"))["bindings"] == []
    jwt = connect(use_token=True, jwt_token=token)
    with pytest.raises(DatabaseError) as refused:
        jwt.insert_document({"@type": "Product", "name": "Tea"})
    assert refused.value.status_code == 403
    with pytest.raises(InterfaceError):
        connect(key="wrong")
    with pytest.raises(InterfaceError):
        connect(db="nowhere")
    assert not jwt.has_database("nowhere")
    assert jwt.list_databases() == ["shop"]


def test_a_service_account_asks_with_its_secret(connect: Connect) -> None:
    with acting_as(SYSTEM):
        made = create_service_account(username="etl")
    RoleBinding.objects.create(user_id=made.account.id, role=Role.EDITOR)
    client = connect(user=made.account.client_id, key=made.secret)
    assert client.insert_document({"@type": "Product", "name": "Tea"})
    with pytest.raises(InterfaceError):
        connect(user=made.account.client_id, key=made.secret + "x")
