"""Users and roles in the console: for administrators, and for nobody else."""

from __future__ import annotations

import pytest
from django.test import Client

from oms_project.identity.contract import Role
from oms_project.identity.models import RoleBinding, User
from tests.conftest import PASSWORD, MakePerson

pytestmark = pytest.mark.django_db

USERS = "/console/identity/user/"
ROLES = "/console/identity/rolebinding/"


@pytest.fixture
def console(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.mark.parametrize("address", [USERS, f"{USERS}add/", ROLES, f"{ROLES}add/"])
def test_the_pages_open_for_an_administrator(console: Client, address: str) -> None:
    assert console.get(address).status_code == 200


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.EDITOR, Role.MAINTAINER])
@pytest.mark.parametrize("address", [USERS, f"{USERS}add/", ROLES, f"{ROLES}add/"])
def test_and_for_nobody_else(person: MakePerson, role: Role | None, address: str) -> None:
    client = Client()
    client.force_login(person("ann", role))
    assert client.get(address).status_code == 403
    refused = client.post(address, {"username": "bob", "password1": PASSWORD})
    assert refused.status_code == 403
    assert list(User.objects.values_list("username", flat=True)) == ["ann"]


def test_nobody_is_sent_to_the_sign_in_page() -> None:
    answer = Client().get(USERS)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/console/login/")


def test_a_user_is_made(console: Client) -> None:
    answer = console.post(
        f"{USERS}add/",
        {
            "username": "ann", "display_name": "Ann", "usable_password": "true",
            "password1": PASSWORD, "password2": PASSWORD,
            "bindings-TOTAL_FORMS": "0", "bindings-INITIAL_FORMS": "0",
        },
    )  # fmt: skip
    assert answer.status_code == 302
    assert User.objects.get(username="ann").check_password(PASSWORD)


def test_a_role_says_who_granted_it(console: Client, person: MakePerson) -> None:
    ann = person("ann")
    answer = console.post(
        f"{ROLES}add/", {"user": str(ann.pk), "role": "editor", "ontology": "aviation"}
    )
    assert answer.status_code == 302
    binding = RoleBinding.objects.get(user=ann)
    assert (binding.role, binding.ontology) == ("editor", "aviation")
    assert binding.created_by.startswith("root (")


def test_a_users_page_shows_roles_and_gives_none(console: Client, person: MakePerson) -> None:
    ann = person("ann")
    page = console.get(f"{USERS}{ann.pk}/change/")
    assert page.status_code == 200
    answer = console.post(
        f"{USERS}{ann.pk}/change/",
        {
            "username": "ann", "display_name": "Ann", "email": "", "is_active": "on",
            "is_staff": "on", "bindings-TOTAL_FORMS": "1", "bindings-INITIAL_FORMS": "0",
            "bindings-0-role": "viewer", "bindings-0-ontology": "",
        },
    )  # fmt: skip
    assert answer.status_code == 302
    assert not RoleBinding.objects.filter(user=ann).exists()
    ann.refresh_from_db()
    assert ann.display_name == "Ann"


def test_the_last_administrator_is_not_locked_out(console: Client, administrator: User) -> None:
    answer = console.post(
        f"{USERS}{administrator.pk}/change/",
        {
            "username": "root", "display_name": "Root", "email": "", "is_staff": "on",
            "bindings-TOTAL_FORMS": "0", "bindings-INITIAL_FORMS": "0",
        },
        follow=True,
    )  # fmt: skip
    assert "Make somebody else administrator first" in answer.content.decode()
    administrator.refresh_from_db()
    assert administrator.is_active


def test_users_are_deactivated_and_never_deleted(console: Client, person: MakePerson) -> None:
    ann = person("ann")
    assert console.post(f"{USERS}{ann.pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=ann.pk).exists()
