"""The tier that processes share: Redis, or what speaks its protocol.

A value is JSON, compressed where it is long, behind a digest that is made with the installation's
``SECRET_KEY`` over key and value: whoever can write to Redis, and no more, cannot make OMS read
something else. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

import orjson
import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from oms_project.core.cache import Scope
from oms_project.core.ids import new_id
from oms_project.core.metrics import counter

__all__ = ["Held", "Lock", "SharedTier"]

T = TypeVar("T")

#: Another format of keys or values takes another number.
_PREFIX: Final = "oms:cache:1:"
_DIGEST: Final = 16
#: Bytes from which a value is compressed, and bytes that one may have unpacked.
_LONG: Final = 1024
_MOST: Final = 4 * 1024 * 1024
#: Seconds that an answer may take, and one while erased values are deleted.
_TIMEOUT: Final = 0.5
_PATIENT: Final = 5.0
#: So many answers in a row that take so many seconds are slow; how long Redis is left out then.
_SLOW: Final = 0.1
_SLOW_ANSWERS: Final = 3
_PAUSE: Final = 5.0
_LOCK_MILLISECONDS: Final = 3000
#: Seconds that a retired generation is remembered: longer than any load takes.
_MARKED: Final = 3600
_SCAN: Final = 2000

_failures = counter(
    "oms_cache_redis_failures_total",
    "Times that Redis was left out for a while, by reason (error, slow).",
    ("reason",),
)
_unpurged = counter(
    "oms_cache_unpurged_total",
    "Erasures after which Redis could not be purged: its values are out of reach and expire.",
)

log = structlog.get_logger("oms.cache")

# Write values unless their generation is retired: who began to read before an erasure must not put
# back what it took out.
_WRITE = """
local retired = redis.call('GET', KEYS[1])
if retired and tonumber(retired) > tonumber(ARGV[1]) then return 0 end
for i = 2, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 1], 'EX', ARGV[2]) end
return #KEYS - 1
"""
_UNLOCK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
_MARK = """
local retired = redis.call('GET', KEYS[1])
if retired and tonumber(retired) >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""


