"""Fixtures for every test: people with roles, clients that are signed in, real services."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Protocol

import hypothesis
import pytest
from django.db import transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from rest_framework.test import APIClient

from audit.triggers import drop_triggers, install_triggers
from oms_project.core.cache import forget_cache
from oms_project.core.clock import frozen_at, utc_now
from oms_project.core.context import SYSTEM, Actor, acting_as
from oms_project.core.keys import PURPOSES, keyring
from oms_project.core.services import forget_services
from oms_project.identity.contract import Role, actor_of
from oms_project.identity.models import Delegation, RoleBinding, User
from oms_project.identity.services.sessions import open_session
from oms_project.identity.tokens import Tokens, mint
from ontology.store.orm.append_only import drop_guards, install_guards
from tests import services

# Whether something is fast is measured in the benchmarks; a busy machine fails no test.
hypothesis.settings.register_profile("oms", deadline=None)
hypothesis.settings.load_profile("oms")

PASSWORD = "correct-horse-battery-staple-42"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--full``: fault experiments in full length."""
    parser.addoption("--full", action="store_true", help="run fault experiments in full length")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses the database is marked ``data``, so that it runs on PostgreSQL as well.

    Every test gets an id of its own: schemathesis gives those of all operations the same one, and
    workers that run tests side by side would run one of them and leave out the rest.

    Files of slow tests come first, so that no worker waits for another one at the end.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    met: Counter[str] = Counter()
    for item in items:
        met[item.nodeid] += 1
        if met[item.nodeid] > 1:
            item._id = dataclasses.replace(item.id, params=str(met[item.nodeid]))
        names = set(getattr(item, "fixturenames", ()))
        if names & {"db", "transactional_db"} or item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.data)


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether fault experiments run in full length (``--full``) or in their short form."""
    return bool(request.config.getoption("--full"))


# -- services --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[services.Service]:
    """A real PostgreSQL with an empty database (quick; start a durable one with `services`)."""
    with services.postgresql() as service:
        yield service


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[services.Service]:
    """A real Valkey."""
    with services.valkey() as service:
        yield service


@pytest.fixture(scope="session")
def nats_server() -> Iterator[services.Service]:
    """A real NATS with JetStream."""
    with services.nats() as service:
        yield service


@pytest.fixture(scope="session")
def oms_server() -> Iterator[services.OmsServer]:
    """OMS in its own process with the demo, as `make run` starts it; shared by the session."""
    with services.oms(demo=True) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def _signing_keys() -> None:
    """Keys that are older than any time that a test sets the clock to."""
    with frozen_at(dt.datetime(2000, 1, 1, tzinfo=dt.UTC)):
        for purpose in PURPOSES:
            keyring.rotate(purpose)


# -- people ----------------------------------------------------------------------------------------


class MakePerson(Protocol):
    """Makes a user with a role, for one ontology or (empty) for everything."""

    def __call__(self, username: str, role: Role | None = None, ontology: str = "") -> User: ...


@pytest.fixture
def person(db: None) -> MakePerson:
    """``person("ann", Role.EDITOR, "aviation")``; the password is ``PASSWORD``."""

    def make(username: str, role: Role | None = None, ontology: str = "") -> User:
        user = User(username=username, display_name=username.title())
        user.set_password(PASSWORD)
        user.save()
        if role is not None:
            RoleBinding.objects.create(user=user, role=role, ontology=ontology)
        return user

    return make


@pytest.fixture
def delegate(person: MakePerson) -> Actor:
    """The service ``etl-service`` that acts for ``john.doe``, both of them maintainers."""
    service = person("etl-service", Role.MAINTAINER)
    service.kind = User.Kind.SERVICE
    service.save()
    john = person("john.doe", Role.MAINTAINER)
    delegation = Delegation.objects.create(
        service=service,
        user=john,
        reason="scheduled import",
        expires_at=utc_now() + dt.timedelta(days=1),
    )
    return dataclasses.replace(
        actor_of(service),
        on_behalf_of=actor_of(john),
        reason=delegation.reason,
        grant=str(delegation.pk),
    )


@pytest.fixture
def administrator(person: MakePerson) -> User:
    """Who may do everything."""
    return person("root", Role.ADMINISTRATOR)


def tokens_of(user: User) -> Tokens:
    """What a user gets who signs in, without the password."""
    return mint(open_session(user=user))


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    """An API client that sends a real access token of the user."""

    def make(user: User) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens_of(user).access}")
        return client

    return make


@pytest.fixture
def admin_client(administrator: User, client_of: Callable[[User], APIClient]) -> APIClient:
    """An API client of the administrator (a token, no session)."""
    return client_of(administrator)


@pytest.fixture
def anonymous_client() -> APIClient:
    """An API client of nobody."""
    return APIClient()


@pytest.fixture
def acting() -> Callable[[User | Actor], contextlib.AbstractContextManager[None]]:
    """``with acting(user): service.do()``: what the middleware does for a request."""

    def act(who: User | Actor) -> contextlib.AbstractContextManager[None]:
        return acting_as(who if isinstance(who, Actor) else actor_of(who))

    return act


@pytest.fixture
def as_system() -> Iterator[None]:
    """The system acts: everything is allowed."""
    with acting_as(SYSTEM):
        yield


# -- isolation -------------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def _audit_trail_can_be_flushed() -> Iterator[None]:
    """Emptying the database after a test is the one act that the append-only triggers must let
    pass, so it takes them away for that moment.
    """
    flush = BaseDatabaseOperations.execute_sql_flush

    def unprotected(self: BaseDatabaseOperations, sql_list: list[str]) -> None:
        with transaction.atomic(using=self.connection.alias):
            drop_triggers(self.connection)
            drop_guards(self.connection)
            flush(self, sql_list)
            install_triggers(self.connection)
            install_guards(self.connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", unprotected)
        yield


@pytest.fixture(autouse=True)
def _fresh_services() -> Iterator[None]:
    """A test that changes ``OMS_SERVICES`` does not change it for the next one, nor finds what
    another one has read.
    """
    yield
    forget_services()
    forget_cache()
