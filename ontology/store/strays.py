"""What was done in homes behind OMS's back: found once, told once, and in the way of writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from audit.contract import Subject, audit_log
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Conflict
from oms_project.core.outbox import NewEvent, outbox
from ontology.contract import OntologyInfo, StrayInfo
from ontology.store.home_models import HomedOntology, Stray
from ontology.store.orm.sql import rows, translated

__all__ = ["Finding", "info_of_stray", "note_strays", "open_strays", "refuse_diverged", "settled"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a home that OMS did not do, see ``StrayInfo``."""

    kind: str
    branch: str
    identifier: str = ""
    author: str = ""
    message: str = ""
    time: dt.datetime | None = None
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same one the next time."""
        return self.kind, self.branch, self.identifier


def open_strays(ontology_id: str) -> list[Stray]:
    """Those that nobody has settled, in the order in which they were found."""
    with translated():
        return list(Stray.objects.filter(ontology_id=ontology_id, state=Stray.OPEN).order_by("id"))


def refuse_diverged(ontology_id: str, branch: str) -> None:
    """Refuse to write where the home was changed by others.

    Raises:
        Conflict: ``home_diverged``.
    """
    if not rows(
        "SELECT 1 FROM ontology_stray WHERE ontology_id = %s AND state = %s LIMIT 1",
        [ontology_id, Stray.OPEN],
    ):
        return
    with translated():
        found = (
            Stray.objects.filter(ontology_id=ontology_id, state=Stray.OPEN, branch__in=(branch, ""))
            .select_related("ontology")
            .order_by("id")
            .first()
        )
    if found is not None:
        raise Conflict(
            f"The branch '{branch}' was changed in its home by others: {found.note} Nothing is "
            f"written to it until stray {found.pk} is settled (`ontology strays "
            f"{found.ontology.name} --settle {found.pk}`, or the console's page of the home).",
            code="home_diverged",
            data={"stray": found.pk, "branch": branch, "identifier": found.identifier},
        )


def note_strays(
    homed: HomedOntology, info: OntologyInfo, findings: Collection[Finding]
) -> list[Stray]:
    """Write down what was found and is not known to be open: a row, an audit event and an event
    each, in one transaction.

    Returns:
        The new ones.
    """
    made: list[Stray] = []
    with translated(), transaction.atomic():
        for finding in findings:
            stray, is_new = Stray.objects.get_or_create(
                ontology_id=homed.ontology_id,
                kind=finding.kind,
                branch=finding.branch,
                identifier=finding.identifier,
                defaults={
                    "author": finding.author,
                    "message": finding.message,
                    "time": finding.time,
                    "found_at": utc_now(),
                    "note": finding.note,
                },
            )
            if not is_new:
                # Settled, and there again.
                again = Stray.objects.filter(pk=stray.pk, state=Stray.SETTLED).update(
                    state=Stray.OPEN,
                    found_at=utc_now(),
                    settled_at=None,
                    settled_by="",
                    note=finding.note,
                )
                if not again:
                    continue
                stray.refresh_from_db()
            made.append(stray)
            _tell(info, stray)
    return made


def _tell(info: OntologyInfo, stray: Stray) -> None:
    audit_log.record(
        "home.stray_found",
        Subject("stray", str(stray.pk), stray.identifier or stray.branch),
        ontology=info.name,
        branch=stray.branch,
        data={
            "kind": stray.kind,
            "identifier": stray.identifier,
            "author": stray.author,
            "message": stray.message,
        },
        message=stray.note,
    )
    outbox.append(
        NewEvent(
            "io.oms.home.stray_found.v1",
            {
                "ontology": info.name,
                "ontologyId": info.id,
                "branch": stray.branch,
                "stray": stray.pk,
                "kind": stray.kind,
                "identifier": stray.identifier,
                "author": stray.author[:1000],
            },
            subject=f"strays/{stray.pk}",
            ontology=info.name,
            branch=stray.branch,
        )
    )


def settled(info: OntologyInfo, stray: Stray, note: str) -> None:
    """Let one end; who ended it is who acts."""
    with translated(), transaction.atomic():
        ended = Stray.objects.filter(pk=stray.pk, state=Stray.OPEN).update(
            state=Stray.SETTLED,
            settled_at=utc_now(),
            settled_by=current_actor().label,
            note=f"{stray.note} {note}".strip(),
        )
        if ended:
            audit_log.record(
                "home.stray_settled",
                Subject("stray", str(stray.pk), stray.identifier or stray.branch),
                ontology=info.name,
                branch=stray.branch,
                data={"kind": stray.kind, "identifier": stray.identifier},
                message=note,
            )


def info_of_stray(stray: Stray) -> StrayInfo:
    """A row as a value."""
    return StrayInfo(
        id=stray.pk,
        kind=stray.kind,
        branch=stray.branch,
        identifier=stray.identifier,
        author=stray.author,
        message=stray.message,
        time=stray.time,
        found_at=stray.found_at,
        state=stray.state,
        settled_at=stray.settled_at,
        settled_by=stray.settled_by,
        note=stray.note,
    )
