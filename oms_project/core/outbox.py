"""Where whatever happens is told: the port of the outbox, which `events` implements.

It stands here, not in ``events.contract``, because apps beside and below events append as well::

    outbox.append(NewEvent("io.oms.job.succeeded.v1", {"job": job_id}, key="jobs"))

An event is written in the transaction that is open: it is published if that commits, and never
if it does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from oms_project.core.services import service

__all__ = ["PREFIX", "NewEvent", "Outbox", "outbox"]

#: What the type of every event of OMS itself begins with.
PREFIX: Final = "io.oms."


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happens in the open transaction.

    Attributes:
        type: a type of ``docs/reference/events.md``, with its version.
        data: JSON values, as the type's schema says; names and ids, no values of properties.
        subject: what it is about, within the ontology: ``branches/main``.
        ontology, branch: their names; may be empty.
        key: events of one key are published in the order of their commits; empty: ontology and
            branch.
    """

    type: str
    data: Mapping[str, Any] = field(repr=False)
    subject: str = ""
    ontology: str = ""
    branch: str = ""
    key: str = ""


class Outbox(Protocol):
    """Takes events."""

    def append(self, *events: NewEvent) -> None:
        """Write events in the open transaction (in one of their own when none is open).

        Raises:
            ValueError: a type that is not listed: a bug.
        """
        ...

    def append_many(self, events: Iterable[NewEvent]) -> None:
        """As ``append``, for as many as there are, without holding them all."""
        ...


outbox: Outbox = service("outbox", Outbox)
