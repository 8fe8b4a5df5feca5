"""The switch: a setting becomes an object, and a wrong one is named."""

from __future__ import annotations

from typing import Any, Protocol

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from oms_project.core import services
from oms_project.core.services import check_services, service


class Greeter(Protocol):
    def greet(self, name: str) -> str: ...


class LocalGreeter:
    def greet(self, name: str) -> str:
        return f"Hello, {name}"


class RemoteGreeter(LocalGreeter):
    is_remote = True


class Mute:
    pass


class Demanding:
    def __init__(self, address: str) -> None:
        self.address = address


@pytest.fixture
def greeter(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(services, "_ports", dict(services._ports))
    handle = service("greeter", Greeter)

    def use(path: object) -> Greeter:
        settings.OMS_SERVICES = {**settings.OMS_SERVICES, "greeter": path}
        services.forget_services()
        return handle

    return use


def _path(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def test_the_setting_names_the_class(greeter: Any) -> None:
    assert greeter(_path(LocalGreeter)).greet("Ann") == "Hello, Ann"
    check_services()


def test_one_object_serves_every_call(greeter: Any) -> None:
    handle = greeter(_path(LocalGreeter))
    assert handle.greet.__self__ is handle.greet.__self__


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (None, 'OMS_SERVICES["greeter"] is missing: name the class that serves it.'),
        ("nowhere.Greeter", "names 'nowhere.Greeter', which cannot be imported"),
        (_path(Mute), "which lacks greet."),
        (_path(Demanding), "which cannot be made without arguments"),
    ],
)
def test_a_wrong_setting_stops_the_boot_with_a_sentence(
    greeter: Any, path: str | None, sentence: str
) -> None:
    greeter(path)
    with pytest.raises(ImproperlyConfigured) as stopped:
        check_services()
    assert 'OMS_SERVICES["greeter"]' in str(stopped.value)
    assert sentence in str(stopped.value)


@pytest.mark.django_db(transaction=True)
def test_a_remote_service_is_refused_inside_a_transaction(greeter: Any) -> None:
    handle = greeter(_path(RemoteGreeter))
    assert handle.greet("Ann") == "Hello, Ann"
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a database transaction"):
        handle.greet("Ann")
    assert handle.greet("Bob") == "Hello, Bob"


@pytest.mark.django_db(transaction=True)
def test_a_local_service_may_be_called_inside_one(greeter: Any) -> None:
    handle = greeter(_path(LocalGreeter))
    with transaction.atomic():
        assert handle.greet("Ann") == "Hello, Ann"
