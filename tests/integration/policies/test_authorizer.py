"""Groups, branches, expiry, delegation, protection and clearance, as rows decide them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.core.authorization import authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.context import Actor
from oms_project.core.memory import forget, remembering
from oms_project.identity.contract import Role, actor_of
from oms_project.identity.models import (
    AttributeRule,
    Delegation,
    ProtectionRule,
    RoleBinding,
    User,
)
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

WRITE, READ, MERGE = (
    permissions.ONTOLOGY_WRITE,
    permissions.ONTOLOGY_READ,
    permissions.ONTOLOGY_MERGE,
)


def group_of(*users: User, name: str = "pilots", **binding: Any) -> Group:
    group = Group.objects.create(name=name)
    group.user_set.add(*users)
    if binding:
        RoleBinding.objects.create(group=group, **binding)
    return group


# -- groups and expiry -----------------------------------------------------------------------------


def test_a_group_hands_its_roles_on(person: MakePerson) -> None:
    ann, bob = person("ann", Role.VIEWER), person("bob")
    group = group_of(ann, role=Role.MAINTAINER, ontology="aviation")

    allowed = authorizer.decide(actor_of(ann), MERGE, ontology="aviation", branch="main")
    assert (allowed.allowed, allowed.reason) == (
        True,
        "ann is maintainer for ontology aviation (from group pilots)",
    )
    assert not authorizer.decide(actor_of(bob), MERGE, ontology="aviation").allowed
    assert authorizer.ontologies(actor_of(ann), MERGE) == frozenset({"aviation"})

    group.user_set.remove(ann)
    assert not authorizer.decide(actor_of(ann), MERGE, ontology="aviation").allowed


def test_an_expired_role_is_none(person: MakePerson) -> None:
    ann = person("ann")
    for when, allowed in ((timedelta(seconds=-1), False), (timedelta(hours=1), True)):
        binding = RoleBinding.objects.create(
            user=ann, role=Role.EDITOR, expires_at=utc_now() + when
        )
        assert authorizer.decide(actor_of(ann), WRITE, ontology="a").allowed is allowed
        assert (authorizer.ontologies(actor_of(ann), WRITE) is None) is allowed
        binding.delete()


def test_the_group_of_a_deactivated_user_does_not_help(person: MakePerson) -> None:
    ann = person("ann")
    group_of(ann, role=Role.ADMINISTRATOR)
    ann.is_active = False
    ann.save()
    assert authorizer.decide(actor_of(ann), READ).reason == "ann is deactivated"


# -- branches --------------------------------------------------------------------------------------


def test_a_role_for_branches_changes_those_and_reads_the_ontology(person: MakePerson) -> None:
    ann = person("ann")
    RoleBinding.objects.create(user=ann, role=Role.MAINTAINER, ontology="a", branch="release/*")
    actor = actor_of(ann)

    def may(permission: str, ontology: str | None = "a", branch: str | None = None) -> bool:
        return authorizer.decide(actor, permission, ontology=ontology, branch=branch).allowed

    for permission in (WRITE, MERGE, permissions.ONTOLOGY_BRANCH, permissions.ONTOLOGY_REVIEW):
        assert may(permission, branch="release/1/fix")
        assert not may(permission, branch="main")
        assert not may(permission), "about the ontology as a whole"
        assert not may(permission, ontology="b", branch="release/1")
    assert may(READ)
    assert may(READ, branch="main"), "commits are shared between branches"
    assert not may(READ, ontology="b")
    assert not may(READ, ontology=None)
    assert not may(permissions.JOBS_SUBMIT)
    assert not may(permissions.ONTOLOGY_CREATE)
    assert authorizer.ontologies(actor, WRITE) == frozenset({"a"})
    assert authorizer.anywhere(actor, WRITE).allowed
    denied = authorizer.decide(actor, WRITE, ontology="a", branch="main")
    assert denied.reason == "ann lacks ontology.write on ontology a but for branches release/*"


# -- delegation ------------------------------------------------------------------------------------


@pytest.fixture
def robot(person: MakePerson) -> User:
    user = person("etl", Role.EDITOR)
    user.kind = User.Kind.SERVICE
    user.save()
    return user


def delegate(service: User, user: User, *, grant: str | None = None, **fields: Any) -> Actor:
    row = Delegation.objects.create(
        service=service,
        user=user,
        reason="import",
        **{"expires_at": utc_now() + timedelta(hours=1), **fields},
    )
    return Actor(
        id=str(service.pk),
        username=service.username,
        kind="service",
        on_behalf_of=actor_of(user),
        reason="import",
        grant=str(row.pk) if grant is None else grant,
    )


def test_a_delegate_may_what_both_may(person: MakePerson, robot: User) -> None:
    viewer, root = person("vi", Role.VIEWER), person("root", Role.ADMINISTRATOR)

    of_viewer = delegate(robot, viewer)
    assert authorizer.decide(of_viewer, READ, ontology="a").allowed
    refused = authorizer.decide(of_viewer, WRITE, ontology="a")
    assert not refused.allowed
    assert refused.reason.startswith("etl for vi may not: vi lacks ontology.write on ontology a")

    of_root = delegate(robot, root)
    assert authorizer.decide(of_root, WRITE, ontology="a").allowed
    refused = authorizer.decide(of_root, permissions.IDENTITY_ADMINISTER)
    assert refused.reason.startswith("etl for root may not: etl lacks identity.administer")
    assert authorizer.ontologies(of_root, permissions.IDENTITY_ADMINISTER) == frozenset()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"expires_at": utc_now() - timedelta(seconds=1)}, "the delegation has expired"),
        ({"revoked_at": utc_now()}, "the delegation was revoked"),
        ({"permissions": [READ]}, "the delegation does not include ontology.write"),
        ({"ontology": "b"}, "the delegation is for ontology b only"),
    ],
)
def test_a_delegate_reaches_no_further_than_the_delegation(
    person: MakePerson, robot: User, fields: dict[str, Any], why: str
) -> None:
    actor = delegate(robot, person("root", Role.ADMINISTRATOR), **fields)
    decision = authorizer.decide(actor, WRITE, ontology="a")
    assert (decision.allowed, decision.reason) == (False, f"etl for root may not: {why}")
    expected = frozenset({"b"} if "ontology" in fields else ())
    assert authorizer.ontologies(actor, WRITE) == expected


@pytest.mark.parametrize("grant", ["", "x", "5a4c7f7e-2f6a-4d1e-9d1c-3f0f6f5b2a10"])
def test_a_delegate_without_a_delegation_may_nothing(
    person: MakePerson, robot: User, grant: str
) -> None:
    actor = delegate(robot, person("root", Role.ADMINISTRATOR), grant=grant)
    assert not authorizer.decide(actor, READ, ontology="a").allowed
    assert authorizer.ontologies(actor, READ) == frozenset()
    assert authorizer.clearance(actor, ontology="a").level == "public"


def test_the_delegation_of_others_does_not_help(person: MakePerson, robot: User) -> None:
    root, vi = person("root", Role.ADMINISTRATOR), person("vi", Role.VIEWER)
    other = delegate(robot, vi).grant
    assert not authorizer.decide(delegate(robot, root, grant=other), READ, ontology="a").allowed


def test_a_party_that_is_deactivated_ends_it(person: MakePerson, robot: User) -> None:
    root = person("root", Role.ADMINISTRATOR)
    actor = delegate(robot, root)
    root.is_active = False
    root.save()
    assert authorizer.decide(actor, READ).reason == "etl for root may not: root is deactivated"


def test_the_system_for_somebody_is_not_the_system(person: MakePerson) -> None:
    vi = person("vi", Role.VIEWER)
    actor = Actor(id="system", username="system", kind="system", on_behalf_of=actor_of(vi))
    assert not authorizer.decide(actor, WRITE, ontology="a").allowed
    assert not authorizer.decide(actor, READ, ontology="a").allowed


# -- protection ------------------------------------------------------------------------------------


def test_branches_are_protected_by_their_name() -> None:
    ProtectionRule.objects.create(pattern="release/*", note="shipped")
    ProtectionRule.objects.create(ontology="a", pattern="golden")
    assert authorizer.protected(ontology="b", branch="release/1") == (
        "branches release/* of every ontology are protected (shipped)"
    )
    assert authorizer.protected(ontology="a", branch="golden") == (
        "branches golden of ontology a are protected"
    )
    assert authorizer.protected(ontology="b", branch="golden") is None
    with CaptureQueriesContext(connection) as asked:
        rule = authorizer.protections(ontology="a")
        assert [bool(rule(f"release/{number}")) for number in range(100)] == [True] * 100
    assert len(asked) == 1


# -- clearance -------------------------------------------------------------------------------------


def sees(
    actor: Actor, sensitivity: str, *, of: str = "Person", name: str = "salary", at: str = "a"
) -> bool:
    clearance = authorizer.clearance(actor, ontology=at)
    return clearance.decide(sensitivity, object_types=[of], property_name=name).allowed


def test_roles_give_a_clearance_where_they_hold(person: MakePerson) -> None:
    ed = actor_of(person("ed", Role.EDITOR, "a"))
    assert sees(ed, "restricted")
    assert not sees(ed, "secret")
    assert not sees(ed, "internal", at="b")
    assert not sees(actor_of(person("vi", Role.VIEWER)), "restricted")
    assert sees(actor_of(person("root", Role.ADMINISTRATOR)), "secret")


def test_a_role_for_branches_sees_as_a_viewer_does(person: MakePerson) -> None:
    ann = person("ann")
    RoleBinding.objects.create(user=ann, role=Role.ADMINISTRATOR, ontology="a", branch="x/*")
    assert sees(actor_of(ann), "internal")
    assert not sees(actor_of(ann), "restricted")


def test_a_rule_about_oneself_comes_before_the_group_s_and_the_role_s(person: MakePerson) -> None:
    ann, bob, eve = (
        person("ann", Role.EDITOR),
        person("bob", Role.EDITOR),
        person("eve", Role.EDITOR),
    )
    group = group_of(bob, eve)
    AttributeRule.objects.create(role=Role.EDITOR, property_name="salary", level="public")
    AttributeRule.objects.create(group=group, property_name="salary", level="internal")
    AttributeRule.objects.create(user=eve, property_name="salary", level="secret")
    for user, level in ((ann, "public"), (bob, "internal"), (eve, "secret")):
        assert sees(actor_of(user), level)
        following = {"public": "internal", "internal": "restricted"}.get(level)
        assert following is None or not sees(actor_of(user), following)
        assert sees(actor_of(user), "restricted", name="title")
    AttributeRule.objects.create(user=eve, ontology="a", property_name="salary", level="public")
    assert not sees(actor_of(eve), "internal")
    assert sees(actor_of(eve), "secret", at="b")


def test_of_a_delegate_the_lower_level_holds_everywhere(person: MakePerson, robot: User) -> None:
    root = person("root", Role.ADMINISTRATOR)
    AttributeRule.objects.create(user=root, object_type="Person", level="public")
    AttributeRule.objects.create(
        user=robot, object_type="Person", property_name="salary", level="secret"
    )
    actor = delegate(robot, root)
    assert not sees(actor, "internal"), "root sees no more of persons"
    assert sees(actor, "restricted", of="Aircraft")
    assert not sees(actor, "secret", of="Aircraft"), "etl is an editor"
    assert not authorizer.clearance(actor, ontology="a").sees_everything


# -- what it costs ---------------------------------------------------------------------------------


def test_a_question_costs_one_query_whatever_is_held(person: MakePerson, robot: User) -> None:
    ann = person("ann", Role.VIEWER)
    for number in range(30):
        group_of(ann, name=f"g{number}", role=Role.EDITOR, ontology=f"o{number}")
        RoleBinding.objects.create(user=ann, role=Role.EDITOR, ontology=f"p{number}")
    with CaptureQueriesContext(connection) as asked:
        assert authorizer.decide(actor_of(ann), WRITE, ontology="o29").allowed
    assert len(asked) == 1
    with CaptureQueriesContext(connection) as asked:
        authorizer.clearance(actor_of(ann), ontology="o29")
    assert len(asked) == 2
    actor = delegate(robot, ann)
    with CaptureQueriesContext(connection) as asked:
        assert authorizer.decide(actor, WRITE, ontology="o29").allowed
    assert len(asked) == 2


def test_a_request_that_reads_asks_once_and_forgets_afterwards(person: MakePerson) -> None:
    ann = person("ann", Role.EDITOR)
    actor = actor_of(ann)
    with remembering():
        with CaptureQueriesContext(connection) as asked:
            for _ in range(10):
                assert authorizer.decide(actor, WRITE, ontology="a").allowed
                authorizer.clearance(actor, ontology="a")
        assert len(asked) == 2
        ann.bindings.all().delete()
        forget()
        assert not authorizer.decide(actor, WRITE, ontology="a").allowed
    RoleBinding.objects.create(user=ann, role=Role.EDITOR)
    assert authorizer.decide(actor, WRITE, ontology="a").allowed


# -- why -------------------------------------------------------------------------------------------


def test_an_explanation_tells_every_step(person: MakePerson) -> None:
    ann = person("ann", Role.VIEWER)
    RoleBinding.objects.create(user=ann, role=Role.EDITOR, ontology="a", branch="release/*")
    told = authorizer.explain(actor_of(ann), WRITE, ontology="a", branch="main")
    assert told.steps == (
        "ann is viewer for everything: viewer does not have ontology.write",
        "ann is editor for branches release/* of ontology a: main is no branch of release/*",
    )
    assert authorizer.decide(actor_of(ann), WRITE, ontology="a", branch="main").steps == ()
    ann.is_superuser = True
    ann.save()
    assert authorizer.explain(actor_of(ann), WRITE).steps == (
        "ann is a superuser, to whom no role or rule applies",
    )
