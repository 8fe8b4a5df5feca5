"""WOQL as a tree: what is taken, and what is refused with its name and its place."""

from __future__ import annotations

from typing import Any

import pytest
from terminusdb_client import WOQLQuery as W

from oms_project.core.errors import Invalid
from ontology.domain.woql import (
    SUPPORTED,
    ast,
    check_reading,
    has_writes,
    meets_records,
    names,
    parse,
    writes,
)

TRIPLE = W().triple("v:a", "name", "v:n").to_dict()


def refused(query: Any) -> tuple[str, str]:
    with pytest.raises(Invalid) as error:
        parse(query)
    return error.value.error_code, error.value.errors[0]["field"]


def test_a_triple_has_variables_nodes_and_literals() -> None:
    assert parse(TRIPLE) == ast.Triple(
        ast.Variable("a"), ast.Node("name", "/predicate/node"), ast.Variable("n")
    )
    query = parse(W().triple("v:a", "size", W().literal("068", "xsd:integer")).to_dict())
    assert isinstance(query, ast.Triple)
    assert query.object == ast.Data("xsd:integer", "68")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"@type": "xsd:decimal", "@value": "1234.50"}, ast.Data("xsd:decimal", "1234.5")),
        ({"@type": "xsd:double", "@value": "4.50"}, ast.Data("xsd:double", "4.5")),
        ({"@type": "xsd:boolean", "@value": 1}, ast.Data("xsd:boolean", "true")),
        ({"@type": "xsd:boolean", "@value": False}, ast.Data("xsd:boolean", "false")),
        (
            {"@type": "http://www.w3.org/2001/XMLSchema#string", "@value": "x"},
            ast.Data("xsd:string", "x"),
        ),
        ("x", ast.Data("xsd:string", "x")),
        (68, ast.Data("xsd:decimal", "68")),
        (True, ast.Data("xsd:boolean", "true")),
    ],
)
def test_equal_literals_are_spelled_alike(given: Any, kept: ast.Data) -> None:
    query = parse({**TRIPLE, "object": {"@type": "Value", "data": given}})
    assert isinstance(query, ast.Triple)
    assert query.object == kept


@pytest.mark.parametrize(
    ("query", "code", "place"),
    [
        ([], "woql_invalid", ""),
        ({}, "woql_invalid", "/@type"),
        ({"@type": "Triple"}, "woql_invalid", "/subject"),
        ({"@type": "And", "and": {}}, "woql_invalid", "/and"),
        ({"@type": "And", "and": [TRIPLE, {"@type": "Bogus"}]}, "woql_unsupported", "/and/1"),
        ({"@type": "Not"}, "woql_invalid", "/query"),
        ({"@type": "Limit", "limit": -1, "query": TRIPLE}, "woql_invalid", "/limit"),
        ({"@type": "Limit", "limit": True, "query": TRIPLE}, "woql_invalid", "/limit"),
        ({**TRIPLE, "subject": {"@type": "NodeValue"}}, "woql_invalid", "/subject"),
        ({**TRIPLE, "subject": {"@type": "Nope", "node": "x"}}, "woql_invalid", "/subject/@type"),
        (
            {**TRIPLE, "object": {"@type": "Value", "data": {"@type": "xsd:integer", "@value": "x"}}},
            "woql_invalid",
            "/object/data/@value",
        ),
        ({**TRIPLE, "graph": "schema"}, "woql_unsupported", "/graph"),
        (W().add_triple("a", "b", "c").to_dict(), "woql_unsupported", ""),
        (W().using("other/db", W().triple("v:a", "b", "v:c")).to_dict(), "woql_unsupported", ""),
        (
            {"@type": "OrderBy", "ordering": [["v:n", "desc"]], "query": TRIPLE},
            "woql_invalid",
            "/ordering/0",
        ),
        (
            {"@type": "Not", "query": W().delete_document("x").to_dict()},
            "woql_unsupported",
            "/query",
        ),
        (
            W().path("v:a", {"@type": "PathTimes", "from": 3, "to": 1,
                             "times": {"@type": "PathPredicate"}}, "v:b").to_dict(),
            "woql_invalid",
            "/pattern/to",
        ),
        ({**TRIPLE, "subject": {"@type": "NodeValue", "variable": "a b"}}, "woql_invalid",
         "/subject/variable"),
    ],
)  # fmt: skip
def test_what_is_refused_says_where(query: Any, code: str, place: str) -> None:
    assert refused(query) == (code, place)


