"""States kept in memory, each in its process, within bounds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

__all__ = ["Gate", "Kept", "StoreCache"]


class Kept(Protocol):
    """What is kept: something that may die, holds triples, and is closed."""

    @property
    def triples(self) -> int:
        """How many."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether it can still be used."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


K = TypeVar("K", bound=Kept)


@dataclass
class _Slot(Generic[K]):
    """One key: who builds holds ``lock``; ``users`` are at work with it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: K | None = None
    users: int = 0
    retired: bool = False


class StoreCache(Generic[K]):
    """The states that were asked last; safe for several threads, of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: OrderedDict[Hashable, _Slot[K]] = OrderedDict()

    @contextmanager
    def use(
        self,
        key: Hashable,
        build: Callable[[], K],
        *,
        fits: Callable[[K], bool],
        max_stores: int,
        max_triples: int,
    ) -> Iterator[K]:
        """What is kept under ``key``, built when there is nothing that ``fits``.

        Who asks for a key while it is being built waits for it. What goes beyond the bounds is
        closed, the least recently used first, when nobody is at work with it.

        Args:
            build: makes it, so that it fits.

        Raises:
            Exception: what ``build`` raises; who waited tries it anew.
        """
        slot = self._ready(key, build, fits)
        try:
            self._shrink(max_stores, max_triples)
            assert slot.kept is not None
            yield slot.kept
        finally:
            self._leave(key, slot)

    def close(self) -> None:
        """Close everything."""
        self._shrink(0, 0)

    def drop(self, wanted: Callable[[Hashable], bool]) -> None:
        """Close what is kept under keys that are ``wanted``, when nobody is at work with it."""
        gone: list[K] = []
        with self._lock:
            for key, slot in [item for item in self._slots.items() if wanted(item[0])]:
                if slot.kept is None:
                    continue  # being built
                del self._slots[key]
                slot.retired = True
                if not slot.users:
                    gone.append(slot.kept)
        for kept in gone:
            kept.close()

    def __len__(self) -> int:
        return len(self._slots)

    def _enter(self, key: Hashable) -> _Slot[K]:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            slot.users += 1
            return slot

    def _ready(self, key: Hashable, build: Callable[[], K], fits: Callable[[K], bool]) -> _Slot[K]:
        """A slot with something that fits, entered."""
        while True:
            slot = self._enter(key)
            try:
                with slot.lock:
                    if not slot.retired:
                        if slot.kept is None:
                            slot.kept = build()
                        if slot.kept.is_alive and fits(slot.kept):
                            return slot
                        self._retire(key, slot)
            except BaseException:
                self._leave(key, slot)
                raise
            self._leave(key, slot)

    def _retire(self, key: Hashable, slot: _Slot[K]) -> None:
        """Nobody enters ``slot`` any more; who is at work with it goes on."""
        with self._lock:
            slot.retired = True
            if self._slots.get(key) is slot:
                del self._slots[key]

    def _leave(self, key: Hashable, slot: _Slot[K]) -> None:
        with self._lock:
            slot.users -= 1
            unused = slot.users == 0
            if unused and slot.kept is None and self._slots.get(key) is slot:
                del self._slots[key]  # it could not be built
            gone = slot.kept if unused and slot.retired else None
        if gone is not None:
            gone.close()

    def _shrink(self, max_stores: int, max_triples: int) -> None:
        gone: list[K] = []
        with self._lock:
            built = [(key, slot) for key, slot in self._slots.items() if slot.kept is not None]
            count = len(built)
            triples = sum(slot.kept.triples for _, slot in built if slot.kept is not None)
            for key, slot in built:
                if count <= max_stores and triples <= max_triples:
                    break
                kept = slot.kept
                assert kept is not None
                if max_stores and slot is built[-1][1]:
                    break  # what was asked last stays
                del self._slots[key]
                slot.retired = True
                count -= 1
                triples -= kept.triples
                if not slot.users:
                    gone.append(kept)
        for kept in gone:
            kept.close()


class Gate:
    """Lets so many through at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0

    @contextmanager
    def passed(self, limit: int, *, wait: float) -> Iterator[bool]:
        """Whether there was room within ``wait`` seconds; it is taken until the block ends."""
        with self._changed:
            entered = self._changed.wait_for(lambda: self._inside < limit, wait)
            if entered:
                self._inside += 1
        try:
            yield entered
        finally:
            if entered:
                with self._changed:
                    self._inside -= 1
                    self._changed.notify()
