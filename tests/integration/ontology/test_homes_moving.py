"""Moving house, indexes made anew, and homes written anew: both sides agree commit by commit."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.errors import Conflict, Invalid, NotFound
from ontology import selectors, services
from ontology.contract import Change
from ontology.services import homes as service
from ontology.services.homes.copying import Copier
from ontology.store.home import is_kept_branch
from ontology.store.home_models import HomedCommit, HomedOntology
from ontology.store.orm.models import Commit
from ontology.store.orm.models import Ontology as Row
from tests.fakes.home import FolderHome
from tests.integration.ontology.conftest import NAME, Ontology, prop
from tests.integration.ontology.homed import (
    audited,
    database,
    dying,
    reconciled,
    sound,
    states,
    strays,
)


@pytest.fixture
def embedded(homes: FolderHome, settings: Any, world_in_orm: Ontology) -> Ontology:
    return world_in_orm


@pytest.fixture
def world_in_orm(homes: FolderHome, settings: Any, as_system: None, db: None) -> Ontology:
    """A history with everything in it, in the ORM."""
    settings.OMS_DEFAULT_HOME = "embedded"
    services.create_ontology(name=NAME, base_iri="https://example.org/world/")
    settings.OMS_DEFAULT_HOME = "terminusdb"
    world = Ontology()
    fill(world)
    return world


def fill(world: Ontology) -> None:
    world.create(
        "ObjectType",
        "Person",
        primaryKey=["code"],
        properties=[
            prop("code", "string", required=True),
            prop("mail", "string", indexed=True),
            prop("about", "string", searchable=True),
        ],
    )
    world.commit(
        Change("create", kind="Object", type="Person", fields={"code": "a", "mail": "a@x"}),
        Change("create", kind="Object", type="Person", fields={"code": "b", "about": "sails"}),
    )
    world.branch("work")
    world.create("ObjectType", "Place", branch="work")
    world.create("ObjectType", "Thing")
    services.create_tag(ontology=NAME, name="v1", ref="work", message="The first")
    world.merge("work")
    world.commit(Change("delete", target="Person/b"))
    world.branch("lost")
    world.create("ObjectType", "Lost", branch="lost")
    world.create("ObjectType", "Found")
    world.merge("lost")
    world.create("ObjectType", "Forgotten", branch="lost")
    services.delete_branch(ontology=NAME, name="lost")
    world.branch("kept", from_ref="v1")
    services.update_branch(ontology=NAME, name="kept", protected=True)


def test_there_and_back(embedded: Ontology, homes: FolderHome) -> None:
    before = embedded.everything()
    report = service.transfer(ontology=NAME, to="terminusdb")
    assert report.commits == Commit.objects.count()
    assert (report.branches, report.tags) == (3, 1)
    kept = [one.name for one in homes.branches(report.database) if is_kept_branch(one.name)]
    assert {one.name for one in homes.branches(report.database)} == {
        "main",
        "work",
        "kept",
        "tag:v1",
        *kept,
    }
    assert len(kept) == 1, "the merged end of a branch that was deleted"
    assert embedded.everything()[:-1] == before[:-1]  # type: ignore[index]
    assert sound()
    assert reconciled().strays == 0
    embedded.create("ObjectType", "Later")
    assert sound()
    with pytest.raises(Conflict) as caught:
        service.transfer(ontology=NAME, to="terminusdb")
    assert caught.value.error_code == "already_there"
    now = embedded.everything()
    report = service.transfer(ontology=NAME, to="embedded")
    assert report.dropped
    assert homes.databases() == []
    assert not HomedOntology.objects.exists()
    assert not HomedCommit.objects.exists()
    assert embedded.everything()[:-1] == now[:-1]  # type: ignore[index]
    embedded.create("ObjectType", "Latest")
    assert sound()
    assert len(audited("home.transferred")) == 2


def test_out_with_the_database_kept(embedded: Ontology, homes: FolderHome) -> None:
    service.transfer(ontology=NAME, to="terminusdb")
    report = service.transfer(ontology=NAME, to="embedded", keep=True)
    assert not report.dropped
    assert homes.databases() == [report.database]
    with pytest.raises(Invalid):
        service.transfer(ontology=NAME, to="moon")


@pytest.mark.parametrize(
    ("word", "times"), [("created", 1), ("landed", 1), ("landed", 6), ("branched", 2)]
)
def test_a_transfer_that_died_is_gone_on_with(
    embedded: Ontology, homes: FolderHome, word: str, times: int
) -> None:
    with dying(word, times=times):
        service.transfer(ontology=NAME, to="terminusdb")
    assert not HomedOntology.objects.exists()
    (begun,) = homes.databases()
    embedded.create("ObjectType", "Meanwhile")
    report = service.transfer(ontology=NAME, to="terminusdb")
    assert report.database == begun
    assert homes.databases() == [begun]
    assert states()["transfer", "confirmed"] == 1
    assert sound()
    assert reconciled().strays == 0


@pytest.mark.parametrize("dies", [False, True])
def test_a_history_with_too_many_types_goes_without_native_classes(
    embedded: Ontology,
    homes: FolderHome,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    dies: bool,
) -> None:
    landed = FolderHome.land
    classes: list[tuple[int, int]] = []

    def land(self: FolderHome, *args: Any, **named: Any) -> Any:
        (landing,) = args[2]
        classes.append((len(landing.schema.added), sum(len(p.native.added) for p in landing.parts)))
        return landed(self, *args, **named)

    monkeypatch.setattr(FolderHome, "land", land)
    settings.OMS_NATIVE_CLASSES = 2
    if dies:
        with dying("landed", times=6):
            service.transfer(ontology=NAME, to="terminusdb")
        # What goes on with it knows that there is half a view, and adds nothing to it.
        settings.OMS_NATIVE_CLASSES = 200
    service.transfer(ontology=NAME, to="terminusdb")
    # Created, Person, two of them, Thing; with Place, which is merged then, there are three types.
    assert [any(one) for one in classes[:4]] == [False, True, True, True]
    assert not any(any(one) for one in classes[4:])
    problem = HomedOntology.objects.get().projection_problem
    assert "has 3 types, and OMS_NATIVE_CLASSES is 2" in problem
    assert sound()
    assert reconciled().strays == 0


def test_others_write_meanwhile(embedded: Ontology, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = Copier.round
    names = iter(["One", "Two"])

    def round_(self: Copier) -> int:
        done = copied(self)
        name = next(names, None)
        if name is not None:
            embedded.create("ObjectType", name)
        return done

    monkeypatch.setattr(Copier, "round", round_)
    service.transfer(ontology=NAME, to="terminusdb")
    assert {"ObjectType/One", "ObjectType/Two"} <= set(embedded.names())
    assert sound()


def test_a_copy_that_differs_is_not_moved_into(
    embedded: Ontology, homes: FolderHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed = FolderHome.land

    def land(self: FolderHome, *args: Any, **named: Any) -> Any:
        found = landed(self, *args, **named)
        content = self._load(args[0])
        documents = content.commits[found[-1]].documents
        for rid in list(documents)[:1]:
            del documents[rid]
        self._save(args[0], content)
        return found

    monkeypatch.setattr(FolderHome, "land", land)
    with pytest.raises((Conflict, Invalid)):
        service.transfer(ontology=NAME, to="terminusdb")
    assert not HomedOntology.objects.exists()
    monkeypatch.undo()
    embedded.create("ObjectType", "Later")
    assert selectors.verify(ontology=NAME).ok


def test_out_refuses_what_others_did(embedded: Ontology, homes: FolderHome) -> None:
    service.transfer(ontology=NAME, to="terminusdb")
    homes.meddle(database(), "main")
    with pytest.raises(Conflict) as caught:
        service.transfer(ontology=NAME, to="embedded")
    assert caught.value.error_code == "home_diverged"
    assert len(strays()) == 1
    assert HomedOntology.objects.exists()


# --- an index made anew ---------------------------------------------------------------------------
def test_an_index_is_what_it_was(embedded: Ontology, homes: FolderHome) -> None:
    service.transfer(ontology=NAME, to="terminusdb")
    before = embedded.everything()
    report = service.rebuild(ontology=NAME)
    assert report.differences == ()
    assert report.missing == 0
    after = embedded.everything()
    assert after[1] == before[1]  # type: ignore[index]
    assert after[3:5] == before[3:5]  # type: ignore[index]
    found = selectors.search_objects(ontology=NAME, text="sails", ref="v1")
    assert len(found.items) == 1
    embedded.create("ObjectType", "Later")
    assert len(audited("home.rebuilt")) == 1


def test_an_index_that_was_lost(embedded: Ontology, homes: FolderHome) -> None:
    service.transfer(ontology=NAME, to="terminusdb")
    name = database()
    heads = {one.name: one.head for one in selectors.list_branches(ontology=NAME).items}
    documents = {
        one.name: [
            (document.id, document.etag)
            for document in selectors.list_documents(ontology=NAME, ref=one.name, limit=500).items
        ]
        for one in selectors.list_branches(ontology=NAME).items
    }
    lose(NAME)
    with pytest.raises(NotFound):
        selectors.get_ontology(ontology=NAME)
    report = service.rebuild(ontology=NAME, database=name)
    assert (report.branches, report.tags) == (3, 1)
    assert {one.name: one.head for one in selectors.list_branches(ontology=NAME).items} == heads
    for branch, listed in documents.items():
        page = selectors.list_documents(ontology=NAME, ref=branch, limit=500)
        assert [(one.id, one.etag) for one in page.items] == listed
    embedded.create("ObjectType", "Later")
    assert reconciled().strays == 0
    with pytest.raises(Conflict):
        service.rebuild(ontology="again", database=name)


def lose(name: str) -> None:
    """As if the ORM's database had been restored from before the ontology was there."""
    from ontology.services.homes.rebuilding import _clear

    row = Row.objects.get(name=name)
    _clear(row.pk)
    row.branches.all().delete()
    row.tags.all().delete()
    row.delete()


