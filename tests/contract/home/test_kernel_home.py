"""What every home promises, of the one that is reached through a data kernel: its gRPC on a port of
this process, with TerminusDB, live or on tape, behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oms_project.identity.contract import Role
from oms_project.identity.models import User
from oms_project.rpc.server import KernelServer
from ontology.rpc.client import KernelHome, close_line
from ontology.store.home import Home
from ontology.store.terminusdb.home import TerminusHome
from tests.conftest import MakePerson, tokens_of
from tests.contract.home import test_home as contract
from tests.tapes import Tape, steady, terminusdb

__all__ = ["database", "everything_is_large", "home", "steady", "terminusdb"]

database = contract.database
everything_is_large = contract.everything_is_large
globals().update(
    {name: value for name, value in vars(contract).items() if name.startswith("test_")}
)


@pytest.fixture
def home(
    terminusdb: Tape, transactional_db: None, person: MakePerson, settings: Any
) -> Iterator[Home]:
    """The client; the server's threads see what is committed, hence no transaction around."""
    caller = person("kernel-caller", Role.GATEWAY)
    caller.kind = User.Kind.SERVICE
    caller.save()
    # The test's clock stands in the past, and the one that tokens are read with does not.
    settings.JWT_ACCESS_MINUTES, settings.JWT_REFRESH_DAYS = 10_000_000, 7_000
    server = KernelServer(TerminusHome(), host="127.0.0.1", port=0, threads=8)
    server.start()
    settings.DATA_KERNEL_ADDRESS = f"127.0.0.1:{server.port}"
    settings.DATA_KERNEL_TOKEN = tokens_of(caller).access
    close_line()
    yield KernelHome()
    close_line()
    server.stop(grace=0)
