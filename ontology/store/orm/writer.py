"""Writing a commit. All of it runs inside ``OrmStore.writing``: one transaction, the branch locked.

A commit is appended to the line its parent ends, when the branch owns that line; else the branch
forks a line of its own. What is written follows the change, not the ontology.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from django.db import connection

from oms_project.core.canonical_json import dumps_text
from ontology.contract import CommitInfo
from ontology.domain.documents import IndexEntry, index_entries, same_entries, search_text
from ontology.domain.instances.entries import Entries
from ontology.store.hashing import commit_id, content_hash, text_hash
from ontology.store.orm.fulltext import words_of
from ontology.store.orm.lines import MAX_CHAIN, Place, load_line
from ontology.store.orm.reader import stored_key, stored_name_key, stored_status
from ontology.store.orm.sql import (
    bulk_insert,
    in_list,
    is_postgresql,
    keys_table,
    list_parameter,
    rows,
)
from ontology.store.port import NO_ENTRIES, DocumentWrite, Reindexing
from ontology.store.sealing import Seal, Stamps, stamps
from ontology.store.texts import body_text, check_text

__all__ = ["append_commit", "append_known", "database_time", "fork_line", "write_first_commit"]

T = TypeVar("T")

_VERSION_COLUMNS = (
    "line_id",
    "rid",
    "kind",
    "name_key",
    "status",
    "seq_from",
    "deleted",
    "body",
    "body_hash",
    "created",
    "updated",
    "search",
)
_INDEX_COLUMNS = ("line_id", "key", "role", "rid", "seq_from")
_VALUE_COLUMNS = ("line_id", "field", "key", "rid", "seq_from")
_TEXT_COLUMNS = ("line_id", "rid", "level", "text", "seq_from")
#: Documents are written in portions of this many.
_PORTION = 5_000
#: Columns that a copied version gets anew.
_PLACED = ("line_id", "seq_from")


def append_commit(
    *,
    ontology_id: str,
    branch: str,
    head: CommitInfo,
    place: Place,
    writes: Iterable[DocumentWrite],
    seal: Seal,
    message: str,
    merged: CommitInfo | None,
    now: dt.datetime,
    reindexed: Iterable[Reindexing] = (),
) -> tuple[CommitInfo, Place]:
    """Write a commit after ``head`` (which stands at ``place``) and return it with its place."""
    parents = (head,) if merged is None else (head, merged)
    # A commit is later than its parents even when clocks disagree, so that logs can sort by time.
    tick = dt.timedelta(microseconds=1)
    time = max(now, *(parent.time + tick for parent in parents))
    sealed = _sealing(
        ontology_id=ontology_id,
        parents=tuple(parent.id for parent in parents),
        seal=seal,
        message=message,
        time=time,
    )
    place, flattened = _line_to_append(ontology_id, branch, place)
    info = _append(
        ontology_id=ontology_id,
        line=place.line,
        seq=place.seq + 1,
        flattened=flattened,
        writes=writes,
        audit=seal.stamps(time),
        sealed=sealed,
        reindexed=reindexed,
    )
    return info, Place(place.line, place.seq + 1)


def append_known(
    *,
    ontology_id: str,
    branch: str,
    place: Place | None,
    info: CommitInfo,
    writes: Iterable[DocumentWrite],
    reindexed: Iterable[Reindexing],
    check: Callable[[str, int], None],
) -> Place:
    """Write a commit that was made before, after the one at ``place`` (None: it is the first).

    Args:
        check: called with the content hash and the number of documents before the commit's row is
            written; raises when they are not the commit's.
    """
    if place is None:
        line, flattened = fork_line(ontology_id, branch, None)
        seq = 0
    else:
        place, flattened = _line_to_append(ontology_id, branch, place)
        line, seq = place.line, place.seq + 1

    def known(content: str, count: int) -> CommitInfo:
        check(content, count)
        return info

    _append(
        ontology_id=ontology_id,
        line=line,
        seq=seq,
        flattened=flattened,
        writes=writes,
        audit=stamps(info.author_id, info.author_username, info.time),
        sealed=known,
        reindexed=reindexed,
    )
    return Place(line, seq)


def _append(
    *,
    ontology_id: str,
    line: int,
    seq: int,
    flattened: bool,
    writes: Iterable[DocumentWrite],
    audit: Stamps,
    sealed: Callable[[str, int], CommitInfo],
    reindexed: Iterable[Reindexing] = (),
) -> CommitInfo:
    """Write documents, then the commit that ``sealed`` makes of their content hash and number."""
    hashes: list[tuple[str, Any, str | None]] = []
    for portion in _portions(writes):
        hashes += _write_documents(line, seq, flattened, portion, audit)
    for changed in _portions(reindexed):
        here = [item for item in changed if item.document.locator[0] == line and not flattened]
        _write_entries(line, seq, [(item, item.entries, item.old_entries) for item in here])
        # What stands on another line is shared with other branches, and so are its entries there:
        # a version of its own, with the same body, takes it from them.
        own = [
            DocumentWrite(
                item.rid,
                item.document.kind,
                item.document,
                item.document.body,
                item.entries,
                item.old_entries,
                item.document.text,
            )
            for item in changed
            if item.document.locator[0] != line or flattened
        ]
        hashes += _write_documents(line, seq, flattened, own, audit)
    info = sealed(content_hash(hashes), len(hashes))
    _insert_commit(ontology_id, info, Place(line, seq))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ontology_line SET tip_seq = %s, writes = writes + %s WHERE id = %s",
            [seq, len(hashes), line],
        )
    return info


def _sealing(
    *,
    ontology_id: str,
    parents: tuple[str, ...],
    seal: Seal,
    message: str,
    time: dt.datetime,
) -> Callable[[str, int], CommitInfo]:
    """What signs a commit when its content is known."""
    check_text(message, "The message")
    author = seal.actor
    check_text(author.label, "The author's name")

    def sealed(content: str, count: int) -> CommitInfo:
        signature = seal.sign(
            ontology_id=ontology_id, parents=parents, content=content, time=time, message=message
        )
        return CommitInfo(
            id=commit_id(
                ontology_id=ontology_id,
                parents=parents,
                content=content,
                author_id=author.id,
                author_username=author.username,
                time=time,
                message=message,
                signature=signature,
                on_behalf_of=seal.on_behalf_of,
            ),
            parents=parents,
            author=author.label,
            author_id=author.id,
            author_username=author.username,
            time=time,
            message=message,
            content_hash=content,
            change_count=count,
            signature=signature,
            on_behalf_of_id=seal.on_behalf_of,
        )

    return sealed


def write_first_commit(
    *, ontology_id: str, branch: str, header: DocumentWrite, seal: Seal, now: dt.datetime
) -> CommitInfo:
    """The commit without parents that every history starts with; it holds the header document."""
    sealed = _sealing(
        ontology_id=ontology_id,
        parents=(),
        seal=seal,
        message="Create the ontology",
        time=now,
    )
    line, flattened = fork_line(ontology_id, branch, None)
    return _append(
        ontology_id=ontology_id,
        line=line,
        seq=0,
        flattened=flattened,
        writes=[header],
        audit=seal.stamps(now),
        sealed=sealed,
    )


def _insert_commit(ontology_id: str, info: CommitInfo, place: Place) -> None:
    """Insert the row of a commit."""
    bulk_insert(
        "ontology_commit",
        (
            "id",
            "ontology_id",
            "line_id",
            "seq",
            "parent",
            "merged",
            "author_id",
            "author_username",
            "time",
            "message",
            "content_hash",
            "change_count",
            "signature",
            "on_behalf_of",
        ),
        [
            (
                info.id,
                ontology_id,
                place.line,
                place.seq,
                info.parents[0] if info.parents else "",
                info.parents[1] if len(info.parents) > 1 else "",
                info.author_id,
                info.author_username,
                database_time(info.time),
                info.message,
                info.content_hash,
                info.change_count,
                info.signature,
                info.on_behalf_of_id,
            )
        ],
    )


def database_time(time: dt.datetime) -> Any:
    """A time as the database's driver takes it."""
    return connection.ops.adapt_datetimefield_value(time)


