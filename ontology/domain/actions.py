"""Actions: what an action type asks for, when it may run, and the changes that it makes.

Pure: the caller looks up the objects that are handed over and commits what comes out. An `Action`
is an action type as the schema of one commit has it; for each run it is given the parameters, and
the objects among them, and gives problems (all at once) or changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from oms_project.core.expressions import (
    EvaluationError,
    Expression,
    ExpressionError,
    NameType,
    compile_expression,
)
from oms_project.core.ids import derived_id
from ontology.contract import Change
from ontology.domain.documents import Body
from ontology.domain.instances.keys import key_text
from ontology.domain.instances.layout import Layout
from ontology.domain.instances.rules import Rules
from ontology.domain.instances.values import base_type, checker_of
from ontology.domain.kinds import NO_LANGUAGE
from ontology.domain.masking import MASKED
from ontology.domain.schema import EffectiveProperty, Schema

__all__ = [
    "CONTEXT_NAMES",
    "Action",
    "ActionObject",
    "Given",
    "RunContext",
    "RunProblem",
    "expression_names",
    "overlaid",
    "text_in",
]

#: Names that every expression has, besides the parameters.
CONTEXT_NAMES: Mapping[str, NameType] = {"actor": "map", "now": "timestamp"}
_NAME_TYPES: Mapping[str, NameType] = {
    "boolean": "boolean",
    "integer": "integer",
    "long": "integer",
    "decimal": "double",
    "double": "double",
    "langString": "any",
    "json": "any",
    "geopoint": "map",
    "geoshape": "map",
    "vector": "list",
}
_MAX_OBJECTS = 1000


@dataclass(frozen=True, slots=True)
class RunProblem:
    """Why an action does not run.

    Attributes:
        field: JSON pointer into the request (``/parameters/seat``); empty: the whole.
        rule: a code: ``required``, ``unknown-parameter``, ``object-type``, ``criterion``, …
        message: a sentence; of a criterion, what its definition says.
        criterion: name of the criterion that does not hold.
    """

    field: str
    rule: str
    message: str
    criterion: str = ""


Report = Callable[[RunProblem], None]


@dataclass(frozen=True, slots=True)
class ActionObject:
    """An object that is handed over.

    Attributes:
        id: its ``@id``.
        type: ``rid`` of its type.
        body: all its values.
        seen: what the actor may see of them, with the names of the others in ``_masked``.
    """

    rid: str
    id: str
    type: str
    body: Body
    seen: Body


@dataclass(frozen=True, slots=True)
class RunContext:
    """Who runs it and when.

    Attributes:
        language: in which messages are told, as BCP 47.
        trusted: criteria may look at values that the actor may not see.
    """

    actor_id: str
    username: str
    now: dt.datetime
    language: str = "en"
    trusted: bool = False

    @property
    def values(self) -> dict[str, Any]:
        """What expressions see of it."""
        return {"actor": {"id": self.actor_id, "username": self.username}, "now": self.now}


@dataclass(frozen=True, slots=True)
class Given:
    """The parameters of one run, checked: values in normal form, objects as they are now.

    Attributes:
        values: parameters with data types; those that were left out are not in it.
        objects: parameters with an object type, each with one object or, for an array, several.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    objects: Mapping[str, tuple[ActionObject, ...]] = field(default_factory=dict)


def expression_names(schema: Schema, action: Body) -> dict[str, NameType]:
    """Names that expressions of an action may use, as far as their types are known.

    A parameter that may be left out is null then.
    """
    names: dict[str, NameType] = dict(CONTEXT_NAMES)
    for parameter in action.get("parameters", ()):
        names[parameter["apiName"]] = _name_type(schema, parameter)
    for rule in action.get("rules", ()):
        if rule["op"] == "create":
            names[rule["name"]] = "map"
    return names


def _name_type(schema: Schema, parameter: Body) -> NameType:
    if not parameter.get("required", True) and parameter.get("default") is None:
        return "any"
    if parameter.get("array") is not None:
        return "list"
    if parameter.get("objectType"):
        return "map"
    base = base_type(schema, tuple(parameter.get("dataTypes", ())))
    return "any" if base is None else _NAME_TYPES.get(base.name, "string")


def text_in(texts: Mapping[str, str], language: str) -> str:
    """The text in a language, else in its base language, in English, in any; empty for none."""
    for tag in (language, language.partition("-")[0], "en", NO_LANGUAGE):
        if texts.get(tag):
            return texts[tag]
    return next((text for text in texts.values() if text), "")


