"""Reading RDF from files, folders and uploads; nothing is ever fetched."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyoxigraph as ox

from oms_project.core.errors import Invalid, TooLarge
from ontology.interop.rdf import guards
from ontology.interop.rdf.formats import (
    Format,
    find_format,
    format_of_name,
    is_rdf_file,
    sniff,
    unknown_format,
)

__all__ = ["Limits", "Quads", "Source", "read_quads"]

#: A path (file or folder), the bytes themselves, or an open binary file (an upload).
Source = str | os.PathLike[str] | bytes | IO[bytes]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one import; the defaults suit vocabularies of any size seen in practice.

    Attributes:
        max_bytes: of all inputs together. All of it is held in memory while it is parsed.
        max_literal: characters of one literal.
        max_triples: triples read, before repeats are removed.
        max_depth: levels that XML elements or JSON objects may be nested.
    """

    max_bytes: int = 256 * 1024 * 1024
    max_literal: int = 4 * 1024 * 1024
    max_triples: int = 5_000_000
    max_depth: int = 100


@dataclass(frozen=True, slots=True)
class _Input:
    name: str
    format: Format | None
    content: Path | bytes | IO[bytes]


class Quads:
    """The quads of some inputs, parsed while they are iterated (once).

    Attributes:
        limits: the bounds in force.
        names: of the inputs, in the order they are read.
        datasets: whether an input is in a syntax that has named graphs.
        prefixes: prefix -> namespace, as declared in what has been read so far; the first
            declaration of a prefix holds.
    """

    def __init__(self, inputs: list[_Input], base_iri: str | None, limits: Limits) -> None:
        self._inputs = inputs
        self._base_iri = base_iri
        self.limits = limits
        self.names = [item.name for item in inputs]
        self.prefixes: dict[str, str] = {}
        self.datasets = any(
            item.format is not None and item.format.engine.supports_datasets for item in inputs
        )

    def __iter__(self) -> Iterator[ox.Quad]:
        left = self.limits.max_bytes
        # Labels such as _:b1 in two files are two nodes; in a single file they may stay.
        rename = len(self._inputs) > 1
        for item in self._inputs:
            data = _content(item, left)
            left -= len(data)
            found = item.format
            if found is None:
                raise unknown_format(item.name)
            found = sniff(found, data)
            seen = guards.check(item.name, found, data, max_depth=self.limits.max_depth)
            for prefix, namespace in seen.items():
                self.prefixes.setdefault(prefix, namespace)
            if data.startswith(b"\xef\xbb\xbf"):
                data = data[3:]
            parser = ox.parse(
                data, found.engine, base_iri=self._base_iri, rename_blank_nodes=rename
            )
            try:
                yield from parser
            except SyntaxError as error:
                raise _syntax_error(item.name, error) from error
            except MemoryError as error:
                raise TooLarge(
                    f"{item.name}: one statement is larger than the parser's buffer of 16 MB "
                    "(a quote or bracket that is never closed, or a huge value). "
                    "Shorten it or close it.",
                    code="rdf_statement_too_large",
                    data={"file": item.name},
                ) from error
            for prefix, namespace in parser.prefixes.items():
                self.prefixes.setdefault(prefix, namespace)


def read_quads(
    sources: Source | Iterable[Source],
    format: str | None = None,  # noqa: A002 - the word people use for it
    base_iri: str | None = None,
    limits: Limits | None = None,
) -> Quads:
    """Read RDF: one input or several, which are then one graph.

    Args:
        sources: a file, a folder (every RDF file in it and below, in the order of their paths),
            bytes, an open binary file, or several of these. ``owl:imports`` is kept as a triple
            and never followed; nor is a remote JSON-LD context.
        format: name, media type or extension, for inputs whose name does not tell.
        base_iri: what relative IRIs are resolved against.
        limits: bounds; see ``Limits``.

    Returns:
        The quads, parsed lazily: the errors below, except for a missing path, come while they
        are iterated.

    Raises:
        Invalid: no such file, no RDF file in the folder, an unknown format, or broken syntax
            (with file, line and column in ``data``).
        TooLarge: a bound is exceeded.
    """
    given = find_format(format) if format else None
    if isinstance(sources, (str, bytes, os.PathLike)) or hasattr(sources, "read"):
        sources = [sources]  # type: ignore[list-item]
    inputs: list[_Input] = []
    for number, source in enumerate(sources, 1):
        inputs.extend(_inputs(source, given, number))
    if not inputs:
        raise Invalid("There is nothing to read: name a file or a folder.", code="rdf_no_input")
    return Quads(inputs, base_iri, limits or Limits())


def _inputs(source: Source, given: Format | None, number: int) -> list[_Input]:
    if isinstance(source, bytes):
        return [_Input(f"input {number}", given, source)]
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        if path.is_dir():
            files = sorted(
                item
                for item in path.rglob("*")
                if not any(part.startswith(".") for part in item.relative_to(path).parts)
                and item.is_file()
                and is_rdf_file(item)
            )
            if not files:
                raise Invalid(
                    f"There is no RDF file in the folder {path.name}.", code="rdf_no_input"
                )
            return [
                _Input(item.relative_to(path).as_posix(), format_of_name(item.name), item)
                for item in files
            ]
        if not path.is_file():
            raise Invalid(f"There is no file or folder {path}.", code="rdf_no_input")
        return [_Input(path.name, given or format_of_name(path.name), path)]
    name = Path(str(getattr(source, "name", None) or f"input {number}")).name
    return [_Input(name, given or format_of_name(name), source)]


def _content(item: _Input, limit: int) -> bytes:
    if isinstance(item.content, bytes):
        data = item.content
    elif isinstance(item.content, Path):
        try:
            with item.content.open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise Invalid(
                f"{item.name} cannot be read: {error.strerror}.", code="rdf_no_input"
            ) from error
    else:
        data = item.content.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(
            f"{item.name}: the input is larger than the bound on an import. Import it in parts, "
            "or raise the limit.",
            code="rdf_too_large",
            data={"file": item.name},
        )
    return data


def _syntax_error(name: str, error: SyntaxError) -> Invalid:
    text = str(error.msg).rstrip(".")
    if "LoadDocumentCallback" in text:
        return Invalid(
            f"{name}: its JSON-LD context is on another host, and contexts are never fetched. "
            "Put the context itself into the file.",
            code="rdf_remote_context",
            data={"file": name},
        )
    if "No scheme found" in text:
        text += "; a relative IRI needs a base IRI"
    where = name
    if error.lineno is not None:
        where = f"{name}, line {error.lineno}, column {error.offset}"
        text = text.partition(": ")[2] or text
    return Invalid(
        f"{where}: {text}. Correct it and import again.",
        code="rdf_syntax",
        data={"file": name, "line": error.lineno, "column": error.offset},
    )
