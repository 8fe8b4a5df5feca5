"""Filters as they are written: any JSON is a filter or is refused with a place and a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oms_project.core.canonical_json import dumps_text
from oms_project.core.errors import BadRequest
from ontology.domain.query import (
    OPERATORS,
    All,
    AnyOf,
    Condition,
    Filter,
    Linked,
    Measure,
    Negation,
    Sort,
    parse_condition,
    parse_filter,
    parse_measure,
    parse_sort,
)

NAMES = st.sampled_from(("age", "home.city", "", ".", "a..b", "worksFor.name")) | st.text(
    max_size=5
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.decimals()
)
MEMBERS = st.sampled_from(
    ("and", "or", "not", "property", "op", "value", "link", "direction", "where", "extra")
)
ANY_JSON = st.recursive(
    SCALARS | st.sampled_from(OPERATORS) | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(MEMBERS, inner, max_size=3),
    max_leaves=20,
)
CONDITIONS = st.fixed_dictionaries(
    {"property": NAMES},
    optional={"op": st.sampled_from(OPERATORS), "value": SCALARS | st.lists(SCALARS, max_size=3)},
)
LIKELY = st.recursive(
    CONDITIONS,
    lambda inner: (
        st.builds(lambda parts: {"and": parts}, st.lists(inner, max_size=3))
        | st.builds(lambda parts: {"or": parts}, st.lists(inner, max_size=3))
        | st.builds(lambda part: {"not": part}, inner)
        | st.fixed_dictionaries(
            {"link": NAMES},
            optional={
                "where": inner,
                "direction": st.sampled_from(("outgoing", "incoming", "both", "up")),
            },
        )
    ),
    max_leaves=8,
)


def attempted(parse: Callable[[Any], Any], value: Any) -> Any:
    """What is parsed; None where it is refused as it should be."""
    try:
        return parse(value)
    except BadRequest as error:
        refused = error
    assert refused.error_code in ("bad_filter", "bad_sort", "bad_measure")
    if refused.error_code == "bad_filter":
        (told,) = refused.errors
        assert told["message"]
        assert told["field"] == "" or told["field"].startswith("/")
    return None


def written(found: Filter) -> Any:
    """The JSON of a filter."""
    if isinstance(found, All | AnyOf):
        return {"and" if isinstance(found, All) else "or": [written(part) for part in found.parts]}
    if isinstance(found, Negation):
        return {"not": written(found.part)}
    if isinstance(found, Linked):
        made: dict[str, Any] = {"link": found.link, "direction": found.direction}
        return made if found.where is None else {**made, "where": written(found.where)}
    return {"property": ".".join(found.path), "op": found.op, "value": found.value}


@given(ANY_JSON | LIKELY)
@example({"property": ["a"], "value": 1})
@example({"property": {}, "op": {}, "value": 1})
@example({"link": "x", "direction": ["outgoing"]})
@example({"link": "x", "direction": {}})
@example({"property": "a", "op": "in", "value": [[], {}]})
def test_any_json_is_a_filter_or_is_refused(value: Any) -> None:
    found = attempted(parse_filter, value)
    if found is not None:
        assert parse_filter(written(found)) == found


@given(LIKELY)
def test_text_and_value_are_the_same_filter(value: Any) -> None:
    try:
        text = dumps_text(value)
    except (TypeError, ValueError):
        return  # NaN: no JSON
    one, other = attempted(parse_filter, value), attempted(parse_filter, text)
    assert (one is None) == (other is None)


@given(st.text(max_size=30))
@example("[" * 20_000)
@example('{"not":' * 5_000)
@example("1e999999999999999999999")
@example("\ud800")
@example('{"property":"a","value":NaN}')
def test_any_text_is_a_filter_or_is_refused(text: str) -> None:
    attempted(parse_filter, text)


@given(
    st.text(max_size=20) | st.builds("{}:{}:{}".format, NAMES, st.sampled_from(OPERATORS), NAMES)
)
@example("a:in:" + "," * 20_000)
@example("a:isNull:maybe")
def test_any_condition_is_one_or_is_refused(text: str) -> None:
    found = attempted(parse_condition, text)
    if found is not None:
        assert found.op in OPERATORS
        assert all(found.path)
        assert found.text


@given(st.lists(st.text(max_size=5), max_size=7))
def test_any_sort_is_one_or_is_refused(texts: list[str]) -> None:
    found = attempted(parse_sort, texts)
    if found is not None:
        assert len(found) <= 5


@given(st.text(max_size=12))
def test_any_measure_is_one_or_is_refused(text: str) -> None:
    found = attempted(parse_measure, text)
    if found is not None:
        assert found == parse_measure(f"{found.function}:{found.name}" if found.name else "count")


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], ""),
        ({}, ""),
        ({"and": {}}, "/and"),
        ({"and": [{"property": "a", "value": 1}, {"or": []}]}, "/and/1/or"),
        ({"not": {"not": {"property": "a", "op": "like", "value": 1}}}, "/not/not/op"),
        ({"property": "a..b", "value": 1}, "/property"),
        ({"property": "a", "value": None}, "/value"),
        ({"property": "a", "op": "in", "value": "x"}, "/value"),
        ({"property": "a", "op": "isNull", "value": 1}, "/value"),
        ({"property": "a", "op": "startsWith", "value": 1}, "/value"),
        ({"property": "a", "value": 1, "vaule": 2}, "/vaule"),
        ({"link": 1}, "/link"),
        ({"link": "a", "direction": "up"}, "/direction"),
        ({"link": "a", "where": {"and": [1]}}, "/where/and/0"),
    ],
)
def test_the_place_is_told(value: Any, field: str) -> None:
    with pytest.raises(BadRequest) as error:
        parse_filter(value)
    assert [told["field"] for told in error.value.errors] == [field]


def test_what_is_too_much() -> None:
    condition = {"property": "a", "value": 1}
    parse_filter({"and": [condition] * 199})
    with pytest.raises(BadRequest, match="200 parts"):
        parse_filter({"and": [condition] * 200})
    deep: Any = condition
    for _ in range(9):
        deep = {"not": deep}
    parse_filter(deep)
    with pytest.raises(BadRequest, match="10 deep"):
        parse_filter({"not": deep})
    with pytest.raises(BadRequest):
        parse_filter({"property": "a", "op": "in", "value": [1] * 10_001})


def test_what_is_parsed() -> None:
    assert parse_condition("a.b:in:1,2") == Condition(("a", "b"), "in", ["1", "2"], text=True)
    assert parse_condition("a:eq:x:y") == Condition(("a",), "eq", "x:y", text=True)
    assert parse_condition("a:isNull") == Condition(("a",), "isNull", True, text=True)
    assert parse_sort(["a", "-b", ""]) == (Sort("a"), Sort("b", descending=True))
    assert parse_measure("avg:price") == Measure("avg", "price")
    assert Measure("avg", "price").label == "avg(price)"
