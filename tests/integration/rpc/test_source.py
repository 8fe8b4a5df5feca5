"""Where a call over gRPC comes from, when there are gateways in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import grpc
import pytest
from django.core.cache import caches

from audit.models import Event
from oms_project.identity.models import User
from tests.integration.rpc.conftest import refusal
from tests.integration.rpc.test_access import call

Bearer = Callable[[User], tuple[tuple[str, str], ...]]


@pytest.mark.parametrize(
    ("gateways", "sent", "address"),
    [
        (0, ["203.0.113.9"], "127.0.0.1"),  # nobody said that there is a gateway
        (1, [], "127.0.0.1"),
        (1, ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        (2, ["203.0.113.9, 198.51.100.7"], "203.0.113.9"),
        (1, ["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
    ],
)
def test_the_address_is_what_our_own_gateway_saw(
    channel: grpc.Channel,
    administrator: User,
    bearer: Bearer,
    settings: Any,
    gateways: int,
    sent: Sequence[str],
    address: str,
) -> None:
    settings.TRUST_PROXY_HEADERS, settings.TRUSTED_PROXY_COUNT = bool(gateways), gateways or 1
    metadata = (*bearer(administrator), *(("x-forwarded-for", one) for one in sent))
    refusal(lambda: call(channel, "oms.kernel.v1.OntologyHome/Drop", metadata))
    assert Event.objects.get(action="access.denied").address == address


def test_who_comes_through_a_gateway_is_counted_by_himself(
    channel: grpc.Channel, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oms_project.middleware.rates._WINDOW", 10**9)  # no minute ends meanwhile
    caches["rates"].clear()
    settings.OMS_RATE_ANONYMOUS = 2

    def codes(address: str) -> list[grpc.StatusCode]:
        metadata = (("x-forwarded-for", address),)
        ask = partial(call, channel, "oms.kernel.v1.DataKernel/Query", metadata)
        errors: list[Any] = [refusal(ask) for _ in range(3)]
        return [error.code() for error in errors]

    unknown, held = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.RESOURCE_EXHAUSTED
    settings.TRUST_PROXY_HEADERS = True
    assert codes("198.51.100.7") == [unknown, unknown, held]
    assert codes("198.51.100.8") == [unknown, unknown, held]
    settings.TRUST_PROXY_HEADERS = False  # what anybody may write makes nobody another one
    assert codes("198.51.100.9") == [unknown, unknown, held]
    assert codes("198.51.100.10") == [held] * 3
