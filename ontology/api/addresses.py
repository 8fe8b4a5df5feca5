"""Addresses of what this API serves, for ``Location`` and ``Link`` headers."""

from __future__ import annotations

from urllib.parse import quote

from ontology.domain.kinds import Kind

__all__ = ["COLLECTIONS", "ROOT", "address"]

ROOT = "/api/v1/ontologies"

#: kind -> its collection in a path
COLLECTIONS: dict[Kind, str] = {
    Kind.OBJECT_TYPE: "object-types",
    Kind.SHARED_PROPERTY: "shared-properties",
    Kind.LINK_TYPE: "link-types",
    Kind.INTERFACE: "interfaces",
    Kind.VALUE_TYPE: "value-types",
    Kind.ENUM_TYPE: "enum-types",
    Kind.STRUCT_TYPE: "struct-types",
    Kind.ACTION_TYPE: "action-types",
    Kind.RESOURCE: "resources",
    Kind.OBJECT: "objects",
    Kind.LINK: "links",
}


def address(*parts: str) -> str:
    """The path of what ``parts`` name below the ontologies; a ``/`` in a name is kept.

    Names of branches and tags may hold slashes, and their routes take them as they are.
    """
    return "/".join((ROOT, *(quote(part, safe="/") for part in parts)))
