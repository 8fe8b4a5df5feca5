"""What a cached read is kept as, and what it is kept under."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Mapping
from typing import Any, Final

import orjson

from oms_project.core.cache import Shape
from ontology.domain.kinds import Kind
from ontology.store.port import StoredDocument

__all__ = [
    "COUNTS",
    "DOCUMENT",
    "INSTANCES",
    "NUMBER",
    "PAGE",
    "PAIRS",
    "RIDS",
    "Pairs",
    "asked",
    "fresh",
    "kept",
    "key_of",
]

#: Letters from which a key is a digest of what it says.
_LONG_KEY: Final = 120

Pairs = tuple[tuple[str, str], ...]


_FIELDS: Final = ("rid", "kind", "text", "hash", "created", "updated", "deleted", "key")


def kept(document: StoredDocument) -> StoredDocument:
    """Without its parsed body and without a locator."""
    return _made({name: getattr(document, name) for name in _FIELDS})


def fresh(document: StoredDocument) -> StoredDocument:
    """A copy to hand out."""
    return _made(document.__dict__)


def _made(values: Mapping[str, Any]) -> StoredDocument:
    # As the constructor does, in a third of its time.
    made = object.__new__(StoredDocument)
    made.__dict__.update(values)
    made.__dict__["locator"] = None
    return made


def _document_out(document: StoredDocument) -> list[Any]:
    return [getattr(document, name) for name in _FIELDS]


def _document_in(written: Any) -> StoredDocument:
    rid, kind, text, digest, created, updated, deleted, key = written
    if not (isinstance(text, str) and isinstance(rid, str) and isinstance(deleted, bool)):
        raise TypeError("no document")
    return _made(
        {
            "rid": rid,
            "kind": Kind(kind),
            "text": text,
            "hash": digest,
            "created": created,
            "updated": updated,
            "deleted": deleted,
            "key": key,
        }
    )


def _document_size(document: StoredDocument) -> int:
    return 600 + sys.getsizeof(document.text) + 2 * len(document.created) + len(document.key)


def _page_size(documents: tuple[StoredDocument, ...]) -> int:
    return 100 + sum(_document_size(document) for document in documents)


DOCUMENT: Final = Shape("document", _document_out, _document_in, _document_size)
PAGE: Final[Shape[tuple[StoredDocument, ...]]] = Shape(
    "page",
    lambda page: [_document_out(document) for document in page],
    lambda written: tuple(_document_in(one) for one in written),
    _page_size,
    dear=True,
)
INSTANCES: Final = dataclasses.replace(PAGE, name="instances")
RIDS: Final[Shape[tuple[str, ...]]] = Shape(
    "rids", list, lambda written: tuple(str(one) for one in written), lambda rids: 100 * len(rids)
)
PAIRS: Final[Shape[Pairs]] = Shape(
    "pairs",
    list,
    lambda written: tuple((str(one), str(other)) for one, other in written),
    lambda pairs: 220 * len(pairs),
)
NUMBER: Final[Shape[int]] = Shape("count", int, int, lambda _number: 32, dear=True)
COUNTS: Final[Shape[tuple[tuple[Kind, int], ...]]] = Shape(
    "counts",
    list,
    lambda written: tuple((Kind(kind), int(number)) for kind, number in written),
    lambda counts: 100 * len(counts),
    dear=True,
)


def key_of(*arguments: Any) -> str | None:
    """What was asked, as text: different questions have different texts. None: it cannot be said
    (a number beyond 64 bits, half a letter), and the store is asked.
    """
    try:
        said = orjson.dumps([_plain(argument) for argument in arguments])
    except TypeError:
        return None
    if len(said) > _LONG_KEY:
        return "#" + hashlib.blake2b(said, digest_size=24).hexdigest()
    return said.decode()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, frozenset | set):
        return {"set": sorted(value)}
    if isinstance(value, Mapping):
        return {"of": sorted((str(name), _plain(one)) for name, one in value.items())}
    if dataclasses.is_dataclass(value):
        name = type(value).__name__
        return {name: [_plain(getattr(value, item.name)) for item in dataclasses.fields(value)]}
    return {type(value).__name__: str(value)}  # Decimal, dates


def asked(name: str, *arguments: Any) -> str | None:
    """What stands before a key: JSON and a line's end, so that keys of different questions never
    meet. None: as `key_of`.
    """
    said = key_of(name, *arguments)
    return None if said is None else f"{said}\n"
