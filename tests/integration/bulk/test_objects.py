"""Rows of a file become objects: created, changed, refused, each with its row and column."""

from __future__ import annotations

from typing import Any

import pytest

from oms_project.core.errors import Conflict, Invalid, NotFound
from ontology import selectors, services
from ontology.contract import Change
from ontology.services.bulk import RejectedRow
from tests.integration.bulk.conftest import NAME, Bulk

pytestmark = [pytest.mark.data, pytest.mark.django_db]

PEOPLE = "id,name,born,email,tags\n1,Ana,1990-01-31,ana@e.org,a|b\n2,Ben,,,\n"


def refused(caught: pytest.ExceptionInfo[Invalid]) -> list[tuple[Any, ...]]:
    return [
        (error["row"], error["column"], error["rule"], error["message"])
        for error in caught.value.errors
    ]


def test_rows_become_objects_in_one_commit(bulk: Bulk) -> None:
    head = bulk.head()
    result = bulk.load("Person", PEOPLE)
    assert (result.rows, result.created, result.updated, result.unchanged) == (2, 2, 0, 0)
    assert result.commit is not None
    assert result.commit.parents == (head,)
    assert result.commit.message == "Load rows.csv"
    assert result.head == bulk.head() == result.commit.id
    assert (result.file.format, result.file.encoding, result.commits) == ("csv", "utf-8", 1)
    assert bulk.rows("Person") == [
        {
            "@id": "Person/1",
            "active": True,
            "born": "1990-01-31",
            "email": "ana@e.org",
            "id": 1,
            "name": "Ana",
            "tags": ["a", "b"],
        },
        {"@id": "Person/2", "active": True, "id": 2, "name": "Ben"},
    ]
    bulk.verify()


def test_an_object_that_was_loaded_is_the_one_that_a_change_set_makes(bulk: Bulk) -> None:
    fields = {"id": 1, "name": "Ana", "born": "1990-01-31", "email": "ana@e.org", "tags": ["a"]}
    bulk.load("Person", "id,name,born,email,tags\n1,Ana,1990-01-31,ana@e.org,a\n")
    loaded = selectors.get_document(ontology=NAME, target="Person/1")
    services.create_branch(
        ontology=NAME, name="other", from_ref=selectors.log(ontology=NAME).items[1].id
    )
    services.commit_changes(
        ontology=NAME,
        branch="other",
        changes=[Change("create", kind="Object", type="Person", fields=fields)],
        message="Ana",
    )
    made = selectors.get_document(ontology=NAME, target="Person/1", ref="other")
    assert (made.rid, made.etag, made.body) == (loaded.rid, loaded.etag, loaded.body)
    assert selectors.search_objects(ontology=NAME, text="ana").items[0].document.id == "Person/1"
    page = selectors.list_objects(ontology=NAME, type="Person", sort=())
    assert [item.id for item in page.items] == ["Person/1"]


def test_the_same_file_again_changes_nothing(bulk: Bulk) -> None:
    bulk.load("Person", PEOPLE)
    head = bulk.head()
    again = bulk.load("Person", PEOPLE)
    assert (again.created, again.updated, again.unchanged, again.commit) == (0, 0, 2, None)
    assert bulk.head() == head


def test_upsert_sets_what_has_a_column_and_leaves_the_rest(bulk: Bulk) -> None:
    bulk.load("Person", PEOPLE)
    result = bulk.load("Person", "id,born,email\n1,,new@e.org\n3,,\n", on_error="skip")
    assert (result.created, result.updated, result.rejected) == (0, 1, 1)
    assert [error["message"] for error in result.errors[0].errors] == ["Person needs a 'name'."]
    assert bulk.rows("Person")[0] == {
        "@id": "Person/1",
        "active": True,
        "email": "new@e.org",
        "id": 1,
        "name": "Ana",
        "tags": ["a", "b"],
    }
    found = selectors.list_objects(ontology=NAME, type="Person", where=None)
    assert len(found.items) == 2
    bulk.verify()


def test_json_lines_change_only_what_a_line_mentions(bulk: Bulk) -> None:
    bulk.load("Person", PEOPLE)
    lines = bulk.file("more.jsonl", '{"id":1,"born":null}\n{"id":2,"email":"ben@e.org"}\n')
    assert bulk.load("Person", lines).updated == 2
    first, second = bulk.rows("Person")
    assert "born" not in first
    assert first["email"] == "ana@e.org"
    assert second["email"] == "ben@e.org"


def test_insert_refuses_what_is_there(bulk: Bulk) -> None:
    bulk.load("Person", PEOPLE)
    with pytest.raises(Invalid) as caught:
        bulk.load("Person", "id,name\n2,Bea\n3,Cem\n", mode="insert")
    assert refused(caught) == [(1, "id", "already-exists", "Person/2 exists already.")]
    assert bulk.count("Person") == 2


