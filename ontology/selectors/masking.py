"""What of instances the current actor may see, and the trace that sensitive reads leave."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from audit.contract import Subject, audit_log
from oms_project.core.authorization import SENSITIVITIES, Clearance, authorizer
from oms_project.core.canonical_json import dumps_text
from oms_project.core.context import current_actor
from ontology.access import readable
from ontology.compiled import compiled
from ontology.contract import Conflict, OntologyInfo
from ontology.domain.documents import Body, DocumentChange
from ontology.domain.instances.keys import KEY
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.masking import MASKED, Catalogue, Masker
from ontology.domain.redaction import REDACTED
from ontology.instance_names import InstanceNames
from ontology.store import store
from ontology.store.port import CommitReader, StoredDocument

__all__ = [
    "exported_bodies",
    "hidden_names",
    "kept_bodies",
    "key_is_seen",
    "names_seen",
    "search_level",
    "visibility",
    "visible",
    "visible_changes",
    "visible_values",
]

#: What is not there says nothing elsewhere.
_GAPS = (MASKED, REDACTED)
#: An event names so many documents; the rest are counted.
_NAMED = 100


def visible(
    info: OntologyInfo, reader: CommitReader, documents: Sequence[StoredDocument]
) -> list[StoredDocument]:
    """``documents`` as the current actor may see them, in the same order.

    That restricted values were read is recorded.
    Costs nothing where no document is an instance, and else a few queries for all.
    """
    shown, trace = _shown(info, reader, documents)
    trace.record()
    return shown


def _shown(
    info: OntologyInfo, reader: CommitReader, documents: Sequence[StoredDocument]
) -> tuple[list[StoredDocument], _Trace]:
    """``visible``, with the trace that a read of it leaves."""
    trace = _Trace(info, reader)
    instances = [document for document in documents if document.kind in INSTANCE_KINDS]
    if not instances:
        return list(documents), trace
    masker = _masker(info, reader)
    masker.prepare(document.body for document in instances)
    shown: list[StoredDocument] = []
    for document in documents:
        view = masker.show(document.kind, document.body)
        trace.add(document.id, view.watched)
        if view.masked:
            text = dumps_text(view.body)
            # The hash stays the stored one's: it guards writes, and says nothing of the values.
            shown.append(replace(document, text=text))
        else:
            shown.append(document)
    return shown, trace


def names_seen(info: OntologyInfo, reader: CommitReader) -> InstanceNames:
    """Names of the instances of a commit as the current actor may see them, ends of links too."""
    return InstanceNames(reader, shown=lambda found: _shown(info, reader, found)[0])


def key_is_seen(info: OntologyInfo, reader: CommitReader, document: StoredDocument) -> bool:
    """Whether the current actor may see the key of an object, when it has one."""
    if document.kind not in INSTANCE_KINDS or KEY not in document.body:
        return True
    if authorizer.clearance(current_actor(), ontology=info.name).sees_everything:
        return True
    return KEY in _shown(info, reader, [document])[0][0].body


def visible_changes(
    info: OntologyInfo,
    before: CommitReader | None,
    after: CommitReader,
    changes: Sequence[DocumentChange],
) -> list[DocumentChange]:
    """``changes`` with both sides as the current actor may see them.

    Both commits' schemas count: what a type said of its values holds for them, also when the type
    is gone now.
    """
    instances = [change for change in changes if change.kind in INSTANCE_KINDS]
    if not instances:
        return list(changes)
    masker = _masker(info, after) if before is None else _masker(info, before, after)
    masker.prepare(
        body for change in instances for body in (change.before, change.after) if body is not None
    )
    trace = _Trace(info, after)

    def seen(change: DocumentChange, body: Body | None) -> Body | None:
        if body is None:
            return None
        view = masker.show(change.kind, body)
        trace.add(change.rid, view.watched)
        return view.body

    shown = [
        DocumentChange(
            change.rid,
            change.kind,
            seen(change, change.before),
            seen(change, change.after),
        )
        if change.kind in INSTANCE_KINDS
        else change
        for change in changes
    ]
    trace.record()
    return shown


def exported_bodies(
    info: OntologyInfo, reader: CommitReader, documents: Iterable[StoredDocument]
) -> list[tuple[StoredDocument, Body]]:
    """Documents with the bodies that an export may hold: masked values are not in it."""
    bodies, record = kept_bodies(info, reader, documents)
    record()
    return bodies


def kept_bodies(
    info: OntologyInfo, reader: CommitReader, documents: Iterable[StoredDocument]
) -> tuple[list[tuple[StoredDocument, Body]], Callable[[], None]]:
    """``exported_bodies`` for who keeps them, and what records that somebody reads of them."""
    found = list(documents)
    shown, trace = _shown(info, reader, found)
    bodies = [
        (document, {name: value for name, value in view.body.items() if name not in _GAPS})
        if view is not document or REDACTED in document.body
        else (document, document.body)
        for document, view in zip(found, shown, strict=True)
    ]
    return bodies, trace.record


def visibility(*, ontology: str) -> str:
    """What tells two answers about a commit apart: who asks, and what was erased since. Empty for
    who may see everything there ever was.
    """
    info = readable(ontology)
    erased = f"e{info.erasures}" if info.erasures else ""
    clearance = authorizer.clearance(current_actor(), ontology=info.name)
    if clearance.sees_everything:
        return erased
    rules = sorted((rule.object_type, rule.property_name, rule.level) for rule in clearance.rules)
    digest = hashlib.sha256(dumps_text([clearance.level, rules]).encode()).hexdigest()[:12]
    return digest + erased


def hidden_names(
    info: OntologyInfo, reader: CommitReader, kind: Kind, names: Mapping[str, Collection[str]]
) -> dict[str, frozenset[str]]:
    """Values that the current actor may not see, whatever they are.

    Args:
        names: ``rid`` of a type -> ``apiName``s of properties of its instances.

    Returns:
        Type -> those of its names; types without any are left out.
    """
    clearance = authorizer.clearance(current_actor(), ontology=info.name)
    if clearance.sees_everything:
        return {}
    masker = _masker(info, reader)
    bodies = {rid: {"_type": rid, **dict.fromkeys(given)} for rid, given in names.items()}
    masker.prepare(bodies.values())
    found = {rid: frozenset(masker.show(kind, body).masked) for rid, body in bodies.items()}
    return {rid: masked for rid, masked in found.items() if masked}


def visible_values(
    info: OntologyInfo,
    reader: CommitReader,
    conflicts: Sequence[Conflict],
    documents: Mapping[str, StoredDocument],
) -> tuple[Conflict, ...]:
    """``conflicts`` without the values that the current actor may not see: in their place stands
    the member that names them.

    Args:
        documents: the objects and links in question, by ``rid``.
    """
    if authorizer.clearance(current_actor(), ontology=info.name).sees_everything:
        return tuple(conflicts)
    masker = _masker(info, reader)
    masker.prepare(document.body for document in documents.values())
    shown: list[Conflict] = []
    for conflict in conflicts:
        document = documents.get(conflict.rid)
        if document is None:
            shown.append(conflict)
            continue
        name = conflict.path[1:].partition("/")[0].replace("~1", "/").replace("~0", "~")
        values = {
            side: _visible_value(masker, document, name, getattr(conflict, side))
            for side in ("base", "ours", "theirs")
        }
        masked = any(values[side] != getattr(conflict, side) for side in values)
        message = "The two sides changed a value that you may not see." if masked else ""
        shown.append(replace(conflict, **values, message=message or conflict.message))
    return tuple(shown)


def _visible_value(masker: Masker, document: StoredDocument, name: str, value: Any) -> Any:
    if value is None:
        return None
    kind, type_rid = document.kind, document.body.get("_type")
    if not name:  # the whole document
        return masker.show(kind, value).body if isinstance(value, Mapping) else value
    masked = masker.show(kind, {"_type": type_rid, name: value}).masked
    return {MASKED: list(masked)} if masked else value


def search_level(info: OntologyInfo) -> int:
    """The highest sensitivity (a position in ``SENSITIVITIES``) whose words the current actor may
    look for: where rules differ, the lowest holds.
    """
    clearance: Clearance | None = authorizer.clearance(current_actor(), ontology=info.name)
    levels = []
    while clearance is not None:
        levels += [clearance.level, *(rule.level for rule in clearance.rules)]
        clearance = clearance.also
    return min(SENSITIVITIES.index(level) for level in levels)


def _masker(info: OntologyInfo, *readers: CommitReader) -> Masker:
    """Judges by the schemas of the commits that are read and of the default branch's head."""
    clearance = authorizer.clearance(current_actor(), ontology=info.name)
    head = store.resolve(info.id, info.default_branch)
    by_commit = {reader.commit.id: reader for reader in readers}
    if head.id not in by_commit:
        by_commit[head.id] = store.reader(info.id, head)
    return _masker_of(clearance, tuple(compiled(reader).catalogue for reader in by_commit.values()))


@lru_cache(maxsize=256)
def _masker_of(clearance: Clearance, catalogues: tuple[Catalogue, ...]) -> Masker:
    # Whoever's rules change has another clearance, and a commit's catalogue never changes.
    return Masker(catalogues, clearance)


class _Trace:
    """Collects what restricted values a read shows, for one event."""

    def __init__(self, info: OntologyInfo, reader: CommitReader) -> None:
        self._info = info
        self._commit = reader.commit.id
        self._read: dict[str, list[str]] = {}

    def add(self, document: str, names: tuple[str, ...]) -> None:
        """Note that values of ``names`` are shown."""
        if names:
            self._read.setdefault(document, []).extend(names)

    def record(self) -> None:
        """Write the event, when there is something to tell."""
        if not self._read:
            return
        named = dict(list(self._read.items())[:_NAMED])
        audit_log.record(
            "ontology.restricted_read",
            Subject("document", "", next(iter(named))),
            ontology=self._info.name,
            commit=self._commit,
            data={
                "documents": len(self._read),
                "values": {document: sorted(set(names)) for document, names in named.items()},
            },
        )
