"""Policies in the console: the same services, the same refusals."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from oms_project.identity.contract import Role
from oms_project.identity.models import AttributeRule, ProtectionRule, RoleBinding, User
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

ROLES = "/console/identity/rolebinding/"
PROTECTIONS = "/console/identity/protectionrule/"
RULES = "/console/identity/attributerule/"
PAGES = (ROLES, PROTECTIONS, RULES, f"{ROLES}explain/", f"{ROLES}table/")
ADDING = (f"{ROLES}add/", f"{PROTECTIONS}add/", f"{RULES}add/")


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def console(administrator: User) -> Client:
    return browser_of(administrator)


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.parametrize("address", [*PAGES, *ADDING])
def test_pages_open_for_who_may(person: MakePerson, console: Client, address: str) -> None:
    assert console.get(address).status_code == 200
    auditor = browser_of(person("aud", Role.AUDITOR))
    assert auditor.get(address).status_code == (403 if address in ADDING else 200)
    for role in (None, Role.VIEWER, Role.MAINTAINER, Role.GATEWAY):
        stranger = browser_of(person(f"x{role}", role))
        assert stranger.get(address).status_code == 403
        assert stranger.post(address, {}).status_code in {403, 405}


def test_the_sidebar_leads_to_them(person: MakePerson, console: Client) -> None:
    links = (ROLES, PROTECTIONS, RULES, f"{ROLES}explain/")
    page = console.get("/console/").content.decode()
    assert all(f'href="{link}"' in page for link in links)
    page = browser_of(person("vi", Role.VIEWER)).get("/console/").content.decode()
    assert not any(f'href="{link}"' in page for link in links)


def test_a_role_is_given_bounded_and_taken_away(console: Client, person: MakePerson) -> None:
    ann = person("ann")
    new = {"user": str(ann.pk), "role": "editor", "ontology": "a", "branch": "work/*"}
    assert console.post(f"{ROLES}add/", new).status_code == 302
    row = RoleBinding.objects.get(user=ann)
    assert (row.role, row.ontology, row.branch) == ("editor", "a", "work/*")
    assert row.created_by.startswith("root (")
    one = f"{ROLES}{row.pk}/"
    changed = console.post(
        f"{one}change/", {"expires_at_0": "2999-01-01", "expires_at_1": "00:00", "role": "auditor"}
    )
    assert changed.status_code == 302
    row.refresh_from_db()
    assert row.expires_at is not None
    assert row.role == "editor", "another role is another row"
    again = console.post(f"{ROLES}add/", new)
    assert again.status_code == 200
    assert "This is there already" in text_of(again)
    assert console.post(f"{one}delete/", {"post": "yes"}).status_code == 302
    assert not RoleBinding.objects.filter(user=ann).exists()


def test_rules_are_made_changed_and_deleted(console: Client) -> None:
    group = Group.objects.create(name="pilots")
    console.post(f"{PROTECTIONS}add/", {"pattern": "release/*", "ontology": "", "note": "out"})
    console.post(
        f"{RULES}add/",
        {"group": str(group.pk), "object_type": "Person", "level": "public", "role": ""},
    )
    protection, rule = ProtectionRule.objects.get(), AttributeRule.objects.get()
    assert (protection.pattern, rule.group, rule.level) == ("release/*", group, "public")
    assert console.post(f"{RULES}{rule.pk}/change/", {"level": "secret"}).status_code == 302
    rule.refresh_from_db()
    assert rule.level == "secret"
    for address, row in ((PROTECTIONS, protection), (RULES, rule)):
        assert console.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not ProtectionRule.objects.exists()
    assert not AttributeRule.objects.exists()


def test_what_makes_no_sense_is_told_in_the_form(console: Client, person: MakePerson) -> None:
    ann = person("ann")
    for wrong, told in (
        ({"role": "editor"}, "Name a user or a group, and not both."),
        ({"role": "editor", "user": str(ann.pk), "branch": "a b"}, "no pattern of branches"),
        ({"role": "viewer", "user": str(ann.pk), "branch": "a/*"}, "branches do not bound"),
        ({"role": "gateway", "user": str(ann.pk), "ontology": "a"}, "holds for everything"),
    ):
        answer = console.post(f"{ROLES}add/", wrong)
        assert answer.status_code == 200
        assert told in text_of(answer)
    assert RoleBinding.objects.count() == 1


@pytest.mark.parametrize("how", ["page", "action"])
def test_the_last_administrator_stays(console: Client, administrator: User, how: str) -> None:
    row = administrator.bindings.get()
    if how == "page":
        answer = console.post(f"{ROLES}{row.pk}/delete/", {"post": "yes"}, follow=True)
    else:
        answer = console.post(
            ROLES,
            {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"},
            follow=True,
        )
    assert "Make somebody else administrator first" in text_of(answer)
    assert RoleBinding.objects.filter(pk=row.pk).exists()


def test_an_administrator_of_one_ontology_sees_and_changes_that_one(
    administrator: User, person: MakePerson
) -> None:
    ada, ann = person("ada", Role.ADMINISTRATOR, "a"), person("ann", Role.VIEWER, "b")
    console = browser_of(ada)
    listed = text_of(console.get(ROLES))
    assert "ada" in listed
    assert "ann" not in listed
    assert console.get(f"{ROLES}{ann.bindings.get().pk}/change/").status_code == 302
    refused = console.post(f"{ROLES}add/", {"user": str(ann.pk), "role": "viewer"})
    assert "Not allowed: ada lacks policy.administer" in text_of(refused)
    assert (
        console.post(
            f"{ROLES}add/", {"user": str(ann.pk), "role": "viewer", "ontology": "a"}
        ).status_code
        == 302
    )
    assert ann.bindings.count() == 2


def test_a_decision_is_explained(console: Client, person: MakePerson) -> None:
    person("ann", Role.EDITOR, "a")
    ProtectionRule.objects.create(pattern="release/*")
    page = console.get(
        f"{ROLES}explain/?user=ann&permission=ontology.write&ontology=a&branch=release/1"
    )
    told = text_of(page)
    assert "denied because branches release/* of every ontology are protected" in told
    assert "1. ann is editor for ontology a: that allows ontology.write" in told
    assert "restricted shown" in told
    assert "secret masked" in told
    assert console.get(f"{ROLES}explain/?user=no&permission=jobs.read").status_code == 422


def test_the_table_of_roles(console: Client) -> None:
    page = text_of(console.get(f"{ROLES}table/"))
    assert "policy.administer · · · · ✓ ·" in page
    assert "ontology.read ✓ ✓ ✓ ✓ ✓ ✓" in page


def test_a_page_speaks_korean(administrator: User) -> None:
    client = browser_of(administrator)
    page = client.get(f"{ROLES}explain/", headers={"Accept-Language": "ko"})
    assert "왜" in page.content.decode()
