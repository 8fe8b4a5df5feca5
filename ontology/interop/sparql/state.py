"""A state that can be queried: its triples in a process, its prefixes and its base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

import pyoxigraph as ox

from oms_project.core.errors import Invalid
from ontology.domain.documents import Body, Document
from ontology.interop.rdf import data_triples, export_quads
from ontology.interop.rdf.header import legal_prefixes
from ontology.interop.rdf.vocabulary import OMS, OWL, RDF, RDFS, SKOS, XSD
from ontology.interop.sparql.process import Ended, KeptStore, Request

__all__ = ["COMMON_PREFIXES", "QueryableState"]

#: Prefixes that a query may use although nobody declared them.
COMMON_PREFIXES: Mapping[str, str] = {
    "oms": OMS,
    "owl": OWL,
    "rdf": RDF,
    "rdfs": RDFS,
    "skos": SKOS,
    "xsd": XSD,
}


class QueryableState:
    """The triples that an export of the documents has, and those that the values of objects and
    links mean.

    Attributes:
        prefixes: those of the header, and ``COMMON_PREFIXES`` that it does not give another
            meaning; a query's own come before both.
        base: what relative IRIs in a query are relative to; empty: nothing.
    """

    def __init__(
        self,
        documents: Iterable[Document],
        header: Body,
        *,
        rid_namespace: str,
        max_triples: int,
    ) -> None:
        """Make the triples and load them.

        Raises:
            Invalid: ``sparql_too_many_triples``.
            Unavailable: the process does not start.
        """
        given = legal_prefixes(header.get("prefixes", {}))
        self.prefixes = {
            name: iri for name, iri in {**COMMON_PREFIXES, **given}.items() if _is_iri(iri)
        }
        base = str(header.get("baseIri") or "")
        self.base = base if _is_iri(base) else ""
        held = list(documents)
        triples = _Bounded(
            chain(
                export_quads(held, header, rid_namespace=rid_namespace),
                data_triples(held, header, rid_namespace=rid_namespace),
            ),
            max_triples,
        )
        try:
            self._store = KeptStore(triples)
        except Exception:
            if triples.exceeded:  # whatever the serializer made of it
                raise _too_many(max_triples) from None
            raise

    @property
    def triples(self) -> int:
        """How many."""
        return self._store.triples

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._store.is_alive

    def ask(
        self,
        query: str,
        *,
        formats: Mapping[str, str],
        timeout: float,
        max_rows: int,
        max_bytes: int,
        memory: int,
    ) -> Ended:
        """Run a query that ``check_query`` let through.

        Args:
            formats, timeout, max_rows, max_bytes, memory: see ``Request``.

        Raises:
            Unavailable: the process that holds the state is gone.
        """
        return self._store.ask(
            Request(
                query=query,
                base=self.base,
                prefixes=self.prefixes,
                formats=formats,
                timeout=timeout,
                max_rows=max_rows,
                max_bytes=max_bytes,
                memory=memory,
            )
        )

    def close(self) -> None:
        """Let the process end."""
        self._store.close()


class _Bounded:
    """Triples, up to a number."""

    def __init__(self, triples: Iterable[ox.Triple], most: int) -> None:
        self._triples, self._most = triples, most
        self.exceeded = False

    def __iter__(self) -> Iterator[ox.Triple]:
        for count, triple in enumerate(self._triples, 1):
            if count > self._most:
                self.exceeded = True
                raise _too_many(self._most)
            yield triple


def _too_many(most: int) -> Invalid:
    return Invalid(
        f"This state has more than {most:,} triples, the most that are held in memory for SPARQL. "
        "Export it, and load it into a triple store.",
        code="sparql_too_many_triples",
        data={"limit": most},
    )


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True
