"""The home port's values as messages of ``kernel.proto``, and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from oms_project.core.canonical_json import dumps, loads
from oms_project.core.errors import BadRequest
from ontology.domain.kinds import Kind
from ontology.domain.native.terms import Literal, Node, Triple
from ontology.rpc.v1 import kernel_pb2 as pb
from ontology.store.home import (
    HomeBranch,
    HomeCommit,
    HomeDocument,
    Landing,
    NativeChange,
    Part,
    SchemaChange,
)

__all__ = [
    "MESSAGE_BYTES",
    "batched",
    "branch_message",
    "branch_of",
    "chunks_of",
    "commit_message",
    "commit_of",
    "document_message",
    "document_of",
    "header_message",
    "json_of",
    "merged",
    "pieces_of",
    "schema_of",
]

M = TypeVar("M", bound=Message)

#: What a message of a stream holds at most, but for one thing that alone is larger.
MESSAGE_BYTES: Final = 512 * 1024
_MESSAGE_ITEMS: Final = 1000


def batched(
    items: Iterable[M], *, most: int = _MESSAGE_ITEMS, size: int = MESSAGE_BYTES
) -> Iterator[list[M]]:
    """Group messages so that each group makes a message of a good size."""
    group: list[M] = []
    held = 0
    for item in items:
        weight = item.ByteSize()
        if group and (held + weight > size or len(group) >= most):
            yield group
            group, held = [], 0
        group.append(item)
        held += weight
    if group:
        yield group


def json_of(text: bytes, what: str) -> Any:
    """A JSON value of a message.

    Raises:
        BadRequest: it is none.
    """
    try:
        return loads(text)
    except ValueError as error:
        raise BadRequest(f"The {what} is not JSON: {error}.") from error


def pieces_of(value: Any) -> Iterator[pb.JsonPiece]:
    """A JSON value in pieces of a good size."""
    raw = dumps(value)
    for start in range(0, max(len(raw), 1), MESSAGE_BYTES):
        yield pb.JsonPiece(json=raw[start : start + MESSAGE_BYTES])


def document_message(document: HomeDocument) -> pb.HomeDocument:
    """A document."""
    return pb.HomeDocument(
        rid=document.rid,
        kind=document.kind.value,
        text=document.text,
        hash=document.hash,
        commit=document.commit,
        created=document.created,
        updated=document.updated,
        deleted=document.deleted,
        is_new=document.is_new,
    )


def document_of(message: pb.HomeDocument) -> HomeDocument:
    """A document.

    Raises:
        BadRequest: a kind that there is not.
    """
    try:
        kind = Kind(message.kind)
    except ValueError as error:
        raise BadRequest(f"There is no kind of documents {message.kind!r}.") from error
    return HomeDocument(
        rid=message.rid,
        kind=kind,
        text=message.text,
        hash=message.hash,
        commit=message.commit,
        created=message.created,
        updated=message.updated,
        deleted=message.deleted,
        is_new=message.is_new,
    )


def branch_message(branch: HomeBranch) -> pb.HomeBranch:
    """A branch."""
    return pb.HomeBranch(name=branch.name, identifier=branch.identifier, commit=branch.commit)


def branch_of(message: pb.HomeBranch) -> HomeBranch:
    """A branch."""
    return HomeBranch(name=message.name, identifier=message.identifier, commit=message.commit)


def commit_message(commit: HomeCommit) -> pb.HomeCommit:
    """A commit of a home's log."""
    time = Timestamp()
    time.FromDatetime(commit.time)
    return pb.HomeCommit(
        identifier=commit.identifier,
        parent=commit.parent,
        author=commit.author,
        message=commit.message,
        time=time,
        commit=commit.commit,
        intent=commit.intent,
        record=commit.record,
        part_of=commit.part_of,
        attempt=commit.attempt,
    )


