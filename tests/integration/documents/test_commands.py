"""Every command in the README and the guides runs, in the order in which a reader types them."""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.services import ROOT, OmsServer

PAGES = [
    "README.md",
    "docs/guides/getting-started.md",
    "docs/guides/import-a-vocabulary.md",
    "docs/guides/branch-and-merge.md",
    "docs/guides/time.md",
    "docs/guides/erasure.md",
    "docs/guides/errors.md",
    "docs/guides/operations.md",
]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_EXIT = re.compile(r"\s+# exits with (\d+)$")
_MANAGE = "python manage.py "


@pytest.mark.data
@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("setup", stdout=io.StringIO())
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)  # what they write lands here
    commands = [line for line in _lines(page) if line.startswith(_MANAGE)]
    assert commands
    for line in commands:
        text, code = line, 0
        if found := _EXIT.search(line):
            text, code = line[: found.start()], int(found.group(1))
        assert _exit_code(shlex.split(text.removeprefix(_MANAGE))) == code, line


def test_the_requests_of_the_readme_are_answered(oms_server: OmsServer) -> None:
    block = next(text for kind, text in _blocks("README.md") if kind == "bash" and "curl" in text)
    script = block.replace("localhost:8000", oms_server.url.removeprefix("http://"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True, text=True, check=True, timeout=60,
        env={
            **oms_server.environment,
            "OMS_PASSWORD": oms_server.password,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
    )  # fmt: skip
    assert '"name":"logistics"' in done.stdout
    assert '"@id":"ObjectType/Vessel"' in done.stdout
    assert "urn:oms:problem" not in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_its_commands_in_blocks_that_are_tested(page: str) -> None:
    # What cannot be run here (other vocabularies, servers, make) stands in `console` blocks.
    assert {kind for kind, _ in _blocks(page)} <= {"bash", "console", "json", "text"}


def test_examples_in_the_guides_are_the_files() -> None:
    shown = [text for page in PAGES for kind, text in _blocks(page) if kind == "json"]
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "docs/examples").glob("*.json")]
    assert [text for text in shown if text not in files] == []


def test_the_korean_readme_says_the_same() -> None:
    english, korean = _outline("README.md"), _outline("README.ko.md")
    assert [level for level, _ in english] == [level for level, _ in korean]
    assert _blocks("README.md") == _blocks("README.ko.md")
    assert _targets("README.md") == _targets("README.ko.md")
    translated = [title for _, title in korean if re.search("[가-힣]", title)]
    assert len(translated) >= len(korean) - 1  # REST stays REST


def _exit_code(arguments: list[str]) -> int:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*arguments, stdout=out, stderr=err)
    except CommandError as error:
        print(out.getvalue(), err.getvalue(), error)  # shown when the assertion fails
        return error.returncode
    return 0


def _blocks(page: str) -> list[tuple[str, str]]:
    return _BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def _lines(page: str) -> Iterator[str]:
    for kind, text in _blocks(page):
        if kind == "bash":
            yield from text.splitlines()


def _outline(page: str) -> list[tuple[str, str]]:
    text = _BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))
    return re.findall(r"^(#+) (.*)$", text, re.MULTILINE)


def _targets(page: str) -> list[str]:
    """Where links lead, apart from the one to the README in the other language."""
    text = _BLOCK.sub("", (ROOT / page).read_text(encoding="utf-8"))
    found = re.findall(r"\]\(([^)]+)\)|<(http[^>]+)>", text)
    return sorted({first or second for first, second in found} - {"README.md", "README.ko.md"})
