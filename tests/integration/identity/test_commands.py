"""``manage.py identity`` and ``manage.py keys``."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from oms_project.core.keys import load_public_keys
from oms_project.identity.models import Delegation, TokenSession, User
from tests.conftest import PASSWORD, MakePerson, tokens_of
from tests.integration.identity.test_oauth import credentials

pytestmark = pytest.mark.django_db


def run(*words: str, monkeypatch: pytest.MonkeyPatch | None = None, typed: str = "") -> Any:
    out = io.StringIO()
    if monkeypatch is not None:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with_json = words[1] != "export"
    call_command(*words, *(["--format", "json"] if with_json else []), stdout=out)
    return json.loads(out.getvalue())


def test_users(monkeypatch: pytest.MonkeyPatch) -> None:
    made = run("identity", "user", "create", "ann", monkeypatch=monkeypatch, typed=PASSWORD + "\n")
    assert made["username"] == "ann"
    assert User.objects.get().check_password(PASSWORD)
    session = tokens_of(User.objects.get())
    assert session.access
    run("identity", "user", "password", "ann", monkeypatch=monkeypatch, typed="other-phrase-9876\n")
    assert User.objects.get().check_password("other-phrase-9876")
    assert TokenSession.objects.get().revoked_reason == "the password was changed"
    assert run("identity", "user", "deactivate", "ann")["is_active"] is False
    assert run("identity", "user", "deactivate", "ann", "--undo")["is_active"] is True
    assert [one["username"] for one in run("identity", "user", "list")["items"]] == ["ann"]


def test_service_accounts_groups_and_delegations(person: MakePerson) -> None:
    person("ann")
    made = run("identity", "service-account", "create", "etl", "--owner", "ann")
    client_id = made["account"]["client_id"]
    assert credentials(client_id, made["secret"]).status_code == 200
    second = run("identity", "service-account", "rotate", client_id, "--grace", "0")
    assert credentials(client_id, made["secret"]).status_code == 401
    assert credentials(client_id, second["secret"]).status_code == 200
    assert len(run("identity", "service-account", "list")["items"]) == 1
    members = run("identity", "group", "add", "robots", "etl", "--create")["members"]
    assert members == ["etl"]
    assert run("identity", "group", "remove", "robots", "etl")["members"] == []
    given = run(
        "identity", "delegation", "grant", "ann", client_id, "--reason", "import", "--expires", "7d"
    )  # fmt: skip
    assert Delegation.objects.get().created_by.startswith("cli (os:")
    assert [one["id"] for one in run("identity", "delegation", "list")["items"]] == [given["id"]]
    assert run("identity", "delegation", "revoke", given["id"])["holds"] is False


def test_sessions(person: MakePerson) -> None:
    tokens_of(person("ann"))
    (session,) = run("identity", "session", "list", "ann")["items"]
    assert run("identity", "session", "end", session["id"]) == {"ended": session["id"]}
    assert run("identity", "session", "list", "ann")["items"] == []
    assert set(run("identity", "purge")) == {"sessions", "revoked_tokens", "failed_sign_ins"}


def test_keys(fresh_keys: Callable[[], Any], tmp_path: Path) -> None:
    from audit.models import Event

    ring = fresh_keys()
    first = run("keys", "rotate", "token")
    second = run("keys", "rotate", "token", "--algorithm", "RS256")
    assert ring.signing_key("token").kid == second["kid"]
    listed = [key["kid"] for key in run("keys", "list")["items"] if key["purpose"] == "token"]
    assert listed == [first["kid"], second["kid"]]
    run("keys", "retire", "token", second["kid"])
    assert ring.signing_key("token").kid == first["kid"]
    assert run("keys", "revoke", "token", first["kid"], "--since", "2026-01-01")["revoked"]
    target = tmp_path / "public.json"
    call_command("keys", "export", "--out", str(target))
    exported = json.loads(target.read_text())
    exported["keys"] = [key for key in exported["keys"] if key["purpose"] == "token"]
    assert set(load_public_keys(exported)) == {first["kid"], second["kid"]}
    assert "private" not in target.read_text()
    actions = list(
        Event.objects.filter(action__startswith="identity.key").values_list("action", flat=True)
    )
    assert sorted(actions) == [
        "identity.key_retired", "identity.key_revoked", "identity.key_rotated",
        "identity.key_rotated",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("identity", "user", "deactivate", "nobody"),
        ("identity", "service-account", "rotate", "svc_x"),
        ("identity", "session", "end", "x"),
        ("identity", "delegation", "revoke", "x"),
        ("identity", "user", "list", "--as", "nobody"),
        ("identity", "user", "list", "--as", "ann"),
        ("keys", "rotate", "coffee"),
        ("keys", "retire", "token", "x"),
        ("keys", "revoke", "token", "x", "--since", "whenever"),
        ("keys", "list", "--as", "ann"),
    ],
)
def test_refusals_are_problems_on_stderr(person: MakePerson, words: tuple[str, ...]) -> None:
    person("ann")
    errors = io.StringIO()
    with pytest.raises(BaseException):  # noqa: B017 - the exit of a command
        call_command(*words, "--format", "json", stderr=errors)
    assert json.loads(errors.getvalue())["detail"]
