"""The pages of the audit trail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client

from audit.contract import Subject, audit_log
from audit.triggers import drop_triggers
from oms_project.identity.contract import Role
from tests.conftest import PASSWORD, MakePerson

pytestmark = pytest.mark.django_db

Happen = Callable[..., list[str]]


def signed_in(person: MakePerson, name: str, role: Role) -> Client:
    person(name, role)
    client = Client()
    answer = client.post("/console/login/", {"username": name, "password": PASSWORD})
    assert answer.status_code == 302
    return client


@pytest.fixture
def vera(person: MakePerson) -> Client:
    return signed_in(person, "vera", Role.AUDITOR)


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def test_the_timeline_shows_and_filters(vera: Client, happen: Happen) -> None:
    happen(3)
    audit_log.record("ontology.committed", Subject("commit", "c1"), ontology="<aviation>")
    page = text(vera, "/console/audit/")
    assert "A commit was made" in page
    assert "&lt;aviation&gt;" in page
    page = text(vera, "/console/audit/?action=ontology.&since=2020-01-01T00:00")
    assert "A commit was made" in page
    assert ">user u1<" not in page
    assert "No event fits" in text(vera, "/console/audit/?actor=nobody%00")
    assert text(vera, "/console/audit/?cursor=x", 400)


def test_pages_follow_one_another(vera: Client, happen: Happen) -> None:
    happen(60)
    page = text(vera, "/console/audit/?action=record.changed")
    assert 'rel="next"' in page
    link = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    following = text(vera, f"/console/audit/{link}")
    assert "user u9" in following
    assert 'rel="next"' not in following


def test_an_event_has_its_page(vera: Client) -> None:
    event_id = audit_log.record(
        "record.changed",
        Subject("user", "u1", "bob"),
        changes={"display_name": ("Bob", "<b>Robert</b>")},
        data={"n": 1},
    )
    page = text(vera, f"/console/audit/events/{event_id}/")
    assert "&lt;b&gt;Robert&lt;/b&gt;" in page
    assert "in the signed tree of" in page
    assert text(vera, "/console/audit/events/nothing/", 404)


def test_the_state_is_verified_with_a_button(vera: Client, happen: Happen) -> None:
    ids = happen(3, place=True)
    assert "never verified" in text(vera, "/console/audit/state/")
    assert vera.post("/console/audit/state/verify/", {"checkpoint": ""}).status_code == 302
    assert "Nothing was changed among" in text(vera, "/console/audit/state/")
    drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_event WHERE id = %s", (ids[1],))
    vera.post("/console/audit/state/verify/")
    page = text(vera, "/console/audit/state/")
    assert "The event is gone" in page
    assert vera.post("/console/audit/state/verify/", {"checkpoint": "no"}).status_code == 422


def test_only_auditors_are_led_there(person: MakePerson, vera: Client) -> None:
    editor = signed_in(person, "ed", Role.EDITOR)
    assert 'href="/console/audit/"' not in text(editor, "/console/ontology/")
    assert 'href="/console/audit/"' in text(vera, "/console/ontology/")
    for path in ("", "state/", "events/x/"):
        assert editor.get(f"/console/audit/{path}").status_code == 403
    assert editor.post("/console/audit/state/verify/").status_code == 403
    assert Client().get("/console/audit/").status_code == 302


def test_in_korean(vera: Client, happen: Happen) -> None:
    happen(1)
    vera.cookies["django_language"] = "ko"
    assert "감사 기록" in text(vera, "/console/audit/")
    assert "행이 변경됨" in text(vera, "/console/audit/")
