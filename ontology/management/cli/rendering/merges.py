"""The outcome of a merge, a revert, a change set or an import as text."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from oms_project.management.text import clean, single_problems
from ontology.contract import CommitInfo, CommitResult, Conflict, ImportResult, MergeResult
from ontology.management.cli.output import table
from ontology.management.cli.rendering.diffs import diff_lines, stat_lines
from ontology.management.cli.rendering.values import one_line, plural, short

__all__ = ["commit_result_lines", "import_lines", "merge_lines"]

_LOSSES_SHOWN = 10


def merge_lines(result: MergeResult, *, what: str, branch: str) -> Iterator[Text]:
    """What a merge or a revert did, or what stops it.

    Args:
        result: from the service.
        what: ``merge`` or ``revert``.
        branch: the branch that it changes.
    """
    if result.status == "conflicts":
        yield from _conflicts(result, what)
        return
    if result.status == "invalid":
        count = plural(len(result.problems), "rule is", "rules are")
        yield Text(f"The result of the {what} is not valid: {count} broken. Nothing was written.")
        yield from single_problems(result.problems)
        return
    if result.status == "up_to_date":
        yield Text(f"Nothing to {what}: {clean(branch)} has it all.")
        return
    if result.changes is not None:
        yield from stat_lines(result.changes.stats)
    if result.resolved:
        yield Text(f"{plural(result.resolved, 'conflict')} resolved.")
    if result.dry_run:
        how = "fast-forward" if result.status == "fast_forward" else "make a commit on"
        yield Text(f"Dry run: the {what} would {how} {clean(branch)}. Nothing was written.")
    elif result.status == "fast_forward":
        head = result.commit.short_id if result.commit else result.theirs[:12]
        yield Text(f"Fast-forward: {clean(branch)} is at {head} now.")
    elif result.commit is not None:
        yield _committed(result.commit, branch)


def _conflicts(result: MergeResult, what: str) -> Iterator[Text]:
    count = plural(len(result.conflicts), "conflict")
    yield Text(f"{count}, {result.resolved} resolved. Nothing was written.", style="bold red")
    for conflict in result.conflicts:
        yield Text()
        yield from _conflict(conflict)
    if result.conflicts:
        example = shlex.quote(f"{result.conflicts[0].id}=ours")
        yield Text()
        yield Text(f"To settle them, repeat the {what} with --resolve {clean(example)}")
        yield Text(
            "(=theirs, =base, =value:JSON), with --resolve-file, or with --ours or --theirs."
        )


def _conflict(conflict: Conflict) -> Iterator[Text]:
    yield Text.assemble((clean(conflict.id), "bold"), f"  {conflict.type}")
    yield Text(f"    {clean(conflict.message)}")
    for side, style in (("base", "dim"), ("ours", "green"), ("theirs", "cyan")):
        value = getattr(conflict, side)
        shown = "(absent)" if value is None else short(value)
        yield Text.assemble(f"    {side + ':':8}", (shown, style))


def commit_result_lines(result: CommitResult, *, branch: str) -> Iterator[Text]:
    """What a change set did."""
    yield from diff_lines(result.changes)
    yield from _outcome(result.commit, branch, dry_run=result.dry_run)


def import_lines(result: ImportResult, *, branch: str) -> Iterator[Text]:
    """What an import found, changed and could not place."""
    found = ", ".join(f"{count:,} {kind}" for kind, count in result.counts.items() if count)
    triples = plural(result.report["triples"], "triple")
    yield Text(f"Read {triples}: {found or 'no definitions'}.")
    yield from stat_lines(result.stats)
    yield from _losses(result.report)
    yield from _outcome(result.commit, branch, dry_run=result.dry_run)


def _losses(report: Mapping[str, Any]) -> Iterator[Text]:
    """The loss report in short: which terms have no field of their own, and where they are kept."""
    unplaced = report["unplaced"]
    if unplaced:
        count = plural(report["unplacedTriples"], "triple")
        yield Text(f"{count} without a field of their own, kept as annotations:")
        rows = [
            (item["term"], f"{item['triples']:,}", item["why"]) for item in unplaced[:_LOSSES_SHOWN]
        ]
        yield from table(("term", "triples>", "why"), rows)
    if len(unplaced) > _LOSSES_SHOWN:
        yield Text(f"… and {len(unplaced) - _LOSSES_SHOWN} more; --report FILE writes them all.")
    for iri, name in list(report["renamed"].items())[:_LOSSES_SHOWN]:
        yield Text(f"Named {clean(name)}: {clean(iri)}")


def _outcome(commit: CommitInfo | None, branch: str, *, dry_run: bool) -> Iterator[Text]:
    if dry_run:
        yield Text("Dry run: nothing was written.")
    elif commit is None:
        yield Text(f"Nothing changed on {clean(branch)}; no commit was made.")
    else:
        yield _committed(commit, branch)


def _committed(commit: CommitInfo, branch: str) -> Text:
    line = Text.assemble(f"[{clean(branch)} ", (commit.short_id, "yellow"), "] ")
    return line.append(clean(one_line(commit)))
