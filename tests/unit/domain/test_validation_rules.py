"""Every rule of a state: what breaks it is told with document, field, rule and remedy; what is
just right passes.
"""

from __future__ import annotations

from typing import Any

import pytest

from ontology.domain.documents import Document, DocumentChange, normalise
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.validation import header_problems, validate_changes, validate_state

Bodies = dict[str, tuple[Kind, dict[str, Any]]]
OT, SP, LT, IF = Kind.OBJECT_TYPE, Kind.SHARED_PROPERTY, Kind.LINK_TYPE, Kind.INTERFACE
VT, ET, ST, AT = Kind.VALUE_TYPE, Kind.ENUM_TYPE, Kind.STRUCT_TYPE, Kind.ACTION_TYPE
KEYS = ("a", "b", "c", "d", "e", "none")


def rid(key: str) -> str:
    return f"00000000-0000-0000-0000-{KEYS.index(key):012}"


A, B, C, D, E, NONE = (rid(key) for key in KEYS)


def prop(name: str, *data_types: str, **fields: Any) -> dict[str, Any]:
    part = {"rid": f"p-{name}", "apiName": name, **fields}
    return {**part, "dataTypes": list(data_types)} if data_types else part


def documents(bodies: Bodies) -> list[Document]:
    return [
        Document(rid(key), kind, normalise(kind, {"apiName": f"Name{key.upper()}", **body}))
        for key, (kind, body) in bodies.items()
    ]


def problems(bodies: Bodies) -> list[tuple[str, str, str]]:
    """``(key, field, rule)`` of every problem, in order of the documents."""
    found = validate_state(documents(bodies))
    assert all(problem.message.endswith((".", ")")) for problem in found)
    return sorted((KEYS[int(one.rid[-12:])], one.field, one.rule) for one in found)


def messages(bodies: Bodies) -> list[str]:
    return [problem.message for problem in validate_state(documents(bodies))]


# --- one problem each: bodies, (key, field, rule), a part of the sentence -------------------------

