"""``ontology sparql``: queries over any commit."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from django_typer.management import command

from oms_project.management.base import usage_error
from oms_project.management.options import AsUser, Format
from ontology import selectors
from ontology.management.cli.base import OntologyCommand, examples
from ontology.management.cli.options import (
    AsOf,
    Name,
    Ref,
)
from ontology.management.cli.output import table

__all__ = ["QueryCommands", "ResultChoice"]

_CHUNK = 256 * 1024
_TABLE = "table"

ResultChoice = StrEnum(  # type: ignore[misc] # its members are the formats that there are
    "ResultChoice", {name.replace("-", "_"): name for name in (_TABLE, *selectors.SPARQL_FORMATS)}
)


class QueryCommands(OntologyCommand):
    """Queries."""

    @command(
        rich_help_panel="RDF in and out",
        name="sparql",
        epilog=examples(
            "sparql schemaorg 'SELECT ?c { ?c rdfs:subClassOf schema:Person }'",
            "sparql schemaorg classes.rq --ref v30 --format csv > classes.csv",
            "sparql schemaorg - --format turtle < part.rq",
        ),
    )
    def sparql(
        self,
        name: Name,
        query: Annotated[
            str,
            typer.Argument(
                metavar="QUERY_OR_FILE",
                help="A SPARQL 1.1 query, a file with one, or - for stdin.",
                show_default=False,
            ),
        ],
        *,
        ref: Ref = "",
        as_of: AsOf = "",
        result_format: Annotated[
            ResultChoice,
            typer.Option(
                "--format",
                help="table for people (triples are printed as Turtle then); json, xml, csv and "
                "tsv for rows; turtle, n-triples, rdf-xml and json-ld for triples.",
            ),
        ] = ResultChoice(_TABLE),  # noqa: B008 - a member, made once
        as_user: AsUser = None,
    ) -> None:
        """Ask with SPARQL 1.1: SELECT, ASK, CONSTRUCT or DESCRIBE.

        The triples are those of an export. Prefixes of the ontology are declared already.
        Nothing is changed, and nothing is fetched from elsewhere.
        """
        text = _query(query)
        chosen = result_format.value
        solutions, graph = ("json", "turtle") if chosen == _TABLE else (chosen, chosen)
        if chosen != _TABLE:
            if selectors.SPARQL_FORMATS[chosen].kind == "graph":
                solutions = ""
            else:
                graph = ""
        errors = Format.JSON if chosen == "json" else Format.TEXT
        with self.session(as_user, errors) as out:
            ref = selectors.ref_at(ontology=name, ref=ref, as_of=as_of)
            result = selectors.run_sparql(
                ontology=name, ref=ref, query=text, solutions=solutions, graph=graph
            )
            with result.file as file:
                if chosen == _TABLE and result.format == "json":
                    out.lines(_table(json.load(file)))
                else:
                    out.write_bytes(_chunks(file))
                    if result.format in ("json", "xml") or not result.rows:
                        out.stream.write("\n")


def _query(given: str) -> str:
    """The text of the query: the argument itself, unless it names a file."""
    try:
        if given == "-":
            return sys.stdin.read()
        if not any(letter in given for letter in "{}\n"):
            return Path(given).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        usage_error(f"'{given}' is not UTF-8.")
    except (OSError, ValueError):
        return given  # what is wrong with it is for the parser to say
    return given


def _table(found: dict[str, Any]) -> Iterator[Any]:
    """Rows under their variables; a yes or no as a word."""
    if "boolean" in found:
        yield "yes" if found["boolean"] else "no"
        return
    names = found["head"]["vars"]
    rows = found["results"]["bindings"]
    yield from table(
        [f"?{name}" for name in names],
        ([_term(row[name]) if name in row else "" for name in names] for row in rows),
    )


def _term(term: dict[str, Any]) -> str:
    """A term as people write it."""
    if term["type"] == "triple":
        parts = (term["value"][part] for part in ("subject", "predicate", "object"))
        return f"<<( {' '.join(_term(part) for part in parts)} )>>"
    if term["type"] == "bnode":
        return f"_:{term['value']}"
    language = term.get("xml:lang")
    return f"{term['value']}@{language}" if language else str(term["value"])


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk
