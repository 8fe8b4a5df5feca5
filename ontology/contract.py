"""PUBLIC: what other apps and every door know of ontologies: frozen values, nothing that acts.

The values are what ``ontology.services`` (writes) and ``ontology.selectors`` (reads) take and give.
Kinds are the strings of ``ontology.domain.kinds.Kind``.

A *ref* names a commit: a branch (``main``), a tag (``v1``), a commit id or a unique prefix of one
(at least 7 digits), or a branch at a time (``main@2026-07-05T12:00:00Z``). An empty ref is the
ontology's default branch.

A *target* names a document at a ref: its ``rid``, ``Kind/apiName`` (an earlier name works too),
or its IRI; an object is also ``Person/42``, its type and its primary key, a link ``worksFor/rid``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from oms_project.core.canonical_json import dumps_text
from oms_project.core.pagination import Page

__all__ = [
    "ActionInfo",
    "ActionResult",
    "BranchInfo",
    "Change",
    "CommitInfo",
    "CommitResult",
    "Conflict",
    "DiffResult",
    "DocumentDiff",
    "DocumentView",
    "FieldChange",
    "HistoryEntry",
    "HomeStatus",
    "ImportResult",
    "LinkedObject",
    "MergeResult",
    "OntologyInfo",
    "Page",
    "RebuildReport",
    "ReconcileReport",
    "RedactionInfo",
    "RedactionResult",
    "Resolution",
    "SearchHit",
    "StrayInfo",
    "TagInfo",
    "TransferReport",
    "Traversal",
    "TraversalNode",
    "VerifyProblem",
    "VerifyReport",
]


@dataclass(frozen=True, slots=True)
class OntologyInfo:
    """An ontology in the registry. What is versioned of it stands in its ``Ontology`` document.

    Attributes:
        erasures: how often values were erased from it for good. What is kept of an ontology for
            later is kept under this number too, for an erasure changes what old commits say.
    """

    id: str
    name: str
    base_iri: str
    description: str
    default_branch: str
    created_at: dt.datetime
    created_by: str
    erasures: int = 0


@dataclass(frozen=True, slots=True)
class BranchInfo:
    """A name that points at a commit and moves with every commit made on it."""

    name: str
    head: str
    protected: bool
    is_default: bool
    created_at: dt.datetime
    created_by: str
    updated_at: dt.datetime


@dataclass(frozen=True, slots=True)
class TagInfo:
    """A name that points at a commit and never moves."""

    name: str
    commit: str
    message: str
    created_at: dt.datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """A commit.

    Attributes:
        id: 64 hexadecimal digits, the hash over everything below and the ontology's id.
        parents: the parents' ids; the first is the commit it was made on.
        author: ``username (id)``.
        time: aware, UTC; never earlier than the first parent's.
        content_hash: hash of the changes against the first parent.
        change_count: number of documents that differ from the first parent.
        signature: the signed author string, see ``ontology.domain.authorship``.
        on_behalf_of_id: the user for whom a service made it; empty when it acted for itself.
    """

    id: str
    parents: tuple[str, ...]
    author: str
    author_id: str
    author_username: str
    time: dt.datetime
    message: str
    content_hash: str
    change_count: int
    signature: str = ""
    on_behalf_of_id: str = ""

    @property
    def short_id(self) -> str:
        """The first 12 digits, for people."""
        return self.id[:12]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document at a commit, ready to be sent.

    Attributes:
        rid, kind, id, name: identity; ``id`` is the rendered ``@id`` (``ObjectType/Person``).
        etag: changes exactly when the body changes (without quotes).
        members: of the rendered document, as JSON texts ``"name":value``, some of them several;
            see ``json``.
        body: the body alone, references as ``rid``s.
        deleted: whether this is the state that a delete left behind.
        title: of an object, the value of its type's title property; may be empty.
        type: of an object or link, the ``apiName`` of its type.
    """

    rid: str
    kind: str
    id: str
    name: str
    etag: str
    members: tuple[str, ...]
    body: Mapping[str, Any]
    deleted: bool = False
    title: str = ""
    type: str = ""

    @property
    def json(self) -> str:
        """The whole rendered document as JSON text: ``@id``, ``@type``, ``rid``, the body's fields
        and the audit fields.
        """
        head = (
            f'{{"@id":{dumps_text(self.id)},"@type":"{self.type or self.kind}","rid":"{self.rid}"'
        )
        return ",".join((head, *(member for member in self.members if member))) + "}"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference inside a document.

    Attributes:
        path: where, as a path of keys; an item of a keyed list is named by its key
            (``/properties/name/required``), see ``docs/reference/merge.md``.
        label: the same path for people (property names instead of ids).
        before, after: JSON values; None where there is none.
        operation: ``add``, ``remove`` or ``change``.
    """

    path: str
    label: str
    before: Any
    after: Any
    operation: Literal["add", "remove", "change"]


@dataclass(frozen=True, slots=True)
class DocumentDiff:
    """One document that differs between two commits.

    Attributes:
        operation: ``create``, ``update``, ``rename`` (perhaps with other changes) or ``delete``.
        id: ``@id`` after (before, for a delete); ``previous_id`` before, when it differs.
    """

    rid: str
    kind: str
    id: str
    previous_id: str | None
    operation: Literal["create", "update", "rename", "delete"]
    fields: tuple[FieldChange, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class DiffResult:
    """All documents that differ between two commits, sorted by kind and name.

    Attributes:
        names: ``rid`` -> ``@id`` for every reference that stands in a change.
        stats: ``{kind: {operation: count}}``.
    """

    from_commit: str
    to_commit: str
    changes: tuple[DocumentDiff, ...]
    names: Mapping[str, str]
    stats: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Change:
    """One change that a caller asks for, as part of a change set.

    Attributes:
        op: ``create`` (``kind`` and ``fields``; of an object ``type`` too; of a link ``type``,
            ``source`` and, as its other end, ``target``), ``update`` (``target`` and ``fields``: named
            fields replace, None removes; an object-valued field is merged, RFC 7396), ``replace``
            (``target`` and the complete new ``fields``), ``rename`` (``target`` and ``api_name``;
            leaves an alias), ``delete`` or ``restore`` (``target``).
        fields: the body's fields in camelCase. A reference may be a ``rid``, ``Kind/apiName``, an
            IRI, or a bare name where only one kind can stand; also of a document that is created
            in the same change set. The ``rid`` of a property may be left out.
        if_match: the document's etag that the caller has seen; another one gives
            ``PreconditionFailed``.
        type: the object type or link type of what is created; ``kind`` may be left out then.
        source: the object that a created link begins at.
    """

    op: Literal["create", "update", "replace", "rename", "delete", "restore"]
    kind: str | None = None
    target: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    api_name: str | None = None
    if_match: str | None = None
    type: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What a change set did (or would do, in a dry run).

    Attributes:
        commit: None in a dry run, and when nothing changed.
        head: the branch's head afterwards.
        documents: the changed documents, in the order of the change set.
        warnings: uses of what is deprecated: ``{"document", "rid", "field", "rule", "message"}``.
    """

    commit: CommitInfo | None
    head: str
    changes: DiffResult
    documents: tuple[DocumentView, ...]
    dry_run: bool = False
    warnings: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """An action as those see it who run it.

    Attributes:
        display_name, description: text per language tag.
        parameters: as in the definition, with names for references (``ObjectType/Flight``), and
            ``members`` (code and label) where a value is a member of an enum.
        batch_limit: so many runs in one batch; None: a thousand.
        revertible: whether a run can be taken back.
        runnable: whether the actor may run it here; ``reason`` says why, or why not.
    """

    rid: str
    name: str
    display_name: Mapping[str, str]
    description: Mapping[str, str]
    status: str
    parameters: tuple[Mapping[str, Any], ...]
    batch_limit: int | None
    revertible: bool
    runnable: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What a run, or a batch of runs, did (or would do, in a dry run).

    Attributes:
        commit: None in a dry run, and when nothing changed.
        head: the branch's head afterwards.
        created, changed, deleted: ``@id``s of the objects and links.
        runs: how many there were.
        warnings: uses of what is deprecated.
    """

    commit: CommitInfo | None
    head: str
    changes: DiffResult
    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    runs: int = 1
    dry_run: bool = False
    warnings: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something both sides changed in ways that cannot both hold.

    Attributes:
        id: ``<@id>#<path>``; stable for the same three states, used to resolve it.
        type: ``edit/edit``, ``delete/edit``, ``edit/delete``, ``add/add``, ``rename/rename``,
            ``order``.
        path: as in ``FieldChange``; empty when the whole document is in question.
        base, ours, theirs: the three values (None: absent).
    """

    id: str
    rid: str
    kind: str
    document: str
    path: str
    label: str
    type: str
    base: Any
    ours: Any
    theirs: Any
    message: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """How to settle conflicts.

    Attributes:
        choice: ``ours``, ``theirs``, ``base`` or ``value``.
        document: ``@id`` or ``rid``; None settles every conflict that nothing else settles.
        path: one conflict in the document; None settles all of that document's.
        value: the JSON value for ``value``.
    """

    choice: Literal["ours", "theirs", "base", "value"]
    document: str | None = None
    path: str | None = None
    value: Any = None


