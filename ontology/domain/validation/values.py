"""Rules about values and single documents: data types, defaults, constraints, enums, texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from oms_project.core.ids import is_rid
from ontology.domain.constraints import constraint_problem
from ontology.domain.datatypes import (
    DataType,
    comparable,
    is_absolute_iri,
    parse_data_type,
    value_problem,
)
from ontology.domain.documents import Body, Problem
from ontology.domain.kinds import NO_LANGUAGE, Kind
from ontology.domain.names import name_key, name_problem
from ontology.domain.schema import Schema
from ontology.domain.validation.problems import Reporter

__all__ = [
    "check_array",
    "check_data_types",
    "check_default",
    "check_distinct",
    "check_enum_type",
    "check_texts",
    "check_value_type",
    "header_problems",
    "iri_problem",
]

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
_PREFIX = re.compile(r"([^\W\d_]([\w.-]*[\w-])?)?")
_ORDERED = frozenset({"integer", "long", "decimal", "double", "date", "timestamp", "time"})
_TEXTUAL = frozenset({"string", "uri", "binary"})
_TEXT_MAPS = ("displayName", "description", "label", "message", "reason")
_PARTS = ("properties", "fields", "members", "parameters", "submissionCriteria")


def iri_problem(text: str) -> str | None:
    """Why ``text`` is not an absolute IRI (RFC 3987), or None."""
    return None if is_absolute_iri(text) else "use an absolute IRI, such as https://example.org/x"


def header_problems(rid: str, body: Body) -> list[Problem]:
    """Problems of an ``Ontology`` document."""
    found: list[Problem] = []
    report = Reporter(found, Kind.ONTOLOGY, rid, body)
    base = body.get("baseIri", "")
    if (problem := iri_problem(base)) is not None:
        report.add("/baseIri", "iri", f"'{base}' cannot be the base IRI: {problem}.")
    for prefix, iri in body.get("prefixes", {}).items():
        pointer = f"/prefixes/{prefix}"
        if _PREFIX.fullmatch(prefix) is None:
            report.add(pointer, "prefix", f"'{prefix}' cannot be a prefix: use letters and digits.")
        if (problem := iri_problem(iri)) is not None:
            report.add(pointer, "iri", f"'{iri}' cannot be a namespace: {problem}.")
    language = body.get("defaultLanguage", "en")
    if _LANGUAGE.fullmatch(language) is None:
        report.add("/defaultLanguage", "language", f"'{language}' is not a language tag (BCP 47).")
    check_texts(report)
    return found


def check_texts(report: Reporter) -> None:
    """Language tags of the document's texts, and its IRI."""
    iri = report.body.get("iri")
    if iri and (problem := iri_problem(iri)) is not None:
        report.add("/iri", "iri", f"'{iri}' cannot be an IRI: {problem}.")
    _check_language_maps(report, report.body, "")
    for field in _PARTS:
        items = report.body.get(field)
        for position, item in enumerate(items if isinstance(items, list) else ()):
            if "deprecation" in item or any(name in item for name in _TEXT_MAPS):
                _check_language_maps(report, item, f"/{field}/{position}")


def _check_language_maps(report: Reporter, body: Body, pointer: str) -> None:
    for field in _TEXT_MAPS:
        for tag in body.get(field, ()):
            if not _is_language(tag):
                report.add(
                    f"{pointer}/{field}/{tag}",
                    "language",
                    f"'{tag}' is not a language tag. Use one such as en or ko, "
                    f"or {NO_LANGUAGE} for text without a language.",
                )
    deprecation = body.get("deprecation")
    if deprecation:
        _check_language_maps(report, deprecation, f"{pointer}/deprecation")


@lru_cache(maxsize=1024)
def _is_language(tag: str) -> bool:
    return tag == NO_LANGUAGE or _LANGUAGE.fullmatch(tag) is not None


def check_data_types(report: Reporter, data_types: list[str], pointer: str) -> None:
    """Whether each data type that is no reference can be read."""
    for position, data_type in enumerate(data_types):
        if not is_rid(data_type):
            try:
                parse_data_type(data_type)
            except ValueError as error:
                report.add(f"{pointer}/{position}", "data-type", str(error))


def check_distinct(report: Reporter, field: str) -> None:
    """Whether the items of a list that are identified by ``name`` have names of their own."""
    seen: set[str] = set()
    for position, item in enumerate(report.body.get(field, ())):
        if item["name"] in seen:
            report.add(
                f"/{field}/{position}/name",
                "duplicate-name",
                f"There are two '{item['name']}'. Rename one.",
            )
        seen.add(item["name"])


