"""Values that are erased for good: which were, and erasing them."""

from __future__ import annotations

import datetime as dt
from functools import partial

import strawberry

from oms_project.core.authorization import permissions
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation, needed
from ontology import selectors, services
from ontology.change_sets import RedactionBody, parse_body
from ontology.contract import RedactionInfo, RedactionResult

__all__ = ["Mutations", "Redaction", "RedactionFields"]


@strawberry.type(description="Values that were erased for good: their names, never the values.")
class Redaction:
    redaction_id: str
    rid: str = strawberry.field(description="Of the object or link whose values they were.")
    kind: str = strawberry.field(description="`Object` or `Link`.")
    fields: list[str] = strawberry.field(description="Names of the values.")
    reason: str
    versions: int = strawberry.field(description="In how many versions they stood.")
    time: dt.datetime
    author_id: str
    author_username: str

    @classmethod
    def of(cls, info: RedactionInfo) -> Redaction:
        return cls(
            redaction_id=info.id,
            rid=info.rid,
            kind=info.kind,
            fields=list(info.fields),
            reason=info.reason,
            versions=info.versions,
            time=info.time,
            author_id=info.author_id,
            author_username=info.author_username,
        )


@strawberry.type(description="What an erasure did, or would do.")
class RedactionReport:
    redaction: Redaction
    document: str = strawberry.field(description="How the object or link is named afterwards.")
    messages: list[str] = strawberry.field(
        description="Ids of commits whose message has one of the erased texts in it; it stays."
    )
    answers: int = strawberry.field(description="Stored answers to requests that were emptied.")
    jobs: int = strawberry.field(description="Finished jobs whose results were emptied.")
    dry_run: bool

    @classmethod
    def of(cls, found: RedactionResult) -> RedactionReport:
        return cls(
            redaction=Redaction.of(found.redaction),
            document=found.document,
            messages=list(found.messages),
            answers=found.answers,
            jobs=found.jobs,
            dry_run=found.dry_run,
        )


@strawberry.type
class RedactionFields:
    """Of an ontology: what was erased."""

    @connection()
    def redactions(self, info: Info) -> Pages[Redaction]:
        """Who erased values of which object or link, when and why; latest first."""
        needed(permissions.ONTOLOGY_ERASE)
        return listing(
            partial(selectors.list_redactions, ontology=self.name),  # type: ignore[attr-defined]
            Redaction.of,
        )


@strawberry.input(description="Values to erase for good.")
class RedactInput:
    ontology: str
    target: str = strawberry.field(description="The object or link: `Type/key`, `rid` or IRI.")
    reason: str = strawberry.field(
        description="Who asked for it and why. It is kept for ever: leave the values out."
    )
    fields: list[str] = strawberry.field(
        default_factory=list,
        description="Names of values, also `_iri` and `_annotations`; empty: all values.",
    )
    ref: str = strawberry.field(
        default="", description="Where the target is looked up; empty: the default branch."
    )
    dry_run: bool = strawberry.field(default=False, description="Tell, erase nothing.")


@strawberry.type
class Mutations:
    """What cannot be undone."""

    @mutation(requires=permissions.ONTOLOGY_ERASE)
    def redact(self, info: Info, input: RedactInput) -> RedactionReport:
        """Erases values from every version of an object or link on every branch. Commit ids,
        hashes and signatures stay valid.
        """
        body = parse_body(
            {
                "target": input.target,
                "fields": input.fields,
                "reason": input.reason,
                "ref": input.ref,
                "dryRun": input.dry_run,
            },
            RedactionBody,
        )
        return RedactionReport.of(
            services.redact(
                ontology=input.ontology,
                target=body.target,
                fields=body.fields,
                reason=body.reason,
                ref=body.ref,
                dry_run=body.dry_run,
            )
        )
