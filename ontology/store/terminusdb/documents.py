"""What TerminusDB has: documents, as commits wrote them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from ontology.domain.kinds import Kind
from ontology.store.home import HomeDocument
from ontology.store.terminusdb import woql
from ontology.store.terminusdb.changes import CHANGES, Changes, documents_in
from ontology.store.terminusdb.client import Server, commit_place
from ontology.store.terminusdb.errors import Broken
from ontology.store.terminusdb.reading import batches, check_commit, log_of

__all__ = ["documents_of", "written_by"]

#: Documents of one request.
_DOCUMENTS_AT_ONCE = 1000
#: Documents of one commit that are read without asking for their names first.
_FEW = 100


def written_by(
    server: Server, database: str, identifier: str, commit: str
) -> Iterator[HomeDocument]:
    """``Home.written``; one request where it is little."""
    theirs = woql.triple(woql.variable("document"), "commit", woql.text(commit))
    own = [theirs, _is_a("OmsDocument")]
    bundles = [theirs, _is_a(CHANGES), _COUNTED]
    query = woql.any_of(
        [
            {"@type": "Limit", "limit": _FEW, "query": woql.all_of([*own, _BODY])},
            {
                "@type": "Limit",
                "limit": 1,
                "query": woql.all_of([*bundles, _fewer_than(_FEW), _BODY]),
            },
            woql.all_of(bundles),
        ]
    )
    found = _read(server, database, identifier, query)
    bodies = {one["document"]: one["body"] for one in found if one.get("body")}
    changes = [
        _changes(one, commit) for one in found if one.get("count") and one["document"] not in bodies
    ]
    few = [body for body in bodies.values() if body["@type"] == "OmsDocument"]
    for body in bodies.values():
        if body["@type"] == CHANGES:
            yield from documents_in(body)
    if len(few) < _FEW:
        yield from map(_document, few)
    else:
        names = _read(server, database, identifier, woql.all_of(own))
        yield from _by_name(server, database, identifier, (one["document"] for one in names))
    for body in _bodies(server, database, identifier, changes):
        yield from documents_in(body)


def documents_of(
    server: Server, database: str, identifier: str, rids: Collection[str] | None
) -> Iterator[HomeDocument]:
    """``Home.documents``. What is wanted of objects and links stands in the latest commit that
    wrote it: reads from there until all is found.
    """
    if rids is None:
        found = _read(server, database, identifier, _is_a("OmsDocument"))
        names = [one["document"] for one in found]
    else:
        names = [f"OmsDocument/{rid}" for rid in rids]
    seen: set[str] = set()
    for document in _by_name(server, database, identifier, names):
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
    by_commit: dict[str, list[Changes]] = {}
    for one in found:
        changes = _changes(one, one["commit"]["@value"])
        by_commit.setdefault(changes.commit, []).append(changes)
    if not by_commit:
        return
    ordered = (
        changes
        for one in log_of(server, database, identifier)
        for changes in by_commit.get(one.commit, ())
    )
    for body in _bodies(server, database, identifier, ordered):
        yield from documents_in(body)


def _bodies(
    server: Server, database: str, identifier: str, changes: Iterable[Changes]
) -> Iterator[dict[str, Any]]:
    """Documents with texts, in this order; so many at once as tell of a portion together."""
    place = commit_place(identifier)

    def read(some: Sequence[str]) -> Iterator[dict[str, Any]]:
        bodies = _checked(
            server,
            database,
            identifier,
            partial(server.read_documents, database, place, some),
        )
        by_name = {body["@id"]: body for body in bodies}
        return (by_name[name] for name in some)

    names: list[str] = []
    count = 0
    for one in changes:
        if names and count + one.count > _DOCUMENTS_AT_ONCE:
            yield from read(names)
            names, count = [], 0
        names.append(one.name)
        count += one.count
    if names:
        yield from read(names)


#: Of what ``document`` is: its body, and how many documents it tells of.
_BODY: woql.Query = {
    "@type": "ReadDocument",
    "identifier": woql.variable("document"),
    "document": woql.value("body"),
}
_COUNTED = woql.triple(woql.variable("document"), "count", woql.value("count"))


def _is_a(name: str) -> woql.Query:
    return woql.triple(woql.variable("document"), "rdf:type", woql.reference(f"@schema:{name}"))


def _fewer_than(count: int) -> woql.Query:
    limit = {"@type": "DataValue", "data": {"@type": "xsd:integer", "@value": count}}
    return {
        "@type": "Less",
        "left": {"@type": "DataValue", "variable": "count"},
        "right": limit,
    }


def _changes(binding: dict[str, Any], commit: str) -> Changes:
    return Changes(binding["document"], commit, int(binding["count"]["@value"]))


def _by_name(
    server: Server, database: str, identifier: str, names: Iterable[str]
) -> Iterator[HomeDocument]:
    place = commit_place(identifier)
    for some in batches(sorted(set(names)), _DOCUMENTS_AT_ONCE):
        found = _checked(
            server,
            database,
            identifier,
            partial(server.read_documents, database, place, some),
        )
        yield from map(_document, found)


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
