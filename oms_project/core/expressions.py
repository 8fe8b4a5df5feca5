"""Expressions of action types: the Common Expression Language (CEL), within bounds.

CEL has no loops, no assignments and no access to anything but the values that it is given. What is
left to bound is how long an expression takes: before it runs, its cost with the values at hand is
estimated from its syntax tree, and an expression that may be too costly is not run. See decision 16.

The library is loaded when the first expression is compiled.
"""

from __future__ import annotations

import base64
import datetime as dt
import math
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from oms_project.core.expression_tree import (
    Node,
    cost_of,
    free_names,
    read_tree,
    selections,
    size_of,
)

if TYPE_CHECKING:
    from cel_expr_python import cel

__all__ = [
    "MAX_COST",
    "MAX_LENGTH",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "NameType",
    "compile_expression",
    "usable_name",
]

#: Characters of one expression.
MAX_LENGTH: Final = 2000
#: What an evaluation may cost at most: roughly looked-at values, a few nanoseconds each.
MAX_COST: Final = 5_000_000

#: What is known of a name before it has a value. ``any`` is checked when the expression runs.
NameType = Literal["any", "boolean", "integer", "double", "string", "list", "map", "timestamp"]

#: Names of CEL itself, which no value can have.
_RESERVED = frozenset(
    [
        "as",
        "bool",
        "break",
        "bytes",
        "const",
        "continue",
        "double",
        "duration",
        "dyn",
        "else",
        "false",
        "for",
        "function",
        "if",
        "import",
        "in",
        "int",
        "let",
        "list",
        "loop",
        "map",
        "namespace",
        "null",
        "null_type",
        "package",
        "return",
        "string",
        "timestamp",
        "true",
        "type",
        "uint",
        "var",
        "void",
        "while",
    ]
) - {"duration", "timestamp"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")
_RUN_OVERLOAD = re.compile(r"No matching overloads found : (\S+?)(?:\((.*)\))?$")


class ExpressionError(ValueError):
    """The text is no expression that can be used here; the message says why, in a sentence.

    Attributes:
        code: ``syntax``, ``unknown-name``, ``type``, ``length`` or ``not-allowed``.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class EvaluationError(ValueError):
    """It has no value with these values. The message names no value, as not everybody may see it.

    Attributes:
        code: ``missing``, ``type``, ``arithmetic``, ``too-costly`` or ``evaluation``.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; safe to share between threads.

    Attributes:
        names: the free names that it uses, of those it was compiled for.
        fields: (name, field) for every ``name.field`` of a free name.
    """

    text: str
    names: frozenset[str]
    fields: frozenset[tuple[str, str]]
    _types: Mapping[str, NameType]
    _tree: Node
    _program: cel.Expression

    @property
    def returns(self) -> str:
        """The type of its value as far as it is known, such as ``BOOL``, ``INT`` or ``DYN``."""
        return str(self._program.return_type().name())

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Its value as JSON; a point in time as ISO 8601 text in UTC, a duration likewise, bytes
        as base64 text.

        Args:
            values: JSON values, decimals or points in time by name; a name that is missing is null.

        Raises:
            EvaluationError.
        """
        used = {name: _given(values.get(name), self._types[name]) for name in sorted(self.names)}
        sizes = {name: size_of(value) for name, value in used.items()}
        if cost_of(self._tree, sizes) > MAX_COST:
            raise EvaluationError(
                "With these values the expression may take too long. Use shorter lists, or fewer "
                "expressions inside of all, exists, map and filter.",
                code="too-costly",
            )
        try:
            value = self._program.eval(data=used)
        except RuntimeError as error:
            raise self._failed(str(error)) from None
        if value.type().name() in ("ERROR", "UNKNOWN"):
            raise self._failed(str(value.plain_value()))
        return _json(value.plain_value())

    def _failed(self, told: str) -> EvaluationError:
        """In words of our own: the library's hold values, which the reader perhaps may not see."""
        status, _, text = told.partition(": ")
        if status == "NOT_FOUND" or "Key not found" in told:
            names = sorted({field for _, field in self.fields})
            known = [name for name in names if f'"{name}"' in told]
            return EvaluationError(
                f"There is no '{known[0]}' here; has(…) asks whether there is one."
                if known
                else "A member that it asks for is not there; has(…) asks whether it is.",
                code="missing",
            )
        if (match := _RUN_OVERLOAD.search(text)) is not None:
            return EvaluationError(_no_overload(match.group(1), match.group(2) or ""), code="type")
        if "divide by zero" in told or "modulus by zero" in told:
            return EvaluationError("It divides by zero.", code="arithmetic")
        if "overflow" in told or "OUT_OF_RANGE" in told or "out of range" in told:
            return EvaluationError("A number is out of range (64 bits).", code="arithmetic")
        if "Index error" in told:
            return EvaluationError("A list has no item at that position.", code="missing")
        if "Unexpected value type" in told:
            return EvaluationError("A value is not of the type that it should have.", code="type")
        if "Iteration budget" in told:
            return EvaluationError(
                "It looks at more than 10,000 items. Use shorter lists.", code="too-costly"
            )
        return EvaluationError("It has no value with these values.", code="evaluation")


def usable_name(name: str) -> bool:
    """Whether an expression can speak of a value by this name."""
    return _NAME.fullmatch(name) is not None and name not in _RESERVED


def compile_expression(text: str, names: Mapping[str, NameType]) -> Expression:
    """Compile ``text``, which may use ``names`` and nothing else. Compiled ones are kept.

    Raises:
        ExpressionError.
    """
    return _compiled(text, tuple(sorted(names.items())))


@lru_cache(maxsize=1024)
def _compiled(text: str, names: tuple[tuple[str, NameType], ...]) -> Expression:
    if not text.strip():
        raise ExpressionError("The expression is empty.", code="syntax")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"An expression has at most {MAX_LENGTH} characters, this one has {len(text)}.",
            code="length",
        )
    types = {name: kind for name, kind in names if usable_name(name)}
    try:
        program = _environment(tuple(sorted(types.items()))).compile(text)
    except RuntimeError as error:
        raise _refused(str(error), types) from None
    try:
        tree = read_tree(program.serialize())
    except ValueError as error:
        raise ExpressionError(str(error), code="not-allowed") from error
    return Expression(
        text=text,
        names=frozenset(free_names(tree)) & types.keys(),
        fields=frozenset(selections(tree)),
        _types=types,
        _tree=tree,
        _program=program,
    )


