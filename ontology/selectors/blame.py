"""Blame: which commit gave each value of a document the value that it has.

A value is followed from the ref back. A commit that left it as its first parent had it is passed
by; a merge that took it from its second parent hands it over to that side, where the search goes
on; so a value that came in by a merge is blamed on the commit of the merged side that wrote it.
A merge is blamed only for what neither side had: a conflict that was settled with a third value.
When both sides had the value, the first parent's history answers, as in git.

A delete keeps the body, so a document that was restored keeps who wrote its values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ontology.access import readable
from ontology.contract import CommitInfo, DocumentView, OntologyInfo
from ontology.domain.documents import references
from ontology.domain.kinds import Kind
from ontology.domain.masking import MASKED
from ontology.domain.parts import Part, parts_of
from ontology.domain.redaction import REDACTED
from ontology.domain.shapes import same
from ontology.selectors.documents import find_target, ids_of, views_of
from ontology.selectors.masking import names_seen, visible
from ontology.store import store
from ontology.store.port import CommitReader, Revision, StoredDocument

__all__ = ["Blame", "BlameEntry", "blame", "blame_of_many"]

_PAGE = 50
_Parts = dict[str, Part]


@dataclass(frozen=True, slots=True)
class BlameEntry:
    """One value of a document and the commit that gave it.

    Attributes:
        path: where, as a path of keys (as in ``FieldChange``).
        label: the same path for people.
        value: the JSON value.
        commit: id of the commit, among ``commits`` of the ``Blame``.
    """

    path: str
    label: str
    value: Any
    commit: str


@dataclass(frozen=True, slots=True)
class Blame:
    """Who gave a document the values that it has.

    Attributes:
        document: the document as the reader may see it.
        commit: id of the commit that was read.
        entries: one per value, in the order of the kind's fields; masked values have none.
        commits: the commits that are blamed, latest first.
        names: ``rid`` -> ``@id`` of what the document refers to.
    """

    document: DocumentView
    commit: str
    entries: tuple[BlameEntry, ...]
    commits: tuple[CommitInfo, ...]
    names: dict[str, str]


def blame(*, ontology: str, target: str, ref: str = "") -> Blame:
    """For every value of a document at a ref: the commit that gave it.

    Costs the document's own revisions, not the commits in between.

    Raises:
        NotFound: the ontology, the ref or the document.
    """
    info = readable(ontology)
    commit = store.resolve(info.id, ref or info.default_branch)
    reader = store.reader(info.id, commit)
    document = find_target(reader, info, target, include_deleted=True)
    return _blames(info, reader, [document])[document.rid]


def blame_of_many(*, ontology: str, rids: Sequence[str], ref: str = "") -> dict[str, Blame]:
    """``blame`` of many documents: with as many queries as of one, but for those with a long
    history and for what merges brought in.

    Returns:
        ``rid`` -> its blame; what is not there is left out.

    Raises:
        NotFound: the ontology or the ref.
    """
    info = readable(ontology)
    commit = store.resolve(info.id, ref or info.default_branch)
    reader = store.reader(info.id, commit)
    return _blames(info, reader, list(reader.get_with_deleted(rids).values()))


def _blames(
    info: OntologyInfo, reader: CommitReader, documents: Sequence[StoredDocument]
) -> dict[str, Blame]:
    commit = reader.commit
    latest = store.histories(info.id, commit, [item.rid for item in documents], limit=_PAGE)
    shown = visible(info, reader, documents)
    views = views_of(reader, shown, names=names_seen(info, reader))
    mentioned = [
        {item.target for item in references(Kind(document.kind), document.body)}
        for document in shown
    ]
    names = ids_of(info, reader, set().union(*mentioned)) if any(mentioned) else {}
    found: dict[str, Blame] = {}
    for document, seen, view, targets in zip(documents, shown, views, mentioned, strict=True):
        wanted = _wanted(document, seen)
        given = dict(_blamed(info, commit, document, wanted, latest[document.rid]))
        commits = {by.id: by for by in given.values()}
        found[document.rid] = Blame(
            document=view,
            commit=commit.id,
            entries=tuple(
                BlameEntry(path, part.label, part.value, given[path].id)
                for path, part in wanted.items()
            ),
            commits=tuple(sorted(commits.values(), key=lambda by: (by.time, by.id), reverse=True)),
            names={rid: names[rid] for rid in targets if rid in names},
        )
    return found


def _wanted(document: StoredDocument, shown: StoredDocument) -> _Parts:
    """The values of a document that may be seen."""
    present = parts_of(document.kind, document.body)
    # What is masked is judged by the body that is shown; its history stays masked with it.
    allowed = shown.body.keys() - {MASKED, REDACTED}
    kept = {name for name in allowed if name != "_annotations"}
    annotations = parts_of(
        document.kind, {name: shown.body[name] for name in allowed if name == "_annotations"}
    )
    return {
        path: part for path, part in present.items() if _field(path) in kept or path in annotations
    }


def _blamed(
    info: OntologyInfo,
    commit: CommitInfo,
    document: StoredDocument,
    wanted: _Parts,
    latest: Sequence[Revision],
) -> Iterator[tuple[str, CommitInfo]]:
    """Each path of ``wanted`` with the commit that gave it.

    Every path is on one side of a merge at a time, so that sides which met before are not walked
    once for every way that leads to them.

    Args:
        latest: the first page of the document's revisions.
    """
    sides: list[tuple[CommitInfo, _Parts, Sequence[Revision] | None]] = [(commit, wanted, latest)]
    while sides:
        start, open_parts, page = sides.pop()
        for revision in _revisions(info, start, document.rid, page):
            given = _differing(open_parts, revision.previous)
            if not given:
                continue
            open_parts = {path: part for path, part in open_parts.items() if path not in given}
            if len(revision.commit.parents) > 1:
                merged = store.get_commit(info.id, revision.commit.parents[1])
                other = _at(info, merged, document.rid)
                own = _differing(given, other)
                theirs = {path: part for path, part in given.items() if path not in own}
                if theirs:
                    sides.append((merged, theirs, None))
                given = own
            for path in given:
                yield path, revision.commit
            if not open_parts:
                break


def _revisions(
    info: OntologyInfo, commit: CommitInfo, rid: str, page: Sequence[Revision] | None
) -> Iterator[Revision]:
    """A document's revisions on the first-parent line, latest first.

    Args:
        page: the first page of them, where it is at hand.
    """
    if page is None:
        page = store.history(info.id, commit, rid, limit=_PAGE)
    while True:
        yield from page
        if len(page) < _PAGE:
            return
        page = store.history(info.id, commit, rid, before=page[-1].commit.id, limit=_PAGE)


def _differing(parts: _Parts, document: StoredDocument | None) -> _Parts:
    """The ``parts`` that ``document`` does not have with the same values."""
    if document is None:
        return parts
    there = parts_of(document.kind, document.body)
    return {
        path: part
        for path, part in parts.items()
        if path not in there or not same(part.value, there[path].value)
    }


def _at(info: OntologyInfo, commit: CommitInfo, rid: str) -> StoredDocument | None:
    return store.reader(info.id, commit).get_with_deleted([rid]).get(rid)


def _field(path: str) -> str:
    """The field of the body that a path leads into."""
    return path.split("/", 2)[1].replace("~1", "/").replace("~0", "~")
