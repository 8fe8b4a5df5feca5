"""Native reads of an ontology: WOQL, and native documents, as the current actor may see them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.conf import settings

from audit.contract import Subject, audit_log
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.context import current_actor
from oms_project.core.errors import Invalid, NotFound
from ontology.access import permitted, readable
from ontology.contract import CommitInfo, OntologyInfo
from ontology.domain.documents import Document
from ontology.domain.kinds import INSTANCE_KINDS
from ontology.domain.native.classes import CLASS_KINDS, Classes, Member, NativeClass, class_json
from ontology.domain.native.names import ANY_OBJECT, RID, prefixes
from ontology.domain.native.triples import instance_triples
from ontology.domain.native.values import TEXT
from ontology.domain.woql import ast as woql
from ontology.domain.woql import check_reading, has_writes, meets_records, parse, reads_documents
from ontology.interop.woql import Answer, Bounds, Names, NativeState, answer, documents, rendered
from ontology.selectors.masking import kept_bodies
from ontology.selectors.states import held, passage
from ontology.store import store
from ontology.store.home_models import HomedOntology
from ontology.store.home_rows import home_of, identifier_of
from ontology.store.homed import home

__all__ = [
    "KernelAnswer",
    "NativeDocuments",
    "answer_at",
    "native_context",
    "native_names",
    "native_schema",
    "query",
    "read_documents",
]

#: Documents that are asked for at once.
_MOST_DOCUMENTS = 10_000


@dataclass(frozen=True)
class KernelAnswer:
    """The answer to a query.

    Attributes:
        variable_names: in the order of the query.
        bindings: read once; each has every variable: an IRI as text, ``{"@type", "@value"}``, a
            list, a document, or None.
        commit: id of the OMS commit that was read, or that the query made.
        inserts, deletes: documents that were written and deleted by the query.
        native: whether the ontology's home answered itself.
    """

    variable_names: Sequence[str]
    bindings: Iterator[Mapping[str, Any]]
    commit: str
    inserts: int = 0
    deletes: int = 0
    native: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class NativeDocuments:
    """Native documents, and the commit that they were read at."""

    documents: Sequence[Mapping[str, Any]]
    commit: CommitInfo


def query(
    *, ontology: str, ref: str = "", query: Mapping[str, Any], timeout: float | None = None
) -> KernelAnswer:
    """The answer to a WOQL query that only reads.

    Who may see every value of an ontology that lives in TerminusDB has it answered there; for
    everybody else the query is translated, over what he may see.

    Raises:
        NotFound, PermissionDenied.
        Invalid: ``woql_invalid``, ``woql_unsupported``, ``woql_too_complex``, ``woql_timeout``,
            ``woql_result_too_large``, ``woql_incomparable``, ``woql_too_many_triples``;
            ``home_refused``: TerminusDB refuses the query.
        Unavailable: ``sparql_busy``, ``home_unavailable``.
    """
    info = _asked(ontology)
    commit = store.resolve(info.id, ref or info.default_branch)
    homed = _native_home(info)
    if homed is not None and not has_writes(query) and not _is_translated(query):
        return _answered_at_home(info, commit, homed, query, timeout)
    found = answer_at(info, commit, parse(query), timeout=timeout)
    return KernelAnswer(found.variables, rendered(found), commit.id)


def answer_at(
    info: OntologyInfo, commit: CommitInfo, tree: woql.Query, *, timeout: float | None = None
) -> Answer:
    """The rows of a query over what the current actor may see of a commit, and what they want to
    be written. Raises as ``query``.
    """
    with passage(), _state(info, commit) as state:
        return answer(state, tree, _bounds(timeout))


def read_documents(
    *,
    ontology: str,
    ref: str = "",
    ids: Sequence[str] = (),
    type_name: str = "",
    skip: int = 0,
    count: int | None = None,
) -> NativeDocuments:
    """Native documents as the current actor may see them, by ``@id``.

    Args:
        ids: ``@id``s; empty: those of a class, or all.
        type_name: name of a class; subclasses are not in it.

    Raises:
        NotFound: also ``document_not_found``: one of ``ids``; ``data.document``.
        PermissionDenied, Invalid, Unavailable: as ``query``.
    """
    info = _asked(ontology)
    commit = store.resolve(info.id, ref or info.default_branch)
    with passage(), _state(info, commit) as state:
        if ids:
            wanted = [state.names.of(name) for name in ids]
        else:
            wanted = _listed(state, type_name, skip, count)
        found = documents(state, wanted, _bounds(None))
    missing = next((name for name in wanted if name not in found), None)
    if missing is not None:
        raise NotFound(
            f"There is no document '{missing}'.",
            code="document_not_found",
            data={"document": missing},
        )
    return NativeDocuments([found[name] for name in wanted], commit)


def native_schema(*, ontology: str, ref: str = "") -> Sequence[Mapping[str, Any]]:
    """Classes at a ref, as schema documents of TerminusDB. Raises NotFound, PermissionDenied."""
    info = _asked(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    rids = [item.rid for item in reader.scan(CLASS_KINDS)]
    classes = Classes(reader)
    classes.load(rids)
    return list(_schema(classes, rids))


def native_context(*, ontology: str) -> Mapping[str, str]:
    """``@base`` and ``@schema`` of an ontology. Raises NotFound, PermissionDenied."""
    info = _asked(ontology)
    names = native_names(info)
    return {"@base": names.base, "@schema": names.schema, "@type": "Context"}


def _listed(state: NativeState, type_name: str, skip: int, count: int | None) -> list[str]:
    kind: woql.Term = woql.Variable("type")
    if type_name:
        kind = woql.Node(state.names.of(type_name, default="@schema:"))
    tree = woql.Triple(woql.Variable("id"), woql.Node("rdf:type"), kind)
    found = answer(state, tree, _bounds(None))
    most = _MOST_DOCUMENTS if count is None else min(count, _MOST_DOCUMENTS)
    names = (row["id"].name for row in found.rows)
    return list(islice(names, skip, skip + most))


def _asked(ontology: str) -> OntologyInfo:
    permitted(ontology, permissions.KERNEL_QUERY)
    return readable(ontology)


def _bounds(timeout: float | None) -> Bounds:
    most = float(settings.OMS_SPARQL_TIMEOUT)
    return Bounds(
        seconds=most if timeout is None else max(0.001, min(timeout, most)),
        rows=settings.OMS_SPARQL_MAX_RESULTS,
        bytes=settings.OMS_SPARQL_MAX_BYTES,
        memory=settings.OMS_SPARQL_MEMORY_BYTES,
    )


# --- the translation ------------------------------------------------------------------------------
def _state(info: OntologyInfo, commit: CommitInfo) -> Any:
    return held(info, commit, "native", lambda: _built(info, commit))


def native_names(info: OntologyInfo) -> Names:
    """What names mean in an ontology."""
    homed = home_of(info.id)
    return Names(*prefixes(info.base_iri, homed.database if homed is not None else info.name))


def _built(info: OntologyInfo, commit: CommitInfo) -> tuple[NativeState, Callable[[], None], bool]:
    reader = store.reader(info.id, commit)
    bodies, record = kept_bodies(info, reader, reader.scan())
    instances = [
        Document(item.rid, item.kind, body) for item, body in bodies if item.kind in INSTANCE_KINDS
    ]
    rids = [item.rid for item, _ in bodies if item.kind in CLASS_KINDS]
    classes = Classes(reader)
    classes.load(rids)
    state = NativeState(
        instance_triples(classes, instances),
        list(_schema(classes, rids)),
        names=native_names(info),
        max_triples=settings.OMS_SPARQL_MAX_TRIPLES,
    )
    return state, record, bool(instances)


def _schema(classes: Classes, rids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    members = {RID: Member("Optional", TEXT)}
    for rid in rids:
        members |= classes.any_object(rid)
        native = classes.native(rid)
        if native is not None:
            yield class_json(native)
    yield class_json(NativeClass(ANY_OBJECT, True, (), members))


# --- the home -------------------------------------------------------------------------------------
def _native_home(info: OntologyInfo) -> HomedOntology | None:
    """The home, when it may answer: the actor sees all that there is in it, and it has what the
    index has.
    """
    homed = home_of(info.id)
    if homed is None or homed.projection_problem or homed.erase_pending:
        return None
    clearance = authorizer.clearance(current_actor(), ontology=info.name)
    return homed if clearance.sees_everything else None


def _is_translated(query: Mapping[str, Any]) -> bool:
    """Whether the home's answer would have OMS's own documents in it, and there is another one; or
    would not be true: TerminusDB 12.0.6 spoils texts of documents that a query reads when they have
    one of the database's prefixes anywhere in them.
    """
    if reads_documents(query):
        return True
    if not meets_records(query):
        return False
    try:
        parse(query)
    except Invalid:
        return False
    return True


def _answered_at_home(
    info: OntologyInfo,
    commit: CommitInfo,
    homed: HomedOntology,
    query: Mapping[str, Any],
    timeout: float | None,
) -> KernelAnswer:
    check_reading(query)
    identifier = identifier_of(info.id, commit.id)
    audit_log.record(
        "kernel.queried",
        Subject("ontology", info.id, info.name),
        ontology=info.name,
        commit=commit.id,
        data={"operator": query.get("@type"), "home": homed.kind},
    )
    found = home.query(
        homed.database, f"commit/{identifier}", query, timeout=_bounds(timeout).seconds
    )
    return KernelAnswer(
        list(found.get("api:variable_names", ())),
        iter(found.get("bindings", ())),
        commit.id,
        native=True,
    )
