"""Definitions and instances as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from oms_project.core.canonical_json import loads
from oms_project.management.text import clean
from ontology.contract import DocumentView, HistoryEntry
from ontology.management.cli.output import table
from ontology.management.cli.rendering.diffs import OPERATIONS
from ontology.management.cli.rendering.values import local_text, one_line, short, time_text
from ontology.selectors import LinkUse, PropertyView, TypeDescription

__all__ = ["describe_lines", "document_lines", "history_lines", "list_lines"]

_LINK_ENDS = frozenset({"sources", "targets"})
_NAMES_SHOWN = 30


def document_lines(view: DocumentView) -> Iterator[Text]:
    """A document in full: its name, then each field as JSON."""
    yield Text(clean(view.id), style="bold")
    if view.deleted:
        yield Text("  deleted", style="red")
    for name, value in loads(view.json).items():
        if name in {"@id", "@type"}:
            continue
        yield from _field(name, value, indent=2)


def _field(name: str, value: Any, *, indent: int) -> Iterator[Text]:
    space = " " * indent
    style = "dim" if name.startswith("_") else "cyan"
    if isinstance(value, Mapping) and value:
        yield Text.assemble(space, (clean(name), style), ":")
        for key, item in value.items():
            yield from _field(str(key), item, indent=indent + 2)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        yield Text.assemble(space, (clean(name), style), ":")
        for item in value:
            yield Text.assemble(space, "  - ", _item(item))
    else:
        yield Text.assemble(space, (clean(name), style), f": {short(value, width=1000)}")


def _item(item: Any) -> str:
    if not isinstance(item, Mapping):
        return short(item, width=1000)
    rest = {key: value for key, value in item.items() if key not in {"apiName", "code", "name"}}
    title = item.get("apiName") or item.get("code") or item.get("name")
    return f"{clean(str(title))} {short(rest, width=1000)}" if title else short(item, width=1000)


def list_row(view: DocumentView) -> tuple[str, str, str]:
    """``@id``, status and label of a document in a list."""
    status = str(view.body.get("status", "active"))
    return view.id, "deleted" if view.deleted else status, local_text(view.body.get("displayName"))


def list_lines(views: Iterable[DocumentView]) -> Iterator[Text]:
    """Documents, one a line, in columns."""
    yield from table(("document", "status", "label"), (list_row(view) for view in views))


def history_lines(entries: Iterable[HistoryEntry]) -> Iterator[Text]:
    """The commits that changed a document, newest first."""
    rows: list[Sequence[str | Text]] = []
    for entry in entries:
        _mark, style, word = OPERATIONS[entry.operation]
        commit = entry.commit
        rows.append(
            (
                Text(commit.short_id, style="yellow"),
                time_text(commit.time),
                Text(word, style=style),
                entry.document.id,
                commit.author_username,
                one_line(commit),
            )
        )
    yield from table(("commit", "time", "change", "document", "author", "message"), rows)


def describe_lines(description: TypeDescription) -> Iterator[Text]:
    """A definition with all that holds for it, inherited parts too."""
    view = description.document
    body = view.body
    yield Text(clean(view.id), style="bold")
    for name in ("displayName", "description"):
        for language, text in (body.get(name) or {}).items():
            yield Text.assemble("  ", (f"{name} ({clean(language)})", "cyan"), f": {clean(text)}")
    for name in ("iri", "status", "isAbstract", "primaryKey"):
        if body.get(name):
            yield Text.assemble("  ", (name, "cyan"), f": {short(body[name])}")
    yield from _names("ancestors", (name for _rid, name in description.ancestors))
    yield from _names("children", (name for _rid, name in description.children))
    yield from _names("implements", (name for _rid, name in description.implements))
    # The links of a type stand in tables below.
    uses = (f"{name} ({role})" for name, role in description.used_by if role not in _LINK_ENDS)
    yield from _names("used by", uses)
    if description.properties:
        yield from _heading("Properties")
        headings = ("name", "type", "", "label", "from")
        yield from table(headings, (_property(item) for item in description.properties))
    for title, links in (("Links out", description.links_out), ("Links in", description.links_in)):
        if links:
            yield from _heading(title)
            headings = ("link", "other end", "how many", "label", "from")
            yield from table(headings, (_link(use) for use in links))


def _heading(text: str) -> Iterator[Text]:
    yield Text()
    yield Text(text, style="bold")


def _names(title: str, names: Iterable[str]) -> Iterator[Text]:
    found = list(names)
    if found:
        more = f" and {len(found) - _NAMES_SHOWN} more" if len(found) > _NAMES_SHOWN else ""
        joined = ", ".join(found[:_NAMES_SHOWN])
        yield Text.assemble("  ", (title, "cyan"), f": {clean(joined)}{more}")


def _property(item: PropertyView) -> tuple[str, str, str, str, str]:
    types = " | ".join(item.data_types) or "any"
    if item.array is not None:
        types += "[]"
    required = "required" if item.required else ""
    return item.name, types, required, local_text(item.label), item.inherited_from or ""


def _link(use: LinkUse) -> tuple[str, str, str, str, str]:
    ends = ", ".join(use.others) or "any"
    return use.id, ends, _count(use.cardinality), local_text(use.label), use.inherited_from or ""


def _count(cardinality: Mapping[str, Any] | None) -> str:
    """``1..1``, ``0..*``."""
    if cardinality is None:
        return "0..*"
    most = cardinality.get("max")
    return f"{cardinality.get('min', 0)}..{'*' if most is None else most}"
