"""From documents to RDF.

First the plain triples are made (``emit``). Then they are mapped as an import would map them, and
whatever the result lacks is said with OMS terms. So an export of a pure import is exactly what
was imported, and the import of any export is exactly what was exported, by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import pyoxigraph as ox

from oms_project.core.canonical_json import dumps, dumps_text
from oms_project.core.errors import Invalid
from ontology.domain.documents import Body, Document
from ontology.domain.kinds import Kind
from ontology.interop.rdf.emit import Emitter
from ontology.interop.rdf.formats import find_format
from ontology.interop.rdf.graph import Graph, Term, to_oxigraph
from ontology.interop.rdf.header import legal_prefixes
from ontology.interop.rdf.mapping import MappedOntology, map_graph
from ontology.interop.rdf.overlay import REFERENCE, difference, replace_references
from ontology.interop.rdf.vocabulary import DOCUMENT, JSON, OMS, OMS_RID, TYPE, UNSET

__all__ = ["export_quads", "write"]

#: Formats whose files hold no prefixes; a name made from a prefix must be written out there.
_WITHOUT_PREFIXES = frozenset({"n-triples", "n-quads"})
#: Times that kinds, ids and names are said before the fields; two have always been enough.
_ROUNDS = 4
_XML_ILLEGAL = frozenset(map(chr, (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)))


def export_quads(
    documents: Iterable[Document],
    header: Body,
    *,
    rid_namespace: str,
    prefixes: Mapping[str, str] | None = None,
) -> Iterator[ox.Triple]:
    """The triples of a state, sorted by subject; nodes inside a subject follow it.

    Args:
        documents: all documents of a ref, except the header.
        header: body of the ``Ontology`` document.
        rid_namespace: what ids are derived in; an id that is not derived from its IRI is said.
        prefixes: what will be written beside the triples; the header's unless given. A name
            that was made from a prefix which is not among them is said.
    """
    documents = [item for item in documents if item.kind != Kind.ONTOLOGY]
    if prefixes is None:
        prefixes = legal_prefixes(header.get("prefixes", {}))
    emitter, first, told = _emit(documents, header, prefixes, rid_namespace)
    graph = emitter.graph
    for _ in range(_ROUNDS):
        # What is said of one thing may change what another one is taken for: say it, look again.
        if not _identify(emitter, told):
            break
        graph.settle()
        told = _told(graph, header, prefixes, rid_namespace)
    if _complete(emitter, told, header, first):
        graph.settle()
    return _triples(emitter, first)


def write(
    documents: Iterable[Document],
    header: Body,
    format: str,  # noqa: A002 - the word people use for it
    out: IO[bytes],
    *,
    rid_namespace: str,
) -> None:
    """Write a state in one of the RDF formats; the text is streamed to ``out``.

    Args:
        format: name, media type or extension.
        out: a binary file.

    Raises:
        Invalid: an unknown format, or a text that the format cannot hold (RDF/XML has no place
            for control characters).
    """
    found = find_format(format)
    prefixes = {} if found.name in _WITHOUT_PREFIXES else legal_prefixes(header.get("prefixes", {}))
    if found.name == "json-ld":
        _write_json_ld(list(documents), header, prefixes, out, rid_namespace)
        return
    triples: Iterable[ox.Triple] = export_quads(
        documents, header, rid_namespace=rid_namespace, prefixes=prefixes
    )
    if found.name == "rdf-xml":
        triples = _xml_safe(triples)
    ox.serialize(triples, out, found.engine, prefixes=prefixes)


def _write_json_ld(
    documents: list[Document],
    header: Body,
    prefixes: dict[str, str],
    out: IO[bytes],
    namespace: str,
) -> None:
    """A flat ``@graph`` behind a context that holds the prefixes.

    The serializer writes whole IRIs and no context. A prefix with the name of a scheme in use
    (``urn``) would change those IRIs for a reader, so it is left out.
    """
    prefixes = {name: iri for name, iri in prefixes.items() if name and iri.endswith(_DELIMITERS)}
    while True:
        triples = list(export_quads(documents, header, rid_namespace=namespace, prefixes=prefixes))
        schemes = {scheme for triple in triples for scheme in _schemes(triple)}
        if schemes.isdisjoint(prefixes):
            break
        prefixes = {name: iri for name, iri in prefixes.items() if name not in schemes}
    out.write(b'{"@context":' + dumps(prefixes) + b',"@graph":')
    try:
        ox.serialize(triples, out, ox.RdfFormat.JSON_LD)
    except OSError as error:
        if "RDF 1.2" not in str(error):
            raise
        raise Invalid(
            "There are triple terms or texts with a direction (RDF 1.2) in this state, which "
            "JSON-LD cannot say. Export in another format, such as turtle.",
            code="rdf_not_json_ld",
        ) from error
    out.write(b"}\n")


_DELIMITERS = (":", "/", "?", "#", "[", "]", "@")


def _schemes(triple: Any) -> Iterator[str]:
    for term in (triple.subject, triple.predicate, triple.object):
        if isinstance(term, ox.NamedNode):
            yield term.value.partition(":")[0]
        elif isinstance(term, ox.Literal):
            yield term.datatype.value.partition(":")[0]
        elif isinstance(term, ox.Triple):
            yield from _schemes(term)


def _emit(
    documents: list[Document], header: Body, prefixes: Mapping[str, str], namespace: str
) -> tuple[Emitter, str, MappedOntology]:
    """The plain triples, the header's subject, and what an import would make of them.

    Annotations whose nodes would become documents of their own are left to OMS terms, and so are
    members of enums that would.
    """
    opaque: set[str] = set()
    while True:
        emitter = Emitter(documents, str(header.get("baseIri", "")), namespace, opaque)
        first = emitter.header(header)
        emitter.run()
        emitter.graph.settle()
        told = _told(emitter.graph, header, prefixes, namespace)
        owners = {node: root for root, nodes in emitter.nested.items() for node in nodes}
        known = set(emitter.subjects.values())
        found = {
            owners.get(subject, subject)
            for subject, _ in told.origins
            if subject not in known and (subject in owners or subject in emitter.members)
        }
        if not found:
            return emitter, first, told
        opaque |= found


def _told(
    graph: Graph, header: Body, prefixes: Mapping[str, str], namespace: str
) -> MappedOntology:
    """What a fresh ontology would be after importing ``graph``."""
    copy = Graph()
    copy.subjects = dict(graph.subjects)
    copy.predicates = graph.predicates
    copy.size = graph.size
    copy.has_blanks = graph.has_blanks
    return map_graph(
        copy,
        existing=(),
        rid_namespace=namespace,
        ontology_rid="",
        header={"baseIri": header.get("baseIri", "")},
        prefixes=prefixes,
        mode="replace",
    )


def _identify(emitter: Emitter, told: MappedOntology) -> bool:
    """Say kinds, ids and names that would come out differently; returns whether any did."""
    wanted: dict[str, list[Document]] = {}
    for document in emitter.documents:
        wanted.setdefault(emitter.subjects[document.rid], []).append(document)
    kinds: dict[str, set[Kind]] = {}
    for subject, kind in told.origins:
        kinds.setdefault(subject, set()).add(kind)
    graph = emitter.graph
    said = False
    for subject in kinds.keys() - wanted.keys():
        if subject in graph.subjects:
            said = True
            graph.add(subject, UNSET, (DOCUMENT, "", ""))
    for subject, documents in wanted.items():
        one = len(documents) == 1
        if {document.kind for document in documents} != kinds.get(subject):
            said = True
            for document in documents:
                graph.add(subject, TYPE, OMS + document.kind.value)
        for document in documents:
            found = told.origins.get((subject, document.kind))
            rid = found.rid if found is not None else None
            if rid != document.rid and subject != OMS_RID + document.rid:
                said = True
                graph.add(subject, _term(document.kind, "rid", one), (document.rid, "", ""))
            name = document.body.get("apiName")
            if name is not None and (found is None or found.body.get("apiName") != name):
                said = True
                graph.add(subject, _term(document.kind, "apiName", one), (name, "", ""))
    return said


def _term(kind: Kind, field: str, one: bool) -> str:
    """The OMS term of a field; with its kind where the subject is several definitions."""
    return OMS + field if one else f"{OMS}{kind.value}:{field}"


def _complete(emitter: Emitter, told: MappedOntology, header: Body, first: str) -> bool:
    """Say the fields that plain triples do not; returns whether there were any."""
    graph = emitter.graph
    names = {
        document.rid: f"{document.kind.value} {emitter.subjects[document.rid]}"
        for document in emitter.documents
    }

    def reference(rid: str) -> Any:
        name = names.get(rid)
        return {REFERENCE: name} if name is not None else rid

    shared: dict[str, int] = {}
    for subject in emitter.subjects.values():
        shared[subject] = shared.get(subject, 0) + 1
    said = False
    for document in emitter.documents:
        subject = emitter.subjects[document.rid]
        found = told.origins.get((subject, document.kind))
        body: Body = found.body if found is not None else {}
        fields, unset = difference(document.kind, body, document.body)
        if fields or unset:
            said = True
            one = shared[subject] == 1
            for name, value in fields.items():
                term = _term(document.kind, name, one)
                graph.add(subject, term, _literal(replace_references(value, reference)))
            term = _term(document.kind, UNSET[len(OMS) :], one)
            for name in unset:
                graph.add(subject, term, (name, "", ""))
    fields, unset = difference(
        Kind.ONTOLOGY, _without_prefixes(told.header), _without_prefixes(header)
    )
    if fields or unset:
        said = True
        graph.add(first, TYPE, OMS + Kind.ONTOLOGY.value)
        qualified = first in shared
        for name, value in fields.items():
            graph.add(first, _term(Kind.ONTOLOGY, name, not qualified), _literal(value))
        for name in unset:
            term = _term(Kind.ONTOLOGY, UNSET[len(OMS) :], not qualified)
            graph.add(first, term, (name, "", ""))
    return said


def _without_prefixes(header: Body) -> dict[str, Any]:
    return {name: value for name, value in header.items() if name != "prefixes"}


def _literal(value: Any) -> Term:
    if isinstance(value, str) and value.isprintable():
        return (value, "", "")
    return (dumps_text(value), "", JSON)


def _triples(emitter: Emitter, first: str) -> Iterator[ox.Triple]:
    graph = emitter.graph
    inside = {node for nodes in emitter.nested.values() for node in nodes}
    order = sorted(
        (subject for subject in graph.subjects if subject not in inside),
        key=lambda subject: (subject != first, subject.startswith("_:"), subject),
    )
    terms: dict[Term, Any] = {}

    def term_of(term: Term) -> Any:
        found = terms.get(term)
        if found is None:
            found = terms[term] = to_oxigraph(term)
        return found

    for root in order:
        for subject in (root, *emitter.nested.get(root, ())):
            triples = graph.subjects.get(subject)
            if not triples:
                continue
            node = term_of(subject)
            for predicate in sorted(triples, key=lambda term: (term != TYPE, term)):
                named = term_of(predicate)
                objects = triples[predicate]
                if len(objects) > 1:
                    objects = sorted(objects, key=repr)
                for term in objects:
                    value = term_of(term) if type(term) is str else to_oxigraph(term)
                    yield ox.Triple(node, named, value)


def _xml_safe(triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
    for triple in triples:
        value = triple.object
        if isinstance(value, ox.Literal) and not _XML_ILLEGAL.isdisjoint(value.value):
            raise Invalid(
                f"The value of {triple.predicate} of {triple.subject} has a control character, "
                "which XML cannot hold. Export in another format, such as turtle.",
                code="rdf_not_xml",
            )
        yield triple
