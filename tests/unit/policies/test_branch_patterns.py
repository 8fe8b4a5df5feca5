"""Which branches a pattern means."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_project.identity.domain import branch_matches, branch_pattern_problem


@pytest.mark.parametrize(
    ("pattern", "branch", "matches"),
    [
        ("main", "main", True),
        ("main", "main2", False),
        ("main", "Main", False),
        ("release/*", "release/1", True),
        ("release/*", "release/1/fix", True),
        ("release/*", "release/", True),
        ("release/*", "release", False),
        ("release/*", "my/release/1", False),
        ("*", "anything/at/all", True),
        ("*/hotfix", "release/1/hotfix", True),
        ("*/hotfix", "hotfix", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "a-c-b", False),
        ("aa*aa", "aaa", False),
        ("release/[12]", "release/1", False),
        ("release/?", "release/1", False),
    ],
)
def test_a_star_is_any_text_and_all_else_is_itself(
    pattern: str, branch: str, matches: bool
) -> None:
    assert branch_matches(pattern, branch) is matches


@given(st.text("ab*/", max_size=12), st.text("ab/", max_size=12))
def test_it_agrees_with_a_regular_expression(pattern: str, branch: str) -> None:
    expected = re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
    assert branch_matches(pattern, branch) is (expected.fullmatch(branch) is not None)


def test_a_pattern_of_many_stars_costs_nothing() -> None:
    assert not branch_matches("*a" * 90 + "*b", "a" * 200)


@pytest.mark.parametrize("wrong", ["", "a b", "a\n", "\x00"])
def test_what_no_branch_can_be_called_is_no_pattern(wrong: str) -> None:
    assert branch_pattern_problem(wrong) is not None


def test_a_pattern_is_a_pattern() -> None:
    assert branch_pattern_problem("release/*") is None
