"""WOQL as a tree: what the translation understands.

Names of nodes are WOQL's own. Semantics are TerminusDB 12's: the parts of an ``And`` are run one
after the other, each once for every row that the parts before it gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "And",
    "Compare",
    "Count",
    "Data",
    "DeleteDocument",
    "Distinct",
    "Equals",
    "GroupBy",
    "IsA",
    "Limit",
    "Node",
    "Not",
    "Operator",
    "Optional",
    "Or",
    "OrderBy",
    "Path",
    "Pattern",
    "PatternOr",
    "PatternRepeat",
    "PatternSequence",
    "PatternStep",
    "Query",
    "ReadDocument",
    "Select",
    "Start",
    "Subsumption",
    "Term",
    "Triple",
    "True_",
    "Variable",
    "WriteDocument",
]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Node:
    """An IRI as it was written: in full, with a prefix, or relative; see ``resolve``.

    Attributes:
        pointer: where it stands.
    """

    text: str
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Data:
    """A literal: its type such as ``xsd:string``, and its lexical form in the one spelling."""

    type: str
    value: str


Term = Variable | Node | Data
Operator = Literal["Less", "Greater", "Lte", "Gte"]


# --- paths --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PatternStep:
    """One hop. ``predicate`` None: whatever it is."""

    predicate: Node | None
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class PatternSequence:
    """One after the other."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PatternOr:
    """One of them."""

    parts: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class PatternRepeat:
    """From ``least`` to ``most`` times; ``most`` None: as often as may be."""

    part: Pattern
    least: int
    most: int | None


Pattern = PatternStep | PatternSequence | PatternOr | PatternRepeat


# --- queries ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class True_:  # noqa: N801 - WOQL's name, which Python has taken
    """Holds."""


@dataclass(frozen=True, slots=True)
class And:
    """All, one after the other."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """The rows of each, one after the other."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Rows for which there is nothing."""

    query: Query


@dataclass(frozen=True, slots=True)
class Optional:
    """Rows stay also where there is nothing."""

    query: Query


@dataclass(frozen=True, slots=True)
class Triple:
    """A triple of the data."""

    subject: Term
    predicate: Term
    object: Term


@dataclass(frozen=True, slots=True)
class IsA:
    """``element`` is of ``type`` or of a subclass."""

    element: Term
    type: Term


@dataclass(frozen=True, slots=True)
class Subsumption:
    """``child`` is ``parent`` or a subclass of it."""

    parent: Term
    child: Term


@dataclass(frozen=True, slots=True)
class Path:
    """``object`` can be reached from ``subject``; ``path`` is how."""

    subject: Term
    pattern: Pattern
    object: Term
    path: Variable | None


@dataclass(frozen=True, slots=True)
class Equals:
    """Both are the same; a side without a value takes the other's."""

    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Compare:
    """An order of two values."""

    operator: Operator
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Select:
    """Only these variables are seen outside."""

    variables: tuple[str, ...]
    query: Query


@dataclass(frozen=True, slots=True)
class Distinct:
    """The first row of each combination of values of ``variables``."""

    variables: tuple[str, ...]
    query: Query


@dataclass(frozen=True, slots=True)
class OrderBy:
    """Rows in order; ``ordering`` has names of variables and whether they fall."""

    ordering: tuple[tuple[str, bool], ...]
    query: Query


@dataclass(frozen=True, slots=True)
class Limit:
    """The first rows."""

    count: int
    query: Query


@dataclass(frozen=True, slots=True)
class Start:
    """Without the first rows."""

    count: int
    query: Query


@dataclass(frozen=True, slots=True)
class GroupBy:
    """A row for each combination of values of ``by``, with what ``template`` is in each of its
    rows. ``single``: the template is one variable, and not a list.
    """

    by: tuple[str, ...]
    template: tuple[str, ...]
    grouped: Variable
    query: Query


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are."""

    count: Term
    query: Query


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """The document as JSON."""

    identifier: Term
    document: Variable


@dataclass(frozen=True, slots=True)
class WriteDocument:
    """A document is created, or replaced.

    Attributes:
        document: JSON; a `Variable` stands for the value that it has in the row.
        identifier: what the document's ``@id`` becomes, or None.
    """

    operator: Literal["InsertDocument", "UpdateDocument"]
    document: Mapping[str, Any] | Variable
    identifier: Variable | None
    pointer: str


@dataclass(frozen=True, slots=True)
class DeleteDocument:
    """A document is deleted."""

    identifier: Term
    pointer: str


Query = (
    True_
    | And
    | Or
    | Not
    | Optional
    | Triple
    | IsA
    | Subsumption
    | Path
    | Equals
    | Compare
    | Select
    | Distinct
    | OrderBy
    | Limit
    | Start
    | GroupBy
    | Count
    | ReadDocument
    | WriteDocument
    | DeleteDocument
)
