"""Rules about action types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_project.core.expressions import (
    Expression,
    ExpressionError,
    NameType,
    compile_expression,
    usable_name,
)
from ontology.domain.actions import CONTEXT_NAMES, expression_names
from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key, name_problem
from ontology.domain.schema import Schema
from ontology.domain.validation.problems import Reporter
from ontology.domain.validation.values import (
    check_array,
    check_data_types,
    check_default,
    check_distinct,
)

__all__ = ["check_action_type"]

#: What each rule must name.
_NEEDS = {
    "create": ("objectType",),
    "modify": ("target",),
    "delete": ("target",),
    "link": ("linkType", "source", "target"),
    "unlink": ("linkType", "source", "target"),
}


def check_action_type(report: Reporter, schema: Schema) -> None:
    """Parameters that can be given, and rules that can be carried out with them."""
    check_distinct(report, "submissionCriteria")
    check_distinct(report, "sideEffects")
    parameters = _check_parameters(report, schema)
    known = _Names(report, schema, parameters)
    for position, criterion in enumerate(report.body.get("submissionCriteria", ())):
        pointer = f"/submissionCriteria/{position}/expression"
        compiled = known.check(criterion["expression"], pointer)
        if compiled is not None and compiled.returns not in ("BOOL", "DYN"):
            report.add(pointer, "expression", "A criterion is true or false: compare something.")
    objects = {
        name: parameter["objectType"]
        for name, parameter in parameters.items()
        if parameter.get("objectType")
    }
    names: set[str] = set()
    for position, rule in enumerate(report.body.get("rules", ())):
        pointer = f"/rules/{position}"
        if rule["name"] in names or rule["name"] in parameters:
            report.add(
                f"{pointer}/name",
                "duplicate-name",
                f"'{rule['name']}' is the name of another rule or parameter.",
            )
        names.add(rule["name"])
        for field in _NEEDS[rule["op"]]:
            if not rule.get(field):
                report.add(f"{pointer}/{field}", "rule", f"A {rule['op']} rule needs {field}.")
        for field in ("source", "target"):
            named = rule.get(field)
            if named and named not in objects:
                report.add(
                    f"{pointer}/{field}",
                    "rule",
                    f"'{named}' is neither a parameter that holds an object nor an earlier create "
                    "rule.",
                )
        object_type = rule.get("objectType") or objects.get(str(rule.get("target")))
        owner = rule.get("linkType") if rule["op"] == "link" else object_type
        _check_values(report, schema, rule, owner, known, pointer)
        if rule["op"] == "create" and object_type:
            objects[rule["name"]] = object_type
            known.created(rule["name"], object_type)
            if schema.body(object_type).get("isAbstract"):
                report.add(f"{pointer}/objectType", "rule", "An abstract type has no objects.")


def _check_parameters(report: Reporter, schema: Schema) -> dict[str, Body]:
    found: dict[str, Body] = {}
    keys: set[str] = set()
    for position, parameter in enumerate(report.body.get("parameters", ())):
        pointer, name = f"/parameters/{position}", parameter["apiName"]
        if (problem := name_problem(name)) is not None:
            report.add(f"{pointer}/apiName", "name", f"'{name}' cannot be a name: {problem}.")
        if name_key(name) in keys:
            report.add(
                f"{pointer}/apiName", "duplicate-name", f"There are two parameters '{name}'."
            )
        if name in CONTEXT_NAMES:
            report.add(
                f"{pointer}/apiName",
                "name",
                f"Every expression has a '{name}' already. Choose another name.",
            )
        keys.add(name_key(name))
        found[name] = parameter
        data_types = parameter.get("dataTypes", [])
        if bool(data_types) == bool(parameter.get("objectType")):
            report.add(pointer, "data-type", f"'{name}' needs either dataTypes or an objectType.")
        check_data_types(report, data_types, f"{pointer}/dataTypes")
        check_array(report, parameter.get("array"), f"{pointer}/array")
        check_default(
            report,
            schema,
            tuple(data_types),
            parameter.get("array"),
            parameter.get("default"),
            f"{pointer}/default",
        )
    return found


def _check_values(
    report: Reporter,
    schema: Schema,
    rule: Body,
    owner: str | None,
    known: _Names,
    pointer: str,
) -> None:
    document = schema.get(owner) if owner else None
    # What an interface's object has besides is known only when the action runs.
    closed = document is not None and document.kind != Kind.INTERFACE
    properties = schema.properties(owner) if owner and closed else {}
    for name, value in rule.get("values", {}).items():
        where = f"{pointer}/values/{name}"
        if closed and name_key(name) not in properties:
            report.add(where, "unknown-property", f"There is no property '{name}' to set.")
        problem = _value_form_problem(value, known.parameters)
        if problem is not None:
            report.add(where, "rule", problem)
        elif "expression" in value:
            known.check(value["expression"], f"{where}/expression")


def _value_form_problem(value: Any, parameters: Mapping[str, Body]) -> str | None:
    if not isinstance(value, Mapping) or len(value) != 1:
        return 'Give {"parameter": name}, {"expression": text} or {"value": JSON}.'
    form, content = next(iter(value.items()))
    if form == "parameter":
        parameter = parameters.get(content) if isinstance(content, str) else None
        if parameter is None:
            return f"There is no parameter '{content}'."
        if parameter.get("objectType"):
            return f"'{content}' is an object: take one of its values in an expression."
        return None
    if form == "expression":
        return None if isinstance(content, str) and content.strip() else "The expression is empty."
    return None if form == "value" else f"'{form}' is no form of a value."


class _Names:
    """Names that expressions may use at one point of an action: its parameters, and the objects
    that earlier rules create.
    """

    def __init__(self, report: Reporter, schema: Schema, parameters: Mapping[str, Body]) -> None:
        self.parameters = parameters
        self._report = report
        self._schema = schema
        whole = expression_names(schema, report.body)
        self._types: dict[str, NameType] = {
            name: kind for name, kind in whole.items() if name in parameters
        }
        self._types.update(CONTEXT_NAMES)
        self._objects = {
            name: parameter["objectType"]
            for name, parameter in parameters.items()
            if parameter.get("objectType") and parameter.get("array") is None
        }

    def created(self, name: str, object_type: str) -> None:
        """From here on there is an object that a rule creates."""
        if usable_name(name) and name not in self._types:
            self._types[name] = "map"
            self._objects[name] = object_type

    def check(self, text: Any, pointer: str) -> Expression | None:
        """Compile an expression, and report what is wrong with it."""
        if not isinstance(text, str):
            self._report.add(pointer, "expression", "An expression is text.")
            return None
        try:
            compiled = compile_expression(text, self._types)
        except ExpressionError as error:
            self._report.add(pointer, "expression", str(error))
            return None
        for name, field in sorted(compiled.fields):
            self._check_field(name, field, pointer)
        return compiled

    def _check_field(self, name: str, field: str, pointer: str) -> None:
        document = self._schema.get(self._objects[name]) if name in self._objects else None
        # What else an object of an interface has is known only when the action runs.
        if document is None or document.kind == Kind.INTERFACE or field.startswith("_"):
            return
        properties = self._schema.properties(document.rid)
        if name_key(field) not in properties:
            owner = document.body.get("apiName", name)
            self._report.add(
                pointer,
                "unknown-property",
                f"{owner} has no property '{field}' ('{name}.{field}').",
            )
