"""Native triples as Turtle, which TerminusDB takes in three times as quickly as JSON documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import orjson

from oms_project.core.errors import Invalid
from ontology.domain.native.terms import RDF_TYPE, Node, Term, Triple

__all__ = ["turtle"]

_NAMED = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
#: What Turtle lets stand after a prefix as it is, and more besides.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
#: What may not stand in an IRI as it is.
_ODD = re.compile(r'[\x00-\x20<>"{}|^`\\]')


def turtle(triples: Iterable[Triple], prefixes: Mapping[str, str]) -> str:
    """A Turtle document.

    Args:
        triples: of the instance graph; those of one subject are best together.
        prefixes: ``@base`` and ``@schema`` of the database.

    Raises:
        Invalid: ``home_refused``; a text is no Unicode.
    """
    base, schema = prefixes["@base"], prefixes["@schema"]
    lines = [
        f"@prefix s: {_iri(schema)} .",
        *(f"@prefix {name}: <{iri}> ." for name, iri in _NAMED.items()),
    ]
    before = None
    for subject, predicate, term in triples:
        if subject == before:
            lines[-1] += " ;"
            head = ""
        else:
            if before is not None:
                lines[-1] += " ."
            head = f"{_iri(base + subject)} "
            before = subject
        verb = "a" if predicate == RDF_TYPE else _schema_name(predicate, schema)
        lines.append(f"{head}{verb} {_object(term, base, schema)}")
    if before is not None:
        lines[-1] += " ."
    return "\n".join(lines)


def _object(term: Term, base: str, schema: str) -> str:
    if isinstance(term, Node):
        if term.name.startswith("@schema:"):
            return _schema_name(term.name.removeprefix("@schema:"), schema)
        return _iri(base + term.name)
    try:
        # What JSON escapes in a text, and how, is what Turtle escapes.
        text = orjson.dumps(term.text).decode()
    except TypeError as error:
        raise Invalid(
            f"This cannot be sent to TerminusDB: {error}.",
            code="home_refused",
            data={"answer": str(error)},
        ) from error
    return text if term.type == "xsd:string" else f"{text}^^{term.type}"


def _schema_name(name: str, schema: str) -> str:
    return f"s:{name}" if _PLAIN.fullmatch(name) else _iri(schema + name)


def _iri(iri: str) -> str:
    return f"<{_ODD.sub(_escaped, iri)}>"


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04X}"
