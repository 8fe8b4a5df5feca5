"""The graph of a history, drawn for shapes that git draws too."""

from __future__ import annotations

import datetime as dt

from rich.text import Text

from ontology.contract import CommitInfo
from ontology.management.cli.rendering.commits import graph_lines


def _commit(name: str, *parents: str) -> CommitInfo:
    return CommitInfo(
        id=name, parents=parents, author="ann (1)", author_id="1", author_username="ann",
        time=dt.datetime(2026, 7, 5, tzinfo=dt.UTC), message=name, content_hash="", change_count=1,
    )  # fmt: skip


def _drawn(*commits: CommitInfo, lines: int = 1) -> list[str]:
    def show(commit: CommitInfo) -> list[Text]:
        return [Text(commit.id), *[Text(f"line {number}") for number in range(2, lines + 1)]]

    return [line.plain.rstrip() for line in graph_lines(commits, show)]


def test_a_straight_line() -> None:
    assert _drawn(_commit("b", "a"), _commit("a")) == ["* b", "* a"]


def test_a_merge_opens_a_column_that_the_fork_closes() -> None:
    drawn = _drawn(_commit("m", "c", "b"), _commit("c", "a"), _commit("b", "a"), _commit("a"))
    assert drawn == ["* m", "|\\", "* | c", "| * b", "|/", "* a"]


def test_two_tips_fall_together_at_their_common_parent() -> None:
    assert _drawn(_commit("c", "a"), _commit("b", "a"), _commit("a")) == [
        "* c",
        "| * b",
        "|/",
        "* a",
    ]


def test_a_criss_cross_merge() -> None:
    drawn = _drawn(
        _commit("m", "d", "e"), _commit("e", "c", "b"), _commit("d", "b", "c"),
        _commit("c", "a"), _commit("b", "a"), _commit("a"),
    )  # fmt: skip
    assert drawn == [
        "* m", "|\\", "| * e", "| |\\", "* | | d", "|X /", "* | c", "| * b", "|/", "* a",
    ]  # fmt: skip


def test_further_lines_stand_beside_the_columns() -> None:
    drawn = _drawn(
        _commit("m", "b", "c"), _commit("b", "a"), _commit("c", "a"), _commit("a"), lines=3
    )
    assert drawn[:4] == ["* m", "|\\  line 2", "| | line 3", "* | b"]
    assert drawn[-3:] == ["* a", "line 2", "line 3"]


def test_a_second_root_ends_its_column() -> None:
    assert _drawn(_commit("b"), _commit("a")) == ["* b", "* a"]
