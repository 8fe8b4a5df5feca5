"""Addresses of the console's pages."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from oms_project.core.ids import is_rid
from ontology.domain.kinds import DEFINITION_KINDS

__all__ = ["commit_url", "document_url", "explorer_url", "page_url", "target_of", "with_query"]

_NAMED = frozenset(kind.value for kind in DEFINITION_KINDS)


def with_query(url: str, **query: object) -> str:
    """``url`` with the parameters that have a value."""
    kept = {name: value for name, value in query.items() if value not in (None, "", ())}
    return f"{url}?{urlencode(kept, doseq=True)}" if kept else url


def page_url(name: str, ontology: str, *arguments: str, **query: object) -> str:
    """The address of the page ``name`` of ``ontology``."""
    return with_query(reverse(f"console:{name}", args=(ontology, *arguments)), **query)


def target_of(document_id: str, rid: str) -> str:
    """How a document is named in an address: by its name, where it has one."""
    return document_id if document_id.partition("/")[0] in _NAMED else rid


def document_url(ontology: str, target: str, ref: str = "", **query: object) -> str:
    """The page of the document ``target`` (``Kind/Name`` or a ``rid``) at ``ref``."""
    return page_url("document", ontology, target, ref=ref, **query)


def explorer_url(ontology: str, ref: str = "", **query: object) -> str:
    """The explorer of ``ontology`` at ``ref``."""
    return page_url("explorer", ontology, ref=ref, **query)


def commit_url(ontology: str, commit: str, **query: object) -> str:
    """The page of one commit."""
    return page_url("commit", ontology, commit, **query)


def is_local(reference: str) -> bool:
    """Whether a reference (a ``rid``, ``Kind/Name`` or an IRI) leads to a page of ours."""
    return is_rid(reference) or reference.partition("/")[0] in _NAMED
