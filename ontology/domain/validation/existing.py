"""What a changed definition does to the objects and links that exist.

Only what the change makes stricter is looked for: a property that is new and optional, a bound that
is wider, a text for people cost nothing, however many objects there are. What may break is looked
at once, type by type, and told with how many break and which ones come first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from oms_project.core.ids import is_rid
from ontology.domain.documents import Body, Problem, document_id
from ontology.domain.instances.entries import unique_key
from ontology.domain.instances.layout import Layout, LinkLayout, PropertyLayout
from ontology.domain.instances.rules import Demand, Rules, instance_id
from ontology.domain.kinds import Kind
from ontology.domain.redaction import excused
from ontology.domain.state import DocumentLike, OverlayState, State

__all__ = ["check_existing"]

_FIRST = 5
_BATCH = 1000
_TYPES_OF_VALUES = (Kind.VALUE_TYPE, Kind.ENUM_TYPE, Kind.STRUCT_TYPE)


def check_existing(
    base: State, state: OverlayState, rules: Rules, affected: Iterable[str]
) -> list[Problem]:
    """Problems that changed definitions make for instances that are not changed themselves.

    Args:
        base: the state before.
        state: the state after, with ``rules``.
        affected: ``rid``s of the definitions that the change reaches; deleted ones as well.
    """
    found: list[Problem] = []
    # Most types of a vocabulary have no objects, and cost no more than this question.
    populated = base.populated(list(dict.fromkeys(affected)))
    if not populated:
        return found
    before = Rules(base)
    rids = sorted(populated)
    before.load(rids)
    rules.load(rids)
    for rid in rids:
        old, new = before.layout(rid), rules.layout(rid)
        if old is None:
            continue
        if new is None:
            found += _deleted(state, before, rid, old)
        elif isinstance(new, LinkLayout) and isinstance(old, LinkLayout):
            found += _LinkCheck(state, rules, old, new).run()
        elif new.kind == Kind.OBJECT_TYPE:
            found += _Check(state, rules, old, new).run()
    found += _interface_demands(state, rules, before, rids)
    return found


def _deleted(state: OverlayState, before: Rules, rid: str, old: Layout) -> list[Problem]:
    tally = _Tally()
    for document in state.instances([rid]):
        tally.add(document, before)
    if not tally.count:
        return []
    what = "objects" if old.kind == Kind.OBJECT_TYPE else "links"
    return [
        tally.problem(
            rid,
            old.kind,
            old.body,
            "",
            "existing-instances",
            f"There are {{count}} {what} of this type. Delete them first, or in the same change "
            "set.",
        )
    ]


@dataclass(slots=True)
class _Tally:
    """How many instances break a rule, and the first of them."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, document: DocumentLike, rules: Rules) -> None:
        self.count += 1
        if len(self.first) < _FIRST:
            self.first.append(instance_id(rules, document.kind, document.rid, document.body))

    def problem(
        self, rid: str, kind: Kind, body: Body, pointer: str, rule: str, message: str
    ) -> Problem:
        """``message`` with ``{count}``, and the first of those that break."""
        text = message.replace("{count}", f"{self.count:,}")
        more = ", ..." if self.count > len(self.first) else ""
        return Problem(
            rid,
            kind,
            document_id(kind, rid, body),
            pointer,
            rule,
            f"{text} First: {', '.join(self.first)}{more}",
        )


