"""What TerminusDB has: documents, as commits wrote them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from ontology.domain.kinds import Kind
from ontology.store.home import HomeDocument
from ontology.store.terminusdb import woql
from ontology.store.terminusdb.changes import CHANGES, documents_in
from ontology.store.terminusdb.client import Server, commit_place
from ontology.store.terminusdb.errors import Broken
from ontology.store.terminusdb.reading import check_commit, log_of

__all__ = ["documents_of", "written_by"]

#: Documents of one request.
_DOCUMENTS_AT_ONCE = 1000


class _Name(NamedTuple):
    """What a document is called, and how many OMS documents it tells of."""

    name: str
    documents: int = 1


def written_by(
    server: Server, database: str, identifier: str, commit: str
) -> Iterator[HomeDocument]:
    """``Home.written``.

    Texts are not asked for in WOQL: TerminusDB 12.0.6 spoils a text of a document that it reads
    there (``ReadDocument``) when it has one of the database's prefixes anywhere in it.
    """
    theirs = woql.triple(woql.variable("document"), "commit", woql.text(commit))
    query = woql.any_of(
        [
            woql.all_of([theirs, _is_a("OmsDocument")]),
            woql.all_of([theirs, _is_a(CHANGES), _COUNTED]),
        ]
    )
    found = sorted(map(_name_in, _read(server, database, identifier, query)))
    for body in _bodies(server, database, identifier, found):
        yield from _documents(body)


def documents_of(
    server: Server, database: str, identifier: str, rids: Collection[str] | None
) -> Iterator[HomeDocument]:
    """``Home.documents``. What is wanted of objects and links stands in the latest commit that
    wrote it: reads from there until all is found.
    """
    if rids is None:
        found = _read(server, database, identifier, _is_a("OmsDocument"))
        own = sorted(one["document"] for one in found)
    else:
        own = sorted(f"OmsDocument/{rid}" for rid in set(rids))
    seen: set[str] = set()
    for body in _bodies(server, database, identifier, map(_Name, own)):
        document = _document(body)
        seen.add(document.rid)
        yield document
    missing = None if rids is None else set(rids) - seen
    if missing is not None and not missing:
        return
    for document in _latest(server, database, identifier):
        if document.rid in seen or (missing is not None and document.rid not in missing):
            continue
        seen.add(document.rid)
        yield document
        if missing is not None:
            missing.discard(document.rid)
            if not missing:
                return


def _latest(server: Server, database: str, identifier: str) -> Iterator[HomeDocument]:
    """Objects and links as commits wrote them, latest commit first."""
    found = _read(
        server,
        database,
        identifier,
        woql.all_of(
            [
                _is_a(CHANGES),
                _COUNTED,
                woql.triple(woql.variable("document"), "commit", woql.value("commit")),
            ]
        ),
    )
    by_commit: dict[str, list[_Name]] = {}
    for one in found:
        by_commit.setdefault(one["commit"]["@value"], []).append(_name_in(one))
    if not by_commit:
        return
    ordered = (
        name
        for one in log_of(server, database, identifier)
        for name in by_commit.get(one.commit, ())
    )
    for body in _bodies(server, database, identifier, ordered):
        yield from documents_in(body)


def _bodies(
    server: Server, database: str, identifier: str, names: Iterable[_Name]
) -> Iterator[dict[str, Any]]:
    """Those that there are, in this order; so many at once as tell of a portion together."""
    place = commit_place(identifier)

    def read(some: Sequence[str]) -> Iterator[dict[str, Any]]:
        bodies = _checked(
            server,
            database,
            identifier,
            partial(server.read_documents, database, place, some),
        )
        by_name = {body["@id"]: body for body in bodies}
        return (by_name[name] for name in some if name in by_name)

    some: list[str] = []
    count = 0
    for one in names:
        if some and count + one.documents > _DOCUMENTS_AT_ONCE:
            yield from read(some)
            some, count = [], 0
        some.append(one.name)
        count += one.documents
    if some:
        yield from read(some)


_COUNTED = woql.triple(woql.variable("document"), "count", woql.value("count"))


def _is_a(name: str) -> woql.Query:
    return woql.triple(woql.variable("document"), "rdf:type", woql.reference(f"@schema:{name}"))


def _name_in(binding: dict[str, Any]) -> _Name:
    count = binding.get("count")
    return _Name(binding["document"], int(count["@value"]) if count else 1)


def _read(
    server: Server, database: str, identifier: str, query: woql.Query
) -> list[dict[str, Any]]:
    place = commit_place(identifier)
    return _checked(
        server,
        database,
        identifier,
        lambda: server.woql(database, place, query).bindings,
    )


def _checked(
    server: Server, database: str, identifier: str, work: Callable[[], list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = server.repeated(work)
    except Broken:
        check_commit(server, database, identifier)
        raise
    return found


def _documents(body: dict[str, Any]) -> Iterator[HomeDocument]:
    if body["@type"] == CHANGES:
        yield from documents_in(body)
    else:
        yield _document(body)


def _document(body: dict[str, Any]) -> HomeDocument:
    return HomeDocument(
        rid=body["@id"].removeprefix("OmsDocument/"),
        kind=Kind(body["kind"]),
        text=body["text"],
        hash=body["hash"],
        commit=body["commit"],
        created=body["created"],
        updated=body["updated"],
        deleted=bool(body["deleted"]),
    )
