"""A commit of the index as what goes into a home: its record, its documents, native classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from oms_project.core.canonical_json import loads
from oms_project.core.context import current_attempt
from ontology.contract import CommitInfo
from ontology.domain.documents import Body
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.store.home import HomeDocument, Landing, NativeChange, Part
from ontology.store.orm.lines import place_of
from ontology.store.orm.placed import portions
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.sql import in_list, list_parameter, rows
from ontology.store.port import CommitReader
from ontology.store.projection import Projection, Written, project
from ontology.store.records import record_of
from ontology.store.sealing import stamps

__all__ = ["PART", "landing_of"]

#: Documents of one request to a home; a commit of more goes there in several.
PART = 4000

_COLUMNS = "v.rid, v.kind, v.body, v.body_hash, v.created, v.updated, v.deleted"


def landing_of(
    ontology_id: str,
    info: CommitInfo,
    *,
    intent: str,
    reader: CommitReader,
    projected: bool = True,
) -> Landing:
    """What a home has to be told of a commit that stands in the index.

    The commit may be of the caller's own transaction. Memory follows ``PART``, but for the ids of
    what it wrote and for definitions.

    Args:
        reader: of the commit.
        projected: whether native classes and documents come along.
    """
    place = place_of(ontology_id, info.id)[1]
    listed = rows(
        "SELECT v.rid, v.kind, v.deleted FROM ontology_documentversion v "
        "WHERE v.line_id = %s AND v.seq_from = %s",
        [place.line, place.seq],
    )
    # What a relation needs comes before it, and goes after it: a home checks every request.
    listed.sort(key=lambda row: (_rank(row[1], bool(row[2])), row[0]))
    rids = [row[0] for row in listed]
    first = stamps(info.author_id, info.author_username, info.time).created
    before = _reader_before(ontology_id, info)

    def documents(some: Sequence[str]) -> list[HomeDocument]:
        found = {
            row[0]: _document(row, info.id, first)
            for row in rows(
                f"SELECT {_COLUMNS} FROM ontology_documentversion v "
                f"WHERE v.line_id = %s AND v.seq_from = %s AND {in_list('v.rid')}",
                [place.line, place.seq, list_parameter(list(some))],
            )
        }
        return [found[rid] for rid in some]

    def written(some: Sequence[HomeDocument]) -> list[Written]:
        old = {} if before is None else before.get_many([one.rid for one in some])
        return [
            Written(one.rid, one.kind, _body_of(old.get(one.rid)), _body_after(one)) for one in some
        ]

    definitions = [row[0] for row in listed if Kind(row[1]) not in INSTANCE_KINDS]
    projection: Projection | None = None
    if projected:
        projection = project(
            before=before,
            after=reader,
            definitions=[
                one for portion in portions(definitions) for one in written(documents(portion))
            ],
        )

    def parts() -> Iterator[Part]:
        remaining = iter(rids)
        sent = False
        while some := list(islice(remaining, PART)):
            portion = documents(some)
            native = NativeChange()
            if projection is not None and portion[-1].kind in INSTANCE_KINDS:
                native = projection.native(
                    [one for one in written(portion) if one.kind in INSTANCE_KINDS]
                )
            sent = True
            yield Part(tuple(portion), native)
        if projection is not None:
            for native in projection.extra():
                sent = True
                yield Part((), native)
        if not sent:
            yield Part(())

    return Landing(
        commit=info.id,
        record=record_of(ontology_id, info),
        author=info.signature,
        message=info.message,
        intent=intent,
        parts=_Parts(parts),
        attempt=current_attempt(),
        **({} if projection is None else {"schema": projection.schema}),
    )


class _Parts:
    """The parts of a commit; made anew each time they are asked for."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __iter__(self) -> Iterator[Part]:
        return self._make()  # type: ignore[no-any-return]


def _rank(kind: str, deleted: bool) -> int:
    if kind == Kind.LINK:
        return 1 if deleted else 3
    if kind == Kind.OBJECT:
        return 4 if deleted else 2
    return 0


def _document(row: Sequence[Any], commit: str, first: str) -> HomeDocument:
    return HomeDocument(
        rid=row[0],
        kind=Kind(row[1]),
        text=row[2],
        hash=row[3],
        commit=commit,
        created=row[4],
        updated=row[5],
        deleted=bool(row[6]),
        # A commit is later than its parents: only what it created itself has its stamp.
        is_new=row[4] == first,
    )


def _body_of(document: Any) -> Body | None:
    return None if document is None else document.body


def _body_after(document: HomeDocument) -> Body | None:
    if document.deleted:
        return None
    body: Body = loads(document.text)
    return body


def _reader_before(ontology_id: str, info: CommitInfo) -> CommitReader | None:
    if not info.parents:
        return None
    parent, place = place_of(ontology_id, info.parents[0])
    return OrmReader(parent, place, head=False)
