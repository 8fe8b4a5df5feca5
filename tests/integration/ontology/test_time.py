"""Reads of the past, blame, and one document at two refs."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms_project.core.clock import frozen_at
from oms_project.core.errors import BadRequest, NotFound
from ontology import selectors, services
from ontology.contract import Change, Resolution
from tests.integration.ontology.conftest import NAME, Ontology, prop

NOON = dt.datetime(2030, 7, 5, 12, tzinfo=dt.UTC)


def hours(count: float) -> dt.datetime:
    return NOON + dt.timedelta(hours=count)


# --- as_of ----------------------------------------------------------------------------------------
@pytest.fixture
def past(world: Ontology) -> Ontology:
    """``Person`` with one label at noon, another at two."""
    with frozen_at(NOON):
        world.create("ObjectType", "Person", displayName={"en": "Person"})
    with frozen_at(hours(2)):
        world.update("ObjectType/Person", displayName={"en": "Human"})
    return world


@pytest.mark.parametrize(
    ("as_of", "label"),
    [
        ("2030-07-05T12:00:00Z", "Person"),
        ("2030-07-05T22:59:59+09:00", "Person"),
        ("2030-07-05T23:00:00+09:00", "Human"),
        ("2030-07-05", "Human"),
    ],
)
def test_a_branch_is_read_as_it_was(past: Ontology, as_of: str, label: str) -> None:
    for branch in ("", "main"):
        ref = selectors.ref_at(ontology=NAME, ref=branch, as_of=as_of)
        assert past.body("ObjectType/Person", ref)["displayName"] == {"en": label}


def test_without_a_time_a_ref_is_what_it_was(past: Ontology) -> None:
    assert selectors.ref_at(ontology=NAME, ref="whatever") == "whatever"


def test_before_the_first_commit_there_is_nothing(past: Ontology) -> None:
    ref = selectors.ref_at(ontology=NAME, as_of="2001-01-01")
    with pytest.raises(NotFound, match="before the first commit"):
        selectors.resolve_ref(ontology=NAME, ref=ref)


def test_only_a_branch_has_times(past: Ontology) -> None:
    services.create_tag(ontology=NAME, name="v1", ref="main", message="")
    for ref in ("v1", past.head(), past.head()[:9]):
        with pytest.raises(BadRequest, match="is no branch: a tag or a commit is the same") as told:
            selectors.ref_at(ontology=NAME, ref=ref, as_of="2030-07-05")
        assert told.value.error_code == "bad_as_of"
    with pytest.raises(BadRequest, match="says a time already"):
        selectors.ref_at(ontology=NAME, ref="main@2030-07-05T12:00Z", as_of="2030-07-05")
    with pytest.raises(NotFound, match="'nowhere'"):
        selectors.ref_at(ontology=NAME, ref="nowhere", as_of="2030-07-05")


def test_a_time_that_cannot_be_read_is_refused(past: Ontology) -> None:
    for text in ("noon", "2030-07-05T12:00:00"):
        with pytest.raises(BadRequest) as told:
            selectors.ref_at(ontology=NAME, as_of=text)
        assert told.value.error_code == "bad_as_of"


# --- blame ----------------------------------------------------------------------------------------
def blamed(target: str = "ObjectType/Person", ref: str = "") -> dict[str, str]:
    """Label -> message of the commit that is blamed."""
    found = selectors.blame(ontology=NAME, target=target, ref=ref)
    messages = {commit.id: commit.message for commit in found.commits}
    assert {entry.commit for entry in found.entries} == messages.keys()
    return {entry.label: messages[entry.commit] for entry in found.entries}


def change(world: Ontology, message: str, *, branch: str = "", **fields: object) -> None:
    world.commit(
        Change("update", target="ObjectType/Person", fields=fields), branch=branch, message=message
    )


@pytest.fixture
def person(world: Ontology) -> Ontology:
    made = Change(
        "create",
        kind="ObjectType",
        fields={
            "apiName": "Person",
            "displayName": {"en": "Person"},
            "properties": [prop("number", "string"), prop("name", "string")],
        },
    )
    world.commit(made, message="create")
    return world


def test_each_value_is_blamed_on_the_commit_that_gave_it(person: Ontology) -> None:
    change(person, "korean", displayName={"ko": "사람"})
    change(person, "tags", tags=["a"])
    properties = person.body("ObjectType/Person")["properties"]
    for item in properties:
        if item["apiName"] == "name":
            item["required"] = True
    change(person, "required", properties=properties)
    change(person, "more tags", tags=["a", "b"])
    found = blamed()
    assert found["/apiName"] == found["/displayName/en"] == "create"
    assert found["/displayName/ko"] == "korean"
    assert found["/tags/a"] == "tags"
    assert found["/tags/b"] == "more tags"
    assert found["/properties/name/required"] == "required"
    assert found["/properties/name/dataTypes/string"] == "create"


def test_a_value_that_went_and_came_back_is_the_later_ones(person: Ontology) -> None:
    change(person, "away", displayName={"en": "Human"})
    change(person, "back", displayName={"en": "Person"})
    assert blamed()["/displayName/en"] == "back"


def test_a_past_ref_blames_the_past(person: Ontology) -> None:
    before = person.head()
    change(person, "later", displayName={"en": "Human"})
    assert blamed(ref=before)["/displayName/en"] == "create"
    assert blamed()["/displayName/en"] == "later"


def test_a_restored_document_keeps_who_wrote_it(person: Ontology) -> None:
    change(person, "korean", displayName={"ko": "사람"})
    rid = selectors.get_document(ontology=NAME, target="ObjectType/Person").rid
    person.commit(Change("delete", target="ObjectType/Person"), message="delete")
    assert blamed(rid)["/displayName/ko"] == "korean"
    person.commit(Change("restore", target=rid), message="restore")
    assert blamed()["/displayName/ko"] == "korean"
    assert blamed()["/apiName"] == "create"


def test_what_a_merge_brought_in_is_the_merged_sides(person: Ontology) -> None:
    person.branch("work")
    change(person, "theirs", branch="work", displayName={"ko": "사람"})
    change(person, "ours", tags=["x"])
    result = person.merge("work", message="merge")
    assert result.status == "merged"
    change(person, "after", status="experimental")
    found = blamed()
    assert found["/displayName/ko"] == "theirs"
    assert found["/tags/x"] == "ours"
    assert found["/status"] == "after"
    assert found["/displayName/en"] == "create"
    assert blamed(ref="work").get("/tags/x") is None


def test_merges_of_merges_are_followed(person: Ontology) -> None:
    person.branch("one")
    person.branch("two", "one")
    change(person, "deep", branch="two", displayName={"ko": "사람"})
    change(person, "middle", branch="one", tags=["x"])
    assert person.merge("two", into="one", message="inner").status == "merged"
    change(person, "ours", status="experimental")
    assert person.merge("one", message="outer").status == "merged"
    found = blamed()
    assert found["/displayName/ko"] == "deep"
    assert found["/tags/x"] == "middle"
    assert found["/status"] == "ours"


def test_a_document_that_a_merge_brought_is_the_merged_sides(person: Ontology) -> None:
    person.branch("work")
    person.commit(
        Change("create", kind="ObjectType", fields={"apiName": "Ship"}),
        branch="work",
        message="ship",
    )
    change(person, "ours", tags=["x"])
    person.merge("work", message="merge")
    assert blamed("ObjectType/Ship") == {"/apiName": "ship"}


def test_when_both_sides_have_a_value_the_first_parent_answers(person: Ontology) -> None:
    person.branch("work")
    change(person, "theirs", branch="work", displayName={"ko": "사람"})
    change(person, "ours", displayName={"ko": "사람"})
    change(person, "more", branch="work", tags=["x"])
    assert person.merge("work", message="merge").status == "merged"
    found = blamed()
    assert found["/displayName/ko"] == "ours"
    assert found["/tags/x"] == "more"


def test_a_conflict_settled_with_a_third_value_is_the_merges(person: Ontology) -> None:
    person.branch("work")
    change(person, "theirs", branch="work", displayName={"en": "Theirs", "ko": "그들"})
    change(person, "ours", displayName={"en": "Ours", "ko": "우리"})
    result = person.merge(
        "work",
        message="merge",
        resolutions=(
            Resolution("value", "ObjectType/Person", "/displayName/en", "Both"),
            Resolution("theirs", "ObjectType/Person", "/displayName/ko"),
        ),
    )
    assert result.status == "merged"
    found = blamed()
    assert found["/displayName/en"] == "merge"
    assert found["/displayName/ko"] == "theirs"


def test_long_histories_are_followed_page_by_page(person: Ontology) -> None:
    for number in range(60):
        change(person, f"change {number}", tags=[f"t{number}"])
    found = blamed()
    assert found["/tags/t59"] == "change 59"
    assert found["/apiName"] == "create"


def test_the_cost_follows_the_documents_own_revisions(person: Ontology) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            selectors.blame(ontology=NAME, target="ObjectType/Person")
        return len(counted)

    change(person, "label", displayName={"ko": "사람"})
    before = queries()
    for number in range(30):
        person.create("ObjectType", f"Other{number}")
    assert queries() == before


def test_there_is_nobody_to_blame_for_nothing(person: Ontology) -> None:
    with pytest.raises(NotFound):
        selectors.blame(ontology=NAME, target="ObjectType/Nobody")


# --- one document at two refs ---------------------------------------------------------------------
def test_a_document_is_compared_with_itself(person: Ontology) -> None:
    before = person.head()
    change(person, "change", displayName={"en": "Human"})
    found = selectors.compare_document(
        ontology=NAME, target="ObjectType/Person", from_ref=before, to_ref="main"
    )
    assert found.diff is not None
    assert found.diff.operation == "update"
    (field,) = found.diff.fields
    assert (field.path, field.before, field.after) == ("/displayName/en", "Person", "Human")
    assert found.before is not None
    assert found.after is not None
    assert found.before.body["displayName"] == {"en": "Person"}
    assert found.after.body["displayName"] == {"en": "Human"}
    assert (found.from_commit, found.to_commit) == (before, person.head())


def test_what_is_the_same_has_no_difference(person: Ontology) -> None:
    before = person.head()
    person.create("ObjectType", "Ship")
    found = selectors.compare_document(
        ontology=NAME, target="ObjectType/Person", from_ref=before, to_ref="main"
    )
    assert found.diff is None
    assert found.before == found.after


def test_a_document_is_named_as_it_is_called_last(person: Ontology) -> None:
    before = person.head()
    person.commit(Change("rename", target="ObjectType/Person", api_name="Human"))
    renamed = selectors.compare_document(
        ontology=NAME, target="ObjectType/Human", from_ref=before, to_ref=""
    )
    assert renamed.diff is not None
    assert renamed.diff.operation == "rename"
    assert (renamed.diff.previous_id, renamed.diff.id) == ("ObjectType/Person", "ObjectType/Human")


def test_a_document_that_is_at_one_ref_only_came_or_went(person: Ontology) -> None:
    before = person.head()
    person.create("ObjectType", "Ship")
    for start, end, operation in ((before, "main", "create"), ("main", before, "delete")):
        found = selectors.compare_document(
            ontology=NAME, target="ObjectType/Ship", from_ref=start, to_ref=end
        )
        assert found.diff is not None
        assert found.diff.operation == operation
        assert (found.before is None) == (operation == "create")
        assert (found.after is None) == (operation == "delete")


def test_a_document_that_is_at_no_ref_is_not_found(person: Ontology) -> None:
    rid = person.create("ObjectType", "Ship")
    person.commit(Change("delete", target=rid))
    for target in ("ObjectType/Nobody", rid):
        with pytest.raises(NotFound):
            selectors.compare_document(ontology=NAME, target=target, from_ref="main", to_ref="")
