"""How the RDF said something, where it differs from how OMS itself would say it.

An imported class may be an ``rdfs:Class``, its properties may use ``schema:domainIncludes``. Such
forms stand as one annotation (predicate ``FORM``) with a small JSON object, so that an export
says it the same way again:

``types``      rdf:type values that the kind stands for (default: ``DEFAULT_TYPES``)
``domain``     predicate whose objects are the sources; ``verbatim`` when the triple itself stands
               in the annotations (default: rdfs:domain, several as one owl:unionOf)
``range``      the same for targets or data types
``datatypes``  data type -> datatype IRIs, where they are not the usual ones
``label`` ``comment`` ``inverse`` ``replacedBy``   predicate
``deprecated`` whether owl:deprecated is said, when it is not as the status tells
``members`` ``facets``   ``verbatim``, as for ``domain``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from oms_project.core.canonical_json import dumps_text, loads
from ontology.interop.rdf.vocabulary import FORM, JSON

__all__ = ["form_annotation", "read_form"]


def form_annotation(form: Mapping[str, Any]) -> dict[str, Any]:
    """The annotation that holds ``form``; the same object for the same form."""
    try:
        return _annotation(tuple(form.items()))
    except TypeError:  # a member that cannot be hashed: rare enough to go the long way
        return _annotation.__wrapped__(form.items())


@lru_cache(maxsize=1024)
def _annotation(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {"predicate": FORM, "value": {"value": dumps_text(dict(items)), "datatype": JSON}}


def read_form(annotations: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The form among ``annotations``; empty when there is none (or it is damaged)."""
    for annotation in annotations:
        if annotation.get("predicate") == FORM:
            return dict(_parse(str(annotation.get("value", {}).get("value", ""))))
    return {}


@lru_cache(maxsize=256)
def _parse(text: str) -> dict[str, Any]:
    try:
        found = loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
