"""``ontology objects NAME ...``: read, change and follow objects."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from django_typer.management import group

from oms_project.management.options import AsUser, Format, OutputFormat
from ontology import selectors
from ontology.contract import Change
from ontology.domain.query import parse_measure, parse_sort
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.history import show_document
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
from ontology.management.cli.output import table
from ontology.management.cli.rendering.values import short

__all__ = ["ObjectCommands"]

Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET", help="An object: Type/key, its rid or its IRI.", show_default=False
    ),
]
Direction = Annotated[
    Literal["outgoing", "incoming", "both"],
    typer.Option("--direction", help="Which way the links point."),
]


class ObjectCommands(OntologyCommand):
    """Objects."""

    @group(
        rich_help_panel="Objects and links",
        name="objects",
        no_args_is_help=True,
        epilog=examples("objects hr list Person", "objects hr show Person/42"),
    )
    def objects(self, name: Name) -> None:
        """Read, change and follow objects."""
        self.ontology_name = name

    @objects.command(
        name="list", epilog=examples("objects hr list Person --where age:gt:30 --sort -age,name")
    )
    def objects_list(
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
        """List the objects of a type, a page at a time."""
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
                kind="Object",
                limit=limit,
                cursor=cursor,
            )
            show_page(
                out,
                page.items,
                instance_lines(page.items),
                page.next_cursor,
                f"There are none of {type_name} here. Ask for less, or make one: objects {self.ontology_name} create",
            )

    @objects.command(name="show", epilog=examples("objects hr show Person/42"))
    def objects_show(
        self,
        target: Target,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show an object in full."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=self.ontology_name, ref=ref, as_of=as_of)
            show_document(out, self.ontology_name, target, ref, include_deleted=False)

    @objects.command(
        name="create", epilog=examples("objects hr create Person --set code=ann --set age=34")
    )
    def objects_create(
        self,
        type_name: TypeName,
        *,
        values: Sets = None,
        file: JsonFile = None,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Create an object, in one commit."""
        with self.session(as_user, output_format) as out:
            change = Change(
                op="create", kind="Object", type=type_name, fields=values_of(values, file)
            )
            commit_one(
                out,
                change,
                default=f"Create {type_name}",
                ontology=self.ontology_name,
                branch=branch,
                message=message,
                dry_run=dry_run,
            )

    @objects.command(
        name="update", epilog=examples("objects hr update Person/42 --set age=35 --set fax=")
    )
    def objects_update(
        self,
        target: Target,
        *,
        values: Sets = None,
        file: JsonFile = None,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Change values of an object: a merge patch, in one commit."""
        with self.session(as_user, output_format) as out:
            change_one(
                out,
                "update",
                target,
                kind="Object",
                fields=values_of(values, file),
                ontology=self.ontology_name,
                branch=branch,
                message=message,
                dry_run=dry_run,
            )

    @objects.command(name="delete", epilog=examples("objects hr delete Person/42 --dry-run"))
    def objects_delete(
        self,
        target: Target,
        *,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Delete an object, in one commit."""
        with self.session(as_user, output_format) as out:
            change_one(
                out,
                "delete",
                target,
                kind="Object",
                fields={},
                ontology=self.ontology_name,
                branch=branch,
                message=message,
                dry_run=dry_run,
            )

    @objects.command(name="restore", epilog=examples("objects hr restore Person/42"))
    def objects_restore(
        self,
        target: Target,
        *,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Bring back an object that was deleted."""
        with self.session(as_user, output_format) as out:
            change_one(
                out,
                "restore",
                target,
                kind="Object",
                fields={},
                ontology=self.ontology_name,
                branch=branch,
                message=message,
                dry_run=dry_run,
            )

    @objects.command(
        name="figures", epilog=examples("objects hr figures Person --measure avg:age --by grade")
    )
    def objects_figures(
        self,
        type_name: TypeName,
        *,
        measure: Annotated[
            list[str] | None,
            typer.Option(
                "--measure",
                metavar="FUNCTION:PROPERTY",
                help="count, or sum, min, max, avg of a property; repeat for several.",
                show_default="count",
            ),
        ] = None,
        by: Annotated[
            list[str] | None,
            typer.Option(
                "--by", metavar="PROPERTY", help="By group; repeat for several.", show_default=False
            ),
        ] = None,
        where: Filters = None,
        filter_json: JsonFilter = None,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Count and add up the objects of a type, for all or by group."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=self.ontology_name, ref=ref, as_of=as_of)
            found = selectors.aggregate_objects(
                ontology=self.ontology_name,
                type=type_name,
                ref=ref,
                where=where_of(where, filter_json),
                measures=[parse_measure(text) for text in measure or ("count",)],
                group_by=by or (),
            )
            if out.as_json:
                out.json(found)
                return
            if not found.rows:
                out.note("There is nothing to count. Ask for less.")
                return
            headings = [*found.rows[0].group, *(f"{label}>" for label in found.rows[0].figures)]
            out.lines(
                table(
                    headings,
                    [
                        [short(value) for value in (*row.group.values(), *row.figures.values())]
                        for row in found.rows
                    ],
                )
            )
            if found.truncated:
                out.note("There are more groups. Ask for less with --where.")

    @objects.command(name="search", epilog=examples("objects hr search 'ann lee' --type Person"))
    def objects_search(
        self,
        text: Annotated[
            str,
            typer.Argument(metavar="TEXT", help="Words, or how they begin.", show_default=False),
        ],
        *,
        type_name: Annotated[
            str,
            typer.Option("--type", metavar="TYPE", help="Only of this type.", show_default=False),
        ] = "",
        limit: PageLimit = 50,
        cursor: Cursor = None,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Find objects by the words of their searchable values, the best first."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=self.ontology_name, ref=ref, as_of=as_of)
            page = selectors.search_objects(
                ontology=self.ontology_name,
                text=text,
                type=type_name,
                ref=ref,
                limit=limit,
                cursor=cursor,
            )
            show_page(
                out,
                page.items,
                instance_lines(hit.document for hit in page.items),
                page.next_cursor,
                "Nothing found. Only properties that are searchable are looked in: try fewer words.",
            )

    @objects.command(name="links", epilog=examples("objects hr links Person/42 --link worksFor"))
    def objects_links(
        self,
        target: Target,
        *,
        link: Annotated[
            str,
            typer.Option(
                "--link", metavar="LINK", help="Only links of this type.", show_default=False
            ),
        ] = "",
        direction: Direction = "both",
        limit: PageLimit = 100,
        cursor: Cursor = None,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List the links at an object, and what is at their other ends."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=self.ontology_name, ref=ref, as_of=as_of)
            page = selectors.linked_objects(
                ontology=self.ontology_name,
                target=target,
                link=link,
                direction=direction,
                ref=ref,
                limit=limit,
                cursor=cursor,
            )
            rows = [
                (item.direction, item.link.type, item.object.id, item.object.title, item.link.id)
                for item in page.items
            ]
            show_page(
                out,
                page.items,
                table(("", "type", "object", "title", "link"), rows),
                page.next_cursor,
                f"No such links. Make one: links {self.ontology_name} create SOURCE TYPE TARGET",
            )

    @objects.command(name="walk", epilog=examples("objects hr walk Person/42 --depth 2"))
    def objects_walk(
        self,
        target: Target,
        *,
        link: Annotated[
            list[str] | None,
            typer.Option(
                "--link",
                metavar="LINK",
                help="Only along these; repeat for several.",
                show_default=False,
            ),
        ] = None,
        depth: Annotated[
            int, typer.Option("--depth", min=1, max=10, metavar="N", help="So many links.")
        ] = 1,
        direction: Direction = "outgoing",
        limit: Annotated[
            int,
            typer.Option(
                "--limit", "-l", min=1, max=10000, metavar="N", help="At most so many objects."
            ),
        ] = 1000,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show what can be reached from an object, nearest first."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=self.ontology_name, ref=ref, as_of=as_of)
            found = selectors.traverse(
                ontology=self.ontology_name,
                target=target,
                links=link or (),
                direction=direction,
                depth=depth,
                ref=ref,
                limit=limit,
            )
            if out.as_json:
                out.json(found)
            else:
                rows = [
                    (str(node.depth), node.document.id, node.document.title) for node in found.nodes
                ]
                out.lines(table(("depth>", "object", "title"), rows))
                if len(rows) == 1:
                    out.note("Nothing is linked that way. Try --direction both.")
            if found.truncated:
                out.note("There is more: raise --limit.")
