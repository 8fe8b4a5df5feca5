"""Objects leave as tables, filtered, at any ref, without what the reader may not see."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from oms_project.core.context import acting_as
from oms_project.core.errors import Invalid, NotFound
from oms_project.identity.contract import Role, actor_of
from ontology import selectors
from ontology.domain.query import parse_condition, parse_sort
from tests.conftest import MakePerson
from tests.integration.bulk.conftest import NAME, Bulk

pytestmark = [pytest.mark.data, pytest.mark.django_db]


@pytest.fixture
def people(bulk: Bulk) -> Bulk:
    bulk.load(
        "Person",
        'id,name,born,tags\n3,=cmd,2000-01-01,\n1,Ana,1990-01-31,a|b\n2,"B, ""en""",,\n',
    )
    return bulk


def test_csv_has_a_column_per_property(people: Bulk) -> None:
    assert people.unload("Person", format="csv").decode().split("\r\n") == [
        "@id,id,active,born,email,name,tags",
        '"Person/1",1,true,"1990-01-31",,"Ana","[""a"",""b""]"',
        '"Person/2",2,true,,,"B, ""en""",',
        '"Person/3",3,true,"2000-01-01",,"=cmd",',
        "",
    ]


def test_parquet_has_types(people: Bulk, tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    path.write_bytes(people.unload("Person", format="parquet"))
    table = pq.read_table(path)
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("@id", "string"),
        ("id", "int64"),
        ("active", "bool"),
        ("born", "date32[day]"),
        ("email", "string"),
        ("name", "string"),
        ("tags", "list<element: string>"),
    ]
    assert table.column("tags").to_pylist() == [["a", "b"], None, None]


def test_a_type_without_objects_gives_a_table_without_rows(bulk: Bulk, tmp_path: Path) -> None:
    assert bulk.unload("Person") == b""
    assert bulk.unload("Company", format="csv") == b"@id,code,country,founded\r\n"
    (tmp_path / "a.parquet").write_bytes(bulk.unload("Company", format="parquet"))
    assert pq.read_table(tmp_path / "a.parquet").num_rows == 0


def test_filters_sorts_and_refs(people: Bulk) -> None:
    head = people.head()
    people.load("Person", "id,name\n4,Dan\n")
    born = people.unload(
        "Person", where=parse_condition("born:lt:1999-01-01"), sort=parse_sort(["name"])
    )
    assert born.count(b"\n") == 1
    assert people.unload("Person", ref=head).count(b"\n") == 3
    assert people.unload("Person", sort=parse_sort(["-id"])).startswith(b'{"@id":"Person/4"')


def test_subtypes_come_along_with_their_types(people: Bulk) -> None:
    people.create(
        "ObjectType",
        "Pilot",
        parents=["Person"],
        properties=[{"apiName": "licence", "dataTypes": ["string"]}],
    )
    people.load("Pilot", "id,name,licence\n7,Pia,X\n")
    lines = people.unload("Person", format="csv").decode().splitlines()
    assert lines[0] == "@id,@type,id,active,born,email,name,tags,licence"
    assert lines[-1] == '"Pilot/7","Pilot",7,true,,,"Pia",,"X"'
    assert people.unload("Person", subtypes=False).count(b"\n") == 3


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_what_may_not_be_seen_is_not_in_it(
    people: Bulk, person: MakePerson, form: str, tmp_path: Path
) -> None:
    people.update(
        "ObjectType/Person",
        properties=[
            {**item, "sensitivity": "secret"} if item["apiName"] == "born" else dict(item)
            for item in selectors.get_document(ontology=NAME, target="ObjectType/Person").body[
                "properties"
            ]
        ],
    )
    viewer = actor_of(person("vera", Role.VIEWER))
    with acting_as(viewer):
        data = people.unload("Person", format=form)
    (tmp_path / "a").write_bytes(data)
    if form == "parquet":
        assert pq.read_table(tmp_path / "a").column("born").to_pylist() == [None] * 3
    else:
        assert b"1990" not in data
        assert b"Ana" in data
    assert b"1990" in people.unload("Person")


def test_what_there_is_not(bulk: Bulk) -> None:
    with pytest.raises(NotFound):
        bulk.unload("Nothing")
    with pytest.raises(Invalid) as caught:
        bulk.unload("Person", format="xlsx")
    assert caught.value.error_code == "table_format"