@dataclass(frozen=True, slots=True)
class MergeResult:
    """Outcome of a merge or a revert, or of its dry run.

    Attributes:
        status: ``merged`` (a commit was made, or would be), ``fast_forward``, ``up_to_date``,
            ``conflicts`` (nothing was written) or ``invalid`` (no conflicts, but the merged state
            breaks rules: ``problems`` says which; nothing was written).
        commit: the commit that the branch points at afterwards; None when nothing was written.
        base: the merge base (None when several had to be merged first).
        conflicts: unresolved ones; ``resolved`` counts those settled by resolutions.
        problems: ``{"document", "rid", "field", "rule", "message"}`` each.
        changes: what the merge changes on the branch merged into.
    """

    status: Literal["merged", "fast_forward", "up_to_date", "conflicts", "invalid"]
    commit: CommitInfo | None
    base: str | None
    ours: str
    theirs: str
    conflicts: tuple[Conflict, ...]
    problems: tuple[Mapping[str, str], ...]
    changes: DiffResult | None
    resolved: int = 0
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Outcome of an import.

    Attributes:
        commit: None in a dry run, and when nothing changed.
        stats: ``{kind: {operation: count}}`` of what changed.
        counts: ``{kind: count}`` of what the input holds.
        report: the loss report as a JSON-compatible value, see ``docs/reference/rdf-mapping.md``.
    """

    commit: CommitInfo | None
    head: str
    stats: Mapping[str, Mapping[str, int]]
    counts: Mapping[str, int]
    report: Mapping[str, Any]
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class AggregateRow:
    """Figures of one group.

    Attributes:
        group: name of a property -> the value that the group has in common (None: no value).
        figures: label of a measure (``count``, ``avg(price)``) -> figure; None: of nothing.
    """

    group: Mapping[str, Any]
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AggregateResult:
    """Figures by group, the biggest groups first; ``truncated``: there are more groups."""

    commit: str
    rows: tuple[AggregateRow, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class SearchHit:
    """An object with the words that were looked for; a higher score fits better."""

    document: DocumentView
    score: float


@dataclass(frozen=True, slots=True)
class LinkedObject:
    """A link at an object, and what is at its other end.

    Attributes:
        direction: ``outgoing`` when the object asked about is the link's source.
    """

    link: DocumentView
    object: DocumentView
    direction: Literal["outgoing", "incoming"]


@dataclass(frozen=True, slots=True)
class TraversalNode:
    """An object that was reached.

    Attributes:
        depth: number of links from the start; 0: the start itself.
        via: ``rid`` of the link by which it was reached first; empty for the start.
        parent: ``rid`` of the object before it on that way.
    """

    document: DocumentView
    depth: int
    via: str
    parent: str


@dataclass(frozen=True, slots=True)
class Traversal:
    """What can be reached from an object; ``truncated``: not all of it is here."""

    commit: str
    nodes: tuple[TraversalNode, ...]
    links: tuple[DocumentView, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One commit that changed a document, newest first."""

    commit: CommitInfo
    operation: Literal["create", "update", "rename", "delete"]
    document: DocumentView


