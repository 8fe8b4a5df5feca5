"""CloudEvents 1.0: the one place that reads and writes them, through the official SDK.

The SDK's event class, JSON format and HTTP binding do the work; what they leave open is settled
here, before and after. What comes in is checked whole and refused by name. An event has one form
whichever way it came: attributes are strings (``time`` is a `datetime`), and data follows the
content type: JSON is the JSON value, ``text/*`` in UTF-8 is a `str`, everything else `bytes`. So it
leaves in every content mode as it came in any other. JSON ``null`` and an empty body are no data.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn
from urllib.parse import unquote_to_bytes

import orjson
import simplejson
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings import http
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.spec import SPECVERSION_V1_0
from cloudevents.core.v1.event import CloudEvent

from oms_project.core.errors import BadRequest

__all__ = [
    "BATCH",
    "MAX_DEPTH",
    "MAX_HEADER",
    "STRUCTURED",
    "Message",
    "batch_of",
    "event_of",
    "make_event",
    "parse_http",
    "stored_text",
    "to_batch",
    "to_binary",
    "to_structured",
    "with_sequence",
]

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
#: Characters that one header of an event may have.
MAX_HEADER: Final = 64 * 1024
#: Levels of arrays and objects that data may have: one less than the quick writer can write, for
#: the object that the event itself is.
MAX_DEPTH: Final = 253
#: Problems that one refusal names; a batch could have many thousands.
_MAX_PROBLEMS: Final = 100
_SEQUENCE_DIGITS: Final = 20
_REQUIRED: Final = ("specversion", "id", "source", "type")
_OPTIONAL: Final = ("subject", "time", "datacontenttype", "dataschema")
_ORDER: Final = (*_REQUIRED, *_OPTIONAL)
_CORE: Final = frozenset(_ORDER)
_PREFIX: Final = "ce-"

_EXTENSION = re.compile("[a-z0-9]+")
# CloudEvents §type system: control characters, surrogates and noncharacters are in no String.
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)
_SPACE = re.compile(r"\s")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:.")
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 a token of HTTP, no secret
# Possessive, so that a long run of blanks and semicolons is walked once.
_MEDIA_TYPE = re.compile(
    rf"{_TOKEN}/{_TOKEN}"
    rf'(?:[ \t]*+;[ \t]*+(?:{_TOKEN}=(?:{_TOKEN}|"(?:[\t !#-\[\]-~]|\\[\t -~])*+"))?+)*+[ \t]*+'
)
_CHARSET = re.compile(r""";[ \t]*charset[ \t]*=[ \t]*["']?([^"';\s]*)""", re.IGNORECASE)
_BAD_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
# What an event's text begins with, when it has a sequence already.
_OWN_SEQUENCE = re.compile(r'\{"sequence":"(?:[^"\\]|\\.)*+",')

_Problems = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Message:
    """A message of HTTP (or NATS) that carries events.

    Args:
        headers: values by name; names are in lower case.
        body: the bytes.
    """

    headers: Mapping[str, str]
    body: bytes


class _Refused(Exception):
    """The whole input cannot be read. ``args``: a sentence."""


def make_event(
    *,
    id: str,  # noqa: A002 the attributes' own names
    source: str,
    type: str,  # noqa: A002
    time: datetime,
    data: Any | None,
    subject: str = "",
    datacontenttype: str = "application/json",
    dataschema: str = "",
    extensions: Mapping[str, str] = {},
) -> CloudEvent:
    """An event of our own; members that are empty are left out, and so is the type of no data.

    JSON data is looked at only when it is written, which refuses what JSON cannot say.

    Args:
        id: unique within ``source``.
        source: URI reference of what the event came from.
        type: what happened.
        time: when, in any time zone; kept in UTC.
        data: for a JSON content type any JSON value, otherwise `str` or `bytes`.
        subject: what it happened to, within ``source``.
        datacontenttype: media type of ``data``.
        dataschema: absolute URI of the schema of ``data``.
        extensions: further attributes, by names of lower-case letters and digits.

    Raises:
        BadRequest: an attribute or the data breaks a rule (``bad_cloudevent``).
    """
    members: dict[str, Any] = {
        "specversion": SPECVERSION_V1_0,
        "id": id,
        "source": source,
        "type": type,
    }
    problems: _Problems = []
    if subject:
        members["subject"] = subject
    if dataschema:
        members["dataschema"] = dataschema
    if datacontenttype and data is not None:
        members["datacontenttype"] = datacontenttype
    for name, value in extensions.items():
        if name in _CORE:
            problems.append(
                (name, f"{_shown(name)} is no name for an extension: it has a meaning.")
            )
        elif value != "":
            members[name] = value
    attributes = _checked(members, problems)
    try:
        if time.tzinfo is None:
            problems.append(("time", "The attribute 'time' has no time zone."))
        else:
            attributes["time"] = time.astimezone(UTC)
    except (AttributeError, OverflowError, ValueError):
        problems.append(("time", "The attribute 'time' is no time that UTC can say."))
    data = _settled(data, attributes.get("datacontenttype"), problems)
    if problems:
        raise _bad(problems)
    if data is None:
        attributes.pop("datacontenttype", None)
    return _event(attributes, data)


def stored_text(event: CloudEvent) -> str:
    """The event as structured JSON, compact: what the outbox keeps.

    JSON data is JSON, text is text and bytes are ``data_base64``. It begins with ``specversion``,
    or with ``sequence`` if there is one, so that `with_sequence` need not parse it.

    Raises:
        BadRequest: the data is nothing that JSON can say (field ``data``).
    """
    return _FORMAT.write(event).decode()


def event_of(text: str, *, sequence: int | None = None) -> CloudEvent:
    """The event that `stored_text` wrote.

    Args:
        text: structured JSON.
        sequence: becomes the extension ``sequence`` in 20 digits, which sort as text; one that
            is there is replaced.

    Raises:
        BadRequest: ``text`` is no event.
        ValueError: ``sequence`` is negative or has more digits.
    """
    try:
        value = _loads(text.encode("utf-8", "surrogatepass"), MAX_DEPTH + 1)
    except _Refused as refusal:
        raise _bad([("body", f"The event is not readable: {refusal}")]) from refusal
    problems: _Problems = []
    attributes, data = _of_members(value, problems)
    if problems:
        raise _bad(problems)
    if sequence is not None:
        attributes["sequence"] = _digits(sequence)
    return _event(attributes, data)


def with_sequence(text: str, sequence: int) -> bytes:
    """``stored_text(event_of(text, sequence=sequence))`` without parsing.

    Args:
        text: what `stored_text` wrote.
        sequence: the extension ``sequence``.

    Raises:
        BadRequest: ``text`` is from elsewhere, and no event.
        ValueError: ``sequence`` is negative or has more than 20 digits.
    """
    member = f'{{"sequence":"{_digits(sequence)}",'
    if text.startswith('{"specversion":'):
        return (member + text[1:]).encode()
    own = _OWN_SEQUENCE.match(text)
    if own is not None:
        return (member + text[own.end() :]).encode()
    return stored_text(event_of(text, sequence=sequence)).encode()


def to_structured(event: CloudEvent) -> Message:
    """The event in one JSON object.

    Raises:
        BadRequest: the data is nothing that JSON can say.
    """
    return _message(http.to_structured(event, _FORMAT))


def to_binary(event: CloudEvent) -> Message:
    """Attributes as percent-encoded headers, data as the body.

    Raises:
        BadRequest: the data is nothing that JSON can say.
    """
    return _message(http.to_binary(event, _FORMAT))


def to_batch(events: Iterable[CloudEvent]) -> Message:
    """Events in one JSON array (for which the SDK has no writer).

    Raises:
        BadRequest: the data of one is nothing that JSON can say.
    """
    return _batch(_FORMAT.write(event) for event in events)


def batch_of(items: Sequence[tuple[str, int]]) -> Message:
    """A batch of stored texts with their sequences, without parsing.

    Raises:
        ValueError: a sequence is negative or has more than 20 digits.
    """
    return _batch(with_sequence(text, sequence) for text, sequence in items)


def parse_http(
    headers: Mapping[str, str], body: bytes, *, max_events: int = 1000
) -> list[CloudEvent]:
    """The events of a request, in whichever of the three content modes it is.

    Args:
        headers: values by name, in any case.
        body: the bytes, with no content coding.
        max_events: how many a batch may have.

    Returns:
        One event, or those of the batch in its order; an empty batch is none.

    Raises:
        BadRequest: no event, or one that breaks a rule (``bad_cloudevent``). ``errors`` has an
            entry per problem; in a batch, ``field`` begins with the event's place: ``/3/type``.
    """
    given: dict[str, str] = {}
    for name, value in headers.items():
        if given.setdefault(name.lower(), value) != value:
            raise _bad([(_field(name.lower()), f"The header {_shown(name)} is given twice.")])
    content_type = given.get("content-type", "")
    if len(content_type) > MAX_HEADER:
        raise _bad([("content-type", f"Content-Type has more than {MAX_HEADER} characters.")])
    mode = content_type.partition(";")[0].strip().lower()
    if mode in {STRUCTURED, BATCH}:
        if _foreign_charset(content_type):
            raise _bad([("content-type", "CloudEvents in JSON are in UTF-8, in no other charset.")])
        return _of_json(body, batch=mode == BATCH, max_events=max_events)
    if mode.startswith("application/cloudevents"):
        raise _bad(
            [("content-type", f"The event format {_shown(mode)} is not known, only JSON is.")]
        )
    if any(name.startswith(_PREFIX) for name in given):
        return [_of_headers(given, body)]
    raise _bad(
        [
            (
                "content-type",
                f"This is no CloudEvent: send {STRUCTURED}, {BATCH} or headers that begin "
                f"with '{_PREFIX}'.",
            )
        ]
    )


class _Format(JSONFormat):
    """The SDK's JSON format, with data as its content type has it: the SDK's own writes texts and
    arrays of JSON as what is no JSON in binary mode, and knows only some of the JSON types.
    """

    def write(self, event: BaseCloudEvent) -> bytes:
        attributes = event.get_attributes()
        members: dict[str, Any] = {}
        if "sequence" in attributes:
            members["sequence"] = _said(attributes["sequence"])
        for name in _ORDER:
            if name in attributes:
                members[name] = _said(attributes[name])
        for name, value in attributes.items():
            if name not in members:
                members[name] = _said(value)
        data: Any = event.get_data()
        if isinstance(data, bytes):
            members["data_base64"] = base64.b64encode(data).decode()
        elif data is not None:
            members["data"] = data
        return _dumps(members)

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:
        if data is None:
            return b""
        if isinstance(data, bytes):
            return data
        if _is_json(datacontenttype):
            return _dumps({"": data})[4:-1]  # as deep as it may be inside an event
        return str(data).encode()


_FORMAT: Final = _Format()


def _message(message: http.HTTPMessage) -> Message:
    return Message(message.headers, message.body)


def _batch(texts: Iterable[bytes]) -> Message:
    return Message({"content-type": BATCH}, b"[" + b",".join(texts) + b"]")


def _digits(sequence: int) -> str:
    if not 0 <= sequence < 10**_SEQUENCE_DIGITS:
        raise ValueError(f"{sequence} is no sequence of at most {_SEQUENCE_DIGITS} digits.")
    return f"{sequence:0{_SEQUENCE_DIGITS}d}"


def _said(value: Any) -> str:
    """The canonical text of an attribute's value (CloudEvents §type system)."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime():
            text = value.isoformat()
            return f"{text[:-6]}Z" if text.endswith("+00:00") else text
        case _:
            return str(value)


def _event(attributes: dict[str, Any], data: Any) -> CloudEvent:
    """The SDK's event of what was checked. It has a last word."""
    timed = "time" in attributes
    try:
        event = CloudEvent(attributes, data)
    except CloudEventValidationError as error:
        found = [
            (name, str(single)) for name, several in error.errors.items() for single in several
        ]
        raise _bad(found) from error
    if not timed:  # the SDK makes up the present, which nobody said
        event.get_attributes().pop("time", None)
    return event


def _bad(problems: _Problems, *, where: str = "") -> BadRequest:
    """One refusal for all problems; its sentence is the first one's."""
    sentence = where + problems[0][1]
    more = len(problems) - 1
    if more:
        sentence += f" There {'is 1 more problem' if more == 1 else f'are {more} more problems'}."
    return BadRequest(
        sentence,
        code="bad_cloudevent",
        errors=[{"field": field, "message": text} for field, text in problems[:_MAX_PROBLEMS]],
    )


def _shown(text: str) -> str:
    """``text`` for a sentence: short, and with nothing that cannot be shown."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def _field(name: str) -> str:
    return name[:60].encode("ascii", "backslashreplace").decode()


# ---- Reading: the three modes -------------------------------------------------------------------


def _of_json(body: bytes, *, batch: bool, max_events: int) -> list[CloudEvent]:
    try:
        value = _loads(body, MAX_DEPTH + (2 if batch else 1))
    except _Refused as refusal:
        raise _bad([("body", f"The body is not readable: {refusal}")]) from refusal
    problems: _Problems = []
    if not batch:
        attributes, data = _of_members(value, problems)
        if problems:
            raise _bad(problems)
        return [_event(attributes, data)]
    if not isinstance(value, list):
        raise _bad([("body", f"A batch must be an array of events, not {_kind(value)}.")])
    if len(value) > max_events:
        raise _bad([("body", f"The batch has {len(value)} events; at most {max_events} may be.")])
    parts: list[tuple[dict[str, Any], Any]] = []
    where = ""
    for place, member in enumerate(value):
        single: _Problems = []
        parts.append(_of_members(member, single))
        if single and not where:
            where = f"Event {place} of the batch: "
        problems += [(f"/{place}/{field}", text) for field, text in single]
    if problems:
        raise _bad(problems, where=where)
    return [_event(attributes, data) for attributes, data in parts]


def _of_members(value: Any, problems: _Problems) -> tuple[dict[str, Any], Any]:
    """Attributes and data of a JSON object; appends what is wrong to ``problems``."""
    if not isinstance(value, dict):
        problems.append(("body", f"An event must be a JSON object, not {_kind(value)}."))
        return {}, None
    # JSON format §2.2: null is the same as not there
    members = {name: member for name, member in value.items() if member is not None}
    data = members.pop("data", None)
    encoded = members.pop("data_base64", None)
    attributes = _checked(members, problems)
    media_type = attributes.get("datacontenttype")
    if encoded is None:
        if isinstance(data, str) or _is_json(media_type) or data is None:
            return attributes, _settled(data, media_type, problems)
        problems.append(
            (
                "data",
                f"The member 'data' must be a string, not {_kind(data)}: the datacontenttype "
                f"{_shown(media_type or '')} is not JSON.",
            )
        )
        return attributes, None
    if data is not None:
        problems.append(("data", "There may be 'data' or 'data_base64', not both."))
        return attributes, None
    if not isinstance(encoded, str):
        text = f"The member 'data_base64' must be a string, not {_kind(encoded)}."
        problems.append(("data_base64", text))
        return attributes, None
    try:
        raw = binascii.a2b_base64(encoded.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        problems.append(("data_base64", "The member 'data_base64' is no Base64."))
        return attributes, None
    return attributes, _settled(raw, media_type, problems)


def _of_headers(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    """The event of binary mode."""
    problems: _Problems = []
    members: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for header, value in headers.items():
        if header.startswith(_PREFIX):
            name = header[len(_PREFIX) :]
            if name == "datacontenttype":
                problems.append((name, "'datacontenttype' is the header Content-Type here."))
                continue
            try:
                members[name] = _decoded(value)
            except _Refused as refusal:
                unread[name] = f"The header {_shown(header)} {refusal}."
    media_type = headers.get("content-type", "").strip()
    if media_type:
        members["datacontenttype"] = media_type
    # A header that cannot be read is not one that is missing.
    problems += [(_field(name), text) for name, text in unread.items()]
    attributes = _checked(members, problems, unread)
    data = _settled(body, attributes.get("datacontenttype"), problems)
    if problems:
        raise _bad(problems)
    return _event(attributes, data)


def _decoded(value: str) -> str:
    """The attribute that a header's value says (HTTP binding §3.1.3.2)."""
    if len(value) > MAX_HEADER:
        raise _Refused(f"has {len(value)} characters; at most {MAX_HEADER} may be")
    text = value.strip(" \t")
    # Earlier versions of the specification let senders quote.
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    if not (text.isascii() and text.isprintable()):
        raise _Refused("has characters that must be percent-encoded")
    if "%" not in text:
        return text
    if _BAD_PERCENT.search(text):
        raise _Refused("has a '%' that two hexadecimal digits do not follow")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise _Refused("is not UTF-8 after percent-decoding") from error


# ---- Attributes ---------------------------------------------------------------------------------


def _checked(
    members: Mapping[str, Any], problems: _Problems, unread: Iterable[str] = ()
) -> dict[str, Any]:
    """The attributes among ``members`` that are right; appends what is wrong to ``problems``.

    Args:
        members: every attribute that was said.
        problems: is appended to.
        unread: names of required ones about which something was said already.
    """
    attributes: dict[str, Any] = {}
    for name in _REQUIRED:
        if name in members:
            if _is_text(name, members[name], problems) and _is_valid(name, members[name], problems):
                attributes[name] = members[name]
        elif name not in unread:
            problems.append((name, f"The required attribute '{name}' is missing."))
    for name in _OPTIONAL:
        if (
            name in members
            and _is_text(name, members[name], problems)
            and _is_valid(name, members[name], problems)
        ):
            attributes[name] = members[name]
    if "time" in attributes:
        moment = _moment(attributes.pop("time"), problems)
        if moment is not None:
            attributes["time"] = moment
    for name, value in members.items():
        if name not in _CORE:
            text = _extension(name, value, problems)
            if text is not None:
                attributes[name] = text
    return attributes


def _is_text(name: str, value: Any, problems: _Problems) -> bool:
    """Whether the value is a CloudEvents String."""
    if not isinstance(value, str):
        text = f"The attribute {_shown(name)} must be a string, not {_kind(value)}."
    elif not value.isascii() or not value.isprintable():
        unfit = _UNFIT.search(value)
        if unfit is None:
            return True
        text = (
            f"The attribute {_shown(name)} has the character U+{ord(unfit[0]):04X}, which "
            "no attribute may have."
        )
    else:
        return True
    problems.append((_field(name), text))
    return False


def _is_valid(name: str, value: str, problems: _Problems) -> bool:
    """Whether an attribute that the specification names is what it says."""
    text = ""
    if not value:
        kind = "required attribute" if name in _REQUIRED else "attribute"
        text = f"The {kind} '{name}' is empty."
    elif name == "specversion" and value != SPECVERSION_V1_0:
        text = (
            f"The attribute 'specversion' is {_shown(value)}; only '{SPECVERSION_V1_0}' "
            "is understood."
        )
    elif name == "source" and _SPACE.search(value):
        text = "The attribute 'source' is no URI reference: it has a space."
    elif name == "dataschema" and (_ABSOLUTE.match(value) is None or _SPACE.search(value)):
        text = f"The attribute 'dataschema' is no absolute URI: {_shown(value)}."
    elif name == "datacontenttype" and _MEDIA_TYPE.fullmatch(value) is None:
        text = f"The attribute 'datacontenttype' is no media type: {_shown(value)}."
    elif name == "datacontenttype" and value.lower().startswith("application/cloudevents"):
        # As the Content-Type of binary mode it would say that the body is the event.
        text = "The attribute 'datacontenttype' must not be a format of events itself."
    if text:
        problems.append((name, text))
    return not text


def _moment(text: str, problems: _Problems) -> datetime | None:
    """The time, with the offset that was said; digits below a microsecond are dropped."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        sentence = f"The attribute 'time' is no RFC 3339 timestamp: {_shown(text)}."
    elif found["zone"] is None:
        sentence = f"The attribute 'time' has no time zone: {_shown(text)}."
    else:
        try:
            moment = datetime.fromisoformat(text.upper())
            moment.astimezone(UTC)  # what is beyond the years of UTC cannot be compared
        except (ValueError, OverflowError):
            sentence = f"The attribute 'time' is no time that there is: {_shown(text)}."
        else:
            return moment
    problems.append(("time", sentence))
    return None


def _extension(name: str, value: Any, problems: _Problems) -> str | None:
    """The text of an extension's value, or nothing if it is wrong."""
    if name in {"data", "data_base64"} or _EXTENSION.fullmatch(name) is None:
        problems.append(
            (
                _field(name),
                f"{_shown(name)} is no name of an extension: lower-case letters and digits are, "
                "without 'data'.",
            )
        )
        return None
    match value:
        case bool():
            return _said(value)
        case int() if -(2**31) <= value < 2**31:
            return str(value)
        case int():
            problems.append((name[:60], f"The extension {_shown(name)} is no integer of 32 bits."))
            return None
        case str():
            return value if _is_text(name, value, problems) else None
        case _:
            problems.append(
                (
                    name[:60],
                    f"The extension {_shown(name)} must be a string, an integer or a boolean, "
                    f"not {_kind(value)}.",
                )
            )
            return None


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float() | Decimal():
            return "a number"
        case str():
            return "a string"
        case list() | tuple():
            return "an array"
        case Mapping():
            return "an object"
        case _:
            return f"a {type(value).__name__}"


# ---- Data ---------------------------------------------------------------------------------------


def _is_json(media_type: str | None) -> bool:
    """JSON format §3.1: any ``*/json`` and ``*/*+json``, and JSON is what nothing said means."""
    if not media_type:
        return True
    plain = media_type.partition(";")[0].strip().lower()
    return plain.endswith(("/json", "+json"))


def _foreign_charset(media_type: str) -> bool:
    """Whether a charset is said that is not UTF-8 (or ASCII, which is a part of it)."""
    found = _CHARSET.search(media_type)
    return found is not None and found[1].lower() not in {"", "utf-8", "utf8", "us-ascii"}


def _settled(data: Any, media_type: str | None, problems: _Problems) -> Any:
    """Data in the one form that it has under its content type; appends to ``problems``."""
    match data:
        case None:
            return None
        case bytes() | bytearray() | memoryview():
            return _of_bytes(bytes(data), media_type, problems)
        case _ if _is_json(media_type):
            return data
        case "":
            return None  # a body of no bytes is no data
        case str() if _foreign_charset(media_type or ""):
            problems.append(
                ("data", f"Text is in UTF-8, not in the charset of {_shown(media_type or '')}.")
            )
            return None
        case str():
            try:
                data.encode()
            except UnicodeEncodeError:
                problems.append(("data", "The data has a lone surrogate, which is no text."))
                return None
            return data
        case _:
            problems.append(
                (
                    "data",
                    f"The data must be text or bytes, not {_kind(data)}: the datacontenttype "
                    f"{_shown(media_type or '')} is not JSON.",
                )
            )
            return None


def _of_bytes(raw: bytes, media_type: str | None, problems: _Problems) -> Any:
    if not raw:
        return None
    if _is_json(media_type):
        try:
            return _loads(raw, MAX_DEPTH)
        except _Refused as refusal:
            if not media_type:  # nobody said that it is JSON
                return raw
            problems.append(("data", f"The data is not readable: {refusal}"))
            return None
    kind = (media_type or "").lower()
    if kind.startswith("text/") and not _foreign_charset(kind):
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw
    return raw


# ---- JSON ---------------------------------------------------------------------------------------


def _dumps(members: dict[str, Any]) -> bytes:
    """Compact JSON of an event's members.

    Raises:
        BadRequest: what was made would not be read again.
    """
    try:
        raw = orjson.dumps(
            members, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
        )
        # orjson writes NaN and infinities as null; a true null is no reason to be slow twice.
        if b"null" in raw:
            json.dumps(members, allow_nan=False, default=str)
        return raw
    except (TypeError, ValueError, RecursionError):
        pass  # a large integer, a decimal, or what is no JSON at all
    try:
        text = simplejson.dumps(
            members,
            use_decimal=True,
            allow_nan=False,
            ensure_ascii=False,
            encoding=None,  # bytes are no text
            separators=(",", ":"),
        )
        raw = text.encode()
        _loads(raw, MAX_DEPTH + 1)
        return raw
    except (TypeError, ValueError, RecursionError, OverflowError, _Refused) as error:
        raise _bad([("data", f"The data is nothing that JSON can say: {_clip(error)}")]) from error


def _clip(error: Exception) -> str:
    return str(error)[:200].encode("ascii", "backslashreplace").decode()


def _loads(raw: bytes, depth: int) -> Any:
    """JSON, strictly; every number keeps its value (a `Decimal` if a double cannot hold it).

    Raises:
        _Refused: what is wrong.
    """
    try:
        # The quick one first: it is strict about UTF-8, surrogates and numbers out of range.
        value = orjson.loads(raw)
        if raw.count(b"[") + raw.count(b"{") > depth and _is_deeper(value, depth):
            raise _Refused(f"It has more than {depth} levels.")
        return json.loads(
            raw.decode(),
            object_pairs_hook=_once,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError, InvalidOperation) as error:
        raise _Refused(f"It is no JSON in UTF-8 ({_clip(error)}).") from error


def _is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return any(isinstance(inner, dict | list) for inner in level)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        met: set[str] = set()
        for name, _ in pairs:
            if name in met:
                raise _Refused(f"The member {_shown(name)} is there twice.")
            met.add(name)
    return members


def _number(text: str) -> float | Decimal:
    number = float(text)
    exact = Decimal(text)
    if math.isinf(number) or (number == 0 and exact != 0):
        raise _Refused(f"The number {_shown(text)} is out of range.")
    return number if Decimal(repr(number)) == exact else exact


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is no JSON value.")
