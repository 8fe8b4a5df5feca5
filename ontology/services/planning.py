"""From a change set to document changes: names resolved, patches applied, bodies normalised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oms_project.core.errors import Conflict, Invalid, NotFound, PreconditionFailed
from oms_project.core.ids import derived_id, is_rid, new_id
from ontology.contract import Change
from ontology.domain.documents import (
    Body,
    DocumentChange,
    Problem,
    document_id,
    normalised,
)
from ontology.domain.kinds import DEFINITION_KINDS, Kind
from ontology.domain.names import convention_problem, enum_code_problem, name_key, name_problem
from ontology.references import REFERENCE_FIELDS, NameResolver, Token, map_references
from ontology.store.port import CommitReader, StoredDocument

__all__ = ["Plan", "plan_changes"]

_PROPERTY_FIELDS = {
    Kind.OBJECT_TYPE: "properties",
    Kind.LINK_TYPE: "properties",
    Kind.INTERFACE: "properties",
    Kind.STRUCT_TYPE: "fields",
}
#: Fields that hold text, or names of properties; never a reference.
_NO_REFERENCES = frozenset(
    {
        "aliases",
        "annotations",
        "apiName",
        "code",
        "default",
        "description",
        "displayName",
        "externalMappings",
        "icon",
        "iri",
        "name",
        "owner",
        "primaryKey",
        "reason",
        "since",
        "sourceName",
        "tags",
        "targetName",
        "titleProperty",
        "uniqueConstraints",
        "unit",
        "values",
    }
)
_READ_ONLY = ("@id", "@type", "rid")


@dataclass(slots=True)
class Plan:
    """What a change set comes to at one head.

    Attributes:
        changes: the documents that really change.
        stored: what stands in the store for them (deleted ones too), for the commit.
        touched: ``rid``s in the order of the change set, changed or not.
    """

    changes: list[DocumentChange] = field(default_factory=list)
    stored: dict[str, StoredDocument] = field(default_factory=dict)
    touched: list[str] = field(default_factory=list)


def plan_changes(
    reader: CommitReader, changes: Sequence[Change], *, ontology_id: str, rid_namespace: str
) -> Plan:
    """Work out ``changes`` on the state of ``reader``, one after the other.

    Raises:
        NotFound: a target does not exist.
        PreconditionFailed: an ``if_match`` no longer holds.
        Conflict: a name to be created is taken.
        Invalid: with every problem of shape, naming and reference found.
    """
    return _Planner(reader, changes, ontology_id, rid_namespace).run()


@dataclass(slots=True)
class _Working:
    """A document while the change set is applied. ``etag`` is that of the state before."""

    kind: Kind
    before: Body | None
    body: Body | None
    etag: str | None


class _Planner:
    def __init__(
        self,
        reader: CommitReader,
        changes: Sequence[Change],
        ontology_id: str,
        rid_namespace: str,
    ) -> None:
        self._reader = reader
        self._ontology_id = ontology_id
        self._changes = changes
        self._rid_namespace = rid_namespace
        self._problems: list[Problem] = []
        self._working: dict[str, _Working] = {}
        self._stored: dict[str, StoredDocument] = {}
        self._created: dict[tuple[Kind, str], str] = {}
        self._created_iris: dict[str, str] = {}
        self._new_rids: dict[int, str] = {}
        self._resolver = NameResolver(reader, self._created, self._created_iris)

    def run(self) -> Plan:
        self._check_commands()
        self._load()
        touched = [self._apply(index, change) for index, change in enumerate(self._changes)]
        if self._problems:
            raise Invalid(
                _summary(self._problems), errors=[problem.as_dict() for problem in self._problems]
            )
        changed = [
            DocumentChange(rid, working.kind, working.before, working.body)
            for rid in dict.fromkeys(touched)
            if (working := self._working[rid]).before != working.body
        ]
        return Plan(changed, self._stored, touched)

    def _check_commands(self) -> None:
        errors = []
        for index, change in enumerate(self._changes):
            missing = None
            if change.op == "create" and (change.kind is None or not change.fields):
                missing = "create needs 'kind' and 'fields'"
            elif change.op == "create" and change.kind not in set(DEFINITION_KINDS):
                missing = f"'{change.kind}' is not a kind; kinds: {', '.join(DEFINITION_KINDS)}"
            elif change.op != "create" and not change.target:
                missing = f"{change.op} needs 'target'"
            elif change.op == "rename" and not change.api_name:
                missing = "rename needs 'apiName'"
            elif change.op in ("update", "replace") and not change.fields:
                missing = f"{change.op} needs 'fields'"
            if missing:
                errors.append(
                    {
                        "document": change.target or "",
                        "field": f"/changes/{index}",
                        "rule": "command",
                        "message": missing[0].upper() + missing[1:] + ".",
                    }
                )
        if errors:
            raise Invalid(f"The change set cannot be read: {errors[0]['message']}", errors=errors)

    # --- loading --------------------------------------------------------------------------------
    def _load(self) -> None:
        """Assign ``rid``s to what is created, then read all that the change set names at once."""
        tokens: list[Token] = []
        for index, change in enumerate(self._changes):
            if change.op == "create":
                kind = Kind(str(change.kind))
                name, iri = change.fields.get("apiName"), change.fields.get("iri")
                identity = iri if isinstance(iri, str) and iri else str(name)
                rid = derived_id(self._rid_namespace, kind.value, identity)
                self._new_rids[index] = rid
                if isinstance(name, str):
                    tokens.append((f"{kind.value}/{name}", (kind,)))
            else:
                tokens.append((str(change.target), DEFINITION_KINDS))

        def collect(text: str, kinds: tuple[Kind, ...]) -> str:
            tokens.append((text, kinds))
            return text

        for change in self._changes:
            if REFERENCE_FIELDS.isdisjoint(change.fields):
                continue
            for kind in (Kind(change.kind),) if change.kind else Kind:
                map_references(kind, change.fields, collect)
        self._resolver.load([token for token in tokens if not is_rid(token[0])])
        wanted = set(self._new_rids.values())
        for change in self._changes:
            target = self._find(change) if change.target else None
            if target is not None:
                wanted.add(target)
        self._stored.update(self._reader.get_with_deleted(wanted))
        self._register_creations()

    def _register_creations(self) -> None:
        for index, derived in self._new_rids.items():
            change = self._changes[index]
            rid = derived
            taken = self._stored.get(rid)
            if (taken is not None and not taken.deleted) or rid in self._created.values():
                # The thing that was made with this name lives on under another one.
                rid = self._new_rids[index] = new_id()
            name, iri = change.fields.get("apiName"), change.fields.get("iri")
            if isinstance(name, str):
                self._created.setdefault((Kind(str(change.kind)), name_key(name)), rid)
            if isinstance(iri, str) and iri:
                self._created_iris.setdefault(iri, rid)

    # --- applying -------------------------------------------------------------------------------
    def _apply(self, index: int, change: Change) -> str:
        if change.op == "create":
            return self._create(index, change)
        rid = self._target(change)
        working = self._working[rid]
        self._check_if_match(change, working)
        if change.op == "restore":
            self._restore(rid, working)
            return rid
        if working.body is None:
            raise _missing(change)
        if change.op == "delete":
            working.body = None
            return rid
        if change.op == "rename":
            working.body = self._renamed(rid, working, str(change.api_name))
            return rid
        fields = self._resolved(working.kind, rid, change.fields)
        base = working.body
        if change.op == "update":
            fields = _patched(base, fields)
        elif "apiName" not in fields:
            fields["apiName"] = base.get("apiName")
        if fields.get("apiName") != base.get("apiName") and working.kind in DEFINITION_KINDS:
            fields = _with_alias(base, fields)
        working.body = self._finished(working.kind, rid, base, fields)
        return rid

    def _create(self, index: int, change: Change) -> str:
        kind = Kind(str(change.kind))
        rid = self._new_rids[index]
        name = change.fields.get("apiName")
        if isinstance(name, str):
            taken = self._resolver.name_found(kind, name_key(name))
            document = self._current(taken) if taken else None
            if (
                document is not None
                and document.body is not None
                and name_key(str(document.body.get("apiName"))) == name_key(name)
            ):
                raise Conflict(
                    f"{document_id(kind, rid, document.body)} exists already. "
                    "Update it, or choose another name.",
                    code="already_exists",
                    data={"document": document_id(kind, rid, document.body)},
                )
        fields = self._resolved(kind, rid, change.fields)
        fields = {key: value for key, value in fields.items() if value is not None}
        body = self._finished(kind, rid, None, fields)
        self._working[rid] = _Working(kind, None, body, None)
        return rid

    def _target(self, change: Change) -> str:
        rid = self._find(change)
        if rid is None or self._current(rid) is None:
            raise _missing(change)
        return rid

    def _find(self, change: Change) -> str | None:
        if change.target == Kind.ONTOLOGY.value:
            return self._ontology_id  # there is one such document
        return self._resolver.find(str(change.target), DEFINITION_KINDS)

    def _current(self, rid: str) -> _Working | None:
        working = self._working.get(rid)
        if working is None:
            stored = self._stored.get(rid)
            if stored is None:
                found = self._reader.get_with_deleted([rid])
                if rid not in found:
                    return None
                stored = self._stored[rid] = found[rid]
            live = None if stored.deleted else stored.body
            working = self._working[rid] = _Working(stored.kind, live, live, stored.hash)
        return working

    def _check_if_match(self, change: Change, working: _Working) -> None:
        if change.if_match is not None and change.if_match != working.etag:
            raise PreconditionFailed(
                f"{change.target} has changed since you read it. Read it again and re-apply.",
                data={"document": change.target, "etag": working.etag},
            )

    def _restore(self, rid: str, working: _Working) -> None:
        stored = self._stored.get(rid)
        if working.body is None and stored is not None:
            working.body = stored.body

    def _renamed(self, rid: str, working: _Working, name: str) -> Body:
        assert working.body is not None
        if name == working.body.get("apiName"):
            return working.body
        fields = _with_alias(working.body, {**working.body, "apiName": name})
        return self._finished(working.kind, rid, working.body, fields)

    def _resolved(self, kind: Kind, rid: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """``fields`` with ``rid``s for names; what a read added is taken out again."""
        document = document_id(kind, rid, fields)
        pointers: dict[str, Iterator[str]] = {}

        def resolve(text: str, kinds: tuple[Kind, ...]) -> str:
            found = self._resolver.find(text, kinds)
            if found is None:
                # References are resolved in the order in which they stand.
                places = pointers.setdefault(text, _pointers_to(text, plain))
                self._problems.append(
                    Problem(
                        rid,
                        kind,
                        document,
                        next(places, ""),
                        "unknown-reference",
                        f"There is no '{text}'. Create it first, or in the same change set; "
                        f"possible here: {', '.join(kinds)}.",
                    )
                )
                return text
            return found

        plain = {
            name: value
            for name, value in fields.items()
            if name not in _READ_ONLY and not name.startswith("_")
        }
        return map_references(kind, plain, resolve)

    def _finished(
        self, kind: Kind, rid: str, before: Body | None, fields: Mapping[str, Any]
    ) -> Body:
        """Normal form; collects problems of shape and of new names."""
        body = _with_part_rids(kind, rid, before, fields)
        normal, problems = normalised(kind, rid, body)
        if normal is None:
            self._problems += problems
            return body
        self._problems += _naming_problems(kind, rid, before, normal)
        return normal


def _pointers_to(text: str, value: Any, pointer: str = "") -> Iterator[str]:
    """JSON pointers of the places in ``value`` where a reference field holds ``text``.

    A text of people (a name, a label) that happens to be the same is passed over: it stands in a
    field that holds no reference.
    """
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name not in _NO_REFERENCES:
                step = str(name).replace("~", "~0").replace("/", "~1")
                yield from _pointers_to(text, item, f"{pointer}/{step}")
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _pointers_to(text, item, f"{pointer}/{position}")
    elif value == text:
        yield pointer


def _missing(change: Change) -> NotFound:
    return NotFound(
        f"There is no document '{change.target}' here.",
        code="document_not_found",
        data={"document": change.target},
    )


def _with_alias(before: Body, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the old name findable; coming back to an alias takes it off the list."""
    aliases = set(fields.get("aliases") or ()) | {before.get("apiName")}
    aliases -= {None, fields.get("apiName")}
    return {**fields, "aliases": sorted(aliases)}


