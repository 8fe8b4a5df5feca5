"""WOQL as JSON-LD: the few words that OMS says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ontology.domain.native.terms import Node, Term, Triple

__all__ = [
    "INSTANCE",
    "SCHEMA",
    "Query",
    "add",
    "all_of",
    "any_of",
    "comes",
    "data",
    "delete_document",
    "goes",
    "insert",
    "member",
    "node",
    "none_of",
    "reference",
    "remove",
    "term",
    "text",
    "triple",
    "update",
    "using",
    "value",
    "variable",
]

Query = dict[str, Any]

#: The graphs of a branch.
INSTANCE, SCHEMA = "instance", "schema"


# --- terms --------------------------------------------------------------------------------------
def node(name: str) -> Query:
    """A thing, in the place of a subject or a predicate."""
    return {"@type": "NodeValue", "node": name}


def variable(name: str) -> Query:
    """A variable, in the place of a subject or a predicate."""
    return {"@type": "NodeValue", "variable": name}


def value(name: str) -> Query:
    """A variable, in the place of an object."""
    return {"@type": "Value", "variable": name}


def reference(name: str) -> Query:
    """A thing, in the place of an object."""
    return {"@type": "Value", "node": name}


def data(datatype: str, content: Any) -> Query:
    """A literal."""
    return {"@type": "Value", "data": {"@type": datatype, "@value": content}}


def text(content: str) -> Query:
    """A string."""
    return {"@type": "Value", "data": {"@type": "xsd:string", "@value": content}}


# --- queries ------------------------------------------------------------------------------------
def all_of(queries: Sequence[Query]) -> Query:
    """All hold, in this order."""
    return {"@type": "And", "and": list(queries)}


def any_of(queries: Sequence[Query]) -> Query:
    """Each in turn."""
    return {"@type": "Or", "or": list(queries)}


def none_of(query: Query) -> Query:
    """It does not hold."""
    return {"@type": "Not", "query": query}


def triple(subject: Query, predicate: str, obj: Query) -> Query:
    """A triple of the instance graph that is there."""
    return {"@type": "Triple", "subject": subject, "predicate": node(predicate), "object": obj}


def member(name: str, values: Iterable[Query]) -> Query:
    """A variable is one of ``values``."""
    return {
        "@type": "Member",
        "member": value(name),
        "list": {"@type": "Value", "list": list(values)},
    }


def using(resource: str, query: Query) -> Query:
    """A query somewhere else: ``team/database/local/branch/name``."""
    return {"@type": "Using", "collection": resource, "query": query}


# --- writing ------------------------------------------------------------------------------------
def insert(document: Mapping[str, Any]) -> Query:
    """A new document; it is an error that it exists."""
    return {"@type": "InsertDocument", "document": _template(document)}


def update(document: Mapping[str, Any]) -> Query:
    """A document that exists, written anew."""
    return {"@type": "UpdateDocument", "document": _template(document)}


def delete_document(name: str) -> Query:
    """A document goes."""
    return {"@type": "DeleteDocument", "identifier": node(name)}


def add(subject: str, predicate: str, obj: Query, graph: str = INSTANCE) -> Query:
    """A triple comes; nothing when it is there."""
    return _written("AddTriple", subject, predicate, obj, graph)


def remove(subject: str, predicate: str, obj: Query, graph: str = INSTANCE) -> Query:
    """A triple goes; nothing when it is not there."""
    return _written("DeleteTriple", subject, predicate, obj, graph)


def comes(said: Triple, graph: str = INSTANCE) -> Query:
    """``add``, of native data."""
    return _written("AddTriple", said.subject, said.predicate, term(said.object), graph)


def goes(said: Triple, graph: str = INSTANCE) -> Query:
    """``remove``, of native data."""
    return _written("DeleteTriple", said.subject, said.predicate, term(said.object), graph)


def _written(kind: str, subject: str, predicate: str, obj: Query, graph: str) -> Query:
    return {
        "@type": kind,
        "subject": {"@type": "NodeValue", "node": subject},
        "predicate": {"@type": "NodeValue", "node": predicate},
        "object": obj,
        "graph": graph,
    }


def term(said: Term) -> Query:
    """What stands at the end of a native triple."""
    return reference(said.name) if isinstance(said, Node) else data(said.type, said.text)


def _template(content: Any) -> Query:
    if isinstance(content, str):
        return text(content)
    if isinstance(content, Mapping):
        return {
            "@type": "Value",
            "dictionary": {
                "@type": "DictionaryTemplate",
                "data": [
                    {"@type": "FieldValuePair", "field": name, "value": _template(one)}
                    for name, one in content.items()
                ],
            },
        }
    if isinstance(content, list | tuple):
        return {"@type": "Value", "list": [_template(one) for one in content]}
    if isinstance(content, bool):
        # The server reads the values of a document by the data types of its class, from text; a
        # boolean that is none it refuses.
        return text("true" if content else "false")
    raise TypeError(f"No document of OMS holds {content!r}.")
