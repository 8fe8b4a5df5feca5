"""The home port: where an ontology's content and history live when the ORM only indexes them.

The embedded store is home and index in one. With TerminusDB the home is a database of its own per
ontology, and the ORM keeps what is needed to find things quickly; all of that can be built again
from the home. See ``docs/adr/0023``.

Identifiers: a *commit* is ours (64 digits), an *identifier* is the home's own name of the commit it
keeps it as. Errors: only ``oms_project.core.errors``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ontology.domain.kinds import Kind
from ontology.domain.native.terms import Triple

__all__ = [
    "Home",
    "HomeBranch",
    "HomeCommit",
    "HomeDocument",
    "Landing",
    "NativeChange",
    "Part",
    "Reconciler",
    "SchemaChange",
    "ServerInfo",
    "is_kept_branch",
    "is_scratch_branch",
    "kept_branch",
    "scratch_branch",
    "tag_branch",
    "tag_of_branch",
]

#: What a home's branch that stands for a tag is called: no OMS branch can have a colon in its name.
_TAG = "tag:"


def tag_branch(tag: str) -> str:
    """Name of the home's branch that stands for a tag."""
    return _TAG + tag


def tag_of_branch(branch: str) -> str | None:
    """The tag that a home's branch stands for, or None: it is a branch."""
    return branch.removeprefix(_TAG) if branch.startswith(_TAG) else None


#: What a home's branch is called that only keeps a merged commit within reach.
_KEPT = "kept:"


def kept_branch(commit: str) -> str:
    """Name of the home's branch that keeps a commit within reach, which a merge has as its second
    parent and no branch or tag leads to any more.
    """
    return _KEPT + commit[:24]


def is_kept_branch(branch: str) -> bool:
    """Whether a home's branch is one of those."""
    return branch.startswith(_KEPT)


#: What a home's branch is called that a large landing is prepared on.
_SCRATCH = "oms-scratch-"


def scratch_branch(intent: str) -> str:
    """Name of the home's branch that the landing of an intent is prepared on; it is not listed."""
    return _SCRATCH + intent


def is_scratch_branch(branch: str) -> bool:
    """Whether a home's branch is one of those."""
    return branch.startswith(_SCRATCH)


@dataclass(frozen=True, slots=True)
class HomeDocument:
    """A document as a home keeps it: the truth that everything else is made from.

    Attributes:
        text: the body in canonical JSON; of a deleted document its last one.
        hash: SHA-256 of ``text``.
        commit: id of the OMS commit that wrote it.
        created, updated: audit fields as JSON members without braces, as in ``StoredDocument``.
        is_new: for a write: the home has no document of this ``rid`` on the branch yet.
    """

    rid: str
    kind: Kind
    text: str
    hash: str
    commit: str
    created: str
    updated: str
    deleted: bool = False
    is_new: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class NativeChange:
    """What a commit does to native documents: triples of the instance graph.

    A home takes ``removed`` away, then deletes ``deleted``, then adds ``added``; all of it in the
    request of its part. What is to be removed and is not there, and what is to be added and is
    there, is nothing (TerminusDB's ``DeleteTriple`` and ``AddTriple`` are so). A literal is sent as
    ``{"@type": literal.type, "@value": literal.text}``, text also for numbers and booleans.

    Attributes:
        removed: triples that go; none of documents in ``deleted``.
        deleted: ``@id``s of documents that exist and go with all they have, and with all relations
            that lead to them (``DeleteDocument``).
        added: triples that come; a new document is its ``rdf:type`` and its values. Documents of
            classes that are new in the same request are in no way different.
    """

    removed: tuple[Triple, ...] = ()
    deleted: tuple[str, ...] = ()
    added: tuple[Triple, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.removed or self.deleted or self.added)


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """What a commit does to native classes: triples of the schema graph, with the rules of
    ``NativeChange``. All in the first request of a landing.

    Classes and members come and are never taken away; ``removed`` has only what is replaced: the
    old range of a member that gets another one, that a class is abstract, that it has a parent.

    Attributes:
        removed, added: triples whose names all have a prefix (``@schema:Airport``).
        values: instance triples that have to go in the same request, because their member gets
            another range.
    """

    removed: tuple[Triple, ...] = ()
    added: tuple[Triple, ...] = ()
    values: NativeChange = NativeChange()

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.values)


@dataclass(frozen=True, slots=True)
class Part:
    """A portion of a commit that goes to the home in one request."""

    documents: tuple[HomeDocument, ...]
    native: NativeChange = NativeChange()


