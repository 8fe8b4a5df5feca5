"""Random bodies in normal form, small enough that two of them often touch the same thing."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ontology.domain.documents import LIST_KEYS, normalise
from ontology.domain.kinds import Kind
from ontology.domain.shapes import ORDERED_LISTS

NAMES = ("alpha", "beta", "gamma", "delta")
TEXT = st.sampled_from(("a", "b", "한국어", "a/b~c"))
ANY_JSON = st.sampled_from((0, 1, True, 1.0, "1", [1], {"a": None}))
LANG_TEXT = st.dictionaries(st.sampled_from(("en", "ko", "@none")), TEXT, max_size=3)
NAME = st.sampled_from(NAMES)
REFERENCE = st.sampled_from(tuple(f"00000000-0000-0000-0000-00000000000{n}" for n in range(4)))
REFERENCES = st.lists(REFERENCE, max_size=3, unique=True)
STATUS = st.sampled_from(("experimental", "active", "deprecated"))


def _some(required: dict[str, Any], optional: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def _items(item: SearchStrategy[Any], field: str) -> SearchStrategy[list[Any]]:
    return st.lists(item, max_size=4, unique_by=LIST_KEYS[field])


ANNOTATION = st.fixed_dictionaries(
    {
        "predicate": st.sampled_from(("https://x.example/p", "https://x.example/q")),
        "value": st.sampled_from(({"iri": "https://x.example/o"}, {"value": "text"})),
    }
)
ARRAY = _some({}, {"minItems": st.integers(0, 1), "maxItems": st.integers(2, 3)})
DEPRECATION = _some({}, {"since": TEXT, "reason": LANG_TEXT, "replacedBy": REFERENCES})
PROPERTY = _some(
    {"rid": st.sampled_from(("p1", "p2", "p3", "p/4")), "apiName": NAME},
    {
        "displayName": LANG_TEXT,
        "dataTypes": st.lists(st.sampled_from(("string", "integer", "uri")), unique=True),
        "required": st.booleans(),
        "order": st.integers(0, 2),
        "array": ARRAY,
        "default": ANY_JSON,
        "deprecation": DEPRECATION,
        "annotations": _items(ANNOTATION, "annotations"),
    },
)
PROPERTIES = _items(PROPERTY, "properties")
DEFINITION: dict[str, Any] = {
    "displayName": LANG_TEXT,
    "description": LANG_TEXT,
    "status": STATUS,
    "deprecation": DEPRECATION,
    "annotations": _items(ANNOTATION, "annotations"),
    "aliases": st.lists(st.sampled_from(("One", "Zero")), unique=True),
    "tags": st.lists(TEXT, unique=True, max_size=3),
    "externalMappings": _items(
        st.fixed_dictionaries(
            {"relation": st.sampled_from(("exactMatch", "closeMatch")), "iri": TEXT}
        ),
        "externalMappings",
    ),
}
CARDINALITY = _some({}, {"min": st.integers(0, 1), "max": st.integers(1, 2)})
NAMED = {"apiName": st.sampled_from(("One", "Two", "Three"))}
BODIES: dict[Kind, SearchStrategy[dict[str, Any]]] = {
    Kind.OBJECT_TYPE: _some(
        NAMED,
        {
            **DEFINITION,
            "parents": REFERENCES,
            "isAbstract": st.booleans(),
            "primaryKey": st.lists(NAME, unique=True, max_size=2),
            "properties": PROPERTIES,
            "uniqueConstraints": _items(
                st.fixed_dictionaries(
                    {"name": NAME, "properties": st.lists(NAME, unique=True, min_size=1)}
                ),
                "uniqueConstraints",
            ),
        },
    ),
    Kind.ENUM_TYPE: _some(
        NAMED,
        {
            **DEFINITION,
            "members": _items(
                _some({"code": st.sampled_from("ABCDE")}, {"label": LANG_TEXT, "status": STATUS}),
                "members",
            ),
        },
    ),
    Kind.LINK_TYPE: _some(
        NAMED,
        {
            **DEFINITION,
            "sources": REFERENCES,
            "targets": REFERENCES,
            "sourceCardinality": CARDINALITY,
            "targetCardinality": CARDINALITY,
            "properties": PROPERTIES,
            "onDelete": st.sampled_from(("restrict", "detach")),
        },
    ),
    Kind.INTERFACE: _some(
        NAMED,
        {
            "extends": REFERENCES,
            "linkConstraints": _items(
                _some(
                    {"linkType": REFERENCE},
                    {
                        "direction": st.sampled_from(("outgoing", "incoming")),
                        "min": st.integers(0, 2),
                    },
                ),
                "linkConstraints",
            ),
        },
    ),
    Kind.VALUE_TYPE: _some(
        {**NAMED, "baseType": st.sampled_from(("string", "integer"))},
        {
            "constraints": _some(
                {}, {"minimum": ANY_JSON, "pattern": TEXT, "enum": st.lists(ANY_JSON, max_size=2)}
            )
        },
    ),
    Kind.ACTION_TYPE: _some(
        NAMED,
        {
            "parameters": _items(
                _some({"apiName": NAME}, {"required": st.booleans()}), "parameters"
            ),
            "rules": _items(
                _some(
                    {"name": NAME, "op": st.sampled_from(("create", "modify"))},
                    {"values": st.dictionaries(NAME, ANY_JSON, max_size=2)},
                ),
                "rules",
            ),
            "sideEffects": _items(
                _some({"name": NAME, "type": st.just("event")}, {}), "sideEffects"
            ),
            "batchLimit": st.integers(1, 3),
        },
    ),
    Kind.ONTOLOGY: _some(
        {"baseIri": st.just("https://x.example/")},
        {
            "prefixes": st.dictionaries(NAME, TEXT, max_size=3),
            "defaultLanguage": st.sampled_from(("en", "ko")),
            "annotations": _items(ANNOTATION, "annotations"),
        },
    ),
    Kind.OBJECT: _some(
        {"_type": REFERENCE},
        {
            "properties": ANY_JSON,
            "tags": st.lists(TEXT, max_size=3),
            "apiName": TEXT,
            "_annotations": _items(ANNOTATION, "_annotations").filter(bool),
        },
    ),
}
KINDS = st.sampled_from(tuple(BODIES))


@st.composite
def bodies(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    """A body of ``kind``."""
    return normalise(kind, draw(BODIES[kind]))


@st.composite
def edits(draw: st.DrawFn, kind: Kind, base: dict[str, Any]) -> dict[str, Any]:
    """``base`` after some edits: most of it stays."""
    other = draw(BODIES[kind])
    body: dict[str, Any] = {}
    for name in sorted(base.keys() | other.keys()):
        if name in LIST_KEYS and isinstance(base.get(name), list) and kind != Kind.OBJECT:
            body[name] = _edited_items(draw, name, base[name], other.get(name, []))
            continue
        source = draw(st.sampled_from((base, base, other)))
        if name in source:
            body[name] = source[name]
        elif name in base and name in ("apiName", "baseIri", "_type", "baseType"):
            body[name] = base[name]
    return normalise(kind, body)


def _edited_items(draw: st.DrawFn, name: str, base: list[Any], other: list[Any]) -> list[Any]:
    key = LIST_KEYS[name]
    by_key = {key(item): item for item in other}
    items = []
    for item in base:
        choice = draw(st.sampled_from(("keep", "keep", "edit", "drop")))
        if choice == "keep" or (choice == "edit" and key(item) not in by_key):
            items.append(item)
        elif choice == "edit":
            mixed = {**item, **by_key[key(item)]}
            items.append(mixed)
    known = {key(item) for item in base}
    for item in other:
        if key(item) not in known and draw(st.booleans()):
            items.insert(draw(st.integers(0, len(items))), item)
    if name in ORDERED_LISTS and draw(st.booleans()):
        items = draw(st.permutations(items))
    return list(items)


@st.composite
def triples(
    draw: st.DrawFn, *, absent: bool = True
) -> tuple[Kind, dict[str, Any] | None, dict[str, Any] | None, dict[str, Any] | None]:
    """A kind, a base, and two edits of it; each perhaps absent."""
    kind = draw(KINDS)
    base = draw(bodies(kind))
    ours, theirs = draw(edits(kind, base)), draw(edits(kind, base))
    gone = draw(st.sampled_from(("", "", "", "base", "ours", "theirs"))) if absent else ""
    return (
        kind,
        None if gone == "base" else base,
        None if gone == "ours" else ours,
        None if gone == "theirs" else theirs,
    )
