"""A commit's way into TerminusDB. See ``docs/adr/0003``.

Small commits are one WOQL query on the branch, guarded by the OMS commit that the branch is at.
What is large, or several commits, is prepared on a scratch branch, its triples as Turtle; then one
guarded move lets the branch stand at its end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import orjson

from oms_project.core.errors import Conflict, Invalid, NotFound, OmsError
from ontology.domain.native.terms import RDF_TYPE, Literal, Node, Triple
from ontology.store.home import (
    HomeDocument,
    Landing,
    NativeChange,
    Part,
    scratch_branch,
)
from ontology.store.terminusdb import woql
from ontology.store.terminusdb.changes import changes_triples, is_bundled
from ontology.store.terminusdb.client import (
    COMMITS,
    STATE,
    Server,
    branch_place,
    encoded,
)
from ontology.store.terminusdb.errors import Broken
from ontology.store.terminusdb.reading import branch_of, log_of
from ontology.store.terminusdb.setup import SETUP

__all__ = ["land", "move_branch"]

#: Documents that WOQL writes as quickly as the document API does with the requests around it.
_SMALL = 300


def land(
    server: Server, database: str, branch: str, landings: Sequence[Landing], expected: str
) -> list[str]:
    """``Home.land``; may be repeated."""
    if len(landings) == 1:
        landing = landings[0]
        parts = iter(landing.parts)
        first = next(parts, Part(()))
        second = next(parts, None)
        if second is None and _size(first) <= _SMALL:
            return [_land_at_once(server, database, branch, landing, first, expected)]
        rest = chain([first], [] if second is None else [second], parts)
        return _land_aside(server, database, branch, [(landing, rest)], expected)
    return _land_aside(
        server, database, branch, [(one, iter(one.parts)) for one in landings], expected
    )


def _land_at_once(
    server: Server,
    database: str,
    branch: str,
    landing: Landing,
    part: Part,
    expected: str,
) -> str:
    """One request; it can be repeated, since the guard holds no more once it has worked."""
    query = woql.all_of(
        [
            *_head(expected, landing.commit),
            *_schema(landing, expected),
            *_content(landing.commit, 0, part),
        ]
    )

    def write() -> str | None:
        answer = server.woql(
            database, branch_place(branch), query, commit_info=_commit_info(landing)
        )
        return answer.version if answer.bindings else None

    try:
        identifier = server.repeated(write)
    except Broken as error:
        raise _refused(error) from error
    if identifier is not None:
        return identifier
    stands = branch_of(server, database, branch)
    if stands is not None and stands.commit == landing.commit:
        return stands.identifier
    raise _stale(branch, stands.commit if stands else "")


def _land_aside(
    server: Server,
    database: str,
    branch: str,
    landings: Sequence[tuple[Landing, Iterator[Part]]],
    expected: str,
) -> list[str]:
    stands = server.repeated(lambda: branch_of(server, database, branch))
    if stands is None:
        raise NotFound(
            f"TerminusDB has no branch {branch!r} in {database}.", code="home_branch_not_found"
        )
    last = landings[-1][0].commit
    if stands.commit == last and last != expected:
        return _landed(server, database, stands.identifier, [one.commit for one, _ in landings])
    if stands.commit != expected:
        raise _stale(branch, stands.commit)
    scratch = scratch_branch(landings[-1][0].intent)
    _create_scratch(server, database, scratch, stands.identifier)
    try:
        identifiers: list[str] = []
        at = expected
        for landing, parts in landings:
            identifiers.append(_write(server, database, scratch, landing, parts, at))
            at = landing.commit
        moved = server.repeated(
            lambda: move_branch(
                server, database, branch, to=identifiers[-1], expected=stands.identifier
            )
        )
        if not moved:
            now = branch_of(server, database, branch)
            if now is None or now.identifier != identifiers[-1]:
                raise _stale(branch, now.commit if now else "")
        return identifiers
    except Broken as error:
        raise _refused(error) from error
    finally:
        # What is left over says nothing to anybody; the next attempt takes its place.
        with contextlib.suppress(OmsError):
            server.client(database).delete_branch(encoded(scratch))


def _write(
    server: Server,
    database: str,
    scratch: str,
    landing: Landing,
    parts: Iterator[Part],
    expected: str,
) -> str:
    """Write a commit to a scratch branch; nobody else writes there."""
    number = 0
    part = next(parts, Part(()))
    following = next(parts, None)
    writes = _schema(landing, expected)
    if writes and (following is not None or _size(part) > _SMALL):
        _write_part(server, database, scratch, landing, writes)
        writes = []
    while following is not None or _size(part) > _SMALL:
        _write_large(server, database, scratch, landing, number, part)
        part, following = following or Part(()), next(parts, None)
        number += 1
    answer = server.woql(
        database,
        branch_place(scratch),
        woql.all_of(
            [
                *_head(expected, landing.commit),
                *writes,
                *_content(landing.commit, number, part),
            ]
        ),
        commit_info=_commit_info(landing),
    )
    if not answer.bindings:
        raise _stale(scratch, "")
    return answer.version


def _write_large(
    server: Server, database: str, scratch: str, landing: Landing, number: int, part: Part
) -> None:
    """Write a large part: what comes as Turtle, four times as quick as WOQL; what is replaced as
    documents, twice as quick; what goes as triples.
    """
    native = part.native
    before = [
        *(woql.goes(one) for one in native.removed),
        *(woql.delete_document(one) for one in native.deleted),
    ]
    if before:
        _write_part(server, database, scratch, landing, before)
    author, message = landing.author, f"OMS-Part-Of: {landing.commit}"
    own = [one for one in part.documents if not is_bundled(one)]
    replaced = [_as_json(document) for document in own if not document.is_new]
    if replaced:
        server.replace_documents(database, scratch, replaced, author=author, message=message)
    added = [*_new(landing.commit, number, part, own), *native.added]
    if added:
        server.add_triples(database, scratch, added, author=author, message=message)


def _write_part(
    server: Server, database: str, scratch: str, landing: Landing, writes: list[woql.Query]
) -> None:
    server.woql(
        database,
        branch_place(scratch),
        woql.all_of(writes),
        commit_info={
            "author": landing.author,
            "message": f"OMS-Part-Of: {landing.commit}",
            "metadata": {"oms": 1, "part": landing.commit},
        },
    )


def _landed(server: Server, database: str, identifier: str, commits: Sequence[str]) -> list[str]:
    """The identifiers of commits that stand at the end of a branch."""
    wanted = set(commits)
    found: dict[str, str] = {}
    for one in log_of(server, database, identifier):
        if one.commit in wanted:
            found[one.commit] = one.identifier
            if len(found) == len(wanted):
                break
        elif not one.part_of:
            break
    if len(found) < len(wanted):
        raise Conflict(
            "TerminusDB has the last of these commits, but not all of them.",
            code="stale_home",
            data={"commit": commits[-1]},
        )
    return [found[one] for one in commits]


# --- branches -----------------------------------------------------------------------------------
def _create_scratch(server: Server, database: str, name: str, identifier: str) -> None:
    """A branch of nobody's; one that a crash has left is replaced."""

    def create() -> None:
        client = server.client(database, place=f"commit/{identifier}")
        try:
            client.create_branch(encoded(name))
        except Conflict:
            server.client(database).delete_branch(encoded(name))
            client.create_branch(encoded(name))

    server.repeated(create)


