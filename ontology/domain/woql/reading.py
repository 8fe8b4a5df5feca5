"""Which queries may go to a TerminusDB as they are: those that read one database and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ontology.domain.woql.parse import MAX_DEPTH, MAX_NODES
from ontology.domain.woql.refusals import malformed, too_complex, unsupported
from ontology.domain.woql.terms import at

__all__ = ["check_reading", "has_writes", "meets_records", "reads_documents"]

_WRITES = frozenset({"InsertDocument", "UpdateDocument", "DeleteDocument"})
#: What of a query is no operator.
_PARTS = frozenset(
    {
        "Value",
        "NodeValue",
        "DataValue",
        "ArithmeticValue",
        "OrderTemplate",
        "DictionaryTemplate",
        "FieldValuePair",
        "PathPredicate",
        "InversePathPredicate",
        "PathSequence",
        "PathOr",
        "PathPlus",
        "PathStar",
        "PathTimes",
    }
)
#: Members of the documents in which OMS keeps an ontology, which a property may be called as well.
_RECORD_MEMBERS = frozenset(
    {"commit", "count", "created", "deleted", "hash", "kind", "text", "updated", "type"}
)
_TRIPLES = ("Triple", "AddedTriple", "DeletedTriple")
#: Operators that read the database that is asked, or only work out values.
_READING = frozenset(
    [
        "And",
        "Or",
        "Not",
        "Optional",
        "Once",
        "True",
        "Select",
        "Distinct",
        "OrderBy",
        "Limit",
        "Start",
        "GroupBy",
        "Collect",
        "Count",
        "Triple",
        "AddedTriple",
        "DeletedTriple",
        "IsA",
        "Subsumption",
        "Path",
        "ReadDocument",
        "TypeOf",
        "Typecast",
        "Equals",
        "Less",
        "Greater",
        "Lte",
        "Gte",
        "InRange",
        "Eval",
        "Plus",
        "Minus",
        "Times",
        "Divide",
        "Div",
        "Exp",
        "Floor",
        "Concatenate",
        "Join",
        "Split",
        "Sum",
        "Length",
        "Trim",
        "Upper",
        "Lower",
        "Pad",
        "Substring",
        "Regexp",
        "Like",
        "Member",
        "Dot",
        "Slice",
        "HashKey",
        "LexicalKey",
        "RandomKey",
        "SetDifference",
        "SetIntersection",
        "SetUnion",
        "SetMember",
        "ListToSet",
        "Comment",
    ]
)


def has_writes(query: Any) -> bool:
    """Whether a document is written anywhere in a query."""
    return _has(_WRITES, query)


def reads_documents(query: Any) -> bool:
    """Whether a document is read anywhere in a query."""
    return _has({"ReadDocument"}, query)


def _has(operators: Collection[str], query: Any) -> bool:
    if isinstance(query, Mapping):
        return query.get("@type") in operators or any(
            _has(operators, item) for item in query.values()
        )
    return isinstance(query, list) and any(_has(operators, item) for item in query)


def check_reading(query: Any) -> None:
    """Refuse operators that write, that reach another database, a file or the network, and those
    that nothing is known of.

    Raises:
        Invalid: ``woql_unsupported``, ``woql_invalid``, ``woql_too_complex``.
    """
    if not isinstance(query, Mapping) or not isinstance(query.get("@type"), str):
        raise malformed("/@type", "Give a query: a JSON object with @type.")
    count = 0
    todo: list[tuple[Any, str, int]] = [(query, "", 0)]
    while todo:
        value, pointer, depth = todo.pop()
        count += 1
        if depth > 8 * MAX_DEPTH or count > 20 * MAX_NODES:
            raise too_complex(pointer, "It is too large, or nested too deeply.")
        if isinstance(value, list):
            todo += [(item, at(pointer, index), depth + 1) for index, item in enumerate(value)]
        if not isinstance(value, Mapping) or "@value" in value:
            continue
        kind = value.get("@type")
        if kind is not None and kind not in _READING and kind not in _PARTS:
            raise unsupported(str(kind), pointer, f"{kind} is not supported.")
        graph = value.get("graph", "instance")
        if kind is not None and graph not in ("instance", "schema"):
            raise unsupported(str(kind), at(pointer, "graph"), "Use the graph instance or schema.")
        todo += [(item, at(pointer, name), depth + 1) for name, item in value.items()]


def meets_records(query: Any) -> bool:
    """Whether a query may meet the documents in which OMS keeps an ontology in TerminusDB: one that
    asks for everything, or for a member that those have too.
    """
    if isinstance(query, list):
        return any(meets_records(item) for item in query)
    if not isinstance(query, Mapping):
        return False
    kind = query.get("@type")
    if kind in _TRIPLES and not _name(query.get("subject")):
        predicate = _name(query.get("predicate"))
        # A class that is named leaves the others out.
        named = predicate == "rdf:type" and bool(_name(query.get("object")))
        if not named and _is_record_member(predicate):
            return True
    if kind == "IsA" and not _name(query.get("type")):
        return True
    if kind in ("PathPredicate", "InversePathPredicate") and _is_record_member(
        str(query.get("predicate") or "")
    ):
        return True
    return any(meets_records(item) for item in query.values())


def _name(term: Any) -> str:
    """The node that a term names; empty: a variable or a literal."""
    return str(term.get("node") or "") if isinstance(term, Mapping) else ""


def _is_record_member(predicate: str) -> bool:
    """Whether a predicate is one of theirs; a variable is any."""
    plain = predicate.rpartition("#")[2].rpartition("/")[2].rpartition(":")[2]
    return plain in _RECORD_MEMBERS or not plain
