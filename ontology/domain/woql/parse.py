"""From JSON-LD, as the official clients of TerminusDB 12 send it, to the tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from ontology.domain.woql import ast
from ontology.domain.woql.refusals import malformed, too_complex, unsupported
from ontology.domain.woql.terms import at, document, node, number, term, variable, variables

__all__ = ["MAX_DEPTH", "MAX_NODES", "parse", "writes"]

#: Queries within queries.
MAX_DEPTH = 60
#: Operators and steps of paths, altogether.
MAX_NODES = 2000
_WRITES = (ast.WriteDocument, ast.DeleteDocument)


def parse(value: Any, pointer: str = "") -> ast.Query:
    """The tree of a query.

    Args:
        value: JSON.
        pointer: where the query stands in what the caller was sent.

    Raises:
        Invalid: ``woql_invalid``, ``woql_unsupported``, ``woql_too_complex``.
    """
    return _Parser().query(value, pointer, 0, writable=True)


def writes(query: ast.Query) -> bool:
    """Whether the query writes documents."""
    if isinstance(query, _WRITES):
        return True
    if isinstance(query, ast.And):
        return any(writes(part) for part in query.parts)
    inner = getattr(query, "query", None)
    return inner is not None and writes(inner)


class _Parser:
    """One query; counts what it is made of."""

    def __init__(self) -> None:
        self._nodes = 0
        self._makers: Mapping[str, Callable[[Mapping[str, Any], str, int], ast.Query]] = {
            "Triple": self._triple,
            "Data": self._triple,
            "Link": self._triple,
            "IsA": self._isa,
            "Subsumption": self._subsumption,
            "Path": self._path,
            "Equals": self._equals,
            "Less": self._compare,
            "Greater": self._compare,
            "Lte": self._compare,
            "Gte": self._compare,
            "OrderBy": self._order,
            "GroupBy": self._group,
            "Count": self._count,
            "ReadDocument": self._read,
        }

    def _counted(self, value: Any, pointer: str, depth: int) -> Mapping[str, Any]:
        self._nodes += 1
        if depth > MAX_DEPTH:
            raise too_complex(pointer, f"It is nested deeper than {MAX_DEPTH} operators.")
        if self._nodes > MAX_NODES:
            raise too_complex(pointer, f"It has more than {MAX_NODES:,} operators.")
        if not isinstance(value, Mapping):
            raise malformed(pointer, "Give a query: a JSON object with @type.")
        return value

    def query(  # noqa: C901 - one case for each operator
        self, value: Any, pointer: str, depth: int, *, writable: bool
    ) -> ast.Query:
        """One operator and what is in it.

        Args:
            writable: whether documents may be written here.
        """
        given = self._counted(value, pointer, depth)
        kind = given.get("@type")
        if not isinstance(kind, str):
            raise malformed(at(pointer, "@type"), "Name the operator as @type.")
        kind = kind.removeprefix("woql:").rpartition("woql#")[2]
        maker = self._makers.get(kind)
        if maker is not None:
            return maker({**given, "@type": kind}, pointer, depth)
        match kind:
            case "True":
                return ast.True_()
            case "And":
                return ast.And(self._parts(given, "and", pointer, depth, writable=writable))
            case "Or":
                return ast.Or(self._parts(given, "or", pointer, depth, writable=False))
            case "Not":
                return ast.Not(self._inner(given, pointer, depth))
            case "Optional":
                return ast.Optional(self._inner(given, pointer, depth))
            case "Select" | "Distinct":
                names = variables(given.get("variables", []), at(pointer, "variables"))
                inner = self._inner(given, pointer, depth, writable=writable)
                if kind == "Select":
                    return ast.Select(names, inner)
                return ast.Distinct(names, inner)
            case "Limit" | "Start":
                name = kind.lower()
                count = number(given.get(name), at(pointer, name))
                inner = self._inner(given, pointer, depth, writable=writable)
                return ast.Limit(count, inner) if kind == "Limit" else ast.Start(count, inner)
            case "InsertDocument" | "UpdateDocument" | "DeleteDocument":
                if not writable:
                    said = (
                        f"{kind} stands within an operator that runs it for an unknown number of "
                        "times. Put it into an And, behind what gives its rows."
                    )
                    raise unsupported(kind, pointer, said)
                return self._write(given, kind, pointer)
        raise unsupported(kind, pointer)

    def _inner(
        self, given: Mapping[str, Any], pointer: str, depth: int, *, writable: bool = False
    ) -> ast.Query:
        if "query" not in given:
            raise malformed(at(pointer, "query"), "There is no query in it.")
        return self.query(given["query"], at(pointer, "query"), depth + 1, writable=writable)

    def _parts(
        self, given: Mapping[str, Any], name: str, pointer: str, depth: int, *, writable: bool
    ) -> tuple[ast.Query, ...]:
        items, where = given.get(name), at(pointer, name)
        if not isinstance(items, list):
            raise malformed(where, "Give a list of queries.")
        return tuple(
            self.query(item, at(where, index), depth + 1, writable=writable)
            for index, item in enumerate(items)
        )

    # --- triples --------------------------------------------------------------------------------
    def _triple(self, given: Mapping[str, Any], pointer: str, _depth: int) -> ast.Query:
        graph = given.get("graph", "instance")
        if graph not in (
            "instance",
            "instance/main",
            {"@type": "xsd:string", "@value": "instance"},
        ):
            said = "Triple is supported for the instance graph only; leave graph out."
            raise unsupported("Triple", at(pointer, "graph"), said)
        return ast.Triple(
            self._term(given, "subject", pointer, data=False),
            self._term(given, "predicate", pointer, data=False),
            self._term(given, "object", pointer),
        )

    def _term(
        self, given: Mapping[str, Any], name: str, pointer: str, *, data: bool = True
    ) -> ast.Term:
        return term(given.get(name), at(pointer, name), data=data)

    def _isa(self, given: Mapping[str, Any], pointer: str, _depth: int) -> ast.Query:
        return ast.IsA(
            self._term(given, "element", pointer, data=False),
            self._term(given, "type", pointer, data=False),
        )

    def _subsumption(self, given: Mapping[str, Any], pointer: str, _depth: int) -> ast.Query:
        return ast.Subsumption(
            self._term(given, "parent", pointer, data=False),
            self._term(given, "child", pointer, data=False),
        )

    def _equals(self, given: Mapping[str, Any], pointer: str, _depth: int) -> ast.Query:
        return ast.Equals(self._term(given, "left", pointer), self._term(given, "right", pointer))

    def _compare(self, given: Mapping[str, Any], pointer: str, _depth: int) -> ast.Query:
        operator = cast("ast.Operator", given["@type"])
        return ast.Compare(
            operator, self._term(given, "left", pointer), self._term(given, "right", pointer)
        )

    # --- paths ----------------------------------------------------------------------------------
    def _path(self, given: Mapping[str, Any], pointer: str, depth: int) -> ast.Query:
        path = given.get("path")
        return ast.Path(
            self._term(given, "subject", pointer, data=False),
            self._pattern(given.get("pattern"), at(pointer, "pattern"), depth + 1),
            self._term(given, "object", pointer),
            None if path is None else ast.Variable(variable(path, at(pointer, "path"))),
        )

    def _pattern(self, value: Any, pointer: str, depth: int) -> ast.Pattern:
        given = self._counted(value, pointer, depth)
        kind = given.get("@type")
        match kind:
            case "PathPredicate" | "InversePathPredicate":
                name = given.get("predicate")
                step = None if name is None else node(name, at(pointer, "predicate"))
                return ast.PatternStep(step, inverse=kind == "InversePathPredicate")
            case "PathSequence":
                return ast.PatternSequence(self._patterns(given, "sequence", pointer, depth))
            case "PathOr":
                return ast.PatternOr(self._patterns(given, "or", pointer, depth))
            case "PathPlus" | "PathStar":
                name, least = ("plus", 1) if kind == "PathPlus" else ("star", 0)
                part = self._pattern(given.get(name), at(pointer, name), depth + 1)
                return ast.PatternRepeat(part, least, None)
            case "PathTimes":
                part = self._pattern(given.get("times"), at(pointer, "times"), depth + 1)
                least = number(given.get("from"), at(pointer, "from"))
                most = number(given.get("to"), at(pointer, "to"))
                if most < least:
                    raise malformed(at(pointer, "to"), "This is less than from.")
                return ast.PatternRepeat(part, least, most)
        if isinstance(kind, str):
            raise unsupported(kind, pointer, f"{kind} is no pattern of a path that is supported.")
        raise malformed(at(pointer, "@type"), "Name the pattern as @type.")

    def _patterns(
        self, given: Mapping[str, Any], name: str, pointer: str, depth: int
    ) -> tuple[ast.Pattern, ...]:
        items, where = given.get(name), at(pointer, name)
        if not isinstance(items, list) or not items:
            raise malformed(where, "Give a list of patterns.")
        return tuple(
            self._pattern(item, at(where, index), depth + 1) for index, item in enumerate(items)
        )

    # --- rows -----------------------------------------------------------------------------------
    def _order(self, given: Mapping[str, Any], pointer: str, depth: int) -> ast.Query:
        items, where = given.get("ordering"), at(pointer, "ordering")
        if not isinstance(items, list) or not items:
            raise malformed(where, "Give a list of OrderTemplate.")
        found: list[tuple[str, bool]] = []
        for index, item in enumerate(items):
            place = at(where, index)
            if not isinstance(item, Mapping) or item.get("order", "asc") not in ("asc", "desc"):
                raise malformed(place, "Give an OrderTemplate: variable, and order asc or desc.")
            found.append((variable(item, place), item.get("order") == "desc"))
        return ast.OrderBy(tuple(found), self._inner(given, pointer, depth))

    def _group(self, given: Mapping[str, Any], pointer: str, depth: int) -> ast.Query:
        template = given.get("template", [])
        if isinstance(template, Mapping) and "list" in template:
            template = template["list"]
        return ast.GroupBy(
            variables(given.get("group_by", []), at(pointer, "group_by")),
            variables(template, at(pointer, "template")),
            ast.Variable(variable(given.get("grouped"), at(pointer, "grouped"))),
            self._inner(given, pointer, depth),
        )

    def _count(self, given: Mapping[str, Any], pointer: str, depth: int) -> ast.Query:
        return ast.Count(self._term(given, "count", pointer), self._inner(given, pointer, depth))

    # --- documents ------------------------------------------------------------------------------
    def _read(self, given: Mapping[str, Any], pointer: str, _depth: int) -> ast.Query:
        return ast.ReadDocument(
            self._term(given, "identifier", pointer, data=False),
            ast.Variable(variable(given.get("document"), at(pointer, "document"))),
        )

    def _write(self, given: Mapping[str, Any], kind: str, pointer: str) -> ast.Query:
        if kind == "DeleteDocument":
            identifier = self._term(given, "identifier", pointer, data=False)
            return ast.DeleteDocument(identifier, pointer)
        made = document(given.get("document"), at(pointer, "document"))
        name = None
        if given.get("identifier") is not None:
            found = self._term(given, "identifier", pointer, data=False)
            if isinstance(found, ast.Variable):
                name = found
            elif isinstance(made, Mapping):
                made = {"@id": cast("ast.Node", found).text, **made}
        operator = cast('Literal["InsertDocument", "UpdateDocument"]', kind)
        return ast.WriteDocument(operator, made, name, at(pointer, "document"))