def move_branch(server: Server, database: str, name: str, *, to: str, expected: str) -> bool:
    """Let a branch stand somewhere else, if it stands at ``expected``; whether it did."""
    branch = woql.variable("branch")
    old, new = (woql.reference(f"ValidCommit/{one}") for one in (expected, to))
    head = woql.node("head")
    query = woql.all_of(
        [
            woql.triple(branch, "name", woql.text(encoded(name))),
            woql.triple(branch, "head", old),
            {"@type": "DeleteTriple", "subject": branch, "predicate": head, "object": old},
            {"@type": "AddTriple", "subject": branch, "predicate": head, "object": new},
        ]
    )
    answer = server.woql(
        database, COMMITS, query, commit_info={"author": "oms", "message": f"move {name}"}
    )
    return bool(answer.bindings)


# --- what a commit is made of -------------------------------------------------------------------
def _head(expected: str, commit: str) -> list[woql.Query]:
    """The guard, and the new state: it holds once."""
    if not expected:
        return [
            woql.none_of(woql.triple(woql.node(STATE), "commit", woql.value("any"))),
            woql.add(STATE, RDF_TYPE, woql.reference("@schema:OmsState")),
            woql.add(STATE, "commit", woql.text(commit)),
        ]
    return [
        woql.triple(woql.node(STATE), "commit", woql.text(expected)),
        woql.remove(STATE, "commit", woql.text(expected)),
        woql.add(STATE, "commit", woql.text(commit)),
    ]


