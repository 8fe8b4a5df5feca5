"""Commands run inside the test for speed, or as processes for what only a process shows."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from ontology.demo.seed import seed
from tests.integration.cli.support import EXAMPLES, Cli, Process, Result, command
from tests.services import ROOT, manage, oms_environment


@pytest.fixture
def cli(db: None, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run ``manage.py ontology`` in this process."""

    def run(*arguments: str, code: int = 0, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command("ontology", *arguments, stdout=out, stderr=err)
            found = 0
        except CommandError as error:
            found = error.returncode
            if found == 2:  # a process prints it with the usage above
                err.write(str(error))
        result = Result(found, out.getvalue(), err.getvalue())
        assert result.code == code, (result.out, result.err)
        return result

    return run


@pytest.fixture
def demo(db: None) -> str:
    """The demo ontology; its name."""
    return seed().ontology.name


@pytest.fixture
def bikeshare(cli: Cli) -> str:
    """A small vocabulary: 1.0 on ``main``, 2.0 on ``v2``; its name."""
    cli("create", "bikeshare", "--base-iri", "https://example.org/bikeshare/")
    cli("import", "bikeshare", str(EXAMPLES / "bikeshare-1.0.ttl"), "-m", "Bikeshare 1.0")
    cli("branch", "bikeshare", "create", "v2", "--from", "main")
    cli(
        "import", "bikeshare", str(EXAMPLES / "bikeshare-2.0.ttl"),
        "--branch", "v2", "--mode", "replace", "-m", "Bikeshare 2.0",
    )  # fmt: skip
    return "bikeshare"


@pytest.fixture
def state(cli: Cli) -> Callable[[str], object]:
    """All that a command could change of an ontology: to prove that a refused one did not."""

    def read(name: str) -> object:
        branches = cli("branch", name, "list", "--format", "json").json["items"]
        tags = cli("tag", name, "list", "--format", "json").json["items"]
        return branches, tags, cli("log", name, "--format", "json").json["items"]

    return read


@pytest.fixture(scope="session")
def process_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a database with the demo, made once."""
    environment = oms_environment(tmp_path_factory.mktemp("cli"))
    manage("setup", environment=environment)
    return environment


@pytest.fixture
def process(process_environment: dict[str, str]) -> Process:
    """Run ``manage.py ontology`` as a process, its streams being pipes."""

    def run(*arguments: str, code: int = 0, stdin: bytes = b"", **environment: str) -> Result:
        done = subprocess.run(
            command(*arguments),
            input=stdin, capture_output=True, check=False, timeout=120, cwd=ROOT,
            env={**process_environment, **environment},
        )  # fmt: skip
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert result.code == code, (result.out, result.err)
        return result

    return run
