"""Which texts can be kept, the same for every store.

Any Unicode text can, except two things that are no text to databases: the character U+0000
(PostgreSQL has none) and a lone surrogate (UTF-8 has none).
"""

from __future__ import annotations

import re
from typing import Any

from oms_project.core.canonical_json import dumps
from oms_project.core.errors import Invalid
from ontology.domain.documents import Body, document_id
from ontology.domain.kinds import Kind

__all__ = ["body_text", "check_text", "is_storable"]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
#: U+0000 as canonical JSON spells it, not behind a backslash of its own.
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_REASON = "holds a character that cannot be stored: U+0000, or half of a surrogate pair"


def is_storable(text: str) -> bool:
    """Whether a store can keep ``text``."""
    if text.isascii():
        return "\0" not in text
    return _UNSTORABLE.search(text) is None


def check_text(text: str, what: str) -> None:
    """Refuse a ``text`` that no store can keep.

    Args:
        what: what it is, to begin the sentence of the error with.

    Raises:
        Invalid: ``unstorable_text``.
    """
    if not is_storable(text):
        raise Invalid(f"{what} {_REASON}. Remove it.", code="unstorable_text")


def body_text(kind: Kind, rid: str, body: Body) -> str:
    """The canonical JSON of a body.

    Raises:
        Invalid: ``unstorable_text``, with the place in ``errors``.
    """
    try:
        text = dumps(body).decode()
    except UnicodeEncodeError:
        text = None
    if text is not None and ("\\u0000" not in text or _ESCAPED_NUL.search(text) is None):
        return text
    document = document_id(kind, rid, body)
    field = _unstorable_place(body) or ""
    message = f"The text {_REASON}. Remove it."
    raise Invalid(
        f"{document} {field} {_REASON}. Remove it.",
        code="unstorable_text",
        errors=[
            {"document": document, "rid": rid, "field": field, "rule": "text", "message": message}
        ],
    )


def _unstorable_place(value: Any) -> str | None:
    """JSON pointer of the first such text in ``value`` (of its owner, for a key)."""
    if isinstance(value, str):
        return None if is_storable(value) else ""
    items: Any = ()
    if isinstance(value, dict):
        if not all(map(is_storable, value)):
            return ""
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    for key, item in items:
        place = _unstorable_place(item)
        if place is not None:
            return "/" + str(key).replace("~", "~0").replace("/", "~1") + place
    return None
