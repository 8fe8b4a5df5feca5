"""What the commands of objects and of links share: values as they are typed, changes, tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from oms_project.core.canonical_json import loads
from oms_project.core.errors import Invalid, NotFound
from oms_project.management.base import usage_error
from ontology import selectors, services
from ontology.contract import Change, DocumentView
from ontology.domain.query import All, Filter, parse_condition, parse_filter
from ontology.management.cli.output import Output, table
from ontology.management.cli.rendering.merges import commit_result_lines

__all__ = [
    "Cursor",
    "Filters",
    "JsonFile",
    "JsonFilter",
    "PageLimit",
    "Sets",
    "TypeName",
    "change_one",
    "commit_one",
    "instance_lines",
    "show_page",
    "values_of",
    "where_of",
]

TypeName = Annotated[
    str, typer.Argument(metavar="TYPE", help="Name or rid of the type.", show_default=False)
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        "-w",
        metavar="PROPERTY:OP:VALUE",
        help="Only those: eq, ne, lt, lte, gt, gte, in, contains, startsWith, isNull. Repeat: all "
        "must hold.",
        show_default=False,
    ),
]
JsonFilter = Annotated[
    str | None,
    typer.Option("--filter", metavar="JSON", help="A filter as JSON.", show_default=False),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="NAME=VALUE",
        help="A value: JSON where it is JSON, else text; NAME= is none. Repeat for several.",
        show_default=False,
    ),
]
JsonFile = Annotated[
    typer.FileText | None,
    typer.Option(
        "--json", metavar="FILE", help="Values as a JSON object; - reads stdin.", show_default=False
    ),
]
PageLimit = Annotated[
    int, typer.Option("--limit", "-l", min=1, max=500, metavar="N", help="At most so many.")
]
Cursor = Annotated[
    str | None,
    typer.Option(
        "--cursor", metavar="CURSOR", help="Where the page before ended.", show_default=False
    ),
]


def values_of(sets: Sequence[str] | None, file: typer.FileText | None) -> dict[str, Any]:
    """Values by name: those of the file, then those of ``--set``."""
    found: dict[str, Any] = {}
    if file is not None:
        try:
            read = loads(file.read())
        except (ValueError, RecursionError) as error:
            raise Invalid("The file is not JSON.", code="not_json") from error
        if not isinstance(read, dict):
            raise Invalid("The file holds a JSON object with values.", code="not_json")
        found.update(read)
    for text in sets or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            usage_error(f"'{text}' is no value: write NAME=VALUE.")
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    if not text:
        return None
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return text


def where_of(conditions: Sequence[str] | None, json_filter: str | None) -> Filter | None:
    """All of the conditions and the filter together."""
    parts: list[Filter] = [parse_condition(text) for text in conditions or ()]
    if json_filter:
        parts.append(parse_filter(json_filter))
    return All(tuple(parts)) if len(parts) > 1 else next(iter(parts), None)


def commit_one(
    out: Output,
    change: Change,
    *,
    ontology: str,
    branch: str,
    message: str | None,
    default: str,
    dry_run: bool,
) -> None:
    """Commit one change and say what came of it; warnings go to stderr."""
    branch = branch or selectors.get_ontology(ontology=ontology).default_branch
    result = services.commit_changes(
        ontology=ontology,
        branch=branch,
        changes=[change],
        message=message or default[:1000],
        dry_run=dry_run,
    )
    if out.as_json:
        out.json(result)
    else:
        out.lines(commit_result_lines(result, branch=branch))
    for warning in result.warnings:
        out.note(f"Warning: {warning['document']}: {warning['message']}")


def change_one(
    out: Output, op: Any, target: str, *, kind: str, fields: dict[str, Any], **options: Any
) -> None:
    """Change what ``target`` names, when it is of this kind: a definition is not meant here."""
    view = selectors.get_document(
        ontology=options["ontology"],
        target=target,
        ref=options["branch"],
        include_deleted=op == "restore",
    )
    if view.kind != kind:
        raise NotFound(f"{view.id} is no {kind.lower()}.", code="not_found")
    change = Change(op=op, target=view.rid, fields=fields)
    commit_one(out, change, default=f"{op.capitalize()} {view.id}", **options)


def show_page(
    out: Output, items: Sequence[Any], lines: Iterable[Text], following: str | None, empty: str
) -> None:
    """A page: ``{"items", "next"}`` as JSON; as text what to type for more is on stderr."""
    if out.as_json:
        out.json({"items": items, "next": following})
        return
    if items:
        out.lines(lines)
    else:
        out.note(empty)
    if following:
        out.note(f"There are more: --cursor {following}")


def instance_lines(views: Iterable[DocumentView]) -> Iterator[Text]:
    """Objects or links, one a line."""
    rows = ((view.id, view.title, "deleted" if view.deleted else "") for view in views)
    yield from table(("document", "title", ""), rows)
