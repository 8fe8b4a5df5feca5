"""One branch of a home beside the index's: what has to be finished, and what others did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from oms_project.core.errors import Invalid
from ontology.contract import CommitInfo
from ontology.store.home import Home, HomeBranch, HomeCommit
from ontology.store.home_rows import commits_kept
from ontology.store.records import info_of, ontology_of
from ontology.store.strays import Finding

__all__ = ["Walk", "new_commits", "stray_commit"]

_PAGE = 100


@dataclass(slots=True)
class Walk:
    """What a home's branch has that the index does not.

    Attributes:
        base: the nearest commit that the index has; empty: none.
        new: sound commits after it, oldest first, up to the first that is not.
        stray: the first that is not, or None.
    """

    base: str = ""
    new: list[tuple[HomeCommit, CommitInfo]] = field(default_factory=list)
    stray: Finding | None = None


def new_commits(home: Home, database: str, ontology_id: str, branch: HomeBranch) -> Walk:
    """Read the home's log from a branch's head down to what the index has.

    Not the signatures: who replays a commit holds it against its documents.
    """
    walk = Walk()
    unknown: list[HomeCommit] = []
    for page in _pages(home.log(database, branch.identifier)):
        kept = commits_kept(ontology_id, [commit.identifier for commit in page])
        for commit in page:
            if commit.identifier in kept:
                walk.base = kept[commit.identifier]
                break
            unknown.append(commit)
        if walk.base:
            break
    at = walk.base
    for commit in reversed(unknown):
        if commit.part_of:
            continue  # of the commit that follows
        if not commit.record:
            walk.stray = stray_commit(branch.name, commit)
            break
        problem, info = _judged(ontology_id, commit, at)
        if info is None:
            walk.stray = stray_commit(branch.name, commit, problem)
            break
        walk.new.append((commit, info))
        at = info.id
    return walk


def stray_commit(branch: str, commit: HomeCommit, problem: str = "") -> Finding:
    """What is told of a commit that OMS did not make, or that says what is not so."""
    return Finding(
        kind="record" if problem else "commit",
        branch=branch,
        identifier=commit.identifier,
        author=commit.author,
        message=commit.message,
        time=commit.time,
        note=problem or "A commit that OMS did not make stands there.",
    )


def _judged(ontology_id: str, commit: HomeCommit, at: str) -> tuple[str, CommitInfo | None]:
    try:
        info = info_of(commit.record)
    except Invalid as error:
        return str(error), None
    if ontology_of(commit.record) != ontology_id:
        return "Its record is of another ontology.", None
    if commit.commit != info.id:
        return "It says that it is another commit than its record is of.", None
    if (info.parents[0] if info.parents else "") != at:
        return "Its record names another parent than the one that it stands on.", None
    return "", info


def _pages(log: Iterator[HomeCommit]) -> Iterator[Sequence[HomeCommit]]:
    while page := list(islice(log, _PAGE)):
        yield page
