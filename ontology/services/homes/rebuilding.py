"""The index of an ontology, made anew from its home alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from audit.contract import Subject, audit_log
from oms_project.core.canonical_json import loads
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.ids import derived_id
from oms_project.core.keys import PublicKey, keyring
from ontology.contract import CommitInfo, OntologyInfo, RebuildReport, TagInfo
from ontology.domain.kinds import Kind
from ontology.services.homes.names import heads_of
from ontology.store.home import HomeCommit, HomeDocument, is_kept_branch, kept_branch, tag_of_branch
from ontology.store.home_models import HomedCommit, HomedOntology
from ontology.store.home_rows import home_of, kept_as, lock_home
from ontology.store.homed import home
from ontology.store.orm import registry
from ontology.store.orm.lines import forget
from ontology.store.orm.redaction import lock_writers
from ontology.store.orm.replay import Erased, erased_texts, replay_commit
from ontology.store.orm.sql import rows, translated
from ontology.store.orm.store import BASE_IRI_NAMESPACE
from ontology.store.port import Progress
from ontology.store.records import info_of, ontology_of

__all__ = ["adopt", "rebuild_index"]

_FIRST = "main"
#: Rows that stand on lines, with the tables that hold them.
_ON_LINES = (
    "ontology_documentversion",
    "ontology_documentindex",
    "ontology_valueentry",
    "ontology_textentry",
)


@dataclass
class _History:
    """What a home keeps of one ontology.

    Attributes:
        commits: all that a branch or tag leads to, parents first.
        names: branch or tag, as the home calls it -> the commit that it is at.
    """

    ontology_id: str
    commits: list[tuple[HomeCommit, CommitInfo]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)


def rebuild_index(info: OntologyInfo, *, on_progress: Progress | None = None) -> RebuildReport:
    """Make the index of an ontology anew, in one transaction: readers see the old one until it ends.

    What only the index knows stays: protection of branches, texts of tags, erasures.

    Raises:
        Conflict: ``not_homed``; ``home_diverged``: the home has what OMS did not make.
        Invalid: ``record_mismatch``, ``broken_record``.
    """
    if home_of(info.id) is None:
        raise Conflict(
            f"{info.name} lives in the ORM: there is nothing to make its index from.",
            code="not_homed",
            data={"ontology": info.name},
        )
    with translated(), transaction.atomic():
        homed = lock_home(info.id)
        lock_writers(info.id)
        known_as = HomedCommit.objects.filter(ontology_id=info.id).values_list(
            "identifier", flat=True
        )
        history = _read(homed.database, known_as)
        if history.ontology_id != info.id:
            raise Invalid(
                f"The database {homed.database} holds another ontology.", code="record_mismatch"
            )
        before = heads_of(info.id)
        known = {
            row[0]
            for row in rows("SELECT id FROM ontology_commit WHERE ontology_id = %s", [info.id])
        }
        _clear(info.id)
        documents = _replay(homed.database, history, erased_texts(info.id), on_progress)
        kept_as(info.id, {commit.id: one.identifier for one, commit in history.commits})
        for stored in before.keys() - history.names.keys():
            tag = tag_of_branch(stored)
            registry.delete_ref("branch" if tag is None else "tag", info.id, tag or stored)
        for stored, commit in history.names.items():
            _put_name(info.id, stored, commit, before.get(stored))
        differences = sorted(
            name
            for name in before.keys() | history.names.keys()
            if before.get(name) != history.names.get(name)
        )
        missing = known - {commit.id for _, commit in history.commits}
        audit_log.record(
            "home.rebuilt",
            Subject("ontology", info.id, info.name),
            ontology=info.name,
            data={"commits": len(history.commits), "missing": len(missing)},
        )
    forget()
    return _report(info.name, history, documents, missing=len(missing), differences=differences)


def adopt(name: str, database: str, *, on_progress: Progress | None = None) -> RebuildReport:
    """Take in a database that the index knows nothing of: it was lost, or is another one's.

    Raises:
        Conflict: ``already_exists``: the name, or the ontology itself; ``home_diverged``.
        NotFound: ``home_database_not_found``.
        Invalid: ``record_mismatch``, ``broken_record``, ``empty_home``.
    """
    history = _read(database)
    if not history.commits:
        raise Invalid(f"The database {database} holds no commit of OMS.", code="empty_home")
    if rows("SELECT id FROM ontology_ontology WHERE id = %s", [history.ontology_id]):
        raise Conflict(
            "The index knows this ontology already: rebuild it under its name.",
            code="already_exists",
            data={"ontology": history.ontology_id},
        )
    try:
        registry.find_ontology(name)
    except NotFound:
        pass
    else:
        raise Conflict(f"An ontology named '{name}' exists already.", code="already_exists")
    found, first = history.commits[0]
    header = next(
        (
            one
            for one in home.written(database, found.identifier, first.id)
            if one.kind == Kind.ONTOLOGY
        ),
        None,
    )
    if header is None:
        raise Invalid(f"The first commit of {database} holds no header.", code="record_mismatch")
    base_iri = str(loads(header.text)["baseIri"])
    info = OntologyInfo(
        id=history.ontology_id,
        name=name,
        base_iri=base_iri,
        description="",
        default_branch=_FIRST if _FIRST in history.names else min(history.names),
        created_at=first.time,
        created_by=first.author,
    )
    with translated(), transaction.atomic():
        registry.insert_ontology(info, derived_id(BASE_IRI_NAMESPACE, base_iri))
        documents = _replay(database, history, _says_erased, on_progress)
        for stored, commit in history.names.items():
            _put_name(info.id, stored, commit)
        HomedOntology.objects.create(
            ontology_id=info.id, database=database, created_at=utc_now(), seen_at=utc_now()
        )
        kept_as(info.id, {commit.id: one.identifier for one, commit in history.commits})
        audit_log.record(
            "home.rebuilt",
            Subject("ontology", info.id, info.name),
            ontology=info.name,
            data={"commits": len(history.commits), "database": database, "new": True},
        )
    forget()
    return _report(name, history, documents)


# --- reading the home -----------------------------------------------------------------------------
def _read(database: str, known: Iterable[str] = ()) -> _History:
    """Everything that branches and tags of a database lead to.

    Args:
        known: identifiers that the index has: what no branch leads to any more is read as well.
    """
    found: dict[str, tuple[HomeCommit, CommitInfo]] = {}
    history = _History("")
    for branch in home.branches(database):
        if not branch.commit:
            continue
        _follow(database, branch.identifier, found)
        if branch.identifier not in found or found[branch.identifier][1].id != branch.commit:
            raise Invalid(
                f"'{branch.name}' of {database} does not stand at a commit of OMS.",
                code="record_mismatch",
            )
        if not is_kept_branch(branch.name):
            history.names[branch.name] = branch.commit
    for identifier in known:
        if identifier not in found:
            _follow(database, identifier, found)
    for commit, _ in found.values():
        history.ontology_id = history.ontology_id or ontology_of(commit.record)
    history.commits = sorted(found.values(), key=lambda pair: (pair[1].time, pair[1].id))
    return history


def _follow(
    database: str, identifier: str, found: dict[str, tuple[HomeCommit, CommitInfo]]
) -> None:
    for commit in home.log(database, identifier, until=found.keys()):
        if commit.part_of:
            continue
        if not commit.record:
            raise Conflict(
                f"The home has a commit that OMS did not make ({commit.identifier}, by "
                f"{commit.author!r}). Reconcile and settle it first.",
                code="home_diverged",
                data={"identifier": commit.identifier},
            )
        found[commit.identifier] = commit, info_of(commit.record)


def _says_erased(document: HomeDocument) -> bool:
    """Where the rows about erasures were lost with the index: what the text says of itself."""
    return "_redacted" in loads(document.text)


# --- writing the index ----------------------------------------------------------------------------
def _clear(ontology_id: str) -> None:
    """Take everything out that is to be made anew."""
    of_lines = "line_id IN (SELECT l.id FROM ontology_line l WHERE l.ontology_id = %s)"
    with connection.cursor() as cursor:
        for table in _ON_LINES:
            cursor.execute(f"DELETE FROM {table} WHERE {of_lines}", [ontology_id])
        # Branches and tags stay: they refer to commits that are there again at the end.
        cursor.execute("DELETE FROM ontology_commit WHERE ontology_id = %s", [ontology_id])
        # A line refers to the one that it was forked from.
        for (line,) in rows(
            "SELECT id FROM ontology_line WHERE ontology_id = %s ORDER BY id DESC", [ontology_id]
        ):
            cursor.execute("DELETE FROM ontology_line WHERE id = %s", [line])
    HomedCommit.objects.filter(ontology_id=ontology_id).delete()
    forget()


def _replay(database: str, history: _History, erased: Erased, on_progress: Progress | None) -> int:
    """Write all commits; how many versions that was."""
    keys = keyring.public_keys("author")
    owners = _owners(history)
    documents = 0
    for number, (found, commit) in enumerate(history.commits, start=1):
        _one(database, history.ontology_id, owners[commit.id], found, commit, erased, keys)
        documents += commit.change_count
        if on_progress is not None:
            on_progress("rebuild", number, len(history.commits))
    return documents


def _one(
    database: str,
    ontology_id: str,
    branch: str,
    found: HomeCommit,
    commit: CommitInfo,
    erased: Erased,
    keys: Mapping[str, PublicKey],
) -> None:
    replay_commit(
        ontology_id,
        branch,
        commit,
        home.written(database, found.identifier, commit.id),
        keys=keys,
        erased=erased,
    )


def _owners(history: _History) -> dict[str, str]:
    """Commit -> the branch whose line it stands on: the first one, ``main`` before others, that leads
    to it.
    """
    parents = {
        commit.id: commit.parents[0] if commit.parents else "" for _, commit in history.commits
    }
    owners: dict[str, str] = {}
    for name in sorted(
        history.names, key=lambda name: (name != _FIRST, tag_of_branch(name) is not None, name)
    ):
        commit = history.names[name]
        while commit and commit not in owners:
            owners[commit] = name
            commit = parents[commit]
    for _, info in reversed(history.commits):
        # Out of every branch's reach: their lines belong to nobody.
        commit = info.id
        while commit and commit not in owners:
            owners[commit] = kept_branch(info.id)
            commit = parents[commit]
    return owners


def _put_name(ontology_id: str, stored: str, commit: str, before: str | None = None) -> None:
    """Let a branch or tag stand at a commit; of a known one (at ``before``) all else stays as it is."""
    if before == commit:
        return
    tag, now = tag_of_branch(stored), utc_now()
    author = current_actor()
    if tag is not None:
        if before is not None:
            registry.delete_ref("tag", ontology_id, tag)
        registry.insert_tag(ontology_id, TagInfo(tag, commit, "", now, author.label))
    elif before is not None:
        registry.point_branch(ontology_id, stored, commit, now)
    else:
        registry.insert_branch(ontology_id, stored, commit, protected=False, author=author, now=now)


def _report(
    name: str,
    history: _History,
    documents: int,
    *,
    missing: int = 0,
    differences: Sequence[str] = (),
) -> RebuildReport:
    tags = sum(tag_of_branch(stored) is not None for stored in history.names)
    return RebuildReport(
        ontology=name,
        commits=len(history.commits),
        documents=documents,
        branches=len(history.names) - tags,
        tags=tags,
        missing=missing,
        differences=tuple(differences),
    )
