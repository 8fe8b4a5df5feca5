"""The console's pages for erasing values."""

from __future__ import annotations

import pytest
from django.test import Client

from oms_project.core.context import SYSTEM, acting_as
from oms_project.identity.contract import Role
from ontology import selectors, services
from tests.conftest import PASSWORD, MakePerson
from tests.integration.ontology.people import put, rid

pytestmark = [pytest.mark.django_db, pytest.mark.data]

HOME = "/console/ontology/hr/"
ANN = rid("ann")


@pytest.fixture(autouse=True)
def hr(db: None) -> None:
    with acting_as(SYSTEM):
        services.create_ontology(name="hr", base_iri="https://example.org/hr/")
        put("hr", "ann", {"_type": rid("person"), "name": "Ann", "email": "ann@x.org"})


def _client(person: MakePerson, role: Role) -> Client:
    person("ann", role)
    client = Client(HTTP_HOST="testserver")
    assert client.login(username="ann", password=PASSWORD)
    return client


def _body() -> dict[str, object]:
    with acting_as(SYSTEM):
        return dict(selectors.get_document(ontology="hr", target=ANN).body)


def _id() -> str:
    with acting_as(SYSTEM):
        return selectors.get_document(ontology="hr", target=ANN).id


def test_only_administrators_see_the_page(person: MakePerson) -> None:
    client = _client(person, Role.MAINTAINER)
    for address in (f"{HOME}erase/{ANN}/", f"{HOME}erased/"):
        assert client.get(address).status_code == 403
    assert client.post(f"{HOME}erase/{ANN}/", {"field": "email"}).status_code == 403
    assert "email" in _body()


def test_values_are_chosen_and_erased_after_the_name_was_typed(person: MakePerson) -> None:
    client = _client(person, Role.ADMINISTRATOR)
    page = client.get(f"{HOME}erase/{ANN}/").content.decode()
    assert 'value="email"' in page
    assert 'value="name"' in page
    assert "ann@x.org" not in page
    wrong = {"field": "email", "reason": "Request 7", "confirm": "Bob"}
    for data, told in (
        (wrong, "This is not its name."),
        ({**wrong, "confirm": _id(), "reason": ""}, "needs a reason"),
        ({"reason": "Request 7", "confirm": _id()}, "Choose at least one value."),
    ):
        answer = client.post(f"{HOME}erase/{ANN}/", data)
        assert answer.status_code == 422
        assert told in answer.content.decode()
    assert "email" in _body()
    answer = client.post(f"{HOME}erase/{ANN}/", {**wrong, "confirm": _id()}, follow=True)
    assert answer.status_code == 200
    assert "Values were erased from 1 version." in answer.content.decode()
    assert _body() == {"_type": rid("person"), "name": "Ann", "_redacted": ["email"]}
    listed = client.get(f"{HOME}erased/").content.decode()
    assert "Request 7" in listed
    assert "email" in listed


def test_an_object_without_values_says_so(person: MakePerson) -> None:
    client = _client(person, Role.ADMINISTRATOR)
    with acting_as(SYSTEM):
        services.redact(ontology="hr", target=ANN, reason="Request 7")
    page = client.get(f"{HOME}erase/{ANN}/")
    assert page.status_code == 200
    assert "There are no values left." in page.content.decode()
