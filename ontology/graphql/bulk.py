"""Objects and links as rows of files: loaded, unloaded, and a type proposed for a file."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias
from urllib.parse import urlencode

import strawberry
from django.conf import settings
from django.urls import reverse
from strawberry.file_uploads.scalars import Upload
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.core.canonical_json import dumps_text, loads
from oms_project.core.errors import BadRequest, Conflict, Invalid, NotFound
from oms_project.core.pagination import Page, decode_cursor, encode_cursor
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation
from oms_project.graphql.inputs import filter_text
from oms_project.graphql.scalars import Long, mapping_of
from ontology import selectors, services, spool
from ontology.access import permitted_branch
from ontology.graphql.diffs import commit_of
from ontology.graphql.filters import FilterInput, filter_of, filters_as_json
from ontology.graphql.places import At, exact
from ontology.graphql.uploads import Spooled, spooled
from ontology.interop.tabular import ColumnMapping, parse_mapping
from ontology.tasks import LOAD_TASK, REJECTED_FILE
from scheduling.contract import JobState, job_service
from scheduling.graphql.jobs import Job

if TYPE_CHECKING:
    from ontology.graphql.registry import Commit

__all__ = ["BulkFields", "Load", "LoadObjectsInput", "Mutations", "RowsInput"]

_Commit: TypeAlias = Annotated["Commit", strawberry.lazy("ontology.graphql.registry")]

_LONGEST_MESSAGE: Final = 10_000
#: What fits into the address of a download, as REST bounds it.
_LONGEST_FILTER: Final = 3_000


@strawberry.enum(description="What a load does with objects that are there already.")
class LoadMode(Enum):
    UPSERT = "upsert"
    INSERT = "insert"


@strawberry.enum(
    description="What a load does with wrong rows: `STOP` commits nothing, `SKIP` leaves them out."
)
class LoadErrorPolicy(Enum):
    STOP = "stop"
    SKIP = "skip"


@strawberry.type(description="A row that was left out.")
class RejectedRow:
    row: int = strawberry.field(description="Its number, from 1.")
    errors: list[JSON] = strawberry.field(description="`{column, field, rule, message}` each.")
    values: JSON | None = strawberry.field(
        description="What it holds, by property; its text when it could not be read."
    )

    @classmethod
    def of(cls, row: int, errors: Any, values: Any) -> RejectedRow:
        return cls(row=row, errors=[exact(one) for one in errors], values=exact(values))


@strawberry.type(description="A file of rows.")
class LoadedFile:
    name: str
    sha256: str = strawberry.field(name="sha256", description="Of its bytes.")
    size: Long
    format: str
    encoding: str


@strawberry.type(description="What a load did, or would do.")
class Load:
    type: str
    kind: str = strawberry.field(description="`Object` or `Link`.")
    file: LoadedFile
    commits: int = strawberry.field(description="How many were made.")
    head: str = strawberry.field(description="Id of the branch's head afterwards.")
    rows: int = strawberry.field(description="Rows of the file that were gone through.")
    skipped: int = strawberry.field(description="Rows that an earlier load had loaded.")
    created: int
    updated: int
    unchanged: int
    rejected: int
    rejected_rows: list[RejectedRow] = strawberry.field(description="The first of them.")
    dry_run: bool
    ontology: strawberry.Private[str]
    found: strawberry.Private[services.LoadResult]

    @strawberry.field(description="The last commit; null in a dry run, or when nothing changed.")
    def commit(self) -> _Commit | None:
        return commit_of(self.ontology, self.found.commit)  # type: ignore[no-any-return]

    @classmethod
    def of(cls, ontology: str, found: services.LoadResult) -> Load:
        file = found.file
        return cls(
            type=found.type,
            kind=found.kind,
            file=LoadedFile(
                name=file.name,
                sha256=file.sha256,
                size=Long(file.size),
                format=file.format,
                encoding=file.encoding,
            ),
            commits=found.commits,
            head=found.head,
            rows=found.rows,
            skipped=found.skipped,
            created=found.created,
            updated=found.updated,
            unchanged=found.unchanged,
            rejected=found.rejected,
            rejected_rows=[RejectedRow.of(one.row, one.errors, one.values) for one in found.errors],
            dry_run=found.dry_run,
            ontology=ontology,
            found=found,
        )


@strawberry.type(description="What was made of a column.")
class ProposedColumn:
    column: str
    property: str
    data_type: str
    array: bool
    required: bool
    distinct: int = strawberry.field(description="Different values among the rows looked at.")
    missing: int = strawberry.field(description="Rows without one.")


@strawberry.type(description="An object type for a file, and how to load the file into it.")
class LoadProposal:
    type: str
    changes: list[JSON] = strawberry.field(description="For `commitChanges`: they make the type.")
    mapping: JSON = strawberry.field(description="For `loadObjects`.")
    columns: list[ProposedColumn]
    key: list[str] = strawberry.field(description="Properties of the primary key.")
    rows: int = strawberry.field(description="How many were looked at.")
    complete: bool = strawberry.field(description="Whether these were all.")
    notes: list[str] = strawberry.field(description="What a person should look at.")


@strawberry.type(description="A file that REST sends, with the same authentication.")
class Download:
    url: str = strawberry.field(description="Its path.")
    filename: str
    media_type: str
    commit_id: str = strawberry.field(description="Id of the commit that is in it.")


@strawberry.input(description="A file of rows: an upload, or its text.")
class RowsInput:
    ontology: str
    file: Upload | None = strawberry.field(
        default=None, description="Sent with the request (GraphQL multipart request)."
    )
    text: str | None = strawberry.field(default=None, description="Instead of a file.")
    format: str = strawberry.field(
        default="", description="`jsonl`, `csv` or `parquet`; empty: as the file's name tells."
    )
    name: str = strawberry.field(default="", description="Of the file, for messages.")
    mapping: JSON | None = strawberry.field(
        default=None, description="Which column is which property; null: by their names."
    )


@strawberry.input(description="Rows to load as objects or links.")
class LoadObjectsInput(RowsInput):
    type: str = strawberry.field(description="The object type or link type.")
    mode: LoadMode = LoadMode.UPSERT
    on_error: LoadErrorPolicy = LoadErrorPolicy.STOP
    commit_every: int = strawberry.field(
        default=0, description="A commit for every so many rows; 0: one for all."
    )
    resume: bool = strawberry.field(
        default=False,
        description="Go on after the last commit of an interrupted load of the same file.",
    )
    branch: str = strawberry.field(default="", description="Empty: the default branch.")
    message: str = strawberry.field(default="", description="Empty: a sentence of ours.")
    expected_head: str | None = strawberry.field(
        default=None, description="The head that you have seen; refused when it has moved."
    )
    dry_run: bool = strawberry.field(default=False, description="Check and tell, write nothing.")
    as_job: bool = strawberry.field(
        default=False, description="Do it in the background; what is large is done so anyway."
    )


@strawberry.input(description="Rows to propose an object type for.")
class ProposeObjectTypeInput(RowsInput):
    ref: str = strawberry.field(default="", description="Where the proposed names must be free.")
    enums: bool = strawberry.field(
        default=False, description="Propose enums for a few codes that are often repeated."
    )


@strawberry.type
class Mutations:
    """Files of rows in."""

    @mutation(requires=permissions.ONTOLOGY_WRITE, cost=50)
    def load_objects(self, info: Info, input: LoadObjectsInput) -> Load | Job:
        """One file of rows, JSON Lines, CSV or Parquet; every row is an object (or link) of the
        type. All rows make one commit, or none. What is large, or asked for with `asJob`, becomes
        a job; `loadReport` has its rejected rows then.
        """
        branch = filter_text(input.branch, "branch", 300)
        permitted_branch(input.ontology, branch, permissions.ONTOLOGY_WRITE)
        mapping = _mapping(input)
        with _rows(input) as upload:
            name = _name(input, upload)
            message = filter_text(input.message, "message", _LONGEST_MESSAGE).strip()
            known: dict[str, Any] = {
                "branch": branch,
                "type": filter_text(input.type, "type", 400),
                "name": name,
                "format": filter_text(input.format, "format", 100) or None,
                "mode": input.mode.value,
                "on_error": input.on_error.value,
                "commit_every": input.commit_every,
                "resume": input.resume,
                "message": message or f"Load {name}"[:1000],
                "expected_head": input.expected_head,
                "dry_run": input.dry_run,
            }
            if input.as_job or upload.size > settings.OMS_SYNC_IMPORT_BYTES:
                arguments = {
                    "ontology": selectors.get_ontology(ontology=input.ontology).name,
                    "folder": upload.folder.name,
                    "mapping": mapping.as_json(),
                    **known,
                }
                job = job_service.submit(task=LOAD_TASK, arguments=arguments)
                upload.kept = True
                return Job.of(job)
            found = services.load_objects(
                ontology=input.ontology, source=upload.files[0], mapping=mapping, **known
            )
        return Load.of(input.ontology, found)

    @mutation(requires=permissions.ONTOLOGY_READ)
    def propose_object_type(self, info: Info, input: ProposeObjectTypeInput) -> LoadProposal:
        """Looks at the first rows of a file; nothing is changed."""
        with _rows(input) as upload:
            found = selectors.propose_objects(
                ontology=input.ontology,
                source=upload.files[0],
                name=_name(input, upload),
                format=filter_text(input.format, "format", 100) or None,
                options=_mapping(input).csv,
                enums=input.enums,
                ref=filter_text(input.ref, "ref", 300),
            )
        return LoadProposal(
            type=found.type,
            changes=[exact(one) for one in found.changes],
            mapping=exact(found.mapping),
            columns=[
                ProposedColumn(
                    column=one.column,
                    property=one.property,
                    data_type=one.data_type,
                    array=one.array,
                    required=one.required,
                    distinct=one.distinct,
                    missing=one.missing,
                )
                for one in found.columns
            ],
            key=list(found.key),
            rows=found.rows,
            complete=found.complete,
            notes=list(found.notes),
        )


@strawberry.type
class BulkFields:
    """Of an ontology: files of rows out."""

    @strawberry.field(
        description="Where the objects (or links) of a type are as a file: `jsonl`, `csv` or "
        "`parquet`. Values that you may not see are not in it; loading it again changes nothing."
    )
    def unload(
        self,
        type: str,
        format: str = "jsonl",
        ref: str = "",
        as_of: str = "",
        filter: JSON | None = None,
        where: FilterInput | None = None,
        subtypes: bool = True,
    ) -> Download:
        at = At.of(self.name, ref, as_of)  # type: ignore[attr-defined]
        if format not in selectors.UNLOAD_FORMATS:
            raise BadRequest(
                f"'{format[:50]}' is no format: use {', '.join(selectors.UNLOAD_FORMATS)}.",
                code="bad_format",
            )
        # Made when it is fetched; what is wrong with the question is said now.
        selectors.unload_objects(
            ontology=at.ontology,
            type=type,
            format=format,
            ref=at.commit,
            where=filter_of(filter, where),
            subtypes=subtypes,
        )
        asked = {"type": type, "format": format, "ref": at.commit}
        wanted = filters_as_json(filter, where)
        if wanted is not None:
            text = dumps_text(wanted)
            if len(text) > _LONGEST_FILTER:
                raise BadRequest(
                    f"The filter is longer than {_LONGEST_FILTER} characters of JSON.",
                    code="bad_filter",
                )
            asked["filter"] = text
        if not subtypes:
            asked["subtypes"] = "false"
        media_type, extension = selectors.UNLOAD_FORMATS[format]
        path = reverse("ontology-unload", kwargs={"ontology": at.ontology})
        return Download(
            url=f"{path}?{urlencode(asked)}",
            filename=spool.safe_name(f"{type}.{extension}"),
            media_type=media_type,
            commit_id=at.commit,
        )

    @connection()
    def load_report(self, info: Info, job: strawberry.ID) -> Pages[RejectedRow]:
        """What a job that loaded rows left out; kept for a day."""
        ontology = selectors.get_ontology(ontology=self.name)  # type: ignore[attr-defined]
        found = job_service.get(job_id=str(job))
        if found.task != LOAD_TASK or found.arguments.get("ontology") != ontology.name:
            raise NotFound(f"There is no load {job} here.", code="job_not_found")
        if found.state in (JobState.QUEUED, JobState.RUNNING):
            raise Conflict(
                f"The load is {found.state}: look at its job.",
                code="load_not_done",
                data={"job": found.id, "state": found.state.value},
            )
        path = spool.folder(found.id) / REJECTED_FILE

        def read(*, limit: int, cursor: str | None) -> Page[RejectedRow]:
            return _rejected(path, limit, cursor)

        return listing(read)


def _rejected(path: Path, limit: int, cursor: str | None) -> Page[RejectedRow]:
    """A page of a file with a row on each line; its cursor is the place of the next line."""
    after = decode_cursor("rejected", cursor, types=(int,))
    found: list[RejectedRow] = []
    with path.open("rb") as file:
        file.seek(0 if after is None else max(0, int(after[0] or 0)))
        while len(found) < limit and (line := file.readline()):
            try:
                row: Mapping[str, Any] = loads(line)
                found.append(RejectedRow.of(row["row"], row["errors"], row["values"]))
            except (ValueError, KeyError, TypeError) as error:
                raise BadRequest(
                    "This cursor does not belong to this list: start again without `after`.",
                    code="bad_cursor",
                ) from error
        place = file.tell()
        more = bool(file.read(1))
    return Page(tuple(found), encode_cursor("rejected", (place,)) if more else None)


def _rows(input: RowsInput) -> Any:
    files = [] if input.file is None else [input.file]
    return spooled(files, text=input.text, what="rows")


def _name(input: RowsInput, upload: Spooled) -> str:
    given = filter_text(input.name, "name", 200)
    return given or ("rows" if input.text else upload.names[0])


def _mapping(input: RowsInput) -> ColumnMapping:
    try:
        return parse_mapping(mapping_of(input.mapping, "mapping"))
    except RecursionError as error:
        raise Invalid("The mapping is nested too deeply.", code="bad_mapping") from error
