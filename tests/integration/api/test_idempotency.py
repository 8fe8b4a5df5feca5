"""Idempotency-Key: a write that is sent again is answered again and done once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from oms_project.core.clock import frozen_at, utc_now
from oms_project.core.errors import Conflict
from oms_project.idempotency import services
from oms_project.idempotency.contract import StoredAnswer, idempotency
from oms_project.idempotency.models import IdempotencyKey
from oms_project.identity.models import User
from tests.integration.api.conftest import BASE, head_of, problem

pytestmark = [pytest.mark.data, pytest.mark.django_db]

AIRPORT = {"apiName": "Airport"}
KEY = {"Idempotency-Key": "0b3f1c1e-key"}


def test_the_same_request_is_answered_the_same_and_done_once(api: APIClient, fleet: str) -> None:
    first = api.post(f"{fleet}/object-types", AIRPORT, headers=KEY)
    head = head_of(api, fleet)

    second = api.post(f"{fleet}/object-types", AIRPORT, headers=KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    for name in ("Content-Type", "ETag", "Location", "X-OMS-Commit"):
        assert second[name] == first[name]
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert head_of(api, fleet) == head


def test_every_write_takes_a_key(api: APIClient) -> None:
    body = {"name": "fleet", "baseIri": "https://example.org/fleet/"}
    calls: list[tuple[str, str, Any, int]] = [
        ("post", BASE, body, 201),
        ("patch", f"{BASE}/fleet", {"description": "x"}, 200),
        ("post", f"{BASE}/fleet/branches", {"name": "b"}, 201),
        ("post", f"{BASE}/fleet/tags", {"name": "t"}, 201),
        ("post", f"{BASE}/fleet/object-types", AIRPORT, 201),
        ("post", f"{BASE}/fleet/object-types/Airport/rename", {"apiName": "Port"}, 200),
        ("delete", f"{BASE}/fleet/object-types/Port", None, 204),
        ("delete", f"{BASE}/fleet/branches/b", None, 204),
        ("post", f"{BASE}/fleet/merges", {"source": "main"}, 200),
        ("delete", f"{BASE}/fleet", None, 204),
    ]
    for number, (method, address, data, status) in enumerate(calls):
        headers = {"Idempotency-Key": f"key-{number}"}
        first = getattr(api, method)(address, data, headers=headers)
        second = getattr(api, method)(address, data, headers=headers)
        assert (first.status_code, second.status_code) == (status, status), first.content
        assert second.content == first.content
        assert second["Idempotency-Replayed"] == "true"


def test_a_key_that_was_used_for_another_request_is_refused(api: APIClient, fleet: str) -> None:
    api.post(f"{fleet}/object-types", AIRPORT, headers=KEY)
    head = head_of(api, fleet)

    for other in (
        api.post(f"{fleet}/object-types", {"apiName": "Harbour"}, headers=KEY),
        api.post(f"{fleet}/object-types?branch=main", AIRPORT, headers=KEY),
        api.post(f"{fleet}/interfaces", AIRPORT, headers=KEY),
        api.patch(f"{fleet}/object-types/Airport", {"tags": []}, headers=KEY),
    ):
        problem(other, 422, "idempotency_key_reused")
    assert head_of(api, fleet) == head


def test_keys_of_two_people_never_meet(api: APIClient, editor: APIClient, fleet: str) -> None:
    api.post(f"{fleet}/object-types", AIRPORT, headers=KEY)

    answer = editor.post(f"{fleet}/object-types", {"apiName": "Harbour"}, headers=KEY)

    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer


def test_a_request_that_is_being_served_is_a_conflict(api: APIClient, fleet: str) -> None:
    api.post(f"{fleet}/object-types", AIRPORT, headers=KEY)
    IdempotencyKey.objects.update(status=None, claimed_at=utc_now())
    head = head_of(api, fleet)

    problem(api.post(f"{fleet}/object-types", AIRPORT, headers=KEY), 409, "idempotency_in_progress")
    assert head_of(api, fleet) == head


def test_a_refused_write_leaves_its_key_free(api: APIClient, fleet: str) -> None:
    refused = api.post(f"{fleet}/object-types", {"apiName": "Person"}, headers=KEY)

    problem(refused, 409, "already_exists")
    assert IdempotencyKey.objects.count() == 0
    assert api.post(f"{fleet}/object-types", AIRPORT, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "schlüssel"])
def test_a_malformed_key_is_refused(api: APIClient, fleet: str, key: str) -> None:
    head = head_of(api, fleet)

    answer = api.post(f"{fleet}/object-types", AIRPORT, headers={"Idempotency-Key": key})

    problem(answer, 400, "bad_header")
    assert head_of(api, fleet) == head


def test_keys_are_forgotten_after_a_day(
    api: APIClient, fleet: str, administrator: User, client_of: Callable[[User], APIClient]
) -> None:
    api.post(f"{fleet}/object-types", AIRPORT, headers=KEY)

    with frozen_at(utc_now() + dt.timedelta(hours=25)):
        later = client_of(administrator).post(f"{fleet}/object-types", AIRPORT, headers=KEY)
        problem(later, 409, "already_exists")  # done anew, not replayed
    IdempotencyKey.objects.create(
        actor_id="a",
        key="k",
        fingerprint="",
        attempt="",
        claimed_at=utc_now(),
        expires_at=utc_now() - dt.timedelta(seconds=1),
    )
    assert idempotency.sweep() == 1
    assert IdempotencyKey.objects.count() == 0


def test_the_claim_of_a_dead_process_is_taken_over_and_what_it_wrote_late_is_taken_back() -> None:
    def overtaken() -> StoredAnswer:
        # While this one sleeps past its lease, the client comes again.
        IdempotencyKey.objects.update(claimed_at=utc_now() - services.LEASE)
        with transaction.atomic():
            answer, replayed = idempotency.run_once(
                actor_id="a", key="k", fingerprint="f", perform=lambda: StoredAnswer(201, {}, b"2")
            )
        assert (answer.body, replayed) == (b"2", False)
        return StoredAnswer(201, {}, b"1")

    with pytest.raises(Conflict):
        idempotency.run_once(actor_id="a", key="k", fingerprint="f", perform=overtaken)
