"""Answers whose body is made, or read, piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import IO

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

__all__ = ["chunks_of", "streamed"]

_CHUNK = 256 * 1024


def streamed(request: Request, chunks: Iterator[bytes], media_type: str) -> HttpResponseBase:
    """Chunks as they come, also where Django serves asynchronously."""

    def draw() -> bytes | None:
        return next(chunks, None)

    async def drawn_asynchronously() -> AsyncIterator[bytes]:
        while (chunk := await sync_to_async(draw)()) is not None:
            yield chunk

    # Given a plain iterator there, Django would draw all of it into memory first.
    is_async = isinstance(request._request, ASGIRequest)  # noqa: SLF001 - the one that is served
    return StreamingHttpResponse(
        drawn_asynchronously() if is_async else chunks, content_type=media_type
    )


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """What ``file`` holds; it is closed at the end."""
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