_loading = threading.Lock()


@lru_cache(maxsize=256)
def _environment(names: tuple[tuple[str, NameType], ...]) -> cel.Env:
    with _loading:
        from cel_expr_python import cel
        from cel_expr_python.ext import ext_math, ext_strings

    dyn = cel.Type.DYN
    types = {
        "any": dyn,
        "boolean": cel.Type.BOOL,
        "integer": cel.Type.INT,
        "double": cel.Type.DOUBLE,
        "string": cel.Type.STRING,
        "list": cel.Type.List(dyn),
        "map": cel.Type.Map(cel.Type.STRING, dyn),
        "timestamp": cel.Type.TIMESTAMP,
    }
    return cel.NewEnv(
        variables={name: types[kind] for name, kind in names},
        extensions=[ext_strings.ExtStrings(), ext_math.ExtMath()],
    )


def _refused(told: str, types: Mapping[str, NameType]) -> ExpressionError:
    match = _PLACE.search(told)
    if match is None:
        return ExpressionError(
            "It is nested too deeply: at most 32 levels."
            if "recursion" in told
            else "It cannot be read as an expression.",
            code="syntax",
        )
    line, column, what = int(match.group(1)), int(match.group(2)), match.group(3)
    where = f" (line {line}, character {column})" if line > 0 else ""
    if (unknown := _UNDECLARED.search(what)) is not None:
        known = ", ".join(sorted(types)) or "none"
        return ExpressionError(
            f"There is no '{unknown.group(1)}' here{where}; names: {known}.", code="unknown-name"
        )
    if (overload := _OVERLOAD.search(what)) is not None:
        sentence = _no_overload(overload.group(1), overload.group(2).strip("()"))
        return ExpressionError(f"{sentence[:-1]}{where}.", code="type")
    if "recursion" in what:
        return ExpressionError("It is nested too deeply: at most 32 levels.", code="syntax")
    if what.startswith("Syntax error: "):
        what = what.removeprefix("Syntax error: ")
        what = what.partition(" expecting ")[0].replace("'<EOF>'", "its end")
        return ExpressionError(
            f"It cannot be read{where}: {what[:200].rstrip('.')}.", code="syntax"
        )
    return ExpressionError(
        f"It cannot be read{where}: {what[:200].partition(' (in container')[0].rstrip('.')}.",
        code="syntax",
    )


_OPERATORS = {"_?_:_": "? :", "_[_]": "[ ]", "@in": "in", "!_": "!", "-_": "-"}


def _no_overload(function: str, types: str) -> str:
    name = _OPERATORS.get(function, function.strip("_"))
    told = types.replace("int64", "int").replace("null_type", "null")
    return f"'{name}' does not take {told or 'these values'}; int() and double() convert numbers."


# --- values -----------------------------------------------------------------------------------
def _given(value: Any, kind: NameType) -> Any:
    if kind == "double" and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return float(value)
    return _plain(value)


def _plain(value: Any) -> Any:
    """``value`` as the library takes it."""
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    return value


def _json(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EvaluationError("Its value is no finite number.", code="arithmetic")
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.timedelta):
        return _duration(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise EvaluationError("The names in a value must be text.", code="type")
        return {name: _json(item) for name, item in value.items()}
    raise EvaluationError("Its value is none that a property can hold.", code="type")


def _duration(value: dt.timedelta) -> str:
    sign, value = ("-", -value) if value < dt.timedelta() else ("", value)
    seconds = f"{value.seconds}.{value.microseconds:06}".rstrip("0").rstrip(".")
    days = f"{value.days}D" if value.days else ""
    time = f"T{seconds}S" if value.seconds or value.microseconds or not days else ""
    return f"{sign}P{days}{time}"
