"""Queries as the official client makes them, that TerminusDB and the translation answer alike.

Names of documents stand as labels (``Carrier/r1``); who asks puts real ``rid``s in their places.
"""

from __future__ import annotations

from typing import Any

from terminusdb_client import WOQLQuery

__all__ = ["ORDERED", "QUERIES"]

W = WOQLQuery


def _ordered(order: str, *names: str) -> list[dict[str, str]]:
    return [{"@type": "OrderTemplate", "variable": name, "order": order} for name in names]


def _order_by(ordering: list[dict[str, str]], query: Any) -> dict[str, Any]:
    # The client's own order_by sends "asc" whatever it is told.
    return {"@type": "OrderBy", "ordering": ordering, "query": query.to_dict()}


def _both(*parts: Any) -> Any:
    return W().woql_and(*parts)


_NAMES = W().triple("v:a", "name", "v:n")

QUERIES: dict[str, Any] = {
    # --- triples
    "triple": W().triple("v:a", "name", "v:n"),
    "type": W().triple("v:a", "rdf:type", "@schema:Carrier"),
    "types": W().triple("v:a", "rdf:type", "v:t"),
    "all of one": W().triple("Carrier/r1", "v:p", "v:o"),
    "text": W().triple("v:a", "code", W().string("OZ")),
    "a node is no text": W().triple("v:a", "code", "OZ"),
    "integer": W().triple("v:a", "fleetSize", 68),
    "integer as text": W().triple("v:a", "fleetSize", W().literal("68", "xsd:integer")),
    "text is no integer": W().triple("v:a", "fleetSize", W().string("68")),
    "decimal": W().triple("v:a", "revenue", W().literal("1234.50", "xsd:decimal")),
    "double": W().triple("v:a", "rating", W().literal("4.50", "xsd:double")),
    "decimal is no double": W().triple("v:a", "rating", 4.5),
    "boolean": W().triple("v:a", "active", W().boolean(True)),
    "date": W().triple("v:a", "founded", W().date("1988-02-17")),
    "moment": W().triple("v:a", "seen", W().literal("2026-07-05T01:02:03Z", "xsd:dateTime")),
    "item of a set": W().triple("v:a", "v:p", W().string("kr")),
    "relation": W().triple("v:f", "operatedBy", "Carrier/r1"),
    "relation by iri": W().triple("v:f", "operatedBy", W().iri("Carrier/r1")),
    "prefixes": W().triple("@base:Carrier/r3", "@schema:name", "v:d"),
    "full iris": W().triple(
        "https://example.org/fleet/data/Carrier/r3", "https://example.org/fleet/schema#name", "v:d"
    ),
    "one variable twice": W().triple("v:f", "next", "v:f"),
    "no such property": W().triple("v:a", "nope", "v:n"),
    "no such subject": W().triple("Carrier/none", "name", "v:n"),
    # --- put together
    "and": _both(W().triple("v:f", "operatedBy", "v:c"), W().triple("v:c", "name", "v:n")),
    "or": W().woql_or(W().triple("v:a", "name", "v:n"), W().triple("v:a", "number", "v:m")),
    "or twice the same": W().woql_or(W().isa("v:a", "Airport"), W().isa("v:a", "Airport")),
    "or of one": _both(
        W().isa("v:a", "Carrier"),
        W().woql_or(W().triple("v:a", "name", "v:n"), W().triple("v:a", "code", "v:n")),
    ),
    "not": _both(W().triple("v:a", "name", "v:n"), W().woql_not(W().triple("v:a", "code", "v:c"))),
    "not first": _both(
        W().woql_not(W().triple("v:a", "code", "v:c")), W().triple("v:a", "name", "v:n")
    ),
    "not of nothing": W().woql_not(W().triple("v:a", "nope", "v:c")),
    "optional": _both(W().triple("v:a", "name", "v:n"), W().opt(W().triple("v:a", "code", "v:c"))),
    "optional first": _both(
        W().opt(W().triple("v:a", "code", "v:c")), W().triple("v:a", "name", "v:n")
    ),
    "optional of nothing": W().opt(W().triple("v:a", "nope", "v:c")),
    "optional of two": _both(
        W().isa("v:a", "Carrier"),
        W().opt(_both(W().triple("v:f", "operatedBy", "v:a"), W().triple("v:f", "number", "v:x"))),
    ),
    # --- classes
    "isa": W().isa("v:a", "Carrier"),
    "isa above": W().isa("v:e", "Thing"),
    "isa by two ways": W().isa("v:e", "OmsObject"),
    "isa of a variable": W().isa("Carrier/r1", "v:t"),
    "isa of a bound one": _both(W().triple("v:f", "operatedBy", "v:o"), W().isa("v:o", "LowCost")),
    "isa and not": _both(W().isa("v:a", "Carrier"), W().woql_not(W().isa("v:a", "LowCost"))),
    "isa nothing": W().isa("v:e", "Nope"),
    "subclasses": W().sub("@schema:Carrier", "v:c"),
    "superclasses": W().sub("v:p", "@schema:LowCost"),
    "is a subclass": W().sub("@schema:Carrier", "@schema:LowCost"),
    "is no subclass": W().sub("@schema:LowCost", "@schema:Carrier"),
    # --- comparisons
    "greater": _both(W().triple("v:a", "fleetSize", "v:n"), W().greater("v:n", 50)),
    "less": _both(W().triple("v:a", "fleetSize", "v:n"), W().less("v:n", 50)),
    "gte": _both(W().triple("v:a", "fleetSize", "v:n"), W().gte("v:n", 68)),
    "lte": _both(W().triple("v:a", "fleetSize", "v:n"), W().lte("v:n", 68)),
    "less of texts": _both(W().triple("v:a", "name", "v:n"), W().less("v:n", W().string("B"))),
    "less of two": _both(
        W().triple("v:a", "name", "v:n"), W().triple("v:b", "name", "v:m"), W().less("v:n", "v:m")
    ),
    "less of dates": _both(
        W().triple("v:a", "founded", "v:n"), W().less("v:n", W().literal("2000-01-01", "xsd:date"))
    ),
    "less of booleans": _both(
        W().triple("v:a", "active", "v:n"), W().less("v:n", W().boolean(True))
    ),
    "greater decimal": _both(
        W().triple("v:a", "fleetSize", "v:n"),
        W().greater("v:n", W().literal("67.5", "xsd:decimal")),
    ),
    "text above numbers": _both(W().triple("v:a", "name", "v:n"), W().greater("v:n", 3)),
    "equal": _both(
        W().triple("v:a", "rating", "v:n"), W().eq("v:n", W().literal(4.5, "xsd:double"))
    ),
    "equal decimal": _both(
        W().triple("v:a", "fleetSize", "v:n"), W().eq("v:n", W().literal("68.0", "xsd:decimal"))
    ),
    "equal text": _both(W().triple("v:a", "fleetSize", "v:n"), W().eq("v:n", W().string("68"))),
    "equal gives": W().eq("v:n", W().string("x")),
    "equal gives to what follows": _both(
        W().eq("v:n", W().string("OZ")), W().triple("v:a", "code", "v:n")
    ),
    "equal variables": _both(W().triple("v:a", "name", "v:n"), W().eq("v:n", "v:m")),
    "equal node": _both(W().isa("v:a", "Carrier"), W().eq("v:a", W().iri("Carrier/r1"))),
    "compared too early": _both(W().greater("v:n", 50), W().triple("v:a", "fleetSize", "v:n")),
    # --- rows
    "select": W()
    .select("v:n")
    .woql_and(W().triple("v:a", "name", "v:n"), W().triple("v:a", "code", "v:c")),
    "select nothing": W().select(W().isa("v:a", "Carrier")),
    "select within": _both(
        W().isa("v:a", "Carrier"), W().select("v:f", W().triple("v:f", "operatedBy", "v:a"))
    ),
    "select hides": _both(
        W().select("v:f", W().triple("v:f", "operatedBy", "v:a")), W().isa("v:a", "Airport")
    ),
    "distinct": W().select("v:t", W().distinct("v:t", W().triple("v:a", "rdf:type", "v:t"))),
    "distinct two": W()
    .distinct("v:o", "v:x")
    .woql_and(W().triple("v:f", "operatedBy", "v:o"), W().triple("v:f", "origin", "v:x")),
    "distinct within": W().select(
        "v:o",
        "v:n",
        _both(
            W().distinct("v:o", W().triple("v:f", "operatedBy", "v:o")),
            W().triple("v:o", "name", "v:n"),
        ),
    ),
    "order": _order_by(_ordered("asc", "n"), _NAMES),
    "order falling": _order_by(_ordered("desc", "n"), _NAMES),
    "order by two": _order_by(
        [*_ordered("desc", "r"), *_ordered("asc", "n")],
        _both(W().triple("v:a", "rating", "v:r"), W().triple("v:a", "name", "v:n")),
    ),
    "order with nothing": _order_by(
        _ordered("asc", "c"),
        _both(W().isa("v:a", "Carrier"), W().opt(W().triple("v:a", "active", "v:c"))),
    ),
    "order falling with nothing": _order_by(
        _ordered("desc", "c"),
        _both(W().isa("v:a", "Carrier"), W().opt(W().triple("v:a", "active", "v:c"))),
    ),
    "order of kinds": _order_by(
        _ordered("asc", "o"),
        # The rid has another place for every rid.
        _both(
            W().triple("Carrier/r1", "v:p", "v:o"), W().woql_not(W().eq("v:p", "@schema:oms_rid"))
        ),
    ),
    "limit": {"@type": "Limit", "limit": 2, "query": _order_by(_ordered("asc", "n"), _NAMES)},
    "limit and start": {
        "@type": "Limit",
        "limit": 2,
        "query": {"@type": "Start", "start": 1, "query": _order_by(_ordered("asc", "n"), _NAMES)},
    },
    "start": {"@type": "Start", "start": 3, "query": _order_by(_ordered("asc", "n"), _NAMES)},
    "limit none": W().limit(0).triple("v:a", "name", "v:n"),
    "count": W().count("v:c").triple("v:a", "rdf:type", "@schema:Carrier"),
    "count nothing": W().count("v:c", W().triple("v:f", "nope", "v:o")),
    "count for each": _both(
        W().isa("v:a", "Carrier"), W().count("v:c", W().triple("v:f", "operatedBy", "v:a"))
    ),
    "count as told": _both(
        W().eq("v:c", W().literal(3, "xsd:decimal")), W().count("v:c", W().isa("v:a", "Carrier"))
    ),
    "group": W().group_by(["v:o"], ["v:f"], "v:g", W().triple("v:f", "operatedBy", "v:o")),
    "group of two": W().group_by(
        ["v:o"],
        ["v:f", "v:x"],
        "v:g",
        _both(W().triple("v:f", "operatedBy", "v:o"), W().triple("v:f", "number", "v:x")),
    ),
    "group by two": W().group_by(
        ["v:o", "v:x"],
        ["v:f"],
        "v:g",
        _both(W().triple("v:f", "operatedBy", "v:o"), W().triple("v:f", "origin", "v:x")),
    ),
    "group all": W().group_by([], ["v:f"], "v:g", W().triple("v:f", "operatedBy", "v:o")),
    "group nothing": W().group_by(["v:o"], ["v:f"], "v:g", W().triple("v:f", "nope", "v:o")),
    "group by what may be missing": W().group_by(
        "v:c",
        ["v:a"],
        "v:g",
        _both(W().triple("v:a", "name", "v:n"), W().opt(W().triple("v:a", "code", "v:c"))),
    ),
    "group for each": _both(
        W().isa("v:a", "Carrier"),
        W().group_by("v:a", ["v:f"], "v:g", W().triple("v:f", "operatedBy", "v:a")),
    ),
    "group by what is collected": W().group_by(
        "v:o", ["v:f", "v:o"], "v:g", W().triple("v:f", "operatedBy", "v:o")
    ),
    # --- paths
    "path": W().path("v:a", "next", "v:b"),
    "path plus": W().path("v:a", "next+", "v:b"),
    "path plus told": W().path("Flight/f1", "next+", "v:b", "v:path"),
    "path plus in circles": W().path("Flight/g1", "next+", "v:b"),
    "path star": W().path("Flight/g1", "next*", "v:b"),
    "path star backwards": W().path("v:b", "next*", "Flight/g1"),
    "path between": W().path("Flight/g1", "next+", "Flight/g3"),
    "path times": W().path("Flight/g1", "next{2,3}", "v:b"),
    "path times from zero": W().path("Flight/g1", "next{0,2}", "v:b"),
    "path inverse": W().path("Flight/g4", "<next", "v:b"),
    "path sequence": W().path("v:a", "(operatedBy,<operatedBy)", "v:b"),
    "path sequence again": W().path("Flight/g1", "(next,next)+", "v:b"),
    "path or": W().path("v:a", "origin|destination", "v:b"),
    "path or again": W().path("Flight/f1", "(next|origin)+", "v:b"),
    "path to a value": W().path("Flight/f1", "next+,number", "v:b"),
    "path of anything": W().path("Flight/f3", ".", "v:b"),
    "path of each": _both(W().isa("v:a", "Carrier"), W().path("v:a", "partner*", "v:b")),
    # --- documents
    "read": W().read_document("Carrier/r1", "v:d"),
    "read each": _both(W().isa("v:a", "Flight"), W().read_document("v:a", "v:d")),
    "read what is not there": W().read_document("Carrier/none", "v:d"),
    "read and count": W().count(
        "v:c", _both(W().isa("v:a", "Carrier"), W().read_document("v:a", "v:d"))
    ),
}

#: Those whose rows have an order.
ORDERED = frozenset(name for name in QUERIES if name.startswith(("order", "limit", "start")))
