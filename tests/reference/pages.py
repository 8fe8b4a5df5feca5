"""Writes the reference pages from the code: ``make reference``."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from tests.reference.commands import commands_page

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("audit", "events", "oms_project", "ontology", "scheduling")
_SPOKEN = {bool: "yes or no", int: "whole number", float: "number", str: "text", Path: "path"}


def settings_page() -> str:
    """Every variable of `Environment`."""
    from oms_project.settings.env import BASE_DIR, Environment

    lines = [
        "# Settings",
        "",
        "Environment variables, also read from a file `.env` beside `manage.py`. "
        "`oms_project/settings/env.py` is the only module that reads them; "
        "this page is written from it (`make reference`).",
        "",
        "| name | type | default | what it does |",
        "|---|---|---|---|",
    ]
    for name, field in Environment.model_fields.items():
        default = field.default
        if isinstance(default, Path):
            default = default.relative_to(BASE_DIR)
        if isinstance(default, list):
            default = ",".join(default)
        if default is None:
            default = ""
        if isinstance(default, bool):
            default = "yes" if default else "no"
        shown = f"`{default}`" if str(default) else "empty"
        bounds = _bounds(field.metadata)
        lines.append(
            f"| `{name}` | {_type(field.annotation)}{bounds} | {shown} | {field.description} |"
        )
    lines += [
        "",
        "`DJANGO_SETTINGS_MODULE` chooses the mode: `oms_project.settings.dev` (what `make run` and "
        "`manage.py` use), `oms_project.settings.prod` (what the ASGI and WSGI applications use "
        "unless told otherwise) or `oms_project.settings.test`.",
        "",
        "Yes or no: `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off`. An empty variable counts "
        "as not set.",
        "",
    ]
    return "\n".join(lines)


def _type(annotation: Any) -> str:
    if isinstance(annotation, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if annotation in _SPOKEN:
        return _SPOKEN[annotation]
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is list:
        return "list, separated by commas"
    raise TypeError(f"How does one say {annotation!r} in the reference?")


def _bounds(metadata: list[Any]) -> str:
    found = {
        name: value
        for item in metadata
        for name in ("gt", "ge", "le")
        if (value := getattr(item, name, None)) is not None
    }
    if not found:
        return ""
    if "gt" in found:
        return f", more than {found['gt']}" + (f", at most {found['le']}" if "le" in found else "")
    if "le" not in found:
        return f", at least {found['ge']}"
    return f", {found['ge']} to {found['le']}"


def errors_page() -> str:
    """Every code of `OmsError` and its subclasses, and those given where one is raised."""
    from oms_project.api.errors import status_of
    from oms_project.core.errors import OmsError

    for package in PACKAGES:
        _import_all(package)
    classes = sorted(
        {kind for kind in _subclasses(OmsError) if not kind.__name__.startswith("_")},
        key=lambda kind: (status_of(kind("")), kind.code, kind.__name__),
    )
    lines = [
        "# Errors",
        "",
        "Every error answer is a problem (RFC 9457, `application/problem+json`) with a stable "
        "`code`. A failed job has the same members in `error`. "
        "This page is written from the code (`make reference`).",
        "",
        "| code | status | again? | what it means |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{kind.code}` | {int(status_of(kind('')))} | {'yes' if kind.retryable else 'no'} "
        f"| {_first_sentence(kind)} |"
        for kind in classes
    ]
    by_name = {kind.__name__: kind for kind in classes}
    lines += [
        "| `internal` | 500 | no | Something that should not happen; the request id finds it in "
        "the log. |",
        "| `interrupted` | - | yes | In a job: the process that ran it ended before the job did. |",
        "",
        "## More precise codes",
        "",
        "Where one error has several causes, the code says which.",
        "",
        "| code | status | a kind of |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{code}` | {int(status_of(by_name[name]('')))} | `{by_name[name].code}` |"
        for code, name in sorted(set(_given_codes(by_name)))
    ]
    return "\n".join([*lines, ""])


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith(PACKAGES):
            yield child
            yield from _subclasses(child)


def _first_sentence(kind: type[Any]) -> str:
    text = " ".join((kind.__doc__ or "").split()).replace("``", "`").replace("|", "\\|")
    return re.sub(r" \(\d{3}\)", "", text)


def _import_all(package: str) -> None:
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        parts = module.name.split(".")
        # Settings configure, the applications start, and migrations only describe.
        if {"settings", "migrations"} & set(parts) or parts[-1] in {"asgi", "wsgi"}:
            continue
        importlib.import_module(module.name)


def _given_codes(classes: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else None
                name = node.func.id if isinstance(node.func, ast.Name) else name
                for keyword in node.keywords:
                    value = keyword.value
                    if (
                        keyword.arg == "code"
                        and name in classes
                        and isinstance(value, ast.Constant)
                        and isinstance(value.value, str)
                    ):
                        yield value.value, name


def events_page() -> str:
    """Every type of event, with its data."""
    from events.domain.types import EVENT_TYPES

    lines = [
        "# Events",
        "",
        "What OMS tells, as CloudEvents 1.0. The JSON Schema of each type is served at "
        "`/api/v1/event-types/TYPE/schema`, which is also its `dataschema`. "
        "This page is written from the code (`make reference`). How to use them: "
        "[Events](../guides/events.md).",
        "",
        "Every event has the attributes `id` (a UUIDv7), `source`, `type`, `time`, "
        "`datacontenttype`, `dataschema`, and the extensions `partitionkey` (events of one key "
        "come in the order of their commits), `sequence` (its place in the outbox; sorts as "
        "text), `traceparent` and `tracestate` (W3C trace context), `ontology` and `branch` where "
        "it is about one, and mostly `subject`.",
        "",
        "A version of a type only gains members: ignore what you do not know. Events say names, "
        "ids and numbers, never values of properties.",
    ]
    for kind in EVENT_TYPES.values():
        lines += ["", f"## `{kind.name}`", "", f"{kind.title}. Receivers need `{kind.needs}`.", ""]
        lines += ["| member | type | what it says |", "|---|---|---|"]
        lines += list(_members(kind.schema))
    return "\n".join([*lines, ""])


def metrics_page() -> str:
    """Every metric of the product."""
    from oms_project.core.metrics import described

    for package in PACKAGES:
        _import_all(package)
    lines = [
        "# Metrics",
        "",
        "What `/metrics` serves, as Prometheus's text or as OpenMetrics. "
        "This page is written from the code (`make reference`). How to scrape and what to ask: "
        "[Operate OMS](../guides/operations.md#metrics).",
        "",
        "| name | kind | labels | what it says |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{name}`' for name in one.labels)} "
        f"| {one.doc} |"
        for one in described()
    ]
    lines += [
        "",
        "A histogram `x` is scraped as `x_bucket`, `x_sum` and `x_count`; times are in seconds. "
        "`process_*` (memory, processor time, open files) and `python_*` (version, garbage "
        "collector) are those of the Prometheus client, per process; they are left out where "
        "`PROMETHEUS_MULTIPROC_DIR` is set.",
        "",
    ]
    return "\n".join(lines)


def _members(schema: Any, before: str = "") -> Iterator[str]:
    required = set(schema.get("required", ()))
    for name, part in schema["properties"].items():
        kind = part.get("type") or "one of " + ", ".join(f"`{one}`" for one in part["enum"])
        optional = "" if name in required else ", may be missing"
        about = part.get("description", "Who did it." if name == "actor" else "")
        yield f"| `{before}{name}` | {kind}{optional} | {about} |"
        if "properties" in part:
            yield from _members(part, f"{before}{name}.")
        elif "properties" in part.get("items", {}):
            yield from _members(part["items"], f"{before}{name}[].")


PAGES = {
    ROOT / "docs/reference/settings.md": settings_page,
    ROOT / "docs/reference/errors.md": errors_page,
    ROOT / "docs/reference/cli.md": commands_page,
    ROOT / "docs/reference/events.md": events_page,
    ROOT / "docs/reference/metrics.md": metrics_page,
}


def main() -> None:
    """Write them."""
    import django

    django.setup()
    for path, render in PAGES.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(), encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
