"""Which rules to check for which change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from ontology.domain.documents import (
    Body,
    DocumentChange,
    Problem,
    reference_kinds,
    reference_pairs,
    references,
    shape_problems,
)
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import DEFINITION_KINDS, INSTANCE_KINDS, Kind
from ontology.domain.memory import MemoryState
from ontology.domain.names import name_key, name_problem
from ontology.domain.schema import PARENT_FIELDS, Schema
from ontology.domain.shapes import same
from ontology.domain.state import DocumentLike, OverlayState, State
from ontology.domain.validation.actions import check_action_type
from ontology.domain.validation.existing import check_existing
from ontology.domain.validation.instances import InstanceValidation
from ontology.domain.validation.problems import Reporter
from ontology.domain.validation.structure import (
    check_cardinality,
    check_cycle,
    check_link_type,
    check_object_type,
    check_struct,
    check_typed,
)
from ontology.domain.validation.values import (
    check_array,
    check_data_types,
    check_default,
    check_enum_type,
    check_texts,
    check_value_type,
    header_problems,
)

__all__ = ["Review", "review_changes", "validate_changes", "validate_state"]

#: Fields that say something to people and nothing to other definitions.
_DESCRIPTIVE = frozenset(
    {
        "aliases",
        "annotations",
        "color",
        "deprecation",
        "description",
        "displayName",
        "equivalentTo",
        "externalMappings",
        "icon",
        "iri",
        "owner",
        "status",
        "tags",
    }
)
#: Fields whose change reaches those who inherit or use.
_INHERITED = {
    Kind.OBJECT_TYPE: frozenset(
        {"interfaces", "isAbstract", "parents", "primaryKey", "properties", "uniqueConstraints"}
    ),
    Kind.INTERFACE: frozenset({"extends", "properties", "linkConstraints"}),
    Kind.LINK_TYPE: frozenset({"parents", "properties", "sources", "targets"}),
    Kind.SHARED_PROPERTY: frozenset({"dataTypes", "array", "default"}),
    Kind.VALUE_TYPE: frozenset({"baseType", "constraints"}),
    Kind.ENUM_TYPE: frozenset({"members"}),
    Kind.STRUCT_TYPE: frozenset(),
    Kind.ACTION_TYPE: frozenset(),
}
#: Fields that may hold values of people's own, where 1, 1.0 and true are three values.
_HOLD_VALUES = frozenset({"constraints", "default", "fields", "parameters", "properties", "rules"})
#: Roles in which those are referred to that a change reaches.
_REACHES = {
    Kind.OBJECT_TYPE: ("parents", "rules", "parameters"),
    Kind.INTERFACE: ("extends", "interfaces"),
    Kind.LINK_TYPE: ("parents", "rules", "linkConstraints"),
    Kind.SHARED_PROPERTY: ("sharedProperty",),
    Kind.VALUE_TYPE: ("dataTypes",),
    Kind.ENUM_TYPE: ("dataTypes",),
}
_EVERY_ROLE = tuple(sorted({role for roles in _REACHES.values() for role in roles}))


@dataclass(slots=True)
class Review:
    """What validation says: ``problems`` stop a commit, ``warnings`` do not."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def validate_changes(state: State, changes: Sequence[DocumentChange]) -> list[Problem]:
    """Problems of the state that ``changes`` make of the valid ``state``; empty when it is valid.

    Args:
        state: the state that the changes apply to.
        changes: bodies before and after; those after must have the shape of their kind, which is
            checked again where a body did not come through ``normalise``.
    """
    return review_changes(state, changes).problems


def review_changes(
    state: State, changes: Sequence[DocumentChange], *, checked: Collection[str] = frozenset()
) -> Review:
    """``validate_changes``, with warnings.

    Args:
        checked: ``rid``s of instances whose values have been checked one by one.
    """
    return _Validation(state, changes, checked).run()


def validate_state(documents: Iterable[DocumentLike]) -> list[Problem]:
    """Problems of a whole state."""
    found = [DocumentChange(item.rid, item.kind, None, item.body) for item in documents]
    problems = [
        problem
        for change in found
        for problem in shape_problems(change.kind, change.rid, change.after or {})
    ]
    return problems or validate_changes(MemoryState(()), found)


