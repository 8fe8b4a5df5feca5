"""The demo ontology: what it promises to show."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Invalid, NotFound
from ontology import selectors, services
from ontology.contract import Change
from ontology.demo import seed as demo_seed
from ontology.domain.kinds import DEFINITION_KINDS
from ontology.domain.query import parse_condition
from tests.integration.cli.support import Cli

pytestmark = pytest.mark.data


def test_it_shows_every_kind(cli: Cli, demo: str) -> None:
    counts = cli("stats", demo, "--format", "json").json["kinds"]
    assert counts["ObjectType"] >= 8
    assert counts["SharedProperty"] >= 4
    assert counts["LinkType"] >= 5
    assert counts["EnumType"] >= 2
    assert counts["ValueType"] >= 2
    assert all(counts[kind] >= 1 for kind in DEFINITION_KINDS)


def test_every_definition_speaks_english_and_korean(cli: Cli, demo: str) -> None:
    for branch in ("main", "cold-chain"):
        for item in _definitions(cli, demo, branch):
            assert set(item["displayName"]) == {"en", "ko"}, item["@id"]
            assert set(item["description"]) == {"en", "ko"}, item["@id"]
            for part in (*item.get("properties", ()), *item.get("fields", ())):
                assert "sharedProperty" in part or set(part["displayName"]) == {"en", "ko"}
            for member in item.get("members", ()):
                assert set(member["label"]) == {"en", "ko"}


def test_it_has_an_abstract_base_inverse_links_and_cardinalities(cli: Cli, demo: str) -> None:
    items = {item["@id"]: item for item in _definitions(cli, demo, "main")}
    assert items["ObjectType/Asset"]["isAbstract"] is True
    assert items["ObjectType/Vehicle"]["parents"] == ["ObjectType/Asset"]
    assert items["ObjectType/Vessel"]["parents"] == ["ObjectType/Vehicle"]
    assert items["ObjectType/Container"]["interfaces"] == ["Interface/Trackable"]
    assert items["LinkType/legOf"]["inverseOf"] == "LinkType/hasLeg"
    assert items["LinkType/packedIn"]["targetCardinality"] == {"max": 200}


def test_it_has_data_of_its_main_types(demo: str) -> None:
    with acting_as(SYSTEM):
        counts = {
            item.type.name: item.total
            for item in selectors.count_by_type(ontology=demo, ref="main")
        }
        late = selectors.list_objects(
            ontology=demo,
            type="Shipment",
            where=parse_condition("orderedBy.address.country:eq:KR"),
        )
    assert 30 <= sum(counts[name] for name in ("Location", "Party", "Asset", "Shipment")) <= 60
    assert (counts["Vessel"], counts["Vehicle"], counts["Shipment"]) == (3, 6, 6)
    assert counts["hasLeg"] == counts["legOf"] == counts["TransportLeg"]
    assert [item.id for item in late.items] == ["Shipment/S-2026-003", "Shipment/S-2026-005"]


def test_its_history_has_a_merge_a_tag_and_authors(cli: Cli, demo: str) -> None:
    commits = cli("log", demo, "--format", "json").json["items"]
    assert [len(commit["parents"]) for commit in commits].count(2) == 1
    assert {commit["authorUsername"] for commit in commits} == {
        "minji.park", "tomas.ruiz", "aisha.khan", "system",
    }  # fmt: skip
    tags = cli("tag", demo, "list", "--format", "json").json["items"]
    assert [(tag["name"], tag["createdBy"]) for tag in tags] == [
        ("v1.0", "minji.park (demo:minji.park)")
    ]
    branches = cli("branch", demo, "list", "--format", "json").json["items"]
    assert {branch["name"] for branch in branches} == {"main", "customs", "cold-chain"}
    assert cli("verify", demo, "--format", "json").json["ok"] is True


def test_it_is_made_once_and_stays_as_people_leave_it(demo: str) -> None:
    with acting_as(SYSTEM):
        services.commit_changes(
            ontology=demo,
            branch="main",
            changes=[Change(op="delete", target="SharedProperty/timeZone")],
            message="Nobody needs it",
        )
        before = selectors.resolve_ref(ontology=demo)
        out = io.StringIO()
        call_command("demo", stdout=out)
        assert out.getvalue() == "The demo ontology logistics is there already.\n"
        assert selectors.resolve_ref(ontology=demo) == before


@pytest.mark.usefixtures("db")
def test_the_command_says_what_it_did() -> None:
    out = io.StringIO()
    call_command("demo", "--format", "json", stdout=out)
    result = json.loads(out.getvalue())
    assert result["created"] is True
    assert result["ontology"]["name"] == "logistics"


@pytest.mark.usefixtures("db")
def test_a_story_that_breaks_off_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    original = services.merge

    def refuse(**arguments: Any) -> Any:
        raise Invalid("Not today.")

    monkeypatch.setattr(services, "merge", refuse)
    with pytest.raises(Invalid, match="Not today"):
        demo_seed.seed()
    with acting_as(SYSTEM), pytest.raises(NotFound):
        selectors.get_ontology(ontology=demo_seed.DEMO)
    monkeypatch.setattr(services, "merge", original)
    assert demo_seed.seed().created is True


def _definitions(cli: Cli, demo: str, ref: str) -> list[dict[str, Any]]:
    items = cli("ls", demo, "--ref", ref, "--format", "json").json["items"]
    return [item for item in items if item["@type"] in DEFINITION_KINDS]
