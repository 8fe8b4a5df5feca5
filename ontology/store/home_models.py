"""Tables about ontologies whose home is another database, see ``ontology.store.home``.

Nothing in them is the only copy of anything but ``Intent`` and ``Stray``: which commit is kept as
what can be read from the home again.
"""

from __future__ import annotations

from django.db import models

from ontology.store.orm.models import CodePointField, Ontology

__all__ = ["HomedCommit", "HomedOntology", "Intent", "Stray"]


class HomedOntology(models.Model):
    """An ontology whose home is not the ORM. One without a row lives in the ORM."""

    ontology = models.OneToOneField(
        Ontology, on_delete=models.CASCADE, primary_key=True, related_name="home"
    )
    kind = models.CharField(max_length=20, default="terminusdb")
    database = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField()
    #: When the home's log was last read to its end.
    seen_at = models.DateTimeField(null=True)
    #: Why native classes and documents are not what they should be; empty: they are.
    projection_problem = models.TextField(blank=True)
    #: Values were erased from the index: the home has to be written anew to lose them too.
    erase_pending = models.BooleanField(default=False)

    class Meta:
        verbose_name = "home of an ontology"
        verbose_name_plural = "homes of ontologies"

    def __str__(self) -> str:
        return str(self.database)


class HomedCommit(models.Model):
    """Which commit the home keeps as what. A commit on two branches is kept once."""

    id = models.BigAutoField(primary_key=True)
    ontology = models.ForeignKey(Ontology, on_delete=models.CASCADE, db_index=False)
    commit = models.CharField(max_length=64)
    identifier = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ontology", "commit"], name="homed_commit"),
            models.UniqueConstraint(fields=["ontology", "identifier"], name="homed_identifier"),
        ]

    def __str__(self) -> str:
        return f"{self.commit[:12]} = {self.identifier}"


class Intent(models.Model):
    """What is about to be done in a home; written before, confirmed after.

    ``pending`` after its process died: the reconciler looks in the home whether it was done.
    """

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FINISHED = "finished"
    ABANDONED = "abandoned"
    STATES = (
        (PENDING, PENDING),
        (CONFIRMED, CONFIRMED),
        (FINISHED, FINISHED),
        (ABANDONED, ABANDONED),
    )

    id = models.CharField(max_length=36, primary_key=True)
    #: No foreign key: the ontology may not be there yet.
    ontology_id = models.CharField(max_length=36)
    database = models.CharField(max_length=120)
    branch = CodePointField(max_length=200, blank=True)
    #: ``create``, ``drop``, ``commit``, ``branch``, ``move``, ``unbranch``, ``tag``, ``untag``,
    #: ``rewrite``, ``transfer``
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=20, choices=STATES, default=PENDING)
    #: JSON: what the audit event and the events are to say: actor, request, expected head, ….
    context = models.TextField(default="{}")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["ontology_id", "created_at"],
                name="intent_pending",
                condition=models.Q(state="pending"),
            ),
            models.Index(fields=["ended_at"], name="intent_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id} ({self.state})"


class Stray(models.Model):
    """A change in a home that was made behind OMS's back."""

    OPEN = "open"
    SETTLED = "settled"
    STATES = ((OPEN, OPEN), (SETTLED, SETTLED))

    id = models.BigAutoField(primary_key=True)
    ontology = models.ForeignKey(Ontology, on_delete=models.CASCADE, related_name="strays")
    #: ``commit``, ``branch``, ``branch_missing``, ``branch_moved``, ``record``
    kind = models.CharField(max_length=20)
    branch = CodePointField(max_length=200, blank=True)
    identifier = models.CharField(max_length=64, blank=True)
    author = models.TextField(blank=True)
    message = models.TextField(blank=True)
    time = models.DateTimeField(null=True)
    found_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=STATES, default=OPEN)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=400, blank=True)
    #: What is wrong, and what was done about it.
    note = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "strays"
        constraints = [
            models.UniqueConstraint(
                fields=["ontology", "kind", "branch", "identifier"], name="stray_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["ontology", "found_at"],
                name="stray_open",
                condition=models.Q(state="open"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.identifier or self.branch}"
