"""Blank nodes: which are part of their subject, which need a label, and what that label is.

A blank node that one triple refers to is written inside its subject (``{"node": [...]}``, and
``{"list": [...]}`` for a well-formed RDF list). One that is shared, that lies on a cycle or too
deep is a document of its own and is referred to by a label made from its content, so that the
same graph gets the same labels again whatever its nodes were called.
Labels: a hash of the content from the leaves up; within a cycle a few rounds of colour refinement
(the first step of RDFC-1.0, https://www.w3.org/TR/rdf-canon/); twins are numbered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from oms_project.core.canonical_json import canonical_digest, dumps
from ontology.interop.rdf.graph import Graph, Term, Triples
from ontology.interop.rdf.vocabulary import FIRST, NIL, REST

__all__ = ["Blanks", "components", "is_blank"]

#: Levels that nodes are nested inside a document; below that they become documents themselves.
MAX_DEPTH = 24
_ROUNDS = 8


def is_blank(term: Term) -> bool:
    """Whether ``term`` is a blank node."""
    return type(term) is str and term[:2] == "_:"


class Blanks:
    """The blank nodes of a graph, and terms as annotation values.

    ``documents`` are nodes that are to be documents whatever refers to them.

    Attributes:
        labels: blank nodes that are documents -> their stable label.
        roots: blank nodes that nothing refers to.
        late: documents for the second of two equal nodes under one subject, as
            (label, annotations, triples); grows while values are made.
        nested: triples put into values so far.
        root: IRI or label of the document that values are made for.
    """

    def __init__(self, graph: Graph, documents: Iterable[str] = ()) -> None:
        self._subjects = graph.subjects
        self.labels: dict[str, str] = {}
        self.roots: list[str] = []
        self.late: list[tuple[str, list[dict[str, Any]], int]] = []
        self.nested = 0
        self._late_labels: Counter[str] = Counter()
        self._inside: dict[str, list[str]] = {}
        self._not_lists: set[str] = set()
        self._labelled: set[str] = {node for node in documents if node[:2] == "_:"}
        self._name: Callable[[str], str] = lambda node: self.labels[node]
        self.root = ""
        if graph.has_blanks:
            self._analyse()

    # -- which nodes are what ---------------------------------------------------------------

    def _analyse(self) -> None:
        labelled = self._labelled
        inside = self._inside
        parents: dict[str, str] = {}
        for subject, triples in self._subjects.items():
            for objects in triples.values():
                for term in objects:
                    if type(term) is str:
                        if term[:2] == "_:":
                            if term in parents:
                                labelled.add(term)
                            parents[term] = subject
                            inside.setdefault(subject, []).append(term)
                    elif len(term) == 4:
                        labelled.update(_quoted_blanks(term))
        nodes = [subject for subject in self._subjects if subject[:2] == "_:"]
        self.roots = [node for node in nodes if node not in parents and node not in labelled]
        reached = self._cut([s for s in inside if s not in parents or s in labelled])
        reached.update(self.roots)
        for start in nodes:
            if start not in reached and start not in labelled:
                # Only a cycle in which each node is referred to once is not reached.
                node = start
                path: list[str] = []
                while node not in labelled and node not in reached:
                    reached.add(node)
                    path.append(node)
                    node = parents[node]
                if node in path:
                    cycle = path[path.index(node) :]
                    labelled.update(cycle)
        self._cut(sorted(labelled))
        self._label()

    def _cut(self, starts: list[str]) -> set[str]:
        """Label nodes that lie too deep below ``starts``; returns the nodes below them."""
        reached: set[str] = set(starts)
        stack = [(start, 0) for start in starts]
        while stack:
            node, depth = stack.pop()
            cells = self._cells(node) if node[:2] == "_:" else None
            if cells is None:
                children = self._inside.get(node, ())
            else:
                reached.update(cell for cell, _ in cells)
                children = [item for _, item in cells if is_blank(item)]  # type: ignore[misc]
            for child in children:
                if child in self._labelled or child in reached:
                    continue
                reached.add(child)
                if depth == MAX_DEPTH:
                    self._labelled.add(child)
                stack.append((child, 0 if depth == MAX_DEPTH else depth + 1))
        return reached

    def _cells(self, node: str) -> list[tuple[str, Term]] | None:
        """(cell, item) of the well-formed list that starts at ``node``, or None."""
        if node in self._not_lists:
            return None
        cells: list[tuple[str, Term]] = []
        seen: set[str] = set()
        current: Any = node
        while current != NIL:
            triples = self._subjects.get(current)
            if (
                triples is None
                or len(triples) != 2
                or current in seen
                or (cells and current in self._labelled)
                or len(triples.get(FIRST, ())) != 1
                or len(triples.get(REST, ())) != 1
                or type(triples[REST][0]) is not str
            ):
                self._not_lists.update(seen)
                self._not_lists.add(node)
                return None
            seen.add(current)
            cells.append((current, triples[FIRST][0]))
            current = triples[REST][0]
        return cells

    # -- labels -----------------------------------------------------------------------------

    def _label(self) -> None:
        hashes: dict[str, str] = {}
        self._name = lambda node: hashes.get(node, "")
        for component in components(sorted(self._labelled), self._labelled_below):
            if len(component) == 1 and component[0] not in self._labelled_below(component[0]):
                hashes[component[0]] = self._digest(component[0])
                continue
            for _ in range(min(len(component), _ROUNDS)):
                found = {node: self._digest(node) for node in component}
                hashes.update(found)
                if len(set(found.values())) == len(component):
                    break
        groups: dict[str, list[str]] = {}
        for node in self._labelled:
            groups.setdefault(hashes[node], []).append(node)
        contexts = self._contexts({n for g in groups.values() if len(g) > 1 for n in g})
        for digest, group in groups.items():
            if len(group) > 1:
                group.sort(key=lambda node: (contexts[node], len(node), node))
            for number, node in enumerate(group, 1):
                self.labels[node] = f"c{digest[:20]}" + (f"_{number}" if number > 1 else "")
        self._name = lambda node: self.labels[node]
        self.nested = 0
        self.late.clear()
        self._late_labels.clear()

    def _digest(self, node: str) -> str:
        return canonical_digest(self.annotations(self._subjects.get(node, {}), ""))

    def _labelled_below(self, node: str) -> list[str]:
        found: dict[str, None] = {}
        stack = [node]
        while stack:
            current = stack.pop()
            for objects in self._subjects.get(current, {}).values():
                for term in objects:
                    if type(term) is str:
                        if term in self._labelled:
                            found[term] = None
                        elif term[:2] == "_:":
                            stack.append(term)
                    elif len(term) == 4:
                        found.update(dict.fromkeys(_quoted_blanks(term)))
        return list(found)

    def _contexts(self, nodes: set[str]) -> dict[str, list[tuple[str, str]]]:
        """How each of ``nodes`` is referred to from named subjects."""
        found: dict[str, list[tuple[str, str]]] = {node: [] for node in nodes}
        if nodes:
            for subject, triples in self._subjects.items():
                place = "" if subject.startswith("_:") else subject
                for predicate, objects in triples.items():
                    for term in objects:
                        if type(term) is str and term in found:
                            found[term].append((place, predicate))
            for references in found.values():
                references.sort()
        return found

    # -- values -----------------------------------------------------------------------------

    def value(self, term: Term) -> dict[str, Any]:
        """``term`` as the value of an annotation; counts the triples nested in it."""
        if type(term) is str:
            return self._node(term) if term[:2] == "_:" else {"iri": term}
        if len(term) == 4:
            return {
                "triple": {
                    "subject": self.value(term[1]),
                    "predicate": term[2],
                    "object": self.value(term[3]),
                }
            }
        text, language, datatype = term  # type: ignore[str-unpack]
        if language:
            return {"value": text, "language": language}
        return {"value": text, "datatype": datatype} if datatype else {"value": text}

    def _node(self, node: str) -> dict[str, Any]:
        if node in self._labelled:
            return {"blank": self._name(node)}
        cells = self._cells(node) if node in self._subjects else None
        if cells is not None:
            self.nested += 2 * len(cells)
            return {"list": [self.value(item) for _, item in cells]}
        triples = self._subjects.get(node)
        if triples is None:
            return {"node": []}
        self.nested += sum(map(len, triples.values()))
        return {"node": self._nested(triples)}

    def annotations(self, triples: Triples, root: str) -> list[dict[str, Any]]:
        """``triples`` of one subject as sorted annotations.

        Args:
            root: IRI or label of the document they will stand in.
        """
        self.root = root
        return self._nested(triples)

    def _nested(self, triples: Triples) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for predicate, objects in triples.items():
            if len(objects) == 1:
                found.append({"predicate": predicate, "value": self.value(objects[0])})
            else:
                found.extend({"predicate": predicate, "value": v} for v in self.values(objects))
        if len(found) > 1:
            found.sort(key=dumps)
        return found

    def values(self, objects: list[Term]) -> list[dict[str, Any]]:
        """Values of one predicate of one subject; equal nodes among them stay apart."""
        if len(objects) == 1:
            return [self.value(objects[0])]
        found: list[dict[str, Any]] = []
        nodes: set[bytes] = set()
        for term in objects:
            if type(term) is not str or term[:2] != "_:":
                found.append(self.value(term))
                continue
            before = self.nested
            value = self._node(term)
            if "blank" not in value:
                key = dumps(value)
                if key in nodes and value != {"list": []}:
                    value = self._late(value, self.nested - before)
                    self.nested = before
                nodes.add(key)
            found.append(value)
        return found

    def apart(self, annotations: list[dict[str, Any]], root: str) -> list[dict[str, Any]]:
        """``annotations`` of one document, sorted; of equal nodes only one stays inside."""
        self.root = root
        keyed = sorted(((dumps(item), item) for item in annotations), key=itemgetter(0))
        found = [item for _, item in keyed]
        twins = [
            number for number in range(1, len(keyed)) if keyed[number][0] == keyed[number - 1][0]
        ]
        if twins:
            for number in twins:
                item = found[number]
                found[number] = {**item, "value": self._late(item["value"], 0)}
            found.sort(key=dumps)
        return found

    def _late(self, value: dict[str, Any], size: int) -> dict[str, Any]:
        digest = "d" + canonical_digest([self.root, value])[:20]
        self._late_labels[digest] += 1
        number = self._late_labels[digest]
        label = digest if number == 1 else f"{digest}_{number}"
        annotations = value.get("node")
        if annotations is None:
            items = value["list"]
            rest = {"list": items[1:]} if len(items) > 1 else {"iri": NIL}
            annotations = [
                {"predicate": FIRST, "value": items[0]},
                {"predicate": REST, "value": rest},
            ]
        if annotations:
            self.late.append((label, annotations, size))
        return {"blank": label}

    # -- structure --------------------------------------------------------------------------

    def items(self, term: Term) -> list[Term] | None:
        """The items of the RDF list ``term``, or None when it is none that belongs here."""
        if term == NIL:
            return []
        if not is_blank(term) or term in self._labelled:
            return None
        cells = self._cells(term)  # type: ignore[arg-type]
        return None if cells is None else [item for _, item in cells]

    def inner(self, term: Term) -> Triples | None:
        """The triples of a blank node that belongs to its subject, or None."""
        if not is_blank(term) or term in self._labelled:
            return None
        return self._subjects.get(term)  # type: ignore[arg-type]


def _quoted_blanks(term: Any) -> Iterator[str]:
    for part in (term[1], term[3]):
        if type(part) is tuple:
            if len(part) == 4:
                yield from _quoted_blanks(part)
        elif part.startswith("_:"):
            yield part


def components(nodes: list[str], edges: Callable[[str], Sequence[str]]) -> Iterator[list[str]]:
    """Strongly connected components, the ones referred to first (Tarjan 1972, iterative)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    for start in nodes:
        if start in index:
            continue
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        work = [(start, iter(edges(start)))]
        while work:
            node, children = work[-1]
            for child in children:
                if child not in index:
                    index[child] = low[child] = len(index)
                    stack.append(child)
                    on_stack.add(child)
                    work.append((child, iter(edges(child))))
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    component: list[str] = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == node:
                            break
                    yield component
