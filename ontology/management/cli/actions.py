"""``ontology actions NAME list | show | run | revert``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer
from django_typer.management import group
from rich.text import Text

from oms_project.core.canonical_json import loads
from oms_project.core.errors import Invalid
from oms_project.management.base import REFUSED, usage_error
from oms_project.management.options import AsUser, Format, OutputFormat
from oms_project.management.text import clean
from ontology import selectors, services
from ontology.contract import ActionInfo, ActionResult
from ontology.domain.actions import text_in
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.options import AsOf, Branch, DryRun, ExpectedHead, Message, Name, Ref
from ontology.management.cli.output import table
from ontology.management.cli.rendering.diffs import stat_lines
from ontology.management.cli.rendering.merges import merge_lines

__all__ = ["ActionCommands"]

ActionName = Annotated[
    str, typer.Argument(metavar="ACTION", help="Name of the action.", show_default=False)
]


class ActionCommands(OntologyCommand):
    """Actions."""

    @group(
        rich_help_panel="Objects and links",
        name="actions",
        invoke_without_command=True,
        epilog=examples(
            "actions logistics list",
            "actions logistics run book shipment=Shipment/SHP-1 seats:=2 --dry-run",
        ),
    )
    def actions(self, context: typer.Context, name: Name) -> None:
        """List actions, run them, and take runs back."""
        self.ontology_name = name
        if context.invoked_subcommand is None:
            self.actions_list()

    @actions.command(name="list", epilog=examples("actions logistics list --ref cold-chain"))
    def actions_list(
        self,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        every: Annotated[
            bool, typer.Option("--all", help="Also those that you may not run.")
        ] = False,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """List the actions that you may run."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=self.ontology_name, ref=ref, as_of=as_of)
            found = selectors.list_actions(ontology=self.ontology_name, ref=ref, every=every)
            if out.as_json:
                out.json_items(iter(found))
            else:
                headings = ("action", "", "parameters", "")
                out.lines(table(headings, [_row(info) for info in found]))

    @actions.command(name="show", epilog=examples("actions logistics show dispatch"))
    def actions_show(
        self,
        action: ActionName,
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Show what an action asks for, and whether you may run it."""
        with self.session(as_user, output_format) as out:
            ref = selectors.ref_at(ontology=self.ontology_name, ref=ref, as_of=as_of)
            info = selectors.get_action(ontology=self.ontology_name, action=action, ref=ref)
            if out.as_json:
                out.json(info)
            else:
                out.lines(_lines(info))

    @actions.command(
        name="run",
        epilog=examples(
            "actions logistics run dispatch shipment=Shipment/SHP-1 legCode=L1 --dry-run",
            'actions logistics run close items:=\'["Item/1", "Item/2"]\'',
            "actions logistics run dispatch --file runs.json",
        ),
    )
    def actions_run(
        self,
        action: ActionName,
        parameters: Annotated[
            list[str] | None,
            typer.Argument(
                metavar="NAME=TEXT",
                help="A parameter; NAME:=JSON for numbers, lists, true and false. An object is "
                "Type/key, its rid or its IRI.",
                show_default=False,
            ),
        ] = None,
        *,
        file: Annotated[
            typer.FileText | None,
            typer.Option(
                "--file",
                "-f",
                metavar="FILE",
                help="JSON: an object with parameters, or a list of them, which makes a batch in "
                "one commit; - reads stdin.",
                show_default=False,
            ),
        ] = None,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        expected_head: ExpectedHead = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Run an action, once or as a batch: one commit, or none."""
        given = dict(_parameter(text) for text in parameters or ())
        if file is not None and given:
            usage_error("Give parameters or --file, and not both.")
        with self.session(as_user, output_format) as out:
            batch: Sequence[Mapping[str, Any]] = ()
            if file is not None:
                read = _read(file.read())
                given, batch = (read, ()) if isinstance(read, dict) else ({}, read)
            result = services.run_action(
                ontology=self.ontology_name,
                action=action,
                parameters=None if batch else given,
                batch=batch,
                branch=branch,
                message=message,
                dry_run=dry_run,
                expected_head=expected_head,
            )
            if out.as_json:
                out.json(result)
            else:
                out.lines(_result_lines(result, action))

    @actions.command(name="revert", epilog=examples("actions logistics revert 3f9c2a7d41b0"))
    def actions_revert(
        self,
        commit: Annotated[
            str, typer.Argument(metavar="COMMIT", help="Commit of the run.", show_default=False)
        ],
        *,
        branch: Branch = "",
        message: Message = None,
        dry_run: DryRun = False,
        expected_head: ExpectedHead = None,
        output_format: OutputFormat = Format.TEXT,
        as_user: AsUser = None,
    ) -> None:
        """Take back a run of an action that is revertible, with a new commit."""
        with self.session(as_user, output_format) as out:
            target = branch or selectors.get_ontology(ontology=self.ontology_name).default_branch
            result = services.revert_action(
                ontology=self.ontology_name,
                commit=commit,
                branch=target,
                message=message,
                dry_run=dry_run,
                expected_head=expected_head,
            )
            if out.as_json:
                out.json(result)
            else:
                out.lines(merge_lines(result, what="revert", branch=target))
            if result.status in ("conflicts", "invalid"):
                raise typer.Exit(REFUSED)


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.removesuffix(":"):
        usage_error(f"'{text}' is no parameter: write NAME=TEXT, or NAME:=JSON.")
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], loads(value)
    except ValueError:
        usage_error(f"'{text}': what follows := is no JSON.")


