"""Streams as operators see them: figures, reading from a number or a time, health."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from events.adapters.streams import list_streams, read_stream, stream_health
from events.domain.filters import EventFilter
from events.domain.subjects import stream_of
from events.services import rules
from oms_project.core.errors import Conflict, NotFound, Unavailable
from oms_project.core.outbox import outbox
from tests import services as real
from tests.integration.events.conftest import job_event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("as_system")]

PLATFORM = "OMS__platform"


@pytest.fixture
def nats(settings: Any) -> Iterator[real.Service]:
    """A stream server, named by the settings."""
    with real.nats() as server:
        settings.NATS_URL = server.url
        yield server


def test_a_stream_is_read_from_a_number_and_from_a_time(
    nats: real.Service, drain: Callable[..., int], admin_client: APIClient
) -> None:
    with transaction.atomic():
        outbox.append(*(job_event(number) for number in range(5)))
    assert PLATFORM not in [one.name for one in list_streams()]  # the first event makes it
    drain()
    (stream,) = [one for one in list_streams() if one.name == PLATFORM]
    assert stream.lag == 0
    assert stream.messages >= 5
    found = read_stream(stream=PLATFORM, subject="oms._platform.job.>")
    assert [one.event["data"]["job"] for one in found] == ["0", "1", "2", "3", "4"]
    later = read_stream(stream=PLATFORM, from_time=found[3].time, subject="oms._platform.job.>")
    assert [one.event["data"]["job"] for one in later] == ["3", "4"]
    path = f"/api/v1/streams/{PLATFORM}/messages"
    page = admin_client.get(path, {"from_sequence": found[1].sequence, "limit": 2}).json()
    assert [one["event"]["data"]["job"] for one in page["items"]] == ["1", "2"]
    assert page["next"] == found[3].sequence
    rest = admin_client.get(path, {"from_sequence": page["next"]}).json()
    assert rest["next"] is None
    assert admin_client.get("/api/v1/streams/OMS_none/messages").status_code == 404
    with pytest.raises(NotFound):
        read_stream(stream="OMS_none")
    assert stream_health()["streams"] >= 1


def test_a_rule_leads_into_a_stream_of_its_own(
    nats: real.Service, drain: Callable[..., int]
) -> None:
    rules.create_rule(
        asked=rules.NewRule("r", "stream", "accounting", EventFilter(types=("io.oms.job.*",)))
    )
    with transaction.atomic():
        outbox.append(*(job_event(number) for number in range(3)))
    drain()
    (name,) = [one.name for one in list_streams() if "accounting" in one.name]
    assert name == stream_of("rule:accounting")
    found = read_stream(stream=name)
    assert [one.event["data"]["job"] for one in found] == ["0", "1", "2"]
    assert {one.event["type"] for one in found} == {"io.oms.job.submitted.v1"}  # and nothing else
    rules.delete_rule(rule="r")
    outbox.append(job_event(3))
    drain()
    assert len(read_stream(stream=name)) == 3


def test_without_a_stream_server_there_is_the_outbox() -> None:
    outbox.append(job_event())
    (stream,) = list_streams()
    assert (stream.name, stream.messages) == ("outbox", 1)
    assert [(one.name, one.lag) for one in stream.consumers] == [("route", 1)]
    with pytest.raises(Conflict):
        read_stream(stream="outbox")


def test_a_stream_server_that_is_away_is_said_so(nats: real.Service) -> None:
    nats.kill()
    with pytest.raises(Unavailable):
        stream_health()
    with pytest.raises(Unavailable):
        list_streams()
