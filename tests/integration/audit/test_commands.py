"""``manage.py audit``: exit codes, and results that a script can read."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from audit.domain.merkle import verify_inclusion
from audit.models import Event
from audit.triggers import drop_triggers
from oms_project.core.keys import keyring, public_key_set
from oms_project.identity.contract import Role
from tests.conftest import MakePerson

pytestmark = pytest.mark.django_db

Happen = Callable[..., list[str]]


def run(*words: str, fails: int = 0) -> str:
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command("audit", *words, stdout=out, stderr=err)
    except SystemExit as end:
        code = int(end.code or 0)
    except CommandError as end:
        code = end.returncode
    except Exception as end:  # noqa: BLE001 - typer's Exit carries the code
        code = getattr(end, "exit_code", 99)
    assert code == fails, err.getvalue()
    return out.getvalue()


def test_a_checkpoint_is_kept_and_held_against_the_trail(happen: Happen, tmp_path: Path) -> None:
    happen(3)
    kept, keys = tmp_path / "checkpoint", tmp_path / "keys.json"
    run("checkpoint", "--out", str(kept))
    keys.write_text(json.dumps(public_key_set(list(keyring.public_keys("audit").values()))))
    happen(2)
    assert run("sequence") == "3 events have got their place.\n"
    words = ("verify", "--checkpoint", str(kept), "--public-keys", str(keys), "--format", "json")
    report = json.loads(run(*words))
    assert (report["intact"], report["size"], report["checkpoint_size"]) == (True, 6, 3)


def test_what_is_found_ends_with_one(happen: Happen) -> None:
    ids = happen(3, place=True)
    drop_triggers(connection)
    Event.objects.filter(id=ids[1]).delete()
    assert "deleted at 1" in run("verify", fails=1)
    assert json.loads(run("verify", "--format", "json", fails=1))["intact"] is False


def test_a_proof_checks_out(happen: Happen) -> None:
    ids = happen(5)
    proof: dict[str, Any] = json.loads(run("prove", ids[2]))
    assert verify_inclusion(
        leaf=bytes.fromhex(proof["leaf"]),
        index=proof["index"],
        size=proof["size"],
        proof=[bytes.fromhex(step) for step in proof["hashes"]],
        root=bytes.fromhex(proof["root"]),
    )
    run("prove", "nothing", fails=1)


def test_search_and_export(happen: Happen, tmp_path: Path) -> None:
    happen(3)
    found = json.loads(run("search", "--subject", "u1", "--format", "json"))
    assert [item["event"]["subject"]["id"] for item in found["items"]] == ["u1"]
    assert "record.changed" in run("search", "--action", "record.")
    lines = run("export", "--action", "record.").splitlines()
    assert [json.loads(line)["event"]["data"]["n"] for line in lines] == [0, 1, 2]
    file = tmp_path / "trail.csv"
    run("export", "--format", "csv", "--out", str(file), "--action", "record.")
    assert len(file.read_text().splitlines()) == 4
    run("export", "--format", "xml", fails=2)
    run("search", "--since", "yesterday", fails=2)


def test_seal_and_read_again(happen: Happen, tmp_path: Path) -> None:
    happen(3)
    run("seal", "--before", "2099-01-01", "--out", str(tmp_path))
    assert Event.objects.filter(action="record.changed").count() == 0
    lines = run("export", "--sealed", str(tmp_path), "--action", "record.").splitlines()
    assert [json.loads(line)["index"] for line in lines] == [0, 1, 2]
    assert json.loads(run("verify", "--sealed", str(tmp_path), "--format", "json"))["sealed"] == 3
    run("seal", "--before", "2000-01-01", "--out", str(tmp_path), fails=1)


def test_what_is_refused_to_a_command_leaves_one_event(person: MakePerson) -> None:
    person("viewer", Role.VIEWER)
    run("search", "--as", "viewer", fails=1)
    denials = Event.objects.filter(action="access.denied").values_list("outcome", "actor_username")
    assert list(denials) == [("denied", "viewer")]
