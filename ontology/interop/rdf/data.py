"""Objects and links as the triples that they mean: values under their properties, links as
statements about their ends.

An export says values in OMS's own terms, so that they come back as they were; for questions they
are said in the ontology's terms as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyoxigraph as ox

from oms_project.core.canonical_json import dumps_text
from oms_project.core.ids import is_rid
from ontology.domain.datatypes import DATATYPE_IRIS, parse_data_type, value_problem
from ontology.domain.documents import Body, Document
from ontology.domain.instances.layout import Layout
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import INSTANCE_KINDS, NO_LANGUAGE, Kind
from ontology.domain.memory import MemoryState
from ontology.domain.schema import EffectiveProperty
from ontology.interop.rdf.graph import Term, to_oxigraph
from ontology.interop.rdf.subjects import subjects_of

__all__ = ["data_triples"]


def data_triples(
    documents: Iterable[Document], header: Body, *, rid_namespace: str
) -> Iterator[ox.Triple]:
    """The triples that the values of objects and links mean.

    A property's predicate is its IRI, or that of its shared property, or the base IRI and its name;
    a link is its type's IRI between its ends. Structs are blank nodes.

    Args:
        documents: all documents of a ref.
        header: body of the ``Ontology`` document.
        rid_namespace: as ``export_quads`` takes it.
    """
    held = [item for item in documents if item.kind != Kind.ONTOLOGY]
    if any(item.kind in INSTANCE_KINDS for item in held):
        yield from _Writer(held, str(header.get("baseIri") or ""), rid_namespace).triples()


class _Writer:
    def __init__(self, documents: list[Document], base: str, namespace: str) -> None:
        self._documents = documents
        self._base = base if base.endswith(("#", "/", ":")) else base + "#"
        self._rules = Rules(MemoryState(documents))
        self._subjects = subjects_of(documents, base, namespace, _is_legal)
        self._predicates: dict[tuple[str, str], ox.NamedNode | None] = {}

    def triples(self) -> Iterator[ox.Triple]:
        for document in self._documents:
            layout = (
                self._rules.layout(str(document.body.get("_type")))
                if document.kind in INSTANCE_KINDS
                else None
            )
            if layout is None:
                continue
            if document.kind == Kind.LINK:
                yield from self._link(document.body, layout)
            subject = _node(self._subjects[document.rid])
            if subject is not None:
                yield from self._values(subject, document.body, layout)

    def _link(self, body: Body, layout: Layout) -> Iterator[ox.Triple]:
        ends = [
            _node(self._subjects.get(str(body.get(role)), "")) for role in ("_source", "_target")
        ]
        predicate = _node(self._subjects.get(layout.rid, ""))
        if isinstance(predicate, ox.NamedNode) and ends[0] is not None and ends[1] is not None:
            yield ox.Triple(ends[0], predicate, ends[1])

    def _values(self, subject: Any, body: Body, layout: Layout) -> Iterator[ox.Triple]:
        for name, value in body.items():
            item = layout.properties.get(name)
            if item is not None:
                yield from self._said(subject, item.part, value)

    def _said(self, subject: Any, part: EffectiveProperty, value: Any) -> Iterator[ox.Triple]:
        predicate = self._predicate(part)
        if predicate is None:
            return
        for one in value if part.array is not None and isinstance(value, list) else [value]:
            for term, more in self._terms(part, one):
                yield ox.Triple(subject, predicate, term)
                yield from more

    def _terms(
        self, part: EffectiveProperty, value: Any
    ) -> Iterator[tuple[Any, Iterable[ox.Triple]]]:
        """What stands for a value, with triples about it when that is a node."""
        data_type = self._type_of(part, value)
        if data_type is not None and is_rid(data_type):
            document = self._rules.schema.get(data_type)
            if document is not None and document.kind == Kind.STRUCT_TYPE:
                node = ox.BlankNode()
                yield node, self._fields(node, data_type, value)
                return
            if document is not None and document.kind == Kind.ENUM_TYPE:
                for member in document.body.get("members", ()):
                    iri = _node(str(member.get("iri") or ""))
                    if member["code"] == value and iri is not None:
                        yield iri, ()
                        return
                yield ox.Literal(str(value)), ()
                return
            data_type = str(document.body.get("baseType")) if document is not None else "string"
        for term in _literals(data_type or "string", value):
            yield term, ()

    def _fields(self, node: Any, struct: str, value: Any) -> Iterator[ox.Triple]:
        for part in self._rules.schema.own_properties(struct):
            if isinstance(value, Mapping) and value.get(part.api_name) is not None:
                yield from self._said(node, part, value[part.api_name])

    def _type_of(self, part: EffectiveProperty, value: Any) -> str | None:
        """Which of a property's data types a value is of."""
        for text in part.data_types:
            if is_rid(text) or value_problem(parse_data_type(text), value) is None:
                return text
        return part.data_types[0] if part.data_types else None

    def _predicate(self, part: EffectiveProperty) -> ox.NamedNode | None:
        key = (part.owner, part.rid)
        if key not in self._predicates:
            iri = part.declaration.get("iri") or (
                self._subjects.get(part.shared) if part.shared else None
            )
            found = _node(str(iri or self._base + part.api_name))
            self._predicates[key] = found if isinstance(found, ox.NamedNode) else None
        return self._predicates[key]


def _literals(data_type: str, value: Any) -> Iterator[Any]:
    name = parse_data_type(data_type).name
    if name == "langString" and isinstance(value, Mapping):
        for tag, text in value.items():
            yield ox.Literal(text) if tag == NO_LANGUAGE else ox.Literal(text, language=tag)
        return
    if name == "uri":
        node = _node(str(value))
        yield ox.Literal(str(value)) if node is None else node
        return
    text = value if isinstance(value, str) else dumps_text(value)
    if name == "geopoint" and isinstance(value, Mapping):
        text = f"POINT({value.get('longitude')} {value.get('latitude')})"
    yield ox.Literal(text, datatype=ox.NamedNode(DATATYPE_IRIS[name]))


def _node(text: str) -> Any:
    """The node that an IRI or a blank node's label names; None where it is neither."""
    if not text:
        return None
    try:
        return ox.BlankNode(text[2:]) if text.startswith("_:") else ox.NamedNode(text)
    except ValueError:
        return None


def _is_legal(term: Term) -> bool:
    try:
        to_oxigraph(term)
    except ValueError:
        return False
    return True