class _Check:
    """What a changed type does to its instances."""

    def __init__(self, state: OverlayState, rules: Rules, old: Layout, new: Layout) -> None:
        self._state = state
        self._rules = rules
        self._old = old
        self._new = new
        self._tallies: dict[tuple[str, str, str], _Tally] = defaultdict(_Tally)
        self._total = 0

    def run(self) -> list[Problem]:
        judged = [
            item
            for name, item in self._new.properties.items()
            if _may_break(self._old.properties.get(name), item, self._state)
        ]
        required = [
            name
            for name in self._new.required
            if (was := self._old.properties.get(name)) is None or not was.part.required
        ]
        gone = [name for name in self._old.properties if name not in self._new.properties]
        known = {(unique.number, unique.properties) for unique in self._old.uniques}
        uniques = [
            unique
            for unique in self._new.uniques
            if (unique.number, unique.properties) not in known
        ]
        abstract = self._new.abstract and not self._old.abstract
        if judged or required or gone or uniques or abstract or self._more():
            self._walk(judged, required, gone, abstract=abstract)
            for unique in uniques:
                self._check_unique(unique.owner, unique.name, unique.properties)
        return [
            tally.problem(self._new.rid, self._new.kind, self._new.body, pointer, rule, message)
            for (pointer, rule, message), tally in self._tallies.items()
        ]

    def _more(self) -> bool:
        """Whether there is more to look for, see ``_LinkCheck``."""
        return False

    def _judge(self, documents: Sequence[DocumentLike]) -> None:
        """More about some of the instances, see ``_LinkCheck``."""

    def _walk(
        self,
        judged: Sequence[PropertyLayout],
        required: Collection[str],
        gone: Collection[str],
        *,
        abstract: bool,
    ) -> None:
        batch: list[DocumentLike] = []
        for document in self._state.instances([self._new.rid]):
            if document.rid in self._state.changes:
                continue  # judged as a change
            self._total += 1
            body = document.body
            if abstract:
                self._add(document, "/isAbstract", "{count} objects are of just this type.")
            for name in gone:
                if body.get(name) is not None:
                    self._add(document, "/properties", f"{{count}} have a '{name}', which is gone.")
            for name in required:
                if body.get(name) is None and name not in excused(body):
                    self._add(document, "/properties", f"{{count}} have no '{name}'.")
            for item in judged:
                value = body.get(item.name)
                if value is not None:
                    self._check_value(document, item, value)
            batch.append(document)
            if len(batch) >= _BATCH:
                self._judge(batch)
                batch = []
        self._judge(batch)

    def _check_value(self, document: DocumentLike, item: PropertyLayout, value: object) -> None:
        wrong: list[str] = []
        item.check(value, "", lambda _, __, message: wrong.append(message))
        if wrong:
            self._add(document, "/properties", f"{{count}} have a '{item.name}' that does not fit.")

    def _check_unique(self, owner: str, name: str, properties: tuple[str, ...]) -> None:
        seen: dict[str, str] = {}
        for document in self._state.instances(self._rules.family(owner)):
            key = unique_key(properties, document.body)
            if key is not None and seen.setdefault(key, document.rid) != document.rid:
                self._add(
                    document,
                    "/uniqueConstraints" if len(properties) > 1 else "/properties",
                    f"{{count}} share their '{name}' with another, which must be unique.",
                )

    def _add(self, document: DocumentLike, pointer: str, message: str) -> None:
        self._tallies[pointer, "existing-data", message].add(document, self._rules)


