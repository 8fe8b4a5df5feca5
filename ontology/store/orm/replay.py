"""A commit that a home keeps, written into the index as the original commit would have been.

Same id, hashes, signature, stamps and time. Nothing is taken on trust: the record's id is the hash of
what it says, the documents have the content hash that it says, and the author's signature is genuine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from oms_project.core.canonical_json import loads
from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.keys import PublicKey
from ontology.contract import CommitInfo
from ontology.domain.authorship import author_problem
from ontology.domain.documents import Body, DocumentChange
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import INSTANCE_KINDS
from ontology.domain.state import OverlayState
from ontology.store.announcing import Touched, touched_by
from ontology.store.hashing import text_hash
from ontology.store.home import HomeDocument
from ontology.store.orm.lines import Place, place_of
from ontology.store.orm.placed import portions
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.redaction import claims_of
from ontology.store.orm.writer import append_known
from ontology.store.port import DocumentWrite, Reindexing, StoredDocument
from ontology.store.reindexing import entries_by, reindexed
from ontology.store.sealing import claim_of, stamps

__all__ = ["Erased", "Replayed", "erased_texts", "replay_commit"]

#: Whether a document may have another text than its commit gave it.
Erased = Callable[[HomeDocument], bool]


@dataclass(frozen=True, slots=True)
class Replayed:
    """A commit that stands in the index now.

    Attributes:
        touched: what it changed, as events tell of it.
    """

    place: Place
    touched: tuple[Touched, ...]


def erased_texts(ontology_id: str) -> Erased:
    """What the index knows of erasures: a text that one of them left behind is genuine."""
    left = {(claim.rid, claim.body_hash, claim.after) for claim, _ in claims_of(ontology_id)}
    return lambda document: (document.rid, document.hash, text_hash(document.text)) in left


def replay_commit(
    ontology_id: str,
    branch: str,
    info: CommitInfo,
    documents: Iterable[HomeDocument],
    *,
    keys: Mapping[str, PublicKey],
    erased: Erased,
) -> Replayed:
    """Write a commit into the index. The caller holds the branch's lock, in one transaction with
    what else the commit means (where the branch stands, audit trail, outbox).

    Args:
        branch: whose line the commit is appended to.
        info: what its record says; its parents are in the index.
        documents: all that it wrote; held at once.
        keys: ``kid`` -> public key of those that may sign authors.

    Raises:
        Invalid: ``record_mismatch``; the documents are not those that the record speaks of, or the
            signature is not genuine.
        Conflict: ``parent_missing``.
    """
    forged = author_problem(info.signature, claim_of(ontology_id, info), keys)
    if forged is not None:
        raise _mismatch(info, forged)
    place = _parents_place(ontology_id, info)
    listed = sorted(documents, key=lambda document: document.rid)
    reader = None if place is None else OrmReader(place[0], place[1], head=True)
    known = _known(reader, [document.rid for document in listed])
    changes = [_change(document, known.get(document.rid)) for document in listed]
    definitions = [change for change in changes if change.kind not in INSTANCE_KINDS]
    before = after = None
    moved: Iterable[Reindexing] = ()
    if reader is not None:
        before = Rules(reader)
        after = Rules(OverlayState(reader, definitions)) if definitions else before
        if definitions:
            moved = reindexed(reader, before, after, changes)
    touched: list[Touched] = []

    def writes() -> Iterator[DocumentWrite]:
        for document in listed:
            _check(info, document, known.get(document.rid), erased)
            write = _write(document, known.get(document.rid), before, after)
            if _changes_something(write, document):
                touched.append(touched_by(write))
            yield write

    def check(content: str, count: int) -> None:
        if (content, count) != (info.content_hash, info.change_count):
            raise _mismatch(
                info,
                f"it wrote {info.change_count} documents with the content hash "
                f"{info.content_hash[:12]}, and {count} with {content[:12]} are here",
            )

    appended = append_known(
        ontology_id=ontology_id,
        branch=branch,
        place=None if place is None else place[1],
        info=info,
        writes=writes(),
        reindexed=moved,
        check=check,
    )
    return Replayed(appended, tuple(touched))


def _parents_place(ontology_id: str, info: CommitInfo) -> tuple[CommitInfo, Place] | None:
    if not info.parents:
        return None
    try:
        first, *others = [place_of(ontology_id, parent) for parent in info.parents]
    except NotFound as error:
        raise _orphan(info) from error
    for parent, _ in (first, *others):
        if parent.time >= info.time:
            raise _mismatch(info, "it is not later than its parents")
    return first


def _known(reader: OrmReader | None, rids: Collection[str]) -> dict[str, StoredDocument]:
    if reader is None:
        return {}
    return {
        rid: document
        for portion in portions(rids)
        for rid, document in reader.get_with_deleted(portion).items()
    }


def _change(document: HomeDocument, before: StoredDocument | None) -> DocumentChange:
    """As much of the change as reindexing looks at: of an instance, that there is one."""
    if document.kind in INSTANCE_KINDS:
        return DocumentChange(document.rid, document.kind, None, None)
    old = before.body if before is not None and not before.deleted else None
    return DocumentChange(document.rid, document.kind, old, _body(document))


def _body(document: HomeDocument) -> Body | None:
    if document.deleted:
        return None
    body: Body = loads(document.text)
    return body


def _write(
    document: HomeDocument,
    before: StoredDocument | None,
    old_rules: Rules | None,
    new_rules: Rules | None,
) -> DocumentWrite:
    body = _body(document)
    if document.kind not in INSTANCE_KINDS or old_rules is None or new_rules is None:
        return DocumentWrite(
            document.rid,
            document.kind,
            before,
            body,
            text=document.text,
            committed_hash=document.hash,
        )
    was = before.body if before is not None and not before.deleted else None
    return DocumentWrite(
        document.rid,
        document.kind,
        before,
        body,
        entries_by(new_rules, body),
        entries_by(old_rules, was),
        document.text,
        document.hash,
    )


def _changes_something(write: DocumentWrite, document: HomeDocument) -> bool:
    """Whether somebody changed it: an instance whose type is indexed otherwise may be written once
    more as it is.
    """
    before = write.before
    return (
        before is None
        or document.deleted
        or before.deleted
        or before.hash != document.hash
        or document.kind not in INSTANCE_KINDS
    )


def _check(
    info: CommitInfo, document: HomeDocument, before: StoredDocument | None, erased: Erased
) -> None:
    """Whether a document is one that the commit can have written."""
    where = f"{document.kind} {document.rid}"
    if document.commit != info.id:
        raise _mismatch(info, f"{where} was written by another commit")
    if text_hash(document.text) != document.hash and not erased(document):
        raise _mismatch(info, f"{where} does not have its recorded hash")
    if before is not None and before.kind != document.kind:
        raise _mismatch(info, f"{where} was a {before.kind} before")
    if document.deleted and (before is None or before.hash != document.hash):
        raise _mismatch(info, f"{where} is deleted, and was not there as it says")
    expected = stamps(info.author_id, info.author_username, info.time)
    created = expected.created if before is None else before.created
    updated = expected.deleted if document.deleted else expected.updated
    if (document.created, document.updated) != (created, updated):
        raise _mismatch(info, f"the audit fields of {where} are not those of its commits")


def _mismatch(info: CommitInfo, why: str) -> Invalid:
    return Invalid(
        f"Commit {info.short_id} is not what its record says: {why}.",
        code="record_mismatch",
        data={"commit": info.id},
    )


def _orphan(info: CommitInfo) -> Conflict:
    return Conflict(
        f"A parent of commit {info.short_id} is not in the index. Rebuild the index from the home.",
        code="parent_missing",
        data={"commit": info.id, "parents": list(info.parents)},
    )
