"""The tier inside a process: at most so many entries and bytes, each for a while."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from oms_project.core.metrics import gauge

__all__ = ["LARGEST", "Entry", "LocalTier"]

#: Bytes: what is larger is read from the store each time; it would push out what is asked for often.
LARGEST: Final = 256 * 1024

_entries = gauge("oms_cache_entries", "Entries in the memory of the process.")
_bytes = gauge("oms_cache_bytes", "Bytes that they take, about.")


class Entry(NamedTuple):
    """A value (None: the store has nothing there) and the bytes that it takes, about."""

    value: Any
    size: int


class LocalTier:
    """What was not asked for longest goes first. Thread safe.

    An ``OrderedDict`` and not one of cachetools' caches: they take four times as long for a hit,
    and bound either entries or bytes.

    Args:
        ttl: seconds.
    """

    def __init__(
        self,
        *,
        entries: int,
        max_bytes: int,
        ttl: float,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = entries
        self._most_bytes = max_bytes
        self._ttl = ttl
        self._timer = timer
        self._lock = threading.Lock()
        #: (prefix, key) -> entry, and when it expires; latest used last
        self._items: OrderedDict[tuple[str, str], tuple[Entry, float]] = OrderedDict()
        self._used = 0

    def get_many(self, prefix: str, keys: Iterable[str]) -> dict[str, Entry]:
        """What is there of ``keys``."""
        found = {}
        now = self._timer()
        with self._lock:
            items = self._items
            for key in keys:
                item = items.get((prefix, key))
                if item is not None and item[1] > now:
                    items.move_to_end((prefix, key))
                    found[key] = item[0]
        return found

    def put_many(self, prefix: str, entries: Mapping[str, Entry]) -> None:
        """Keep them, but for those that are too large."""
        expires = self._timer() + self._ttl
        with self._lock:
            items = self._items
            for key, entry in entries.items():
                if entry.size > LARGEST:
                    continue
                old = items.pop((prefix, key), None)
                items[prefix, key] = entry, expires
                self._used += entry.size - (0 if old is None else old[0].size)
            while items and (len(items) > self._most or self._used > self._most_bytes):
                _, (entry, _) = items.popitem(last=False)
                self._used -= entry.size
            self._tell()

    def drop(self, unwanted: Callable[[str], bool]) -> None:
        """Forget those whose prefix is unwanted."""
        with self._lock:
            for key in [key for key in self._items if unwanted(key[0])]:
                self._used -= self._items.pop(key)[0].size
            self._tell()

    def state(self) -> dict[str, int]:
        """How much is in it."""
        with self._lock:
            now = self._timer()
            for key in [key for key, (_, expires) in self._items.items() if expires <= now]:
                self._used -= self._items.pop(key)[0].size
            self._tell()
            return {"entries": len(self._items), "bytes": self._used}

    def _tell(self) -> None:
        _entries.set(len(self._items))
        _bytes.set(self._used)
