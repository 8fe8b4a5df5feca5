"""Erasing values of objects and links for good: from every version, and from what keeps copies."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from django.db import transaction

from oms_project.core.authorization import permissions
from oms_project.core.canonical_json import dumps_text
from oms_project.core.errors import Invalid, NotFound
from oms_project.core.ids import is_rid
from oms_project.idempotency.contract import idempotency
from ontology import spool
from ontology.access import permitted
from ontology.contract import CommitInfo, OntologyInfo, RedactionResult
from ontology.domain.instances.values import normal_timestamp
from ontology.domain.kinds import INSTANCE_KINDS
from ontology.domain.schema import Schema
from ontology.selectors.documents import find_target, get_document
from ontology.selectors.sparql import forget_states
from ontology.store import store
from ontology.store.port import Revision
from scheduling.contract import job_service

__all__ = ["redact"]

MAX_REASON = 2_000
#: Shorter texts stand everywhere; the object's rid is looked for as well.
_SHORTEST = 4


def redact(
    *,
    ontology: str,
    target: str,
    fields: Sequence[str] = (),
    reason: str,
    ref: str = "",
    dry_run: bool = False,
) -> RedactionResult:
    """Erase values of an object or link from every version on every branch, for good.

    Commit ids, hashes and signatures stay valid. Stored answers to repeated requests, results and
    files of finished jobs, and states kept for SPARQL lose what they hold of the values.

    Args:
        target: looked up at ``ref``; a ``rid`` may be of what is on other branches only.
        fields: names of values, also ``_iri`` and ``_annotations``; empty: all values. Values
            that stand under an earlier name of a property go with it.
        reason: for the audit trail; it is kept for ever, so it must not hold what is erased.
        dry_run: only say what would be done.

    Raises:
        NotFound: the ontology, the ref or the document.
        Invalid: ``reason_missing``, ``reason_too_long``, ``reason_holds_value``,
            ``not_an_instance``, ``unknown_value``, ``nothing_to_erase``.
        PermissionDenied.
    """
    info = permitted(ontology, permissions.ONTOLOGY_ERASE)
    reason = _checked_reason(reason)
    rid = _rid_of(info, target, ref)
    with transaction.atomic():
        wanted = _all_names(info, rid, fields, ref)
        erasure = store.redact(info.id, rid, fields=wanted, reason=reason, dry_run=dry_run)
        texts = frozenset(text for text in erasure.texts if len(text) >= _SHORTEST)
        if any(text in reason for text in texts):
            raise Invalid(
                "The reason holds one of the values. It is kept for ever: leave the value out.",
                code="reason_holds_value",
            )
        answers = jobs = 0
        if not dry_run:
            spellings = _spellings(rid, texts)
            encoded = [text.encode() for text in spellings]
            answers = idempotency.empty(holding=lambda body: any(one in body for one in encoded))
            folders, jobs = job_service.empty(
                arguments={"ontology": info.name},
                holding=lambda text: any(one in text for one in spellings),
            )
            transaction.on_commit(lambda: _forget(info, folders))
    return RedactionResult(
        redaction=erasure.info,
        document=_shown_as(info, rid, ref),
        messages=erasure.messages,
        answers=answers,
        jobs=jobs,
        dry_run=dry_run,
    )


def _checked_reason(reason: str) -> str:
    stripped = reason.strip()
    if not stripped:
        raise Invalid(
            "An erasure needs a reason: say who asked for it and why.", code="reason_missing"
        )
    if len(stripped) > MAX_REASON:
        raise Invalid(f"A reason has at most {MAX_REASON:,} characters.", code="reason_too_long")
    return stripped


def _rid_of(info: OntologyInfo, target: str, ref: str) -> str:
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    try:
        document = find_target(reader, info, target, include_deleted=True)
    except NotFound:
        if is_rid(target):
            return target  # perhaps on another branch
        raise
    if document.kind not in INSTANCE_KINDS:
        raise Invalid(
            f"Only values of objects and links can be erased; '{target}' is a {document.kind}.",
            code="not_an_instance",
        )
    return document.rid


def _all_names(info: OntologyInfo, rid: str, fields: Sequence[str], ref: str) -> frozenset[str]:
    """``fields``, and the other names that their properties had while the object existed."""
    if not fields:
        return frozenset()
    found = set(fields)
    there = store.redact(info.id, rid, reason="-", dry_run=True).info.fields
    commit = store.resolve(info.id, ref or info.default_branch)
    reader = store.reader(info.id, commit)
    document = reader.get_with_deleted([rid]).get(rid)
    if document is not None and not found.issuperset(there):
        names: dict[str, set[str]] = {}
        for declaring in _declaring(Schema(reader), str(document.body.get("_type") or "")):
            for revision in _revisions(info, commit, declaring):
                for item in revision.document.body.get("properties", ()):
                    names.setdefault(item["rid"], set()).add(item["apiName"])
        for known in names.values():
            if not known.isdisjoint(fields):
                found |= known.intersection(there)
    return frozenset(found)


def _declaring(schema: Schema, type_rid: str) -> list[str]:
    """The definitions that an object's properties can come from."""
    if not type_rid:
        return []
    return [type_rid, *schema.ancestors(type_rid), *schema.interfaces(type_rid)]


def _revisions(info: OntologyInfo, commit: CommitInfo, rid: str) -> Iterator[Revision]:
    before: str | None = None
    while page := store.history(info.id, commit, rid, before=before):
        yield from page
        before = page[-1].commit.id


def _spellings(rid: str, texts: Collection[str]) -> frozenset[str]:
    """The object's rid and its values, as people write them and as JSON does."""
    return frozenset({rid, *texts, *(dumps_text(text)[1:-1] for text in texts)})


def _forget(info: OntologyInfo, folders: Collection[str]) -> None:
    """What is kept outside the database, when the erasure holds."""
    for name in folders:
        spool.remove(name)
    forget_states(info.id)
    normal_timestamp.cache_clear()


def _shown_as(info: OntologyInfo, rid: str, ref: str) -> str:
    try:
        return get_document(ontology=info.name, target=rid, ref=ref, include_deleted=True).id
    except NotFound:
        return rid
