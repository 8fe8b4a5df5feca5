"""``ontology import`` and ``ontology export``: RDF in and out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import typer
from django_typer.management import command

from oms_project.core.errors import Invalid
from oms_project.management.base import usage_error
from oms_project.management.options import AsUser, Format
from ontology import selectors, services
from ontology.contract import ImportResult
from ontology.interop.rdf import find_format
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.files import write_whole
from ontology.management.cli.options import (
    AsOf,
    Branch,
    DryRun,
    ExpectedHead,
    Message,
    Name,
    Ref,
)
from ontology.management.cli.rendering.merges import import_lines
from ontology.wire import json_bytes

__all__ = ["ExchangeCommands", "Mode"]

_PANEL = "RDF in and out"

_STDIN = Path("-")


class Mode(StrEnum):
    """What an import does with what is there already."""

    MERGE = "merge"
    REPLACE = "replace"


class ExchangeCommands(OntologyCommand):
    """RDF in and out."""

    @command(
        rich_help_panel=_PANEL,
        name="import",
        epilog=examples(
            'import schemaorg schemaorg-28.1.ttl -m "schema.org 28.1"',
            "import schemaorg schemaorg-30.0.ttl --branch v30 --mode replace",
            "import brick vocabularies/ --dry-run --report losses.json",
            "import fleet - --input-format turtle < fleet.ttl",
        ),
    )
    def import_(
        self,
        name: Name,
        sources: Annotated[
            list[Path],
            typer.Argument(
                metavar="FILE_OR_FOLDER...",
                help="RDF files, or folders of them; - reads stdin (with --input-format).",
                show_default=False,
            ),
        ],
        *,
        branch: Branch = "",
        mode: Annotated[
            Mode,
            typer.Option(
                "--mode",
                help="merge adds and updates; replace also deletes what the input does not hold.",
            ),
        ] = Mode.MERGE,
        input_format: Annotated[
            str | None,
            typer.Option(
                "--input-format",
                metavar="FORMAT",
                help=f"{', '.join(selectors.EXPORT_FORMATS)}: where the file's name does not tell.",
                show_default=False,
            ),
        ] = None,
        message: Message = None,
        dry_run: DryRun = False,
        report: Annotated[
            Path | None,
            typer.Option(
                "--report",
                metavar="FILE",
                help="Write what has no field of its own to this file, as JSON.",
                show_default=False,
            ),
        ] = None,
        expected_head: ExpectedHead = None,
        output_format: Annotated[
            str,
            typer.Option(
                "--format",
                metavar="<text|json>",
                help="text for people, json for programs.",
            ),
        ] = Format.TEXT.value,
        as_user: AsUser = None,
    ) -> None:
        """Import RDF files as one commit.

        Turtle, RDF/XML, N-Triples, N-Quads, TriG and JSON-LD.
        Remote contexts and imports are never fetched.
        """
        _readable(sources)
        if input_format is not None:
            input_format = _rdf_format("--input-format", input_format)
        with self.session(as_user, _output_format(output_format)) as out:
            target = branch or selectors.get_ontology(ontology=name).default_branch
            with out.progress() as on_progress:
                result = services.import_rdf(
                    ontology=name,
                    branch=target,
                    sources=_sources(sources, input_format),
                    format=input_format,
                    mode=mode.value,
                    message=message,
                    expected_head=expected_head,
                    dry_run=dry_run,
                    on_progress=on_progress,
                )
            if report is not None:
                _write_report(report, result)
            if out.as_json:
                out.json(result)
            else:
                out.lines(import_lines(result, branch=target))

    @command(
        rich_help_panel=_PANEL,
        name="export",
        epilog=examples(
            "export schemaorg > schemaorg.ttl",
            "export schemaorg --ref v30 --format jsonld -o schemaorg.jsonld",
        ),
    )
    def export(
        self,
        name: Name,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        rdf_format: Annotated[
            str,
            typer.Option(
                "--format",
                metavar="FORMAT",
                help=f"One of {', '.join(selectors.EXPORT_FORMATS)}.",
            ),
        ] = "turtle",
        file: Annotated[
            Path | None,
            typer.Option(
                "--output",
                "-o",
                metavar="FILE",
                help="Write to this file (default: stdout). It appears when it is complete.",
                show_default=False,
            ),
        ] = None,
        as_user: AsUser = None,
    ) -> None:
        """Write the ontology as RDF.

        What an import could not place is in it too.
        """
        wanted = _rdf_format("--format", rdf_format)
        with self.session(as_user, Format.TEXT) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            chunks = selectors.export_rdf(ontology=name, ref=ref, format=wanted)
            if file is None:
                out.write_bytes(chunks)
                return
            with out.progress() as on_progress:
                size = write_whole(file, chunks, on_progress)
            out.note(f"Wrote {size:,} bytes to {file}.")


def _output_format(text: str) -> Format:
    """``--format`` of an import, where people may also mean the format of the input."""
    try:
        return Format(text)
    except ValueError:
        usage_error(
            f"--format '{text}': choose text or json for what is printed; the format of the input "
            "is --input-format."
        )


def _rdf_format(option: str, text: str) -> str:
    """The name of the format that people call ``text``."""
    try:
        return find_format(text).name
    except Invalid as error:
        usage_error(f"{option}: {error}")


def _readable(sources: Sequence[Path]) -> None:
    """Refuse what cannot be read before anything starts."""
    for path in sources:
        if path == _STDIN:
            if len(sources) > 1:
                usage_error("- (stdin) cannot be combined with files.")
        elif not path.exists():
            usage_error(f"There is no file or folder '{path}'.")
        elif not os.access(path, os.R_OK):
            usage_error(f"'{path}' cannot be read.")


def _sources(sources: Sequence[Path], input_format: str | None) -> Sequence[Path | IO[bytes]]:
    if list(sources) != [_STDIN]:
        return sources
    if input_format is None:
        usage_error("Reading stdin needs --input-format, such as turtle.")
    return [sys.stdin.buffer]


def _write_report(path: Path, result: ImportResult) -> None:
    write_whole(path, [json_bytes(result.report), b"\n"], None)
