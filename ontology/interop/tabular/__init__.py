"""Tables in and out: JSON Lines, CSV and Parquet, in bounded memory.

Row numbers count from 1: lines in JSON Lines, rows of data in CSV (the header and blank lines are
not counted) and Parquet. Nothing here knows the store; what a row means for an object type is for
the services to say.
"""

from ontology.interop.tabular.batch import MAX_ROW_BYTES, Batch, Column, RowProblem, TableColumn
from ontology.interop.tabular.fields import fields_of
from ontology.interop.tabular.formats import TABULAR_FORMATS, TableFormat, find_table_format
from ontology.interop.tabular.mapping import (
    SOURCE,
    TARGET,
    ColumnMapping,
    Columns,
    CsvOptions,
    EndMapping,
    FieldSpec,
    parse_mapping,
    snake_to_camel,
)
from ontology.interop.tabular.propose import Proposal, ProposedColumn, propose
from ontology.interop.tabular.reader import Table, open_table
from ontology.interop.tabular.writer import write_table

__all__ = [
    "MAX_ROW_BYTES",
    "SOURCE",
    "TABULAR_FORMATS",
    "TARGET",
    "Batch",
    "Column",
    "ColumnMapping",
    "Columns",
    "CsvOptions",
    "EndMapping",
    "FieldSpec",
    "Proposal",
    "ProposedColumn",
    "RowProblem",
    "Table",
    "TableColumn",
    "TableFormat",
    "fields_of",
    "find_table_format",
    "open_table",
    "parse_mapping",
    "propose",
    "snake_to_camel",
    "write_table",
]
