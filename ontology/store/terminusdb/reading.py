"""What TerminusDB has: branches, commits, documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import unquote

from oms_project.core.errors import NotFound
from ontology.store.home import HomeBranch, HomeCommit, is_scratch_branch
from ontology.store.terminusdb import woql
from ontology.store.terminusdb.client import (
    COMMITS,
    STATE,
    Server,
    branch_place,
    commit_place,
)

__all__ = ["batches", "branch_of", "branches_of", "check_commit", "log_of"]

T = TypeVar("T")

#: Commits of one request.
_COMMITS_AT_ONCE = 200
#: Branches that one query looks into.
_BRANCHES_AT_ONCE = 50
#: What OMS says in the metadata of its commits.
_SAID = ("id", "intent", "record", "part")


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
        if not is_scratch_branch(name):
            heads[name] = _identifier(one["head"])
    commits = _states(server, database, sorted(set(heads.values())))
    return [HomeBranch(name, head, commits.get(head, "")) for name, head in sorted(heads.items())]


def _states(server: Server, database: str, identifiers: Sequence[str]) -> dict[str, str]:
    """Identifier -> the OMS commit that the content there says it is."""
    found: dict[str, str] = {}
    state = woql.triple(woql.node(STATE), "commit", woql.value("commit"))
    for some in batches(identifiers, _BRANCHES_AT_ONCE):
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
        if not portion:  # the database's own beginning, or nothing
            check_commit(server, database, following)
            return
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
    intent, _, attempt = said.get("intent", "").partition("|")
    parent = binding.get("parent")
    return (
        HomeCommit(
            identifier=_identifier(binding["commit"]),
            parent=_identifier(parent) if parent else "",
            author=str(binding["author"]["@value"]),
            message=message,
            time=dt.datetime.fromtimestamp(float(binding["time"]["@value"]), dt.UTC),
            commit=commit,
            intent=intent,
            attempt=attempt,
            record=said.get("record", ""),
            part_of=part,
        ),
        not binding["commit"].startswith("InitialCommit/"),
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


# --- helpers ------------------------------------------------------------------------------------
def _maybe(query: woql.Query) -> woql.Query:
    return {"@type": "Optional", "query": query}


def _text(bindings: Sequence[dict[str, Any]], name: str) -> str:
    return str(bindings[0][name]["@value"]) if bindings else ""


def _identifier(name: str) -> str:
    return name.rpartition("/")[2]


def batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """``size`` at a time."""
    iterator = iter(values)
    while some := list(islice(iterator, size)):
        yield some
