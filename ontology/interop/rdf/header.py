"""The ontology's own description: ``owl:Ontology`` and prefixes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ontology.domain.datatypes import is_absolute_iri
from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.interop.rdf import report as why
from ontology.interop.rdf.build import COMMON, Draft
from ontology.interop.rdf.combine import combine_annotations
from ontology.interop.rdf.context import Context
from ontology.interop.rdf.overlay import apply
from ontology.interop.rdf.vocabulary import COMMENTS, LABELS, ONTOLOGY, TYPE

__all__ = ["legal_prefixes", "map_header"]

#: PN_PREFIX of Turtle as far as XML names go, or the empty prefix.
_PREFIX = re.compile(r"([^\W\d_]([\w.-]*[\w-])?)?")


def legal_prefixes(prefixes: Mapping[str, str]) -> dict[str, str]:
    """The prefixes that every syntax can write, in order."""
    return {
        name: iri
        for name, iri in sorted(prefixes.items())
        if _PREFIX.fullmatch(name) is not None and is_absolute_iri(iri)
    }


def map_header(
    ctx: Context, header: Body, prefixes: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The body of the ``Ontology`` document after the import, and its prefixes.

    When the input has an ``owl:Ontology``, its texts and annotations take the place of those of
    ``header`` (mode replace) or join them (mode merge). Prefixes are added; a prefix that the
    header has already keeps its namespace.
    """
    body: dict[str, Any] = dict(header)
    joined = {**legal_prefixes(prefixes), **header.get("prefixes", {})}
    if joined:
        body["prefixes"] = joined
    if ctx.header is not None:
        _describe(ctx, header, body)
    return body, joined


def _describe(ctx: Context, header: Body, body: dict[str, Any]) -> None:
    """Put what the input says of its ontology into ``body``."""
    iri = str(ctx.header)
    draft = _read(ctx, iri)
    new = draft.finish()
    for field in ("displayName", "description"):
        if field in new:
            body[field] = {**header.get(field, {}), **new[field]} if ctx.merge else new[field]
        elif not ctx.merge:
            body.pop(field, None)
    annotations = new.get("annotations", [])
    if ctx.merge:
        annotations = combine_annotations(header.get("annotations", ()), annotations)
    body.pop("annotations", None)
    if annotations:
        body["annotations"] = annotations
    if iri != ctx.base and draft.triples:
        body["iri"] = iri
    elif not ctx.merge:
        body.pop("iri", None)
    changes = ctx.identity.changes(iri, Kind.ONTOLOGY)
    if changes is not None:
        changed = apply(Kind.ONTOLOGY, iri, body, *changes)
        body.clear()
        body.update(changed)


def _read(ctx: Context, iri: str) -> Draft:
    draft = Draft(ctx, iri, Kind.ONTOLOGY, (Kind.ONTOLOGY,), ctx.subjects[iri])
    for predicate, objects in draft.triples.items():
        if predicate == TYPE:
            rest = [term for term in objects if term != ONTOLOGY]
            draft.count(f"{TYPE} {ONTOLOGY}", len(objects) - len(rest))
            if rest:
                draft.annotate(predicate, rest, kept=why.HEADER)
        elif predicate in LABELS or predicate in COMMENTS:
            COMMON[predicate](draft, predicate, objects)
        else:
            draft.annotate(predicate, objects, kept=why.HEADER)
    said = draft.annotations or "displayName" in draft.body or "description" in draft.body
    if iri == ctx.base and not said and ONTOLOGY in draft.triples.get(TYPE, ()):
        # Says that there is an owl:Ontology, where no other field does.
        draft.form["types"] = (ONTOLOGY,)
    return draft
