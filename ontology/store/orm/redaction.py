"""Erasing values for good: the one thing that changes what a version says.

Every version of the object on every line gets a text without the values, and keeps the hash that
its commit was made of; a signed row in ``ontology_redaction`` says which text may stand there. Each
is done under a lock that no commit of the ontology can pass, so that nobody writes back what he has
read before.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import mmap
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from django.db import DatabaseError, connection, transaction

from oms_project.core.canonical_json import dumps_text, loads
from oms_project.core.errors import Invalid, NotFound, Unavailable
from oms_project.core.ids import new_id
from ontology.contract import RedactionInfo
from ontology.domain.documents import index_entries, search_text
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.redaction import (
    RedactionClaim,
    erasable_names,
    erased_values,
    redacted_body,
    sign_redaction,
)
from ontology.store.hashing import text_hash
from ontology.store.orm.reader import stored_key, stored_name_key
from ontology.store.orm.sql import as_time, bulk_insert, is_postgresql, rows, translated
from ontology.store.orm.unindexing import Rewritten, forget_values
from ontology.store.orm.writer import database_time
from ontology.store.port import Erasure
from ontology.store.sealing import Seal

__all__ = ["claims_of", "find_redactions", "lock_writers", "redact", "share_lock"]

log = structlog.get_logger("oms.redaction")

_COLUMNS = (
    "ontology_id",
    "rid",
    "kind",
    "body_hash",
    "before_hash",
    "after_hash",
    "fields",
    "reason",
    "author_id",
    "author_username",
    "on_behalf_of",
    "time",
    "batch",
    "position",
    "size",
    "versions",
    "signature",
)
_READ = ", ".join(f"r.{column}" for column in _COLUMNS)
#: Texts that are looked for in the database's file, and in commit messages, have so many letters.
_SHORTEST = 4
#: Commits named at most whose message holds an erased text.
_MOST_MESSAGES = 100


class _Version(NamedTuple):
    id: int
    line: int
    kind: Kind
    body: dict[str, Any]
    text: str
    body_hash: str


class _Change(NamedTuple):
    version: _Version
    body: dict[str, Any]
    text: str
    gone: tuple[str, ...]


def redact(
    ontology_id: str,
    rid: str,
    *,
    fields: Collection[str],
    reason: str,
    seal: Seal,
    now: dt.datetime,
    dry_run: bool,
) -> Erasure:
    """See ``OntologyStore.redact``."""
    with translated(), transaction.atomic():
        if not dry_run:
            lock_writers(ontology_id)
        versions = list(_versions(ontology_id, rid))
        if not versions:
            raise NotFound(
                f"There is no document '{rid}'.", code="document_not_found", data={"document": rid}
            )
        if versions[0].kind not in INSTANCE_KINDS:
            raise Invalid(
                f"Only values of objects and links can be erased; this is a {versions[0].kind}.",
                code="not_an_instance",
            )
        wanted = _wanted(versions, fields)
        changes = [change for version in versions if (change := _changed(version, wanted))]
        if not changes:
            raise Invalid(
                "There is nothing to erase: the values are gone from every version.",
                code="nothing_to_erase",
            )
        # A version that is written at this moment is no later than its erasure.
        latest = rows(
            "SELECT MAX(c.time) FROM ontology_commit c WHERE c.ontology_id = %s", [ontology_id]
        )[0][0]
        time = max(now, as_time(latest))
        erasure = _erasure(rid, changes, wanted, reason=reason, seal=seal, time=time)
        erasure = replace(erasure, messages=_messages(ontology_id, erasure.texts))
        if dry_run:
            return erasure
        scrub = _Scrub(changes)
        scrub.prepare()
        _write_rows(ontology_id, rid, changes, erasure, seal)
        _overwrite(ontology_id, rid, changes)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ontology_ontology SET erasures = erasures + 1 WHERE id = %s", [ontology_id]
            )
        transaction.on_commit(scrub.finish)
    return erasure


# --- locks ----------------------------------------------------------------------------------------
def lock_writers(ontology_id: str) -> None:
    """Wait for every commit of the ontology that is being made, and let no other begin until this
    transaction ends; SQLite has one writer at a time anyway.
    """
    if is_postgresql():
        rows("SELECT pg_advisory_xact_lock(%s)", [_lock_number(ontology_id)])


def share_lock(ontology_id: str) -> tuple[str, list[Any]]:
    """What a commit selects, beside its branch's lock, to keep erasures out: SQL and parameters."""
    return "pg_advisory_xact_lock_shared(%s)", [_lock_number(ontology_id)]


