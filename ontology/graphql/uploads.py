"""Files that come with a request, on disk while they are worked on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from oms_project.core.errors import BadRequest, Invalid, TooLarge
from ontology import spool

__all__ = ["Spooled", "spooled"]


class Spooled:
    """Files in a spool folder of their own.

    Attributes:
        names: what the files are called, in the order in which they came.
        kept: set by who hands the folder over to a job; else it is deleted.
    """

    def __init__(self) -> None:
        self.folder: Path = spool.make_folder()
        self.names: list[str] = []
        self.size = 0
        self.kept = False

    @property
    def files(self) -> list[Path]:
        """The files, by name."""
        return sorted(self.folder.iterdir())

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write one file.

        Raises:
            TooLarge: past ``OMS_MAX_IMPORT_MB``, with those before it.
        """
        safe = spool.safe_name(name)
        path = self.folder / safe
        if path.exists():  # two files of one name, from different folders
            path = self.folder / f"{len(self.names)}-{safe}"
        with path.open("wb") as file:
            for chunk in chunks:
                self.size += len(chunk)
                if self.size > settings.OMS_MAX_IMPORT_BYTES:
                    limit = settings.OMS_MAX_IMPORT_BYTES
                    raise TooLarge(
                        f"An import has at most {limit // 1024 // 1024} MB; split it, or raise "
                        "OMS_MAX_IMPORT_MB.",
                        data={"max_bytes": limit},
                    )
                file.write(chunk)
        self.names.append(safe)


@contextlib.contextmanager
def spooled(files: Sequence[Any], *, text: str | None = None, what: str) -> Iterator[Spooled]:
    """What a mutation was given, on disk for as long as the block runs.

    Args:
        files: values of ``Upload`` arguments.
        text: instead of files.
        what: what is in them, for messages: ``RDF``, ``rows``.

    Raises:
        BadRequest: ``bad_query``: files and a text, or what is no file of the form.
        Invalid: ``empty_import``. TooLarge.
    """
    if text and files:
        raise BadRequest("Send files or a text, not both.", code="bad_query")
    upload = Spooled()
    try:
        if text:
            upload.add("text", [text.encode()])
        for file in files:
            if not isinstance(file, UploadedFile):
                raise BadRequest(
                    "Files are sent as a form (GraphQL multipart request).", code="bad_query"
                )
            upload.add(file.name or "upload", file.chunks())
        if not upload.size:
            raise Invalid(
                f"There is nothing to import: send {what} as a text or as files.",
                code="empty_import",
                errors=[{"field": "", "rule": "shape", "message": "The input is empty."}],
            )
        yield upload
    finally:
        if not upload.kept:
            spool.remove_folder(upload.folder)
