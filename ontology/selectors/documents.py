"""Reading documents: one, many, lists, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oms_project.core.canonical_json import dumps_text
from oms_project.core.errors import Invalid, NotFound
from oms_project.core.ids import is_rid
from oms_project.core.pagination import decode_cursor, encode_cursor
from ontology.access import readable
from ontology.contract import DocumentView, HistoryEntry, OntologyInfo, Page
from ontology.domain.documents import DocumentChange, document_name, references
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, Kind
from ontology.domain.names import name_key
from ontology.instance_names import InstanceNames, split_instance
from ontology.references import NameResolver, map_references
from ontology.selectors.masking import key_is_seen, names_seen, visible
from ontology.store import store
from ontology.store.port import CommitReader, DocumentFilter, Revision, StoredDocument

__all__ = [
    "checked_kind",
    "find_target",
    "get_document",
    "get_documents",
    "history",
    "history_of_many",
    "ids_of",
    "list_documents",
    "names_of",
    "sort_name",
    "suggest",
    "view_of",
    "views_of",
]

STATUSES = ("experimental", "active", "deprecated", "archived")


def get_document(
    *,
    ontology: str,
    target: str,
    ref: str = "",
    include_deleted: bool = False,
    references: str = "rid",
) -> DocumentView:
    """One document at a ref.

    Args:
        target: see ``ontology.contract``.
        references: ``rid``, or ``name`` to render references as ``Kind/apiName``.

    Raises:
        NotFound: the ontology, the ref or the document.
    """
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    document = find_target(reader, info, target, include_deleted=include_deleted)
    shown = visible(info, reader, [document])
    return views_of(reader, shown, references, names=names_seen(info, reader))[0]


def get_documents(*, ontology: str, rids: Sequence[str], ref: str = "") -> dict[str, DocumentView]:
    """``rid`` -> live document, for those that exist."""
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    found = visible(info, reader, list(reader.get_many(rids).values()))
    names = names_seen(info, reader)
    return {view.rid: view for view in views_of(reader, found, names=names)}


def list_documents(
    *,
    ontology: str,
    ref: str = "",
    kinds: Sequence[str] = (),
    text: str | None = None,
    status: str | None = None,
    tag: str | None = None,
    parent: str | None = None,
    include_deleted: bool = False,
    fields: Sequence[str] = (),
    limit: int = 100,
    cursor: str | None = None,
    references: str = "rid",
) -> Page[DocumentView]:
    """Documents at a ref, sorted by kind and name.

    Args:
        text: in names, labels, descriptions or IRIs, without regard to case.
        parent: only direct children of this target (``parents``, ``extends`` or ``interfaces``).
        fields: only these fields of the body; empty for all.

    Raises:
        Invalid: an unknown kind or status, or a cursor of another list.
        NotFound: the ontology, the ref or the parent.
    """
    info = readable(ontology)
    after = decode_cursor("documents", cursor, types=(str, str, str))
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    found = reader.page(
        where=DocumentFilter(
            kinds=tuple(checked_kind(kind) for kind in kinds),
            text=(text or "").casefold(),
            status=_checked_status(status),
            rids=_narrowed(reader, info, tag, parent),
            include_deleted=include_deleted,
        ),
        after=None if after is None else (str(after[0]), str(after[1]), str(after[2])),
        limit=limit + 1,
    )
    page = list(found[:limit])
    more = None
    if len(found) > limit:
        last = page[-1]
        more = encode_cursor("documents", (last.kind.value, last.key, last.rid))
    shown = visible(info, reader, page)
    names = names_seen(info, reader)
    return Page(tuple(views_of(reader, shown, references, fields, names)), more)


def history(
    *, ontology: str, target: str, ref: str = "", limit: int = 50, cursor: str | None = None
) -> Page[HistoryEntry]:
    """The commits that changed a document, latest first, on the ref's first-parent line."""
    info = readable(ontology)
    before = decode_cursor("history", cursor, types=(str,))
    commit = store.resolve(info.id, ref or info.default_branch)
    document = find_target(store.reader(info.id, commit), info, target, include_deleted=True)
    revisions = store.history(
        info.id,
        commit,
        document.rid,
        before=None if before is None else str(before[0]),
        limit=limit + 1,
    )
    reader = store.reader(info.id, commit)
    return _history_pages(info, reader, {document.rid: revisions}, limit)[document.rid]


