"""States that are kept in processes, for queries: which there are, and how many ask at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

from django.conf import settings

from oms_project.core.errors import Unavailable
from ontology.contract import CommitInfo, OntologyInfo
from ontology.interop.sparql import Gate, StoreCache
from ontology.selectors.masking import visibility
from ontology.store import store

__all__ = ["Held", "forget_states", "held", "passage"]

#: Seconds that a query may wait for others to end.
_PATIENCE = 2.0


class Held(Protocol):
    """A state in a process."""

    @property
    def triples(self) -> int:
        """How many."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        ...

    def close(self) -> None:
        """Let the process end."""
        ...


S = TypeVar("S", bound=Held)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A state as readers with one clearance see it.

    Attributes:
        record: leaves the trace of a read of restricted values, when the state holds any.
        head: the head of the default branch that was asked how sensitive values are; empty: there
            are no instances, so nobody was.
    """

    state: Held
    record: Callable[[], None]
    head: str

    @property
    def triples(self) -> int:
        return self.state.triples

    @property
    def is_alive(self) -> bool:
        return self.state.is_alive

    def close(self) -> None:
        self.state.close()


_states: StoreCache[_Kept] = StoreCache()
_gate = Gate()


def _forget() -> None:
    """A forked server process has states of its own."""
    global _states, _gate
    _states, _gate = StoreCache(), Gate()


os.register_at_fork(after_in_child=_forget)


@contextmanager
def passage() -> Iterator[None]:
    """A place among the queries that run at once.

    Raises:
        Unavailable: ``sparql_busy``.
    """
    with _gate.passed(settings.OMS_SPARQL_CONCURRENCY, wait=_PATIENCE) as entered:
        if not entered:
            raise Unavailable(
                "Other queries are running: try again in a moment.",
                code="sparql_busy",
                data={"limit": settings.OMS_SPARQL_CONCURRENCY},
            )
        yield


@contextmanager
def held(
    info: OntologyInfo,
    commit: CommitInfo,
    kind: str,
    build: Callable[[], tuple[S, Callable[[], None], bool]],
) -> Iterator[S]:
    """The state of a commit as the current actor may see it, built when it is not kept.

    That restricted values may be read of it is recorded.

    Args:
        kind: which triples it has.
        build: the state, what records a read of it, and whether there are instances in it.
    """
    head = store.resolve(info.id, info.default_branch).id

    def made() -> _Kept:
        state, record, judged = build()
        return _Kept(state, record, head if judged else "")

    with _states.use(
        (info.id, commit.id, visibility(ontology=info.name), kind),
        made,
        fits=lambda kept: kept.head in ("", head),
        max_stores=settings.OMS_SPARQL_STORES,
        max_triples=settings.OMS_SPARQL_MAX_TRIPLES,
    ) as kept:
        kept.record()
        yield cast("S", kept.state)


def forget_states(ontology_id: str) -> None:
    """Close what this process keeps of an ontology for queries."""
    _states.drop(lambda key: isinstance(key, tuple) and key[0] == ontology_id)
