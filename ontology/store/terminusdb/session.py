"""The HTTP session that all clients share."""

from __future__ import annotations

import http.cookiejar
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import BaseAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

from ontology.store.terminusdb.breaker import Breaker
from ontology.store.terminusdb.errors import HomeUnavailable, NoAnswer, error_of

__all__ = ["BoundedSession"]

_CHUNK = 1 << 18


class BoundedSession(requests.Session):
    """Bounds how many requests run and how long, and raises OMS's errors.

    Shared by all threads: nothing of an answer is kept in it.
    """

    def __init__(self, breaker: Breaker, transport: BaseAdapter) -> None:
        super().__init__()
        self._breaker = breaker
        self._environment: dict[Any, Any] = {}
        self._slots = threading.BoundedSemaphore(settings.TERMINUSDB_POOL_SIZE)
        self.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        # Answers are read as they come, so as they are.
        self.headers["Accept-Encoding"] = "identity"
        self.mount("http://", transport)
        self.mount("https://", transport)

    def merge_environment_settings(self, url: Any, *asked: Any) -> Any:
        """What proxies and certificates the environment names; it is the same for every request,
        and reading it takes longer than sending one.
        """
        key = (urlsplit(url)[:2], *map(str, asked))
        if key not in self._environment:
            self._environment[key] = super().merge_environment_settings(url, *asked)
        return dict(self._environment[key])

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send it, and read the whole answer.

        Raises:
            OmsError: every answer but 200, and none.
        """
        connect, read = options.get("timeout") or (
            settings.TERMINUSDB_CONNECT_TIMEOUT,
            settings.TERMINUSDB_TIMEOUT,
        )
        options.update(timeout=(connect, read), stream=True, allow_redirects=False)
        subject = f"{request.method} {request.path_url.partition('?')[0][:200]}"
        if not self._slots.acquire(timeout=connect):
            raise NoAnswer(
                f"All {settings.TERMINUSDB_POOL_SIZE} connections to TerminusDB are in use; "
                "TERMINUSDB_POOL_SIZE allows more."
            )
        try:
            self._breaker.check()
            response = super().send(request, **options)
            try:
                _read(response, time.monotonic() + read)
            finally:
                response.close()
        except requests.exceptions.ConnectTimeout as error:
            raise self._no_answer(
                f"does not take connections within {connect:g} s", error
            ) from error
        except (requests.exceptions.Timeout, ReadTimeoutError, _TooSlow) as error:
            raise self._no_answer(f"did not answer {subject} in {read:g} s", error) from error
        except (requests.exceptions.RequestException, HTTPError) as error:
            raise self._no_answer(f"gave no answer to {subject}", error) from error
        finally:
            self._slots.release()
        if response.status_code == requests.codes.ok:
            self._breaker.succeeded()
            return response
        refusal = error_of(response.status_code, response.content, subject=subject)
        if isinstance(refusal, HomeUnavailable) and refusal.unwell:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        raise refusal

    def _no_answer(self, how: str, error: Exception) -> NoAnswer:
        self._breaker.failed()
        return NoAnswer(f"TerminusDB {how}.", data={"error": type(error).__name__})


class _TooSlow(Exception):
    """An answer that drips."""


def _read(response: requests.Response, deadline: float) -> None:
    """Read an answer; a timeout of the socket alone would let it drip for ever."""
    chunks: list[bytes] = []
    while chunk := response.raw.read1(_CHUNK):
        chunks.append(chunk)
        if time.monotonic() > deadline:
            raise _TooSlow
    response._content = b"".join(chunks)  # noqa: SLF001 - it would read without a deadline
