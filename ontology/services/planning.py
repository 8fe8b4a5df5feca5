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
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, Kind
from ontology.domain.masking import MASKED
from ontology.domain.names import name_key
from ontology.domain.shapes import same
from ontology.domain.state import OverlayState
from ontology.instance_names import split_instance
from ontology.references import (
    REFERENCE_FIELDS,
    NameResolver,
    Token,
    map_references,
    split_target,
)
from ontology.services.editing import naming_problems, patched, with_alias, with_part_rids
from ontology.services.instances import InstancePlanner
from ontology.services.restating import restated
from ontology.store.port import CommitReader, DocumentFilter, StoredDocument

__all__ = ["Plan", "plan_changes"]

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
        checked: ``rid``s of objects and links whose values were checked.
        problems: what is wrong about values of objects and links.
        warnings: filled by validation.
    """

    changes: list[DocumentChange] = field(default_factory=list)
    stored: dict[str, StoredDocument] = field(default_factory=dict)
    touched: list[str] = field(default_factory=list)
    checked: frozenset[str] = frozenset()
    problems: Sequence[Problem] = ()
    warnings: tuple[Mapping[str, str], ...] = ()


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
    kinds = _kinds_of_targets(reader, changes)
    data: list[tuple[int, Change]] = []
    definitions: list[tuple[int, Change]] = []
    for index, change in enumerate(changes):
        (data if _is_instance(change, kinds) else definitions).append((index, change))
    planner = _Planner(reader, definitions, ontology_id, rid_namespace)
    plan = planner.run()
    if not data:
        plan.changes = restated(reader, plan.changes)
        return plan
    return _with_instances(reader, planner, plan, data)


def _is_instance(change: Change, kinds: Mapping[str, Kind]) -> bool:
    """Whether a change is about an object or link, as far as it says so."""
    if change.op == "create":
        return change.kind in INSTANCE_KINDS or (change.kind is None and change.type is not None)
    target = str(change.target or "")
    if target in kinds:
        return kinds[target] in INSTANCE_KINDS
    return split_instance(target) is not None


def _kinds_of_targets(reader: CommitReader, changes: Sequence[Change]) -> dict[str, Kind]:
    """Kinds of the targets that do not tell it themselves: ``rid``s and IRIs."""
    targets = {str(change.target) for change in changes if change.op != "create" and change.target}
    rids = {target: target for target in targets if is_rid(target)}
    iris = [target for target in targets if ":" in target.partition("/")[0] and target not in rids]
    if iris:
        rids.update((iri, found[0]) for iri, found in reader.find_entries("iri", iris).items())
    found = reader.get_with_deleted(set(rids.values())) if rids else {}
    return {target: found[rid].kind for target, rid in rids.items() if rid in found}


def _with_instances(
    reader: CommitReader, planner: _Planner, plan: Plan, data: Sequence[tuple[int, Change]]
) -> Plan:
    definitions = plan.changes
    whole = restated(reader, definitions) if definitions else []
    given = [change for change in whole if change.kind in INSTANCE_KINDS]
    state = OverlayState(reader, definitions) if definitions else reader
    found = InstancePlanner(reader, state, planner.find_type, given).run(data)
    touched = {**planner.touched, **found.touched}
    return Plan(
        changes=[*definitions, *found.changes],
        stored={**plan.stored, **found.stored},
        touched=[touched[index] for index in sorted(touched)],
        checked=frozenset(found.checked),
        problems=found.problems,
    )


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
        changes: Sequence[tuple[int, Change]],
        ontology_id: str,
        rid_namespace: str,
    ) -> None:
        self._reader = reader
        self._ontology_id = ontology_id
        self._positions = [index for index, _ in changes]
        self._changes = [change for _, change in changes]
        self.touched: dict[int, str] = {}
        self._rid_namespace = rid_namespace
        self._problems: list[Problem] = []
        self._working: dict[str, _Working] = {}
        self._stored: dict[str, StoredDocument] = {}
        self._created: dict[tuple[Kind, str], str] = {}
        self._created_iris: dict[str, str] = {}
        self._new_rids: dict[int, str] = {}
        self._names_now: dict[tuple[Kind, str], str] = {}
        self._iris_now: dict[str, str] = {}
        self._resolver = NameResolver(reader, self._created, self._created_iris)

    def run(self) -> Plan:
        self._check_commands()
        self._load()
        touched = [self._apply(index, change) for index, change in enumerate(self._changes)]
        self.touched = dict(zip(self._positions, touched, strict=True))
        if self._problems:
            raise Invalid(
                _summary(self._problems), errors=[problem.as_dict() for problem in self._problems]
            )
        changed = [
            DocumentChange(rid, working.kind, working.before, working.body)
            for rid in dict.fromkeys(touched)
            if not same((working := self._working[rid]).before, working.body)
        ]
        return Plan(changed, self._stored, touched)

    def find_type(self, name: str, kinds: tuple[Kind, ...]) -> str | None:
        """A type by name at the end of the change set."""
        kind, plain = split_target(name)
        for candidate in (kind,) if kind else kinds:
            rid = self._names_now.get((candidate, name_key(plain)))
            if rid is not None:
                return rid
        self._resolver.load([(name, kinds)])
        return self._resolver.find(name, kinds)

    def _check_commands(self) -> None:
        errors = []
        for index, change in zip(self._positions, self._changes, strict=True):
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
            for kind in (Kind(str(change.kind)),) if change.op == "create" else Kind:
                map_references(kind, change.fields, collect)
        self._resolver.load([token for token in tokens if not is_rid(token[0])])
        wanted = set(self._new_rids.values())
        for change in self._changes:
            target = self._find(change) if change.target else None
            if target is not None:
                wanted.add(target)
        self._stored.update(self._reader.get_with_deleted(wanted))
        self._register_creations()
        self._register_renames()

    def _register_renames(self) -> None:
        """Let references find what is renamed under its new name too."""
        for change in self._changes:
            name = change.api_name if change.op == "rename" else change.fields.get("apiName")
            if change.op == "create" or not isinstance(name, str):
                continue
            rid = self._find(change)
            stored = self._stored.get(rid) if rid is not None else None
            if stored is not None:
                self._created.setdefault((stored.kind, name_key(name)), stored.rid)

    def _register_creations(self) -> None:
        given: set[str] = set()
        for index, derived in self._new_rids.items():
            change = self._changes[index]
            rid = derived
            taken = self._stored.get(rid)
            if (taken is not None and not taken.deleted) or rid in given:
                # The thing that was made with this name lives on under another one.
                rid = self._new_rids[index] = new_id()
            given.add(rid)
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
        else:
            working.body = self._edited(change, rid, working, working.body)
        self._name_now(working.kind, working.body, rid)
        return rid

    def _edited(self, change: Change, rid: str, working: _Working, base: Body) -> Body:
        """The body after an update or a replacement."""
        named = working.kind in DEFINITION_KINDS
        fields = self._resolved(working.kind, rid, change.fields)
        if change.op == "update":
            fields = patched(base, fields)
        else:
            fields = {name: value for name, value in fields.items() if value is not None}
            if named:
                fields.setdefault("apiName", base.get("apiName"))
        if named and fields.get("apiName") != base.get("apiName"):
            fields = with_alias(base, fields)
        return self._finished(working.kind, rid, base, fields)

    def _name_now(self, kind: Kind, body: Body, rid: str) -> None:
        """From here on in the change set, the document is found by these."""
        name, iri = body.get("apiName"), body.get("iri")
        if isinstance(name, str):
            self._names_now[kind, name_key(name)] = rid
        if isinstance(iri, str):
            self._iris_now[iri] = rid

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
        self._name_now(kind, body, rid)
        return rid

    def _target(self, change: Change) -> str:
        rid = self._find(change)
        if rid is None and change.op == "restore":
            rid = self._find_deleted(str(change.target))
        if rid is None or self._current(rid) is None:
            raise _missing(change)
        return rid

    def _find(self, change: Change) -> str | None:
        """What the target names at this point of the change set."""
        text = str(change.target)
        if text == Kind.ONTOLOGY.value:
            return self._ontology_id  # there is one such document
        kind, name = split_target(text)
        for candidate in (kind,) if kind else DEFINITION_KINDS:
            rid = self._names_now.get((candidate, name_key(name)))
            if rid is not None:
                return rid
        return self._iris_now.get(text) or self._resolver.find(
            text, DEFINITION_KINDS, created=False
        )

    def _find_deleted(self, target: str) -> str | None:
        """The deleted document with that name; the one deleted last, if there are several."""
        kind, name = split_target(target)
        key = name_key(name)
        found: list[StoredDocument] = []
        for candidate in (kind,) if kind else DEFINITION_KINDS:
            where = DocumentFilter(kinds=(candidate,), include_deleted=True)
            page = self._reader.page(where=where, after=(candidate.value, key, ""), limit=100)
            found += [
                document
                for document in page
                if document.deleted and name_key(document.body.get("apiName", "")) == key
            ]
        return max(found, key=lambda document: document.updated).rid if found else None

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
        fields = with_alias(working.body, {**working.body, "apiName": name})
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

        if MASKED in fields:
            self._problems.append(
                Problem(
                    rid,
                    kind,
                    document,
                    f"/{MASKED}",
                    "masked",
                    "This is what you may see of the document, not all of it: written back, it "
                    f"would take the masked values away. Send the fields to change, not {MASKED}.",
                )
            )
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
        body = with_part_rids(kind, rid, before, fields)
        normal, problems = normalised(kind, rid, body)
        if normal is None:
            self._problems += problems
            return body
        self._problems += naming_problems(kind, rid, before, normal)
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


def _summary(problems: Sequence[Problem]) -> str:
    first = problems[0]
    where = f"{first.document}{first.field and ' ' + first.field}"
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"The change is not valid: {where}: {first.message}{more}"