class Action:
    """An action type, ready to be run.

    Args:
        rules: of the state in which it runs.
        body: the action type's body.
    """

    def __init__(self, rules: Rules, rid: str, body: Body) -> None:
        self._rules = rules
        self.rid = rid
        self.body = body

    @property
    def name(self) -> str:
        """Its ``apiName``."""
        return str(self.body["apiName"])

    @cached_property
    def parameters(self) -> Mapping[str, Body]:
        """``apiName`` -> parameter, in their order."""
        return {item["apiName"]: item for item in self.body.get("parameters", ())}

    @cached_property
    def _names(self) -> dict[str, NameType]:
        return expression_names(self._rules.schema, self.body)

    # --- parameters -----------------------------------------------------------------------------
    def targets(self, given: Mapping[str, Any]) -> dict[str, list[str]]:
        """Parameters with an object type -> names of the objects that are handed over."""
        found: dict[str, list[str]] = {}
        for name, parameter in self.parameters.items():
            value = given.get(name)
            if not parameter.get("objectType") or value is None:
                continue
            listed = value if isinstance(value, list) else [value]
            found[name] = [item for item in listed if isinstance(item, str) and item]
        return found

    def read(
        self,
        given: Mapping[str, Any],
        found: Mapping[str, ActionObject | None],
        report: Report,
        pointer: str = "/parameters",
    ) -> Given:
        """The parameters of a run, checked.

        Args:
            given: as they were sent; data as JSON values, objects by their names.
            found: target -> object; None: there is none.
            pointer: where they stand in the request.
        """
        for name in given:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                report(
                    RunProblem(
                        f"{pointer}/{_escaped(name)}",
                        "unknown-parameter",
                        f"{self.name} has no parameter '{name[:100]}'; it has {known}.",
                    )
                )
        values: dict[str, Any] = {}
        objects: dict[str, tuple[ActionObject, ...]] = {}
        for name, parameter in self.parameters.items():
            where = f"{pointer}/{_escaped(name)}"
            value = given.get(name, parameter.get("default"))
            if value is None:
                if parameter.get("required", True):
                    report(RunProblem(where, "required", f"'{name}' is required."))
                elif name in given:
                    values[name] = None
            elif parameter.get("objectType"):
                objects[name] = tuple(self._objects(parameter, value, found, where, report))
            else:
                values[name] = self._value(parameter, value, where, report)
        return Given(values, objects)

    def _value(self, parameter: Body, value: Any, where: str, report: Report) -> Any:
        check = checker_of(self._rules.schema, _as_property(parameter))
        return check(value, where, lambda at, rule, message: report(RunProblem(at, rule, message)))

    def _objects(
        self,
        parameter: Body,
        value: Any,
        found: Mapping[str, ActionObject | None],
        where: str,
        report: Report,
    ) -> Iterator[ActionObject]:
        array = parameter.get("array")
        if array is None:
            listed = [(where, value)]
        elif isinstance(value, list):
            listed = [(f"{where}/{position}", item) for position, item in enumerate(value)]
            _check_count(array, value, where, report)
        else:
            report(RunProblem(where, "array", "This parameter holds a list: use [ ... ]."))
            return
        wanted = parameter["objectType"]
        for at, text in listed[:_MAX_OBJECTS]:
            if not isinstance(text, str) or not text:
                message = "Name an object, such as Type/key, or give its rid."
                report(RunProblem(at, "object", message))
                continue
            item = found.get(text)
            if item is None:
                message = f"There is no object '{text[:200]}' that you may see."
                report(RunProblem(at, "unknown-object", message))
            elif not self._rules.schema.is_a(item.type, wanted):
                name = self._rules.schema.body(wanted).get("apiName", wanted)
                message = f"{item.id} is no {name}: choose one of that type."
                report(RunProblem(at, "object-type", message))
            else:
                yield item

    # --- criteria -------------------------------------------------------------------------------
    def check_criteria(self, given: Given, context: RunContext, report: Report) -> None:
        """Report every criterion that does not hold.

        A criterion that has no value does not hold. What is told is what the definition says, and
        never a value.
        """
        values = self._scope(given, context, whole=context.trusted)
        for criterion in self.body.get("submissionCriteria", ()):
            name = criterion["name"]
            told = text_in(criterion.get("message", {}), context.language)
            try:
                held = self._compiled(criterion["expression"]).evaluate(values)
            except (EvaluationError, ExpressionError) as error:
                report(RunProblem("", "criterion", told or f"'{name}': {error}", name))
                continue
            if held is not True:
                message = told or f"The criterion '{name}' does not hold."
                report(RunProblem("", "criterion", message, name))

    # --- rules ----------------------------------------------------------------------------------
    def changes(self, given: Given, context: RunContext, report: Report) -> list[Change]:
        """The changes that the rules make, in their order.

        Values come from what the actor may see only: he could read the others off the result.
        """
        run = _Run(self, self._rules, given, self._scope(given, context, whole=False), report)
        for rule in self.body.get("rules", ()):
            run.apply(rule)
        return run.made

    def _scope(self, given: Given, context: RunContext, *, whole: bool) -> dict[str, Any]:
        """Values by name, as expressions see them."""
        scope: dict[str, Any] = dict(context.values)
        for name, parameter in self.parameters.items():
            if name in given.objects:
                shown = [self._shown(item, whole=whole) for item in given.objects[name]]
                many = parameter.get("array") is not None
                scope[name] = shown if many else next(iter(shown), None)
            elif name in given.values:
                base = base_type(self._rules.schema, tuple(parameter.get("dataTypes", ())))
                scope[name] = _number(base.name if base else "", given.values[name])
        return scope

    def _shown(self, item: ActionObject, *, whole: bool) -> dict[str, Any]:
        layout = self._rules.object_layout(item.type)
        body = item.body if whole else item.seen
        return _view(layout, item.rid, item.id, body)

    def _compiled(self, text: str) -> Expression:
        return compile_expression(text, self._names)


