"""From documents to plain triples: what RDF, RDFS, OWL and SKOS can say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from ontology.domain.datatypes import DATATYPE_IRIS, parse_data_type
from ontology.domain.documents import Body, Document
from ontology.domain.kinds import INSTANCE_KINDS, NO_LANGUAGE, Kind
from ontology.interop.rdf.context import CLASSES
from ontology.interop.rdf.datatypes import facet_terms
from ontology.interop.rdf.form import read_form
from ontology.interop.rdf.graph import Graph, Term, to_oxigraph
from ontology.interop.rdf.regular import is_regular
from ontology.interop.rdf.subjects import subjects_of
from ontology.interop.rdf.vocabulary import (
    COMMENT,
    DATATYPE,
    DEFAULT_TYPES,
    DEPRECATED,
    DOMAIN,
    EQUIVALENT_CLASS,
    EQUIVALENT_PROPERTY,
    FIRST,
    FORM,
    FUNCTIONAL,
    INVERSE_FUNCTIONAL,
    INVERSE_OF,
    LABEL,
    MATCHES,
    NIL,
    ON_DATATYPE,
    ONE_OF,
    ONTOLOGY,
    OWL_CLASS,
    RANGE,
    REPLACED_BY,
    REST,
    SUB_CLASS,
    SUB_PROPERTY,
    SYMMETRIC,
    TRANSITIVE,
    TYPE,
    UNION_OF,
    WITH_RESTRICTIONS,
    XSD,
)

__all__ = ["Emitter"]

_TRUE: Term = ("true", "", XSD + "boolean")
_MATCH_TERMS = {name: iri for iri, name in MATCHES.items()}
_PROPERTY_KINDS = (Kind.SHARED_PROPERTY, Kind.LINK_TYPE)


class Emitter:
    """Writes documents into a graph.

    ``opaque`` are subjects whose annotations are not written, and members not described.

    Attributes:
        graph: what has been written; ``settle`` it when done.
        subjects: rid -> subject of the document.
        nested: subject -> blank nodes inside it, in order.
        members: members of enums that have been described.
    """

    def __init__(
        self, documents: Iterable[Document], base: str, namespace: str, opaque: AbstractSet[str]
    ) -> None:
        self.graph = Graph()
        self.nested: dict[str, list[str]] = {}
        self.members: set[str] = set()
        self.documents = list(documents)
        self._opaque = opaque
        self._legal: dict[Term, bool] = {}
        self.subjects = subjects_of(self.documents, base, namespace, self._is_legal)
        self._domains: dict[str, list[str]] = {}
        #: Subjects that are described already; an enum does not describe them as its members.
        self._taken = set(self.subjects.values())
        self._root = ""

    def run(self) -> None:
        """Write everything."""
        for document in self.documents:
            if document.kind in CLASSES:
                subject = self.subjects[document.rid]
                for item in document.body.get("properties", ()):
                    shared = item.get("sharedProperty")
                    if shared:
                        self._domains.setdefault(shared, []).append(subject)
        for document in self.documents:
            self._root = self.subjects[document.rid]
            if document.kind in INSTANCE_KINDS:
                self._instance(document)
            elif document.kind == Kind.RESOURCE:
                self._annotations(self._root, document.body.get("annotations", ()))
            else:
                self._definition(document)

    def header(self, header: Body) -> str:
        """Write the ``owl:Ontology``, when there is anything to say; returns its subject."""
        subject = str(header.get("iri") or header.get("baseIri") or "urn:oms:ontology")
        if not self._is_legal(subject):
            subject = "urn:oms:ontology"
        self._root = subject
        said = ("iri", "displayName", "description", "annotations")
        if any(header.get(name) for name in said):
            self._add(subject, TYPE, ONTOLOGY)
            self._described(subject, header, read_form(header.get("annotations", ())))
        return subject

    # -- terms ------------------------------------------------------------------------------

    def _is_legal(self, term: Term) -> bool:
        if type(term) is tuple and len(term) == 3:
            try:
                term[0].encode()
            except UnicodeEncodeError:
                return False
            term = ("", *term[1:])  # any text will do, so one answer serves them all
        found = self._legal.get(term)
        if found is None:
            try:
                to_oxigraph(term)
                found = True
            except ValueError:
                found = False
            self._legal[term] = found
        return found

    def _add(self, subject: str, predicate: str, term: Term) -> None:
        """Add a triple; one that RDF cannot say is left to the OMS terms."""
        if self._is_legal(term):
            self.graph.add(subject, predicate, term)

    def _iri(self, reference: str) -> str:
        return self.subjects.get(reference, reference)

    def _blank(self) -> str:
        inside = self.nested.setdefault(self._root, [])
        digest = hashlib.sha256(self._root.encode()).hexdigest()[:12]
        node = f"_:n{digest}_{len(inside) + 1}"
        inside.append(node)
        self.graph.has_blanks = True
        return node

    def _list(self, items: list[Term]) -> str:
        head = NIL
        cells = [self._blank() for _ in items]
        for cell, item in zip(reversed(cells), reversed(items), strict=True):
            self.graph.add(cell, FIRST, item)
            self.graph.add(cell, REST, head)
            head = cell
        return head

    def _value(self, value: Mapping[str, Any]) -> Term:
        """The term of a regular annotation value; nodes in it are written."""
        if "iri" in value:
            return str(value["iri"])
        if "value" in value:
            return (value["value"], value.get("language", ""), value.get("datatype", ""))
        self.graph.has_blanks = True
        if "blank" in value:
            return "_:" + str(value["blank"])
        if "node" in value:
            node = self._blank()
            self._write_annotations(node, value["node"])
            return node
        if "list" in value:
            return self._list([self._value(item) for item in value["list"]])
        triple = value["triple"]
        return (
            "<<",
            self._value(triple["subject"]),
            triple["predicate"],
            self._value(triple["object"]),
        )

    def _annotations(self, subject: str, annotations: Any) -> None:
        """Write annotations as triples: all of them, or none when one is not as imports make it.

        OMS terms say the others: half of them would be read as something else.
        """
        if self._root in self._opaque:
            return
        said = [item for item in annotations if item.get("predicate") != FORM]
        if said and is_regular(said, self._is_legal):
            self._write_annotations(subject, said)

    def _write_annotations(self, subject: str, annotations: Any) -> None:
        for annotation in annotations:
            self._add(subject, annotation["predicate"], self._value(annotation["value"]))

    # -- documents --------------------------------------------------------------------------

    def _instance(self, document: Document) -> None:
        body = document.body
        if document.kind == Kind.OBJECT and body.get("_type"):
            self._add(self._root, TYPE, self._iri(str(body["_type"])))
        self._annotations(self._root, body.get("_annotations", ()))

    def _definition(self, document: Document) -> None:
        body, kind, subject = document.body, document.kind, self._root
        form = read_form(body.get("annotations", ()))
        usual: Iterable[str] = DEFAULT_TYPES.get(kind, ())
        if kind == Kind.ENUM_TYPE and _literal_members(body):
            usual = (DATATYPE,)
        for iri in form.get("types", usual):
            self._add(subject, TYPE, str(iri))
        self._described(subject, body, form)
        self._related(subject, body, form, kind in _PROPERTY_KINDS)
        if kind == Kind.LINK_TYPE:
            self._link(subject, body, form)
        elif kind == Kind.SHARED_PROPERTY:
            self._shared(subject, document.rid, body, form)
        elif kind == Kind.VALUE_TYPE:
            self._value_type(subject, body, form)
        elif kind == Kind.ENUM_TYPE:
            self._enum(subject, body, form)

    def _related(
        self, subject: str, body: Body, form: Mapping[str, Any], is_property: bool
    ) -> None:
        """Replacements, mappings, equivalents, and what stands above."""
        replaced = body.get("deprecation", {}).get("replacedBy", ())
        for target in replaced:
            self._add(subject, form.get("replacedBy", REPLACED_BY), self._iri(target))
        if body.get("status") == "deprecated" and (form.get("deprecated") or not replaced):
            self._add(subject, DEPRECATED, _TRUE)
        for mapping in body.get("externalMappings", ()):
            self._add(subject, _MATCH_TERMS[mapping["relation"]], mapping["iri"])
        same = EQUIVALENT_PROPERTY if is_property else EQUIVALENT_CLASS
        for target in body.get("equivalentTo", ()):
            self._add(subject, same, self._iri(target))
        above = SUB_PROPERTY if is_property else SUB_CLASS
        for field in ("parents", "interfaces", "extends"):
            for target in body.get(field, ()):
                self._add(subject, above, self._iri(target))

    def _described(
        self, subject: str, body: Body, form: Mapping[str, Any], label: str = "displayName"
    ) -> None:
        for field, predicate in (
            (label, form.get("label", LABEL)),
            ("description", form.get("comment", COMMENT)),
        ):
            for language, text in body.get(field, {}).items():
                tag = "" if language == NO_LANGUAGE else language
                if tag or language == NO_LANGUAGE:
                    self._add(subject, predicate, (text, tag, ""))
        self._annotations(subject, body.get("annotations", ()))

    def _several(
        self, subject: str, predicate: str, form: Any, iris: list[str], union: str
    ) -> None:
        """A domain or range."""
        if form == "verbatim":
            return
        if form is not None:
            for iri in iris:
                self._add(subject, str(form), iri)
        elif len(iris) == 1:
            self._add(subject, predicate, iris[0])
        elif iris and all(map(self._is_legal, iris)):
            node = self._blank()
            self._add(subject, predicate, node)
            self._add(node, TYPE, union)
            self._add(node, UNION_OF, self._list(sorted(set(iris))))

    def _link(self, subject: str, body: Body, form: Mapping[str, Any]) -> None:
        for flag, iri in (("symmetric", SYMMETRIC), ("transitive", TRANSITIVE)):
            if body.get(flag):
                self._add(subject, TYPE, iri)
        for field, iri in (
            ("targetCardinality", FUNCTIONAL),
            ("sourceCardinality", INVERSE_FUNCTIONAL),
        ):
            if body.get(field) == {"max": 1}:
                self._add(subject, TYPE, iri)
        sources = [self._iri(rid) for rid in body.get("sources", ())]
        targets = [self._iri(rid) for rid in body.get("targets", ())]
        self._several(subject, DOMAIN, form.get("domain"), sources, OWL_CLASS)
        self._several(subject, RANGE, form.get("range"), targets, OWL_CLASS)
        if body.get("inverseOf"):
            self._add(subject, form.get("inverse", INVERSE_OF), self._iri(body["inverseOf"]))

    def _shared(self, subject: str, rid: str, body: Body, form: Mapping[str, Any]) -> None:
        domains = self._domains.get(rid, [])
        self._several(subject, DOMAIN, form.get("domain"), domains, OWL_CLASS)
        unusual = form.get("datatypes", {})
        iris: list[str] = []
        for data_type in body.get("dataTypes", ()) or (("",) if "" in unusual else ()):
            if data_type in unusual:
                iris.extend(unusual[data_type])
            elif data_type in self.subjects:
                iris.append(self.subjects[data_type])
            else:
                iris.append(_datatype_iri(data_type))
        self._several(subject, RANGE, form.get("range"), iris, DATATYPE)

    def _value_type(self, subject: str, body: Body, form: Mapping[str, Any]) -> None:
        if form.get("facets") == "verbatim":
            return
        base = _datatype_iri(body["baseType"])
        facets = facet_terms(parse_data_type(body["baseType"]).name, body.get("constraints", {}))
        if not facets:
            if base != _datatype_iri("string"):
                self._add(subject, ON_DATATYPE, base)
            return
        node = self._blank()
        self._add(subject, EQUIVALENT_CLASS, node)
        self._add(node, TYPE, DATATYPE)
        self._add(node, ON_DATATYPE, base)
        items: list[Term] = []
        for facet, value in facets:
            item = self._blank()
            self._add(item, facet, value)
            items.append(item)
        self._add(node, WITH_RESTRICTIONS, self._list(items))

    def _enum(self, subject: str, body: Body, form: Mapping[str, Any]) -> None:
        members = body.get("members", ())
        items: list[Term] = [
            member["iri"] if "iri" in member else (member["code"], "", "") for member in members
        ]
        if items and "members" not in form and all(map(self._is_legal, items)):
            self._add(subject, ONE_OF, self._list(items))
        for member in members:
            iri = member.get("iri")
            if iri is None or iri in self._opaque or not self._is_legal(iri):
                continue
            if iri in self._taken or iri in self.members:
                continue
            self.members.add(iri)
            self._described(iri, member, read_form(member.get("annotations", ())), "label")
            if member.get("status") == "deprecated":
                self._add(iri, DEPRECATED, _TRUE)


def _literal_members(body: Body) -> bool:
    members = body.get("members", ())
    return bool(members) and not any("iri" in member for member in members)


def _datatype_iri(data_type: str) -> str:
    try:
        return DATATYPE_IRIS[parse_data_type(data_type).name]
    except ValueError:
        return data_type
