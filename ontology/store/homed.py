"""The store of OMS: the ORM indexes every ontology, and some of them live elsewhere (``home.py``).

A write to an ontology with a home elsewhere is one transaction of the ORM that ends with a call: what
was written is told to the home last, right before the transaction is committed, and only if the home
stands where the index does. ``docs/adr/0023`` says why, and what happens when something dies between.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from django.conf import settings
from django.db import transaction

from oms_project.core.clock import utc_now
from oms_project.core.context import Actor
from oms_project.core.errors import Conflict, Invalid, Unavailable
from oms_project.core.ids import new_id
from oms_project.core.keys import PublicKey
from oms_project.core.services import service
from ontology.contract import BranchInfo, CommitInfo, OntologyInfo, TagInfo, VerifyReport
from ontology.domain.documents import Body
from ontology.store.home import Home, Reconciler, tag_branch, tag_of_branch
from ontology.store.home_models import HomedOntology
from ontology.store.home_rows import (
    home_of,
    identifier_of,
    kept_as,
    lock_home,
    moved_house,
    note_projection,
)
from ontology.store.home_verify import verify_home
from ontology.store.intents import Intended, intended
from ontology.store.landing import landing_of
from ontology.store.native_bound import too_many_classes
from ontology.store.orm.sql import translated
from ontology.store.orm.store import OrmStore
from ontology.store.port import DocumentWrite, Erasure, Progress, Reindexing
from ontology.store.sealing import Seal
from ontology.store.strays import refuse_diverged
from ontology.store.texts import check_text

__all__ = ["HomedStore", "database_name", "home", "reconciler"]

#: The home of the ontologies that do not live in the ORM, named by the settings.
home: Home = service("ontology_home", Home)
#: Who finishes what was left between a home and the index, named by the settings.
reconciler: Reconciler = service("home_reconciler", Reconciler)


@dataclass
class _Work:
    """What a block does to a branch of an ontology that lives elsewhere."""

    homed: HomedOntology
    branch: str
    head: CommitInfo
    commits: list[CommitInfo] = field(default_factory=list)
    #: Where the branch was moved to, before anything was committed.
    moved: CommitInfo | None = None
    #: Names that came and went in the block: their commits may be of it.
    names: list[Callable[[], None]] = field(default_factory=list)


class HomedStore(OrmStore):
    """An ``OntologyStore``."""

    def __init__(self) -> None:
        super().__init__()
        self._mine = threading.local()

    @property
    def _works(self) -> dict[tuple[str, str], _Work]:
        works: dict[tuple[str, str], _Work] = self._mine.__dict__.setdefault("works", {})
        return works

    # --- ontologies -----------------------------------------------------------------------------
    def create_ontology(
        self, *, name: str, base_iri: str, description: str, header: Body, seal: Seal
    ) -> OntologyInfo:
        def create() -> OntologyInfo:
            return super(HomedStore, self).create_ontology(
                name=name, base_iri=base_iri, description=description, header=header, seal=seal
            )

        if settings.OMS_DEFAULT_HOME == "embedded":
            return create()
        # Who cannot reach the home learns it before anything is written.
        _supported()
        with (
            self.deed("create", "", name),
            translated(),
            transaction.atomic(),
        ):
            intent = self._intent
            info = create()
            homed = HomedOntology.objects.create(
                ontology_id=info.id, database=intent.database, created_at=utc_now()
            )
            intent.told = True
            home.create(intent.database, label=name, base_iri=base_iri)
            first = self.resolve(info.id, info.default_branch)
            self._land(_Work(homed, info.default_branch, first, [first]), intent, expected="")
            intent.confirm()
        return info

    @contextmanager
    def deed(self, kind: str, ontology_id: str, name: str) -> Iterator[None]:
        if self._mine.__dict__.get("intent") is not None or any(
            writing == ontology_id for writing, _ in self._works
        ):
            yield  # part of another
            return
        if ontology_id:
            homed = home_of(ontology_id)
            database = "" if homed is None else homed.database
        else:
            database = "" if settings.OMS_DEFAULT_HOME == "embedded" else database_name(name)
        if not database:
            yield
            return
        branch = name if ontology_id else ""
        if kind in {"tag", "untag"} and tag_of_branch(name) is None:
            branch = tag_branch(name)
        with intended(kind, ontology_id=ontology_id, database=database, branch=branch) as intent:
            self._mine.intent = intent
            try:
                yield
            finally:
                self._mine.intent = None

    @property
    def _intent(self) -> Intended:
        """Of the deed that this thread is at."""
        intent: Intended = self._mine.intent
        return intent

    # --- refs -----------------------------------------------------------------------------------
    def create_branch(
        self, ontology_id: str, *, name: str, commit: str, protected: bool, author: Actor
    ) -> BranchInfo:
        with self._naming("branch", ontology_id, name) as there:
            branch = super().create_branch(
                ontology_id, name=name, commit=commit, protected=protected, author=author
            )
            there(lambda database: _point(database, name, ontology_id, commit))
        return branch

    def delete_branch(self, ontology_id: str, name: str) -> None:
        with self._naming("unbranch", ontology_id, name) as there:
            super().delete_branch(ontology_id, name)
            there(lambda database: home.delete_branch(database, name))

    def create_tag(
        self, ontology_id: str, *, name: str, commit: str, message: str, author: Actor
    ) -> TagInfo:
        with self._naming("tag", ontology_id, tag_branch(name)) as there:
            tag = super().create_tag(
                ontology_id, name=name, commit=commit, message=message, author=author
            )
            there(lambda database: _point(database, tag_branch(name), ontology_id, commit))
        return tag

    def delete_tag(self, ontology_id: str, name: str) -> None:
        with self._naming("untag", ontology_id, tag_branch(name)) as there:
            super().delete_tag(ontology_id, name)
            there(lambda database: home.delete_branch(database, tag_branch(name)))

    @contextmanager
    def _naming(
        self, kind: str, ontology_id: str, branch: str
    ) -> Iterator[Callable[[Callable[[str], None]], None]]:
        """One transaction around a change of a name: in the index, and (last) in the home.

        Gives what takes the change of the home: a function of the database's name.
        """
        check_text(branch, "The name")
        homed = home_of(ontology_id)
        if homed is None:
            yield lambda _change: None
            return
        changes: list[Callable[[str], None]] = []
        for (writing, _), work in self._works.items():
            if writing == ontology_id:
                # Inside a block that writes: its commits are in the home at its end.
                yield changes.append
                work.names += [partial(change, work.homed.database) for change in changes]
                return
        with self.deed(kind, ontology_id, branch), translated(), transaction.atomic():
            homed = lock_home(ontology_id)
            yield changes.append
            self._intent.told = True
            for change in changes:
                change(homed.database)
            self._intent.confirm()

    def move_branch(
        self, ontology_id: str, name: str, *, to: str, expected_head: str
    ) -> BranchInfo:
        with self.writing(ontology_id, name):
            work = self._works.get((ontology_id, name))
            if work is not None and work.commits:
                raise Invalid(
                    "A branch cannot be moved forward in the block that has committed to it.",
                    code="moved_after_commit",
                )
            branch = super().move_branch(ontology_id, name, to=to, expected_head=expected_head)
            if work is not None:
                work.moved = self.get_commit(ontology_id, to)
        return branch

    # --- writing --------------------------------------------------------------------------------
    @contextmanager
    def writing(self, ontology_id: str, branch: str) -> Iterator[CommitInfo]:
        homed = None if (ontology_id, branch) in self._held else home_of(ontology_id)
        if homed is None:
            inside = (ontology_id, branch) in self._held
            with super().writing(ontology_id, branch) as head:
                if not inside and home_of(ontology_id) is not None:
                    raise moved_house(ontology_id)
                yield head
            return
        try:
            with self._writing_there(homed, branch) as head:
                yield head
        except Conflict as error:
            if error.error_code != "stale_home":
                raise
            raise self._caught_up(ontology_id, branch, error) from error

    @contextmanager
    def _writing_there(self, homed: HomedOntology, branch: str) -> Iterator[CommitInfo]:
        ontology_id = homed.ontology_id
        with (
            intended(
                "commit", ontology_id=ontology_id, database=homed.database, branch=branch
            ) as intent,
            translated(),
            transaction.atomic(),
        ):
            # Before the branch's own lock, everywhere: writers to other branches of the ontology
            # would make each other wait in the home anyway.
            homed = lock_home(ontology_id)
            refuse_diverged(ontology_id, branch)
            with super().writing(ontology_id, branch) as head:
                work = _Work(homed, branch, head)
                self._works[ontology_id, branch] = work
                try:
                    yield head
                    intent.told = bool(work.moved or work.commits or work.names)
                    if work.moved is not None:
                        home.move_branch(
                            homed.database,
                            branch,
                            to=identifier_of(ontology_id, work.moved.id),
                            expected=identifier_of(ontology_id, head.id),
                        )
                    if work.commits:
                        self._land(work, intent, expected=(work.moved or head).id)
                    for name in work.names:
                        name()
                finally:
                    del self._works[ontology_id, branch]
            if intent.told:
                intent.confirm()

    def _caught_up(self, ontology_id: str, branch: str, stale: Conflict) -> Conflict | Unavailable:
        """The home stands elsewhere than the index: somebody died between the two, or has written
        to the home himself. Find out which, and say what the caller can do.
        """
        before = self.get_branch(ontology_id, branch).head
        try:
            reconciler.reconcile(ontology_id)
        except (Unavailable, RuntimeError) as error:
            return Unavailable(
                "The home of the ontology is ahead of its index, and that could not be mended "
                f"just now ({error}). Try again in a moment.",
                code="home_ahead",
                data={"ontology": ontology_id, "branch": branch},
            )
        head = self.get_branch(ontology_id, branch).head
        if head == before:
            return Conflict(
                f"In its home, branch {branch} stands elsewhere than OMS left it: somebody has "
                "written there himself. Nothing was changed. See 'manage.py ontology home'.",
                code="home_diverged",
                data={"ontology": ontology_id, "branch": branch, **dict(stale.data or {})},
            )
        return Conflict(
            f"The branch has moved: its head is {head[:12]}, a commit that was left unfinished "
            "before. Read what changed and try again.",
            code="stale_head",
            data={"head": head, "expected": before},
        )

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
        with self.writing(ontology_id, branch):
            info = super().commit(
                ontology_id,
                branch,
                writes=writes,
                seal=seal,
                message=message,
                expected_head=expected_head,
                merged=merged,
                reindexed=reindexed,
                erasures=erasures,
            )
            work = self._works.get((ontology_id, branch))
            if work is not None:
                work.commits.append(info)
        return info

    def _land(self, work: _Work, intent: Intended, *, expected: str) -> None:
        """Tell the home of the commits, and note what it keeps them as."""
        ontology_id = work.homed.ontology_id

        def told(projected: bool) -> Mapping[str, str]:
            landings = [
                landing_of(
                    ontology_id,
                    info,
                    intent=intent.id,
                    reader=self.reader(ontology_id, info),
                    projected=projected,
                )
                for info in work.commits
            ]
            identifiers = home.land(work.homed.database, work.branch, landings, expected=expected)
            return {
                landing.commit: identifier
                for landing, identifier in zip(landings, identifiers, strict=True)
            }

        known = work.homed.projection_problem
        if not known:
            work.homed.projection_problem = too_many_classes(ontology_id, work.commits)
        projected = not work.homed.projection_problem
        try:
            identifiers = told(projected)
        except Invalid as error:
            if not projected or error.error_code != "home_refused":
                raise
            # What is true must not wait for what is made from it: native classes and documents
            # are written again when somebody has seen why they were refused.
            identifiers = told(False)
            work.homed.projection_problem = str(error)
        if work.homed.projection_problem != known:
            note_projection(ontology_id, work.homed.projection_problem)
        kept_as(ontology_id, identifiers)

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
        with translated(), transaction.atomic():
            if not dry_run and home_of(ontology_id) is not None:
                lock_home(ontology_id)
            erasure = super().redact(
                ontology_id, rid, fields=fields, reason=reason, seal=seal, dry_run=dry_run
            )
            if not dry_run:
                # The home's history cannot be changed in place: it is written anew.
                HomedOntology.objects.filter(ontology_id=ontology_id).update(erase_pending=True)
        return erasure

    # --- reading --------------------------------------------------------------------------------
    def verify(
        self,
        ontology_id: str,
        *,
        keys: Mapping[str, PublicKey],
        on_progress: Progress | None = None,
    ) -> VerifyReport:
        report = super().verify(ontology_id, keys=keys, on_progress=on_progress)
        homed = home_of(ontology_id)
        if homed is None:
            return report
        found = verify_home(home, homed, keys=keys, on_progress=on_progress)
        return VerifyReport(report.commits, report.documents, (*report.problems, *found))


def _point(database: str, name: str, ontology_id: str, commit: str) -> None:
    home.create_branch(database, name, at=identifier_of(ontology_id, commit))


def database_name(ontology: str) -> str:
    """A new name for the database of an ontology: its name, as far as that is legal, and a few
    random letters, for a name can be given again.
    """
    plain = re.sub(r"[^a-z0-9]+", "_", ontology.lower()).strip("_")[:60]
    return f"{settings.TERMINUSDB_DB_PREFIX}{plain}_{new_id()[:8]}"


def _supported() -> None:
    """Refuse to begin with a home that OMS does not work with."""
    problem = home.info().problem
    if problem:
        raise Unavailable(problem, code="home_unsupported")
