"""The reference page of the commands, written from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["commands_page"]

_INTRODUCTION = """\
# Commands

`python manage.py ontology COMMAND …` works on ontologies; `python manage.py audit COMMAND …` on [the audit trail](#the-audit-trail), `python manage.py events COMMAND …` on [events](#events); `python manage.py kernel` serves [the data kernel](#the-data-kernel); `python manage.py demo` makes the demo ontology, `python manage.py setup` sets up a database. Every command has `--help`. This page is written from the commands (`make reference`).

## For scripts

| exit code | means |
|---|---|
| 0 | done |
| 1 | refused, conflicts, or something was found (`verify`, `diff --exit-code`) |
| 2 | the command line cannot be understood |
| 130 | interrupted (Ctrl-C): what was not committed is undone |
| 141 | nobody reads the output any more |

Results are on stdout, everything else is on stderr: errors, progress bars (in a terminal only), notes. Colours appear in terminals only; `NO_COLOR` and `--no-color` turn them off, `--force-color` turns them on.

With `--format json` stdout holds one JSON value and nothing else. An error is a problem (RFC 9457) on stderr, with `type`, `title`, `detail`, `code`, `retryable`, `errors` and `data` ([the codes](errors.md)). A merge or a revert that is stopped by conflicts is an answer on stdout, with exit code 1.

The values are those of the REST API. Members may be added, never taken away or changed.

| command | JSON |
|---|---|
| `create` | an ontology: `id`, `name`, `baseIri`, `description`, `defaultBranch`, `createdAt`, `createdBy`, `erasures` |
| `list` | `{"items": [ontology, …]}` |
| `delete` | `{"deleted": ontology}` |
| `stats` | `{"kinds": {kind: count}, "total": count}` |
| `verify` | `{"ok", "commits", "documents", "problems": [{"where", "message"}]}` |
| `import` | `commit` (or null), `head`, `stats`, `counts`, `report`, `dryRun` |
| `branch … create`, `protect`, `unprotect` | a branch: `name`, `head`, `protected`, `isDefault`, `createdAt`, `createdBy`, `updatedAt` |
| `branch … list`, `tag … list` | `{"items": [branch or tag, …]}` |
| `branch … delete`, `tag … delete` | `{"deleted": branch or tag}` |
| `tag … create` | a tag: `name`, `commit`, `message`, `createdAt`, `createdBy` |
| `log` | `{"items": [commit, …]}`; a commit: `id`, `parents`, `author`, `authorId`, `authorUsername`, `time`, `message`, `contentHash`, `changeCount`, `signature` |
| `show` | of a commit: `{"commit", "fromCommit", "toCommit", "stats", "changes", "names"}` (without the last two after `--stat`); of a document: the document |
| `diff` | `fromCommit`, `toCommit`, `stats` (`{kind: {operation: count}}`), `changes`, `names`; the first three after `--stat`. A change: `rid`, `kind`, `id`, `previousId`, `operation`, `fields` (`path`, `label`, `before`, `after`, `operation`), `before`, `after` |
| `history` | `{"items": [{"commit", "operation", "document"}, …]}` |
| `blame` | `document`, `commit`, `entries` (`path`, `label`, `value`, `commit`), `commits`, `names` |
| `compare` | `rid`, `fromCommit`, `toCommit`, `before`, `after` (documents or null), `diff` (a change as in `diff`, or null), `names` |
| `redact` | `redaction` (`id`, `rid`, `kind`, `fields`, `reason`, `versions`, `time`, `authorId`, `authorUsername`), `document`, `messages`, `answers`, `jobs`, `dryRun` |
| `redactions` | `{"items": [redaction, …]}` |
| `home NAME` | `ontology`, `home`, `database`, `product`, `version`, `answers`, `ahead`, `behind`, `pending`, `strays`, `erasePending`, `seenAt`, `problem` |
| `home` | `{"items": [the same, …], "unknown": [database, …]}` |
| `transfer` | `ontology`, `home`, `database`, `commits`, `documents`, `branches`, `tags`, `dropped` |
| `reconcile` | `ontologies`, `finished`, `abandoned`, `strays`, `rewritten`, `problems` |
| `rebuild` | `ontology`, `commits`, `documents`, `branches`, `tags`, `missing`, `differences` |
| `strays` | `{"items": [stray, …]}`; a stray: `id`, `kind`, `branch`, `identifier`, `author`, `message`, `time`, `foundAt`, `state`, `settledAt`, `settledBy`, `note`; with `--settle` that stray |
| `merge`, `revert` | `status` (`merged`, `fast_forward`, `up_to_date`, `conflicts`, `invalid`), `commit`, `base`, `ours`, `theirs`, `conflicts`, `problems`, `changes`, `resolved`, `dryRun`. A conflict: `id`, `rid`, `kind`, `document`, `path`, `label`, `type`, `base`, `ours`, `theirs`, `message` |
| `get` | the document: `_etag`, `@id`, `@type`, `rid`, its fields, the audit fields |
| `ls` | `{"items": [document, …]}`, a line each |
| `describe` | `document`, `ancestors`, `children`, `properties`, `linksOut`, `linksIn`, `usedBy` and more |
| `sparql` | SPARQL 1.1 Query Results JSON (`head`, `results` or `boolean`) |
| `apply` | `commit` (or null), `head`, `changes`, `documents`, `dryRun` |

## Who acts

Whoever can run a command holds the database and its password, so no password is asked for. Commands act as the operator: an actor of the system called `cli`, who may do everything; commits carry `cli (os:<account of the machine>)`. `--as USERNAME`, or `OMS_ACTOR`, acts as a user instead, with that user's permissions.

## Refs and targets

A *ref* is a branch, a tag, a commit id or a unique beginning of one, or a branch at a time (`main@2026-07-05T12:00:00Z`). A *target* is a document: `Kind/name` (also an earlier name), its IRI, or its `rid`.
"""

_PANELS = (
    "Ontologies",
    "RDF in and out",
    "Tables in and out",
    "Branches and tags",
    "History",
    "Merge",
    "Definitions",
    "Objects and links",
    "Homes",
)
_KERNEL = (
    "How to call it: [over REST](../guides/kernel.md) and [over gRPC](../guides/kernel-grpc.md)."
)
_FOLDED = re.compile(r"\s+")


def commands_page() -> str:
    """``docs/reference/cli.md``."""
    from django_typer.management import get_typer_command

    from audit.management.commands.audit import Command as AuditCommand
    from events.management.commands.events import Command as EventsCommand
    from oms_project.management.commands.kernel import Command as KernelCommand
    from ontology.management.commands.ontology import Command

    root = get_typer_command(Command().typer_app)
    lines = [_INTRODUCTION]
    panels: dict[str, list[Any]] = {panel: [] for panel in _PANELS}
    # django-typer registers groups of commands in no particular order.
    groups = sorted((item for item in root.commands.values() if _children(item)), key=_name)
    for command in [*groups, *(item for item in root.commands.values() if not _children(item))]:
        panels[command.rich_help_panel].append(command)
    for panel, commands in panels.items():
        lines += [f"## {panel}", ""]
        for command in commands:
            lines += _command(command, command.name)
    lines += ["## The audit trail", "", "`python manage.py audit COMMAND …`.", ""]
    for command in get_typer_command(AuditCommand().typer_app).commands.values():
        lines += _command(command, command.name)
    lines += ["## Events", "", "`python manage.py events COMMAND …`.", ""]
    found = get_typer_command(EventsCommand().typer_app).commands.values()
    for command in sorted(found, key=lambda item: (bool(_children(item)), _name(item))):
        lines += _command(command, command.name)
    lines += ["## The data kernel", "", _KERNEL, ""]
    lines += _command(get_typer_command(KernelCommand().typer_app), "kernel")
    return "\n".join(lines)


def _command(command: Any, name: str) -> Iterator[str]:
    children = _children(command)
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    words = [name, *(param.make_metavar(None).strip("{}") for param in arguments)]
    if not children:
        yield from _section(command, " ".join(words))
        return
    for child in children.values():
        yield from _command(child, f"{' '.join(words)} {child.name}")


def _children(command: Any) -> dict[str, Any]:
    return getattr(command, "commands", {})


def _name(command: Any) -> str:
    return str(command.name)


def _section(command: Any, usage: str) -> Iterator[str]:
    yield f"### `{usage}`"
    yield ""
    yield _FOLDED.sub(" ", command.help).strip()
    yield ""
    # What every command of Django has stands in a panel of that name.
    options = [
        param
        for param in command.params
        if param.name != "help" and getattr(param, "rich_help_panel", None) != "Django"
    ]
    if options:
        yield "| | |"
        yield "|---|---|"
        for param in options:
            yield f"| {_names(param)} | {_help(param)} |"
        yield ""
    lines = (command.epilog or "").splitlines()
    examples = [line for line in lines if line.startswith("python")]
    if examples:
        yield "```console"
        yield from (line.replace("\\[", "[") for line in examples)
        yield "```"
        yield ""


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.make_metavar(None).strip('{}')}`"
    names = ", ".join(f"`{name}`" for name in param.opts)
    return names if param.is_flag else f"{names} `{param.make_metavar(None)}`".replace("|", "\\|")


def _help(param: Any) -> str:
    text = _FOLDED.sub(" ", param.help or "").replace("|", "\\|")
    default = param.default
    if not text.endswith("."):
        text += "."
    if param.required and param.param_type_name == "option":
        return f"{text} Required."
    if default in (None, False, "", []) or callable(default):
        return text
    return f"{text} Default: `{getattr(default, 'value', default)}`."
