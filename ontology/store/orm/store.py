"""The embedded store: the port on the ORM's database."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from django.db import IntegrityError, connection, transaction

from oms_project.core.clock import utc_now
from oms_project.core.context import Actor
from oms_project.core.errors import Conflict
from oms_project.core.ids import derived_id, new_id
from oms_project.core.keys import PublicKey
from ontology.contract import (
    BranchInfo,
    CommitInfo,
    OntologyInfo,
    RedactionInfo,
    TagInfo,
    VerifyReport,
)
from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.store.orm import graph, redaction, registry, verify
from ontology.store.orm.lines import Place, place_of
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.refs import resolve_ref
from ontology.store.orm.sql import (
    COMMIT_COLUMNS,
    commit_from_row,
    counted_loads,
    is_postgresql,
    rows,
    translated,
)
from ontology.store.orm.writer import append_commit, write_first_commit
from ontology.store.port import (
    DocumentWrite,
    Erasure,
    Progress,
    Reindexing,
    Revision,
    StoredChange,
)
from ontology.store.sealing import Seal
from ontology.store.texts import check_text

__all__ = ["BASE_IRI_NAMESPACE", "OrmStore"]

# uuid5(NAMESPACE_URL, "urn:oms:rid"): base IRIs are hashed in it.
BASE_IRI_NAMESPACE = "5a1bb0c2-6a0e-5c3e-9d0f-5d2c8f1f2f7a"


class OrmStore:
    """An ``OntologyStore`` in SQLite or PostgreSQL."""

    def __init__(self) -> None:
        # The branches this thread holds, with their heads: database connections are per thread.
        self._thread = threading.local()

    # --- ontologies -----------------------------------------------------------------------------
    def create_ontology(
        self, *, name: str, base_iri: str, description: str, header: Body, seal: Seal
    ) -> OntologyInfo:
        info = OntologyInfo(
            id=new_id(),
            name=name,
            base_iri=base_iri,
            description=description,
            default_branch="main",
            created_at=utc_now(),
            created_by=seal.actor.label,
        )
        check_text(name + base_iri + description, "The name, base IRI or description")
        with _unless_taken(f"An ontology named '{name}' exists already.", name):
            registry.insert_ontology(info, derived_id(BASE_IRI_NAMESPACE, base_iri))
            commit = write_first_commit(
                ontology_id=info.id,
                branch=info.default_branch,
                header=DocumentWrite(info.id, Kind.ONTOLOGY, None, header),
                seal=seal,
                now=info.created_at,
            )
            registry.insert_branch(
                info.id,
                info.default_branch,
                commit.id,
                protected=False,
                author=seal.actor,
                now=info.created_at,
            )
        return info

    def list_ontologies(self) -> Sequence[OntologyInfo]:
        return registry.list_ontologies()

    def get_ontology(self, name_or_id: str) -> OntologyInfo:
        return registry.find_ontology(name_or_id)

    def update_ontology(
        self, ontology_id: str, *, description: str | None, default_branch: str | None
    ) -> OntologyInfo:
        registry.find_ontology(ontology_id)
        check_text(description or "", "The description")
        if default_branch is not None:
            registry.find_branch(ontology_id, default_branch)
        registry.update_ontology(
            ontology_id, description=description, default_branch=default_branch
        )
        return registry.find_ontology(ontology_id)

    def delete_ontology(self, ontology_id: str) -> None:
        registry.find_ontology(ontology_id)
        registry.delete_ontology(ontology_id, utc_now())

    def rid_namespace(self, ontology_id: str) -> str:
        return registry.rid_namespace(ontology_id)

    # --- refs -----------------------------------------------------------------------------------
    def create_branch(
        self, ontology_id: str, *, name: str, commit: str, protected: bool, author: Actor
    ) -> BranchInfo:
        now = utc_now()
        check_text(name, "The name")
        with _unless_taken(f"A branch '{name}' exists already.", name):
            registry.insert_branch(
                ontology_id, name, commit, protected=protected, author=author, now=now
            )
        return BranchInfo(
            name=name,
            head=commit,
            protected=protected,
            is_default=False,
            created_at=now,
            created_by=author.label,
            updated_at=now,
        )

    def get_branch(self, ontology_id: str, name: str) -> BranchInfo:
        return registry.find_branch(ontology_id, name)

    def list_branches(
        self, ontology_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[BranchInfo]:
        return registry.list_branches(ontology_id, after=after, limit=limit)

    def protect_branch(self, ontology_id: str, name: str, *, protected: bool) -> BranchInfo:
        registry.protect_branch(ontology_id, name, protected=protected)
        return registry.find_branch(ontology_id, name)

    def move_branch(
        self, ontology_id: str, name: str, *, to: str, expected_head: str
    ) -> BranchInfo:
        with self.writing(ontology_id, name) as head:
            _expect(head, expected_head)
            target, place = place_of(ontology_id, to)
            if not graph.is_ancestor(ontology_id, head, target):
                raise Conflict(
                    f"'{name}' cannot be moved forward to {target.short_id}, which does not come "
                    "after its head. Merge it.",
                    code="not_fast_forward",
                    data={"head": head.id},
                )
            registry.point_branch(ontology_id, name, target.id, utc_now())
            _own_line(place, name)
            self._held[ontology_id, name] = target, place
        return self.get_branch(ontology_id, name)

    def delete_branch(self, ontology_id: str, name: str) -> None:
        registry.find_branch(ontology_id, name)
        registry.delete_ref("branch", ontology_id, name)

    def create_tag(
        self, ontology_id: str, *, name: str, commit: str, message: str, author: Actor
    ) -> TagInfo:
        tag = TagInfo(name, commit, message, utc_now(), author.label)
        check_text(name + message, "The name or message")
        with _unless_taken(f"A tag '{name}' exists already; tags never move.", name):
            registry.insert_tag(ontology_id, tag)
        return tag

    def get_tag(self, ontology_id: str, name: str) -> TagInfo:
        return registry.find_tag(ontology_id, name)

    def list_tags(
        self, ontology_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TagInfo]:
        return registry.list_tags(ontology_id, after=after, limit=limit)

    def delete_tag(self, ontology_id: str, name: str) -> None:
        registry.find_tag(ontology_id, name)
        registry.delete_ref("tag", ontology_id, name)

    def resolve(self, ontology_id: str, ref: str) -> CommitInfo:
        return resolve_ref(ontology_id, ref)[0]

    # --- writing --------------------------------------------------------------------------------
    @contextmanager
    def writing(self, ontology_id: str, branch: str) -> Iterator[CommitInfo]:
        held = self._held
        if (ontology_id, branch) in held:
            yield held[ontology_id, branch][0]
            return
        with translated(), transaction.atomic():
            # SQLite holds its one write lock from the BEGIN on (transaction_mode IMMEDIATE).
            if is_postgresql():
                # On its own: who has waited here sees the branch as it is now, but everything
                # else that the statement reads as it was when it began - without the new head.
                shared, parameters = redaction.share_lock(ontology_id)
                # What a write reads, it finds by keys. When autovacuum counts a table while a
                # load has not committed yet, the planner believes it empty and reads all of it for
                # every key.
                rows(
                    f"SELECT {shared}, set_config('enable_seqscan', 'off', true) "
                    "FROM ontology_branch "
                    "WHERE ontology_id = %s AND name = %s FOR UPDATE",
                    [*parameters, ontology_id, branch],
                )
            found = rows(
                f"SELECT o.erasures, {COMMIT_COLUMNS} FROM ontology_branch b "
                "JOIN ontology_commit c ON c.id = b.head_id "
                "JOIN ontology_ontology o ON o.id = b.ontology_id "
                "WHERE b.ontology_id = %s AND b.name = %s",
                [ontology_id, branch],
            )
            if not found:
                raise registry.no_branch(branch)
            head = commit_from_row(found[0][1:])
            held[ontology_id, branch] = head, Place(found[0][-2], found[0][-1])
            # As long as the lock is held nothing is erased by others.
            self._erasures[ontology_id] = found[0][0]
            try:
                with counted_loads():
                    yield head
            finally:
                del held[ontology_id, branch]

    @property
    def _held(self) -> dict[tuple[str, str], tuple[CommitInfo, Place]]:
        held: dict[tuple[str, str], tuple[CommitInfo, Place]]
        held = self._thread.__dict__.setdefault("held", {})
        return held

    @property
    def _erasures(self) -> dict[str, int]:
        """Of the ontologies that this thread writes to."""
        erasures: dict[str, int] = self._thread.__dict__.setdefault("erasures", {})
        return erasures

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
        with self.writing(ontology_id, branch) as head:
            _expect(head, expected_head)
            if erasures is not None and erasures != self._erasures[ontology_id]:
                raise Conflict(
                    "Values were erased while this was prepared. Try again.",
                    code="erased_meanwhile",
                    data={"head": head.id},
                )
            now = utc_now()
            info, place = append_commit(
                ontology_id=ontology_id,
                branch=branch,
                head=head,
                place=self._held[ontology_id, branch][1],
                writes=writes,
                seal=seal,
                message=message,
                merged=None if merged is None else self.get_commit(ontology_id, merged),
                now=now,
                reindexed=reindexed,
            )
            registry.point_branch(ontology_id, branch, info.id, now)
            self._held[ontology_id, branch] = info, place
        return info

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
        check_text(reason, "The reason")
        return redaction.redact(
            ontology_id,
            rid,
            fields=fields,
            reason=reason,
            seal=seal,
            now=utc_now(),
            dry_run=dry_run,
        )

    def redactions(
        self,
        ontology_id: str,
        *,
        rid: str = "",
        before: tuple[dt.datetime, str] | None = None,
        limit: int = 100,
    ) -> Sequence[RedactionInfo]:
        return redaction.find_redactions(ontology_id, rid=rid, before=before, limit=limit)

    # --- reading --------------------------------------------------------------------------------
    def reader(self, ontology_id: str, commit: CommitInfo) -> OrmReader:
        for branch, (head, place) in self._held.items():
            # The lock of a branch keeps its own line from moving; a branch that nobody has
            # committed to yet stands on another's, which may have gone on.
            if head.id == commit.id and self._owns(branch, place):
                return OrmReader(
                    commit, place, head=True, locked=partial(self._holds, branch, head)
                )
        _, place = place_of(ontology_id, commit.id)
        return OrmReader(commit, place, head=True)

    @staticmethod
    def _owns(branch: tuple[str, str], place: Place) -> bool:
        found = rows("SELECT owner, tip_seq FROM ontology_line WHERE id = %s", [place.line])
        return bool(found) and tuple(found[0]) == (branch[1], place.seq)

    def _holds(self, branch: tuple[str, str], head: CommitInfo) -> bool:
        held = self._held.get(branch)
        return held is not None and held[0] is head

    def get_commit(self, ontology_id: str, commit: str) -> CommitInfo:
        return place_of(ontology_id, commit)[0]

    def get_commits(self, ontology_id: str, commits: Collection[str]) -> dict[str, CommitInfo]:
        return graph.commits_by_id(ontology_id, commits)

    def log(
        self,
        ontology_id: str,
        commit: CommitInfo,
        *,
        first_parent: bool = False,
        before: tuple[dt.datetime, str] | None = None,
        limit: int = 50,
    ) -> Sequence[CommitInfo]:
        return graph.log(ontology_id, commit, first_parent=first_parent, before=before, limit=limit)

    def changes(
        self, ontology_id: str, from_commit: CommitInfo, to_commit: CommitInfo
    ) -> Sequence[StoredChange]:
        return graph.changed_between(ontology_id, from_commit, to_commit)

    def history(
        self,
        ontology_id: str,
        commit: CommitInfo,
        rid: str,
        *,
        before: str | None = None,
        limit: int = 50,
    ) -> Sequence[Revision]:
        return graph.document_history(ontology_id, commit, rid, before=before, limit=limit)

    def histories(
        self,
        ontology_id: str,
        commit: CommitInfo,
        rids: Collection[str],
        *,
        before: str | None = None,
        limit: int = 50,
    ) -> Mapping[str, Sequence[Revision]]:
        return graph.document_histories(ontology_id, commit, rids, before=before, limit=limit)

    def merge_bases(self, ontology_id: str, one: CommitInfo, other: CommitInfo) -> Sequence[str]:
        return graph.merge_bases(ontology_id, one, other)

    def is_ancestor(self, ontology_id: str, ancestor: CommitInfo, commit: CommitInfo) -> bool:
        return graph.is_ancestor(ontology_id, ancestor, commit)

    def verify(
        self,
        ontology_id: str,
        *,
        keys: Mapping[str, PublicKey],
        on_progress: Progress | None = None,
    ) -> VerifyReport:
        return verify.verify_ontology(ontology_id, keys, on_progress=on_progress)


@contextmanager
def _unless_taken(message: str, name: str) -> Iterator[None]:
    """One transaction; a name that is taken becomes a Conflict."""
    try:
        with translated(), transaction.atomic():
            yield
    except IntegrityError as error:
        raise Conflict(message, code="already_exists", data={"name": name}) from error


def _expect(head: CommitInfo, expected: str) -> None:
    if head.id != expected:
        raise Conflict(
            f"The branch has moved: its head is {head.short_id}, not {expected[:12]}. "
            "Read what changed and try again.",
            code="stale_head",
            data={"head": head.id, "expected": expected},
        )


def _own_line(place: Place, branch: str) -> None:
    # After a fast-forward the branch goes on where the other one ended; that one forks if it goes
    # on too. Otherwise every fast-forward would make reads one line deeper.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ontology_line SET owner = %s WHERE id = %s AND tip_seq = %s",
            [branch, place.line, place.seq],
        )
