"""A home in memory: an implementation of the port to put behind a server in tests."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oms_project.core.errors import Conflict, NotFound
from ontology.store.home import HomeBranch, HomeCommit, HomeDocument, Landing, ServerInfo

TIME = dt.datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=dt.UTC)


@dataclass
class _Database:
    label: str
    base_iri: str
    branches: dict[str, str] = field(default_factory=lambda: {"main": ""})
    commits: dict[str, HomeCommit] = field(default_factory=dict)
    states: dict[str, dict[str, HomeDocument]] = field(default_factory=lambda: {"": {}})


class MemoryHome:
    """Keeps what lands, and what it was asked; ``trouble`` is called before everything."""

    def __init__(self) -> None:
        self.kept: dict[str, _Database] = {}
        self.landed: list[Landing] = []
        self.parts: list[list[Any]] = []
        self.queries: list[tuple[str, str, Mapping[str, Any], float | None]] = []
        self.answer: Mapping[str, Any] = {"bindings": [], "api:variable_names": []}
        self.trouble: Callable[[str], None] = lambda _name: None
        self.on_part: Callable[[], None] = lambda: None
        self.threads: set[int] = set()

    def info(self) -> ServerInfo:
        self.trouble("info")
        return ServerInfo("MemoryDB", "1.2.3", "")

    def create(self, database: str, *, label: str, base_iri: str) -> None:
        self.trouble("create")
        if database in self.kept:
            raise Conflict(f"There is {database}.", code="home_exists", data={"name": database})
        self.kept[database] = _Database(label, base_iri)

    def drop(self, database: str) -> None:
        self.trouble("drop")
        self.kept.pop(database, None)

    def databases(self) -> Sequence[str]:
        self.trouble("databases")
        return sorted(self.kept)

    def land(
        self, database: str, branch: str, landings: Sequence[Landing], *, expected: str
    ) -> Sequence[str]:
        self.trouble("land")
        self.threads.add(threading.get_ident())
        kept = self._kept(database)
        head = self._head(kept, branch)
        at = kept.commits[head].commit if head else ""
        if at != expected:
            raise Conflict("It is elsewhere.", code="stale_home", data={"commit": at})
        made: list[HomeCommit] = []
        state = dict(kept.states[head])
        states = []
        for landing in landings:
            taken = []
            for part in landing.parts:
                self.on_part()
                state.update({one.rid: one for one in part.documents})
                taken.append(part)
            self.landed.append(landing)
            self.parts.append(taken)
            identifier = hashlib.sha256((head + landing.commit).encode()).hexdigest()[:32]
            made.append(
                HomeCommit(
                    identifier, head, landing.author, landing.message, TIME,
                    commit=landing.commit, intent=landing.intent, record=landing.record,
                )
            )  # fmt: skip
            states.append(dict(state))
            head = identifier
        for commit, one in zip(made, states, strict=True):
            kept.commits[commit.identifier] = commit
            kept.states[commit.identifier] = one
        kept.branches[branch] = head
        return [one.identifier for one in made]

    def create_branch(self, database: str, name: str, *, at: str) -> None:
        self.trouble("create_branch")
        branches = self._kept(database).branches
        if branches.setdefault(name, at) != at:
            raise Conflict(f"{name} stands elsewhere.", code="home_exists")

    def move_branch(self, database: str, name: str, *, to: str, expected: str) -> None:
        self.trouble("move_branch")
        kept = self._kept(database)
        head = self._head(kept, name)
        if head not in (to, expected):
            raise Conflict("It is elsewhere.", code="stale_home", data={"commit": head})
        kept.branches[name] = to

    def delete_branch(self, database: str, name: str) -> None:
        self.trouble("delete_branch")
        self._kept(database).branches.pop(name, None)

    def branches(self, database: str) -> Sequence[HomeBranch]:
        self.trouble("branches")
        kept = self._kept(database)
        return [self._branch(kept, name) for name in sorted(kept.branches)]

    def branch(self, database: str, name: str) -> HomeBranch | None:
        self.trouble("branch")
        kept = self._kept(database)
        return self._branch(kept, name) if name in kept.branches else None

    def log(
        self, database: str, identifier: str, *, until: Collection[str] = ()
    ) -> Iterator[HomeCommit]:
        self.trouble("log")
        commits = self._kept(database).commits
        while identifier and identifier not in until:
            yield commits[identifier]
            identifier = commits[identifier].parent

    def written(self, database: str, identifier: str, commit: str) -> Iterator[HomeDocument]:
        self.trouble("written")
        for one in self.documents(database, identifier):
            if one.commit == commit:
                yield one

    def documents(
        self, database: str, identifier: str, rids: Collection[str] | None = None
    ) -> Iterator[HomeDocument]:
        self.trouble("documents")
        state = self._kept(database).states[identifier]
        for rid in sorted(state):
            if rids is None or rid in rids:
                yield state[rid]

    def query(
        self,
        database: str,
        ref: str,
        query: Mapping[str, Any],
        *,
        timeout: float | None = None,
    ) -> Mapping[str, Any]:
        self.trouble("query")
        self._kept(database)
        self.queries.append((database, ref, query, timeout))
        return self.answer

    def _kept(self, database: str) -> _Database:
        if database not in self.kept:
            raise NotFound(f"There is no {database}.", code="home_database_not_found")
        return self.kept[database]

    @staticmethod
    def _head(kept: _Database, branch: str) -> str:
        if branch not in kept.branches:
            raise NotFound(f"There is no branch {branch}.", code="home_branch_not_found")
        return kept.branches[branch]

    @staticmethod
    def _branch(kept: _Database, name: str) -> HomeBranch:
        head = kept.branches[name]
        return HomeBranch(name, head, kept.commits[head].commit if head else "")
