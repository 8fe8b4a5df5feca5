"""Objects and links as native documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ontology.domain.documents import Body
from ontology.domain.native.classes import Form
from ontology.domain.native.names import RID, SOURCE, TARGET, object_id
from ontology.domain.native.terms import RDF_TYPE, Literal, Node, Triple
from ontology.domain.native.values import TEXT, literals

__all__ = ["document_json", "link_triples", "object_triples"]


def object_triples(form: Form, rid: str, body: Body) -> Iterator[Triple]:
    """An object without its relations."""
    subject = object_id(form.class_, rid)
    yield Triple(subject, RDF_TYPE, Node(f"@schema:{form.class_}"))
    yield Triple(subject, RID, Literal(TEXT, rid))
    for api_name, name, member in form.fields:
        value = body.get(api_name)
        if value is not None:
            for found in literals(member.target, value, many=member.many):
                yield Triple(subject, name, found)


def link_triples(form: Form, rid: str, body: Body, source: str, target: str) -> Iterator[Triple]:
    """A link: the relation, and its document where its type has properties.

    Args:
        source, target: ``@id``s of its ends.
    """
    yield Triple(source, form.relation, Node(target))
    if form.class_:
        yield from object_triples(form, rid, body)
        subject = object_id(form.class_, rid)
        yield Triple(subject, SOURCE, Node(source))
        yield Triple(subject, TARGET, Node(target))


def document_json(form: Form, triples: Iterable[Triple]) -> dict[str, Any]:
    """The triples of one subject as the JSON document that TerminusDB would show.

    Relations are lists of ``@id``s.
    """
    several = {name for _, name, member in form.fields if member.many}
    single = {name for _, name, member in form.fields if not member.many} | {RID}
    if form.relation:
        single |= {SOURCE, TARGET}
    found: dict[str, Any] = {}
    for subject, predicate, term in triples:
        value = term.name if isinstance(term, Node) else term.json
        if predicate == RDF_TYPE:
            found["@id"], found["@type"] = subject, form.class_
        elif predicate in single and predicate not in several:
            found[predicate] = value
        else:
            found.setdefault(predicate, []).append(value)
    return found