class _Validation:
    def __init__(
        self, state: State, changes: Sequence[DocumentChange], checked: Collection[str]
    ) -> None:
        self._changes = changes
        self._base = state
        self._state = OverlayState(state, changes)
        self._schema = Schema(self._state)
        self._problems: list[Problem] = []
        self._checked = checked

    def run(self) -> Review:
        structural = [
            change
            for change in self._changes
            if change.kind in DEFINITION_KINDS and _is_structural(change)
        ]
        self._check_names()
        users = self._check_deletions()
        self._check_references(
            change for change in self._changes if change.rid in users or _may_refer_anew(change)
        )
        for change in self._changes:
            if change.after is not None:
                self._check_descriptive(change.kind, change.rid, change.after)
        affected = self._affected(structural)
        self._schema.load_closure(affected)
        for rid in affected:
            document = self._schema.get(rid)
            if document is not None:
                self._check_structure(document)
        review = Review(self._problems)
        rules = Rules(self._state, self._schema)
        instances = InstanceValidation(self._state, rules, checked=self._checked)
        instances.run()
        review.problems += instances.problems
        review.warnings += instances.warnings
        if not self._problems:  # of types that are wrong themselves, objects say nothing
            deleted = [
                change.rid
                for change in structural
                if change.after is None and change.kind in (Kind.OBJECT_TYPE, Kind.LINK_TYPE)
            ]
            review.problems += check_existing(self._base, self._state, rules, [*affected, *deleted])
        return review

    def _report(self, kind: Kind, rid: str, body: Body) -> Reporter:
        return Reporter(self._problems, kind, rid, body)

    # --- names and IRIs -------------------------------------------------------------------------
    def _check_names(self) -> None:
        named: dict[Kind, dict[str, list[DocumentChange]]] = {}
        described: dict[str, list[DocumentChange]] = {}
        for change in self._changes:
            if change.after is None or change.kind not in DEFINITION_KINDS:
                continue
            before = change.before or {}
            name, iri = change.after["apiName"], change.after.get("iri")
            if name != before.get("apiName"):
                named.setdefault(change.kind, {}).setdefault(name_key(name), []).append(change)
            if iri and iri != before.get("iri"):
                described.setdefault(iri, []).append(change)
        for kind, by_key in named.items():
            holders = self._state.find_names(kind, list(by_key))
            for key, changes in by_key.items():
                for change in changes:
                    # A name that is none (empty, say) is found nowhere.
                    self._check_name(change, holders.get(key, ()))
        self._check_iris(described)

    def _check_name(self, change: DocumentChange, holders: Sequence[str]) -> None:
        assert change.after is not None
        name = change.after["apiName"]
        problem = name_problem(name)
        if problem is None and holders == [change.rid]:
            return
        report = self._report(change.kind, change.rid, change.after)
        if problem is not None:
            report.add("/apiName", "name", f"'{name}' cannot be a name: {problem}.")
        for rid in holders:
            if rid != change.rid:
                other = self._schema.body(rid).get("apiName", rid)
                spelled = "" if other == name else f", spelled '{other}'"
                report.add(
                    "/apiName",
                    "duplicate-name",
                    f"There is another {change.kind.value} '{name}'{spelled} ({rid}). "
                    "Names are compared without case: rename one.",
                )

    def _check_iris(self, described: dict[str, list[DocumentChange]]) -> None:
        holders = self._state.find_iris(described)
        for iri, changes in described.items():
            for change in changes:
                others = holders[iri]
                if len(others) == 1:
                    continue  # itself
                for rid in sorted(others - {change.rid}):
                    document = self._schema.get(rid)
                    if document is not None and document.kind == change.kind:
                        assert change.after is not None
                        self._report(change.kind, change.rid, change.after).add(
                            "/iri",
                            "duplicate-iri",
                            f"'{document.body.get('apiName')}' has the IRI {iri} already.",
                        )

    # --- references -----------------------------------------------------------------------------
    def _check_deletions(self) -> set[str]:
        """Returns which of the changed documents refer to deleted ones."""
        users: set[str] = set()
        deleted = {change.rid: change for change in self._changes if change.after is None}
        for change in deleted.values():
            if change.kind == Kind.ONTOLOGY:
                self._report(change.kind, change.rid, change.before or {}).add(
                    "", "header", "The ontology's own document cannot be deleted."
                )
        uses = self._state.referrers(list(deleted)) if deleted else {}
        self._schema.load({rid for found in uses.values() for rid, _ in found})
        for target, found in uses.items():
            for rid in sorted({rid for rid, _ in found}):
                document = self._schema.get(rid)
                if document is None:
                    continue
                if rid in self._state.changes:
                    users.add(rid)
                    continue
                report = self._report(document.kind, rid, document.body)
                for reference in references(document.kind, document.body):
                    if reference.target == target:
                        report.add(
                            reference.pointer,
                            "dangling-reference",
                            f"It refers to {deleted[target].label}, which is deleted. "
                            "Remove the reference, or delete this too.",
                        )
        return users

    def _check_references(self, changes: Iterable[DocumentChange]) -> None:
        found = [
            (change, reference_pairs(change.kind, change.after))
            for change in changes
            if change.after is not None
        ]
        self._schema.load({target for _, pairs in found for _, target in pairs})
        for change, pairs in found:
            if not all(self._may_refer(change.kind, role, target) for role, target in pairs):
                self._report_references(change)

    def _may_refer(self, kind: Kind, role: str, target: str) -> bool:
        document = self._schema.get(target)
        return document is not None and document.kind in reference_kinds(kind, role)

    def _report_references(self, change: DocumentChange) -> None:
        assert change.after is not None
        report = self._report(change.kind, change.rid, change.after)
        for reference in references(change.kind, change.after):
            document = self._schema.get(reference.target)
            if document is not None and document.kind in reference.kinds:
                continue
            if document is None:
                deleted = self._state.changes.get(reference.target)
                what = deleted.label if deleted is not None else reference.target
                why = "is deleted" if deleted is not None else "does not exist"
                report.add(
                    reference.pointer,
                    "dangling-reference",
                    f"It refers to {what}, which {why}. Create it, or remove the reference.",
                )
            else:
                kinds = " or ".join(sorted(kind.value for kind in reference.kinds))
                report.add(
                    reference.pointer,
                    "reference-kind",
                    f"It refers to {document.kind.value}/{document.body.get('apiName')}, "
                    f"but {reference.role} takes {kinds}.",
                )

    # --- documents ------------------------------------------------------------------------------
    def _check_descriptive(self, kind: Kind, rid: str, body: Body) -> None:
        if kind == Kind.ONTOLOGY:
            self._problems += header_problems(rid, body)
        elif kind in DEFINITION_KINDS:
            check_texts(self._report(kind, rid, body))

    def _affected(self, structural: Iterable[DocumentChange]) -> list[str]:
        """The definitions to check: those changed, and those that a change reaches.

        Nothing in a valid state refers to what does not exist in it, so a created definition
        reaches only others that are changed as well.
        """
        affected: dict[str, None] = {}
        level: list[str] = []
        for change in structural:
            if change.after is not None:
                affected[change.rid] = None
            before, after = change.before, change.after
            inherited = _INHERITED.get(change.kind, frozenset())
            if before is not None and (
                after is None or any(_differs(before, after, name) for name in inherited)
            ):
                level.append(change.rid)
        reached = set(level)
        while level:
            found = self._state.referrers(level, _EVERY_ROLE)
            following = dict.fromkeys(rid for uses in found.values() for rid, _ in uses)
            affected.update(following)
            # Also what is checked anyway hands on what reaches it.
            following = {rid: None for rid in following if rid not in reached}
            reached.update(following)
            self._schema.load(following)
            level = [
                rid
                for rid in following
                if (document := self._schema.get(rid)) is not None and document.kind in _REACHES
            ]
        return list(affected)

    def _check_structure(self, document: DocumentLike) -> None:
        kind, schema = document.kind, self._schema
        report = self._report(kind, document.rid, document.body)
        parents = PARENT_FIELDS.get(kind)
        if parents and check_cycle(report, schema, parents):
            return  # what is inherited on a cycle says nothing
        if kind in (Kind.OBJECT_TYPE, Kind.INTERFACE, Kind.LINK_TYPE):
            check_typed(report, schema)
        if kind == Kind.OBJECT_TYPE:
            check_object_type(report, schema)
        elif kind == Kind.INTERFACE:
            for position, constraint in enumerate(document.body.get("linkConstraints", ())):
                check_cardinality(report, constraint, f"/linkConstraints/{position}")
        elif kind == Kind.LINK_TYPE:
            check_link_type(report)
        elif kind == Kind.STRUCT_TYPE:
            check_struct(report, schema)
        elif kind == Kind.VALUE_TYPE:
            check_value_type(report)
        elif kind == Kind.ENUM_TYPE:
            check_enum_type(report)
        elif kind == Kind.ACTION_TYPE:
            check_action_type(report, schema)
        elif kind == Kind.SHARED_PROPERTY:
            body = document.body
            check_data_types(report, body.get("dataTypes", []), "/dataTypes")
            check_array(report, body.get("array"), "/array")
            check_default(
                report,
                schema,
                tuple(body.get("dataTypes", ())),
                body.get("array"),
                body.get("default"),
                "/default",
            )


def _may_refer_anew(change: DocumentChange) -> bool:
    before, after = change.before or {}, change.after or {}
    if change.kind in INSTANCE_KINDS:
        return any(before.get(name) != after.get(name) for name in ("_type", "_source", "_target"))
    mentions = ("deprecation", "equivalentTo")
    return _is_structural(change) or any(before.get(name) != after.get(name) for name in mentions)


def _is_structural(change: DocumentChange) -> bool:
    if change.before is None or change.after is None:
        return True
    before, after = change.before, change.after
    return any(
        _differs(before, after, name)
        for name in before.keys() | after.keys()
        if name not in _DESCRIPTIVE and name != "apiName"
    )


def _differs(before: Body, after: Body, name: str) -> bool:
    one, other = before.get(name), after.get(name)
    return one != other or (name in _HOLD_VALUES and not same(one, other))
