"""A data kernel's gRPC on a free port of this process, and who calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from oms_project.identity.contract import Role
from oms_project.identity.models import User
from oms_project.rpc.server import KernelServer
from ontology.rpc.client import KernelHome, close_line
from tests.conftest import MakePerson, tokens_of
from tests.integration.rpc.memory_home import MemoryHome


@pytest.fixture
def home() -> MemoryHome:
    return MemoryHome()


@pytest.fixture
def server(transactional_db: None, home: MemoryHome) -> Iterator[KernelServer]:
    """Threads of the server see what is committed: hence no transaction around the test."""
    running = KernelServer(home, host="127.0.0.1", port=0, threads=8)
    running.start()
    yield running
    running.stop(grace=0)


@pytest.fixture
def channel(server: KernelServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as made:
        yield made


@pytest.fixture
def service_account(person: MakePerson) -> Callable[..., User]:
    """``service_account("kernel-caller", Role.GATEWAY)``."""

    def make(name: str = "kernel-caller", role: Role | None = Role.GATEWAY) -> User:
        user = person(name, role)
        user.kind = User.Kind.SERVICE
        user.save()
        return user

    return make


@pytest.fixture
def bearer() -> Callable[[User], tuple[tuple[str, str], ...]]:
    """The metadata of a call by somebody."""
    return lambda user: (("authorization", f"Bearer {tokens_of(user).access}"),)


@pytest.fixture
def kernel_home(
    server: KernelServer,
    service_account: Callable[..., User],
    settings: Any,
) -> Iterator[KernelHome]:
    """The client, calling the server."""
    settings.DATA_KERNEL_ADDRESS = f"127.0.0.1:{server.port}"
    settings.DATA_KERNEL_TOKEN = tokens_of(service_account()).access
    close_line()
    yield KernelHome()
    close_line()


def refusal(call: Callable[[], Any]) -> grpc.RpcError:
    """The error that a call ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value
