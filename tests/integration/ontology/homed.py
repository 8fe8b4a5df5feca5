"""What tests of homes share: a process that dies, and what is left of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from audit.models import Event as AuditEvent
from events.models import Event
from oms_project.core.canonical_json import loads
from ontology import selectors
from ontology.contract import ReconcileReport
from ontology.services.homes.reconciling import reconcile_all
from ontology.store.home_models import HomedOntology, Intent, Stray
from tests.fakes.home import FolderHome
from tests.integration.ontology.conftest import NAME

__all__ = ["Died", "audited", "database", "dying", "reconciled", "states", "strays", "told"]


class Died(BaseException):
    """As if the process had been killed: nobody handles it."""


@contextmanager
def dying(word: str, *, times: int = 1) -> Iterator[None]:
    """The process dies when the home says ``word`` for the ``times``-th time."""
    left = times

    def hook(said: str) -> None:
        nonlocal left
        left -= said == word
        if said == word and left == 0:
            raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FolderHome, "hook", staticmethod(hook))
        with pytest.raises(Died):
            yield


def reconciled() -> ReconcileReport:
    """Look, and look again: the second look has nothing to do."""
    report = reconcile_all()
    assert report.problems == ()
    again = reconcile_all()
    assert (again.finished, again.abandoned, again.strays, again.rewritten) == (0, 0, 0, 0)
    return report


def database(name: str = NAME) -> str:
    return HomedOntology.objects.get(ontology__name=name).database


def told(kind: str) -> list[dict[str, Any]]:
    """Data of events whose type holds ``kind``."""
    return [
        loads(row.body)["data"] for row in Event.objects.order_by("seq") if kind in row.body[:400]
    ]


def audited(action: str) -> list[dict[str, Any]]:
    return [loads(row.body) for row in AuditEvent.objects.filter(action=action).order_by("id")]


def states() -> Counter[tuple[str, str]]:
    return Counter(Intent.objects.values_list("kind", "state"))


def strays(state: str = "open") -> list[Stray]:
    return list(Stray.objects.filter(state=state).order_by("id"))


def sound(name: str = NAME) -> bool:
    report = selectors.verify(ontology=name)
    assert report.problems == ()
    return report.ok
