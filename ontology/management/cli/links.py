"""``ontology links NAME ...``: read and change links."""

from __future__ import annotations

from typing import Annotated

import typer
from django_typer.management import group

from oms_project.management.options import AsUser, Format, OutputFormat
from ontology import selectors
from ontology.contract import Change
from ontology.domain.query import parse_sort
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.instances import (
    Cursor,
    Filters,
    JsonFile,
    JsonFilter,
    PageLimit,
    Sets,
    TypeName,
    change_one,
    commit_one,
    instance_lines,
    show_page,
    values_of,
    where_of,
)
from ontology.management.cli.options import AsOf, Branch, DryRun, Message, Name, Ref

__all__ = ["LinkCommands"]

LinkTarget = Annotated[
    str, typer.Argument(metavar="LINK", help="A link: type/rid, or its rid.", show_default=False)
]
End = Annotated[
    str, typer.Argument(help="An object: Type/key, its rid or its IRI.", show_default=False)
]


class LinkCommands(OntologyCommand):
    """Links."""

    @group(
        rich_help_panel="Objects and links",
        name="links",
        no_args_is_help=True,
        epilog=examples(
            "links hr list worksFor", "links hr create Person/42 worksFor Company/acme"
        ),
    )
    def links(self, name: Name) -> None:
        """Read and change links between objects."""
        self.ontology_name = name

    @links.command(name="list", epilog=examples("links hr list worksFor"))
    def links_list(
        self,
        type_name: TypeName,
        *,
        where: Filters = None,
        filter_json: JsonFilter = None,
        sort: Annotated[
            str,
            typer.Option(
                "--sort", metavar="A,-B", help="Sort by these; - descends.", show_default=False
            ),
        ] = "",
        count: Annotated[bool, typer.Option("--count", help="Only how many there are.")] = False,
        deleted: Annotated[bool, typer.Option("--deleted", help="Also what was deleted.")] = False,
        limit: PageLimit = 100,
        cursor: Cursor = None,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List the links of a type, a page at a time."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=self.ontology_name, ref=ref, as_of=as_of)
            asked = where_of(where, filter_json)
            if count:
                number = selectors.count_objects(
                    ontology=self.ontology_name,
                    type=type_name,
                    ref=ref,
                    where=asked,
                    include_deleted=deleted,
                )
                if out.as_json:
                    out.json({"count": number})
                else:
                    out.line(str(number))
                return
            page = selectors.list_objects(
                ontology=self.ontology_name,
                type=type_name,
                ref=ref,
                where=asked,
                sort=parse_sort(sort.split(",")),
                include_deleted=deleted,
                kind="Link",
                limit=limit,
                cursor=cursor,
            )
            show_page(
                out,
                page.items,
                instance_lines(page.items),
                page.next_cursor,
                f"There are none of {type_name} here. Ask for less, or make one: links {self.ontology_name} create",
            )

    @links.command(
        name="create",
        epilog=examples("links hr create Person/42 worksFor Company/acme --set since=2020-01-01"),
    )
    def links_create(
        self,
        source: End,
        type_name: TypeName,
        target: End,
        *,
        values: Sets = None,
        file: JsonFile = None,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Create a link from SOURCE to TARGET, in one commit."""
        with self.session(as_user, output_format) as out:
            change = Change(
                op="create",
                kind="Link",
                type=type_name,
                source=source,
                target=target,
                fields=values_of(values, file),
            )
            commit_one(
                out,
                change,
                default=f"Create {type_name} from {source} to {target}",
                ontology=self.ontology_name,
                branch=branch,
                message=message,
                dry_run=dry_run,
            )

    @links.command(
        name="update", epilog=examples("links hr update worksFor/2f1c --set since=2021-01-01")
    )
    def links_update(
        self,
        target: LinkTarget,
        *,
        values: Sets = None,
        file: JsonFile = None,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Change values of a link: a merge patch, in one commit."""
        with self.session(as_user, output_format) as out:
            change_one(
                out,
                "update",
                target,
                kind="Link",
                fields=values_of(values, file),
                ontology=self.ontology_name,
                branch=branch,
                message=message,
                dry_run=dry_run,
            )

    @links.command(name="delete", epilog=examples("links hr delete worksFor/2f1c"))
    def links_delete(
        self,
        target: LinkTarget,
        *,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Delete a link, in one commit."""
        with self.session(as_user, output_format) as out:
            change_one(
                out,
                "delete",
                target,
                kind="Link",
                fields={},
                ontology=self.ontology_name,
                branch=branch,
                message=message,
                dry_run=dry_run,
            )