def _read(text: str) -> Any:
    try:
        read = loads(text)
    except ValueError as error:
        raise Invalid("The file is no JSON.", code="action_parameters") from error
    items = read if isinstance(read, list) else [read]
    if not items or not all(isinstance(item, dict) for item in items):
        raise Invalid(
            "The file holds an object with parameters, or a list of them.",
            code="action_parameters",
        )
    return read


def _row(info: ActionInfo) -> tuple[str | Text, ...]:
    names = ", ".join(
        f"{item['apiName']}{'' if item.get('required', True) else '?'}" for item in info.parameters
    )
    flags = ", ".join(
        word
        for word, holds in (("revertible", info.revertible), ("not allowed", not info.runnable))
        if holds
    )
    return info.name, clean(text_in(info.display_name, "en")), names, flags


def _lines(info: ActionInfo) -> Iterator[str | Text]:
    yield Text(info.name, style="bold")
    for text in (text_in(info.display_name, "en"), text_in(info.description, "en")):
        if text:
            yield clean(text)
    yield f"{'You may run it' if info.runnable else 'You may not run it'}: {info.reason}."
    if info.revertible:
        yield "A run can be taken back."
    if info.batch_limit:
        yield f"At most {info.batch_limit} runs in one batch."
    yield ""
    yield from table(
        ("parameter", "type", "", "default"), [_parameter_row(item) for item in info.parameters]
    )


def _parameter_row(item: Mapping[str, Any]) -> tuple[str, ...]:
    kind = item.get("objectType") or " or ".join(item.get("dataTypes", ()))
    if item.get("array") is not None:
        kind = f"list of {kind}"
    default = item.get("default")
    return (
        item["apiName"],
        kind,
        "required" if item.get("required", True) and default is None else "",
        "" if default is None else str(default),
    )


def _result_lines(result: ActionResult, action: str) -> Iterator[str | Text]:
    yield from stat_lines(result.changes.stats)
    for word, ids in (
        ("Created", result.created),
        ("Changed", result.changed),
        ("Deleted", result.deleted),
    ):
        for identifier in ids[:20]:
            yield f"  {word} {clean(identifier)}"
        if len(ids) > 20:
            yield f"  {word} {len(ids) - 20} more"
    if result.dry_run:
        yield f"Dry run: {clean(action)} would run. Nothing was written."
    elif result.commit is None:
        yield "Nothing changed: no commit was made."
    else:
        yield f"Committed {result.commit.short_id}."
