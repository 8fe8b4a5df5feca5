"""Text and tables for people."""

from __future__ import annotations

import io

from rich.text import Text

from oms_project.management.text import clean
from ontology.management.cli.history import is_target
from ontology.management.cli.output import Output, table
from ontology.management.cli.rendering.values import short


def test_korean_letters_count_two_cells() -> None:
    rows = [("사람", "x"), ("Person", "y")]
    assert [line.plain for line in table(("name", "z"), rows)] == [
        "name    z",
        "사람    x",
        "Person  y",
    ]


def test_numbers_stand_to_the_right() -> None:
    assert [line.plain for line in table(("kind", "n>"), [("A", "1"), ("B", "1,000")])] == [
        "kind      n",
        "A         1",
        "B     1,000",
    ]


def test_controls_are_shown_and_not_obeyed() -> None:
    assert clean("a\x1b[31m\x07\x9b\n\tb") == "a␛[31m␇\ufffd\n\tb"


def test_a_value_is_short_and_names_what_it_refers_to() -> None:
    assert short(["r1"], {"r1": "ObjectType/A"}) == '["ObjectType/A"]'
    assert short("r1", {"r1": "ObjectType/A"}) == "ObjectType/A"
    assert short("x" * 500) == '"' + "x" * 158 + "…"
    assert short("가") == '"가"'


def test_a_line_in_a_pipe_is_never_wrapped() -> None:
    stream = io.StringIO()
    output = Output(stdout=stream, stderr=io.StringIO(), as_json=False)
    output.line("x" * 300, Text("y", style="red"))
    assert stream.getvalue() == "x" * 300 + " y\n"


def test_no_items_are_a_list_too() -> None:
    stream = io.StringIO()
    Output(stdout=stream, stderr=io.StringIO(), as_json=True).json_items([])
    assert stream.getvalue() == '{"items": []}\n'


def test_commits_and_documents_are_told_apart() -> None:
    assert is_target("ObjectType/Person")
    assert is_target("https://schema.org/Person")
    assert is_target("5f0c5c2e-9a3b-5d0e-8b1a-0123456789ab")
    assert not is_target("main")
    assert not is_target("feature/person")
    assert not is_target("3f9c2a7d41b0")
    assert not is_target("main@2026-07-05T12:00:00Z")
