"""Policies are changed by who may, for what he may, with a trail; somebody always stays in charge."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group

from oms_project.core import services as switch
from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.errors import Invalid, OmsError, PermissionDenied
from oms_project.identity.contract import (
    BindingInfo,
    Role,
    UnknownGroup,
    UnknownUser,
    actor_of,
)
from oms_project.identity.models import AttributeRule, ProtectionRule, RoleBinding, User
from oms_project.identity.policies import (
    LastAdministrator,
    MoreThanHeld,
    PolicyExists,
    PolicyNotFound,
)
from oms_project.identity.selectors import explaining
from oms_project.identity.selectors import policies as selectors
from oms_project.identity.services import create_user, grant_role, policies, revoke_role
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

Acting = Callable[[User], AbstractContextManager[None]]


class _Trail:
    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []

    def record(self, action: str, subject: Any, **event: Any) -> str:
        if subject.type in {"role_binding", "protection_rule", "attribute_rule"}:
            self.events.append((action, subject.type, event["changes"]))
        return ""

    def record_apart(self, *_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("nothing is denied here")


@pytest.fixture
def trail() -> list[tuple[str, str, dict[str, Any]]]:
    kept = _Trail()
    switch.forget_services()
    switch._instances["audit"] = kept
    return kept.events


def table() -> list[str]:
    return [str(row) for model in (RoleBinding, ProtectionRule, AttributeRule)
            for row in model.objects.order_by("pk")]  # fmt: skip


# -- the trail -------------------------------------------------------------------------------------


def test_every_change_is_recorded(
    administrator: User, person: MakePerson, acting: Acting, trail: list[Any]
) -> None:
    person("ann")
    with acting(administrator):
        binding = policies.create_role_binding(role=Role.EDITOR, user="ANN", ontology="a")
        until = utc_now() + timedelta(days=1)
        policies.update_role_binding(binding_id=binding.id, expires_at=until)
        policies.delete_role_binding(binding_id=binding.id)
        rule = policies.create_protection_rule(pattern="release/*", note=" shipped ")
        policies.update_protection_rule(rule_id=rule.id, note="gone out")
        policies.update_protection_rule(rule_id=rule.id, note="gone out")
        policies.delete_protection_rule(rule_id=rule.id)
        attribute = policies.create_attribute_rule(role="viewer", level="public", ontology="a")
        policies.update_attribute_rule(rule_id=attribute.id, level="restricted")
        policies.delete_attribute_rule(rule_id=attribute.id)
    assert [(action, kind) for action, kind, _ in trail] == [
        (f"record.{action}", kind)
        for kind in ("role_binding", "protection_rule", "attribute_rule")
        for action in ("created", "changed", "deleted")
    ]
    assert trail[0][2]["role"][1] == "editor"
    assert list(trail[1][2]) == ["expires_at"]
    assert trail[4][2]["note"] == ("shipped", "gone out")
    assert trail[7][2]["level"] == ("public", "restricted")
    assert table() == ["root: administrator (*)"]


def test_a_change_whose_record_fails_is_no_change(
    administrator: User, person: MakePerson, acting: Acting
) -> None:
    class Broken(_Trail):
        def record(self, *_args: Any, **_kwargs: Any) -> str:
            raise RuntimeError("the trail is full")

    switch.forget_services()
    switch._instances["audit"] = Broken()
    before = table()
    with acting(administrator), pytest.raises(RuntimeError):
        policies.create_protection_rule(pattern="x")
    assert table() == before


# -- who -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [None, *(role for role in Role if role != Role.ADMINISTRATOR)])
def test_others_change_nothing(
    administrator: User, person: MakePerson, acting: Acting, role: Role | None
) -> None:
    ann = person("ann", role)
    binding = str(administrator.bindings.get().pk)
    rule = str(ProtectionRule.objects.create(pattern="x").pk)
    attribute = str(AttributeRule.objects.create(role=Role.VIEWER, level="public").pk)
    before = table()
    tries: list[Callable[[], object]] = [
        lambda: policies.create_role_binding(role=Role.VIEWER, user="ann"),
        lambda: policies.create_role_binding(role=Role.VIEWER, user="ann", ontology="a"),
        lambda: policies.update_role_binding(binding_id=binding, expires_at=None),
        lambda: policies.delete_role_binding(binding_id=binding),
        lambda: grant_role(username="ann", role=Role.ADMINISTRATOR),
        lambda: revoke_role(username="root", role=Role.ADMINISTRATOR),
        lambda: policies.create_protection_rule(pattern="*"),
        lambda: policies.update_protection_rule(rule_id=rule, note="mine"),
        lambda: policies.delete_protection_rule(rule_id=rule),
        lambda: policies.create_attribute_rule(level="secret", user="ann"),
        lambda: policies.update_attribute_rule(rule_id=attribute, level="secret"),
        lambda: policies.delete_attribute_rule(rule_id=attribute),
    ]
    with acting(ann):
        for attempt in tries:
            with pytest.raises(PermissionDenied):
                attempt()
    assert table() == before


def test_an_administrator_of_one_ontology_administers_that_one(
    administrator: User, person: MakePerson, acting: Acting
) -> None:
    ada = person("ada", Role.ADMINISTRATOR, "a")
    person("ann")
    general = ProtectionRule.objects.create(pattern="general")
    with acting(ada):
        policies.create_role_binding(role=Role.ADMINISTRATOR, user="ann", ontology="a")
        policies.create_protection_rule(pattern="release/*", ontology="a")
        policies.create_attribute_rule(level="secret", user="ann", ontology="a")
        before = table()
        for ontology in ("", "b"):
            for attempt in (
                lambda ontology=ontology: policies.create_role_binding(
                    role=Role.VIEWER, user="ann", ontology=ontology
                ),
                lambda ontology=ontology: policies.create_protection_rule(
                    pattern="x", ontology=ontology
                ),
                lambda ontology=ontology: policies.create_attribute_rule(
                    level="public", role="viewer", ontology=ontology
                ),
            ):
                with pytest.raises(PermissionDenied):
                    attempt()
        for gone in (str(administrator.bindings.get().pk), "0", "x", "９", str(10**30)):
            with pytest.raises(PolicyNotFound):
                policies.delete_role_binding(binding_id=gone)
        with pytest.raises(PolicyNotFound):
            policies.delete_protection_rule(rule_id=str(general.pk))
        assert {row.ontology for row in selectors.list_role_bindings().items} == {"a"}
        assert table() == before


def test_nobody_gives_away_more_than_he_holds(person: MakePerson, acting: Acting) -> None:
    """A delegation that allows to administer policies and nothing else makes no administrator."""
    from oms_project.core.context import Actor, acting_as
    from oms_project.identity.models import Delegation

    root, robot = person("root", Role.ADMINISTRATOR), person("robot", Role.ADMINISTRATOR)
    person("ann")
    grant = Delegation.objects.create(
        service=robot,
        user=root,
        reason="rules",
        permissions=[
            permissions.POLICY_ADMINISTER,
            permissions.ONTOLOGY_READ,
            "jobs.read",
            "events.read",
            "kernel.query",
        ],
        expires_at=utc_now() + timedelta(hours=1),
    )
    actor = Actor(
        id=str(robot.pk), username="robot", kind="service", on_behalf_of=actor_of(root),
        reason="rules", grant=str(grant.pk),
    )  # fmt: skip
    before = table()
    with acting_as(actor):
        for role in (Role.ADMINISTRATOR, Role.MAINTAINER, Role.EDITOR):
            with pytest.raises(MoreThanHeld):
                policies.create_role_binding(role=role, user="ann")
        assert table() == before
        policies.create_role_binding(role=Role.VIEWER, user="ann")


def test_nobody_shows_others_more_than_he_sees(
    administrator: User, person: MakePerson, acting: Acting
) -> None:
    ada = person("ada", Role.ADMINISTRATOR, "a")
    AttributeRule.objects.create(
        user=ada, ontology="a", object_type="Person", property_name="salary", level="internal"
    )
    with acting(ada):
        with pytest.raises(MoreThanHeld):
            policies.create_attribute_rule(
                level="secret", role="viewer", ontology="a",
                object_type="Person", property_name="salary",
            )  # fmt: skip
        policies.create_attribute_rule(
            level="internal", role="viewer", ontology="a",
            object_type="Person", property_name="salary",
        )  # fmt: skip


# -- somebody stays in charge ----------------------------------------------------------------------


def test_the_last_administrator_stays(
    administrator: User, person: MakePerson, acting: Acting
) -> None:
    only = str(administrator.bindings.get().pk)
    other = person("other", Role.ADMINISTRATOR)
    with acting(administrator):
        policies.delete_role_binding(binding_id=str(other.bindings.get().pk))
        before = table()
        for attempt in (
            lambda: policies.delete_role_binding(binding_id=only),
            lambda: policies.update_role_binding(
                binding_id=only, expires_at=utc_now() + timedelta(days=1)
            ),
            lambda: revoke_role(username="root", role=Role.ADMINISTRATOR),
        ):
            with pytest.raises(LastAdministrator, match="Make somebody else administrator first"):
                attempt()
        assert table() == before
        assert administrator.bindings.get().expires_at is None


@pytest.mark.parametrize("kind", ["deactivated", "expiring", "one ontology", "branches"])
def test_who_is_no_lasting_administrator_does_not_count(
    administrator: User, person: MakePerson, acting: Acting, kind: str
) -> None:
    other = person("other")
    RoleBinding.objects.create(
        user=other,
        role=Role.ADMINISTRATOR,
        ontology="a" if kind == "one ontology" else "",
        branch="x" if kind == "branches" else "",
        expires_at=utc_now() + timedelta(hours=1) if kind == "expiring" else None,
    )
    if kind == "deactivated":
        User.objects.filter(pk=other.pk).update(is_active=False)
    with acting(administrator), pytest.raises(LastAdministrator):
        policies.delete_role_binding(binding_id=str(administrator.bindings.get().pk))


@pytest.mark.parametrize("kind", ["another", "group", "superuser"])
def test_who_is_one_counts(
    administrator: User, person: MakePerson, acting: Acting, kind: str
) -> None:
    other = person("other", Role.ADMINISTRATOR if kind == "another" else None)
    if kind == "group":
        group = Group.objects.create(name="chiefs")
        group.user_set.add(other)
        RoleBinding.objects.create(group=group, role=Role.ADMINISTRATOR)
    if kind == "superuser":
        User.objects.filter(pk=other.pk).update(is_superuser=True)
    with acting(administrator):
        policies.delete_role_binding(binding_id=str(administrator.bindings.get().pk))
        assert not authorizer.decide(actor_of(administrator), permissions.ONTOLOGY_READ).allowed


# -- what is valid ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"role": Role.EDITOR}, Invalid),
        ({"role": Role.EDITOR, "user": "ann", "group": "pilots"}, Invalid),
        ({"role": Role.EDITOR, "user": "nobody"}, UnknownUser),
        ({"role": Role.EDITOR, "group": "nobody"}, UnknownGroup),
        ({"role": Role.EDITOR, "user": "ann", "branch": "a b"}, Invalid),
        ({"role": Role.VIEWER, "user": "ann", "branch": "x/*"}, Invalid),
        ({"role": Role.ADMINISTRATOR, "user": "ann", "branch": "x/*"}, Invalid),
        ({"role": Role.GATEWAY, "user": "ann", "branch": "x/*"}, Invalid),
        ({"role": Role.GATEWAY, "user": "ann", "ontology": "a"}, Invalid),
        ({"role": Role.GATEWAY, "group": "pilots", "ontology": "a"}, Invalid),
        ({"role": Role.EDITOR, "user": "ann", "ontology": "a" * 201}, Invalid),
        ({"role": Role.EDITOR, "user": "ann", "ontology": " a"}, Invalid),
        ({"role": Role.EDITOR, "user": "ann", "ontology": "a\x00"}, Invalid),
        ({"role": Role.EDITOR, "user": "ann", "expires_at": utc_now()}, Invalid),
        ({"role": Role.VIEWER, "user": "ann"}, PolicyExists),
    ],
)
def test_what_makes_no_sense_is_refused(
    administrator: User,
    person: MakePerson,
    acting: Acting,
    wrong: dict[str, Any],
    kind: type[OmsError],
) -> None:
    person("ann", Role.VIEWER)
    Group.objects.create(name="pilots")
    before = table()
    with acting(administrator), pytest.raises(kind):
        policies.create_role_binding(**wrong)
    assert table() == before


def test_a_gateway_is_bound_for_everything_however_it_is_made(
    administrator: User, person: MakePerson, acting: Acting
) -> None:
    person("ann")
    Group.objects.create(name="servers")
    new = {"username": "bob", "password": "correct horse battery 7"}
    with acting(administrator):
        for ontology in ("a", "b"):
            with pytest.raises(Invalid, match="holds for everything"):
                grant_role(username="ann", role=Role.GATEWAY, ontology=ontology)
            with pytest.raises(Invalid, match="holds for everything"):
                create_user(**new, bindings=[BindingInfo(Role.GATEWAY, ontology)])
        grant_role(username="ann", role=Role.GATEWAY)
        policies.create_role_binding(role=Role.GATEWAY, group="servers")
    assert table() == ["root: administrator (*)", "ann: gateway (*)", "servers: gateway (*)"]
    assert not User.objects.filter(username="bob").exists()


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"level": "top", "role": "viewer"}, Invalid),
        ({"level": "public", "role": "king"}, Invalid),
        ({"level": "public"}, Invalid),
        ({"level": "public", "role": "viewer", "user": "ann"}, Invalid),
        ({"level": "public", "user": "nobody"}, UnknownUser),
        ({"level": "secret", "role": "viewer"}, PolicyExists),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    administrator: User,
    person: MakePerson,
    acting: Acting,
    wrong: dict[str, Any],
    kind: type[OmsError],
) -> None:
    person("ann")
    AttributeRule.objects.create(role="viewer", level="public")
    with acting(administrator), pytest.raises(kind):
        policies.create_attribute_rule(**wrong)
    assert AttributeRule.objects.count() == 1


# -- why -------------------------------------------------------------------------------------------


def test_an_explanation_about_others_takes_the_permission(
    administrator: User, person: MakePerson, acting: Acting
) -> None:
    ann = person("ann", Role.EDITOR, "a")
    ProtectionRule.objects.create(pattern="release/*")
    with acting(ann):
        told = explaining.explain(permission="ontology.write", ontology="a", branch="main")
        assert (told.allowed, told.reason) == (
            True,
            "allowed because ann is editor for ontology a",
        )
        told = explaining.explain(permission="ontology.write", ontology="a", branch="release/1")
        assert not told.allowed
        assert told.reason.startswith(
            "denied because branches release/* of every ontology are protected and ann lacks"
        )
        assert told.sees == {"public": True, "internal": True, "restricted": True, "secret": False}
        told = explaining.explain(ontology="a", sensitivity="secret")
        assert told.reason == (
            "denied because ann is editor for ontology a and sees up to 'restricted'"
        )
        with pytest.raises(PermissionDenied):
            explaining.explain(username="root")
        with pytest.raises(Invalid):
            explaining.explain(permission="ontology.explode")
    with acting(administrator):
        assert explaining.explain(username="ann", permission="ontology.write").allowed is False
        with pytest.raises(UnknownUser):
            explaining.explain(username="nobody")
