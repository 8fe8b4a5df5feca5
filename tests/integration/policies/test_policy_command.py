"""``manage.py policy``: the same services from a terminal; denials of commands and jobs are recorded."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oms_project.core import services as switch
from oms_project.identity.contract import Role
from oms_project.identity.models import AttributeRule, ProtectionRule, RoleBinding, User
from ontology import services
from scheduling.contract import JobState, job_service, register_task
from scheduling.services import claim_job, run_claimed
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db


def policy(*arguments: str, code: int = 0, name: str = "policy") -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    ended = 0
    try:
        call_command(name, *arguments, stdout=out, stderr=err)
    except CommandError as error:
        ended = error.returncode
    assert ended == code, (out.getvalue(), err.getvalue())
    return out.getvalue(), err.getvalue()


def test_policies_are_made_listed_and_deleted(administrator: User, person: MakePerson) -> None:
    ann = person("ann")
    policy("grant", "editor", "--user", "ann", "--ontology", "a", "--branch", "work/*",
           "--until", "2999-01-01")  # fmt: skip
    policy("protect", "release/*", "--note", "shipped")
    policy("rule", "public", "--role", "viewer", "--object-type", "Person")
    binding = ann.bindings.get()
    assert (binding.role, binding.ontology, binding.branch) == ("editor", "a", "work/*")
    assert binding.created_by.startswith("cli (os:")
    listed, _ = policy("list")
    assert "a:work/*" in listed
    assert "release/*" in listed
    assert "*: Person.*" in listed
    told = json.loads(policy("list", "--format", "json")[0])
    assert [one["user"] for one in told["role_bindings"]] == ["root", "ann"]
    policy("revoke", str(binding.pk))
    policy("unprotect", str(ProtectionRule.objects.get().pk))
    policy("unrule", str(AttributeRule.objects.get().pk))
    assert not ann.bindings.exists()
    assert not ProtectionRule.objects.exists()
    assert not AttributeRule.objects.exists()


def test_the_last_administrator_stays_even_for_the_operator(administrator: User) -> None:
    _, said = policy("revoke", str(administrator.bindings.get().pk), code=1)
    assert "Make somebody else administrator first" in said
    assert administrator.bindings.exists()


def test_a_decision_is_explained_with_its_exit_code(
    administrator: User, person: MakePerson
) -> None:
    person("ann", Role.EDITOR, "aviation")
    ProtectionRule.objects.create(pattern="release/*")
    asked = ("explain", "--user", "ann", "--permission", "ontology.write", "--ontology", "aviation")
    told, _ = policy(*asked)
    assert told.startswith(
        "ann, ontology.write: allowed because ann is editor for ontology aviation.\n  1. "
    )
    told, _ = policy(*asked, "--branch", "release/1", code=1)
    assert "denied because branches release/* of every ontology are protected" in told
    _, said = policy("explain", "--permission", "fly", code=2)
    _, said = policy("explain", "--user", "root", "--as", "ann", code=1)
    assert "ann lacks policy.read" in said


@pytest.fixture
def denials() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    class Trail:
        def record(self, *_args: Any, **_kwargs: Any) -> str:
            return ""

        def record_apart(self, action: str, subject: Any, **event: Any) -> str:
            found.append({"action": action, "permission": subject.id, **event})
            return ""

    switch.forget_services()
    switch._instances["audit"] = Trail()
    return found


def test_what_a_command_is_denied_is_recorded(
    person: MakePerson, denials: list[dict[str, Any]]
) -> None:
    person("vi", Role.VIEWER)
    before = RoleBinding.objects.count()
    policy("grant", "editor", "--user", "vi", "--as", "vi", code=1)
    policy(
        "create", "mine", "--base-iri", "https://example.org/m/", "--as", "vi",
        code=1, name="ontology",
    )  # fmt: skip
    assert [event["permission"] for event in denials] == ["policy.administer", "ontology.create"]
    assert RoleBinding.objects.count() == before


def test_what_a_job_is_denied_is_recorded(
    person: MakePerson,
    denials: list[dict[str, Any]],
    acting: Callable[[User], AbstractContextManager[None]],
) -> None:
    @register_task("test.make")
    def make(_job: Any) -> None:
        services.create_ontology(name="mine", base_iri="https://example.org/m/")

    with acting(person("vi", Role.VIEWER)):
        job = job_service.submit(task="test.make", arguments={})
    assert claim_job() == job.id
    assert run_claimed(job.id) is JobState.FAILED
    assert [event["permission"] for event in denials] == ["ontology.create"]
