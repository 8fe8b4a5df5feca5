"""What the ORM knows of homes: which ontologies live elsewhere, and what commits are called there."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from oms_project.core.errors import Unavailable
from ontology.store.home_models import HomedOntology
from ontology.store.orm.sql import (
    bulk_insert,
    in_list,
    is_postgresql,
    list_parameter,
    rows,
    translated,
)

__all__ = [
    "commits_kept",
    "database_of",
    "home_of",
    "identifier_of",
    "identifiers_of",
    "kept_as",
    "lock_home",
    "moved_house",
    "note_projection",
]

#: A word of SQL too.
_COMMIT = '"commit"'


def home_of(ontology_id: str) -> HomedOntology | None:
    """Where the ontology lives, or None: in the ORM."""
    return _row(ontology_id)


def database_of(ontology_id: str) -> str:
    """Name of the database that an ontology lives in; empty when it lives in the ORM."""
    homed = home_of(ontology_id)
    return "" if homed is None else homed.database


def lock_home(ontology_id: str) -> HomedOntology:
    """Hold the home's row until the transaction ends: whoever writes to the home holds it, and
    takes it before any other lock.

    Raises:
        Unavailable: ``home_changed``; the ontology has moved out meanwhile.
    """
    found = _row(ontology_id, " FOR UPDATE" if is_postgresql() else "")
    if found is None:
        raise moved_house(ontology_id)
    return found


def _row(ontology_id: str, lock: str = "") -> HomedOntology | None:
    # Asked twice by every write; building the query would take five times as long as running it.
    sql = f"SELECT * FROM ontology_homedontology WHERE ontology_id = %s{lock}"
    with translated():
        return next(iter(HomedOntology.objects.raw(sql, [ontology_id])), None)


def moved_house(ontology_id: str) -> Unavailable:
    """Who had read where the ontology lives, and finds that it does not any more."""
    return Unavailable(
        "The ontology has just moved to another home. Try again.",
        code="home_changed",
        data={"ontology": ontology_id},
    )


def identifiers_of(ontology_id: str, commits: Collection[str]) -> dict[str, str]:
    """Commit -> what the home keeps it as, of those that it keeps."""
    return dict(
        rows(
            f"SELECT h.{_COMMIT}, h.identifier FROM ontology_homedcommit h "
            f"WHERE h.ontology_id = %s AND {in_list(f'h.{_COMMIT}')}",
            [ontology_id, list_parameter(list(commits))],
        )
    )


def identifier_of(ontology_id: str, commit: str) -> str:
    """What the home keeps a commit as.

    Raises:
        Unavailable: ``home_behind``; it has not come there yet.
    """
    found = identifiers_of(ontology_id, [commit])
    if commit not in found:
        raise Unavailable(
            f"The home of the ontology does not have commit {commit[:12]} yet. Try again, or "
            "reconcile it.",
            code="home_behind",
            data={"commit": commit},
        )
    return found[commit]


def commits_kept(ontology_id: str, identifiers: Collection[str]) -> dict[str, str]:
    """Identifier -> commit, of those that are known."""
    return dict(
        rows(
            f"SELECT h.identifier, h.{_COMMIT} FROM ontology_homedcommit h "
            f"WHERE h.ontology_id = %s AND {in_list('h.identifier')}",
            [ontology_id, list_parameter(list(identifiers))],
        )
    )


def kept_as(ontology_id: str, identifiers: Mapping[str, str]) -> None:
    """Note what the home keeps commits as."""
    bulk_insert(
        "ontology_homedcommit",
        ("ontology_id", _COMMIT, "identifier"),
        [(ontology_id, commit, identifier) for commit, identifier in identifiers.items()],
    )


def note_projection(ontology_id: str, problem: str) -> None:
    """Say why the home's native classes and documents are behind; empty: they are not."""
    HomedOntology.objects.filter(ontology_id=ontology_id).update(projection_problem=problem)
