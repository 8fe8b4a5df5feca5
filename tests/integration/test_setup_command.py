"""``manage.py setup`` makes an administrator once, and says what it does."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.test import Client

from oms_project.core.keys import PURPOSES, keyring
from oms_project.identity.contract import Role
from oms_project.identity.models import RoleBinding, User

pytestmark = pytest.mark.django_db(transaction=True)


def _setup() -> str:
    printed = io.StringIO()
    call_command("setup", demo=False, stdout=printed)
    return printed.getvalue()


def _password(printed: str) -> str:
    return next(
        line.partition(":")[2].strip()
        for line in printed.splitlines()
        if line.startswith("Password:")
    )


def test_the_first_start_prints_a_password_that_works_and_is_stored_as_a_hash() -> None:
    printed = _setup()
    password = _password(printed)
    user = User.objects.get()
    assert len(password) >= 20
    assert {purpose for purpose in PURPOSES if keyring.public_keys(purpose)} == set(PURPOSES)
    assert authenticate(username="admin", password=password) == user
    assert password not in user.password
    assert RoleBinding.objects.get().role == Role.ADMINISTRATOR
    assert Client().login(username="admin", password=password)


def test_a_later_start_changes_nothing_and_says_how_to_reset_it() -> None:
    password = _password(_setup())
    before = User.objects.values().get()
    printed = _setup()
    assert "Password:" not in printed
    assert "printed at the first start" in printed
    assert "python manage.py identity user password admin" in printed
    assert User.objects.values().get() == before
    assert authenticate(username="admin", password=password) is not None


def test_an_administrator_of_another_name_is_enough() -> None:
    user = User.objects.create(username="boss")
    RoleBinding.objects.create(user=user, role=Role.ADMINISTRATOR)
    assert "Password:" not in _setup()
    assert list(User.objects.values_list("username", flat=True)) == ["boss"]
