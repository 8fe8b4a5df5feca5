"""Rows of users, roles and rules: django-auditlog finds the change, the trail keeps it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection, transaction

from audit.models import Event, RowChange
from oms_project.core.context import Actor, acting_as
from oms_project.identity.models import ClientSecret, RoleBinding, ServiceAccount, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _somebody() -> Any:
    with acting_as(Actor("a1", "alice")):
        yield


def events() -> list[dict[str, Any]]:
    return [json.loads(event.body) for event in Event.objects.order_by("id")]


def test_a_user_is_made_changed_and_deleted() -> None:
    user = User.objects.create(username="bob", display_name="Bob")
    user.display_name = "Robert"
    user.save()
    key = str(user.pk)
    user.delete()
    made, changed, deleted = events()
    assert [made["action"], changed["action"], deleted["action"]] == [
        "record.created",
        "record.changed",
        "record.deleted",
    ]
    assert made["subject"] == {"type": "user", "id": key, "name": "bob"}
    assert made["actor"]["username"] == "alice"
    assert made["changes"]["username"] == [None, "bob"]
    assert changed["changes"] == {"display_name": ["Bob", "Robert"]}
    assert deleted["changes"]["username"] == ["bob", None]


def test_no_secret_stands_in_the_trail() -> None:
    user = User(username="svc")
    user.set_password("correct-horse")
    user.save()
    hashed = user.password
    user.set_password("battery-staple")
    user.save()
    account = ServiceAccount.objects.create(user=user, client_id="svc-1")
    ClientSecret.objects.create(account=account, secret_hash="deadbeef", hint="beef")
    text = json.dumps(events())
    assert hashed not in text
    assert user.password not in text
    assert "deadbeef" not in text
    assert events()[1]["changes"] == {"password": ["•••", "•••"]}


def test_roles_and_groups_are_watched() -> None:
    user = User.objects.create(username="bob")
    group = Group.objects.create(name="editors")
    user.groups.add(group)
    user.groups.clear()
    binding = RoleBinding.objects.create(user=user, role="editor", ontology="aviation")
    binding.delete()
    told = [(e["action"], e["subject"]["type"], e.get("changes", {})) for e in events()[1:]]
    assert told[0][:2] == ("record.created", "group")
    assert told[1] == ("record.changed", "user", {"groups": [None, ["editors"]]})
    assert told[3][:2] == ("record.created", "role_binding")
    assert told[3][2]["role"] == [None, "editor"]
    assert told[4][:2] == ("record.deleted", "role_binding")


def test_it_shares_the_fate_of_the_change() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        User.objects.create(username="bob")
        raise RuntimeError
    assert events() == []


def test_what_says_nothing_is_left_out() -> None:
    user = User.objects.create(username="bob")
    user.last_login = user.created_at
    user.save()
    user.save()
    assert len(events()) == 1


def test_django_auditlog_keeps_no_table_and_no_page_of_its_own() -> None:
    tables = connection.introspection.table_names()
    assert "auditlog_logentry" not in tables
    assert "audit_rowchange" not in tables
    assert apps.is_installed("auditlog")
    assert not admin.site.is_registered(RowChange)
