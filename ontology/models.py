"""Tables of the ontology app; they belong to its stores."""

from ontology.store.home_models import HomedCommit, HomedOntology, Intent, Stray
from ontology.store.orm.models import (
    Branch,
    Commit,
    DocumentIndex,
    DocumentVersion,
    Line,
    Ontology,
    Redaction,
    Tag,
    TextEntry,
    ValueEntry,
)

__all__ = [
    "Branch",
    "Commit",
    "DocumentIndex",
    "DocumentVersion",
    "HomedCommit",
    "HomedOntology",
    "Intent",
    "Line",
    "Ontology",
    "Redaction",
    "Stray",
    "Tag",
    "TextEntry",
    "ValueEntry",
]
