"""The local-or-remote switch: a setting names the class, callers hold a port.

``OMS_SERVICES = {"jobs": "scheduling.services.LocalJobService"}`` in the settings; in a contract::

    job_service: JobService = service("jobs", JobService)

The handle finds its object at the first call, so importing a contract costs nothing. At boot
`check_services` resolves every name, and a wrong setting stops it with a sentence.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.module_loading import import_string

__all__ = ["check_services", "forget_services", "service"]

P = TypeVar("P")

_ports: dict[str, type[Any]] = {}
_instances: dict[str, Any] = {}
_lock = threading.Lock()


class _Handle:
    """Stands for a service; passes every attribute on to the class that the settings name."""

    def __init__(self, name: str) -> None:
        self._oms_name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # introspection (copy, inspect, mock) is not a call
            raise AttributeError(attribute)
        target = _resolve(self._oms_name)
        if getattr(target, "is_remote", False):
            _refuse_in_transaction(self._oms_name)
        return getattr(target, attribute)

    def __repr__(self) -> str:
        return f"<service {self._oms_name}>"


def service(name: str, port: type[P]) -> P:
    """A handle on the service ``name`` that implements ``port`` (a Protocol).

    A class with a true ``is_remote`` is refused inside a database transaction: a slow answer
    would hold locks, and a rollback could not take the call back.
    """
    _ports[name] = port
    return cast("P", _Handle(name))


def check_services() -> None:
    """Resolve every entry of ``OMS_SERVICES``.

    Raises:
        ImproperlyConfigured: an entry that names nothing, cannot be made, or lacks a method.
    """
    for name in sorted({*settings.OMS_SERVICES, *_ports}):
        _resolve(name)


def forget_services() -> None:
    """Drop resolved services, after a test has changed the setting."""
    with _lock:
        _instances.clear()


def _resolve(name: str) -> Any:
    try:
        return _instances[name]
    except KeyError:
        pass
    path = settings.OMS_SERVICES.get(name)
    if not isinstance(path, str):
        raise ImproperlyConfigured(
            f'OMS_SERVICES["{name}"] is missing: name the class that serves it.'
        )
    try:
        instance = import_string(path)()
    except ImportError as error:
        raise ImproperlyConfigured(
            f'OMS_SERVICES["{name}"] names {path!r}, which cannot be imported: {error}.'
        ) from error
    except TypeError as error:
        raise ImproperlyConfigured(
            f'OMS_SERVICES["{name}"] names {path!r}, which cannot be made without arguments: '
            f"{error}."
        ) from error
    missing = sorted(
        method for method in _methods(_ports.get(name)) if not hasattr(instance, method)
    )
    if missing:
        raise ImproperlyConfigured(
            f'OMS_SERVICES["{name}"] names {path!r}, which lacks {", ".join(missing)}.'
        )
    with _lock:
        return _instances.setdefault(name, instance)


def _methods(port: type[Any] | None) -> set[str]:
    if port is None:
        return set()
    return {
        name
        for base in port.__mro__
        for name, value in vars(base).items()
        if not name.startswith("_") and callable(value)
    }


def _refuse_in_transaction(name: str) -> None:
    # A test case's own outer transaction is not the code's.
    for connection in connections.all(initialized_only=True):
        if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
            raise RuntimeError(
                f"The remote service {name!r} was called inside a database transaction: "
                "call it before, or after the commit."
            )
