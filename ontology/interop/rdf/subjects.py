"""Subjects for documents: their IRI, or one made for them."""

from __future__ import annotations

from collections.abc import Callable

from oms_project.core.canonical_json import canonical_digest
from ontology.domain.documents import Document
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.interop.rdf.context import twin_rid
from ontology.interop.rdf.graph import Term
from ontology.interop.rdf.vocabulary import OMS_RID

__all__ = ["subjects_of"]


def subjects_of(
    documents: list[Document], base: str, namespace: str, is_legal: Callable[[Term], bool]
) -> dict[str, str]:
    """A subject for every document: its IRI, or one made for it.

    Definitions get the base IRI and their name; instances ``urn:oms:rid:`` and their id;
    resources that are blank nodes keep their label, and twins among them their order.
    """
    found: dict[str, str] = {}
    used: set[str] = set()
    kinds: set[tuple[Kind, str]] = set()
    nameless: list[Document] = []
    for document in documents:
        instance = document.kind in INSTANCE_KINDS
        iri = document.body.get("_iri" if instance else "iri")
        label = isinstance(iri, str) and iri.startswith("_:")
        if (
            isinstance(iri, str)
            and is_legal(iri)
            and (not label or document.kind == Kind.RESOURCE)
            and not iri.startswith(OMS_RID)
            and (document.kind, iri) not in kinds
        ):
            found[document.rid] = iri
            used.add(iri)
            kinds.add((document.kind, iri))
        elif instance:
            found[document.rid] = OMS_RID + document.rid
        else:
            nameless.append(document)
    twins: dict[str, list[str]] = {}
    stem = base if base.endswith(("#", "/", ":")) else base + "#"
    if not is_legal(stem + "x"):
        stem = "urn:oms:ontology:"
    for document in sorted(nameless, key=lambda item: (item.kind.value, item.rid)):
        if document.kind == Kind.RESOURCE and "iri" not in document.body:
            twins.setdefault(canonical_digest(document.body), []).append(document.rid)
            continue
        name = document.body.get("apiName", "")
        iri = stem + name if name else ""
        if iri in used:
            iri = f"{stem}{document.kind.value}/{name}"
        if iri in used or not is_legal(iri):
            iri = OMS_RID + document.rid
        used.add(iri)
        found[document.rid] = iri
    for digest, rids in twins.items():
        numbers = {
            twin_rid(namespace, digest, number): number for number in range(1, len(rids) + 1)
        }
        rids.sort(key=lambda rid: (numbers.get(rid, len(numbers) + 1), rid))
        for number, rid in enumerate(rids, 1):
            found[rid] = f"_:t{digest[:20]}_{number}"
    return found
