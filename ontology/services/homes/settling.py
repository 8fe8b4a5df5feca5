"""Ending strays: the home is put back to what OMS knows."""

from __future__ import annotations

from django.db import transaction

from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid, NotFound
from ontology.access import permitted
from ontology.contract import OntologyInfo, StrayInfo
from ontology.services.homes.names import heads_of
from ontology.services.homes.reconciling import reconcile_all
from ontology.store.home_models import HomedOntology, Stray
from ontology.store.home_rows import home_of, identifier_of, lock_home
from ontology.store.homed import home
from ontology.store.orm.sql import translated
from ontology.store.strays import info_of_stray, settled

__all__ = ["settle_stray"]


def settle_stray(*, ontology: str, stray: int, way: str = "discard") -> StrayInfo:
    """End a stray.

    Args:
        way: ``discard``: put the home back to the last commit of OMS. Where commits of OMS stand on
            top of it, or the database is gone, the home is written anew from the index, by the
            reconciler.

    Raises:
        NotFound: ``stray_not_found``.
        Conflict: ``already_settled``; ``stale_home``: somebody else changed the branch just now.
        Invalid: ``unknown_way``.
        PermissionDenied.
    """
    info = permitted(ontology, permissions.ONTOLOGY_ADMINISTER)
    if way != "discard":
        raise Invalid(
            f"'{way}' is no way to settle a stray; there is: discard.", code="unknown_way"
        )
    homed = home_of(info.id)
    found = Stray.objects.filter(ontology_id=info.id, pk=stray).first()
    if homed is None or found is None:
        raise NotFound(f"There is no stray {stray} of {info.name}.", code="stray_not_found")
    with translated(), transaction.atomic():
        homed = lock_home(info.id)
        found.refresh_from_db()
        if found.state != Stray.OPEN:
            raise Conflict(
                f"Stray {stray} was settled already, by {found.settled_by}.",
                code="already_settled",
                data={"stray": stray},
            )
        note = _put_back(homed, info, found)
        settled(info, found, note)
    # What else it was in the way of.
    reconcile_all(info.id)
    found.refresh_from_db()
    return info_of_stray(found)


def _put_back(homed: HomedOntology, info: OntologyInfo, stray: Stray) -> str:
    """Undo what was done; the sentence about it."""
    if not stray.branch:
        return _write_anew(homed, "The home is written anew from the index.")
    wanted = heads_of(info.id).get(stray.branch)
    there = home.branch(homed.database, stray.branch)
    if wanted is None:
        home.delete_branch(homed.database, stray.branch)
        return "The branch was deleted from the home."
    at = identifier_of(info.id, wanted)
    if there is None:
        home.create_branch(homed.database, stray.branch, at=at)
        return f"The branch was made again at {wanted[:12]}."
    if there.identifier == at and stray.kind in {"commit", "record"}:
        return _write_anew(
            homed, "Commits of OMS stand on it: the home is written anew without it."
        )
    home.move_branch(homed.database, stray.branch, to=at, expected=there.identifier)
    return f"The branch was put back to {wanted[:12]}."


def _write_anew(homed: HomedOntology, note: str) -> str:
    HomedOntology.objects.filter(pk=homed.pk).update(erase_pending=True)
    return note
