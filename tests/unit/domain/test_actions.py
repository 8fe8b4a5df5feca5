"""Actions without a database: parameters, criteria, rules; and what their definitions get wrong."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from oms_project.core.ids import derived_id
from ontology.contract import Change
from ontology.domain.actions import (
    Action,
    ActionObject,
    Given,
    RunContext,
    RunProblem,
    expression_names,
    overlaid,
    text_in,
)
from ontology.domain.documents import Document, normalise
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.validation import validate_state


def rid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


FLIGHT, BOOKING, NOTE, LINK, TWINS, ACTION, STATUS, CHARTER, NAMED = (
    rid(number) for number in range(1, 10)
)
NOW = dt.datetime(2026, 7, 5, 12, tzinfo=dt.UTC)


def prop(name: str, *data_types: str, **more: Any) -> dict[str, Any]:
    return {"rid": f"p-{name}", "apiName": name, "dataTypes": list(data_types), **more}


TYPES: dict[str, tuple[Kind, dict[str, Any]]] = {
    STATUS: (Kind.ENUM_TYPE, {"apiName": "Status", "members": [{"code": "OPEN"}]}),
    NAMED: (Kind.INTERFACE, {"apiName": "Named", "properties": [prop("label", "string")]}),
    FLIGHT: (
        Kind.OBJECT_TYPE,
        {
            "apiName": "Flight",
            "interfaces": [NAMED],
            "primaryKey": ["number"],
            "properties": [
                prop("number", "string", required=True),
                prop("seats", "integer"),
                prop("fare", "decimal(8,2)"),
                prop("status", STATUS),
                prop("label", "string"),
            ],
        },
    ),
    CHARTER: (Kind.OBJECT_TYPE, {"apiName": "Charter", "parents": [FLIGHT]}),
    BOOKING: (
        Kind.OBJECT_TYPE,
        {
            "apiName": "Booking",
            "primaryKey": ["code"],
            "properties": [
                prop("code", "string", required=True),
                prop("price", "double"),
                prop("kind", "string", default="web"),
            ],
        },
    ),
    NOTE: (Kind.OBJECT_TYPE, {"apiName": "Note", "properties": [prop("text", "string")]}),
    LINK: (Kind.LINK_TYPE, {"apiName": "on", "sources": [BOOKING], "targets": [FLIGHT]}),
    TWINS: (Kind.LINK_TYPE, {"apiName": "twins", "symmetric": True}),
}


def state(body: dict[str, Any]) -> MemoryState:
    documents = {**TYPES, ACTION: (Kind.ACTION_TYPE, {"apiName": "act", **body})}
    return MemoryState(
        Document(key, kind, normalise(kind, fields)) for key, (kind, fields) in documents.items()
    )


def action(**body: Any) -> Action:
    found = state(body)
    return Action(Rules(found), ACTION, found.get_many([ACTION])[ACTION].body)


def flight(number: str = "1", *, masked: tuple[str, ...] = (), **values: Any) -> ActionObject:
    body = {"_type": FLIGHT, "_key": [number], "number": number, **values}
    seen = {name: value for name, value in body.items() if name not in masked}
    if masked:
        seen["_masked"] = list(masked)
    return ActionObject(rid(100 + int(number)), f"Flight/{number}", FLIGHT, body, seen)


def context(**more: Any) -> RunContext:
    return RunContext(actor_id="u1", username="ann", now=NOW, **more)


def read(one: Action, given: dict[str, Any], **found: ActionObject | None) -> tuple[Given, Any]:
    problems: list[RunProblem] = []
    targets = {name.replace("__", "/"): item for name, item in found.items()}
    result = one.read(given, targets, problems.append)
    return result, [(problem.field, problem.rule) for problem in problems]


def made(one: Action, given: Given, **more: Any) -> list[Change]:
    problems: list[RunProblem] = []
    changes = one.changes(given, context(**more), problems.append)
    assert problems == []
    return changes


# --- parameters -----------------------------------------------------------------------------------

WITH_DATA = {
    "parameters": [
        {"apiName": "count", "dataTypes": ["integer"]},
        {"apiName": "when", "dataTypes": ["timestamp"], "required": False},
        {"apiName": "status", "dataTypes": [STATUS], "default": "OPEN"},
        {"apiName": "tags", "dataTypes": ["string"], "array": {"maxItems": 2}, "required": False},
    ]
}


def test_values_are_checked_brought_into_normal_form_and_defaulted() -> None:
    given, problems = read(
        action(**WITH_DATA), {"count": 2, "when": "2026-07-05T12:00:00+09:00", "tags": ["a"]}
    )
    assert problems == []
    assert given.values == {
        "count": 2, "when": "2026-07-05T03:00:00Z", "status": "OPEN", "tags": ["a"],
    }  # fmt: skip


def test_all_that_is_wrong_with_parameters_is_told() -> None:
    _, problems = read(
        action(**WITH_DATA),
        {"count": "2", "when": "soon", "status": "LATE", "tags": ["a", "b", "c"], "x/y": 1},
    )
    assert sorted(problems) == [
        ("/parameters/count", "data-type"),
        ("/parameters/status", "enum"),
        ("/parameters/tags", "array"),
        ("/parameters/when", "data-type"),
        ("/parameters/x~1y", "unknown-parameter"),
    ]
    assert read(action(**WITH_DATA), {})[1] == [("/parameters/count", "required")]


def test_null_is_given_and_what_is_left_out_is_not() -> None:
    one = action(**WITH_DATA)
    assert read(one, {"count": 1, "when": None})[0].values["when"] is None
    assert "when" not in read(one, {"count": 1})[0].values


WITH_OBJECTS = {
    "parameters": [
        {"apiName": "flight", "objectType": FLIGHT},
        {"apiName": "others", "objectType": FLIGHT, "array": {"unique": True}, "required": False},
        {"apiName": "named", "objectType": NAMED, "required": False},
    ]
}


def test_objects_are_of_the_type_a_subtype_or_an_interface() -> None:
    one = action(**WITH_OBJECTS)
    charter = ActionObject(rid(50), "Charter/2", CHARTER, {}, {})
    note = ActionObject(rid(51), "Note/x", NOTE, {}, {})
    targets = {"F": flight(), "C": charter, "N": note, "gone": None}
    problems: list[RunProblem] = []
    given = one.read({"flight": "C", "others": ["F", "C"], "named": "F"}, targets, problems.append)
    assert problems == []
    assert [item.id for item in given.objects["others"]] == ["Flight/1", "Charter/2"]
    one.read(
        {"flight": "N", "others": ["F", "F", "gone", 3], "named": "N"}, targets, problems.append
    )
    assert [(problem.field, problem.rule) for problem in problems] == [
        ("/parameters/flight", "object-type"),
        ("/parameters/others", "array"),
        ("/parameters/others/2", "unknown-object"),
        ("/parameters/others/3", "object"),
        ("/parameters/named", "object-type"),
    ]
    assert one.targets({"flight": "F", "others": ["C", 3], "named": None}) == {
        "flight": ["F"], "others": ["C"],
    }  # fmt: skip


# --- criteria -------------------------------------------------------------------------------------


def criteria(*expressions: str, **more: Any) -> dict[str, Any]:
    return {
        **WITH_OBJECTS,
        "submissionCriteria": [
            {"name": f"c{number}", "expression": text, **more}
            for number, text in enumerate(expressions)
        ],
    }


def failing(one: Action, given: Given, **more: Any) -> list[str]:
    problems: list[RunProblem] = []
    one.check_criteria(given, context(**more), problems.append)
    return [problem.criterion for problem in problems]


def test_every_failing_criterion_is_told() -> None:
    one = action(
        **criteria(
            "flight.seats > 0",
            "flight.fare > 10.0",
            "flight.missing == 1",
            "actor.username == 'ann'",
            "now > timestamp('2030-01-01T00:00:00Z')",
            "flight._id == 'Flight/1' && flight._type == 'Flight'",
            "others == null",
        )
    )
    given = Given({}, {"flight": (flight(seats=0, fare="9.50"),)})
    assert failing(one, given) == ["c0", "c1", "c2", "c4"]


def test_criteria_see_what_is_masked_only_where_they_are_trusted() -> None:
    one = action(**criteria("flight.seats == 3"))
    given = Given({}, {"flight": (flight(seats=3, masked=("seats",)),)})
    assert failing(one, given, trusted=True) == []
    assert failing(one, given) == ["c0"]


def test_messages_are_in_the_language_of_the_reader() -> None:
    texts = {"en": "Full.", "ko": "만석입니다."}
    assert [text_in(texts, tag) for tag in ("ko-KR", "ko", "de")] == [
        "만석입니다.", "만석입니다.", "Full.",
    ]  # fmt: skip
    assert text_in({"@none": "x"}, "ko") == "x"
    assert text_in({}, "ko") == ""
    one = action(**criteria("false", message=texts))
    problems: list[RunProblem] = []
    one.check_criteria(Given(), context(language="ko"), problems.append)
    assert problems == [RunProblem("", "criterion", "만석입니다.", "c0")]


# --- rules ----------------------------------------------------------------------------------------


def ruled(*rules: dict[str, Any], parameters: Any = ()) -> Action:
    return action(parameters=[*WITH_OBJECTS["parameters"], *parameters], rules=list(rules))


CODE = {"apiName": "code", "dataTypes": ["string"]}


def test_rules_make_changes_in_their_order() -> None:
    one = ruled(
        {
            "name": "booking",
            "op": "create",
            "objectType": BOOKING,
            "values": {
                "code": {"parameter": "code"},
                "price": {"expression": "flight.fare * 2.0"},
                "kind": {"value": None},
            },
        },
        {"name": "tie", "op": "link", "linkType": LINK, "source": "booking", "target": "flight"},
        {
            "name": "take",
            "op": "modify",
            "target": "flight",
            "values": {
                "seats": {"expression": "flight.seats - 1"},
                "status": {"value": None},
                "number": {"expression": "booking.code + '/' + booking._id + booking.kind"},
            },
        },
        {"name": "off", "op": "unlink", "linkType": TWINS, "source": "others", "target": "flight"},
        {"name": "gone", "op": "delete", "target": "others"},
        parameters=[CODE],
    )
    one_flight, other = flight("7", seats=2, fare="1.50"), flight("3")
    given = Given({"code": "a b"}, {"flight": (one_flight,), "others": (other,)})
    assert made(one, given) == [
        Change(op="create", kind="Object", type=BOOKING, fields={"code": "a b", "price": 3.0}),
        Change(op="create", kind="Link", type=LINK, source="Booking/a%20b", target=one_flight.rid),
        Change(
            op="update",
            target=one_flight.rid,
            fields={"seats": 1, "status": None, "number": "a b/Booking/a%20bweb"},
        ),
        Change(op="delete", target=derived_id(TWINS, *sorted((other.rid, one_flight.rid)))),
        Change(op="delete", target=other.rid),
    ]


def test_what_was_left_out_is_not_touched() -> None:
    one = ruled(
        {
            "name": "set",
            "op": "modify",
            "target": "others",
            "values": {"status": {"parameter": "code"}},
        },
        {
            "name": "set2",
            "op": "modify",
            "target": "flight",
            "values": {"status": {"parameter": "code"}},
        },
        parameters=[{**CODE, "required": False}],
    )
    assert made(one, Given({}, {"flight": (flight(),)})) == []
    (change,) = made(one, Given({"code": None}, {"flight": (flight(),)}))
    assert change.fields == {"status": None}


def test_what_cannot_be_worked_out_is_told_without_values() -> None:
    one = ruled(
        {
            "name": "set",
            "op": "modify",
            "target": "flight",
            "values": {
                "seats": {"expression": "flight.seats + 1"},
                "number": {"expression": "flight.status"},
            },
        }
    )
    problems: list[RunProblem] = []
    one.changes(
        Given({}, {"flight": (flight(seats=4711, masked=("seats",)),)}),
        context(trusted=True),
        problems.append,
    )
    assert sorted((problem.rule, problem.message) for problem in problems) == [
        (
            "expression",
            "Rule 'set': The value of 'number': There is no 'status' here; has(…) asks whether "
            "there is one.",
        ),
        ("masked", "Rule 'set': The value of 'seats' comes from 'seats', which you may not see."),
    ]
    assert not any("4711" in problem.message for problem in problems)


def test_an_object_without_a_key_cannot_be_linked() -> None:
    one = ruled(
        {"name": "note", "op": "create", "objectType": NOTE, "values": {}},
        {"name": "tie", "op": "link", "linkType": TWINS, "source": "note", "target": "flight"},
    )
    problems: list[RunProblem] = []
    one.changes(Given({}, {"flight": (flight(),)}), context(), problems.append)
    assert [problem.rule for problem in problems] == ["no-key"]


def test_an_object_after_an_update() -> None:
    item = overlaid(flight(seats=2, status="OPEN"), {"seats": 1, "status": None})
    assert (item.body["seats"], "status" in item.body, item.seen["seats"]) == (1, False, 1)


def test_names_have_types_as_far_as_they_are_known() -> None:
    one = action(
        parameters=[*WITH_DATA["parameters"], *WITH_OBJECTS["parameters"]],
        rules=[{"name": "made", "op": "create", "objectType": NOTE}],
    )
    assert expression_names(one._rules.schema, one.body) == {
        "actor": "map", "now": "timestamp", "count": "integer", "when": "any",
        "status": "string", "tags": "any", "flight": "map", "others": "any", "named": "any",
        "made": "map",
    }  # fmt: skip


# --- definitions ----------------------------------------------------------------------------------


def told(**body: Any) -> list[tuple[str, str]]:
    return sorted((problem.field, problem.rule) for problem in validate_state(state(body)))


def test_a_definition_that_is_right_is_taken() -> None:
    assert (
        told(
            parameters=[*WITH_OBJECTS["parameters"], CODE],
            submissionCriteria=[
                {"name": "a", "expression": "flight.seats > 0 && flight.label != ''"},
                {"name": "b", "expression": "others == null || others.all(x, x.seats > 0)"},
                {"name": "c", "expression": "has(named.whatever)"},
            ],
            rules=[
                {
                    "name": "booking",
                    "op": "create",
                    "objectType": BOOKING,
                    "values": {"code": {"expression": "code + flight.number"}},
                },
                {
                    "name": "note",
                    "op": "create",
                    "objectType": NOTE,
                    "values": {"text": {"expression": "booking.code + actor.username"}},
                },
            ],
        )
        == []
    )


@pytest.mark.parametrize(
    ("expression", "rule"),
    [
        ("flight.seats >", "expression"),
        ("flight.seets > 0", "unknown-property"),
        ("fligt.seats > 0", "expression"),
        ("code > 3", "expression"),
        ("'text'", "expression"),
        ("booking.code == 'x'", "expression"),
        ("x" * 3000, "expression"),
    ],
)
def test_a_criterion_that_cannot_be_evaluated_is_refused(expression: str, rule: str) -> None:
    assert told(
        parameters=[*WITH_OBJECTS["parameters"], CODE],
        submissionCriteria=[{"name": "a", "expression": expression}],
        rules=[{"name": "booking", "op": "create", "objectType": BOOKING}],
    ) == [("/submissionCriteria/0/expression", rule)]


def test_values_of_rules_are_compiled_too() -> None:
    assert told(
        parameters=[*WITH_OBJECTS["parameters"], CODE],
        rules=[
            {
                "name": "first",
                "op": "create",
                "objectType": BOOKING,
                "values": {
                    "code": {"expression": "second.text"},
                    "kind": {"expression": "1 +"},
                    "price": {"parameter": "flight"},
                },
            },
            {
                "name": "second",
                "op": "create",
                "objectType": NOTE,
                "values": {"text": {"expression": "first.nothing"}},
            },
        ],
    ) == [
        ("/rules/0/values/code/expression", "expression"),
        ("/rules/0/values/kind/expression", "expression"),
        ("/rules/0/values/price", "rule"),
        ("/rules/1/values/text/expression", "unknown-property"),
    ]


def test_names_that_every_expression_has_are_no_parameters() -> None:
    assert told(parameters=[{"apiName": "now", "dataTypes": ["string"]}]) == [
        ("/parameters/0/apiName", "name")
    ]
