"""Hold a home against the index that was made from it, commit by commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from oms_project.core.errors import Invalid, NotFound
from oms_project.core.keys import PublicKey
from ontology.contract import CommitInfo, VerifyProblem
from ontology.domain.authorship import author_problem
from ontology.store.hashing import text_hash
from ontology.store.home import (
    Home,
    HomeBranch,
    HomeCommit,
    HomeDocument,
    is_kept_branch,
    tag_branch,
)
from ontology.store.home_models import HomedOntology
from ontology.store.home_rows import identifiers_of
from ontology.store.orm.sql import COMMIT_COLUMNS, commit_from_row, rows
from ontology.store.port import Progress
from ontology.store.records import info_of, ontology_of, record_of
from ontology.store.sealing import claim_of

__all__ = ["verify_home"]

_PAGE = 500


def verify_home(
    home: Home,
    homed: HomedOntology,
    *,
    keys: Mapping[str, PublicKey],
    on_progress: Progress | None = None,
) -> list[VerifyProblem]:
    """What is not in the home as the index has it, or is there and should not be.

    Reads the home's whole log, and the documents that each commit wrote.
    """
    ontology_id = homed.ontology_id
    problems: list[VerifyProblem] = []
    try:
        branches = {branch.name: branch for branch in home.branches(homed.database)}
    except NotFound as error:
        return [VerifyProblem(f"database {homed.database}", str(error))]
    _check_names(ontology_id, branches, problems)
    log = _log(home, homed.database, branches.values())
    total = rows("SELECT COUNT(*) FROM ontology_commit WHERE ontology_id = %s", [ontology_id])[0][0]
    seen = 0
    for commits in _commits(ontology_id):
        identifiers = identifiers_of(ontology_id, [info.id for info in commits])
        for info in commits:
            identifier = identifiers.get(info.id)
            if identifier is None:
                problems.append(VerifyProblem(f"commit {info.id}", "the home does not have it"))
                continue
            said = log.pop(identifier, None)
            if said is not None:
                problems += _record_problems(ontology_id, info, said, keys)
            try:
                problems += _document_problems(home, homed, info, identifier)
            except NotFound as error:
                problems.append(VerifyProblem(f"home of commit {info.id}", str(error)))
            seen += 1
            if on_progress is not None and seen % 20 == 0:
                on_progress("verify home", seen, total)
    problems += [
        VerifyProblem(
            f"{homed.database} commit {one.identifier}",
            f"it was not made by OMS (author {one.author!r}, message {one.message!r})",
        )
        for one in log.values()
        if not one.part_of
    ]
    if on_progress is not None:
        on_progress("verify", seen, seen)
    return problems


def _check_names(
    ontology_id: str, branches: Mapping[str, HomeBranch], problems: list[VerifyProblem]
) -> None:
    named = [
        (name, head)
        for name, head in rows(
            "SELECT name, head_id FROM ontology_branch WHERE ontology_id = %s", [ontology_id]
        )
    ]
    tags = rows("SELECT name, commit_id FROM ontology_tag WHERE ontology_id = %s", [ontology_id])
    named += [(tag_branch(name), commit) for name, commit in tags]
    identifiers = identifiers_of(ontology_id, [commit for _, commit in named])
    for name, commit in named:
        there = branches.get(name)
        if there is None:
            problems.append(VerifyProblem(f"branch {name}", "the home does not have it"))
        elif there.identifier != identifiers.get(commit) or there.commit != commit:
            problems.append(
                VerifyProblem(
                    f"branch {name}",
                    f"in the home it stands at {there.identifier} ({there.commit[:12] or 'nothing'})"
                    f", not at {commit[:12]}",
                )
            )
    known = {name for name, _ in named}
    problems += [
        VerifyProblem(f"branch {name}", "it is in the home only")
        for name in branches
        # A home's first branch cannot be deleted there.
        if name not in known and name != "main" and not is_kept_branch(name)
    ]


def _log(home: Home, database: str, branches: Iterable[HomeBranch]) -> dict[str, HomeCommit]:
    """Identifier -> commit of everything that a branch or tag of the home has in its history."""
    found: dict[str, HomeCommit] = {}
    for branch in branches:
        for commit in home.log(database, branch.identifier, until=found.keys()):
            found[commit.identifier] = commit
    return found


def _commits(ontology_id: str) -> Iterator[list[CommitInfo]]:
    after = ""
    while found := rows(
        f"SELECT {COMMIT_COLUMNS} FROM ontology_commit c "
        "WHERE c.ontology_id = %s AND c.id > %s ORDER BY c.id LIMIT %s",
        [ontology_id, after, _PAGE],
    ):
        yield [commit_from_row(row) for row in found]
        after = found[-1][0]


def _record_problems(
    ontology_id: str, info: CommitInfo, said: HomeCommit, keys: Mapping[str, PublicKey]
) -> Iterator[VerifyProblem]:
    where = f"home of commit {info.id}"
    if said.record != record_of(ontology_id, info):
        try:
            other = info_of(said.record)
        except Invalid as error:
            yield VerifyProblem(where, str(error))
        else:
            claim = claim_of(ontology_of(said.record), other)
            problem = author_problem(other.signature, claim, keys)
            if problem is not None:
                yield VerifyProblem(where, problem)
            elif other.id != info.id:
                yield VerifyProblem(where, "its record is of another commit")
            # Else the home has it as it was signed, and the index says itself what is wrong with it.
    if said.author != info.signature:
        yield VerifyProblem(where, f"its author there is {said.author!r}")
    if said.commit != info.id:
        yield VerifyProblem(where, "it says that it is another commit")


def _document_problems(
    home: Home, homed: HomedOntology, info: CommitInfo, identifier: str
) -> Iterator[VerifyProblem]:
    place = rows(
        "SELECT line_id, seq FROM ontology_commit WHERE ontology_id = %s AND id = %s",
        [homed.ontology_id, info.id],
    )[0]
    expected = {
        row[0]: (row[1], row[2], row[3], bool(row[4]), row[5], row[6])
        for row in rows(
            "SELECT v.rid, v.kind, v.body_hash, v.body, v.deleted, v.created, v.updated "
            "FROM ontology_documentversion v WHERE v.line_id = %s AND v.seq_from = %s",
            list(place),
        )
    }
    for one in home.written(homed.database, identifier, info.id):
        known = expected.pop(one.rid, None)
        said = (one.kind.value, one.hash, one.text, one.deleted, one.created, one.updated)
        where = f"document {one.rid} at commit {info.short_id}"
        if known is None:
            yield VerifyProblem(where, "only the home says that the commit wrote it")
        elif known != said and not (
            # Erased in the index, and not yet in the home: it still has a text from before that.
            homed.erase_pending
            and one.hash == known[1]
            and text_hash(one.text) in _erased(homed.ontology_id, one)
        ):
            yield VerifyProblem(where, "it is not the same in the home")
    for rid in expected:
        yield VerifyProblem(
            f"document {rid} at commit {info.short_id}", "the home does not have it"
        )


def _erased(ontology_id: str, one: HomeDocument) -> set[str]:
    """Hashes of the texts that a document had before each erasure, and after it."""
    found = {one.hash}
    for hashes in rows(
        "SELECT before_hash, after_hash FROM ontology_redaction "
        "WHERE ontology_id = %s AND rid = %s AND body_hash = %s",
        [ontology_id, one.rid, one.hash],
    ):
        found.update(hashes)
    return found
