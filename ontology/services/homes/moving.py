"""What administrators do with homes: reconcile, transfer, rebuild."""

from __future__ import annotations

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid
from ontology.access import permitted
from ontology.contract import RebuildReport, ReconcileReport, TransferReport
from ontology.services.homes.rebuilding import adopt, rebuild_index
from ontology.services.homes.reconciling import reconcile_all
from ontology.services.homes.transferring import EMBEDDED, TERMINUSDB, move_in, move_out
from ontology.store.port import Progress

__all__ = ["rebuild", "reconcile", "transfer"]


def reconcile(*, ontology: str = "") -> ReconcileReport:
    """Hold homes against the index now: finish what was left, find what others did.

    Args:
        ontology: only this one; empty: all.

    Raises:
        NotFound, PermissionDenied.
    """
    if ontology:
        return reconcile_all(permitted(ontology, permissions.ONTOLOGY_ADMINISTER).id)
    authorizer.check(current_actor(), permissions.ONTOLOGY_ADMINISTER)
    return reconcile_all()


def transfer(
    *, ontology: str, to: str, keep: bool = False, on_progress: Progress | None = None
) -> TransferReport:
    """Move an ontology with its full history to another home; see ``transferring``.

    Args:
        to: ``terminusdb`` or ``embedded``.
        keep: when it moves out: leave the database there.

    Raises:
        NotFound, PermissionDenied, Invalid, Conflict, Unavailable.
    """
    info = permitted(ontology, permissions.ONTOLOGY_ADMINISTER)
    if to == TERMINUSDB:
        return move_in(info, on_progress=on_progress)
    if to == EMBEDDED:
        return move_out(info, keep=keep, on_progress=on_progress)
    raise Invalid(f"'{to}' is no home; there are: {TERMINUSDB}, {EMBEDDED}.", code="unknown_home")


def rebuild(
    *, ontology: str, database: str = "", on_progress: Progress | None = None
) -> RebuildReport:
    """Make the index of an ontology anew from its home.

    Args:
        database: of an ontology that the index knows nothing of: it is taken in as ``ontology``.

    Raises:
        NotFound, PermissionDenied, Invalid, Conflict, Unavailable.
    """
    if database:
        authorizer.check(current_actor(), permissions.ONTOLOGY_CREATE)
        authorizer.check(current_actor(), permissions.ONTOLOGY_ADMINISTER)
        return adopt(ontology, database, on_progress=on_progress)
    info = permitted(ontology, permissions.ONTOLOGY_ADMINISTER)
    return rebuild_index(info, on_progress=on_progress)
