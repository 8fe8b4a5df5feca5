"""Read through three tiers: this process's memory, Redis, the store.

For values that never change under their key (reads of a commit). What a key stands for can be taken
out of the world all the same, when values are erased: a `Scope` has a generation, which is part of
every key, and `TieredCache.retire` makes those before it unreachable and deletes them.

Of several threads that miss the same key, one loads and the others get what it gets, be it an error
(`oms_cache_requests_total{tier="store",outcome="shared"}`). Across processes a short lock in Redis
does the same for what is dear to load; who waits in vain loads himself. A Redis that is away or slow
is left out for a while and counted; it fails no read.

Hit ratio, for a recording rule::

    sum by (tier) (rate(oms_cache_requests_total{outcome="hit"}[5m]))
    / sum by (tier) (rate(oms_cache_requests_total{outcome=~"hit|miss"}[5m]))
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar

from django.conf import settings

from oms_project.core.local_cache import LARGEST, Entry, LocalTier
from oms_project.core.metrics import counter, histogram

if TYPE_CHECKING:
    from oms_project.core.shared_cache import SharedTier

__all__ = ["LocalTier", "Scope", "Shape", "TieredCache", "forget_cache", "product_cache"]

V = TypeVar("V")

#: Bytes of memory that an entry takes beside its value, about.
_OVERHEAD: Final = 400
#: Seconds after which a thread does not wait any longer for another one's load.
_PATIENCE: Final = 30.0

_requests = counter(
    "oms_cache_requests_total",
    "Keys that were asked for, by tier (local, redis, store) and outcome (hit, miss; of Redis also "
    "skipped while it is away, bad for a value that nobody could have written; of the store loaded, "
    "error, shared when another thread's load was awaited).",
    ("tier", "outcome"),
)
_load_seconds = histogram(
    "oms_cache_load_seconds", "Seconds that the store took for what no tier had.", ("what",)
)
_hit, _miss = _requests.labels("local", "hit"), _requests.labels("local", "miss")
_shared_hit, _shared_miss = _requests.labels("redis", "hit"), _requests.labels("redis", "miss")
_skipped, _bad = _requests.labels("redis", "skipped"), _requests.labels("redis", "bad")
_loaded, _error = _requests.labels("store", "loaded"), _requests.labels("store", "error")
_awaited = _requests.labels("store", "shared")


class Scope(NamedTuple):
    """What a key is about.

    Attributes:
        name: what is retired together: an ontology's id.
        generation: grows when something under the name is erased.
        part: the rest: a commit's id.
    """

    name: str
    generation: int
    part: str = ""


@dataclass(frozen=True, slots=True)
class Shape(Generic[V]):
    """One kind of value.

    Attributes:
        name: stands in keys and in metrics; another encoding takes another name.
        encode: to what JSON can say; None: values stay in this process.
        decode: back from it; raises when it is nothing that ``encode`` makes.
        size: bytes that a value takes, about.
        dear: whether it is worth a lock between processes to load it once.
    """

    name: str
    encode: Callable[[V], Any] | None
    decode: Callable[[Any], V]
    size: Callable[[V], int]
    dear: bool = False


class _Flight:
    """A load under way: of these keys, by one thread, awaited by others."""

    __slots__ = ("done", "error", "found")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.found: dict[str, Entry] | None = None
        self.error: Exception | None = None


class TieredCache:
    """See the module.

    Args:
        local: None: nothing is kept in the process.
        shared: None: there is no Redis.
    """

    def __init__(self, local: LocalTier | None, shared: SharedTier | None) -> None:
        self._local = local
        self._shared = shared
        self._lock = threading.Lock()
        self._flights: dict[tuple[str, str], _Flight] = {}
        self._retired: dict[str, int] = {}
        self.enabled = local is not None or shared is not None

    def get_many(
        self,
        scope: Scope,
        shape: Shape[V],
        keys: Collection[str],
        load: Callable[[Sequence[str]], Mapping[str, V]],
    ) -> dict[str, V]:
        """The values of ``keys``, without those that the store does not have.

        Args:
            load: asks the store for what no tier has, all at once; it must not ask this cache.
        """
        prefix = f"{scope.name}\n{scope.generation}\n{scope.part}\n{shape.name}"
        found = self._local.get_many(prefix, keys) if self._local is not None else {}
        if found:
            _hit.inc(len(found))
        if len(found) < len(keys):
            missing = [key for key in dict.fromkeys(keys) if key not in found]
            if self._local is not None:
                _miss.inc(len(missing))
            if missing:
                found |= self._fetch(scope, shape, prefix, missing, load)
        return {key: found[key].value for key in keys if found[key].value is not None}

    def get(
        self, scope: Scope, shape: Shape[V], key: str, load: Callable[[], V | None]
    ) -> V | None:
        """As `get_many` for one key; None: the store does not have it."""

        def load_one(_keys: Sequence[str]) -> dict[str, V]:
            value = load()
            return {} if value is None else {key: value}

        return self.get_many(scope, shape, (key,), load_one).get(key)

    def retire(self, name: str, generation: int) -> bool:
        """Make what was kept of the scope before ``generation`` go, here and in Redis.

        Returns:
            Whether Redis did; when not, what it holds is out of reach and expires.
        """
        with self._lock:
            self._retired[name] = max(generation, self._retired.get(name, 0))
        if self._local is not None:
            self._local.drop(self._is_old)
        return self._shared is None or self._shared.retire(name, generation)

    def clear(self) -> None:
        """Forget what this process remembers; for tests."""
        if self._local is not None:
            self._local.drop(lambda _prefix: True)

    def state(self) -> dict[str, Any]:
        """For `/health/detailed`."""
        told: dict[str, Any] = {}
        if self._local is not None:
            told["local"] = self._local.state()
        if self._shared is not None:
            told["shared"] = self._shared.state()
        return told

    def _is_old(self, prefix: str) -> bool:
        name, generation, *_rest = prefix.split("\n")
        return self._is_retired(Scope(name, int(generation)))

    def _is_retired(self, scope: Scope) -> bool:
        return scope.generation < self._retired.get(scope.name, 0)

    # --- behind the local tier ------------------------------------------------------------------
    def _fetch(
        self,
        scope: Scope,
        shape: Shape[V],
        prefix: str,
        keys: Sequence[str],
        load: Callable[[Sequence[str]], Mapping[str, V]],
    ) -> dict[str, Entry]:
        """Lead the load of what nobody loads, then wait for the rest: in this order, so that no
        two threads wait for each other.
        """
        own = _Flight()
        led: list[str] = []
        others: dict[str, _Flight] = {}
        with self._lock:
            for key in keys:
                flight = self._flights.setdefault((prefix, key), own)
                if flight is own:
                    led.append(key)
                else:
                    others[key] = flight
        found = self._lead(own, scope, shape, prefix, led, load) if led else {}
        stranded = []
        for key, flight in others.items():
            flight.done.wait(_PATIENCE)
            if flight.error is not None:
                raise flight.error
            if flight.found is None:  # interrupted, or still at it
                stranded.append(key)
            else:
                found[key] = flight.found[key]
                _awaited.inc()
        if stranded:
            found |= self._through(scope, shape, prefix, stranded, load)
        return found

    def _lead(
        self,
        flight: _Flight,
        scope: Scope,
        shape: Shape[V],
        prefix: str,
        keys: Sequence[str],
        load: Callable[[Sequence[str]], Mapping[str, V]],
    ) -> dict[str, Entry]:
        try:
            flight.found = self._through(scope, shape, prefix, keys, load)
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                for key in keys:
                    del self._flights[prefix, key]
            flight.done.set()
        return dict(flight.found)

    def _through(
        self,
        scope: Scope,
        shape: Shape[V],
        prefix: str,
        keys: Sequence[str],
        load: Callable[[Sequence[str]], Mapping[str, V]],
    ) -> dict[str, Entry]:
        shared = self._shared if shape.encode is not None else None
        found = self._from_shared(shared, scope, shape, keys)
        missing = [key for key in keys if key not in found]
        if missing:
            lock = None
            if shared is not None and shape.dear and len(missing) == 1:
                lock = shared.lock(scope, shape.name, missing[0])
                if lock is not None and not lock.mine:
                    found |= self._awaited_elsewhere(shared, scope, shape, missing[0])
                    missing = [key for key in keys if key not in found]
            try:
                loaded = _timed(shape.name, missing, load) if missing else {}
                entries = {
                    key: Entry(value, _size(shape, key, value))
                    for key in missing
                    for value in (loaded.get(key),)
                }
                if shared is not None and entries:
                    shared.put_many(scope, shape.name, _written(shape, entries))
            finally:
                if lock is not None:
                    lock.release()
            found |= entries
        if self._local is not None and not self._is_retired(scope):
            self._local.put_many(prefix, found)
        return found

    def _from_shared(
        self, shared: SharedTier | None, scope: Scope, shape: Shape[V], keys: Sequence[str]
    ) -> dict[str, Entry]:
        if shared is None:
            return {}
        held = shared.get_many(scope, shape.name, keys)
        if held is None:
            _skipped.inc(len(keys))
            return {}
        found: dict[str, Entry] = {}
        bad = held.bad
        for key, written in held.values.items():
            try:
                value = None if written is None else shape.decode(written)
            except (TypeError, ValueError, LookupError):
                bad += 1
                continue
            found[key] = Entry(value, _size(shape, key, value))
        for metric, number in (
            (_bad, bad),
            (_shared_hit, len(found)),
            (_shared_miss, len(keys) - len(found) - bad),
        ):
            if number:
                metric.inc(number)
        return found

    def _awaited_elsewhere(
        self, shared: SharedTier | None, scope: Scope, shape: Shape[V], key: str
    ) -> dict[str, Entry]:
        """What another process is loading, when it comes soon."""
        for pause in (0.01, 0.02, 0.04, 0.08):
            time.sleep(pause)
            found = self._from_shared(shared, scope, shape, [key])
            if found:
                return found
        return {}


def _size(shape: Shape[V], key: str, value: V | None) -> int:
    return _OVERHEAD + len(key) + (0 if value is None else shape.size(value))


def _written(shape: Shape[V], entries: Mapping[str, Entry]) -> dict[str, Any]:
    assert shape.encode is not None
    return {
        key: None if entry.value is None else shape.encode(entry.value)
        for key, entry in entries.items()
        if entry.size <= LARGEST
    }


def _timed(
    what: str, keys: Sequence[str], load: Callable[[Sequence[str]], Mapping[str, V]]
) -> Mapping[str, V]:
    started = time.perf_counter()
    try:
        loaded = load(keys)
    except Exception:
        _error.inc(len(keys))
        raise
    _loaded.inc(len(keys))
    _load_seconds.labels(what).observe(time.perf_counter() - started)
    return loaded


# --- the product's --------------------------------------------------------------------------------
_product: TieredCache | None = None
_product_lock = threading.Lock()


def product_cache() -> TieredCache:
    """The cache that the settings describe."""
    global _product  # noqa: PLW0603 - one per process, made when it is first asked for
    made = _product
    if made is None:
        with _product_lock:
            made = _product = _product or _from_settings()
    return made


def forget_cache() -> None:
    """Make it anew when it is asked for next, after a test has changed a setting."""
    global _product  # noqa: PLW0603 - see above
    with _product_lock:
        _product = None


def _from_settings() -> TieredCache:
    local = None
    if settings.OMS_CACHE_LOCAL_SIZE:
        local = LocalTier(
            entries=settings.OMS_CACHE_LOCAL_SIZE,
            max_bytes=settings.OMS_CACHE_LOCAL_BYTES,
            ttl=settings.OMS_CACHE_LOCAL_TTL,
        )
    config = settings.CACHES["default"]
    shared = None
    if "redis" in str(config["BACKEND"]):
        # Its client takes long to import.
        from oms_project.core.shared_cache import SharedTier

        shared = SharedTier(
            str(config["LOCATION"]),
            ttl=settings.OMS_CACHE_REDIS_TTL,
            secret=settings.SECRET_KEY.encode(),
        )
    return TieredCache(local, shared)
