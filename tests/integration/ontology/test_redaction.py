"""Erasing values through the service: who may, what is told, and what is emptied besides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.models import Event
from oms_project.core.context import acting_as
from oms_project.core.errors import Invalid, NotFound, PermissionDenied
from oms_project.idempotency.contract import StoredAnswer, idempotency
from oms_project.identity.contract import Role, actor_of
from ontology import selectors, services
from ontology.contract import Change
from ontology.store import store
from scheduling.models import Job
from tests.conftest import MakePerson
from tests.integration.ontology.conftest import NAME, Ontology, prop
from tests.integration.ontology.people import put, rid

EMAIL = "ann@example.org"


@pytest.fixture
def people(world: Ontology) -> Ontology:
    """A type, and Ann in three versions on two branches."""
    names = ("name", "email", "phone", "fax")
    world.create("ObjectType", "Person", properties=[prop(name, "string") for name in names])
    person = selectors.get_document(ontology=NAME, target="ObjectType/Person").rid
    put(NAME, "ann", {"_type": person, "name": "Ann", "email": EMAIL})
    world.branch("work")
    put(NAME, "ann", {"_type": person, "name": "Ann", "email": "a@b.org"}, message=f"Not {EMAIL}")
    put(NAME, "ann", {"_type": person, "name": "Anna", "email": EMAIL}, branch="work")
    return world


def shown(ref: str = "") -> dict[str, Any]:
    body = selectors.get_document(ontology=NAME, target=rid("ann"), ref=ref).body
    return {name: value for name, value in body.items() if name != "_type"}


def erase(**options: Any) -> Any:
    return services.redact(
        ontology=NAME,
        **{"target": rid("ann"), "reason": "Request 7", "fields": ["email"], **options},
    )


def test_values_are_gone_and_the_names_are_shown(people: Ontology) -> None:
    result = erase()
    assert result.redaction.fields == ("email",)
    assert result.redaction.versions == 3
    assert result.dry_run is False
    assert shown() == {"name": "Ann", "_redacted": ["email"]}
    assert shown("work") == {"name": "Anna", "_redacted": ["email"]}
    history = selectors.history(ontology=NAME, target=rid("ann")).items
    assert all("email" not in entry.document.body for entry in history)
    assert all("_redacted" in entry.document.json for entry in history)
    assert selectors.verify(ontology=NAME).ok


def test_a_preview_changes_nothing(people: Ontology) -> None:
    with people.untouched():
        result = erase(dry_run=True)
    assert result.dry_run is True
    assert result.redaction.versions == 3


def test_commits_that_name_a_value_are_told(people: Ontology) -> None:
    (commit,) = erase(dry_run=True).messages
    assert selectors.resolve_ref(ontology=NAME, ref=commit).message == f"Not {EMAIL}"


def test_a_reason_is_asked_for_and_holds_no_value(people: Ontology) -> None:
    for reason, code in (
        ("  ", "reason_missing"),
        ("x" * 2001, "reason_too_long"),
        (f"{EMAIL} asked for it", "reason_holds_value"),
    ):
        with people.untouched(), pytest.raises(Invalid) as told:
            erase(reason=reason)
        assert told.value.error_code == code


def test_definitions_are_not_erased(people: Ontology) -> None:
    with people.untouched(), pytest.raises(Invalid) as told:
        erase(target="ObjectType/Person", fields=[])
    assert told.value.error_code == "not_an_instance"
    with pytest.raises(NotFound):
        erase(target=rid("nobody"))
    with pytest.raises(NotFound):
        erase(target="ObjectType/Nobody")


def test_what_stands_on_another_branch_only_is_found_by_its_rid(people: Ontology) -> None:
    put(NAME, "bob", {"_type": rid("person"), "name": "Bob"}, branch="work")
    result = erase(target=rid("bob"), fields=[])
    assert result.document == rid("bob")
    assert result.redaction.fields == ("name",)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_only_administrators_erase(people: Ontology, person: MakePerson, role: Role) -> None:
    actor = actor_of(person("somebody", role))
    with people.untouched(), acting_as(actor):
        with pytest.raises(PermissionDenied):
            erase()
        with pytest.raises(PermissionDenied):
            selectors.list_redactions(ontology=NAME)


def test_the_trail_has_names_and_reason_and_no_value(people: Ontology) -> None:
    result = erase()
    text = Event.objects.get(action="ontology.redacted").body
    event = json.loads(text)
    assert event["subject"]["id"] == rid("ann")
    assert event["data"] == {
        "redaction": result.redaction.id,
        "fields": ["email"],
        "versions": 3,
        "reason": "Request 7",
    }
    assert EMAIL not in text
    (listed,) = selectors.list_redactions(ontology=NAME).items
    assert listed == result.redaction


def test_the_list_comes_in_pages(people: Ontology) -> None:
    first = erase().redaction
    second = erase(fields=[]).redaction
    page = selectors.list_redactions(ontology=NAME, limit=1)
    assert page.items == (second,)
    assert selectors.list_redactions(ontology=NAME, cursor=page.next_cursor).items == (first,)


# --- nothing brings them back ---------------------------------------------------------------------
def test_reverts_merges_and_restores_do_not_bring_values_back(people: Ontology) -> None:
    changed = people.head()
    erase()
    services.revert(ontology=NAME, branch="main", commit=changed, message="Take it back")
    assert "email" not in shown()
    assert people.merge("work").status == "merged"
    assert shown() == {"name": "Anna", "_redacted": ["email"]}
    put(NAME, "ann", None)
    people.commit(Change("restore", target=rid("ann")))
    assert shown() == {"name": "Anna", "_redacted": ["email"]}
    assert selectors.verify(ontology=NAME).ok


def test_what_both_sides_lost_merges(people: Ontology) -> None:
    """Names of erased values are a set: two sides that lost other values do not conflict."""
    erase(fields=["email"])
    put(NAME, "ann", {**_body(), "phone": "1"}, branch="main")
    put(NAME, "ann", {**_body("work"), "fax": "2"}, branch="work")
    erase(fields=["phone"])
    erase(fields=["fax"])
    assert people.merge("work").status == "merged"
    assert shown()["_redacted"] == ["email", "fax", "phone"]


def _body(ref: str = "main") -> dict[str, Any]:
    return dict(selectors.get_document(ontology=NAME, target=rid("ann"), ref=ref).body)


def test_a_new_value_takes_the_name_off_the_list(people: Ontology) -> None:
    erase(fields=[])
    put(NAME, "ann", {**_body(), "email": "new@example.org"})
    assert shown() == {"email": "new@example.org", "_redacted": ["name"]}
    assert shown("work") == {"_redacted": ["email", "name"]}
    assert selectors.verify(ontology=NAME).ok


def test_nobody_says_himself_what_was_erased(people: Ontology) -> None:
    with pytest.raises(Invalid) as told:
        put(NAME, "ann", {**_body(), "_redacted": ["email"]})
    assert told.value.error_code == "system_field"
    put(NAME, "bob", {"_type": rid("person"), "name": "Bob"})
    erase(target=rid("bob"), fields=["name"])
    with pytest.raises(Invalid):
        put(NAME, "ann", {**_body(), "_redacted": ["name"]})


# --- copies elsewhere -----------------------------------------------------------------------------
def test_answers_to_repeated_requests_are_emptied(people: Ontology) -> None:
    body = json.dumps({"rid": rid("ann"), "email": EMAIL}).encode()
    others = b'{"rid":"somebody else"}'
    for key, said in (("one", body), ("two", others)):
        idempotency.run_once(
            actor_id="7",
            key=key,
            fingerprint=key,
            perform=lambda said=said: StoredAnswer(  # type: ignore[misc]
                201, {"Content-Type": "application/json", "Location": f"/{rid('x')}"}, said
            ),
        )
    assert erase().answers == 1

    def never() -> StoredAnswer:
        raise AssertionError("what was done once is not done again")

    answer, replayed = idempotency.run_once(
        actor_id="7", key="one", fingerprint="one", perform=never
    )
    assert (answer.status, answer.body, replayed) == (201, b"{}", True)
    assert answer.headers == {"Content-Type": "application/json"}
    kept, _ = idempotency.run_once(actor_id="7", key="two", fingerprint="two", perform=never)
    assert kept.body == others


def test_results_and_files_of_finished_jobs_are_emptied(
    people: Ontology, settings: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    settings.OMS_SPOOL_DIR = tmp_path
    jobs = [
        Job.objects.create(
            task="ontology.import",
            arguments={"ontology": ontology, "parameters": {"to": EMAIL}, "mode": "merge"},
            state=state,
            result={"rejected": [{"email": EMAIL}]},
            actor_id="1",
            actor_username="root",
        )
        for ontology, state in ((NAME, "succeeded"), (NAME, "running"), ("other", "succeeded"))
    ]
    for job in jobs:
        (tmp_path / str(job.pk)).mkdir()
    with django_capture_on_commit_callbacks(execute=True):
        assert erase().jobs == 1
    for job in jobs:
        job.refresh_from_db()
    assert jobs[0].result == {"erased": True}
    assert jobs[0].arguments == {"ontology": NAME, "parameters": None, "mode": "merge"}
    assert jobs[2].arguments["parameters"] == {"to": EMAIL}
    assert jobs[1].result == jobs[2].result == {"rejected": [{"email": EMAIL}]}
    assert [(tmp_path / str(job.pk)).exists() for job in jobs] == [False, True, True]


def test_etags_of_old_answers_do_not_hold_any_more(people: Ontology) -> None:
    before = selectors.visibility(ontology=NAME)
    erase()
    assert selectors.visibility(ontology=NAME) != before
    assert selectors.get_ontology(ontology=NAME).erasures == 1
    assert store.get_ontology(NAME).erasures == 1


def test_sparql_does_not_answer_with_what_was_kept(people: Ontology) -> None:
    query = "ASK { ?s ?p ?o FILTER(CONTAINS(STR(?o), 'ann@example')) }"
    iri = "https://example.org/p"
    triple = {"predicate": iri, "value": {"value": EMAIL}}
    put(NAME, "ann", {**_body(), "_annotations": [triple]})

    def asked() -> bool:
        result = selectors.run_sparql(ontology=NAME, query=query, solutions="json", graph="")
        with result.file as file:
            answer: bool = json.load(file)["boolean"]
        return answer

    assert asked() is True
    erase(fields=[])
    assert asked() is False
