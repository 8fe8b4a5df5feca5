"""What only a process shows: exit codes, streams, terminals, signals."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.cli.support import Process, command
from tests.services import ROOT

pytestmark = pytest.mark.data


def test_done_is_0_and_says_nothing_on_stderr(process: Process) -> None:
    result = process("list")
    assert result.out.splitlines()[0].split() == [
        "name",
        "default",
        "branch",
        "base",
        "IRI",
        "description",
    ]
    assert result.out.splitlines()[1].split()[:2] == ["logistics", "main"]
    assert result.err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nonsense",), "Error: No such command 'nonsense'."),
        (("log",), "Error: Missing argument 'NAME'."),
        (("log", "logistics", "--limit", "0"), "Error: Invalid value for '--limit' / '-l': 0 is not in the range x>=1."),
        (("delete", "logistics"), "Error: Invalid value: Deleting logistics needs --yes where nobody can be asked."),
        (("export", "logistics", "--format", "docx"), "Error: Invalid value: --format 'docx': choose from "),
        (("merge", "logistics", "cold-chain", "--ours", "--theirs"), "Error: Invalid value: --ours and --theirs cannot both settle what is left; give one of them."),
        (("import", "logistics", "/nowhere.ttl"), "Error: Invalid value: There is no file or folder '/nowhere.ttl'."),
    ],
)  # fmt: skip
def test_a_command_line_that_cannot_be_understood_is_2(
    process: Process, arguments: tuple[str, ...], message: str
) -> None:
    result = process(*arguments, code=2)
    assert result.out == ""
    assert result.err.startswith("Usage: ")
    assert result.err.splitlines()[-1].startswith(message)
    assert "Traceback" not in result.err


def test_a_refusal_is_1_with_a_sentence_on_stderr(process: Process) -> None:
    result = process("log", "nothing", code=1)
    assert result.out == ""
    assert result.err.startswith("Error: ")
    assert "nothing" in result.err
    assert "Traceback" not in result.err


def test_a_refusal_for_programs_is_a_problem_on_stderr(process: Process) -> None:
    result = process("log", "nothing", "--format", "json", code=1)
    assert result.out == ""
    assert set(result.problem) == {"type", "title", "detail", "code", "retryable", "errors", "data"}
    assert result.problem["type"] == "urn:oms:problem:" + result.problem["code"]


def test_conflicts_are_1_and_an_answer_on_stdout(process: Process) -> None:
    result = process("merge", "logistics", "cold-chain", "--dry-run", "--format", "json", code=1)
    assert result.err == ""
    assert result.json["status"] == "conflicts"


def test_a_database_without_tables_gets_a_sentence(process: Process, tmp_path: Path) -> None:
    result = process("list", code=1, DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert result.err == (
        "Error: The database is not set up for this version of OMS. Run `python manage.py setup`.\n"
    )


def test_a_pipe_gets_no_colours_and_a_terminal_does(
    process: Process, process_environment: dict[str, str]
) -> None:
    assert "\x1b" not in process("log", "logistics", "--oneline").out
    assert "\x1b[33m" in _in_terminal(["log", "logistics", "--oneline"], process_environment)
    plain = _in_terminal(
        ["log", "logistics", "--oneline"], {**process_environment, "NO_COLOR": "1"}
    )
    assert "\x1b[33m" not in plain


def test_a_terminal_gets_a_progress_bar_and_a_pipe_does_not(
    process: Process, process_environment: dict[str, str]
) -> None:
    assert process("verify", "logistics").err == ""
    shown = _in_terminal(["verify", "logistics"], process_environment)
    assert "\x1b[?25l" in shown  # the cursor hides while a bar moves
    assert "OK" in shown


def test_text_for_a_terminal_cannot_carry_escape_sequences(process: Process) -> None:
    process(
        "create", "hostile", "--base-iri", "https://example.org/h/", "--description", "\x1b[31mred"
    )
    assert "␛[31mred" in process("list").out
    process("delete", "hostile", "--yes")


def test_nobody_reading_is_quiet(process_environment: dict[str, str]) -> None:
    writer = subprocess.Popen(
        command("export", "logistics", "--format", "ntriples"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=process_environment,
    )  # fmt: skip
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.close()
    assert writer.stderr.read() == b""
    assert writer.wait(30) == 141


def test_an_interrupt_leaves_nothing_behind(
    process: Process, process_environment: dict[str, str], tmp_path: Path
) -> None:
    process("create", "interrupted", "--base-iri", "https://example.org/i/")
    before = process("log", "interrupted", "--format", "json").out
    large = tmp_path / "large.nt"
    with large.open("w") as stream:
        for number in range(60_000):
            stream.write(
                f"<https://example.org/i/C{number}> "
                "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
                "<http://www.w3.org/2002/07/owl#Class> .\n"
            )
    report = tmp_path / "report.json"
    running = subprocess.Popen(
        command("import", "interrupted", str(large), "--report", str(report)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=process_environment,
    )  # fmt: skip
    time.sleep(4)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, (out, err)
    assert out == b""
    assert err == b"Interrupted. What was not committed yet is undone.\n"
    assert process("log", "interrupted", "--format", "json").out == before
    assert not report.exists()
    process("delete", "interrupted", "--yes")


def test_acting_as_a_user_needs_that_user_and_that_users_permissions(process: Process) -> None:
    result = process("list", "--as", "nobody-here", code=1)
    assert result.err == "Error: There is no active user 'nobody-here' to act as.\n"
    assert process("list", OMS_ACTOR="nobody-here", code=1).err == result.err
    assert process("list", "--as", "admin").code == 0


def test_the_operator_stands_in_the_commits(process: Process) -> None:
    process("create", "mine", "--base-iri", "https://example.org/m/")
    (commit,) = process("log", "mine", "--format", "json").json["items"]
    assert commit["authorUsername"] == "cli"
    assert commit["authorId"].startswith("os:")
    process("delete", "mine", "--yes")


@pytest.mark.parametrize("arguments", [[], ["merge"], ["branch"], ["branch", "x", "create"]])
def test_help_is_0_and_on_stdout(process: Process, arguments: list[str]) -> None:
    result = process(*arguments, "--help")
    assert "Usage: " in result.out
    assert result.err == ""


def _in_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """What the command writes to a terminal."""
    leader, follower = pty.openpty()
    running = subprocess.Popen(
        command(*arguments),
        stdin=follower, stdout=follower, stderr=follower, cwd=ROOT,
        env={**environment, "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(follower)
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([leader], [], [], 1)
        if ready:
            try:
                chunk = os.read(leader, 65536)
            except OSError:  # the terminal closed: the process ended
                break
            shown += chunk
    os.close(leader)
    assert running.wait(30) == 0, shown
    return shown.decode()


def test_json_lists_hold_an_item_a_line(process: Process) -> None:
    lines = process("ls", "logistics", "--kind", "ObjectType", "--format", "json").out.splitlines()
    assert lines[0] == '{"items": ['
    assert lines[-1] == "]}"
    assert json.loads(lines[1].rstrip(","))["@type"] == "ObjectType"
