"""Fields that plain RDF cannot say: taken from a document on export, put back on import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from oms_project.core.errors import Invalid
from oms_project.core.ids import is_rid
from ontology.domain.documents import Body, normalise
from ontology.domain.kinds import INSTANCE_KINDS, Kind

__all__ = ["apply", "difference", "replace_references"]

#: Lists whose items are written one by one, so that the others stay as the triples say.
_BY_RID = ("properties", "fields")
REFERENCE = "@ref"
VALUES = "values"


def difference(kind: Kind, told: Body, wanted: Body) -> tuple[dict[str, Any], list[str]]:
    """What must be set and unset to get from ``told`` to ``wanted``.

    Args:
        told: the body that an import makes from the plain triples.
        wanted: the body of the document.
    """
    if told == wanted:
        return {}, []
    if kind in INSTANCE_KINDS:
        told, wanted = _split(told), _split(wanted)
    fields: dict[str, Any] = {}
    unset: list[str] = []
    for name, value in wanted.items():
        if name not in told:
            fields[name] = value
        elif told[name] != value:
            if name in _BY_RID:
                changed, gone = _items(told[name], value)
                if changed:
                    fields[name] = changed
                unset.extend(f"{name}/{rid}" for rid in gone)
            else:
                fields[name] = value
    unset.extend(name for name in told if name not in wanted)
    return fields, unset


def _items(told: list[Any], wanted: list[Any]) -> tuple[list[Any], list[str]]:
    before = {item["rid"]: item for item in told}
    after = {item["rid"] for item in wanted}
    changed = [item for item in wanted if before.get(item["rid"]) != item]
    return changed, [rid for rid in before if rid not in after]


def _split(body: Body) -> dict[str, Any]:
    """System members of an instance, and its values in one member of their own."""
    values = {name: value for name, value in body.items() if not name.startswith("_")}
    system = {name: value for name, value in body.items() if name.startswith("_")}
    return {**system, VALUES: values} if values else system


def apply(
    kind: Kind, iri: str, body: dict[str, Any], fields: Mapping[str, Any], unset: list[str]
) -> dict[str, Any]:
    """``body`` with fields set and unset, in normal form.

    Raises:
        Invalid: the result does not have the shape of its kind.
    """
    body = dict(body)
    for name in unset:
        field, slash, rid = name.partition("/")
        if slash and field in _BY_RID:
            body[field] = [item for item in body.get(field, ()) if item.get("rid") != rid]
        elif kind in INSTANCE_KINDS and name == VALUES:
            body = {key: value for key, value in body.items() if key.startswith("_")}
        else:
            body.pop(name, None)
    for name, value in fields.items():
        if name in _BY_RID and isinstance(value, list) and name in body:
            changed = {item.get("rid") for item in value if isinstance(item, dict)}
            body[name] = [item for item in body[name] if item["rid"] not in changed] + value
        elif kind in INSTANCE_KINDS and name == VALUES and isinstance(value, dict):
            body.update({key: item for key, item in value.items() if not key.startswith("_")})
        else:
            body[name] = value
    try:
        return normalise(kind, body)
    except (ValidationError, AttributeError, KeyError, TypeError) as error:
        problem = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise Invalid(
            f"<{iri}>: its OMS terms do not make a {kind.value}: {problem}. "
            "Correct or remove them.",
            code="rdf_oms_term",
            data={"subject": iri, "kind": kind.value},
        ) from error


def replace_references(value: Any, replace: Callable[[str], Any]) -> Any:
    """``value`` with every rid in it (but a member called ``rid``) put through ``replace``."""
    if isinstance(value, str):
        return replace(value) if is_rid(value) else value
    if isinstance(value, list):
        return [replace_references(item, replace) for item in value]
    if isinstance(value, dict):
        return {
            name: item if name == "rid" else replace_references(item, replace)
            for name, item in value.items()
        }
    return value


def restore_references(value: Any, resolve: Callable[[Any], str]) -> Any:
    """The reverse of ``replace_references``: ``{"@ref": ...}`` through ``resolve``.

    Raises:
        LookupError: from ``resolve``, for a reference to nothing.
    """
    if isinstance(value, list):
        return [restore_references(item, resolve) for item in value]
    if isinstance(value, dict):
        if set(value) == {REFERENCE}:
            return resolve(value[REFERENCE])
        return {name: restore_references(item, resolve) for name, item in value.items()}
    return value
