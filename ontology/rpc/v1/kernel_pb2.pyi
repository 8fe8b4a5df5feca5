import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class QueryRequest(_message.Message):
    __slots__ = ("ontology", "ref", "query", "message", "expected_head")
    ONTOLOGY_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_HEAD_FIELD_NUMBER: _ClassVar[int]
    ontology: str
    ref: str
    query: bytes
    message: str
    expected_head: str
    def __init__(self, ontology: _Optional[str] = ..., ref: _Optional[str] = ..., query: _Optional[bytes] = ..., message: _Optional[str] = ..., expected_head: _Optional[str] = ...) -> None: ...

class QueryAnswer(_message.Message):
    __slots__ = ("head", "rows", "end")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    head: QueryHead
    rows: QueryRows
    end: QueryEnd
    def __init__(self, head: _Optional[_Union[QueryHead, _Mapping]] = ..., rows: _Optional[_Union[QueryRows, _Mapping]] = ..., end: _Optional[_Union[QueryEnd, _Mapping]] = ...) -> None: ...

class QueryHead(_message.Message):
    __slots__ = ("variable_names", "commit")
    VARIABLE_NAMES_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    variable_names: _containers.RepeatedScalarFieldContainer[str]
    commit: str
    def __init__(self, variable_names: _Optional[_Iterable[str]] = ..., commit: _Optional[str] = ...) -> None: ...

class QueryRows(_message.Message):
    __slots__ = ("bindings",)
    BINDINGS_FIELD_NUMBER: _ClassVar[int]
    bindings: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, bindings: _Optional[_Iterable[bytes]] = ...) -> None: ...

class QueryEnd(_message.Message):
    __slots__ = ("rows", "inserts", "deletes")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    INSERTS_FIELD_NUMBER: _ClassVar[int]
    DELETES_FIELD_NUMBER: _ClassVar[int]
    rows: int
    inserts: int
    deletes: int
    def __init__(self, rows: _Optional[int] = ..., inserts: _Optional[int] = ..., deletes: _Optional[int] = ...) -> None: ...

class InsertRequest(_message.Message):
    __slots__ = ("ontology", "branch", "documents", "message", "expected_head")
    ONTOLOGY_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_HEAD_FIELD_NUMBER: _ClassVar[int]
    ontology: str
    branch: str
    documents: _containers.RepeatedScalarFieldContainer[bytes]
    message: str
    expected_head: str
    def __init__(self, ontology: _Optional[str] = ..., branch: _Optional[str] = ..., documents: _Optional[_Iterable[bytes]] = ..., message: _Optional[str] = ..., expected_head: _Optional[str] = ...) -> None: ...

