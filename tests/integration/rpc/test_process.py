"""``manage.py kernel`` as a process of its own, its settings, TLS, and the code that is made."""

from __future__ import annotations

import datetime as dt
import ipaddress
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2, health_pb2_grpc

from oms_project.core.errors import Unavailable
from oms_project.core.services import forget_services
from oms_project.rpc import process
from oms_project.rpc.process import KernelMisconfigured, check_transport, kernel_home
from oms_project.rpc.server import Credentials, KernelServer
from ontology.rpc.client import KernelHome, close_line
from tests import services
from tests.integration.rpc.memory_home import MemoryHome

GENERATED = ("kernel_pb2.py", "kernel_pb2.pyi", "kernel_pb2_grpc.py")


def test_the_code_is_what_its_proto_file_makes(tmp_path: Path) -> None:
    made = subprocess.run(
        [
            sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--python_out={tmp_path}",
            f"--pyi_out={tmp_path}", f"--grpc_python_out={tmp_path}",
            "ontology/rpc/v1/kernel.proto",
        ],
        cwd=services.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    for name in GENERATED:
        path = Path("ontology/rpc/v1") / name
        kept = (services.ROOT / path).read_text()
        assert kept == (tmp_path / path).read_text(), "run: make proto"


def test_the_client_costs_nothing_until_it_is_called() -> None:
    ran = subprocess.run(
        [
            sys.executable, "-c",
            "import sys; from ontology.rpc.client import KernelHome; KernelHome();"
            "sys.exit('grpc' in sys.modules)",
        ],
        cwd=services.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


# -- settings --------------------------------------------------------------------------------------


def test_a_kernel_that_would_call_itself_does_not_start(settings: Any) -> None:
    settings.OMS_SERVICES = {
        **settings.OMS_SERVICES,
        "ontology_home": "ontology.rpc.client.KernelHome",
    }
    settings.TERMINUSDB_ENDPOINT = ""
    with pytest.raises(KernelMisconfigured, match="set TERMINUSDB_ENDPOINT"):
        kernel_home()


def test_a_kernel_uses_terminusdb_itself_whatever_the_others_do(settings: Any) -> None:
    settings.OMS_SERVICES = {
        **settings.OMS_SERVICES,
        "ontology_home": "ontology.rpc.client.KernelHome",
    }
    settings.TERMINUSDB_ENDPOINT = "http://127.0.0.1:1"
    forget_services()
    kernel_home()
    assert settings.OMS_SERVICES["ontology_home"] == ("ontology.store.terminusdb.home.TerminusHome")


def test_production_wants_tls_or_a_word(settings: Any) -> None:
    settings.OMS_KERNEL_PLAIN = False
    with pytest.raises(KernelMisconfigured, match="OMS_KERNEL_TRUSTED_NETWORK"):
        check_transport(None)
    check_transport(Credentials(b"", b""))
    settings.OMS_KERNEL_PLAIN = True
    check_transport(None)


def test_a_certificate_wants_its_key(settings: Any, tmp_path: Path) -> None:
    settings.OMS_KERNEL_TLS_CERTIFICATE = tmp_path / "none.pem"
    for key in (None, tmp_path / "none.pem"):
        settings.OMS_KERNEL_TLS_KEY = key
        with pytest.raises(KernelMisconfigured, match=r"belong together|cannot be read"):
            process.KernelProcess(host="127.0.0.1", rest_port=None, grpc_port=0, tell=print)


# -- TLS -------------------------------------------------------------------------------------------


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "kernel.pem", folder / "kernel.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def test_it_speaks_tls(transactional_db: None, tmp_path: Path, settings: Any) -> None:
    chain, key = certificate(tmp_path)
    server = KernelServer(
        MemoryHome(),
        host="127.0.0.1",
        port=0,
        credentials=Credentials(chain.read_bytes(), key.read_bytes()),
        threads=4,
    )
    server.start()
    try:
        settings.DATA_KERNEL_ADDRESS = f"127.0.0.1:{server.port}"
        settings.DATA_KERNEL_TOKEN = "none"
        settings.DATA_KERNEL_TLS = True
        settings.DATA_KERNEL_CA = chain
        settings.TERMINUSDB_RETRIES = 0
        close_line()
        with pytest.raises(Unavailable, match="does not let OMS in"):  # it was reached
            KernelHome().info()
        for tls, authority in ((True, None), (False, None)):
            settings.DATA_KERNEL_TLS, settings.DATA_KERNEL_CA = tls, authority
            close_line()
            with pytest.raises(Unavailable, match="does not answer"):
                KernelHome().info()
    finally:
        close_line()
        server.stop(0)


# -- the process -----------------------------------------------------------------------------------


@dataclass
class Kernel:
    """A running ``manage.py kernel``."""

    process: subprocess.Popen[str]
    lines: list[str]
    environment: Mapping[str, str]

    def address(self, name: str) -> str:
        return next(line.split()[1] for line in self.lines if line.startswith(name))


@contextmanager
def kernel(environment: Mapping[str, str], *options: str) -> Iterator[Kernel]:
    """Start it and wait until it says where it is."""
    running = subprocess.Popen(
        [sys.executable, "manage.py", "kernel", "--grpc-port", "0", *options],
        cwd=services.ROOT, env=dict(environment), stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert running.stdout is not None
        lines: list[str] = []
        while not any(line.startswith("gRPC") for line in lines):
            line = running.stdout.readline()
            assert line, f"it ended: {running.wait()}"
            lines.append(line)
        yield Kernel(running, lines, environment)
    finally:
        running.kill()
        running.wait()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    made = services.oms_environment(tmp_path_factory.mktemp("kernel"))
    services.set_up(made)
    return made


def serving(channel: grpc.Channel, service: str) -> Any:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    return stub.Check(
        health_pb2.HealthCheckRequest(service=service), timeout=20, wait_for_ready=True
    ).status


def test_the_process_serves_both_and_ends_in_order(environment: dict[str, str]) -> None:
    with kernel(environment, "--port", "0") as running:
        rest = running.address("REST")
        assert httpx.get(f"{rest}health/ready", timeout=20).json()["status"] == "ok"
        assert httpx.get(f"{rest}console/", timeout=20).json()["code"] == "not_found"
        assert httpx.get(f"{rest}health/detailed", timeout=20).status_code == 401
        with grpc.insecure_channel(running.address("gRPC")) as channel:
            assert serving(channel, "oms.kernel.v1.DataKernel") == 1
            assert serving(channel, "oms.kernel.v1.OntologyHome") == 2  # there is no TerminusDB
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0


def test_a_server_that_is_told_to_use_a_kernel_says_when_it_is_away(
    environment: dict[str, str],
) -> None:
    """`/health/ready` of another process, before and after."""
    port = services.free_port()
    away = {
        **environment,
        "USE_DATA_KERNEL_GATEWAY": "true",
        "DATA_KERNEL_ADDRESS": f"127.0.0.1:{port}",
    }
    with services.oms(data_dir=Path(environment["OMS_DATA_DIR"]), extra=away) as server:
        told = httpx.get(f"{server.url}/health/ready", timeout=20)
        assert told.status_code == 200
        assert told.json()["status"] == "degraded"
        assert told.json()["degraded"] == ["data_kernel"]


def test_grpc_only_and_the_end_of_who_watches(environment: dict[str, str]) -> None:
    with kernel({**environment, "OMS_KERNEL_DRAIN_SECONDS": "300"}, "--grpc-only") as running:
        assert not any(line.startswith("REST") for line in running.lines)
        channel = grpc.insecure_channel(running.address("gRPC"))
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watching = stub.Watch(health_pb2.HealthCheckRequest(service="oms.kernel.v1.DataKernel"))
        assert next(watching).status == 1
        running.process.send_signal(signal.SIGTERM)
        assert next(watching).status == 2  # no new calls are wanted
        assert running.process.wait(30) == 0
        channel.close()


@pytest.mark.parametrize(
    ("extra", "options", "sentence"),
    [
        ({"USE_DATA_KERNEL_GATEWAY": "true"}, [], "would call itself"),
        ({"OMS_KERNEL_TLS_KEY": "/nowhere.key"}, [], "belong together"),
        ({}, ["--host", "203.0.113.7"], "cannot listen on 203.0.113.7"),
    ],
)
def test_it_says_why_it_does_not_start(
    environment: dict[str, str],
    extra: dict[str, str],
    options: Sequence[str],
    sentence: str,
) -> None:
    ran = subprocess.run(
        [sys.executable, "manage.py", "kernel", "--grpc-port", "0", "--port", "0", *options],
        cwd=services.ROOT, env={**environment, **extra}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    assert sentence in ran.stderr


def test_a_port_that_is_taken_is_told(environment: dict[str, str]) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for options in (["--grpc-port", port, "--port", "0"], ["--grpc-port", "0", "--port", port]):
            ran = subprocess.run(
                [sys.executable, "manage.py", "kernel", *options],
                cwd=services.ROOT, env=environment, capture_output=True, text=True,
                check=False, timeout=120,
            )  # fmt: skip
            assert ran.returncode == 1, ran.stderr
            assert "cannot listen" in ran.stderr


def test_no_thread_of_ours_outlives_a_server(transactional_db: None) -> None:
    before = set(threading.enumerate())
    server = KernelServer(MemoryHome(), host="127.0.0.1", port=0, threads=4)
    server.start()
    server.stop(0)
    deadline = time.monotonic() + 20
    while left := {
        one for one in set(threading.enumerate()) - before if one.name.startswith("oms-grpc")
    }:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
