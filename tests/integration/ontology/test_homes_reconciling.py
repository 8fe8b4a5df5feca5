"""Home and index agree again, whatever was left between them."""

from __future__ import annotations

import datetime as dt

import pytest

from oms_project.core.clock import utc_now
from oms_project.core.context import Source, acting_as, attempt_scope, request_scope
from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.idempotency.contract import StoredAnswer, idempotency
from oms_project.idempotency.models import IdempotencyKey
from oms_project.identity.contract import Role, actor_of
from ontology import selectors, services
from ontology.contract import Change
from ontology.domain.query import Condition
from ontology.services.homes.reconciling import reconcile_all
from ontology.store import intents
from ontology.store.home_models import HomedCommit, HomedOntology, Intent
from ontology.store.orm.models import Commit
from tests.conftest import MakePerson
from tests.fakes.home import FolderHome
from tests.integration.ontology.conftest import NAME, Ontology, prop
from tests.integration.ontology.homed import (
    Died,
    audited,
    database,
    dying,
    reconciled,
    sound,
    states,
    strays,
    told,
)


@pytest.fixture
def world(homes: FolderHome, world: Ontology) -> Ontology:
    return world


def age(**fields: object) -> None:
    """Let what was begun be old enough to be given up."""
    Intent.objects.filter(**fields).update(created_at=utc_now() - dt.timedelta(hours=1))


def test_what_is_in_step_is_left_alone(world: Ontology) -> None:
    world.create("ObjectType", "Person")
    report = reconciled()
    assert (report.ontologies, report.finished, report.abandoned) == (1, 0, 0)
    assert HomedOntology.objects.get().seen_at is not None
    assert sound()


def test_a_commit_that_only_landed_is_finished(world: Ontology, person: MakePerson) -> None:
    head = world.head()
    ann = actor_of(person("ann", Role.EDITOR))
    with (
        acting_as(ann),
        request_scope("request-7", Source(door="rest", operation="POST /x")),
        dying("landed"),
    ):
        world.create("ObjectType", "Person")
    assert world.head() == head
    assert audited("ontology.committed") == []
    report = reconciled()
    assert report.finished == 1
    assert world.head() != head
    assert world.names() == ["ObjectType/Person"]
    assert sound()
    (event,) = audited("ontology.committed")
    assert event["actor"]["username"] == "ann"
    assert event["requestId"] == "request-7"
    assert event["data"]["replicated"] is True
    (commit,) = [one for one in told("commit.created") if one["documents"] == 1 and one["parents"]]
    assert commit["actor"]["username"] == "ann"
    assert len(told("definition.changed")) == 1
    assert states() == {("create", "confirmed"): 1, ("commit", "finished"): 1}


def test_a_commit_that_did_not_land_is_abandoned(world: Ontology) -> None:
    head = world.head()
    with dying("landing"):
        world.create("ObjectType", "Person")
    assert reconciled().abandoned == 0, "it may still be at it"
    age()
    assert reconciled().abandoned == 1
    assert world.head() == head
    assert states()["commit", "abandoned"] == 1
    world.create("ObjectType", "Person")
    assert sound()


def test_who_writes_next_meets_what_was_left(world: Ontology) -> None:
    with dying("landed"):
        world.create("ObjectType", "Person")
    with pytest.raises(Conflict) as caught:
        world.create("ObjectType", "Place")
    assert caught.value.error_code == "stale_head"
    world.create("ObjectType", "Place")
    assert world.names() == ["ObjectType/Person", "ObjectType/Place"]
    assert len(audited("ontology.committed")) == 2
    assert sound()


def test_objects_are_found_as_if_nothing_had_happened(world: Ontology) -> None:
    """Indexed values, unique keys, full text, and what a type's change indexes anew."""
    world.create(
        "ObjectType",
        "Person",
        primaryKey=["code"],
        properties=[
            prop("code", "string", required=True),
            prop("mail", "string", unique=True),
            prop("about", "string", searchable=True),
            prop("age", "integer"),
        ],
    )
    world.commit(
        Change("create", kind="Object", type="Person", fields={"code": "a", "age": 3}),
        Change("create", kind="Object", type="Person", fields={"code": "b", "about": "no more"}),
    )
    with dying("landed"):
        world.commit(
            Change(
                "create",
                kind="Object",
                type="Person",
                fields={"code": "c", "mail": "c@x", "about": "Ships and sails", "age": 7},
            ),
            Change("delete", target="Person/b"),
        )
    assert reconciled().finished == 1
    assert [hit.document.body["code"] for hit in search("sails")] == ["c"]
    assert search("more") == []
    with pytest.raises(Invalid):
        world.commit(
            Change("create", kind="Object", type="Person", fields={"code": "d", "mail": "c@x"})
        )
    body = world.body("ObjectType/Person")
    properties = [
        {**item, "indexed": True} if item["apiName"] == "age" else item
        for item in body["properties"]
    ]
    world.branch("work")
    with dying("landed"):
        world.update("ObjectType/Person", properties=properties)
    with dying("landed"):
        world.update("ObjectType/Person", properties=properties, branch="work")
    assert reconciled().finished == 2
    for ref in ("main", "work"):
        page = selectors.list_objects(
            ontology=NAME, type="Person", ref=ref, where=Condition(("age",), "gte", 5)
        )
        assert [item.body["code"] for item in page.items] == ["c"]
    assert sound()


