"""Tables of the ontology app; they belong to the embedded store."""

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
    "Line",
    "Ontology",
    "Redaction",
    "Tag",
    "TextEntry",
    "ValueEntry",
]
