"""Intents that came to nothing: what they left in a home is taken away again."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction

from oms_project.core.clock import utc_now
from ontology.contract import OntologyInfo
from ontology.services.homes.names import Name
from ontology.store import intents
from ontology.store.home import scratch_branch
from ontology.store.home_models import HomedOntology, Intent
from ontology.store.home_rows import identifier_of, lock_home
from ontology.store.homed import home
from ontology.store.orm.sql import as_time, rows, translated

__all__ = ["abandon_orphans", "abandon_stale", "undo_names"]

log = structlog.get_logger("oms.homes")

#: What is younger may still be at work.
GRACE = dt.timedelta(seconds=60)
#: A new database is made in seconds, but nobody can see its owner until it is done.
_CREATE_GRACE = dt.timedelta(minutes=10)
#: Who transfers an ontology may go on the next day.
_TRANSFER_GRACE = dt.timedelta(days=2)
#: Of ended intents, so long is told what became of them.
_KEPT = dt.timedelta(days=30)

_NAMES = ("branch", "tag", "unbranch", "untag")


def abandon_orphans() -> int:
    """Half-made databases, and those that were to be dropped: intents that no ontology stands for.

    Returns:
        How many were abandoned.
    """
    now = utc_now()
    abandoned = 0
    with translated():
        waiting = list(
            Intent.objects.filter(
                state=Intent.PENDING, kind__in=("create", "drop", "transfer")
            ).order_by("created_at")
        )
    for intent in waiting:
        grace = {"create": _CREATE_GRACE, "transfer": _TRANSFER_GRACE}.get(intent.kind, GRACE)
        if intent.created_at > now - grace:
            continue
        with translated(), transaction.atomic():
            lived_in = HomedOntology.objects.filter(database=intent.database).exists()
            if intent.database and not lived_in:
                home.drop(intent.database)
            done = intent.kind == "drop" and not lived_in
            intents.end(
                intent.pk,
                Intent.FINISHED if done else Intent.ABANDONED,
                "" if lived_in else "Its database was dropped.",
            )
        abandoned += not done
        log.info("abandoned an intent", kind=intent.kind, database=intent.database)
    Intent.objects.filter(ended_at__lt=now - _KEPT).delete()
    return abandoned


def abandon_stale(ontology_id: str, database: str) -> int:
    """Intents of an ontology whose work is not in its home: they never will be.

    Whoever is at it holds the home's row, so nobody is while this does.
    """
    limit = utc_now() - GRACE
    if not any(_is_stale(intent, limit) for intent in intents.pending(ontology_id)):
        return 0
    abandoned = 0
    with translated(), transaction.atomic():
        lock_home(ontology_id)
        for intent in intents.pending(ontology_id):
            if _is_stale(intent, limit):
                home.delete_branch(database, scratch_branch(intent.pk))
                intents.end(intent.pk, Intent.ABANDONED, "It is not in the home.")
                abandoned += 1
    return abandoned


def _is_stale(intent: Intent, limit: dt.datetime) -> bool:
    return intent.kind not in {"transfer", "rewrite", "create", "drop"} and (
        intent.created_at < limit
    )


def undo_names(homed: HomedOntology, info: OntologyInfo, name: Name) -> int | None:
    """Take back a branch or tag that was made, or deleted, in the home only: nobody was told that
    it was. The home's row is held.

    Returns:
        How many intents that ended; None: nothing of this kind was left.
    """
    begun = [
        intent
        for intent in intents.pending(info.id)
        if intent.branch == name.stored and intent.kind in _NAMES
    ]
    if name.here is None and name.there is not None:
        if not any(intent.kind in {"branch", "tag"} for intent in begun):
            return None
        home.delete_branch(homed.database, name.stored)
    elif name.here is not None and name.there is None:
        deleted = any(intent.kind in {"unbranch", "untag"} for intent in begun)
        if not deleted and not _made_while_moving(homed, info.id, name):
            return None
        home.create_branch(homed.database, name.stored, at=identifier_of(info.id, name.here))
    else:
        return None
    for intent in begun:
        intents.end(intent.pk, Intent.ABANDONED, "It was taken back.")
    return len(begun)


def _made_while_moving(homed: HomedOntology, ontology_id: str, name: Name) -> bool:
    """Whether a branch or tag was made in the very moment in which the ontology moved in: who made it
    had looked before.
    """
    begin, end = homed.created_at - GRACE, homed.created_at + GRACE
    moved = Intent.objects.filter(
        ontology_id=ontology_id, kind="transfer", database=homed.database, state=Intent.CONFIRMED
    )
    return moved.exists() and any(
        begin <= as_time(made) <= end
        for table in ("branch", "tag")
        for made, stored in rows(
            f"SELECT created_at, name FROM ontology_{table} WHERE ontology_id = %s", [ontology_id]
        )
        if name.stored.removeprefix("tag:") == stored
    )
