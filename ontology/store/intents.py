"""What is about to be done in a home, written before it is done and confirmed after.

A home's commit and the ORM's rows cannot be one transaction. The intent is durable before the home is
asked, its id travels in the home's commit, and it is confirmed in the transaction of the index rows,
the audit event and the outbox. An intent that stays ``pending`` tells the reconciler to look.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from oms_project.core.canonical_json import dumps_text, loads
from oms_project.core.clock import utc_now
from oms_project.core.context import (
    Actor,
    Source,
    current_request_id,
    current_source,
    try_current_actor,
)
from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.ids import new_id
from ontology.store.home_models import Intent
from ontology.store.orm.sql import translated
from ontology.store.orm.writer import database_time

__all__ = [
    "Intended",
    "begin",
    "confirm",
    "context_of",
    "drop",
    "end",
    "intended",
    "note",
    "noted",
    "pending",
]

_thread = threading.local()


def begin(kind: str, *, ontology_id: str, database: str, branch: str = "", **said: Any) -> str:
    """Write down what is about to be done; durable when this returns.

    Inside a transaction it is written beside it where the database can do that (PostgreSQL). SQLite
    has one writer: there it becomes durable with the transaction, and what a crash leaves in the
    home is found by what the home says alone.

    Args:
        said: what else is to be known of it; JSON.

    Returns:
        Its id.
    """
    intent = new_id()
    with translated(), _outside() as beside, beside.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ontology_intent (id, ontology_id, database, branch, kind, state, context, "
            "created_at, note) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '')",
            [
                intent,
                ontology_id,
                database,
                branch,
                kind,
                Intent.PENDING,
                dumps_text({**_who(), **said}),
                database_time(utc_now()),
            ],
        )
    return intent


def confirm(intent: str) -> None:
    """It is done; part of the transaction that it is done in."""
    end(intent, Intent.CONFIRMED)


def end(intent: str, state: str, note: str = "") -> None:
    """Let an intent end as ``state``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ontology_intent SET state = %s, ended_at = %s, note = %s WHERE id = %s",
            [state, database_time(utc_now()), note, intent],
        )


def note(intent: str, said: str) -> None:
    """Write down what whoever goes on with an intent has to know; ``noted`` reads it."""
    with translated(), _outside() as beside, beside.cursor() as cursor:
        cursor.execute("UPDATE ontology_intent SET note = %s WHERE id = %s", [said, intent])


def noted(intent: str) -> str:
    """What was written down with it; empty: nothing."""
    return Intent.objects.values_list("note", flat=True).filter(pk=intent).first() or ""


def drop(intent: str) -> None:
    """Forget an intent that came to nothing, and whose process knows that it did."""
    with translated(), _outside() as beside, beside.cursor() as cursor:
        cursor.execute("DELETE FROM ontology_intent WHERE id = %s", [intent])


@dataclass
class Intended:
    """An intent of this process.

    Attributes:
        told: whether the home was asked to do something; until then it cannot have done it.
        done: whether it did, as far as the ORM's transaction goes.
    """

    id: str
    database: str
    told: bool = False
    done: bool = False

    def confirm(self) -> None:
        """It is done; part of the transaction."""
        confirm(self.id)
        self.done = True


@contextmanager
def intended(kind: str, *, ontology_id: str, database: str, branch: str = "") -> Iterator[Intended]:
    """An intent around a transaction. It is dropped when nothing came of it, and left where nobody
    can tell whether the home did it.
    """
    intent = Intended(
        begin(kind, ontology_id=ontology_id, database=database, branch=branch), database
    )
    try:
        yield intent
    except (Conflict, Invalid, NotFound):
        if not intent.done:
            drop(intent.id)  # refused, by OMS or by the home
        raise
    except BaseException:
        if not intent.told:
            drop(intent.id)
        raise
    if not intent.done:
        drop(intent.id)


def pending(ontology_id: str) -> list[Intent]:
    """Those of an ontology that nobody has ended, oldest first."""
    return list(
        Intent.objects.filter(ontology_id=ontology_id, state=Intent.PENDING).order_by(
            "created_at", "id"
        )
    )


def context_of(intent: Intent) -> tuple[Actor | None, str, Source, Mapping[str, Any]]:
    """Who was about to do it: the actor, the request's id, where from, and all that was said."""
    said = loads(intent.context)
    actor = None if said["actor"] is None else _actor(said["actor"])
    return actor, said["request"], Source(**said["source"]), said


def _who() -> dict[str, Any]:
    source, actor = current_source(), try_current_actor()
    return {
        "actor": None if actor is None else _told(actor),
        "request": current_request_id(),
        "source": {
            "door": source.door,
            "address": source.address,
            "agent": source.agent,
            "operation": source.operation,
        },
    }


def _told(actor: Actor) -> dict[str, Any]:
    return {
        "id": actor.id,
        "username": actor.username,
        "displayName": actor.display_name,
        "kind": actor.kind,
        "reason": actor.reason,
        "grant": actor.grant,
        "onBehalfOf": None if actor.on_behalf_of is None else _told(actor.on_behalf_of),
    }


def _actor(told: Mapping[str, Any]) -> Actor:
    other = told["onBehalfOf"]
    return Actor(
        id=told["id"],
        username=told["username"],
        display_name=told["displayName"],
        kind=told["kind"],
        on_behalf_of=None if other is None else _actor(other),
        reason=told["reason"],
        grant=told["grant"],
    )


@contextmanager
def _outside() -> Iterator[BaseDatabaseWrapper]:
    """A connection that no transaction of the caller is open on, where there can be one."""
    inside = [
        block for block in connection.atomic_blocks if not getattr(block, "_from_testcase", False)
    ]
    if not inside or connection.vendor != "postgresql":
        yield connection
        return
    # Never closed by the requests' end: one for each thread that needs it.
    beside: BaseDatabaseWrapper | None = getattr(_thread, "beside", None)
    if beside is None:
        beside = connections["default"].copy()
        _thread.beside = beside
    beside.close_if_unusable_or_obsolete()
    try:
        yield beside
    finally:
        beside.close()
