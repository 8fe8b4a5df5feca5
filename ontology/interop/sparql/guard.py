"""What is refused before a query is run: other queries than those that read this one state.

The words of a query are found without its grammar: strings, IRIs, comments and names are passed
over. The engine's own parser joins words (``SERVICESILENT<…>``), so a word that holds another one
counts as it. What should slip through all the same finds no network: see ``keeper``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from oms_project.core.errors import BadRequest, TooLarge

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "check_query", "syntax_error"]

#: Characters that a query may have.
MAX_LENGTH = 256 * 1024
#: Brackets that may be open at once.
MAX_DEPTH = 250
_UPDATES = frozenset(
    {"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"}
)
_PROLOGUE = frozenset({"PREFIX", "BASE", "VERSION"})
_TOKEN = re.compile(
    r"""
    (?P<skip> \#[^\n\r]* | \s+
      | \"{3}(?:[^"\\]|\\.|"(?!""))*+\"{3} | '{3}(?:[^'\\]|\\.|'(?!''))*+'{3}
      | "(?!"")(?:[^"\\\n\r]|\\.)*+" | '(?!'')(?:[^'\\\n\r]|\\.)*+'
      | [?$]\w+ | @[A-Za-z]+(?:-[A-Za-z0-9]+)* | _:[\w.\-]*
      | (?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+\-]?[0-9]+)?
    )
    | (?P<iri> <(?:[^<>"{}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*+> )
    | (?P<open> [(\[{] ) | (?P<close> [)\]}] ) | (?P<quote> ["'] )
    | (?P<name> (?:[^\W\d_][\w.\-]*+)?: (?:[\w.:\-]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%])*+ )
    | (?P<word> [^\W\d_][\w.\-]*+ | \w+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_SERVICE = re.compile(r"\bservice", re.IGNORECASE)
_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
#: Sets of characters in the parser's list of what it expected: nobody reads those.
_SETS = re.compile(r"(?:\['[^\]]*\]|\[_\])(?:, )?")


class Token(NamedTuple):
    """One token: its group in the pattern above, its text and where it begins."""

    kind: str
    text: str
    start: int


def _tokens(query: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(query):
        kind = str(match.lastgroup)
        if kind == "quote":  # a string that does not end: the parser will say so
            return
        if kind != "skip":
            yield Token(kind, match.group(), match.start())


def check_query(query: str) -> None:
    """Refuse what is not for this endpoint.

    Raises:
        TooLarge: longer than ``MAX_LENGTH``.
        BadRequest: ``sparql_service``, ``sparql_dataset``, ``sparql_update``,
            ``sparql_too_complex`` (nested deeper than ``MAX_DEPTH``), ``sparql_syntax`` (empty).
    """
    if len(query) > MAX_LENGTH:
        raise TooLarge(
            f"The query is longer than {MAX_LENGTH:,} characters.",
            code="sparql_query_too_long",
            data={"limit": MAX_LENGTH},
        )
    if not query.strip():
        raise _refused(query, 0, "There is no query. Give one as `query`.", code="sparql_syntax")
    tokens = list(_tokens(query))
    _check_depth(query, tokens)
    _check_services(query, tokens)
    words = [token for token in tokens if token.kind == "word"]
    for token in words:
        if token.text.upper() in ("FROM", "FROMNAMED"):
            raise _dataset(query, token.start)
    first = next((token for token in words if token.text.upper() not in _PROLOGUE), None)
    if first is not None and first.text.upper() in _UPDATES:
        raise _update(query, first.start, first.text.upper())


def _check_depth(query: str, tokens: Sequence[Token]) -> None:
    depth = 0
    for token in tokens:
        depth += (token.kind == "open") - (token.kind == "close")
        if depth > MAX_DEPTH:
            raise _refused(
                query,
                token.start,
                f"The query is nested deeper than {MAX_DEPTH} brackets.",
                code="sparql_too_complex",
            )


def _check_services(query: str, tokens: Sequence[Token]) -> None:
    for index, token in enumerate(tokens):
        text = token.text.upper()
        if token.kind == "iri" and "'" in text and (found := _SERVICE.search(query)):
            # `<'` may also be "less than" and a string; what comes next is not certain then.
            raise _service(query, found.start())
        if "SERVICE" not in text:
            continue
        if token.kind == "word":
            raise _service(query, token.start)
        before = tokens[index - 1].text.upper() if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        if token.kind == "name" and after == "{" and before != "GRAPH":  # SERVICEex:name {
            raise _service(query, token.start)


def syntax_error(query: str, message: str) -> BadRequest:
    """The error for what the engine's parser says of a query."""
    found = _PLACE.match(message)
    if found is None:
        return _refused(query, 0, f"The query cannot be parsed: {message}", code="sparql_syntax")
    line, column, what = int(found[1]), int(found[2]), found[3]
    if "Prefix not found" in what:
        what = "a prefix before here is not declared"
    else:
        what = " ".join(_SETS.sub("", what).split()).rstrip(", ")
    said = f"The query cannot be parsed at line {line}, column {column}: {what}."
    return BadRequest(
        said,
        code="sparql_syntax",
        errors=[{"parameter": "query", "line": line, "column": column, "message": said}],
    )


def _service(query: str, start: int) -> BadRequest:
    return _refused(
        query,
        start,
        "SERVICE is not available: a query reads one ontology, and nothing from elsewhere.",
        code="sparql_service",
    )


def _dataset(query: str, start: int) -> BadRequest:
    return _refused(
        query,
        start,
        "FROM is not available: a query reads the state that `ref` names, and nothing from "
        "elsewhere.",
        code="sparql_dataset",
    )


def _update(query: str, start: int, verb: str) -> BadRequest:
    return _refused(
        query,
        start,
        f"{verb} is an update, and this endpoint only reads. Changes are commits.",
        code="sparql_update",
    )


def _refused(query: str, start: int, message: str, *, code: str) -> BadRequest:
    line = query.count("\n", 0, start) + 1
    column = start - (query.rfind("\n", 0, start) + 1) + 1
    return BadRequest(
        message,
        code=code,
        errors=[{"parameter": "query", "line": line, "column": column, "message": message}],
    )
