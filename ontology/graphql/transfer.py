"""RDF in and out, and questions in SPARQL: small work at once, large work as a job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import orjson
import strawberry
from django.conf import settings
from django.urls import reverse
from strawberry.file_uploads.scalars import Upload
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest, TooLarge
from oms_project.graphql.context import Info
from oms_project.graphql.fields import mutation, query
from oms_project.graphql.inputs import filter_text
from ontology import contract, selectors, services
from ontology.graphql.diffs import commit_of
from ontology.graphql.places import At, exact, name_of
from ontology.graphql.uploads import spooled
from ontology.tasks import EXPORT_TASK, IMPORT_TASK
from scheduling.contract import job_service
from scheduling.graphql.jobs import Job

if TYPE_CHECKING:
    from ontology.graphql.registry import Commit

__all__ = ["ImportRdfInput", "Mutations", "Queries", "RdfExport", "RdfImport", "SparqlAnswer"]

#: Bytes of an export, or of an answer, that stands in an answer of GraphQL.
_INLINE: Final = 4 * 1024 * 1024
_MODES: Final = ("merge", "replace")
_LONGEST_MESSAGE: Final = 10_000


@strawberry.type(description="An ontology as RDF.")
class RdfExport:
    text: str = strawberry.field(description="The whole file.")
    format: str = strawberry.field(description="Name of the format.")
    media_type: str = strawberry.field(description="Media type of the format.")
    commit_id: str = strawberry.field(description="Id of the commit that was exported.")


@strawberry.type(description="A job that writes an export, and where the file will be.")
class StartedExport:
    job: Job = strawberry.field(description="It writes the file.")
    result_url: str = strawberry.field(
        description="Path of the file, with the same authentication, when the job has succeeded; it "
        "is kept for a day."
    )


@strawberry.type(description="What an import did, or would do.")
class RdfImport:
    head: str = strawberry.field(description="Id of the branch's head afterwards.")
    dry_run: bool = strawberry.field(description="Whether nothing was written.")
    stats: JSON = strawberry.field(description="What changed: numbers by kind and operation.")
    counts: JSON = strawberry.field(description="What the input holds: numbers by kind.")
    report: JSON = strawberry.field(description="What became of every triple; what was lost.")
    ontology: strawberry.Private[str]
    found: strawberry.Private[contract.ImportResult]

    @strawberry.field(description="The commit; null in a dry run, or when nothing was to change.")
    def commit(self) -> Annotated[Commit, strawberry.lazy("ontology.graphql.registry")] | None:
        return commit_of(self.ontology, self.found.commit)  # type: ignore[no-any-return]


@strawberry.type(description="The answer to a SPARQL query.")
class SparqlAnswer:
    commit_id: str = strawberry.field(description="Id of the commit that was asked.")
    format: str = strawberry.field(description="Name of the format.")
    media_type: str = strawberry.field(description="Media type of the format.")
    rows: int = strawberry.field(description="Rows of a SELECT, triples of a CONSTRUCT.")
    content: strawberry.Private[bytes]

    @strawberry.field(
        description="SPARQL 1.1 Query Results JSON; null when the format is no JSON.",
    )
    def json(self) -> JSON | None:
        written = "json" in self.media_type
        return orjson.Fragment(self.content) if written else None  # type: ignore[return-value]

    @strawberry.field(description="The answer as text, in its format.")
    def text(self) -> str:
        return self.content.decode()


@strawberry.input(description="RDF to import: files, or a text.")
class ImportRdfInput:
    ontology: str = strawberry.field(description="Name or id.")
    files: list[Upload] | None = strawberry.field(
        default=None, description="Sent with the request (GraphQL multipart request)."
    )
    text: str | None = strawberry.field(default=None, description="Instead of files; say `format`.")
    format: str = strawberry.field(
        default="", description="`turtle`, …; empty: as the names of the files tell."
    )
    mode: str = strawberry.field(
        default="merge",
        description="`merge` adds and updates; `replace` also deletes what the input does not hold.",
    )
    branch: str = strawberry.field(default="", description="Empty: the default branch.")
    message: str = strawberry.field(default="", description="Empty: a sentence of ours.")
    expected_head: str | None = strawberry.field(
        default=None, description="The head that you have seen; refused when it has moved."
    )
    dry_run: bool = strawberry.field(default=False, description="Tell what would happen.")
    as_job: bool = strawberry.field(
        default=False, description="Do it in the background; what is large is done so anyway."
    )


@strawberry.input(description="What to export in the background.")
class StartExportInput:
    ontology: str = strawberry.field(description="Name or id.")
    format: str = strawberry.field(default="turtle", description="`turtle`, …")
    ref: str = strawberry.field(default="", description="Empty: the default branch.")
    as_of: str = strawberry.field(default="", description="The branch as it was then.")


@strawberry.type
class Queries:
    """Reads."""

    @query(requires=permissions.ONTOLOGY_READ, cost=200)
    def export_rdf(
        self,
        info: Info,
        ontology: str,
        format: str = "turtle",
        ref: str = "",
        as_of: str = "",
    ) -> RdfExport:
        """The whole ontology as RDF, up to 4 MB; `startExport` writes larger ones. Importing it
        again gives the same state, triple for triple.
        """
        media_type, _extension = _known_format(format)
        at = At.of(ontology, ref, as_of)
        chunks = selectors.export_rdf(ontology=ontology, ref=at.commit, format=format)
        text = _within(chunks, "This ontology", "Start an export as a job: `startExport`.").decode()
        return RdfExport(text=text, format=format, media_type=media_type, commit_id=at.commit)

    @query(requires=permissions.ONTOLOGY_READ, cost=50)
    def sparql(
        self,
        info: Info,
        ontology: str,
        query: str,
        ref: str = "",
        as_of: str = "",
        format: str = "",
    ) -> SparqlAnswer:
        """SPARQL 1.1 over the triples that an export has, without values that you may not see.
        Prefixes of the header are declared already. Without `format`, rows are JSON and triples
        Turtle.
        """
        solutions, graph = _sparql_formats(format)
        at = At.of(ontology, ref, as_of)
        found = selectors.run_sparql(
            ontology=ontology, ref=at.commit, query=query, solutions=solutions, graph=graph
        )
        with found.file:
            content = _within(
                iter(lambda: found.file.read(256 * 1024), b""), "The answer", "Use LIMIT."
            )
        return SparqlAnswer(
            commit_id=found.commit.id,
            format=found.format,
            media_type=selectors.SPARQL_FORMATS[found.format].media_types[0],
            rows=found.rows,
            content=content,
        )


@strawberry.type
class Mutations:
    """RDF in, and large exports."""

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def import_rdf(self, info: Info, input: ImportRdfInput) -> RdfImport | Job:
        """Everything in the input makes one commit, and the report accounts for every triple.
        What is large, or asked for with `asJob`, becomes a job. Nothing is fetched from elsewhere.
        """
        if input.mode not in _MODES:
            raise BadRequest("A mode is `merge` or `replace`.", code="bad_query")
        rdf_format = filter_text(input.format, "format", 100) or None
        branch = filter_text(input.branch, "branch", 300)
        with spooled(input.files or (), text=input.text, what="RDF") as upload:
            message = filter_text(input.message, "message", _LONGEST_MESSAGE).strip()
            message = message or f"Import {', '.join(upload.names)}"[:1000]
            if input.as_job or upload.size > settings.OMS_SYNC_IMPORT_BYTES:
                arguments = {
                    "ontology": selectors.get_ontology(ontology=input.ontology).name,
                    "branch": branch,
                    "folder": upload.folder.name,
                    "format": rdf_format,
                    "mode": input.mode,
                    "message": message,
                    "expected_head": input.expected_head,
                    "dry_run": input.dry_run,
                }
                job = job_service.submit(task=IMPORT_TASK, arguments=arguments)
                upload.kept = True
                return Job.of(job)
            found = services.import_rdf(
                ontology=input.ontology,
                branch=branch,
                sources=upload.files,
                format=rdf_format,
                mode="replace" if input.mode == "replace" else "merge",
                message=message,
                expected_head=input.expected_head,
                dry_run=input.dry_run,
            )
        return RdfImport(
            head=found.head,
            dry_run=found.dry_run,
            stats=exact(found.stats),
            counts=exact(found.counts),
            report=exact(found.report),
            ontology=name_of(input.ontology),
            found=found,
        )

    @mutation(requires=permissions.ONTOLOGY_READ)
    def start_export(self, info: Info, input: StartExportInput) -> StartedExport:
        """Write an export in the background."""
        _known_format(input.format)
        at = At.of(input.ontology, input.ref, input.as_of)
        name = selectors.get_ontology(ontology=input.ontology).name
        job = job_service.submit(
            task=EXPORT_TASK,
            arguments={"ontology": name, "commit": at.commit, "format": input.format},
        )
        return StartedExport(
            job=Job.of(job),
            result_url=reverse("ontology-export", kwargs={"ontology": name, "job": job.id}),
        )


def _within(chunks: Iterator[bytes], what: str, instead: str) -> bytes:
    """All chunks, within the bound of what stands in an answer.

    Raises:
        TooLarge.
    """
    found = bytearray()
    for chunk in chunks:
        found += chunk
        if len(found) > _INLINE:
            raise TooLarge(
                f"{what} is larger than {_INLINE // 1024 // 1024} MB. {instead}",
                data={"max_bytes": _INLINE},
            )
    return bytes(found)


def _known_format(name: str) -> tuple[str, str]:
    """Media type and file extension of a format of exports.

    Raises:
        BadRequest: ``rdf_format``.
    """
    found = selectors.EXPORT_FORMATS.get(name)
    if found is None:
        message = f"'{name[:50]}' is no format: use {', '.join(selectors.EXPORT_FORMATS)}."
        raise BadRequest(
            message, code="rdf_format", errors=[{"field": "format", "message": message}]
        )
    return found


def _sparql_formats(name: str) -> tuple[str, str]:
    """Formats for rows and for triples; empty: none suits.

    Raises:
        BadRequest: ``sparql_format``.
    """
    if not name:
        return "json", "turtle"
    found = selectors.SPARQL_FORMATS.get(name)
    if found is None:
        message = f"'{name[:50]}' is no format: use {', '.join(selectors.SPARQL_FORMATS)}."
        raise BadRequest(
            message, code="sparql_format", errors=[{"field": "format", "message": message}]
        )
    return (name, "") if found.kind == "solutions" else ("", name)
