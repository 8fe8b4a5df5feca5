"""Native graphs as a server keeps them: what a commit may do to them, and what it may not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import count
from types import SimpleNamespace
from typing import Any

from ontology.domain.documents import Body, Document
from ontology.domain.kinds import Kind
from ontology.domain.memory import MemoryState
from ontology.domain.native.classes import CLASS_KINDS, Classes
from ontology.domain.native.terms import RDF_TYPE, Node, Triple
from ontology.domain.native.triples import instance_triples, schema_triples
from ontology.store.home import NativeChange, SchemaChange
from ontology.store.projection import Written, project

#: Ids of commits name what is remembered of them: no two worlds share one.
_NUMBERS = count()

State = Mapping[str, tuple[Kind, Body]]
_RANKS = {(Kind.LINK, False): 1, (Kind.OBJECT, True): 2, (Kind.LINK, True): 3}


class Reader(MemoryState):
    """A commit's reads."""

    def __init__(self, name: str, state: State) -> None:
        super().__init__(Document(rid, kind, body) for rid, (kind, body) in state.items())
        self.commit = SimpleNamespace(id=name)


class Graph:
    """A schema graph and an instance graph, with the rules of TerminusDB that matter here."""

    def __init__(self) -> None:
        self.schema: set[Triple] = set(schema_triples(Classes(MemoryState(())), ()))
        self.data: set[Triple] = set()

    def land(self, schema: SchemaChange, changes: Iterable[NativeChange]) -> None:
        """All of a commit, each change in a request of its own."""
        self.schema -= set(schema.removed)
        self.schema |= set(schema.added)
        self._change(schema.values)
        self.check()
        for change in changes:
            self._change(change)
            self.check()

    def _change(self, change: NativeChange) -> None:
        assert not {triple.subject for triple in change.removed} & set(change.deleted)
        self.data -= set(change.removed)
        there = {triple.subject for triple in self.data if triple.predicate == RDF_TYPE}
        assert set(change.deleted) <= there, "deletes what is not there"
        gone = set(change.deleted)
        self.data = {
            triple
            for triple in self.data
            if triple.subject not in gone
            and not (isinstance(triple.object, Node) and triple.object.name in gone)
        }
        self.data |= set(change.added)

    def check(self) -> None:
        """Every document has a class that is there, and only what its class has."""
        members, abstract = self._classes()
        classes = {
            triple.subject: triple.object.name
            for triple in self.data
            if triple.predicate == RDF_TYPE and isinstance(triple.object, Node)
        }
        several: dict[tuple[str, str], int] = defaultdict(int)
        for subject, predicate, term in self.data:
            class_ = classes[subject]
            assert class_ in members, f"no class {class_}"
            assert class_ not in abstract, f"{class_} is abstract"
            if predicate == RDF_TYPE:
                continue
            kind, target = members[class_][predicate]
            several[subject, predicate] += 1
            assert kind == "sys:Set" or several[subject, predicate] == 1, (subject, predicate)
            if isinstance(term, Node):
                assert target == "@schema:OmsObject"
                assert term.name in classes, f"{subject} {predicate} {term.name} leads nowhere"
            else:
                assert target == term.type, (subject, predicate, term, target)

    def _classes(self) -> tuple[dict[str, dict[str, tuple[str, str]]], set[str]]:
        facts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for subject, predicate, term in self.schema:
            assert isinstance(term, Node)
            facts[subject][predicate].append(term.name)
        classes = {name for name, said in facts.items() if "sys:Class" in said[RDF_TYPE]}
        found: dict[str, dict[str, tuple[str, str]]] = {}

        def members(name: str, path: tuple[str, ...] = ()) -> dict[str, tuple[str, str]]:
            assert name not in path, f"{name} inherits itself"
            assert name in classes, f"no class {name}"
            if name not in found:
                made: dict[str, tuple[str, str]] = {}
                all_of = [members(up, (*path, name)) for up in facts[name]["sys:inherits"]]
                all_of.append(self._own(facts, name))
                for some in all_of:
                    for member, said in some.items():
                        assert made.setdefault(member, said)[1] == said[1], (name, member)
                found[name] = made
            return found[name]

        for name in classes:
            members(name)
        return found, {name for name in classes if facts[name]["sys:abstract"]}

    def _own(self, facts: Any, name: str) -> dict[str, tuple[str, str]]:
        own = {}
        for predicate, nodes in facts[name].items():
            if predicate.startswith("@schema:"):
                (node,) = nodes
                (kind,), (target,) = facts[node][RDF_TYPE], facts[node]["sys:class"]
                own[predicate.removeprefix("@schema:")] = kind, target
        return own


class World:
    """An ontology that is committed to, and the graph that follows it."""

    def __init__(self, portion: int = 1000) -> None:
        self.state: dict[str, tuple[Kind, Body]] = {}
        self.graph = Graph()
        self.portion = portion
        self._reader: Reader | None = None

    def commit(self, changes: Mapping[str, tuple[Kind, Body] | None]) -> None:
        """Write documents (None deletes), and let the graph follow in the order of a landing."""
        before, old = self._reader, self.state
        new = {rid: one for rid, one in {**old, **changes}.items() if one is not None}
        after = Reader(f"commit {next(_NUMBERS)}", new)
        writes = [
            Written(
                rid,
                (new.get(rid) or old[rid])[0],
                old[rid][1] if rid in old else None,
                new[rid][1] if rid in new else None,
            )
            for rid in changes
            if rid in old or rid in new
        ]
        self.last = self.land(self.graph, before, after, writes)
        self.state, self._reader = new, after

    def land(
        self, graph: Graph, before: Reader | None, after: Reader, writes: list[Written]
    ) -> list[NativeChange]:
        instances = [one for one in writes if one.kind in (Kind.OBJECT, Kind.LINK)]
        instances.sort(key=lambda one: _RANKS.get((one.kind, one.after is not None), 4))
        projection = project(
            before=before,  # type: ignore[arg-type]
            after=after,  # type: ignore[arg-type]
            definitions=[one for one in writes if one not in instances],
        )
        steps = range(0, len(instances), self.portion)
        changes = [projection.native(instances[at : at + self.portion]) for at in steps]
        changes += projection.extra()
        graph.land(projection.schema, changes)
        return changes

    @property
    def expected(self) -> set[Triple]:
        """The instance graph as it is made of the state alone."""
        reader = Reader("", self.state)
        return set(
            instance_triples(
                Classes(reader), [one for one in reader if one.kind in (Kind.OBJECT, Kind.LINK)]
            )
        )

    def rebuilt(self) -> Graph:
        """A new graph that all of the state was written to at once."""
        graph = Graph()
        after = Reader(f"commit {next(_NUMBERS)}", self.state)
        writes = [Written(one.rid, one.kind, None, one.body) for one in after]
        self.land(graph, None, after, writes)
        return graph

    @property
    def classes(self) -> set[str]:
        """Names of all classes that the state has."""
        classes = Classes(Reader("", self.state))
        natives = [classes.native(rid) for rid, one in self.state.items() if one[0] in CLASS_KINDS]
        return {native.name for native in natives if native is not None}