BROKEN: dict[str, tuple[Bodies, tuple[str, str, str], str]] = {
    # names
    "a name with a space": (
        {"a": (OT, {"apiName": "Two words"})},
        ("a", "/apiName", "name"),
        "'Two words' cannot be a name: use letters, digits and underscores",
    ),
    "a name that begins with a digit": (
        {"a": (OT, {"apiName": "3D"})},
        ("a", "/apiName", "name"),
        "not starting with a digit",
    ),
    "a name that is not ASCII": (
        {"a": (OT, {"apiName": "사람"})},
        ("a", "/apiName", "name"),
        "letters",
    ),
    "a name of GraphQL's": (
        {"a": (SP, {"apiName": "__type"})},
        ("a", "/apiName", "name"),
        "GraphQL",
    ),
    "the name of a kind": (
        {"a": (OT, {"apiName": "LinkType"})},
        ("a", "/apiName", "name"),
        "'LinkType' is the name of a kind",
    ),
    "a name that is too long": (
        {"a": (OT, {"apiName": "N" * 201})},
        ("a", "/apiName", "name"),
        "longer than 200 characters",
    ),
    "an empty name": ({"a": (OT, {"apiName": ""})}, ("a", "/apiName", "name"), "use letters"),
    "a property's name": (
        {"a": (OT, {"properties": [prop("a b", "string")]})},
        ("a", "/properties/0/apiName", "name"),
        "'a b' cannot be a name",
    ),
    "a code": (
        {"a": (ET, {"members": [{"code": "A-B"}]})},
        ("a", "/members/0/code", "name"),
        "'A-B' cannot be a code",
    ),
    "two properties of one name": (
        {"a": (OT, {"properties": [prop("x", "string"), prop("x", "long", rid="q", order=1)]})},
        ("a", "/properties/1/apiName", "duplicate-name"),
        "There are two properties 'x'",
    ),
    "two properties that differ in case": (
        {"a": (ST, {"fields": [prop("name", "string"), prop("Name", "long", order=1)]})},
        ("a", "/fields/1/apiName", "duplicate-name"),
        "case does not count",
    ),
    "two properties of one rid": (
        {"a": (OT, {"properties": [prop("x", "string"), prop("y", "string", rid="p-x")]})},
        ("a", "/properties/1/apiName", "duplicate-name"),
        "There are two properties",
    ),
    "two members of one code": (
        {"a": (ET, {"members": [{"code": "A"}, {"code": "A"}]})},
        ("a", "/members/1/code", "duplicate-name"),
        "'A' and 'A' are the same code",
    ),
    "two members that differ in case": (
        {"a": (ET, {"members": [{"code": "AB"}, {"code": "Ab"}]})},
        ("a", "/members/1/code", "duplicate-name"),
        "'Ab' and 'AB' are the same code",
    ),
    # texts and IRIs
    "an IRI without a scheme": (
        {"a": (OT, {"iri": "person"})},
        ("a", "/iri", "iri"),
        "absolute IRI",
    ),
    "an IRI with a space": (
        {"a": (OT, {"iri": "x:a b"})},
        ("a", "/iri", "iri"),
        "'x:a b' cannot be",
    ),
    "a language tag": (
        {"a": (OT, {"displayName": {"en_US": "x"}})},
        ("a", "/displayName/en_US", "language"),
        "'en_US' is not a language tag",
    ),
    "a language tag of a property": (
        {"a": (OT, {"properties": [prop("x", "string", description={"": "x"})]})},
        ("a", "/properties/0/description/", "language"),
        "@none",
    ),
    "a language tag of a member": (
        {"a": (ET, {"members": [{"code": "A", "label": {"e n": "x"}}]})},
        ("a", "/members/0/label/e n", "language"),
        "not a language tag",
    ),
    "a language tag of a reason": (
        {"a": (OT, {"deprecation": {"reason": {"1": "x"}}})},
        ("a", "/deprecation/reason/1", "language"),
        "not a language tag",
    ),
    "a language tag of a criterion": (
        {
            "a": (
                AT,
                {
                    "submissionCriteria": [
                        {"name": "c", "expression": "true", "message": {"1": "x"}}
                    ]
                },
            )
        },
        ("a", "/submissionCriteria/0/message/1", "language"),
        "not a language tag",
    ),
    # references
    "a parent that does not exist": (
        {"a": (OT, {"parents": [NONE]})},
        ("a", "/parents/0", "dangling-reference"),
        "does not exist. Create it, or remove the reference",
    ),
    "a shared property that does not exist": (
        {"a": (OT, {"properties": [prop("x", sharedProperty=NONE)]})},
        ("a", "/properties/0/sharedProperty", "dangling-reference"),
        NONE,
    ),
    "a data type that does not exist": (
        {"a": (SP, {"dataTypes": [NONE]})},
        ("a", "/dataTypes/0", "dangling-reference"),
        NONE,
    ),
    "a replacement that does not exist": (
        {"a": (OT, {"deprecation": {"replacedBy": ["https://x.example/ok", NONE]}})},
        ("a", "/deprecation/replacedBy/0", "dangling-reference"),
        NONE,
    ),
    "an equivalent that does not exist": (
        {"a": (OT, {"equivalentTo": [NONE]})},
        ("a", "/equivalentTo/0", "dangling-reference"),
        NONE,
    ),
    "a parent of another kind": (
        {"a": (OT, {"parents": [B]}), "b": (IF, {})},
        ("a", "/parents/0", "reference-kind"),
        "It refers to Interface/NameB, but parents takes ObjectType",
    ),
    "a link's end of another kind": (
        {"a": (LT, {"sources": [B]}), "b": (SP, {"dataTypes": ["string"]})},
        ("a", "/sources/0", "reference-kind"),
        "sources takes Interface or ObjectType",
    ),
    "a data type that is an object type": (
        {"a": (SP, {"dataTypes": [B]}), "b": (OT, {})},
        ("a", "/dataTypes/0", "reference-kind"),
        "dataTypes takes EnumType or StructType or ValueType",
    ),
    "an inverse of another kind": (
        {"a": (LT, {"inverseOf": B}), "b": (OT, {})},
        ("a", "/inverseOf", "reference-kind"),
        "inverseOf takes LinkType",
    ),
    "a link constraint on a type": (
        {"a": (IF, {"linkConstraints": [{"linkType": B}]}), "b": (OT, {})},
        ("a", "/linkConstraints/0/linkType", "reference-kind"),
        "linkConstraints takes LinkType",
    ),
    # cycles
    "a type that is its own parent": (
        {"a": (OT, {"parents": [A]})},
        ("a", "/parents", "cycle"),
        "It is its own ancestor: NameA → NameA. Break the cycle",
    ),
    "an interface that extends itself": (
        {"a": (IF, {"extends": [A]})},
        ("a", "/extends", "cycle"),
        "own ancestor",
    ),
    "a struct in itself": (
        {"a": (ST, {"fields": [prop("x", A)]})},
        ("a", "/fields", "cycle"),
        "The struct contains itself: NameA → NameA",
    ),
    # properties
    "a property without a type": (
        {"a": (OT, {"properties": [prop("x")]})},
        ("a", "/properties/0/dataTypes", "data-type"),
        "'x' has no type: give dataTypes, or a sharedProperty",
    ),
    "a property with two definitions of its type": (
        {
            "a": (OT, {"properties": [prop("x", "string", sharedProperty=B)]}),
            "b": (SP, {"dataTypes": ["string"]}),
        },
        ("a", "/properties/0/dataTypes", "data-type"),
        "takes its type from its shared property",
    ),
    "an unknown data type": (
        {"a": (SP, {"dataTypes": ["text"]})},
        ("a", "/dataTypes/0", "data-type"),
        "'text' is not a data type. Data types: boolean, integer",
    ),
    "an array that nothing fits in": (
        {"a": (SP, {"dataTypes": ["string"], "array": {"minItems": 3, "maxItems": 2}})},
        ("a", "/array/minItems", "cardinality"),
        "minItems 3 is more than maxItems 2",
    ),
    "a default of another type": (
        {"a": (SP, {"dataTypes": ["integer"], "default": "x"})},
        ("a", "/default", "default"),
        "The default does not fit: 'x' is not a integer: use a whole number",
    ),
    "true as an integer": (
        {"a": (SP, {"dataTypes": ["integer"], "default": True})},
        ("a", "/default", "default"),
        "True is not a integer",
    ),
    "a default that is no list": (
        {"a": (OT, {"properties": [prop("x", "string", array={}, default="x")]})},
        ("a", "/properties/0/default", "default"),
        "The property is an array: give a list as default",
    ),
    "a default that is no member": (
        {"a": (SP, {"dataTypes": [B], "default": "C"}), "b": (ET, {"members": [{"code": "A"}]})},
        ("a", "/default", "default"),
        "'C' is no member of NameB",
    ),
    "a default that breaks a constraint": (
        {
            "a": (SP, {"dataTypes": [B], "default": 11}),
            "b": (VT, {"baseType": "integer", "constraints": {"maximum": 10}}),
        },
        ("a", "/default", "default"),
        "11 must be at most 10",
    ),
    "a default inherited from a shared property": (
        {
            "a": (OT, {"properties": [prop("x", sharedProperty=B, array={})]}),
            "b": (SP, {"dataTypes": ["string"], "default": "x"}),
        },
        ("a", "/properties/0/default", "default"),
        "give a list",
    ),
    # inheritance
    "an override of another type": (
        {
            "a": (OT, {"parents": [B], "properties": [prop("x", "integer")]}),
            "b": (OT, {"properties": [prop("x", "string")]}),
        },
        ("a", "/properties/0", "illegal-override"),
        "'x' cannot override that of 'NameB': its data types are not among those inherited",
    ),
    "an override that is an array": (
        {
            "a": (OT, {"parents": [B], "properties": [prop("x", "string", array={})]}),
            "b": (OT, {"properties": [prop("x", "string")]}),
        },
        ("a", "/properties/0", "illegal-override"),
        "one of them is an array",
    ),
    "an override that is optional": (
        {
            "a": (OT, {"parents": [B], "properties": [prop("x", "string")]}),
            "b": (OT, {"properties": [prop("x", "string", required=True)]}),
        },
        ("a", "/properties/0", "illegal-override"),
        "the inherited property is required",
    ),
    "an override of a grandparent's": (
        {
            "a": (OT, {"parents": [B], "properties": [prop("x", "integer")]}),
            "b": (OT, {"parents": [C]}),
            "c": (OT, {"properties": [prop("x", "string")]}),
        },
        ("a", "/properties/0", "illegal-override"),
        "that of 'NameC'",
    ),
    "an override that differs in case": (
        {
            "a": (OT, {"parents": [B], "properties": [prop("Name", "string")]}),
            "b": (OT, {"properties": [prop("name", "string")]}),
        },
        ("a", "/properties/0/apiName", "duplicate-name"),
        "'Name' differs from 'name' of 'NameB' only in case",
    ),
    "two parents that disagree": (
        {
            "a": (OT, {"parents": [B, C]}),
            "b": (OT, {"properties": [prop("x", "string")]}),
            "c": (OT, {"properties": [prop("x", "integer")]}),
        },
        ("a", "/parents", "ambiguous-inheritance"),
        "'x' is inherited from 'NameB' and 'NameC' with different meanings",
    ),
    # keys
    "a key that is no property": (
        {"a": (OT, {"primaryKey": ["id"]})},
        ("a", "/primaryKey/0", "unknown-property"),
        "There is no property 'id'",
    ),
    "a key in another case": (
        {"a": (OT, {"primaryKey": ["ID"], "properties": [prop("id", "string", required=True)]})},
        ("a", "/primaryKey/0", "unknown-property"),
        "Spell it id",
    ),
    "a key that may be missing": (
        {"a": (OT, {"primaryKey": ["id"], "properties": [prop("id", "string")]})},
        ("a", "/primaryKey/0", "key"),
        "make it required",
    ),
    "a key that is a list": (
        {
            "a": (
                OT,
                {
                    "primaryKey": ["id"],
                    "properties": [prop("id", "string", required=True, array={})],
                },
            )
        },
        ("a", "/primaryKey/0", "key"),
        "its values cannot be compared",
    ),
    "a key of a type without identity": (
        {"a": (OT, {"primaryKey": ["id"], "properties": [prop("id", "double", required=True)]})},
        ("a", "/primaryKey/0", "key"),
        "cannot be part of a key",
    ),
    "a key that is a struct": (
        {
            "a": (OT, {"primaryKey": ["id"], "properties": [prop("id", B, required=True)]}),
            "b": (ST, {"fields": [prop("x", "string")]}),
        },
        ("a", "/primaryKey/0", "key"),
        "cannot be part of a key",
    ),
    "a key of a value type without identity": (
        {
            "a": (OT, {"primaryKey": ["id"], "properties": [prop("id", B, required=True)]}),
            "b": (VT, {"baseType": "geopoint"}),
        },
        ("a", "/primaryKey/0", "key"),
        "cannot be part of a key",
    ),
    "a title that is no property": (
        {"a": (OT, {"titleProperty": "name"})},
        ("a", "/titleProperty", "unknown-property"),
        "There is no property 'name'",
    ),
    "a title in another case": (
        {"a": (OT, {"titleProperty": "Name", "properties": [prop("name", "string")]})},
        ("a", "/titleProperty", "unknown-property"),
        "Spell it name",
    ),
    "a unique constraint on nothing": (
        {"a": (OT, {"uniqueConstraints": [{"name": "u", "properties": []}]})},
        ("a", "/uniqueConstraints/0/properties", "unknown-property"),
        "Name at least one property",
    ),
    "a unique constraint on what is not there": (
        {"a": (OT, {"uniqueConstraints": [{"name": "u", "properties": ["x"]}]})},
        ("a", "/uniqueConstraints/0/properties/0", "unknown-property"),
        "There is no property 'x'",
    ),
    "two unique constraints of one name": (
        {
            "a": (
                OT,
                {
                    "properties": [prop("x", "string")],
                    "uniqueConstraints": [{"name": "u", "properties": ["x"]}] * 2,
                },
            )
        },
        ("a", "/uniqueConstraints/1/name", "duplicate-name"),
        "There are two 'u'",
    ),
    # interfaces
    "a property that an interface asks for": (
        {"a": (OT, {"interfaces": [B]}), "b": (IF, {"properties": [prop("x", "string")]})},
        ("a", "/interfaces", "interface"),
        "Interface 'NameB' asks for the property 'x': it is missing",
    ),
    "a property of another type than an interface asks for": (
        {
            "a": (OT, {"interfaces": [B], "properties": [prop("x", "integer")]}),
            "b": (IF, {"properties": [prop("x", "string")]}),
        },
        ("a", "/interfaces", "interface"),
        "its data types do not fit",
    ),
    "a list where an interface asks for one": (
        {
            "a": (OT, {"interfaces": [B], "properties": [prop("x", "string", array={})]}),
            "b": (IF, {"properties": [prop("x", "string")]}),
        },
        ("a", "/interfaces", "interface"),
        "one of them is an array",
    ),
    "an optional property that an interface requires": (
        {
            "a": (OT, {"interfaces": [B], "properties": [prop("x", "string")]}),
            "b": (IF, {"properties": [prop("x", "string", required=True)]}),
        },
        ("a", "/interfaces", "interface"),
        "it must be required",
    ),
    "what an extended interface asks for": (
        {
            "a": (OT, {"interfaces": [B]}),
            "b": (IF, {"extends": [C]}),
            "c": (IF, {"properties": [prop("x", "string")]}),
        },
        ("a", "/interfaces", "interface"),
        "Interface 'NameC' asks for the property 'x'",
    ),
    "what a parent's interface asks for": (
        {
            "a": (OT, {"parents": [B]}),
            "b": (OT, {"interfaces": [C], "isAbstract": True}),
            "c": (IF, {"properties": [prop("x", "string")]}),
        },
        ("a", "/interfaces", "interface"),
        "it is missing",
    ),
    "links that an interface asks for": (
        {
            "a": (OT, {"interfaces": [B]}),
            "b": (IF, {"linkConstraints": [{"linkType": C}]}),
            "c": (LT, {"sources": [D]}),
            "d": (OT, {}),
        },
        ("a", "/interfaces", "interface"),
        "Interface 'NameB' asks for links 'NameC', which do not allow this type among their sources",
    ),
    "incoming links that an interface asks for": (
        {
            "a": (OT, {"interfaces": [B]}),
            "b": (IF, {"linkConstraints": [{"linkType": C, "direction": "incoming"}]}),
            "c": (LT, {"sources": [A], "targets": [D]}),
            "d": (OT, {}),
        },
        ("a", "/interfaces", "interface"),
        "among their targets",
    ),
    # cardinalities
    "a cardinality turned around": (
        {"a": (LT, {"sourceCardinality": {"min": 2, "max": 1}, "onDelete": "restrict"})},
        ("a", "/sourceCardinality/min", "cardinality"),
        "min 2 is more than max 1",
    ),
    "a cardinality that allows nothing": (
        {"a": (LT, {"targetCardinality": {"max": 0}})},
        ("a", "/targetCardinality/max", "cardinality"),
        "max 0 allows nothing",
    ),
    "an interface's cardinality": (
        {"a": (IF, {"linkConstraints": [{"linkType": B, "min": 3, "max": 1}]}), "b": (LT, {})},
        ("a", "/linkConstraints/0/min", "cardinality"),
        "min 3 is more than max 1",
    ),
    "targets that need a source and lose it": (
        {"a": (LT, {"sourceCardinality": {"min": 1}, "onDelete": "detach"})},
        ("a", "/onDelete", "cardinality"),
        "use restrict or cascade",
    ),
    "a symmetric link between two types": (
        {
            "a": (LT, {"symmetric": True, "sources": [B], "targets": [C]}),
            "b": (OT, {}),
            "c": (OT, {}),
        },
        ("a", "/symmetric", "symmetric"),
        "make sources and targets alike",
    ),
    # value types
    "an unknown base type": (
        {"a": (VT, {"baseType": "text"})},
        ("a", "/baseType", "data-type"),
        "'text' is not a data type",
    ),
    "a base type that is a reference": (
        {"a": (VT, {"baseType": A})},
        ("a", "/baseType", "data-type"),
        "is not a data type",
    ),
    "a bound on what has no order": (
        {"a": (VT, {"baseType": "string", "constraints": {"minimum": "a"}})},
        ("a", "/constraints/minimum", "constraint"),
        "A string has no order: remove minimum",
    ),
    "a bound of another type": (
        {"a": (VT, {"baseType": "integer", "constraints": {"maximum": "5"}})},
        ("a", "/constraints/maximum", "constraint"),
        "'5' is not a integer",
    ),
    "bounds turned around": (
        {"a": (VT, {"baseType": "decimal", "constraints": {"minimum": "1.5", "maximum": 1}})},
        ("a", "/constraints/minimum", "constraint"),
        "minimum 1.5 is above maximum 1",
    ),
    "moments turned around": (
        {
            "a": (
                VT,
                {
                    "baseType": "timestamp",
                    "constraints": {
                        "exclusiveMinimum": "2026-07-05T12:00:00Z",
                        "exclusiveMaximum": "2026-07-05T20:59:00+09:00",
                    },
                },
            )
        },
        ("a", "/constraints/exclusiveMinimum", "constraint"),
        "is above exclusiveMaximum",
    ),
    "lengths turned around": (
        {"a": (VT, {"baseType": "string", "constraints": {"minLength": 3, "maxLength": 2}})},
        ("a", "/constraints/minLength", "constraint"),
        "minLength 3 is above maxLength 2",
    ),
    "a length of a number": (
        {"a": (VT, {"baseType": "integer", "constraints": {"maxLength": 2}})},
        ("a", "/constraints/maxLength", "constraint"),
        "maxLength is for text, not for a integer",
    ),
    "a pattern that is none": (
        {"a": (VT, {"baseType": "string", "constraints": {"pattern": "("}})},
        ("a", "/constraints/pattern", "constraint"),
        "Not a regular expression",
    ),
    "an allowed value of another type": (
        {"a": (VT, {"baseType": "boolean", "constraints": {"enum": [True, 1]}})},
        ("a", "/constraints/enum/1", "constraint"),
        "1 is not a boolean",
    ),
    # actions
    "a parameter without a type": (
        {"a": (AT, {"parameters": [{"apiName": "x"}]})},
        ("a", "/parameters/0", "data-type"),
        "'x' needs either dataTypes or an objectType",
    ),
    "a parameter with two types": (
        {
            "a": (AT, {"parameters": [{"apiName": "x", "dataTypes": ["string"], "objectType": B}]}),
            "b": (OT, {}),
        },
        ("a", "/parameters/0", "data-type"),
        "either dataTypes or an objectType",
    ),
    "two parameters of one name": (
        {
            "a": (
                AT,
                {
                    "parameters": [
                        {"apiName": "x", "dataTypes": ["string"]},
                        {"apiName": "X", "dataTypes": ["string"]},
                    ]
                },
            )
        },
        ("a", "/parameters/1/apiName", "duplicate-name"),
        "There are two parameters 'X'",
    ),
    "a parameter's default": (
        {"a": (AT, {"parameters": [{"apiName": "x", "dataTypes": ["date"], "default": "5"}]})},
        ("a", "/parameters/0/default", "default"),
        "use ISO 8601 text such as 2026-07-05",
    ),
    "two rules of one name": (
        {
            "a": (
                AT,
                {
                    "rules": [
                        {"name": "r", "op": "create", "objectType": B},
                        {"name": "r", "op": "create", "objectType": B},
                    ]
                },
            ),
            "b": (OT, {}),
        },
        ("a", "/rules/1/name", "duplicate-name"),
        "'r' is the name of another rule or parameter",
    ),
    "a rule that lacks what it needs": (
        {"a": (AT, {"rules": [{"name": "r", "op": "create"}]})},
        ("a", "/rules/0/objectType", "rule"),
        "A create rule needs objectType",
    ),
    "a rule about nothing": (
        {"a": (AT, {"rules": [{"name": "r", "op": "delete", "target": "x"}]})},
        ("a", "/rules/0/target", "rule"),
        "neither a parameter that holds an object nor an earlier create rule",
    ),
    "a rule that creates what is abstract": (
        {
            "a": (AT, {"rules": [{"name": "r", "op": "create", "objectType": B}]}),
            "b": (OT, {"isAbstract": True}),
        },
        ("a", "/rules/0/objectType", "rule"),
        "An abstract type has no objects",
    ),
    "a rule that sets what is not there": (
        {
            "a": (
                AT,
                {
                    "rules": [
                        {
                            "name": "r",
                            "op": "create",
                            "objectType": B,
                            "values": {"x": {"value": 1}},
                        }
                    ]
                },
            ),
            "b": (OT, {"properties": [prop("y", "string")]}),
        },
        ("a", "/rules/0/values/x", "unknown-property"),
        "There is no property 'x' to set",
    ),
    "a rule that takes what is not given": (
        {
            "a": (
                AT,
                {
                    "rules": [
                        {
                            "name": "r",
                            "op": "create",
                            "objectType": B,
                            "values": {"y": {"parameter": "z"}},
                        }
                    ]
                },
            ),
            "b": (OT, {"properties": [prop("y", "string")]}),
        },
        ("a", "/rules/0/values/y", "rule"),
        "There is no parameter 'z'",
    ),
    "two criteria of one name": (
        {"a": (AT, {"submissionCriteria": [{"name": "c", "expression": "true"}] * 2})},
        ("a", "/submissionCriteria/1/name", "duplicate-name"),
        "There are two 'c'",
    ),
    "two side effects of one name": (
        {"a": (AT, {"sideEffects": [{"name": "s", "type": "event"}] * 2})},
        ("a", "/sideEffects/1/name", "duplicate-name"),
        "There are two 's'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_breaks_a_rule_is_told_with_place_rule_and_remedy(case: str) -> None:
    bodies, expected, words = BROKEN[case]
    assert problems(bodies) == [expected]
    (message,) = messages(bodies)
    assert words in message


# --- the accepted counterparts ----------------------------------------------------------------------

SOUND: dict[str, Bodies] = {
    "nothing": {},
    "one name for two kinds": {
        "a": (OT, {"apiName": "Same"}),
        "b": (SP, {"apiName": "same", "dataTypes": ["string"]}),
    },
    "one IRI for two kinds": {
        "a": (LT, {"iri": "x:y"}),
        "b": (SP, {"iri": "x:y", "dataTypes": ["string"]}),
    },
    "an odd but legal name": {"a": (OT, {"apiName": "_3DModel_x"})},
    "the longest name": {"a": (OT, {"apiName": "N" * 200})},
    "texts without a language": {
        "a": (OT, {"displayName": {"@none": "x", "ko-KR": "y", "en": ""}})
    },
    "a shared property without types": {"a": (SP, {})},
    "a diamond": {
        "a": (OT, {"parents": [B, C]}),
        "b": (OT, {"parents": [D]}),
        "c": (OT, {"parents": [D]}),
        "d": (OT, {"properties": [prop("x", "string")]}),
    },
    "parents that agree": {
        "a": (OT, {"parents": [B, C]}),
        "b": (OT, {"properties": [prop("x", "string", "uri")]}),
        "c": (OT, {"properties": [prop("x", "uri", "string")]}),
    },
    "parents that disagree about what is declared again": {
        "a": (OT, {"parents": [B, C], "properties": [prop("x", "long")]}),
        "b": (OT, {"properties": [prop("x", "integer")]}),
        "c": (OT, {"properties": [prop("x", "long", "string")]}),
    },
    "an override that narrows": {
        "a": (OT, {"parents": [B], "properties": [prop("x", C, required=True)]}),
        "b": (OT, {"properties": [prop("x", "decimal", "string")]}),
        "c": (VT, {"baseType": "long"}),
    },
    "an override of anything": {
        "a": (OT, {"parents": [B], "properties": [prop("x", "date")]}),
        "b": (OT, {"properties": [prop("x", sharedProperty=C)]}),
        "c": (SP, {}),
    },
    "the same shared property twice": {
        "a": (OT, {"parents": [B], "properties": [prop("x", sharedProperty=C)]}),
        "b": (OT, {"properties": [prop("x", sharedProperty=C)]}),
        "c": (SP, {"dataTypes": ["string"]}),
    },
    "a struct in a struct": {
        "a": (ST, {"fields": [prop("x", B), prop("y", B)]}),
        "b": (ST, {"fields": [prop("x", "string")]}),
    },
    "an inherited key and title": {
        "a": (OT, {"parents": [B], "primaryKey": ["id"], "titleProperty": "id"}),
        "b": (OT, {"properties": [prop("id", "uuid", required=True)]}),
    },
    "a key of an enum, a value type and a decimal": {
        "a": (
            OT,
            {
                "primaryKey": ["x", "y", "z"],
                "properties": [
                    prop("x", B, required=True),
                    prop("y", C, required=True),
                    prop("z", "decimal(5,2)", required=True),
                ],
            },
        ),
        "b": (ET, {"members": [{"code": "A"}]}),
        "c": (VT, {"baseType": "string"}),
    },
    "a unique constraint on what may be missing": {
        "a": (
            OT,
            {
                "properties": [prop("x", "string")],
                "uniqueConstraints": [{"name": "u", "properties": ["x"]}],
            },
        )
    },
    "an interface implemented, narrower": {
        "a": (OT, {"interfaces": [B], "properties": [prop("x", "uri", required=True)]}),
        "b": (IF, {"properties": [prop("x", "string")]}),
    },
    "an interface implemented by inheritance": {
        "a": (OT, {"interfaces": [B], "parents": [C]}),
        "b": (IF, {"properties": [prop("x", "string")]}),
        "c": (OT, {"properties": [prop("x", "string")]}),
    },
    "an abstract type may leave an interface to its children": {
        "a": (OT, {"interfaces": [B], "isAbstract": True}),
        "b": (IF, {"properties": [prop("x", "string")]}),
    },
    "links that an interface asks for, allowed to the interface": {
        "a": (OT, {"interfaces": [B]}),
        "b": (IF, {"linkConstraints": [{"linkType": C, "min": 1}]}),
        "c": (LT, {"sources": [B], "targets": [A]}),
    },
    "links from anything": {
        "a": (OT, {"interfaces": [B]}),
        "b": (IF, {"linkConstraints": [{"linkType": C}]}),
        "c": (LT, {}),
    },
    "links allowed to a parent": {
        "a": (OT, {"interfaces": [B], "parents": [D]}),
        "b": (IF, {"linkConstraints": [{"linkType": C}]}),
        "c": (LT, {"sources": [D]}),
        "d": (OT, {}),
    },
    "a symmetric link": {
        "a": (LT, {"symmetric": True, "sources": [B], "targets": [B]}),
        "b": (OT, {}),
    },
    "a link that needs its source": {
        "a": (LT, {"sourceCardinality": {"min": 1, "max": 1}, "onDelete": "cascade"})
    },
    "bounds that meet": {
        "a": (VT, {"baseType": "double", "constraints": {"minimum": 1, "maximum": 1.0}})
    },
    "moments in order in different zones": {
        "a": (
            VT,
            {
                "baseType": "timestamp",
                "constraints": {
                    "minimum": "2026-07-05T20:00:00+09:00",
                    "maximum": "2026-07-05T11:00:00Z",
                },
            },
        )
    },
    "a default in bounds": {
        "a": (SP, {"dataTypes": [B], "default": "1.50"}),
        "b": (VT, {"baseType": "decimal", "constraints": {"minimum": 1, "exclusiveMaximum": "2"}}),
    },
    "a default of the second type": {
        "a": (SP, {"dataTypes": ["integer", "string"], "default": "x"})
    },
    "a default list": {"a": (SP, {"dataTypes": ["integer"], "array": {}, "default": [1, 2]})},
    "a default struct": {
        "a": (SP, {"dataTypes": [B], "default": {"x": 1}}),
        "b": (ST, {"fields": [prop("x", "integer")]}),
    },
    "an action": {
        "a": (
            AT,
            {
                "parameters": [
                    {"apiName": "who", "objectType": B},
                    {"apiName": "name", "dataTypes": ["string"], "default": "x"},
                ],
                "rules": [
                    {
                        "name": "made",
                        "op": "create",
                        "objectType": B,
                        "values": {"x": {"parameter": "name"}, "y": {"expression": "1 + 1"}},
                    },
                    {"name": "tie", "op": "link", "linkType": C, "source": "who", "target": "made"},
                    {
                        "name": "set",
                        "op": "modify",
                        "target": "who",
                        "values": {"x": {"value": None}},
                    },
                    {"name": "gone", "op": "delete", "target": "who"},
                ],
                "submissionCriteria": [
                    {"name": "c", "expression": "true", "message": {"en": "No"}}
                ],
                "sideEffects": [{"name": "s", "type": "event"}, {"name": "t", "type": "event"}],
            },
        ),
        "b": (OT, {"properties": [prop("x", "string"), prop("y", "integer")]}),
        "c": (LT, {"sources": [B], "targets": [B]}),
    },
    "references and IRIs side by side": {
        "a": (
            OT,
            {"equivalentTo": ["https://x.example/a", B], "deprecation": {"replacedBy": [B, "x:y"]}},
        ),
        "b": (OT, {}),
    },
}


@pytest.mark.parametrize("case", SOUND)
def test_what_keeps_the_rules_passes(case: str) -> None:
    assert problems(SOUND[case]) == []


# --- several problems -----------------------------------------------------------------------------


def test_every_problem_is_told_not_the_first_one() -> None:
    bodies: Bodies = {
        "a": (OT, {"parents": [NONE], "iri": "bad", "properties": [prop("x"), prop("y", "text")]}),
        "b": (VT, {"baseType": "integer", "constraints": {"minimum": "x", "pattern": "("}}),
        "c": (SP, {"dataTypes": [B], "default": "x"}),
    }
    assert problems(bodies) == [
        ("a", "/iri", "iri"),
        ("a", "/parents/0", "dangling-reference"),
        ("a", "/properties/0/dataTypes", "data-type"),
        ("a", "/properties/1/dataTypes/0", "data-type"),
        ("b", "/constraints/minimum", "constraint"),
        ("b", "/constraints/pattern", "constraint"),
        ("b", "/constraints/pattern", "constraint"),
        ("c", "/default", "default"),
    ]


def test_names_that_clash_are_told_on_both_sides() -> None:
    bodies: Bodies = {"a": (OT, {"apiName": "Day"}), "b": (OT, {"apiName": "DAY"})}
    assert problems(bodies) == [
        ("a", "/apiName", "duplicate-name"),
        ("b", "/apiName", "duplicate-name"),
    ]
    assert messages(bodies)[0] == (
        f"There is another ObjectType 'Day', spelled 'DAY' ({B}). "
        "Names are compared without case: rename one."
    )


def test_an_iri_that_two_types_have() -> None:
    bodies: Bodies = {"a": (OT, {"iri": "x:y"}), "b": (OT, {"iri": "x:y"})}
    assert problems(bodies) == [("a", "/iri", "duplicate-iri"), ("b", "/iri", "duplicate-iri")]
    assert messages(bodies)[1] == "'NameA' has the IRI x:y already."


def test_a_cycle_is_told_on_each_member_and_nothing_else_is() -> None:
    bodies: Bodies = {
        "a": (OT, {"parents": [B], "properties": [prop("x", "string")]}),
        "b": (OT, {"parents": [C], "properties": [prop("x", "integer")]}),
        "c": (OT, {"parents": [A]}),
        "d": (OT, {"parents": [A]}),
    }
    cycles = [problem for problem in problems(bodies) if problem[2] == "cycle"]
    assert cycles == [
        ("a", "/parents", "cycle"),
        ("b", "/parents", "cycle"),
        ("c", "/parents", "cycle"),
    ]
    assert messages(bodies)[0] == (
        "It is its own ancestor: NameA → NameB → NameC → NameA. Break the cycle."
    )


def test_a_struct_cycle_through_a_shared_property() -> None:
    bodies: Bodies = {
        "a": (ST, {"fields": [prop("x", sharedProperty=B)]}),
        "b": (SP, {"dataTypes": [C]}),
        "c": (ST, {"fields": [prop("x", A)]}),
    }
    assert problems(bodies) == [("a", "/fields", "cycle"), ("c", "/fields", "cycle")]


def test_a_deep_hierarchy_is_no_problem() -> None:
    def key(number: int) -> str:
        return f"00000000-0000-0000-0001-{number:012}"

    chain = [
        Document(
            key(number),
            OT,
            normalise(
                OT, {"apiName": f"T{number}", "parents": [key(number - 1)] if number else []}
            ),
        )
        for number in range(3000)
    ]
    assert validate_state(chain) == []


def test_the_shape_is_told_before_the_rules() -> None:
    found = validate_state([Document(A, OT, {"apiName": "A", "parents": [NONE], "colour": "red"})])
    assert [(one.field, one.rule, one.message) for one in found] == [
        ("/colour", "shape", "There is no such field. Remove it, or check its spelling.")
    ]
    assert found[0].as_dict() == {
        "document": "ObjectType/A",
        "rid": A,
        "field": "/colour",
        "rule": "shape",
        "message": "There is no such field. Remove it, or check its spelling.",
    }


# --- changes ----------------------------------------------------------------------------------------


def change(
    key: str, kind: Kind, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> DocumentChange:
    name = {"apiName": f"Name{key.upper()}"}
    bodies = [
        None if body is None else normalise(kind, {**name, **body}) for body in (before, after)
    ]
    return DocumentChange(rid(key), kind, *bodies)


def found(bodies: Bodies, *changes: DocumentChange) -> list[tuple[str, str, str]]:
    listed = validate_changes(MemoryState(documents(bodies)), changes)
    return sorted((KEYS[int(one.rid[-12:])], one.field, one.rule) for one in listed)


def test_deleting_what_is_referred_to() -> None:
    bodies: Bodies = {"a": (OT, {}), "b": (OT, {"parents": [A]}), "c": (OT, {"parents": [B]})}
    gone = change("a", OT, {}, None)
    (problem,) = validate_changes(MemoryState(documents(bodies)), [gone])
    assert (problem.rid, problem.field, problem.rule) == (B, "/parents/0", "dangling-reference")
    assert problem.message == (
        "It refers to ObjectType/NameA, which is deleted. Remove the reference, or delete this too."
    )
    assert (
        found(
            bodies,
            gone,
            change("b", OT, {"parents": [A]}, {}),
            change("c", OT, {"parents": [B]}, {}),
        )
        == []
    )
    assert found(bodies, gone, change("b", OT, {"parents": [A]}, None)) == [
        ("c", "/parents/0", "dangling-reference")
    ]


def test_deleting_what_a_document_refers_to_that_changes_elsewhere() -> None:
    """The other document's change says nothing about the reference, so only looking tells."""
    bodies: Bodies = {"a": (OT, {}), "b": (OT, {"parents": [A]})}
    elsewhere = change("b", OT, {"parents": [A]}, {"parents": [A], "tags": ["x"]})
    assert found(bodies, change("a", OT, {}, None), elsewhere) == [
        ("b", "/parents/0", "dangling-reference")
    ]


def test_a_change_reaches_through_a_child_that_changes_as_well() -> None:
    """a is the parent of b, b of c. What a gets clashes with c, and b changes something else."""
    bodies: Bodies = {
        "a": (OT, {}),
        "b": (OT, {"parents": [A], "properties": [prop("y", "string")]}),
        "c": (OT, {"parents": [B], "properties": [prop("x", "integer")]}),
    }
    before = {"parents": [A], "properties": [prop("y", "string")]}
    assert found(
        bodies,
        change("a", OT, {}, {"properties": [prop("x", "string")]}),
        change("b", OT, before, {**before, "titleProperty": "y"}),
    ) == [("c", "/properties/0", "illegal-override")]


def test_making_a_type_abstract_reaches_the_actions_that_create_it() -> None:
    bodies: Bodies = {
        "a": (OT, {}),
        "b": (AT, {"rules": [{"name": "r", "op": "create", "objectType": A}]}),
    }
    assert found(bodies, change("a", OT, {}, {"isAbstract": True})) == [
        ("b", "/rules/0/objectType", "rule")
    ]


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False)])
def test_a_value_that_python_takes_for_equal_is_another_value(before: Any, after: Any) -> None:
    old = {"dataTypes": ["integer"], "default": before}
    assert found({"a": (SP, old)}, change("a", SP, old, {**old, "default": after})) == [
        ("a", "/default", "default")
    ]


