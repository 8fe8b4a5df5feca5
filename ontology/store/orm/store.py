"""The embedded store: the port on the ORM's database."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, OperationalError, connection, transaction

from oms_project.core.context import Actor
from oms_project.core.errors import Conflict, NotFound, Unavailable
from oms_project.core.ids import derived_id, new_id
from ontology.contract import BranchInfo, CommitInfo, OntologyInfo, TagInfo, VerifyReport
from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.store.orm import graph, verify
from ontology.store.orm.lines import Place, place_of
from ontology.store.orm.models import Branch, Ontology, Tag
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.refs import resolve_ref
from ontology.store.orm.sql import COMMIT_COLUMNS, commit_from_row, is_postgresql, rows
from ontology.store.orm.writer import append_commit, database_time, write_first_commit
from ontology.store.port import DocumentWrite, Progress, Revision, StoredChange

__all__ = ["OrmStore"]

# uuid5(NAMESPACE_URL, "urn:oms:rid"): base IRIs are hashed in it.
_BASE_IRI_NAMESPACE = "5a1bb0c2-6a0e-5c3e-9d0f-5d2c8f1f2f7a"


class OrmStore:
    """An ``OntologyStore`` in SQLite or PostgreSQL."""

    def __init__(self) -> None:
        # The branches this thread holds, with their heads: database connections are per thread.
        self._thread = threading.local()

    # --- ontologies -----------------------------------------------------------------------------
    def create_ontology(
        self, *, name: str, base_iri: str, description: str, header: Body, author: Actor
    ) -> OntologyInfo:
        now = _now()
        row = Ontology(
            id=new_id(),
            name=name,
            base_iri=base_iri,
            rid_namespace=derived_id(_BASE_IRI_NAMESPACE, base_iri),
            description=description,
            created_at=now,
            created_by=author.label,
        )
        try:
            with _translated(), transaction.atomic():
                row.save(force_insert=True)
                commit = write_first_commit(
                    ontology_id=row.id,
                    branch=row.default_branch,
                    header=DocumentWrite(row.id, Kind.ONTOLOGY, None, header),
                    author=author,
                    now=now,
                )
                _insert_branch(row.id, row.default_branch, commit.id, False, author, now)
        except IntegrityError as error:
            raise Conflict(
                f"An ontology named '{name}' exists already.",
                code="already_exists",
                data={"name": name},
            ) from error
        return _ontology_info(row)

    def list_ontologies(self) -> Sequence[OntologyInfo]:
        found = Ontology.objects.filter(deleted_at=None).order_by("name")
        return [_ontology_info(row) for row in found]

    def get_ontology(self, name_or_id: str) -> OntologyInfo:
        return _ontology_info(_ontology(name_or_id))

    def update_ontology(
        self, ontology_id: str, *, description: str | None, default_branch: str | None
    ) -> OntologyInfo:
        row = _ontology(ontology_id)
        if description is not None:
            row.description = description
        if default_branch is not None:
            self.get_branch(ontology_id, default_branch)
            row.default_branch = default_branch
        row.save(update_fields=["description", "default_branch"])
        return _ontology_info(row)

    def delete_ontology(self, ontology_id: str) -> None:
        row = _ontology(ontology_id)
        row.deleted_at = _now()
        row.save(update_fields=["deleted_at"])

    def rid_namespace(self, ontology_id: str) -> str:
        return _ontology(ontology_id).rid_namespace

    # --- refs -----------------------------------------------------------------------------------
    def create_branch(
        self, ontology_id: str, *, name: str, commit: str, protected: bool, author: Actor
    ) -> BranchInfo:
        now = _now()
        try:
            with _translated(), transaction.atomic():
                _insert_branch(ontology_id, name, commit, protected, author, now)
        except IntegrityError as error:
            raise Conflict(
                f"A branch '{name}' exists already.", code="already_exists", data={"name": name}
            ) from error
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
        return _branch_info(_branch(ontology_id, name))

    def list_branches(
        self, ontology_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[BranchInfo]:
        found = (
            Branch.objects.filter(ontology_id=ontology_id, name__gt=after)
            .select_related("ontology")
            .order_by("name")[:limit]
        )
        return [_branch_info(row) for row in found]

    def protect_branch(self, ontology_id: str, name: str, *, protected: bool) -> BranchInfo:
        row = _branch(ontology_id, name)
        row.protected = protected
        row.save(update_fields=["protected"])
        return _branch_info(row)

    def move_branch(
        self, ontology_id: str, name: str, *, to: str, expected_head: str
    ) -> BranchInfo:
        with self.writing(ontology_id, name) as head:
            _expect(head, expected_head)
            target, place = place_of(ontology_id, to)
            _point_branch(ontology_id, name, target.id, _now())
            _own_line(place, name)
        return self.get_branch(ontology_id, name)

    def delete_branch(self, ontology_id: str, name: str) -> None:
        _branch(ontology_id, name).delete()

    def create_tag(
        self, ontology_id: str, *, name: str, commit: str, message: str, author: Actor
    ) -> TagInfo:
        row = Tag(
            ontology_id=ontology_id,
            name=name,
            commit_id=commit,
            message=message,
            created_at=_now(),
            created_by=author.label,
        )
        try:
            with _translated(), transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise Conflict(
                f"A tag '{name}' exists already; tags never move.",
                code="already_exists",
                data={"name": name},
            ) from error
        return _tag_info(row)

    def get_tag(self, ontology_id: str, name: str) -> TagInfo:
        return _tag_info(_tag(ontology_id, name))

    def list_tags(
        self, ontology_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TagInfo]:
        found = Tag.objects.filter(ontology_id=ontology_id, name__gt=after).order_by("name")
        return [_tag_info(row) for row in found[:limit]]

    def delete_tag(self, ontology_id: str, name: str) -> None:
        _tag(ontology_id, name).delete()

    def resolve(self, ontology_id: str, ref: str) -> CommitInfo:
        return resolve_ref(ontology_id, ref)[0]

    # --- writing --------------------------------------------------------------------------------
    @contextmanager
    def writing(self, ontology_id: str, branch: str) -> Iterator[CommitInfo]:
        held = self._held
        if (ontology_id, branch) in held:
            yield held[ontology_id, branch][0]
            return
        with _translated(), transaction.atomic():
            # SQLite holds its one write lock from the BEGIN on (transaction_mode IMMEDIATE).
            lock = " FOR UPDATE OF b" if is_postgresql() else ""
            found = rows(
                f"SELECT {COMMIT_COLUMNS} FROM ontology_branch b "
                "JOIN ontology_commit c ON c.id = b.head_id "
                f"WHERE b.ontology_id = %s AND b.name = %s{lock}",
                [ontology_id, branch],
            )
            if not found:
                raise _no_branch(branch)
            head = commit_from_row(found[0])
            held[ontology_id, branch] = head, Place(found[0][-2], found[0][-1])
            try:
                yield head
            finally:
                del held[ontology_id, branch]

    @property
    def _held(self) -> dict[tuple[str, str], tuple[CommitInfo, Place]]:
        held: dict[tuple[str, str], tuple[CommitInfo, Place]]
        held = self._thread.__dict__.setdefault("held", {})
        return held

    def commit(
        self,
        ontology_id: str,
        branch: str,
        *,
        writes: Sequence[DocumentWrite],
        author: Actor,
        message: str,
        expected_head: str,
        merged: str | None = None,
    ) -> CommitInfo:
        with self.writing(ontology_id, branch) as head:
            _expect(head, expected_head)
            now = _now()
            info, place = append_commit(
                ontology_id=ontology_id,
                branch=branch,
                head=head,
                place=self._held[ontology_id, branch][1],
                writes=writes,
                author=author,
                message=message,
                merged=merged,
                now=now,
            )
            _point_branch(ontology_id, branch, info.id, now)
            self._held[ontology_id, branch] = info, place
        return info

    # --- reading --------------------------------------------------------------------------------
    def reader(self, ontology_id: str, commit: CommitInfo) -> OrmReader:
        for head, place in self._held.values():
            if head.id == commit.id:
                return OrmReader(commit, place, head=True, locked=True)
        _, place = place_of(ontology_id, commit.id)
        return OrmReader(commit, place, head=True)

    def get_commit(self, ontology_id: str, commit: str) -> CommitInfo:
        return place_of(ontology_id, commit)[0]

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

    def merge_bases(self, ontology_id: str, one: CommitInfo, other: CommitInfo) -> Sequence[str]:
        return graph.merge_bases(ontology_id, one, other)

    def is_ancestor(self, ontology_id: str, ancestor: CommitInfo, commit: CommitInfo) -> bool:
        return graph.is_ancestor(ontology_id, ancestor, commit)

    def verify(self, ontology_id: str, *, on_progress: Progress | None = None) -> VerifyReport:
        return verify.verify_ontology(ontology_id, on_progress=on_progress)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@contextmanager
def _translated() -> Iterator[None]:
    """Foreign errors become the domain's own."""
    try:
        yield
    except IntegrityError:
        raise
    except OperationalError as error:
        if not is_postgresql() and "locked" not in str(error):
            raise  # SQLite says this of a missing table too, which waiting does not mend
        raise Unavailable(
            "The database did not answer in time. Try again.", code="store_unavailable"
        ) from error


