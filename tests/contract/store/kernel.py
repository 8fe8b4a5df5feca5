"""The data kernel between the store and TerminusDB, for the contract suite on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oms_project.core.services import forget_services
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from oms_project.rpc.server import KernelServer
from ontology.rpc.client import close_line
from ontology.store.terminusdb.home import TerminusHome
from tests.conftest import MakePerson, tokens_of
from tests.tapes import Tape

__all__ = ["kernel"]


@pytest.fixture
def kernel(
    terminusdb: Tape, transactional_db: None, person: MakePerson, settings: Any
) -> Iterator[None]:
    """Homes are reached over gRPC, at a port of this process; its threads see what is committed."""
    caller = person("kernel-caller", Role.GATEWAY)
    caller.kind = User.Kind.SERVICE
    caller.save()
    # The test's clock stands in the past, and the one that tokens are read with does not.
    settings.JWT_ACCESS_MINUTES, settings.JWT_REFRESH_DAYS = 10_000_000, 7_000
    server = KernelServer(TerminusHome(), host="127.0.0.1", port=0, threads=8)
    server.start()
    settings.DATA_KERNEL_ADDRESS = f"127.0.0.1:{server.port}"
    settings.DATA_KERNEL_TOKEN = tokens_of(caller).access
    settings.OMS_SERVICES = {
        **settings.OMS_SERVICES,
        "ontology_home": "ontology.rpc.client.KernelHome",
    }
    forget_services()
    close_line()
    yield
    close_line()
    server.stop(grace=0)
