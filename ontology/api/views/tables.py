"""Objects and links as rows of files: load, propose a type for a file, unload."""

from __future__ import annotations

import json
import tempfile
from typing import Annotated, Any, ClassVar, Literal

from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from pydantic import BeforeValidator, Field
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest, Conflict, Invalid, NotFound
from oms_project.core.routes import Declaration
from ontology import selectors, services, spool
from ontology.api.conditions import is_unchanged, not_modified, set_validators, state_etag
from ontology.api.endpoint import Answer, OntologyView, endpoint
from ontology.api.formats import AnyRepresentation, wanted_format
from ontology.api.jobs import JOB_STARTED, started_job, wants_job
from ontology.api.query import CommitQuery, Flag, NoQuery, Query, ReadQuery, RefText, Text, Whole
from ontology.api.rendering import json_response
from ontology.api.snapshots import snapshot
from ontology.api.streaming import chunks_of, streamed
from ontology.api.uploads import Upload, UploadSource, receive_on_disk, with_form
from ontology.api.writing import commit_answer, commit_message, expected_head, head_guard
from ontology.domain.query import All, Filter, parse_condition, parse_filter
from ontology.interop.tabular import TABULAR_FORMATS, ColumnMapping, parse_mapping
from ontology.tasks import LOAD_TASK, REJECTED_FILE
from ontology.wire import json_bytes
from scheduling.contract import JobState, job_service

__all__ = ["LoadReportView", "LoadsView", "ProposalsView", "UnloadView"]

_TAG = "import and export"
_MEDIA_TYPES = tuple(item.media_types[0] for item in TABULAR_FORMATS)
_BODY = UploadSource(
    media_types=_MEDIA_TYPES,
    what="rows",
    examples={"text/csv": "Csv", _MEDIA_TYPES[0]: "JsonLines"},
)
_FILE: dict[str, Any] = {"type": "string"}
_IN_MEMORY = 8 * 1024 * 1024


def _whole_number(value: object) -> object:
    if isinstance(value, str):
        if not value.isascii() or not value.isdigit() or len(value) > 9:
            raise ValueError("Use a whole number")
        return int(value)
    return value


TypeText = Annotated[Text, Field(min_length=1, max_length=400, examples=["Person"])]
FormatText = Annotated[Text, Field(max_length=100)]


class FileQuery(Query):
    """What is known of a file of rows. A form may bring these as fields as well."""

    format: FormatText = Field(default="", examples=["csv"])
    """jsonl, csv or parquet, where content type or file name do not tell."""
    name: Annotated[Text, Field(max_length=200)] = Field(default="", examples=["people.csv"])
    """Name of the file, for messages; a form brings it by itself."""
    mapping: Annotated[Text, Field(max_length=200_000)] = Field(
        default="", examples=['{"columns":{"No.":"staffNumber"},"nulls":["NA"]}']
    )
    """Which column is which property, as JSON; empty: by their names."""


class LoadQuery(FileQuery, CommitQuery):
    """What to load, and how."""

    type: Annotated[Text, Field(max_length=400)] = Field(default="", examples=["Person"])
    """The object type or link type; needed, here or as a field of the form."""
    mode: Literal["upsert", "insert"] = "upsert"
    """`upsert` changes objects that are there already; `insert` refuses them."""
    on_error: Literal["stop", "skip"] = "stop"
    """`stop` commits nothing when a row is wrong; `skip` leaves wrong rows out."""
    commit_every: Annotated[int, Field(ge=0, le=10_000_000), BeforeValidator(_whole_number)] = 0
    """A commit for every so many rows; 0: one for all."""
    resume: Flag = False
    """Go on after the last commit of an interrupted load of the same file."""
    dry_run: Flag = False
    """Check everything and answer what would happen, without writing."""


class ProposalQuery(FileQuery):
    """What to propose a type for."""

    ref: RefText = Field(default="", examples=["main"])
    """Where the proposed names must be free."""
    enums: Flag = False
    """Propose enums for a few codes that are often repeated."""


