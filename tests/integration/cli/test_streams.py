"""What only a process shows: exit codes, streams, terminals, signals."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

from tests.integration.cli.support import Process, command
from tests.services import ROOT

#: Seconds until something is shown, or a process is gone; nothing measures it.
PATIENCE = 180.0


def test_done_is_0_and_says_nothing_on_stderr(process: Process) -> None:
    result = process("list")
    assert result.out.splitlines()[0].split() == [
        "name", "default", "branch", "base", "IRI", "description",
    ]  # fmt: skip
    assert result.out.splitlines()[1].split()[:2] == ["logistics", "main"]
    assert result.err == ""


def test_a_command_line_that_cannot_be_understood_is_2(process: Process) -> None:
    result = process("log", "logistics", "--limit", "0", code=2)
    assert result.out == ""
    assert result.err.startswith("Usage: ")
    assert result.err.splitlines()[-1] == (
        "Error: Invalid value for '--limit' / '-l': 0 is not in the range x>=1."
    )


def test_a_refusal_is_1_with_a_sentence_on_stderr(process: Process) -> None:
    result = process("log", "nothing", code=1)
    assert result.out == ""
    assert result.err == "Error: There is no ontology 'nothing'.\n"


def test_conflicts_are_1_and_an_answer_on_stdout(process: Process) -> None:
    result = process("merge", "logistics", "cold-chain", "--dry-run", "--format", "json", code=1)
    assert result.err == ""
    assert result.json["status"] == "conflicts"


def test_a_database_without_tables_gets_a_sentence(process: Process, tmp_path: Path) -> None:
    result = process("list", code=1, DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert result.err == (
        "Error: The database is not set up for this version of OMS. Run `python manage.py setup`.\n"
    )


def test_a_pipe_gets_neither_colours_nor_progress(process: Process) -> None:
    result = process("verify", "logistics")
    assert result.out.startswith("OK 1")
    assert "\x1b" not in result.out
    assert result.err == ""


def test_a_terminal_gets_colours_and_progress(process_environment: dict[str, str]) -> None:
    shown = _in_terminal(["verify", "logistics"], process_environment)
    assert "\x1b[?25l" in shown  # the cursor hides while a bar moves
    assert "\x1b[1;32mOK" in shown


def test_no_color_is_honoured(process_environment: dict[str, str]) -> None:
    shown = _in_terminal(["list"], {**process_environment, "NO_COLOR": "1"})
    assert "logistics" in shown
    assert "\x1b[3" not in shown


def test_nobody_reading_is_quiet(process_environment: dict[str, str]) -> None:
    writer = subprocess.Popen(
        command("export", "logistics", "--format", "n-triples"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, env=process_environment,
    )  # fmt: skip
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.close()
    assert writer.stderr.read() == b""
    assert writer.wait(PATIENCE) == 141


def test_an_interrupt_leaves_nothing_behind(
    process: Process, process_environment: dict[str, str], tmp_path: Path
) -> None:
    before = process("log", "logistics", "--format", "json").out
    large = tmp_path / "large.nt"
    with large.open("w") as stream:
        for number in range(100_000):
            stream.write(
                f"<https://example.org/i/C{number}> "
                "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
                "<http://www.w3.org/2002/07/owl#Class> .\n"
            )
    report = tmp_path / "report.json"
    with _Terminal(
        ["import", "logistics", str(large), "--report", str(report)], process_environment
    ) as terminal:
        terminal.read_until("\x1b[?25l")  # the bar: the work has begun
        terminal.process.send_signal(signal.SIGINT)
        shown = terminal.read_until(None)
        assert terminal.process.wait(PATIENCE) == 130, shown
    assert "Interrupted. What was not committed yet is undone." in shown
    assert "Traceback" not in shown
    assert process("log", "logistics", "--format", "json").out == before
    assert not report.exists()


class _Terminal:
    """A command whose streams are a terminal."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._leader, follower = pty.openpty()
        self.process = subprocess.Popen(
            command(*arguments),
            stdin=follower, stdout=follower, stderr=follower, cwd=ROOT,
            env={**environment, "TERM": "xterm-256color"},
            # A run in the background ignores interrupts, and would hand that down.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
        )  # fmt: skip
        os.close(follower)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        os.close(self._leader)

    def read_until(self, text: str | None) -> str:
        """What appears until ``text`` does; None: until the command ends."""
        shown = b""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and (text is None or text.encode() not in shown):
            if select.select([self._leader], [], [], 1)[0]:
                try:
                    shown += os.read(self._leader, 65536)
                except OSError:  # the terminal closed: the command ended
                    break
        return shown.decode(errors="replace")


def _in_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """What a command that succeeds writes to a terminal."""
    with _Terminal(arguments, environment) as terminal:
        shown = terminal.read_until(None)
        assert terminal.process.wait(PATIENCE) == 0, shown
        return shown