class _LinkCheck(_Check):
    """What a changed link type does to its links and to the objects at their ends."""

    _old: LinkLayout
    _new: LinkLayout

    def run(self) -> list[Problem]:
        self._degrees: dict[str, Counter[str]] = {"_source": Counter(), "_target": Counter()}
        found = super().run()
        return found + self._check_degrees()

    def _more(self) -> bool:
        old, new = self._old, self._new
        return (
            _narrower(old.sources, new.sources)
            or _narrower(old.targets, new.targets)
            or _tighter(old.outgoing.high, new.outgoing.high)
            or _tighter(old.incoming.high, new.incoming.high)
            or new.outgoing.low > old.outgoing.low
            or new.incoming.low > old.incoming.low
        )

    def _judge(self, documents: Sequence[DocumentLike]) -> None:
        ends = self._state.get_many(
            {str(document.body.get(role)) for document in documents for role in self._degrees}
        )
        for document in documents:
            for role, allowed in (("_source", self._new.sources), ("_target", self._new.targets)):
                rid = str(document.body.get(role))
                self._degrees[role][rid] += 1
                end = ends.get(rid)
                layout = self._rules.object_layout(end.body.get("_type")) if end else None
                if allowed and layout is not None and layout.line.isdisjoint(allowed):
                    self._add(
                        document,
                        "/sources" if role == "_source" else "/targets",
                        f"{{count}} links have an end of the type {layout.name}, "
                        "which is not allowed any more.",
                    )

    def _check_degrees(self) -> list[Problem]:
        problems: list[Problem] = []
        for role, old, new, types, pointer in (
            (
                "_source",
                self._old.outgoing,
                self._new.outgoing,
                self._new.sources,
                "/targetCardinality",
            ),
            (
                "_target",
                self._old.incoming,
                self._new.incoming,
                self._new.targets,
                "/sourceCardinality",
            ),
        ):
            tally = _Tally()
            if _tighter(old.high, new.high):
                busy = [
                    rid for rid, count in self._degrees[role].items() if count > (new.high or 0)
                ]
                for start in range(0, len(busy), _BATCH):
                    for document in self._state.get_many(busy[start : start + _BATCH]).values():
                        tally.add(document, self._rules)
            if new.low > old.low and types:
                family = {member for rid in types for member in self._rules.family(rid)}
                for document in self._state.instances(family):
                    if self._degrees[role][document.rid] < new.low:
                        tally.add(document, self._rules)
            if tally.count:
                problems.append(
                    tally.problem(
                        self._new.rid,
                        self._new.kind,
                        self._new.body,
                        pointer,
                        "existing-data",
                        "{count} objects have too many or too few of these links.",
                    )
                )
        return problems


def _interface_demands(
    state: OverlayState, rules: Rules, before: Rules, affected: Sequence[str]
) -> list[Problem]:
    """Links that an object type's interfaces demand since the change."""
    problems = []
    for rid in affected:
        layout = rules.object_layout(rid)
        if layout is None or before.object_layout(rid) is None:
            continue
        known = set(before.demands(rid))
        new = [
            demand
            for demand in rules.demands(rid)
            if demand.interface is not None
            and demand not in known
            and (demand.end.low or demand.end.high is not None)
        ]
        for demand in new:
            tally = _Tally()
            batch: list[DocumentLike] = []
            for document in state.instances([rid]):
                batch.append(document)
                if len(batch) >= _BATCH:
                    _count(state, rules, batch, demand, tally)
                    batch = []
            _count(state, rules, batch, demand, tally)
            if tally.count:
                name = rules.schema.body(demand.link).get("apiName")
                problems.append(
                    tally.problem(
                        rid,
                        layout.kind,
                        layout.body,
                        "/interfaces",
                        "existing-data",
                        f"{{count}} objects have too many or too few links '{name}'.",
                    )
                )
    return problems


def _count(
    state: OverlayState,
    rules: Rules,
    documents: Sequence[DocumentLike],
    demand: Demand,
    tally: _Tally,
) -> None:
    if not documents:
        return
    ends = {(demand.role, document.rid, demand.link): document for document in documents}
    cap = max(demand.end.low, demand.end.high or 0) + 1
    for end, count in state.count_links(list(ends), cap).items():
        high = demand.end.high
        if count < demand.end.low or (high is not None and count > high):
            tally.add(ends[end], rules)


def _may_break(old: PropertyLayout | None, new: PropertyLayout, state: OverlayState) -> bool:
    """Whether values that fitted ``old`` may not fit ``new``."""
    if old is None:
        return False  # no object has a value of what did not exist; ``required`` is apart
    before, after = old.part, new.part
    if not after.data_types:
        return False
    if not before.data_types or not set(before.data_types) <= set(after.data_types):
        return True
    if (before.array is None) != (after.array is None):
        return True
    if after.array is not None and before.array != after.array:
        return True
    # A value type, enum or struct may have changed behind the same reference, a struct also inside.
    return any(is_rid(text) for text in after.data_types) and any(
        change.kind in _TYPES_OF_VALUES for change in state.changes.values()
    )


def _narrower(old: Collection[str], new: Collection[str]) -> bool:
    return bool(new) and (not old or not set(old) <= set(new))


def _tighter(old: int | None, new: int | None) -> bool:
    return new is not None and (old is None or new < old)
