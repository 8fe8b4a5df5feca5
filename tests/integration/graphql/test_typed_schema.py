"""What an ontology's definitions become in its typed schema."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInterfaceType, GraphQLObjectType
from graphql.type.validate import validate_schema

from oms_project.core.context import SYSTEM, acting_as
from oms_project.graphql.executor import Row
from oms_project.graphql.fields import declared_needs, undeclared_fields
from oms_project.identity.contract import Role
from ontology import services
from ontology.contract import Change
from ontology.demo.seed import seed
from ontology.domain.kinds import Kind
from ontology.graphql.typed import typed_schema
from tests.integration.graphql.conftest import GraphQLClient
from tests.integration.graphql.typed import built, made, part, prop, schema_of, typed, written
from tests.integration.instances.conftest import Commit, thing

pytestmark = [pytest.mark.django_db, pytest.mark.data]

DATA_TYPES = {
    "flag": "boolean",
    "number": "integer",
    "big": "long",
    "exact": "decimal(10,2)",
    "ratio": "double",
    "text": "string",
    "words": "langString",
    "day": "date",
    "moment": "timestamp",
    "clock": "time",
    "lasting": "duration",
    "link": "uri",
    "mark": "uuid",
    "bytes": "binary",
    "anything": "json",
    "place": "geopoint",
    "shape": "geoshape",
    "embedding": "vector(3)",
}
SCALARS = {
    "flag": "Boolean",
    "number": "Int",
    "big": "Long",
    "exact": "Decimal",
    "ratio": "Float",
    "text": "String",
    "words": "LangString",
    "day": "Date",
    "moment": "DateTime",
    "clock": "Time",
    "lasting": "Duration",
    "link": "Uri",
    "mark": "Uuid",
    "bytes": "Base64",
    "anything": "JSON",
    "place": "GeoPoint",
    "shape": "GeoShape",
    "embedding": "Vector",
}


def test_the_schema_of_the_demo_is_valid_and_every_root_field_says_what_it_needs(db: None) -> None:
    seed()
    schema = schema_of("logistics")
    schema._validation_errors = None  # it is made as valid; here it is looked at
    assert validate_schema(schema) == []
    assert undeclared_fields(schema) == []
    assert {need for kind, _, need in declared_needs(schema) if kind == "mutation"} == {
        "ontology.write",
        "actions.run",
    }
    assert validate_schema(written("logistics")) == []


def test_every_data_type_has_its_scalar(db: None) -> None:
    properties = [prop(name, data_type) for name, data_type in DATA_TYPES.items()]
    made("values", ("ObjectType", {"apiName": "Sample", "properties": properties}))
    sample = written("values").type_map["Sample"]
    assert typed(sample, *DATA_TYPES) == SCALARS


def test_lists_structs_value_types_enums_and_several_types(db: None) -> None:
    made(
        "forms",
        ("EnumType", {"apiName": "Size", "members": [{"code": "S"}, {"code": "L"}]}),
        ("ValueType", {"apiName": "Percent", "baseType": "decimal(5,2)"}),
        (
            "StructType",
            {"apiName": "Spot", "fields": [prop("row", "integer", required=True)]},
        ),
        (
            "ObjectType",
            {
                "apiName": "Crate",
                "properties": [
                    prop("size", "Size"),
                    prop("sizes", "Size", array={}),
                    prop("share", "Percent"),
                    prop("spot", "Spot"),
                    prop("spots", "Spot", array={}),
                    prop("tags", "string", array={}),
                    prop("either", "string", "integer"),
                ],
            },
        ),
    )
    schema = written("forms")
    assert typed(
        schema.type_map["Crate"], "size", "sizes", "share", "spot", "spots", "tags", "either"
    ) == {
        "size": "Size",
        "sizes": "[Size!]",
        "share": "Decimal",
        "spot": "Spot",
        "spots": "[Spot!]",
        "tags": "[String!]",
        "either": "JSON",
    }
    assert typed(schema.type_map["Spot"]) == {"row": "Int"}
    assert typed(schema.type_map["SpotInput"]) == {"row": "Int!"}
    given = typed(schema.type_map["CrateCreateInput"], "spot", "spots", "size")
    assert given == {"spot": "SpotInput", "spots": "[SpotInput!]", "size": "Size"}
    assert typed(schema.type_map["CrateFilter"], "tags", "spot", "spots", "either", "size") == {
        "tags": "StringListFilter",
        "spot": "SpotFilter",
        "spots": "PresenceFilter",
        "either": "PresenceFilter",
        "size": "SizeFilter",
    }


def test_types_with_subtypes_are_interfaces_too(people: None, commit: Commit) -> None:
    commit(
        Change(op="create", kind="ObjectType", fields={"apiName": "Manager", "parents": ["Person"]})
    )
    schema = written("people")
    types = schema.type_map
    assert isinstance(types["Party"], GraphQLInterfaceType)
    assert isinstance(types["Person"], GraphQLObjectType)
    assert isinstance(types["AnyPerson"], GraphQLInterfaceType)
    assert isinstance(types["Manager"], GraphQLObjectType)
    names = {
        name: {one.name for one in getattr(types[name], "interfaces", ())}
        for name in ("Person", "Manager", "AnyPerson", "Company")
    }
    assert names == {
        "Person": {"OmsNode", "OmsObject", "AnyPerson", "Party"},
        "Manager": {"OmsNode", "OmsObject", "AnyPerson", "Party"},
        "AnyPerson": {"OmsNode", "OmsObject", "Party"},
        "Company": {"OmsNode", "OmsObject", "Party"},
    }
    query = types["Query"]
    assert typed(query, "person", "party", "manager") == {
        "person": "AnyPerson",
        "party": "Party",
        "manager": "Manager",
    }
    assert "createParty" not in types["Mutation"].fields  # type: ignore[union-attr]


def test_a_property_that_a_subtype_has_in_another_form_is_not_in_the_interface() -> None:
    """An import may bring what a commit is refused for."""
    types = built(
        ("base", Kind.OBJECT_TYPE, {"apiName": "Base", "properties": [part("a"), part("b")]}),
        (
            "sub",
            Kind.OBJECT_TYPE,
            {"apiName": "Sub", "parents": ["base"], "properties": [part("a", "integer")]},
        ),
    ).type_map
    assert "a" not in types["AnyBase"].fields
    assert typed(types["AnyBase"], "b") == {"b": "String"}
    assert typed(types["Base"], "a", "b") == {"a": "String", "b": "String"}
    assert typed(types["Sub"], "a", "b") == {"a": "Int", "b": "String"}


def test_codes_that_are_no_names_are_mapped() -> None:
    enum = {"apiName": "Odd", "members": [{"code": "A-1"}, {"code": "A_1"}, {"code": "true"}]}
    rid = str(uuid.uuid4())
    schema = built(
        (rid, Kind.ENUM_TYPE, enum),
        ("t", Kind.OBJECT_TYPE, {"apiName": "Thing", "properties": [part("odd", rid)]}),
    )
    odd, field = schema.type_map["Odd"], schema.type_map["Thing"].fields["odd"]
    assert list(odd.values) == ["A_1_", "A_1", "true_"]
    assert odd.values["A_1_"].description == "Original name: `A-1`."
    stored = field.resolve(Row({"odd": "A-1"}), None)
    assert odd.coerce_output_value(stored) == "A_1_"
    assert odd.coerce_input_value("true_") == "true"


def test_links_are_fields_in_both_directions(people: None) -> None:
    types = written("people").type_map
    assert typed(types["Person"], "employer", "insuresSources") == {
        "employer": "Company",
        "insuresSources": "InsuresLinkSourcesConnection!",
    }
    assert typed(types["Company"], "employees", "owns", "ownsSources", "insures") == {
        "employees": "WorksForLinkSourcesConnection!",
        "owns": "OwnsLinkTargetsConnection!",
        "ownsSources": "OwnsLinkSourcesConnection!",
        "insures": "InsuresLinkTargetsConnection!",
    }
    assert typed(types["WorksForLinkSourcesEdge"]) == {
        "cursor": "String!",
        "node": "Person!",
        "link": "WorksForLink!",
    }
    assert typed(types["WorksForLink"], "_source", "_target", "since") == {
        "_source": "Person",
        "_target": "Company",
        "since": "Date",
    }
    assert typed(types["PersonFilter"], "employer", "_and") == {
        "employer": "CompanyFilter",
        "_and": "[PersonFilter!]",
    }


def test_names_that_clash_or_cannot_be_are_mapped_and_told(
    graphql: GraphQLClient, db: None
) -> None:
    made(
        "names",
        ("ObjectType", {"apiName": "Query", "properties": [prop("first", "string")]}),
        (
            "ObjectType",
            {
                "apiName": "Thing",
                "primaryKey": ["source"],
                "properties": [
                    prop("source", "string", required=True),
                    prop("parts", "string"),
                ],
            },
        ),
        ("ObjectType", {"apiName": "ThingFilter", "properties": [prop("a", "string")]}),
        (
            "LinkType",
            {
                "apiName": "hasPart",
                "sources": ["Thing"],
                "targets": ["Thing"],
                "targetName": "parts",
                "sourceName": "whole",
            },
        ),
    )
    types = written("names").type_map
    assert isinstance(types["Query_"], GraphQLObjectType)
    assert "Original name: `Query`." in str(types["Query_"].description)
    assert isinstance(types["ThingFilter"], GraphQLObjectType)
    assert str(types["Query"].fields["thingList"].args["filter"].type) == "ThingFilter_"  # type: ignore[union-attr]
    assert typed(types["Thing"], "parts", "hasPartTargets", "whole") == {
        "parts": "String",
        "hasPartTargets": "HasPartLinkTargetsConnection!",
        "whole": "HasPartLinkSourcesConnection!",
    }
    graphql.path = "/graphql/names"
    told = graphql.data("{ _names { kind owner original name } }")["_names"]
    assert {(one["kind"], one["owner"], one["original"], one["name"]) for one in told} == {
        ("LinkEnd", "hasPart", "parts", "hasPartTargets"),
        ("LinkType", "", "hasPart", "HasPartLink"),
        ("ObjectType", "", "Query", "Query_"),
    }
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology="names", changes=[thing("Thing", source="x")], message="One"
        )
    found = graphql.data('{ thing(source: "x") { source parts } query_List { nodes { _id } } }')
    assert found == {
        "thing": {"source": "x", "parts": None},
        "query_List": {"nodes": []},
    }


def test_what_is_deprecated_is_said(db: None) -> None:
    made(
        "old",
        (
            "EnumType",
            {
                "apiName": "Kind",
                "members": [{"code": "NEW"}, {"code": "OLD", "status": "deprecated"}],
            },
        ),
        (
            "ObjectType",
            {
                "apiName": "Person",
                "properties": [
                    prop("kind", "Kind"),
                    prop(
                        "fax",
                        "string",
                        status="deprecated",
                        deprecation={"since": "2.0", "reason": {"en": "Nobody faxes."}},
                    ),
                ],
            },
        ),
    )
    types = written("old").type_map
    person, kind = types["Person"], types["Kind"]
    assert isinstance(kind, GraphQLEnumType)
    assert isinstance(person, GraphQLObjectType)
    assert person.fields["fax"].deprecation_reason == "Nobody faxes. Since 2.0."
    assert person.fields["kind"].deprecation_reason is None
    assert kind.values["OLD"].deprecation_reason == "Deprecated."
    given: Any = types["PersonCreateInput"]
    assert given.fields["fax"].deprecation_reason == "Nobody faxes. Since 2.0."


def test_descriptions_are_english_or_what_there_is(db: None) -> None:
    made(
        "words",
        (
            "ObjectType",
            {
                "apiName": "Ship",
                "description": {"ko": "배", "en": "It floats."},
                "properties": [
                    prop("load", "decimal", description={"ko": "짐"}, unit="t"),
                    prop("name", "string", displayName={"en": "Name"}),
                ],
            },
        ),
    )
    ship = written("words").type_map["Ship"]
    assert isinstance(ship, GraphQLObjectType)
    assert ship.description == "It floats."
    assert ship.fields["load"].description == "짐 In t."
    assert ship.fields["name"].description == "Name"


def test_commits_of_data_share_a_schema_and_those_of_definitions_do_not(
    people: None, commit: Commit
) -> None:
    with acting_as(SYSTEM):
        first = typed_schema("people")
        commit(thing("Company", code="acme", name="Acme"))
        second = typed_schema("people")
        assert first.key == second.key
        assert first.schema.type_map is second.schema.type_map
        assert first.schema.place.commit != second.schema.place.commit  # type: ignore[attr-defined]
        before = commit(
            Change(op="create", kind="ObjectType", fields={"apiName": "Robot"})
        ).changes.from_commit
        third = typed_schema("people")
        assert third.key != first.key
        assert "Robot" in third.schema.type_map
        assert typed_schema("people", before).key == first.key
        assert "Robot" not in typed_schema("people", before).schema.type_map


def test_only_what_is_asked_for_is_built(graphql: GraphQLClient, staff: None) -> None:
    services.commit_changes(
        ontology="people",
        changes=[
            Change(op="create", kind="ObjectType", fields={"apiName": f"Extra{number}"})
            for number in range(100)
        ],
        message="Many",
    )
    graphql.path = "/graphql/people"
    data = graphql.data("{ companyList(first: 1) { nodes { code } } }")
    assert data == {"companyList": {"nodes": [{"code": "acme"}]}}
    types = schema_of("people").type_map
    assert len(types) > 1000
    assert len(list(dict.keys(types))) < 100


def test_the_sdl_is_for_who_may_introspect_and_read(
    graphql: GraphQLClient, graphql_as: Any, people: None
) -> None:
    answer = graphql.http.get("/graphql/people/schema.graphql", headers=graphql.headers)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/graphql; charset=utf-8"
    assert "type Person implements" in answer.content.decode()
    stranger = graphql_as()
    refused = stranger.http.get("/graphql/people/schema.graphql", headers=stranger.headers)
    assert refused.status_code == 403
    assert "Person" not in refused.content.decode()
    for name, status in (("missing", 404), ("people/schema.graphql?ref=none", 404)):
        path = f"/graphql/{name}" if "/" in name else f"/graphql/{name}/schema.graphql"
        answer = graphql.http.get(path, headers=graphql.headers)
        assert answer.status_code == status
        assert answer.json()["code"].endswith("_not_found")
    here = graphql_as(Role.EDITOR, "other", name="neighbour")
    services.create_ontology(name="other", base_iri="https://example.org/other/")
    allowed = here.http.get("/graphql/other/schema.graphql", headers=here.headers)
    assert allowed.status_code == 200
    denied = here.http.get("/graphql/people/schema.graphql", headers=here.headers)
    assert (denied.status_code, denied.json()["code"]) == (403, "permission_denied")


def test_a_browser_is_shown_graphiql_for_the_ontology(graphql: GraphQLClient, people: None) -> None:
    page = graphql.http.get(
        "/graphql/people?ref=main", headers={**graphql.headers, "Accept": "text/html"}
    )
    assert page.status_code == 200
    assert page["Content-Type"].startswith("text/html")
    assert "/graphql/people?ref=main" in page.content.decode()
