"""Rows of a file become links: ends found by key or name, bounds kept."""

from __future__ import annotations

import pytest

from oms_project.core.errors import Invalid
from ontology import selectors, services
from ontology.contract import Change
from tests.integration.bulk.conftest import NAME, Bulk

pytestmark = [pytest.mark.data, pytest.mark.django_db]

ENDS = {
    "source": {"columns": ["person"]},
    "target": {"columns": ["company", "country"]},
}


@pytest.fixture
def filled(bulk: Bulk) -> Bulk:
    bulk.load("Person", "id,name\n1,Ana\n2,Ben\n3,Cem\n")
    bulk.load("Company", "code,country\nacme,KR\nacme,US\n")
    return bulk


def pairs(bulk: Bulk) -> list[tuple[str, str, str | None]]:
    return sorted(
        (row["@source"], row["@target"], row.get("since")) for row in bulk.rows("worksFor")
    )


def test_ends_are_named_by_their_keys(filled: Bulk) -> None:
    text = "person,company,country,since\n1,acme,KR,2020-01-01\n2,acme,US,\n"
    result = filled.load("worksFor", text, mapping=ENDS)
    assert (result.kind, result.created) == ("Link", 2)
    assert pairs(filled) == [
        ("Person/1", "Company/acme+KR", "2020-01-01"),
        ("Person/2", "Company/acme+US", None),
    ]
    linked = selectors.linked_objects(ontology=NAME, target="Person/1")
    assert [item.object.id for item in linked.items] == ["Company/acme+KR"]
    again = filled.load("worksFor", text, mapping=ENDS)
    assert (again.unchanged, again.commit) == (2, None)
    filled.verify()


def test_ends_are_named_as_reads_show_them(filled: Bulk) -> None:
    rid = selectors.get_document(ontology=NAME, target="Person/2").rid
    text = f"@source,@target\nPerson/1,Company/acme+KR\n{rid},Company/acme+US\n"
    filled.load("worksFor", text)
    assert pairs(filled) == [
        ("Person/1", "Company/acme+KR", None),
        ("Person/2", "Company/acme+US", None),
    ]


def test_a_link_that_was_loaded_is_the_one_that_a_change_set_makes(filled: Bulk) -> None:
    services.commit_changes(
        ontology=NAME,
        changes=[
            Change(
                "create",
                kind="Link",
                type="worksFor",
                source="Person/1",
                target="Company/acme+KR",
                fields={"since": "2020-01-01"},
            )
        ],
        message="Link",
    )
    text = "source,target,since\n1,Company/acme+KR,2020-01-01\n"
    assert filled.load("worksFor", text).unchanged == 1
    changed = filled.load("worksFor", text.replace("2020", "2021"))
    assert (changed.created, changed.updated) == (0, 1)
    assert pairs(filled) == [("Person/1", "Company/acme+KR", "2021-01-01")]
    with pytest.raises(Invalid) as caught:
        filled.load("worksFor", text, mode="insert")
    assert caught.value.errors[0]["rule"] == "duplicate-link"


def test_ends_that_are_not_there_are_told(filled: Bulk) -> None:
    head = filled.head()
    with pytest.raises(Invalid) as caught:
        filled.load(
            "worksFor",
            "person,company,country\n1,acme,KR\n9,acme,KR\nx,acme,JP\n,acme,KR\n1,acme,KR\n",
            mapping=ENDS,
        )
    assert [(item["row"], item["column"], item["rule"]) for item in caught.value.errors] == [
        (2, "person", "unknown-reference"),
        (3, "person", "unknown-reference"),
        (3, "@target", "unknown-reference"),
        (4, "person", "unknown-reference"),
        (5, "", "duplicate-row"),
    ]
    assert caught.value.errors[0]["message"] == (
        "There is no object '9' for the source. Name it by its key, or as Type/key."
    )
    assert filled.head() == head


def test_an_end_of_another_type_is_refused(filled: Bulk) -> None:
    rid = selectors.get_document(ontology=NAME, target="Person/2").rid
    with pytest.raises(Invalid) as caught:
        filled.load("worksFor", f"source,target\n1,{rid}\n")
    assert [error["rule"] for error in caught.value.errors] == ["link-end"]


def test_no_more_links_than_may_be(filled: Bulk) -> None:
    filled.update("LinkType/worksFor", targetCardinality={"max": 1})
    filled.load("worksFor", "source,target\n1,Company/acme+KR\n")
    result = filled.load(
        "worksFor",
        "source,target\n1,Company/acme+US\n2,Company/acme+KR\n2,Company/acme+US\n",
        on_error="skip",
    )
    assert [(row.row, row.errors[0]["rule"]) for row in result.errors] == [
        (1, "cardinality"),
        (3, "cardinality"),
    ]
    assert [pair[:2] for pair in pairs(filled)] == [
        ("Person/1", "Company/acme+KR"),
        ("Person/2", "Company/acme+KR"),
    ]
    filled.verify()


def test_links_of_a_subtype_and_of_any_type(filled: Bulk) -> None:
    filled.create("ObjectType", "Pilot", parents=["Person"])
    filled.load("Pilot", "id,name\n7,Pia\n")
    filled.load("worksFor", "source,target\n7,Company/acme+KR\n")
    filled.create("LinkType", "knows")
    with pytest.raises(Invalid) as caught:
        filled.load("knows", "source,target\n1,2\n")
    assert caught.value.error_code == "bad_mapping"
    mapping = {
        "source": {"type": "Person", "columns": ["a"]},
        "target": {"type": "Person", "columns": ["b"]},
    }
    filled.load("knows", "a,b\n1,7\n", mapping=mapping)
    (row,) = filled.rows("knows")
    assert (row["@source"], row["@target"]) == ("Person/1", "Pilot/7")


def test_a_symmetric_link_is_one_from_both_ends(filled: Bulk) -> None:
    filled.create("LinkType", "marriedTo", sources=["Person"], targets=["Person"], symmetric=True)
    result = filled.load("marriedTo", "source,target\n1,2\n2,1\n", on_error="skip")
    assert (result.created, result.rejected) == (1, 1)


def test_unloaded_links_load_again(filled: Bulk) -> None:
    filled.load("worksFor", "source,target,since\n1,Company/acme+KR,2020-01-01\n")
    for name in ("jsonl", "csv", "parquet"):
        path = filled.file(f"links.{name}", filled.unload("worksFor", format=name))
        assert filled.load("worksFor", path).unchanged == 1
