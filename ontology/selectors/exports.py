"""Exports: a state as RDF."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from ontology.access import readable
from ontology.domain.documents import Document
from ontology.domain.kinds import Kind
from ontology.interop.rdf import FORMATS, find_format, write
from ontology.selectors.masking import exported_bodies
from ontology.store import store

__all__ = ["EXPORT_FORMATS", "export_rdf"]

#: format name -> (media type, file extension)
EXPORT_FORMATS: dict[str, tuple[str, str]] = {
    item.name: (item.media_types[0], item.extensions[0]) for item in FORMATS
}
_CHUNK = 256 * 1024
#: An export beyond this is kept in a temporary file until it is read.
_IN_MEMORY = 8 * 1024 * 1024


def export_rdf(*, ontology: str, ref: str = "", format: str = "turtle") -> Iterator[bytes]:  # noqa: A002 - the word people use for it
    """The state at a ref as an RDF file, in chunks.

    The whole file is made before the first chunk is given, so what a client has begun to read
    never breaks off with an error.

    Args:
        format: one of ``EXPORT_FORMATS``, a media type or a file extension.

    Raises:
        NotFound: the ontology or the ref. Invalid: an unknown format. PermissionDenied.
    """
    info = readable(ontology)
    name = find_format(format).name
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    found = [
        Document(item.rid, item.kind, body)
        for item, body in exported_bodies(info, reader, reader.scan())
    ]
    header = next(item.body for item in found if item.kind == Kind.ONTOLOGY)
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed below
    try:
        write(found, header, name, file, rid_namespace=store.rid_namespace(info.id))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return _chunks(file)


def _chunks(file: tempfile.SpooledTemporaryFile[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