@dataclass(frozen=True)
class Landing:
    """A commit on its way into the home.

    Attributes:
        commit: its id.
        record: canonical JSON text of all that the id and the signature cover, see
            ``ontology.store.records``.
        author: the signed author string.
        intent: id of the intent that it belongs to.
        schema: native classes that it needs; part of the first request.
        attempt: of a write that is to be done once, see ``current_attempt``; or empty.
        parts: read once, in order; at least one, which may be empty.
    """

    commit: str
    record: str
    author: str
    message: str
    intent: str
    parts: Iterable[Part]
    schema: SchemaChange = SchemaChange()
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class HomeCommit:
    """A commit in the home's own log.

    Attributes:
        parent: identifier; empty for the first.
        record: what ``Landing.record`` was, or empty: a commit that OMS did not make, or a part
            of one (then ``part_of`` is the commit's id).
    """

    identifier: str
    parent: str
    author: str
    message: str
    time: dt.datetime
    commit: str = ""
    intent: str = ""
    record: str = ""
    part_of: str = ""
    attempt: str = ""


@dataclass(frozen=True, slots=True)
class HomeBranch:
    """A branch in the home: ``identifier`` of its head, and the OMS commit that the content says it
    is at (empty: the content says nothing of OMS).
    """

    name: str
    identifier: str
    commit: str


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What answers at the other end. ``problem``: why OMS does not work with it, or empty."""

    product: str
    version: str
    problem: str = ""


class Home(Protocol):
    """A place where ontologies live.

    Raises, everywhere:
        Unavailable: ``home_unavailable`` (no answer, in time or at all; the answer is no such
            server's; the breaker is open), ``home_broken`` (it meets an error of its own on this
            request), ``home_unsupported`` (a server OMS does not work with).
        NotFound: ``home_database_not_found``, ``home_branch_not_found``.
        Conflict: ``stale_home``: the branch is not where it was said to be; ``data.commit`` is
            where it is. ``home_exists``.
        Invalid: ``home_refused``: what was sent is refused for what it says; ``data.answer``.
    """

    def info(self) -> ServerInfo:
        """Who answers; asks every time."""
        ...

    # --- databases ------------------------------------------------------------------------------
    def create(self, database: str, *, label: str, base_iri: str) -> None:
        """An empty database with the schema that OMS needs, and the branch ``main``."""
        ...

    def drop(self, database: str) -> None:
        """Delete it with all history; nothing when it is not there."""
        ...

    def databases(self) -> Sequence[str]:
        """Names of those that OMS made."""
        ...

    # --- writing --------------------------------------------------------------------------------
    def land(
        self, database: str, branch: str, landings: Sequence[Landing], *, expected: str
    ) -> Sequence[str]:
        """Let a branch go on with commits: all of them, or none.

        A retry of what landed already (its answer was lost) gives the same answer.

        Args:
            expected: id of the OMS commit that the branch is at; empty: it has none yet.

        Returns:
            The identifier of each.
        """
        ...

    def create_branch(self, database: str, name: str, *, at: str) -> None:
        """A branch at an identifier; nothing when it is there and stands there. ``home_exists``
        when it stands elsewhere.
        """
        ...

    def move_branch(self, database: str, name: str, *, to: str, expected: str) -> None:
        """Let a branch stand at an identifier; only if it stands at the identifier ``expected``.
        Nothing when it stands at ``to`` already.
        """
        ...

    def delete_branch(self, database: str, name: str) -> None:
        """Nothing when it is not there."""
        ...

    # --- reading --------------------------------------------------------------------------------
    def branches(self, database: str) -> Sequence[HomeBranch]:
        """All that OMS or somebody else made, but for scratch branches."""
        ...

    def branch(self, database: str, name: str) -> HomeBranch | None:
        """One, or None; what a write asks."""
        ...

    def log(
        self, database: str, identifier: str, *, until: Collection[str] = ()
    ) -> Iterator[HomeCommit]:
        """The commit and its ancestors, latest first, up to (without) one of ``until``. The
        home's own first commit, which says nothing of OMS, is left out.
        """
        ...

    def written(self, database: str, identifier: str, commit: str) -> Iterator[HomeDocument]:
        """The documents that ``commit`` wrote, in any order; ``identifier`` is what it is kept as."""
        ...

    def documents(
        self, database: str, identifier: str, rids: Collection[str] | None = None
    ) -> Iterator[HomeDocument]:
        """All documents there in any order, deleted ones as well, or those of ``rids``."""
        ...

    def query(
        self,
        database: str,
        ref: str,
        query: Mapping[str, Any],
        *,
        timeout: float | None = None,
    ) -> Mapping[str, Any]:
        """Run a WOQL query that only reads, as it is.

        Args:
            ref: ``branch/<name>`` or ``commit/<identifier>``.
            query: WOQL as JSON-LD.
            timeout: seconds.

        Returns:
            The server's answer: ``bindings``, ``api:variable_names``, …
        """
        ...


class Reconciler(Protocol):
    """Who finishes what was left between a home and the index."""

    def reconcile(self, ontology_id: str = "") -> object:
        """Look at one ontology, or at all that live elsewhere. Must not run inside a transaction.

        Returns:
            What was found and done.
        """
        ...
