"""What every database of OMS begins with: classes for what it keeps besides native documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ontology.domain.native.terms import RDF_TYPE, Node, Triple
from ontology.store.terminusdb.changes import CHANGES, MEMBERS

__all__ = ["SETUP"]

_TEXT = "xsd:string"
_CLASSES: Mapping[str, Mapping[str, str]] = {
    "OmsState": {"commit": _TEXT},
    "OmsDocument": {
        "kind": _TEXT,
        "text": _TEXT,
        "hash": _TEXT,
        "commit": _TEXT,
        "created": _TEXT,
        "updated": _TEXT,
        "deleted": "xsd:boolean",
    },
    CHANGES: MEMBERS,
    "OmsObject": {},
}
_RID = "@schema:OmsObject/oms_rid/Optional+xsd%3Astring"
#: Triples of the schema graph that every database begins with.
SETUP: Sequence[Triple] = (
    *(
        Triple(f"@schema:{name}", predicate, Node(of))
        for name, members in _CLASSES.items()
        for predicate, of in [
            (RDF_TYPE, "sys:Class"),
            *((f"@schema:{member}", of) for member, of in members.items()),
        ]
    ),
    Triple("@schema:OmsObject", "sys:abstract", Node("rdf:nil")),
    Triple("@schema:OmsObject", "@schema:oms_rid", Node(_RID)),
    Triple(_RID, RDF_TYPE, Node("sys:Optional")),
    Triple(_RID, "sys:class", Node(_TEXT)),
)
