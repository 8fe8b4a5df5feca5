"""Commits, their log and its graph as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from rich.text import Text

from oms_project.management.text import clean
from ontology.contract import CommitInfo
from ontology.domain.authorship import parse_author
from ontology.management.cli.rendering.values import one_line, plural, time_text

__all__ = ["commit_lines", "graph_lines", "oneline", "signature_text"]

Names = Mapping[str, Sequence[str]]


def commit_lines(
    commit: CommitInfo, names: Names, *, signature: Text | None = None
) -> Iterator[Text]:
    """A commit in full.

    Args:
        commit: the commit.
        names: commit id -> branches and tags that point at it.
        signature: what was found of its signature, when that was looked at.
    """
    yield Text.assemble(("commit ", "yellow"), (commit.id, "yellow"), _refs(commit, names))
    if len(commit.parents) > 1:
        yield Text("Merge:   " + " ".join(parent[:12] for parent in commit.parents))
    yield Text(f"Author:  {clean(commit.author)}")
    if signature is not None:
        yield Text.assemble("Signed:  ", signature)
    yield Text(f"Date:    {time_text(commit.time)}")
    yield Text(f"Changes: {plural(commit.change_count, 'document')}")
    yield Text()
    for line in commit.message.strip().splitlines() or [""]:
        yield Text(f"    {clean(line)}")


def signature_text(commit: CommitInfo, problem: str | None) -> Text:
    """What was found of a commit's signature.

    Args:
        problem: why it does not hold; None when it does.
    """
    if problem is not None:
        return Text(f"NOT GENUINE: {problem}", style="bold red")
    found = parse_author(commit.signature)
    assert found is not None
    for_whom = (
        f", on behalf of {clean(found.on_behalf_of)} ({clean(found.reason)})"
        if found.delegated
        else ""
    )
    return Text.assemble(("holds", "green"), f", key {found.kid}{for_whom}")


def oneline(commit: CommitInfo, names: Names) -> Text:
    """A commit on one line."""
    line = Text.assemble((commit.short_id, "yellow"), _refs(commit, names), " ")
    return line.append(clean(one_line(commit)))


def _refs(commit: CommitInfo, names: Names) -> Text:
    found = names.get(commit.id)
    return Text(f" ({', '.join(found)})", style="bold cyan") if found else Text()


def graph_lines(
    commits: Iterable[CommitInfo], show: Callable[[CommitInfo], Iterable[Text]]
) -> Iterator[Text]:
    """The history as a graph, children above parents, much as ``git log --graph`` draws it.

    A column stands for a commit that is still to come. A commit leaves its column to its parents:
    those that no column waits for yet take its place, side by side. What moves is drawn with
    slashes, one column a line.

    Args:
        commits: newest first, every child before its parents.
        show: the lines for a commit, at least one.
    """
    columns: list[str] = []
    for commit in commits:
        if commit.id not in columns:
            columns.append(commit.id)
        at = columns.index(commit.id)
        others = [column for column in columns if column != commit.id]
        opened = [parent for parent in commit.parents if parent not in others]
        after = [*columns[:at], *opened, *columns[at + 1 :]]
        edges = [(i, after.index(column)) for i, column in enumerate(columns) if i != at]
        edges += [(at, after.index(parent)) for parent in commit.parents]
        text = list(show(commit))
        yield _row("*" if i == at else "|" for i in range(len(columns))) + text[0]
        moves = list(_moves(edges))
        rest = text[1:]
        for at_line in range(max(len(moves), len(rest))):
            row = moves[at_line] if at_line < len(moves) else _row("|" * len(after))
            yield row + rest[at_line] if at_line < len(rest) else row
        columns = after


def _moves(edges: Sequence[tuple[int, int]]) -> Iterator[Text]:
    """Lines that lead every edge from its column to another one, a column a line."""
    edges = sorted(set(edges))
    width = 2 * (max((max(edge) for edge in edges), default=0) + 1)
    while any(at != to for at, to in edges):
        cells = [" "] * width
        for at, to in edges:
            cell = 2 * at + (to > at) - (to < at)
            mark = "|" if at == to else "\\" if to > at else "/"
            cells[cell] = mark if cells[cell] in (" ", mark) else "X"
        yield Text("".join(cells), style="blue")
        edges = [(at + (to > at) - (to < at), to) for at, to in edges]


def _row(marks: Iterable[str]) -> Text:
    line = Text()
    for mark in marks:
        line.append(mark, style="bold" if mark == "*" else "blue").append(" ")
    return line
