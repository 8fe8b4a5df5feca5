"""Reading what was sealed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import orjson

from audit.selectors import EventFilter, EventInfo
from oms_project.core.errors import Invalid

__all__ = ["read"]


def read(*, folder: Path, where: EventFilter) -> Iterator[EventInfo]:
    """The events of every sealed file in ``folder``, oldest first. Whether a file is the one that
    was sealed, `verify_trail` says.

    Raises:
        Invalid: ``bad_sealed_file``; a file cannot be read.
    """
    for path in sorted(folder.glob("audit-*.jsonl.gz")):
        try:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    entry = orjson.loads(line)
                    members = orjson.loads(entry["body"])
                    if where.matches(members):
                        yield EventInfo(
                            id=entry["id"],
                            index=entry["index"],
                            body=entry["body"],
                            members=members,
                        )
        except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error) as error:
            raise Invalid(
                f"The sealed file {path.name} cannot be read: {error}", code="bad_sealed_file"
            ) from error
