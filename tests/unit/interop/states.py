"""States of an ontology, made up by hypothesis: every kind, every field, valid references."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from oms_project.core.canonical_json import dumps, loads
from oms_project.core.ids import derived_id
from ontology.domain.documents import Document, normalise
from ontology.domain.kinds import DEFINITION_KINDS, Kind
from tests.unit.interop.laws import BASE, NAMESPACE

Body = dict[str, Any]

_NAMES = st.sampled_from(["A", "b", "Cee", "dee_2", "_e", "X1", "name", "Person", "person9"])
#: Any text that Unicode and XML both allow, and more often the kind that breaks things.
TEXT = st.one_of(
    st.sampled_from(
        ["", " ", "a b", '"quote\\"', "line\nbreak", "tab\tand\rreturn", "é한𝔸", "<&>"]
    ),
    st.text(
        st.characters(
            codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"
        ),
        max_size=12,
    ),
)
LANGUAGES = st.sampled_from(["@none", "en", "ko", "en-gb", "EN", "not a tag", ""])
LANG_TEXT = st.dictionaries(LANGUAGES, TEXT, max_size=3)
IRIS = st.one_of(
    st.sampled_from(
        [
            f"{BASE}Thing",
            "http://example.org/a/b",
            "http://example.org/3D-Model",
            "urn:x:y",
            "not an iri",
            "http://example.org/ü",
            "http://www.w3.org/2002/07/owl#Thing",
        ]
    ),
    st.integers(0, 40).map(lambda number: f"{BASE}n{number}"),
)
RIDS = st.uuids(version=4).map(str)
DATA_TYPES = st.sampled_from(
    ["string", "integer", "decimal(12,2)", "decimal", "langString", "vector(3)", "geopoint", "uri"]
)
_PREDICATES = st.sampled_from(
    [
        "http://www.w3.org/2000/01/rdf-schema#label",
        "http://www.w3.org/2000/01/rdf-schema#seeAlso",
        "http://www.w3.org/2000/01/rdf-schema#subClassOf",
        "http://www.w3.org/2000/01/rdf-schema#domain",
        "http://www.w3.org/2002/07/owl#deprecated",
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
        "http://example.org/p",
        "not a predicate",
        "urn:oms:vocab:form",
    ]
)
_LEAVES = st.one_of(
    st.fixed_dictionaries({"iri": IRIS}),
    st.fixed_dictionaries({"value": TEXT}),
    st.fixed_dictionaries({"value": TEXT, "language": LANGUAGES}),
    st.fixed_dictionaries({"value": TEXT, "datatype": IRIS}),
    st.fixed_dictionaries({"blank": st.sampled_from(["c1", "shared", "not a label"])}),
)


def _annotations(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.fixed_dictionaries({"predicate": _PREDICATES, "value": values}), max_size=2)


ANNOTATIONS = _annotations(
    st.recursive(
        _LEAVES,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"node": _annotations(inner)}),
            st.fixed_dictionaries({"list": st.lists(inner, max_size=3)}),
        ),
        max_leaves=4,
    )
)
JSON_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXT,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXT, inner, max_size=2)),
    max_leaves=4,
)


def _optional(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Body]:
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def states(draw: st.DrawFn) -> tuple[list[Document], Body]:
    """Documents in normal form, and a header."""
    kinds = draw(st.lists(st.sampled_from(DEFINITION_KINDS), max_size=6))
    named: dict[Kind, set[str]] = {}
    ids: dict[Kind, list[str]] = {kind: [] for kind in Kind}
    plan: list[tuple[str, Kind, Body]] = []
    iris: set[tuple[Kind, str]] = set()
    for kind in kinds:
        name = draw(_NAMES)
        if name.casefold() in named.setdefault(kind, set()):
            continue
        named[kind].add(name.casefold())
        iri = draw(st.one_of(st.none(), IRIS))
        if iri is not None and (kind, iri) in iris:
            iri = None
        if iri is not None:
            iris.add((kind, iri))
        rid = draw(st.one_of(RIDS, st.just(derived_id(NAMESPACE, kind.value, iri or name))))
        if any(rid == other for other, _, _ in plan):
            continue
        ids[kind].append(rid)
        plan.append((rid, kind, {"apiName": name, "iri": iri} if iri else {"apiName": name}))
    documents = [
        Document(rid, kind, normalise(kind, {**body, **draw(_fields(kind, ids))}))
        for rid, kind, body in plan
    ]
    documents.extend(draw(_instances(ids)))
    documents.extend(draw(_resources()))
    # As a store gives them back: a number has one spelling.
    unique = {
        document.rid: Document(document.rid, document.kind, loads(dumps(document.body)))
        for document in documents
    }
    return list(unique.values()), draw(_headers())


def _references(ids: dict[Kind, list[str]], *kinds: Kind) -> st.SearchStrategy[list[str]]:
    known = [rid for kind in kinds for rid in ids[kind]]
    return st.lists(st.sampled_from(known), max_size=3) if known else st.just([])


def _common(ids: dict[Kind, list[str]]) -> dict[str, st.SearchStrategy[Any]]:
    every = _references(ids, *DEFINITION_KINDS)
    either = st.one_of(every, st.lists(IRIS, max_size=2))
    return {
        "displayName": LANG_TEXT,
        "description": LANG_TEXT,
        "status": st.sampled_from(["experimental", "active", "deprecated", "archived"]),
        "deprecation": _optional({"since": TEXT, "reason": LANG_TEXT, "replacedBy": either}),
        "annotations": ANNOTATIONS,
        "aliases": st.lists(_NAMES, max_size=2),
        "owner": TEXT,
        "tags": st.lists(TEXT, max_size=2),
        "externalMappings": st.lists(
            st.fixed_dictionaries(
                {"relation": st.sampled_from(["exactMatch", "broadMatch"]), "iri": IRIS}
            ),
            max_size=2,
            unique_by=lambda item: (item["relation"], item["iri"]),
        ),
        "equivalentTo": either,
    }


def _types(ids: dict[Kind, list[str]]) -> st.SearchStrategy[list[str]]:
    known = _references(ids, Kind.VALUE_TYPE, Kind.ENUM_TYPE, Kind.STRUCT_TYPE)
    return st.tuples(st.lists(DATA_TYPES, max_size=2), known).map(lambda pair: pair[0] + pair[1])


def _properties(ids: dict[Kind, list[str]]) -> st.SearchStrategy[list[Body]]:
    shared = ids[Kind.SHARED_PROPERTY]
    own = st.fixed_dictionaries(
        {"rid": RIDS, "apiName": _NAMES},
        optional={
            "dataTypes": _types(ids),
            "order": st.integers(0, 3),
            "required": st.booleans(),
            "array": _optional({"minItems": st.integers(0, 2), "unique": st.booleans()}),
            "default": JSON_VALUES,
            "unit": TEXT,
            "sensitivity": st.sampled_from(["public", "secret"]),
            "displayName": LANG_TEXT,
            "iri": IRIS,
        },
    )
    if not shared:
        return st.lists(own, max_size=2, unique_by=lambda item: item["rid"])
    entry = st.fixed_dictionaries(
        {"rid": RIDS, "apiName": _NAMES, "sharedProperty": st.sampled_from(shared)},
        optional={"required": st.booleans()},
    )
    return st.lists(st.one_of(own, entry), max_size=3, unique_by=lambda item: item["rid"])


def _fields(kind: Kind, ids: dict[Kind, list[str]]) -> st.SearchStrategy[Body]:
    ends = _references(ids, Kind.OBJECT_TYPE, Kind.INTERFACE)
    own: dict[str, st.SearchStrategy[Any]] = {}
    needed: dict[str, st.SearchStrategy[Any]] = {}
    if kind == Kind.OBJECT_TYPE:
        own = {
            "parents": _references(ids, kind),
            "interfaces": _references(ids, Kind.INTERFACE),
            "isAbstract": st.booleans(),
            "primaryKey": st.lists(_NAMES, max_size=2),
            "titleProperty": _NAMES,
            "icon": TEXT,
            "properties": _properties(ids),
            "uniqueConstraints": st.lists(
                st.fixed_dictionaries({"name": _NAMES, "properties": st.lists(_NAMES)}),
                max_size=1,
            ),
        }
    elif kind == Kind.SHARED_PROPERTY:
        own = {
            "parents": _references(ids, kind),
            "dataTypes": _types(ids),
            "array": _optional({"maxItems": st.integers(0, 2)}),
            "searchable": st.booleans(),
            "default": JSON_VALUES,
        }
    elif kind == Kind.LINK_TYPE:
        cardinality = _optional(
            {"min": st.integers(0, 1), "max": st.one_of(st.none(), st.integers(0, 2))}
        )
        own = {
            "parents": _references(ids, kind),
            "sources": ends,
            "targets": ends,
            "sourceName": _NAMES,
            "sourceCardinality": cardinality,
            "targetCardinality": cardinality,
            "properties": _properties(ids),
            "onDelete": st.sampled_from(["restrict", "cascade"]),
            "symmetric": st.booleans(),
            "transitive": st.booleans(),
            "inverseOf": st.sampled_from(ids[kind]),
        }
    elif kind == Kind.INTERFACE:
        own = {"extends": _references(ids, kind), "properties": _properties(ids)}
    elif kind == Kind.VALUE_TYPE:
        needed = {"baseType": DATA_TYPES}
        own = {
            "constraints": _optional(
                {
                    "minimum": st.one_of(st.integers(-5, 5), st.floats(0, 1), TEXT),
                    "maximum": st.decimals(0, 9, places=20),
                    "minLength": st.integers(0, 9),
                    "pattern": st.sampled_from(["[a-z]+", "(", ""]),
                    "enum": st.lists(JSON_VALUES, max_size=2),
                }
            )
        }
    elif kind == Kind.ENUM_TYPE:
        own = {
            "members": st.lists(
                st.fixed_dictionaries(
                    {"code": st.one_of(_NAMES, TEXT)},
                    optional={
                        "label": LANG_TEXT,
                        "description": LANG_TEXT,
                        "status": st.sampled_from(["deprecated", "archived"]),
                        "iri": IRIS,
                        "annotations": ANNOTATIONS,
                    },
                ),
                max_size=3,
                unique_by=lambda item: item["code"],
            )
        }
    elif kind == Kind.STRUCT_TYPE:
        own = {"fields": _properties(ids)}
    else:
        own = {
            "parameters": st.lists(
                st.fixed_dictionaries(
                    {"apiName": _NAMES}, optional={"dataTypes": _types(ids), "default": JSON_VALUES}
                ),
                max_size=1,
            ),
            "rules": st.just([{"name": "r", "op": "create", "values": {"a": {"value": 1}}}]),
            "batchLimit": st.integers(1, 9),
        }
    return st.fixed_dictionaries(needed, optional={**_common(ids), **own})


@st.composite
def _instances(draw: st.DrawFn, ids: dict[Kind, list[str]]) -> list[Document]:
    found: list[Document] = []
    values = st.dictionaries(_NAMES, JSON_VALUES, max_size=2)
    taken: set[str] = set()
    if ids[Kind.OBJECT_TYPE]:
        for _ in range(draw(st.integers(0, 2))):
            body: Body = {**draw(values), "_type": draw(st.sampled_from(ids[Kind.OBJECT_TYPE]))}
            iri = draw(st.one_of(st.none(), IRIS))
            if iri is not None and iri not in taken:
                taken.add(iri)
                body["_iri"] = iri
            body["_annotations"] = draw(ANNOTATIONS) or None
            found.append(Document(draw(RIDS), Kind.OBJECT, normalise(Kind.OBJECT, body)))
    if ids[Kind.LINK_TYPE] and found:
        ends = st.sampled_from([document.rid for document in found])
        body = {
            **draw(values),
            "_type": draw(st.sampled_from(ids[Kind.LINK_TYPE])),
            "_source": draw(ends),
            "_target": draw(ends),
        }
        found.append(Document(draw(RIDS), Kind.LINK, normalise(Kind.LINK, body)))
    return found


@st.composite
def _resources(draw: st.DrawFn) -> list[Document]:
    found: dict[str | None, Document] = {}
    for _ in range(draw(st.integers(0, 2))):
        iri = draw(st.one_of(IRIS, st.sampled_from([None, "_:c1", "_:shared"])))
        body: Body = {"annotations": draw(ANNOTATIONS)}
        if iri is not None:
            body["iri"] = iri
        if not body["annotations"]:
            continue
        rid = draw(RIDS)
        found[iri if iri is not None else rid] = Document(
            rid, Kind.RESOURCE, normalise(Kind.RESOURCE, body)
        )
    return list(found.values())


def _headers() -> st.SearchStrategy[Body]:
    return st.fixed_dictionaries(
        {"baseIri": st.just(BASE)},
        optional={
            "prefixes": st.dictionaries(
                st.sampled_from(["", "ex", "a-b", "not a prefix"]), st.just(BASE), max_size=2
            ),
            "defaultLanguage": st.sampled_from(["ko"]),
            "compatibility": st.sampled_from(["full", "none"]),
            "iri": st.sampled_from([BASE, "http://example.org/onto", "not an iri"]),
            "displayName": LANG_TEXT,
            "description": LANG_TEXT,
            "annotations": ANNOTATIONS,
        },
    ).map(lambda body: normalise(Kind.ONTOLOGY, body))
