"""Bodies from triples: one draft per document, one handler per predicate and kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ontology.domain.kinds import NO_LANGUAGE, Kind
from ontology.interop.rdf import report as why
from ontology.interop.rdf.blanks import is_blank
from ontology.interop.rdf.context import Context
from ontology.interop.rdf.form import form_annotation
from ontology.interop.rdf.graph import Term, Triples, is_literal
from ontology.interop.rdf.vocabulary import (
    COMMENT,
    COMMENTS,
    DEFAULT_TYPES,
    DEPRECATED,
    EQUIVALENCES,
    KIND_TYPES,
    LABEL,
    LABELS,
    MATCHES,
    REPLACED_BY,
    REPLACEMENTS,
    TYPE,
    XSD,
)

__all__ = ["COMMON", "HANDLERS", "Draft", "Handler", "Handlers", "build"]

_TRUE: Term = ("true", "", XSD + "boolean")


class Draft:
    """A body being made.

    Attributes:
        quiet: nothing is counted or annotated, because another document with the same IRI does.
    """

    __slots__ = ("annotations", "body", "ctx", "form", "iri", "kind", "kinds", "quiet", "triples")

    def __init__(
        self, ctx: Context, iri: str, kind: Kind, kinds: tuple[Kind, ...], triples: Triples
    ) -> None:
        self.ctx = ctx
        self.iri = iri
        self.kind = kind
        self.kinds = kinds
        self.triples = triples
        self.body: dict[str, Any] = {}
        self.annotations: list[dict[str, Any]] = []
        self.form: dict[str, Any] = {}
        self.quiet = False

    def count(self, term: str, triples: int) -> None:
        """Count triples that found their place."""
        if not self.quiet:
            self.ctx.mapped[term] += triples

    def annotate(
        self,
        predicate: str,
        objects: list[Term],
        reason: str = why.NO_FIELD,
        kept: str = why.ANNOTATION,
        *,
        mapped: bool = False,
    ) -> None:
        """Keep triples verbatim.

        Args:
            mapped: count them as mapped, because fields say the same.
        """
        if self.quiet:
            return
        if len(objects) == 1 and type(objects[0]) is str and objects[0][:2] != "_:":
            # Nearly all there are: worth a short way.
            self.annotations.append({"predicate": predicate, "value": {"iri": objects[0]}})
            if mapped:
                self.ctx.mapped[predicate] += 1
            else:
                self.ctx.unplaced[predicate, reason, kept] += 1
            return
        blanks = self.ctx.blanks
        blanks.root = self.iri
        before = blanks.nested
        for value in blanks.values(objects):
            self.annotations.append({"predicate": predicate, "value": value})
        size = blanks.nested - before
        if mapped:
            self.ctx.mapped[predicate] += len(objects) + size
        else:
            self.ctx.unplaced[predicate, reason, kept] += len(objects) + size

    def owns(self, predicate: str) -> bool:
        """Whether this is the first kind of its IRI that reads ``predicate``, and so counts it."""
        first = next((k for k in self.kinds if predicate in HANDLERS.get(k, ())), self.kind)
        return first == self.kind

    def finish(self) -> dict[str, Any]:
        """The body with its annotations, in normal form."""
        annotations = self.annotations
        if self.form:
            annotations.append(form_annotation(self.form))
        if annotations:
            if len(annotations) > 1:
                annotations = self.ctx.blanks.apart(annotations, self.iri)
            self.body["annotations"] = annotations
        return self.body


Handler = Callable[[Draft, str, list[Term]], None]
Handlers = dict[str, Handler]


#: Handlers of each kind of definition; ``definitions`` fills it.
HANDLERS: dict[Kind, Handlers] = {}


def build(draft: Draft) -> None:
    """Hand each predicate of the draft to its handler; keep what has none as annotations.

    Where an IRI has several kinds, the first one whose handlers know a predicate counts it, and a
    predicate that none knows belongs to the first kind.
    """
    handlers = HANDLERS[draft.kind]
    alone = len(draft.kinds) == 1
    for predicate, objects in draft.triples.items():
        handler = handlers.get(predicate)
        if handler is not None:
            draft.quiet = not (alone or draft.owns(predicate))
            handler(draft, predicate, objects)
        elif alone or (
            draft.kind == draft.kinds[0]
            and not any(predicate in HANDLERS.get(kind, ()) for kind in draft.kinds)
        ):
            draft.quiet = False
            draft.annotate(predicate, objects)
    draft.quiet = False


# -- what all definitions have --------------------------------------------------------------


def types(draft: Draft, predicate: str, objects: list[Term]) -> None:
    """rdf:type: the kind, or else an annotation."""
    stands = KIND_TYPES.get(draft.kind, frozenset())
    group = stands
    if len(draft.kinds) > 1:
        group = frozenset().union(*(KIND_TYPES.get(kind, ()) for kind in draft.kinds))
    consumed: list[str] = []
    for term in objects:
        if term in stands:
            consumed.append(term)
        if term in group:
            draft.count(f"{TYPE} {term}", 1)
        else:
            individual = draft.ctx.resolve(term, (Kind.OBJECT_TYPE,)) is not None
            draft.annotate(predicate, [term], why.INDIVIDUAL if individual else why.NO_FIELD)
    usual = DEFAULT_TYPES.get(draft.kind, ())
    if len(consumed) > 1:
        consumed.sort()
    said = tuple(consumed)
    if said != usual:
        draft.form["types"] = said


def texts(draft: Draft, field: str, predicate: str, objects: list[Term]) -> None:
    """Texts by language; the first in sorting order of each language."""
    if len(objects) == 1:
        term = objects[0]
        if is_literal(term) and not term[2] and "--" not in term[1]:
            draft.body[field] = {term[1] or NO_LANGUAGE: term[0]}
            draft.count(predicate, 1)
        else:
            draft.annotate(predicate, objects)
        return
    found: dict[str, str] = {}
    for term in sorted(objects, key=repr):
        if not is_literal(term) or term[2] or "--" in term[1]:
            draft.annotate(predicate, [term])
        elif (term[1] or NO_LANGUAGE) in found:
            draft.annotate(predicate, [term], why.SECOND_TEXT)
        else:
            found[term[1] or NO_LANGUAGE] = term[0]
            draft.count(predicate, 1)
    if found:
        draft.body[field] = found


def _label(draft: Draft, predicate: str, objects: list[Term]) -> None:
    if predicate == LABEL:
        texts(draft, "displayName", predicate, objects)
        return
    first = next(term for term in LABELS if term in draft.triples)
    if first != predicate:
        draft.annotate(predicate, objects, why.SECOND_TEXT)
        return
    texts(draft, "displayName", predicate, objects)
    if "displayName" in draft.body:
        draft.form["label"] = predicate


def _comment(draft: Draft, predicate: str, objects: list[Term]) -> None:
    if predicate == COMMENT:
        texts(draft, "description", predicate, objects)
        return
    first = next(term for term in COMMENTS if term in draft.triples)
    if first != predicate:
        draft.annotate(predicate, objects, why.SECOND_TEXT)
        return
    texts(draft, "description", predicate, objects)
    if "description" in draft.body:
        draft.form["comment"] = predicate


def _deprecated(draft: Draft, predicate: str, objects: list[Term]) -> None:
    if objects != [_TRUE]:
        draft.annotate(predicate, objects)
        return
    draft.count(predicate, 1)
    draft.body["status"] = "deprecated"
    if _replacement(draft) is not None:
        draft.form["deprecated"] = True


def _replacement(draft: Draft) -> str | None:
    """The predicate that the replacements are read from, or None."""
    present = [
        term
        for term in draft.triples
        if term in REPLACEMENTS and any(_named(o) for o in draft.triples[term])
    ]
    return min(present, key=lambda term: (term != REPLACED_BY, term), default=None)


def _named(term: Term) -> bool:
    return type(term) is str and not is_blank(term)


def _replaced(draft: Draft, predicate: str, objects: list[Term]) -> None:
    if predicate != _replacement(draft):
        draft.annotate(predicate, objects)
        return
    named = [term for term in objects if _named(term)]
    others = [term for term in objects if not _named(term)]
    if others:
        draft.annotate(predicate, others, why.NOT_SIMPLE)
    draft.count(predicate, len(named))
    targets = {draft.ctx.resolve_any(term, draft.kind) or str(term) for term in named}
    draft.body["status"] = "deprecated"
    draft.body["deprecation"] = {"replacedBy": sorted(targets)}
    if predicate != REPLACED_BY:
        draft.form["replacedBy"] = predicate


def equivalents(draft: Draft, predicate: str, objects: list[Term]) -> None:
    """IRIs of what means the same.

    They stay IRIs even when they are defined here: otherwise a vocabulary that begins to declare
    what it refers to would seem to change every definition that does.
    """
    named = [term for term in objects if _named(term)]
    others = [term for term in objects if not _named(term)]
    if others:
        draft.annotate(predicate, others, why.NOT_SIMPLE)
    if named:
        draft.count(predicate, len(named))
        draft.body["equivalentTo"] = sorted({*map(str, named), *draft.body.get("equivalentTo", ())})


def _match(draft: Draft, predicate: str, objects: list[Term]) -> None:
    named = [term for term in objects if _named(term)]
    others = [term for term in objects if not _named(term)]
    if others:
        draft.annotate(predicate, others, why.NOT_SIMPLE)
    if named:
        draft.count(predicate, len(named))
        mappings = draft.body.setdefault("externalMappings", [])
        mappings.extend({"relation": MATCHES[predicate], "iri": term} for term in named)
        mappings.sort(key=lambda item: f"{item['relation']}:{item['iri']}")


def skip(draft: Draft, predicate: str, objects: list[Term]) -> None:
    """Read elsewhere."""


COMMON: Handlers = {
    TYPE: types,
    **dict.fromkeys(LABELS, _label),
    **dict.fromkeys(COMMENTS, _comment),
    DEPRECATED: _deprecated,
    **dict.fromkeys(REPLACEMENTS, _replaced),
    **dict.fromkeys(MATCHES, _match),
}
assert EQUIVALENCES.isdisjoint(COMMON)