@dataclass(slots=True)
class Held:
    """What Redis had; None stands for "the store has nothing there"."""

    values: dict[str, Any] = field(default_factory=dict)
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock of which one process got hold, or another has."""

    mine: bool
    release: Callable[[], None]


def _client(url: str, timeout: float) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        max_connections=64,
        retry=Retry(NoBackoff(), 1),  # a connection that Redis has closed meanwhile
    )


class SharedTier:
    """Never raises: what does not work is left out.

    Args:
        url: of Redis.
        ttl: seconds that a value stays.
        secret: of the installation.
        timeout, slow: seconds, see above.
    """

    def __init__(
        self,
        url: str,
        *,
        ttl: int,
        secret: bytes,
        timeout: float = _TIMEOUT,
        slow: float = _SLOW,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = _client(url, timeout)
        self._patient = _client(url, max(timeout, _PATIENT))
        self._ttl = ttl
        self._slow = slow
        self._slow_answers = 0
        self._timer = timer
        self._secret = hashlib.blake2b(b"oms cache" + secret, digest_size=32).digest()
        self._write = self._client.register_script(_WRITE)
        self._unlock = self._client.register_script(_UNLOCK)
        self._mark = self._patient.register_script(_MARK)
        self._out_until = 0.0
        self._lock = threading.Lock()

    def get_many(self, scope: Scope, what: str, keys: Sequence[str]) -> Held | None:
        """What is there; None: Redis is left out."""
        names = [self._name(scope, what, key) for key in keys]
        # Bytes, since nobody asks the client to decode.
        written = self._try(lambda: cast("list[bytes | None]", self._client.mget(names)))
        if written is None:
            return None
        held = Held()
        for key, name, raw in zip(keys, names, written, strict=True):
            if raw is None:
                continue
            try:
                held.values[key] = self._unpacked(name, raw)
            except (ValueError, zlib.error):
                held.bad += 1
        return held

    def put_many(self, scope: Scope, what: str, values: Mapping[str, Any]) -> None:
        """Keep them, unless the scope's generation is retired."""
        names: list[bytes] = []
        written: list[bytes] = []
        for key, value in values.items():
            name = self._name(scope, what, key)
            try:
                written.append(self._packed(name, value))
            except TypeError:  # what JSON cannot say is read from the store each time
                continue
            names.append(name)
        if names:
            marker = self._marker(scope.name)
            self._try(
                lambda: self._write(
                    keys=[marker, *names], args=[scope.generation, self._ttl, *written]
                )
            )

    def lock(self, scope: Scope, what: str, key: str) -> Lock | None:
        """Say that this process loads the key; None: Redis is left out."""
        name = b"lock:" + self._name(scope, what, key)
        token = new_id()
        got = self._try(lambda: (self._client.set(name, token, nx=True, px=_LOCK_MILLISECONDS),))
        if got is None:
            return None
        if not got[0]:
            return Lock(False, lambda: None)
        return Lock(True, lambda: self._release(name, token))

    def retire(self, name: str, generation: int) -> bool:
        """Forbid what is older than ``generation`` to be written, and delete it."""
        try:
            self._mark(keys=[self._marker(name)], args=[generation, _MARKED])
            old = []
            start = f"{_PREFIX}{name}:".encode()
            for found in self._patient.scan_iter(match=start + b"*", count=_SCAN):
                number = found[len(start) :].split(b":", 1)[0]
                if number.isdigit() and int(number) < generation:
                    old.append(found)
            for first in range(0, len(old), _SCAN):
                self._patient.unlink(*old[first : first + _SCAN])
        except (redis.RedisError, OSError) as error:
            _unpurged.inc()
            log.warning("erased values expire in Redis", seconds=self._ttl, error=repr(error))
            return False
        return True

    def state(self) -> dict[str, Any]:
        """For `/health/detailed`."""
        return {"left_out": self._is_out()}

    def _is_out(self) -> bool:
        return self._timer() < self._out_until

    def _try(self, ask: Callable[[], T]) -> T | None:
        if self._is_out():
            return None
        started = self._timer()
        try:
            answer = ask()
        except (redis.RedisError, OSError) as error:
            self._leave_out("error", repr(error))
            return None
        slow = self._timer() - started > self._slow
        self._slow_answers = self._slow_answers + 1 if slow else 0
        if self._slow_answers >= _SLOW_ANSWERS:
            self._slow_answers = 0
            self._leave_out("slow", "")
        return answer

    def _leave_out(self, reason: str, error: str) -> None:
        with self._lock:
            if self._is_out():
                return
            self._out_until = self._timer() + _PAUSE
        _failures.labels(reason).inc()
        log.warning("Redis is left out", reason=reason, seconds=_PAUSE, error=error)

    def _release(self, name: bytes, token: str) -> None:
        self._try(lambda: self._unlock(keys=[name], args=[token]))

    # --- keys and values ------------------------------------------------------------------------
    @staticmethod
    def _marker(name: str) -> bytes:
        return f"{_PREFIX}retired:{name}".encode()

    @staticmethod
    def _name(scope: Scope, what: str, key: str) -> bytes:
        raw = key.encode(errors="surrogatepass")
        if len(raw) > 80:
            raw = b"#" + hashlib.blake2b(raw, digest_size=32).hexdigest().encode()
        return f"{_PREFIX}{scope.name}:{scope.generation}:{scope.part[:40]}:{what}:".encode() + raw

    def _sealed(self, name: bytes, content: bytes) -> bytes:
        return hashlib.blake2b(
            len(name).to_bytes(4, "big") + name + content, digest_size=_DIGEST, key=self._secret
        ).digest()

    def _packed(self, name: bytes, value: Any) -> bytes:
        content = b"j" + orjson.dumps(value)
        if len(content) > _LONG:
            content = b"z" + zlib.compress(content[1:], 1)
        return self._sealed(name, content) + content

    def _unpacked(self, name: bytes, raw: bytes) -> Any:
        digest, content = raw[:_DIGEST], raw[_DIGEST:]
        if not hmac.compare_digest(digest, self._sealed(name, content)):
            raise ValueError("not written by OMS")
        if content[:1] == b"z":
            unpack = zlib.decompressobj()
            content = b"j" + unpack.decompress(content[1:], _MOST)
            if unpack.unconsumed_tail:
                raise ValueError("too long")
        return orjson.loads(content[1:])
