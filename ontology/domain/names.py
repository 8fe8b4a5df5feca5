"""Names: which are legal, which follow the convention, and how an illegal one is mangled."""

from __future__ import annotations

import re

from oms_project.core.ids import is_rid
from ontology.domain.kinds import DEFINITION_KINDS, Kind

__all__ = [
    "MAX_NAME_LENGTH",
    "branch_name_problem",
    "convention_problem",
    "mangle",
    "name_key",
    "name_problem",
    "ontology_name_problem",
]

MAX_NAME_LENGTH = 200
_LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_UPPER_CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*", re.ASCII)
_LOWER_CAMEL = re.compile(r"[a-z][A-Za-z0-9]*", re.ASCII)
_UPPER_SNAKE = re.compile(r"[A-Z][A-Z0-9_]*", re.ASCII)
_REF = re.compile(r"[a-z0-9]([a-z0-9._/-]*[a-z0-9])?")
_ONTOLOGY = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_ILLEGAL = re.compile(r"[^A-Za-z0-9_]", re.ASCII)
_COMMIT_LIKE = re.compile(r"[0-9a-f]{7,64}")
_KIND_NAMES = frozenset(kind.value for kind in Kind)
_TYPE_LIKE = frozenset(
    {
        Kind.OBJECT_TYPE,
        Kind.INTERFACE,
        Kind.VALUE_TYPE,
        Kind.ENUM_TYPE,
        Kind.STRUCT_TYPE,
    }
)


def name_key(name: str) -> str:
    """The form in which names are compared: without case."""
    return name.casefold()


def name_problem(name: str) -> str | None:
    """Why ``name`` cannot be an ``apiName``, or None.

    Legal is what every door can carry: a GraphQL name that does not start with two underscores
    and is not the name of a kind.
    """
    if len(name) > MAX_NAME_LENGTH:
        return f"it is longer than {MAX_NAME_LENGTH} characters"
    if _LEGAL.fullmatch(name) is None:
        return "use letters, digits and underscores, not starting with a digit"
    if name.startswith("__"):
        return "names that start with two underscores belong to GraphQL"
    if name in _KIND_NAMES:
        return f"'{name}' is the name of a kind; kinds: {', '.join(DEFINITION_KINDS)}"
    return None


def convention_problem(kind: Kind | None, name: str) -> str | None:
    """Why a newly given ``name`` does not follow the naming convention, or None.

    Args:
        kind: the kind of the definition that is named; None for a property or parameter.
        name: a legal name.
    """
    if kind in _TYPE_LIKE:
        return None if _UPPER_CAMEL.fullmatch(name) else "use UpperCamelCase, such as OrderLine"
    return None if _LOWER_CAMEL.fullmatch(name) else "use lowerCamelCase, such as orderedAt"


def enum_code_problem(code: str) -> str | None:
    """Why a newly given enum ``code`` does not follow the convention, or None."""
    return None if _UPPER_SNAKE.fullmatch(code) else "use UPPER_SNAKE, such as IN_TRANSIT"


def branch_name_problem(name: str) -> str | None:
    """Why ``name`` cannot name a branch or a tag, or None."""
    if len(name) > MAX_NAME_LENGTH:
        return f"it is longer than {MAX_NAME_LENGTH} characters"
    if _REF.fullmatch(name) is None or "//" in name or ".." in name:
        return "use lower-case letters, digits and . _ / - (a letter or digit first and last)"
    if _COMMIT_LIKE.fullmatch(name):
        return "it looks like a commit id"
    return None


def ontology_name_problem(name: str) -> str | None:
    """Why ``name`` cannot name an ontology, or None."""
    if len(name) > 100:
        return "it is longer than 100 characters"
    if _ONTOLOGY.fullmatch(name) is None or ".." in name:
        return "use lower-case letters, digits and . _ - (a letter or digit first and last)"
    if is_rid(name):
        return "it looks like the id of an ontology"
    return None


def mangle(local_name: str) -> str:
    """A legal name for ``local_name``, always the same one; legal names stay as they are.

    A character that is not allowed becomes ``_`` (ASCII) or ``_uXXXX`` (others), a leading digit
    gets ``_`` in front: ``3DModel`` -> ``_3DModel``.
    """
    name = _ILLEGAL.sub(
        lambda match: "_" if match.group().isascii() else f"_u{ord(match.group()):04X}",
        local_name,
    )
    if name.startswith("__"):
        name = "x" + name
    if not name or name[0].isdigit() or name in _KIND_NAMES:
        name = "_" + name
    return name[:MAX_NAME_LENGTH]
