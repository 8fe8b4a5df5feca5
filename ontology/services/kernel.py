"""The data kernel: WOQL queries, and native documents in and out, for every door of it.

An ontology answers the same whether it lives in the ORM or in TerminusDB: see
``docs/guides/kernel.md``. Documents here are *native*: ``@type`` is the name of a class (an object
type, or a link type that has properties), ``@id`` is ``Class/<rid>``, and members are names of
properties and of link types.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid
from oms_project.core.memory import remembering
from ontology.access import permitted, permitted_branch
from ontology.contract import CommitInfo, OntologyInfo
from ontology.domain.masking import MASKED
from ontology.domain.woql import ast, has_writes, parse, writes
from ontology.interop.woql import Names, Wanted, rendered
from ontology.selectors.kernel import KernelAnswer, answer_at, native_names, query
from ontology.selectors.masking import visible
from ontology.services.changes import commit_changes, stale_head
from ontology.services.native_documents import DocumentChanges
from ontology.store import store

__all__ = [
    "KernelAnswer",
    "KernelWrite",
    "delete_documents",
    "insert_documents",
    "run_query",
    "update_documents",
]

R = TypeVar("R")
#: How often a write is worked out again when somebody else was faster.
_TRIES = 5
_MOST_DOCUMENTS = 10_000


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
        ref: a branch, tag, commit id or ``branch@timestamp``; empty: the default branch. A branch
            for a query that writes.
        query: WOQL as JSON-LD.
        message: of the commit, where the query writes.
        timeout: seconds, at most those of the settings.

    Raises:
        NotFound, PermissionDenied.
        Invalid: ``woql_invalid``, ``woql_unsupported``, ``woql_timeout``,
            ``woql_result_too_large``, ``kernel_document``, and what ``commit_changes`` raises.
        Conflict: ``stale_head``.
        Unavailable: ``sparql_busy``, ``home_unavailable``.
    """
    if not has_writes(query):
        return _read(ontology, ref, query, timeout)
    permitted(ontology, permissions.KERNEL_QUERY)
    tree = parse(query)
    if not writes(tree):
        return _read(ontology, ref, query, timeout)
    return _written(ontology, ref, tree, message, expected_head, timeout)


def _read(ontology: str, ref: str, given: Mapping[str, Any], timeout: float | None) -> KernelAnswer:
    # A query is sent as POST, or over gRPC: no door can tell before it is parsed that nothing is
    # written, and remember as for every GET.
    with remembering():
        return query(ontology=ontology, ref=ref, query=given, timeout=timeout)


def _written(
    ontology: str,
    branch: str,
    tree: ast.Query,
    message: str | None,
    expected_head: str | None,
    timeout: float | None,
) -> KernelAnswer:
    """Read at the head, and commit what the rows want if the head is still there."""

    def attempt(info: OntologyInfo, name: str, head: CommitInfo) -> KernelAnswer:
        found = answer_at(info, head, tree, timeout=timeout)
        made = DocumentChanges(store.reader(info.id, head), _resolver(info))
        made.load([item.value for item in found.writes if isinstance(item.value, Mapping)])
        ids = {id(wanted): _planned(made, wanted) for wanted in found.writes}
        write = _commit(info, name, head, made, message or "Write with WOQL")
        deletes = sum(isinstance(wanted.write, ast.DeleteDocument) for wanted in found.writes)
        return KernelAnswer(
            found.variables,
            rendered(found, ids),
            write.commit,
            inserts=len(found.writes) - deletes,
            deletes=deletes,
        )

    return _at_head(ontology, branch, expected_head, attempt)


def _planned(made: DocumentChanges, wanted: Wanted) -> str:
    pointer = wanted.write.pointer
    if isinstance(wanted.write, ast.DeleteDocument):
        return made.delete(str(wanted.value), pointer)
    if not isinstance(wanted.value, Mapping):
        raise Invalid("A document is a JSON object.", code="kernel_document")
    if wanted.write.operator == "InsertDocument":
        return made.insert(wanted.value, pointer)
    return made.update(wanted.value, pointer, create=False)


