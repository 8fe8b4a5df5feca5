"""Home and index, held against each other until they agree.

Whoever writes to a home holds its row (``lock_home``). What is in the home and not in the index while
that row is held was therefore left there by a process that died, or by somebody who is not OMS. Every
step is a transaction of its own and can be repeated: killed anywhere, the next look goes on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from django.db import connection, transaction

from oms_project.core.clock import utc_now
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Conflict, Invalid, NotFound, OmsError, Unavailable
from oms_project.core.keys import PublicKey, keyring
from ontology.contract import CommitInfo, OntologyInfo, ReconcileReport
from ontology.services.homes import measures
from ontology.services.homes.abandoning import abandon_orphans, abandon_stale, undo_names
from ontology.services.homes.erasing import LOST, rewrite
from ontology.services.homes.finishing import finish_commit, finish_move, index
from ontology.services.homes.looking import Walk, new_commits, stray_commit
from ontology.services.homes.names import Name, names_of
from ontology.store import intents
from ontology.store.home import HomeBranch
from ontology.store.home_models import HomedOntology, Stray
from ontology.store.home_rows import commits_kept, home_of, lock_home
from ontology.store.homed import home
from ontology.store.orm import registry
from ontology.store.orm.sql import translated
from ontology.store.strays import Finding, note_strays, open_strays, settled

__all__ = ["HomeReconciler", "reconcile_all"]

log = structlog.get_logger("oms.homes")

#: Clocks of the home and of the index may differ by this much.
_SKEW = dt.timedelta(minutes=5)


class HomeReconciler:
    """The ``Reconciler`` of ``ontology.store.home``, for a writer whose home is ahead."""

    def reconcile(self, ontology_id: str = "") -> ReconcileReport:
        """See the port.

        Raises:
            Unavailable: ``inside_transaction``; the home of the one ontology did not answer.
        """
        if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
            raise Unavailable(
                "A transaction is open, in which nothing can be finished.",
                code="inside_transaction",
            )
        report = reconcile_all(ontology_id)
        if ontology_id and report.problems:
            raise Unavailable(report.problems[0], code="home_unavailable")
        return report


@dataclass
class _Counts:
    ontologies: int = 0
    finished: int = 0
    abandoned: int = 0
    strays: int = 0
    rewritten: int = 0
    problems: list[str] = field(default_factory=list)


def reconcile_all(ontology_id: str = "") -> ReconcileReport:
    """Look at every ontology that lives elsewhere, or at one."""
    counts = _Counts()
    with acting_as(SYSTEM):
        if not ontology_id:
            counts.abandoned += abandon_orphans()
        wanted = HomedOntology.objects.order_by("pk")
        if ontology_id:
            wanted = wanted.filter(pk=ontology_id)
        with translated():
            listed = list(wanted.values_list("pk", "ontology__name"))
        for one, name in listed:
            counts.ontologies += 1
            try:
                _reconcile(one, counts)
            except OmsError as error:
                # The others' homes may be well.
                counts.problems.append(f"{name}: {error}")
                log.warning("home cannot be reconciled", ontology=name, reason=str(error))
    report = ReconcileReport(
        counts.ontologies,
        counts.finished,
        counts.abandoned,
        counts.strays,
        counts.rewritten,
        tuple(counts.problems),
    )
    measures.reconciled(report)
    return report


def _reconcile(ontology_id: str, counts: _Counts) -> None:
    """Let one home and its index agree, as far as OMS made what differs."""
    homed = home_of(ontology_id)
    if homed is None:
        return
    started = utc_now()
    info = _info(ontology_id)
    if info is None:
        return  # taken out of use: its history rests where it is
    try:
        there = {branch.name: branch for branch in home.branches(homed.database)}
    except (NotFound, Unavailable) as error:
        if error.error_code not in LOST:
            raise
        if homed.erase_pending and not open_strays(ontology_id):
            rewrite(ontology_id)  # somebody has settled that it is gone
            counts.rewritten += 1
            return
        how = "is gone" if isinstance(error, NotFound) else f"cannot be read ({error})"
        gone = Finding("branch_missing", "", note=f"The database {homed.database} {how}.")
        counts.strays += len(note_strays(homed, info, [gone]))
        raise
    keys = keyring.public_keys("author")
    findings: list[Finding] = []
    for name in names_of(ontology_id, there):
        findings += _agree(homed, info, name, keys, counts)
    findings += _buried(homed, there)
    counts.strays += len(note_strays(homed, info, findings))
    _settle_gone(homed, info, {finding.key for finding in findings})
    counts.abandoned += abandon_stale(ontology_id, homed.database)
    HomedOntology.objects.filter(pk=ontology_id).update(seen_at=started)
    if homed.erase_pending and not open_strays(ontology_id) and rewrite(ontology_id):
        counts.rewritten += 1


def _info(ontology_id: str) -> OntologyInfo | None:
    try:
        return registry.find_ontology(ontology_id)
    except NotFound:
        return None


# --- one branch or tag ----------------------------------------------------------------------------
def _agree(
    homed: HomedOntology,
    info: OntologyInfo,
    name: Name,
    keys: Mapping[str, PublicKey],
    counts: _Counts,
) -> list[Finding]:
    """Finish what OMS left in the home under a name; what others did there."""
    if name.in_step(info.id):
        return []
    while True:
        with translated(), transaction.atomic():
            homed = lock_home(info.id)
            name = name.again(info.id, home.branch(homed.database, name.stored))
            if name.in_step(info.id):
                return []
            undone = undo_names(homed, info, name)
            if undone is not None:
                counts.abandoned += undone
                return []
            if name.here is None or name.there is None or name.is_tag:
                finding = name.finding()
                return [] if finding is None else [finding]
            walk = new_commits(home, homed.database, info.id, name.there)
            head = index.get_commit(info.id, name.here)
            if walk.base != head.id and not _moved(info, name, head, walk):
                return [_elsewhere(name, walk)]
            try:
                if not _finish_next(homed, info, name, walk, keys):
                    return [] if walk.stray is None else [walk.stray]
            except (Invalid, Conflict) as error:
                if error.error_code not in {"record_mismatch", "parent_missing"}:
                    raise
                transaction.set_rollback(True)
                return [stray_commit(name.stored, walk.new[0][0], str(error))]
        counts.finished += 1


def _finish_next(
    homed: HomedOntology,
    info: OntologyInfo,
    name: Name,
    walk: Walk,
    keys: Mapping[str, PublicKey],
) -> bool:
    """Put the next commit of the home into the index; whether there was one."""
    if not walk.new:
        return False
    found, commit = walk.new[0]
    with index.writing(info.id, name.stored):
        finish_commit(homed, info, name.stored, found, commit, keys=keys)
    log.info("finished a commit that its home has", ontology=info.name, commit=commit.short_id)
    return True


def _moved(info: OntologyInfo, name: Name, head: CommitInfo, walk: Walk) -> bool:
    """Whether OMS itself had moved the branch forward to the commit that the new ones stand on; then
    that is finished first.
    """
    intent = next(
        (
            one
            for one in intents.pending(info.id)
            if one.branch == name.stored and one.kind in {"commit", "move"}
        ),
        None,
    )
    if intent is None or not walk.base:
        return False
    target = index.get_commit(info.id, walk.base)
    if target.id == head.id or not index.is_ancestor(info.id, head, target):
        return False
    with index.writing(info.id, name.stored):
        finish_move(info, name.stored, head, target, intent)
    return True


def _elsewhere(name: Name, walk: Walk) -> Finding:
    assert name.there is not None
    return Finding(
        "branch_moved",
        name.stored,
        name.there.identifier,
        note=(
            f"It was moved to {walk.base[:12]}, which OMS did not do."
            if walk.base
            else "It was moved to a history that is not this ontology's."
        ),
    )


# --- what stands below commits of OMS -------------------------------------------------------------
def _buried(homed: HomedOntology, there: Mapping[str, HomeBranch]) -> list[Finding]:
    """Commits of others that OMS has committed on top of since the last look."""
    since = (homed.seen_at or homed.created_at) - _SKEW
    found: dict[str, Finding] = {}
    seen: set[str] = set()
    for branch in there.values():
        if not branch.identifier:
            continue
        fresh = []
        for commit in home.log(homed.database, branch.identifier, until=seen):
            if commit.time < since:
                break
            fresh.append(commit)
            seen.add(commit.identifier)
        kept = commits_kept(homed.ontology_id, [commit.identifier for commit in fresh])
        below = False
        for commit in fresh:
            below = below or commit.identifier in kept
            if below and commit.identifier not in kept and not commit.part_of:
                found[commit.identifier] = stray_commit(branch.name, commit)
    if homed.erase_pending:
        # Somebody has settled them: they go when the home is written anew.
        with translated():
            going = Stray.objects.filter(
                ontology_id=homed.ontology_id, state=Stray.SETTLED, identifier__in=list(found)
            ).values_list("identifier", flat=True)
            for identifier in list(going):
                del found[identifier]
    return list(found.values())


def _settle_gone(
    homed: HomedOntology, info: OntologyInfo, present: set[tuple[str, str, str]]
) -> None:
    """Strays that somebody has put right in the home are settled."""
    for stray in open_strays(homed.ontology_id):
        if (stray.kind, stray.branch, stray.identifier) in present:
            continue
        if stray.kind in {"commit", "record"} and _still_there(homed, stray):
            continue
        settled(info, stray, "It is gone from the home.")


def _still_there(homed: HomedOntology, stray: Stray) -> bool:
    """Whether a commit is in the history of its branch, and is not one of OMS's after all."""
    if commits_kept(homed.ontology_id, [stray.identifier]):
        return False
    there = home.branch(homed.database, stray.branch)
    if there is None or not there.identifier:
        return False
    for commit in home.log(homed.database, there.identifier):
        if commit.identifier == stray.identifier:
            return True
        if stray.time is not None and commit.time < stray.time - _SKEW:
            return False
    return False