class UnloadQuery(ReadQuery):
    """What to unload."""

    type: TypeText
    """An object type, interface or link type."""
    format: Annotated[Text, Field(json_schema_extra={"enum": ["", *selectors.UNLOAD_FORMATS]})] = (
        Field(default="", examples=["csv"])
    )
    """Name of the format; empty: as `Accept` asks, else JSON Lines."""
    filter: Annotated[Text, Field(max_length=3000)] = Field(
        default="", examples=['{"property":"birthDate","op":"lt","value":"2000-01-01"}']
    )
    """A filter as JSON, as for lists of objects."""
    where: Annotated[tuple[Annotated[Text, Field(max_length=500)], ...], Whole()] = Field(
        default=(), max_length=10, examples=[["birthDate:lt:2000-01-01"]]
    )
    """One condition as `property:op:value`; repeat it for several, all of which must hold."""
    subtypes: Flag = True
    """Those of its subtypes as well."""


class _UploadView(OntologyView):
    """A view that takes files."""

    parser_classes = (MultiPartParser,)

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Files go to disk from the first byte on."""
        receive_on_disk(request)
        return super().initialize_request(request, *args, **kwargs)


class LoadsView(_UploadView):
    """``…/loads``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "loadObjects",
        "Load objects or links",
        tag=_TAG,
        query=LoadQuery,
        body=_BODY,
        headers=("If-Match", "X-Commit-Message", "Prefer"),
        problems=(412,),
        answers=(
            Answer(200, "Nothing to change, or a dry run.", "LoadResult", "LoadResult"),
            Answer(
                201,
                "A commit was made.",
                "LoadResult",
                "LoadResult",
                headers=("ETag", "Location", "X-OMS-Commit"),
            ),
            JOB_STARTED,
        ),
    )
    def post(
        self, request: Request, *, ontology: str, query: LoadQuery, body: Upload
    ) -> HttpResponseBase:
        """One file of rows, JSON Lines, CSV or Parquet; every row is an object (or link) of the
        type. All rows make one commit, or none. What is large, or `Prefer: respond-async`, becomes
        a job; its rejected rows are at `…/loads/{job}/report` then.
        """
        query = with_form(query, body)
        if not query.type:
            message = "Say which type the rows are of."
            raise BadRequest(
                message, code="bad_query", errors=[{"parameter": "type", "message": message}]
            )
        name = _only_file(body, query.name)
        mapping = _mapping(query.mapping)
        message = commit_message(request, query.message, f"Load {name}"[:1000])
        expected = expected_head(request, ontology=ontology, branch=query.branch)
        known: dict[str, Any] = {
            "branch": query.branch,
            "type": query.type,
            "name": name,
            "format": query.format or body.format,
            "mode": query.mode,
            "on_error": query.on_error,
            "commit_every": query.commit_every,
            "resume": query.resume,
            "message": message,
            "expected_head": expected,
            "dry_run": query.dry_run,
        }
        if wants_job(request) or body.size > settings.OMS_SYNC_IMPORT_BYTES:
            info = selectors.get_ontology(ontology=ontology)
            response = started_job(
                LOAD_TASK,
                {
                    "ontology": info.name,
                    "folder": body.folder.name,
                    "mapping": mapping.as_json(),
                    **known,
                },
            )
            body.kept = True
            return response
        with head_guard(request):
            result = services.load_objects(
                ontology=ontology, source=body.files[0], mapping=mapping, **known
            )
        commit = result.commit.id if result.commit else None
        return commit_answer(
            result,
            ontology=ontology,
            head=result.head,
            commit=commit,
            status=201 if commit else 200,
        )


