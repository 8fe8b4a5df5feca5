"""Hostile and clumsy documents: refused before any resolver or any SQL of theirs runs."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.identity.contract import Role
from ontology import services
from tests.integration.graphql.conftest import RESPONSE_JSON, GraphQLClient

pytestmark = pytest.mark.django_db


def deep(levels: int) -> str:
    return "{" + "a{" * (levels - 1) + "b" + "}" * levels


def doubling(levels: int) -> str:
    """Each fragment spreads the next one twice: 2^levels fields in a few lines."""
    parts = ["query { ...F0 }"]
    parts += [
        f"fragment F{n} on Query {{ a: node(id: 1) {{ id }} ...F{n + 1} ...F{n + 1} }}"
        for n in range(levels)
    ]
    parts.append(f"fragment F{levels} on Query {{ __typename }}")
    return " ".join(parts)


BOMBS = {
    "depth": (deep(21), "levels"),
    "depth beyond recursion": (deep(3000), "levels"),
    "fields": ("{" + " ".join(f"f{n}" for n in range(40)) + " a{" + "b " * 2000 + "}}", "fields"),
    "aliases": ("{ x {" + " ".join(f"a{n}: __typename" for n in range(201)) + "} }", "aliases"),
    "root fields": ("{" + " ".join(f"a{n}: __typename" for n in range(51)) + "}", "root fields"),
    "fragments": (
        "{ __typename } "
        + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(101)),
        "fragments",
    ),
    "fragments that double": (doubling(60), "root fields"),
    "directives at one place": (
        "{ __typename " + "@skip(if: false) " * 5 + "}",
        "directives at one place",
    ),
    "directives": (
        "{" + " ".join(f"f{n} @skip(if: false)" for n in range(40))
        + " a {" + " ".join(f"g{n} @skip(if: false)" for n in range(61)) + "} }",
        "directives",
    ),
}  # fmt: skip


#: Queries of a request that runs nothing: whose token it is.
WHO_ASKS = 1


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_anything_runs(graphql: GraphQLClient, name: str) -> None:
    text, bound = BOMBS[name]
    graphql.data("{ __typename }")
    tracemalloc.start()
    began = time.monotonic()
    with CaptureQueriesContext(connection) as queries:
        answer = graphql.ask(text)
    taken = time.monotonic() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "data" not in answer
    error = answer["errors"][0]
    assert error["extensions"]["code"] == "graphql_too_complex", error
    assert error["extensions"]["data"]["bound"] == bound
    assert graphql.answer.status_code == 400
    assert len(queries) == WHO_ASKS
    assert peak < 50 * 1024 * 1024
    assert taken < 10  # a hang, not a measurement


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("{ " + "__typename " * 20_000 + "}", "OMS_GRAPHQL_MAX_QUERY_BYTES"),
        ("{ " + "a " * 11_000 + "}", "OMS_GRAPHQL_MAX_TOKENS"),
    ],
)
def test_a_long_document_is_not_even_parsed(
    graphql: GraphQLClient, text: str, setting: str
) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = graphql.ask(text)
    assert "data" not in answer
    assert len(queries) == WHO_ASKS
    assert graphql.answer.status_code == 400


def test_fields_of_one_name_do_not_hold_up_validation(graphql: GraphQLClient) -> None:
    """The rule about overlapping fields compares each with each."""
    began = time.monotonic()
    answer = graphql.ask("{ ontologies { " + "pageInfo { hasNextPage } " * 900 + "} }")
    assert time.monotonic() - began < 15
    assert "errors" not in answer or answer["errors"][0]["extensions"]["code"] != "internal"


def test_fragments_in_a_circle_are_refused(graphql: GraphQLClient) -> None:
    answer = graphql.ask("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }")
    assert "data" not in answer
    assert answer["errors"][0]["message"] == "Cannot spread fragment 'A' within itself via 'B'."


NESTED = """query($n: Int) { ontologies(first: 500) { nodes {
  branches(first: $n) { nodes { head { commitId } } } } } }"""


def test_what_would_cost_too_much_is_not_run(graphql: GraphQLClient) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = graphql.ask(NESTED, {"n": 500})
    assert "data" not in answer
    extensions = answer["errors"][0]["extensions"]
    assert extensions["code"] == "graphql_too_costly"
    assert extensions["data"] == {"cost": 501_001, "max": 20_000}
    assert len(queries) == WHO_ASKS


def test_an_answer_says_what_it_cost(graphql: GraphQLClient) -> None:
    answer = graphql.ask(NESTED, {"n": 5})
    # 1 list; 500 ontologies, each with 1 list of 5 branches, each with its head.
    assert answer["extensions"] == {
        "cost": {"requested": 1 + 500 * (1 + 1 + 5 * (1 + 1)), "max": 20_000}
    }


def test_the_size_of_a_page_counts_where_it_is_a_default_of_a_variable(
    graphql: GraphQLClient,
) -> None:
    text = NESTED.replace("$n: Int", "$n: Int = 500")
    assert graphql.ask(text)["errors"][0]["extensions"]["code"] == "graphql_too_costly"


@pytest.mark.parametrize("literal", [True, False])
def test_every_id_counts(graphql: GraphQLClient, literal: bool) -> None:
    ids = ["T250b2xvZ3k6eA=="] * 7
    if literal:
        answer = graphql.ask("{ nodes(ids: " + json.dumps(ids) + ") { id } }")
    else:
        answer = graphql.ask("query($ids: [ID!]!) { nodes(ids: $ids) { node: id } }", {"ids": ids})
    assert answer["data"] == {"nodes": [None] * 7}
    assert answer["extensions"]["cost"]["requested"] == 7


def test_a_batch_is_answered_in_order(graphql: GraphQLClient) -> None:
    answer = graphql.http.post(
        "/graphql",
        data=json.dumps([{"query": "{ a: __typename }"}, {"query": "{ b: __typename nope }"}]),
        content_type="application/json",
        headers={**graphql.headers, "Accept": RESPONSE_JSON},
    )
    first, second = json.loads(answer.content)
    assert first["data"] == {"a": "Query"}
    assert "data" not in second
    assert answer.status_code == 400


def test_a_large_batch_is_refused_before_its_first_operation(graphql: GraphQLClient) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = graphql.http.post(
            "/graphql",
            data=json.dumps([{"query": "{ ontologies { nodes { name } } }"}] * 11),
            content_type="application/json",
            headers=graphql.headers,
        )
    assert answer.status_code == 400
    assert json.loads(answer.content)["errors"][0]["extensions"]["code"] == "graphql_bad_batch"
    assert len(queries) == WHO_ASKS


def test_a_query_is_given_up_when_its_time_is_over(
    graphql: GraphQLClient, settings: Any, as_system: None
) -> None:
    services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
    settings.OMS_GRAPHQL_TIMEOUT = 1e-9
    answer = graphql.ask("{ ontologies { nodes { name } } }")
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "graphql_timeout"
    assert answer["errors"][0]["extensions"]["retryable"] is True


def test_nothing_is_run_for_who_is_not_signed_in() -> None:
    client = GraphQLClient(None)
    with CaptureQueriesContext(connection) as queries:
        answer = client.http.post(
            "/graphql",
            data=json.dumps({"query": "{ ontologies { nodes { name } } }"}),
            content_type="application/json",
        )
    assert answer.status_code == 401
    assert len(queries) == 0


# -- the schema itself -----------------------------------------------------------------------------


INTROSPECTION = "{ __schema { queryType { name } } }"


def test_only_some_roles_see_the_schema(graphql_as: Any, settings: Any) -> None:
    settings.OMS_GRAPHQL_INTROSPECTION = "role"
    viewer, editor = graphql_as(Role.VIEWER), graphql_as(Role.EDITOR)
    refused = viewer.ask(INTROSPECTION)
    assert "data" not in refused
    assert refused["errors"][0]["extensions"]["code"] == "introspection_denied"
    assert editor.data(INTROSPECTION) == {"__schema": {"queryType": {"name": "Query"}}}
    nested = viewer.ask('query { ...F } fragment F on Query { __type(name: "Query") { name } }')
    assert nested["errors"][0]["extensions"]["code"] == "introspection_denied"
    assert viewer.data("{ __typename }") == {"__typename": "Query"}


def test_the_text_of_the_schema_is_for_the_same_roles(graphql_as: Any) -> None:
    viewer, editor = graphql_as(Role.VIEWER), graphql_as(Role.EDITOR)
    assert viewer.http.get("/graphql/schema.graphql", headers=viewer.headers).status_code == 403
    answer = editor.http.get("/graphql/schema.graphql", headers=editor.headers)
    assert answer.status_code == 200
    assert "type Ontology implements Node" in answer.content.decode()


def test_introspection_can_be_shut_off(graphql: GraphQLClient, settings: Any) -> None:
    settings.OMS_GRAPHQL_INTROSPECTION = "nobody"
    assert graphql.ask(INTROSPECTION)["errors"][0]["extensions"]["code"] == "introspection_denied"


def test_a_mistake_tells_no_names_to_who_may_not_see_the_schema(
    graphql_as: Any, settings: Any
) -> None:
    settings.OMS_GRAPHQL_INTROSPECTION = "role"
    wrong = "{ ontologie { nodes { name } } ontology(nam: 1) { name } }"
    for_viewer = graphql_as(Role.VIEWER).ask(wrong)["errors"]
    for_editor = graphql_as(Role.EDITOR).ask(wrong)["errors"]
    assert not [one for one in for_viewer if "Did you mean" in one["message"]]
    assert [one for one in for_editor if "Did you mean" in one["message"]]


def test_a_wrong_variable_tells_no_names_either(graphql_as: Any, settings: Any) -> None:
    settings.OMS_GRAPHQL_INTROSPECTION = "role"
    answer = graphql_as(Role.VIEWER).ask(
        "mutation($i: CreateOntologyInput!) { createOntology(input: $i) { __typename } }",
        {"i": {"nam": "x", "baseIri": "https://example.org/"}},
    )
    assert answer["errors"]
    assert not [one for one in answer["errors"] if "Did you mean" in one["message"]]


# -- documents by their hash -----------------------------------------------------------------------


def persisted(text: str) -> dict[str, Any]:
    import hashlib

    return {
        "extensions": {
            "persistedQuery": {
                "version": 1,
                "sha256Hash": hashlib.sha256(text.encode()).hexdigest(),
            }
        }
    }


def test_a_document_is_known_by_its_hash_once_it_was_sent(graphql: GraphQLClient) -> None:
    text = "{ mine: __typename }"
    unknown = graphql.http.post(
        "/graphql", data=json.dumps(persisted(text)), content_type="application/json",
        headers=graphql.headers,
    )  # fmt: skip
    assert json.loads(unknown.content)["errors"][0]["message"] == "PersistedQueryNotFound"
    assert graphql.data(text, **persisted(text)) == {"mine": "Query"}
    again = graphql.http.post(
        "/graphql", data=json.dumps(persisted(text)), content_type="application/json",
        headers=graphql.headers,
    )  # fmt: skip
    assert json.loads(again.content)["data"] == {"mine": "Query"}


def test_a_hash_of_another_document_is_refused(graphql: GraphQLClient) -> None:
    answer = graphql.ask("{ a: __typename }", **persisted("{ b: __typename }"))
    assert answer["errors"][0]["extensions"]["code"] == "persisted_query_mismatch"


def test_only_registered_documents_are_run_where_that_is_wanted(
    graphql: GraphQLClient, settings: Any, tmp_path: Any
) -> None:
    text = "{ registered: __typename }"
    digest = persisted(text)["extensions"]["persistedQuery"]["sha256Hash"]
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({digest: text}))
    settings.OMS_GRAPHQL_DOCUMENTS = str(file)
    settings.OMS_GRAPHQL_ONLY_DOCUMENTS = True
    assert graphql.data(text) == {"registered": "Query"}
    answer = graphql.ask("{ other: __typename }")
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "document_not_registered"


# -- the door --------------------------------------------------------------------------------------


def test_a_session_needs_its_token(administrator: Any) -> None:
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator)
    body = {"data": json.dumps({"query": "{ __typename }"}), "content_type": "application/json"}
    refused = client.post("/graphql", **body)
    assert refused.status_code == 403
    assert json.loads(refused.content)["errors"][0]["extensions"]["code"] == "csrf_failed"
    page = client.get("/graphql", headers={"Accept": "text/html"})
    token = page.content.decode().partition('data-token="')[2].partition('"')[0]
    assert client.post("/graphql", headers={"X-CSRFToken": token}, **body).status_code == 200


def test_nothing_is_changed_by_get(graphql: GraphQLClient) -> None:
    answer = graphql.http.get(
        "/graphql",
        {"query": 'mutation { deleteOntology(ontology: "x") { __typename } }'},
        headers=graphql.headers,
    )
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_an_unexpected_error_tells_nothing(
    graphql: GraphQLClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ontology import selectors

    def broken(**_arguments: Any) -> Any:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(selectors, "get_ontology", broken)
    answer = graphql.ask('{ ontology(name: "x") { name } }')
    assert answer["errors"][0]["extensions"]["code"] == "internal"
    assert "hunter2" not in graphql.answer.content.decode()


@pytest.mark.parametrize(
    "operations",
    ['{"query": "{ __typename }", "variables": {"f": "x"}}', "[]", "{", '"text"'],
)
def test_a_form_that_is_wrong_is_told(graphql: GraphQLClient, operations: str) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    answer = graphql.http.post(
        "/graphql",
        {
            "operations": operations,
            "map": '{"0": ["variables.f"]}',
            "0": SimpleUploadedFile("a.txt", b"text"),
        },
        headers=graphql.headers,
    )
    assert answer.status_code == 400
    assert json.loads(answer.content)["errors"][0]["extensions"]["code"] == "graphql_bad_request"