def _lock_number(ontology_id: str) -> int:
    digest = hashlib.sha256(f"oms-redaction {ontology_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


# --- what changes ---------------------------------------------------------------------------------
def _versions(ontology_id: str, rid: str) -> Iterator[_Version]:
    for row in rows(
        "SELECT v.id, v.line_id, v.kind, v.body, v.body_hash FROM ontology_line l "
        "JOIN ontology_documentversion v ON v.line_id = l.id "
        "WHERE l.ontology_id = %s AND v.rid = %s ORDER BY v.line_id, v.seq_from",
        [ontology_id, rid],
    ):
        yield _Version(row[0], row[1], Kind(row[2]), loads(row[3]), row[3], row[4])


def _wanted(versions: Sequence[_Version], fields: Collection[str]) -> frozenset[str]:
    """The names to erase: those that are asked for, or all there are.

    Raises:
        Invalid: ``unknown_value``; no version has, or had, a value of that name.
    """
    there = frozenset[str]().union(*(erasable_names(version.body) for version in versions))
    if not fields:
        return there
    wanted = frozenset(fields)
    had = there.union(*(version.body.get("_redacted", ()) for version in versions))
    unknown = sorted(wanted - had)
    if unknown:
        raise Invalid(
            f"No version has a value called {', '.join(unknown)[:200]}.",
            code="unknown_value",
            data={"fields": unknown},
        )
    return wanted


def _changed(version: _Version, wanted: frozenset[str]) -> _Change | None:
    body = redacted_body(version.body, wanted)
    if body is None:
        return None
    gone = sorted(wanted & version.body.keys())
    return _Change(version, body, dumps_text(body), tuple(gone))


def _erasure(
    rid: str,
    changes: Sequence[_Change],
    wanted: frozenset[str],
    *,
    reason: str,
    seal: Seal,
    time: dt.datetime,
) -> Erasure:
    gone = {name for change in changes for name in change.gone}
    return Erasure(
        info=RedactionInfo(
            id=new_id(),
            rid=rid,
            kind=changes[0].version.kind.value,
            fields=tuple(sorted(wanted & gone)),
            reason=reason,
            versions=len(changes),
            time=time,
            author_id=seal.actor.id,
            author_username=seal.actor.username,
        ),
        texts=_texts(changes),
    )


def _texts(changes: Sequence[_Change]) -> frozenset[str]:
    """Every text and number that is erased, as people would write it."""
    return frozenset(
        value if isinstance(value, str) else dumps_text(value)
        for change in changes
        for value in erased_values(change.version.body, change.gone)
        if value is not None and not isinstance(value, bool)
    )


def _messages(ontology_id: str, texts: Collection[str]) -> tuple[str, ...]:
    """Ids of commits whose message has one of ``texts`` in it."""
    found: dict[str, None] = {}
    position = "strpos" if is_postgresql() else "instr"
    for text in sorted(text for text in texts if len(text) >= _SHORTEST):
        for (commit,) in rows(
            f"SELECT c.id FROM ontology_commit c "
            f"WHERE c.ontology_id = %s AND {position}(c.message, %s) > 0 LIMIT %s",
            [ontology_id, text, _MOST_MESSAGES],
        ):
            found[commit] = None
        if len(found) >= _MOST_MESSAGES:
            break
    return tuple(sorted(found)[:_MOST_MESSAGES])


# --- writing --------------------------------------------------------------------------------------
def _write_rows(
    ontology_id: str,
    rid: str,
    changes: Sequence[_Change],
    erasure: Erasure,
    seal: Seal,
) -> None:
    """One signed row for every text that stood in some version."""
    kinds: dict[tuple[str, str], list[_Change]] = {}
    for change in changes:
        key = change.version.body_hash, text_hash(change.version.text)
        kinds.setdefault(key, []).append(change)
    written = []
    for position, ((body_hash, before), alike) in enumerate(sorted(kinds.items())):
        claim = RedactionClaim(
            ontology=ontology_id,
            rid=rid,
            body_hash=body_hash,
            before=before,
            after=text_hash(alike[0].text),
            fields=alike[0].gone,
            reason=erasure.info.reason,
            author_id=seal.actor.id,
            author_username=seal.actor.username,
            time=erasure.info.time,
            batch=erasure.info.id,
            position=position,
            size=len(kinds),
            on_behalf_of=seal.on_behalf_of,
        )
        written.append(
            (
                ontology_id,
                rid,
                erasure.info.kind,
                claim.body_hash,
                claim.before,
                claim.after,
                dumps_text(list(claim.fields)),
                claim.reason,
                claim.author_id,
                claim.author_username,
                claim.on_behalf_of,
                database_time(claim.time),
                claim.batch,
                claim.position,
                claim.size,
                len(alike),
                sign_redaction(claim, seal.key),
            )
        )
    bulk_insert("ontology_redaction", _COLUMNS, written)


def _overwrite(ontology_id: str, rid: str, changes: Sequence[_Change]) -> None:
    """Take the values out of the versions and out of everything that they are found by."""
    gone_entries = {
        (change.version.line, entry)
        for change in changes
        for entry in index_entries(change.version.kind, change.version.body)
        - index_entries(change.version.kind, change.body)
    }
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE ontology_documentversion SET body = %s, name_key = %s, search = %s "
            "WHERE id = %s",
            [
                (
                    change.text,
                    stored_name_key(change.version.kind, change.body),
                    search_text(change.version.kind, change.body),
                    change.version.id,
                )
                for change in changes
            ],
        )
        cursor.executemany(
            "DELETE FROM ontology_documentindex "
            "WHERE line_id = %s AND key = %s AND role = %s AND rid = %s",
            [
                (line, stored_key(entry.key), entry.role, rid)
                for line, entry in sorted(gone_entries)
            ],
        )
    forget_values(
        ontology_id,
        rid,
        [
            Rewritten(
                change.version.body,
                change.body,
                erased_values(change.version.body, change.gone),
            )
            for change in changes
        ],
    )