def test_every_wrong_row_is_told_and_nothing_is_written(bulk: Bulk) -> None:
    head = bulk.head()
    rows: list[RejectedRow] = []
    with pytest.raises(Invalid) as caught:
        bulk.load(
            "Person",
            "id,name,born,active,email\n"
            "1,Ana,31.01.1990,maybe,\n"
            "2,,2000-01-01,true,b@e.org\n"
            "3,Cem,2000-01-01,true,\n"
            "short\n"
            "3,Dan,2000-01-01,true,\n"
            ",Eve,,,\n"
            "x,Fay,,,\n"
            "7,Gus,,,b@e.org\n"
            "8,Hal,,,h@e.org\n"
            "9,Ida,,,h@e.org\n",
            on_rejected=rows.append,
        )
    assert caught.value.error_code == "rejected_rows"
    assert refused(caught) == [
        (1, "born", "data-type", "'31.01.1990' is not a date such as 2026-07-05."),
        (1, "active", "data-type", "'maybe' is not true or false."),
        (2, "name", "required", "Person needs a 'name'."),
        (4, "", "columns", "The row has 1 cells instead of 5."),
        (5, "id", "duplicate-row", "Row 3 of the file has the same primary key (Person/3)."),
        (6, "id", "primary-key", "The primary key needs a value."),
        (7, "id", "data-type", "'x' is not a whole number."),
        (10, "email", "unique", "Row 9 of the file has the same email, which must be unique."),
    ]
    assert caught.value.message.startswith("rows.csv, row 1, column born: '31.01.1990' is not")
    assert caught.value.message.endswith("(7 more)")
    assert [row.row for row in rows] == [1, 2, 4, 5, 6, 7, 10]
    assert rows[0].values == {"id": 1, "name": "Ana", "born": "31.01.1990", "active": "maybe"}
    assert rows[2].values == "short"
    assert bulk.head() == head
    assert bulk.count("Person") == 0
    bulk.verify()


def test_skip_commits_the_rest(bulk: Bulk) -> None:
    result = bulk.load("Person", "id,name\n1,Ana\nx,Ben\n3,Cem\n3,Dan\n", on_error="skip")
    assert (result.rows, result.created, result.rejected) == (4, 2, 2)
    assert [row.row for row in result.errors] == [2, 4]
    assert [row["name"] for row in bulk.rows("Person")] == ["Ana", "Cem"]
    bulk.verify()


def test_unique_values_are_looked_up_among_what_is_there(bulk: Bulk) -> None:
    bulk.load("Person", PEOPLE)
    with pytest.raises(Invalid) as caught:
        bulk.load("Person", "id,name,email\n1,Ana,ana@e.org\n5,Eve,ana@e.org\n")
    assert [(row, rule) for row, _, rule, _ in refused(caught)] == [(2, "unique")]
    with pytest.raises(Invalid) as caught:
        bulk.load("Person", "id,name,email\n5,Eve,ana@e.org\n")
    assert refused(caught)[0][3] == "Person/1 has the same email, which must be unique."


def test_a_key_belongs_to_one_object_of_a_type_and_its_subtypes(bulk: Bulk) -> None:
    bulk.create("ObjectType", "Pilot", parents=["Person"])
    bulk.load("Pilot", "id,name\n1,Ana\n")
    with pytest.raises(Invalid) as caught:
        bulk.load("Person", "id,name\n1,Ann\n")
    assert refused(caught) == [
        (
            1,
            "id",
            "primary-key",
            "An object of another type has the same primary key: Pilot/1.",
        )
    ]


def test_a_deleted_object_comes_back_as_itself(bulk: Bulk) -> None:
    bulk.load("Person", PEOPLE)
    rid = selectors.get_document(ontology=NAME, target="Person/1").rid
    services.commit_changes(
        ontology=NAME, changes=[Change("delete", target="Person/1")], message="Away"
    )
    result = bulk.load("Person", PEOPLE)
    assert (result.created, result.unchanged) == (1, 1)
    assert selectors.get_document(ontology=NAME, target="Person/1").rid == rid
    bulk.verify()


def test_a_key_of_several_parts(bulk: Bulk) -> None:
    bulk.load("Company", "code,country,founded\nacme,KR,1999\nac me/1,US,2000\n")
    assert [row["@id"] for row in bulk.rows("Company")] == [
        "Company/ac%20me%2F1+US",
        "Company/acme+KR",
    ]
    again = bulk.load("Company", "code,country,founded\nacme,KR,2001\nac me/1,US,2000\n")
    assert (again.updated, again.unchanged) == (1, 1)


def test_a_type_without_a_key_gets_new_objects(bulk: Bulk) -> None:
    bulk.create("ObjectType", "Note", properties=[{"apiName": "text", "dataTypes": ["string"]}])
    bulk.load("Note", "text\nsame\nsame\n")
    bulk.load("Note", "text\nsame\n")
    assert bulk.count("Note") == 3
    bulk.verify()


def test_constants_fill_what_the_file_leaves_out(bulk: Bulk) -> None:
    mapping = {"columns": {"no": "id"}, "constants": {"name": "Nobody", "born": "2000-01-01"}}
    bulk.load("Person", "no,born\n1,\n2,1999-01-01\n", mapping=mapping)
    assert [(row["name"], row["born"]) for row in bulk.rows("Person")] == [
        ("Nobody", "2000-01-01"),
        ("Nobody", "1999-01-01"),
    ]


