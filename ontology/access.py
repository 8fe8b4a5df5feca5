"""Which ontology is meant, and whether the actor may.

Who may not read an ontology does not learn whether there is one: what exists and what does not is
the same denial, in the words of the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import NotFound, PermissionDenied
from ontology.contract import BranchInfo, OntologyInfo
from ontology.store import store

__all__ = [
    "check_protection",
    "lending",
    "permitted",
    "permitted_branch",
    "readable",
    "with_protection",
]

#: (id of the ontology, branch) that a service changes by a right of its own, see `lending`.
_lent: ContextVar[tuple[str, str] | None] = ContextVar("lent", default=None)


def permitted(ontology: str, permission: str, *, branch: str | None = None) -> OntologyInfo:
    """The ontology named ``ontology`` (or with that id), when the actor holds ``permission`` on it.

    Raises:
        NotFound, PermissionDenied, Unauthenticated.
    """
    info = _known(ontology, permission, branch)
    _check(info, permission, asked=ontology, asked_branch=branch, branch=branch)
    return info


def readable(ontology: str) -> OntologyInfo:
    """``permitted`` for reading."""
    return permitted(ontology, permissions.ONTOLOGY_READ)


def permitted_branch(
    ontology: str, branch: str, permission: str
) -> tuple[OntologyInfo, BranchInfo]:
    """An ontology and a branch of it that the actor may write to.

    An empty ``branch`` is the default branch. A protected branch also needs the permission to
    merge; everybody else works on a branch and has it merged.

    Raises:
        NotFound, Unauthenticated.
        PermissionDenied: also ``branch_protected``.
    """
    info = _known(ontology, permission, branch)
    try:
        target = store.get_branch(info.id, branch or info.default_branch)
    except NotFound:
        _refuse_strangers(info.name, permission, asked=ontology, asked_branch=branch)
        raise
    if _lent.get() == (info.id, target.name):
        return info, target
    _check(info, permission, asked=ontology, asked_branch=branch, branch=target.name)
    check_protection(info, target.name, protected=target.protected)
    return info, target


@contextmanager
def lending(info: OntologyInfo, branch: str) -> Iterator[None]:
    """In the block, the branch may be changed whatever the actor may himself.

    For a service that has decided by a rule of its own, and makes one change that it worked out
    itself: a run of an action. Who made it stays the actor.
    """
    token = _lent.set((info.id, branch))
    try:
        yield
    finally:
        _lent.reset(token)


def check_protection(info: OntologyInfo, branch: str, *, protected: bool = False) -> None:
    """Refuse who may not merge into a branch that is protected, itself or by its name.

    Args:
        branch: its name; it need not exist yet.
        protected: whether the branch itself is.

    Raises:
        PermissionDenied: ``branch_protected``.
    """
    rule = authorizer.protected(ontology=info.name, branch=branch)
    if not protected and rule is None:
        return
    decision = authorizer.decide(
        current_actor(), permissions.ONTOLOGY_MERGE, ontology=info.name, branch=branch
    )
    if not decision.allowed:
        why = f" ({rule})" if rule else ""
        raise PermissionDenied(
            f"The branch '{branch}' is protected{why}: {decision.reason}. "
            "Work on a branch of your own and have it merged.",
            code="branch_protected",
            data={
                "ontology": info.name,
                "branch": branch,
                "permission": permissions.ONTOLOGY_MERGE,
            },
        )


def with_protection(info: OntologyInfo, branches: Iterable[BranchInfo]) -> tuple[BranchInfo, ...]:
    """Branches that say whether they are protected, by themselves or by their names: one query."""
    rule = authorizer.protections(ontology=info.name)
    return tuple(
        replace(branch, protected=True) if not branch.protected and rule(branch.name) else branch
        for branch in branches
    )


def _known(ontology: str, permission: str, branch: str | None) -> OntologyInfo:
    try:
        return store.get_ontology(ontology)
    except NotFound:
        _refuse_strangers(ontology, permission, asked=ontology, asked_branch=branch)
        raise


def _check(
    info: OntologyInfo,
    permission: str,
    *,
    asked: str,
    asked_branch: str | None,
    branch: str | None,
) -> None:
    actor = current_actor()
    if authorizer.decide(actor, permission, ontology=info.name, branch=branch).allowed:
        return
    _refuse_strangers(info.name, permission, asked=asked, asked_branch=asked_branch)
    authorizer.check(actor, permission, ontology=info.name, branch=branch)


def _refuse_strangers(name: str, permission: str, *, asked: str, asked_branch: str | None) -> None:
    """Deny in the words of the question, for who may not read the ontology."""
    actor = current_actor()
    if not authorizer.decide(actor, permissions.ONTOLOGY_READ, ontology=name).allowed:
        authorizer.check(actor, permission, ontology=asked, branch=asked_branch or None)
