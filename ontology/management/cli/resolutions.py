"""``--ours``, ``--theirs``, ``--resolve`` and ``--resolve-file`` as the domain's resolutions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TextIO, cast

from oms_project.core.canonical_json import loads
from oms_project.management.base import usage_error
from ontology.contract import Resolution

__all__ = ["parse_resolution", "resolutions"]

_SIDES = ("ours", "theirs", "base")
_VALUE = "=value:"


def resolutions(
    *, ours: bool, theirs: bool, single: Iterable[str] | None, file: TextIO | None
) -> tuple[Resolution, ...]:
    """Every resolution that the command line asks for; the more precise one wins in the domain."""
    if ours and theirs:
        usage_error("--ours and --theirs cannot both settle what is left; give one of them.")
    found = [] if file is None else list(_from_file(file))
    found.extend(parse_resolution(text) for text in single or ())
    if ours or theirs:
        found.append(Resolution(choice="ours" if ours else "theirs"))
    return tuple(found)


def parse_resolution(text: str) -> Resolution:
    """``ObjectType/Person#/displayName/en=ours`` as a resolution.

    The last ``=`` before a side ends the conflict's name, and the first ``=value:`` does, since
    the name may hold ``=`` (an IRI in a path) and the JSON value may too.
    """
    side = re.fullmatch(rf"(.+)=({'|'.join(_SIDES)})", text, re.DOTALL)
    if side:
        return _resolution(side.group(1), side.group(2))
    conflict, separator, value = text.partition(_VALUE)
    if not separator or not conflict:
        usage_error(
            f"--resolve '{text}': write CONFLICT=ours, =theirs, =base or =value:JSON, for example "
            "'ObjectType/Person#/displayName/en=ours'."
        )
    try:
        return _resolution(conflict, "value", loads(value))
    except ValueError as error:
        usage_error(f"--resolve '{conflict}': the value is not JSON: {error}")


def _from_file(file: TextIO) -> Iterable[Resolution]:
    try:
        choices = loads(file.read())
    except ValueError as error:
        usage_error(f"--resolve-file: this is not JSON: {error}")
    if not isinstance(choices, Mapping):
        usage_error("--resolve-file: write one JSON object, {CONFLICT: CHOICE, ...}.")
    for conflict, choice in choices.items():
        if choice in _SIDES:
            yield _resolution(conflict, choice)
        elif isinstance(choice, Mapping) and set(choice) == {"value"}:
            yield _resolution(conflict, "value", choice["value"])
        else:
            usage_error(
                f'--resolve-file, \'{conflict}\': the choice is "ours", "theirs", "base" or '
                '{"value": JSON}.'
            )


def _resolution(conflict: str, choice: str, value: Any = None) -> Resolution:
    document, separator, path = conflict.partition("#")
    side = cast("Literal['ours', 'theirs', 'base', 'value']", choice)
    # `#` alone is the conflict about the whole document; no `#` means all of the document's.
    return Resolution(choice=side, document=document, path=path if separator else None, value=value)
