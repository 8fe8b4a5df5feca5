"""``ontology home | transfer | reconcile | rebuild | strays``: where ontologies live."""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import command
from rich.text import Text

from oms_project.core.pagination import all_items
from oms_project.management.base import REFUSED
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.text import clean
from ontology import selectors
from ontology.contract import HomeStatus, RebuildReport, StrayInfo
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.options import Limit, Name
from ontology.management.cli.output import Output, table
from ontology.management.cli.rendering.values import plural, time_text
from ontology.services import homes

__all__ = ["HomeCommands"]

_PANEL = "Homes"


class HomeCommands(OntologyCommand):
    """Where ontologies live."""

    @command(rich_help_panel=_PANEL, name="home", epilog=examples("home", "home schemaorg"))
    def home(
        self,
        name: Annotated[
            str,
            typer.Argument(metavar="[NAME]", help="Of one ontology.", show_default=False),
        ] = "",
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show where ontologies live, and whether home and index agree.

        Exit code 1 when one does not answer, or was changed by others.
        """
        with self.session(as_user, output_format) as out:
            names = [name] if name else [info.name for info in selectors.list_ontologies()]
            found = [selectors.home_status(ontology=one) for one in names]
            unknown = () if name else selectors.unknown_databases()
            if out.as_json:
                if name:
                    out.json(found[0])
                else:
                    out.json({"items": found, "unknown": unknown})
            elif name:
                _show_home(out, found[0])
            else:
                out.lines(
                    table(
                        (
                            "ontology",
                            "home",
                            "database",
                            "ahead>",
                            "behind>",
                            "pending>",
                            "strays>",
                        ),
                        (
                            (
                                one.ontology,
                                one.home,
                                one.database if one.answers else f"{one.database} (no answer)",
                                str(one.ahead),
                                str(one.behind),
                                str(one.pending),
                                str(one.strays),
                            )
                            for one in found
                        ),
                    )
                )
                for database in unknown:
                    out.note(f"The home also has {database}, which the index knows nothing of.")
            if any(one.strays or not one.answers for one in found):
                raise typer.Exit(REFUSED)

    @command(
        rich_help_panel=_PANEL,
        name="transfer",
        epilog=examples(
            "transfer schemaorg --to terminusdb", "transfer schemaorg --to embedded --keep"
        ),
    )
    def transfer(
        self,
        name: Name,
        *,
        to: Annotated[
            str,
            typer.Option(
                "--to", metavar="HOME", help="terminusdb or embedded.", show_default=False
            ),
        ],
        keep: Annotated[
            bool,
            typer.Option("--keep", help="When it moves out: leave the database where it is."),
        ] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Move an ontology with its full history, branches and tags to another home.

        Both sides are compared commit by commit before the ontology is switched over. Others may
        write meanwhile; the last few commits keep them waiting. After an interruption, run it again:
        it goes on where it was.
        """
        with self.session(as_user, output_format) as out:
            with out.progress() as on_progress:
                report = homes.transfer(ontology=name, to=to, keep=keep, on_progress=on_progress)
            if out.as_json:
                out.json(report)
                return
            out.line(
                Text.assemble(
                    ("OK ", "bold green"),
                    f"{clean(report.ontology)} lives in {report.home} now: "
                    f"{plural(report.commits, 'commit')}, {plural(report.documents, 'document')}, "
                    f"{report.branches} branches and {report.tags} tags agree.",
                )
            )
            if report.home == "embedded" and not report.dropped:
                out.note(f"The database {report.database} was kept; nobody writes to it any more.")

    @command(rich_help_panel=_PANEL, name="reconcile", epilog=examples("reconcile"))
    def reconcile(
        self,
        name: Annotated[
            str,
            typer.Argument(metavar="[NAME]", help="Only this ontology.", show_default=False),
        ] = "",
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Hold homes against the index now: finish what was left, find what others did.

        Servers do it by themselves every OMS_RECONCILE_INTERVAL seconds. Exit code 1 when a home
        could not be looked at, or something was found that OMS did not do.
        """
        with self.session(as_user, output_format) as out:
            report = homes.reconcile(ontology=name)
            if out.as_json:
                out.json(report)
            else:
                out.line(
                    f"{plural(report.ontologies, 'home')}: {report.finished} finished, "
                    f"{report.abandoned} abandoned, {report.rewritten} written anew, "
                    f"{plural(report.strays, 'new stray')}."
                )
                for problem in report.problems:
                    out.note(problem)
            if report.problems or report.strays:
                raise typer.Exit(REFUSED)

    @command(
        rich_help_panel=_PANEL,
        name="rebuild",
        epilog=examples("rebuild schemaorg", "rebuild schemaorg --new oms_schemaorg_4f1c2a9b"),
    )
    def rebuild(
        self,
        name: Name,
        *,
        new: Annotated[
            str,
            typer.Option(
                "--new",
                metavar="DATABASE",
                help="A database that the index knows nothing of; it is taken in as NAME.",
                show_default=False,
            ),
        ] = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Make the index of an ontology anew from its home alone.

        Every commit is checked on the way: its hashes, and its author's signature. Nothing changes
        when one of them does not hold.
        """
        with self.session(as_user, output_format) as out:
            with out.progress() as on_progress:
                report = homes.rebuild(ontology=name, database=new, on_progress=on_progress)
            if out.as_json:
                out.json(report)
            else:
                _show_rebuilt(out, report)

    @command(
        rich_help_panel=_PANEL,
        name="strays",
        epilog=examples("strays schemaorg", "strays schemaorg --settle 12"),
    )
    def strays(
        self,
        name: Name,
        *,
        settle: Annotated[
            int,
            typer.Option(
                "--settle",
                metavar="NUMBER",
                help="Put the home back to what OMS knows, and end this one.",
                show_default=False,
            ),
        ] = 0,
        all_: Annotated[bool, typer.Option("--all", help="Those that were settled too.")] = False,
        limit: Limit = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List what others changed in an ontology's home, or settle it.

        Nothing is written to a branch while somebody else's change stands on it. Settling discards
        that change: the branch is put back to its last commit of OMS.
        """
        with self.session(as_user, output_format) as out:
            if settle:
                ended = homes.settle_stray(ontology=name, stray=settle)
                if out.as_json:
                    out.json(ended)
                else:
                    out.line(f"Stray {ended.id} is settled. {ended.note}")
                return
            found = all_items(
                selectors.list_strays, limit=limit, ontology=name, state="" if all_ else "open"
            )
            if out.as_json:
                out.json_items(found)
            else:
                out.lines(
                    table(("number>", "found", "what", "branch", "by", "note"), map(_row, found))
                )


def _row(stray: StrayInfo) -> tuple[str, ...]:
    return (
        str(stray.id),
        time_text(stray.found_at),
        stray.kind if stray.state == "open" else f"{stray.kind} (settled)",
        stray.branch,
        stray.author,
        stray.note,
    )


def _show_home(out: Output, status: HomeStatus) -> None:
    out.line(f"{status.ontology} lives in {status.home}.")
    if status.home == "embedded":
        return
    server = f" on {status.product} {status.version}" if status.product else ""
    out.line(f"Database {status.database}{server}.")
    if status.answers:
        out.line(
            f"{plural(status.ahead, 'commit')} ahead of the index, "
            f"{plural(status.behind, 'branch or tag', 'branches or tags')} not as the index has them."
        )
    out.line(f"{status.pending} begun and not ended, {plural(status.strays, 'open stray')}.")
    if status.seen_at is not None:
        out.line(f"Last looked at {time_text(status.seen_at)}.")
    if status.erase_pending:
        out.line("It waits to be written anew, because values were erased.")
    if status.problem:
        out.note(status.problem)


def _show_rebuilt(out: Output, report: RebuildReport) -> None:
    out.line(
        Text.assemble(
            ("OK ", "bold green"),
            f"The index of {clean(report.ontology)} was made of "
            f"{plural(report.commits, 'commit')} with {plural(report.documents, 'document')}.",
        )
    )
    if report.missing:
        out.note(f"{plural(report.missing, 'commit')} that the index had, the home does not have.")
    for name in report.differences:
        out.note(f"'{name}' stands elsewhere than it did.")
