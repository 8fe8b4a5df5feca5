"""The ontology store port: what OMS needs of a place that keeps ontologies.

Small, and the same for every store. Merge, the meaning of a diff, validation and compatibility
are not in it: they live in the domain, once. The promises that every store keeps are the contract
suite in ``tests/contract``; they are listed in ``docs/adr``.

Identifiers: ontologies by ``id``; commits by their 64-digit id; documents by ``rid``.
Errors: only ``oms_project.core.errors``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from oms_project.core.canonical_json import loads
from oms_project.core.context import Actor
from oms_project.core.keys import PublicKey
from ontology.contract import (
    BranchInfo,
    CommitInfo,
    OntologyInfo,
    RedactionInfo,
    TagInfo,
    VerifyReport,
)
from ontology.domain.documents import Body, document_id
from ontology.domain.instances.entries import NO_ENTRIES, Entries
from ontology.domain.kinds import Kind
from ontology.store.questions import Field, Figure, InstanceQuery
from ontology.store.sealing import Seal

__all__ = [
    "NO_ENTRIES",
    "CommitReader",
    "DocumentFilter",
    "DocumentWrite",
    "Erasure",
    "Found",
    "OntologyStore",
    "Progress",
    "Reindexing",
    "Revision",
    "StoredChange",
    "StoredDocument",
]

#: ``(phase, done, total or None)``
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class StoredDocument:
    """A document as a store keeps it.

    Attributes:
        text: the body in canonical JSON.
        hash: SHA-256 of ``text``, 64 hexadecimal digits.
        created, updated: the audit fields as JSON members without braces
            (``"_created_at":"…",…``), ready to be spliced.
        deleted: a delete keeps the body; live reads leave such documents out.
        locator: the store's own; callers pass it back unchanged.
        key: what lists are sorted by within a kind: the name without case, or of an instance
            ``instance_name_key``; a page goes on after it.
    """

    rid: str
    kind: Kind
    text: str
    hash: str
    created: str
    updated: str
    deleted: bool = False
    locator: Any = field(default=None, compare=False, repr=False)
    key: str = field(default="", compare=False, repr=False)

    @cached_property
    def body(self) -> Body:
        """The parsed body; must not be changed."""
        parsed: Body = loads(self.text)
        return parsed

    @property
    def id(self) -> str:
        """The rendered ``@id``."""
        return document_id(self.kind, self.rid, self.body)


@dataclass(frozen=True, slots=True)
class DocumentWrite:
    """One document of a commit.

    Attributes:
        before: the document at the branch's head as read from it (also a deleted one), or None
            when there is none; the caller reads it inside ``writing``.
        body: the new body in normal form; None deletes.
        entries, old_entries: of an instance: what it is found by, now and before.
        text: the canonical JSON of ``body``, when the caller has made it already.
        committed_hash: of a version that is put back from somewhere: the hash that its commit was
            made of, which an erasure keeps when it changes the text.
    """

    rid: str
    kind: Kind
    before: StoredDocument | None
    body: Body | None
    entries: Entries = NO_ENTRIES
    old_entries: Entries = NO_ENTRIES
    text: str | None = None
    committed_hash: str | None = None


class Reindexing(NamedTuple):
    """An instance that a commit does not change, but finds by other entries from then on.

    Attributes:
        document: as it stands at the branch's head. A store may have to write it once more, with
            the same body, where it is shared with other branches.
    """

    document: StoredDocument
    entries: Entries
    old_entries: Entries

    @property
    def rid(self) -> str:
        """Of the document."""
        return self.document.rid


@dataclass(frozen=True, slots=True)
class Found:
    """An instance on a page, and what the next page starts after."""

    document: StoredDocument
    position: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A document that differs between two commits; None: not live there."""

    rid: str
    kind: Kind
    before: StoredDocument | None
    after: StoredDocument | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit that wrote a document, with what it wrote and what stood before."""

    commit: CommitInfo
    document: StoredDocument
    previous: StoredDocument | None


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents to list; empty members do not filter.

    Attributes:
        text: case-folded text to find in names, labels, descriptions and IRIs.
        rids: only these.
    """

    kinds: tuple[Kind, ...] = ()
    text: str = ""
    status: str = ""
    rids: frozenset[str] | None = None
    include_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure did, or would do.

    Attributes:
        texts: the texts and numbers that are erased, to look for copies of them; never shown.
        messages: ids of commits whose message has one of the texts in it.
    """

    info: RedactionInfo
    texts: frozenset[str] = field(repr=False)
    messages: tuple[str, ...] = ()


class CommitReader(Protocol):
    """Reads of one commit; two reads of the same commit never differ.

    Implements ``ontology.domain.state.State``.
    """

    @property
    def commit(self) -> CommitInfo: ...

    def get_many(self, rids: Collection[str]) -> Mapping[str, StoredDocument]:
        """``rid`` -> live document."""
        ...

    def get_with_deleted(self, rids: Collection[str]) -> Mapping[str, StoredDocument]:
        """``rid`` -> document, live or deleted."""
        ...

    def find_names(self, kind: Kind, keys: Collection[str]) -> Mapping[str, list[str]]:
        """``name_key`` -> ``rid``s of live documents."""
        ...

    def find_entries(self, role: str, keys: Collection[str]) -> Mapping[str, list[str]]:
        """Key -> ``rid``s of live documents that are indexed by ``(role, key)``; roles ``iri``,
        ``alias`` (key ``Kind/name_key``), ``tag``, or a reference's role (key: the target).
        """
        ...

    def referrers(
        self, rids: Collection[str], roles: Collection[str] | None = None
    ) -> Mapping[str, set[tuple[str, str]]]:
        """As ``State.referrers``."""
        ...

    def page(
        self,
        *,
        where: DocumentFilter,
        after: tuple[str, str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[StoredDocument]:
        """Documents in the order of (kind, name without case, rid).

        Args:
            after: ``(kind, name_key, rid)`` of the last document of the page before.
        """
        ...

    def scan(self, kinds: Collection[Kind] = ()) -> Iterator[StoredDocument]:
        """All live documents, in the order of ``page``, without holding them all."""
        ...

    def count(self) -> Mapping[Kind, int]:
        """Number of live documents per kind."""
        ...

    def hashes(self, kinds: Collection[Kind]) -> Mapping[str, str]:
        """``rid`` -> hash of the live documents of some kinds, without reading them."""
        ...

    # --- objects and links ----------------------------------------------------------------------
    def find_values(
        self, wanted: Collection[tuple[int, str]]
    ) -> Mapping[tuple[int, str], Collection[str]]:
        """As ``State.find_values``."""
        ...

    def instances(self, types: Collection[str]) -> Iterator[StoredDocument]:
        """As ``State.instances``."""
        ...

    def populated(self, types: Collection[str]) -> Collection[str]:
        """As ``State.populated``."""
        ...

    def count_links(
        self, ends: Collection[tuple[str, str, str]], cap: int
    ) -> Mapping[tuple[str, str, str], int]:
        """As ``State.count_links``."""
        ...

    def links_at(self, rids: Collection[str]) -> Mapping[str, Collection[str]]:
        """As ``State.links_at``."""
        ...

    def find_instances(
        self, query: InstanceQuery, *, after: tuple[Any, ...] | None = None, limit: int = 100
    ) -> Sequence[Found]:
        """A page of instances.

        Args:
            after: ``position`` of the last one of the page before.
        """
        ...

    def count_instances(self, query: InstanceQuery) -> int:
        """How many instances answer the query."""
        ...

    def aggregate(
        self, query: InstanceQuery, *, figures: Sequence[Figure], groups: Sequence[Field]
    ) -> Sequence[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """``(values of the groups, figures)`` of every group, in no order."""
        ...

    def search(
        self, text: str, *, level: int, types: Collection[str] = (), limit: int = 100
    ) -> Sequence[tuple[str, float]]:
        """``(rid, score)`` of instances with all words of ``text``, best first.

        Args:
            level: the highest sensitivity (a position in ``SENSITIVITIES``) that is looked in.
            types: only instances of these types.
        """
        ...

    def link_page(
        self,
        *,
        rid: str,
        role: str,
        link_type: str = "",
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> Sequence[tuple[str, str]]:
        """``(link type, rid of the link)`` of links at an object, sorted so.

        Args:
            role: ``_source`` or ``_target``: which end the object is.
            link_type: only links of this type.
            after: the last one of the page before.
        """
        ...

    def link_pages(
        self,
        *,
        rids: Collection[str],
        role: str,
        link_type: str = "",
        after: tuple[str, str] | None = None,
        limit: int = 100,
    ) -> Mapping[str, Sequence[tuple[str, str]]]:
        """``link_page`` of many objects at once: ``limit`` and ``after`` hold for each of them.

        Returns:
            ``rid`` of an object -> its page; those without links may be left out.
        """
        ...


class OntologyStore(Protocol):
    """A place that keeps ontologies."""

    def deed(self, kind: str, ontology_id: str, name: str) -> AbstractContextManager[None]:
        """Around the transaction in which a name comes or goes: what is about to be done elsewhere
        is on record before the transaction begins, however it ends.

        Args:
            kind: ``create`` (an ontology), ``branch``, ``unbranch``, ``tag`` or ``untag``.
            ontology_id: empty for ``create``.
        """
        ...

    # --- ontologies -----------------------------------------------------------------------------
    def create_ontology(
        self, *, name: str, base_iri: str, description: str, header: Body, seal: Seal
    ) -> OntologyInfo:
        """Create an ontology with its default branch ``main`` at a first commit that holds the
        header document.

        Raises:
            Conflict: ``already_exists``.
        """
        ...

    def list_ontologies(self) -> Sequence[OntologyInfo]:
        """All that are not deleted, by name."""
        ...

    def get_ontology(self, name_or_id: str) -> OntologyInfo:
        """Raises NotFound."""
        ...

    def update_ontology(
        self, ontology_id: str, *, description: str | None, default_branch: str | None
    ) -> OntologyInfo:
        """Change what is given. Raises NotFound."""
        ...

    def delete_ontology(self, ontology_id: str) -> None:
        """Take it out of the registry and free its name; its history is kept."""
        ...

    def rid_namespace(self, ontology_id: str) -> str:
        """The UUID in which ``rid``s of this ontology are derived: the same for the same base
        IRI, so that equal things meet.
        """
        ...

    # --- refs -----------------------------------------------------------------------------------
    def create_branch(
        self, ontology_id: str, *, name: str, commit: str, protected: bool, author: Actor
    ) -> BranchInfo:
        """A name for a commit; costs the same whatever the commit holds. Raises Conflict."""
        ...

    def get_branch(self, ontology_id: str, name: str) -> BranchInfo:
        """Raises NotFound."""
        ...

    def list_branches(
        self, ontology_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[BranchInfo]:
        """By name, after the name ``after``."""
        ...

    def protect_branch(self, ontology_id: str, name: str, *, protected: bool) -> BranchInfo:
        """Raises NotFound."""
        ...

    def move_branch(
        self, ontology_id: str, name: str, *, to: str, expected_head: str
    ) -> BranchInfo:
        """Fast-forward: let the branch point at ``to``.

        Raises:
            Conflict: ``stale_head`` with ``data.head``.
        """
        ...

    def delete_branch(self, ontology_id: str, name: str) -> None:
        """Forget the name; commits stay. Raises NotFound."""
        ...

    def create_tag(
        self, ontology_id: str, *, name: str, commit: str, message: str, author: Actor
    ) -> TagInfo:
        """Raises Conflict."""
        ...

    def get_tag(self, ontology_id: str, name: str) -> TagInfo:
        """Raises NotFound."""
        ...

    def list_tags(
        self, ontology_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TagInfo]:
        """By name, after the name ``after``."""
        ...

    def delete_tag(self, ontology_id: str, name: str) -> None:
        """Raises NotFound."""
        ...

    def resolve(self, ontology_id: str, ref: str) -> CommitInfo:
        """The commit that ``ref`` names, see ``ontology.contract``. Raises NotFound, Invalid."""
        ...

    # --- writing --------------------------------------------------------------------------------
    def writing(self, ontology_id: str, branch: str) -> AbstractContextManager[CommitInfo]:
        """Hold the branch's lock: gives the head, which nobody else moves until the block ends.
        What the block writes is atomic: all of it is durable when the block has ended, or none.
        """
        ...

    def commit(
        self,
        ontology_id: str,
        branch: str,
        *,
        writes: Iterable[DocumentWrite],
        seal: Seal,
        message: str,
        expected_head: str,
        merged: str | None = None,
        reindexed: Iterable[Reindexing] = (),
        erasures: int | None = None,
    ) -> CommitInfo:
        """Commit inside ``writing``.

        Args:
            writes: may be an iterator: what is written is then never held at once.
            reindexed: other instances whose index entries change, because their type does.
            seal: stamps the audit fields and signs; the store asks it under the lock.
            merged: a second parent.
            erasures: of the ontology when the caller began to read what the writes are made of;
                None: he read it inside ``writing``.

        Raises:
            Conflict: ``stale_head`` when the head is not ``expected_head``; ``data.head`` is it.
                ``erased_meanwhile``: values were erased since the caller began to read.
        """
        ...

    def redact(
        self,
        ontology_id: str,
        rid: str,
        *,
        fields: Collection[str] = (),
        reason: str,
        seal: Seal,
        dry_run: bool = False,
    ) -> Erasure:
        """Erase values of an object or link from every version, for good; all hashes, ids and
        signatures stay what they are. Waits for commits that are being made.

        Args:
            fields: names of values (``_iri`` and ``_annotations`` are such names too); empty: all.
            seal: signs what is done.
            dry_run: only say what would be done.

        Raises:
            NotFound: there is no such document on any branch.
            Invalid: ``not_an_instance``, ``unknown_value``, ``nothing_to_erase``.
        """
        ...

    def redactions(
        self,
        ontology_id: str,
        *,
        rid: str = "",
        before: tuple[dt.datetime, str] | None = None,
        limit: int = 100,
    ) -> Sequence[RedactionInfo]:
        """What was erased, latest first.

        Args:
            rid: only of this document.
            before: ``(time, id)`` of the last one of the page before.
        """
        ...

    # --- reading --------------------------------------------------------------------------------
    def reader(self, ontology_id: str, commit: CommitInfo) -> CommitReader:
        """Reads at a commit."""
        ...

    def get_commit(self, ontology_id: str, commit: str) -> CommitInfo:
        """By full id. Raises NotFound."""
        ...

    def get_commits(self, ontology_id: str, commits: Collection[str]) -> dict[str, CommitInfo]:
        """Those of the full ids that are commits of the ontology, in one go."""
        ...

    def log(
        self,
        ontology_id: str,
        commit: CommitInfo,
        *,
        first_parent: bool = False,
        before: tuple[dt.datetime, str] | None = None,
        limit: int = 50,
    ) -> Sequence[CommitInfo]:
        """``commit`` and its ancestors, latest first.

        Args:
            before: ``(time, id)`` of the last commit of the page before.
        """
        ...

    def changes(
        self, ontology_id: str, from_commit: CommitInfo, to_commit: CommitInfo
    ) -> Sequence[StoredChange]:
        """Documents that differ; costs what was changed between the two, in any direction."""
        ...

    def history(
        self,
        ontology_id: str,
        commit: CommitInfo,
        rid: str,
        *,
        before: str | None = None,
        limit: int = 50,
    ) -> Sequence[Revision]:
        """Commits on the first-parent line that wrote ``rid``, latest first.

        Args:
            before: id of the last commit of the page before.
        """
        ...

    def histories(
        self,
        ontology_id: str,
        commit: CommitInfo,
        rids: Collection[str],
        *,
        before: str | None = None,
        limit: int = 50,
    ) -> Mapping[str, Sequence[Revision]]:
        """``history`` of many documents at once: ``limit`` and ``before`` hold for each of them.

        Returns:
            ``rid`` -> its page, for all of ``rids``.
        """
        ...

    def merge_bases(self, ontology_id: str, one: CommitInfo, other: CommitInfo) -> Sequence[str]:
        """The best common ancestors (usually one), sorted by id."""
        ...

    def is_ancestor(self, ontology_id: str, ancestor: CommitInfo, commit: CommitInfo) -> bool:
        """Whether ``commit`` has ``ancestor`` in its history (or is it)."""
        ...

    def verify(
        self,
        ontology_id: str,
        *,
        keys: Mapping[str, PublicKey],
        on_progress: Progress | None = None,
    ) -> VerifyReport:
        """Recompute every hash from what is stored, check every author's signature, and that the
        parts agree.

        Args:
            keys: ``kid`` -> public key of those that may sign authors.
        """
        ...
