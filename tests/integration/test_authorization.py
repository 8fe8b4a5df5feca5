"""Who may do what: the whole table, and nothing beside it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.core.authorization import SENSITIVITIES, authorizer, permissions
from oms_project.core.context import SYSTEM, Actor
from oms_project.core.errors import PermissionDenied
from oms_project.identity.contract import Role, actor_of
from oms_project.identity.domain import PERMISSIONS, ROLE_PERMISSIONS, roles_with
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

_VIEWER = {"ontology.read", "jobs.read", "events.read", "kernel.query"}
_EDITOR = _VIEWER | {
    "ontology.write", "ontology.branch", "actions.run", "jobs.submit", "events.publish",
    "graphql.introspect",
}  # fmt: skip
_REVIEWER = _EDITOR | {"ontology.review"}
ALLOWED = {
    Role.VIEWER: _VIEWER,
    Role.EDITOR: _EDITOR,
    Role.REVIEWER: _REVIEWER,
    Role.MAINTAINER: _REVIEWER | {"ontology.merge", "ontology.create"},
    Role.ADMINISTRATOR: set(permissions.ALL),
    Role.AUDITOR: _VIEWER | {"policy.read", "audit.read"},
    Role.GATEWAY: {"kernel.home"},
}


def test_the_table_knows_every_permission() -> None:
    assert set(permissions.ALL) == PERMISSIONS
    assert {role: set(held) for role, held in ROLE_PERMISSIONS.items()} == ALLOWED


@pytest.mark.parametrize(("role", "permission"), list(product(Role, permissions.ALL)))
def test_a_role_allows_what_the_table_says(person: MakePerson, role: Role, permission: str) -> None:
    everywhere = actor_of(person("eve", role))
    in_one = actor_of(person("one", role, "aviation"))
    expected = permission in ALLOWED[role]
    for ontology in ("aviation", "logistics", None):
        assert authorizer.decide(everywhere, permission, ontology=ontology).allowed is expected
    assert authorizer.decide(in_one, permission, ontology="aviation").allowed is expected
    assert not authorizer.decide(in_one, permission, ontology="logistics").allowed
    assert not authorizer.decide(in_one, permission).allowed


@pytest.mark.parametrize("permission", permissions.ALL)
def test_without_a_role_nothing_is_allowed(person: MakePerson, permission: str) -> None:
    actor = actor_of(person("newcomer"))
    with pytest.raises(PermissionDenied) as denied:
        authorizer.check(actor, permission, ontology="aviation", branch="main")
    assert denied.value.message.startswith(
        f"Not allowed: newcomer lacks {permission} on ontology aviation; one of these roles has it:"
    )
    assert denied.value.data == {
        "permission": permission,
        "ontology": "aviation",
        "branch": "main",
    }
    assert authorizer.ontologies(actor, permission) == frozenset()


def test_decisions_are_explained(person: MakePerson) -> None:
    editor = actor_of(person("ed", Role.EDITOR, "aviation"))
    viewer = actor_of(person("vi", Role.VIEWER))
    allowed = authorizer.decide(editor, permissions.ONTOLOGY_WRITE, ontology="aviation")
    denied = authorizer.decide(viewer, permissions.ONTOLOGY_WRITE)
    assert allowed.reason == "ed is editor for ontology aviation"
    assert denied.reason == (
        "vi lacks ontology.write; "
        "one of these roles has it: editor, reviewer, maintainer, administrator"
    )


def test_roles_that_allow_it_are_told_weakest_first() -> None:
    assert roles_with(permissions.KERNEL_HOME) == [Role.GATEWAY, Role.ADMINISTRATOR]
    assert roles_with(permissions.POLICY_READ) == [Role.AUDITOR, Role.ADMINISTRATOR]
    assert roles_with(permissions.ONTOLOGY_MERGE) == [Role.MAINTAINER, Role.ADMINISTRATOR]


def test_a_gateway_reads_no_ontology_and_sees_no_value_that_is_not_public(
    person: MakePerson,
) -> None:
    actor = actor_of(person("oms-server", Role.GATEWAY))
    assert authorizer.ontologies(actor, permissions.ONTOLOGY_READ) == frozenset()
    clearance = authorizer.clearance(actor, ontology="aviation")
    sees = {level: clearance.decide(level).allowed for level in SENSITIVITIES}
    assert sees == {"public": True, "internal": False, "restricted": False, "secret": False}
    assert clearance.reason == "oms-server is gateway for everything and sees up to 'public'"


def test_a_deactivated_user_is_denied(person: MakePerson) -> None:
    user = person("gone", Role.ADMINISTRATOR)
    user.is_active = False
    user.save()
    decision = authorizer.decide(actor_of(user), permissions.ONTOLOGY_READ)
    assert (decision.allowed, decision.reason) == (False, "gone is deactivated")
    assert authorizer.ontologies(actor_of(user), permissions.ONTOLOGY_READ) == frozenset()


@pytest.mark.parametrize("forged", ["", "system", "00000000-0000-0000-0000-000000000000", "'--"])
def test_an_actor_that_is_nobody_is_denied(forged: str) -> None:
    actor = Actor(id=forged, username="root")
    assert not authorizer.decide(actor, permissions.ONTOLOGY_READ).allowed


def test_a_role_that_was_taken_away_is_gone_at_once(person: MakePerson) -> None:
    user = person("ed", Role.EDITOR)
    assert authorizer.decide(actor_of(user), permissions.ONTOLOGY_WRITE).allowed
    user.bindings.all().delete()
    assert not authorizer.decide(actor_of(user), permissions.ONTOLOGY_WRITE).allowed


def test_the_system_and_superusers_may_everything(person: MakePerson) -> None:
    user = person("super")
    user.is_superuser = True
    user.save()
    for permission in permissions.ALL:
        assert authorizer.decide(SYSTEM, permission).allowed
        assert authorizer.decide(actor_of(user), permission, ontology="x").allowed
    assert authorizer.ontologies(SYSTEM, permissions.ONTOLOGY_READ) is None
    assert authorizer.ontologies(actor_of(user), permissions.ONTOLOGY_READ) is None


def test_lists_ask_once(person: MakePerson) -> None:
    from oms_project.identity.models import RoleBinding

    user = person("multi", Role.VIEWER, "a")
    RoleBinding.objects.create(user=user, role=Role.EDITOR, ontology="b")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        readable = authorizer.ontologies(actor_of(user), permissions.ONTOLOGY_READ)
    assert readable == {"a", "b"}
    assert authorizer.ontologies(actor_of(user), permissions.ONTOLOGY_WRITE) == {"b"}
    assert len(asked) == 1


def test_an_unknown_permission_is_a_bug() -> None:
    anybody: Any = SYSTEM
    with pytest.raises(ValueError, match=r"There is no permission 'ontology.explode'"):
        authorizer.decide(anybody, "ontology.explode")
