"""``objects`` and ``links``."""

from __future__ import annotations

import json

import pytest

from oms_project.core.context import SYSTEM, acting_as
from ontology import services
from tests.integration.cli.support import Cli
from tests.integration.instances.conftest import DEFINITIONS, definition, link, thing

pytestmark = pytest.mark.data


@pytest.fixture
def hr(db: None) -> str:
    """Two people and where they work; the ontology's name."""
    with acting_as(SYSTEM):
        services.create_ontology(name="hr", base_iri="https://example.org/hr/")
        services.commit_changes(
            ontology="hr",
            changes=[definition(kind, fields) for kind, fields in DEFINITIONS],
            message="Definitions",
        )
        services.commit_changes(
            ontology="hr",
            changes=[
                thing("Company", code="acme", name="Acme Ltd"),
                thing("Person", code="ann", name="Ann Lee", age=34, grade="A"),
                thing("Person", code="bob", name="Bob Stone", age=51),
                link("worksFor", "Person/ann", "Company/acme"),
            ],
            message="Staff",
        )
    return "hr"


def ids(cli: Cli, *words: str) -> list[str]:
    return [item["@id"] for item in cli(*words, "--format", "json").json["items"]]


def test_lists(cli: Cli, hr: str) -> None:
    assert ids(cli, "objects", hr, "list", "Person", "--sort", "-age") == [
        "Person/bob",
        "Person/ann",
    ]
    both = ("--where", "age:gt:30", "--filter", '{"property": "grade", "value": "A"}')
    assert ids(cli, "objects", hr, "list", "Person", *both) == ["Person/ann"]
    assert cli("objects", hr, "list", "Person", "--count").out == "2\n"
    page = cli("objects", hr, "list", "Person", "--limit", "1", "--format", "json").json
    following = ("--cursor", page["next"])
    assert ids(cli, "objects", hr, "list", "Person", *following) == ["Person/bob"]
    empty = cli("objects", hr, "list", "Person", "-w", "age:gt:99")
    assert (empty.out, "create" in empty.err) == ("", True)
    assert "no condition" in cli("objects", hr, "list", "Person", "-w", "age", code=1).err


def test_changes(cli: Cli, hr: str) -> None:
    sets = ("--set", "code=cho", "--set", "age=28", "--set", "fax=12a")
    dry = cli("objects", hr, "create", "Person", *sets, "--dry-run")
    assert "nothing was written" in dry.out
    cli("objects", hr, "show", "Person/cho", code=1)
    assert "Warning: Person/cho" in cli("objects", hr, "create", "Person", *sets).err
    cli("objects", hr, "update", "Person/cho", "--set", "fax=", "--json", "-", stdin='{"age": 29}')
    shown = cli("objects", hr, "show", "Person/cho", "--format", "json").json
    assert (shown["age"], "fax" in shown) == (29, False)
    cli("objects", hr, "delete", "Person/cho")
    cli("objects", hr, "show", "Person/cho", code=1)
    cli("objects", hr, "restore", "Person/cho")
    assert "Person/cho" in cli("objects", hr, "show", "Person/cho").out
    assert "is no object" in cli("objects", hr, "delete", "ObjectType/Person", code=1).err
    assert "NAME=VALUE" in cli("objects", hr, "update", "Person/cho", "--set", "age", code=2).err


def test_questions(cli: Cli, hr: str) -> None:
    figures = cli("objects", hr, "figures", "Person", "--measure", "avg:age", "--format", "json")
    assert figures.json["rows"][0]["figures"] == {"avg(age)": 42.5}
    assert "grade" in cli("objects", hr, "figures", "Person", "--by", "grade").out
    assert "Person/ann" in cli("objects", hr, "search", "lee", "--type", "Person").out
    assert "fewer words" in cli("objects", hr, "search", "nobody").err
    assert "Company/acme" in cli("objects", hr, "links", "Person/ann", "--link", "worksFor").out
    assert "Company/acme" in cli("objects", hr, "walk", "Person/ann", "--depth", "2").out
    assert "--direction both" in cli("objects", hr, "walk", "Person/bob").err


def test_links(cli: Cli, hr: str) -> None:
    cli("links", hr, "create", "Person/bob", "worksFor", "Company/acme")
    found = cli("links", hr, "list", "worksFor", "--format", "json").json["items"]
    bobs = next(item["@id"] for item in found if item["@source"] == "Person/bob")
    cli("links", hr, "update", bobs, "--set", "since=2021-01-01")
    assert "2021-01-01" in json.dumps(cli("get", hr, bobs, "--format", "json").json)
    cli("links", hr, "delete", bobs)
    assert len(ids(cli, "links", hr, "list", "worksFor")) == 1
    assert "is no link" in cli("links", hr, "delete", "Person/ann", code=1).err
