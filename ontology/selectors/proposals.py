"""What object type a file could be loaded into, when there is none yet."""

from __future__ import annotations

from pathlib import Path

from ontology.access import readable
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.interop.tabular import CsvOptions, ProposedColumn, propose
from ontology.interop.tabular import Proposal as LoadProposal
from ontology.store import store

__all__ = ["LoadProposal", "ProposedColumn", "propose_objects"]

_TYPES = (Kind.OBJECT_TYPE, Kind.INTERFACE, Kind.VALUE_TYPE, Kind.ENUM_TYPE, Kind.STRUCT_TYPE)


def propose_objects(
    *,
    ontology: str,
    source: Path,
    name: str = "",
    format: str | None = None,  # noqa: A002 - the word people use for it
    options: CsvOptions | None = None,
    enums: bool = False,
    ref: str = "",
) -> LoadProposal:
    """An object type for the rows of a file, with a name that is free at a ref, and a mapping.

    Args:
        name: the file's name, where ``source`` is only where it lies.
        enums: propose enums for a few codes that are often repeated.

    Raises:
        Invalid: it is no file of rows. NotFound, PermissionDenied.
    """
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))

    def taken(wanted: str) -> bool:
        key = name_key(wanted)
        return any(reader.find_names(kind, [key]).get(key) for kind in _TYPES)

    return propose(source, name=name, format=format, options=options, enums=enums, taken=taken)
