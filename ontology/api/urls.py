"""``/api/v1/ontologies…``.

Names of branches and tags, refs and targets may hold slashes, so those are the last segment of
their path and take all that is left.
"""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from ontology.api.addresses import COLLECTIONS
from ontology.api.kernel_urls import kernel_patterns
from ontology.api.views import (
    actions,
    definitions,
    documents,
    explore,
    finding,
    history,
    homes,
    links,
    merging,
    objects,
    redactions,
    registry,
    sparql,
    tables,
    time,
    transfer,
)
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, Kind

__all__ = ["urlpatterns"]

_ONE = "ontologies/<segment:ontology>"


def _collection(kind: Kind) -> list[URLPattern]:
    base = f"{_ONE}/{COLLECTIONS[kind]}"
    item = f"{base}/<segment:item>"
    past = path(f"{item}/history", documents.DocumentHistoryView.as_view(kind=kind))
    if kind in INSTANCE_KINDS:
        return _instances(kind)
    if kind not in DEFINITION_KINDS:
        return [
            path(base, documents.ReadOnlyListView.as_view(kind=kind)),
            path(item, documents.ReadOnlyItemView.as_view(kind=kind)),
            past,
        ]
    return [
        path(base, definitions.DefinitionsView.as_view(kind=kind)),
        path(item, definitions.DefinitionView.as_view(kind=kind)),
        path(f"{item}/rename", definitions.RenameView.as_view(kind=kind)),
        path(f"{item}/restore", definitions.RestoreView.as_view(kind=kind)),
        path(f"{item}/describe", explore.DescribeView.as_view(kind=kind)),
        past,
    ]


def _instances(kind: Kind) -> list[URLPattern]:
    base = f"{_ONE}/{COLLECTIONS[kind]}"
    of_type = f"{base}/<segment:type_name>"
    # A key may hold slashes, so what can stand behind it is looked for first.
    item = f"{of_type}/<rest:key>"
    of_objects = [
        path(f"{item}/links", links.LinksOfObjectView.as_view()),
        path(f"{item}/traverse", links.TraverseView.as_view()),
    ]
    return [
        path(base, objects.CountsView.as_view(kind=kind)),
        path(of_type, objects.InstancesView.as_view(kind=kind)),
        path(f"{of_type}/query", finding.QueryView.as_view(kind=kind)),
        path(f"{of_type}/aggregate", finding.AggregateView.as_view(kind=kind)),
        path(f"{item}/history", objects.InstanceHistoryView.as_view(kind=kind)),
        path(f"{item}/restore", objects.RestoreInstanceView.as_view(kind=kind)),
        *(of_objects if kind == Kind.OBJECT else ()),
        path(item, objects.InstanceView.as_view(kind=kind)),
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("kernel/", include(kernel_patterns)),
    path("ontologies", registry.OntologiesView.as_view()),
    path(_ONE, registry.OneOntologyView.as_view()),
    path(f"{_ONE}/branches", registry.BranchesView.as_view()),
    path(f"{_ONE}/branches/<rest:branch>", registry.BranchView.as_view()),
    path(f"{_ONE}/tags", registry.TagsView.as_view()),
    path(f"{_ONE}/tags/<rest:tag>", registry.TagView.as_view()),
    path(f"{_ONE}/header", documents.HeaderView.as_view()),
    path(f"{_ONE}/commits", history.CommitsView.as_view()),
    path(f"{_ONE}/commits/<segment:commit>", history.CommitView.as_view()),
    path(f"{_ONE}/refs/<rest:ref>", history.RefView.as_view()),
    path(f"{_ONE}/diff", history.DiffView.as_view()),
    path(f"{_ONE}/blame", time.BlameView.as_view()),
    path(f"{_ONE}/compare", time.CompareView.as_view()),
    path(f"{_ONE}/verify", history.VerifyView.as_view()),
    path(f"{_ONE}/changesets", merging.ChangeSetsView.as_view()),
    path(f"{_ONE}/merges", merging.MergesView.as_view()),
    path(f"{_ONE}/reverts", merging.RevertsView.as_view()),
    path(f"{_ONE}/actions", actions.ActionsView.as_view()),
    path(f"{_ONE}/actions/<segment:action>", actions.ActionView.as_view()),
    path(f"{_ONE}/actions/<segment:action>/runs", actions.RunsView.as_view()),
    path(f"{_ONE}/runs/<segment:commit>/revert", actions.RunRevertView.as_view()),
    path(f"{_ONE}/redactions", redactions.RedactionsView.as_view()),
    path(f"{_ONE}/home", homes.HomeView.as_view()),
    path(f"{_ONE}/home/reconcile", homes.ReconcileView.as_view()),
    path(f"{_ONE}/home/strays", homes.StraysView.as_view()),
    path(f"{_ONE}/home/strays/<int:stray>/settle", homes.SettleView.as_view()),
    path(f"{_ONE}/documents", documents.AllDocumentsView.as_view()),
    path(f"{_ONE}/documents/<rest:target>", documents.AnyDocumentView.as_view()),
    path(f"{_ONE}/hierarchy", explore.HierarchyView.as_view()),
    path(f"{_ONE}/statistics", explore.StatisticsView.as_view()),
    path(f"{_ONE}/names", explore.NamesView.as_view()),
    path(f"{_ONE}/search", finding.SearchView.as_view()),
    path(f"{_ONE}/sparql", sparql.SparqlView.as_view()),
    path(f"{_ONE}/imports", transfer.ImportsView.as_view()),
    path(f"{_ONE}/export", transfer.ExportView.as_view()),
    path(f"{_ONE}/exports", transfer.ExportsView.as_view()),
    path(f"{_ONE}/exports/<uuid:job>", transfer.ExportFileView.as_view(), name="ontology-export"),
    path(f"{_ONE}/loads", tables.LoadsView.as_view()),
    path(f"{_ONE}/loads/<uuid:job>/report", tables.LoadReportView.as_view()),
    path(f"{_ONE}/load-proposals", tables.ProposalsView.as_view()),
    path(f"{_ONE}/unload", tables.UnloadView.as_view(), name="ontology-unload"),
    *(pattern for kind in COLLECTIONS for pattern in _collection(kind)),
]
