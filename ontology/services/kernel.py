"""The data kernel: WOQL queries, and native documents in and out, for every door of it.

An ontology answers the same whether it lives in the ORM or in TerminusDB: see
``docs/guides/kernel.md``. Documents here are *native*: ``@type`` is the ``apiName`` of an object
type or of a link type, ``@id`` is ``Type/<rid>``, and members are ``apiName``s of properties and
of link types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oms_project.core.errors import Unavailable

__all__ = [
    "KernelAnswer",
    "KernelWrite",
    "delete_documents",
    "insert_documents",
    "run_query",
    "update_documents",
]


@dataclass(frozen=True)
class KernelAnswer:
    """The answer to a query.

    Attributes:
        variable_names: in the order of the query.
        bindings: read once; each has every variable: an IRI as text, ``{"@type", "@value"}``, a
            list, a document, or None.
        commit: id of the OMS commit that was read, or that the query made.
        inserts, deletes: documents that were written and deleted by the query.
    """

    variable_names: Sequence[str]
    bindings: Iterator[Mapping[str, Any]]
    commit: str
    inserts: int = 0
    deletes: int = 0


@dataclass(frozen=True)
class KernelWrite:
    """What a write did.

    Attributes:
        ids: native ``@id``s, one for each document that was given.
        commit: id of the OMS commit that was made; of the head, when nothing changed.
        is_new: whether a commit was made.
    """

    ids: Sequence[str]
    commit: str
    is_new: bool = True


def run_query(
    *,
    ontology: str,
    ref: str = "",
    query: Mapping[str, Any],
    message: str | None = None,
    expected_head: str | None = None,
    timeout: float | None = None,
) -> KernelAnswer:
    """Run a WOQL query; what it writes makes one commit on the branch that ``ref`` names.

    Args:
        ref: a branch, tag, commit id or ``branch@timestamp``; empty: the default branch.
        query: WOQL as JSON-LD.
        message: of the commit, where the query writes.
        timeout: seconds, at most those of the settings.

    Raises:
        NotFound, PermissionDenied.
        Invalid: ``woql_invalid``, ``woql_unsupported``, ``woql_timeout``,
            ``woql_result_too_large``, and what ``commit_changes`` raises.
        Conflict: ``stale_head``.
        Unavailable: ``sparql_busy``, ``home_unavailable``.
    """
    raise Unavailable("The data kernel is not here yet.", code="kernel_unavailable")


def insert_documents(
    *,
    ontology: str,
    branch: str = "",
    documents: Sequence[Mapping[str, Any]],
    message: str = "",
    expected_head: str | None = None,
) -> KernelWrite:
    """Create objects and links from native documents, in one commit.

    Raises:
        Invalid: the documents, with a pointer to each problem. Conflict: ``already_exists``,
            ``stale_head``. NotFound, PermissionDenied.
    """
    raise Unavailable("The data kernel is not here yet.", code="kernel_unavailable")


def update_documents(
    *,
    ontology: str,
    branch: str = "",
    documents: Sequence[Mapping[str, Any]],
    message: str = "",
    expected_head: str | None = None,
    create: bool = False,
) -> KernelWrite:
    """Replace objects and links by native documents, in one commit.

    Args:
        create: make those that do not exist.

    Raises:
        NotFound: also a document that is to be replaced. Invalid, Conflict, PermissionDenied.
    """
    raise Unavailable("The data kernel is not here yet.", code="kernel_unavailable")


def delete_documents(
    *,
    ontology: str,
    branch: str = "",
    ids: Sequence[str],
    message: str = "",
    expected_head: str | None = None,
) -> KernelWrite:
    """Delete objects and links by their native ``@id``, ``rid`` or ``Type/key``, in one commit.

    Raises:
        NotFound: one of them. Invalid, Conflict, PermissionDenied.
    """
    raise Unavailable("The data kernel is not here yet.", code="kernel_unavailable")
