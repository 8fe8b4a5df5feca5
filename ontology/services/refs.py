"""Branches and tags."""

from __future__ import annotations

from contextlib import suppress

from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid, NotFound
from ontology.access import check_protection, permitted, with_protection
from ontology.contract import BranchInfo, TagInfo
from ontology.domain.names import branch_name_problem
from ontology.store import store

__all__ = ["create_branch", "create_tag", "delete_branch", "delete_tag", "update_branch"]


def create_branch(
    *, ontology: str, name: str, from_ref: str = "", protected: bool = False
) -> BranchInfo:
    """A branch at ``from_ref`` (the default branch when empty).

    Raises:
        PermissionDenied: also ``branch_protected``: a rule protects branches of this name.
        Invalid: the name. Conflict: ``already_exists``. NotFound: ontology or ref.
    """
    permission = permissions.ONTOLOGY_ADMINISTER if protected else permissions.ONTOLOGY_BRANCH
    info = permitted(ontology, permission, branch=name)
    _check_name(name, "branch")
    check_protection(info, name)
    with suppress(NotFound):
        store.get_tag(info.id, name)
        raise _taken(name, "tag")
    commit = store.resolve(info.id, from_ref or info.default_branch)
    made = store.create_branch(info.id, name=name, commit=commit.id, protected=protected)
    return with_protection(info, (made,))[0]


def update_branch(*, ontology: str, name: str, protected: bool) -> BranchInfo:
    """Protect a branch, or open it; what a rule protects by its name stays protected."""
    info = permitted(ontology, permissions.ONTOLOGY_ADMINISTER, branch=name)
    changed = store.protect_branch(info.id, name, protected=protected)
    return with_protection(info, (changed,))[0]


def delete_branch(*, ontology: str, name: str) -> None:
    """Forget a branch; its commits stay readable by their ids and where they were merged.

    Raises:
        Conflict: it is the default branch, or protected.
        PermissionDenied: also ``branch_protected``: a rule protects branches of this name.
    """
    info = permitted(ontology, permissions.ONTOLOGY_BRANCH, branch=name)
    branch = store.get_branch(info.id, name)
    if branch.is_default:
        raise Conflict(
            f"'{name}' is the default branch. Make another one the default first.",
            code="default_branch",
        )
    if branch.protected:
        raise Conflict(f"The branch '{name}' is protected. Open it first.", code="branch_protected")
    check_protection(info, name)
    store.delete_branch(info.id, name)


def create_tag(*, ontology: str, name: str, ref: str = "", message: str = "") -> TagInfo:
    """A name for a commit that never moves.

    Raises:
        Invalid: the name. Conflict: ``already_exists``. NotFound: ontology or ref.
    """
    info = permitted(ontology, permissions.ONTOLOGY_WRITE)
    _check_name(name, "tag")
    with suppress(NotFound):
        store.get_branch(info.id, name)
        raise _taken(name, "branch")
    commit = store.resolve(info.id, ref or info.default_branch)
    return store.create_tag(info.id, name=name, commit=commit.id, message=message.strip())


def delete_tag(*, ontology: str, name: str) -> None:
    """Forget a tag. Raises NotFound."""
    info = permitted(ontology, permissions.ONTOLOGY_ADMINISTER)
    store.delete_tag(info.id, name)


def _taken(name: str, what: str) -> Conflict:
    """One name for a branch and a tag would let a ref mean either."""
    return Conflict(
        f"There is a {what} named '{name}' already, and a ref must mean one thing. "
        "Choose another name.",
        code="already_exists",
        data={"name": name},
    )


def _check_name(name: str, what: str) -> None:
    problem = branch_name_problem(name)
    if problem is not None:
        raise Invalid(
            f"'{name}' cannot name a {what}: {problem}.",
            code="invalid_name",
            errors=[{"document": "", "field": "/name", "rule": "naming", "message": f"{problem}."}],
        )