def search(text: str) -> list:  # type: ignore[type-arg]
    return list(selectors.search_objects(ontology=NAME, text=text).items)


def test_a_merge_and_a_fast_forward_that_only_the_home_has(world: Ontology) -> None:
    world.branch("work")
    world.create("ObjectType", "Person", branch="work")
    with dying("moved"):
        world.merge("work")
    assert reconcile_all().finished == 0
    assert world.head() == world.head("work")
    (event,) = audited("ontology.fast_forwarded")
    assert event["data"]["replicated"] is True
    world.create("ObjectType", "Place")
    world.create("ObjectType", "Thing", branch="work")
    with dying("landed"):
        world.merge("work")
    assert reconciled().finished == 1
    assert len(world.names()) == 3
    assert len(told("merge.completed")) == 2
    assert sound()


def test_names_that_were_made_or_deleted_in_the_home_only(
    world: Ontology, homes: FolderHome
) -> None:
    world.branch("old")
    info = selectors.get_ontology(ontology=NAME)
    first = HomedCommit.objects.get().identifier
    for kind, name in (("branch", "work"), ("tag", "tag:v1"), ("unbranch", "old")):
        intents.begin(kind, ontology_id=info.id, database=database(), branch=name)
        homes.put_branch(database(), name, None if kind == "unbranch" else first)
    assert reconciled().abandoned == 3
    assert strays() == []
    assert sound()
    world.branch("work")
    services.create_tag(ontology=NAME, name="v1", ref="main")
    assert sound()


def test_a_database_that_was_half_made_is_dropped(
    homes: FolderHome, as_system: None, db: None
) -> None:
    intents.begin("create", ontology_id="", database="oms_half")
    homes.create("oms_half", label=NAME, base_iri="https://example.org/")
    reconcile_all()
    assert len(homes.databases()) == 1, "somebody may be at it"
    age()
    assert reconcile_all().abandoned == 1
    assert homes.databases() == []
    services.create_ontology(name=NAME, base_iri="https://example.org/world/")
    assert sound()


def test_killed_in_the_midst_of_finishing(world: Ontology, monkeypatch: pytest.MonkeyPatch) -> None:
    with dying("landed"):
        world.create("ObjectType", "Person")
    for place in (
        "ontology.services.homes.finishing.kept_as",
        "ontology.services.homes.finishing.audit_log.record",
        "ontology.services.homes.finishing.announcing.tell_commit",
    ):
        with pytest.MonkeyPatch.context() as patch:

            def die(*_args: object, **_kwargs: object) -> None:
                raise Died

            patch.setattr(place, die)
            with pytest.raises(Died):
                reconcile_all()
    assert reconciled().finished == 1
    assert len(audited("ontology.committed")) == 1
    assert len(told("commit.created")) == 1
    assert HomedCommit.objects.count() == Commit.objects.count() == 2
    assert sound()


def test_a_home_that_is_away_is_told_and_the_others_are_looked_at(
    world: Ontology, homes: FolderHome
) -> None:
    homes.folder.joinpath("away").touch()
    report = reconcile_all()
    assert report.problems == (f"{NAME}: The home does not answer.",)
    homes.folder.joinpath("away").unlink()
    assert reconciled().problems == ()
    with pytest.raises(NotFound):
        selectors.get_ontology(ontology="other")
    assert database() in homes.databases()


def test_what_was_to_be_done_once_is_not_done_again(world: Ontology) -> None:
    """The process dies after the home has the commit; whoever sends the request again is told that
    it is done.
    """
    with dying("landed"), attempt_scope("attempt-1"):
        # A killed process leaves its key waiting for an answer.
        IdempotencyKey.objects.create(
            actor_id="system",
            key="key-1",
            fingerprint="f",
            attempt="attempt-1",
            claimed_at=utc_now(),
            expires_at=utc_now() + dt.timedelta(hours=1),
        )
        world.create("ObjectType", "Person")
    assert reconciled().finished == 1

    def perform() -> StoredAnswer:
        raise AssertionError("it is done")

    answer, repeated = idempotency.run_once(
        actor_id="system", key="key-1", fingerprint="f", perform=perform
    )
    assert repeated
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers["X-OMS-Commit"] == world.head()
    assert not idempotency.finished("attempt-1", headers={})
