"""``ontology load``, ``unload`` and ``propose``: objects and links as rows of files."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from django_typer.management import command
from rich.text import Text

from oms_project.core.errors import Invalid
from oms_project.management.base import usage_error
from oms_project.management.options import AsUser, Format
from ontology import selectors, services
from ontology.change_sets import ChangeSetBody, parse_body
from ontology.domain.query import All, Filter, parse_condition, parse_filter
from ontology.interop.tabular import (
    TABULAR_FORMATS,
    CsvOptions,
    Proposal,
    find_table_format,
    parse_mapping,
)
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.files import replacing, write_whole
from ontology.management.cli.options import AsOf, Branch, DryRun, ExpectedHead, Message, Name, Ref
from ontology.management.cli.output import table
from ontology.services.bulk import LoadResult, RejectedRow
from ontology.wire import json_bytes

__all__ = ["LoadMode", "OnError", "TableCommands"]

_PANEL = "Tables in and out"
_SHOWN = 10

Source = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="A file of rows: JSON Lines, CSV or Parquet.", show_default=False
    ),
]
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        metavar="FORMAT",
        help=f"{', '.join(item.name for item in TABULAR_FORMATS)}: where the file's name does "
        "not tell.",
        show_default=False,
    ),
]
MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping",
        metavar="FILE",
        help="A JSON file that says which column is which property (see docs/guides/bulk.md).",
        show_default=False,
    ),
]
TypeName = Annotated[
    str,
    typer.Option(
        "--type", "-t", metavar="TYPE", help="An object type or a link type.", show_default=False
    ),
]


class LoadMode(StrEnum):
    """What a load does with objects that are there already."""

    UPSERT = "upsert"
    INSERT = "insert"


class OnError(StrEnum):
    """What a load does with rows that are wrong."""

    STOP = "stop"
    SKIP = "skip"


class TableCommands(OntologyCommand):
    """Tables in and out."""

    @command(
        rich_help_panel=_PANEL,
        name="load",
        epilog=examples(
            "load fleet planes.csv --type Plane",
            "load fleet flights.parquet -t Flight --mapping flights.json --commit-every 50000",
            "load fleet flights.parquet -t Flight --mapping flights.json --commit-every 50000 "
            "--resume",
            "load fleet crew.csv -t worksOn --on-error skip --report rejected.jsonl",
        ),
    )
    def load(
        self,
        name: Name,
        source: Source,
        *,
        type_name: TypeName,
        branch: Branch = "",
        mapping: MappingFile = None,
        input_format: InputFormat = None,
        mode: Annotated[
            LoadMode,
            typer.Option(
                "--mode", help="upsert changes objects that are there already; insert refuses them."
            ),
        ] = LoadMode.UPSERT,
        on_error: Annotated[
            OnError,
            typer.Option(
                "--on-error",
                help="stop commits nothing when a row is wrong; skip leaves wrong rows out.",
            ),
        ] = OnError.STOP,
        report: Annotated[
            Path | None,
            typer.Option(
                "--report",
                metavar="FILE",
                help="Write every rejected row to this file, as JSON Lines.",
                show_default=False,
            ),
        ] = None,
        commit_every: Annotated[
            int,
            typer.Option(
                "--commit-every",
                min=0,
                metavar="N",
                help="A commit for every N rows; 0 makes one commit of all.",
            ),
        ] = 0,
        resume: Annotated[
            bool,
            typer.Option(
                "--resume",
                help="Go on after the last commit of an interrupted load with --commit-every.",
            ),
        ] = False,
        message: Message = None,
        dry_run: DryRun = False,
        expected_head: ExpectedHead = None,
        output_format: Annotated[
            Format, typer.Option("--format", help="text for people, json for programs.")
        ] = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Load the rows of a file as objects or links of one type.

        One commit for all of them, or none: a row that is wrong refuses the load, and every
        problem is told with its row and column.
        """
        _readable(source)
        if resume and not commit_every:
            usage_error("--resume goes with --commit-every, as in the load that was interrupted.")
        given = _format(input_format)
        columns = _mapping(mapping)
        with self.session(as_user, output_format) as out:
            target = branch or selectors.get_ontology(ontology=name).default_branch
            with out.progress() as on_progress, _reporting(report) as on_rejected:
                result = services.load_objects(
                    ontology=name,
                    branch=target,
                    type=type_name,
                    source=source,
                    format=given,
                    mapping=columns,
                    mode=mode.value,
                    on_error=on_error.value,
                    commit_every=commit_every,
                    resume=resume,
                    message=message,
                    expected_head=expected_head,
                    dry_run=dry_run,
                    on_rejected=on_rejected,
                    on_progress=on_progress,
                )
            if out.as_json:
                out.json(result)
            else:
                out.lines(_load_lines(result, branch=target, report=report))

    @command(
        rich_help_panel=_PANEL,
        name="unload",
        epilog=examples(
            "unload fleet --type Plane > planes.jsonl",
            "unload fleet -t Flight --where carrier:eq:UA --format parquet -o united.parquet",
        ),
    )
    def unload(
        self,
        name: Name,
        *,
        type_name: TypeName,
        ref: Ref = "",
        as_of: AsOf = "",
        where: Annotated[
            list[str] | None,
            typer.Option(
                "--where",
                metavar="FILTER",
                help="property:op:value, or a filter as JSON; repeat for several.",
                show_default=False,
            ),
        ] = None,
        table_format: Annotated[
            str,
            typer.Option(
                "--format",
                metavar="FORMAT",
                help=f"One of {', '.join(selectors.UNLOAD_FORMATS)}.",
            ),
        ] = "jsonl",
        subtypes: Annotated[bool, typer.Option(help="Also objects of the type's subtypes.")] = True,
        file: Annotated[
            Path | None,
            typer.Option(
                "--out",
                "-o",
                metavar="FILE",
                help="Write to this file (default: stdout). It appears when it is complete.",
                show_default=False,
            ),
        ] = None,
        as_user: AsUser = None,
    ) -> None:
        """Write the objects or links of a type as JSON Lines, CSV or Parquet.

        Values that you may not see are not in it.
        """
        wanted = _format(table_format, option="--format")
        with self.session(as_user, Format.TEXT) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            chunks = selectors.unload_objects(
                ontology=name,
                type=type_name,
                format=str(wanted),
                ref=ref,
                where=_filter(where or []),
                subtypes=subtypes,
            )
            if file is None:
                out.write_bytes(chunks)
                return
            with out.progress() as on_progress:
                size = write_whole(file, chunks, on_progress)
            out.note(f"Wrote {size:,} bytes to {file}.")

    @command(
        rich_help_panel=_PANEL,
        name="propose",
        epilog=examples(
            "propose fleet planes.csv",
            "propose fleet planes.csv --apply --mapping-out planes-mapping.json",
        ),
    )
    def propose(
        self,
        name: Name,
        source: Source,
        *,
        branch: Branch = "",
        mapping: MappingFile = None,
        input_format: InputFormat = None,
        enums: Annotated[
            bool,
            typer.Option("--enums", help="Propose enums for a few codes that are often repeated."),
        ] = False,
        apply: Annotated[
            bool, typer.Option("--apply", help="Commit the proposed object type at once.")
        ] = False,
        changes_out: Annotated[
            Path | None,
            typer.Option(
                "--changes-out",
                metavar="FILE",
                help="Write the change set to this file, for `ontology apply`.",
                show_default=False,
            ),
        ] = None,
        mapping_out: Annotated[
            Path | None,
            typer.Option(
                "--mapping-out",
                metavar="FILE",
                help="Write the mapping to this file, for `ontology load`.",
                show_default=False,
            ),
        ] = None,
        message: Message = None,
        output_format: Annotated[
            Format, typer.Option("--format", help="text for people, json for programs.")
        ] = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Propose an object type and a mapping for a file, from its first rows."""
        _readable(source)
        given = _format(input_format)
        columns = _mapping(mapping) or {}
        with self.session(as_user, output_format) as out:
            target = branch or selectors.get_ontology(ontology=name).default_branch
            found = selectors.propose_objects(
                ontology=name,
                source=source,
                format=given,
                options=_csv_options(columns),
                enums=enums,
                ref=target,
            )
            change_set = {
                "changes": list(found.changes),
                "message": message or f"Add {found.type}, as {source.name} has it",
            }
            if changes_out is not None:
                write_whole(changes_out, [_indented(change_set)], None)
            if mapping_out is not None:
                write_whole(mapping_out, [_indented(found.mapping)], None)
            if apply:
                body = parse_body(change_set, ChangeSetBody)
                services.commit_changes(
                    ontology=name,
                    branch=target,
                    changes=[change.change() for change in body.changes],
                    message=body.message,
                )
            if out.as_json:
                out.json(found)
            else:
                out.lines(_proposal_lines(found, applied=target if apply else None))


def _readable(source: Path) -> None:
    if not source.is_file():
        usage_error(f"There is no file '{source}'.")


def _format(text: str | None, *, option: str = "--input-format") -> str | None:
    if text is None:
        return None
    try:
        return find_table_format(text).name
    except Invalid as error:
        usage_error(f"{option}: {error}")


def _mapping(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        usage_error(f"--mapping: '{path}' cannot be read: {error.strerror}.")
    except ValueError as error:
        usage_error(f"--mapping: '{path}' is not JSON: {error}.")
    if not isinstance(found, dict):
        usage_error(f"--mapping: '{path}' holds no JSON object.")
    return found


def _csv_options(mapping: dict[str, Any]) -> CsvOptions:
    return parse_mapping(mapping).csv


def _filter(texts: list[str]) -> Filter | None:
    if not texts:
        return None
    parts = [
        parse_filter(json.loads(text)) if text.lstrip().startswith("{") else parse_condition(text)
        for text in texts
    ]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _indented(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


@contextlib.contextmanager
def _reporting(path: Path | None) -> Iterator[Callable[[RejectedRow], None] | None]:
    """What takes rejected rows: it writes them to a file, which is there also when the load is
    refused because of them.
    """
    if path is None:
        yield None
        return
    refused: Invalid | None = None
    with replacing(path) as stream:

        def write(row: RejectedRow) -> None:
            stream.write(json_bytes(row) + b"\n")

        try:
            yield write
        except Invalid as error:
            refused = error
    if refused is not None:
        raise refused


def _load_lines(result: LoadResult, *, branch: str, report: Path | None) -> Iterator[Text]:
    what = "links" if result.kind == "Link" else "objects"
    encoding = f", {result.file.encoding}" if result.file.encoding else ""
    yield Text(f"Read {result.rows:,} rows of {result.file.name} ({result.file.format}{encoding}).")
    if result.skipped:
        yield Text(f"{result.skipped:,} rows before them had been loaded.")
    yield Text(
        f"{result.type}: {result.created:,} {what} created, {result.updated:,} updated, "
        f"{result.unchanged:,} unchanged."
    )
    if result.rejected:
        yield Text(f"{result.rejected:,} rows were rejected:")
        rows = [
            (f"{row.row:,}", str(error["column"]), str(error["message"]))
            for row in result.errors[:_SHOWN]
            for error in row.errors[:1]
        ]
        yield from table(("row>", "column", "why"), rows)
        if result.rejected > _SHOWN and report is None:
            yield Text(f"… and {result.rejected - _SHOWN:,} more; --report FILE writes them all.")
    if result.dry_run:
        yield Text("Dry run: nothing was written.")
    elif result.commit is None:
        yield Text(f"Nothing changed on {branch}; no commit was made.")
    else:
        count = f" (the last of {result.commits:,})" if result.commits > 1 else ""
        yield Text.assemble(f"[{branch} ", (result.commit.short_id, "yellow"), f"]{count}")


def _proposal_lines(found: Proposal, *, applied: str | None) -> Iterator[Text]:
    key = ", ".join(found.key) or "none"
    yield Text.assemble((found.type, "bold"), f": primary key {key}")
    rows = [
        (
            column.column,
            column.property,
            f"{column.data_type}[]" if column.array else column.data_type,
            "required" if column.required else f"{column.missing:,} missing",
            f"{column.distinct:,}",
        )
        for column in found.columns
    ]
    yield from table(("column", "property", "data type", "", "distinct>"), rows)
    for note in found.notes:
        yield Text(note)
    if applied is None:
        yield Text("--apply commits this; --changes-out and --mapping-out write it to files.")
    else:
        yield Text(f"{found.type} was added to {applied}.")
