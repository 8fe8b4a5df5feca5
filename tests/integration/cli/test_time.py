"""``--as-of``, ``blame`` and ``compare``."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from oms_project.core.clock import frozen_at
from tests.integration.cli.support import Cli

pytestmark = pytest.mark.data

NOON = dt.datetime(2030, 7, 5, 12, tzinfo=dt.UTC)


@pytest.fixture
def fleet(cli: Cli) -> None:
    """A ship at noon, with another label a day later."""
    with frozen_at(NOON):
        cli("create", "fleet", "--base-iri", "https://example.org/fleet/")
        _apply(cli, "create", op="create", kind="ObjectType", fields={"apiName": "Ship"})
    with frozen_at(NOON + dt.timedelta(days=1)):
        _apply(
            cli,
            "label",
            op="update",
            target="ObjectType/Ship",
            fields={"displayName": {"en": "Vessel"}},
        )


def _apply(cli: Cli, message: str, **change: object) -> None:
    cli("apply", "fleet", "-", "-m", message, stdin=json.dumps([change]))


def test_every_read_takes_a_time(cli: Cli, fleet: None) -> None:
    then = ("--as-of", "2030-07-05")
    assert "Vessel" in cli("get", "fleet", "ObjectType/Ship").out
    for words in (
        ("get", "fleet", "ObjectType/Ship"),
        ("show", "fleet", "ObjectType/Ship"),
        ("ls", "fleet"),
        ("describe", "fleet", "ObjectType/Ship"),
        ("history", "fleet", "ObjectType/Ship"),
        ("log", "fleet"),
        ("export", "fleet"),
        ("blame", "fleet", "ObjectType/Ship"),
        ("sparql", "fleet", "SELECT ?l { ?t rdfs:label ?l }"),
    ):
        out = cli(*words, *then).out
        assert "Vessel" not in out, words
        assert "label\n" not in out.replace("status  label", ""), words
    assert len(cli("log", "fleet", "--oneline", *then).out.splitlines()) == 2
    assert "ObjectType" in cli("stats", "fleet", *then).out


def test_a_time_that_does_not_fit_is_refused(cli: Cli, fleet: None) -> None:
    refused = cli("ls", "fleet", "--as-of", "noon", code=1)
    assert "'noon' is not a time" in refused.err
    assert cli("show", "fleet", "main", "--as-of", "2030-07-05", code=2).err


def test_blame_shows_a_line_for_every_value(cli: Cli, fleet: None) -> None:
    title, head, *lines = cli("blame", "fleet", "ObjectType/Ship").out.splitlines()
    assert title == "ObjectType/Ship"
    assert head.split() == ["commit", "time", "author", "field", "value", "message"]
    assert [line.split()[4:] for line in lines] == [
        ["/apiName", '"Ship"', "create"],
        ["/displayName/en", '"Vessel"', "label"],
    ]
    found = cli("blame", "fleet", "ObjectType/Ship", "--format", "json").json
    assert [entry["value"] for entry in found["entries"]] == ["Ship", "Vessel"]


def test_compare_shows_what_differs_in_one_document(cli: Cli, fleet: None) -> None:
    start = ("--from", "main@2030-07-05T13:00:00Z")
    lines = cli("compare", "fleet", "ObjectType/Ship", *start).out.splitlines()
    assert lines == ["~ ObjectType/Ship", '    + /displayName/en: "Vessel"']
    assert cli("compare", "fleet", "ObjectType/Ship", *start, "--exit-code", code=1).out
    same = cli("compare", "fleet", "ObjectType/Ship", "--from", "main", "--exit-code")
    assert same.out == "ObjectType/Ship: no differences.\n"
    found = cli("compare", "fleet", "ObjectType/Ship", *start, "--format", "json").json
    assert found["diff"]["operation"] == "update"
    assert found["before"].get("displayName") is None
