"""RDF in and out: small work at once, large work as a job."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from pydantic import Field
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, NotFound
from oms_project.core.routes import Declaration
from ontology import selectors, services, spool
from ontology.api import bodies
from ontology.api.addresses import address
from ontology.api.conditions import is_unchanged, not_modified, set_validators, state_etag
from ontology.api.endpoint import Answer, JsonSource, OntologyView, endpoint
from ontology.api.formats import AnyRepresentation, unknown_format, wanted_format
from ontology.api.jobs import JOB_STARTED, started_job, wants_job
from ontology.api.query import CommitQuery, Flag, NoQuery, ReadQuery, Text
from ontology.api.snapshots import snapshot
from ontology.api.streaming import streamed
from ontology.api.uploads import (
    RDF_MEDIA_TYPES,
    Upload,
    UploadSource,
    receive_on_disk,
    with_form,
)
from ontology.api.writing import commit_answer, commit_message, expected_head, head_guard
from ontology.tasks import EXPORT_TASK, IMPORT_TASK
from scheduling.contract import JobState, job_service

__all__ = ["ExportFileView", "ExportView", "ExportsView", "ImportsView"]

_RDF: dict[str, Any] = {"description": "Text; JSON where the format is JSON-LD."}


class ImportQuery(CommitQuery):
    """How to import. A form may bring these as fields as well."""

    mode: Literal["merge", "replace"] = "merge"
    """`merge` adds and updates; `replace` also deletes what the input does not hold."""
    format: Annotated[Text, Field(max_length=100)] = Field(default="", examples=["turtle"])
    """The RDF format, where content type or file name do not tell."""
    dry_run: Flag = False
    """Answer what would happen, without writing."""


class ExportQuery(ReadQuery):
    """What to export."""

    format: Annotated[Text, Field(json_schema_extra={"enum": ["", *selectors.EXPORT_FORMATS]})] = (
        Field(default="", examples=["turtle"])
    )
    """Name of the format; empty: as `Accept` asks, else Turtle."""


class ImportsView(OntologyView):
    """``…/imports``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_WRITE}

    parser_classes = (MultiPartParser,)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Files go to disk from the first byte on."""
        receive_on_disk(request)
        return super().initialize_request(request, *args, **kwargs)

    @endpoint(
        "importRdf",
        "Import RDF",
        tag="import and export",
        query=ImportQuery,
        body=UploadSource(),
        headers=("If-Match", "X-Commit-Message", "Prefer"),
        problems=(412,),
        answers=(
            Answer(200, "Nothing to change, or a dry run.", "ImportResult", "ImportResult"),
            Answer(
                201,
                "A commit was made.",
                "ImportResult",
                "ImportResult",
                headers=("ETag", "Location", "X-OMS-Commit"),
            ),
            JOB_STARTED,
        ),
    )
    def post(
        self, request: Request, *, ontology: str, query: ImportQuery, body: Upload
    ) -> HttpResponseBase:
        """Everything in the input makes one commit; `report` accounts for every triple. What is
        large, or `Prefer: respond-async`, becomes a job. Nothing is fetched from elsewhere.
        """
        query = with_form(query, body)
        rdf_format = query.format or body.format
        names = ", ".join(path.name for path in body.files)
        what = names if body.format is None else "RDF"  # a raw body has no name
        message = commit_message(request, query.message, f"Import {what}"[:1000])
        expected = expected_head(request, ontology=ontology, branch=query.branch)
        if wants_job(request) or body.size > settings.OMS_SYNC_IMPORT_BYTES:
            info = selectors.get_ontology(ontology=ontology)
            response = started_job(
                IMPORT_TASK,
                {
                    "ontology": info.name,
                    "branch": query.branch,
                    "folder": body.folder.name,
                    "format": rdf_format,
                    "mode": query.mode,
                    "message": message,
                    "expected_head": expected,
                    "dry_run": query.dry_run,
                },
            )
            body.kept = True
            return response
        with head_guard(request):
            result = services.import_rdf(
                ontology=ontology,
                branch=query.branch,
                sources=body.files,
                format=rdf_format,
                mode=query.mode,
                message=message,
                expected_head=expected,
                dry_run=query.dry_run,
            )
        commit = result.commit.id if result.commit else None
        return commit_answer(
            result,
            ontology=ontology,
            head=result.head,
            commit=commit,
            status=201 if commit else 200,
        )


class ExportView(OntologyView):
    """``…/export``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    content_negotiation_class = AnyRepresentation

    @endpoint(
        "exportRdf",
        "Export RDF",
        tag="import and export",
        query=ExportQuery,
        problems=(406,),
        answers=(
            Answer(
                200,
                "The whole ontology at a ref, as it is written.",
                _RDF,
                media=RDF_MEDIA_TYPES,
                headers=("ETag", "Content-Disposition", "X-OMS-Commit"),
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: ExportQuery) -> HttpResponseBase:
        """Streamed. Importing it again gives the same state, triple for triple."""
        rdf_format = wanted_format(
            request, query.format, selectors.EXPORT_FORMATS, default="turtle"
        )
        at = snapshot(ontology=ontology, query=query, request=request)
        etag = state_etag(
            f"{at.commit.id[:32]}{rdf_format}", request, selectors.visibility(ontology=ontology)
        )
        response: HttpResponseBase
        if is_unchanged(request, etag):
            response = not_modified(etag, immutable=at.immutable)
        else:
            media_type, extension = selectors.EXPORT_FORMATS[rdf_format]
            chunks = selectors.export_rdf(ontology=ontology, ref=at.commit.id, format=rdf_format)
            response = streamed(request, chunks, media_type)
            name = selectors.get_ontology(ontology=ontology).name
            response.headers["Content-Disposition"] = (
                f'attachment; filename="{name}-{at.commit.id[:12]}.{extension}"'
            )
            set_validators(response, etag, immutable=at.immutable)
        response.headers["X-OMS-Commit"] = at.commit.id
        return response


class ExportsView(OntologyView):
    """``…/exports``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_READ}

    @endpoint(
        "startExport",
        "Export RDF in the background",
        tag="import and export",
        body=JsonSource(bodies.ExportBody),
        answers=(JOB_STARTED,),
    )
    def post(
        self, request: Request, *, ontology: str, query: NoQuery, body: bodies.ExportBody
    ) -> HttpResponseBase:
        """For large ontologies; the file is kept for a day. `Link: rel="result"` leads to it."""
        if body.format not in selectors.EXPORT_FORMATS:
            raise unknown_format(body.format, selectors.EXPORT_FORMATS, field="/format")
        info = selectors.get_ontology(ontology=ontology)
        wanted = selectors.ref_at(ontology=ontology, ref=body.ref, as_of=body.as_of)
        commit = selectors.resolve_ref(ontology=ontology, ref=wanted)
        response = started_job(
            EXPORT_TASK, {"ontology": info.name, "commit": commit.id, "format": body.format}
        )
        job = response.headers["Location"].rsplit("/", 1)[1]
        response.headers["Link"] = f'<{address(info.name, "exports", job)}>; rel="result"'
        return response


class ExportFileView(OntologyView):
    """``…/exports/{job}``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    content_negotiation_class = AnyRepresentation

    @endpoint(
        "getExport",
        "Download an export",
        tag="import and export",
        problems=(409,),
        answers=(
            Answer(
                200,
                "The file.",
                _RDF,
                media=RDF_MEDIA_TYPES,
                headers=("Content-Disposition",),
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, job: object, query: NoQuery
    ) -> HttpResponseBase:
        """What a finished export job has written; 409 while it is being written."""
        info = selectors.get_ontology(ontology=ontology)
        found = job_service.get(job_id=str(job))
        if found.task != EXPORT_TASK or found.arguments.get("ontology") != info.name:
            raise NotFound(f"There is no export {job} here.", code="job_not_found")
        if found.state != JobState.SUCCEEDED:
            raise Conflict(
                f"The export is {found.state}: look at its job.",
                code="export_not_ready",
                data={"job": found.id, "state": found.state.value},
            )
        path = spool.folder(found.id) / found.result["filename"]
        return FileResponse(
            path.open("rb"),
            content_type=found.result["mediaType"],
            as_attachment=True,
            filename=path.name,
        )
