"""``oms.kernel.v1.Tokens``: where a service account gets the token that it calls with."""

from __future__ import annotations

import grpc

from oms_project.identity.services.sign_in import sign_in_client
from oms_project.identity.tokens import issuer
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.rpc.v1 import kernel_pb2_grpc as services

__all__ = ["TokensService"]


class TokensService(services.TokensServicer):
    """The client credentials of OAuth 2, as over REST."""

    def Issue(self, request: pb.IssueRequest, context: grpc.ServicerContext) -> pb.IssueReply:  # noqa: N802 - the protocol's name
        tokens = sign_in_client(
            client_id=request.client_id, secret=request.client_secret, issue=issuer()
        )
        return pb.IssueReply(access_token=tokens.access, expires_in=tokens.expires_in)
