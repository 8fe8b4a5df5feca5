"""Addresses of the console, below the admin's ``ontology/``.

``-`` cannot begin a name, so what stands behind it is never taken for an ontology.
"""

from __future__ import annotations

from django.urls import path

from ontology.console.views import (
    actions,
    compare,
    definitions,
    editing,
    erasing,
    explorer,
    filling,
    homes,
    instances,
    lifecycle,
    merging,
    objects,
    ontologies,
    time,
    transfer,
    versions,
)

__all__ = ["app_name", "urlpatterns"]

app_name = "console"

urlpatterns = [
    path("", ontologies.index, name="index"),
    path("-/new/", ontologies.create, name="create"),
    path("<str:ontology>/", explorer.explorer, name="explorer"),
    path("<str:ontology>/delete/", ontologies.delete, name="delete_ontology"),
    path("<str:ontology>/tree/", explorer.tree, name="tree"),
    path("<str:ontology>/suggest/", explorer.suggest, name="suggest"),
    path("<str:ontology>/new/<str:kind>/", editing.create, name="new"),
    path("<str:ontology>/edit/<path:target>/", editing.edit, name="edit"),
    path("<str:ontology>/rename/<path:target>/", lifecycle.rename, name="rename"),
    path("<str:ontology>/deprecate/<path:target>/", lifecycle.deprecate, name="deprecate"),
    path("<str:ontology>/remove/<path:target>/", lifecycle.delete, name="remove"),
    path("<str:ontology>/erase/<path:target>/", erasing.erase, name="erase"),
    path("<str:ontology>/erased/", erasing.erased, name="erased"),
    path("<str:ontology>/restore/<path:target>/", lifecycle.restore, name="restore"),
    path("<str:ontology>/history/<path:target>/", definitions.history, name="history"),
    path("<str:ontology>/blame/<path:target>/", time.blame, name="blame"),
    path("<str:ontology>/revisions/<path:target>/", time.revisions, name="revisions"),
    path("<str:ontology>/d/<path:target>/", definitions.document, name="document"),
    path("<str:ontology>/data/", objects.index, name="data"),
    path("<str:ontology>/data/search/", objects.search, name="data_search"),
    path("<str:ontology>/data/suggest/", objects.suggest, name="object_suggest"),
    path("<str:ontology>/data/of/<str:type>/", objects.listing, name="objects"),
    path("<str:ontology>/data/new/<str:type>/", filling.create, name="new_object"),
    path("<str:ontology>/data/edit/<path:target>/", filling.edit, name="edit_object"),
    path("<str:ontology>/data/link/<path:target>/", filling.link, name="link_object"),
    path("<str:ontology>/data/links/<path:target>/", instances.links, name="links"),
    path("<str:ontology>/data/remove/<path:target>/", instances.delete, name="remove_object"),
    path("<str:ontology>/branches/", versions.branches, name="branches"),
    path("<str:ontology>/branches/new/", versions.create_branch, name="create_branch"),
    path("<str:ontology>/branches/act/", versions.branch_action, name="branch_action"),
    path("<str:ontology>/tags/new/", versions.create_tag, name="create_tag"),
    path("<str:ontology>/tags/act/", versions.tag_action, name="tag_action"),
    path("<str:ontology>/log/", versions.log, name="log"),
    path("<str:ontology>/commits/<str:commit>/", versions.commit, name="commit"),
    path("<str:ontology>/commits/<str:commit>/revert/", merging.revert, name="revert"),
    path("<str:ontology>/actions/", actions.actions, name="actions"),
    path("<str:ontology>/action-objects/", actions.objects, name="action_objects"),
    path("<str:ontology>/actions/<str:action>/", actions.action, name="action"),
    path("<str:ontology>/runs/<str:commit>/revert/", actions.revert_run, name="revert_run"),
    path("<str:ontology>/compare/", compare.compare, name="compare"),
    path("<str:ontology>/merge/", merging.merge, name="merge"),
    path("<str:ontology>/home/", homes.home, name="home"),
    path("<str:ontology>/home/act/", homes.act, name="home_act"),
    path("<str:ontology>/transfer/", transfer.transfer, name="transfer"),
    path("<str:ontology>/transfer/import/", transfer.import_file, name="import"),
    path("<str:ontology>/transfer/import/<str:job>/", transfer.progress, name="import_job"),
    path("<str:ontology>/transfer/cancel/<str:job>/", transfer.cancel, name="import_cancel"),
    path("<str:ontology>/transfer/export/", transfer.export, name="export"),
    path("<str:ontology>/transfer/verify/", transfer.verify, name="verify"),
]