def _content(commit: str, number: int, part: Part) -> list[woql.Query]:
    """What a part brings, in WOQL."""
    own = [one for one in part.documents if not is_bundled(one)]
    return [
        *(woql.update(_as_json(document)) for document in own if not document.is_new),
        *(woql.comes(one) for one in _new(commit, number, part, own)),
        *_native(part.native),
    ]


def _new(commit: str, number: int, part: Part, own: Sequence[HomeDocument]) -> Iterator[Triple]:
    for document in own:
        if document.is_new:
            yield from _as_triples(document)
    yield from changes_triples(commit, number, list(filter(is_bundled, part.documents)))


def _as_triples(document: HomeDocument) -> Iterator[Triple]:
    content = _as_json(document)
    name, kind = content.pop("@id"), content.pop("@type")
    yield Triple(name, RDF_TYPE, Node(f"@schema:{kind}"))
    for member, value in content.items():
        if isinstance(value, bool):
            yield Triple(name, member, Literal("xsd:boolean", "true" if value else "false"))
        else:
            yield Triple(name, member, Literal("xsd:string", value))


def _as_json(document: HomeDocument) -> dict[str, Any]:
    return {
        "@type": "OmsDocument",
        "@id": f"OmsDocument/{document.rid}",
        "kind": str(document.kind),
        "text": document.text,
        "hash": document.hash,
        "commit": document.commit,
        "created": document.created,
        "updated": document.updated,
        "deleted": document.deleted,
    }


def _schema(landing: Landing, expected: str) -> list[woql.Query]:
    """Classes: those that the commit needs, and with the first one all that OMS needs."""
    schema = landing.schema
    return [
        *(woql.comes(one, woql.SCHEMA) for one in (() if expected else SETUP)),
        *(woql.goes(one, woql.SCHEMA) for one in schema.removed),
        *(woql.comes(one, woql.SCHEMA) for one in schema.added),
        *_native(schema.values),
    ]


def _native(native: NativeChange) -> list[woql.Query]:
    return [
        *(woql.goes(one) for one in native.removed),
        *(woql.delete_document(one) for one in native.deleted),
        *(woql.comes(one) for one in native.added),
    ]


def _commit_info(landing: Landing) -> dict[str, Any]:
    return {
        "author": landing.author,
        "message": f"{landing.message}\nOMS-Commit: {landing.commit}",
        "metadata": {
            "oms": 1,
            "id": landing.commit,
            # Both in one: the log asks for each member by itself.
            "intent": "|".join(filter(None, (landing.intent, landing.attempt))),
            "record": landing.record,
        },
    }


def _size(part: Part) -> int:
    """About how many documents."""
    native = part.native
    own = sum(not is_bundled(document) for document in part.documents)
    return own + len(native.deleted) + (len(native.added) + len(native.removed)) // 8


def _stale(branch: str, commit: str) -> Conflict:
    return Conflict(
        f"The branch {branch!r} in TerminusDB is not where OMS left it.",
        code="stale_home",
        data={"commit": commit},
    )


def _refused(error: Broken) -> Invalid:
    return Invalid(
        "TerminusDB cannot take this commit: it meets an error of its own each time.",
        code="home_refused",
        data={"answer": orjson.dumps(error.message).decode()},
    )
