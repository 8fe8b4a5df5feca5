"""``KernelHome``: a home that is reached through a data kernel.

gRPC is loaded at the first call, so that whoever does not use it does not pay for it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings

from oms_project.core.canonical_json import dumps, loads
from oms_project.core.errors import Unavailable
from ontology.store.home import HomeBranch, HomeCommit, HomeDocument, Landing, ServerInfo

if TYPE_CHECKING:
    from ontology.rpc.channel import Line

__all__ = ["KernelHome", "check_kernel", "close_line", "is_kernel_used", "the_line"]

_HOME_SERVICE = "oms.kernel.v1.OntologyHome"
_HEALTH_SECONDS = 1.5

_lock = threading.Lock()
_line: Line | None = None


def the_line() -> Line:
    """This process's; a child that was forked makes its own."""
    global _line  # noqa: PLW0603 - one for the process
    found = _line
    if found is not None and found.pid == os.getpid():
        return found
    from ontology.rpc.channel import Line

    with _lock:
        if _line is None or _line.pid != os.getpid():
            _line = Line()
        return _line


def close_line() -> None:
    """Let go of the connection; the next call makes another one, with the settings of then."""
    global _line  # noqa: PLW0603 - as above
    with _lock:
        if _line is not None and _line.pid == os.getpid():
            _line.close()
        _line = None


def is_kernel_used() -> bool:
    """Whether this process reaches homes through a data kernel."""
    named: str = settings.OMS_SERVICES["ontology_home"]
    return named.endswith(f".{KernelHome.__name__}")


def check_kernel() -> Mapping[str, Any]:
    """Health check: the data kernel answers, and its home is well. In a data kernel's own process,
    whose settings may be the same, it is nobody else that has to answer.

    Raises:
        Unavailable: it does not, or is not.
    """
    if not is_kernel_used():
        return {"address": ""}
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    line = the_line()
    stub: Any = health_pb2_grpc.HealthStub(line.channel)
    try:
        answer = stub.Check(
            health_pb2.HealthCheckRequest(service=_HOME_SERVICE), timeout=_HEALTH_SECONDS
        )
    except grpc.RpcError as failure:
        raise Unavailable(f"The data kernel at {line.address} does not answer.") from failure
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise Unavailable(f"The data kernel at {line.address} cannot reach TerminusDB.")
    return {"address": line.address}


class KernelHome:
    """A ``Home`` over gRPC. Streams are read as they are taken."""

    def info(self) -> ServerInfo:
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        answer = line.call(line.home.Info, pb.InfoRequest())
        return ServerInfo(answer.product, answer.version, answer.problem)

    # --- databases ------------------------------------------------------------------------------
    def create(self, database: str, *, label: str, base_iri: str) -> None:
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        request = pb.CreateRequest(database=database, label=label, base_iri=base_iri)
        line.call(line.home.Create, request, repeat=False)

    def drop(self, database: str) -> None:
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        line.call(line.home.Drop, pb.DropRequest(database=database))

    def databases(self) -> Sequence[str]:
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        return list(line.call(line.home.Databases, pb.DatabasesRequest()).names)

    # --- writing --------------------------------------------------------------------------------
    def land(
        self, database: str, branch: str, landings: Sequence[Landing], *, expected: str
    ) -> Sequence[str]:
        from ontology.rpc.landing import land

        return land(the_line(), database, branch, landings, expected=expected)

    def create_branch(self, database: str, name: str, *, at: str) -> None:
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        request = pb.CreateBranchRequest(database=database, name=name, at=at)
        line.call(line.home.CreateBranch, request)

    def move_branch(self, database: str, name: str, *, to: str, expected: str) -> None:
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        request = pb.MoveBranchRequest(database=database, name=name, to=to, expected=expected)
        line.call(line.home.MoveBranch, request)

    def delete_branch(self, database: str, name: str) -> None:
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        line.call(line.home.DeleteBranch, pb.DeleteBranchRequest(database=database, name=name))

    # --- reading --------------------------------------------------------------------------------
    def branches(self, database: str) -> Sequence[HomeBranch]:
        from ontology.rpc import messages
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        answer = line.call(line.home.Branches, pb.BranchesRequest(database=database))
        return [messages.branch_of(one) for one in answer.branches]

    def branch(self, database: str, name: str) -> HomeBranch | None:
        from ontology.rpc import messages
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        answer = line.call(line.home.Branch, pb.BranchRequest(database=database, name=name))
        return messages.branch_of(answer.branch) if answer.HasField("branch") else None

    def log(
        self, database: str, identifier: str, *, until: Collection[str] = ()
    ) -> Iterator[HomeCommit]:
        from ontology.rpc import messages
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        request = pb.LogRequest(database=database, identifier=identifier, until=sorted(until))
        for batch in line.stream(line.home.Log, request):
            yield from map(messages.commit_of, batch.commits)

    def written(self, database: str, identifier: str, commit: str) -> Iterator[HomeDocument]:
        from ontology.rpc import messages
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        request = pb.WrittenRequest(database=database, identifier=identifier, commit=commit)
        for batch in line.stream(line.home.Written, request):
            yield from map(messages.document_of, batch.documents)

    def documents(
        self, database: str, identifier: str, rids: Collection[str] | None = None
    ) -> Iterator[HomeDocument]:
        from ontology.rpc import messages
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        only = None if rids is None else pb.Rids(rids=sorted(rids))
        request = pb.DocumentsRequest(database=database, identifier=identifier, only=only)
        for batch in line.stream(line.home.Documents, request):
            yield from map(messages.document_of, batch.documents)

    def query(
        self,
        database: str,
        ref: str,
        query: Mapping[str, Any],
        *,
        timeout: float | None = None,
    ) -> Mapping[str, Any]:
        from ontology.rpc.v1 import kernel_pb2 as pb

        line = the_line()
        request = pb.RunQueryRequest(
            database=database, ref=ref, query=dumps(query), timeout=timeout
        )
        # The kernel's own refusal, which says more, comes before ours.
        seconds = settings.DATA_KERNEL_TIMEOUT if timeout is None else timeout + 1.0
        pieces = line.stream(line.home.RunQuery, request, timeout=seconds)
        answer: Mapping[str, Any] = loads(b"".join(piece.json for piece in pieces))
        return answer
