"""What others do in a home is found once, told once, never written over, and settled by somebody."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.errors import Conflict, Invalid, NotFound, PermissionDenied
from oms_project.identity.contract import Role
from ontology import selectors, services
from ontology.services import homes as service
from ontology.services.homes.reconciling import reconcile_all
from ontology.store.home import HomeDocument
from ontology.store.home_models import HomedCommit, HomedOntology
from tests.conftest import MakePerson
from tests.fakes.home import FolderHome
from tests.integration.ontology.conftest import NAME, Ontology
from tests.integration.ontology.homed import (
    audited,
    database,
    dying,
    reconciled,
    sound,
    strays,
    told,
)


@pytest.fixture
def world(homes: FolderHome, world: Ontology) -> Ontology:
    world.create("ObjectType", "Person")
    return world


def heads(homes: FolderHome) -> dict[str, str]:
    return {branch.name: branch.identifier for branch in homes.branches(database())}


def forged(homes: FolderHome) -> HomeDocument:
    """The first document, with another text and the hash of the old one."""
    at = heads(homes)["main"]
    (first, *_) = homes.documents(database(), at)
    return HomeDocument(
        first.rid, first.kind, "{}", first.hash, first.commit, first.created, first.updated
    )


def test_a_commit_of_somebody_else(world: Ontology, homes: FolderHome) -> None:
    before = heads(homes)["main"]
    identifier = homes.meddle(database(), "main", forged(homes))
    assert reconciled().strays == 1
    (stray,) = strays()
    assert (stray.kind, stray.branch, stray.identifier) == ("commit", "main", identifier)
    assert (stray.author, stray.message) == ("mallory", "quick fix")
    assert len(audited("home.stray_found")) == 1
    (event,) = told("stray_found")
    assert (event["stray"], event["kind"], event["identifier"]) == (stray.pk, "commit", identifier)
    assert heads(homes)["main"] == identifier, "nothing is written over"
    with pytest.raises(Conflict) as caught:
        world.create("ObjectType", "Place")
    assert caught.value.error_code == "home_diverged"
    assert caught.value.data["stray"] == stray.pk
    assert f"`ontology strays {NAME} --settle {stray.pk}`" in str(caught.value)
    world.branch("work")  # what does not touch the branch goes on
    world.create("ObjectType", "Thing", branch="work")
    ended = service.settle_stray(ontology=NAME, stray=stray.pk)
    assert ended.state == "settled"
    assert heads(homes)["main"] == before
    assert len(audited("home.stray_settled")) == 1
    world.create("ObjectType", "Place")
    assert reconciled().strays == 0
    assert sound()
    with pytest.raises(Conflict) as caught:
        service.settle_stray(ontology=NAME, stray=stray.pk)
    assert caught.value.error_code == "already_settled"


def test_a_commit_below_ours(world: Ontology, homes: FolderHome) -> None:
    """OMS has committed on top of it before anybody looked: the home is written anew."""
    identifier = homes.meddle(database(), "main")
    world.create("ObjectType", "Place")
    old = database()
    assert reconciled().strays == 1
    (stray,) = strays()
    assert stray.identifier == identifier
    assert not selectors.verify(ontology=NAME).ok
    service.settle_stray(ontology=NAME, stray=stray.pk)
    assert database() != old
    assert old not in homes.databases()
    assert identifier not in [one.identifier for one in homes.log(database(), heads(homes)["main"])]
    assert sound()
    world.create("ObjectType", "Thing")
    assert reconciled().strays == 0


def test_a_record_that_says_what_is_not_so(world: Ontology, homes: FolderHome) -> None:
    head = world.head()
    with dying("landed"):
        world.create("ObjectType", "Place")
    at = heads(homes)["main"]
    (said, *_) = homes.log(database(), at)
    homes.change_record(database(), at, record=said.record.replace("Change", "Chance"))
    assert reconciled().strays == 1
    (stray,) = strays()
    assert stray.kind == "record"
    assert "not what its id is the hash of" in stray.note
    assert world.head() == head
    # As it was: then it is finished, and the stray is settled by itself.
    homes.change_record(database(), at, record=said.record)
    assert reconciled().finished == 1
    assert strays() == []
    assert world.head() != head
    assert sound()


def test_documents_that_are_not_those_of_the_commit(world: Ontology, homes: FolderHome) -> None:
    head = world.head()
    with dying("landed"):
        world.create("ObjectType", "Place")
    content = homes._load(database())
    (commit, *_) = [
        one for one in content.commits.values() if one.said.identifier == heads(homes)["main"]
    ]
    (rid, document), *_ = commit.documents.items()
    commit.documents[rid] = HomeDocument(
        rid,
        document.kind,
        document.text.replace("Place", "Palace"),
        document.hash,
        document.commit,
        document.created,
        document.updated,
    )
    homes._save(database(), content)
    assert reconciled().strays == 1
    (stray,) = strays()
    assert "does not have its recorded hash" in stray.note
    assert world.head() == head
    service.settle_stray(ontology=NAME, stray=stray.pk)
    assert sound()


def test_branches_that_others_made_moved_and_deleted(world: Ontology, homes: FolderHome) -> None:
    world.branch("moved")
    world.branch("gone")
    services.create_tag(ontology=NAME, name="v1", ref="main")
    first = HomedCommit.objects.order_by("id")[0].identifier
    homes.put_branch(database(), "new", first)
    homes.put_branch(database(), "moved", first)
    homes.put_branch(database(), "gone", None)
    homes.put_branch(database(), "tag:v1", first)
    assert reconciled().strays == 4
    found = {stray.branch: stray for stray in strays()}
    assert {name: stray.kind for name, stray in found.items()} == {
        "new": "branch",
        "moved": "branch_moved",
        "gone": "branch_missing",
        "tag:v1": "branch_moved",
    }
    with pytest.raises(Conflict) as caught:
        world.create("ObjectType", "Place", branch="gone")
    assert caught.value.error_code == "home_diverged"
    for stray in found.values():
        service.settle_stray(ontology=NAME, stray=stray.pk)
    assert strays() == []
    assert sound()
    world.create("ObjectType", "Place", branch="gone")


@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_a_database_that_is_lost(world: Ontology, homes: FolderHome, how: str) -> None:
    old = database()
    if how == "gone":
        homes.drop(old)
    else:
        homes.damage(old)
    assert reconcile_all().problems != ()
    (stray,) = strays()
    assert (stray.kind, stray.branch) == ("branch_missing", "")
    with pytest.raises(Conflict):
        world.create("ObjectType", "Place")
    service.settle_stray(ontology=NAME, stray=stray.pk)
    assert database() != old
    assert strays() == []
    world.create("ObjectType", "Place")
    assert sound()


def test_who_may(world: Ontology, homes: FolderHome, person: MakePerson, acting: Any) -> None:
    homes.meddle(database(), "main")
    reconciled()
    (stray,) = strays()
    with acting(person("ed", Role.EDITOR)):
        for call in (
            lambda: service.settle_stray(ontology=NAME, stray=stray.pk),
            lambda: service.reconcile(ontology=NAME),
            service.reconcile,
            lambda: service.transfer(ontology=NAME, to="embedded"),
            lambda: service.rebuild(ontology=NAME),
            lambda: service.rebuild(ontology="other", database=database()),
            lambda: selectors.home_status(ontology=NAME),
            lambda: selectors.list_strays(ontology=NAME),
        ):
            with pytest.raises(PermissionDenied):
                call()
    assert [one.pk for one in strays()] == [stray.pk]
    assert HomedOntology.objects.count() == 1
    with pytest.raises(NotFound):
        service.settle_stray(ontology=NAME, stray=stray.pk + 1)
    with pytest.raises(Invalid):
        service.settle_stray(ontology=NAME, stray=stray.pk, way="keep")


def test_the_status_says_how_far_they_are_apart(world: Ontology, homes: FolderHome) -> None:
    status = selectors.home_status(ontology=NAME)
    assert (status.home, status.ahead, status.behind, status.strays) == ("terminusdb", 0, 0, 0)
    with dying("landed"):
        world.create("ObjectType", "Place")
    status = selectors.home_status(ontology=NAME)
    assert (status.ahead, status.behind, status.pending) == (1, 1, 1)
    reconciled()
    homes.meddle(database(), "main")
    reconciled()
    status = selectors.home_status(ontology=NAME)
    assert (status.ahead, status.pending, status.strays) == (1, 0, 1)
    page = selectors.list_strays(ontology=NAME, state="open")
    assert [one.message for one in page.items] == ["quick fix"]
    homes.folder.joinpath("away").touch()
    status = selectors.home_status(ontology=NAME)
    assert not status.answers
    assert status.problem == "The home does not answer."
