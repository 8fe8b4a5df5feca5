"""Which annotations are exactly what an import would make of the triples they stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from oms_project.core.canonical_json import dumps
from ontology.interop.rdf.graph import Term
from ontology.interop.rdf.vocabulary import OMS, STRING

__all__ = ["is_regular"]

#: Levels an annotation may nest and still be walked; an import makes fewer.
_MAX_DEPTH = 60
_Check = Callable[[Term], bool]


def is_regular(annotations: Any, is_legal: _Check, depth: int = 0) -> bool:
    """Whether triples can say ``annotations``, and reading those gives the same list again.

    So they are sorted, without repeats, their terms are legal (and none of OMS's own, which an
    import would act on), and their members are the ones of ``Annotation``.
    """
    if not isinstance(annotations, list) or depth > _MAX_DEPTH:
        return False
    before = b""
    for item in annotations:
        if not isinstance(item, Mapping) or set(item) != {"predicate", "value"}:
            return False
        predicate = item["predicate"]
        if not _is_iri(predicate, is_legal) or not _is_value(item["value"], is_legal, depth):
            return False
        if len(annotations) > 1:
            key = dumps(item)
            if key <= before:
                return False
            before = key
    return True


def _is_iri(term: Any, is_legal: _Check) -> bool:
    return isinstance(term, str) and not term.startswith(("_:", OMS)) and is_legal(term)


def _is_value(value: Any, is_legal: _Check, depth: int) -> bool:
    if not isinstance(value, Mapping):
        return False
    fields = set(value)
    if fields == {"iri"}:
        return _is_iri(value["iri"], is_legal)
    if fields == {"blank"}:
        return isinstance(value["blank"], str) and is_legal("_:" + value["blank"])
    if fields == {"node"}:
        return is_regular(value["node"], is_legal, depth + 1)
    if fields == {"list"}:
        items = value["list"]
        return (
            isinstance(items, list)
            and bool(items)
            and depth < _MAX_DEPTH
            and all(_is_value(item, is_legal, depth + 1) for item in items)
        )
    if fields == {"triple"}:
        return _is_triple(value["triple"], is_legal, depth)
    return _is_literal(value, fields, is_legal)


def _is_triple(triple: Any, is_legal: _Check, depth: int) -> bool:
    if not isinstance(triple, Mapping) or set(triple) != {"subject", "predicate", "object"}:
        return False
    subject, inner = triple["subject"], triple["object"]
    return (
        depth < _MAX_DEPTH
        and _is_iri(triple["predicate"], is_legal)
        and isinstance(subject, Mapping)
        and set(subject) <= {"iri", "blank"}
        and isinstance(inner, Mapping)
        and not set(inner) & {"node", "list"}
        and _is_value(subject, is_legal, depth + 1)
        and _is_value(inner, is_legal, depth + 1)
    )


def _is_literal(value: Mapping[str, Any], fields: set[str], is_legal: _Check) -> bool:
    if not all(isinstance(item, str) for item in value.values()):
        return False
    if fields == {"value"}:
        return is_legal((value["value"], "", ""))
    if fields == {"value", "language"}:
        return bool(value["language"]) and is_legal((value["value"], value["language"], ""))
    if fields == {"value", "datatype"}:
        datatype = value["datatype"]
        return datatype not in ("", STRING) and is_legal((value["value"], "", datatype))
    return False
