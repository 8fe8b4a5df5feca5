"""Tables of the embedded store.

Commits stand on *lines*: a line is a straight run of commits, forked from a commit of another line
where a branch diverges. A document version is valid on one line from one sequence number (included)
to another (excluded; NULL while it is the latest on its line). A read at a commit looks at the
commit's line first and then along the line's ``chain``; the nearest version wins.

Hot paths use SQL of their own (``reader.py``, ``writer.py``); no logic lives here.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

__all__ = [
    "Branch",
    "Commit",
    "DocumentIndex",
    "DocumentVersion",
    "Line",
    "Ontology",
    "Redaction",
    "Tag",
    "TextEntry",
    "ValueEntry",
]


class CodePointField(models.CharField):  # type: ignore[type-arg]  # not generic at run time
    """Text compared by code point on every database, so that pages are ordered alike."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters: dict[str, Any] = dict(super().db_parameters(connection))
        if connection.vendor == "postgresql":
            parameters["collation"] = "C"
        return parameters


class RowNumberField(models.BigAutoField):  # type: ignore[type-arg]  # not generic at run time
    """A row's number in a table that only grows: SQLite need not keep the highest one elsewhere
    (``AUTOINCREMENT``), which is a write for every row.
    """

    def db_type_suffix(self, connection: BaseDatabaseWrapper) -> str | None:
        return None if connection.vendor == "sqlite" else super().db_type_suffix(connection)


class Ontology(models.Model):
    """The registry of ontologies."""

    id = models.CharField(max_length=36, primary_key=True)
    name = models.CharField(max_length=100)
    base_iri = models.TextField()
    rid_namespace = models.CharField(max_length=36)
    description = models.TextField(blank=True)
    default_branch = models.CharField(max_length=200, default="main")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=400)
    deleted_at = models.DateTimeField(null=True)
    #: How often values were erased from it for good.
    erasures = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(deleted_at__isnull=True),
                name="ontology_live_name",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Line(models.Model):
    """A straight run of commits.

    ``chain`` is JSON: ``[[line id, last visible sequence number], ...]``, nearest first, the lines
    a read goes on to. It is the line's ancestry, or a shorter equivalent after flattening.
    ``owner`` is the name of the branch that appends here; others fork.
    """

    ontology = models.ForeignKey(Ontology, on_delete=models.CASCADE, related_name="lines")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True)
    fork_seq = models.BigIntegerField()
    tip_seq = models.BigIntegerField()
    chain = models.TextField()
    owner = models.CharField(max_length=200)
    writes = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"line {self.pk}"


class Commit(models.Model):
    """Commits, append-only."""

    id = models.CharField(max_length=64, primary_key=True)
    ontology = models.ForeignKey(Ontology, on_delete=models.CASCADE, db_index=False)
    line = models.ForeignKey(Line, on_delete=models.PROTECT, db_index=False)
    seq = models.BigIntegerField()
    parent = models.CharField(max_length=64, blank=True)
    merged = models.CharField(max_length=64, blank=True)
    author_id = models.CharField(max_length=200)
    author_username = models.CharField(max_length=200)
    time = models.DateTimeField()
    message = models.TextField()
    content_hash = models.CharField(max_length=64)
    change_count = models.BigIntegerField()
    #: Id of the user for whom a service made it.
    on_behalf_of = models.CharField(max_length=200, blank=True, default="")
    #: The signed author string, see ``ontology.domain.authorship``.
    signature = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "seq"], name="commit_line_seq")]
        indexes = [
            models.Index(fields=["ontology", "-time", "-id"], name="commit_log"),
            models.Index(
                fields=["line", "seq"], name="commit_merges", condition=~models.Q(merged="")
            ),
        ]

    def __str__(self) -> str:
        return self.id[:12]


class Branch(models.Model):
    """Names that move."""

    ontology = models.ForeignKey(
        Ontology, on_delete=models.CASCADE, related_name="branches", db_index=False
    )
    name = CodePointField(max_length=200)
    head = models.ForeignKey(Commit, on_delete=models.PROTECT, db_index=False)
    protected = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=400)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ontology", "name"], name="branch_name")]

    def __str__(self) -> str:
        return str(self.name)


class Tag(models.Model):
    """Names that stay."""

    ontology = models.ForeignKey(
        Ontology, on_delete=models.CASCADE, related_name="tags", db_index=False
    )
    name = CodePointField(max_length=200)
    commit = models.ForeignKey(Commit, on_delete=models.PROTECT, db_index=False)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=400)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ontology", "name"], name="tag_name")]

    def __str__(self) -> str:
        return str(self.name)


