"""Users and roles are made by those who may, and a refusal leaves nothing behind."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.context import acting_as
from oms_project.core.errors import Invalid, OmsError, PermissionDenied, Unauthenticated
from oms_project.identity import selectors, services
from oms_project.identity.contract import (
    BindingInfo,
    Role,
    UnknownUser,
    UsernameTaken,
    WeakPassword,
)
from oms_project.identity.models import RoleBinding, User
from tests.conftest import PASSWORD, MakePerson

pytestmark = pytest.mark.django_db


def test_a_user_is_made_with_roles_and_a_hash(as_system: None) -> None:
    info = services.create_user(
        username="ann",
        password=PASSWORD,
        display_name="Ann Lee",
        email="ann@EXAMPLE.org",
        bindings=[BindingInfo(Role.EDITOR, "aviation")],
    )
    assert (info.username, info.display_name, info.email) == ("ann", "Ann Lee", "ann@example.org")
    assert info.bindings == (BindingInfo(Role.EDITOR, "aviation"),)
    user = User.objects.get(username="ann")
    assert str(user.pk) == info.id
    assert user.check_password(PASSWORD)
    assert PASSWORD not in user.password
    assert RoleBinding.objects.get().created_by == "system (system)"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"password": "short"}, WeakPassword),
        ({"password": "12345678901234"}, WeakPassword),
        ({"username": "TAKEN"}, UsernameTaken),
        ({"username": "two words"}, Invalid),
        ({"username": ""}, Invalid),
        ({"email": "nonsense"}, Invalid),
    ],
)
def test_a_bad_user_is_refused_and_nothing_is_stored(
    as_system: None, person: MakePerson, change: dict[str, Any], error: type[OmsError]
) -> None:
    person("taken")
    arguments = {"username": "ann", "password": PASSWORD, **change}
    with pytest.raises(error):
        services.create_user(**arguments, bindings=[BindingInfo(Role.EDITOR)])
    assert list(User.objects.values_list("username", flat=True)) == ["taken"]
    assert RoleBinding.objects.count() == 0


def test_a_role_is_given_once_and_taken_away(as_system: None, person: MakePerson) -> None:
    person("ann")
    services.grant_role(username="ANN", role=Role.EDITOR)
    info = services.grant_role(username="ann", role=Role.EDITOR)
    assert info.bindings == (BindingInfo(Role.EDITOR),)
    assert services.revoke_role(username="ann", role=Role.EDITOR).bindings == ()
    assert services.revoke_role(username="ann", role=Role.EDITOR).bindings == ()


def test_an_unknown_user_is_told(as_system: None) -> None:
    for call in (
        lambda: services.grant_role(username="nobody", role=Role.VIEWER),
        lambda: services.revoke_role(username="nobody", role=Role.VIEWER),
        lambda: selectors.get_user(username="nobody"),
    ):
        with pytest.raises(UnknownUser) as refused:
            call()
        assert refused.value.data == {"username": "nobody"}


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.EDITOR, Role.MAINTAINER])
def test_only_administrators_change_users(
    person: MakePerson, acting: Any, role: Role | None
) -> None:
    user = person("ann", role)
    before = list(RoleBinding.objects.values_list("user__username", "role"))
    with acting(user):
        with pytest.raises(PermissionDenied):
            services.create_user(username="bob", password=PASSWORD)
        with pytest.raises(PermissionDenied):
            services.grant_role(username="ann", role=Role.ADMINISTRATOR)
        with pytest.raises(PermissionDenied):
            services.revoke_role(username="ann", role=Role.VIEWER)
    assert list(User.objects.values_list("username", flat=True)) == ["ann"]
    assert list(RoleBinding.objects.values_list("user__username", "role")) == before


def test_nobody_changes_nothing() -> None:
    with acting_as(None), pytest.raises(Unauthenticated):
        services.create_user(username="bob", password=PASSWORD)
    assert User.objects.count() == 0


def test_there_is_an_administrator_or_not(person: MakePerson) -> None:
    assert selectors.has_administrator() is False
    person("local", Role.ADMINISTRATOR, "aviation")
    assert selectors.has_administrator() is False
    root = person("root", Role.ADMINISTRATOR)
    assert selectors.has_administrator() is True
    root.is_active = False
    root.save()
    assert selectors.has_administrator() is False
