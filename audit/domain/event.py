"""An event's body: one text in canonical JSON, which is what is hashed, stored and shown.

Every text in it is bounded, so that no caller and no client can make a row large, and is one that
both databases keep: U+0000 and lone surrogates are written as an escape of six
characters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from audit.contract import Outcome, Subject
from oms_project.core import canonical_json
from oms_project.core.clock import isoformat
from oms_project.core.context import Actor, Source

__all__ = ["MAX_BODY", "event_body"]

#: Bytes that the changes and the data of one event may have together; what is larger is replaced
#: by its digest.
MAX_BODY: Final = 256 * 1024
_NAME, _SENTENCE, _LONG = 300, 1000, 500
_MAX_DEPTH = 60
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def event_body(
    *,
    event_id: str,
    moment: datetime,
    action: str,
    outcome: Outcome,
    subject: Subject,
    actor: Actor | None,
    source: Source,
    request_id: str,
    ontology: str = "",
    branch: str = "",
    commit: str = "",
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    data: Mapping[str, Any] | None = None,
    message: str = "",
) -> str:
    """The event in canonical JSON; members that are empty are left out.

    Raises:
        TypeError: ``changes`` or ``data`` holds something that JSON cannot say.
    """
    body: dict[str, Any] = {
        "id": event_id,
        "time": isoformat(moment),
        "action": action,
        "outcome": outcome.value,
        "subject": _filled(
            type=subject.type, id=subject.id[:_NAME], name=str(subject.name)[:_NAME]
        ),
    }
    if actor is not None:
        body["actor"] = _filled(
            id=actor.id[:_NAME],
            username=actor.username[:_NAME],
            kind=actor.kind,
            grant=actor.grant[:_NAME],
        )
        if actor.on_behalf_of is not None:
            body["onBehalfOf"] = _filled(
                id=actor.on_behalf_of.id[:_NAME], username=actor.on_behalf_of.username[:_NAME]
            )
        if actor.reason:
            body["reason"] = actor.reason[:_LONG]
    where = _filled(
        door=source.door,
        address=source.address[:_NAME],
        agent=source.agent[:_NAME],
        operation=source.operation[:_LONG],
    )
    if where:
        body["source"] = where
    body |= _filled(
        ontology=ontology[:_NAME],
        branch=branch[:_NAME],
        commit=commit[:_NAME],
        requestId=request_id[:_NAME],
        message=message[:_SENTENCE],
    )
    if changes:
        body["changes"] = changes
    if data:
        body["data"] = data
    return _text(body)


def _filled(**members: str) -> dict[str, str]:
    return {name: text for name, text in members.items() if text}


def _text(body: dict[str, Any]) -> str:
    try:
        raw = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError):  # a lone surrogate, a decimal, a key that is no text
        raw = b""
    if not raw or b"\\u0000" in raw:
        body = _plain(body, 0)
        raw = canonical_json.dumps(body)
    if len(raw) > MAX_BODY:
        for name in ("changes", "data"):
            if name in body:
                whole = canonical_json.dumps(body[name])
                if len(whole) > MAX_BODY // 8:
                    body[name] = _left_out(body[name], whole, pairs=name == "changes")
        raw = canonical_json.dumps(body)
    return raw.decode()


def _left_out(value: Any, whole: bytes, *, pairs: bool) -> dict[str, Any]:
    digest = hashlib.sha256(whole).hexdigest()
    note = {"tooLarge": len(whole), "sha256": digest, "members": sorted(value)[:100]}
    return {"*": [None, note]} if pairs else note


def _plain(value: Any, depth: int) -> Any:
    """``value`` with texts that both databases keep, and with nothing but what JSON has."""
    if depth > _MAX_DEPTH:
        return "…"
    match value:
        case str():
            return _UNKEEPABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
        case Mapping():
            return {
                _plain(str(name), depth + 1): _plain(inner, depth + 1)
                for name, inner in value.items()
            }
        case list() | tuple():
            return [_plain(inner, depth + 1) for inner in value]
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124
            return str(value)
        case datetime() if value.tzinfo is not None:
            return isoformat(value)
        case _:
            return value
