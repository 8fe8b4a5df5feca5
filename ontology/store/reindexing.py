"""Which instances a commit has to find anew, because their types are indexed otherwise by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ontology.domain.documents import Body, DocumentChange
from ontology.domain.instances.entries import NO_ENTRIES, Entries, entries_of
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.store.port import CommitReader, Reindexing

__all__ = ["entries_by", "reindexed"]

_TYPES = (Kind.OBJECT_TYPE, Kind.LINK_TYPE, Kind.INTERFACE)


def entries_by(rules: Rules, body: Body | None) -> Entries:
    """What an instance is found by, as its type says it; nothing without a body or a type."""
    layout = rules.layout(str(body["_type"])) if body is not None and body.get("_type") else None
    return NO_ENTRIES if layout is None or body is None else entries_of(layout, body)


def reindexed(
    reader: CommitReader, before: Rules, after: Rules, changes: Sequence[DocumentChange]
) -> Iterator[Reindexing]:
    """Instances that are found by other entries, because their type is indexed otherwise now.

    Args:
        before, after: rules without and with ``changes``.
    """
    touched = [change for change in changes if change.kind not in INSTANCE_KINDS]
    if not touched:
        return
    reached: dict[str, None] = {}
    for change in touched:
        if change.before is None:
            continue  # nothing exists of it
        if change.kind in _TYPES:
            reached.update(dict.fromkeys(after.family(change.rid)))
        elif change.kind == Kind.SHARED_PROPERTY:
            uses = after.state.referrers([change.rid], ("sharedProperty",))
            for users in uses.values():
                for rid, _ in users:
                    reached.update(dict.fromkeys(after.family(rid)))
    written = {change.rid for change in changes}
    for type_rid in sorted(reader.populated(list(reached)) if reached else ()):
        old, new = before.layout(type_rid), after.layout(type_rid)
        if old is None or new is None or old.indexing == new.indexing:
            continue
        for document in reader.instances([type_rid]):
            if document.rid not in written:
                yield Reindexing(
                    document, entries_of(new, document.body), entries_of(old, document.body)
                )
