"""Variables, nodes, literals and documents of a query, as the official clients write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ontology.domain.woql.ast import Data, Node, Term, Variable
from ontology.domain.woql.refusals import malformed, unsupported
from ontology.domain.woql.values import XSD, canonical

__all__ = ["at", "document", "literal", "node", "number", "term", "variable", "variables"]

_VARIABLE = re.compile(r"\w{1,200}")
_HOLDERS = ("Value", "NodeValue", "DataValue")
_RDF_LANG = "rdf:langString"
_DATATYPES = {
    "http://www.w3.org/2001/XMLSchema#": XSD,
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
}


def at(pointer: str, name: str | int) -> str:
    """The pointer of a member."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"


def variable(value: Any, pointer: str) -> str:
    """The name of a variable. Raises Invalid."""
    if isinstance(value, Mapping) and "variable" in value:
        value, pointer = value["variable"], at(pointer, "variable")
    if isinstance(value, Mapping) and "@value" in value:
        value = value["@value"]
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value.removeprefix("v:")):
        raise malformed(
            pointer, "Give the name of a variable: letters, digits and underscores, as a text."
        )
    return value.removeprefix("v:")


def variables(value: Any, pointer: str) -> tuple[str, ...]:
    """Names of variables, from a list or one. Raises Invalid."""
    items = value if isinstance(value, list) else [value]
    return tuple(variable(item, at(pointer, index)) for index, item in enumerate(items))


def number(value: Any, pointer: str) -> int:
    """How many: an integer from zero on. Raises Invalid."""
    if isinstance(value, Mapping) and "@value" in value:
        value = value["@value"]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53:
        raise malformed(pointer, "Give an integer from 0 on.")
    return value


def literal(value: Any, pointer: str) -> Data:
    """A literal: ``{"@type", "@value"}`` or a plain JSON value. Raises Invalid."""
    if isinstance(value, bool):
        return Data(XSD + "boolean", "true" if value else "false")
    if isinstance(value, str):
        return Data(XSD + "string", value)
    if isinstance(value, Mapping):
        text = value.get("@value")
        if "@language" in value:
            return Data(_RDF_LANG, f"{text}@{value['@language']}")
        if isinstance(text, (str, bool, int, float)) or _is_number(text):
            datatype = _datatype(value.get("@type", "xsd:string"), at(pointer, "@type"))
            found = canonical(datatype, text)
            if found is None:
                raise malformed(at(pointer, "@value"), f"'{text}' is no {value.get('@type')}.")
            return Data(datatype, found)
    elif isinstance(value, (int, float)) or _is_number(value):
        return Data(XSD + "decimal", canonical(XSD + "decimal", value) or str(value))
    raise malformed(pointer, 'Give a literal as {"@type": "xsd:…", "@value": …}.')


def _is_number(value: Any) -> bool:
    return type(value).__name__ == "Decimal"


def _datatype(value: Any, pointer: str) -> str:
    if not isinstance(value, str):
        raise malformed(pointer, "Give a data type such as xsd:string.")
    for namespace, prefix in _DATATYPES.items():
        if value.startswith((namespace, prefix)):
            return prefix + value.removeprefix(namespace).removeprefix(prefix)
    if "://" in value:
        return value
    raise malformed(pointer, f"'{value}' is no data type: give one such as xsd:string.")


def node(value: Any, pointer: str) -> Node:
    """An IRI. Raises Invalid."""
    if not isinstance(value, str) or not value or len(value) > 4000 or "\x00" in value:
        raise malformed(pointer, "Give an IRI as a text: in full, with a prefix, or relative.")
    return Node(value, pointer)


def term(value: Any, pointer: str, *, data: bool = True) -> Term:
    """What stands at a place of a triple.

    Args:
        data: whether it may be a literal.

    Raises:
        Invalid.
    """
    if isinstance(value, str):
        return Variable(variable(value, pointer)) if value[:2] == "v:" else node(value, pointer)
    if not isinstance(value, Mapping):
        raise malformed(pointer, "Give a variable, a node or a literal.")
    if "@value" in value and data:
        return literal(value, pointer)
    kind = value.get("@type", "Value")
    if kind not in _HOLDERS:
        raise malformed(at(pointer, "@type"), f"Use {', '.join(_HOLDERS)}.")
    given = [name for name in ("variable", "node", "data", "list", "dictionary") if name in value]
    if len(given) != 1:
        raise malformed(pointer, "Give one of variable, node and data.")
    name = given[0]
    if name == "variable":
        return Variable(variable(value, pointer))
    if name == "node":
        return node(value["node"], at(pointer, "node"))
    if name == "data" and data:
        return literal(value["data"], at(pointer, "data"))
    if name == "data":
        raise malformed(at(pointer, "data"), "There can be no literal here: give a node.")
    raise unsupported(
        name, at(pointer, name), f"A {name} is not supported here: give a variable or a value."
    )


def document(value: Any, pointer: str) -> Mapping[str, Any] | Variable:
    """A document to write: JSON as it is, or as a template. Variables in it stay.

    Raises:
        Invalid.
    """
    found = _templated(value, pointer)
    if isinstance(found, Variable):
        return found
    if not isinstance(found, Mapping):
        raise malformed(pointer, "Give a document: a JSON object with @type.")
    return found


def _templated(value: Any, pointer: str) -> Any:
    if isinstance(value, list):
        return [_templated(item, at(pointer, index)) for index, item in enumerate(value)]
    if isinstance(value, str) and value[:2] == "v:":
        return Variable(variable(value, pointer))
    if not isinstance(value, Mapping):
        return value
    kind = value.get("@type")
    if kind in _HOLDERS:
        return _held(value, pointer)
    if kind == "DictionaryTemplate":
        return _dictionary(value, pointer)
    if "@value" in value:
        return value["@value"]
    return {name: _templated(item, at(pointer, name)) for name, item in value.items()}


def _held(value: Mapping[str, Any], pointer: str) -> Any:
    if "dictionary" in value:
        return _dictionary(value["dictionary"], at(pointer, "dictionary"))
    if "list" in value:
        return _templated(value["list"], at(pointer, "list"))
    if "variable" in value:
        return Variable(variable(value, pointer))
    if "node" in value:
        return node(value["node"], at(pointer, "node")).text
    if "data" in value:
        data = value["data"]
        return data["@value"] if isinstance(data, Mapping) and "@value" in data else data
    raise malformed(pointer, "Give one of dictionary, list, variable, node and data.")


def _dictionary(value: Any, pointer: str) -> dict[str, Any]:
    pairs = value.get("data") if isinstance(value, Mapping) else None
    if isinstance(pairs, Mapping):
        pairs = [pairs]
    if not isinstance(pairs, list):
        raise malformed(pointer, "Give data: a list of FieldValuePair.")
    made: dict[str, Any] = {}
    for index, pair in enumerate(pairs):
        where = at(at(pointer, "data"), index)
        if not isinstance(pair, Mapping) or not isinstance(pair.get("field"), str):
            raise malformed(where, "Give a FieldValuePair with field and value.")
        made[pair["field"]] = _templated(pair.get("value"), at(where, "value"))
    return made
