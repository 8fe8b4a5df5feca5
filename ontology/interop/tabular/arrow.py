"""Arrow arrays as Python lists, without an object per cell on the way."""

from __future__ import annotations

from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["codes_of"]


def codes_of(array: Any) -> tuple[list[Any], list[int]]:
    """The distinct values of an array, and for each cell the position of its value; a cell without
    a value has the position of None.
    """
    encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    values: list[Any] = encoded.dictionary.to_pylist()
    codes = _numbers(encoded.indices.cast(pa.int32()), "i")
    if encoded.indices.null_count:
        # By hand: fill_null would load pandas, where it is installed, to look at its argument.
        for gap in _numbers(pc.indices_nonzero(encoded.indices.is_null()), "Q"):
            codes[gap] = len(values)
        values.append(None)
    return values, codes


def _numbers(array: Any, code: Literal["i", "Q"]) -> list[int]:
    """The numbers of an array without looking at which are missing."""
    offset, count = array.offset, len(array)
    if not count:
        return []
    found: list[int] = memoryview(array.buffers()[1]).cast(code)[offset : offset + count].tolist()
    return found
