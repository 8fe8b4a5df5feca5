"""Uploads: onto disk as they arrive, within a bound, and away again when nobody needs them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, QueryDict
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from oms_project.core.canonical_json import canonical_digest
from oms_project.core.errors import BadRequest, Invalid, TooLarge
from ontology import selectors, spool
from ontology.api.query import Query, parse_query

__all__ = [
    "RDF_MEDIA_TYPES",
    "SpoolHandler",
    "Upload",
    "UploadSource",
    "receive_on_disk",
    "with_form",
]

Q = TypeVar("Q", bound=Query)
_CHUNK = 256 * 1024
_MULTIPART = "multipart/form-data"
#: The media types of a raw body.
RDF_MEDIA_TYPES: tuple[str, ...] = tuple(
    media_type for media_type, _extension in selectors.EXPORT_FORMATS.values()
)


@dataclass
class Upload:
    """What a request brought: files in a spool folder, and the fields of its form.

    Attributes:
        folder: the spool folder; owned by the request until ``kept`` is set.
        format: what the content type says of the format; None where it says nothing.
    """

    folder: Path
    format: str | None = None
    form: QueryDict = field(default_factory=QueryDict)
    size: int = 0
    kept: bool = False

    @property
    def files(self) -> list[Path]:
        """The files, by name."""
        return sorted(self.folder.iterdir())


def receive_on_disk(request: HttpRequest) -> None:
    """Let files of a form go to disk, whoever reads the form first (the CSRF check may)."""
    request.upload_handlers = [SpoolHandler(request)]


class SpoolHandler(FileUploadHandler):
    """Writes every file of a form into one spool folder.

    ``request.spooled`` is the ``Upload`` when there was a file.
    """

    chunk_size = _CHUNK

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self._digest = hashlib.sha256()
        self._target: IO[bytes] | None = None
        self._count = 0
        self.upload: Upload | None = None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """One piece of a file; raises TooLarge past the bound."""
        if self._target is None:
            self._target = self._open()
        assert self.upload is not None
        self.upload.size += len(raw_data)
        if self.upload.size > settings.OMS_MAX_IMPORT_BYTES:
            self._close()
            spool.remove_folder(self.upload.folder)
            raise _too_large()
        self._digest.update(raw_data)
        self._target.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:
        """The file has been written; what is left of it in memory is its name."""
        if self._target is None:  # an empty file
            self._target = self._open()
        self._close()
        return UploadedFile(name=self.file_name, size=file_size)

    def upload_interrupted(self) -> None:
        """The client went away."""
        self._close()
        if self.upload is not None:
            spool.remove_folder(self.upload.folder)

    def fingerprint(self) -> str:
        """Hash over names and contents."""
        return self._digest.hexdigest()

    def _open(self) -> IO[bytes]:
        if self.upload is None:
            self.upload = Upload(spool.make_folder())
        name = spool.safe_name(self.file_name or "upload")
        path = self.upload.folder / name
        if path.exists():  # two files of one name, from different folders
            self._count += 1
            path = self.upload.folder / f"{self._count}-{name}"
        self._digest.update(b"\0" + name.encode() + b"\0")
        return path.open("wb")

    def _close(self) -> None:
        if self._target is not None:
            self._target.close()
            self._target = None


@dataclass(frozen=True)
class UploadSource:
    """A body of files: raw, or in a form.

    Attributes:
        media_types: of a raw body; ``application/octet-stream`` is taken as well.
        what: what is in it, for messages.
        examples: media type -> name of an example.
    """

    media_types: tuple[str, ...] = RDF_MEDIA_TYPES
    what: str = "RDF"
    examples: Mapping[str, str] = field(default_factory=lambda: {"text/turtle": "Turtle"})
    required: bool = True

    def read(self, request: Request) -> tuple[Upload, str]:
        """Spool the body.

        Raises:
            UnsupportedMediaType: neither one of ``media_types`` nor a form.
            TooLarge: past ``OMS_MAX_IMPORT_MB``.
            Invalid: there is nothing in it.
        """
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        if content_type == _MULTIPART:
            return _from_form(request, self.what)
        if content_type not in (*self.media_types, "application/octet-stream"):
            raise UnsupportedMediaType(request.content_type or "")
        return _from_body(request, content_type, self.what)

    def release(self, body: Upload) -> None:
        """Delete the files, unless a job has taken them."""
        if not body.kept:
            spool.remove_folder(body.folder)

    def content(self) -> dict[str, tuple[str | dict[str, Any], Any]]:
        """Every format, and a form."""
        raw: dict[str, Any] = {"type": "string", "minLength": 1}
        form: dict[str, Any] = {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary", "description": "One file or more."}
            },
        }
        return {
            **{media: (raw, self.examples.get(media)) for media in self.media_types},
            _MULTIPART: (form, None),
        }


def with_form(query: Q, upload: Upload) -> Q:
    """``query`` with the fields of the form, which must not say otherwise than the query.

    Raises:
        BadRequest: a field is unknown, wrong, or in both.
    """
    if not upload.form:
        return query
    form = parse_query(upload.form, type(query))
    both = query.model_fields_set & form.model_fields_set
    if both:
        name = min(both)
        message = f"'{name}' is given in the query and in the form."
        raise BadRequest(
            message, code="bad_query", errors=[{"parameter": name, "message": message}]
        )
    return query.model_copy(update={name: getattr(form, name) for name in form.model_fields_set})


def _from_form(request: Request, what: str) -> tuple[Upload, str]:
    data = cast("QueryDict", request.data)
    handler = request._request.upload_handlers[0]  # noqa: SLF001 - REST framework offers no other way
    upload = handler.upload if isinstance(handler, SpoolHandler) else None
    if upload is None or not isinstance(handler, SpoolHandler):
        raise _empty(what)
    upload.form = QueryDict(mutable=True)
    for name, values in data.lists():
        if not any(isinstance(value, UploadedFile) for value in values):
            upload.form.setlist(name, values)
    return upload, canonical_digest([handler.fingerprint(), sorted(upload.form.lists())])


def _from_body(request: Request, content_type: str, what: str) -> tuple[Upload, str]:
    limit = settings.OMS_MAX_IMPORT_BYTES
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and int(declared) > limit:
        raise _too_large()
    known = content_type != "application/octet-stream"
    upload = Upload(spool.make_folder(), format=content_type if known else None)
    digest = hashlib.sha256()
    try:
        with (upload.folder / "body").open("wb") as file:
            while chunk := request._request.read(_CHUNK):  # noqa: SLF001 - unparsed, in pieces
                upload.size += len(chunk)
                if upload.size > limit:
                    raise _too_large()
                digest.update(chunk)
                file.write(chunk)
        if upload.size == 0:
            raise _empty(what)
    except BaseException:
        spool.remove_folder(upload.folder)
        raise
    return upload, digest.hexdigest()


def _too_large() -> TooLarge:
    limit = settings.OMS_MAX_IMPORT_BYTES
    return TooLarge(
        f"An import has at most {limit // 1024 // 1024} MB; split it, or raise OMS_MAX_IMPORT_MB.",
        data={"max_bytes": limit},
    )


def _empty(what: str) -> Invalid:
    return Invalid(
        f"There is nothing to import: send {what} as the body, or files in a form.",
        code="empty_import",
        errors=[{"field": "", "rule": "shape", "message": "The body is empty."}],
    )