class _Run:
    """Applies the rules of one run."""

    def __init__(
        self,
        action: Action,
        rules: Rules,
        given: Given,
        scope: dict[str, Any],
        report: Report,
    ) -> None:
        self._action = action
        self._rules = rules
        self._given = given
        self._scope = scope
        self._report = report
        self._created: dict[str, str] = {}
        self.made: list[Change] = []

    def apply(self, rule: Body) -> None:
        """Add what one rule makes."""
        op = rule["op"]
        if op == "create":
            self._create(rule)
        elif op in ("modify", "delete"):
            for target in self._targets(rule, "target"):
                self._change(rule, target)
        else:
            sources = self._targets(rule, "source")
            for target in self._targets(rule, "target"):
                for source in sources:
                    self._link(rule, source, target)

    def _create(self, rule: Body) -> None:
        fields = {name: value for name, value in self._values(rule).items() if value is not None}
        type_rid = str(rule["objectType"])
        self.made.append(Change(op="create", kind="Object", type=type_rid, fields=fields))
        layout = self._rules.object_layout(type_rid)
        if layout is None:
            self._refuse(rule, "unknown-type", "The type of the object does not exist.")
            return
        with_defaults = {**layout.defaults, **fields}
        target = _new_id(layout, with_defaults)
        if target is not None:
            self._created[rule["name"]] = target
        self._scope[rule["name"]] = _view(layout, "", target or "", with_defaults)

    def _change(self, rule: Body, target: str) -> None:
        if rule["op"] == "delete":
            self.made.append(Change(op="delete", target=target))
            return
        fields = self._values(rule)
        if fields:
            self.made.append(Change(op="update", target=target, fields=fields))

    def _link(self, rule: Body, source: str, target: str) -> None:
        link = str(rule["linkType"])
        if rule["op"] == "link":
            self.made.append(
                Change(
                    op="create",
                    kind="Link",
                    type=link,
                    source=source,
                    target=target,
                    fields=self._values(rule),
                )
            )
            return
        layout = self._rules.link_layout(link)
        ends = sorted((source, target)) if layout and layout.symmetric else [source, target]
        self.made.append(Change(op="delete", target=derived_id(link, *ends)))

    def _targets(self, rule: Body, end: str) -> list[str]:
        """What a rule's source or target stands for: objects that were handed over, or one that an
        earlier rule creates.
        """
        name = str(rule.get(end))
        if name in self._given.objects:
            return [item.rid for item in self._given.objects[name]]
        if name in self._created:
            return [self._created[name]]
        parameter = self._action.parameters.get(name)
        if parameter is None:
            self._refuse(
                rule,
                "no-key",
                f"The object that '{name}' creates has no primary key by which "
                f"'{rule['name']}' could name it.",
            )
        return []  # an object that may be left out, and was

    def _values(self, rule: Body) -> dict[str, Any]:
        """Property -> value; what comes from a parameter that was left out is not in it."""
        found: dict[str, Any] = {}
        for name, form in rule.get("values", {}).items():
            kind, content = next(iter(form.items()))
            if kind == "value":
                found[name] = content
            elif kind == "parameter":
                if content in self._given.values:
                    found[name] = self._given.values[content]
            else:
                self._evaluate(rule, name, str(content), found)
        return found

    def _evaluate(self, rule: Body, name: str, text: str, found: dict[str, Any]) -> None:
        try:
            compiled = self._action._compiled(text)  # noqa: SLF001 - two halves of one thing
            found[name] = compiled.evaluate(self._scope)
        except ExpressionError as error:
            self._refuse(rule, "expression", f"The value of '{name}': {error}")
        except EvaluationError as error:
            hidden = sorted(
                member
                for owner, member in compiled.fields
                if isinstance(self._scope.get(owner), Mapping)
                and member in self._scope[owner].get(MASKED, ())
            )
            if hidden:
                self._refuse(
                    rule,
                    "masked",
                    f"The value of '{name}' comes from '{hidden[0]}', which you may not see.",
                )
            else:
                self._refuse(rule, "expression", f"The value of '{name}': {error}")

    def _refuse(self, rule: Body, code: str, message: str) -> None:
        self._report(RunProblem("", code, f"Rule '{rule['name']}': {message}"))


