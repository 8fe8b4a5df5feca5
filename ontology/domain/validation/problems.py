"""Collecting problems about one document at a time."""

from __future__ import annotations

from ontology.domain.documents import Body, Problem, document_id
from ontology.domain.kinds import Kind

__all__ = ["Reporter"]


class Reporter:
    """Collects the problems of one document.

    Args:
        found: the list that problems are added to.
    """

    def __init__(self, found: list[Problem], kind: Kind, rid: str, body: Body) -> None:
        self._found = found
        self.kind = kind
        self.rid = rid
        self.body = body

    def add(self, field: str, rule: str, message: str) -> None:
        """Add a problem: JSON pointer, code of the rule, what is wrong and what to do."""
        document = document_id(self.kind, self.rid, self.body)
        self._found.append(Problem(self.rid, self.kind, document, field, rule, message))