class UpdateRequest(_message.Message):
    __slots__ = ("ontology", "branch", "documents", "message", "expected_head", "create")
    ONTOLOGY_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_HEAD_FIELD_NUMBER: _ClassVar[int]
    CREATE_FIELD_NUMBER: _ClassVar[int]
    ontology: str
    branch: str
    documents: _containers.RepeatedScalarFieldContainer[bytes]
    message: str
    expected_head: str
    create: bool
    def __init__(self, ontology: _Optional[str] = ..., branch: _Optional[str] = ..., documents: _Optional[_Iterable[bytes]] = ..., message: _Optional[str] = ..., expected_head: _Optional[str] = ..., create: _Optional[bool] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("ontology", "branch", "ids", "message", "expected_head")
    ONTOLOGY_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_HEAD_FIELD_NUMBER: _ClassVar[int]
    ontology: str
    branch: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    message: str
    expected_head: str
    def __init__(self, ontology: _Optional[str] = ..., branch: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ..., message: _Optional[str] = ..., expected_head: _Optional[str] = ...) -> None: ...

class WriteReply(_message.Message):
    __slots__ = ("ids", "commit")
    IDS_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    commit: str
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., commit: _Optional[str] = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class InfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class InfoReply(_message.Message):
    __slots__ = ("product", "version", "problem")
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    product: str
    version: str
    problem: str
    def __init__(self, product: _Optional[str] = ..., version: _Optional[str] = ..., problem: _Optional[str] = ...) -> None: ...

class CreateRequest(_message.Message):
    __slots__ = ("database", "label", "base_iri")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    BASE_IRI_FIELD_NUMBER: _ClassVar[int]
    database: str
    label: str
    base_iri: str
    def __init__(self, database: _Optional[str] = ..., label: _Optional[str] = ..., base_iri: _Optional[str] = ...) -> None: ...

class DropRequest(_message.Message):
    __slots__ = ("database",)
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    database: str
    def __init__(self, database: _Optional[str] = ...) -> None: ...

class DatabasesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DatabasesReply(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class HomeDocument(_message.Message):
    __slots__ = ("rid", "kind", "text", "hash", "commit", "created", "updated", "deleted", "is_new")
    RID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    IS_NEW_FIELD_NUMBER: _ClassVar[int]
    rid: str
    kind: str
    text: str
    hash: str
    commit: str
    created: str
    updated: str
    deleted: bool
    is_new: bool
    def __init__(self, rid: _Optional[str] = ..., kind: _Optional[str] = ..., text: _Optional[str] = ..., hash: _Optional[str] = ..., commit: _Optional[str] = ..., created: _Optional[str] = ..., updated: _Optional[str] = ..., deleted: _Optional[bool] = ..., is_new: _Optional[bool] = ...) -> None: ...

class Triple(_message.Message):
    __slots__ = ("subject", "predicate", "node", "literal")
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PREDICATE_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    LITERAL_FIELD_NUMBER: _ClassVar[int]
    subject: str
    predicate: str
    node: str
    literal: Literal
    def __init__(self, subject: _Optional[str] = ..., predicate: _Optional[str] = ..., node: _Optional[str] = ..., literal: _Optional[_Union[Literal, _Mapping]] = ...) -> None: ...

class Literal(_message.Message):
    __slots__ = ("type", "text")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    type: str
    text: str
    def __init__(self, type: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class NativeChange(_message.Message):
    __slots__ = ("removed", "deleted", "added")
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    DELETED_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    removed: _containers.RepeatedCompositeFieldContainer[Triple]
    deleted: _containers.RepeatedScalarFieldContainer[str]
    added: _containers.RepeatedCompositeFieldContainer[Triple]
    def __init__(self, removed: _Optional[_Iterable[_Union[Triple, _Mapping]]] = ..., deleted: _Optional[_Iterable[str]] = ..., added: _Optional[_Iterable[_Union[Triple, _Mapping]]] = ...) -> None: ...

class SchemaChange(_message.Message):
    __slots__ = ("removed", "added", "values")
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    removed: _containers.RepeatedCompositeFieldContainer[Triple]
    added: _containers.RepeatedCompositeFieldContainer[Triple]
    values: NativeChange
    def __init__(self, removed: _Optional[_Iterable[_Union[Triple, _Mapping]]] = ..., added: _Optional[_Iterable[_Union[Triple, _Mapping]]] = ..., values: _Optional[_Union[NativeChange, _Mapping]] = ...) -> None: ...

class LandRequest(_message.Message):
    __slots__ = ("start", "landing", "chunk", "end")
    START_FIELD_NUMBER: _ClassVar[int]
    LANDING_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    start: LandStart
    landing: LandingHeader
    chunk: PartChunk
    end: LandingEnd
    def __init__(self, start: _Optional[_Union[LandStart, _Mapping]] = ..., landing: _Optional[_Union[LandingHeader, _Mapping]] = ..., chunk: _Optional[_Union[PartChunk, _Mapping]] = ..., end: _Optional[_Union[LandingEnd, _Mapping]] = ...) -> None: ...

class LandStart(_message.Message):
    __slots__ = ("database", "branch", "expected", "landings")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    LANDINGS_FIELD_NUMBER: _ClassVar[int]
    database: str
    branch: str
    expected: str
    landings: int
    def __init__(self, database: _Optional[str] = ..., branch: _Optional[str] = ..., expected: _Optional[str] = ..., landings: _Optional[int] = ...) -> None: ...

class LandingHeader(_message.Message):
    __slots__ = ("commit", "record", "author", "message", "intent", "schema", "attempt")
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    commit: str
    record: str
    author: str
    message: str
    intent: str
    schema: SchemaChange
    attempt: str
    def __init__(self, commit: _Optional[str] = ..., record: _Optional[str] = ..., author: _Optional[str] = ..., message: _Optional[str] = ..., intent: _Optional[str] = ..., schema: _Optional[_Union[SchemaChange, _Mapping]] = ..., attempt: _Optional[str] = ...) -> None: ...

class PartChunk(_message.Message):
    __slots__ = ("documents", "native", "more")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    NATIVE_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[HomeDocument]
    native: NativeChange
    more: bool
    def __init__(self, documents: _Optional[_Iterable[_Union[HomeDocument, _Mapping]]] = ..., native: _Optional[_Union[NativeChange, _Mapping]] = ..., more: _Optional[bool] = ...) -> None: ...

class LandingEnd(_message.Message):
    __slots__ = ("parts",)
    PARTS_FIELD_NUMBER: _ClassVar[int]
    parts: int
    def __init__(self, parts: _Optional[int] = ...) -> None: ...

class LandReply(_message.Message):
    __slots__ = ("identifiers",)
    IDENTIFIERS_FIELD_NUMBER: _ClassVar[int]
    identifiers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, identifiers: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateBranchRequest(_message.Message):
    __slots__ = ("database", "name", "at")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    database: str
    name: str
    at: str
    def __init__(self, database: _Optional[str] = ..., name: _Optional[str] = ..., at: _Optional[str] = ...) -> None: ...

class MoveBranchRequest(_message.Message):
    __slots__ = ("database", "name", "to", "expected")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    database: str
    name: str
    to: str
    expected: str
    def __init__(self, database: _Optional[str] = ..., name: _Optional[str] = ..., to: _Optional[str] = ..., expected: _Optional[str] = ...) -> None: ...

class DeleteBranchRequest(_message.Message):
    __slots__ = ("database", "name")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    database: str
    name: str
    def __init__(self, database: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class BranchesRequest(_message.Message):
    __slots__ = ("database",)
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    database: str
    def __init__(self, database: _Optional[str] = ...) -> None: ...

class HomeBranch(_message.Message):
    __slots__ = ("name", "identifier", "commit")
    NAME_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    name: str
    identifier: str
    commit: str
    def __init__(self, name: _Optional[str] = ..., identifier: _Optional[str] = ..., commit: _Optional[str] = ...) -> None: ...

class BranchesReply(_message.Message):
    __slots__ = ("branches",)
    BRANCHES_FIELD_NUMBER: _ClassVar[int]
    branches: _containers.RepeatedCompositeFieldContainer[HomeBranch]
    def __init__(self, branches: _Optional[_Iterable[_Union[HomeBranch, _Mapping]]] = ...) -> None: ...

class BranchRequest(_message.Message):
    __slots__ = ("database", "name")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    database: str
    name: str
    def __init__(self, database: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class BranchReply(_message.Message):
    __slots__ = ("branch",)
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    branch: HomeBranch
    def __init__(self, branch: _Optional[_Union[HomeBranch, _Mapping]] = ...) -> None: ...

class LogRequest(_message.Message):
    __slots__ = ("database", "identifier", "until")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    database: str
    identifier: str
    until: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, database: _Optional[str] = ..., identifier: _Optional[str] = ..., until: _Optional[_Iterable[str]] = ...) -> None: ...

class HomeCommit(_message.Message):
    __slots__ = ("identifier", "parent", "author", "message", "time", "commit", "intent", "record", "part_of", "attempt")
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    PARENT_FIELD_NUMBER: _ClassVar[int]
    AUTHOR_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    PART_OF_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    identifier: str
    parent: str
    author: str
    message: str
    time: _timestamp_pb2.Timestamp
    commit: str
    intent: str
    record: str
    part_of: str
    attempt: str
    def __init__(self, identifier: _Optional[str] = ..., parent: _Optional[str] = ..., author: _Optional[str] = ..., message: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., commit: _Optional[str] = ..., intent: _Optional[str] = ..., record: _Optional[str] = ..., part_of: _Optional[str] = ..., attempt: _Optional[str] = ...) -> None: ...

class CommitBatch(_message.Message):
    __slots__ = ("commits",)
    COMMITS_FIELD_NUMBER: _ClassVar[int]
    commits: _containers.RepeatedCompositeFieldContainer[HomeCommit]
    def __init__(self, commits: _Optional[_Iterable[_Union[HomeCommit, _Mapping]]] = ...) -> None: ...

class WrittenRequest(_message.Message):
    __slots__ = ("database", "identifier", "commit")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    database: str
    identifier: str
    commit: str
    def __init__(self, database: _Optional[str] = ..., identifier: _Optional[str] = ..., commit: _Optional[str] = ...) -> None: ...

class DocumentsRequest(_message.Message):
    __slots__ = ("database", "identifier", "only")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    ONLY_FIELD_NUMBER: _ClassVar[int]
    database: str
    identifier: str
    only: Rids
    def __init__(self, database: _Optional[str] = ..., identifier: _Optional[str] = ..., only: _Optional[_Union[Rids, _Mapping]] = ...) -> None: ...

class Rids(_message.Message):
    __slots__ = ("rids",)
    RIDS_FIELD_NUMBER: _ClassVar[int]
    rids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, rids: _Optional[_Iterable[str]] = ...) -> None: ...

class DocumentBatch(_message.Message):
    __slots__ = ("documents",)
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[HomeDocument]
    def __init__(self, documents: _Optional[_Iterable[_Union[HomeDocument, _Mapping]]] = ...) -> None: ...

class RunQueryRequest(_message.Message):
    __slots__ = ("database", "ref", "query", "timeout")
    DATABASE_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    database: str
    ref: str
    query: bytes
    timeout: float
    def __init__(self, database: _Optional[str] = ..., ref: _Optional[str] = ..., query: _Optional[bytes] = ..., timeout: _Optional[float] = ...) -> None: ...

class JsonPiece(_message.Message):
    __slots__ = ("json",)
    JSON_FIELD_NUMBER: _ClassVar[int]
    json: bytes
    def __init__(self, json: _Optional[bytes] = ...) -> None: ...

class IssueRequest(_message.Message):
    __slots__ = ("client_id", "client_secret")
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_SECRET_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    client_secret: str
    def __init__(self, client_id: _Optional[str] = ..., client_secret: _Optional[str] = ...) -> None: ...

class IssueReply(_message.Message):
    __slots__ = ("access_token", "expires_in")
    ACCESS_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_IN_FIELD_NUMBER: _ClassVar[int]
    access_token: str
    expires_in: int
    def __init__(self, access_token: _Optional[str] = ..., expires_in: _Optional[int] = ...) -> None: ...
