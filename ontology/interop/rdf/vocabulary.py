"""IRIs of the vocabularies that have a meaning for the mapping, and what they mean."""

from __future__ import annotations

from ontology.domain.datatypes import DATATYPE_IRIS
from ontology.domain.kinds import Kind

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
DCTERMS = "http://purl.org/dc/terms/"
DC = "http://purl.org/dc/elements/1.1/"
SCHEMAS = ("https://schema.org/", "http://schema.org/")
#: What plain RDF cannot say is written with terms of this namespace.
OMS = "urn:oms:vocab:"
#: Subject of an instance without an IRI of its own.
OMS_RID = "urn:oms:rid:"

TYPE = RDF + "type"
FIRST = RDF + "first"
REST = RDF + "rest"
NIL = RDF + "nil"
JSON = RDF + "JSON"
LANG_STRING = RDF + "langString"
DIR_LANG_STRING = RDF + "dirLangString"
STRING = XSD + "string"
LABEL = RDFS + "label"
COMMENT = RDFS + "comment"
SUB_CLASS = RDFS + "subClassOf"
SUB_PROPERTY = RDFS + "subPropertyOf"
DOMAIN = RDFS + "domain"
RANGE = RDFS + "range"
CLASS = RDFS + "Class"
DATATYPE = RDFS + "Datatype"
RDFS_LITERAL = RDFS + "Literal"
PROPERTY = RDF + "Property"
OWL_CLASS = OWL + "Class"
OBJECT_PROPERTY = OWL + "ObjectProperty"
DATATYPE_PROPERTY = OWL + "DatatypeProperty"
ANNOTATION_PROPERTY = OWL + "AnnotationProperty"
FUNCTIONAL = OWL + "FunctionalProperty"
INVERSE_FUNCTIONAL = OWL + "InverseFunctionalProperty"
SYMMETRIC = OWL + "SymmetricProperty"
TRANSITIVE = OWL + "TransitiveProperty"
ONTOLOGY = OWL + "Ontology"
DEPRECATED = OWL + "deprecated"
EQUIVALENT_CLASS = OWL + "equivalentClass"
EQUIVALENT_PROPERTY = OWL + "equivalentProperty"
INVERSE_OF = OWL + "inverseOf"
UNION_OF = OWL + "unionOf"
ONE_OF = OWL + "oneOf"
ON_DATATYPE = OWL + "onDatatype"
WITH_RESTRICTIONS = OWL + "withRestrictions"
IMPORTS = OWL + "imports"
CONCEPT_SCHEME = SKOS + "ConceptScheme"
CONCEPT = SKOS + "Concept"
IN_SCHEME = SKOS + "inScheme"
TOP_CONCEPT_OF = SKOS + "topConceptOf"
HAS_TOP_CONCEPT = SKOS + "hasTopConcept"
PREF_LABEL = SKOS + "prefLabel"
DEFINITION = SKOS + "definition"
REPLACED_BY = DCTERMS + "isReplacedBy"

#: Marks how the RDF said something, where OMS itself would say it in another way. It stands in
#: the annotations of a document and is never written as a triple.
FORM = OMS + "form"
#: Names a field that is not to be there; ``DOCUMENT`` for the whole document.
UNSET = OMS + "unset"
DOCUMENT = "document"

CLASS_TYPES = frozenset({CLASS, OWL_CLASS})
PROPERTY_TYPES = frozenset({PROPERTY, DATATYPE_PROPERTY, OBJECT_PROPERTY, ANNOTATION_PROPERTY})
#: Types that only a property can have, and that say it relates two things.
LINK_CHARACTERISTICS = frozenset(
    {
        SYMMETRIC,
        TRANSITIVE,
        INVERSE_FUNCTIONAL,
        OWL + "AsymmetricProperty",
        OWL + "ReflexiveProperty",
        OWL + "IrreflexiveProperty",
    }
)
CHARACTERISTICS = LINK_CHARACTERISTICS | {FUNCTIONAL}
SCHEMA_DATA_TYPES = frozenset(base + "DataType" for base in SCHEMAS)

