"""Names: legal, conventional, mangled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ontology.domain.kinds import Kind
from ontology.domain.names import (
    MAX_NAME_LENGTH,
    branch_name_problem,
    convention_problem,
    enum_code_problem,
    mangle,
    name_key,
    name_problem,
    ontology_name_problem,
)


@pytest.mark.parametrize(
    "name", ["a", "A", "_a", "_", "a_b", "A1", "x" * MAX_NAME_LENGTH, "object"]
)
def test_legal_names(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "use letters, digits and underscores"),
        ("1a", "not starting with a digit"),
        ("a-b", "use letters"),
        ("a b", "use letters"),
        ("a\n", "use letters"),
        ("é", "use letters"),
        ("١a", "use letters"),
        ("__a", "belong to GraphQL"),
        ("ObjectType", "is the name of a kind"),
        ("Object", "is the name of a kind"),
        ("x" * (MAX_NAME_LENGTH + 1), "longer than 200"),
    ],
)
def test_illegal_names(name: str, words: str) -> None:
    problem = name_problem(name)
    assert problem is not None
    assert words in problem


def test_names_are_compared_without_case() -> None:
    assert name_key("DayOfWeek") == name_key("dayOFweek") == "dayofweek"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Kind.OBJECT_TYPE, "OrderLine", "orderLine"),
        (Kind.OBJECT_TYPE, "A", "Order_Line"),
        (Kind.INTERFACE, "HasName", "hasName"),
        (Kind.VALUE_TYPE, "Email", "email"),
        (Kind.ENUM_TYPE, "Color", "COLOR_"),
        (Kind.STRUCT_TYPE, "Address", "address"),
        (Kind.SHARED_PROPERTY, "givenName", "GivenName"),
        (Kind.LINK_TYPE, "worksFor", "works_for"),
        (Kind.ACTION_TYPE, "hire", "Hire"),
        (None, "orderedAt", "OrderedAt"),
    ],
)
def test_the_convention(kind: Kind | None, good: str, bad: str) -> None:
    assert convention_problem(kind, good) is None
    assert "CamelCase, such as" in str(convention_problem(kind, bad))


def test_codes_are_upper_snake() -> None:
    assert enum_code_problem("IN_TRANSIT") is None
    assert enum_code_problem("A1") is None
    assert enum_code_problem("InTransit") == "use UPPER_SNAKE, such as IN_TRANSIT"


@pytest.mark.parametrize(
    "name", ["main", "a", "0", "v1.0", "team/x", "a-b_c", "release/2026-07", "deadbee/x", "x" * 200]
)
def test_names_of_branches_and_tags(name: str) -> None:
    assert branch_name_problem(name) is None


@pytest.mark.parametrize(
    "name",
    ["", "Main", "a b", "-a", "a/", "/a", "a//b", "a..b", ".a", "a.", "a@b", "한", "a\n", "x" * 201,
     "deadbee", "0123456", "a" * 64, "a\0"],
)  # fmt: skip
def test_what_cannot_name_a_branch(name: str) -> None:
    assert branch_name_problem(name) is not None


def test_what_can_name_an_ontology() -> None:
    for name in ("a", "schema.org", "my-onto_2"):
        assert ontology_name_problem(name) is None
    for name in ("", "A", "a/b", "a..b", "-a", "a-", "x" * 101, "a\n"):
        assert ontology_name_problem(name) is not None
    assert "id" in str(ontology_name_problem("00000000-0000-4000-8000-000000000000"))


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("Person", "Person"),
        ("3DModel", "_3DModel"),
        ("a-b.c", "a_b_c"),
        ("사람", "_uC0AC_uB78C"),
        ("__type", "x__type"),
        ("Object", "_Object"),
        ("", "_"),
        ("-x", "_x"),
        ("--x", "x__x"),
    ],
)
def test_mangling(local: str, expected: str) -> None:
    assert mangle(local) == expected


@given(st.text(max_size=300))
def test_a_mangled_name_is_legal_and_stays(local: str) -> None:
    name = mangle(local)
    assert name_problem(name) is None
    assert mangle(name) == name
