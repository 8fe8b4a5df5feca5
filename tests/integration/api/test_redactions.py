"""Erasing values over REST."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from oms_project.core.context import SYSTEM, acting_as
from tests.integration.api.conftest import head_of, problem
from tests.integration.ontology.people import put, rid

pytestmark = [pytest.mark.data, pytest.mark.django_db]

EMAIL = "ann@example.org"


@pytest.fixture
def ann(api: APIClient, fleet: str) -> str:
    """The ``rid`` of an object with two versions."""
    person = api.get(f"{fleet}/object-types/Person").json()["rid"]
    with acting_as(SYSTEM):
        put("fleet", "ann", {"_type": person, "staffNumber": "7", "email": EMAIL})
        put("fleet", "ann", {"_type": person, "staffNumber": "8", "email": EMAIL})
    return rid("ann")


def ask(ann: str, **more: object) -> dict[str, object]:
    return {"target": ann, "fields": ["email"], "reason": "Request 7", **more}


def test_values_are_erased_and_listed(api: APIClient, fleet: str, ann: str) -> None:
    document = f"{fleet}/documents/{ann}"
    seen = api.get(document)
    listed = api.get(f"{fleet}/commits")
    assert EMAIL in seen.content.decode()
    preview = api.post(f"{fleet}/redactions", ask(ann, dryRun=True))
    assert preview.status_code == 200, preview.content
    assert preview.json()["redaction"]["versions"] == 2
    assert EMAIL in api.get(document).content.decode()

    done = api.post(f"{fleet}/redactions", ask(ann))
    assert done.status_code == 200, done.content
    assert EMAIL not in done.content.decode()
    assert done.json()["redaction"]["fields"] == ["email"]
    # Who has the old answer does not hear that nothing has changed.
    now = api.get(document, HTTP_IF_NONE_MATCH=seen["ETag"])
    assert now.status_code == 200
    assert now.json()["_redacted"] == ["email"]
    assert now.json()["_etag"] == seen.json()["_etag"]
    assert api.get(f"{fleet}/commits", HTTP_IF_NONE_MATCH=listed["ETag"]).status_code == 200
    assert api.get(fleet).json()["erasures"] == 1
    assert api.post(f"{fleet}/verify").json()["ok"] is True
    page = api.get(f"{fleet}/redactions").json()
    assert page == {"items": [done.json()["redaction"]], "next": None}


def test_only_administrators_may(
    api: APIClient, editor: APIClient, viewer: APIClient, fleet: str, ann: str
) -> None:
    head = head_of(api, fleet)
    for client in (editor, viewer):
        problem(client.post(f"{fleet}/redactions", ask(ann)), 403, "permission_denied")
        problem(client.get(f"{fleet}/redactions"), 403, "permission_denied")
    assert EMAIL in api.get(f"{fleet}/documents/{ann}").content.decode()
    assert head_of(api, fleet) == head


def test_what_cannot_be_erased_is_refused(api: APIClient, fleet: str, ann: str) -> None:
    for body, status, code in (
        (ask(ann, fields=["phone"]), 422, "unknown_value"),
        (ask(ann, reason=" "), 422, "reason_missing"),
        (ask("ObjectType/Person"), 422, "not_an_instance"),
        (ask("ObjectType/Nobody"), 404, "document_not_found"),
        ({"target": ann}, 422, "invalid"),
    ):
        answer = api.post(f"{fleet}/redactions", body)
        assert answer.status_code == status, answer.content
        if code != "invalid":
            problem(answer, status, code)
    api.post(f"{fleet}/redactions", ask(ann))
    problem(api.post(f"{fleet}/redactions", ask(ann)), 422, "nothing_to_erase")


def test_a_repeated_request_erases_once(api: APIClient, fleet: str, ann: str) -> None:
    first, second = (
        api.post(f"{fleet}/redactions", ask(ann), HTTP_IDEMPOTENCY_KEY="erase-ann") for _ in "12"
    )
    assert first.json() == second.json()
    assert len(api.get(f"{fleet}/redactions").json()["items"]) == 1
