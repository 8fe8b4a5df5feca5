"""``ontology merge`` and ``ontology revert``."""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import command

from oms_project.management.base import REFUSED
from oms_project.management.options import AsUser, Format, OutputFormat
from ontology import selectors, services
from ontology.contract import MergeResult
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.options import (
    Branch,
    DryRun,
    ExpectedHead,
    Message,
    Name,
    Ours,
    Resolve,
    ResolveFile,
    Theirs,
)
from ontology.management.cli.output import Output
from ontology.management.cli.rendering.merges import merge_lines
from ontology.management.cli.resolutions import resolutions

__all__ = ["MergeCommands"]

_PANEL = "Merge"

_STOPPED = frozenset({"conflicts", "invalid"})


class MergeCommands(OntologyCommand):
    """Merge and revert."""

    @command(
        rich_help_panel=_PANEL,
        name="merge",
        epilog=examples(
            "merge schemaorg v30 --into main --dry-run",
            "merge schemaorg v30 --into main --theirs",
            "merge schemaorg v30 --resolve 'ObjectType/Person#/displayName/en=ours' "
            "--resolve 'ObjectType/Person#/status=value:\"deprecated\"'",
        ),
    )
    def merge(
        self,
        name: Name,
        source: Annotated[
            str,
            typer.Argument(
                metavar="SOURCE", help="Branch, tag or commit to merge.", show_default=False
            ),
        ],
        *,
        into: Annotated[
            str,
            typer.Option(
                "--into",
                metavar="BRANCH",
                help="Branch that receives the merge (default: the default branch).",
                show_default=False,
            ),
        ] = "",
        message: Message = None,
        dry_run: DryRun = False,
        no_ff: Annotated[
            bool,
            typer.Option("--no-ff", help="Make a commit even where moving the branch would do."),
        ] = False,
        ours: Ours = False,
        theirs: Theirs = False,
        resolve: Resolve = None,
        resolve_file: ResolveFile = None,
        expected_head: ExpectedHead = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Merge a ref into a branch.

        By document and by field; what results must be valid.
        Nothing is written while there are conflicts.
        """
        settled = resolutions(ours=ours, theirs=theirs, single=resolve, file=resolve_file)
        with self.session(as_user, output_format) as out:
            branch = into or selectors.get_ontology(ontology=name).default_branch
            result = services.merge(
                ontology=name,
                source=source,
                into=branch,
                message=message,
                dry_run=dry_run,
                resolutions=settled,
                no_ff=no_ff,
                expected_head=expected_head,
            )
            _finish(out, result, what="merge", branch=branch)

    @command(
        rich_help_panel=_PANEL,
        name="revert",
        epilog=examples(
            "revert schemaorg 3f9c2a7d41b0 --dry-run", "revert schemaorg main --mainline 1"
        ),
    )
    def revert(
        self,
        name: Name,
        commit: Annotated[
            str, typer.Argument(metavar="COMMIT", help="Commit to undo.", show_default=False)
        ],
        *,
        branch: Branch = "",
        mainline: Annotated[
            int,
            typer.Option(
                "--mainline", min=1, metavar="N", help="Of a merge: the parent that stays (1 or 2)."
            ),
        ] = 1,
        message: Message = None,
        dry_run: DryRun = False,
        ours: Ours = False,
        theirs: Theirs = False,
        resolve: Resolve = None,
        resolve_file: ResolveFile = None,
        expected_head: ExpectedHead = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Undo a commit with a new one.

        What changed since then stays, or conflicts.
        """
        settled = resolutions(ours=ours, theirs=theirs, single=resolve, file=resolve_file)
        with self.session(as_user, output_format) as out:
            target = branch or selectors.get_ontology(ontology=name).default_branch
            result = services.revert(
                ontology=name,
                commit=commit,
                branch=target,
                message=message,
                mainline=mainline,
                dry_run=dry_run,
                resolutions=settled,
                expected_head=expected_head,
            )
            _finish(out, result, what="revert", branch=target)


def _finish(out: Output, result: MergeResult, *, what: str, branch: str) -> None:
    """Print the outcome; a merge that was stopped is an answer on stdout and exit code 1."""
    if out.as_json:
        out.json(result)
    else:
        out.lines(merge_lines(result, what=what, branch=branch))
    if result.status in _STOPPED:
        raise typer.Exit(REFUSED)