def commit_of(message: pb.HomeCommit) -> HomeCommit:
    """A commit of a home's log."""
    return HomeCommit(
        identifier=message.identifier,
        parent=message.parent,
        author=message.author,
        message=message.message,
        time=message.time.ToDatetime(tzinfo=dt.UTC),
        commit=message.commit,
        intent=message.intent,
        record=message.record,
        part_of=message.part_of,
        attempt=message.attempt,
    )


def header_message(landing: Landing) -> pb.LandingHeader:
    """All of a landing but its parts."""
    schema = landing.schema
    return pb.LandingHeader(
        commit=landing.commit,
        record=landing.record,
        author=landing.author,
        message=landing.message,
        intent=landing.intent,
        attempt=landing.attempt,
        schema=pb.SchemaChange(
            removed=map(_triple_message, schema.removed),
            added=map(_triple_message, schema.added),
            values=pb.NativeChange(
                removed=map(_triple_message, schema.values.removed),
                deleted=schema.values.deleted,
                added=map(_triple_message, schema.values.added),
            ),
        ),
    )


def schema_of(message: pb.SchemaChange) -> SchemaChange:
    """New native classes.

    Raises:
        BadRequest: a triple that is none.
    """
    return SchemaChange(
        removed=tuple(map(_triple_of, message.removed)),
        added=tuple(map(_triple_of, message.added)),
        values=NativeChange(
            removed=tuple(map(_triple_of, message.values.removed)),
            deleted=tuple(message.values.deleted),
            added=tuple(map(_triple_of, message.values.added)),
        ),
    )


def chunks_of(part: Part) -> Iterator[pb.PartChunk]:
    """A part in one message, or in as many as keep each of a good size; in order."""
    held = pb.PartChunk()
    size = 0
    for put, weight in _things(part):
        if size and size + weight > MESSAGE_BYTES:
            held.more = True
            yield held
            held, size = pb.PartChunk(), 0
        put(held)
        size += weight
    yield held


def _things(part: Part) -> Iterator[tuple[Callable[[pb.PartChunk], object], int]]:
    """Each thing of a part: what puts it into a message, and how large it is."""
    for document in part.documents:
        message = document_message(document)
        yield (lambda held, one=message: held.documents.append(one)), message.ByteSize()  # type: ignore[misc]
    native = part.native
    for name, triples in (("removed", native.removed), ("added", native.added)):
        for triple in map(_triple_message, triples):
            put = lambda held, to=name, one=triple: getattr(held.native, to).append(one)  # noqa: E731 - it is one of several
            yield put, triple.ByteSize()
    for identifier in native.deleted:
        yield (lambda held, one=identifier: held.native.deleted.append(one)), len(identifier)  # type: ignore[misc]


def merged(chunks: Iterable[pb.PartChunk]) -> Part:
    """The part that chunks are pieces of.

    Raises:
        BadRequest: a document or a triple that is none.
    """
    documents: list[HomeDocument] = []
    removed: list[Triple] = []
    deleted: list[str] = []
    added: list[Triple] = []
    for chunk in chunks:
        documents.extend(map(document_of, chunk.documents))
        removed.extend(map(_triple_of, chunk.native.removed))
        deleted.extend(chunk.native.deleted)
        added.extend(map(_triple_of, chunk.native.added))
    return Part(tuple(documents), NativeChange(tuple(removed), tuple(deleted), tuple(added)))


def _triple_message(triple: Triple) -> pb.Triple:
    subject, predicate, said = triple
    if isinstance(said, Node):
        return pb.Triple(subject=subject, predicate=predicate, node=said.name)
    literal = pb.Literal(type=said.type, text=said.text)
    return pb.Triple(subject=subject, predicate=predicate, literal=literal)


def _triple_of(message: pb.Triple) -> Triple:
    match message.WhichOneof("object"):
        case "node":
            return Triple(message.subject, message.predicate, Node(message.node))
        case "literal":
            literal = Literal(message.literal.type, message.literal.text)
            return Triple(message.subject, message.predicate, literal)
        case _:
            raise BadRequest(f"A triple of {message.subject!r} says nothing.")