def _line_to_append(ontology_id: str, branch: str, place: Place) -> tuple[Place, bool]:
    """Where to append after ``place``, and whether that is a new line with copied versions."""
    # Locked, because a fast-forward of another branch may be taking the line over just now.
    lock = " FOR NO KEY UPDATE" if is_postgresql() else ""
    tip, owner = rows(
        f"SELECT tip_seq, owner FROM ontology_line WHERE id = %s{lock}", [place.line]
    )[0]
    if tip == place.seq and owner == branch:
        return place, False
    line, flattened = fork_line(ontology_id, branch, place)
    return Place(line, place.seq), flattened


def fork_line(ontology_id: str, branch: str, place: Place | None) -> tuple[int, bool]:
    """A new line of ``branch`` from ``place`` (None: an ontology's first line).

    When a read would have to go through too many lines, the new line takes over the versions of
    the nearer ones, and its chain keeps only lines before them. The cut is where the least has to
    be copied; it is paid once in several forks, and follows what those branches changed.

    Returns:
        The line, and whether versions were copied into it.
    """
    chain: list[Place] = []
    copied: list[Place] = []
    if place is not None:
        chain = [place, *load_line(place.line).chain]
        if len(chain) >= MAX_CHAIN:
            chain, copied = _cut(chain)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ontology_line "
            "(ontology_id, parent_id, fork_seq, tip_seq, chain, owner, writes) "
            "VALUES (%s, %s, %s, %s, %s, %s, 0) RETURNING id",
            [
                ontology_id,
                None if place is None else place.line,
                -1 if place is None else place.seq,
                -1 if place is None else place.seq,
                dumps_text([[step.line, step.seq] for step in chain]),
                branch,
            ],
        )
        line: int = cursor.fetchone()[0]
    if copied:
        assert place is not None
        _copy_versions(copied, line, place.seq)
    return line, bool(copied)


