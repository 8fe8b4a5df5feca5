"""Reads: everything that is shown of an ontology comes from one of these."""

from ontology.selectors.actions import (
    action_of_run,
    get_action,
    list_actions,
    revertible_run,
)
from ontology.selectors.blame import Blame, BlameEntry, blame, blame_of_many
from ontology.selectors.comparing import DocumentComparison, compare_document, compare_documents
from ontology.selectors.definitions import all_definitions, definitions_key
from ontology.selectors.diffs import diff, show_commit
from ontology.selectors.documents import (
    get_document,
    get_documents,
    history,
    history_of_many,
    list_documents,
    names_of,
    suggest,
)
from ontology.selectors.exports import EXPORT_FORMATS, export_rdf
from ontology.selectors.homes import (
    count_open_strays,
    home_status,
    list_strays,
    lives_elsewhere,
    unknown_databases,
)
from ontology.selectors.kernel import (
    NativeDocuments,
    native_context,
    native_schema,
    read_documents,
)
from ontology.selectors.layouts import (
    DataType,
    LinkShape,
    PropertyShape,
    TypeCount,
    TypeName,
    TypeShape,
    count_by_type,
    type_shape,
)
from ontology.selectors.links import (
    count_links_of_many,
    link_cursor,
    linked_objects,
    linked_objects_of_many,
    traverse,
)
from ontology.selectors.masking import visibility
from ontology.selectors.moments import ref_at
from ontology.selectors.objects import (
    aggregate_objects,
    count_objects,
    list_objects,
    search_objects,
)
from ontology.selectors.proposals import LoadProposal, ProposedColumn, propose_objects
from ontology.selectors.redactions import list_redactions
from ontology.selectors.refs import (
    get_branch,
    get_commits,
    get_ontology,
    get_tag,
    list_branches,
    list_ontologies,
    list_tags,
    log,
    resolve_ref,
    signature_problem,
    verify,
)
from ontology.selectors.sparql import (
    SPARQL_FORMATS,
    SparqlFormatUnsuitable,
    SparqlResult,
    run_sparql,
)
from ontology.selectors.types import (
    Hierarchy,
    HierarchyNode,
    LinkUse,
    PropertyView,
    TypeDescription,
    describe,
    hierarchy,
    statistics,
)
from ontology.selectors.unload import UNLOAD_FORMATS, unload_objects

__all__ = [
    "EXPORT_FORMATS",
    "SPARQL_FORMATS",
    "UNLOAD_FORMATS",
    "Blame",
    "BlameEntry",
    "DataType",
    "DocumentComparison",
    "Hierarchy",
    "HierarchyNode",
    "LinkShape",
    "LinkUse",
    "LoadProposal",
    "NativeDocuments",
    "PropertyShape",
    "PropertyView",
    "ProposedColumn",
    "SparqlFormatUnsuitable",
    "SparqlResult",
    "TypeCount",
    "TypeDescription",
    "TypeName",
    "TypeShape",
    "action_of_run",
    "aggregate_objects",
    "all_definitions",
    "blame",
    "blame_of_many",
    "compare_document",
    "compare_documents",
    "count_by_type",
    "count_links_of_many",
    "count_objects",
    "count_open_strays",
    "definitions_key",
    "describe",
    "diff",
    "export_rdf",
    "get_action",
    "get_branch",
    "get_commits",
    "get_document",
    "get_documents",
    "get_ontology",
    "get_tag",
    "hierarchy",
    "history",
    "history_of_many",
    "home_status",
    "link_cursor",
    "linked_objects",
    "linked_objects_of_many",
    "list_actions",
    "list_branches",
    "list_documents",
    "list_objects",
    "list_ontologies",
    "list_redactions",
    "list_strays",
    "list_tags",
    "lives_elsewhere",
    "log",
    "names_of",
    "native_context",
    "native_schema",
    "propose_objects",
    "read_documents",
    "ref_at",
    "resolve_ref",
    "revertible_run",
    "run_sparql",
    "search_objects",
    "show_commit",
    "signature_problem",
    "statistics",
    "suggest",
    "traverse",
    "type_shape",
    "unknown_databases",
    "unload_objects",
    "verify",
    "visibility",
]