def check_array(report: Reporter, array: Body | None, pointer: str) -> None:
    """Bounds of an array."""
    if not array:
        return
    low, high = array.get("minItems"), array.get("maxItems")
    if low is not None and high is not None and low > high:
        report.add(
            f"{pointer}/minItems", "cardinality", f"minItems {low} is more than maxItems {high}."
        )


def check_default(
    report: Reporter,
    schema: Schema,
    data_types: tuple[str, ...],
    array: Body | None,
    default: Any,
    pointer: str,
) -> None:
    """Whether a default is a value of one of the data types (each item, for an array)."""
    if default is None or not data_types:
        return
    values = default if array is not None and isinstance(default, list) else [default]
    if array is not None and not isinstance(default, list):
        report.add(pointer, "default", "The property is an array: give a list as default.")
        return
    for value in values:
        problems = [_value_problem(schema, data_type, value) for data_type in data_types]
        if all(problem is not None for problem in problems):
            report.add(pointer, "default", f"The default does not fit: {problems[0]}.")


def _value_problem(schema: Schema, data_type: str, value: Any) -> str | None:
    if not is_rid(data_type):
        try:
            return value_problem(parse_data_type(data_type), value)
        except ValueError:
            return None  # reported where the data type stands
    document = schema.get(data_type)
    if document is None:
        return None  # reported as a dangling reference
    body = document.body
    if document.kind == Kind.ENUM_TYPE:
        codes = [member["code"] for member in body.get("members", ())]
        return None if value in codes else f"{value!r} is no member of {body['apiName']}"
    if document.kind == Kind.VALUE_TYPE:
        try:
            base = parse_data_type(body["baseType"])
        except ValueError:
            return None
        return value_problem(base, value) or constraint_problem(
            base, body.get("constraints") or {}, value
        )
    return None if isinstance(value, Mapping) else f"{value!r} is not an object"


def check_value_type(report: Reporter) -> None:
    """A value type: its base type, and constraints that fit it and each other."""
    body = report.body
    try:
        base = parse_data_type(body["baseType"])
    except ValueError as error:
        report.add("/baseType", "data-type", str(error))
        return
    constraints = body.get("constraints") or {}
    _check_bounds(report, base, constraints)
    _check_text_facets(report, base, constraints)
    for position, value in enumerate(constraints.get("enum", ())):
        if (problem := value_problem(base, value)) is not None:
            report.add(f"/constraints/enum/{position}", "constraint", f"{problem}.")


def _check_bounds(report: Reporter, base: DataType, constraints: Body) -> None:
    for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if constraints.get(name) is None:
            continue
        pointer = f"/constraints/{name}"
        if base.name not in _ORDERED:
            report.add(pointer, "constraint", f"A {base} has no order: remove {name}.")
        elif (problem := value_problem(base, constraints[name])) is not None:
            report.add(pointer, "constraint", f"{problem}.")
    for low, high in (("minimum", "maximum"), ("exclusiveMinimum", "exclusiveMaximum")):
        least, most = (comparable(base, constraints.get(name)) for name in (low, high))
        _check_range(report, constraints, (low, least), (high, most))
    lengths = ((name, constraints.get(name)) for name in ("minLength", "maxLength"))
    _check_range(report, constraints, *lengths)


def _check_text_facets(report: Reporter, base: DataType, constraints: Body) -> None:
    for name in ("minLength", "maxLength", "pattern"):
        if constraints.get(name) is not None and base.name not in _TEXTUAL:
            report.add(
                f"/constraints/{name}", "constraint", f"{name} is for text, not for a {base}."
            )
    if constraints.get("pattern") is not None:
        try:
            re.compile(constraints["pattern"])
        except re.error as error:
            report.add("/constraints/pattern", "constraint", f"Not a regular expression: {error}.")


def _check_range(
    report: Reporter, constraints: Body, low: tuple[str, Any], high: tuple[str, Any]
) -> None:
    (least, at_least), (most, at_most) = low, high
    if at_least is not None and at_most is not None and at_least > at_most:
        report.add(
            f"/constraints/{least}",
            "constraint",
            f"{least} {constraints[least]} is above {most} {constraints[most]}.",
        )


def check_enum_type(report: Reporter) -> None:
    """An enum: legal, distinct codes."""
    seen: dict[str, str] = {}
    for position, member in enumerate(report.body.get("members", ())):
        code, pointer = member["code"], f"/members/{position}/code"
        if (problem := name_problem(code)) is not None:
            report.add(pointer, "name", f"'{code}' cannot be a code: {problem}.")
        other = seen.get(name_key(code))
        if other is not None:
            report.add(pointer, "duplicate-name", f"'{code}' and '{other}' are the same code.")
        seen[name_key(code)] = code
