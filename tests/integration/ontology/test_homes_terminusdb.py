"""Homes in TerminusDB, real or on tape: moved to, died on, meddled with, written and indexed anew."""

from __future__ import annotations

import pytest

from oms_project.core.errors import Conflict
from ontology import selectors, services
from ontology.services import homes as service
from ontology.services.homes.reconciling import reconcile_all
from ontology.store import homed as store_module
from ontology.store.home import is_kept_branch
from ontology.store.home_models import HomedOntology
from ontology.store.homed import home
from ontology.store.terminusdb import woql
from ontology.store.terminusdb.client import Server, branch_place
from tests.integration.ontology.conftest import NAME, Ontology
from tests.integration.ontology.homed import Died, audited, database, reconciled, sound, strays
from tests.integration.ontology.test_homes_moving import fill
from tests.tapes import Tape, steady, terminusdb

__all__ = ["steady", "terminusdb"]


@pytest.fixture
def embedded(terminusdb: Tape, settings: object, as_system: None, db: None) -> Ontology:
    """A history with everything in it, in the ORM."""
    settings.OMS_DEFAULT_HOME = "embedded"  # type: ignore[attr-defined]
    services.create_ontology(name=NAME, base_iri="https://example.org/world/")
    settings.OMS_DEFAULT_HOME = "terminusdb"  # type: ignore[attr-defined]
    world = Ontology()
    fill(world)
    return world


@pytest.fixture
def world(terminusdb: Tape, as_system: None, db: None) -> Ontology:
    """An ontology that lives there."""
    services.create_ontology(name=NAME, base_iri="https://example.org/world/")
    world = Ontology()
    world.create("ObjectType", "Person")
    return world


def meddle() -> None:
    """A commit by somebody else."""
    document = {
        "@type": "OmsDocument",
        "@id": "OmsDocument/theirs",
        **dict.fromkeys(("text", "hash", "commit", "created", "updated"), ""),
        "kind": "ObjectType",
        "deleted": False,
    }
    answer = Server().woql(
        database(),
        branch_place("main"),
        woql.insert(document),
        commit_info={"author": "mallory", "message": "quick fix"},
    )
    assert answer.bindings


def die_before(place: str, world: Ontology, name: str) -> None:
    """The process dies after the home has the commit, and before the index does."""

    def die(*_args: object) -> None:
        raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, place, die)
        with pytest.raises(Died):
            world.create("ObjectType", name)


def test_there_and_back(embedded: Ontology) -> None:
    before = embedded.everything()
    report = service.transfer(ontology=NAME, to="terminusdb")
    assert not HomedOntology.objects.get().projection_problem
    names = {one.name for one in home.branches(report.database)}
    assert {name for name in names if not is_kept_branch(name)} == {
        "main",
        "work",
        "kept",
        "tag:v1",
    }
    assert embedded.everything()[:-1] == before[:-1]  # type: ignore[index]
    assert sound()
    assert reconciled().strays == 0
    embedded.create("ObjectType", "Later")
    assert service.rebuild(ontology=NAME).differences == ()
    assert sound()
    assert service.transfer(ontology=NAME, to="embedded").dropped
    assert report.database not in home.databases()
    embedded.create("ObjectType", "Latest")
    assert sound()


def test_what_only_the_home_has_is_finished(world: Ontology) -> None:
    die_before("kept_as", world, "Place")
    assert world.names() == ["ObjectType/Person"]
    assert reconciled().finished == 1
    assert world.names() == ["ObjectType/Person", "ObjectType/Place"]
    assert len(audited("ontology.committed")) == 2
    assert sound()


def test_what_others_did_is_found_and_discarded(world: Ontology) -> None:
    meddle()
    assert reconciled().strays == 1
    (stray,) = strays()
    assert (stray.kind, stray.author, stray.message) == ("commit", "mallory", "quick fix")
    with pytest.raises(Conflict) as caught:
        world.create("ObjectType", "Place")
    assert caught.value.error_code == "home_diverged"
    service.settle_stray(ontology=NAME, stray=stray.pk)
    world.create("ObjectType", "Place")
    assert sound()


def test_what_others_did_below_a_commit_goes_when_the_home_is_written_anew(
    world: Ontology,
) -> None:
    meddle()
    world.create("ObjectType", "Place")
    old = database()
    assert reconciled().strays == 1
    (stray,) = strays()
    service.settle_stray(ontology=NAME, stray=stray.pk)
    assert database() != old
    assert old not in home.databases()
    assert sound()


def test_what_is_erased_leaves_the_home_too(embedded: Ontology) -> None:
    service.transfer(ontology=NAME, to="terminusdb")
    services.redact(ontology=NAME, target="Person/a", fields=["mail"], reason="Asked for")
    assert selectors.home_status(ontology=NAME).erase_pending
    assert reconcile_all().rewritten == 1
    for branch in home.branches(database()):
        for commit in home.log(database(), branch.identifier):
            for document in home.written(database(), commit.identifier, commit.commit):
                assert "a@x" not in document.text
    assert sound()