def history_of_many(
    *,
    ontology: str,
    rids: Sequence[str],
    ref: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> dict[str, Page[HistoryEntry]]:
    """``history`` of many documents at once.

    Args:
        rids: of the documents; one that is not there has no history.
        limit, cursor: of the history of each.

    Raises:
        NotFound: the ontology or the ref. BadRequest: a cursor of another list.
    """
    info = readable(ontology)
    before = decode_cursor("history", cursor, types=(str,))
    commit = store.resolve(info.id, ref or info.default_branch)
    revisions = store.histories(
        info.id,
        commit,
        rids,
        before=None if before is None else str(before[0]),
        limit=limit + 1,
    )
    return _history_pages(info, store.reader(info.id, commit), revisions, limit)


def _history_pages(
    info: OntologyInfo,
    reader: CommitReader,
    revisions: Mapping[str, Sequence[Revision]],
    limit: int,
) -> dict[str, Page[HistoryEntry]]:
    """Pages of histories, of ``rid``s with one revision more than a page has."""
    listed = [one for each in revisions.values() for one in each[:limit]]
    shown = _visible_revisions(info, listed)
    views = iter(views_of(reader, shown, names=names_seen(info, reader)))
    pages: dict[str, Page[HistoryEntry]] = {}
    for rid, each in revisions.items():
        entries = tuple(
            HistoryEntry(
                revision.commit,
                DocumentChange(
                    rid,
                    revision.document.kind,
                    _live_body(revision.previous),
                    _live_body(revision.document),
                ).operation,  # type: ignore[arg-type]  # one of the literals by construction
                view,
            )
            for revision, view in zip(each[:limit], views, strict=False)
        )
        more = encode_cursor("history", (entries[-1].commit.id,)) if len(each) > limit else None
        pages[rid] = Page(entries, more)
    return pages


def _visible_revisions(info: OntologyInfo, revisions: Sequence[Revision]) -> list[StoredDocument]:
    """What each revision wrote, judged by the schema of its own commit."""
    if all(revision.document.kind not in INSTANCE_KINDS for revision in revisions):
        return [revision.document for revision in revisions]
    by_commit: dict[str, list[int]] = {}
    for position, revision in enumerate(revisions):
        by_commit.setdefault(revision.commit.id, []).append(position)
    shown: dict[int, StoredDocument] = {}
    for positions in by_commit.values():
        reader = store.reader(info.id, revisions[positions[0]].commit)
        documents = [revisions[position].document for position in positions]
        shown.update(zip(positions, visible(info, reader, documents), strict=True))
    return [shown[position] for position in range(len(revisions))]


def names_of(*, ontology: str, rids: Sequence[str], ref: str = "") -> dict[str, str]:
    """``rid`` -> ``@id`` of the documents that exist at a ref."""
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    return ids_of(info, reader, rids)


def suggest(
    *, ontology: str, text: str, kinds: Sequence[str] = (), ref: str = "", limit: int = 20
) -> tuple[DocumentView, ...]:
    """Definitions for a picker: names that begin with ``text`` first, then any that hold it."""
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    wanted = tuple(checked_kind(kind) for kind in kinds) or DEFINITION_KINDS
    key = name_key(text)
    found: dict[str, StoredDocument] = {}
    for kind in dict.fromkeys(wanted):
        # Names that begin with the text stand together, and the shortest of them first.
        beginning = reader.page(
            where=DocumentFilter(kinds=(kind,)), after=(kind.value, key, ""), limit=limit
        )
        found.update(
            (document.rid, document)
            for document in beginning
            if sort_name(document).startswith(key)
        )
    if len(found) < limit:
        within = reader.page(where=DocumentFilter(kinds=wanted, text=key), limit=10 * limit)
        found.update((document.rid, document) for document in within)
    ranked = sorted(found.values(), key=lambda document: _rank(key, sort_name(document)))
    return tuple(view_of(document) for document in ranked[:limit])


def _rank(key: str, name: str) -> tuple[int, int, str]:
    if name == key:
        return (0, 0, name)
    if name.startswith(key):
        return (1, len(name), name)
    return (2 if key in name else 3, len(name), name)


# --- shared by the other selectors and by services ------------------------------------------------
def find_target(
    reader: CommitReader, info: OntologyInfo, target: str, *, include_deleted: bool = False
) -> StoredDocument:
    """The document that ``target`` names at the reader's commit.

    Raises:
        NotFound: there is none, or it is named by a key that the actor may not see: found or not,
            he does not learn which there are.
    """
    rid: str | None
    split = split_instance(target)
    if target == Kind.ONTOLOGY.value:
        rid = info.id
    elif split is not None:
        rid = _find_instance(reader, target, include_deleted=include_deleted)
    else:
        resolver = NameResolver(reader, {}, {})
        if not is_rid(target):
            resolver.load([(target, DEFINITION_KINDS)])
        rid = resolver.find(target, DEFINITION_KINDS)
    found = reader.get_with_deleted([rid]).get(rid) if rid else None
    if (
        found is None
        or (found.deleted and not include_deleted)
        # By its rid or its IRI an object is found whoever may see its key.
        or (split is not None and split[1] != found.rid and not key_is_seen(info, reader, found))
    ):
        raise NotFound(
            f"There is no document '{target}' here.",
            code="document_not_found",
            data={"document": target},
        )
    return found


def _find_instance(reader: CommitReader, target: str, *, include_deleted: bool) -> str | None:
    names = InstanceNames(reader)
    rid = names.find([target]).get(target)
    if rid is not None or not include_deleted:
        return rid
    split = split_instance(target)
    if split is not None and is_rid(split[1]) and reader.get_with_deleted([split[1]]):
        return split[1]
    gone: list[StoredDocument] = []
    for name in names.candidates(target):
        page = reader.page(
            where=DocumentFilter(kinds=(Kind.OBJECT,), include_deleted=True),
            after=(Kind.OBJECT.value, name, ""),
            limit=100,
        )
        gone += [item for item in page if item.key == name]
    return max(gone, key=lambda item: item.updated).rid if gone else None


def view_of(
    document: StoredDocument,
    *,
    body: Any = None,
    fields: Sequence[str] = (),
    names: InstanceNames | None = None,
) -> DocumentView:
    """Render a stored document; the stored text is spliced unless ``body`` or ``fields`` ask.

    Args:
        names: of the commit, for an object or link, whose ``load`` has seen the document.
    """
    text = document.text
    if body is not None or fields:
        shown = document.body if body is None else body
        if fields:
            shown = {name: value for name, value in shown.items() if name in fields}
        text = dumps_text(shown)
    identity, type_name, title, ends = document.id, document.kind.value, "", ""
    instance = document.kind in INSTANCE_KINDS and names is not None
    if instance:
        assert names is not None
        identity = names.id_of(document.kind, document.rid, document.body)
        type_name = names.type_name(document.kind, document.body)
        title = names.title_of(document.body)
        if document.kind == Kind.LINK:
            source, target = (
                dumps_text(names.end_of(document.body[role])) for role in ("_source", "_target")
            )
            ends = f'"@source":{source},"@target":{target}'
    return DocumentView(
        rid=document.rid,
        kind=document.kind.value,
        id=identity,
        name=title or identity if instance else document_name(document.kind, document.body),
        etag=document.hash,
        members=(ends, text[1:-1], document.created, document.updated),
        body=document.body if body is None else body,
        deleted=document.deleted,
        title=title,
        type=type_name if instance else "",
    )


def ids_of(
    info: OntologyInfo, reader: CommitReader, rids: Sequence[str] | set[str]
) -> dict[str, str]:
    """``rid`` -> ``@id`` for those that exist, deleted ones too, as the actor may see them."""
    return names_seen(info, reader).ids(list(reader.get_with_deleted(rids).values()))


def checked_kind(kind: str) -> Kind:
    """The kind of that name. Raises Invalid."""
    try:
        return Kind(kind)
    except ValueError as error:
        raise Invalid(
            f"'{kind}' is not a kind; kinds: {', '.join(Kind)}.", code="unknown_kind"
        ) from error


def sort_name(document: StoredDocument) -> str:
    """The name that lists are sorted by."""
    return name_key(document_name(document.kind, document.body))[:500]


def _checked_status(status: str | None) -> str:
    if status and status not in STATUSES:
        raise Invalid(
            f"'{status}' is not a status; statuses: {', '.join(STATUSES)}.", code="unknown_status"
        )
    return status or ""


def _narrowed(
    reader: CommitReader, info: OntologyInfo, tag: str | None, parent: str | None
) -> frozenset[str] | None:
    narrowed: frozenset[str] | None = None
    if tag:
        narrowed = frozenset(reader.find_entries("tag", [tag]).get(tag, ()))
    if parent:
        rid = find_target(reader, info, parent).rid
        uses = reader.referrers([rid], ("parents", "extends", "interfaces")).get(rid, set())
        children = frozenset(child for child, _ in uses)
        narrowed = children if narrowed is None else narrowed & children
    return narrowed


def views_of(
    reader: CommitReader,
    documents: Sequence[StoredDocument],
    rendering: str = "rid",
    fields: Sequence[str] = (),
    names: InstanceNames | None = None,
) -> list[DocumentView]:
    """Documents as the reader's commit names them.

    Args:
        rendering: of references: ``rid`` or ``name``.
        fields: only these fields of the bodies; empty for all.
        names: the commit's, when they are at hand.

    Raises:
        Invalid: an unknown rendering.
    """
    if rendering not in ("rid", "name"):
        raise Invalid("References are rendered as 'rid' or 'name'.", code="unknown_rendering")
    instances = names or InstanceNames(reader)
    instances.load(documents)
    if rendering == "rid":
        return [view_of(document, fields=fields, names=instances) for document in documents]
    mentioned = {
        reference.target
        for document in documents
        for reference in references(document.kind, document.body)
    }
    known = instances.ids(list(reader.get_with_deleted(mentioned).values()))
    return [
        view_of(
            document,
            body=map_references(
                document.kind, document.body, lambda text, _: known.get(text, text)
            ),
            fields=fields,
            names=instances,
        )
        for document in documents
    ]


def _live_body(document: StoredDocument | None) -> Any:
    return None if document is None or document.deleted else document.body
