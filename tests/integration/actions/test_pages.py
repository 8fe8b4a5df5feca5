"""Actions in the console: the list, the form, the preview, the run, and taking it back."""

from __future__ import annotations

import pytest
from django.test import Client

from oms_project.identity.contract import Role
from ontology.contract import Change
from tests.conftest import MakePerson
from tests.integration.actions.conftest import NAME, body_of, commit, head_of

pytestmark = pytest.mark.usefixtures("desk")

URL = f"/console/ontology/{NAME}"
BOOK = {"p.flight": "Flight/OZ1", "p.passenger": "Passenger/1", "p.code": "B1", "p.discount": "0.5"}


@pytest.fixture
def browser(person: MakePerson) -> Client:
    client = Client()
    client.force_login(person("clerk", Role.ADMINISTRATOR))
    return client


def page(browser: Client, address: str) -> str:
    answer = browser.get(f"{URL}/{address}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_shows_what_one_may_run_and_why_not(browser: Client, person: MakePerson) -> None:
    shown = page(browser, "actions/")
    assert "Book a seat" in shown
    assert "play_arrow" in shown
    viewer = Client()
    viewer.force_login(person("viewer", Role.VIEWER))
    shown = page(viewer, "actions/")
    assert "play_arrow" not in shown
    assert "viewer lacks actions.run" in shown
    assert "Run on main" not in page(viewer, "actions/book/")
    before = head_of()
    assert viewer.post(f"{URL}/actions/book/", BOOK).status_code == 403
    assert head_of() == before


def test_the_form_has_a_box_for_each_parameter(browser: Client) -> None:
    shown = page(browser, "actions/book/?flight=Flight/OZ1")
    assert 'name="p.flight" value="Flight/OZ1" data-pick="one" data-kinds="Flight"' in shown
    assert 'name="p.discount" value="0"' in shown
    shown = page(browser, "actions/annotate/")
    assert 'data-pick="many" data-kinds="Flight"' in shown
    assert '<option value="OPEN">OPEN</option>' in shown


def test_a_preview_writes_nothing_and_a_run_leads_to_the_commit(browser: Client) -> None:
    before = head_of()
    shown = browser.post(f"{URL}/actions/book/", {**BOOK, "preview": "1"})
    assert shown.status_code == 200
    assert "Nothing is written yet" in shown.content.decode()
    assert "Flight/OZ1" in shown.content.decode()
    assert head_of() == before
    done = browser.post(f"{URL}/actions/book/", {**BOOK, "message": "Window seat"})
    assert done.status_code == 302
    assert done["Location"].startswith(f"{URL}/commits/{head_of()}/")
    assert body_of("Booking/B1")["price"] == 50.25
    shown = page(browser, f"commits/{head_of()}/")
    assert "Window seat" in shown
    assert "Take back this run" in shown
    assert f"{URL}/runs/{head_of()}/revert/" in shown


def test_what_is_refused_stands_beside_its_box(browser: Client) -> None:
    before = head_of()
    answer = browser.post(f"{URL}/actions/book/", {**BOOK, "p.flight": "Flight/XX", "p.code": ""})
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "There is no object &#x27;Flight/XX&#x27;" in shown
    assert "&#x27;code&#x27; is required" in shown
    assert 'value="Passenger/1"' in shown
    commit(Change(op="update", target="Flight/OZ1", fields={"status": "CLOSED"}))
    answer = browser.post(f"{URL}/actions/book/", BOOK)
    assert "The flight is not open." in answer.content.decode()
    assert "Booking/B1" not in answer.content.decode()
    assert head_of() != before


def test_a_run_is_taken_back_after_a_preview(browser: Client) -> None:
    browser.post(f"{URL}/actions/book/", BOOK)
    address = f"{URL}/runs/{head_of()}/revert/"
    shown = browser.get(address)
    assert shown.status_code == 200
    assert "No conflicts are left" in shown.content.decode()
    done = browser.post(address, {"head": head_of(), "branch": "main"})
    assert done.status_code == 302
    assert body_of("Flight/OZ1")["seats"] == 2


def test_objects_are_found_by_key_beginning_and_type(browser: Client) -> None:
    def found(query: str) -> list[str]:
        answer = browser.get(f"{URL}/action-objects/?{query}")
        return [item["value"] for item in answer.json()["items"]]

    assert sorted(found("kinds=Flight")) == ["Charter/C9", "Flight/OZ1"]
    assert found("kinds=Flight&q=OZ") == ["Flight/OZ1"]
    assert found("kinds=Flight&q=Flight/OZ1") == ["Flight/OZ1"]
    assert found("kinds=Passenger&q=1") == ["Passenger/1"]
    assert found("kinds=Passenger&q=%27%25_") == []
    assert found("q=OZ") == []
    answer = browser.get(f"{URL}/action-objects/?kinds=Passenger")
    assert "5000" not in answer.content.decode()


def test_lists_booleans_and_json_are_read(browser: Client) -> None:
    answer = browser.post(
        f"{URL}/actions/annotate/",
        {"p.flights": ["Flight/OZ1", "Charter/C9", ""], "p.note": "late", "p.status": ""},
    )
    assert answer.status_code == 302
    assert [body_of(f"Flight/{key}")["note"] for key in ("OZ1", "C9")] == ["late", "late"]
    again = browser.post(
        f"{URL}/actions/annotate/", {"p.flights": ["Flight/OZ1"], "p.note": "late"}
    )
    assert again["Location"].startswith(f"{URL}/actions/annotate/")
