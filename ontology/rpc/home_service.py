"""``oms.kernel.v1.OntologyHome``: a home, served to other processes of OMS.

Nobody's permissions are asked here beyond what the method needs: what is written has been checked,
signed and recorded by the process that calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import grpc

from oms_project.core.errors import BadRequest
from oms_project.rpc.calls import current_call
from ontology.rpc import messages
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.rpc.v1 import kernel_pb2_grpc as services
from ontology.store.home import Home, Landing, Part

__all__ = ["OntologyHomeService"]

#: Landings that one call may bring; their headers are held in memory.
MAX_LANDINGS: Final = 10_000
# What a query leaves of the call's time, so that its answer or its refusal still arrives.
_ANSWER_SECONDS: Final = 0.25

_Context = grpc.ServicerContext


class OntologyHomeService(services.OntologyHomeServicer):
    """Serves a home. Errors of the home reach the caller as they are."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def Info(self, request: pb.InfoRequest, context: _Context) -> pb.InfoReply:  # noqa: N802 - the protocol's name, as all that follow
        info = self._home.info()
        return pb.InfoReply(product=info.product, version=info.version, problem=info.problem)

    # --- databases --------------------------------------------------------------------------
    def Create(self, request: pb.CreateRequest, context: _Context) -> pb.Done:  # noqa: N802
        self._home.create(request.database, label=request.label, base_iri=request.base_iri)
        return pb.Done()

    def Drop(self, request: pb.DropRequest, context: _Context) -> pb.Done:  # noqa: N802
        self._home.drop(request.database)
        return pb.Done()

    def Databases(self, request: pb.DatabasesRequest, context: _Context) -> pb.DatabasesReply:  # noqa: N802
        return pb.DatabasesReply(names=list(self._home.databases()))

    # --- writing ----------------------------------------------------------------------------
    def Land(self, requests: Iterable[pb.LandRequest], context: _Context) -> pb.LandReply:  # noqa: N802
        incoming = _Incoming(requests)
        start, landings = incoming.begin()
        identifiers = self._home.land(
            start.database, start.branch, landings, expected=start.expected
        )
        return pb.LandReply(identifiers=list(identifiers))

    def CreateBranch(self, request: pb.CreateBranchRequest, context: _Context) -> pb.Done:  # noqa: N802
        self._home.create_branch(request.database, request.name, at=request.at)
        return pb.Done()

    def MoveBranch(self, request: pb.MoveBranchRequest, context: _Context) -> pb.Done:  # noqa: N802
        self._home.move_branch(
            request.database, request.name, to=request.to, expected=request.expected
        )
        return pb.Done()

    def DeleteBranch(self, request: pb.DeleteBranchRequest, context: _Context) -> pb.Done:  # noqa: N802
        self._home.delete_branch(request.database, request.name)
        return pb.Done()

    # --- reading ----------------------------------------------------------------------------
    def Branches(self, request: pb.BranchesRequest, context: _Context) -> pb.BranchesReply:  # noqa: N802
        found = self._home.branches(request.database)
        return pb.BranchesReply(branches=[messages.branch_message(one) for one in found])

    def Branch(self, request: pb.BranchRequest, context: _Context) -> pb.BranchReply:  # noqa: N802
        found = self._home.branch(request.database, request.name)
        return pb.BranchReply(branch=None if found is None else messages.branch_message(found))

    def Log(self, request: pb.LogRequest, context: _Context) -> Iterator[pb.CommitBatch]:  # noqa: N802
        found = self._home.log(request.database, request.identifier, until=frozenset(request.until))
        told = map(messages.commit_message, current_call().watched(found))
        for group in messages.batched(told):
            yield pb.CommitBatch(commits=group)

    def Written(self, request: pb.WrittenRequest, context: _Context) -> Iterator[pb.DocumentBatch]:  # noqa: N802
        found = self._home.written(request.database, request.identifier, request.commit)
        told = map(messages.document_message, current_call().watched(found))
        for group in messages.batched(told):
            yield pb.DocumentBatch(documents=group)

    def Documents(  # noqa: N802
        self, request: pb.DocumentsRequest, context: _Context
    ) -> Iterator[pb.DocumentBatch]:
        only = list(request.only.rids) if request.HasField("only") else None
        found = self._home.documents(request.database, request.identifier, only)
        told = map(messages.document_message, current_call().watched(found))
        for group in messages.batched(told):
            yield pb.DocumentBatch(documents=group)

    def RunQuery(self, request: pb.RunQueryRequest, context: _Context) -> Iterator[pb.JsonPiece]:  # noqa: N802
        call = current_call()
        call.check()
        left = max(call.remaining() - _ANSWER_SECONDS, 0.05)
        asked = request.timeout if request.HasField("timeout") else left
        answer = self._home.query(
            request.database,
            request.ref,
            messages.json_of(request.query, "query"),
            timeout=min(asked, left),
        )
        for piece in messages.pieces_of(dict(answer)):
            call.check()
            yield piece


class _Incoming:
    """The messages of a landing, taken from the wire only as the home asks for their parts."""

    def __init__(self, requests: Iterable[pb.LandRequest]) -> None:
        self._requests = iter(requests)
        self._ended = 0

    def begin(self) -> tuple[pb.LandStart, list[Landing]]:
        """The start, and the landings, whose parts are still to come."""
        start = self._take("start").start
        if start.landings > MAX_LANDINGS:
            raise BadRequest(f"A call brings {MAX_LANDINGS} landings at most.")
        landings = []
        for number in range(start.landings):
            header = self._take("landing").landing
            landings.append(
                Landing(
                    commit=header.commit,
                    record=header.record,
                    author=header.author,
                    message=header.message,
                    intent=header.intent,
                    attempt=header.attempt,
                    parts=self._parts(number),
                    schema=messages.schema_of(header.schema),
                )
            )
        return start, landings

    def _parts(self, number: int) -> Iterator[Part]:
        """The parts of one landing; those of landings before it that nobody took are passed over."""
        while self._ended < number:
            self._pass_over()
        count = 0
        held: list[pb.PartChunk] = []
        while True:
            message = self._take("chunk", "end")
            if message.WhichOneof("step") == "end":
                if held or message.end.parts != count:
                    raise _broken(f"{message.end.parts} parts were announced, {count} came")
                self._ended += 1
                return
            held.append(message.chunk)
            if not message.chunk.more:
                part, held = messages.merged(held), []
                count += 1
                yield part

    def _pass_over(self) -> None:
        while self._take("chunk", "end").WhichOneof("step") != "end":
            pass
        self._ended += 1

    def _take(self, *steps: str) -> pb.LandRequest:
        current_call().check()
        message = next(self._requests, None)
        if message is None:
            current_call().check()
            raise _broken("the stream ends in its midst")
        if message.WhichOneof("step") not in steps:
            raise _broken(f"{' or '.join(steps)} was due, not {message.WhichOneof('step')}")
        return message


def _broken(what: str) -> BadRequest:
    return BadRequest(f"This is no landing: {what}.", code="broken_landing")
