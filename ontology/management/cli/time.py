"""``ontology blame | compare``: one document in time."""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import command
from rich.text import Text

from oms_project.management.base import REFUSED
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.text import clean
from ontology import selectors
from ontology.contract import DiffResult
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.options import AsOf, Name, Ref, Target
from ontology.management.cli.rendering.diffs import diff_lines
from ontology.management.cli.rendering.times import blame_lines

__all__ = ["TimeCommands"]

_PANEL = "History"


class TimeCommands(OntologyCommand):
    """One document in time."""

    @command(
        rich_help_panel=_PANEL,
        name="blame",
        epilog=examples(
            "blame schemaorg ObjectType/Person", "blame schemaorg Person/42 --as-of 2026-07-05"
        ),
    )
    def blame(
        self,
        name: Name,
        target: Target,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show which commit gave each value of one document.

        What a merge brought in is blamed on the commit of the merged side that wrote it.
        """
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            found = selectors.blame(ontology=name, target=target, ref=ref)
            if out.as_json:
                out.json(found)
            else:
                out.lines(blame_lines(found))

    @command(
        rich_help_panel=_PANEL,
        name="compare",
        epilog=examples(
            "compare schemaorg ObjectType/Person --from v28 --to v30",
            "compare schemaorg Person/42 --from main@2026-07-05T12:00:00Z",
        ),
    )
    def compare(
        self,
        name: Name,
        target: Target,
        *,
        from_ref: Annotated[
            str,
            typer.Option(
                "--from",
                metavar="REF",
                help="Branch, tag, commit or branch@time to compare from.",
                show_default=False,
            ),
        ],
        to_ref: Annotated[
            str,
            typer.Option(
                "--to",
                metavar="REF",
                help="Ref to compare to (default: the default branch).",
                show_default=False,
            ),
        ] = "",
        exit_code: Annotated[
            bool, typer.Option("--exit-code", help="Exit with 1 when something differs.")
        ] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show what differs in one document between two refs.

        The document is looked up at --to, and where it is not there, at --from.
        """
        with self.session(as_user, output_format) as out:
            found = selectors.compare_document(
                ontology=name, target=target, from_ref=from_ref, to_ref=to_ref
            )
            if out.as_json:
                out.json(found)
            elif found.diff is None:
                view = found.after or found.before
                out.line(Text(f"{clean(view.id) if view else found.rid}: no differences."))
            else:
                changes = DiffResult(
                    found.from_commit, found.to_commit, (found.diff,), found.names, {}
                )
                out.lines(list(diff_lines(changes))[:-1])  # the totals say nothing of one
            if exit_code and found.diff is not None:
                raise typer.Exit(REFUSED)