class DocumentVersion(models.Model):
    """One version of a document on one line. A delete is a version that keeps the body.

    ``created`` and ``updated`` are the audit fields as JSON members, ready to be spliced.
    Rows copied by flattening have ``seq_from`` at the fork and are no changes of the line.
    """

    id = RowNumberField(primary_key=True)
    # Only the writer adds rows, to a line that it holds: nothing for the database to check.
    line = models.ForeignKey(Line, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    rid = CodePointField(max_length=36)
    kind = CodePointField(max_length=20)
    name_key = CodePointField(max_length=500)
    status = models.CharField(max_length=20, blank=True)
    seq_from = models.BigIntegerField()
    seq_to = models.BigIntegerField(null=True)
    deleted = models.BooleanField(default=False)
    body = models.TextField()
    body_hash = models.CharField(max_length=64)
    created = models.TextField()
    updated = models.TextField()
    search = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "rid", "seq_from"], name="version_identity")
        ]
        indexes = [
            models.Index(fields=["line", "seq_from"], name="version_changes"),
            models.Index(
                # With ``deleted`` in it, the index alone can count.
                fields=["line", "kind", "name_key", "rid", "deleted"],
                name="version_live",
                condition=models.Q(seq_to__isnull=True),
            ),
            models.Index(
                fields=["line", "kind", "name_key", "rid", "seq_from"],
                name="version_past",
                condition=models.Q(seq_to__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}/{self.name_key or self.rid}"


class DocumentIndex(models.Model):
    """What a version is found by besides its name: references, IRI, tags, aliases."""

    id = RowNumberField(primary_key=True)
    line = models.ForeignKey(Line, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    rid = CodePointField(max_length=36)
    role = models.CharField(max_length=30)
    key = models.TextField()
    seq_from = models.BigIntegerField()
    seq_to = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            # With the rid in it, a commit finds the one entry that it closes.
            models.Index(fields=["line", "key", "role", "rid"], name="index_by_key"),
        ]

    def __str__(self) -> str:
        return f"{self.role}={self.key}"


class ValueEntry(models.Model):
    """Indexed values of objects and links, see ``ontology.domain.instances.entries``.

    What holds at the end of a line and what does not any more have indexes of their own, so that
    neither a write nor a read at a head pays for history.
    """

    id = RowNumberField(primary_key=True)
    line = models.ForeignKey(Line, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    field = models.BigIntegerField()
    key = CodePointField(max_length=500)
    rid = CodePointField(max_length=36)
    seq_from = models.BigIntegerField()
    seq_to = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["line", "field", "key", "rid"],
                name="value_live",
                condition=models.Q(seq_to__isnull=True),
            ),
            models.Index(
                fields=["line", "field", "key", "rid", "seq_from"],
                name="value_past",
                condition=models.Q(seq_to__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field}={self.key}"


class TextEntry(models.Model):
    """The words of searchable values, apart by how sensitive they are (``level``).

    Triggers (SQLite, FTS5) or indexes (PostgreSQL) keep the full text index, one for what holds at
    the end of a line and one for what does not any more; they are made in a migration.
    """

    id = RowNumberField(primary_key=True)
    line = models.ForeignKey(Line, on_delete=models.PROTECT, db_index=False, db_constraint=False)
    rid = CodePointField(max_length=36)
    level = models.SmallIntegerField()
    text = models.TextField()
    seq_from = models.BigIntegerField()
    seq_to = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["line", "rid"], name="text_of_document")]

    def __str__(self) -> str:
        return str(self.rid)


class Redaction(models.Model):
    """Append-only: the texts that versions may have instead of those they were committed with."""

    id = RowNumberField(primary_key=True)
    ontology = models.ForeignKey(Ontology, on_delete=models.PROTECT, db_index=False)
    rid = CodePointField(max_length=36)
    kind = models.CharField(max_length=20)
    #: The hash that the version was committed with.
    body_hash = models.CharField(max_length=64)
    #: Of the text before and after.
    before_hash = models.CharField(max_length=64)
    after_hash = models.CharField(max_length=64)
    #: JSON: names of the values.
    fields = models.TextField()
    reason = models.TextField()
    author_id = models.CharField(max_length=200)
    author_username = models.CharField(max_length=200)
    on_behalf_of = models.CharField(max_length=200, blank=True)
    time = models.DateTimeField()
    #: Id of the erasure that this is one of ``size`` rows of.
    batch = models.CharField(max_length=36)
    position = models.IntegerField()
    size = models.IntegerField()
    #: How many versions had the text.
    versions = models.IntegerField()
    signature = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="redaction_of_batch")
        ]
        indexes = [models.Index(fields=["ontology", "rid"], name="redaction_of_document")]

    def __str__(self) -> str:
        return f"{self.rid} {self.fields}"
