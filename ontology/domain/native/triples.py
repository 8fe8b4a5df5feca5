"""A whole commit as native triples: what WOQL sees of it, wherever it lives."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from ontology.domain.kinds import Kind
from ontology.domain.native.classes import (
    Classes,
    Member,
    NativeClass,
    class_triples,
    member_triples,
)
from ontology.domain.native.documents import link_triples, object_triples
from ontology.domain.native.names import ANY_OBJECT, RID, object_id
from ontology.domain.native.terms import Literal, Node, Term, Triple
from ontology.domain.native.values import TEXT
from ontology.domain.state import DocumentLike, State

__all__ = [
    "Literal",
    "Node",
    "Term",
    "Triple",
    "class_names",
    "instance_triples",
    "schema_triples",
]

_PORTION = 1000


def schema_triples(classes: Classes, rids: Collection[str]) -> Iterator[Triple]:
    """The schema graph: ``OmsObject``, and the classes and relations of definitions.

    Args:
        rids: of definitions; all object types, interfaces and link types for all of it.
    """
    base = NativeClass(ANY_OBJECT, True, (), {RID: Member("Optional", TEXT)})
    yield from class_triples(base)
    classes.load(rids)
    for rid in rids:
        native = classes.native(rid)
        if native is not None:
            yield from class_triples(native)
        for name, member in classes.any_object(rid).items():
            yield from member_triples(ANY_OBJECT, name, member)


def instance_triples(
    classes: Classes, instances: Iterable[DocumentLike], state: State | None = None
) -> Iterator[Triple]:
    """Triples of objects and links, in their order. Those of unknown types have none.

    Args:
        state: where the ends of links are read, a thousand links at a time; that of ``classes``,
            unless those stand for several commits.
    """
    remaining = iter(instances)
    while portion := list(islice(remaining, _PORTION)):
        classes.load({str(one.body.get("_type")) for one in portion})
        ends = {
            str(one.body.get(role))
            for one in portion
            if one.kind == Kind.LINK
            for role in ("_source", "_target")
        }
        named = class_names(classes, ends, state)
        for one in portion:
            form = classes.form(str(one.body.get("_type")))
            if form is None:
                continue
            if one.kind == Kind.OBJECT:
                yield from object_triples(form, one.rid, one.body)
                continue
            source, target = str(one.body["_source"]), str(one.body["_target"])
            if source in named and target in named:
                yield from link_triples(
                    form,
                    one.rid,
                    one.body,
                    object_id(named[source], source),
                    object_id(named[target], target),
                )


def class_names(
    classes: Classes, rids: Collection[str], state: State | None = None
) -> dict[str, str]:
    """``rid`` of an object -> name of its class, for those that exist in ``state``."""
    found = (state or classes.state).get_many(rids) if rids else {}
    classes.load({str(one.body.get("_type")) for one in found.values()})
    names = {}
    for rid, one in found.items():
        form = classes.form(str(one.body.get("_type")))
        if form is not None and one.kind == Kind.OBJECT:
            names[rid] = form.class_
    return names