def _cut(chain: list[Place]) -> tuple[list[Place], list[Place]]:
    """Split a full chain into the far lines that stay and the nearer lines to be copied."""
    counted = dict(
        rows(
            f"SELECT id, writes FROM ontology_line WHERE {in_list('id')}",
            [list_parameter([step.line for step in chain])],
        )
    )
    weights = [counted[step.line] for step in chain]

    # Keeping more lines copies less now but leaves room for fewer forks until the next cut, so
    # compare the cost per fork: small lines are gathered, a heavy one is left where it is.
    def cost_per_fork(kept: int) -> float:
        copied: int = sum(weights[: len(chain) - kept])
        return (copied + 1) / (MAX_CHAIN - 1 - kept)

    kept = min(range(1, MAX_CHAIN - 1), key=cost_per_fork)
    return chain[len(chain) - kept :], chain[: len(chain) - kept]


def _copy_versions(copied: list[Place], line: int, seq: int) -> None:
    count = 0
    columns = ", ".join(column for column in _VERSION_COLUMNS if column not in _PLACED)
    indexes = {
        "ontology_documentindex": "rid, role, key",
        "ontology_valueentry": "rid, field, key",
        "ontology_textentry": "rid, level, text",
    }
    for rank, step in enumerate(copied):
        nearer = copied[:rank]
        shadow = "".join(
            " AND NOT EXISTS (SELECT 1 FROM ontology_documentversion n WHERE n.line_id = %s "
            "AND n.rid = v.rid AND n.seq_from <= %s)"
            for _ in nearer
        )
        shadowed = [value for place in nearer for value in (place.line, place.seq)]
        valid = "v.line_id = %s AND v.seq_from <= %s AND (v.seq_to IS NULL OR v.seq_to > %s)"
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO ontology_documentversion (line_id, seq_from, {columns}) "
                f"SELECT %s, %s, {columns} FROM ontology_documentversion v "
                f"WHERE {valid}{shadow}",
                [line, seq, step.line, step.seq, step.seq, *shadowed],
            )
            count += cursor.rowcount
            for table, copied_columns in indexes.items():
                cursor.execute(
                    f"INSERT INTO {table} (line_id, seq_from, {copied_columns}) "
                    f"SELECT %s, %s, {copied_columns} FROM {table} v WHERE {valid}{shadow}",
                    [line, seq, step.line, step.seq, step.seq, *shadowed],
                )
    with connection.cursor() as cursor:
        # They weigh as much as its own at the next cut.
        cursor.execute("UPDATE ontology_line SET writes = %s WHERE id = %s", [count, line])