def _expect(head: CommitInfo, expected: str) -> None:
    if head.id != expected:
        raise Conflict(
            f"The branch has moved: its head is {head.short_id}, not {expected[:12]}. "
            "Read what changed and try again.",
            code="stale_head",
            data={"head": head.id, "expected": expected},
        )


def _ontology(name_or_id: str) -> Ontology:
    live = Ontology.objects.filter(deleted_at=None)
    row = live.filter(name=name_or_id).first() or live.filter(id=name_or_id).first()
    if row is None:
        raise NotFound(
            f"There is no ontology '{name_or_id}'.",
            code="ontology_not_found",
            data={"ontology": name_or_id},
        )
    return row


def _ontology_info(row: Ontology) -> OntologyInfo:
    return OntologyInfo(
        id=row.id,
        name=row.name,
        base_iri=row.base_iri,
        description=row.description,
        default_branch=row.default_branch,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def _no_branch(name: str) -> NotFound:
    return NotFound(f"There is no branch '{name}'.", code="branch_not_found", data={"branch": name})


def _branch(ontology_id: str, name: str) -> Branch:
    found = Branch.objects.select_related("ontology").filter(ontology_id=ontology_id, name=name)
    row = found.first()
    if row is None:
        raise _no_branch(name)
    return row


def _branch_info(row: Branch) -> BranchInfo:
    return BranchInfo(
        name=row.name,
        head=row.head_id,
        protected=row.protected,
        is_default=row.name == row.ontology.default_branch,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
    )


def _insert_branch(
    ontology_id: str, name: str, commit: str, protected: bool, author: Actor, now: dt.datetime
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ontology_branch (ontology_id, name, head_id, protected, created_at, "
            "created_by, updated_at) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                ontology_id,
                name,
                commit,
                protected,
                database_time(now),
                author.label,
                database_time(now),
            ],
        )


def _point_branch(ontology_id: str, name: str, commit: str, now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ontology_branch SET head_id = %s, updated_at = %s "
            "WHERE ontology_id = %s AND name = %s",
            [commit, database_time(now), ontology_id, name],
        )


def _own_line(place: Place, branch: str) -> None:
    # After a fast-forward the branch goes on where the other one ended; that one forks if it goes
    # on too. Otherwise every fast-forward would make reads one line deeper.
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ontology_line SET owner = %s WHERE id = %s AND tip_seq = %s",
            [branch, place.line, place.seq],
        )


def _tag(ontology_id: str, name: str) -> Tag:
    row = Tag.objects.filter(ontology_id=ontology_id, name=name).first()
    if row is None:
        raise NotFound(f"There is no tag '{name}'.", code="tag_not_found", data={"tag": name})
    return row


def _tag_info(row: Tag) -> TagInfo:
    return TagInfo(
        name=row.name,
        commit=row.commit_id,
        message=row.message,
        created_at=row.created_at,
        created_by=row.created_by,
    )
