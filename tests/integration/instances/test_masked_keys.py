"""Keys that a reader may not see: not to be read in any name, and not to be guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from oms_project.core.context import Actor, acting_as
from oms_project.core.errors import NotFound
from oms_project.identity.contract import Role, actor_of
from ontology import selectors, services
from ontology.contract import Change
from tests.conftest import MakePerson
from tests.integration.instances.conftest import NAME, Commit, delete, link, thing, update

EVE = "https://example.org/people/eve"
Read = Callable[[str], Any]

READS: dict[str, Read] = {
    "get": lambda target: selectors.get_document(ontology=NAME, target=target),
    "get deleted": lambda target: selectors.get_document(
        ontology=NAME, target=target, include_deleted=True
    ),
    "blame": lambda target: selectors.blame(ontology=NAME, target=target),
    "history": lambda target: selectors.history(ontology=NAME, target=target),
    "compare": lambda target: selectors.compare_document(
        ontology=NAME, target=target, from_ref="start", to_ref=""
    ),
    "describe": lambda target: selectors.describe(ontology=NAME, target=target),
    "links": lambda target: selectors.linked_objects(ontology=NAME, target=target),
    "walk": lambda target: selectors.traverse(ontology=NAME, target=target),
}
#: These find what was deleted; a comparison does where it stood at one of its refs.
OF_DELETED = ("get deleted", "blame", "history", "compare")


@pytest.fixture
def rids(staff: None, commit: Commit) -> dict[str, str]:
    """Keys become secret after the tag ``start``: ``rid``s by key.

    ``dan`` is deleted since, ``eve`` has an IRI as well, and ``ann`` got older.
    """
    commit(
        thing("Person", code="dan", name="Dan"),
        thing("Person", code="eve", name="Eve", _iri=EVE),
    )
    services.create_tag(ontology=NAME, name="start")
    found = {
        target.partition("/")[2]: selectors.get_document(ontology=NAME, target=target).rid
        for target in ("Person/ann", "Person/dan", "Person/eve", "Company/acme", "Company/bolt")
    }
    party = selectors.get_document(ontology=NAME, target="ObjectType/Party").body
    properties = [
        {**item, "sensitivity": "secret"} if item["apiName"] == "code" else item
        for item in party["properties"]
    ]
    commit(
        Change(op="update", target="ObjectType/Party", fields={"properties": properties}),
        update("Person/ann", age=35),
        delete("Person/dan"),
    )
    return found


@pytest.fixture
def vera(person: MakePerson) -> Actor:
    """Somebody who may not see keys."""
    return actor_of(person("vera", Role.VIEWER))


@pytest.fixture
def adam(person: MakePerson) -> Actor:
    """Somebody who may."""
    return actor_of(person("adam", Role.ADMINISTRATOR))


def refusal(read: Read, target: str) -> tuple[str, str, dict[str, Any]]:
    """What is said when ``target`` is not found, without the target itself."""
    with pytest.raises(NotFound) as refused:
        read(target)
    error = refused.value
    data = {name: str(value).replace(target, "…") for name, value in error.data.items()}
    return error.error_code, error.message.replace(target, "…"), data


@pytest.mark.parametrize("name", READS)
def test_who_may_not_see_keys_cannot_try_which_there_are(
    name: str, rids: dict[str, str], vera: Actor
) -> None:
    read = READS[name]
    with acting_as(vera):
        answers = [
            refusal(read, target)
            for target in (
                "Person/nobody",
                "Person/ann",
                "Party/ann",
                "Person/dan",
                "Company/acme",
                # A key that only ends as a rid does is a guess like any other.
                f"Person/x/{rids['ann']}",
            )
        ]
    assert answers[0][0] == "document_not_found"
    assert answers == [answers[0]] * len(answers)


@pytest.mark.parametrize("name", READS)
def test_by_its_rid_or_its_iri_an_object_is_found_all_the_same(
    name: str, rids: dict[str, str], vera: Actor
) -> None:
    read = READS[name]
    with acting_as(vera):
        for target in (rids["ann"], f"Person/{rids['ann']}", f"Party/{rids['ann']}", EVE):
            read(target)
        if name in OF_DELETED:
            read(rids["dan"])


@pytest.mark.parametrize("name", READS)
def test_who_may_see_keys_names_objects_by_them(
    name: str, rids: dict[str, str], adam: Actor
) -> None:
    read = READS[name]
    with acting_as(adam):
        for target in ("Person/ann", "Party/ann", "Company/acme"):
            read(target)
        if name in OF_DELETED:
            read("Person/dan")
        assert refusal(read, "Person/nobody")[0] == "document_not_found"


def test_ends_of_links_are_named_as_the_reader_may_see_them(
    rids: dict[str, str], commit: Commit, vera: Actor, adam: Actor
) -> None:
    made = commit(link("owns", "Company/acme", "Company/bolt"))
    owns = made.documents[0].rid
    ends = ("acme", "bolt")

    def named() -> list[dict[str, str]]:
        """The names that each read gives to the ends."""
        _, shown = selectors.show_commit(ontology=NAME, commit="")
        reads = [
            selectors.blame(ontology=NAME, target=owns).names,
            selectors.diff(ontology=NAME, from_ref="start", to_ref="").names,
            shown.names,
            selectors.compare_document(
                ontology=NAME, target=owns, from_ref="start", to_ref=""
            ).names,
            selectors.names_of(ontology=NAME, rids=[rids[end] for end in ends]),
        ]
        return [{end: names[rids[end]] for end in ends} for names in reads]

    with acting_as(vera):
        assert named() == [{end: f"Company/{rids[end]}" for end in ends}] * 5
        told = repr(selectors.blame(ontology=NAME, target=owns))
        rendered = selectors.get_document(ontology=NAME, target=owns, references="name").json
        for text in (told, rendered):
            assert rids["acme"] in text
            assert "Company/acme" not in text
    with acting_as(adam):
        assert named() == [{end: f"Company/{end}" for end in ends}] * 5
        assert "Company/acme" in repr(selectors.blame(ontology=NAME, target=owns))
        rendered = selectors.get_document(ontology=NAME, target=owns, references="name").json
        assert "Company/acme" in rendered


def test_differences_name_an_object_by_its_rid(
    rids: dict[str, str], commit: Commit, vera: Actor, adam: Actor
) -> None:
    before = selectors.resolve_ref(ontology=NAME).id
    commit(update("Person/ann", code="anna"))
    with acting_as(vera):
        diff = selectors.diff(ontology=NAME, from_ref=before, to_ref="")
        told = [
            repr(diff),
            repr(selectors.history(ontology=NAME, target=rids["ann"])),
            repr(selectors.blame(ontology=NAME, target=rids["ann"])),
        ]
        assert [(item.id, item.previous_id) for item in diff.changes] == [
            (f"Person/{rids['ann']}", None)
        ]
        assert not [text for text in told if "Person/ann" in text or "anna" in text]
    with acting_as(adam):
        diff = selectors.diff(ontology=NAME, from_ref=before, to_ref="")
        assert [(item.id, item.previous_id) for item in diff.changes] == [
            ("Person/anna", "Person/ann")
        ]
