"""Rules about objects and links: what their types demand of them, one by one and together.

The cost follows the change: the objects and links that are changed, the values that must be their
own, and the ends of changed links. What a changed type demands of what exists already is in
``ontology.domain.validation.existing``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

from ontology.domain.documents import Body, DocumentChange, Problem
from ontology.domain.instances.entries import unique_key
from ontology.domain.instances.keys import KEY, object_name_key
from ontology.domain.instances.layout import Layout, LinkLayout
from ontology.domain.instances.rules import Demand, Rules, instance_id
from ontology.domain.instances.values import Report
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.redaction import excused
from ontology.domain.state import OverlayState, link_ends

__all__ = ["InstanceValidation", "check_missing", "check_values"]

#: System members that an instance may have.
_SYSTEM = frozenset({"_type", "_iri", "_annotations", "_key", "_redacted", "_source", "_target"})
_ENDS = ("_source", "_target")


def check_values(layout: Layout, body: Body, report: Report) -> None:
    """Check the values of one instance against its type; values are not changed.

    Args:
        report: called with JSON pointer, rule and message.
    """
    for name, value in body.items():
        if name.startswith("_"):
            continue
        item = layout.properties.get(name)
        if item is None:
            near = layout.property(name)
            meant = f"Spell it {near.name}." if near else f"{layout.name} has no such property."
            report(f"/{_escaped(name)}", "unknown-property", f"There is no '{name}': {meant}")
        else:
            item.check(value, f"/{_escaped(name)}", report)
    check_missing(layout, body, report)


def check_missing(layout: Layout, body: Body, report: Report) -> None:
    """Report required values that are missing, unless they were erased."""
    missing = [name for name in layout.required if body.get(name) is None]
    if missing:
        free = excused(body)
        for name in missing:
            if name not in free:
                report(f"/{_escaped(name)}", "required", f"{layout.name} needs a '{name}'.")


class InstanceValidation:
    """Checks the changed objects and links of a change set.

    Args:
        state: with the changes on top.
        rules: of that state.
        checked: ``rid``s whose values were checked when the change set was read.

    Attributes:
        problems: what is wrong.
        warnings: uses of what is deprecated.
    """

    def __init__(
        self, state: OverlayState, rules: Rules, *, checked: Collection[str] = frozenset()
    ) -> None:
        self._state = state
        self._rules = rules
        self._checked = checked
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def run(self) -> None:
        """Check them all."""
        changes = [
            change for change in self._state.changes.values() if change.kind in INSTANCE_KINDS
        ]
        if not changes:
            return
        self._rules.load({str(body["_type"]) for body in _bodies(changes) if body.get("_type")})
        live = [change for change in changes if change.after is not None]
        for change in live:
            if change.kind == Kind.OBJECT:
                self._check_object(change)
            else:
                self._check_link(change)
        self._check_keys([change for change in live if change.kind == Kind.OBJECT])
        self._check_uniques(live)
        self._check_pairs([change for change in live if change.kind == Kind.LINK])
        self._check_left_behind(changes)
        self._check_counts(changes)

    # --- one by one -----------------------------------------------------------------------------
    def _check_object(self, change: DocumentChange) -> None:
        assert change.after is not None
        type_rid = change.after.get("_type")
        if type_rid is None and "_annotations" in change.after:
            return  # an individual that an import knows no class of
        layout = self._rules.object_layout(type_rid)
        if layout is None:
            if type_rid is None or self._state.get_many([str(type_rid)]) == {}:
                self._report(change, "/_type", "unknown-type", "Its object type does not exist.")
            return  # of another kind: reported as a reference
        if layout.abstract and (change.before or {}).get("_type") != type_rid:
            self._report(
                change,
                "/_type",
                "abstract-type",
                f"{layout.name} is abstract: create an object of one of its subtypes.",
            )
        self._check_body(change, layout)

    def _check_link(self, change: DocumentChange) -> None:
        assert change.after is not None
        layout = self._rules.link_layout(change.after.get("_type"))
        if layout is None:
            if self._state.get_many([str(change.after.get("_type"))]) == {}:
                self._report(change, "/_type", "unknown-type", "Its link type does not exist.")
            return
        self._check_body(change, layout)
        before = change.before or {}
        if any(before.get(name) != change.after.get(name) for name in ("_type", *_ENDS)):
            self.check_ends(change.rid, change.after, layout)

    def check_ends(self, rid: str, body: Body, layout: LinkLayout) -> None:
        """Whether the objects at the ends are of types that the link type allows."""
        ends = self._state.get_many([str(body.get(name)) for name in _ENDS])
        for name, allowed, end in zip(
            _ENDS, (layout.sources, layout.targets), ("source", "target"), strict=True
        ):
            document = ends.get(str(body.get(name)))
            if document is None or document.kind != Kind.OBJECT or not allowed:
                continue  # reported as a reference
            type_rid = document.body.get("_type")
            found = self._rules.object_layout(type_rid)
            if found is None or not found.line.isdisjoint(allowed):
                continue
            names = " or ".join(
                sorted(str(self._rules.schema.body(other).get("apiName")) for other in allowed)
            )
            shown = instance_id(self._rules, document.kind, document.rid, document.body)
            self._add(
                rid,
                Kind.LINK,
                body,
                f"/{name}",
                "link-end",
                f"{shown} cannot be the {end} of '{layout.name}': use a {names}.",
            )

    def _check_body(self, change: DocumentChange, layout: Layout) -> None:
        body = change.after
        assert body is not None
        for name in body:
            if name.startswith("_") and name not in _SYSTEM:
                self._report(
                    change,
                    f"/{_escaped(name)}",
                    "system-member",
                    "Names that begin with _ are the system's: leave it out.",
                )
        if change.rid not in self._checked:
            check_values(layout, body, partial(self._report, change))
        self._warn(change, layout, body)

    def _warn(self, change: DocumentChange, layout: Layout, body: Body) -> None:
        if layout.deprecated and change.before is None:
            self._report(change, "/_type", "deprecated", f"{layout.name} is deprecated.", warn=True)
        before = change.before or {}
        for name, item in layout.properties.items():
            value = body.get(name)
            if not (item.deprecated or item.old_codes) or value is None:
                continue
            if value == before.get(name):
                continue
            if item.deprecated:
                self._old_use(change, name, f"'{name}' of {layout.name} is deprecated.")
            for code in value if isinstance(value, list) else [value]:
                if isinstance(code, str) and code in item.old_codes:
                    self._old_use(change, name, f"'{code}' is a deprecated value of '{name}'.")

    def _old_use(self, change: DocumentChange, name: str, message: str) -> None:
        self._report(change, f"/{_escaped(name)}", "deprecated", message, warn=True)

    # --- what must be one's own -----------------------------------------------------------------
    def _check_keys(self, live: Sequence[DocumentChange]) -> None:
        """No two objects of a type (with its subtypes) have the same primary key."""
        wanted: dict[str, dict[str, list[DocumentChange]]] = defaultdict(lambda: defaultdict(list))
        for change in live:
            assert change.after is not None
            layout = self._rules.object_layout(change.after.get("_type"))
            key, before = change.after.get(KEY), change.before or {}
            if layout is None or key is None or not layout.key:
                continue
            if key == before.get(KEY) and before.get("_type") == change.after.get("_type"):
                continue
            wanted[layout.key_owner][object_name_key("", key)].append(change)
        for owner, by_key in wanted.items():
            family = self._rules.family(owner)
            names = {type_rid + key: key for type_rid in family for key in by_key}
            holders: dict[str, list[str]] = defaultdict(list)
            for name, rids in self._state.find_names(Kind.OBJECT, list(names)).items():
                holders[names[name]] += rids
            for key, changes in by_key.items():
                others = set(holders[key]) | {change.rid for change in changes}
                for change in changes:
                    for other in sorted(others - {change.rid})[:1]:
                        self._report(
                            change,
                            "".join(f"/{_escaped(name)}" for name in self._key_names(change)[:1]),
                            "primary-key",
                            f"{self._shown(other)} has the same primary key. "
                            "Change the key, or update that object.",
                        )

    def _key_names(self, change: DocumentChange) -> tuple[str, ...]:
        layout = self._rules.object_layout((change.after or {}).get("_type"))
        return layout.key if layout is not None else ()

    def _check_uniques(self, live: Sequence[DocumentChange]) -> None:
        wanted: dict[tuple[int, str], list[tuple[DocumentChange, str, tuple[str, ...]]]]
        wanted = defaultdict(list)
        for change in live:
            assert change.after is not None
            layout = self._rules.layout(str(change.after.get("_type")))
            for unique in layout.uniques if layout is not None else ():
                key = unique_key(unique.properties, change.after)
                if key is not None:
                    entry = (unique.number, key)
                    wanted[entry].append((change, unique.name, unique.properties))
        asked = [
            entry
            for entry, claims in wanted.items()
            if len(claims) > 1
            or any(
                claim[0].before is None
                or unique_key(claim[2], claim[0].before) != entry[1]
                or claim[0].before.get("_type") != (claim[0].after or {}).get("_type")
                for claim in claims
            )
        ]
        stored = self._state.find_values(asked)
        for entry in asked:
            claims = wanted[entry]
            others = set(stored.get(entry, ())) | {claim[0].rid for claim in claims}
            for change, name, properties in claims:
                for other in sorted(others - {change.rid})[:1]:
                    what = " and ".join(f"'{part}'" for part in properties)
                    self._report(
                        change,
                        f"/{_escaped(properties[0])}",
                        "unique",
                        f"{self._shown(other)} has the same {what} already, which must be unique"
                        + (f" ({name})." if len(properties) > 1 else "."),
                    )

    def _check_pairs(self, links: Sequence[DocumentChange]) -> None:
        """At most one link of a type from one object to another."""
        named: dict[str, list[DocumentChange]] = defaultdict(list)
        for change in links:
            assert change.after is not None
            before = change.before or {}
            if any(before.get(name) != change.after.get(name) for name in ("_type", *_ENDS)):
                body = change.after
                name = f"{body.get('_type')}:{body.get('_source')}:{body.get('_target')}"
                named[name].append(change)
        stored = self._state.find_names(Kind.LINK, list(named)) if named else {}
        for name, changes in named.items():
            others = set(stored.get(name, ())) | {change.rid for change in changes}
            for change in changes:
                if others - {change.rid}:
                    self._report(
                        change,
                        "",
                        "duplicate-link",
                        "There is a link of this type between these two objects already.",
                    )

    # --- together -------------------------------------------------------------------------------
    def _check_left_behind(self, changes: Sequence[DocumentChange]) -> None:
        """Links whose object is deleted."""
        deleted = [
            change.rid
            for change in changes
            if change.kind == Kind.OBJECT and change.after is None and change.before is not None
        ]
        if not deleted:
            return
        left = self._state.links_at(deleted)
        links = self._state.get_many({rid for rids in left.values() for rid in rids})
        for rid in deleted:
            for link in sorted(left.get(rid, ()))[:1]:
                body = links[link].body
                layout = self._rules.link_layout(body.get("_type"))
                name = layout.name if layout is not None else "Link"
                count = len(left[rid])
                change = self._state.changes[rid]
                self._report(
                    change,
                    "",
                    "linked",
                    f"It still has {count} link{'s' if count > 1 else ''} ({name}). "
                    "Delete the links first, or in the same change set.",
                )

    def _check_counts(self, changes: Sequence[DocumentChange]) -> None:
        """How many links meet at every object that a change touches."""
        wanted: dict[tuple[str, str, str], list[Demand]] = defaultdict(list)
        for change in changes:
            if change.kind == Kind.OBJECT:
                self._demands_of(change, wanted)
                continue
            for body in (change.before, change.after):
                if body is not None:
                    self._demands_at(body, wanted)
        if not wanted:
            return
        bounds = [demand.end for demands in wanted.values() for demand in demands]
        cap = 2 + max(max(end.low, end.high or 0) for end in bounds)
        counts = self._state.count_links(list(wanted), cap)
        live = self._state.get_many({rid for _, rid, _ in wanted})
        for end, demands in wanted.items():
            if end[1] in live:
                for demand in dict.fromkeys(demands):
                    self._check_count(end[1], live[end[1]].body, demand, counts[end])

    def _demands_of(
        self, change: DocumentChange, wanted: Mapping[tuple[str, str, str], list[Demand]]
    ) -> None:
        """What an object must have that is new, or of another type now."""
        before, after = change.before or {}, change.after or {}
        if not after or before.get("_type") == after.get("_type"):
            return
        for demand in self._rules.demands(str(after.get("_type"))):
            if demand.end.low:
                wanted[demand.role, change.rid, demand.link].append(demand)

    def _demands_at(self, body: Body, wanted: Mapping[tuple[str, str, str], list[Demand]]) -> None:
        layout = self._rules.link_layout(body.get("_type"))
        if layout is None:
            return
        for end, bounds in zip(link_ends(body), (layout.outgoing, layout.incoming), strict=True):
            if bounds.low or bounds.high is not None:
                wanted[end].append(Demand(layout.rid, end[0], bounds))
            document = self._state.get_many([end[1]]).get(end[1])
            if document is None:
                continue
            for demand in self._rules.demands(str(document.body.get("_type"))):
                if demand.link == layout.rid and demand.role == end[0] and demand.interface:
                    wanted[end].append(demand)

    def _check_count(self, rid: str, body: Body, demand: Demand, count: int) -> None:
        low, high = demand.end.low, demand.end.high
        if count >= low and (high is None or count <= high):
            return
        link = self._rules.link_layout(demand.link)
        name = link.name if link is not None else demand.link
        side = "from" if demand.role == "_source" else "to"
        bound = f"at least {low}" if count < low else f"at most {high}"
        why = ""
        if demand.interface is not None:
            interface = self._rules.schema.body(demand.interface).get("apiName")
            why = f" (interface {interface})"
        self._add(
            rid,
            Kind.OBJECT,
            body,
            "",
            "cardinality",
            f"It would have {count} links '{name}' {side} it; {bound} may be{why}.",
        )

    # --- reporting ------------------------------------------------------------------------------
    def _report(
        self, change: DocumentChange, field: str, rule: str, message: str, *, warn: bool = False
    ) -> None:
        body = change.after if change.after is not None else change.before or {}
        self._add(change.rid, change.kind, body, field, rule, message, warn=warn)

    def _add(
        self,
        rid: str,
        kind: Kind,
        body: Body,
        field: str,
        rule: str,
        message: str,
        *,
        warn: bool = False,
    ) -> None:
        document = instance_id(self._rules, kind, rid, body)
        found = self.warnings if warn else self.problems
        found.append(Problem(rid, kind, document, field, rule, message))

    def _shown(self, rid: str) -> str:
        document = self._state.get_many([rid]).get(rid)
        if document is None:
            return rid
        return instance_id(self._rules, document.kind, rid, document.body)


def _bodies(changes: Iterable[DocumentChange]) -> Iterable[Body]:
    for change in changes:
        for body in (change.before, change.after):
            if body is not None:
                yield body


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
