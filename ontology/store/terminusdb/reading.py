"""What TerminusDB has: branches, commits, documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import unquote

from oms_project.core.errors import NotFound
from ontology.domain.kinds import Kind
from ontology.store.home import HomeBranch, HomeCommit, HomeDocument
from ontology.store.terminusdb import woql
from ontology.store.terminusdb.client import (
    COMMITS,
    SCRATCH,
    STATE,
    Server,
    branch_place,
    commit_place,
)
from ontology.store.terminusdb.errors import Broken

__all__ = ["branch_of", "branches_of", "check_commit", "documents_of", "log_of", "written_by"]

T = TypeVar("T")

#: Commits, and documents, of one request.
_COMMITS_AT_ONCE = 200
_DOCUMENTS_AT_ONCE = 1000
#: Branches that one query looks into.
_BRANCHES_AT_ONCE = 50
#: Documents of one commit that are read without asking for their names first.
_FEW = 100
#: What OMS says in the metadata of its commits.
_SAID = ("id", "intent", "record", "part", "created")


# --- branches -----------------------------------------------------------------------------------
def branch_of(server: Server, database: str, name: str) -> HomeBranch | None:
    """``Home.branch``: one request gives both ids of the head."""
    query = woql.triple(woql.node(STATE), "commit", woql.value("commit"))
    try:
        answer = server.woql(database, branch_place(name), query)
    except NotFound as error:
        if error.error_code == "home_branch_not_found":
            return None
        raise
    return HomeBranch(name, answer.version, _text(answer.bindings, "commit"))


def branches_of(server: Server, database: str) -> list[HomeBranch]:
    """``Home.branches``."""
    branch = woql.variable("branch")
    query = woql.all_of(
        [
            woql.triple(branch, "name", woql.value("name")),
            woql.triple(branch, "head", woql.value("head")),
        ]
    )
    answer = server.repeated(lambda: server.woql(database, COMMITS, query))
    heads: dict[str, str] = {}
    for one in answer.bindings:
        name = unquote(one["name"]["@value"])
        if not name.startswith(SCRATCH):
            heads[name] = _identifier(one["head"])
    commits = _states(server, database, sorted(set(heads.values())))
    return [HomeBranch(name, head, commits.get(head, "")) for name, head in sorted(heads.items())]


def _states(server: Server, database: str, identifiers: Sequence[str]) -> dict[str, str]:
    """Identifier -> the OMS commit that the content there says it is."""
    found: dict[str, str] = {}
    state = woql.triple(woql.node(STATE), "commit", woql.value("commit"))
    for some in _batches(identifiers, _BRANCHES_AT_ONCE):
        query = woql.any_of(
            [
                woql.all_of(
                    [
                        {"@type": "Equals", "left": woql.value("at"), "right": woql.text(one)},
                        woql.using(f"{server.team}/{database}/local/commit/{one}", state),
                    ]
                )
                for one in some
            ]
        )
        answer = server.repeated(partial(server.woql, database, COMMITS, query))
        for one in answer.bindings:
            found[one["at"]["@value"]] = one["commit"]["@value"]
    return found


# --- commits ------------------------------------------------------------------------------------
def log_of(
    server: Server, database: str, identifier: str, until: Collection[str] = ()
) -> Iterator[HomeCommit]:
    """``Home.log``, in portions."""
    commit_place(identifier)
    stop = frozenset(until)
    following = identifier
    while following:
        portion = _portion(server, database, following)
        if not portion:
            raise _no_commit(identifier)
        following = ""
        if len(portion) > _COMMITS_AT_ONCE:
            # The one before the database's own beginning is told by that.
            following = portion.pop()[0].identifier
        for commit, is_ours in portion:
            if commit.identifier in stop:
                return
            if is_ours:
                yield commit


def _portion(server: Server, database: str, identifier: str) -> list[tuple[HomeCommit, bool]]:
    """A commit and those before it, latest first, and whether each is more than the database's own
    beginning.
    """
    commit, metadata = woql.variable("commit"), woql.variable("metadata")
    itself = f"ValidCommit/{identifier}"
    ancestors = woql.any_of(
        [
            {
                "@type": "Equals",
                "left": woql.value("commit"),
                "right": woql.reference(itself),
            },
            {
                "@type": "Path",
                "subject": woql.node(itself),
                "pattern": {
                    "@type": "PathTimes",
                    "times": {"@type": "PathPredicate", "predicate": "parent"},
                    "from": 1,
                    "to": _COMMITS_AT_ONCE,
                },
                "object": woql.value("commit"),
            },
        ]
    )
    query = woql.all_of(
        [
            ancestors,
            woql.triple(commit, "author", woql.value("author")),
            woql.triple(commit, "message", woql.value("message")),
            woql.triple(commit, "timestamp", woql.value("time")),
            _maybe(woql.triple(commit, "parent", woql.value("parent"))),
            _maybe(
                woql.all_of(
                    [
                        woql.triple(commit, "metadata", woql.value("metadata")),
                        woql.triple(metadata, "json:oms", woql.value("oms")),
                        *(
                            _maybe(woql.triple(metadata, f"json:{key}", woql.value(key)))
                            for key in _SAID
                        ),
                    ]
                )
            ),
        ]
    )
    answer = server.repeated(lambda: server.woql(database, COMMITS, query))
    found = [_commit(one) for one in answer.bindings]
    # The database's own beginning is nobody's parent.
    births = {one.identifier for one, is_ours in found if not is_ours}
    return [
        (replace(one, parent="") if one.parent in births else one, is_ours)
        for one, is_ours in found
    ]


def _commit(binding: dict[str, Any]) -> tuple[HomeCommit, bool]:
    said = {key: str(binding[key]["@value"]) for key in _SAID if binding.get(key)}
    commit, part = said.get("id", ""), said.get("part", "")
    message = str(binding["message"]["@value"])
    head, _, last = message.rpartition("\n")
    if commit and last == f"OMS-Commit: {commit}":
        message = head
    elif not said and message.startswith("OMS-Part-Of: "):
        # Made by the document API, which takes no metadata.
        part = message.removeprefix("OMS-Part-Of: ")
    parent = binding.get("parent")
    return (
        HomeCommit(
            identifier=_identifier(binding["commit"]),
            parent=_identifier(parent) if parent else "",
            author=str(binding["author"]["@value"]),
            message=message,
            time=dt.datetime.fromtimestamp(float(binding["time"]["@value"]), dt.UTC),
            commit=commit,
            intent=said.get("intent", ""),
            record=said.get("record", ""),
            part_of=part,
        ),
        "created" not in said and not binding["commit"].startswith("InitialCommit/"),
    )


def check_commit(server: Server, database: str, identifier: str) -> None:
    """See that a commit exists; reading at one that does not is an error of the server's own."""
    commit_place(identifier)
    query = woql.triple(woql.variable("commit"), "identifier", woql.text(identifier))
    answer = server.repeated(lambda: server.woql(database, COMMITS, query))
    if not answer.bindings:
        raise _no_commit(identifier)


