"""A state that WOQL is asked of: its native triples in a process, and what classes there are.

Names are kept as they are shown (``Carrier/0198…``, ``@schema:name``, ``rdf:type``), each as an
IRI of its own; a literal's type likewise, so that nothing but equality is known of it in there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import pyoxigraph as ox

from oms_project.core.errors import Invalid
from ontology.domain.native.terms import Literal, Node, Term, Triple
from ontology.domain.woql import malformed
from ontology.interop.sparql.process import Ended, KeptStore, Request

__all__ = ["SCHEMA", "Names", "NativeState", "encoded"]

SCHEMA = "@schema:"
_SCHEME = "x:"
_SAFE = "/@:-._~"
_PREFIX = re.compile(r"(@?[A-Za-z_][\w.-]*):")
#: Prefixes that every database has.
_KNOWN = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "sys": "http://terminusdb.com/schema/sys#",
    "woql": "http://terminusdb.com/schema/woql#",
    "json": "http://terminusdb.com/schema/json#",
    "api": "http://terminusdb.com/schema/api#",
    "vio": "http://terminusdb.com/schema/vio#",
    "xdd": "http://terminusdb.com/schema/xdd#",
}


class Names:
    """From what a query calls something to its name.

    Attributes:
        base, schema: IRIs of ``@base`` and ``@schema``.
    """

    def __init__(self, base: str, schema: str) -> None:
        self.base, self.schema = base, schema

    def of(self, text: str, *, default: str = "", pointer: str = "") -> str:
        """The name.

        Args:
            default: what a relative name is put behind: ``@schema:``, or nothing for ``@base``.

        Raises:
            Invalid: it has a prefix that is not known.
        """
        if "://" in text:
            return self._short(text)
        found = _PREFIX.match(text)
        if found is None:
            return default + text
        prefix, rest = found[1], text[found.end() :]
        if prefix == "@base":
            return rest
        if prefix == "@schema" or prefix in _KNOWN:
            return text
        known = ", ".join(["@base", "@schema", *_KNOWN])
        raise malformed(pointer, f"There is no prefix '{prefix}': use one of {known}.")

    def _short(self, iri: str) -> str:
        given = [(self.schema, SCHEMA), (self.base, "")]
        given += [(namespace, f"{prefix}:") for prefix, namespace in _KNOWN.items()]
        for namespace, prefix in sorted(given, key=lambda item: -len(item[0])):
            if namespace and iri.startswith(namespace) and len(iri) > len(namespace):
                return prefix + iri.removeprefix(namespace)
        return iri


def encoded(term: Term) -> ox.NamedNode | ox.Literal:
    """A term as the process keeps it."""
    if isinstance(term, Node):
        return _node(term.name)
    return ox.Literal(term.text, datatype=_node(term.type))


def _node(name: str) -> ox.NamedNode:
    return ox.NamedNode(_SCHEME + quote(name, safe=_SAFE))


def decoded(value: Mapping[str, str]) -> Term:
    """A term of a result in SPARQL's JSON."""
    if value["type"] == "uri":
        return Node(unquote(value["value"][len(_SCHEME) :]))
    return Literal(unquote(value.get("datatype", "")[len(_SCHEME) :]), value["value"])


class NativeState:
    """The native triples of a commit.

    Attributes:
        names: what names mean.
        triples: how many there are.
    """

    def __init__(
        self,
        triples: Iterable[Triple],
        classes: Iterable[Mapping[str, Any]],
        *,
        names: Names,
        max_triples: int,
    ) -> None:
        """Load them.

        Args:
            classes: the schema documents of TerminusDB: ``@id``, ``@inherits``, and what is a set.

        Raises:
            Invalid: ``woql_too_many_triples``.
            Unavailable: the process does not start.
        """
        self.names = names
        self._parents: dict[str, tuple[str, ...]] = {}
        self._sets: dict[str, frozenset[str]] = {}
        for item in classes:
            self._learn(item)
        bounded = _Bounded(triples, max_triples)
        try:
            self._store = KeptStore(bounded)
        except Exception:
            if bounded.exceeded:
                raise _too_many(max_triples) from None
            raise

    def _learn(self, item: Mapping[str, Any]) -> None:
        inherited = item.get("@inherits", ())
        parents = [inherited] if isinstance(inherited, str) else list(inherited)
        name = SCHEMA + str(item["@id"])
        self._parents[name] = tuple(SCHEMA + parent for parent in parents)
        self._sets[name] = frozenset(
            SCHEMA + member
            for member, kind in item.items()
            if isinstance(kind, Mapping) and kind.get("@type") == "Set"
        )

    @property
    def triples(self) -> int:
        """How many."""
        return self._store.triples

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._store.is_alive

    def close(self) -> None:
        """Let the process end."""
        self._store.close()

    def ask(
        self, query: str, *, timeout: float, max_rows: int, max_bytes: int, memory: int
    ) -> Ended:
        """Run a SELECT that this package made. Raises Unavailable."""
        return self._store.ask(
            Request(
                query=query,
                base="",
                prefixes={},
                formats={"solutions": "json", "graph": ""},
                timeout=timeout,
                max_rows=max_rows,
                max_bytes=max_bytes,
                memory=memory,
            )
        )

    # --- classes --------------------------------------------------------------------------------
    @property
    def classes(self) -> Sequence[str]:
        """Names of all classes."""
        return tuple(self._parents)

    def ancestors(self, name: str) -> Iterator[str]:
        """A class and what it inherits from, once for every way there, as TerminusDB counts."""
        yield name
        for parent in self._parents.get(name, ()):
            yield from self.ancestors(parent)

    def is_set(self, class_name: str, member: str) -> bool:
        """Whether a property has several values in documents of a class."""
        return any(member in self._sets.get(name, ()) for name in self.ancestors(class_name))


class _Bounded:
    """Triples as the process keeps them, up to a number."""

    def __init__(self, triples: Iterable[Triple], most: int) -> None:
        self._triples, self._most = triples, most
        self.exceeded = False

    def __iter__(self) -> Iterator[ox.Triple]:
        for count, triple in enumerate(self._triples, 1):
            if count > self._most:
                self.exceeded = True
                raise _too_many(self._most)
            # A member's name is relative to @schema, unlike everything else.
            name = triple.predicate
            predicate = name if ":" in name else SCHEMA + name
            yield ox.Triple(_node(triple.subject), _node(predicate), encoded(triple.object))


def _too_many(most: int) -> Invalid:
    return Invalid(
        f"This state has more than {most:,} native triples, the most that are held in memory.",
        code="woql_too_many_triples",
        data={"limit": most},
    )
