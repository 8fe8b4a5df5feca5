"""What is refused: a sentence, every problem, exit code 1 or 2, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from oms_project.identity.contract import Role
from tests.conftest import MakePerson
from tests.integration.cli.support import EXAMPLES, Cli
from tests.services import ROOT

pytestmark = pytest.mark.data

State = Callable[[str], object]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "No such command 'nonsense'."),
        (("log",), "Missing argument 'NAME'."),
        (("branch", "logistics", "create"), "Missing argument 'BRANCH'."),
        (
            ("delete", "logistics"),
            "Invalid value: Deleting logistics needs --yes where nobody can be asked.",
        ),
        (
            ("merge", "logistics", "cold-chain", "--ours", "--theirs"),
            "Invalid value: --ours and --theirs cannot both settle what is left; give one of them.",
        ),
        (
            ("import", "logistics", "/nowhere.ttl"),
            "Invalid value: There is no file or folder '/nowhere.ttl'.",
        ),
        (
            ("import", "logistics", "-"),
            "Invalid value: Reading stdin needs --input-format, such as turtle.",
        ),
        (
            ("import", "logistics", "README.md", "--format", "turtle"),
            "Invalid value: --format 'turtle': choose text or json for what is printed; "
            "the format of the input is --input-format.",
        ),
        (
            ("create", "x", "--base-iri", "https://example.org/", "--prefix", "x"),
            "Invalid value: --prefix 'x': write PREFIX=IRI, such as schema=https://schema.org/.",
        ),
        (
            ("show", "logistics", "main", "--ref", "v1.0"),
            "Invalid value: --ref is for documents; a commit is named by COMMIT_OR_TARGET itself.",
        ),
    ],
)
def test_a_command_line_that_cannot_be_understood(
    cli: Cli, demo: str, state: State, arguments: tuple[str, ...], message: str
) -> None:
    before = state(demo)
    result = cli(*arguments, code=2)
    assert result.out == ""
    assert result.err == message
    assert state(demo) == before


def test_an_unknown_export_format_names_the_known_ones(cli: Cli, demo: str) -> None:
    result = cli("export", demo, "--format", "docx", code=2)
    assert result.err.startswith(
        "Invalid value: --format: 'docx' is not an RDF format that OMS knows. Possible: turtle ("
    )


def test_a_problem_for_programs_has_every_member(cli: Cli) -> None:
    result = cli("log", "nothing", "--format", "json", code=1)
    assert result.out == ""
    assert result.problem == {
        "type": "urn:oms:problem:ontology_not_found",
        "title": "Not found",
        "detail": "There is no ontology 'nothing'.",
        "code": "ontology_not_found",
        "retryable": False,
        "errors": [],
        "data": result.problem["data"],
    }


def test_a_state_that_breaks_rules_is_refused_with_all_of_them(cli: Cli, state: State) -> None:
    cli("create", "library", "--base-iri", "https://example.org/library/")
    cli("apply", "library", str(EXAMPLES / "library.json"))
    before = state("library")
    broken = str(EXAMPLES / "library-broken.json")
    result = cli("apply", "library", broken, code=1)
    guide = (ROOT / "docs/guides/errors.md").read_text(encoding="utf-8")
    assert result.err in guide  # what it shows is what people see
    problem = cli("apply", "library", broken, "--format", "json", code=1).problem
    assert {error["document"] for error in problem["errors"]} == {
        "ObjectType/Book", "ObjectType/Member", "EnumType/Genre",
    }  # fmt: skip
    assert state("library") == before


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "Error: The change set is not JSON: "),
        ("1", "Error: The body must be a JSON object."),
        ('[{"op": "explode"}]', "Error: The body does not have the right shape: /changes/0/op: "),
        ('{"changes": [], "extra": 1}', "Error: The body does not have the right shape: /"),
    ],
)
def test_a_change_set_that_cannot_be_understood(
    cli: Cli, demo: str, state: State, text: str, sentence: str, tmp_path: Path
) -> None:
    before = state(demo)
    file = tmp_path / "changes.json"
    file.write_text(text)
    assert cli("apply", demo, str(file), "-m", "x", code=1).err.startswith(sentence)
    assert state(demo) == before


def test_a_commit_needs_a_message(cli: Cli, demo: str, tmp_path: Path) -> None:
    file = tmp_path / "changes.json"
    file.write_text('[{"op": "delete", "target": "SharedProperty/timeZone"}]')
    result = cli("apply", demo, str(file), code=2)
    assert result.err == (
        'Invalid value: Give the commit a message: -m TEXT, or "message" in the file.'
    )
    assert cli("apply", demo, str(file), "--dry-run").out.splitlines()[-1] == (
        "Dry run: nothing was written."
    )


def test_a_branch_and_a_tag_cannot_share_a_name(cli: Cli, demo: str, state: State) -> None:
    before = state(demo)
    refused = cli("tag", demo, "create", "cold-chain", code=1)
    assert refused.err == (
        "Error: There is a branch named 'cold-chain' already, and a ref must mean one thing. "
        "Choose another name.\n"
    )
    refused = cli("branch", demo, "create", "v1.0", "--format", "json", code=1)
    assert refused.problem["code"] == "already_exists"
    assert state(demo) == before


def test_a_stale_head_is_refused_with_the_head_as_it_is(cli: Cli, demo: str, state: State) -> None:
    before = state(demo)
    old, head = [
        cli("show", demo, ref, "--format", "json").json["commit"]["id"] for ref in ("v1.0", "main")
    ]
    file = str(EXAMPLES / "pallets.json")
    result = cli("apply", demo, file, "--expected-head", old, "--format", "json", code=1)
    assert result.problem["code"] == "stale_head"
    assert result.problem["data"]["head"] == head
    imported = cli(
        "import", demo, str(EXAMPLES / "bikeshare-1.0.ttl"), "--expected-head", old, code=1
    )
    assert imported.err.startswith("Error: ")
    assert state(demo) == before


def test_rdf_that_cannot_be_read_says_where(
    cli: Cli, demo: str, state: State, tmp_path: Path
) -> None:
    before = state(demo)
    file = tmp_path / "broken.ttl"
    file.write_text("@prefix a: <https://example.org/> .\na:b a:c .\n")
    report = tmp_path / "report.json"
    result = cli("import", demo, str(file), "--report", str(report), code=1)
    assert result.err.startswith("Error: ")
    assert "broken.ttl" in result.err
    assert "line 2" in result.err
    assert not report.exists()
    assert state(demo) == before


def test_conflicts_are_listed_and_nothing_is_written(cli: Cli, demo: str, state: State) -> None:
    before = state(demo)
    result = cli("merge", demo, "cold-chain", code=1)
    lines = result.out.splitlines()
    assert lines[0] == "2 conflicts, 0 resolved. Nothing was written."
    assert lines[2] == "ObjectType/Shipment#/displayName/en  edit/edit"
    assert lines[4:7] == [
        '    base:   "Shipment"',
        '    ours:   "Consignment"',
        '    theirs: "Cold-chain shipment"',
    ]
    assert lines[8] == "ValueType/Weight#/constraints/maximum  edit/edit"
    assert lines[-2] == (
        "To settle them, repeat the merge with --resolve 'ObjectType/Shipment#/displayName/en=ours'"
    )
    conflicts = cli("merge", demo, "cold-chain", "--format", "json", code=1).json["conflicts"]
    assert [(item["id"], item["base"], item["ours"], item["theirs"]) for item in conflicts] == [
        ("ObjectType/Shipment#/displayName/en", "Shipment", "Consignment", "Cold-chain shipment"),
        ("ValueType/Weight#/constraints/maximum", 500000000, 250000000, 900000000),
    ]
    assert state(demo) == before


@pytest.mark.parametrize(
    ("options", "label", "maximum"),
    [
        (("--ours",), "Consignment", 250000000),
        (("--theirs",), "Cold-chain shipment", 900000000),
        (("--resolve", "ValueType/Weight=base", "--theirs"), "Cold-chain shipment", 500000000),
        (
            (
                "--resolve", 'ObjectType/Shipment#/displayName/en=value:"화물"',
                "--resolve", "ValueType/Weight#/constraints/maximum=theirs",
            ),
            "화물", 900000000,
        ),
    ],
)  # fmt: skip
def test_conflicts_are_settled_on_the_command_line(
    cli: Cli, demo: str, options: tuple[str, ...], label: str, maximum: int
) -> None:
    dry = cli("merge", demo, "cold-chain", "--dry-run", "--format", "json", *options).json
    assert (dry["status"], dry["resolved"], dry["conflicts"]) == ("merged", 2, [])
    done = cli("merge", demo, "cold-chain", "-m", "Cold chain", *options).out.splitlines()
    assert done[-2] == "2 conflicts resolved."
    assert done[-1].endswith("] Cold chain")
    assert _label(cli, demo) == label
    weight = cli("get", demo, "ValueType/Weight", "--format", "json").json
    assert weight["constraints"]["maximum"] == maximum
    cli("get", demo, "ObjectType/ReeferContainer")


def test_conflicts_are_settled_by_a_file(cli: Cli, demo: str) -> None:
    file = str(EXAMPLES / "resolutions.json")
    cli("merge", demo, "cold-chain", "--resolve-file", file)
    assert _label(cli, demo) == "Cold-chain consignment"


def test_settling_one_of_two_conflicts_is_not_enough(cli: Cli, demo: str, state: State) -> None:
    before = state(demo)
    result = cli("merge", demo, "cold-chain", "--resolve", "ValueType/Weight=ours", code=1)
    assert result.out.splitlines()[0] == "1 conflict, 1 resolved. Nothing was written."
    assert state(demo) == before


def test_a_user_has_that_users_permissions(cli: Cli, demo: str, person: MakePerson) -> None:
    person("vera", Role.VIEWER)
    person("ed", Role.EDITOR)
    file = str(EXAMPLES / "pallets.json")
    assert cli("list", "--as", "vera").code == 0
    refused = cli("apply", demo, file, "--as", "vera", "--format", "json", code=1)
    assert refused.problem["code"] == "permission_denied"
    assert "editor" in refused.problem["detail"]
    cli("branch", demo, "protect", "main")
    refused = cli("apply", demo, file, "--as", "ed", "--format", "json", code=1)
    assert refused.problem["code"] == "branch_protected"
    cli("branch", demo, "create", "pallets", "--as", "ed")
    cli("apply", demo, file, "--branch", "pallets", "--as", "ed")
    (commit,) = cli("log", demo, "--ref", "pallets", "--limit", "1", "--format", "json").json[
        "items"
    ]
    assert commit["authorUsername"] == "ed"


def test_acting_as_nobody_is_refused(cli: Cli, settings: object, person: MakePerson) -> None:
    message = "Error: There is no active user 'nobody-here' to act as.\n"
    assert cli("list", "--as", "nobody-here", code=1).err == message
    settings.OMS_ACTOR = "nobody-here"  # type: ignore[attr-defined]
    assert cli("list", code=1).err == message
    person("vera", Role.VIEWER)
    assert cli("list", "--as", "vera").code == 0


def test_the_operator_stands_in_the_commits(cli: Cli) -> None:
    cli("create", "mine", "--base-iri", "https://example.org/m/")
    (commit,) = cli("log", "mine", "--format", "json").json["items"]
    assert commit["authorUsername"] == "cli"
    assert commit["authorId"].startswith("os:")


def test_text_cannot_carry_escape_sequences(cli: Cli) -> None:
    cli(
        "create", "hostile", "--base-iri", "https://example.org/h/",
        "--description", "\x1b[31mred\x07",
    )  # fmt: skip
    assert cli("list").out.splitlines()[-1].endswith("␛[31mred␇")
    assert cli("list", "--format", "json").json["items"][0]["description"] == "\x1b[31mred\x07"


def test_an_output_file_appears_whole_or_not_at_all(cli: Cli, demo: str, tmp_path: Path) -> None:
    file = tmp_path / "old.ttl"
    file.write_text("kept")
    cli("export", demo, "--ref", "no-such-branch", "-o", str(file), code=1)
    assert file.read_text() == "kept"
    missing = cli("export", demo, "-o", str(tmp_path / "no" / "file.ttl"), code=1)
    assert missing.err == (
        f"Error: '{tmp_path / 'no' / 'file.ttl'}' cannot be written: No such file or directory.\n"
    )
    assert sorted(tmp_path.iterdir()) == [file]


def test_lists_for_programs_hold_an_item_a_line(cli: Cli, demo: str) -> None:
    lines = cli("ls", demo, "--kind", "ObjectType", "--format", "json").out.splitlines()
    assert lines[0] == '{"items": ['
    assert lines[-1] == "]}"
    assert json.loads(lines[1].rstrip(","))["@id"] == "ObjectType/Asset"
    assert cli("tag", "logistics", "list", "--format", "json").json["items"][0]["name"] == "v1.0"


def _label(cli: Cli, demo: str) -> str:
    shipment = cli("get", demo, "ObjectType/Shipment", "--format", "json").json
    return str(shipment["displayName"]["en"])