def test_an_ontology_of_the_orm_has_no_home_to_be_made_from(embedded: Ontology) -> None:
    with pytest.raises(Conflict) as caught:
        service.rebuild(ontology=NAME)
    assert caught.value.error_code == "not_homed"


# --- a home written anew --------------------------------------------------------------------------
def test_what_is_erased_leaves_the_home_too(embedded: Ontology, homes: FolderHome) -> None:
    service.transfer(ontology=NAME, to="terminusdb")
    old = database()
    assert b"a@x" in content(homes)
    services.redact(ontology=NAME, target="Person/a", fields=["mail"], reason="Asked for")
    assert selectors.home_status(ontology=NAME).erase_pending
    with dying("landed", times=3):
        reconciled()
    assert database() == old
    assert reconciled().rewritten == 1
    assert database() != old
    assert homes.databases() == [database()]
    assert b"a@x" not in content(homes)
    assert sound()
    assert not selectors.home_status(ontology=NAME).erase_pending
    embedded.create("ObjectType", "Later")
    assert service.rebuild(ontology=NAME).differences == ()
    assert len(selectors.list_redactions(ontology=NAME).items) == 1


def content(homes: FolderHome) -> bytes:
    return b"".join(path.read_bytes() for path in homes.folder.glob("*.home"))
