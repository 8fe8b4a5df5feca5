"""A commit's way into TerminusDB. See ``docs/adr/0003``.

Small commits are one WOQL query on the branch, guarded by the OMS commit that the branch is at.
What is large, or several commits, is
prepared on a scratch branch; then one guarded move lets the branch stand at its end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import orjson

from oms_project.core.errors import Conflict, Invalid, NotFound, OmsError
from ontology.domain.native.terms import RDF_TYPE, Node, Triple
from ontology.store.home import HomeDocument, Landing, NativeChange, Part, SchemaChange
from ontology.store.terminusdb import woql
from ontology.store.terminusdb.client import (
    COMMITS,
    SCRATCH,
    STATE,
    Server,
    branch_place,
    encoded,
)
from ontology.store.terminusdb.errors import Broken
from ontology.store.terminusdb.reading import branch_of, log_of

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
            *_schema(landing.schema),
            *_documents(part),
            *_native(part.native),
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
    scratch = SCRATCH + last[:24]
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
    part = next(parts, Part(()))
    following = next(parts, None)
    writes = _schema(landing.schema)
    if writes and (following is not None or _size(part) > _SMALL):
        _write_part(server, database, scratch, landing, writes)
        writes = []
    while following is not None or _size(part) > _SMALL:
        _write_large(server, database, scratch, landing, part)
        part, following = following or Part(()), next(parts, None)
    answer = server.woql(
        database,
        branch_place(scratch),
        woql.all_of(
            [
                *_head(expected, landing.commit),
                *writes,
                *_documents(part),
                *_native(part.native),
            ]
        ),
        commit_info=_commit_info(landing),
    )
    if not answer.bindings:
        raise _stale(scratch, "")
    return answer.version


def _write_large(server: Server, database: str, scratch: str, landing: Landing, part: Part) -> None:
    """Write a large part: whole documents through the document API, which is twice as quick as
    WOQL, the rest as triples.
    """
    native = part.native
    whole, rest = _whole(native.added)
    before = [
        *(woql.goes(one) for one in native.removed),
        *(woql.delete_document(one) for one in native.deleted),
    ]
    if before:
        _write_part(server, database, scratch, landing, before)
    author, message = landing.author, f"OMS-Part-Of: {landing.commit}"
    replaced = [_as_json(document) for document in part.documents if not document.is_new]
    new = [_as_json(document) for document in part.documents if document.is_new]
    for documents, replace in ((replaced, True), ([*new, *whole], False)):
        if documents:
            server.documents(
                database, scratch, documents, replace=replace, author=author, message=message
            )
    if rest:
        _write_part(server, database, scratch, landing, [woql.comes(one) for one in rest])


def _whole(added: Iterable[Triple]) -> tuple[list[dict[str, Any]], list[Triple]]:
    """New documents, and triples of others."""
    whole: dict[str, dict[str, Any]] = {}
    rest: list[Triple] = []
    triples = list(added)
    for subject, predicate, term in triples:
        if predicate == RDF_TYPE and isinstance(term, Node):
            whole[subject] = {"@id": subject, "@type": term.name.removeprefix("@schema:")}
    for one in triples:
        document = whole.get(one.subject)
        if document is None:
            rest.append(one)
        elif one.predicate != RDF_TYPE:
            content = one.object.name if isinstance(one.object, Node) else one.object.text
            if one.predicate not in document:
                document[one.predicate] = content
            elif isinstance(document[one.predicate], list):
                document[one.predicate].append(content)
            else:
                document[one.predicate] = [document[one.predicate], content]
    return list(whole.values()), rest


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
    return [
        woql.triple(woql.node(STATE), "commit", woql.text(expected)),
        woql.remove(STATE, "commit", woql.text(expected)),
        woql.add(STATE, "commit", woql.text(commit)),
    ]


def _documents(part: Part) -> list[woql.Query]:
    return [
        (woql.insert if document.is_new else woql.update)(_as_json(document))
        for document in part.documents
    ]


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


def _schema(schema: SchemaChange) -> list[woql.Query]:
    return [
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
            "intent": landing.intent,
            "record": landing.record,
        },
    }


def _size(part: Part) -> int:
    """About how many documents."""
    native = part.native
    triples = len(native.added) + len(native.removed)
    return len(part.documents) + len(native.deleted) + triples // 8


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
