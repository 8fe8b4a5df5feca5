"""Schemas that were made, kept by what they were made from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache
from django.conf import settings
from graphql import print_schema

from oms_project.graphql.engine import CompiledSchema
from ontology import selectors
from ontology.graphql.typed.builder import Builder
from ontology.graphql.typed.definitions import Definitions
from ontology.graphql.typed.lazy import LazySchema
from ontology.graphql.typed.places import Place

__all__ = ["compiled_schema", "schema_text"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Kept(Generic[K, V]):
    """The latest few of what takes long to make. Who asks for what is being made just now waits
    for it; who asks for something else does not.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[K, V] = OrderedDict()
        self._making: dict[K, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: K, make: Callable[[], V], *, most: int) -> V:
        """What is kept under the key, or what ``make`` gives."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._found:
                    return self._found[key]
            try:
                made = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                self._found[key] = made
                while len(self._found) > most:
                    self._found.popitem(last=False)
            return made


_schemas: _Kept[str, LazySchema] = _Kept()
_texts: _Kept[str, str] = _Kept()
#: (id of the ontology, commit) -> key of its definitions: a commit never changes.
_keys: LRUCache[tuple[str, str], str] = LRUCache(maxsize=10_000)
_lock = threading.Lock()


def compiled_schema(ontology: str, ref: str) -> CompiledSchema:
    """See `ontology.graphql.typed.typed_schema`."""
    commit = selectors.resolve_ref(ontology=ontology, ref=ref)
    info = selectors.get_ontology(ontology=ontology)
    with _lock:
        key = _keys.get((info.id, commit.id))
    if key is None:
        key = selectors.definitions_key(ontology=ontology, ref=commit.id)
        with _lock:
            _keys[info.id, commit.id] = key
    schema = _schemas.get(
        key, lambda: _made(ontology, commit.id), most=settings.OMS_GRAPHQL_SCHEMAS
    )
    place = Place(info.name, ref, commit.id)
    return CompiledSchema(schema.placed(place), key, info.name)


def schema_text(ontology: str, ref: str) -> str:
    """See `ontology.graphql.typed.typed_sdl`."""
    compiled = compiled_schema(ontology, ref)
    return _texts.get(
        compiled.key,
        lambda: print_schema(compiled.schema) + "\n",
        most=max(1, settings.OMS_GRAPHQL_SCHEMAS // 4),
    )


def _made(ontology: str, commit: str) -> LazySchema:
    return Builder(Definitions(selectors.all_definitions(ontology=ontology, ref=commit))).schema
