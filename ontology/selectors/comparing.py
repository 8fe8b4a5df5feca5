"""One document at two refs."""

from __future__ import annotations

from collections.abc import Sequence
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

__all__ = ["DocumentComparison", "compare_document", "compare_documents"]


@dataclass(frozen=True, slots=True)
class DocumentComparison:
    """A document at two commits.

    Attributes:
        rid: the document's.
        from_commit, to_commit: ids of the two commits.
        before, after: its states; None where it does not stand (a deleted one does not).
        diff: what differs; None when nothing does.
        names: ``rid`` -> ``@id`` for every reference that stands in a change, also of what was
            compared together with it.
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
    found = _compared(info, before_reader, after_reader, [rid]).get(rid)
    if found is None:  # it was deleted before both
        raise NotFound(
            f"There is no document '{target}' at either ref.",
            code="document_not_found",
            data={"document": target},
        )
    return found


def compare_documents(
    *, ontology: str, rids: Sequence[str], from_ref: str, to_ref: str
) -> dict[str, DocumentComparison]:
    """Many documents at two refs, with as many queries as one.

    Returns:
        ``rid`` -> its states; what stands at neither ref is left out.

    Raises:
        NotFound: the ontology or a ref.
    """
    info = readable(ontology)
    start = store.resolve(info.id, from_ref or info.default_branch)
    end = store.resolve(info.id, to_ref or info.default_branch)
    return _compared(info, store.reader(info.id, start), store.reader(info.id, end), rids)


def _compared(
    info: OntologyInfo, before_reader: CommitReader, after_reader: CommitReader, rids: Sequence[str]
) -> dict[str, DocumentComparison]:
    before, after = before_reader.get_many(rids), after_reader.get_many(rids)
    changes = [
        DocumentChange(
            rid,
            (before.get(rid) or after[rid]).kind,
            before[rid].body if rid in before else None,
            after[rid].body if rid in after else None,
        )
        for rid in dict.fromkeys(rids)
        if rid in before or rid in after
    ]
    start, end = before_reader.commit.id, after_reader.commit.id
    result = diff_of(
        info,
        after_reader,
        start,
        end,
        visible_changes(info, before_reader, after_reader, changes),
    )
    states = [
        {view.rid: view for view in _views(info, reader, list(documents.values()))}
        for reader, documents in ((before_reader, before), (after_reader, after))
    ]
    return {
        diff.rid: DocumentComparison(
            rid=diff.rid,
            from_commit=start,
            to_commit=end,
            before=states[0].get(diff.rid),
            after=states[1].get(diff.rid),
            diff=diff if diff.operation != "update" or diff.fields else None,
            names=dict(result.names),
        )
        for diff in result.changes
    }


def _views(
    info: OntologyInfo, reader: CommitReader, documents: Sequence[StoredDocument]
) -> list[DocumentView]:
    return views_of(reader, visible(info, reader, documents), names=names_seen(info, reader))
