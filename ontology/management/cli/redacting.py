"""``ontology redact | redactions``: values erased for good, and what was erased."""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import command
from rich.text import Text

from oms_project.core.pagination import all_items
from oms_project.management.base import usage_error
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.text import clean
from ontology import selectors, services
from ontology.contract import RedactionResult
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.options import DryRun, Limit, Name, Ref, Target
from ontology.management.cli.output import Output, is_terminal, table
from ontology.management.cli.rendering.values import plural, time_text

__all__ = ["RedactionCommands"]

_PANEL = "Objects and links"


class RedactionCommands(OntologyCommand):
    """Values erased for good."""

    @command(
        rich_help_panel=_PANEL,
        name="redact",
        epilog=examples(
            'redact hr Person/42 --field email --reason "Request 7, 2026-07-05" --dry-run',
            'redact hr Person/42 --reason "She left and asked for it" --yes',
        ),
    )
    def redact(
        self,
        name: Name,
        target: Target,
        *,
        field: Annotated[
            list[str] | None,
            typer.Option(
                "--field",
                "-f",
                metavar="NAME",
                help="Only this value; repeat for several (default: all values).",
                show_default=False,
            ),
        ] = None,
        reason: Annotated[
            str,
            typer.Option(
                "--reason",
                metavar="TEXT",
                help="Who asked for it and why; kept for ever.",
                show_default=False,
            ),
        ],
        ref: Ref = "",
        dry_run: DryRun = False,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Erase values of an object or link from every version, for good.

        Commit ids, hashes and signatures stay valid. Backups, exports and messages of commits keep
        what they hold.
        """
        with self.session(as_user, output_format) as out:
            if not dry_run and not yes:
                if not is_terminal():
                    usage_error(f"Erasing values of {target} needs --yes where nobody is asked.")
                asked = services.redact(
                    ontology=name,
                    target=target,
                    fields=field or (),
                    reason=reason,
                    ref=ref,
                    dry_run=True,
                )
                _show(out, asked)
                typer.confirm(f"Erase them from {asked.document} for good?", abort=True)
            done = services.redact(
                ontology=name,
                target=target,
                fields=field or (),
                reason=reason,
                ref=ref,
                dry_run=dry_run,
            )
            if out.as_json:
                out.json(done)
            else:
                _show(out, done)

    @command(rich_help_panel=_PANEL, name="redactions", epilog=examples("redactions hr"))
    def redactions(
        self,
        name: Name,
        *,
        limit: Limit = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List what was erased: whose values, by whom and why; never the values."""
        with self.session(as_user, output_format) as out:
            found = all_items(selectors.list_redactions, limit=limit, ontology=name)
            if out.as_json:
                out.json_items(found)
                return
            out.lines(
                table(
                    ("time", "document", "values", "versions>", "author", "reason"),
                    (
                        (
                            time_text(item.time),
                            item.rid,
                            ", ".join(item.fields),
                            str(item.versions),
                            item.author_username,
                            item.reason,
                        )
                        for item in found
                    ),
                )
            )


def _show(out: Output, result: RedactionResult) -> None:
    info = result.redaction
    begin = "Would erase" if result.dry_run else "Erased"
    out.line(
        Text.assemble(
            f"{begin} ",
            (clean(", ".join(info.fields)), "bold"),
            f" from {plural(info.versions, 'version')} of {clean(result.document)}.",
        )
    )
    if not result.dry_run and (result.answers or result.jobs):
        out.line(
            f"Emptied {plural(result.answers, 'stored answer')} and {plural(result.jobs, 'job')}."
        )
    for commit in result.messages:
        out.note(f"The message of commit {commit[:12]} names one of the values, and stays.")
