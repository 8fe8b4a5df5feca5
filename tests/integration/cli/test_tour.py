"""The tour: import, branch, edit, compare, merge, tag, revert, export, verify."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.cli.support import EXAMPLES, Cli
from tests.services import ROOT

pytestmark = pytest.mark.data

SCHEMAORG = ROOT.parent / "shared" / "data" / "schemaorg"


def test_create_list_and_delete(cli: Cli) -> None:
    result = cli(
        "create", "fleet", "--base-iri", "https://example.org/fleet/", "--description", "Vehicles",
        "--prefix", "fleet=https://example.org/fleet/", "--default-language", "ko",
        "--format", "json",
    )  # fmt: skip
    assert result.json["name"] == "fleet"
    assert result.json["baseIri"] == "https://example.org/fleet/"
    assert result.json["defaultBranch"] == "main"
    (header,) = cli("ls", "fleet", "--kind", "Ontology", "--format", "json").json["items"]
    assert header["prefixes"] == {"fleet": "https://example.org/fleet/"}
    assert header["defaultLanguage"] == "ko"
    assert cli("list").out.splitlines()[1:] == [
        "fleet  main            https://example.org/fleet/  Vehicles"
    ]
    assert cli("delete", "fleet", "--yes").out == "Deleted ontology fleet.\n"
    assert cli("list").out == ""
    assert cli("create", "fleet", "--base-iri", "https://example.org/fleet/").code == 0


def test_an_import_says_what_it_read_and_what_it_made(cli: Cli) -> None:
    cli("create", "bikeshare", "--base-iri", "https://example.org/bikeshare/")
    lines = cli(
        "import", "bikeshare", str(EXAMPLES / "bikeshare-1.0.ttl"), "-m", "Bikeshare 1.0"
    ).out.splitlines()
    assert lines[0] == "Read 76 triples: 7 ObjectType, 5 SharedProperty, 4 LinkType."
    assert lines[1:7] == [
        "kind            created  updated  renamed  deleted",
        "Ontology              0        1        0        0",
        "ObjectType            7        0        0        0",
        "SharedProperty        5        0        0        0",
        "LinkType              4        0        0        0",
        "17 documents changed: 16 created, 1 updated",
    ]
    head = cli("log", "bikeshare", "--limit", "1", "--format", "json").json["items"][0]
    assert lines[-1] == f"[main {head['id'][:12]}] Bikeshare 1.0"


def test_an_import_of_a_folder_of_a_stream_and_of_the_same_again(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("create", "parts", "--base-iri", "https://example.org/parts/")
    prefix = "@prefix owl: <http://www.w3.org/2002/07/owl#> . <https://example.org/parts/"
    (tmp_path / "inner").mkdir()
    (tmp_path / "one.ttl").write_text(f"{prefix}One> a owl:Class .")
    (tmp_path / "inner" / "two.ttl").write_text(f"{prefix}Two> a owl:Class .")
    cli("import", "parts", str(tmp_path))
    assert _names(cli, "parts") == ["ObjectType/One", "ObjectType/Two"]
    result = cli("import", "parts", str(tmp_path))
    assert result.out.splitlines()[-1] == "Nothing changed on main; no commit was made."


def test_a_dry_run_of_an_import_changes_nothing_and_can_report(
    cli: Cli, state: Callable[[str], object], tmp_path: Path
) -> None:
    cli("create", "bikeshare", "--base-iri", "https://example.org/bikeshare/")
    before = state("bikeshare")
    report = tmp_path / "report.json"
    result = cli(
        "import", "bikeshare", str(EXAMPLES / "bikeshare-1.0.ttl"),
        "--dry-run", "--report", str(report), "--format", "json",
    )  # fmt: skip
    assert result.json["dryRun"] is True
    assert result.json["commit"] is None
    assert result.json["counts"] == {"ObjectType": 7, "SharedProperty": 5, "LinkType": 4}
    assert json.loads(report.read_text()) == result.json["report"]
    assert state("bikeshare") == before


def test_the_diff_shows_what_changed_and_nothing_else(cli: Cli, bikeshare: str) -> None:
    stat = cli("diff", bikeshare, "main", "v2", "--stat", "--format", "json").json
    assert stat["stats"] == {
        "Ontology": {"update": 1},
        "ObjectType": {"create": 1, "update": 2},
        "SharedProperty": {"create": 1, "delete": 1},
    }
    assert set(stat) == {"fromCommit", "toCommit", "stats"}
    lines = cli("diff", bikeshare, "main", "v2", "--kind", "ObjectType").out.splitlines()
    assert lines == [
        "~ ObjectType/Bike",
        '    ~ /description/en: "A bicycle of the fleet." → '
        '"A bicycle that can be hired by the minute."',
        "+ ObjectType/CargoBike",
        '    + displayName: {"en": "Cargo bicycle", "ko": "화물 자전거"}',
        '    + iri: "https://example.org/bikeshare/CargoBike"',
        '    + parents: ["ObjectType/Bike"]',
        "    + properties: loadCapacity",
        "~ ObjectType/ElectricBike",
        lines[8],  # the removed property, with its rid
        "3 documents changed: 1 created, 2 updated",
    ]
    assert lines[8].startswith("    - /properties/batteryLevel: ")
    cli("diff", bikeshare, "main", "v2", "--exit-code", code=1)
    assert cli("diff", bikeshare, "main", "main", "--exit-code").out == "No differences.\n"


def test_a_change_set_is_one_commit(
    cli: Cli, bikeshare: str, state: Callable[[str], object]
) -> None:
    before = state(bikeshare)
    file = str(EXAMPLES / "maintenance.json")
    dry = cli("apply", bikeshare, file, "--dry-run").out.splitlines()
    assert dry[-2:] == [
        "4 documents changed: 3 created, 1 updated",
        "Dry run: nothing was written.",
    ]
    assert state(bikeshare) == before
    done = cli("apply", bikeshare, file, "--format", "json").json
    assert [document["@id"] for document in done["documents"]] == [
        "EnumType/RepairState", "ObjectType/Repair", "LinkType/repairOf", "ObjectType/Vehicle",
    ]  # fmt: skip
    assert done["commit"]["message"] == "Mechanics and the repairs they make"
    assert done["commit"]["id"] == done["head"]
    described = cli("describe", bikeshare, "ObjectType/ElectricBike").out.splitlines()
    assert described == [
        "ObjectType/ElectricBike",
        "  displayName (en): Electric bicycle",
        "  displayName (ko): 전기 자전거",
        '  iri: "https://example.org/bikeshare/ElectricBike"',
        "  ancestors: ObjectType/Bike, ObjectType/Vehicle",
        "",
        "Properties",
        "name          type       label          from",
        "batteryLevel  decimal    battery level",
        "serialNumber  string     serial number  ObjectType/Vehicle",
        "",
        "Links in",
        "link               other end          how many  label         from",
        "LinkType/usedBike  ObjectType/Ride    0..*      used bicycle  ObjectType/Bike",
        "LinkType/repairOf  ObjectType/Repair  0..*      repair of     ObjectType/Vehicle",
    ]


def test_merge_tag_log_and_history(cli: Cli, bikeshare: str) -> None:
    cli("apply", bikeshare, str(EXAMPLES / "maintenance.json"))
    dry = cli("merge", bikeshare, "v2", "--into", "main", "--dry-run").out.splitlines()
    assert dry[-1] == ("Dry run: the merge would make a commit on main. Nothing was written.")
    cli("merge", bikeshare, "v2", "-m", "Merge 2.0")
    cli("tag", bikeshare, "create", "v2.0", "-m", "As published")
    drawn = cli("log", bikeshare, "--oneline", "--graph").out.splitlines()
    ids = [commit["id"][:12] for commit in cli("log", bikeshare, "--format", "json").json["items"]]
    assert drawn[0] == f"* {ids[0]} (main, tag: v2.0) Merge 2.0"
    assert drawn[1].rstrip() == "|\\"
    assert {line[:3] for line in drawn[2:4]} == {"* |", "| *"}
    assert drawn[4].rstrip() == "|/"
    assert drawn[5:] == [f"* {ids[3]} Bikeshare 1.0", f"* {ids[4]} Create the ontology"]
    history = cli("history", bikeshare, "ObjectType/Vehicle", "--format", "json").json["items"]
    assert [(entry["operation"], entry["commit"]["message"]) for entry in history] == [
        ("update", "Mechanics and the repairs they make"),
        ("create", "Bikeshare 1.0"),
    ]
    assert cli("merge", bikeshare, "v2").out == "Nothing to merge: main has it all.\n"
    assert (
        cli("tag", bikeshare, "list", "--format", "json").json["items"][0]["commit"][:12] == ids[0]
    )


def test_a_fast_forward_and_a_commit_that_was_asked_for(cli: Cli, bikeshare: str) -> None:
    head = cli("branch", bikeshare, "list", "--format", "json").json["items"][1]["head"]
    dry = cli("merge", bikeshare, "v2", "--no-ff", "--dry-run", "--format", "json").json
    assert dry["status"] == "merged"
    done = cli("merge", bikeshare, "v2")
    assert done.out.splitlines()[-1] == f"Fast-forward: main is at {head[:12]} now."


def test_show_a_commit_and_a_document(cli: Cli, bikeshare: str) -> None:
    shown = cli("show", bikeshare, "v2", "--format", "json").json
    assert shown["commit"]["message"] == "Bikeshare 2.0"
    assert len(shown["changes"]) == shown["commit"]["changeCount"] == 6
    text = cli("show", bikeshare, "v2", "--stat").out.splitlines()
    assert text[0] == f"commit {shown['commit']['id']} (v2)"
    assert text[-1] == "6 documents changed: 2 created, 3 updated, 1 deleted"
    document = cli(
        "show", bikeshare, "ObjectType/CargoBike", "--ref", "v2", "--format", "json"
    ).json
    assert document["displayName"] == {"en": "Cargo bicycle", "ko": "화물 자전거"}
    assert document["parents"] == ["ObjectType/Bike"]
    by_iri = cli("get", bikeshare, document["iri"], "--ref", "v2", "--format", "json").json
    assert by_iri == document
    assert (
        cli("get", bikeshare, document["rid"], "--ref", "v2", "--format", "json").json == document
    )
    cli("get", bikeshare, "ObjectType/CargoBike", code=1)
    lines = cli("get", bikeshare, "ObjectType/CargoBike", "--ref", "v2").out.splitlines()
    assert lines[0] == "ObjectType/CargoBike"
    assert '  parents: ["ObjectType/Bike"]' in lines


def test_list_filters(cli: Cli, bikeshare: str) -> None:
    assert _names(cli, bikeshare, "--parent", "ObjectType/Bike") == ["ObjectType/ElectricBike"]
    assert _names(cli, bikeshare, "--text", "대여소", "--kind", "ObjectType") == [
        "ObjectType/Station"
    ]
    assert _names(cli, bikeshare, "--limit", "2", "--kind", "LinkType") == [
        "LinkType/dockOf", "LinkType/hasDock",
    ]  # fmt: skip
    assert _names(cli, bikeshare, "--status", "deprecated") == []
    assert cli("ls", bikeshare, "--kind", "LinkType").out.splitlines()[1] == (
        "LinkType/dockOf    active  dock of"
    )
    gone = _names(cli, bikeshare, "--ref", "v2", "--include-deleted", "--text", "batteryLevel")
    assert gone == ["SharedProperty/batteryLevel"]


def test_a_revert_brings_the_state_back(cli: Cli, bikeshare: str) -> None:
    cli("merge", bikeshare, "v2", "--no-ff", "-m", "Merge 2.0")
    cli("revert", bikeshare, "main", "--dry-run")
    assert cli("diff", bikeshare, "main", "v2").out == "No differences.\n"
    lines = cli("revert", bikeshare, "main", "-m", "Not yet").out.splitlines()
    assert lines[-1].endswith("] Not yet")
    assert cli("diff", bikeshare, "main", "v2", "--stat", "--format", "json").json["stats"][
        "SharedProperty"
    ] == {"create": 1, "delete": 1}


def test_an_export_imports_as_the_same_state(cli: Cli, bikeshare: str, tmp_path: Path) -> None:
    file = tmp_path / "out.ttl"
    result = cli("export", bikeshare, "--ref", "v2", "-o", str(file))
    assert result.out == ""
    assert result.err == f"Wrote {file.stat().st_size:,} bytes to {file}.\n"
    assert cli("export", bikeshare, "--ref", "v2", "--format", "ttl").out == file.read_text()
    cli("create", "copy", "--base-iri", "https://example.org/bikeshare/")
    cli("import", "copy", str(file))
    again = cli("export", "copy").out
    assert again == file.read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.ttl"]


def test_verify_and_stats(cli: Cli, bikeshare: str) -> None:
    report = cli("verify", bikeshare, "--format", "json").json
    assert report["ok"] is True
    assert report["commits"] == 3
    assert report["problems"] == []
    assert cli("verify", bikeshare).out == (
        f"OK 3 commits, {report['documents']:,} documents checked.\n"
    )
    kinds = cli("stats", bikeshare, "--ref", "v2", "--format", "json").json["kinds"]
    assert {kind: count for kind, count in kinds.items() if count} == {
        "Ontology": 1, "ObjectType": 8, "SharedProperty": 5, "LinkType": 4,
    }  # fmt: skip


def test_branches_are_protected_opened_and_deleted(cli: Cli, bikeshare: str) -> None:
    assert cli("branch", bikeshare, "protect", "v2").out == "Branch v2 is protected.\n"
    cli("branch", bikeshare, "delete", "v2", code=1)
    assert cli("branch", bikeshare, "unprotect", "v2").out == (
        "Branch v2 is not protected any more.\n"
    )
    deleted = cli("branch", bikeshare, "delete", "v2", "--format", "json").json["deleted"]
    assert deleted["name"] == "v2"
    names = [
        item["name"] for item in cli("branch", bikeshare, "list", "--format", "json").json["items"]
    ]
    assert names == ["main"]
    assert cli("branch", bikeshare).out.splitlines()[1].startswith("*  main")


@dataclass(frozen=True)
class Vocabulary:
    """Two releases of a vocabulary."""

    name: str
    base_iri: str
    first: Path
    second: Path


def _vocabularies() -> list[Vocabulary]:
    """Ours, and schema.org where its releases lie beside the project."""
    found = [
        Vocabulary(
            "bikeshare",
            "https://example.org/bikeshare/",
            EXAMPLES / "bikeshare-1.0.ttl",
            EXAMPLES / "bikeshare-2.0.ttl",
        )
    ]
    if SCHEMAORG.is_dir():
        first, second = SCHEMAORG / "schemaorg-28.1.ttl", SCHEMAORG / "schemaorg-30.0.ttl"
        found.append(Vocabulary("schemaorg", "https://schema.org/", first, second))
    return found


@pytest.mark.parametrize("vocabulary", _vocabularies(), ids=lambda item: item.name)
def test_the_whole_tour(cli: Cli, vocabulary: Vocabulary, tmp_path: Path) -> None:
    name = vocabulary.name
    cli("create", name, "--base-iri", vocabulary.base_iri)
    cli("import", name, str(vocabulary.first), "-m", "The first release")
    cli("branch", name, "create", "next", "--from", "main")
    cli("import", name, str(vocabulary.second), "--branch", "next", "--mode", "replace")
    stats = cli("diff", name, "main", "next", "--stat", "--format", "json").json["stats"]
    assert stats["ObjectType"]["create"] > 0
    assert stats["SharedProperty"]["delete"] > 0
    dry = cli("merge", name, "next", "--into", "main", "--dry-run", "--format", "json").json
    assert dry["status"] == "fast_forward"
    assert dry["changes"]["stats"] == stats
    cli("merge", name, "next", "--into", "main")
    assert cli("diff", name, "main", "next").out == "No differences.\n"
    cli("tag", name, "create", "second")
    cli("revert", name, "main")
    undone = cli("diff", name, "main", "second", "--stat", "--format", "json").json["stats"]
    assert undone == stats
    file = tmp_path / "out.ttl"
    cli("export", name, "--format", "turtle", "--ref", "second", "-o", str(file))
    again = cli("import", name, str(file), "--branch", "next", "--mode", "replace")
    assert again.out.splitlines()[-1] == "Nothing changed on next; no commit was made."
    assert len(cli("log", name, "--oneline").out.splitlines()) == 4
    assert cli("verify", name, "--format", "json").json["ok"] is True


def _names(cli: Cli, ontology: str, *arguments: str) -> list[str]:
    """``@id``s of what ``ls`` lists, without the ontology's own document."""
    items = cli("ls", ontology, *arguments, "--format", "json").json["items"]
    return [item["@id"] for item in items if item["@type"] != "Ontology"]
