"""``oms.kernel.v1.DataKernel``: documents and WOQL, as the kernel's services have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import grpc

from oms_project.core.canonical_json import dumps
from oms_project.core.context import Place, take_place
from oms_project.rpc.calls import current_call
from ontology.rpc import messages
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.rpc.v1 import kernel_pb2_grpc as services
from ontology.services import kernel

__all__ = ["DataKernelService"]

#: Rows of one message at most.
_ROWS: Final = 1000

_Context = grpc.ServicerContext


class DataKernelService(services.DataKernelServicer):
    """A door: takes a message apart, calls one service, puts the answer together."""

    def Query(self, request: pb.QueryRequest, context: _Context) -> Iterator[pb.QueryAnswer]:  # noqa: N802 - the protocol's name, as all that follow
        call = current_call()
        take_place(Place(ontology=request.ontology, branch=request.ref))
        answer = kernel.run_query(
            ontology=request.ontology,
            ref=request.ref,
            query=messages.json_of(request.query, "query"),
            message=request.message or None,
            expected_head=_head(request),
            timeout=call.remaining(),
        )
        yield pb.QueryAnswer(
            head=pb.QueryHead(variable_names=list(answer.variable_names), commit=answer.commit)
        )
        group: list[bytes] = []
        rows = size = 0
        for binding in call.watched(answer.bindings):
            raw = dumps(binding)
            if group and (size + len(raw) > messages.MESSAGE_BYTES or len(group) >= _ROWS):
                yield pb.QueryAnswer(rows=pb.QueryRows(bindings=group))
                group, size = [], 0
            group.append(raw)
            size += len(raw)
            rows += 1
        if group:
            yield pb.QueryAnswer(rows=pb.QueryRows(bindings=group))
        yield pb.QueryAnswer(
            end=pb.QueryEnd(rows=rows, inserts=answer.inserts, deletes=answer.deletes)
        )

    def Insert(self, request: pb.InsertRequest, context: _Context) -> pb.WriteReply:  # noqa: N802
        take_place(Place(ontology=request.ontology, branch=request.branch))
        done = kernel.insert_documents(
            ontology=request.ontology,
            branch=request.branch,
            documents=[messages.json_of(one, "document") for one in request.documents],
            message=request.message,
            expected_head=_head(request),
        )
        return pb.WriteReply(ids=list(done.ids), commit=done.commit)

    def Update(self, request: pb.UpdateRequest, context: _Context) -> pb.WriteReply:  # noqa: N802
        take_place(Place(ontology=request.ontology, branch=request.branch))
        done = kernel.update_documents(
            ontology=request.ontology,
            branch=request.branch,
            documents=[messages.json_of(one, "document") for one in request.documents],
            message=request.message,
            expected_head=_head(request),
            create=request.create,
        )
        return pb.WriteReply(ids=list(done.ids), commit=done.commit)

    def Delete(self, request: pb.DeleteRequest, context: _Context) -> pb.WriteReply:  # noqa: N802
        take_place(Place(ontology=request.ontology, branch=request.branch))
        done = kernel.delete_documents(
            ontology=request.ontology,
            branch=request.branch,
            ids=list(request.ids),
            message=request.message,
            expected_head=_head(request),
        )
        return pb.WriteReply(ids=list(done.ids), commit=done.commit)


def _head(
    request: pb.QueryRequest | pb.InsertRequest | pb.UpdateRequest | pb.DeleteRequest,
) -> str | None:
    return request.expected_head if request.HasField("expected_head") else None
