"""``redact`` and ``redactions``."""

from __future__ import annotations

import json

import pytest

from oms_project.core.context import SYSTEM, acting_as
from tests.integration.cli.support import Cli
from tests.integration.ontology.people import put, rid

pytestmark = pytest.mark.data

WHY = ("--reason", "Request 7")


@pytest.fixture
def ann(cli: Cli) -> str:
    """The ``rid`` of an object with two versions."""
    cli("create", "hr", "--base-iri", "https://example.org/hr/")
    with acting_as(SYSTEM):
        put("hr", "ann", {"_type": rid("person"), "name": "Ann", "email": "ann@x.org"})
        put(
            "hr",
            "ann",
            {"_type": rid("person"), "name": "Ann", "email": "ann@y.org"},
            message="Was ann@x.org",
        )
    return rid("ann")


def test_a_preview_says_what_would_go(cli: Cli, ann: str) -> None:
    result = cli("redact", "hr", ann, "--field", "email", *WHY, "--dry-run")
    assert result.out.startswith("Would erase email from 2 versions of ")
    assert "names one of the values, and stays" in result.err
    assert "ann@y.org" in cli("get", "hr", ann).out


def test_values_are_erased_when_told_so(cli: Cli, ann: str) -> None:
    refused = cli("redact", "hr", ann, *WHY, code=2)
    assert "--yes" in refused.err
    result = cli("redact", "hr", ann, "-f", "email", *WHY, "--yes")
    assert result.out.startswith("Erased email from 2 versions of ")
    assert "ann@y.org" not in cli("get", "hr", ann).out
    assert "OK" in cli("verify", "hr").out
    found = cli("redact", "hr", ann, *WHY, "--yes", "--format", "json").json
    assert found["redaction"]["fields"] == ["name"]
    listed = cli("redactions", "hr", "--format", "json").json["items"]
    assert [item["fields"] for item in listed] == [["name"], ["email"]]
    assert "Request 7" in cli("redactions", "hr").out
    assert "ann@" not in json.dumps(listed)


def test_what_cannot_be_erased_is_refused(cli: Cli, ann: str) -> None:
    refused = cli("redact", "hr", ann, "-f", "phone", *WHY, "--yes", code=1)
    assert "No version has a value called phone" in refused.err
