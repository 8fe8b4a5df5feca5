"""Files that a command writes: there completely, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from oms_project.core.errors import Invalid
from ontology.management.cli.output import ProgressCallback

__all__ = ["replacing", "write_whole"]


def write_whole(path: Path, chunks: Iterable[bytes], on_progress: ProgressCallback | None) -> int:
    """Write a file that is there completely or not at all; returns its size in bytes."""
    size = 0
    with replacing(path) as stream:
        for chunk in chunks:
            stream.write(chunk)
            size += len(chunk)
            if on_progress is not None:
                on_progress("Writing (bytes)", size, None)
    return size


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content takes the place of ``path`` when the block ends well."""
    if path.exists() and not path.is_file():  # a pipe or a device: there is nothing to replace
        with path.open("wb") as stream:
            yield stream
        return
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise Invalid(f"'{path}' cannot be written: {error.strerror}.") from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
