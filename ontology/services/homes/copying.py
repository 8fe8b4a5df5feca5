"""A whole history, written into an empty database of a home from the index, commit by commit.

Every commit goes there with its native documents, as it did when it was made: the native view of an
old commit then is what it would be had the ontology always lived there. From where the server refuses
them, or there are too many classes, the rest of the history goes without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from oms_project.core.errors import Conflict, Invalid
from ontology.contract import CommitInfo
from ontology.services.homes.names import heads_of
from ontology.store import intents
from ontology.store.home import Home, HomeDocument, kept_branch, tag_of_branch
from ontology.store.keeping import unreached
from ontology.store.landing import landing_of
from ontology.store.native_bound import too_many_classes
from ontology.store.orm.lines import place_of
from ontology.store.orm.reader import OrmReader
from ontology.store.orm.sql import COMMIT_COLUMNS, commit_from_row, rows
from ontology.store.port import Progress
from ontology.store.records import record_of

__all__ = ["Copier"]

_FIRST = "main"
_PAGE = 1000
#: Of commits that no branch and no tag leads to: they stay readable without it.
_LOOSE = "oms:copy"


class Copier:
    """Copies one ontology into one database; may be run again and again, each time for what is new.

    Attributes:
        identifiers: commit -> what the database keeps it as.
        projection_problem: why native documents are missing from it; empty: they are not.
    """

    def __init__(
        self,
        home: Home,
        database: str,
        ontology_id: str,
        *,
        intent: str,
        on_progress: Progress | None = None,
    ) -> None:
        self._home = home
        self._database = database
        self._ontology_id = ontology_id
        self._intent = intent
        self._on_progress = on_progress
        self.identifiers: dict[str, str] = {}
        self.projection_problem = ""

    def resume(self) -> None:
        """Learn what an earlier run has put there, and why it has not put all of it there."""
        self.projection_problem = intents.noted(self._intent)
        for branch in self._home.branches(self._database):
            known = set(self.identifiers.values())
            for commit in self._home.log(self._database, branch.identifier, until=known):
                if commit.commit:
                    self.identifiers[commit.commit] = commit.identifier

    def round(self) -> int:
        """Copy what is not there; how many commits that was."""
        todo = {
            info.id: info
            for info in _all_commits(self._ontology_id)
            if info.id not in self.identifiers
        }
        total, done = len(todo), 0
        heads = heads_of(self._ontology_id)
        for name, chain in self._chains(todo, heads):
            base = chain[0].parents[0] if chain[0].parents else ""
            self._branch_at(name, base)
            for info in chain:
                self._land(name, info)
                done += 1
                if self._on_progress is not None:
                    self._on_progress("copy", done, total)
        return total

    def put_names(self) -> None:
        """Let branches and tags stand where the index has them."""
        there = {one.name: one for one in self._home.branches(self._database)}
        heads = heads_of(self._ontology_id)
        for name, commit in heads.items():
            at = self.identifiers[commit]
            if name not in there:
                self._home.create_branch(self._database, name, at=at)
            elif there[name].identifier != at:
                self._home.move_branch(self._database, name, to=at, expected=there[name].identifier)
        kept = {kept_branch(commit): commit for commit in unreached(self._ontology_id)}
        for name, commit in kept.items():
            self._home.create_branch(self._database, name, at=self.identifiers[commit])
        for name in there.keys() - heads.keys() - kept.keys() - {_FIRST}:
            self._home.delete_branch(self._database, name)

    def _chains(
        self, todo: Mapping[str, CommitInfo], heads: Mapping[str, str]
    ) -> Iterator[tuple[str, list[CommitInfo]]]:
        """What is to be landed on which branch, in an order in which first parents come first."""
        planned: set[str] = set()

        def chain_to(commit: str) -> list[CommitInfo]:
            chain: list[CommitInfo] = []
            while commit in todo and commit not in planned:
                chain.append(todo[commit])
                planned.add(commit)
                commit = todo[commit].parents[0] if todo[commit].parents else ""
            return chain[::-1]

        first = next((id_ for id_, info in todo.items() if not info.parents), None)
        order = sorted(
            (name for name in heads if tag_of_branch(name) is None),
            key=lambda name: (name != _FIRST, name),
        )
        if first is not None and _FIRST not in heads:
            # The database begins with this branch, whatever the index calls its own.
            yield _FIRST, chain_to(first)
        for name in order:
            if chain := chain_to(heads[name]):
                yield name, chain
        latest = sorted(todo.values(), key=lambda info: (info.time, info.id), reverse=True)
        for info in latest:
            if chain := chain_to(info.id):
                yield _LOOSE, chain

    def _branch_at(self, name: str, base: str) -> None:
        there = self._home.branch(self._database, name)
        if not base:
            return  # the first commit: on the branch that the database began with
        at = self.identifiers[base]
        if there is None:
            self._home.create_branch(self._database, name, at=at)
        elif there.identifier != at:
            self._home.move_branch(self._database, name, to=at, expected=there.identifier)

    def _land(self, name: str, info: CommitInfo) -> None:
        base = info.parents[0] if info.parents else ""
        if not self.projection_problem and (problem := too_many_classes(self._ontology_id, [info])):
            self._without_view(problem)
        projected = not self.projection_problem
        try:
            self.identifiers[info.id] = self._landed(name, info, base, projected=projected)
        except Invalid as error:
            if not projected or error.error_code != "home_refused":
                raise
            self._without_view(str(error))
            self.identifiers[info.id] = self._landed(name, info, base, projected=False)

    def _without_view(self, problem: str) -> None:
        # On record before it is so: a run that goes on with this one must not add to half a view.
        intents.note(self._intent, problem)
        self.projection_problem = problem

    def _landed(self, name: str, info: CommitInfo, base: str, *, projected: bool) -> str:
        landing = landing_of(
            self._ontology_id,
            info,
            intent=self._intent,
            reader=OrmReader(info, place_of(self._ontology_id, info.id)[1]),
            projected=projected,
        )
        (identifier,) = self._home.land(self._database, name, [landing], expected=base)
        return identifier

    # --- whether it is the same -----------------------------------------------------------------
    def verify(self, *, done: set[str], complete: bool = False) -> int:
        """Hold the copy against the index: the record of every commit, and the documents that it
        wrote.

        Args:
            done: commits that were verified before; grows.
            complete: nobody commits any more: what is not there is missing.

        Returns:
            How many versions were compared.

        Raises:
            Conflict: ``copy_differs``.
        """
        versions = 0
        commits = [
            info
            for info in _all_commits(self._ontology_id)
            if info.id not in done and (complete or info.id in self.identifiers)
        ]
        said = self._records()
        for number, info in enumerate(commits, start=1):
            identifier = self.identifiers.get(info.id, "")
            if not identifier or said.get(identifier, record_of(self._ontology_id, info)) != (
                record_of(self._ontology_id, info)
            ):
                raise _differs(f"commit {info.short_id}")
            here = _written(self._ontology_id, info)
            there = _told(self._home.written(self._database, identifier, info.id))
            if here != there:
                raise _differs(f"what commit {info.short_id} wrote")
            versions += len(here)
            done.add(info.id)
            if self._on_progress is not None:
                self._on_progress("verify", number, len(commits))
        return versions

    def verify_heads(self) -> None:
        """Every document at every branch and tag.

        Raises:
            Conflict: ``copy_differs``.
        """
        there = {one.name: one for one in self._home.branches(self._database)}
        compared: set[str] = set()
        for name, commit in heads_of(self._ontology_id).items():
            if name not in there or there[name].identifier != self.identifiers.get(commit):
                raise _differs(f"where '{name}' stands")
            if commit in compared:
                continue
            compared.add(commit)
            info, place = place_of(self._ontology_id, commit)
            if _standing(OrmReader(info, place), self._ontology_id) != _told(
                self._home.documents(self._database, there[name].identifier)
            ):
                raise _differs(f"the documents of '{name}'")

    def _records(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for branch in self._home.branches(self._database):
            for commit in self._home.log(self._database, branch.identifier, until=found.keys()):
                if commit.record:
                    found[commit.identifier] = commit.record
        return found


def _differs(what: str) -> Conflict:
    return Conflict(
        f"The copy is not what it was made from: {what} differs. Nothing was switched; start again.",
        code="copy_differs",
    )


def _all_commits(ontology_id: str) -> Iterator[CommitInfo]:
    """All of them, parents first, also those that no branch leads to any more."""
    after: tuple[object, str] | None = None
    while True:
        later = "" if after is None else "AND (c.time, c.id) > (%s, %s) "
        found = rows(
            f"SELECT {COMMIT_COLUMNS} FROM ontology_commit c WHERE c.ontology_id = %s {later}"
            "ORDER BY c.time, c.id LIMIT %s",
            [ontology_id, *(after or ()), _PAGE],
        )
        for row in found:
            yield commit_from_row(row)
        if len(found) < _PAGE:
            return
        after = (found[-1][5], found[-1][0])


_Told = dict[str, tuple[str, str, str, str, str, bool]]


def _told(documents: Iterator[HomeDocument]) -> _Told:
    return {
        one.rid: (one.kind.value, one.hash, one.text, one.created, one.updated, one.deleted)
        for one in documents
    }


def _written(ontology_id: str, info: CommitInfo) -> _Told:
    place = place_of(ontology_id, info.id)[1]
    return {
        row[0]: (row[1], row[2], row[3], row[4], row[5], bool(row[6]))
        for row in rows(
            "SELECT v.rid, v.kind, v.body_hash, v.body, v.created, v.updated, v.deleted "
            "FROM ontology_documentversion v WHERE v.line_id = %s AND v.seq_from = %s",
            [place.line, place.seq],
        )
    }


def _standing(reader: OrmReader, ontology_id: str) -> _Told:
    """Everything at a commit, deleted documents as well."""
    lines = rows("SELECT id FROM ontology_line WHERE ontology_id = %s", [ontology_id])
    rids = {
        rid
        for (line,) in lines
        for (rid,) in rows(
            "SELECT DISTINCT v.rid FROM ontology_documentversion v WHERE v.line_id = %s", [line]
        )
    }
    return {
        rid: (one.kind.value, one.hash, one.text, one.created, one.updated, one.deleted)
        for rid, one in reader.get_with_deleted(rids).items()
    }
