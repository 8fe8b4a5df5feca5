"""Graphs made up by hypothesis: the terms that mean something, put together in any way."""

from __future__ import annotations

import pyoxigraph as ox
from hypothesis import strategies as st

from tests.unit.interop.laws import BASE

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_SCHEMA = "https://schema.org/"

_THINGS = [ox.NamedNode(BASE + name) for name in "ABCDEabc"] + [ox.NamedNode(BASE[:-1])]
_BLANKS = [ox.BlankNode(f"b{number}") for number in range(6)]
_TYPES = [
    ox.NamedNode(iri)
    for iri in (
        *(_OWL + n for n in ("Class", "ObjectProperty", "DatatypeProperty", "Ontology")),
        *(_OWL + n for n in ("FunctionalProperty", "SymmetricProperty", "NamedIndividual")),
        *(_RDFS + n for n in ("Class", "Datatype")),
        *(_SKOS + n for n in ("Concept", "ConceptScheme")),
        _RDF + "Property",
        _RDF + "List",
        _SCHEMA + "DataType",
    )
]
_DATATYPES = [ox.NamedNode(_XSD + n) for n in ("string", "int", "decimal")]
_PREDICATES = [
    ox.NamedNode(iri)
    for iri in (
        *(_RDFS + n for n in ("label", "comment", "subClassOf", "subPropertyOf")),
        *(_RDFS + n for n in ("domain", "range")),
        *(_OWL + n for n in ("equivalentClass", "inverseOf", "oneOf", "unionOf", "deprecated")),
        *(_OWL + n for n in ("onDatatype", "withRestrictions", "equivalentProperty")),
        *(_SKOS + n for n in ("inScheme", "prefLabel", "exactMatch", "definition")),
        *(_SCHEMA + n for n in ("domainIncludes", "rangeIncludes", "supersededBy", "inverseOf")),
        *(_RDF + n for n in ("first", "rest")),
        _XSD + "minInclusive",
        "http://purl.org/dc/terms/isReplacedBy",
        BASE + "p",
        BASE + "a",
    )
]
_TYPE = ox.NamedNode(_RDF + "type")
_LITERALS = [
    ox.Literal("x"),
    ox.Literal("y", language="en"),
    ox.Literal("z", language="en"),
    ox.Literal("1", datatype=ox.NamedNode(_XSD + "int")),
    ox.Literal(True),
]
_NIL = ox.NamedNode(_RDF + "nil")

_subjects = st.sampled_from([*_THINGS, *_BLANKS])
_typings = st.builds(
    ox.Quad,
    _subjects,
    st.just(_TYPE),
    st.sampled_from([*_TYPES, *_TYPES, *_THINGS, *_BLANKS[:1]]),
)
_statements = st.builds(
    ox.Quad,
    _subjects,
    st.sampled_from(_PREDICATES),
    st.sampled_from([*_THINGS, *_BLANKS, *_DATATYPES, *_LITERALS, _NIL]),
)


@st.composite
def _lists(draw: st.DrawFn) -> list[ox.Quad]:
    """A list of things, and what it is the list of."""
    items = draw(st.lists(st.sampled_from([*_THINGS, *_BLANKS, *_LITERALS]), max_size=3))
    number = draw(st.integers(0, 3))
    cells = [ox.BlankNode(f"l{number}x{place}") for place in range(len(items))]
    found = [
        ox.Quad(draw(_subjects), draw(st.sampled_from(_PREDICATES)), [*cells, _NIL][0]),
    ]
    for cell, item, rest in zip(cells, items, [*cells, _NIL][1:], strict=True):
        found.append(ox.Quad(cell, ox.NamedNode(_RDF + "first"), item))
        found.append(ox.Quad(cell, ox.NamedNode(_RDF + "rest"), rest))
    return found


_ENUM = ox.NamedNode(BASE + "Enum")
_SCHEME = ox.NamedNode(BASE + "Scheme")


@st.composite
def _usual(draw: st.DrawFn) -> list[ox.Quad]:
    """What vocabularies say: classes, individuals of them, an enum, a concept scheme."""
    name = {node.value[len(BASE) :]: node for node in _THINGS}
    classes, properties = [name[n] for n in "ABC"], [name[n] for n in "DE"]
    owl_class = ox.NamedNode(_OWL + "Class")
    found = [ox.Quad(node, _TYPE, owl_class) for node in classes if draw(st.booleans())]
    found.extend(
        ox.Quad(node, _TYPE, draw(st.sampled_from(_TYPES)))
        for node in properties
        if draw(st.booleans())
    )
    for letter in "abc":
        if draw(st.booleans()):
            above = draw(st.sampled_from([*classes, _ENUM]))
            found.append(ox.Quad(name[letter], _TYPE, above))
    if draw(st.booleans()):
        items = draw(st.sampled_from([[name["a"], name["b"]], [_LITERALS[0]], [name["c"]]]))
        cells = [ox.BlankNode(f"e{place}") for place in range(len(items))]
        found.append(ox.Quad(_ENUM, _TYPE, draw(st.sampled_from(_TYPES))))
        found.append(ox.Quad(_ENUM, ox.NamedNode(_OWL + "oneOf"), cells[0]))
        for cell, item, rest in zip(cells, items, [*cells, _NIL][1:], strict=True):
            found.append(ox.Quad(cell, ox.NamedNode(_RDF + "first"), item))
            found.append(ox.Quad(cell, ox.NamedNode(_RDF + "rest"), rest))
    if draw(st.booleans()):
        found.append(ox.Quad(_SCHEME, _TYPE, ox.NamedNode(_SKOS + "ConceptScheme")))
        for letter in draw(st.sampled_from(["a", "bc", "abc"])):
            found.append(ox.Quad(name[letter], _TYPE, ox.NamedNode(_SKOS + "Concept")))
            found.append(ox.Quad(name[letter], ox.NamedNode(_SKOS + "inScheme"), _SCHEME))
    return found


@st.composite
def graphs(draw: st.DrawFn) -> list[ox.Quad]:
    """Quads of one graph, in an order that says nothing."""
    found = (
        draw(_usual())
        + draw(st.lists(_typings, max_size=10))
        + draw(st.lists(_statements, max_size=20))
    )
    for part in draw(st.lists(_lists(), max_size=2)):
        found.extend(part)
    return found
