"""The secure store: what every write goes through, whichever store keeps the ontologies.

It takes the author from the context and from nowhere else, lets the commit be stamped and signed,
refuses bodies that bring system fields of their own, and writes the audit event in the transaction
of the change. A caller can therefore neither act in another's name nor leave no trace.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial

from django.db import transaction

from audit.contract import Subject, audit_log
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid
from oms_project.core.keys import PublicKey, keyring
from oms_project.core.memory import remembered
from oms_project.core.services import service
from ontology.contract import (
    BranchInfo,
    CommitInfo,
    OntologyInfo,
    RedactionInfo,
    TagInfo,
    VerifyReport,
)
from ontology.domain.documents import Body
from ontology.domain.redaction import REDACTED, excused
from ontology.store import announcing
from ontology.store.cached import CachedReader, forget_erased, may_cache
from ontology.store.port import (
    CommitReader,
    DocumentWrite,
    Erasure,
    OntologyStore,
    Progress,
    Reindexing,
    Revision,
    StoredChange,
)
from ontology.store.sealing import SYSTEM_FIELDS, seal_of

__all__ = ["SecureStore"]

#: The store that keeps the ontologies, named by the settings.
_backend: OntologyStore = service("ontology_store", OntologyStore)


class SecureStore:
    """The store as services and selectors see it: the port without authors."""

    # --- ontologies -----------------------------------------------------------------------------
    def create_ontology(
        self, *, name: str, base_iri: str, description: str, header: Body
    ) -> OntologyInfo:
        """See ``OntologyStore.create_ontology``; the current actor is its author."""
        _refuse_system_fields(header)
        seal = seal_of(current_actor())
        with _backend.deed("create", "", name), transaction.atomic():
            info = _backend.create_ontology(
                name=name, base_iri=base_iri, description=description, header=header, seal=seal
            )
            first = _backend.get_branch(info.id, info.default_branch).head
            audit_log.record(
                "ontology.created",
                Subject("ontology", info.id, info.name),
                ontology=info.name,
                branch=info.default_branch,
                commit=first,
            )
            announcing.tell_ontology("created", info, commit=first)
        return info

    def list_ontologies(self) -> Sequence[OntologyInfo]:
        """See ``OntologyStore.list_ontologies``."""
        return _backend.list_ontologies()

    def get_ontology(self, name_or_id: str) -> OntologyInfo:
        """See ``OntologyStore.get_ontology``; a request that only reads asks once."""
        info = remembered(("ontology", name_or_id), lambda: _backend.get_ontology(name_or_id))
        return remembered(("ontology", info.id), lambda: info)

    def update_ontology(
        self, ontology_id: str, *, description: str | None, default_branch: str | None
    ) -> OntologyInfo:
        """See ``OntologyStore.update_ontology``."""
        with transaction.atomic():
            before = _backend.get_ontology(ontology_id)
            after = _backend.update_ontology(
                ontology_id, description=description, default_branch=default_branch
            )
            changes = {
                name: (getattr(before, name), getattr(after, name))
                for name in ("description", "default_branch")
                if getattr(before, name) != getattr(after, name)
            }
            if changes:
                audit_log.record(
                    "ontology.changed",
                    Subject("ontology", after.id, after.name),
                    ontology=after.name,
                    changes=changes,
                )
                announcing.tell_ontology("changed", after, fields=sorted(changes))
        return after

    def delete_ontology(self, ontology_id: str) -> None:
        """See ``OntologyStore.delete_ontology``."""
        with transaction.atomic():
            info = _backend.get_ontology(ontology_id)
            _backend.delete_ontology(ontology_id)
            audit_log.record(
                "ontology.deleted", Subject("ontology", info.id, info.name), ontology=info.name
            )
            announcing.tell_ontology("deleted", info)

    def rid_namespace(self, ontology_id: str) -> str:
        """See ``OntologyStore.rid_namespace``."""
        return _backend.rid_namespace(ontology_id)

    # --- refs -----------------------------------------------------------------------------------
    def create_branch(
        self, ontology_id: str, *, name: str, commit: str, protected: bool
    ) -> BranchInfo:
        """See ``OntologyStore.create_branch``; the current actor creates it."""
        with _backend.deed("branch", ontology_id, name), transaction.atomic():
            branch = _backend.create_branch(
                ontology_id, name=name, commit=commit, protected=protected, author=current_actor()
            )
            audit_log.record(
                "ontology.branch_created",
                Subject("branch", "", name),
                ontology=_name_of(ontology_id),
                branch=name,
                commit=commit,
                data={"protected": True} if protected else None,
            )
            announcing.tell_branch(
                "created", _info_of(ontology_id), branch, commit=commit, protected=protected
            )
        return branch

    def get_branch(self, ontology_id: str, name: str) -> BranchInfo:
        """See ``OntologyStore.get_branch``."""
        return _backend.get_branch(ontology_id, name)

    def list_branches(
        self, ontology_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[BranchInfo]:
        """See ``OntologyStore.list_branches``."""
        return _backend.list_branches(ontology_id, after=after, limit=limit)

    def protect_branch(self, ontology_id: str, name: str, *, protected: bool) -> BranchInfo:
        """See ``OntologyStore.protect_branch``."""
        with transaction.atomic():
            before = _backend.get_branch(ontology_id, name)
            after = _backend.protect_branch(ontology_id, name, protected=protected)
            if before.protected != after.protected:
                audit_log.record(
                    "ontology.branch_changed",
                    Subject("branch", "", name),
                    ontology=_name_of(ontology_id),
                    branch=name,
                    changes={"protected": (before.protected, after.protected)},
                )
                announcing.tell_branch(
                    "changed", _info_of(ontology_id), after, protected=after.protected
                )
        return after

    def move_branch(
        self, ontology_id: str, name: str, *, to: str, expected_head: str
    ) -> BranchInfo:
        """See ``OntologyStore.move_branch``."""
        with _backend.writing(ontology_id, name):
            branch = _backend.move_branch(ontology_id, name, to=to, expected_head=expected_head)
            audit_log.record(
                "ontology.fast_forwarded",
                Subject("branch", "", name),
                ontology=_name_of(ontology_id),
                branch=name,
                commit=branch.head,
                changes={"head": (expected_head, branch.head)},
            )
            old, new = (_backend.get_commit(ontology_id, one) for one in (expected_head, to))
            announcing.tell_fast_forward(
                _info_of(ontology_id),
                name,
                before=old.id,
                to=new.id,
                touched=[
                    announcing.touched_in(change)
                    for change in _backend.changes(ontology_id, old, new)
                ],
                reader=_backend.reader(ontology_id, new),
            )
        return branch

    def delete_branch(self, ontology_id: str, name: str) -> None:
        """See ``OntologyStore.delete_branch``."""
        with _backend.deed("unbranch", ontology_id, name), transaction.atomic():
            branch = _backend.get_branch(ontology_id, name)
            _backend.delete_branch(ontology_id, name)
            audit_log.record(
                "ontology.branch_deleted",
                Subject("branch", "", name),
                ontology=_name_of(ontology_id),
                branch=name,
                commit=branch.head,
            )
            announcing.tell_branch("deleted", _info_of(ontology_id), branch, commit=branch.head)

    def create_tag(self, ontology_id: str, *, name: str, commit: str, message: str) -> TagInfo:
        """See ``OntologyStore.create_tag``; the current actor creates it."""
        with _backend.deed("tag", ontology_id, name), transaction.atomic():
            tag = _backend.create_tag(
                ontology_id, name=name, commit=commit, message=message, author=current_actor()
            )
            audit_log.record(
                "ontology.tag_created",
                Subject("tag", "", name),
                ontology=_name_of(ontology_id),
                commit=commit,
            )
            announcing.tell_tag("created", _info_of(ontology_id), tag)
        return tag

    def get_tag(self, ontology_id: str, name: str) -> TagInfo:
        """See ``OntologyStore.get_tag``."""
        return _backend.get_tag(ontology_id, name)

    def list_tags(
        self, ontology_id: str, *, after: str = "", limit: int = 100
    ) -> Sequence[TagInfo]:
        """See ``OntologyStore.list_tags``."""
        return _backend.list_tags(ontology_id, after=after, limit=limit)

    def delete_tag(self, ontology_id: str, name: str) -> None:
        """See ``OntologyStore.delete_tag``."""
        with _backend.deed("untag", ontology_id, name), transaction.atomic():
            tag = _backend.get_tag(ontology_id, name)
            _backend.delete_tag(ontology_id, name)
            audit_log.record(
                "ontology.tag_deleted",
                Subject("tag", "", name),
                ontology=_name_of(ontology_id),
                commit=tag.commit,
            )
            announcing.tell_tag("deleted", _info_of(ontology_id), tag)

    def resolve(self, ontology_id: str, ref: str) -> CommitInfo:
        """See ``OntologyStore.resolve``; a request that only reads sees one state of each ref."""
        return remembered(("ref", ontology_id, ref), lambda: _backend.resolve(ontology_id, ref))

    # --- writing --------------------------------------------------------------------------------
    @contextmanager
    def writing(self, ontology_id: str, branch: str) -> Iterator[CommitInfo]:
        """See ``OntologyStore.writing``."""
        with _backend.writing(ontology_id, branch) as head:
            yield head

    def commit(
        self,
        ontology_id: str,
        branch: str,
        *,
        writes: Iterable[DocumentWrite],
        message: str,
        expected_head: str,
        merged: str | None = None,
        reindexed: Iterable[Reindexing] = (),
        erasures: int | None = None,
    ) -> CommitInfo:
        """See ``OntologyStore.commit``; the current actor is its author.

        Raises:
            Invalid: ``system_field``; a body brings a field that only the system writes.
        """
        seal = seal_of(current_actor())
        touched: list[announcing.Touched] = []

        def noted(write: DocumentWrite) -> DocumentWrite:
            touched.append(announcing.touched_by(write))
            return _checked_write(ontology_id, write)

        with _backend.writing(ontology_id, branch):
            info = _backend.commit(
                ontology_id,
                branch,
                writes=(noted(write) for write in writes),
                seal=seal,
                message=message,
                expected_head=expected_head,
                merged=merged,
                reindexed=reindexed,
                erasures=erasures,
            )
            audit_log.record(
                "ontology.committed",
                Subject("commit", info.id, info.short_id),
                ontology=_name_of(ontology_id),
                branch=branch,
                commit=info.id,
                data={"documents": info.change_count, "parents": list(info.parents)},
            )
            announcing.tell_commit(
                _info_of(ontology_id),
                branch,
                info,
                touched,
                _backend.reader(ontology_id, info),
                merged=merged,
            )
        return info

    def redact(
        self,
        ontology_id: str,
        rid: str,
        *,
        fields: Collection[str] = (),
        reason: str,
        dry_run: bool = False,
    ) -> Erasure:
        """See ``OntologyStore.redact``; the current actor does and signs it."""
        seal = seal_of(current_actor())
        with transaction.atomic():
            erasure = _backend.redact(
                ontology_id, rid, fields=fields, reason=reason, seal=seal, dry_run=dry_run
            )
            if not dry_run:
                info = erasure.info
                # Names and numbers only: the trail is kept when the values are not.
                audit_log.record(
                    "ontology.redacted",
                    Subject("document", rid, info.kind),
                    ontology=_name_of(ontology_id),
                    data={
                        "redaction": info.id,
                        "fields": list(info.fields),
                        "versions": info.versions,
                        "reason": reason,
                    },
                )
                announcing.tell_redaction(_info_of(ontology_id), info)
                erasures = _backend.get_ontology(ontology_id).erasures
                transaction.on_commit(partial(forget_erased, ontology_id, erasures), robust=True)
        return erasure

    def redactions(
        self,
        ontology_id: str,
        *,
        rid: str = "",
        before: tuple[dt.datetime, str] | None = None,
        limit: int = 100,
    ) -> Sequence[RedactionInfo]:
        """See ``OntologyStore.redactions``."""
        return _backend.redactions(ontology_id, rid=rid, before=before, limit=limit)

    # --- reading --------------------------------------------------------------------------------
    def reader(self, ontology_id: str, commit: CommitInfo) -> CommitReader:
        """See ``OntologyStore.reader``; a request that only reads goes through the cache."""
        if not may_cache():
            return _backend.reader(ontology_id, commit)
        return CachedReader(
            ontology_id,
            commit,
            erasures=self.get_ontology(ontology_id).erasures,
            make=lambda: _backend.reader(ontology_id, commit),
        )

    def get_commit(self, ontology_id: str, commit: str) -> CommitInfo:
        """See ``OntologyStore.get_commit``."""
        return _backend.get_commit(ontology_id, commit)

    def get_commits(self, ontology_id: str, commits: Collection[str]) -> dict[str, CommitInfo]:
        """See ``OntologyStore.get_commits``."""
        return _backend.get_commits(ontology_id, commits)

    def log(
        self,
        ontology_id: str,
        commit: CommitInfo,
        *,
        first_parent: bool = False,
        before: tuple[dt.datetime, str] | None = None,
        limit: int = 50,
    ) -> Sequence[CommitInfo]:
        """See ``OntologyStore.log``."""
        return _backend.log(
            ontology_id, commit, first_parent=first_parent, before=before, limit=limit
        )

    def changes(
        self, ontology_id: str, from_commit: CommitInfo, to_commit: CommitInfo
    ) -> Sequence[StoredChange]:
        """See ``OntologyStore.changes``."""
        return _backend.changes(ontology_id, from_commit, to_commit)

    def history(
        self,
        ontology_id: str,
        commit: CommitInfo,
        rid: str,
        *,
        before: str | None = None,
        limit: int = 50,
    ) -> Sequence[Revision]:
        """See ``OntologyStore.history``."""
        return _backend.history(ontology_id, commit, rid, before=before, limit=limit)

    def histories(
        self,
        ontology_id: str,
        commit: CommitInfo,
        rids: Collection[str],
        *,
        before: str | None = None,
        limit: int = 50,
    ) -> Mapping[str, Sequence[Revision]]:
        """See ``OntologyStore.histories``."""
        return _backend.histories(ontology_id, commit, rids, before=before, limit=limit)

    def merge_bases(self, ontology_id: str, one: CommitInfo, other: CommitInfo) -> Sequence[str]:
        """See ``OntologyStore.merge_bases``."""
        return _backend.merge_bases(ontology_id, one, other)

    def is_ancestor(self, ontology_id: str, ancestor: CommitInfo, commit: CommitInfo) -> bool:
        """See ``OntologyStore.is_ancestor``."""
        return _backend.is_ancestor(ontology_id, ancestor, commit)

    def verify(
        self,
        ontology_id: str,
        *,
        keys: Mapping[str, PublicKey] | None = None,
        on_progress: Progress | None = None,
    ) -> VerifyReport:
        """See ``OntologyStore.verify``.

        Args:
            keys: those that may have signed; None: the keyring's.
        """
        if keys is None:
            keys = keyring.public_keys("author")
        return _backend.verify(ontology_id, keys=keys, on_progress=on_progress)


@lru_cache(maxsize=1000)
def _info_of(ontology_id: str) -> OntologyInfo:
    """An ontology, for what never changes of it: id and name."""
    return _backend.get_ontology(ontology_id)


def _name_of(ontology_id: str) -> str:
    return _info_of(ontology_id).name


def _checked_write(ontology_id: str, write: DocumentWrite) -> DocumentWrite:
    """``write``, unless it brings what only the system writes. A value that was erased and is
    there again is not an erased one any more.
    """
    if write.body is None:
        return write
    _refuse_system_fields(write.body)
    erased = excused(write.body)
    if not erased:
        return write
    before = frozenset() if write.before is None else excused(write.before.body)
    # A property may have another name now; more names come from an erasure, also of a merged side.
    if not erased <= before and len(erased) > len(before):
        done = _backend.redactions(ontology_id, rid=write.rid)
        if not erased <= before.union(*(item.fields for item in done)):
            raise Invalid(
                f"Only an erasure writes {REDACTED}. Leave it out.",
                code="system_field",
                data={"fields": [REDACTED]},
            )
    missing = sorted(erased - write.body.keys())
    if len(missing) == len(erased):
        return write
    body = {name: value for name, value in write.body.items() if name != REDACTED}
    if missing:
        body[REDACTED] = missing
    return replace(write, body=body, text=None)


def _refuse_system_fields(body: Body) -> None:
    if SYSTEM_FIELDS.isdisjoint(body):
        return
    names = ", ".join(sorted(SYSTEM_FIELDS & body.keys()))
    raise Invalid(
        f"The system writes {names}, and no caller. Leave it out.",
        code="system_field",
        data={"fields": sorted(SYSTEM_FIELDS & body.keys())},
    )
