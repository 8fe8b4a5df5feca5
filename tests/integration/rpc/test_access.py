"""Who may call what over gRPC."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import grpc
import pytest
from django.core.exceptions import ImproperlyConfigured
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from rest_framework.test import APIClient

from audit.models import Event
from oms_project.core.canonical_json import loads
from oms_project.core.clock import frozen_at, utc_now
from oms_project.core.context import SYSTEM, acting_as, current_actor
from oms_project.core.routes import Authenticated, Public
from oms_project.identity.contract import Role
from oms_project.identity.models import User
from oms_project.identity.services.service_accounts import create_service_account
from oms_project.rpc.needs import NEEDS, HealthProbe, ServiceOnly, check_methods
from oms_project.rpc.server import HOME, KernelServer, served_methods
from ontology.rpc.client import KernelHome, close_line
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.rpc.v1 import kernel_pb2_grpc as services
from ontology.services import create_ontology, kernel
from ontology.store.home import Part
from tests.conftest import MakePerson, tokens_of
from tests.integration.rpc.conftest import refusal
from tests.integration.rpc.memory_home import MemoryHome
from tests.integration.rpc.test_kernel_home import C1, document, landing

Bearer = Callable[[User], tuple[tuple[str, str], ...]]
OWN = [method for method in served_methods() if method.startswith("oms.")]


def said(error: Any) -> dict[str, Any]:
    """What the error says beside its status."""
    raw = next(value for key, value in error.trailing_metadata() if key == "oms-error-bin")
    members: dict[str, Any] = loads(raw)
    return members


def call(channel: grpc.Channel, method: str, metadata: Any) -> Any:
    """Call a method with nothing in its request, until its first answer."""
    service, _, name = method.rpartition("/")
    stub: Any = getattr(services, service.rpartition(".")[2] + "Stub")(channel)
    described = pb.DESCRIPTOR.services_by_name[service.rpartition(".")[2]].methods_by_name[name]
    request: Any = getattr(pb, described.input_type.name)()
    if described.client_streaming:
        request = iter([request])
    answer = getattr(stub, name)(request, metadata=metadata, timeout=20)
    return next(iter(answer)) if described.server_streaming else answer


def test_every_method_that_is_served_declares_a_need() -> None:
    assert set(served_methods()) == set(NEEDS)
    check_methods(served_methods())


def test_a_method_that_declares_nothing_stops_the_boot() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"x\.Y/Z"):
        check_methods([*served_methods(), "x.Y/Z"])
    with pytest.raises(ImproperlyConfigured, match=r"'no\.such' is no permission"):
        check_methods(["x.Y/Z"], {"x.Y/Z": "no.such"})
    with pytest.raises(ImproperlyConfigured, match=r"'no\.such' is no permission"):
        check_methods(["x.Y/Z"], {"x.Y/Z": ServiceOnly("no.such")})


def test_a_method_that_declares_nothing_is_refused_should_it_get_past_the_boot(
    channel: grpc.Channel, administrator: User, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oms_project.rpc.chain.need_of_method", lambda _method: None)
    error = refusal(lambda: call(channel, "oms.kernel.v1.OntologyHome/Info", bearer(administrator)))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("method", [method for method in OWN if "Tokens" not in method])
def test_nobody_gets_in_without_a_token_that_holds(
    channel: grpc.Channel, person: MakePerson, method: str, home: MemoryHome
) -> None:
    home.trouble = lambda name: pytest.fail(f"{name} was reached")
    with frozen_at(utc_now() - dt.timedelta(days=2)):
        expired = tokens_of(person("late", Role.ADMINISTRATOR)).access
    gone = person("gone", Role.ADMINISTRATOR)
    deactivated = tokens_of(gone).access
    gone.is_active = False
    gone.save()
    refresh = tokens_of(person("re", Role.ADMINISTRATOR)).refresh
    for header in (
        None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", f"Bearer {'x' * 9000}",
        f"Bearer {expired}", f"Bearer {deactivated}", f"Bearer {refresh}",
    ):  # fmt: skip
        metadata = () if header is None else (("authorization", header),)
        error = refusal(partial(call, channel, method, metadata))
        assert error.code() is grpc.StatusCode.UNAUTHENTICATED, header
        assert said(error)["class"] == "Unauthenticated"


_ROLES = [None, *Role]


@pytest.mark.parametrize("role", _ROLES, ids=str)
def test_what_each_role_may_call(
    channel: grpc.Channel,
    person: MakePerson,
    service_account: Callable[..., User],
    bearer: Bearer,
    role: Role | None,
) -> None:
    """A person and a service account of every role, at every method."""
    from oms_project.identity.domain import ROLE_PERMISSIONS

    held = ROLE_PERMISSIONS[role] if role else frozenset()
    for user in (person("pat", role), service_account("bot", role)):
        metadata = bearer(user)
        for method in OWN:
            need = NEEDS[method]
            if isinstance(need, Public):
                continue
            if isinstance(need, ServiceOnly):
                may = need.permission in held and user.kind == User.Kind.SERVICE
            else:
                may = need in held
            code = _code(partial(call, channel, method, metadata))
            refused = code is grpc.StatusCode.PERMISSION_DENIED
            assert refused is not may, (method, user.username, code)


def _code(do: Callable[[], Any]) -> grpc.StatusCode | None:
    try:
        do()
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()  # type: ignore[attr-defined]
        return code
    return None


def test_a_gateway_uses_the_home_and_nothing_else(
    channel: grpc.Channel,
    kernel_home: KernelHome,
    bearer: Bearer,
    client_of: Callable[[User], APIClient],
) -> None:
    """The service account of a process that reaches TerminusDB through the data kernel."""
    with acting_as(SYSTEM):
        create_ontology(name="fleet", base_iri="https://example.org/fleet/")
    kernel_home.create("db", label="Fleet", base_iri="https://example.org/fleet/")
    kernel_home.land("db", "main", [landing(C1, [Part((document("a"),))])], expected="")
    branch = kernel_home.branch("db", "main")
    assert branch is not None
    assert list(kernel_home.documents("db", branch.identifier)) == [document("a")]
    assert kernel_home.query("db", "branch/main", {"@type": "True"})["bindings"] == []
    kernel_home.drop("db")

    user = User.objects.get(username="kernel-caller")
    assert [binding.role for binding in user.bindings.all()] == [Role.GATEWAY]
    stub: Any = services.DataKernelStub(channel)
    query = pb.QueryRequest(ontology="fleet", ref="main", query=b'{"@type":"True"}')
    insert = pb.InsertRequest(ontology="fleet", branch="main", documents=[b"{}"])
    for attempt in (
        lambda: list(stub.Query(query, metadata=bearer(user))),
        lambda: stub.Insert(insert, metadata=bearer(user)),
    ):
        assert refusal(attempt).code() is grpc.StatusCode.PERMISSION_DENIED
    api = client_of(user)
    for address in (
        "ontologies/fleet", "ontologies/fleet/branches", "ontologies/fleet/objects", "jobs",
        "identity/users", "identity/service-accounts", "policies/role-bindings", "audit/events",
        "events",
    ):  # fmt: skip
        answer = api.get(f"/api/v1/{address}")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), address
    assert api.post("/api/v1/ontologies", {"name": "x"}).status_code == 403


def test_a_role_for_one_ontology_does_not_open_the_home(
    channel: grpc.Channel, person: MakePerson, bearer: Bearer
) -> None:
    user = person("bot", Role.ADMINISTRATOR, "aviation")
    user.kind = User.Kind.SERVICE
    user.save()
    error = refusal(lambda: call(channel, "oms.kernel.v1.OntologyHome/Info", bearer(user)))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_denial_is_on_record(
    channel: grpc.Channel, administrator: User, bearer: Bearer, home: MemoryHome
) -> None:
    error = refusal(lambda: call(channel, "oms.kernel.v1.OntologyHome/Drop", bearer(administrator)))
    assert said(error)["data"] == {"permission": "kernel.home"}
    event = Event.objects.filter(action="access.denied").get()
    assert event.actor_username == "root"
    source = loads(event.body)["source"]
    assert (source["door"], source["address"]) == ("grpc", "127.0.0.1")
    assert source["operation"] == "/oms.kernel.v1.OntologyHome/Drop"


def test_a_delegate_acts_for_somebody_in_services_and_never_in_the_home(
    channel: grpc.Channel, person: MakePerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oms_project.identity.models import Delegation
    from oms_project.identity.services.sessions import open_session
    from oms_project.identity.tokens import mint

    bot, john = person("bot", Role.ADMINISTRATOR), person("john", Role.ADMINISTRATOR)
    bot.kind = User.Kind.SERVICE
    bot.save()
    delegation = Delegation.objects.create(
        service=bot, user=john, reason="import", expires_at=utc_now() + dt.timedelta(days=1)
    )
    token = mint(open_session(user=bot, delegation=delegation)).access
    metadata = (("authorization", f"Bearer {token}"),)
    seen = []

    def delete_documents(**_named: Any) -> kernel.KernelWrite:
        seen.append(current_actor())
        return kernel.KernelWrite((), "c")

    monkeypatch.setattr(kernel, "delete_documents", delete_documents)
    call(channel, "oms.kernel.v1.DataKernel/Delete", metadata)
    (actor,) = seen
    assert actor.username == "bot"
    assert actor.on_behalf_of is not None
    assert actor.on_behalf_of.username == "john"
    error = refusal(lambda: call(channel, "oms.kernel.v1.OntologyHome/Info", metadata))
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED


def test_the_request_id_goes_through_and_comes_back(
    channel: grpc.Channel, service_account: Callable[..., User], bearer: Bearer, home: MemoryHome
) -> None:
    from oms_project.core.context import current_request_id
    from oms_project.core.trace import current_trace

    seen = []
    home.trouble = lambda _name: seen.append((current_request_id(), current_trace()))
    stub: Any = services.OntologyHomeStub(channel)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    metadata = (
        *bearer(service_account()),
        ("x-request-id", "my-request-7"),
        ("traceparent", parent),
    )
    _, running = stub.Info.with_call(pb.InfoRequest(), metadata=metadata)
    assert dict(running.initial_metadata())["x-request-id"] == "my-request-7"
    assert seen[0][0] == "my-request-7"
    assert seen[0][1].parent == parent
    bad = (*metadata[:1], ("x-request-id", "a b"))
    _, running = stub.Info.with_call(pb.InfoRequest(), metadata=bad)
    assert dict(running.initial_metadata())["x-request-id"] not in ("", "a b")


def test_one_caller_knows_nothing_of_the_one_before(
    channel: grpc.Channel,
    service_account: Callable[..., User],
    bearer: Bearer,
    home: MemoryHome,
) -> None:
    from oms_project.core.context import try_current_actor

    call(channel, "oms.kernel.v1.OntologyHome/Info", bearer(service_account()))
    seen = []
    home.trouble = lambda _name: seen.append(try_current_actor())
    for _ in range(20):
        assert _code(lambda: call(channel, "oms.kernel.v1.OntologyHome/Info", ())) is (
            grpc.StatusCode.UNAUTHENTICATED
        )
    assert seen == []


def test_how_often_somebody_may_call(
    channel: grpc.Channel,
    person: MakePerson,
    service_account: Callable[..., User],
    bearer: Bearer,
    settings: Any,
) -> None:
    settings.OMS_RATE_CLIENT = 3
    metadata = bearer(person("ann", Role.VIEWER))
    codes = [
        _code(lambda: call(channel, "oms.kernel.v1.DataKernel/Query", metadata)) for _ in range(4)
    ]
    assert codes[3] is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert grpc.StatusCode.RESOURCE_EXHAUSTED not in codes[:3]
    # Other processes of OMS are not counted: they call for everybody.
    metadata = bearer(service_account())
    for _ in range(6):
        call(channel, "oms.kernel.v1.OntologyHome/Info", metadata)


# -- tokens ----------------------------------------------------------------------------------------


@pytest.fixture
def credentials(db: None) -> tuple[str, str]:
    with acting_as(SYSTEM):
        made = create_service_account(username="oms-server")
    user = User.objects.get(username="oms-server")
    from oms_project.identity.models import RoleBinding

    RoleBinding.objects.create(user=user, role=Role.GATEWAY)
    return made.account.client_id, made.secret


def test_a_service_account_gets_a_token(
    channel: grpc.Channel, credentials: tuple[str, str]
) -> None:
    stub: Any = services.TokensStub(channel)
    client_id, secret = credentials
    answer = stub.Issue(pb.IssueRequest(client_id=client_id, client_secret=secret))
    assert answer.expires_in > 0
    metadata = (("authorization", f"Bearer {answer.access_token}"),)
    assert call(channel, "oms.kernel.v1.OntologyHome/Info", metadata).product == "MemoryDB"
    error = refusal(lambda: stub.Issue(pb.IssueRequest(client_id=client_id, client_secret="wrong")))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert said(error)["code"] == "invalid_client"


@pytest.fixture
def signing_in(
    server: KernelServer, credentials: tuple[str, str], settings: Any
) -> Iterator[KernelHome]:
    settings.DATA_KERNEL_ADDRESS = f"127.0.0.1:{server.port}"
    settings.DATA_KERNEL_CLIENT_ID, settings.DATA_KERNEL_CLIENT_SECRET = credentials
    close_line()
    yield KernelHome()
    close_line()


def test_the_client_gets_itself_a_token_and_keeps_it(signing_in: KernelHome) -> None:
    signing_in.info()
    signing_in.info()
    assert Event.objects.filter(action="identity.token_issued").count() == 1


def test_the_client_gets_a_new_token_when_the_old_one_is_refused(signing_in: KernelHome) -> None:
    from oms_project.identity.services.sessions import end_sessions_of

    signing_in.info()
    with acting_as(SYSTEM):
        end_sessions_of(user=User.objects.get(username="oms-server"), reason="test")
    assert signing_in.info().product == "MemoryDB"
    assert Event.objects.filter(action="identity.token_issued").count() == 2


def test_the_client_says_what_setting_is_missing(signing_in: KernelHome, settings: Any) -> None:
    from oms_project.core.errors import Unavailable

    settings.DATA_KERNEL_CLIENT_ID = ""
    with pytest.raises(Unavailable, match="DATA_KERNEL_CLIENT_ID"):
        signing_in.info()


# -- health and reflection -------------------------------------------------------------------------


def test_health_is_told_to_everybody_by_service(
    channel: grpc.Channel, server: KernelServer, home: MemoryHome
) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING

    def status(service: str) -> Any:
        return stub.Check(health_pb2.HealthCheckRequest(service=service)).status

    names = ("", "oms.kernel.v1.DataKernel", HOME)
    assert [status(name) for name in names] == [serving] * 3

    def trouble(_name: str) -> None:
        raise ConnectionError

    home.trouble = trouble
    server.look()
    not_serving = health_pb2.HealthCheckResponse.NOT_SERVING
    assert [status(name) for name in names] == [serving, serving, not_serving]
    error = refusal(lambda: status("nothing"))
    assert error.code() is grpc.StatusCode.NOT_FOUND


def test_health_can_be_watched_without_holding_up_anybody(
    channel: grpc.Channel,
    home: MemoryHome,
    server: KernelServer,
    service_account: Callable[..., User],
    bearer: Bearer,
) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    watching = [stub.Watch(health_pb2.HealthCheckRequest(service=HOME)) for _ in range(20)]
    assert {next(one).status for one in watching} == {health_pb2.HealthCheckResponse.SERVING}
    assert call(channel, "oms.kernel.v1.OntologyHome/Info", bearer(service_account())).product
    for one in watching:
        one.cancel()
    listed = stub.List(health_pb2.HealthListRequest()).statuses
    assert {name: one.status for name, one in listed.items()} == dict.fromkeys(
        ("", "oms.kernel.v1.DataKernel", HOME), 1
    )


def test_watchers_hear_of_changes_and_are_let_go_at_the_end(
    channel: grpc.Channel, home: MemoryHome, server: KernelServer
) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    watching = stub.Watch(health_pb2.HealthCheckRequest(service=HOME))
    assert next(watching).status == 1

    def trouble(_name: str) -> None:
        raise ConnectionError

    home.trouble = trouble
    server.look()
    assert next(watching).status == 2
    home.trouble = lambda _name: None
    server.look()
    server.look()
    assert next(watching).status == 1
    server.stop(grace=20)  # nobody is waited for who only watches
    assert [one.status for one in watching] == [2]


def test_watchers_that_come_and_go_stop_nothing(
    channel: grpc.Channel, server: KernelServer
) -> None:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    for number in range(300):
        watching = stub.Watch(health_pb2.HealthCheckRequest(service=HOME))
        if number % 3:
            next(watching)
        watching.cancel()
        if number % 5 == 0:
            server.look()
    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=20).status == 1


def test_reflection_lists_the_services_for_who_is_signed_in(
    channel: grpc.Channel, person: MakePerson, bearer: Bearer
) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    metadata = bearer(person("ann"))
    (answer,) = stub.ServerReflectionInfo(iter([request]), metadata=metadata)
    assert {one.name for one in answer.list_services_response.service} == {
        "oms.kernel.v1.DataKernel",
        "oms.kernel.v1.OntologyHome",
        "oms.kernel.v1.Tokens",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    error = refusal(lambda: list(stub.ServerReflectionInfo(iter([request]))))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


def test_open_methods_say_why() -> None:
    open_ = [
        method
        for method, need in NEEDS.items()
        if isinstance(need, Public | Authenticated | HealthProbe)
    ]
    assert {method.rpartition("/")[0] for method in open_} == {
        "oms.kernel.v1.Tokens",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
