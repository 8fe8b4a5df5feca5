"""The quick list of references says the same as the one with places."""

from __future__ import annotations

from typing import Any

import pytest

from ontology.domain.documents import reference_kinds, reference_pairs, references
from ontology.domain.kinds import Kind

_A, _B, _C = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")
_PROPERTIES = [
    {"rid": _A, "apiName": "a", "sharedProperty": _B},
    {"rid": _B, "apiName": "b", "dataTypes": ["string", _C]},
]
_BODIES: list[tuple[Kind, dict[str, Any]]] = [
    (
        Kind.OBJECT_TYPE,
        {
            "parents": [_A, _B],
            "interfaces": [_C],
            "properties": _PROPERTIES,
            "equivalentTo": [_A, "https://example.org/x"],
            "deprecation": {"replacedBy": [_B, "https://example.org/y"]},
        },
    ),
    (Kind.SHARED_PROPERTY, {"parents": [_A], "dataTypes": [_B, "string"]}),
    (
        Kind.LINK_TYPE,
        {"parents": [_A], "sources": [_B], "targets": [_C], "inverseOf": _A},
    ),
    (Kind.INTERFACE, {"extends": [_A], "linkConstraints": [{"linkType": _B}]}),
    (Kind.STRUCT_TYPE, {"fields": _PROPERTIES}),
    (
        Kind.ACTION_TYPE,
        {
            "parameters": [{"apiName": "p", "objectType": _A}],
            "rules": [{"name": "r", "objectType": _B, "linkType": _C}],
        },
    ),
    (Kind.OBJECT, {"_type": _A, "fields": "a value of this name", "parents": "another"}),
    (Kind.LINK, {"_type": _A, "_source": _B, "_target": _C}),
    (Kind.ONTOLOGY, {"baseIri": "https://example.org/"}),
]


@pytest.mark.parametrize(("kind", "body"), _BODIES)
def test_the_quick_list_has_the_same_references(kind: Kind, body: dict[str, Any]) -> None:
    expected = [(found.role, found.target) for found in references(kind, body)]
    assert sorted(reference_pairs(kind, body)) == sorted(expected)


@pytest.mark.parametrize(("kind", "body"), _BODIES)
def test_a_role_alone_never_allows_more_kinds_than_the_place(
    kind: Kind, body: dict[str, Any]
) -> None:
    for found in references(kind, body):
        assert reference_kinds(kind, found.role) in (found.kinds, frozenset())
