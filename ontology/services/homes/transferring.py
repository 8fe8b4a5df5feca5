"""Moving house: an ontology with its whole history from the index into a home, or out of it."""

from __future__ import annotations

from typing import Literal

import structlog
from django.db import transaction

from audit.contract import Subject, audit_log
from oms_project.core.clock import utc_now
from oms_project.core.errors import Conflict, Unavailable
from ontology.contract import OntologyInfo, TransferReport
from ontology.services.homes.copying import Copier
from ontology.services.homes.names import heads_of
from ontology.services.homes.reconciling import reconcile_all
from ontology.store import intents
from ontology.store.home import tag_of_branch
from ontology.store.home_models import HomedCommit, HomedOntology, Intent, Stray
from ontology.store.home_rows import home_of, kept_as, lock_home
from ontology.store.homed import database_name, home
from ontology.store.orm.redaction import lock_writers
from ontology.store.orm.sql import is_postgresql, rows, translated
from ontology.store.port import Progress
from ontology.store.strays import open_strays

__all__ = ["EMBEDDED", "TERMINUSDB", "Destination", "move_in", "move_out"]

log = structlog.get_logger("oms.homes")

TERMINUSDB = "terminusdb"
EMBEDDED = "embedded"
Destination = Literal["terminusdb", "embedded"]
#: Writers are kept waiting only for what so few commits need.
_FEW = 5
_ROUNDS = 10


# --- in -------------------------------------------------------------------------------------------
def move_in(info: OntologyInfo, *, on_progress: Progress | None = None) -> TransferReport:
    """Let an ontology live in TerminusDB.

    Others may write meanwhile: rounds catch up with them, and the last one keeps them waiting. A run
    that was interrupted is gone on with.

    Raises:
        Conflict: ``already_there``, ``copy_differs``.
        Unavailable: the home, ``home_unsupported``.
    """
    if home_of(info.id) is not None:
        raise Conflict(
            f"{info.name} lives in TerminusDB already.",
            code="already_there",
            data={"ontology": info.name},
        )
    problem = home.info().problem
    if problem:
        raise Unavailable(problem, code="home_unsupported")
    intent, database = _begun(info)
    if database not in home.databases():
        home.create(database, label=info.name, base_iri=info.base_iri)
    copier = Copier(home, database, info.id, intent=intent, on_progress=on_progress)
    copier.resume()
    verified: set[str] = set()
    versions = 0
    for _ in range(_ROUNDS):
        copied = copier.round()
        versions += copier.verify(done=verified)
        if copied <= _FEW:
            break
    with translated(), transaction.atomic():
        _hold_everything(info.id)
        copier.round()
        copier.put_names()
        versions += copier.verify(done=verified, complete=True)
        copier.verify_heads()
        HomedCommit.objects.filter(ontology_id=info.id).delete()
        HomedOntology.objects.create(
            ontology_id=info.id,
            database=database,
            created_at=utc_now(),
            seen_at=utc_now(),
            projection_problem=copier.projection_problem,
        )
        kept_as(info.id, copier.identifiers)
        intents.confirm(intent)
        _record(info, EMBEDDED, TERMINUSDB, database)
    return _report(info, TERMINUSDB, database, len(verified), versions)


def _begun(info: OntologyInfo) -> tuple[str, str]:
    """The intent of this transfer and its database: that of a run that was interrupted, or new."""
    for intent in intents.pending(info.id):
        if intent.kind == "transfer":
            log.info("going on with a transfer", ontology=info.name, database=intent.database)
            return intent.pk, intent.database
    database = database_name(info.name)
    return intents.begin("transfer", ontology_id=info.id, database=database), database


def _hold_everything(ontology_id: str) -> None:
    """Let nobody commit to the ontology, or make or move a name in it, until the transaction ends."""
    lock_writers(ontology_id)
    if is_postgresql():
        # A row that refers to an ontology waits for this.
        rows("SELECT id FROM ontology_ontology WHERE id = %s FOR UPDATE", [ontology_id])


# --- out ------------------------------------------------------------------------------------------
def move_out(
    info: OntologyInfo, *, keep: bool = False, on_progress: Progress | None = None
) -> TransferReport:
    """Let an ontology live in the ORM again, which has all of it as its index.

    Args:
        keep: leave the database where it is; nobody writes to it any more.

    Raises:
        Conflict: ``already_there``, ``home_diverged``, ``copy_differs``.
    """
    homed = home_of(info.id)
    if homed is None:
        raise Conflict(
            f"{info.name} lives in the ORM already.",
            code="already_there",
            data={"ontology": info.name},
        )
    reconcile_all(info.id)
    copier = Copier(home, homed.database, info.id, intent="", on_progress=on_progress)
    verified: set[str] = set()
    copier.identifiers = _identifiers(info.id)
    versions = copier.verify(done=verified)
    with translated(), transaction.atomic():
        homed = lock_home(info.id)
        _refuse_strays(info)
        # What was committed meanwhile.
        copier.identifiers = _identifiers(info.id)
        versions += copier.verify(done=verified, complete=True)
        copier.verify_heads()
        database = homed.database
        HomedCommit.objects.filter(ontology_id=info.id).delete()
        homed.delete()
        leaving = "" if keep else intents.begin("drop", ontology_id=info.id, database=database)
        _record(info, TERMINUSDB, EMBEDDED, database)
    if leaving:
        # A process that dies here leaves the intent, and the reconciler drops the database.
        home.drop(database)
        intents.end(leaving, Intent.FINISHED)
    return _report(info, EMBEDDED, database, len(verified), versions, dropped=not keep)


def _identifiers(ontology_id: str) -> dict[str, str]:
    return dict(
        HomedCommit.objects.filter(ontology_id=ontology_id).values_list("commit", "identifier")
    )


def _refuse_strays(info: OntologyInfo) -> None:
    strays: list[Stray] = open_strays(info.id)
    if strays:
        raise Conflict(
            f"The home of {info.name} was changed by others: settle {len(strays)} of what "
            "`ontology strays` lists first.",
            code="home_diverged",
            data={"strays": [stray.pk for stray in strays]},
        )


# --- both -----------------------------------------------------------------------------------------
def _record(info: OntologyInfo, old: str, new: str, database: str) -> None:
    audit_log.record(
        "home.transferred",
        Subject("ontology", info.id, info.name),
        ontology=info.name,
        changes={"home": (old, new)},
        data={"database": database},
    )


def _report(
    info: OntologyInfo,
    where: str,
    database: str,
    commits: int,
    versions: int,
    *,
    dropped: bool = False,
) -> TransferReport:
    names = list(heads_of(info.id))
    tags = sum(tag_of_branch(name) is not None for name in names)
    return TransferReport(
        ontology=info.name,
        home=where,
        database=database,
        commits=commits,
        documents=versions,
        branches=len(names) - tags,
        tags=tags,
        dropped=dropped,
    )
