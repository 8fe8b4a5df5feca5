"""Names of events on a broker: one stream per ontology, one subject per type of event.

A token is what stands between two dots of a subject. Names that people choose become tokens in a
reversible way, so two ontologies never share a stream, whatever they are called.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

__all__ = [
    "PLATFORM",
    "STREAM_PREFIX",
    "name_of",
    "stream_of",
    "stream_subjects",
    "subject_of",
    "subjects_in",
    "token_of",
]

#: The token of what belongs to no ontology: people, rights, the platform itself.
PLATFORM: Final = "_platform"
#: What the name of every stream of OMS starts with.
STREAM_PREFIX: Final = "OMS_"

_TYPE_PREFIX: Final = "io.oms."
# A subject may hold no whitespace and gives ".", "*" and ">" a meaning; the name of a stream, which
# is also that of a folder, may hold no slashes either. "%" is escaped so that nothing written in a
# name can look like an escape.
_ILLEGAL: Final = re.compile(r"[^!-~]|[.*>%/\\]")
_TYPE: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def _escape(match: re.Match[str]) -> str:
    # A lone surrogate is no text, but must not break the publishing of an event that holds one.
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))


def _escaped(text: str) -> str:
    return _ILLEGAL.sub(_escape, text)


def token_of(ontology: str) -> str:
    """The token of an ontology; that of the platform for the empty name."""
    if not ontology:
        return PLATFORM
    token = _escaped(ontology)
    return "%5F" + token[1:] if token == PLATFORM else token


def name_of(token: str) -> str:
    """The ontology of a token: undoes `token_of`."""
    if token == PLATFORM:
        return ""
    return unquote_to_bytes(token).decode("utf-8", "surrogatepass")


def subject_of(ontology: str, event_type: str) -> str:
    """The subject of an event, e.g. ``oms.logistics.ontology.commit.created.v1``.

    Args:
        ontology: the ontology's name; empty for events of the platform.
        event_type: the CloudEvents ``type``. One of OMS keeps its dots, so that a subscription can
            ask for a part (``oms.logistics.ontology.>``); any other is one token after ``ext``.
    """
    token = token_of(ontology)
    own = event_type.removeprefix(_TYPE_PREFIX)
    # "ext" as a first part of an own type would share subjects with foreign types.
    if own != event_type and _TYPE.fullmatch(own) and own.split(".")[0] != "ext":
        return f"oms.{token}.{own}"
    # A token may not be empty; no escaped type is a lone "%".
    return f"oms.{token}.ext.{_escaped(event_type) or '%'}"


def stream_of(ontology: str) -> str:
    """The name of the stream that keeps an ontology's events, e.g. ``OMS_logistics``."""
    return STREAM_PREFIX + token_of(ontology)


def stream_subjects(ontology: str) -> list[str]:
    """The subjects that an ontology's stream keeps."""
    return [f"oms.{token_of(ontology)}.>"]


def subjects_in(stream: str) -> list[str]:
    """The subjects that a stream keeps, by its name.

    Raises:
        ValueError: the name is not one that `stream_of` gives.
    """
    token = stream.removeprefix(STREAM_PREFIX)
    if token == stream or stream_of(name_of(token)) != stream:
        raise ValueError(f"'{stream}' is not the name of a stream of events.")
    return [f"oms.{token}.>"]