# --- what databases keep of what is gone ----------------------------------------------------------
class _Scrub:
    """Makes SQLite forget: freed space is overwritten, and the write-ahead log is emptied.

    Space that was freed before, by other writes, may hold copies. When the file still has one of
    the erased texts it is rewritten (VACUUM). PostgreSQL keeps dead rows until its own VACUUM.
    """

    def __init__(self, changes: Sequence[_Change]) -> None:
        self._needles = frozenset(_needles(changes))
        self._before: int | None = None

    def prepare(self) -> None:
        """Overwrite from here on what is freed."""
        if is_postgresql():
            return
        self._before = int(rows("PRAGMA secure_delete")[0][0])
        rows("PRAGMA secure_delete = ON")

    def finish(self) -> None:
        """Empty the log, and look into the file; the transaction has ended."""
        if is_postgresql():
            return
        try:
            rows("PRAGMA wal_checkpoint(TRUNCATE)")
            if self._remains():
                rows("VACUUM")
                rows("PRAGMA wal_checkpoint(TRUNCATE)")
                if self._remains():
                    log.warning("erased text stands elsewhere in the database as well")
        except (DatabaseError, Unavailable) as error:
            log.warning("the database's file was not cleaned: run VACUUM", error=str(error))
        finally:
            rows(f"PRAGMA secure_delete = {self._before or 0}")

    def _remains(self) -> bool:
        path = Path(str(connection.settings_dict["NAME"]))
        return any(
            _holds(file, self._needles)
            for file in (path, path.with_name(f"{path.name}-wal"))
            if file.is_file()
        )


def _needles(changes: Sequence[_Change]) -> Iterator[bytes]:
    """What the erased values look like in the file."""
    for change in changes:
        for name in change.gone:
            value = change.version.body[name]
            yield f"{dumps_text(name)}:{dumps_text(value)}".encode()
            for single in erased_values(change.version.body, [name]):
                if isinstance(single, str) and len(single) >= _SHORTEST:
                    yield single.encode()
                    yield single.casefold().encode()


def _holds(path: Path, needles: Collection[bytes]) -> bool:
    """Whether a file has one of ``needles`` in it."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(content.find(needle) >= 0 for needle in needles)


# --- reading --------------------------------------------------------------------------------------
def find_redactions(
    ontology_id: str, *, rid: str = "", before: tuple[dt.datetime, str] | None, limit: int
) -> list[RedactionInfo]:
    """See ``OntologyStore.redactions``."""
    conditions, parameters = ["r.ontology_id = %s"], [ontology_id]
    if rid:
        conditions.append("r.rid = %s")
        parameters.append(rid)
    having, bounds = "", []
    if before is not None:
        having, bounds = "AND (r.time, r.batch) < (%s, %s)", [database_time(before[0]), before[1]]
    batches = rows(
        f"SELECT r.batch, r.time FROM ontology_redaction r WHERE {' AND '.join(conditions)} "
        f"AND r.position = 0 {having} ORDER BY r.time DESC, r.batch DESC LIMIT %s",
        [*parameters, *bounds, limit],
    )
    return [_info(batch) for batch, _time in batches]


def _info(batch: str) -> RedactionInfo:
    found = rows(f"SELECT {_READ} FROM ontology_redaction r WHERE r.batch = %s", [batch])
    records = [dict(zip(_COLUMNS, row, strict=True)) for row in found]
    first = records[0]
    return RedactionInfo(
        id=batch,
        rid=first["rid"],
        kind=first["kind"],
        fields=tuple(sorted({name for item in records for name in loads(item["fields"])})),
        reason=first["reason"],
        versions=sum(item["versions"] for item in records),
        time=as_time(first["time"]),
        author_id=first["author_id"],
        author_username=first["author_username"],
    )


def claims_of(ontology_id: str) -> list[tuple[RedactionClaim, str]]:
    """Every redaction of an ontology with its signature, in the order in which they were made."""
    claims = []
    for row in rows(
        f"SELECT {_READ} FROM ontology_redaction r WHERE r.ontology_id = %s ORDER BY r.id",
        [ontology_id],
    ):
        item = dict(zip(_COLUMNS, row, strict=True))
        claim = RedactionClaim(
            ontology=item["ontology_id"],
            rid=item["rid"],
            body_hash=item["body_hash"],
            before=item["before_hash"],
            after=item["after_hash"],
            fields=tuple(loads(item["fields"])),
            reason=item["reason"],
            author_id=item["author_id"],
            author_username=item["author_username"],
            time=as_time(item["time"]),
            batch=item["batch"],
            position=item["position"],
            size=item["size"],
            on_behalf_of=item["on_behalf_of"],
        )
        claims.append((claim, item["signature"]))
    return claims
