"""``ontology load``, ``unload`` and ``propose`` from a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.support import Cli

pytestmark = [pytest.mark.data, pytest.mark.django_db]

CSV = "Tail No,Seats\nHL1,180\nHL2,NA\nHL3,220\n"


@pytest.fixture
def planes(cli: Cli, tmp_path: Path) -> Path:
    cli("create", "fleet", "--base-iri", "https://e.org/fleet/")
    path = tmp_path / "planes.csv"
    path.write_text(CSV)
    return path


def test_a_file_is_proposed_applied_loaded_and_unloaded(
    cli: Cli, planes: Path, tmp_path: Path
) -> None:
    seen = cli("propose", "fleet", str(planes)).out
    assert seen.splitlines()[0] == "Plane: primary key tailNo"
    assert "Seats    seats     integer    1 missing" in seen
    mapping = tmp_path / "mapping.json"
    changes = tmp_path / "changes.json"
    cli(
        "propose", "fleet", str(planes), "--apply",
        "--mapping-out", str(mapping), "--changes-out", str(changes),
    )  # fmt: skip
    assert json.loads(mapping.read_text()) == {"nulls": ["NA"]}
    assert json.loads(changes.read_text())["changes"][0]["fields"]["apiName"] == "Plane"

    done = cli("load", "fleet", str(planes), "--type", "Plane", "--mapping", str(mapping))
    assert done.out.splitlines()[:2] == [
        "Read 3 rows of planes.csv (csv, utf-8).",
        "Plane: 3 objects created, 0 updated, 0 unchanged.",
    ]
    assert cli("unload", "fleet", "-t", "Plane", "--where", "seats:gt:200").out == (
        '{"@id":"Plane/HL3","seats":220,"tailNo":"HL3"}\n'
    )
    out = tmp_path / "planes.parquet"
    written = cli("unload", "fleet", "-t", "Plane", "--format", "parquet", "-o", str(out))
    assert written.out == ""
    assert f"bytes to {out}" in written.err.replace("\n", "")
    again = cli("load", "fleet", str(out), "-t", "Plane", "--format", "json").json
    assert (again["unchanged"], again["commit"]) == (3, None)


def test_rejected_rows_are_shown_and_reported(cli: Cli, planes: Path, tmp_path: Path) -> None:
    cli("propose", "fleet", str(planes), "--apply")
    planes.write_text(CSV + "HL4,many\nHL1,1\n")
    report = tmp_path / "rejected.jsonl"
    refused = cli("load", "fleet", str(planes), "-t", "Plane", "--report", str(report), code=1)
    assert "planes.csv, row 4, column Seats: 'many' is not a whole number. (1 more)" in refused.err
    assert [json.loads(line)["row"] for line in report.read_text().splitlines()] == [4, 5]
    report.unlink()
    done = cli(
        "load", "fleet", str(planes), "-t", "Plane", "--on-error", "skip", "--report", str(report)
    )
    assert "2 rows were rejected:" in done.out
    assert json.loads(report.read_text().splitlines()[0]) == {
        "row": 4,
        "errors": [
            {
                "column": "Seats",
                "field": "",
                "rule": "data-type",
                "message": "'many' is not a whole number.",
            }
        ],
        "values": {"tailNo": "HL4", "seats": "many"},
    }
    assert len(cli("unload", "fleet", "-t", "Plane").out.splitlines()) == 3


def test_many_commits_and_a_dry_run(cli: Cli, planes: Path) -> None:
    cli("propose", "fleet", str(planes), "--apply")
    dry = cli("load", "fleet", str(planes), "-t", "Plane", "--dry-run")
    assert dry.out.splitlines()[-1] == "Dry run: nothing was written."
    done = cli("load", "fleet", str(planes), "-t", "Plane", "--commit-every", "2").out
    assert done.splitlines()[-1].endswith("(the last of 2)")
    resumed = cli("load", "fleet", str(planes), "-t", "Plane", "--commit-every", "2", "--resume")
    assert "3 rows before them had been loaded." in resumed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["load", "fleet", "nowhere.csv", "-t", "Plane"], "There is no file 'nowhere.csv'"),
        (["load", "fleet", "FILE", "-t", "Plane", "--resume"], "--resume goes with --commit-every"),
        (["load", "fleet", "FILE", "-t", "Plane", "--input-format", "xlsx"], "--input-format"),
        (["load", "fleet", "FILE", "-t", "Plane", "--mapping", "FILE"], "is not JSON"),
        (["unload", "fleet", "-t", "Plane", "--format", "xlsx"], "--format"),
    ],
)
def test_what_cannot_be_understood(
    cli: Cli, planes: Path, arguments: list[str], message: str
) -> None:
    given = [str(planes) if part == "FILE" else part for part in arguments]
    assert message in cli(*given, code=2).err


def test_an_unload_that_fails_leaves_no_file(cli: Cli, planes: Path, tmp_path: Path) -> None:
    out = tmp_path / "planes.csv.out"
    refused = cli("unload", "fleet", "-t", "Nothing", "-o", str(out), code=1)
    assert "There is no type 'Nothing' here." in refused.err
    assert not out.exists()
