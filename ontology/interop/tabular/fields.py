"""The properties of a type as columns of a table."""

from __future__ import annotations

from oms_project.core.ids import is_rid
from ontology.domain.instances.layout import Layout
from ontology.domain.kinds import Kind
from ontology.domain.schema import Schema
from ontology.interop.tabular.mapping import FieldSpec

__all__ = ["fields_of"]


def fields_of(schema: Schema, layout: Layout) -> list[FieldSpec]:
    """The properties of a type as a reader or writer of tables knows them."""
    return [
        FieldSpec(
            item.name,
            tuple(_data_type(schema, text) for text in item.part.data_types),
            array=item.array,
        )
        for item in layout.properties.values()
    ]


def _data_type(schema: Schema, text: str) -> str:
    """The data type in which a value is written: of a value type its base, of an enum its codes."""
    if not is_rid(text):
        return text
    document = schema.get(text)
    if document is None or document.kind == Kind.STRUCT_TYPE:
        return "json"
    return "string" if document.kind == Kind.ENUM_TYPE else str(document.body["baseType"])
