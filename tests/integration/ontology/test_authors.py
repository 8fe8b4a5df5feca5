"""Who made a commit: signed as it is made, checked away from the store, never chosen by a caller."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import Event
from oms_project.core.context import Actor, acting_as
from oms_project.core.errors import Invalid, Unauthenticated
from oms_project.core.keys import keyring, load_public_keys, public_key_set
from ontology import selectors, services
from ontology.contract import Change, CommitInfo
from ontology.domain.kinds import Kind
from ontology.store import store
from ontology.store.offline import record_problem
from ontology.store.port import DocumentWrite
from ontology.wire import json_bytes

NAME = "signed"
OPERATOR = Actor("os:root", "operator", kind="system")


@pytest.fixture
def ontology_id(db: None) -> str:
    with acting_as(OPERATOR):
        return services.create_ontology(name=NAME, base_iri="https://example.org/").id


def commit(actor: Actor, name: str = "Person") -> CommitInfo:
    with acting_as(actor):
        result = services.commit_changes(
            ontology=NAME,
            changes=[Change(op="create", kind="ObjectType", fields={"apiName": name})],
            message=f"Add {name}",
        )
    assert result.commit is not None
    return result.commit


def published_keys() -> dict[str, Any]:
    document = public_key_set(list(keyring.public_keys("author").values()))
    return dict(load_public_keys(json.loads(json.dumps(document))))


def test_a_commit_is_checked_from_what_rest_gives_and_public_keys_alone(
    ontology_id: str, delegate: Actor
) -> None:
    made = [commit(OPERATOR), commit(delegate, "Place")]
    keys = published_keys()
    records = [json.loads(json_bytes(info)) for info in made]

    assert made[1].signature.startswith(
        f"etl-service ({delegate.id}) [service] "
        "[delegated|on_behalf_of:john.doe|reason:scheduled import]|ts:"
    )
    assert delegate.on_behalf_of is not None
    assert made[1].on_behalf_of_id == delegate.on_behalf_of.id
    for record in records:
        assert record_problem(record, ontology_id=ontology_id, keys=keys) is None
        assert record_problem(record, ontology_id="another", keys=keys) == (
            "its id is not the hash of what it says"
        )
        assert record_problem(record, ontology_id=ontology_id, keys={}) is not None
        for member in ("authorId", "authorUsername", "message", "contentHash", "time", "signature"):
            assert record_problem(
                {**record, member: records[0 if record is records[1] else 1][member]},
                ontology_id=ontology_id,
                keys=keys,
            )
    assert record_problem({}, ontology_id=ontology_id, keys=keys) is not None


@pytest.mark.usefixtures("ontology_id")
def test_old_commits_verify_after_a_rotation_and_not_after_the_key_was_lost() -> None:
    before = commit(OPERATOR)
    old = keyring.signing_key("author").kid
    keyring.rotate("author")
    after = commit(OPERATOR, "Place")
    with acting_as(OPERATOR):
        assert selectors.verify(ontology=NAME).ok
        rotated = keyring.public_keys("author")
        without_old = {kid: key for kid, key in rotated.items() if kid != old}
        report = selectors.verify(ontology=NAME, keys=without_old)

    assert before.signature.split("|sig:")[1].startswith(old)
    assert not after.signature.split("|sig:")[1].startswith(old)
    assert {problem.where for problem in report.problems} == {
        f"commit {info}"
        for info in (before.short_id, store.get_commit(_id(), before.parents[0]).short_id)
    }


def _id() -> str:
    return store.get_ontology(NAME).id


@pytest.mark.usefixtures("ontology_id")
def test_nobody_commits_without_being_somebody() -> None:
    with pytest.raises(Unauthenticated):
        commit(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["_created_by", "_created_at", "_updated_by_username", "_deleted", "_masked"]
)
def test_callers_cannot_set_what_the_system_writes(ontology_id: str, name: str) -> None:
    with acting_as(OPERATOR):
        head = store.resolve(ontology_id, "main")
        write = DocumentWrite(
            "00000000-0000-5000-8000-000000000000", Kind.OBJECT, None, {name: "mallory"}
        )
        with pytest.raises(Invalid) as refused:
            store.commit(
                ontology_id, "main", writes=[write], message="Forge", expected_head=head.id
            )
        assert store.resolve(ontology_id, "main") == head

    assert refused.value.error_code == "system_field"


@pytest.mark.usefixtures("ontology_id")
def test_every_write_leaves_an_event_with_its_commit(delegate: Actor) -> None:
    made = commit(delegate)
    with acting_as(OPERATOR):
        services.create_branch(ontology=NAME, name="side")
        services.create_tag(ontology=NAME, name="v1")
        services.update_branch(ontology=NAME, name="side", protected=True)
        services.update_branch(ontology=NAME, name="side", protected=False)
        services.delete_branch(ontology=NAME, name="side")
        services.delete_tag(ontology=NAME, name="v1")
        services.update_ontology(ontology=NAME, description="Signed things")
        services.delete_ontology(ontology=NAME)
    events = [json.loads(event.body) for event in Event.objects.order_by("id")]
    events = [event for event in events if event["action"].startswith("ontology.")]

    assert [event["action"] for event in events] == [
        "ontology.created",
        "ontology.committed",
        "ontology.branch_created",
        "ontology.tag_created",
        "ontology.branch_changed",
        "ontology.branch_changed",
        "ontology.branch_deleted",
        "ontology.tag_deleted",
        "ontology.changed",
        "ontology.deleted",
    ]
    committed = events[1]
    assert (committed["commit"], committed["ontology"], committed["branch"]) == (
        made.id,
        NAME,
        "main",
    )
    assert committed["actor"]["username"] == "etl-service"
    assert committed["onBehalfOf"]["username"] == "john.doe"
    assert committed["reason"] == "scheduled import"
    assert events[4]["changes"] == {"protected": [False, True]}
    assert events[8]["changes"] == {"description": ["", "Signed things"]}


@pytest.mark.usefixtures("ontology_id")
def test_a_change_that_fails_leaves_no_event() -> None:
    before = Event.objects.count()
    with acting_as(OPERATOR), pytest.raises(Invalid):
        services.commit_changes(
            ontology=NAME,
            changes=[Change(op="create", kind="ObjectType", fields={"apiName": "not a name"})],
            message="Fails",
        )

    assert Event.objects.count() == before
