"""Arrow arrays as Python lists, without an object per cell on the way."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["codes_of"]


def codes_of(array: Any) -> tuple[list[Any], list[int]]:
    """The distinct values of an array, and for each cell the position of its value; a cell without
    a value has the position of None.
    """
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values: list[Any] = encoded.dictionary.to_pylist()
    indices = encoded.indices.cast(pa.int32())
    if indices.null_count:
        indices = pc.fill_null(indices, pa.scalar(len(values), pa.int32()))
        values.append(None)
    offset, count = indices.offset, len(indices)
    if not count:
        return values, []
    codes: list[int] = memoryview(indices.buffers()[1]).cast("i")[offset : offset + count].tolist()
    return values, codes
