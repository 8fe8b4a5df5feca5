"""Branches that a rule protects, and ontologies that nobody learns of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from oms_project.core.errors import NotFound, PermissionDenied
from oms_project.identity.contract import Role
from oms_project.identity.models import ProtectionRule, RoleBinding, User
from ontology import selectors, services
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

Acting = Callable[[User], AbstractContextManager[None]]


@pytest.fixture
def fleet(administrator: User, acting: Acting) -> str:
    with acting(administrator):
        services.create_ontology(name="fleet", base_iri="https://example.org/fleet/")
        services.create_branch(ontology="fleet", name="release/1")
    ProtectionRule.objects.create(pattern="release/*", note="shipped")
    return "fleet"


def test_the_rule_is_told_to_readers_with_one_query(
    fleet: str, administrator: User, acting: Acting, django_assert_max_num_queries: Any
) -> None:
    with acting(administrator):
        for number in range(20):
            services.create_branch(ontology=fleet, name=f"work/{number}")
        with django_assert_max_num_queries(4):
            page = selectors.list_branches(ontology=fleet)
        told = {branch.name: branch.protected for branch in page.items}
        assert told["release/1"] is True
        assert not any(told[name] for name in told if name != "release/1")
        assert selectors.get_branch(ontology=fleet, name="release/1").protected
        opened = services.update_branch(ontology=fleet, name="release/1", protected=False)
        assert opened.protected, "a rule is not opened branch by branch"


def test_only_who_may_merge_changes_makes_or_deletes_such_a_branch(
    fleet: str, person: MakePerson, acting: Acting, administrator: User
) -> None:
    with acting(person("ed", Role.EDITOR)):
        head = selectors.get_branch(ontology=fleet, name="release/1").head
        refused: list[tuple[Callable[..., object], dict[str, Any]]] = [
            (services.merge, {"ontology": fleet, "source": "main", "into": "release/1"}),
            (services.create_branch, {"ontology": fleet, "name": "release/2"}),
            (services.delete_branch, {"ontology": fleet, "name": "release/1"}),
        ]
        for act, arguments in refused:
            with pytest.raises(PermissionDenied) as denied:
                act(**arguments)
            assert denied.value.error_code == "branch_protected"
            assert "branches release/* of every ontology are protected (shipped)" in str(
                denied.value
            )
            assert denied.value.data["permission"] == "ontology.merge"
        assert selectors.get_branch(ontology=fleet, name="release/1").head == head
        assert {branch.name for branch in selectors.list_branches(ontology=fleet).items} == {
            "main",
            "release/1",
        }
    with acting(person("max", Role.MAINTAINER)):
        services.create_branch(ontology=fleet, name="release/2")
        services.delete_branch(ontology=fleet, name="release/2")


def test_a_maintainer_of_the_releases_does_what_an_editor_may_not(
    fleet: str, person: MakePerson, acting: Acting
) -> None:
    rel = person("rel")
    RoleBinding.objects.create(user=rel, role=Role.MAINTAINER, ontology=fleet, branch="release/*")
    with acting(rel):
        services.create_branch(ontology=fleet, name="release/2")
        for name in ("main", "work/1"):
            with pytest.raises(PermissionDenied):
                services.merge(ontology=fleet, source="release/2", into="main")
            with pytest.raises(PermissionDenied):
                services.create_branch(ontology=fleet, name=f"{name}x")


@pytest.mark.parametrize("role", [None, Role.ADMINISTRATOR])
def test_who_may_not_read_an_ontology_does_not_learn_of_it(
    fleet: str, person: MakePerson, acting: Acting, role: Role | None, administrator: User
) -> None:
    with acting(administrator):
        secret = selectors.get_ontology(ontology=fleet)

    def answer(act: Callable[..., object], **arguments: Any) -> tuple[str, dict[str, Any]]:
        with pytest.raises(PermissionDenied) as denied:
            act(**arguments)
        name = arguments["ontology"]
        data = {key: value if value != name else "?" for key, value in denied.value.data.items()}
        return str(denied.value).replace(name, "?"), data

    asked: list[tuple[Callable[..., object], dict[str, Any]]] = [
        (selectors.get_ontology, {}),
        (selectors.get_branch, {"name": "nope"}),
        (services.merge, {"source": "main"}),
        (services.merge, {"source": "main", "into": "nope"}),
        (services.create_branch, {"name": "mine"}),
        (services.delete_ontology, {}),
        (services.create_tag, {"name": "mine"}),
    ]
    with acting(person("stan", role, "elsewhere")):
        for act, arguments in asked:
            existing = answer(act, ontology=fleet, **arguments)
            missing = answer(act, ontology="nothing", **arguments)
            by_id = answer(act, ontology=secret.id, **arguments)
            assert existing == missing == by_id, act
    with acting(person("vi", Role.VIEWER)), pytest.raises(NotFound):
        selectors.get_ontology(ontology="nothing")
