"""``manage.py ontology sparql``."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import rdflib

from tests.integration.cli.support import Cli

CLASSES = "SELECT ?c ?label { ?c a owl:Class ; rdfs:label ?label } ORDER BY ?label LIMIT 2"


def test_rows_are_a_table(cli: Cli, bikeshare: str) -> None:
    lines = cli("sparql", bikeshare, CLASSES).out.splitlines()
    assert lines[0].split() == ["?c", "?label"]
    assert len(lines) == 3
    assert lines[1].split()[0].startswith("https://example.org/bikeshare/")


def test_a_query_may_be_in_a_file_or_on_stdin(cli: Cli, bikeshare: str, tmp_path: Path) -> None:
    file = tmp_path / "classes.rq"
    file.write_text(CLASSES)
    said = cli("sparql", bikeshare, CLASSES).out
    assert cli("sparql", bikeshare, str(file)).out == said
    assert cli("sparql", bikeshare, "-", stdin=CLASSES).out == said


def test_yes_or_no(cli: Cli, bikeshare: str) -> None:
    assert cli("sparql", bikeshare, "ASK {}").out == "yes\n"
    assert cli("sparql", bikeshare, "ASK { FILTER(false) }").out == "no\n"


@pytest.mark.parametrize("name", ["json", "csv", "turtle"])
def test_formats(cli: Cli, bikeshare: str, name: str) -> None:
    if name == "turtle":
        out = cli("sparql", bikeshare, "DESCRIBE ?c { ?c a owl:Class }", "--format", name).out
        assert len(rdflib.Graph().parse(data=out)) > 2
        return
    out = cli("sparql", bikeshare, CLASSES, "--format", name).out
    if name == "json":
        assert len(json.loads(out)["results"]["bindings"]) == 2
    else:
        assert len(list(csv.reader(io.StringIO(out)))) == 3


def test_another_ref_has_another_answer(cli: Cli, bikeshare: str) -> None:
    query = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    assert cli("sparql", bikeshare, query, "--ref", "v2").out != cli("sparql", bikeshare, query).out


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * { SERVICE <http://x/> {} }", "SERVICE is not available"),
        ("DELETE WHERE { ?s ?p ?o }", "DELETE is an update"),
        ("SELECT * {", "line 1, column 11"),
        ("no-such-file.rq", "cannot be parsed"),
    ],
)
def test_a_refusal_is_a_sentence(cli: Cli, bikeshare: str, query: str, said: str) -> None:
    result = cli("sparql", bikeshare, query, code=1)
    assert result.out == ""
    assert said in result.err


def test_a_format_must_suit_the_query(cli: Cli, bikeshare: str) -> None:
    assert (
        "json, xml, csv, tsv"
        in cli("sparql", bikeshare, "ASK {}", "--format", "turtle", code=1).err
    )
    cli("sparql", bikeshare, "ASK {}", "--format", "pdf", code=2)
