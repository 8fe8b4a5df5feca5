"""Which events are wanted: by type, ontology, branch, object types, and an expression (CEL)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from oms_project.core.expressions import (
    EvaluationError,
    Expression,
    ExpressionError,
    compile_expression,
)

__all__ = ["EVERYTHING", "EventFilter", "matches_pattern"]

_NAMES: Final[Mapping[str, Any]] = {"event": "map", "data": "any"}
_MAX_PATTERNS: Final = 100
_MAX_PATTERN: Final = 300


@lru_cache(maxsize=2000)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)


def matches_pattern(pattern: str, text: str) -> bool:
    """Whether ``text`` is one of ``pattern``, in which ``*`` stands for any text."""
    return pattern == text or ("*" in pattern and _compiled(pattern).fullmatch(text) is not None)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Every member that is given must hold; an empty one wants everything.

    Attributes:
        types: patterns of event types: ``io.oms.ontology.*``.
        ontologies: names of ontologies; with any, events about none are not wanted.
        branches: patterns of branch names; with any, events about no branch are not wanted.
        object_types: names of types, one of which the event must be about.
        expression: CEL over ``event`` (the attributes) and ``data``; true wants it.
    """

    types: Sequence[str] = ()
    ontologies: Sequence[str] = ()
    branches: Sequence[str] = ()
    object_types: Sequence[str] = ()
    expression: str = ""

    def problems(self) -> list[dict[str, str]]:
        """What is wrong with it, one entry per member."""
        found = []
        for name in ("types", "ontologies", "branches", "object_types"):
            value = getattr(self, name)
            if len(value) > _MAX_PATTERNS or any(
                not isinstance(one, str)
                or not one
                or len(one) > _MAX_PATTERN
                or not one.isprintable()
                for one in value
            ):
                found.append(
                    {
                        "field": name,
                        "message": f"At most {_MAX_PATTERNS} texts of 1 to {_MAX_PATTERN} "
                        "printable characters.",
                    }
                )
        if self.expression:
            try:
                _expression(self.expression)
            except ExpressionError as error:
                found.append({"field": "expression", "message": str(error)})
        return found

    @property
    def needs_data(self) -> bool:
        """Whether it looks at more than type, ontology and branch."""
        return bool(self.object_types or self.expression)

    def matches_place(self, event_type: str, ontology: str, branch: str) -> bool:
        """Whether type, ontology and branch fit."""
        return (
            (not self.types or any(matches_pattern(one, event_type) for one in self.types))
            and (not self.ontologies or ontology in self.ontologies)
            and (
                not self.branches
                or (branch != "" and any(matches_pattern(one, branch) for one in self.branches))
            )
        )

    def matches_content(self, event: Mapping[str, Any]) -> bool:
        """Whether the rest fits.

        Args:
            event: the CloudEvent as a JSON object. An expression that has no value for it, or that
                would be too costly, does not want it.
        """
        data = event.get("data")
        if self.object_types:
            named = data.get("types", ()) if isinstance(data, Mapping) else ()
            if not isinstance(named, list) or not set(self.object_types).intersection(
                one for one in named if isinstance(one, str)
            ):
                return False
        if not self.expression:
            return True
        attributes = {name: value for name, value in event.items() if name != "data"}
        try:
            return (
                _expression(self.expression).evaluate({"event": attributes, "data": data}) is True
            )
        except EvaluationError:
            return False


#: Wants everything.
EVERYTHING: Final = EventFilter()


@lru_cache(maxsize=1000)
def _expression(text: str) -> Expression:
    return compile_expression(text, _NAMES)
