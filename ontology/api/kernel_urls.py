"""The data kernel's addresses, and those under which clients of TerminusDB find it.

Mounted by who serves them: the whole server below ``/api/v1/kernel/`` and ``/terminusdb/``, the
data kernel's own process at the root.
"""

from __future__ import annotations

from django.urls import URLPattern, path, register_converter

from ontology.api.converters import RestConverter, SegmentConverter
from ontology.api.views import kernel, terminus

__all__ = ["kernel_patterns", "terminus_patterns"]

register_converter(SegmentConverter, "segment")
register_converter(RestConverter, "rest")

kernel_patterns: list[URLPattern] = [
    path("query", kernel.QueryView.as_view()),
    path("insert", kernel.InsertView.as_view()),
    path("update", kernel.UpdateView.as_view()),
    path("delete", kernel.DeleteView.as_view()),
]

_ONE = "<segment:team>/<segment:ontology>"


def _at_refs(name: str, view: type[terminus.TerminusView]) -> list[URLPattern]:
    """A resource of an ontology, at its default branch, a branch or a commit."""
    return [
        path(f"api/{name}/{_ONE}", view.as_view()),
        path(f"api/{name}/{_ONE}/local/branch/<rest:ref>", view.as_view()),
        path(f"api/{name}/{_ONE}/local/commit/<rest:ref>", view.as_view()),
    ]


terminus_patterns: list[URLPattern] = [
    path("api/info", terminus.InfoView.as_view()),
    path("api/ok", terminus.OkView.as_view()),
    path("api/", terminus.DatabasesView.as_view()),
    path(f"api/db/{_ONE}", terminus.DatabaseView.as_view()),
    *_at_refs("prefixes", terminus.PrefixesView),
    *_at_refs("woql", terminus.WoqlView),
    *_at_refs("document", terminus.DocumentView),
]