@dataclass(frozen=True, slots=True)
class RedactionInfo:
    """Values that were erased for good from every version of an object or link.

    Attributes:
        id: of the erasure.
        rid, kind: whose values.
        fields: names of the values, sorted.
        versions: in how many versions they stood.
    """

    id: str
    rid: str
    kind: str
    fields: tuple[str, ...]
    reason: str
    versions: int
    time: dt.datetime
    author_id: str
    author_username: str


@dataclass(frozen=True, slots=True)
class RedactionResult:
    """What an erasure did (or would do, in a dry run).

    Attributes:
        document: ``@id`` of the object or link afterwards.
        messages: ids of commits whose message has one of the erased texts in it; a message is part
            of its commit's id and stays.
        answers: stored answers to repeated requests that were emptied.
        jobs: finished jobs whose results were emptied, and whose files were deleted.
    """

    redaction: RedactionInfo
    document: str
    messages: tuple[str, ...] = ()
    answers: int = 0
    jobs: int = 0
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class VerifyProblem:
    """One thing that ``verify`` found: ``where`` (commit, branch or document) and what."""

    where: str
    message: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Outcome of checking the hash chain and every stored document of an ontology."""

    commits: int
    documents: int
    problems: tuple[VerifyProblem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class StrayInfo:
    """A change in the home of an ontology that OMS did not make.

    Attributes:
        kind: ``commit``, ``record`` (a commit that says of itself what is not so), ``branch``,
            ``branch_missing``, ``branch_moved``.
        branch: in the home; empty: the whole database is gone.
        identifier: the home's own name of the commit.
        author, message: as the home's log has them.
        note: what is wrong, and what was done about it.
    """

    id: int
    kind: str
    branch: str
    identifier: str
    author: str
    message: str
    time: dt.datetime | None
    found_at: dt.datetime
    state: str
    settled_at: dt.datetime | None
    settled_by: str
    note: str


@dataclass(frozen=True, slots=True)
class HomeStatus:
    """Where an ontology lives, and whether home and index agree.

    Attributes:
        home: ``embedded`` or ``terminusdb``.
        database: in that home; empty when embedded.
        answers: whether the home answered; what follows is known only then.
        ahead: commits of the home that the index does not have yet.
        behind: branches and tags of the index that the home does not have as they are.
        pending: what was begun and neither done nor abandoned.
        strays: open ones.
        erase_pending: values were erased, and the home has not been written anew yet.
        problem: why the home does not answer, or is not as it should be; empty: all is well.
    """

    ontology: str
    home: str
    database: str = ""
    product: str = ""
    version: str = ""
    answers: bool = True
    ahead: int = 0
    behind: int = 0
    pending: int = 0
    strays: int = 0
    erase_pending: bool = False
    seen_at: dt.datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """What a look into the homes came to.

    Attributes:
        ontologies: how many were looked at.
        finished: commits that were in a home and not in the index, and are now.
        abandoned: intents that came to nothing.
        strays: changes by others that were found now.
        rewritten: homes that were written anew.
        problems: ``ontology: sentence`` of what could not be looked at.
    """

    ontologies: int = 0
    finished: int = 0
    abandoned: int = 0
    strays: int = 0
    rewritten: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TransferReport:
    """An ontology that has moved.

    Attributes:
        home: where it lives now.
        database: in that home; when it moved out: the one it left.
        commits: that both sides have.
        documents: versions that were compared.
        dropped: whether the database that it left is gone.
    """

    ontology: str
    home: str
    database: str
    commits: int
    documents: int
    branches: int
    tags: int
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """An index that was made from its home.

    Attributes:
        commits, documents: that were written.
        missing: commits that were in the index before, and are on no branch or tag of the home.
        differences: what is not as it was: names of branches and tags.
    """

    ontology: str
    commits: int
    documents: int
    branches: int
    tags: int
    missing: int = 0
    differences: tuple[str, ...] = ()