DOMAINS = frozenset({DOMAIN, *(s + "domainIncludes" for s in SCHEMAS)})
RANGES = frozenset({RANGE, *(s + "rangeIncludes" for s in SCHEMAS)})
INVERSES = frozenset({INVERSE_OF, *(s + "inverseOf" for s in SCHEMAS)})
REPLACEMENTS = frozenset(
    {
        REPLACED_BY,
        *(s + "supersededBy" for s in SCHEMAS),
        "http://purl.obolibrary.org/obo/IAO_0100001",
        "https://brickschema.org/schema/Brick#isReplacedBy",
    }
)
EQUIVALENCES = frozenset({EQUIVALENT_CLASS, EQUIVALENT_PROPERTY})
#: Where a label (a description) is taken from when the usual property is missing.
LABELS = (LABEL, PREF_LABEL, DCTERMS + "title", DC + "title")
COMMENTS = (COMMENT, DEFINITION, DCTERMS + "description", DC + "description")
MATCHES = {
    SKOS + name: name
    for name in ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
}

#: rdf:type values that a kind is written with when nothing says otherwise.
DEFAULT_TYPES: dict[Kind, tuple[str, ...]] = {
    Kind.OBJECT_TYPE: (OWL_CLASS,),
    Kind.INTERFACE: (OWL_CLASS,),
    Kind.SHARED_PROPERTY: (DATATYPE_PROPERTY,),
    Kind.LINK_TYPE: (OBJECT_PROPERTY,),
    Kind.VALUE_TYPE: (DATATYPE,),
    Kind.ENUM_TYPE: (OWL_CLASS,),
}
#: rdf:type values that a kind stands for.
KIND_TYPES: dict[Kind, frozenset[str]] = {
    Kind.OBJECT_TYPE: CLASS_TYPES,
    Kind.INTERFACE: CLASS_TYPES,
    Kind.SHARED_PROPERTY: PROPERTY_TYPES,
    Kind.LINK_TYPE: PROPERTY_TYPES,
    Kind.VALUE_TYPE: CLASS_TYPES | {DATATYPE},
    Kind.ENUM_TYPE: CLASS_TYPES | {DATATYPE, CONCEPT_SCHEME},
}

_NEAREST = {
    "string": "normalizedString token language Name NCName NMTOKEN ID IDREF ENTITY QName "
    "hexBinary gYear gYearMonth gMonth gMonthDay gDay anySimpleType",
    "integer": "nonNegativeInteger positiveInteger nonPositiveInteger negativeInteger unsignedLong",
    "long": "int short byte unsignedInt unsignedShort unsignedByte",
    "double": "float",
    "timestamp": "dateTimeStamp",
    "duration": "dayTimeDuration yearMonthDuration",
}
#: Datatypes without a data type of their own -> the data type whose values cover them.
NEAREST: dict[str, str] = {
    XSD + local: name for name, locals_ in _NEAREST.items() for local in locals_.split()
} | {
    RDF + "PlainLiteral": "langString",
    RDF + "XMLLiteral": "string",
    RDF + "HTML": "string",
    OWL + "real": "decimal",
    OWL + "rational": "decimal",
}
#: Datatype IRI -> data type, for everything that is known.
DATA_TYPES: dict[str, str] = NEAREST | {iri: name for name, iri in DATATYPE_IRIS.items()}
#: Local names of schema.org's data types -> data type.
SCHEMA_BASES: dict[str, str] = {
    base + local: name
    for base in SCHEMAS
    for local, name in {
        "Text": "string",
        "Number": "decimal",
        "Integer": "integer",
        "Float": "double",
        "Boolean": "boolean",
        "Date": "date",
        "DateTime": "timestamp",
        "Time": "time",
        "URL": "uri",
    }.items()
}
#: XSD facet <-> constraint, in the order they are written.
FACETS: dict[str, str] = {
    XSD + "minInclusive": "minimum",
    XSD + "maxInclusive": "maximum",
    XSD + "minExclusive": "exclusiveMinimum",
    XSD + "maxExclusive": "exclusiveMaximum",
    XSD + "minLength": "minLength",
    XSD + "maxLength": "maxLength",
    XSD + "pattern": "pattern",
}

#: Prefixes that need no declaration to be used when a name clash is resolved.
WELL_KNOWN_PREFIXES: dict[str, str] = {
    RDF: "rdf",
    RDFS: "rdfs",
    OWL: "owl",
    XSD: "xsd",
    SKOS: "skos",
    DCTERMS: "dcterms",
    DC: "dc",
    SCHEMAS[0]: "schema",
    SCHEMAS[1]: "schema",
    "http://xmlns.com/foaf/0.1/": "foaf",
    "http://www.w3.org/ns/dcat#": "dcat",
    "http://rdfs.org/ns/void#": "void",
    "http://purl.org/dc/dcmitype/": "dcmitype",
    "http://www.w3.org/ns/shacl#": "sh",
    "http://www.w3.org/ns/prov#": "prov",
}
