"""What becomes what, rule by rule (docs/reference/rdf-mapping.md)."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.ids import derived_id
from ontology.domain.documents import Document
from ontology.domain.kinds import Kind
from ontology.interop.rdf import MappedOntology
from tests.unit.interop.laws import BASE, NAMESPACE, labels, named, run, turtle

_SUB_CLASS = "http://www.w3.org/2000/01/rdf-schema#subClassOf"


def _rid(kind: Kind, name: str) -> str:
    return derived_id(NAMESPACE, kind.value, BASE + name)


def _why(mapped: MappedOntology) -> set[tuple[str, str]]:
    return {(item.term.rpartition("#")[2], item.why) for item in mapped.report.unplaced}


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in body.items() if k not in ("apiName", "iri", "annotations")}


def test_a_class_has_texts_by_language_and_parents() -> None:
    mapped = turtle(
        """:Dog a owl:Class ; rdfs:subClassOf :Animal ;
             rdfs:label "Dog"@en, "개"@ko, "Hund" ; rdfs:comment "Barks." .
           :Animal a owl:Class ."""
    )
    assert labels(mapped) == ["ObjectType/Animal", "ObjectType/Dog"]
    assert named(mapped, "ObjectType/Dog") == {
        "apiName": "Dog",
        "iri": BASE + "Dog",
        "displayName": {"en": "Dog", "ko": "개", "@none": "Hund"},
        "description": {"@none": "Barks."},
        "parents": [_rid(Kind.OBJECT_TYPE, "Animal")],
    }
    assert mapped.report.unplaced_triples == 0


def test_a_second_text_in_one_language_is_an_annotation() -> None:
    mapped = turtle(':A a owl:Class ; rdfs:label "b"@en, "a"@en .')
    body = named(mapped, "ObjectType/A")
    assert body["displayName"] == {"en": "a"}
    assert [item["value"] for item in body["annotations"]] == [{"value": "b", "language": "en"}]
    assert _why(mapped) == {("label", "a second text in the same language")}


def test_definitions_of_skos_describe_what_has_no_comment() -> None:
    mapped = turtle(
        """:A a owl:Class ; skos:prefLabel "a" ; skos:definition "An a." .
           :B a owl:Class ; rdfs:label "b" ; skos:prefLabel "bb" ."""
    )
    assert named(mapped, "ObjectType/A")["displayName"] == {"@none": "a"}
    assert named(mapped, "ObjectType/A")["description"] == {"@none": "An a."}
    assert named(mapped, "ObjectType/B")["displayName"] == {"@none": "b"}


def test_what_is_not_defined_is_external_and_kept() -> None:
    mapped = turtle(":A a owl:Class ; rdfs:subClassOf owl:Thing, o:B .")
    body = named(mapped, "ObjectType/A")
    assert "parents" not in body
    assert [item["value"]["iri"] for item in body["annotations"]] == [
        "http://example.org/other#B",
        "http://www.w3.org/2002/07/owl#Thing",
    ]
    assert _why(mapped) == {("subClassOf", "refers to something that is not defined here")}


@pytest.mark.parametrize("first", ["A", "B", "C"])
def test_a_cycle_is_broken_in_one_place_whatever_comes_first(first: str) -> None:
    lines = {
        "A": ":A a owl:Class ; rdfs:subClassOf :B .",
        "B": ":B a owl:Class ; rdfs:subClassOf :C .",
        "C": ":C a owl:Class ; rdfs:subClassOf :A .",
    }
    order = [first, *(name for name in lines if name != first)]
    mapped = turtle("\n".join(lines[name] for name in order))
    assert named(mapped, "ObjectType/C")["parents"] == [_rid(Kind.OBJECT_TYPE, "A")]
    for name in "AB":
        assert "parents" not in named(mapped, f"ObjectType/{name}")
    assert _why(mapped) == {("subClassOf", "would close a cycle")}


def test_a_datatype_property_is_used_by_the_types_of_its_domain() -> None:
    mapped = turtle(
        """:A a owl:Class .  :B a owl:Class .
           :name a owl:DatatypeProperty ; rdfs:range xsd:string ;
             rdfs:domain [ a owl:Class ; owl:unionOf ( :A :B ) ] ."""
    )
    shared = _rid(Kind.SHARED_PROPERTY, "name")
    assert _plain(named(mapped, "SharedProperty/name")) == {"dataTypes": ["string"]}
    for name in "AB":
        owner = _rid(Kind.OBJECT_TYPE, name)
        assert named(mapped, f"ObjectType/{name}")["properties"] == [
            {
                "rid": derived_id(owner, BASE + "name"),
                "apiName": "name",
                "sharedProperty": shared,
            }
        ]
    assert mapped.report.unplaced_triples == 0


@pytest.mark.parametrize(
    ("datatype", "data_type"),
    [
        ("xsd:dateTime", "timestamp"),
        ("xsd:anyURI", "uri"),
        ("xsd:int", "long"),
        ("xsd:nonNegativeInteger", "integer"),
        ("xsd:float", "double"),
        ("xsd:gYear", "string"),
        ("rdf:langString", "langString"),
        ("schema:Text", "string"),
    ],
)
def test_datatypes_become_data_types(datatype: str, data_type: str) -> None:
    mapped = turtle(f":p a owl:DatatypeProperty ; rdfs:range {datatype} .")
    assert named(mapped, "SharedProperty/p")["dataTypes"] == [data_type]


def test_object_properties_are_links() -> None:
    mapped = turtle(
        """:A a owl:Class . :B a owl:Class .
           :has a owl:ObjectProperty, owl:FunctionalProperty ; rdfs:domain :A ; rdfs:range :B ;
             owl:inverseOf :of ; rdfs:subPropertyOf :linked .
           :of a owl:ObjectProperty, owl:InverseFunctionalProperty, owl:TransitiveProperty .
           :linked a owl:ObjectProperty, owl:SymmetricProperty ; rdfs:domain :A ; rdfs:range :A .
           :odd a owl:ObjectProperty, owl:SymmetricProperty ; rdfs:domain :A ; rdfs:range :B ."""
    )
    a, b = _rid(Kind.OBJECT_TYPE, "A"), _rid(Kind.OBJECT_TYPE, "B")
    assert _plain(named(mapped, "LinkType/has")) == {
        "sources": [a],
        "targets": [b],
        "inverseOf": _rid(Kind.LINK_TYPE, "of"),
        "parents": [_rid(Kind.LINK_TYPE, "linked")],
        "targetCardinality": {"max": 1},
    }
    assert _plain(named(mapped, "LinkType/of")) == {
        "sourceCardinality": {"max": 1},
        "transitive": True,
    }
    assert named(mapped, "LinkType/linked")["symmetric"] is True
    assert "symmetric" not in named(mapped, "LinkType/odd")


def test_a_property_of_values_and_objects_is_two_definitions_with_one_iri() -> None:
    mapped = turtle(
        """:A a owl:Class .
           :p a rdf:Property ; rdfs:label "p" ; schema:domainIncludes :A ;
             schema:rangeIncludes :A, xsd:string ; rdfs:seeAlso o:x ."""
    )
    assert labels(mapped) == ["LinkType/p", "ObjectType/A", "SharedProperty/pValue"]
    link, value = named(mapped, "LinkType/p"), named(mapped, "SharedProperty/pValue")
    assert link["iri"] == value["iri"] == BASE + "p"
    assert link["displayName"] == value["displayName"] == {"@none": "p"}
    assert link["targets"] == [_rid(Kind.OBJECT_TYPE, "A")]
    assert value["dataTypes"] == ["string"]
    assert len(link["annotations"]) == 2  # what has no place, and how it was said
    assert len(value["annotations"]) == 1
    assert [item["apiName"] for item in named(mapped, "ObjectType/A")["properties"]] == ["pValue"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("a rdf:Property ; rdfs:range :A", "LinkType"),
        ("a rdf:Property ; rdfs:range xsd:date", "SharedProperty"),
        ("a rdf:Property ; rdfs:range o:Unknown", "LinkType"),
        ("a rdf:Property ; rdfs:range rdfs:Literal", "SharedProperty"),
        ("a rdf:Property ; owl:inverseOf o:x", "LinkType"),
        ("a rdf:Property ; rdfs:subPropertyOf :link", "LinkType"),
        ("a rdf:Property ; rdfs:subPropertyOf [ ]", "SharedProperty"),
        ("a owl:AnnotationProperty", "SharedProperty"),
        ("a owl:SymmetricProperty", "LinkType"),
        ("a owl:FunctionalProperty", "SharedProperty"),
        ("rdfs:domain :A", "SharedProperty"),
        ("a owl:ObjectProperty ; rdfs:range :Colour", "SharedProperty"),
    ],
)
def test_the_kind_of_a_property_comes_from_its_ranges_and_types(said: str, kind: str) -> None:
    mapped = turtle(
        f""":A a owl:Class . :link a owl:ObjectProperty .
            :Colour a owl:Class ; owl:oneOf ( :red ) .
            :p {said} ."""
    )
    assert f"{kind}/p" in labels(mapped)
    assert len([label for label in labels(mapped) if label.endswith(("/p", "/pValue"))]) == 1


def test_schema_org_data_types_are_value_types() -> None:
    mapped = turtle(
        """schema:Text a rdfs:Class, schema:DataType .
           schema:URL a rdfs:Class ; rdfs:subClassOf schema:Text .
           :Selector a rdfs:Class ; rdfs:subClassOf schema:Text .
           schema:url a rdf:Property ; schema:rangeIncludes schema:URL, schema:Text ."""
    )
    assert named(mapped, "ValueType/Text")["baseType"] == "string"
    assert named(mapped, "ValueType/URL")["baseType"] == "uri"
    assert named(mapped, "ValueType/Selector")["baseType"] == "string"
    assert len(named(mapped, "SharedProperty/url")["dataTypes"]) == 2


def test_restricted_datatypes_are_value_types_with_constraints() -> None:
    mapped = turtle(
        """:Age a rdfs:Datatype ; owl:equivalentClass [ a rdfs:Datatype ;
             owl:onDatatype xsd:integer ;
             owl:withRestrictions ( [ xsd:minInclusive 0 ] [ xsd:maxExclusive 150 ] ) ] .
           :Adult a rdfs:Datatype ; owl:onDatatype :Age ;
             owl:withRestrictions ( [ xsd:minInclusive 18 ] ) .
           :Wrong a rdfs:Datatype ; owl:onDatatype xsd:string ;
             owl:withRestrictions ( [ xsd:minInclusive 1 ] [ xsd:pattern "(" ] ) ."""
    )
    assert _plain(named(mapped, "ValueType/Age")) == {
        "baseType": "integer",
        "constraints": {"minimum": 0, "exclusiveMaximum": 150},
    }
    assert "annotations" not in named(mapped, "ValueType/Age")
    assert named(mapped, "ValueType/Adult")["baseType"] == "integer"
    assert "constraints" not in named(mapped, "ValueType/Wrong")


def test_lists_of_individuals_are_enums() -> None:
    mapped = turtle(
        """:Colour a owl:Class ; owl:oneOf ( :red :Green :green ) .
           :red a :Colour ; rdfs:label "rot"@de ; :hex "f00" .
           :green owl:deprecated true ."""
    )
    assert labels(mapped) == ["EnumType/Colour"]
    members = named(mapped, "EnumType/Colour")["members"]
    assert [item["code"] for item in members] == ["red", "Green", "green_2"]
    assert members[0]["label"] == {"de": "rot"}
    assert len(members[0]["annotations"]) == 2
    assert members[2] == {"code": "green_2", "iri": BASE + "green", "status": "deprecated"}


def test_lists_of_texts_are_enums_with_legal_codes() -> None:
    mapped = turtle(
        """:Size a rdfs:Datatype ; owl:oneOf ( "S" "M" ) .
           :Stars a rdfs:Datatype ; owl:oneOf ( "1 star" "2 stars" ) ."""
    )
    assert named(mapped, "EnumType/Size")["members"] == [{"code": "S"}, {"code": "M"}]
    assert [item["code"] for item in named(mapped, "EnumType/Stars")["members"]] == [
        "_1_star",
        "_2_stars",
    ]


def test_a_class_that_is_more_than_its_members_stays_an_object_type() -> None:
    mapped = turtle(
        """:Planet a owl:Class ; owl:oneOf ( :Earth ) . :Earth a :Planet .
           :mass a owl:DatatypeProperty ; rdfs:domain :Planet ; rdfs:range xsd:double ."""
    )
    assert "ObjectType/Planet" in labels(mapped)
    assert [item.kind for item in mapped.documents if "_type" in item.body] == [Kind.OBJECT]


def test_a_flat_concept_scheme_is_an_enum() -> None:
    mapped = turtle(
        """:kinds a skos:ConceptScheme . :other a skos:ConceptScheme .
           :b a skos:Concept ; skos:inScheme :kinds ; skos:prefLabel "B"@en .
           :a a skos:Concept ; skos:topConceptOf :kinds .
           :c a skos:Concept ; skos:inScheme :kinds, :other ."""
    )
    members = named(mapped, "EnumType/kinds")["members"]
    assert [(item["code"], item.get("label")) for item in members] == [
        ("a", None),
        ("b", {"en": "B"}),
    ]
    assert sum(item.kind == Kind.RESOURCE for item in mapped.documents) == 2


def test_individuals_are_objects_of_one_class() -> None:
    mapped = turtle(
        """:B a owl:Class . :A a owl:Class .
           :x a :B, :A, o:Elsewhere ; rdfs:label "x" ."""
    )
    (found,) = (item for item in mapped.documents if item.kind == Kind.OBJECT)
    assert found.rid == derived_id(NAMESPACE, "Object", BASE + "x")
    assert found.body["_iri"] == BASE + "x"
    assert found.body["_type"] == _rid(Kind.OBJECT_TYPE, "A")
    assert len(found.body["_annotations"]) == 3


def test_a_class_that_is_an_individual_stays_one_definition() -> None:
    mapped = turtle(":Species a owl:Class . :Eagle a owl:Class, :Species .")
    assert labels(mapped) == ["ObjectType/Eagle", "ObjectType/Species"]
    assert named(mapped, "ObjectType/Eagle")["annotations"][0]["value"] == {"iri": BASE + "Species"}


def test_deprecation_and_mappings_are_fields() -> None:
    mapped = turtle(
        """:Old a owl:Class ; schema:supersededBy :New, o:Newer ; skos:exactMatch o:Old .
           :Gone a owl:Class ; owl:deprecated true ; owl:equivalentClass :New .
           :New a owl:Class ."""
    )
    assert _plain(named(mapped, "ObjectType/Old")) == {
        "status": "deprecated",
        "deprecation": {
            "replacedBy": sorted([_rid(Kind.OBJECT_TYPE, "New"), "http://example.org/other#Newer"])
        },
        "externalMappings": [{"relation": "exactMatch", "iri": "http://example.org/other#Old"}],
    }
    assert _plain(named(mapped, "ObjectType/Gone")) == {
        "status": "deprecated",
        "equivalentTo": [BASE + "New"],
    }


def test_expressions_are_kept_verbatim() -> None:
    mapped = turtle(
        """:A a owl:Class ; rdfs:subClassOf
             [ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom [ owl:oneOf (1 :x) ] ] ."""
    )
    owl = "http://www.w3.org/2002/07/owl#"
    integer = {"value": "1", "datatype": "http://www.w3.org/2001/XMLSchema#integer"}
    assert named(mapped, "ObjectType/A")["annotations"] == [
        {
            "predicate": _SUB_CLASS,
            "value": {
                "node": [
                    {
                        "predicate": "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
                        "value": {"iri": owl + "Restriction"},
                    },
                    {"predicate": owl + "onProperty", "value": {"iri": BASE + "p"}},
                    {
                        "predicate": owl + "someValuesFrom",
                        "value": {
                            "node": [
                                {
                                    "predicate": owl + "oneOf",
                                    "value": {"list": [integer, {"iri": BASE + "x"}]},
                                }
                            ]
                        },
                    },
                ]
            },
        }
    ]


def test_the_header_comes_from_the_ontology() -> None:
    mapped = turtle(
        '<http://example.org/family> a owl:Ontology ; rdfs:label "F"@en ; owl:versionInfo "2" .',
        header={"baseIri": BASE, "prefixes": {"o": "http://mine/"}, "defaultLanguage": "ko"},
    )
    assert mapped.documents == []
    header = dict(mapped.header)
    prefixes = header.pop("prefixes")
    assert header == {
        "baseIri": BASE,
        "defaultLanguage": "ko",
        "iri": "http://example.org/family",
        "displayName": {"en": "F"},
        "annotations": [
            {"predicate": "http://www.w3.org/2002/07/owl#versionInfo", "value": {"value": "2"}}
        ],
    }
    assert prefixes["o"] == "http://mine/"
    assert prefixes["skos"] == "http://www.w3.org/2004/02/skos/core#"


def test_names_are_mangled_and_clashes_get_the_prefix() -> None:
    text = """<http://example.org/family#3D-Model> a owl:Class .
              :Dataset a owl:Class . :dataset a owl:Class .
              <http://www.w3.org/ns/dcat#Dataset> a owl:Class . o:Dataset a owl:Class .
              <http://example.org/deep/Dataset/> a owl:Class . :Interface a owl:Class .
              <http://example.org/family#한국> a owl:Class ."""
    names = {
        "_3D_Model",
        "Dataset",
        "dataset_family",
        "Dataset_dcat",
        "Dataset_o",
        "Dataset_deep",
        "_Interface",
        "_uD55C_uAD6D",
    }
    mapped = turtle(text)
    assert {item.body["apiName"] for item in mapped.documents} == names
    backwards = turtle("\n".join(reversed(text.replace(" .", " .\n").splitlines())))
    assert labels(backwards) == labels(mapped)
    assert mapped.report.renamed["http://www.w3.org/ns/dcat#Dataset"] == "Dataset_dcat"


