"""The console in time: the box for a time, blame, and two revisions side by side."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from oms_project.core.clock import frozen_at
from oms_project.core.context import SYSTEM, acting_as
from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.contract import Change
from tests.conftest import PASSWORD, MakePerson

pytestmark = [pytest.mark.django_db, pytest.mark.data]

HOME = "/console/ontology/fleet/"
NOON = dt.datetime(2030, 7, 5, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def fleet(db: None) -> None:
    """A ship on a day in 2030, with a label on the next."""
    with acting_as(SYSTEM):
        with frozen_at(NOON):
            services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
            _commit("Build the ship", op="create", kind="ObjectType", fields={"apiName": "Ship"})
        with frozen_at(NOON + dt.timedelta(days=1)):
            _commit(
                "Say it better",
                op="update",
                target="ObjectType/Ship",
                fields={"displayName": {"en": "Vessel"}},
            )


def _commit(message: str, **change: object) -> None:
    services.commit_changes(
        ontology="fleet",
        changes=[Change(**change)],  # type: ignore[arg-type]
        message=message,
    )


@pytest.fixture
def viewer(person: MakePerson) -> Client:
    person("ann", Role.VIEWER)
    client = Client(HTTP_HOST="testserver")
    assert client.login(username="ann", password=PASSWORD)
    return client


def _page(client: Client, address: str, status: int = 200, **query: str) -> str:
    answer = client.get(f"{HOME}{address}", query)
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def test_a_branch_is_shown_as_it_was(viewer: Client) -> None:
    assert "Vessel" in _page(viewer, "d/ObjectType/Ship/")
    then = _page(viewer, "d/ObjectType/Ship/", ref="main", at="2030-07-05T13:00")
    assert "Vessel" not in then
    assert "This is a moment in history." in then
    assert 'value="2030-07-05T13:00:00"' in then
    assert "main@2030-07-05T13:00:00.000000Z" in then
    # It stays there until the person goes back.
    assert "Vessel" not in _page(viewer, "d/ObjectType/Ship/")
    back = _page(viewer, "d/ObjectType/Ship/", ref="main")
    assert "Vessel" in back
    assert 'name="at" class="oms-input" step="1" value=""' in back


def test_another_time_may_follow_a_time(viewer: Client) -> None:
    _page(viewer, "", ref="main", at="2030-07-05T13:00")
    later = _page(viewer, "d/ObjectType/Ship/", ref="main", at="2030-07-06")
    assert "Vessel" in later


def test_a_time_that_does_not_fit_is_told(viewer: Client) -> None:
    with acting_as(SYSTEM):
        services.create_tag(ontology="fleet", name="v1", ref="main", message="")
    assert "is not a time" in _page(viewer, "", 400, at="noon")
    assert "is no branch" in _page(viewer, "", 400, ref="v1", at="2030-07-06")


def test_a_tag_offers_no_time(viewer: Client) -> None:
    with acting_as(SYSTEM):
        services.create_tag(ontology="fleet", name="v1", ref="main", message="")
    assert 'name="at"' not in _page(viewer, "", ref="v1")


def test_blame_shows_the_commit_of_every_value(viewer: Client) -> None:
    page = _page(viewer, "blame/ObjectType/Ship/", ref="main")
    assert page.index("Build the ship") < page.index("Say it better")
    assert "Vessel" in page
    assert "Vessel" not in _page(viewer, "blame/ObjectType/Ship/", at="2030-07-05", ref="main")
    assert "There is no document" in _page(viewer, "blame/ObjectType/Boat/", 404, ref="main")


def test_two_revisions_are_chosen_and_compared(viewer: Client) -> None:
    history = _page(viewer, "history/ObjectType/Ship/", ref="main")
    with acting_as(SYSTEM):
        newer, older, _first = selectors.log(ontology="fleet").items
    assert f'name="from" value="{older.id}" checked' in history
    assert f'name="to" value="{newer.id}" checked' in history
    both = {"ref": "main", "from": older.id, "to": newer.id}
    compared = _page(viewer, "revisions/ObjectType/Ship/", **both)
    assert "Vessel" in compared
    assert "Nothing differs." not in compared
    same = _page(viewer, "revisions/ObjectType/Ship/", **{**both, "from": newer.id})
    assert "Nothing differs." in same
    assert "Choose two revisions." in _page(viewer, "revisions/ObjectType/Ship/", 422)
    wrong = _page(viewer, "revisions/ObjectType/Ship/", 422, **{**both, "from": "nowhere"})
    assert "There is no branch, tag or commit" in wrong