# --- documents ------------------------------------------------------------------------------------
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
        Invalid: ``kernel_document``, with a pointer; and what ``commit_changes`` raises.
        Conflict: ``already_exists``, ``stale_head``. NotFound, PermissionDenied.
    """

    def plan(made: DocumentChanges) -> None:
        for index, document in enumerate(documents):
            made.insert(document, f"/{index}")

    default = _sentence("Insert", len(documents))
    return _write(ontology, branch, plan, documents, (), message or default, expected_head)


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
        NotFound: also ``document_not_found``. Invalid, Conflict, PermissionDenied: as
            ``insert_documents``; Invalid ``masked``: values that the actor may not see would go.
    """

    def plan(made: DocumentChanges) -> None:
        for index, document in enumerate(documents):
            made.update(document, f"/{index}", create=create)

    default = _sentence("Update", len(documents))
    return _write(ontology, branch, plan, documents, (), message or default, expected_head)


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
        NotFound: also ``document_not_found``: one of them. Invalid, Conflict, PermissionDenied.
    """

    def plan(made: DocumentChanges) -> None:
        for index, name in enumerate(ids):
            made.delete(name, f"/{index}")

    default = _sentence("Delete", len(ids))
    return _write(ontology, branch, plan, (), ids, message or default, expected_head)


def _check_object(document: object, index: int) -> None:
    if not isinstance(document, Mapping):
        raise Invalid(
            "A document is a JSON object.",
            code="kernel_document",
            errors=[{"field": f"/{index}", "rule": "document", "message": "Use a JSON object."}],
        )


def _sentence(verb: str, count: int) -> str:
    return f"{verb} {count} document{'' if count == 1 else 's'}"


def _write(
    ontology: str,
    branch: str,
    plan: Callable[[DocumentChanges], None],
    documents: Sequence[Mapping[str, Any]],
    ids: Sequence[str],
    message: str,
    expected_head: str | None,
) -> KernelWrite:
    for index, document in enumerate(documents):
        _check_object(document, index)
    count = len(documents) + len(ids)
    if not 0 < count <= _MOST_DOCUMENTS:
        raise Invalid(
            f"Give 1 to {_MOST_DOCUMENTS:,} documents at once, not {count}.",
            code="kernel_document",
        )

    def attempt(info: OntologyInfo, name: str, head: CommitInfo) -> KernelWrite:
        made = DocumentChanges(store.reader(info.id, head), _resolver(info))
        made.load(documents, ids)
        plan(made)
        return _commit(info, name, head, made, message)

    return _at_head(ontology, branch, expected_head, attempt)


def _resolver(info: OntologyInfo) -> Callable[[str], str]:
    names: Names = native_names(info)
    return names.of


def _at_head(
    ontology: str,
    branch: str,
    expected_head: str | None,
    attempt: Callable[[OntologyInfo, str, CommitInfo], R],
) -> R:
    """``attempt`` at the head of a branch, again when the branch moves meanwhile.

    Raises:
        Conflict: ``stale_head``: it is not at ``expected_head``, or moves all the time.
    """
    for last in range(_TRIES, 0, -1):
        info, target = permitted_branch(ontology, branch, permissions.ONTOLOGY_WRITE)
        head = store.get_commit(info.id, target.head)
        if expected_head is not None and expected_head != head.id:
            raise stale_head(head, expected_head)
        try:
            return attempt(info, target.name, head)
        except Conflict as error:
            if error.error_code != "stale_head" or expected_head is not None or last == 1:
                raise
    raise AssertionError("unreachable")


def _commit(
    info: OntologyInfo, branch: str, head: CommitInfo, made: DocumentChanges, message: str
) -> KernelWrite:
    _refuse_losses(info, head, made.replaced)
    changes = made.finish()
    if not changes:
        return KernelWrite(made.ids, head.id, is_new=False)
    result = commit_changes(
        ontology=info.name,
        branch=branch,
        changes=changes,
        message=message,
        expected_head=head.id,
    )
    return KernelWrite(made.ids, result.head, is_new=result.commit is not None)


def _refuse_losses(info: OntologyInfo, head: CommitInfo, rids: Sequence[str]) -> None:
    """A document that is replaced by what the actor saw of it loses what he may not see.

    Raises:
        Invalid: ``masked``.
    """
    reader = store.reader(info.id, head)
    for found in visible(info, reader, list(reader.get_many(rids).values())):
        if MASKED in found.body:
            names = ", ".join(found.body[MASKED])
            raise Invalid(
                f"Values of {found.id} that you may not see would be lost: {names}. Change the "
                "others by a change set.",
                code="masked",
                data={"document": found.id},
            )
