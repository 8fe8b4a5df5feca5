"""Expressions: what they can say, what they cannot reach, and what stops them."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from decimal import Decimal
from typing import Any

import pytest

from oms_project.core.expressions import (
    MAX_LENGTH,
    EvaluationError,
    ExpressionError,
    NameType,
    compile_expression,
    usable_name,
)

NAMES: dict[str, NameType] = {
    "flight": "map",
    "delay": "integer",
    "share": "double",
    "text": "string",
    "items": "list",
    "now": "timestamp",
    "maybe": "any",
}


def value(text: str, /, **values: Any) -> Any:
    return compile_expression(text, NAMES).evaluate(values)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("flight.carrier == 'UA' && delay > 3", {"flight": {"carrier": "UA"}, "delay": 4}, True),
        ("has(flight.tail) ? flight.tail : 'none'", {"flight": {}}, "none"),
        ("maybe == null", {}, True),
        ("items.exists(item, item == 2)", {"items": [1, 2]}, True),
        ("items.filter(item, item > 1).map(item, item * 2)", {"items": [1, 2, 3]}, [4, 6]),
        ("items.map(delay, delay)", {"items": [7]}, [7]),
        ("share * 2.0", {"share": 3}, 6.0),
        ("maybe * 2.0", {"maybe": Decimal("1.5")}, 3.0),
        ("double(delay) / 2.0", {"delay": 3}, 1.5),
        ("text + '!'", {"text": "héé"}, "héé!"),
        ("text.lowerAscii().startsWith('u')", {"text": "UA"}, True),
        ("text.matches('^[A-Z]{2}$')", {"text": "UA"}, True),
        ("math.greatest(delay, 3)", {"delay": 2}, 3),
        (
            "now - duration('90m')",
            {"now": dt.datetime(2026, 7, 5, 12, tzinfo=dt.UTC)},
            "2026-07-05T10:30:00Z",
        ),
        (
            "now - timestamp('2026-07-05T00:00:00Z')",
            {"now": dt.datetime(2026, 7, 6, 1, tzinfo=dt.UTC)},
            "P1DT3600S",
        ),
        ("now.getHours('+09:00')", {"now": dt.datetime(2026, 7, 5, 12, tzinfo=dt.UTC)}, 21),
        ("{'a': [1, 2.5, null, 'x']}", {}, {"a": [1, 2.5, None, "x"]}),
        ("b'abc'", {}, "YWJj"),
    ],
)
def test_an_expression_has_a_value(text: str, values: dict[str, Any], expected: Any) -> None:
    assert value(text, **values) == expected


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        ("", "syntax", "The expression is empty."),
        ("delay >", "syntax", "It cannot be read (line 1, character 8): mismatched input its end."),
        (
            "dely > 3",
            "unknown-name",
            "There is no 'dely' here (line 1, character 1); names: "
            "delay, flight, items, maybe, now, share, text.",
        ),
        (
            "delay > 'a'",
            "type",
            "'>' does not take int, string; int() and double() convert numbers "
            "(line 1, character 7).",
        ),
        ("1" * (MAX_LENGTH + 1), "length", None),
        ("(" * 300 + "1" + ")" * 300, "syntax", "It is nested too deeply: at most 32 levels."),
        ("[" * 900 + "]" * 900, "syntax", "It is nested too deeply: at most 32 levels."),
        (
            "text.replace('a', 'aa')",
            "not-allowed",
            "The function 'replace' is not available here.",
        ),
        ("type(delay)", "not-allowed", "The function 'type' is not available here."),
        (
            "google.protobuf.Struct{}",
            "not-allowed",
            "Messages such as google.protobuf.Struct are not available here.",
        ),
        (
            "now.getHours('../../../etc/passwd')",
            "not-allowed",
            "The zone of getHours is 'UTC' or an offset such as '+09:00', as it stands.",
        ),
        (
            "now.getHours(text)",
            "not-allowed",
            "The zone of getHours is 'UTC' or an offset such as '+09:00', as it stands.",
        ),
        ("__import__('os')", "unknown-name", None),
    ],
)
def test_what_is_wrong_is_said_when_it_is_compiled(
    text: str, code: str, sentence: str | None
) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, NAMES)
    assert caught.value.code == code
    if sentence is not None:
        assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("text", "values", "code"),
    [
        ("flight.tail == 'x'", {"flight": {}}, "missing"),
        ("flight.delay > 3", {"flight": {"delay": None}}, "type"),
        ("flight.delay + 1.5", {"flight": {"delay": 1}}, "type"),
        ("delay / 0", {"delay": 1}, "arithmetic"),
        ("delay + 9223372036854775807", {"delay": 1}, "arithmetic"),
        ("flight.big", {"flight": {"big": 2**70}}, "arithmetic"),
        ("1.0 / 0.0", {}, "arithmetic"),
        ("items[3]", {"items": [1]}, "missing"),
        ("{1: 2}", {}, "type"),
    ],
)
def test_what_has_no_value_says_why(text: str, values: dict[str, Any], code: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(text, **values)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "text",
    [
        "flight.__class__",
        "flight.__class__.__mro__[1].__subclasses__()",
        "flight.keys()",
        "text.__len__()",
        "maybe.secret",
        "flight.get('x')",
    ],
)
def test_attributes_of_python_are_not_reached(text: str) -> None:
    class Opened:
        secret = "seen"

    with pytest.raises((ExpressionError, EvaluationError)):
        value(text, flight={"carrier": "UA"}, text="x", maybe=Opened())


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("flight[flight.secret]", {"flight": {"secret": "s3cr3t"}}),
        ("int(flight.secret)", {"flight": {"secret": "s3cr3t"}}),
        ("timestamp(flight.secret)", {"flight": {"secret": "s3cr3t"}}),
        ("duration(flight.secret)", {"flight": {"secret": "s3cr3t"}}),
        ("items[flight.secret]", {"items": [], "flight": {"secret": 77_441_177}}),
        ("flight.secret * 9223372036854775807", {"flight": {"secret": 77_441_177}}),
        ("text.matches(flight.secret)", {"text": "x", "flight": {"secret": "(s3cr3t"}}),
    ],
)
def test_an_error_shows_no_value(text: str, values: dict[str, Any]) -> None:
    with pytest.raises(EvaluationError) as caught:
        value(text, **values)
    assert "s3cr3t" not in str(caught.value)
    assert "77441177" not in str(caught.value)


def _doubled(start: str, levels: int) -> str:
    inner = f"a{levels} == a{levels}"
    for level in range(levels, 0, -1):
        before = f"a{level - 1}"
        inner = f"[{start.replace('a', before)}].exists(a{level}, {inner})"
    return inner.replace("a0", "items" if "[" in start else "text")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("items.all(a, items.all(b, items.all(c, a + b + c >= 0)))", {"items": [0] * 1000}),
        ("items.all(a, a in items)", {"items": list(range(9000))}),
        ("items.all(a, items == items)", {"items": [0] * 9000}),
        ("items.map(a, items)", {"items": [0] * 5000}),
        ("items.all(a, !text.matches('(a|b)*c.*d'))", {"items": [0] * 9000, "text": "ab" * 9000}),
        ("items.all(a, !text.matches('((a{50}){10}){2}'))", {"items": [0] * 9000, "text": "ab"}),
        (_doubled("a + a", 20), {"text": "x" * 1000}),
        (_doubled("[a, a]", 20), {"items": [0] * 1000}),
    ],
)
def test_what_would_take_long_is_not_run(text: str, values: dict[str, Any]) -> None:
    started = time.perf_counter()
    with pytest.raises((EvaluationError, ExpressionError)) as caught:
        value(text, **values)
    assert time.perf_counter() - started < 1
    if isinstance(caught.value, EvaluationError):
        assert caught.value.code == "too-costly"


def test_what_is_allowed_ends_soon() -> None:
    started = time.perf_counter()
    assert value("items.all(a, items.exists(b, b == a))", items=list(range(90))) is True
    assert value("items.all(a, !text.matches('(a+)+$'))", items=[0] * 50, text="a" * 9000 + "b")
    assert time.perf_counter() - started < 2


def test_free_names_and_members_are_known() -> None:
    compiled = compile_expression(
        "items.all(flight, flight.x > delay) && flight.y == maybe.z", NAMES
    )
    assert compiled.names == {"items", "delay", "flight", "maybe"}
    assert compiled.fields == {("flight", "y"), ("maybe", "z")}


def test_names_of_the_language_name_no_value() -> None:
    assert not usable_name("in")
    assert not usable_name("type")
    assert not usable_name("größe")
    assert usable_name("duration")
    with pytest.raises(ExpressionError):
        compile_expression("package == 'x'", {"package": "string"})


def test_the_same_text_is_compiled_once() -> None:
    assert compile_expression("delay > 1", NAMES) is compile_expression("delay > 1", dict(NAMES))


def test_the_library_is_loaded_with_the_first_expression() -> None:
    program = (
        "import sys\nimport oms_project.core.expressions as e\n"
        "assert 'cel_expr_python' not in sys.modules\n"
        "e.compile_expression('1 > 0', {})\n"
        "assert 'cel_expr_python' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
