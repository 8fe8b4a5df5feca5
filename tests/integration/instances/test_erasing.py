"""Objects and links in time, and values of theirs that were erased."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.context import acting_as
from oms_project.core.errors import Invalid
from oms_project.identity.contract import Role, actor_of
from ontology import selectors, services
from ontology.contract import Change, DocumentView
from ontology.domain.query import parse_condition, parse_sort
from tests.conftest import MakePerson
from tests.integration.instances.conftest import NAME, Commit, delete, link, thing, update
from tests.integration.ontology.test_redaction_remains import tables_with

ANN = "Person/ann"
EMAIL = "ann@example.org"


def body(target: str = ANN, ref: str = "") -> dict[str, Any]:
    found = selectors.get_document(ontology=NAME, target=target, ref=ref).body
    return {name: value for name, value in found.items() if name not in ("_type", "_key")}


def rid_of(target: str = ANN) -> str:
    return selectors.get_document(ontology=NAME, target=target, include_deleted=True).rid


def erase(*fields: str, target: str = ANN, **options: Any) -> Any:
    return services.redact(
        ontology=NAME, target=target, fields=fields, reason="Request 7", **options
    )


def found(condition: str, ref: str = "") -> list[str]:
    page = selectors.list_objects(
        ontology=NAME, type="Person", ref=ref, where=parse_condition(condition)
    )
    return [view.id for view in page.items]


def links_of(target: str, link: str = "") -> list[DocumentView]:
    page = selectors.linked_objects(ontology=NAME, target=target, link=link, direction="outgoing")
    return [item.link for item in page.items]


def sound() -> bool:
    return selectors.verify(ontology=NAME).problems == ()


# --- time -----------------------------------------------------------------------------------------
def blamed(target: str = ANN) -> dict[str, str]:
    blame = selectors.blame(ontology=NAME, target=target)
    messages = {commit.id: commit.message for commit in blame.commits}
    return {entry.label: messages[entry.commit] for entry in blame.entries}


def test_values_of_an_object_and_a_link_have_their_commits(staff: None) -> None:
    services.commit_changes(
        ontology=NAME, changes=[update(ANN, age=35, nicknames=["annie"])], message="Birthday"
    )
    found = blamed()
    assert found["/age"] == found["/nicknames"] == "Birthday"
    assert found["/name"] == found["/home"] == "Change"
    view = selectors.blame(ontology=NAME, target=ANN).document
    assert view.id == ANN
    (work,) = links_of(ANN, "worksFor")
    assert blamed(work.id)["/_source"] == "Change"


def test_an_object_is_compared_at_two_refs(staff: None, commit: Commit) -> None:
    before = selectors.resolve_ref(ontology=NAME).id
    commit(update(ANN, age=35))
    compared = selectors.compare_document(ontology=NAME, target=ANN, from_ref=before, to_ref="")
    assert compared.diff is not None
    assert compared.diff.id == ANN
    assert [(one.path, one.before, one.after) for one in compared.diff.fields] == [("/age", 34, 35)]
    assert compared.after is not None
    assert compared.after.id == ANN
    # A key that is no more is found at the other ref.
    commit(update(ANN, code="anna"))
    renamed = selectors.compare_document(ontology=NAME, target=ANN, from_ref=before, to_ref="")
    assert renamed.diff is not None
    assert (renamed.diff.previous_id, renamed.diff.id) == (ANN, "Person/anna")


def test_masked_values_are_not_blamed_and_not_compared(
    staff: None, commit: Commit, person: MakePerson
) -> None:
    properties = [
        {**item, "sensitivity": "secret"} if item["apiName"] == "salary" else item
        for item in selectors.get_document(ontology=NAME, target="ObjectType/Person").body[
            "properties"
        ]
    ]
    before = selectors.resolve_ref(ontology=NAME).id
    commit(
        Change(op="update", target="ObjectType/Person", fields={"properties": properties}),
        update(ANN, salary="9999.99", age=35),
    )
    with acting_as(actor_of(person("vera", Role.VIEWER))):
        seen = selectors.blame(ontology=NAME, target=ANN)
        assert "/salary" not in {entry.path for entry in seen.entries}
        assert seen.document.body["_masked"] == ["salary"]
        assert "9999" not in str(seen)
        compared = selectors.compare_document(ontology=NAME, target=ANN, from_ref=before, to_ref="")
        assert compared.diff is not None
        assert [field.path for field in compared.diff.fields] == ["/age"]
        assert "9999" not in str(compared)
        assert "5200" not in str(compared)
    assert "/salary" in {entry.path for entry in selectors.blame(ontology=NAME, target=ANN).entries}


# --- erasure --------------------------------------------------------------------------------------
def test_an_object_without_values_goes_on_under_its_rid(staff: None, commit: Commit) -> None:
    rid = rid_of()
    services.create_branch(ontology=NAME, name="work")
    commit(update(ANN, age=35), branch="work")
    result = erase()
    assert result.document == f"Person/{rid}"
    for ref in ("main", "work"):
        view = selectors.get_document(ontology=NAME, target=rid, ref=ref)
        assert view.body.keys() == {"_type", "_redacted"}
        assert set(view.body["_redacted"]) >= {"code", "name", "age", "email"}
    assert sound()
    # Its links stand, and it can be filled again.
    (work,) = links_of(f"Person/{rid}", "worksFor")
    assert f"Person/{rid}" in work.json
    commit(update(f"Person/{rid}", age=40))
    assert body(f"Person/{rid}")["age"] == 40
    commit(update(f"Person/{rid}", code="ann2", name="Ann the second"))
    again = body("Person/ann2")
    assert again["name"] == "Ann the second"
    assert not {"code", "name", "age"} & set(again["_redacted"])
    assert sound()


def test_an_object_is_not_found_by_what_was_erased(staff: None, commit: Commit) -> None:
    services.create_tag(ontology=NAME, name="v1", ref="main", message="")
    commit(update(ANN, age=35, name="Ann Kim"))
    assert found("age:eq:35") == found("age:eq:34", "v1") == [ANN]
    erase("age", "email", "name")
    for ref in ("main", "v1"):
        for condition in ("age:eq:35", "age:eq:34", f"email:eq:{EMAIL}"):
            assert found(condition, ref) == [], (ref, condition)
        assert ANN in found("age:isNull:true", ref)
        hits = selectors.search_objects(ontology=NAME, text="kim", ref=ref).items
        assert hits == ()
    assert selectors.search_objects(ontology=NAME, text="ann", type="Person").items == ()
    page = selectors.list_objects(ontology=NAME, type="Person", sort=parse_sort(["age"]))
    assert ANN in [view.id for view in page.items]
    assert sound()


def test_an_erased_unique_value_is_free_again(staff: None, commit: Commit) -> None:
    with pytest.raises(Invalid):
        commit(thing("Person", code="cid", name="Cid", email=EMAIL))
    erase("email")
    commit(thing("Person", code="cid", name="Cid", email=EMAIL))
    assert found(f"email:eq:{EMAIL}") == ["Person/cid"]
    assert sound()


def test_a_required_value_is_excused_until_there_is_a_new_one(staff: None, commit: Commit) -> None:
    rid = rid_of()
    erase("code")
    commit(update(rid, age=36))
    assert body(rid)["age"] == 36
    commit(update(rid, code="ann3"))
    assert "_redacted" not in body("Person/ann3")
    with pytest.raises(Invalid):  # it is required again
        commit(update("Person/ann3", code=None))
    assert sound()


def test_values_under_an_earlier_name_go_too(staff: None, commit: Commit) -> None:
    commit(update(ANN, email="ann@two.org"))
    kind = selectors.get_document(ontology=NAME, target="ObjectType/Person").body
    properties = [
        {**item, "apiName": "mail"} if item["apiName"] == "email" else item
        for item in kind["properties"]
    ]
    rename = Change(op="update", target="ObjectType/Person", fields={"properties": properties})
    commit(rename)
    assert body()["mail"] == "ann@two.org"
    result = erase("mail")
    assert result.redaction.fields == ("email", "mail")
    history = selectors.history(ontology=NAME, target=ANN).items
    assert not any({"email", "mail"} & entry.document.body.keys() for entry in history)
    assert sound()


def test_a_property_is_renamed_after_its_value_was_erased(staff: None, commit: Commit) -> None:
    erase("name", target="Company/acme")
    kind = selectors.get_document(ontology=NAME, target="ObjectType/Party").body
    properties = [
        {**item, "apiName": "label"} if item["apiName"] == "name" else item
        for item in kind["properties"]
    ]
    commit(
        Change(
            op="update",
            target="ObjectType/Party",
            fields={"properties": properties, "titleProperty": "label"},
        ),
        Change(
            op="update",
            target="ObjectType/Company",
            fields={"uniqueConstraints": [{"name": "named", "properties": ["label", "country"]}]},
        ),
    )
    assert body("Company/acme")["_redacted"] == ["label"]
    assert sound()


def test_nothing_brings_values_back(staff: None, commit: Commit) -> None:
    services.create_branch(ontology=NAME, name="work")
    commit(update(ANN, age=35), branch="work")
    changed = commit(update(ANN, email="ann@two.org")).head
    erase("email", "salary")
    services.revert(ontology=NAME, branch="main", commit=changed, message="Take it back")
    assert {"email", "salary"}.isdisjoint(body())
    assert services.merge(ontology=NAME, source="work", into="main").status == "merged"
    assert body()["age"] == 35
    assert {"email", "salary"}.isdisjoint(body())
    links = links_of(ANN)
    commit(*(delete(item.id) for item in links), delete(ANN))
    commit(Change(op="restore", target=ANN))
    assert {"email", "salary"}.isdisjoint(body())
    assert body()["_redacted"] == ["email", "salary"]
    # A whole document sent back, with what the system has added to it, says nothing of them.
    commit(Change(op="replace", target=ANN, fields=body()))
    assert body()["_redacted"] == ["email", "salary"]
    assert sound()


def test_values_of_a_link_are_erased(staff: None, commit: Commit) -> None:
    (work,) = links_of(ANN, "worksFor")
    commit(update(work.id, since="2024-02-29"))
    erase("since", target=work.id)
    left = selectors.get_document(ontology=NAME, target=work.id)
    assert "since" not in left.body
    assert left.body["_redacted"] == ["since"]
    assert left.body["_target"] == rid_of("Company/acme")
    assert sound()


def test_no_table_has_an_erased_value_any_more(staff: None, commit: Commit) -> None:
    secret = "zebra-crossing@example.org"
    commit(
        update(ANN, email=secret, name=f"Ann {secret}", nicknames=[secret], home={"city": secret})
    )
    services.create_branch(ontology=NAME, name="work")
    commit(update(ANN, age=36), branch="work")
    assert "ontology_valueentry" in tables_with(secret)
    assert "ontology_textentry" in tables_with("zebra")
    erase()
    assert tables_with(secret) == []
    assert tables_with("zebra") == []
    assert sound()


def test_a_link_to_an_object_without_a_key_can_be_made(staff: None, commit: Commit) -> None:
    rid = rid_of()
    erase()
    commit(link("insures", "Company/acme", f"Person/{rid}"))
    (made,) = links_of("Company/acme", "insures")
    assert made.body["_target"] == rid


@pytest.mark.parametrize("form", ["turtle", "jsonld", "trig"])
def test_an_export_goes_without_erased_values(staff: None, commit: Commit, form: str) -> None:
    def exported() -> str:
        return b"".join(selectors.export_rdf(ontology=NAME, format=form)).decode()

    before = exported()
    assert "Bolt GmbH" in before
    erase()
    left = exported()
    assert EMAIL not in left
    assert "Ann Lee" not in left
    assert "_redacted" not in left


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_table_goes_without_erased_values(staff: None, commit: Commit, form: str) -> None:
    def unloaded() -> str:
        return b"".join(
            selectors.unload_objects(ontology=NAME, type="Person", format=form)
        ).decode()

    assert EMAIL in unloaded()
    erase()
    left = unloaded()
    assert EMAIL not in left
    assert "Ann Lee" not in left


def test_an_export_that_comes_back_leaves_erased_names(staff: None, commit: Commit) -> None:
    erase("email", "salary")
    data = b"".join(selectors.export_rdf(ontology=NAME, format="turtle"))
    before = selectors.resolve_ref(ontology=NAME).id
    for mode in ("merge", "replace"):
        services.import_rdf(ontology=NAME, sources=[data], format="turtle", mode=mode)
        assert body()["_redacted"] == ["email", "salary"]
    compared = selectors.compare_document(ontology=NAME, target=ANN, from_ref=before, to_ref="")
    assert compared.diff is None
    assert sound()


def test_an_equal_value_of_another_property_is_still_found(staff: None, commit: Commit) -> None:
    commit(thing("Company", code="gb", name="GB", country="GB"))
    services.create_branch(ontology=NAME, name="work")
    commit(update("Company/gb", code="gb2"), branch="work")

    def companies(condition: str, ref: str) -> list[str]:
        page = selectors.list_objects(
            ontology=NAME, type="Company", ref=ref, where=parse_condition(condition)
        )
        return [view.id for view in page.items]

    erase("name", target="Company/gb")
    assert companies("country:eq:GB", "main") == ["Company/acme", "Company/gb"]
    assert companies("country:eq:GB", "work") == ["Company/acme", "Company/gb2"]
    # What was unique together with it may be given again.
    commit(thing("Company", code="new", name="GB", country="GB"))
    assert selectors.search_objects(ontology=NAME, text="gb", ref="work").items == ()
    assert sound()


def test_entries_made_under_an_earlier_type_are_taken_too(staff: None, commit: Commit) -> None:
    """The property was indexed and searchable once, and is not any more."""
    services.create_tag(ontology=NAME, name="v1", ref="main", message="")
    for kind, name, flag in (("Person", "age", "indexed"), ("Party", "name", "searchable")):
        target = f"ObjectType/{kind}"
        properties = [
            {key: value for key, value in item.items() if key != flag}
            if item["apiName"] == name
            else item
            for item in selectors.get_document(ontology=NAME, target=target).body["properties"]
        ]
        commit(Change(op="update", target=target, fields={"properties": properties}))
    assert found("age:eq:34", "v1") == [ANN]
    assert selectors.search_objects(ontology=NAME, text="ann lee", ref="v1").items
    erase()
    assert found("age:eq:34", "v1") == []
    assert selectors.search_objects(ontology=NAME, text="ann lee", ref="v1").items == ()
    assert tables_with("ann lee") == []
    assert sound()
