"""The kernel's services over gRPC, and the guide about them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import grpc
import pytest

from oms_project.core.canonical_json import dumps, loads
from oms_project.identity.contract import Role
from oms_project.rpc.server import KernelServer
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.rpc.v1 import kernel_pb2_grpc as services
from tests.conftest import MakePerson, tokens_of
from tests.integration.api.conftest import api, fleet, head_of, spool_folder
from tests.integration.rpc.conftest import refusal

__all__ = ["api", "fleet", "spool_folder"]

GUIDE = Path(__file__).resolve().parents[3] / "docs/guides/kernel-grpc.md"


def metadata(person: MakePerson, role: Role) -> Any:
    return (("authorization", f"Bearer {tokens_of(person(role.value, role)).access}"),)


@pytest.fixture
def stub(channel: grpc.Channel) -> Any:
    return services.DataKernelStub(channel)


def test_the_example_of_the_guide_works(
    server: KernelServer, fleet: str, person: MakePerson
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    token = tokens_of(person("ed", Role.EDITOR)).access
    known: dict[str, Any] = {"address": f"127.0.0.1:{server.port}", "token": token}
    exec(example, known)
    assert len(known["rows"]) == 1


def test_documents_are_inserted_replaced_and_deleted(
    stub: Any, fleet: str, api: Any, person: MakePerson
) -> None:
    caller = metadata(person, Role.EDITOR)
    document = {"@type": "Pilot", "staffNumber": "P-7"}
    made = stub.Insert(
        pb.InsertRequest(ontology="fleet", branch="main", documents=[dumps(document)]),
        metadata=caller,
    )
    (pilot,) = made.ids
    assert made.commit == head_of(api, fleet)
    document = {**document, "@id": pilot, "birthDate": "1999-02-03"}
    changed = stub.Update(
        pb.UpdateRequest(
            ontology="fleet", branch="main", documents=[dumps(document)], message="Born",
            expected_head=made.commit,
        ),
        metadata=caller,
    )  # fmt: skip
    read = {
        "@type": "ReadDocument",
        "identifier": {"@type": "NodeValue", "node": pilot},
        "document": {"@type": "Value", "variable": "d"},
    }
    query = pb.QueryRequest(ontology="fleet", ref="main", query=dumps(read))
    head, rows, end = stub.Query(query, metadata=caller)
    assert head.head.commit == changed.commit
    assert loads(rows.rows.bindings[0])["d"]["birthDate"] == "1999-02-03"
    assert end.end.rows == 1
    late: Any = refusal(
        lambda: stub.Delete(
            pb.DeleteRequest(
                ontology="fleet", branch="main", ids=[pilot], expected_head=made.commit
            ),
            metadata=caller,
        )
    )
    assert late.code() is grpc.StatusCode.ABORTED
    gone = stub.Delete(
        pb.DeleteRequest(ontology="fleet", branch="main", ids=[pilot]), metadata=caller
    )
    assert gone.commit == head_of(api, fleet)


def test_who_may_only_read_writes_nothing(
    stub: Any, fleet: str, api: Any, person: MakePerson
) -> None:
    head = head_of(api, fleet)
    caller = metadata(person, Role.VIEWER)
    document = dumps({"@type": "Pilot", "staffNumber": "P-7"})
    error: Any = refusal(
        lambda: stub.Insert(
            pb.InsertRequest(ontology="fleet", branch="main", documents=[document]),
            metadata=caller,
        )
    )
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    # A query that writes passes the door, and not the service.
    write = {
        "@type": "InsertDocument",
        "document": {
            "@type": "Value",
            "dictionary": {"@type": "DictionaryTemplate", "data": []},
        },
    }
    query = pb.QueryRequest(ontology="fleet", ref="main", query=dumps(write))
    error = refusal(lambda: list(stub.Query(query, metadata=caller)))
    assert error.code() in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT)
    assert head_of(api, fleet) == head
