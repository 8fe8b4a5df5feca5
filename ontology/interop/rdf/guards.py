"""Checks on input that must run before the parser sees it.

The parser is written in Rust and fast, but some inputs make it run out of memory or stack, and
that ends the process: entities that expand to gigabytes, JSON-LD or triple terms nested
thousands deep. XML that is nested deeply costs quadratic time. Each is refused here, in linear
time and with nothing kept.
"""

from __future__ import annotations

import re
from xml.parsers import expat

import orjson

from oms_project.core.errors import Invalid, TooLarge
from ontology.interop.rdf.formats import Format

__all__ = ["check"]

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
#: Bytes that one entity may expand to, and all references to entities together.
_MAX_ENTITY = 8_192
_MAX_EXPANSION = 64 * 1024 * 1024
_REFERENCE = re.compile(rb"&([A-Za-z_][\w.-]*);")
_BUILT_IN = {b"lt", b"gt", b"amp", b"quot", b"apos"}
_JSON_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
#: Triple terms are counted exactly only in a file that has more than this many ``<<``.
_FEW_TRIPLE_TERMS = 128
_MAX_TRIPLE_TERM_DEPTH = 32
_TURTLE_TOKEN = re.compile(
    rb'"""(?:[^"\\]|\\.|"(?!""))*"""'
    rb"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    rb'|"(?:[^"\\\n\r]|\\.)*"'
    rb"|'(?:[^'\\\n\r]|\\.)*'"
    rb"|<<|>>|<[^<>\s]*>|#[^\n\r]*",
    re.DOTALL,
)


def check(name: str, found: Format, data: bytes, *, max_depth: int) -> dict[str, str]:
    """Refuse input that would hurt the parser.

    Args:
        name: of the file, for messages.
        found: the format that ``data`` is in.
        data: the whole input.
        max_depth: levels that elements, objects and lists may be nested.

    Returns:
        Prefixes seen on the way, for syntaxes whose parser does not tell them.

    Raises:
        Invalid: compressed, or broken in a way that is seen here.
        TooLarge: nested too deeply, or entities that expand to too much.
    """
    for magic, what in _COMPRESSED.items():
        if data.startswith(magic):
            raise Invalid(
                f"{name} is a {what} archive. Unpack it, and import the files in it.",
                code="rdf_compressed",
            )
    if found.name == "rdf-xml":
        return _check_xml(name, data, max_depth)
    if found.name == "json-ld":
        return _check_json(name, data, max_depth)
    _check_triple_terms(name, data)
    return {}


def _check_xml(name: str, data: bytes, max_depth: int) -> dict[str, str]:
    depth = 0
    entities: dict[str, str] = {}
    prefixes: dict[str, str] = {}

    def start(_: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        if depth == 0:
            for key, value in attributes.items():
                if key.startswith("xmlns:"):
                    prefixes[key[6:]] = value
        depth += 1
        if depth > max_depth:
            raise TooLarge(
                f"{name}, line {parser.CurrentLineNumber}: elements are nested more than "
                f"{max_depth} deep. Give the inner resources an rdf:nodeID and list them flat.",
                code="rdf_too_deep",
                data={"file": name, "line": parser.CurrentLineNumber},
            )

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def entity(entity_name: str, parameter: bool, value: str | None, *_: str | None) -> None:
        if value is None or parameter:
            raise Invalid(
                f"{name}, line {parser.CurrentLineNumber}: the entity '{entity_name}' stands for "
                "another document or for declarations; only short texts are accepted. "
                "Write its text where it is used.",
                code="rdf_entity",
                data={"file": name, "line": parser.CurrentLineNumber},
            )
        entities.setdefault(entity_name, value)
        # Checked at once: expat would expand nested entities while it goes on.
        _expanded(name, entity_name, entities, ())

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        if "amplification" in reason:
            raise _bomb(name, "the entities in it") from error
        raise Invalid(
            f"{name}, line {error.lineno}, column {error.offset + 1}: {reason}. "
            "Correct the XML and import again.",
            code="rdf_syntax",
            data={"file": name, "line": error.lineno, "column": error.offset + 1},
        ) from error
    except (LookupError, ValueError) as error:
        raise Invalid(
            f"{name}: the encoding is not one that is read. Save the file as UTF-8.",
            code="rdf_encoding",
        ) from error
    _check_expansion(name, data, entities)
    return prefixes


def _check_expansion(name: str, data: bytes, entities: dict[str, str]) -> None:
    if entities:
        sizes = {key.encode(): _expanded(name, key, entities, ()) for key in entities}
        total = sum(sizes.get(match, 0) for match in _REFERENCE.findall(data))
        if total > _MAX_EXPANSION:
            raise _bomb(name, "the entities in it")


def _expanded(name: str, entity: str, entities: dict[str, str], path: tuple[str, ...]) -> int:
    """Length of ``entity`` with the entities in it replaced."""
    if entity in path or len(path) > 8:
        raise _bomb(name, f"the entity '{entity}'")
    text = entities[entity]
    size = len(text)
    for match in _REFERENCE.findall(text.encode()):
        inner = match.decode()
        if inner in entities:
            size += _expanded(name, inner, entities, (*path, entity))
        if size > _MAX_ENTITY:
            break
    if size > _MAX_ENTITY:
        raise _bomb(name, f"the entity '{entity}'")
    return size


def _bomb(name: str, what: str) -> TooLarge:
    return TooLarge(
        f"{name}: {what} would expand to too much text. Write the text out where it is used.",
        code="rdf_entity_expansion",
        data={"file": name},
    )


def _check_json(name: str, data: bytes, max_depth: int) -> dict[str, str]:
    depth = 0
    for byte in _JSON_STRING.sub(b"", data).translate(None, _NOT_BRACKETS):
        if byte in b"[{":
            depth += 1
            if depth > max_depth:
                raise TooLarge(
                    f"{name}: objects and lists are nested more than {max_depth} deep. Give the "
                    "inner nodes an @id and list them in a flat @graph.",
                    code="rdf_too_deep",
                    data={"file": name},
                )
        else:
            depth -= 1
    try:
        document = orjson.loads(data)
    except ValueError:
        return {}  # the parser says what is wrong, and where
    context = document.get("@context") if isinstance(document, dict) else None
    return {
        key: value
        for item in (context if isinstance(context, list) else [context])
        if isinstance(item, dict)
        for key, value in item.items()
        if isinstance(value, str) and value.endswith(("/", "#", ":")) and not key.startswith("@")
    }


def _check_triple_terms(name: str, data: bytes) -> None:
    if data.count(b"<<") <= _FEW_TRIPLE_TERMS:
        return
    depth = 0
    for match in _TURTLE_TOKEN.finditer(data):
        token = match.group()
        if token == b"<<":
            depth += 1
            if depth > _MAX_TRIPLE_TERM_DEPTH:
                raise TooLarge(
                    f"{name}: triple terms are nested more than {_MAX_TRIPLE_TERM_DEPTH} deep. "
                    "Use reifiers with an IRI of their own.",
                    code="rdf_too_deep",
                    data={"file": name},
                )
        elif token == b">>":
            depth = max(0, depth - 1)