def _no_commit(identifier: str) -> NotFound:
    return NotFound(f"TerminusDB has no commit {identifier[:80]!r}.", code="home_commit_not_found")


# --- documents ----------------------------------------------------------------------------------
def written_by(
    server: Server, database: str, identifier: str, commit: str
) -> Iterator[HomeDocument]:
    """``Home.written``."""
    document = woql.variable("document")
    theirs = woql.triple(document, "commit", woql.text(commit))
    read: woql.Query = {
        "@type": "ReadDocument",
        "identifier": document,
        "document": woql.value("body"),
    }
    is_document = woql.triple(document, "rdf:type", woql.reference("@schema:OmsDocument"))
    few = _read(
        server,
        database,
        identifier,
        {"@type": "Limit", "limit": _FEW, "query": woql.all_of([theirs, is_document, read])},
    )
    if len(few) < _FEW:
        yield from sorted((_document(one["body"]) for one in few), key=lambda one: one.rid)
        return
    names = _read(server, database, identifier, woql.all_of([theirs, is_document]))
    yield from _by_name(server, database, identifier, (one["document"] for one in names))


def documents_of(
    server: Server, database: str, identifier: str, rids: Collection[str] | None
) -> Iterator[HomeDocument]:
    """``Home.documents``."""
    if rids is not None:
        yield from _by_name(server, database, identifier, (f"OmsDocument/{rid}" for rid in rids))
        return
    kind = woql.triple(woql.variable("document"), "rdf:type", woql.reference("@schema:OmsDocument"))
    names = _read(server, database, identifier, kind)
    yield from _by_name(server, database, identifier, (one["document"] for one in names))


def _by_name(
    server: Server, database: str, identifier: str, names: Iterable[str]
) -> Iterator[HomeDocument]:
    place = commit_place(identifier)
    for some in _batches(sorted(set(names)), _DOCUMENTS_AT_ONCE):
        found = _checked(
            server,
            database,
            identifier,
            partial(server.read_documents, database, place, some),
        )
        yield from sorted((_document(one) for one in found), key=lambda one: one.rid)


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


# --- helpers ------------------------------------------------------------------------------------
def _maybe(query: woql.Query) -> woql.Query:
    return {"@type": "Optional", "query": query}


def _text(bindings: Sequence[dict[str, Any]], name: str) -> str:
    return str(bindings[0][name]["@value"]) if bindings else ""


def _identifier(name: str) -> str:
    return name.rpartition("/")[2]


def _batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while some := list(islice(iterator, size)):
        yield some
