"""Names of native classes, members and documents."""

from __future__ import annotations

import re

from ontology.domain.datatypes import is_absolute_iri
from ontology.domain.kinds import Kind

__all__ = [
    "ANY_OBJECT",
    "RID",
    "SOURCE",
    "TARGET",
    "class_name",
    "member_name",
    "object_id",
    "prefixes",
    "relation_name",
    "rid_of",
]

#: The class that every native class inherits, and its one member.
ANY_OBJECT = "OmsObject"
RID = "oms_rid"
#: Members of the class of a link type: its ends.
SOURCE = "source"
TARGET = "target"

#: Names that are the server's, of the classes that OMS makes, or of prefixes. A name that only
#: differs from one by underscores at its end gets one more, so that no two names become one.
_RESERVED = re.compile(r"(?:Oms.*|JSONDocument|json|owl|rdf|rdfs|sys|xdd|xsd)_*", re.DOTALL)
_RESERVED_MEMBERS = re.compile(f"{RID}_*")
_ENDS = re.compile(f"(?:{SOURCE}|{TARGET})_*")
_SUFFIXES = {Kind.INTERFACE: "_interface", Kind.LINK_TYPE: "_link"}


def class_name(kind: Kind, api_name: str, *, taken: bool = False) -> str:
    """Name of the class of a definition.

    Args:
        taken: whether a definition of another kind goes first: an object type before an interface,
            both before a link type. Kinds have names of their own, classes have not.
    """
    name = f"{api_name}_" if _RESERVED.fullmatch(api_name) else api_name
    return name + _SUFFIXES.get(kind, "") if taken else name


def member_name(api_name: str, *, of_link: bool = False) -> str:
    """Name of the member that holds a property."""
    reserved = _RESERVED_MEMBERS.fullmatch(api_name) or (of_link and _ENDS.fullmatch(api_name))
    return f"{api_name}_" if reserved else api_name


def relation_name(api_name: str, *, taken: bool = False) -> str:
    """Name of the member that links of a type are in their sources.

    Args:
        taken: whether a source has a property of that name.
    """
    name = member_name(api_name)
    return f"{name}_link" if taken else name


def object_id(class_: str, rid: str) -> str:
    """``@id`` of the document of an object or link."""
    return f"{class_}/{rid}"


def rid_of(name: str) -> str:
    """``rid`` of an object or link from its ``@id``; the whole name when it is none."""
    return name.rpartition("/")[2]


def prefixes(base_iri: str, database: str) -> tuple[str, str]:
    """``@base`` and ``@schema`` of the database of an ontology.

    ``https://example.org/air#`` and ``https://example.org/air/`` both give
    ``https://example.org/air/data/`` and ``https://example.org/air/schema#``.
    """
    # TerminusDB takes no "urn:" for a prefix, and what is left of "https://" is nobody's.
    iri = base_iri.rstrip("#/") if is_absolute_iri(base_iri) and "://" in base_iri else ""
    root = f"{iri}/" if iri and not iri.endswith(":") else f"terminus:///{database}/"
    return f"{root}data/", f"{root}schema#"