def _patched(base: Body, patch: Mapping[str, Any]) -> dict[str, Any]:
    """JSON merge patch (RFC 7396)."""
    merged = dict(base)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(name), Mapping):
            merged[name] = _patched(merged[name], value)
        else:
            merged[name] = value
    return merged


def _with_part_rids(
    kind: Kind, rid: str, before: Body | None, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Properties without a ``rid`` get that of the property with their name, or a derived one."""
    body = dict(fields)
    field_name = _PROPERTY_FIELDS.get(kind)
    items = body.get(field_name) if field_name else None
    if not isinstance(items, list):
        return body
    assert field_name is not None
    known = {name_key(item["apiName"]): item["rid"] for item in (before or {}).get(field_name, ())}
    used = {item.get("rid") for item in items if isinstance(item, Mapping)}
    finished = []
    for item in items:
        if (
            isinstance(item, Mapping)
            and not item.get("rid")
            and isinstance(item.get("apiName"), str)
        ):
            key = name_key(item["apiName"])
            part = known.get(key)
            if part is None or part in used:
                part = derived_id(rid, str(item.get("sharedProperty") or item["apiName"]))
                if part in used:
                    part = new_id()
            used.add(part)
            item = {**item, "rid": part}  # noqa: PLW2901
        finished.append(item)
    body[field_name] = finished
    return body


def _naming_problems(kind: Kind, rid: str, before: Body | None, body: Body) -> list[Problem]:
    """Names given now follow the convention; names that are there (imported ones) may stay."""
    document = document_id(kind, rid, body)
    problems: list[Problem] = []

    def check(pointer: str, name: str, problem: str | None) -> None:
        if problem is not None:
            problems.append(
                Problem(rid, kind, document, pointer, "naming", f"'{name}': {problem}.")
            )

    name = body.get("apiName")
    if name is not None and name != (before or {}).get("apiName") and name_problem(name) is None:
        check("/apiName", name, convention_problem(kind, name))
    old = before or {}
    for field_name in ("properties", "fields", "parameters"):
        if not isinstance(body.get(field_name), list):
            continue
        known = {item["apiName"] for item in old.get(field_name, ())}
        for position, item in enumerate(body[field_name]):
            name = item["apiName"]
            # A shared property brings its name along, which an import may have given it.
            if name in known or item.get("sharedProperty") or name_problem(name) is not None:
                continue
            check(f"/{field_name}/{position}/apiName", name, convention_problem(None, name))
    if kind == Kind.ENUM_TYPE:
        known = {item["code"] for item in old.get("members", ())}
        for position, item in enumerate(body.get("members", ())):
            if item["code"] not in known:
                check(f"/members/{position}/code", item["code"], enum_code_problem(item["code"]))
    return problems


def _summary(problems: Sequence[Problem]) -> str:
    first = problems[0]
    where = f"{first.document}{first.field and ' ' + first.field}"
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"The change is not valid: {where}: {first.message}{more}"
