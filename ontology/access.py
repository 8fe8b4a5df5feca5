"""Which ontology is meant, and whether the actor may."""

from __future__ import annotations

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import PermissionDenied
from ontology.contract import BranchInfo, OntologyInfo
from ontology.store import store

__all__ = ["permitted", "permitted_branch", "readable"]


def permitted(ontology: str, permission: str, *, branch: str | None = None) -> OntologyInfo:
    """The ontology named ``ontology`` (or with that id), when the actor holds ``permission`` on it.

    Raises:
        NotFound, PermissionDenied, Unauthenticated.
    """
    actor = current_actor()
    info = store.get_ontology(ontology)
    authorizer.check(actor, permission, ontology=info.name, branch=branch)
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
    """
    info = store.get_ontology(ontology)
    target = store.get_branch(info.id, branch or info.default_branch)
    actor = current_actor()
    authorizer.check(actor, permission, ontology=info.name, branch=target.name)
    if target.protected:
        decision = authorizer.decide(
            actor, permissions.ONTOLOGY_MERGE, ontology=info.name, branch=target.name
        )
        if not decision.allowed:
            raise PermissionDenied(
                f"The branch '{target.name}' is protected: {decision.reason}. "
                "Work on a branch of your own and have it merged.",
                code="branch_protected",
                data={"branch": target.name, "permission": permissions.ONTOLOGY_MERGE},
            )
    return info, target
