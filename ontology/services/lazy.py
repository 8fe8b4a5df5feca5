"""Results whose readable parts are made when somebody looks at them.

What a commit changed, told field by field and name by name, costs as much as the commit itself; a
caller who only wants to know that it was made does not pay for it. A commit never changes, so
later gives the same as now.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from ontology.contract import CommitResult, DiffResult, DocumentView, MergeResult

__all__ = ["LazyCommitResult", "LazyMergeResult"]


class LazyCommitResult(CommitResult):
    """A ``CommitResult`` that calls ``changes`` and ``documents`` when they are asked for."""

    def __init__(
        self,
        changes: Callable[[], DiffResult],
        documents: Callable[[], tuple[DocumentView, ...]],
        **known: Any,
    ) -> None:
        _set(self, _changes=changes, _documents=documents, **known)

    @cached_property
    def changes(self) -> DiffResult:
        made: DiffResult = self.__dict__["_changes"]()
        return made

    @cached_property
    def documents(self) -> tuple[DocumentView, ...]:
        made: tuple[DocumentView, ...] = self.__dict__["_documents"]()
        return made


class LazyMergeResult(MergeResult):
    """A ``MergeResult`` that calls ``changes`` when they are asked for."""

    def __init__(self, changes: Callable[[], DiffResult | None], **known: Any) -> None:
        _set(self, _changes=changes, **known)

    @cached_property
    def changes(self) -> DiffResult | None:
        made: DiffResult | None = self.__dict__["_changes"]()
        return made


def _set(result: object, **members: Any) -> None:
    for name, value in members.items():
        object.__setattr__(result, name, value)  # frozen: set once, here