def _as_property(parameter: Body) -> EffectiveProperty:
    return EffectiveProperty(
        owner="",
        rid="",
        api_name=parameter["apiName"],
        shared=None,
        data_types=tuple(parameter.get("dataTypes", ())),
        required=False,
        array=parameter.get("array"),
        default=None,
        sensitivity="internal",
        indexed=False,
        searchable=False,
        unique=False,
        declaration=parameter,
    )


def _check_count(array: Body, value: Sequence[Any], where: str, report: Report) -> None:
    low, high = array.get("minItems"), array.get("maxItems")
    most = _MAX_OBJECTS if high is None else min(high, _MAX_OBJECTS)
    if low is not None and len(value) < low:
        message = f"Give at least {low} items; there are {len(value)}."
        report(RunProblem(where, "array", message))
    if len(value) > most:
        message = f"Give at most {most} items; there are {len(value)}."
        report(RunProblem(where, "array", message))
    if array.get("unique") and len({str(item) for item in value}) < len(value):
        report(RunProblem(where, "array", "The items must differ from each other."))


def _view(layout: Layout | None, rid: str, identifier: str, body: Body) -> dict[str, Any]:
    """An object as expressions see it: its values, ``_id``, ``_rid`` and ``_type``."""
    shown: dict[str, Any] = {
        "_id": identifier,
        "_rid": rid,
        "_type": layout.name if layout is not None else "",
    }
    if MASKED in body:
        shown[MASKED] = list(body[MASKED])
    for name, value in body.items():
        if not name.startswith("_"):
            item = layout.properties.get(name) if layout is not None else None
            base = item.base.name if item is not None and item.base is not None else ""
            shown[name] = _number(base, value)
    return shown


def _number(base: str, value: Any) -> Any:
    """Numbers as expressions have them: a decimal is a double there, as text it would be none."""
    if base not in ("decimal", "double"):
        return value
    if isinstance(value, list):
        return [_number(base, item) for item in value]
    if isinstance(value, (int, float, Decimal, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            return value  # it is told of where it is checked
    return value


def _new_id(layout: Layout, fields: Mapping[str, Any]) -> str | None:
    """``@id`` of an object that will be created with ``fields``; None where it has no key."""
    if not layout.key or any(fields.get(name) is None for name in layout.key):
        return None
    values = [
        layout.properties[name].check(fields[name], "", lambda *_: None) for name in layout.key
    ]
    return f"{layout.name}/{key_text(values)}"


def _escaped(name: str) -> str:
    return name[:100].replace("~", "~0").replace("/", "~1")


def overlaid(item: ActionObject, fields: Mapping[str, Any]) -> ActionObject:
    """``item`` as it will be after an update, for the next runs of a batch."""
    return replace(item, body=_patched(item.body, fields), seen=_patched(item.seen, fields))


def _patched(body: Body, fields: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**body, **fields}
    return {name: value for name, value in merged.items() if value is not None}
