"""What is said of queries that are not run."""

from __future__ import annotations

from oms_project.core.errors import Invalid

__all__ = ["SUPPORTED", "malformed", "too_complex", "unsupported"]

#: Operators that are translated.
SUPPORTED = (
    "And",
    "Count",
    "DeleteDocument",
    "Distinct",
    "Equals",
    "Greater",
    "GroupBy",
    "Gte",
    "InsertDocument",
    "IsA",
    "Less",
    "Limit",
    "Lte",
    "Not",
    "Optional",
    "Or",
    "OrderBy",
    "Path",
    "ReadDocument",
    "Select",
    "Start",
    "Subsumption",
    "Triple",
    "True",
    "UpdateDocument",
)


def malformed(pointer: str, message: str) -> Invalid:
    """``woql_invalid``: ``message`` is about what stands at ``pointer``."""
    return Invalid(
        f"The query is not well formed at '{pointer or '/'}': {message}",
        code="woql_invalid",
        errors=[{"field": pointer, "rule": "woql", "message": message}],
    )


def unsupported(operator: str, pointer: str, why: str = "") -> Invalid:
    """``woql_unsupported``: there is such an operator perhaps, but not here."""
    said = why or f"{operator} is not supported. Supported are {', '.join(SUPPORTED)}."
    return Invalid(
        f"The query cannot be run: {said}",
        code="woql_unsupported",
        data={"operator": operator, "supported": list(SUPPORTED)},
        errors=[{"field": pointer, "rule": "woql", "message": said}],
    )


def too_complex(pointer: str, message: str) -> Invalid:
    """``woql_too_complex``: larger or deeper than is taken."""
    return Invalid(
        f"The query is too complex: {message}",
        code="woql_too_complex",
        errors=[{"field": pointer, "rule": "woql", "message": message}],
    )
