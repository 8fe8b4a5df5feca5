"""One document at two refs."""

from __future__ import annotations

from dataclasses import dataclass

from oms_project.core.errors import NotFound
from ontology.access import readable
from ontology.contract import DocumentDiff, DocumentView, OntologyInfo
from ontology.domain.documents import DocumentChange
from ontology.selectors.diffs import diff_of
from ontology.selectors.documents import find_target, views_of
from ontology.selectors.masking import names_seen, visible, visible_changes
from ontology.store import store
from ontology.store.port import CommitReader, StoredDocument

__all__ = ["DocumentComparison", "compare_document"]


@dataclass(frozen=True, slots=True)
class DocumentComparison:
    """A document at two commits.

    Attributes:
        rid: the document's.
        from_commit, to_commit: ids of the two commits.
        before, after: its states; None where it does not stand (a deleted one does not).
        diff: what differs; None when nothing does.
        names: ``rid`` -> ``@id`` for every reference that stands in a change.
    """

    rid: str
    from_commit: str
    to_commit: str
    before: DocumentView | None
    after: DocumentView | None
    diff: DocumentDiff | None
    names: dict[str, str]


def compare_document(
    *, ontology: str, target: str, from_ref: str, to_ref: str
) -> DocumentComparison:
    """One document at two refs.

    Args:
        target: looked up at ``to_ref``, and where it is not there, at ``from_ref``: a document
            that was renamed is named as it is called last.

    Raises:
        NotFound: the ontology, a ref, or the document at both of them.
    """
    info = readable(ontology)
    start = store.resolve(info.id, from_ref or info.default_branch)
    end = store.resolve(info.id, to_ref or info.default_branch)
    before_reader, after_reader = store.reader(info.id, start), store.reader(info.id, end)
    try:
        rid = find_target(after_reader, info, target, include_deleted=True).rid
    except NotFound:
        rid = find_target(before_reader, info, target, include_deleted=True).rid
    before, after = (reader.get_many([rid]).get(rid) for reader in (before_reader, after_reader))
    found = before or after
    if found is None:  # it was deleted before both
        raise NotFound(
            f"There is no document '{target}' at either ref.",
            code="document_not_found",
            data={"document": target},
        )
    change = DocumentChange(
        rid,
        found.kind,
        None if before is None else before.body,
        None if after is None else after.body,
    )
    shown = visible_changes(info, before_reader, after_reader, [change])
    result = diff_of(info, after_reader, start.id, end.id, shown)
    diff = result.changes[0]
    differs = diff.operation != "update" or bool(diff.fields)
    return DocumentComparison(
        rid=rid,
        from_commit=start.id,
        to_commit=end.id,
        before=_view(info, before_reader, before),
        after=_view(info, after_reader, after),
        diff=diff if differs else None,
        names=dict(result.names),
    )


def _view(
    info: OntologyInfo, reader: CommitReader, document: StoredDocument | None
) -> DocumentView | None:
    return (
        None
        if document is None
        else views_of(reader, visible(info, reader, [document]), names=names_seen(info, reader))[0]
    )
