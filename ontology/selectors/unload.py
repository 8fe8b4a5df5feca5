"""Objects and links out as tables: JSON Lines, CSV, Parquet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from ontology.access import readable
from ontology.contract import OntologyInfo
from ontology.domain.instances.layout import Layout
from ontology.domain.kinds import Kind
from ontology.domain.query import Filter, Sort
from ontology.instance_names import InstanceNames
from ontology.interop.tabular import (
    SOURCE,
    TABULAR_FORMATS,
    TARGET,
    FieldSpec,
    fields_of,
    find_table_format,
    write_table,
)
from ontology.selectors.masking import exported_bodies
from ontology.selectors.questions import Asker
from ontology.store import store
from ontology.store.port import CommitReader
from ontology.store.questions import InstanceQuery

__all__ = ["UNLOAD_FORMATS", "unload_objects"]

#: format name -> (media type, file extension)
UNLOAD_FORMATS: dict[str, tuple[str, str]] = {
    item.name: (item.media_types[0], item.extensions[0]) for item in TABULAR_FORMATS
}
_PAGE: Final = 2000


def unload_objects(
    *,
    ontology: str,
    type: str,  # noqa: A002 - the word that every door uses
    format: str = "jsonl",  # noqa: A002 - the word people use for it
    ref: str = "",
    where: Filter | None = None,
    sort: Sequence[Sort] = (),
    subtypes: bool = True,
) -> Iterator[bytes]:
    """The objects (or links) of a type at a ref as a file, in pieces, in bounded memory.

    Values that the actor may not see are not in it. The columns are ``@id``, ``@type`` where
    there are several types, ``@source`` and ``@target`` of links, and the properties; what a load
    of the file leaves alone begins with ``@``. The pieces are made while they are drawn, as the
    actor who draws them.

    Args:
        format: one of ``UNLOAD_FORMATS``, a media type or a file extension.
        where: see ``ontology.domain.query``.

    Raises:
        NotFound: the ontology, the ref or the type. Invalid: an unknown format.
        BadRequest: ``bad_filter``, ``bad_sort``. PermissionDenied.
    """
    wanted = find_table_format(format).name
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    asker = Asker(info, reader, type, subtypes=subtypes)
    query = asker.query(where=where, sort=sort)
    layouts = [
        layout for rid in asker.types if (layout := asker.names.rules.layout(rid)) is not None
    ]
    several = len(layouts) > 1
    fields = [
        FieldSpec("@id", ("string",)),
        *([FieldSpec("@type", ("string",))] if several else []),
        *(
            [FieldSpec(SOURCE, ("string",)), FieldSpec(TARGET, ("string",))]
            if asker.kind == Kind.LINK
            else []
        ),
        *_properties(asker, layouts),
    ]
    return write_table(_rows(info, reader, asker.names, query, several=several), fields, wanted)


def _properties(asker: Asker, layouts: Sequence[Layout]) -> list[FieldSpec]:
    """The properties of all the types: those of the type that was asked for first, its key before
    the others.
    """
    found: dict[str, FieldSpec] = {}
    for layout in sorted(layouts, key=lambda item: item.rid != asker.rid):
        specs = fields_of(asker.names.rules.schema, layout)
        for spec in sorted(specs, key=lambda item: _rank(layout, item.name)):
            known = found.setdefault(spec.name, spec)
            if known != spec:  # a name that two subtypes use for different things
                types = tuple(dict.fromkeys((*known.data_types, *spec.data_types)))
                found[spec.name] = FieldSpec(spec.name, types, known.array and spec.array)
    return list(found.values())


def _rank(layout: Layout, name: str) -> int:
    return layout.key.index(name) if name in layout.key else len(layout.key)


def _rows(
    info: OntologyInfo,
    reader: CommitReader,
    names: InstanceNames,
    query: InstanceQuery,
    *,
    several: bool,
) -> Iterator[list[dict[str, Any]]]:
    after: tuple[Any, ...] | None = None
    while page := reader.find_instances(query, after=after, limit=_PAGE):
        after = page[-1].position
        documents = [item.document for item in page]
        names.load(documents)
        rows: list[dict[str, Any]] = []
        for document, body in exported_bodies(info, reader, documents):
            # A masked key is not in the body: the name is then the rid.
            row: dict[str, Any] = {"@id": names.id_of(document.kind, document.rid, body)}
            if several:
                row["@type"] = names.type_name(document.kind, document.body)
            if document.kind == Kind.LINK:
                row[SOURCE] = names.end_of(str(document.body.get("_source")))
                row[TARGET] = names.end_of(str(document.body.get("_target")))
            row.update((name, value) for name, value in body.items() if not name.startswith("_"))
            rows.append(row)
        yield rows
        if len(page) < _PAGE:
            return
