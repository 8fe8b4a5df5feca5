"""Triples and classes as one SELECT, for many rows at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ontology.domain.native.terms import RDF_TYPE, Literal, Node, Term
from ontology.domain.woql import ast
from ontology.domain.woql.order import sort_key
from ontology.interop.woql.engine import Engine, Solution, node, text_of, values
from ontology.interop.woql.state import SCHEMA, Names

__all__ = ["Basic", "BasicQuery", "as_term"]

Basic = ast.Triple | ast.IsA
_CHUNK = 5000
_KEY = "?k"


def as_term(term: ast.Node | ast.Data, names: Names, default: str = "") -> Term:
    """A constant of a query as the state has it. Raises Invalid for a prefix that is not known."""
    if isinstance(term, ast.Node):
        return Node(names.of(term.text, default=default, pointer=term.pointer))
    return Literal(term.type, term.value)


class BasicQuery:
    """Parts that stand next to each other in an ``And``."""

    def __init__(self, parts: Sequence[Basic], engine: Engine) -> None:
        self._engine = engine
        self._variables: dict[str, str] = {}
        self._lines: list[str] = []
        for index, part in enumerate(parts):
            if isinstance(part, ast.Triple):
                self._triple(part)
            else:
                self._class(part, index)
        self.names = tuple(self._variables)

    def _triple(self, part: ast.Triple) -> None:
        subject = self._text(part.subject)
        predicate = self._text(part.predicate, SCHEMA)
        self._lines.append(f"{subject} {predicate} {self._text(part.object)} .")

    def _class(self, part: ast.IsA, index: int) -> None:
        state = self._engine.state
        own = f"?t{index}"
        self._lines.append(f"{self._text(part.element)} {node(RDF_TYPE)} {own} .")
        pairs = [(name, above) for name in state.classes for above in state.ancestors(name)]
        if isinstance(part.type, ast.Variable):
            rows = [(Node(name), Node(above)) for name, above in pairs]
            self._lines.append(values((own, self._text(part.type)), rows))
            return
        wanted = as_term(part.type, state.names, SCHEMA)
        below = [(Node(name),) for name, above in pairs if Node(above) == wanted]
        self._lines.append(values((own,), below))

    def _text(self, term: ast.Term, default: str = "") -> str:
        if isinstance(term, ast.Variable):
            return self._variables.setdefault(term.name, f"?v{len(self._variables)}")
        return text_of(as_term(term, self._engine.state.names, default))

    # --- asking ---------------------------------------------------------------------------------
    def run(self, rows: Sequence[Solution]) -> Iterator[tuple[int, Solution]]:
        """For each row, in order, what is found for it: position of the row, and the values that
        are new.
        """
        by_bound: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for index, row in enumerate(rows):
            by_bound[tuple(name for name in self.names if row.get(name) is not None)].append(index)
        found: dict[int, Sequence[Solution]] = {}
        for bound, indexes in by_bound.items():
            keys = [tuple(rows[index][name] for name in bound) for index in indexes]
            answers = self._answers(bound, list(dict.fromkeys(keys)))
            for index, key in zip(indexes, keys, strict=True):
                found[index] = answers.get(key, ())
        total = 0
        for index in range(len(rows)):
            total += len(found[index])
            self._engine.check(total)
            for solution in found[index]:
                yield index, solution

    def _answers(
        self, bound: Sequence[str], keys: Sequence[tuple[Term, ...]]
    ) -> dict[tuple[Term, ...], list[Solution]]:
        new = [name for name in self.names if name not in bound]
        if not bound:
            return {(): self._solutions(new, self._engine.select(self._select(new)))}
        usable = [key for key in keys if all(isinstance(item, (Node, Literal)) for item in key)]
        found: dict[tuple[Term, ...], list[Solution]] = {}
        names = [self._variables[name] for name in bound]
        for start in range(0, len(usable), _CHUNK):
            chunk = usable[start : start + _CHUNK]
            rows = [(Literal("k", str(number)), *key) for number, key in enumerate(chunk)]
            given = values((_KEY, *names), rows)
            by_key: dict[int, list[Solution]] = defaultdict(list)
            for solution in self._engine.select(self._select(new, given)):
                by_key[int(getattr(solution[_KEY[1:]], "text", "0"))].append(solution)
            for number, solutions in by_key.items():
                found[chunk[number]] = self._solutions(new, solutions)
        return found

    def _select(self, new: Sequence[str], given: str = "") -> str:
        shown = [self._variables[name] for name in new]
        if given:
            shown.append(_KEY)
        body = " ".join([given, *self._lines])
        # Without a variable there is still a row for each match.
        return f"SELECT {' '.join(shown) or '(1 AS ?one)'} WHERE {{ {body} }}"

    def _solutions(self, new: Sequence[str], found: Sequence[Solution]) -> list[Solution]:
        """In an order that is always the same: by the variables as they come in the query."""
        short = {name: self._variables[name][1:] for name in new}
        made: list[Solution] = [{name: solution[short[name]] for name in new} for solution in found]
        made.sort(key=lambda row: [sort_key(row[name]) for name in new])
        return made

    # --- without reading it all -----------------------------------------------------------------
    def count(self) -> int:
        """How many rows there are."""
        body = " ".join(self._lines)
        return self._engine.count(f"SELECT (COUNT(*) AS ?count) WHERE {{ {body} }}")

    def page(self, start: int, limit: int) -> list[Solution]:
        """Some rows, in an order that is always the same."""
        shown = " ".join(self._variables.values())
        order = f"ORDER BY {shown}" if shown else ""
        query = f"{self._select(self.names)} {order} OFFSET {start} LIMIT {limit}"
        found = self._engine.select(query)
        short = {name: text[1:] for name, text in self._variables.items()}
        return [{name: solution[short[name]] for name in self.names} for solution in found]
