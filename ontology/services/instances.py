"""From changes of objects and links to document changes: types, keys, ends, values, deletions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oms_project.core.errors import NotFound, PreconditionFailed
from oms_project.core.ids import derived_id, is_rid, new_id
from ontology.contract import Change
from ontology.domain.documents import Body, DocumentChange, Problem, instance_name_key, normalise
from ontology.domain.instances.keys import KEY, key_text
from ontology.domain.instances.layout import Layout, LinkLayout
from ontology.domain.instances.rules import Rules, instance_id
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.masking import MASKED
from ontology.domain.redaction import REDACTED
from ontology.domain.shapes import same
from ontology.domain.state import State
from ontology.domain.validation.instances import check_missing
from ontology.instance_names import split_instance
from ontology.services.editing import patched
from ontology.services.instance_targets import Targets, key_values, with_key
from ontology.store.port import CommitReader, DocumentFilter, StoredDocument

__all__ = ["Creation", "InstancePlan", "InstancePlanner"]

_READ_ONLY = ("@id", "@type", "@source", "@target", "rid")
_ENDS = ("_source", "_target")


@dataclass(frozen=True)
class Creation(Change):
    """The creation of an object by a service that has worked out its ``rid``."""

    rid: str = ""


@dataclass(slots=True)
class InstancePlan:
    """What the changes of objects and links come to.

    Attributes:
        changes: those that really change something.
        touched: position in the change set -> ``rid``.
        checked: ``rid``s whose values were checked.
        problems: everything that is wrong.
    """

    changes: list[DocumentChange] = field(default_factory=list)
    stored: dict[str, StoredDocument] = field(default_factory=dict)
    touched: dict[int, str] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Working:
    kind: Kind
    before: Body | None
    body: Body | None
    etag: str | None


class InstancePlanner:
    """Applies changes of objects and links one after the other.

    Args:
        reader: the commit that they are applied to.
        state: the commit with the change set's changes of definitions on top.
        find_type: ``(name, kinds)`` -> ``rid`` of a type, also of one that is created just now.
        given: bodies of instances that changed definitions change already (``rid`` -> body).
    """

    def __init__(
        self,
        reader: CommitReader,
        state: State,
        find_type: Callable[[str, tuple[Kind, ...]], str | None],
        given: Sequence[DocumentChange] = (),
    ) -> None:
        self._reader = reader
        self._rules = Rules(state)
        self._targets = Targets(reader, self._rules, find_type)
        self._plan = InstancePlan(stored=self._targets.stored)
        self._working: dict[str, _Working] = {}
        for change in given:
            self._working[change.rid] = _Working(change.kind, change.before, change.after, None)

    def run(self, changes: Sequence[tuple[int, Change]]) -> InstancePlan:
        """Work out ``changes``, each with its position in the change set."""
        self._targets.load([change for _, change in changes])
        for index, change in changes:
            rid = self._apply(index, change)
            if rid is not None:
                self._plan.touched[index] = rid
        self._follow_deletions()
        for rid, working in self._working.items():
            if not same(working.before, working.body):
                self._plan.changes.append(
                    DocumentChange(rid, working.kind, working.before, working.body)
                )
        return self._plan

    # --- reading what is named ------------------------------------------------------------------
    def _find(self, target: str) -> str | None:
        """The instance that a target names at this point of the change set."""
        if is_rid(target):
            return target
        split = split_instance(target)
        if split is not None:
            created = self._targets.created(target)
            if created is not None:
                return created
            if target not in self._targets.found and is_rid(split[1]) and self._current(split[1]):
                return split[1]
        return self._targets.found.get(target)

    def _current(self, rid: str) -> _Working | None:
        working = self._working.get(rid)
        if working is None:
            stored = self._targets.get(rid)
            if stored is None or stored.kind not in INSTANCE_KINDS:
                return None
            live = None if stored.deleted else stored.body
            working = self._working[rid] = _Working(stored.kind, live, live, stored.hash)
        return working

    # --- applying -------------------------------------------------------------------------------
    def _apply(self, index: int, change: Change) -> str | None:
        if change.op == "create":
            return self._create(index, change)
        rid = self._find(str(change.target))
        if rid is None and change.op == "restore":
            rid = self._find_deleted(str(change.target))
        working = self._current(rid) if rid is not None else None
        if rid is None or working is None:
            raise _missing(change)
        if change.if_match is not None and change.if_match != working.etag:
            raise PreconditionFailed(
                f"{change.target} has changed since you read it. Read it again and re-apply.",
                data={"document": change.target, "etag": working.etag},
            )
        if change.op == "restore":
            stored = self._plan.stored.get(rid)
            if working.body is None and stored is not None:
                working.body = stored.body
                self._remember(rid, working)
            return rid
        if working.body is None:
            raise _missing(change)
        if change.op == "delete":
            self._forget(working)
            working.body = None
            return rid
        layout = self._rules.layout(str(working.body.get("_type")))
        if layout is None:
            self._problem(index, change, "/type", "unknown-type", "Its type does not exist.")
            return rid
        self._forget(working)
        working.body = self._edited(index, change, rid, working, layout)
        self._remember(rid, working)
        return rid

    def _edited(
        self, index: int, change: Change, rid: str, working: _Working, layout: Layout
    ) -> Body:
        assert working.body is not None
        fields = self._values(index, change)
        system = {name: value for name, value in working.body.items() if name.startswith("_")}
        if change.op == "replace":
            body = {
                **system,
                **{name: value for name, value in fields.items() if value is not None},
            }
        else:
            body = patched(working.body, fields)
        erased = [name for name in system.get(REDACTED, ()) if name not in fields]
        if REDACTED in body and erased != body[REDACTED]:
            body = {**body, REDACTED: erased} if erased else _without(body, REDACTED)
        return self._finished(working.kind, rid, layout, body)

    def _finished(self, kind: Kind, rid: str, layout: Layout, body: Mapping[str, Any]) -> Body:
        """Values checked and in normal form, key and defaults in place."""
        named = with_key(layout, {**body, **key_values(layout, body)}) if layout.key else body
        document = instance_id(self._rules, kind, rid, named)
        made = dict(body)

        def report(pointer: str, rule: str, message: str) -> None:
            self._plan.problems.append(Problem(rid, kind, document, pointer, rule, message))

        for name, value in body.items():
            if name.startswith("_"):
                continue
            item = layout.properties.get(name)
            pointer = f"/{name.replace('~', '~0').replace('/', '~1')}"
            if item is not None:
                made[name] = item.check(value, pointer, report)
                continue
            near = layout.property(name)
            meant = f"Spell it {near.name}." if near else f"{layout.name} has no such property."
            report(pointer, "unknown-property", f"There is no '{name}': {meant}")
        check_missing(layout, made, report)
        self._plan.checked.add(rid)
        if layout.key:
            made = with_key(layout, made)
        return normalise(kind, made)

    def _values(self, index: int, change: Change) -> dict[str, Any]:
        """The fields that a caller may set."""
        if MASKED in change.fields:
            self._problem(
                index,
                change,
                f"/{MASKED}",
                "masked",
                "This is what you may see of the object, not all of it: written back, it would "
                f"take the masked values away. Send the values to change, not {MASKED}.",
            )
        return {
            name: value
            for name, value in change.fields.items()
            if name not in _READ_ONLY and not name.startswith("_")
        }

    def _create(self, index: int, change: Change) -> str | None:
        type_rid = self._targets.type(change.type or "")
        layout = self._rules.layout(type_rid) if type_rid else None
        wanted = {"Object": Kind.OBJECT_TYPE, "Link": Kind.LINK_TYPE}.get(change.kind or "")
        if layout is None or (wanted is not None and layout.kind != wanted):
            what = {"Object": "object type", "Link": "link type"}.get(change.kind or "", "type")
            self._problem(
                index,
                change,
                "/type",
                "unknown-type",
                f"There is no {what} '{change.type or ''}'. Name the type of what is created.",
            )
            return None
        fields = self._values(index, change)
        values = {name: value for name, value in fields.items() if value is not None}
        values = {**layout.defaults, **values}
        if isinstance(layout, LinkLayout):
            return self._create_link(index, change, layout, values)
        return self._create_object(index, change, layout, values)

    def _create_object(
        self, index: int, change: Change, layout: Layout, values: dict[str, Any]
    ) -> str:
        body: dict[str, Any] = {"_type": layout.rid, **values}
        iri = change.fields.get("_iri") or change.fields.get("@iri")
        if isinstance(iri, str) and iri:
            body["_iri"] = iri
        key = with_key(layout, key_values(layout, values)).get(KEY)
        given = isinstance(change, Creation)
        if isinstance(change, Creation):
            rid = change.rid
        else:
            rid = derived_id(layout.rid, key_text(key)) if key is not None else new_id()
        taken = self._current(rid) if given or key is not None else None
        if taken is not None and taken.body is not None:
            rid = new_id()  # it was made with this key and has another one now, or is a duplicate
            taken = None
        working = taken or _Working(Kind.OBJECT, None, None, None)
        self._working[rid] = working
        working.body = self._finished(Kind.OBJECT, rid, layout, body)
        name = instance_name_key(Kind.OBJECT, working.body)
        if key is not None and self._targets.is_created(name):
            self._problem(
                index,
                change,
                f"/{layout.key[0]}",
                "primary-key",
                "Another object of this change set has the same primary key.",
            )
        self._remember(rid, working)
        return rid

    def _create_link(
        self, index: int, change: Change, layout: LinkLayout, values: dict[str, Any]
    ) -> str | None:
        ends: list[str] = []
        for name, text in (("source", change.source), ("target", change.target)):
            found = self._find(text) if text else None
            current = self._current(found) if found is not None else None
            if found is None or current is None or current.kind != Kind.OBJECT:
                what = f"There is no object '{text}'." if text else f"A link needs a '{name}'."
                self._problem(
                    index,
                    change,
                    f"/{name}",
                    "unknown-reference",
                    f"{what} Name it as Type/key, or create it in the same change set.",
                )
            else:
                ends.append(found)
        if len(ends) != len(_ENDS):
            return None
        if layout.symmetric:
            ends.sort()  # the same link, whichever end it is told from
        rid = derived_id(layout.rid, *ends)
        known = self._current(rid)
        if known is not None and known.body is not None:
            self._problem(
                index,
                change,
                "",
                "duplicate-link",
                "There is a link of this type between these two objects already. Update it.",
            )
            return rid
        working = known or _Working(Kind.LINK, None, None, None)
        self._working[rid] = working
        body = {"_type": layout.rid, "_source": ends[0], "_target": ends[1], **values}
        working.body = self._finished(Kind.LINK, rid, layout, body)
        return rid

    def _remember(self, rid: str, working: _Working) -> None:
        """From here on in the change set, the object is found by its key."""
        if working.kind == Kind.OBJECT and working.body is not None:
            self._targets.remember(instance_name_key(Kind.OBJECT, working.body), rid)

    def _forget(self, working: _Working) -> None:
        if working.kind == Kind.OBJECT and working.body is not None:
            self._targets.forget(instance_name_key(Kind.OBJECT, working.body))

    def _find_deleted(self, target: str) -> str | None:
        """The deleted object with that key; the one deleted last, if there are several."""
        found: list[StoredDocument] = []
        for name_key in self._targets.names.candidates(target):
            page = self._reader.page(
                where=DocumentFilter(kinds=(Kind.OBJECT,), include_deleted=True),
                after=(Kind.OBJECT.value, name_key, ""),
                limit=100,
            )
            found += [item for item in page if item.deleted and item.key == name_key]
        return max(found, key=lambda item: item.updated).rid if found else None

    # --- deletions ------------------------------------------------------------------------------
    def _follow_deletions(self) -> None:
        """What each link type says of links whose object is deleted: ``detach`` deletes the link,
        ``cascade`` also the object that it led to; ``restrict`` leaves it, which validation
        refuses, unless both objects go.
        """
        todo = [
            rid
            for rid, working in self._working.items()
            if working.kind == Kind.OBJECT and working.body is None and working.before is not None
        ]
        seen = set(todo)
        while todo:
            found = self._reader.links_at(todo)
            links = {link for rids in found.values() for link in rids}
            self._plan.stored.update(
                self._reader.get_with_deleted([rid for rid in links if rid not in self._working])
            )
            for rid, working in list(self._working.items()):  # links of this very change set
                if working.kind == Kind.LINK and working.body is not None:
                    links.add(rid)
            following: list[str] = []
            for link in sorted(links):
                following += self._follow(link, seen)
            todo = [rid for rid in dict.fromkeys(following) if rid not in seen]
            seen.update(todo)

    def _follow(self, link: str, deleted: set[str]) -> list[str]:
        working = self._current(link)
        if working is None or working.body is None:
            return []
        source, target = (str(working.body.get(name)) for name in _ENDS)
        if source not in deleted and target not in deleted:
            return []
        layout = self._rules.link_layout(working.body.get("_type"))
        both = source in deleted and target in deleted
        if layout is None or (layout.on_delete == "restrict" and not both):
            return []
        working.body = None
        if layout.on_delete != "cascade" or both or target in deleted:
            return []
        other = self._current(target)
        if other is None or other.body is None:
            return []
        other.body = None
        return [target]

    # --- reporting ------------------------------------------------------------------------------
    def _problem(self, index: int, change: Change, field: str, rule: str, message: str) -> None:
        kind = Kind.LINK if change.kind == "Link" else Kind.OBJECT
        name = change.target if change.op != "create" else change.type
        self._plan.problems.append(
            Problem("", kind, str(name or ""), f"/changes/{index}{field}", rule, message)
        )


def _without(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


def _missing(change: Change) -> NotFound:
    return NotFound(
        f"There is no document '{change.target}' here.",
        code="document_not_found",
        data={"document": change.target},
    )
