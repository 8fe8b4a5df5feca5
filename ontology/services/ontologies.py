"""Creating, changing and deleting ontologies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid
from ontology.access import permitted
from ontology.contract import OntologyInfo
from ontology.domain.documents import normalise, shape_problems
from ontology.domain.kinds import Kind
from ontology.domain.names import ontology_name_problem
from ontology.domain.validation import header_problems
from ontology.services.changes import refuse_problems
from ontology.store import store

__all__ = ["create_ontology", "delete_ontology", "update_ontology"]


def create_ontology(
    *,
    name: str,
    base_iri: str,
    display_name: Mapping[str, str] | None = None,
    description: str = "",
    prefixes: Mapping[str, str] | None = None,
    default_language: str = "en",
    compatibility: str = "backward",
) -> OntologyInfo:
    """Create an ontology with a branch ``main``.

    Args:
        name: lower-case letters, digits and ``. _ -``; stands in paths and commands.
        base_iri: where its own terms get their IRIs, ends with ``/`` or ``#``.

    Raises:
        Invalid, Conflict (``already_exists``), PermissionDenied.
    """
    authorizer.check(current_actor(), permissions.ONTOLOGY_CREATE)
    problem = ontology_name_problem(name)
    if problem is not None:
        raise Invalid(
            f"'{name}' cannot name an ontology: {problem}.",
            code="invalid_name",
            errors=[{"document": "", "field": "/name", "rule": "naming", "message": f"{problem}."}],
        )
    header: dict[str, Any] = {
        "baseIri": base_iri,
        "prefixes": dict(prefixes or {}),
        "defaultLanguage": default_language,
        "compatibility": compatibility,
        "displayName": dict(display_name or {}),
    }
    refuse_problems(shape_problems(Kind.ONTOLOGY, "", header))
    body = normalise(Kind.ONTOLOGY, header)
    refuse_problems(header_problems("", body))
    return store.create_ontology(
        name=name,
        base_iri=base_iri,
        description=description,
        header=body,
    )


def update_ontology(
    *, ontology: str, description: str | None = None, default_branch: str | None = None
) -> OntologyInfo:
    """Change what is not versioned; None leaves as it is.

    Raises:
        NotFound: the ontology, or the branch that is to be the default.
    """
    info = permitted(ontology, permissions.ONTOLOGY_ADMINISTER)
    return store.update_ontology(info.id, description=description, default_branch=default_branch)


def delete_ontology(*, ontology: str) -> None:
    """Take an ontology out of use and free its name; its history stays in the store."""
    info = permitted(ontology, permissions.ONTOLOGY_ADMINISTER)
    store.delete_ontology(info.id)
