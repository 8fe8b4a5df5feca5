"""Documents that are known by their hash.

Two kinds. *Automatic*: a client sends the SHA-256 of a document alone; when it is not known, the
client sends it once more with the text, and it is kept for a while (Apollo's protocol, extension
``persistedQuery``). *Registered*: a file that names documents by their hash
(``OMS_GRAPHQL_DOCUMENTS``: JSON, ``{hash: text}``, as code generators write it); with
``OMS_GRAPHQL_ONLY_DOCUMENTS`` nothing else is run.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured

from oms_project.core.errors import BadRequest, NotFound, PermissionDenied

__all__ = ["registered_documents", "text_of"]

_KEPT_SECONDS: Final = 24 * 3600
_HASH: Final = re.compile(r"^[0-9a-f]{64}$")


def text_of(query: str | None, extensions: Mapping[str, Any]) -> str:
    """The document that a request means.

    Raises:
        BadRequest: none, or the hash is not that of the text.
        NotFound: ``persisted_query_not_found``: send the text as well.
        PermissionDenied: ``document_not_registered``.
    """
    digest = _digest(extensions)
    if digest is None and not query:
        raise BadRequest(
            "Nothing was asked: send a document as `query`.", code="graphql_no_document"
        )
    known = registered_documents(str(settings.OMS_GRAPHQL_DOCUMENTS or ""))
    if digest is not None and digest in known:
        return known[digest]
    if settings.OMS_GRAPHQL_ONLY_DOCUMENTS:
        if query and hashlib.sha256(query.encode()).hexdigest() in known:
            return query
        raise PermissionDenied(
            "Only registered documents are run here, and this is none of them.",
            code="document_not_registered",
        )
    if digest is None:
        return str(query)
    if not query:
        found = cache.get(f"graphql:document:{digest}")
        if found is None:
            raise NotFound("PersistedQueryNotFound", code="persisted_query_not_found")
        return str(found)
    if hashlib.sha256(query.encode()).hexdigest() != digest:
        raise BadRequest("The hash is not that of the document.", code="persisted_query_mismatch")
    if len(query) <= settings.OMS_GRAPHQL_MAX_QUERY_BYTES:
        cache.set(f"graphql:document:{digest}", query, _KEPT_SECONDS)
    return query


def _digest(extensions: Mapping[str, Any]) -> str | None:
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    digest = persisted.get("sha256Hash") if isinstance(persisted, Mapping) else None
    if not isinstance(digest, str) or not _HASH.match(digest) or persisted.get("version", 1) != 1:
        raise BadRequest(
            "`persistedQuery` takes `version` 1 and `sha256Hash` in small hexadecimal digits.",
            code="bad_persisted_query",
        )
    return digest


@lru_cache(maxsize=4)
def registered_documents(path: str) -> Mapping[str, str]:
    """The documents of a file, checked; none for an empty path.

    Raises:
        ImproperlyConfigured: the file cannot be read, or a hash is not that of its text.
    """
    if not path:
        return {}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(
            f"OMS_GRAPHQL_DOCUMENTS names {path}, which is no readable JSON file: {error}."
        ) from error
    if not isinstance(found, dict):
        raise ImproperlyConfigured(f"{path}: an object of hash and document is wanted.")
    for digest, text in found.items():
        if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != digest:
            raise ImproperlyConfigured(f"{path}: the hash '{digest}' is not that of its document.")
    return found
