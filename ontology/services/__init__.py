"""Writes: every change of an ontology goes through one of these."""

from ontology.services.actions import revert_action, run_action
from ontology.services.bulk import LoadedFile, LoadResult, RejectedRow, load_objects
from ontology.services.changes import commit_changes
from ontology.services.imports import import_rdf
from ontology.services.kernel import (
    KernelAnswer,
    KernelWrite,
    delete_documents,
    insert_documents,
    run_query,
    update_documents,
)
from ontology.services.merging import merge, revert
from ontology.services.ontologies import create_ontology, delete_ontology, update_ontology
from ontology.services.redaction import redact
from ontology.services.refs import (
    create_branch,
    create_tag,
    delete_branch,
    delete_tag,
    update_branch,
)

__all__ = [
    "KernelAnswer",
    "KernelWrite",
    "LoadResult",
    "LoadedFile",
    "RejectedRow",
    "commit_changes",
    "create_branch",
    "create_ontology",
    "create_tag",
    "delete_branch",
    "delete_documents",
    "delete_ontology",
    "delete_tag",
    "import_rdf",
    "insert_documents",
    "load_objects",
    "merge",
    "redact",
    "revert",
    "revert_action",
    "run_action",
    "run_query",
    "update_branch",
    "update_documents",
    "update_ontology",
]
