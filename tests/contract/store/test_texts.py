"""Any text survives, and numbers keep their value; what cannot be kept is refused clearly."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oms_project.core.canonical_json import dumps_text, loads
from oms_project.core.context import Actor
from oms_project.core.errors import Invalid
from ontology.domain.kinds import Kind
from ontology.store.hashing import text_hash
from ontology.store.port import DocumentFilter
from ontology.store.sealing import seal_of
from tests.contract.store.harness import StoreHarness
from tests.contract.store.world import ALICE, World, a_type, rid

TEXTS = (
    "한국어 텍스트",
    "🛩️👩‍👩‍👧‍👦",
    "é and é differ",
    "'; DROP TABLE ontology_commit; --",
    "%s {0} %(x)s \\u0000 \\",
    "tab\tnew\nline\rreturn\x1f\x7f",
    "\ufeffbom \u200b\u2028\u2029 \U0010ffff \ufffe",
    "x" * 100_000,
    " spaces at both ends ",
    "ßẞ İı ﬀ",
    '"quotes" and \\ backslashes \\\\',
)

NUMBERS = (
    "1",
    "1.0",
    "-0.0",
    "0",
    "true",
    "123456789012345678901234567890",
    "-9223372036854775809",
    "18446744073709551616",
    "1E+400",
    "0.1",
    "0.100000000000000000000000000001",
    "1.10",
    "1e16",
    "12345678.12345678901234567890",
    "5e-324",
    "[1,1.0,true]",
)


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_text_survives_everywhere(world: World, text: str) -> None:
    body = a_type("A", description={"en": text}, tags=[text], iri=f"https://x.example/{text}")
    made = world.put({"a": body}, message=text, author=Actor("7", text[:150], text))
    reader = world.reader()
    document = reader.get_many([rid("a")])[rid("a")]
    assert document.body == body
    assert document.text == dumps_text(body)
    assert document.hash == text_hash(document.text)
    assert json.loads("{" + document.created + "}")["_created_by_username"] == text[:150]
    assert (world.head().message, world.head().author_username) == (text, text[:150])
    assert world.head() == made
    assert reader.find_entries("tag", [text]) == {text: [rid("a")]}
    assert reader.find_entries("iri", [f"https://x.example/{text}"]) == {
        f"https://x.example/{text}": [rid("a")]
    }
    (found,) = reader.page(where=DocumentFilter(text=text[:500].casefold()))
    assert found.body == body
    world.store.create_tag(world.id, name="t", commit=made.id, message=text, author=ALICE)
    assert world.store.get_tag(world.id, "t").message == text
    world.store.update_ontology(world.id, description=text, default_branch=None)
    assert world.store.get_ontology(world.id).description == text
    world.assert_sound()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_keeps_its_value_and_its_spelling(world: World, number: str) -> None:
    world.put({"a": {"apiName": "a", "default": loads(number)}}, kind=Kind.SHARED_PROPERTY)
    document = world.get("a")
    expected = dumps_text(loads(number))
    assert document.text == f'{{"apiName":"a","default":{expected}}}'
    stored, given_ = document.body["default"], loads(number)
    assert (type(stored), repr(stored)) == (type(given_), repr(given_))
    if not number.startswith(("[", "t")):
        assert Decimal(expected) == Decimal(number)
    world.assert_sound()


@pytest.mark.parametrize(
    ("one", "other"), [("1", "1.0"), ("1", "true"), ("0", "-0.0"), ("0", "false")]
)
def test_what_python_takes_for_equal_may_be_different_json(
    world: World, one: str, other: str
) -> None:
    def body(value: str) -> dict[str, Any]:
        return {"apiName": "a", "default": loads(value)}

    first = world.put({"a": body(one)}, kind=Kind.SHARED_PROPERTY)
    second = world.put({"a": body(other)})
    assert world.get("a", first).hash != world.get("a", second).hash
    (change,) = world.store.changes(world.id, first, second)
    assert change.before is not None
    assert change.after is not None
    assert (change.before.text, change.after.text) == (
        dumps_text(body(one)),
        dumps_text(body(other)),
    )


ANY_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=JSON, text=ANY_TEXT)
def test_any_json_survives(harness: StoreHarness, value: Any, text: str) -> None:
    world = World(harness.store)
    body = {
        "apiName": "a",
        "default": loads(dumps_text([value])),  # as a door reads it
        "description": {"en": text},
        "tags": [text],
    }
    world.put({"a": body}, kind=Kind.SHARED_PROPERTY)
    document = world.get("a")
    assert document.text == dumps_text(body)
    assert dumps_text(document.body) == document.text
    assert world.reader().find_entries("tag", [text]) == {text: [rid("a")]}
    world.assert_sound()


# --- what cannot be kept --------------------------------------------------------------------------


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"])
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (lambda bad: {"displayName": {"en": bad}}, "/displayName/en"),
        (lambda bad: {"tags": ["fine", bad]}, "/tags/1"),
        (lambda bad: {"iri": bad}, "/iri"),
        (lambda bad: {"displayName": {bad: "x"}}, "/displayName"),
    ],
)
def test_a_character_that_databases_do_not_have_is_refused_with_its_place(
    world: World, bad: str, fields: Any, field: str
) -> None:
    head = world.head()
    with pytest.raises(Invalid, match="cannot be stored") as refused:
        world.put({"a": {"apiName": "A", **fields(bad)}})
    assert refused.value.error_code == "unstorable_text"
    (error,) = refused.value.errors
    assert (error["rid"], error["field"], error["rule"]) == (rid("a"), field, "text")
    assert error["document"] == "ObjectType/A"
    assert world.head() == head
    assert world.state() == {}


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"])
def test_such_a_character_is_refused_in_every_text(world: World, bad: str) -> None:
    head = world.head()
    store = world.store
    for call in (
        lambda: world.put({"a": a_type("A")}, message=bad),
        lambda: world.put({"a": a_type("A")}, author=Actor("1", bad)),
        lambda: world.branch(bad),
        lambda: world.tag(bad),
        lambda: store.create_tag(world.id, name="t", commit=head.id, message=bad, author=ALICE),
        lambda: store.update_ontology(world.id, description=bad, default_branch=None),
        lambda: store.create_ontology(
            name="bad",
            base_iri="x:",
            description=bad,
            header={"baseIri": "x:"},
            seal=seal_of(ALICE),
        ),
        lambda: store.create_ontology(
            name="bad", base_iri="x:", description="", header={"baseIri": bad}, seal=seal_of(ALICE)
        ),
    ):
        with pytest.raises(Invalid) as refused:
            call()
        assert refused.value.error_code == "unstorable_text"
    assert world.head() == head
    assert store.list_tags(world.id) == []
    assert [info.id for info in store.list_ontologies()] == [world.id]
    world.assert_sound()


def test_a_backslash_before_u0000_is_only_text(world: World) -> None:
    for text in ("\\u0000", "\\\\u0000", "x\\u0000y"):
        world.put({"a": a_type("A", description={"en": text})})
        assert world.get("a").body["description"] == {"en": text}


def test_keys_too_long_for_an_index_are_told_apart(world: World) -> None:
    keys = ["k" * 5_000 + end for end in ("a", "b")] + ["가" * 400, "가" * 401]
    for position, key in enumerate(keys):
        world.put({f"d{position}": a_type(f"D{position}", tags=[key])})
    assert world.reader().find_entries("tag", [*keys, "k" * 5_000]) == {
        key: [rid(f"d{position}")] for position, key in enumerate(keys)
    }
    world.assert_sound()
