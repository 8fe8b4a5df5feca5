"""Deadlines, callers that go away, streams, and a line that breaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import psutil
import pytest

from oms_project.core.canonical_json import dumps, loads
from oms_project.core.errors import Unavailable
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from oms_project.rpc.calls import current_call
from oms_project.rpc.server import KernelServer
from ontology.rpc.client import KernelHome, check_kernel, close_line
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.rpc.v1 import kernel_pb2_grpc as services
from ontology.services import kernel
from ontology.store.home import Part
from tests.conftest import MakePerson
from tests.integration.rpc.conftest import refusal
from tests.integration.rpc.memory_home import MemoryHome
from tests.integration.rpc.test_kernel_home import C1, document, landing

Bearer = Callable[[User], tuple[tuple[str, str], ...]]


@pytest.fixture
def metadata(service_account: Callable[..., User], bearer: Bearer) -> Any:
    return bearer(service_account())


@pytest.fixture
def home_stub(channel: grpc.Channel) -> Any:
    return services.OntologyHomeStub(channel)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# -- deadlines -------------------------------------------------------------------------------------


def test_a_call_without_a_deadline_gets_ours(
    home_stub: Any, metadata: Any, home: MemoryHome, settings: Any
) -> None:
    settings.DATA_KERNEL_TIMEOUT = 7.0
    left = []
    home.trouble = lambda _name: left.append(current_call().remaining())
    home_stub.Info(pb.InfoRequest(), metadata=metadata)
    home_stub.Info(pb.InfoRequest(), metadata=metadata, timeout=3)
    settings.DATA_KERNEL_STREAM_TIMEOUT = 100.0
    home_stub.Info(pb.InfoRequest(), metadata=metadata, timeout=5000)
    assert 6 < left[0] < 7.1
    assert 2 < left[1] < 3.1
    assert 99 < left[2] < 100.1


def test_a_stream_ends_when_its_time_is_over(
    home_stub: Any, metadata: Any, home: MemoryHome, settings: Any
) -> None:
    settings.DATA_KERNEL_TIMEOUT = 0.5
    stopped = threading.Event()

    def documents(*_args: Any) -> Iterator[Any]:
        try:
            while True:
                time.sleep(0.01)
                yield document("a")
        finally:
            stopped.set()

    home.documents = documents  # type: ignore[method-assign]
    request = pb.DocumentsRequest(database="db")
    error: Any = refusal(lambda: list(home_stub.Documents(request, metadata=metadata)))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert stopped.wait(10)


def test_what_does_not_look_at_the_clock_is_broken_off(
    home_stub: Any, metadata: Any, home: MemoryHome, settings: Any
) -> None:
    settings.DATA_KERNEL_TIMEOUT = 0.2
    release = threading.Event()
    home.trouble = lambda _name: release.wait(30)
    started = time.monotonic()
    error: Any = refusal(lambda: home_stub.Info(pb.InfoRequest(), metadata=metadata))
    assert error.code() is grpc.StatusCode.CANCELLED
    assert time.monotonic() - started < 15
    release.set()


def test_a_query_of_the_home_gets_what_is_left(
    home_stub: Any, metadata: Any, home: MemoryHome
) -> None:
    home.create("db", label="", base_iri="")
    request = pb.RunQueryRequest(database="db", ref="branch/main", query=b"{}", timeout=500)
    list(home_stub.RunQuery(request, metadata=metadata, timeout=4))
    timeout = home.queries[0][3]
    assert timeout is not None
    assert 3 < timeout < 4


# -- callers that go away --------------------------------------------------------------------------


def test_a_stream_stops_when_nobody_takes_it_any_more(
    home_stub: Any, metadata: Any, home: MemoryHome
) -> None:
    stopped = threading.Event()

    def documents(*_args: Any) -> Iterator[Any]:
        try:
            for number in range(10_000_000):
                yield document(f"{number:08}")
        finally:
            stopped.set()

    home.documents = documents  # type: ignore[method-assign]
    running = home_stub.Documents(pb.DocumentsRequest(database="db"), metadata=metadata)
    next(running)
    running.cancel()
    assert stopped.wait(20)


def test_a_landing_that_is_cut_off_does_not_land(
    home_stub: Any, metadata: Any, home: MemoryHome
) -> None:
    home.create("db", label="", base_iri="")
    taken = threading.Event()
    home.on_part = taken.set
    hold = threading.Event()

    def requests() -> Iterator[pb.LandRequest]:
        yield pb.LandRequest(start=pb.LandStart(database="db", branch="main", landings=1))
        yield pb.LandRequest(landing=pb.LandingHeader(commit=C1))
        yield pb.LandRequest(chunk=pb.PartChunk())
        hold.wait(20)

    running = home_stub.Land.future(requests(), metadata=metadata)
    assert taken.wait(20)
    running.cancel()
    hold.set()
    time.sleep(0.2)
    assert home.landed == []


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [pb.LandRequest(chunk=pb.PartChunk())],
        [pb.LandRequest(start=pb.LandStart(database="db", branch="main", landings=1))],
        [
            pb.LandRequest(start=pb.LandStart(database="db", branch="main", landings=1)),
            pb.LandRequest(landing=pb.LandingHeader(commit=C1)),
            pb.LandRequest(chunk=pb.PartChunk()),
        ],
        [
            pb.LandRequest(start=pb.LandStart(database="db", branch="main", landings=1)),
            pb.LandRequest(landing=pb.LandingHeader(commit=C1)),
            pb.LandRequest(chunk=pb.PartChunk()),
            pb.LandRequest(end=pb.LandingEnd(parts=2)),
        ],
        [
            pb.LandRequest(start=pb.LandStart(database="db", branch="main", landings=1)),
            pb.LandRequest(landing=pb.LandingHeader(commit=C1)),
            pb.LandRequest(chunk=pb.PartChunk(more=True)),
            pb.LandRequest(end=pb.LandingEnd(parts=0)),
        ],
        [pb.LandRequest(start=pb.LandStart(database="db", branch="main", landings=99_999))],
    ],
)
def test_a_broken_landing_does_not_land(
    home_stub: Any, metadata: Any, home: MemoryHome, steps: list[pb.LandRequest]
) -> None:
    home.create("db", label="", base_iri="")
    error: Any = refusal(lambda: home_stub.Land(iter(steps), metadata=metadata))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert home.landed == []
    assert home.branch("db", "main").identifier == ""  # type: ignore[union-attr]


# -- large streams ---------------------------------------------------------------------------------


def test_a_hundred_thousand_documents_pass_in_bounded_memory(
    kernel_home: KernelHome, home: MemoryHome
) -> None:
    """Both ways; what is kept at both ends at once stays small beside what passes (100 MB)."""
    kernel_home.create("db", label="", base_iri="")
    taken = 0
    lead = 0
    made = 0

    def on_part() -> None:
        nonlocal taken, lead
        taken += 1
        lead = max(lead, made - taken)

    def land(*_args: Any, **_named: Any) -> list[str]:
        for one in _args[2]:
            for _part in one.parts:
                on_part()
        return ["x"]

    def parts() -> Iterator[Part]:
        nonlocal made
        for start in range(0, 100_000, 500):
            made += 1
            yield Part(
                tuple(document(f"{n:08}", filler="x" * 900) for n in range(start, start + 500))
            )

    home.land = land  # type: ignore[method-assign]
    before = psutil.Process().memory_info().rss
    assert kernel_home.land("db", "main", [landing(C1, parts())], expected="") == ["x"]
    assert (taken, made) == (200, 200)
    assert lead < 40  # parts of half a megabyte: the rest waits to be asked for

    def documents(*_args: Any) -> Iterator[Any]:
        for number in range(100_000):
            yield document(f"{number:08}", filler="x" * 900)

    home.documents = documents  # type: ignore[method-assign]
    assert sum(1 for _one in kernel_home.documents("db", "x")) == 100_000
    assert psutil.Process().memory_info().rss - before < 60 * 1024 * 1024


def test_rows_come_with_a_head_and_an_end(
    channel: grpc.Channel,
    person: MakePerson,
    bearer: Bearer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = {}

    def run_query(**named: Any) -> kernel.KernelAnswer:
        asked.update(named)
        rows = ({"n": {"@type": "xsd:integer", "@value": 2**70 + n}} for n in range(2500))
        return kernel.KernelAnswer(("n",), rows, C1, inserts=1, deletes=2)

    monkeypatch.setattr(kernel, "run_query", run_query)
    stub: Any = services.DataKernelStub(channel)
    request = pb.QueryRequest(
        ontology="aviation", ref="main", query=dumps({"@type": "True"}), message="Words."
    )
    answers = list(stub.Query(request, metadata=bearer(person("ann", Role.VIEWER)), timeout=9))
    assert answers[0].head == pb.QueryHead(variable_names=["n"], commit=C1)
    rows = [loads(raw) for answer in answers[1:-1] for raw in answer.rows.bindings]
    assert rows[2499] == {"n": {"@type": "xsd:integer", "@value": 2**70 + 2499}}
    assert answers[-1].end == pb.QueryEnd(rows=2500, inserts=1, deletes=2)
    timeout = asked.pop("timeout")
    assert 8 < timeout <= 9
    assert asked == {
        "ontology": "aviation", "ref": "main", "query": {"@type": "True"}, "message": "Words.",
        "expected_head": None,
    }  # fmt: skip


def test_what_is_not_json_is_refused(
    channel: grpc.Channel, person: MakePerson, bearer: Bearer
) -> None:
    stub: Any = services.DataKernelStub(channel)
    metadata = bearer(person("ed", Role.EDITOR))
    query = pb.QueryRequest(ontology="a", query=b"{")
    error: Any = refusal(lambda: list(stub.Query(query, metadata=metadata)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    insert = pb.InsertRequest(ontology="a", documents=[b"nan"])
    error = refusal(lambda: stub.Insert(insert, metadata=metadata))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


# -- a line that breaks ----------------------------------------------------------------------------


def test_what_is_safe_is_tried_again(
    kernel_home: KernelHome, server: KernelServer, home: MemoryHome, settings: Any
) -> None:
    kernel_home.info()
    port = server.port
    server.stop(grace=0)
    settings.TERMINUSDB_RETRIES = 10
    second: list[KernelServer] = []

    def later() -> None:
        time.sleep(0.3)
        second.append(KernelServer(home, host="127.0.0.1", port=port, threads=4))
        second[0].start()

    thread = threading.Thread(target=later)
    thread.start()
    try:
        assert kernel_home.databases() == []
    finally:
        thread.join()
        second[0].stop(grace=0)


def test_a_landing_whose_parts_were_taken_is_not_sent_twice(
    kernel_home: KernelHome, server: KernelServer, home: MemoryHome
) -> None:
    kernel_home.create("db", label="", base_iri="")
    home.on_part = lambda: server.stop(grace=0)
    taken = []

    def parts() -> Iterator[Part]:
        for number in range(3):
            taken.append(number)
            yield Part((document(f"{number}"),))

    with pytest.raises(Unavailable) as caught:
        kernel_home.land("db", "main", [landing(C1, parts())], expected="")
    assert caught.value.error_code == "home_unavailable"
    assert len(taken) == len(set(taken))


def test_a_refusal_of_the_home_is_not_tried_again(
    kernel_home: KernelHome, home: MemoryHome
) -> None:
    asked = []

    def trouble(name: str) -> None:
        asked.append(name)
        raise Unavailable("TerminusDB is away.", code="home_unavailable")

    home.trouble = trouble
    with pytest.raises(Unavailable, match="TerminusDB is away"):
        kernel_home.databases()
    assert asked == ["databases"]


def test_nobody_waits_for_a_kernel_that_is_known_to_be_away(
    kernel_home: KernelHome, server: KernelServer, settings: Any
) -> None:
    settings.TERMINUSDB_BREAKER_FAILURES = 3
    close_line()
    server.stop(grace=0)
    settings.TERMINUSDB_RETRIES = 0
    for _ in range(3):
        with pytest.raises(Unavailable):
            kernel_home.databases()
    with pytest.raises(Unavailable) as caught:
        kernel_home.databases()
    assert caught.value.data["retry_after"] > 0


def test_a_kernel_that_hangs_is_given_up(
    kernel_home: KernelHome, home: MemoryHome, settings: Any
) -> None:
    settings.TERMINUSDB_RETRIES = 0
    settings.DATA_KERNEL_TIMEOUT = 0.5
    release = threading.Event()
    home.trouble = lambda _name: release.wait(60)
    calls: list[Callable[[], Any]] = [
        lambda: kernel_home.branch("db", "main"),
        lambda: list(kernel_home.documents("db", "x")),
        lambda: kernel_home.land("db", "main", [landing(C1, [Part(())])], expected=""),
    ]
    for call in calls:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            call()
        assert time.monotonic() - started < 15
    release.set()


def test_the_health_check_of_a_process_that_calls_the_kernel(
    kernel_home: KernelHome, server: KernelServer, home: MemoryHome, settings: Any
) -> None:
    assert check_kernel() == {"address": ""}  # a kernel itself
    settings.OMS_SERVICES = {
        **settings.OMS_SERVICES,
        "ontology_home": "ontology.rpc.client.KernelHome",
    }
    assert check_kernel() == {"address": f"127.0.0.1:{server.port}"}

    def trouble(_name: str) -> None:
        raise ConnectionError

    home.trouble = trouble
    server.look()
    with pytest.raises(Unavailable, match="cannot reach TerminusDB"):
        check_kernel()
    server.stop(grace=0)
    with pytest.raises(Unavailable, match="does not answer"):
        check_kernel()


def test_who_is_served_may_finish_when_the_kernel_ends(
    home_stub: Any, metadata: Any, home: MemoryHome, server: KernelServer
) -> None:
    entered, release = threading.Event(), threading.Event()

    def trouble(_name: str) -> None:
        entered.set()
        release.wait(20)

    home.trouble = trouble
    running = home_stub.Info.future(pb.InfoRequest(), metadata=metadata)
    assert entered.wait(20)
    ending = threading.Thread(target=server.stop, args=(20,))
    ending.start()
    wait_for(server._stopping.is_set)
    release.set()
    assert running.result(timeout=20).product == "MemoryDB"
    ending.join(20)
    assert not ending.is_alive()