def test_what_exists_keeps_its_id_and_name() -> None:
    first = turtle(":A a owl:Class . :p a owl:DatatypeProperty ; rdfs:domain :A .")
    renamed = [
        Document(item.rid, item.kind, {**item.body, "apiName": "Mine"})
        if item.kind == Kind.OBJECT_TYPE
        else item
        for item in first.documents
    ]
    entry = {"rid": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "apiName": "own"}
    renamed = [
        Document(
            item.rid,
            item.kind,
            {**item.body, "properties": [{**item.body["properties"][0], **entry}]},
        )
        if "properties" in item.body
        else item
        for item in renamed
    ]
    again = turtle(
        ":A a owl:Class . :Mine a owl:Class . :p a owl:DatatypeProperty ; rdfs:domain :A .",
        existing=renamed,
    )
    body = named(again, "ObjectType/Mine")
    assert body["iri"] == BASE + "A"
    assert body["properties"] == [{**entry, "sharedProperty": _rid(Kind.SHARED_PROPERTY, "p")}]
    assert "ObjectType/Mine_family" in labels(again)


def test_ids_come_from_the_oms_terms_unless_they_are_taken() -> None:
    rid = "5f8c4f0e-6f43-4d2a-9c0b-8a52a8f1e0aa"
    mapped = turtle(f':A a owl:Class ; oms:rid "{rid}" . :B a owl:Class ; oms:rid "{rid}" .')
    assert sorted(item.rid for item in mapped.documents) == sorted(
        [rid, _rid(Kind.OBJECT_TYPE, "B")]
    )


def test_an_import_of_nothing_is_nothing() -> None:
    mapped = run(b"", syntax="turtle")
    assert (mapped.documents, mapped.header, mapped.report.triples) == ([], {"baseIri": BASE}, 0)