def test_values_are_checked_by_what_the_type_demands(bulk: Bulk) -> None:
    bulk.create("EnumType", "Size", members=[{"code": "S"}, {"code": "L"}])
    bulk.create("ValueType", "Percent", baseType="integer", constraints={"maximum": 100})
    bulk.create(
        "ObjectType",
        "Shirt",
        primaryKey=["id"],
        properties=[
            {"apiName": "id", "dataTypes": ["uuid"], "required": True},
            {"apiName": "size", "dataTypes": ["Size"]},
            {"apiName": "cotton", "dataTypes": ["Percent"]},
        ],
    )
    rid = "0C0F7DBB-6f7b-4c2e-9a54-1f3d1c8a7b11"
    with pytest.raises(Invalid) as caught:
        bulk.load("Shirt", f"id,size,cotton\n{rid},M,101\nx,S,1\n")
    assert [(row, column, rule) for row, column, rule, _ in refused(caught)] == [
        (1, "size", "enum"),
        (1, "cotton", "value-type"),
        (2, "id", "data-type"),
    ]
    bulk.load("Shirt", f"id,size,cotton\n{rid},L,100\n")
    assert bulk.rows("Shirt") == [
        {"@id": f"Shirt/{rid.lower()}", "id": rid.lower(), "size": "L", "cotton": 100}
    ]


def test_text_that_no_database_keeps_is_refused_with_its_row(bulk: Bulk) -> None:
    lines = bulk.file("a.jsonl", '{"id":1,"name":"a\\u0000b"}\n{"id":2,"name":"\\\\u0000"}\n')
    result = bulk.load("Person", lines, on_error="skip")
    assert [(row.row, row.errors[0]["rule"]) for row in result.errors] == [(1, "text")]
    assert bulk.rows("Person")[0]["name"] == "\\u0000"
    bulk.verify()


def test_a_dry_run_checks_everything_and_writes_nothing(bulk: Bulk) -> None:
    head = bulk.head()
    result = bulk.load("Person", PEOPLE, dry_run=True)
    assert (result.created, result.commit, result.dry_run, result.head) == (2, None, True, head)
    assert bulk.count("Person") == 0
    with pytest.raises(Invalid):
        bulk.load("Person", "id,name\nx,y\n", dry_run=True)


def test_what_cannot_be_loaded_into(bulk: Bulk) -> None:
    bulk.create("ObjectType", "Thing", isAbstract=True)
    with pytest.raises(NotFound) as missing:
        bulk.load("Nothing", PEOPLE)
    assert missing.value.error_code == "type_not_found"
    with pytest.raises(Invalid) as abstract:
        bulk.load("Thing", PEOPLE)
    assert abstract.value.error_code == "abstract_type"
    bulk.create("ObjectType", "Badge", properties=[{"apiName": "no", "dataTypes": ["string"]}])
    bulk.create(
        "LinkType",
        "ownedBy",
        sources=["Badge"],
        targets=["Person"],
        targetCardinality={"min": 1},
    )
    with pytest.raises(Invalid) as linked:
        bulk.load("Badge", "no\n1\n")
    assert linked.value.error_code == "links_required"


def test_a_head_that_has_moved_is_refused(bulk: Bulk) -> None:
    head = bulk.head()
    bulk.load("Person", PEOPLE)
    with pytest.raises(Conflict) as caught:
        bulk.load("Person", "id,name\n5,Eve\n", expected_head=head)
    assert caught.value.error_code == "stale_head"


def test_a_branch_of_its_own(bulk: Bulk) -> None:
    services.create_branch(ontology=NAME, name="draft", from_ref="main")
    bulk.load("Person", PEOPLE, branch="draft")
    assert (bulk.count("Person"), bulk.count("Person", "draft")) == (0, 2)
    merged = services.merge(ontology=NAME, source="draft", into="main")
    assert merged.status == "fast_forward"
    assert bulk.count("Person") == 2


def test_an_earlier_name_of_a_type_does(bulk: Bulk) -> None:
    services.commit_changes(
        ontology=NAME,
        changes=[Change("rename", target="ObjectType/Person", api_name="Human")],
        message="Rename",
    )
    assert bulk.load("Person", PEOPLE).type == "Human"
    assert bulk.load("ObjectType/Human", PEOPLE).unchanged == 2


def test_progress_ends_at_the_end_and_may_cancel(bulk: Bulk) -> None:
    told: list[tuple[str, int, int | None]] = []
    bulk.load("Person", PEOPLE, on_progress=lambda *step: told.append(step))
    size = len(PEOPLE)
    assert told[-1] == ("Loading", size, size)

    def cancel(phase: str, done: int, total: int | None) -> None:
        raise Conflict("Stop", code="cancelled")

    head = bulk.head()
    with pytest.raises(Conflict, match="Stop"):
        bulk.load("Person", "id,name\n9,Zoe\n", on_progress=cancel)
    assert bulk.head() == head
