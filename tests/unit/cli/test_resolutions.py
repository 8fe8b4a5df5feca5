"""How the command line names the settlement of conflicts."""

from __future__ import annotations

import io

import pytest
import typer

from ontology.contract import Resolution
from ontology.management.cli.resolutions import parse_resolution, resolutions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "ObjectType/Person#/displayName/en=ours",
            Resolution("ours", document="ObjectType/Person", path="/displayName/en"),
        ),
        ("ObjectType/Person=theirs", Resolution("theirs", document="ObjectType/Person")),
        ("ObjectType/Person#=base", Resolution("base", document="ObjectType/Person", path="")),
        (
            'ObjectType/Person#/status=value:"deprecated"',
            Resolution("value", document="ObjectType/Person", path="/status", value="deprecated"),
        ),
        (
            "ObjectType/A#/x=value:null",
            Resolution("value", document="ObjectType/A", path="/x", value=None),
        ),
        (
            'ObjectType/A#/x=value:{"y": "=ours"}',
            Resolution("value", document="ObjectType/A", path="/x", value={"y": "=ours"}),
        ),
        (
            'ObjectType/A#/x=value:"a=ours"',
            Resolution("value", document="ObjectType/A", path="/x", value="a=ours"),
        ),
        (
            "ObjectType/A#/externalMappings/exactMatch:https:~1~1x?y=z=theirs",
            Resolution(
                "theirs",
                document="ObjectType/A",
                path="/externalMappings/exactMatch:https:~1~1x?y=z",
            ),
        ),
    ],
)
def test_a_single_resolution(text: str, expected: Resolution) -> None:
    assert parse_resolution(text) == expected


@pytest.mark.parametrize("text", ["ObjectType/A", "=ours", "ObjectType/A=mine", "A=value:{", ""])
def test_what_is_no_resolution_is_a_usage_error(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        parse_resolution(text)


def test_all_sources_come_together_and_the_rest_comes_last() -> None:
    file = io.StringIO('{"ObjectType/A": "theirs", "ObjectType/B#/x": {"value": 1.10}}')
    found = resolutions(ours=True, theirs=False, single=["ObjectType/C=base"], file=file)
    assert found == (
        Resolution("theirs", document="ObjectType/A"),
        Resolution("value", document="ObjectType/B", path="/x", value=1.1),
        Resolution("base", document="ObjectType/C"),
        Resolution("ours"),
    )


@pytest.mark.parametrize("text", ["[]", "{", '{"A": "mine"}', '{"A": {"value": 1, "x": 2}}'])
def test_a_file_that_cannot_be_understood_is_a_usage_error(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        resolutions(ours=False, theirs=False, single=None, file=io.StringIO(text))


def test_both_sides_cannot_take_the_rest() -> None:
    with pytest.raises(typer.BadParameter, match="--ours and --theirs"):
        resolutions(ours=True, theirs=True, single=None, file=None)
