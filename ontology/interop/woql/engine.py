"""One query's way to the process that holds the state: SELECTs, within what is left of its bounds."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oms_project.core.errors import Invalid, OmsError
from ontology.domain.native.terms import Node, Term
from ontology.interop.woql.state import NativeState, decoded, encoded

__all__ = ["Bounds", "Engine", "Solution", "node", "text_of", "values"]

Solution = Mapping[str, Term]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a query may use.

    Attributes:
        seconds: until its end.
        rows: at any time.
        bytes: of one result of the process.
        memory: bytes of the process beyond its triples.
    """

    seconds: float
    rows: int
    bytes: int
    memory: int


class Engine:
    """Asks a state for one query."""

    def __init__(self, state: NativeState, bounds: Bounds) -> None:
        self.state, self._bounds = state, bounds
        self._end = time.monotonic() + bounds.seconds

    def check(self, rows: int = 0) -> None:
        """Refuse to go on beyond the bounds.

        Raises:
            Invalid: ``woql_timeout``, ``woql_result_too_large``.
        """
        if time.monotonic() > self._end:
            raise self._late()
        if rows > self._bounds.rows:
            raise self._large(self._bounds.rows, "rows")

    def select(self, query: str) -> list[Solution]:
        """The solutions of a SELECT. Raises Invalid, Unavailable."""
        self.check()
        ended = self.state.ask(
            query,
            timeout=max(0.01, self._end - time.monotonic()),
            max_rows=self._bounds.rows,
            max_bytes=self._bounds.bytes,
            memory=self._bounds.memory,
        )
        if ended.file is None:
            raise self._error(ended.error)
        with ended.file as file:
            found = json.load(file)["results"]["bindings"]
        return [{name: decoded(value) for name, value in solution.items()} for solution in found]

    def count(self, query: str) -> int:
        """The number that a SELECT of ``?count`` gives."""
        self.check()
        found = self.select(query)
        return int(getattr(found[0]["count"], "text", "0")) if found else 0

    def _error(self, error: str) -> OmsError:
        match error:
            case "timeout":
                return self._late()
            case "rows":
                return self._large(self._bounds.rows, "rows")
            case "bytes":
                return self._large(self._bounds.bytes, "bytes")
        return Invalid(
            "The query needs more memory than it may use. Narrow it down.",
            code="woql_too_complex",
        )

    def _late(self) -> OmsError:
        seconds = round(self._bounds.seconds, 3)
        return Invalid(
            f"The query did not end within {seconds} seconds and was stopped. Narrow it down.",
            code="woql_timeout",
            data={"seconds": seconds},
        )

    def _large(self, limit: int, unit: str) -> OmsError:
        return Invalid(
            f"The query has more than {limit:,} {unit}, at its end or on the way there. Narrow it "
            "down.",
            code="woql_result_too_large",
            data={"limit": limit, "unit": unit},
        )


def text_of(term: Term) -> str:
    """A term in SPARQL."""
    return str(encoded(term))


def values(names: Sequence[str], rows: Sequence[Sequence[Term]]) -> str:
    """A VALUES block; a row may be there several times."""
    lines = " ".join(f"({' '.join(text_of(item) for item in row)})" for row in rows)
    return f"VALUES ({' '.join(names)}) {{ {lines} }}"


def node(name: str) -> str:
    """A name in SPARQL."""
    return text_of(Node(name))
