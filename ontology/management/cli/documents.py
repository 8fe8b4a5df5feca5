"""``ontology get | ls | describe | apply``: read documents, and commit change sets."""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import command

from oms_project.core.canonical_json import loads
from oms_project.core.errors import Invalid
from oms_project.core.pagination import all_items
from oms_project.management.base import usage_error
from oms_project.management.options import AsUser, Format, OutputFormat
from ontology import selectors, services
from ontology.change_sets import ChangeSetBody, parse_body
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.history import show_document
from ontology.management.cli.options import (
    AsOf,
    Branch,
    DryRun,
    ExpectedHead,
    KindFilter,
    Limit,
    Message,
    Name,
    Ref,
    Target,
)
from ontology.management.cli.rendering.documents import describe_lines, list_lines
from ontology.management.cli.rendering.merges import commit_result_lines

__all__ = ["DocumentCommands", "parse_change_set"]

_PANEL = "Definitions"

IncludeDeleted = Annotated[
    bool, typer.Option("--include-deleted", help="Also what was deleted, as it was last.")
]


class DocumentCommands(OntologyCommand):
    """Read documents, and commit change sets."""

    @command(
        rich_help_panel=_PANEL,
        name="get",
        epilog=examples(
            "get schemaorg ObjectType/Person", "get schemaorg https://schema.org/Person --ref v30"
        ),
    )
    def get(
        self,
        name: Name,
        target: Target,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        include_deleted: IncludeDeleted = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show one document in full."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            show_document(out, name, target, ref, include_deleted=include_deleted)

    @command(
        rich_help_panel=_PANEL,
        name="ls",
        epilog=examples(
            "ls schemaorg --kind ObjectType --text person",
            "ls schemaorg --parent ObjectType/Organization --format json",
        ),
    )
    def ls(
        self,
        name: Name,
        *,
        kind: KindFilter = None,
        text: Annotated[
            str | None,
            typer.Option(
                "--text",
                metavar="WORDS",
                help="In names, labels, descriptions and IRIs, in any language.",
                show_default=False,
            ),
        ] = None,
        tag: Annotated[
            str | None,
            typer.Option("--tag", metavar="TAG", help="With this tag.", show_default=False),
        ] = None,
        status: Annotated[
            str | None,
            typer.Option(
                "--status",
                metavar="STATUS",
                help="experimental, active, deprecated or archived.",
                show_default=False,
            ),
        ] = None,
        parent: Annotated[
            str | None,
            typer.Option(
                "--parent", metavar="TARGET", help="Children of this type.", show_default=False
            ),
        ] = None,
        ref: Ref = "",
        as_of: AsOf = "",
        include_deleted: IncludeDeleted = False,
        limit: Limit = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List documents, by kind and name."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            views = all_items(
                selectors.list_documents,
                limit=limit,
                ontology=name,
                ref=ref,
                kinds=[item.value for item in kind or ()],
                text=text,
                tag=tag,
                status=status,
                parent=parent,
                include_deleted=include_deleted,
                references="name",
            )
            if out.as_json:
                out.json_items(views)
            else:
                out.lines(list_lines(views))

    @command(
        rich_help_panel=_PANEL,
        name="describe",
        epilog=examples("describe schemaorg ObjectType/Person"),
    )
    def describe(
        self,
        name: Name,
        target: Target,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show all that holds for a type, inherited parts too.

        Properties, links in and out, ancestors, and what uses it.
        """
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            description = selectors.describe(ontology=name, target=target, ref=ref)
            if out.as_json:
                out.json(description)
            else:
                out.lines(describe_lines(description))

    @command(
        rich_help_panel=_PANEL,
        name="apply",
        epilog=examples(
            'apply fleet changes.json --branch work -m "Add vessels"',
            "apply fleet - --dry-run --format json < changes.json",
        ),
    )
    def apply(
        self,
        name: Name,
        file: Annotated[
            typer.FileText,
            typer.Argument(
                metavar="FILE",
                help="A change set as JSON; - reads stdin.",
                show_default=False,
                encoding="utf-8",
            ),
        ],
        *,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        expected_head: ExpectedHead = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Commit a change set: many changes, one commit, all or nothing."""
        with self.session(as_user, output_format) as out:
            body = parse_change_set(file.read())
            text = message or body.message
            dry_run = dry_run or body.dry_run
            if not text and not dry_run:
                usage_error('Give the commit a message: -m TEXT, or "message" in the file.')
            target = branch or selectors.get_ontology(ontology=name).default_branch
            result = services.commit_changes(
                ontology=name,
                branch=target,
                changes=[change.change() for change in body.changes],
                message=text or "Dry run",
                expected_head=expected_head or body.expected_head,
                dry_run=dry_run,
            )
            if out.as_json:
                out.json(result)
            else:
                out.lines(commit_result_lines(result, branch=target))


def parse_change_set(text: str) -> ChangeSetBody:
    """A change set as it would be sent over REST; or the list of its changes alone.

    Raises:
        Invalid: it is not that; ``errors`` names every member that cannot be understood.
    """
    try:
        value = loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The change set is not JSON: {error}", code="not_json") from error
    return parse_body({"changes": value} if isinstance(value, list) else value, ChangeSetBody)
