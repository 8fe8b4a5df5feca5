"""The trail as rows. Nothing here is ever updated; `audit.triggers` sees to it.

The columns that people search by are computed by the database from ``body``, the text that is
hashed: none of them can disagree with it, and verification need not look at them.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _

from audit.rowchanges import RowChanges

__all__ = ["BodyText", "Event", "Leaf", "Node", "Pending", "RowChange", "Seal", "TreeHead"]


class BodyText(models.Func):
    """A text inside a JSON body, by its path (``actor.id``); NULL when it is not there."""

    output_field = models.TextField()

    def __init__(self, expression: str, *, path: str) -> None:
        super().__init__(expression)
        self.path = path

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        return self.as_sql(
            compiler,
            connection,
            template=f"json_extract(%(expressions)s, '$.{self.path}')",
            **context,
        )

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        steps = self.path.replace(".", ",")
        return self.as_sql(
            compiler,
            connection,
            template=f"((%(expressions)s)::json #>> '{{{steps}}}')",
            **context,
        )


def _column(path: str) -> Any:
    return models.GeneratedField(
        expression=BodyText("body", path=path),
        output_field=models.TextField(null=True),
        db_persist=True,
    )


class Event(models.Model):
    """Something that happened."""

    id = models.CharField(primary_key=True, max_length=36)
    body = models.TextField()

    time = _column("time")
    action = _column("action")
    outcome = _column("outcome")
    actor_id = _column("actor.id")
    actor_username = _column("actor.username")
    on_behalf_of = _column("onBehalfOf.username")
    subject_type = _column("subject.type")
    subject_id = _column("subject.id")
    ontology = _column("ontology")
    branch = _column("branch")
    commit = _column("commit")
    door = _column("source.door")
    address = _column("source.address")
    request_id = _column("requestId")

    class Meta:
        db_table = "audit_event"
        verbose_name = _("audit event")
        verbose_name_plural = _("audit trail")
        # The id begins with the time: its own index serves time ranges, and is the order of all.
        indexes = (
            models.Index(fields=("actor_username", "id"), name="audit_event_actor"),
            models.Index(fields=("action", "id"), name="audit_event_action"),
            models.Index(fields=("subject_id", "id"), name="audit_event_subject"),
            models.Index(
                fields=("ontology", "id"),
                name="audit_event_ontology",
                condition=models.Q(ontology__isnull=False),
            ),
            models.Index(
                fields=("request_id", "id"),
                name="audit_event_request",
                condition=models.Q(request_id__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)


class Pending(models.Model):
    """An event that has no place in the tree yet, with OMS's signature over its body: until it
    has one, nothing else says that it is genuine. See ``audit.domain.witness``.
    """

    event_id = models.CharField(primary_key=True, max_length=36)
    signature = models.TextField()

    class Meta:
        db_table = "audit_pending"

    def __str__(self) -> str:
        return str(self.event_id)


class Leaf(models.Model):
    """The place of an event, and SHA-256(0x00 || body)."""

    idx = models.BigIntegerField(primary_key=True)
    event_id = models.CharField(max_length=36, unique=True)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_leaf"

    def __str__(self) -> str:
        return f"{self.idx}: {self.event_id}"


class Node(models.Model):
    """The hash over 256 entries one tile below: level 8 over leaves, 16 over level 8."""

    level = models.PositiveSmallIntegerField()
    idx = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)
    pk = models.CompositePrimaryKey("level", "idx")

    class Meta:
        db_table = "audit_node"

    def __str__(self) -> str:
        return f"{self.level}/{self.idx}"


class TreeHead(models.Model):
    """A signed statement: the tree of the first ``size`` leaves has this root.

    ``note`` is the checkpoint as it is handed out; number, previous size and time stand in it.
    """

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    time = models.CharField(max_length=27)
    kid = models.CharField(max_length=64)
    note = models.TextField()

    class Meta:
        db_table = "audit_tree_head"

    def __str__(self) -> str:
        return f"tree of {self.size}"


class Seal(models.Model):
    """A range of events that was moved to a file: only these may be deleted.

    ``note`` is the signed statement; it holds the same values.
    """

    first = models.BigIntegerField(primary_key=True)
    last = models.BigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    file = models.TextField()
    sha256 = models.CharField(max_length=64)
    time = models.CharField(max_length=27)
    sealed_by = models.TextField()
    note = models.TextField()

    class Meta:
        db_table = "audit_seal"

    def __str__(self) -> str:
        return f"{self.first}–{self.last}"


class RowChange(models.Model):
    """What django-auditlog takes for its model of entries; see `audit.rowchanges`."""

    class Action:
        CREATE = 0
        UPDATE = 1
        DELETE = 2
        ACCESS = 3

    objects = RowChanges()

    class Meta:
        managed = False
        default_permissions = ()

    def __str__(self) -> str:
        return "row change"
