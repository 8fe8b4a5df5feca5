"""Who may do what: the names of permissions and the port that answers.

`oms_project.identity` implements the port; ``OMS_SERVICES["authorizer"]`` names the class.
Services ask before they act::

    authorizer.check(current_actor(), permissions.ONTOLOGY_WRITE, ontology=name, branch=branch)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from oms_project.core.context import Actor
from oms_project.core.services import service

__all__ = ["Authorizer", "Decision", "authorizer", "permissions"]


class permissions:  # noqa: N801 - read as a namespace: permissions.ONTOLOGY_READ
    """Every permission, and what it allows."""

    ONTOLOGY_READ: Final = "ontology.read"  # see definitions, branches, history; export
    ONTOLOGY_WRITE: Final = "ontology.write"  # commit, import, revert, tag on an open branch
    ONTOLOGY_BRANCH: Final = "ontology.branch"  # create branches, delete one's own kind of work
    ONTOLOGY_MERGE: Final = "ontology.merge"  # merge into, and commit to, a protected branch
    ONTOLOGY_CREATE: Final = "ontology.create"  # make a new ontology
    ONTOLOGY_ADMINISTER: Final = "ontology.administer"  # settings, protection, deletion
    JOBS_READ: Final = "jobs.read"  # one's own jobs
    JOBS_SUBMIT: Final = "jobs.submit"  # start a job
    JOBS_ADMINISTER: Final = "jobs.administer"  # everybody's jobs
    IDENTITY_ADMINISTER: Final = "identity.administer"  # users and their roles
    SYSTEM_READ: Final = "system.read"  # detailed health

    ALL: Final = (
        ONTOLOGY_READ,
        ONTOLOGY_WRITE,
        ONTOLOGY_BRANCH,
        ONTOLOGY_MERGE,
        ONTOLOGY_CREATE,
        ONTOLOGY_ADMINISTER,
        JOBS_READ,
        JOBS_SUBMIT,
        JOBS_ADMINISTER,
        IDENTITY_ADMINISTER,
        SYSTEM_READ,
    )


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and the sentence that explains it."""

    allowed: bool
    reason: str


class Authorizer(Protocol):
    """Decides. Every method costs a constant number of queries, whatever is asked about."""

    def decide(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
    ) -> Decision:
        """Whether ``actor`` holds ``permission``, with the reason.

        Args:
            actor: who asks.
            permission: one of `permissions`; an unknown name is a bug and raises ``ValueError``.
            ontology: name of the ontology it is about; ``None``: about none in particular, for
                which only a role for everything counts.
            branch: name of the branch, when it is about one.
        """
        ...

    def check(
        self,
        actor: Actor,
        permission: str,
        *,
        ontology: str | None = None,
        branch: str | None = None,
    ) -> None:
        """Return when allowed.

        Raises:
            PermissionDenied: with the reason and, in ``data``, permission, ontology and branch.
        """
        ...

    def ontologies(self, actor: Actor, permission: str) -> frozenset[str] | None:
        """Names of the ontologies for which ``actor`` holds ``permission``; ``None``: for all.

        For lists: one call, then a filter, and no check per row.
        """
        ...


authorizer: Authorizer = service("authorizer", Authorizer)
