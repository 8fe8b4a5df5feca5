"""A home written anew from the index: what was erased there, or stood there by others' doing, is in no
commit of the new database, and the old one is dropped.
"""

from __future__ import annotations

import structlog
from django.db import transaction

from audit.contract import Subject, audit_log
from oms_project.core.clock import utc_now
from oms_project.core.errors import NotFound, Unavailable
from ontology.services.homes.copying import Copier
from ontology.store import intents
from ontology.store.home_models import HomedCommit, HomedOntology, Intent
from ontology.store.home_rows import commits_kept, kept_as, lock_home
from ontology.store.homed import database_name, home
from ontology.store.orm import registry
from ontology.store.orm.sql import rows, translated

__all__ = ["LOST", "rewrite"]

log = structlog.get_logger("oms.homes")

#: Errors that say of a whole database that it is gone, or damaged.
LOST = frozenset({"home_database_not_found", "home_broken"})


def rewrite(ontology_id: str) -> bool:
    """Write the home of an ontology anew, and let it live there.

    A run that was interrupted is gone on with, unless more was erased meanwhile.

    Returns:
        Whether that is done; else it is for the next time.
    """
    info = registry.find_ontology(ontology_id)
    erasures = _erasures(ontology_id)
    intent, database = _begun(ontology_id, info.name, erasures)
    if database not in home.databases():
        home.create(database, label=info.name, base_iri=info.base_iri)
    copier = Copier(home, database, ontology_id, intent=intent)
    copier.resume()
    verified: set[str] = set()
    copier.round()
    copier.verify(done=verified)
    with translated(), transaction.atomic():
        homed = lock_home(ontology_id)
        if _erasures(ontology_id) != erasures or not _all_here(ontology_id, homed.database):
            return False
        copier.round()
        copier.put_names()
        copier.verify(done=verified, complete=True)
        copier.verify_heads()
        old = homed.database
        HomedCommit.objects.filter(ontology_id=ontology_id).delete()
        kept_as(ontology_id, copier.identifiers)
        HomedOntology.objects.filter(pk=ontology_id).update(
            database=database,
            erase_pending=False,
            projection_problem=copier.projection_problem,
            seen_at=utc_now(),
        )
        intents.confirm(intent)
        leaving = intents.begin("drop", ontology_id=ontology_id, database=old)
        audit_log.record(
            "home.rewritten",
            Subject("ontology", info.id, info.name),
            ontology=info.name,
            changes={"database": (old, database)},
        )
    try:
        home.drop(old)
        intents.end(leaving, Intent.FINISHED)
    except Unavailable as error:
        log.warning("the old database is still there", database=old, reason=str(error))
    log.info("a home was written anew", ontology=info.name, commits=len(verified))
    return True


def _all_here(ontology_id: str, database: str) -> bool:
    """Whether the index has all that a process which died may have left in the old home."""
    try:
        there = {branch.name: branch for branch in home.branches(database)}
    except (NotFound, Unavailable) as error:
        if error.error_code not in LOST:
            raise
        # All that was acknowledged is in the index.
        return True
    return all(
        not branch.identifier or commits_kept(ontology_id, [branch.identifier])
        for branch in there.values()
    )


def _begun(ontology_id: str, name: str, erasures: int) -> tuple[str, str]:
    for intent in intents.pending(ontology_id):
        if intent.kind != "rewrite":
            continue
        if intents.context_of(intent)[3].get("erasures") == erasures:
            return intent.pk, intent.database
        # It may hold what was erased since.
        home.drop(intent.database)
        intents.end(intent.pk, Intent.ABANDONED, "More was erased.")
    database = database_name(name)
    intent_id = intents.begin(
        "rewrite", ontology_id=ontology_id, database=database, erasures=erasures
    )
    return intent_id, database


def _erasures(ontology_id: str) -> int:
    found = rows("SELECT erasures FROM ontology_ontology WHERE id = %s", [ontology_id])
    return int(found[0][0])