class LoadReportView(OntologyView):
    """``…/loads/{job}/report``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    content_negotiation_class = AnyRepresentation

    @endpoint(
        "getLoadReport",
        "Download the rejected rows of a load",
        tag=_TAG,
        problems=(409,),
        answers=(
            Answer(
                200,
                "A line for every rejected row, with `row`, `errors` and `values`.",
                _FILE,
                "RejectedRows",
                media=(_MEDIA_TYPES[0],),
                headers=("Content-Disposition",),
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, job: object, query: NoQuery
    ) -> HttpResponseBase:
        """What a job that loaded rows left out, as JSON Lines; kept for a day. 409 while it runs,
        404 when it rejected nothing.
        """
        info = selectors.get_ontology(ontology=ontology)
        found = job_service.get(job_id=str(job))
        if found.task != LOAD_TASK or found.arguments.get("ontology") != info.name:
            raise NotFound(f"There is no load {job} here.", code="job_not_found")
        if found.state in (JobState.QUEUED, JobState.RUNNING):
            raise Conflict(
                f"The load is {found.state}: look at its job.",
                code="load_not_done",
                data={"job": found.id, "state": found.state.value},
            )
        path = spool.folder(found.id) / REJECTED_FILE
        return FileResponse(
            path.open("rb"),
            content_type=_MEDIA_TYPES[0],
            as_attachment=True,
            filename=REJECTED_FILE,
        )


class ProposalsView(_UploadView):
    """``…/load-proposals``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_READ}

    @endpoint(
        "proposeObjectType",
        "Propose an object type for a file",
        tag=_TAG,
        query=ProposalQuery,
        body=_BODY,
        reads=True,
        problems=(422,),
        answers=(Answer(200, "The proposal.", "LoadProposal", "LoadProposal"),),
    )
    def post(
        self, request: Request, *, ontology: str, query: ProposalQuery, body: Upload
    ) -> HttpResponseBase:
        """Looks at the first rows of a file. `changes` is what a change set takes to create the
        type, `mapping` what a load takes to fill it.
        """
        query = with_form(query, body)
        found = selectors.propose_objects(
            ontology=ontology,
            source=body.files[0],
            name=_only_file(body, query.name),
            format=query.format or body.format,
            options=_mapping(query.mapping).csv,
            enums=query.enums,
            ref=query.ref,
        )
        return json_response(json_bytes(found))


class UnloadView(OntologyView):
    """``…/unload``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    content_negotiation_class = AnyRepresentation

    @endpoint(
        "unloadObjects",
        "Unload objects or links",
        tag=_TAG,
        query=UnloadQuery,
        problems=(406, 422),
        answers=(
            *(
                Answer(
                    200,
                    "The objects or links of the type at a ref, a row each.",
                    _FILE,
                    example,
                    media=(media,),
                    headers=("ETag", "Content-Disposition", "X-OMS-Commit"),
                )
                for media, example in zip(_MEDIA_TYPES, ("JsonLines", "Csv", None), strict=True)
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: UnloadQuery) -> HttpResponseBase:
        """As JSON Lines, CSV or Parquet; loading it again changes nothing. Values that you may not
        see are not in it.
        """
        name = wanted_format(request, query.format, selectors.UNLOAD_FORMATS, default="jsonl")
        where = _filter(query)
        at = snapshot(ontology=ontology, query=query, request=request)
        etag = state_etag(
            f"{at.commit.id[:32]}{name}", request, selectors.visibility(ontology=ontology)
        )
        response: HttpResponseBase
        if is_unchanged(request, etag):
            response = not_modified(etag, immutable=at.immutable)
        else:
            media_type, extension = selectors.UNLOAD_FORMATS[name]
            chunks = selectors.unload_objects(
                ontology=ontology,
                type=query.type,
                format=name,
                ref=at.commit.id,
                where=where,
                subtypes=query.subtypes,
            )
            # Made whole, on disk, before the first byte leaves: what a client has begun to read
            # never breaks off, and all of it is read as who asks.
            file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed when it is read
            try:
                for chunk in chunks:
                    file.write(chunk)
                file.seek(0)
            except BaseException:
                file.close()
                raise
            response = streamed(request, chunks_of(file), media_type)
            filename = spool.safe_name(f"{query.type}.{extension}")
            response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
            set_validators(response, etag, immutable=at.immutable)
        response.headers["X-OMS-Commit"] = at.commit.id
        return response


def _only_file(upload: Upload, given: str) -> str:
    """What the one file of an upload is called."""
    if len(upload.files) > 1:
        raise Invalid(
            "Load one file at a time: each is rows of one type.",
            code="several_files",
            errors=[{"field": "", "rule": "shape", "message": "There is more than one file."}],
        )
    return given or ("rows" if upload.files[0].name == "body" else upload.files[0].name)


def _mapping(text: str) -> ColumnMapping:
    if not text:
        return parse_mapping(None)
    try:
        return parse_mapping(json.loads(text))
    except ValueError as error:
        message = f"The mapping is not JSON: {error}."
        raise BadRequest(
            message, code="bad_query", errors=[{"parameter": "mapping", "message": message}]
        ) from error


def _filter(query: UnloadQuery) -> Filter | None:
    parts = [parse_condition(text) for text in query.where]
    if query.filter:
        try:
            parts.append(parse_filter(json.loads(query.filter)))  # type: ignore[arg-type]
        except ValueError as error:
            raise BadRequest(f"The filter is not JSON: {error}.", code="bad_filter") from error
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else All(tuple(parts))
