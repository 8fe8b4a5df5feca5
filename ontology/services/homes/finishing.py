"""Commits that reached their home and not the index: put there, told and written down, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from audit.contract import Subject, audit_log
from oms_project.core.clock import utc_now
from oms_project.core.context import Actor, Source, acting_as, request_scope
from oms_project.core.keys import PublicKey
from oms_project.idempotency.contract import idempotency
from ontology.contract import CommitInfo, OntologyInfo
from ontology.store import announcing, intents
from ontology.store.home import HomeCommit
from ontology.store.home_models import HomedOntology, Intent
from ontology.store.home_rows import kept_as
from ontology.store.homed import home
from ontology.store.orm import registry
from ontology.store.orm.lines import place_of
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.replay import erased_texts, replay_commit
from ontology.store.orm.store import OrmStore

__all__ = ["finish_commit", "finish_move", "index"]

#: The index alone: what is done to it here has been done in the home already.
index = OrmStore()


def finish_commit(
    homed: HomedOntology,
    info: OntologyInfo,
    branch: str,
    found: HomeCommit,
    commit: CommitInfo,
    *,
    keys: Mapping[str, PublicKey],
) -> None:
    """Replay a commit, in the open transaction that holds the home's row and the branch.

    Raises:
        Invalid, Conflict: it is not what it says, see ``replay_commit``; nothing may stay of it.
    """
    replayed = replay_commit(
        info.id,
        branch,
        commit,
        home.written(homed.database, found.identifier, commit.id),
        keys=keys,
        erased=erased_texts(info.id),
    )
    registry.point_branch(info.id, branch, commit.id, utc_now())
    kept_as(info.id, {commit.id: found.identifier})
    merged = commit.parents[1] if len(commit.parents) > 1 else None
    with _as_intended(found.intent, commit):
        audit_log.record(
            "ontology.committed",
            Subject("commit", commit.id, commit.short_id),
            ontology=info.name,
            branch=branch,
            commit=commit.id,
            data={
                "documents": commit.change_count,
                "parents": list(commit.parents),
                "replicated": True,
            },
        )
        announcing.tell_commit(
            info,
            branch,
            commit,
            replayed.touched,
            OrmReader(commit, replayed.place, head=True),
            merged=merged,
        )
    _finished(found.intent)
    if found.attempt:
        # Who sends the request again must not have it done again.
        idempotency.finished(found.attempt, headers={"X-OMS-Commit": commit.id})


def finish_move(
    info: OntologyInfo, branch: str, head: CommitInfo, to: CommitInfo, intent: Intent
) -> None:
    """A fast-forward that was done in the home only; as ``finish_commit``."""
    index.move_branch(info.id, branch, to=to.id, expected_head=head.id)
    with _as_intended(intent.pk, to):
        audit_log.record(
            "ontology.fast_forwarded",
            Subject("branch", "", branch),
            ontology=info.name,
            branch=branch,
            commit=to.id,
            changes={"head": (head.id, to.id)},
            data={"replicated": True},
        )
        touched = [announcing.touched_in(change) for change in index.changes(info.id, head, to)]
        announcing.tell_fast_forward(
            info,
            branch,
            before=head.id,
            to=to.id,
            touched=touched,
            reader=OrmReader(to, place_of(info.id, to.id)[1]),
        )
    _finished(intent.pk)


def _finished(intent: str) -> None:
    if Intent.objects.filter(pk=intent, state=Intent.PENDING).exists():
        intents.end(intent, Intent.FINISHED)


@contextmanager
def _as_intended(intent: str, commit: CommitInfo) -> Iterator[None]:
    """Act as the one who began it, in the request that it was; else as the commit's author."""
    found = Intent.objects.filter(pk=intent).first()
    actor: Actor | None = None
    request, source = "", Source()
    if found is not None:
        actor, request, source, _ = intents.context_of(found)
    with acting_as(actor or _author(commit)), request_scope(request, source):
        yield


def _author(commit: CommitInfo) -> Actor:
    other = commit.on_behalf_of_id
    return Actor(
        id=commit.author_id,
        username=commit.author_username,
        kind="service" if other else "user",
        on_behalf_of=Actor(id=other, username=other) if other else None,
    )
