"""Flights, planes, airports and airlines of New York in 2013, as they come."""

from __future__ import annotations

import pytest

from oms_project.core.errors import Invalid
from ontology import selectors, services
from ontology.domain.query import parse_condition, parse_measure
from tests.integration.bulk.conftest import DATA, NAME, Bulk, flights_file

pytestmark = [pytest.mark.data, pytest.mark.django_db]


@pytest.mark.parametrize(
    ("file", "type_name", "count"),
    [("airlines", "Airline", 16), ("airports", "Airport", 1458), ("planes", "Plane", 3322)],
)
def test_a_file_is_proposed_loaded_and_unloaded_in_every_format(
    bulk: Bulk, file: str, type_name: str, count: int
) -> None:
    name, mapping = bulk.propose(DATA / f"{file}.csv")
    assert name == type_name
    assert bulk.load(name, DATA / f"{file}.csv", mapping=mapping).created == count
    assert bulk.count(name) == count
    head = bulk.head()
    for form in ("jsonl", "csv", "parquet"):
        path = bulk.file(f"again.{form}", bulk.unload(name, format=form))
        again = bulk.load(name, path)
        assert (again.rows, again.unchanged, again.commit) == (count, count, None), form
    assert bulk.head() == head
    bulk.verify()


def test_words_for_nothing_must_be_named_for_texts(bulk: Bulk) -> None:
    name, mapping = bulk.propose(DATA / "planes.csv")
    bulk.load(name, DATA / "planes.csv", mapping=mapping)
    missing = selectors.count_objects(
        ontology=NAME, type=name, where=parse_condition("year:isNull:true")
    )
    assert missing == 70  # NA in the file


def test_keys_that_are_there_twice_are_told_with_both_rows(bulk: Bulk) -> None:
    name, mapping = bulk.propose(DATA / "airlines.csv")
    text = (DATA / "airlines.csv").read_text()
    with pytest.raises(Invalid) as caught:
        bulk.load(name, text + "UA,United once more\n", mapping=mapping)
    assert [(error["row"], error["message"]) for error in caught.value.errors] == [
        (17, "Row 12 of the file has the same primary key (Airline/UA).")
    ]


def test_a_key_that_the_first_rows_suggest_may_fail_later(bulk: Bulk) -> None:
    found = selectors.propose_objects(
        ontology=NAME, source=DATA / "weather.csv", options=None, enums=True
    )
    assert found.key == ("origin", "timeHour")
    assert found.complete


def test_flights_and_what_they_are_linked_to(bulk: Bulk, full: bool) -> None:
    path = flights_file(bulk.folder)
    if not full:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:20_001]))
    count = 336_776 if full else 20_000
    plane, plane_mapping = bulk.propose(DATA / "planes.csv")
    bulk.load(plane, DATA / "planes.csv", mapping=plane_mapping)
    name, mapping = bulk.propose(path)
    assert selectors.get_document(ontology=NAME, target="ObjectType/Flight").body["primaryKey"] == [
        "carrier",
        "flight",
        "timeHour",
    ]
    result = bulk.load(name, path, mapping=mapping)
    assert (result.created, result.rejected) == (count, 0)
    counted = selectors.aggregate_objects(
        ontology=NAME, type=name, measures=[parse_measure("count")], group_by=["origin"]
    )
    assert sum(row.figures["count"] for row in counted.rows) == count
    bulk.create("LinkType", "flownBy", sources=["Flight"], targets=["Plane"])
    links = bulk.load(
        "flownBy",
        path,
        on_error="skip",
        mapping={
            "columns": dict.fromkeys(path.read_text()[:300].splitlines()[0].split(",")),
            "nulls": ["NA"],
            "source": {"columns": ["carrier", "flight", "time_hour"]},
            "target": {"columns": ["tailnum"]},
        },
    )
    # A flight in seven is of a plane that the list of planes does not have, or says none.
    assert links.created + links.rejected == count
    assert 0.8 < links.created / count < 0.9
    assert {error["rule"] for row in links.errors for error in row.errors} == {"unknown-reference"}
    assert (
        services.load_objects(ontology=NAME, type=name, source=path, mapping=mapping).commit is None
    )