def _write_documents(
    line: int,
    seq: int,
    flattened: bool,
    writes: Sequence[DocumentWrite],
    audit: Stamps,
) -> list[tuple[str, Any, str | None]]:
    hashes: list[tuple[str, Any, str | None]] = []
    versions: list[tuple[Any, ...]] = []
    entries: list[tuple[Any, ...]] = []
    replaced: list[str] = []
    unindexed: list[tuple[Any, ...]] = []
    instances: list[tuple[Any, Entries, Entries]] = []
    elsewhere: list[tuple[str, Entries]] = []
    for write in writes:
        before = write.before
        # What was read before the fork may have been copied into the line by it.
        here = before is not None and (flattened or before.locator[0] == line)
        if here:
            replaced.append(write.rid)
        if write.body is None:
            assert before is not None, "only what exists can be deleted"
            body, text, digest = before.body, before.text, before.hash
        else:
            body, text = write.body, write.text or body_text(write.kind, write.rid, write.body)
            digest = write.committed_hash or text_hash(text)
        deleted = write.body is None
        hashes.append((write.rid, write.kind, None if deleted else digest))
        versions.append(
            (
                line,
                write.rid,
                write.kind.value,
                stored_name_key(write.kind, body),
                stored_status(write.kind, body),
                seq,
                deleted,
                text,
                digest,
                before.created if before is not None else audit.created,
                audit.deleted if deleted else audit.updated,
                search_text(write.kind, body),
            )
        )
        if write.entries is not NO_ENTRIES or write.old_entries is not NO_ENTRIES:
            kept = write.old_entries if here and not flattened else NO_ENTRIES
            if kept is NO_ENTRIES:
                # Entries stand on the line of the version that they were made with, unless
                # another commit reindexed it here: closing what is not there costs a look.
                elsewhere.append((write.rid, write.old_entries))
            instances.append((write, NO_ENTRIES if deleted else write.entries, kept))
        new: set[IndexEntry] = set()
        old: set[IndexEntry] = set()
        if here and before is not None and not before.deleted:
            if not (flattened or deleted) and same_entries(before.body, body):
                continue
            old = index_entries(before.kind, before.body)
        if not deleted:
            new = index_entries(write.kind, body)
        gone, come = old, new
        if old and not flattened:
            # (After a fork it is not known here which entries were copied: all are written anew.)
            gone, come = old - new, new - old
        unindexed += [(seq, line, stored_key(key), role, write.rid) for role, key in gone]
        entries += [(line, stored_key(key), role, write.rid, seq) for role, key in come]
    _close_versions(line, seq, replaced)
    _close(
        "UPDATE ontology_documentindex SET seq_to = %s "
        "WHERE line_id = %s AND key = %s AND role = %s AND rid = %s AND seq_to IS NULL",
        unindexed,
    )
    # In the order of the keys: the database then fills page after page.
    versions.sort(key=itemgetter(1))
    entries.sort()
    bulk_insert("ontology_documentversion", _VERSION_COLUMNS, versions)
    bulk_insert("ontology_documentindex", _INDEX_COLUMNS, entries)
    _close_entries(line, seq, elsewhere)
    _write_entries(line, seq, instances)
    return hashes


def _write_entries(line: int, seq: int, changed: list[tuple[Any, Entries, Entries]]) -> None:
    """Close and open index entries of instances; of those that stay nothing is written."""
    if not changed:
        return
    values: list[tuple[Any, ...]] = []
    texts: list[tuple[Any, ...]] = []
    gone: list[tuple[str, Entries]] = []
    for item, new, old in changed:
        come = new.values - old.values if old.values else new.values
        values += [(line, field, key, item.rid, seq) for field, key in come]
        if new.texts != old.texts:
            texts += [(line, item.rid, level, words_of(text), seq) for level, text in new.texts]
        if old.values or old.texts:
            gone.append(
                (
                    item.rid,
                    Entries(old.values - new.values, old.texts if new.texts != old.texts else ()),
                )
            )
    _close_entries(line, seq, gone)
    values.sort()
    bulk_insert("ontology_valueentry", _VALUE_COLUMNS, values)
    bulk_insert("ontology_textentry", _TEXT_COLUMNS, texts)


def _close_entries(line: int, seq: int, gone: Sequence[tuple[str, Entries]]) -> None:
    _close(
        "UPDATE ontology_valueentry SET seq_to = %s "
        "WHERE line_id = %s AND field = %s AND key = %s AND rid = %s AND seq_to IS NULL",
        [
            (seq, line, field, key, rid)
            for rid, entries in gone
            for field, key in sorted(entries.values)
        ],
    )
    _close(
        "UPDATE ontology_textentry SET seq_to = %s "
        "WHERE line_id = %s AND rid = %s AND seq_to IS NULL",
        [(seq, line, rid) for rid, entries in gone if entries.texts],
    )


def _portions(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while portion := list(itertools.islice(iterator, _PORTION)):
        yield portion


def _close_versions(line: int, seq: int, rids: list[str]) -> None:
    """Let the latest versions of ``rids`` on the line end at ``seq``.

    The latest one is looked up as the reader does it: only an index on the line's rids can answer
    that, so that no planner walks through all open versions instead.
    """
    if not rids:
        return
    latest = (
        "SELECT (SELECT o.id FROM ontology_documentversion o WHERE o.line_id = %s "
        f"AND o.rid = k.value ORDER BY o.seq_from DESC LIMIT 1) FROM {keys_table('k')}"
    )
    chosen = f"= ANY(ARRAY({latest}))" if is_postgresql() else f"IN ({latest})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE ontology_documentversion SET seq_to = %s WHERE id {chosen}",
            [seq, line, list_parameter(rids)],
        )


def _close(sql: str, places: list[tuple[Any, ...]]) -> None:
    if places:
        with connection.cursor() as cursor:
            cursor.executemany(sql, places)