def test_a_rename_concerns_nobody_else() -> None:
    bodies: Bodies = {"a": (OT, {}), "b": (OT, {"parents": [A]})}
    assert found(bodies, change("a", OT, {}, {"apiName": "Other"})) == []
    assert found(bodies, change("a", OT, {}, {"apiName": "nameb"})) == [
        ("a", "/apiName", "duplicate-name")
    ]
    swapped = (
        change("a", OT, {}, {"apiName": "NameB"}),
        change("b", OT, {"parents": [A]}, {"parents": [A], "apiName": "NameA"}),
    )
    assert found(bodies, *swapped) == []


# --- the header -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "field", "rule", "words"),
    [
        ({"baseIri": "example.org"}, "/baseIri", "iri", "'example.org' cannot be the base IRI"),
        ({"prefixes": {"1a": "x:y"}}, "/prefixes/1a", "prefix", "'1a' cannot be a prefix"),
        ({"prefixes": {"a": "y"}}, "/prefixes/a", "iri", "'y' cannot be a namespace"),
        ({"defaultLanguage": "english!"}, "/defaultLanguage", "language", "'english!'"),
        ({"displayName": {"x_y": "x"}}, "/displayName/x_y", "language", "not a language tag"),
        ({"iri": "no"}, "/iri", "iri", "absolute IRI"),
    ],
)
def test_the_header(fields: dict[str, Any], field: str, rule: str, words: str) -> None:
    good = {
        "baseIri": "https://x.example/",
        "prefixes": {"": "x:", "schema": "https://schema.org/"},
    }
    assert header_problems(A, normalise(Kind.ONTOLOGY, good)) == []
    (problem,) = header_problems(A, normalise(Kind.ONTOLOGY, {**good, **fields}))
    assert (problem.field, problem.rule) == (field, rule)
    assert words in problem.message


def test_the_header_cannot_be_deleted() -> None:
    gone = DocumentChange(A, Kind.ONTOLOGY, {"baseIri": "https://x.example/"}, None)
    (problem,) = validate_changes(MemoryState(()), [gone])
    assert (problem.field, problem.rule) == ("", "header")