def test_an_operator_that_is_not_supported_is_named() -> None:
    with pytest.raises(Invalid, match="Eval") as error:
        parse({"@type": "Eval"})
    assert error.value.data == {"operator": "Eval", "supported": list(SUPPORTED)}


def test_size_and_depth_are_bounded() -> None:
    deep: dict[str, Any] = TRIPLE
    for _ in range(100):
        deep = {"@type": "Not", "query": deep}
    assert refused(deep)[0] == "woql_too_complex"
    assert refused({"@type": "And", "and": [TRIPLE] * 3000})[0] == "woql_too_complex"


def test_a_document_may_be_json_or_a_template() -> None:
    template = {
        "@type": "Value",
        "dictionary": {
            "@type": "DictionaryTemplate",
            "data": [
                {
                    "@type": "FieldValuePair",
                    "field": "@type",
                    "value": {"@type": "Value", "data": {"@type": "xsd:string", "@value": "Pilot"}},
                },
                {
                    "@type": "FieldValuePair",
                    "field": "name",
                    "value": {"@type": "Value", "variable": "n"},
                },
            ],
        },
    }
    expected = {"@type": "Pilot", "name": ast.Variable("n")}
    for document in (template, {"@type": "Pilot", "name": "v:n"}):
        query = parse({"@type": "InsertDocument", "document": document})
        assert isinstance(query, ast.WriteDocument)
        assert query.document == expected


def test_variables_are_named_as_far_as_they_are_seen() -> None:
    inner = W().woql_and(W().triple("v:a", "name", "v:n"), W().triple("v:a", "code", "v:c"))
    assert names(parse(inner.to_dict())) == ("a", "n", "c")
    assert names(parse(W().select("v:n", inner).to_dict())) == ("n",)
    assert names(parse(W().count("v:x", inner).to_dict())) == ("x",)
    assert names(parse(W().group_by("v:a", ["v:n"], "v:g", inner).to_dict())) == (
        "a",
        "n",
        "c",
        "g",
    )


def test_writes_are_found_wherever_they_stand() -> None:
    delete = W().delete_document("v:a").to_dict()
    query = {
        "@type": "Select",
        "variables": ["a"],
        "query": {"@type": "And", "and": [TRIPLE, delete]},
    }
    assert has_writes(query)
    assert writes(parse(query))
    assert not has_writes(TRIPLE)
    assert not writes(parse(TRIPLE))


@pytest.mark.parametrize(
    "query",
    [
        W().using("admin/other", W().triple("v:a", "b", "v:c")).to_dict(),
        {"@type": "From", "graph": "x", "query": TRIPLE},
        {"@type": "Into", "graph": "x", "query": TRIPLE},
        {"@type": "Get", "resource": {"@type": "QueryResource", "source": {"url": "http://x"}}},
        {"@type": "AddTriple"},
        {"@type": "Size", "resource": "_system"},
        {"@type": "TripleCount", "resource": "_system"},
        {"@type": "And", "and": [TRIPLE, {"@type": "Not", "query": {"@type": "DeleteTriple"}}]},
        {"@type": "Select", "query": TRIPLE, "variables": [{"@type": "Using", "query": TRIPLE}]},
        {**TRIPLE, "graph": "admin/other/local/branch/main/instance"},
        {"query": TRIPLE},
    ],
)
def test_what_is_asked_natively_reads_one_database(query: Any) -> None:
    with pytest.raises(Invalid):
        check_reading(query)


def test_reading_operators_may_go_to_the_home() -> None:
    check_reading(W().woql_and(W().isa("v:a", "Pilot"), W().eval(W().plus(1, 2), "v:x")).to_dict())


@pytest.mark.parametrize(
    ("query", "meets"),
    [
        (W().triple("v:a", "v:p", "v:o"), True),
        (W().triple("v:a", "rdf:type", "v:t"), True),
        (W().triple("v:a", "text", "v:t"), True),
        (W().triple("v:a", "@schema:kind", "v:t"), True),
        (W().isa("v:a", "v:t"), True),
        (W().path("v:a", ".", "v:b"), True),
        (W().count("v:n", W().triple("v:a", "rdf:type", "v:t")), True),
        (W().triple("Pilot/1", "v:p", "v:o"), False),
        (W().triple("v:a", "rdf:type", "@schema:Pilot"), False),
        (W().triple("v:a", "name", "v:n"), False),
        (W().path("v:a", "flies+", "v:b"), False),
        (W().isa("v:a", "Pilot"), False),
    ],
)
def test_what_asks_for_everything_would_meet_the_documents_of_oms(query: Any, meets: bool) -> None:
    assert meets_records(query.to_dict()) is meets
