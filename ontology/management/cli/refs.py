"""``ontology branch …`` and ``ontology tag …``: names that point at commits."""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import group
from rich.text import Text

from oms_project.core.pagination import all_items
from oms_project.management.options import AsUser, Format, OutputFormat
from ontology import selectors, services
from ontology.contract import BranchInfo, TagInfo
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.options import (
    Name,
)
from ontology.management.cli.output import Output, table
from ontology.management.cli.rendering.values import time_text

__all__ = ["RefCommands"]

_PANEL = "Branches and tags"

BranchName = Annotated[
    str,
    typer.Argument(
        metavar="BRANCH", help="Lower-case letters, digits and . _ / -", show_default=False
    ),
]
TagName = Annotated[
    str,
    typer.Argument(
        metavar="TAG", help="Lower-case letters, digits and . _ / -", show_default=False
    ),
]


class RefCommands(OntologyCommand):
    """Branches and tags."""

    @group(
        rich_help_panel=_PANEL,
        name="branch",
        invoke_without_command=True,
        epilog=examples("branch schemaorg create v30 --from main", "branch schemaorg list"),
    )
    def branch(self, context: typer.Context, name: Name) -> None:
        """Create, list, delete and protect branches."""
        self.ontology_name = name
        if context.invoked_subcommand is None:
            self.branch_list()

    @branch.command(
        name="create",
        epilog=examples(
            "branch schemaorg create v30 --from main",
            "branch schemaorg create release --from v28.1 --protected",
        ),
    )
    def branch_create(
        self,
        branch: BranchName,
        *,
        from_ref: Annotated[
            str,
            typer.Option(
                "--from",
                metavar="REF",
                help="Branch, tag, commit or branch@time to start at (default: the default "
                "branch).",
                show_default=False,
            ),
        ] = "",
        protected: Annotated[
            bool, typer.Option("--protected", help="Only maintainers may write to it.")
        ] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Create a branch."""
        with self.session(as_user, output_format) as out:
            info = services.create_branch(
                ontology=self.ontology_name, name=branch, from_ref=from_ref, protected=protected
            )
            _show(out, info, f"Created branch {info.name} at {info.head[:12]}.")

    @branch.command(name="list", epilog=examples("branch schemaorg list"))
    def branch_list(
        self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None
    ) -> None:
        """List the branches and what they point at."""
        with self.session(as_user, output_format) as out:
            found = all_items(selectors.list_branches, ontology=self.ontology_name)
            if out.as_json:
                out.json_items(found)
            else:
                headings = ("", "branch", "head", "", "updated", "created by")
                out.lines(table(headings, [_branch_row(info) for info in found]))

    @branch.command(name="delete", epilog=examples("branch schemaorg delete v30"))
    def branch_delete(
        self,
        branch: BranchName,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Delete a branch.

        Commits that no other branch or tag holds can still be read by their id.
        """
        with self.session(as_user, output_format) as out:
            info = selectors.get_branch(ontology=self.ontology_name, name=branch)
            services.delete_branch(ontology=self.ontology_name, name=branch)
            _show(out, {"deleted": info}, f"Deleted branch {info.name} (it was at {info.head}).")

    @branch.command(name="protect", epilog=examples("branch schemaorg protect main"))
    def branch_protect(
        self,
        branch: BranchName,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Let only maintainers write to a branch, and nobody delete it."""
        _set_protection(self, branch, output_format, as_user, protected=True)

    @branch.command(name="unprotect", epilog=examples("branch schemaorg unprotect main"))
    def branch_unprotect(
        self,
        branch: BranchName,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Lift the protection of a branch."""
        _set_protection(self, branch, output_format, as_user, protected=False)

    @group(
        rich_help_panel=_PANEL,
        name="tag",
        invoke_without_command=True,
        epilog=examples("tag schemaorg create v28.1 --ref main", "tag schemaorg list"),
    )
    def tag(self, context: typer.Context, name: Name) -> None:
        """Create, list and delete tags."""
        self.ontology_name = name
        if context.invoked_subcommand is None:
            self.tag_list()

    @tag.command(
        name="create",
        epilog=examples('tag schemaorg create v28.1 --ref main -m "As published"'),
    )
    def tag_create(
        self,
        tag: TagName,
        *,
        ref: Annotated[
            str,
            typer.Option(
                "--ref",
                metavar="REF",
                help="What to tag: branch, commit or branch@time (default: the default branch).",
                show_default=False,
            ),
        ] = "",
        message: Annotated[
            str, typer.Option("--message", "-m", metavar="TEXT", help="What the tag stands for.")
        ] = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Give a commit a name that never moves."""
        with self.session(as_user, output_format) as out:
            info = services.create_tag(
                ontology=self.ontology_name, name=tag, ref=ref, message=message
            )
            _show(out, info, f"Tagged {info.commit[:12]} as {info.name}.")

    @tag.command(name="list", epilog=examples("tag schemaorg list --format json"))
    def tag_list(
        self, *, output_format: OutputFormat = Format.TEXT, as_user: AsUser = None
    ) -> None:
        """List the tags."""
        with self.session(as_user, output_format) as out:
            found = all_items(selectors.list_tags, ontology=self.ontology_name)
            if out.as_json:
                out.json_items(found)
            else:
                headings = ("tag", "commit", "created", "created by", "message")
                out.lines(table(headings, [_tag_row(info) for info in found]))

    @tag.command(name="delete", epilog=examples("tag schemaorg delete v28.1"))
    def tag_delete(
        self,
        tag: TagName,
        *,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Delete a tag; the commit stays."""
        with self.session(as_user, output_format) as out:
            info = selectors.get_tag(ontology=self.ontology_name, name=tag)
            services.delete_tag(ontology=self.ontology_name, name=tag)
            _show(out, {"deleted": info}, f"Deleted tag {info.name} (it was at {info.commit}).")


def _set_protection(
    self: OntologyCommand, name: str, output_format: Format, as_user: str | None, *, protected: bool
) -> None:
    with self.session(as_user, output_format) as out:
        info = services.update_branch(ontology=self.ontology_name, name=name, protected=protected)
        state = "protected" if info.protected else "not protected any more"
        _show(out, info, f"Branch {info.name} is {state}.")


def _show(out: Output, value: object, text: str) -> None:
    if out.as_json:
        out.json(value)
    else:
        out.line(text)


def _branch_row(info: BranchInfo) -> tuple[str | Text, ...]:
    return (
        "*" if info.is_default else "",
        info.name,
        Text(info.head[:12], style="yellow"),
        "protected" if info.protected else "",
        time_text(info.updated_at),
        info.created_by,
    )


def _tag_row(info: TagInfo) -> tuple[str | Text, ...]:
    created = time_text(info.created_at)
    return info.name, Text(info.commit[:12], style="yellow"), created, info.created_by, info.message
