"""Runs of actions: parameters, criteria, rules, batches, dry runs and taking back."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from audit.models import Event
from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from oms_project.identity.contract import Role, actor_of
from oms_project.identity.models import ActionRule, User
from ontology import selectors, services
from ontology.contract import ActionResult, Change
from tests.conftest import MakePerson
from tests.integration.actions.conftest import NAME, body_of, commit, head_of, told

pytestmark = pytest.mark.usefixtures("desk")

BOOK = {"flight": "Flight/OZ1", "passenger": "Passenger/1", "code": "B1"}


@pytest.fixture
def clerk(person: MakePerson) -> User:
    return person("clerk", Role.ADMINISTRATOR)


@pytest.fixture(autouse=True)
def _as_clerk(request: pytest.FixtureRequest, clerk: User) -> Any:
    with acting_as(actor_of(clerk)):
        yield


def run(action: str = "book", /, **parameters: Any) -> ActionResult:
    return services.run_action(ontology=NAME, action=action, parameters=parameters)


def refused(action: str = "book", /, **parameters: Any) -> Invalid:
    before = head_of()
    with pytest.raises(Invalid) as caught:
        run(action, **parameters)
    assert head_of() == before, "what is refused changes nothing"
    return caught.value


# --- one run --------------------------------------------------------------------------------------


def test_a_run_makes_one_commit_with_all_that_its_rules_say() -> None:
    before = head_of()
    result = run(**BOOK, discount=0.5)
    assert result.commit is not None
    assert result.commit.parents == (before,)
    assert result.head == result.commit.id == head_of()
    assert result.commit.message == "Run book\n\nAction: book"
    assert result.commit.author_username == "clerk"
    assert sorted(one.split("/")[0] for one in result.created) == [
        "Booking",
        "bookedBy",
        "bookedOn",
    ]
    assert result.changed == ("Flight/OZ1",)
    assert result.deleted == ()
    booking, flight = body_of("Booking/B1"), body_of("Flight/OZ1")
    assert (booking["code"], booking["price"]) == ("B1", 50.25)
    assert (flight["seats"], flight["changedBy"]) == (1, "clerk")
    assert flight["note"] == "last booking B1"
    assert flight["changedAt"].endswith("Z")


def test_objects_are_named_by_key_rid_or_subtype() -> None:
    charter = body_of("Charter/C9")
    commit(Change(op="update", target="Charter/C9", fields={"status": "OPEN", "fare": "1"}))
    run(flight="Flight/C9", passenger="Passenger/1", code="B1")
    assert body_of("Charter/C9")["seats"] == charter["seats"] - 1
    with acting_as(SYSTEM):
        rid = selectors.get_document(ontology=NAME, target="Flight/OZ1").rid
    run(flight=rid, passenger="Passenger/1", code="B2")
    assert body_of("Flight/OZ1")["seats"] == 1


def test_every_problem_of_the_parameters_is_told_at_once() -> None:
    error = refused(flight="Passenger/1", passenger="Passenger/99", discount="much", seat=3)
    assert error.error_code == "action_refused"
    assert sorted(told(error.errors)) == [
        ("/parameters/code", "required"),
        ("/parameters/discount", "data-type"),
        ("/parameters/flight", "object-type"),
        ("/parameters/passenger", "unknown-object"),
        ("/parameters/seat", "unknown-parameter"),
    ]


def test_every_criterion_that_fails_is_told_in_the_readers_language() -> None:
    commit(Change(op="update", target="Flight/OZ1", fields={"status": "CLOSED", "seats": 0}))
    with translation.override("ko"):
        error = refused(**{**BOOK, "passenger": "Passenger/2"})
    assert [(one["criterion"], one["message"]) for one in error.errors] == [
        ("isOpen", "운항이 열려 있지 않습니다."),
        ("hasSeats", "The flight is full."),
        ("canPay", "The passenger cannot pay."),
    ]
    with translation.override("de"):
        assert refused(**BOOK).errors[0]["message"] == "The flight is not open."


def test_a_criterion_that_has_no_value_does_not_hold() -> None:
    commit(Change(op="update", target="Flight/OZ1", fields={"status": None}))
    assert [one["criterion"] for one in refused(**BOOK).errors] == ["isOpen"]


def test_what_is_left_out_stays_and_null_takes_away() -> None:
    run("annotate", flights=["Flight/OZ1", "Charter/C9"], note="late")
    assert body_of("Flight/OZ1")["status"] == "OPEN"
    assert [body_of(f"Flight/{key}")["note"] for key in ("OZ1", "C9")] == ["late", "late"]
    run("annotate", flights=["Flight/OZ1"], note=None)
    assert "note" not in body_of("Flight/OZ1")
    assert told(refused("annotate", flights=[]).errors) == [("/parameters/flights", "array")]
    assert told(refused("annotate", flights="Flight/OZ1").errors) == [
        ("/parameters/flights", "array")
    ]
    assert told(refused("annotate", flights=["Flight/OZ1"], status="LATE").errors) == [
        ("/parameters/status", "enum")
    ]


def test_a_run_that_changes_nothing_makes_no_commit() -> None:
    before = head_of()
    result = run("annotate", flights=["Flight/OZ1"])
    assert (result.commit, result.head, head_of()) == (None, before, before)


def test_links_are_taken_away_and_objects_deleted() -> None:
    run(**BOOK)
    result = run("cancel", booking="Booking/B1", flight="Flight/OZ1")
    assert "Booking/B1" in result.deleted
    with pytest.raises(NotFound):
        selectors.get_document(ontology=NAME, target="Booking/B1")
    run(**{**BOOK, "code": "B2"})
    commit(Change(op="create", type="Booking", fields={"code": "B3"}))
    before = head_of()
    with pytest.raises(NotFound):
        run("cancel", booking="Booking/B3", flight="Flight/OZ1")
    assert head_of() == before


def test_what_validation_refuses_is_refused_here_too() -> None:
    run(**BOOK)
    before = head_of()
    with pytest.raises((Invalid, Conflict)):
        run(**BOOK)
    assert head_of() == before
    assert body_of("Flight/OZ1")["seats"] == 1


def test_an_action_that_is_not_there() -> None:
    with pytest.raises(NotFound):
        run("fly")
    assert selectors.get_action(ontology=NAME, action="book").name == "book"


# --- dry runs, batches, heads ---------------------------------------------------------------------


def test_a_dry_run_says_what_would_happen_and_writes_nothing() -> None:
    before, events = head_of(), Event.objects.filter(action="action.run").count()
    result = services.run_action(ontology=NAME, action="book", parameters=BOOK, dry_run=True)
    assert (result.commit, result.dry_run, result.changed) == (None, True, ("Flight/OZ1",))
    assert len(result.created) == 3
    assert head_of() == before
    assert Event.objects.filter(action="action.run").count() == events


def test_a_batch_is_one_commit_and_each_run_sees_those_before() -> None:
    before = head_of()
    batch = [{**BOOK, "code": f"B{number}"} for number in range(3)]
    with pytest.raises(Invalid) as caught:
        services.run_action(ontology=NAME, action="book", batch=batch)
    assert [(one["index"], one["criterion"]) for one in caught.value.errors] == [(2, "hasSeats")]
    assert head_of() == before
    result = services.run_action(ontology=NAME, action="book", batch=batch[:2])
    assert result.commit is not None
    assert (result.runs, result.commit.parents) == (2, (before,))
    assert result.commit.message == "Run book 2 times\n\nAction: book"
    assert body_of("Flight/OZ1")["seats"] == 0


def test_errors_of_a_batch_name_the_run() -> None:
    with pytest.raises(Invalid) as caught:
        services.run_action(ontology=NAME, action="book", batch=[BOOK, {**BOOK, "code": 7}, {}])
    assert [(one["index"], one["field"]) for one in caught.value.errors] == [
        (1, "/batch/1/code"),
        (2, "/batch/2/flight"),
        (2, "/batch/2/passenger"),
        (2, "/batch/2/code"),
    ]
    with pytest.raises(Invalid) as caught:
        services.run_action(ontology=NAME, action="book", batch=[BOOK] * 6)
    assert caught.value.error_code == "batch_too_large"
    with pytest.raises(Invalid):
        services.run_action(ontology=NAME, action="book", parameters=BOOK, batch=[BOOK])


def test_an_expected_head_is_held_to() -> None:
    seen = head_of()
    commit(Change(op="update", target="Flight/OZ1", fields={"note": "x"}))
    with pytest.raises(Conflict) as caught:
        services.run_action(ontology=NAME, action="book", parameters=BOOK, expected_head=seen)
    assert caught.value.error_code == "stale_head"
    services.run_action(ontology=NAME, action="book", parameters=BOOK, expected_head=head_of())


def test_a_run_starts_anew_when_somebody_else_was_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    from ontology.services import actions

    real, times = actions.commit_changes, []

    def beaten(**arguments: Any) -> Any:
        times.append(arguments["expected_head"])
        if len(times) == 1:
            raise Conflict("moved", code="stale_head")
        return real(**arguments)

    monkeypatch.setattr(actions, "commit_changes", beaten)
    assert run(**BOOK).commit is not None
    assert len(times) == 2


# --- taking back ----------------------------------------------------------------------------------


def test_a_run_is_taken_back() -> None:
    made = run(**BOOK).commit
    assert made is not None
    dry = services.revert_action(ontology=NAME, commit=made.id, dry_run=True)
    assert (dry.status, dry.commit, head_of()) == ("merged", None, made.id)
    result = services.revert_action(ontology=NAME, commit=made.id)
    assert result.status == "merged"
    assert body_of("Flight/OZ1")["seats"] == 2
    with pytest.raises(NotFound):
        selectors.get_document(ontology=NAME, target="Booking/B1")
    event = Event.objects.filter(action="action.reverted").latest("id")
    assert (event.commit, event.ontology) == (head_of(), NAME)


def test_only_runs_of_revertible_actions_are_taken_back() -> None:
    no_run = head_of()
    with pytest.raises(Invalid) as caught:
        services.revert_action(ontology=NAME, commit=no_run)
    assert caught.value.error_code == "not_a_run"
    made = run("annotate", flights=["Flight/OZ1"], note="x").commit
    assert made is not None
    with pytest.raises(Invalid) as caught:
        services.revert_action(ontology=NAME, commit=made.id)
    assert caught.value.error_code == "not_revertible"
    services.create_branch(ontology=NAME, name="work", from_ref=no_run)
    booked = run(**BOOK).commit
    assert booked is not None
    with pytest.raises(Invalid) as caught:
        services.revert_action(ontology=NAME, commit=booked.id, branch="work")
    assert caught.value.error_code == "not_revertible"


# --- who may --------------------------------------------------------------------------------------


def test_a_run_is_on_record() -> None:
    made = run(**BOOK).commit
    assert made is not None
    event = Event.objects.filter(action="action.run").latest("id")
    assert (event.ontology, event.branch, event.commit) == (NAME, "main", made.id)
    assert '"name":"book"' in event.body.replace(" ", "")


def test_who_may_not_run_it_changes_nothing(person: MakePerson) -> None:
    viewer, stranger = person("viewer", Role.VIEWER), person("stranger")
    before = head_of()
    for user in (viewer, stranger):
        with acting_as(actor_of(user)), pytest.raises(PermissionDenied):
            run(**BOOK)
    assert head_of() == before


def test_a_rule_lets_run_this_action_and_write_nothing_else(person: MakePerson) -> None:
    viewer = person("viewer", Role.VIEWER)
    ActionRule.objects.create(user=viewer, ontology=NAME, action="book")
    with acting_as(actor_of(viewer)):
        made = run(**BOOK).commit
        assert made is not None
        assert made.author_username == "viewer"
        before = head_of()
        with pytest.raises(PermissionDenied):
            run("annotate", flights=["Flight/OZ1"], note="x")
        with pytest.raises(PermissionDenied):
            services.commit_changes(
                ontology=NAME,
                changes=[Change(op="delete", target="Booking/B1")],
                message="no",
            )
        assert head_of() == before
        assert [one.name for one in selectors.list_actions(ontology=NAME)] == ["book"]
        services.revert_action(ontology=NAME, commit=made.id)
    event = Event.objects.filter(action="action.run").latest("id")
    assert "a rule for viewer allows to run book of desk" in event.body


def test_who_runs_by_a_rule_takes_back_his_own_runs_only(person: MakePerson, clerk: User) -> None:
    viewer = person("viewer", Role.VIEWER)
    ActionRule.objects.create(user=viewer, ontology=NAME, action="book")
    made = run(**BOOK).commit
    assert made is not None
    with acting_as(actor_of(viewer)), pytest.raises(PermissionDenied):
        services.revert_action(ontology=NAME, commit=made.id)
    assert head_of() == made.id


def test_a_protected_branch_takes_a_rule_that_names_it(person: MakePerson) -> None:
    editor, viewer = person("editor", Role.EDITOR), person("viewer", Role.VIEWER)
    services.update_branch(ontology=NAME, name="main", protected=True)
    rule = ActionRule.objects.create(user=viewer, ontology=NAME, action="book")
    before = head_of()
    for user in (editor, viewer):
        with acting_as(actor_of(user)), pytest.raises(PermissionDenied) as caught:
            run(**BOOK)
        assert caught.value.error_code == "branch_protected"
    assert head_of() == before
    rule.branch = "main"
    rule.save()
    with acting_as(actor_of(viewer)):
        assert run(**BOOK).commit is not None


def test_a_rule_that_forbids_holds_against_an_editor(person: MakePerson) -> None:
    editor = person("editor", Role.EDITOR)
    ActionRule.objects.create(user=editor, action="book", allowed=False)
    with acting_as(actor_of(editor)):
        with pytest.raises(PermissionDenied):
            run(**BOOK)
        run("annotate", flights=["Flight/OZ1"], note="x")


# --- values that are not for everybody ------------------------------------------------------------


def test_a_criterion_may_look_at_what_the_actor_may_not_see(person: MakePerson) -> None:
    editor = person("editor", Role.EDITOR)
    with acting_as(actor_of(editor)):
        shown = selectors.get_document(ontology=NAME, target="Passenger/1").json
        assert "5000" not in shown
        error = refused(**{**BOOK, "passenger": "Passenger/2"})
        assert [one["criterion"] for one in error.errors] == ["canPay"]
        result = run(**BOOK)
        assert result.commit is not None
        assert "5000" not in str(result.changes.changes)


def test_a_rule_gives_away_nothing_that_the_actor_may_not_see(person: MakePerson) -> None:
    editor = person("editor", Role.EDITOR)
    with acting_as(actor_of(editor)):
        error = refused("disclose", passenger="Passenger/1", flight="Flight/OZ1")
    assert [(one["rule"], one["message"]) for one in error.errors] == [
        (
            "masked",
            "Rule 'tell': The value of 'note' comes from 'balance', which you may not see.",
        )
    ]
    run("disclose", passenger="Passenger/1", flight="Flight/OZ1")
    assert body_of("Flight/OZ1")["note"] == "5000"


def test_a_criterion_of_ones_own_branch_is_no_oracle(person: MakePerson) -> None:
    """An editor could ask for a secret value, run by run, with criteria of his own."""
    editor = person("editor", Role.EDITOR)
    services.create_branch(ontology=NAME, name="work", from_ref="main")
    with acting_as(actor_of(editor)):
        services.commit_changes(
            ontology=NAME,
            branch="work",
            changes=[
                Change(
                    op="update",
                    target="ActionType/annotate",
                    fields={
                        "parameters": [
                            {"apiName": "flights", "objectType": "Flight", "array": {}},
                            {"apiName": "who", "objectType": "ObjectType/Passenger"},
                        ],
                        "rules": [],
                        "submissionCriteria": [
                            {"name": "guess", "expression": "who.balance == 5000"},
                        ],
                    },
                )
            ],
            message="a question",
        )
        with pytest.raises(Invalid) as caught:
            services.run_action(
                ontology=NAME,
                action="annotate",
                branch="work",
                parameters={"flights": ["Flight/OZ1"], "who": "Passenger/1"},
            )
    assert [one["criterion"] for one in caught.value.errors] == ["guess"]
