"""Rules about single actions: who may run one, whatever roles allow, and who may not."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from oms_project.core.authorization import Decision, authorizer, permissions
from oms_project.core.context import acting_as
from oms_project.core.errors import Invalid, PermissionDenied
from oms_project.identity.contract import Role, actor_of
from oms_project.identity.models import ActionRule, User
from oms_project.identity.policies import PolicyExists
from oms_project.identity.selectors.explaining import explain
from oms_project.identity.services import policies
from tests.conftest import MakePerson

pytestmark = [pytest.mark.django_db, pytest.mark.data]

RUN = permissions.ACTIONS_RUN


def asked(user: User, action: str | None = "Book", branch: str | None = "main") -> Decision:
    return authorizer.decide(actor_of(user), RUN, ontology="a", branch=branch, action=action)


def test_editors_run_every_action_and_viewers_none(person: MakePerson) -> None:
    assert asked(person("ann", Role.EDITOR)).allowed
    refused = asked(person("bob", Role.VIEWER))
    assert not refused.allowed
    assert refused.reason.startswith("bob lacks actions.run on ontology a")


@pytest.mark.parametrize("about", ["user", "group", "role"])
def test_a_rule_lets_run_one_action_and_no_other(person: MakePerson, about: str) -> None:
    bob = person("bob", Role.VIEWER)
    group = Group.objects.create(name="desk")
    group.user_set.add(bob)
    whom: dict[str, Any] = {"user": bob, "group": group, "role": "viewer"}
    ActionRule.objects.create(**{about: whom[about]}, ontology="a", action="Book")
    allowed = asked(bob)
    assert (allowed.allowed, allowed.by_rule, allowed.names_branch) == (True, True, False)
    assert not asked(bob, "Cancel").allowed
    assert not asked(bob, None).allowed, "actions in general are for roles"
    assert not authorizer.decide(actor_of(bob), RUN, ontology="b", action="Book").allowed
    assert not authorizer.decide(
        actor_of(bob), permissions.ONTOLOGY_WRITE, ontology="a", branch="main"
    ).allowed
    assert not asked(person("eve", Role.AUDITOR)).allowed
    assert authorizer.anywhere(actor_of(bob), RUN).allowed
    assert authorizer.ontologies(actor_of(bob), RUN) == frozenset({"a"})


def test_a_rule_that_forbids_holds_against_a_role(person: MakePerson) -> None:
    ann = person("ann", Role.EDITOR)
    ActionRule.objects.create(role="editor", action="Book", allowed=False)
    refused = asked(ann)
    assert (refused.allowed, refused.reason) == (
        False,
        "a rule for role editor of ann forbids to run Book of every ontology",
    )
    assert asked(ann, "Cancel").allowed
    ActionRule.objects.create(user=ann, action="Book")
    assert asked(ann).allowed, "a rule about oneself is closer"


def test_among_equals_what_forbids_holds(person: MakePerson) -> None:
    bob = person("bob", Role.VIEWER)
    for name, allowed in (("desk", True), ("night", False)):
        group = Group.objects.create(name=name)
        group.user_set.add(bob)
        ActionRule.objects.create(group=group, action="Book", allowed=allowed)
    assert not asked(bob).allowed


def test_a_rule_for_branches_holds_there_only(person: MakePerson) -> None:
    bob = person("bob", Role.VIEWER)
    ActionRule.objects.create(user=bob, action="Book", branch="desk/*")
    assert asked(bob, branch="desk/1").names_branch
    assert not asked(bob, branch="main").allowed
    assert not asked(bob, branch=None).allowed


def test_a_rule_of_a_deactivated_user_does_not_help(person: MakePerson) -> None:
    bob = person("bob")
    ActionRule.objects.create(user=bob)
    bob.is_active = False
    bob.save()
    assert not asked(bob).allowed
    assert authorizer.ontologies(actor_of(bob), RUN) == frozenset()


def test_the_explanation_names_the_rule(person: MakePerson, administrator: User) -> None:
    bob = person("bob", Role.VIEWER)
    with acting_as(actor_of(administrator)):
        policies.create_protection_rule(pattern="main")
        policies.create_action_rule(user="bob", ontology="a", action="Book")
    with acting_as(actor_of(bob)):
        told = explain(permission=RUN, ontology="a", branch="work", action="Book")
        assert (told.allowed, told.action) == (True, "Book")
        assert told.reason == "allowed because a rule for bob allows to run Book of a"
        assert not explain(permission=RUN, ontology="a", branch="main", action="Book").allowed
        with pytest.raises(Invalid):
            explain(permission=permissions.ONTOLOGY_WRITE, action="Book")
    with acting_as(actor_of(administrator)):
        policies.create_action_rule(user="bob", ontology="a", action="Book", branch="main")
    with acting_as(actor_of(bob)):
        told = explain(permission=RUN, ontology="a", branch="main", action="Book")
    assert told.allowed, told.reason
    assert "names the branch" in told.steps[-1]


def test_who_may_not_administer_makes_no_rule(person: MakePerson, administrator: User) -> None:
    ann = person("ann", Role.MAINTAINER)
    with acting_as(actor_of(ann)), pytest.raises(PermissionDenied):
        policies.create_action_rule(user="ann", action="Book")
    with acting_as(actor_of(administrator)):
        made = policies.create_action_rule(user="ann", action="Book")
        for wrong in ({}, {"role": "king"}, {"role": "viewer", "user": "ann"}):
            with pytest.raises(Invalid):
                policies.create_action_rule(**wrong, action="Book")
        with pytest.raises(PolicyExists):
            policies.create_action_rule(user="ann", action="Book")
    with acting_as(actor_of(ann)):
        with pytest.raises(PermissionDenied):
            policies.update_action_rule(rule_id=made.id, allowed=False)
        with pytest.raises(PermissionDenied):
            policies.delete_action_rule(rule_id=made.id)
    assert ActionRule.objects.get().allowed


def test_nobody_allows_what_he_may_not_do(person: MakePerson, administrator: User) -> None:
    chief = person("chief", Role.ADMINISTRATOR, "a")
    with acting_as(actor_of(chief)):
        policies.create_action_rule(role="viewer", ontology="a", action="Book")
        with pytest.raises(PermissionDenied):
            policies.create_action_rule(role="viewer", action="Book")
    assert ActionRule.objects.count() == 1


def test_the_command_makes_lists_and_deletes(
    person: MakePerson, administrator: User, capsys: pytest.CaptureFixture[str]
) -> None:
    bob = person("bob", Role.VIEWER)
    call_command("policy", "allow", "Book", "--user", "bob", "--ontology", "a")
    call_command("policy", "deny", "*", "--role", "editor")
    call_command("policy", "list")
    told = capsys.readouterr().out
    assert "bob may run a: Book now." in told
    assert "role editor may not run *: * now." in told
    assert asked(bob).allowed
    call_command(
        "policy", "explain", "--user", "bob", "--permission", RUN, "--ontology", "a",
        "--action", "Book",
    )  # fmt: skip
    assert "allowed because a rule for bob" in capsys.readouterr().out
    for row in ActionRule.objects.all():
        call_command("policy", "unallow", str(row.pk))
    assert not ActionRule.objects.exists()
