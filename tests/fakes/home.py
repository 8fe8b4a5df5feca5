"""A home in a folder: a ``Home`` that survives its process, for tests of what holds its index."""

from __future__ import annotations

import datetime as dt
import os
import pickle
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from oms_project.core.errors import Conflict, Invalid, NotFound, Unavailable
from ontology.store.home import (
    HomeBranch,
    HomeCommit,
    HomeDocument,
    Landing,
    ServerInfo,
)

__all__ = ["FOLDER", "FolderHome"]

#: Name of the environment variable that says where the folder is.
FOLDER = "OMS_TEST_HOME"


@dataclass
class _Commit:
    said: HomeCommit
    #: The OMS commit that the content says it is at, from here on.
    at: str
    documents: dict[str, HomeDocument]


@dataclass
class _Database:
    branches: dict[str, str] = field(default_factory=lambda: {"main": ""})
    commits: dict[str, _Commit] = field(default_factory=dict)


class FolderHome:
    """Every database is a file; each change replaces it, so a kill leaves the old or the new one."""

    #: Called with a word (``landing``, ``landed``, …) at the moments at which something may die.
    hook: Callable[[str], None] | None = None

    @property
    def folder(self) -> Path:
        return Path(os.environ[FOLDER])

    # --- files ----------------------------------------------------------------------------------
    def _path(self, database: str) -> Path:
        if self.folder.joinpath("away").exists():
            raise Unavailable("The home does not answer.", code="home_unavailable")
        return self.folder / f"{database}.home"

    def _load(self, database: str) -> _Database:
        path = self._path(database)
        if not path.exists():
            raise NotFound(f"There is no database {database}.", code="home_database_not_found")
        if not path.stat().st_size:
            raise Unavailable("The home meets an error of its own.", code="home_broken")
        found: _Database = pickle.loads(path.read_bytes())
        return found

    def damage(self, database: str) -> None:
        """What a home may have left of a database when it was killed while it wrote there."""
        self._path(database).write_bytes(b"")

    def _save(self, database: str, content: _Database) -> None:
        path = self._path(database)
        new = path.with_suffix(".new")
        new.write_bytes(pickle.dumps(content))
        new.replace(path)

    def _tell(self, word: str) -> None:
        if FolderHome.hook is not None:
            FolderHome.hook(word)

    # --- the port -------------------------------------------------------------------------------
    def info(self) -> ServerInfo:
        self._path("any")
        return ServerInfo("folder", "1")

    def create(self, database: str, *, label: str, base_iri: str) -> None:
        if self._path(database).exists():
            raise Conflict(f"There is a database {database}.", code="home_exists")
        self._tell("creating")
        self._save(database, _Database())
        self._tell("created")

    def drop(self, database: str) -> None:
        self._path(database).unlink(missing_ok=True)

    def databases(self) -> Sequence[str]:
        self._path("any")
        return sorted(path.stem for path in self.folder.glob("*.home"))

    def land(
        self, database: str, branch: str, landings: Sequence[Landing], *, expected: str
    ) -> Sequence[str]:
        content = self._load(database)
        head = _head(content, branch)
        at = content.commits[head].at if head else ""
        if at == landings[-1].commit:
            return _retried(content, head, landings)
        if at != expected:
            raise Conflict(
                f"The home's branch {branch} is at {at[:12]}.",
                code="stale_home",
                data={"commit": at},
            )
        self._tell("landing")
        identifiers = []
        for landing in landings:
            documents = {one.rid: one for part in landing.parts for one in part.documents}
            there = _documents(content, head)
            for one in documents.values():
                if one.is_new == (one.rid in there):
                    raise Invalid(f"{one.rid} is there, or is not.", code="home_refused")
            head = _add(
                content,
                HomeCommit(
                    identifier=uuid.uuid4().hex,
                    parent=head,
                    author=landing.author,
                    message=landing.message,
                    time=dt.datetime.now(dt.UTC),
                    commit=landing.commit,
                    intent=landing.intent,
                    attempt=landing.attempt,
                    record=landing.record,
                ),
                landing.commit,
                documents,
            )
            identifiers.append(head)
        content.branches[branch] = head
        self._save(database, content)
        self._tell("landed")
        return identifiers

    def create_branch(self, database: str, name: str, *, at: str) -> None:
        content = self._load(database)
        if content.branches.get(name, at) != at:
            raise Conflict(f"There is a branch {name}.", code="home_exists")
        self._tell("branching")
        content.branches[name] = at
        self._save(database, content)
        self._tell("branched")

    def move_branch(self, database: str, name: str, *, to: str, expected: str) -> None:
        content = self._load(database)
        head = _head(content, name)
        if head == to:
            return
        if head != expected:
            at = content.commits[head].at
            raise Conflict(f"{name} stands elsewhere.", code="stale_home", data={"commit": at})
        self._tell("moving")
        content.branches[name] = to
        self._save(database, content)
        self._tell("moved")

    def delete_branch(self, database: str, name: str) -> None:
        content = self._load(database)
        if name in content.branches:
            self._tell("unbranching")
            del content.branches[name]
            self._save(database, content)
            self._tell("unbranched")

    def branches(self, database: str) -> Sequence[HomeBranch]:
        content = self._load(database)
        return [
            HomeBranch(name, head, content.commits[head].at if head else "")
            for name, head in sorted(content.branches.items())
        ]

    def branch(self, database: str, name: str) -> HomeBranch | None:
        return next((one for one in self.branches(database) if one.name == name), None)

    def log(
        self, database: str, identifier: str, *, until: Collection[str] = ()
    ) -> Iterator[HomeCommit]:
        content = self._load(database)
        while identifier and identifier not in until:
            commit = content.commits[identifier]
            yield commit.said
            identifier = commit.said.parent

    def written(self, database: str, identifier: str, commit: str) -> Iterator[HomeDocument]:
        for document in self.documents(database, identifier):
            if document.commit == commit:
                yield document

    def documents(
        self, database: str, identifier: str, rids: Collection[str] | None = None
    ) -> Iterator[HomeDocument]:
        found = _documents(self._load(database), identifier)
        for rid in sorted(found):
            if rids is None or rid in rids:
                yield replace(found[rid], is_new=False)

    def query(
        self, database: str, ref: str, query: Mapping[str, Any], *, timeout: float | None = None
    ) -> Mapping[str, Any]:
        raise Invalid("A folder answers no queries.", code="home_refused")

    # --- what others do -------------------------------------------------------------------------
    def meddle(
        self, database: str, branch: str, *documents: HomeDocument, author: str = "mallory"
    ) -> str:
        """A commit behind OMS's back; its identifier."""
        content = self._load(database)
        head = _head(content, branch)
        content.branches[branch] = _add(
            content,
            HomeCommit(uuid.uuid4().hex, head, author, "quick fix", dt.datetime.now(dt.UTC)),
            content.commits[head].at,
            {one.rid: one for one in documents},
        )
        self._save(database, content)
        return content.branches[branch]

    def change_record(self, database: str, identifier: str, **said: Any) -> None:
        """Falsify what the log says of a commit."""
        content = self._load(database)
        commit = content.commits[identifier]
        commit.said = replace(commit.said, **said)
        self._save(database, content)

    def put_branch(self, database: str, name: str, at: str | None) -> None:
        """Let a branch stand somewhere, or go away, whatever OMS thinks."""
        content = self._load(database)
        if at is None:
            del content.branches[name]
        else:
            content.branches[name] = at
        self._save(database, content)


def _add(content: _Database, said: HomeCommit, at: str, documents: dict[str, HomeDocument]) -> str:
    content.commits[said.identifier] = _Commit(said, at, documents)
    return said.identifier


def _head(content: _Database, branch: str) -> str:
    if branch not in content.branches:
        raise NotFound(f"There is no branch {branch}.", code="home_branch_not_found")
    return content.branches[branch]


def _documents(content: _Database, identifier: str) -> dict[str, HomeDocument]:
    chain = []
    while identifier:
        chain.append(content.commits[identifier])
        identifier = chain[-1].said.parent
    found: dict[str, HomeDocument] = {}
    for commit in reversed(chain):
        found.update(commit.documents)
    return found


def _retried(content: _Database, head: str, landings: Sequence[Landing]) -> list[str]:
    found = []
    for landing in reversed(landings):
        assert content.commits[head].said.commit == landing.commit
        found.append(head)
        head = content.commits[head].said.parent
    return found[::-1]
