"""Objects and links against plain dictionaries: changes, merges, reverts, and every question."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from oms_project.core.context import SYSTEM, acting_as
from oms_project.core.errors import Invalid
from ontology import selectors, services
from ontology.contract import Change, MergeResult, Resolution
from ontology.domain.kinds import Kind
from ontology.domain.query import parse_filter, parse_measure, parse_sort
from tests.faults.instance_model import (
    ARRAYS,
    LINKS,
    NAMES,
    PROPERTIES,
    broken,
    deleted,
    figures,
    found,
    instances,
    listed,
    name_of,
    neighbours,
)
from tests.faults.model import Body, Commit, History, Merge, State, differing
from tests.tapes import steady, terminusdb

__all__ = ["steady", "terminusdb"]

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

T = TypeVar("T")
PICK = st.integers(min_value=0, max_value=23)
FAMILIES = {"Party": ("Person", "Firm"), "Person": ("Person",), "Firm": ("Firm",)}
#: Values in their normal form, few enough to meet.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "code": st.sampled_from(("a", "b", "c", "B", "d e", "f+g", "가")),
    "name": st.sampled_from(("red fox", "Red Hen", "blue fox", "파란 fox", "fo x-ray")),
    "note": st.sampled_from(("hen", "blue", "see FOX")),
    "age": st.integers(-2, 3) | st.just(10),
    "email": st.sampled_from(("x@y", "z@y", "w@y")),
    "score": st.sampled_from(("1.5", "-0.25", 2, "10.05", 0, -3)),
    "born": st.sampled_from(
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00.5Z", "1999-12-31T23:00:00Z")
    ),
    "active": st.booleans(),
    "marks": st.lists(st.sampled_from(("p", "q", "qr")), min_size=1, max_size=2),
    "size": st.integers(-1, 2) | st.just(11),
    "since": st.sampled_from(("2001-01-01", "2002-02-02")),
}
#: What can be switched on and off.
FLAGS = (
    ("age", "indexed"),
    ("score", "indexed"),
    ("born", "indexed"),
    ("marks", "indexed"),
    ("active", "indexed"),
    ("size", "indexed"),
    ("name", "indexed"),
    ("code", "indexed"),
    ("email", "unique"),
)
SEARCHED = (("name", "searchable"),)
SET_AT_FIRST = {("email", "unique"), ("score", "indexed"), *SEARCHED}
SPELLINGS = {"age": ("age", "years", "alter"), "note": ("note", "memo")}
MEASURES = (
    "count", "sum:age", "avg:age", "min:score", "max:score", "sum:score", "min:born",
)  # fmt: skip
_numbers = itertools.count()


def fields_of(*types: str) -> st.SearchStrategy[dict[str, Any]]:
    """Values of objects of those types, without the key."""
    names = [name for of in types for name in PROPERTIES[of] if name != "code"]
    return st.fixed_dictionaries({}, optional={name: VALUES[name] for name in names})


FIELDS = {"Person": fields_of("Party", "Person"), "Firm": fields_of("Party", "Firm")}


def conditions(names: Sequence[str]) -> st.SearchStrategy[Any]:
    return st.sampled_from(names).flatmap(condition)


def condition(name: str) -> st.SearchStrategy[Any]:
    one = st.sampled_from(("p", "q", "qr", "z")) if name in ARRAYS else VALUES[name]
    ops = ["eq", "ne", "lt", "lte", "gt", "gte"] if name != "active" else ["eq", "ne"]
    choices = [
        st.fixed_dictionaries(
            {"property": st.just(name), "op": st.sampled_from(ops), "value": one}
        ),
        st.fixed_dictionaries(
            {
                "property": st.just(name),
                "op": st.just("in"),
                "value": st.lists(one, max_size=3),
            }
        ),
        st.fixed_dictionaries(
            {"property": st.just(name), "op": st.just("isNull"), "value": st.booleans()}
        ),
    ]
    if name in ("name", "note", "code", "email") or name in ARRAYS:
        choices.append(
            st.fixed_dictionaries(
                {
                    "property": st.just(name),
                    "op": st.sampled_from(("contains", "startsWith")),
                    "value": st.sampled_from(("q", "fo", "a", "x@", "가", "%", "")),
                }
            )
        )
    return st.one_of(choices)


def filters(of: str, depth: int = 2) -> st.SearchStrategy[Any]:
    """Filters about objects of a type, or links."""
    if of in LINKS:
        return conditions(["since"]) if of == "worksFor" else st.none()
    names = [name for part in {"Party", of, *FAMILIES[of]} for name in PROPERTIES[part]]
    simple = conditions(sorted(names))
    if not depth:
        return simple
    inner = filters(of, depth - 1)
    found_links = [
        st.fixed_dictionaries(
            {"link": st.just(link), "direction": st.just(direction)},
            optional={"where": filters(far, depth - 1)},
        )
        for link, (source, target, _) in LINKS.items()
        for near, far, direction in ((source, target, "outgoing"), (target, source, "incoming"))
        if near in FAMILIES[of]
    ]
    return st.one_of(
        simple,
        simple,
        st.one_of(found_links),
        st.builds(lambda parts: {"and": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    )


FILTERS = {of: st.none() | filters(of) for of in (*FAMILIES, "worksFor", "owns")}
SORTS = {
    of: st.lists(
        st.tuples(st.sampled_from(names), st.booleans()),
        max_size=3,
        unique_by=lambda item: item[0],
    )
    for of, names in {
        "Party": ("code", "name", "note", "age", "score", "born", "size"),
        "Person": ("code", "name", "age", "score", "born", "active", "email"),
        "Firm": ("code", "size", "note"),
        "worksFor": ("since",),
    }.items()
}
SORTS["owns"] = st.just([])


class Instances(RuleBasedStateMachine):
    """One ontology with objects and links, next to its model."""

    def __init__(self) -> None:
        super().__init__()
        self.name = f"instances-{next(_numbers)}"
        self.history = History()
        self.types: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        self.step = 0

    @initialize()
    def start(self) -> None:
        services.create_ontology(name=self.name, base_iri="https://machine.example/")
        changes = [
            Change(
                op="create",
                kind="ObjectType",
                fields={
                    "apiName": name,
                    "properties": self.properties(name, {}),
                    **(
                        {"primaryKey": ["code"], "titleProperty": "name", "isAbstract": True}
                        if name == "Party"
                        else {"parents": ["Party"]}
                    ),
                },
            )
            for name in PROPERTIES
        ]
        for name, (source, target, on_delete) in LINKS.items():
            fields: dict[str, Any] = {
                "apiName": name,
                "sources": [source],
                "targets": [target],
                "onDelete": on_delete,
            }
            if name == "worksFor":
                fields["targetCardinality"] = {"max": 1}
                fields["properties"] = [{"apiName": "since", "dataTypes": ["date"]}]
            changes.append(Change(op="create", kind="LinkType", fields=fields))
        made = services.commit_changes(ontology=self.name, changes=changes, message="Types")
        self.types = {item.name: item.rid for item in made.documents}
        state = State()
        for name, parts in PROPERTIES.items():
            body: Body = {f"{key}.name": key for key in parts}
            body |= {f"{key}.{flag}": True for key, flag in SET_AT_FIRST if key in parts}
            state = state.put(self.types[name], Kind.OBJECT_TYPE, body)
        self.history.commits[made.head] = Commit((), state)
        self.history.branches["main"] = made.head
        for type_name, code, values in (
            ("Person", "a", {"age": 1, "name": "red fox", "email": "x@y"}),
            ("Person", "b", {"age": 2, "name": "Red Hen"}),
            ("Firm", "c", {"size": 1, "name": "blue fox"}),
            ("Firm", "d e", {"size": 2}),
        ):
            self.make("main", type_name, {"code": code, **values})
        first, _, third, fourth = instances(self.history.head("main"))
        self.tie("main", "worksFor", first, third, {})
        self.tie("main", "owns", third, fourth, {})
        for name in ("b1", "b2"):
            services.create_branch(ontology=self.name, name=name)
            self.history.branches[name] = self.history.branches["main"]

    @staticmethod
    def properties(type_name: str, body: Body) -> list[dict[str, Any]]:
        """The properties of a type as a change gives them."""
        return [
            {
                "rid": f"p-{key}",
                "apiName": body.get(f"{key}.name", key),
                "dataTypes": [data_type],
                **({"required": True} if key == "code" else {}),
                **({"array": {}} if key in ARRAYS else {}),
                **{
                    flag: True
                    for other, flag in (*FLAGS, *SEARCHED)
                    if other == key
                    and (body.get(f"{key}.{flag}") if body else (key, flag) in SET_AT_FIRST)
                },
            }
            for key, data_type in PROPERTIES[type_name].items()
        ]

    # -- looking -----------------------------------------------------------------------------------
    def read(self, ref: str) -> State:
        """What the services say stands at ``ref``, properties called as at first."""
        called = {rid: name for name, rid in self.types.items()}
        live: dict[str, tuple[Kind, Body]] = {}
        for type_name in PROPERTIES:
            view = selectors.get_document(ontology=self.name, target=self.types[type_name], ref=ref)
            body: Body = {}
            for part in view.body["properties"]:
                key = part["rid"].removeprefix("p-")
                body[f"{key}.name"] = part["apiName"]
                body |= {
                    f"{key}.{flag}": True
                    for other, flag in (*FLAGS, *SEARCHED)
                    if part.get(flag) and other == key
                }
            live[view.rid] = (Kind.OBJECT_TYPE, body)
        cursor = None
        while True:
            page = selectors.list_documents(
                ontology=self.name, kinds=["Object", "Link"], ref=ref, limit=5, cursor=cursor
            )
            for view in page.items:
                body = {NAMES.get(name, name): value for name, value in view.body.items()}
                key = body.pop("_key", None)
                assert key == ([body["code"]] if view.kind == "Object" else None)
                body["_type"] = called[body["_type"]]
                live[view.rid] = (Kind(view.kind), body)
            cursor = page.next_cursor
            if cursor is None:
                return State(live)

    def check(self, ref: str, expected: State) -> None:
        assert self.read(ref).live == expected.live

    def branch(self, pick: int) -> str:
        return pick_from(sorted(self.history.branches), pick)

    def number(self, rid: str) -> int:
        """Ids are another each time; what is picked must not depend on them."""
        return self.numbers.setdefault(rid, len(self.numbers))

    def pick(
        self, state: State, pick: int, kind: Kind = Kind.OBJECT, types: Sequence[str] = ()
    ) -> str | None:
        options = sorted(instances(state, kind, types), key=self.number)
        return pick_from(options, pick) if options else None

    def target(self, state: State, rid: str, pick: int) -> str:
        """An object by its ``@id``, by that of its parent type, or by ``rid``."""
        body = state.live[rid][1]
        if "code" not in body or pick % 3 == 0:
            return rid
        name = body["_type"] if pick % 3 == 1 else "Party"
        return f"{name}/{quote(body['code'], safe='')}"

    def named(self, state: State, values: Body) -> dict[str, Any]:
        """Values under the names of the moment."""
        return {name_of(state, self.types, key): value for key, value in values.items()}

    # -- change sets -------------------------------------------------------------------------------
    def commit(
        self, branch: str, changes: list[Change], expected: State | None, new: Sequence[str] = ()
    ) -> State:
        """Commit, and hold the outcome against the model's.

        Args:
            expected: None when it must be refused.
            new: placeholders in ``expected`` for what gets its ``rid`` now, in the order in which
                the change set creates it.
        """
        head = self.history.branches[branch]
        before = self.history.commits[head].state

        def run(**options: Any) -> Any:
            return services.commit_changes(
                ontology=self.name, branch=branch, changes=changes, message="a change", **options
            )

        if expected is None or broken(expected, self.types):
            for options in ({"dry_run": True}, {}):
                with pytest.raises(Invalid):
                    run(**options)
            assert selectors.get_branch(ontology=self.name, name=branch).head == head
            return before
        result = run(expected_head=head)
        made = [
            view.rid
            for view, change in zip(result.documents, changes, strict=True)
            if change.op == "create"
        ]
        for placeholder, rid in zip(new, made, strict=True):
            self.number(rid)
            expected = renamed(expected, placeholder, rid)
        if result.commit is None:
            assert expected.live == before.live
            return before
        assert {change.rid for change in result.changes.changes} >= set(differing(before, expected))
        self.history.commits[result.head] = Commit((head,), expected)
        self.history.branches[branch] = result.head
        self.check(branch, expected)
        return expected

    def make(self, branch: str, type_name: str, values: Body) -> None:
        state = self.history.head(branch)
        fields = self.named(state, values)
        change = Change(op="create", kind="Object", type=type_name, fields=fields)
        body = {"_type": type_name, **values}
        self.commit(branch, [change], state.put("new", Kind.OBJECT, body), ["new"])

    def tie(self, branch: str, link: str, source: str, target: str, values: Body) -> None:
        state = self.history.head(branch)
        change = Change(
            op="create",
            kind="Link",
            type=link,
            source=self.target(state, source, len(link)),
            target=self.target(state, target, len(link) + 1),
            fields=values,
        )
        body = {"_type": link, "_source": source, "_target": target, **values}
        there = any(
            (other["_type"], other["_source"], other["_target"]) == (link, source, target)
            for other in instances(state, Kind.LINK).values()
        )
        expected = None if there else state.put("new", Kind.LINK, body)
        self.commit(branch, [change], expected, ["new"])

    @rule(on=PICK, type_name=st.sampled_from(tuple(FIELDS)), code=VALUES["code"], data=st.data())
    def create(self, on: int, type_name: str, code: str, data: st.DataObject) -> None:
        self.make(self.branch(on), type_name, {"code": code, **data.draw(FIELDS[type_name])})

    @rule(on=PICK, link=st.sampled_from(tuple(LINKS)), one=PICK, other=PICK, since=st.booleans())
    def link(self, on: int, link: str, one: int, other: int, since: bool) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        source_type, target_type, _ = LINKS[link]
        source = self.pick(state, one, types=[source_type])
        target = self.pick(state, other, types=[target_type])
        if source is not None and target is not None:
            values = {"since": "2001-01-01"} if since and link == "worksFor" else {}
            self.tie(branch, link, source, target, values)

    @rule(on=PICK, which=PICK, code=st.none() | VALUES["code"], data=st.data())
    def update(self, on: int, which: int, code: str | None, data: st.DataObject) -> None:
        branch = self.branch(on)
        rid = self.pick(self.history.head(branch), which)
        if rid is not None:
            self.patch(branch, rid, which, code, data)

    @rule(on=PICK, which=PICK, data=st.data())
    def update_on_two_branches(self, on: int, which: int, data: st.DataObject) -> None:
        """Something for merges to do."""
        one, other = self.branch(on), self.branch(on + 1)
        states = self.history.head(one), self.history.head(other)
        rid = self.pick(
            State({rid: pair for rid, pair in states[0].live.items() if rid in states[1].live}),
            which,
        )
        if rid is not None:
            for branch in {one: None, other: None}:
                self.patch(branch, rid, which, None, data)

    def patch(
        self, branch: str, rid: str, which: int, code: str | None, data: st.DataObject
    ) -> None:
        state = self.history.head(branch)
        body = state.live[rid][1]
        values = data.draw(FIELDS[body["_type"]])
        if code is not None:
            values["code"] = code
        removed = [name for name in values if name != "code" and data.draw(st.integers(0, 3)) == 0]
        after = {**body, **values}
        for name in removed:
            del after[name]
        given = {**values, **dict.fromkeys(removed)}
        change = Change(
            op="update", target=self.target(state, rid, which), fields=self.named(state, given)
        )
        self.commit(branch, [change], state.put(rid, Kind.OBJECT, after))

    @rule(on=PICK, which=PICK, data=st.data())
    def replace(self, on: int, which: int, data: st.DataObject) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        rid = self.pick(state, which)
        if rid is None:
            return
        body = state.live[rid][1]
        values = {"code": body["code"], **data.draw(FIELDS[body["_type"]])}
        change = Change(
            op="replace", target=self.target(state, rid, which), fields=self.named(state, values)
        )
        after = {"_type": body["_type"], **values}
        self.commit(branch, [change], state.put(rid, Kind.OBJECT, after))

    @rule(on=PICK, which=PICK, kind=st.sampled_from((Kind.OBJECT, Kind.LINK)))
    def delete(self, on: int, which: int, kind: Kind) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        rid = self.pick(state, which, kind)
        if rid is not None:
            change = Change(op="delete", target=self.target(state, rid, which))
            self.commit(branch, [change], deleted(state, [rid]))

    @rule(on=PICK, one=PICK, other=PICK)
    def delete_two(self, on: int, one: int, other: int) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        rids = {self.pick(state, one): None, self.pick(state, other): None}
        chosen = [rid for rid in rids if rid is not None]
        if chosen:
            changes = [Change(op="delete", target=rid) for rid in chosen]
            self.commit(branch, changes, deleted(state, chosen))

    @rule(on=PICK, which=PICK)
    def restore(self, on: int, which: int) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        dead = sorted(
            (rid for rid, (kind, _) in state.dead.items() if kind in (Kind.OBJECT, Kind.LINK)),
            key=self.number,
        )
        if not dead:
            return
        rid = pick_from(dead, which)
        kind, body = state.dead[rid]
        expected: State | None = state.put(rid, kind, body)
        self.commit(branch, [Change(op="restore", target=rid)], expected)

    @rule(on=PICK, one=PICK, other=PICK, name=st.sampled_from(("code", "email")))
    def swap(self, on: int, one: int, other: int, name: str) -> None:
        """What must be one's own, handed over in one commit."""
        branch = self.branch(on)
        state = self.history.head(branch)
        types = ["Person"] if name == "email" else []
        rids = [self.pick(state, pick, types=types) for pick in (one, other)]
        if None in rids or rids[0] == rids[1]:
            return
        changes, expected = [], state
        for rid, giver in (rids, rids[::-1]):
            assert rid is not None
            assert giver is not None
            value = state.live[giver][1].get(name)
            body = {key: old for key, old in state.live[rid][1].items() if key != name}
            expected = expected.put(
                rid, Kind.OBJECT, body if value is None else {**body, name: value}
            )
            changes.append(Change(op="update", target=rid, fields={name: value}))
        self.commit(branch, changes, expected)

    @rule(on=PICK, code=VALUES["code"], which=PICK, data=st.data())
    def hire(self, on: int, code: str, which: int, data: st.DataObject) -> None:
        """An object and its link in one commit, the object by its key."""
        branch = self.branch(on)
        state = self.history.head(branch)
        firm = self.pick(state, which, types=["Firm"])
        if firm is None:
            return
        values = {"code": code, **data.draw(FIELDS["Person"])}
        changes = [
            Change(op="create", kind="Object", type="Person", fields=self.named(state, values)),
            Change(
                op="create",
                kind="Link",
                type="worksFor",
                source=f"Person/{quote(code, safe='')}",
                target=self.target(state, firm, which),
            ),
        ]
        taken = any(body["code"] == code for body in instances(state).values())
        ends = {"_type": "worksFor", "_source": "new", "_target": firm}
        expected = state.put("new", Kind.OBJECT, {"_type": "Person", **values})
        self.commit(
            branch,
            changes,
            None if taken else expected.put("tie", Kind.LINK, ends),
            ["new", "tie"],
        )

    # -- types -------------------------------------------------------------------------------------
    @rule(on=PICK, flag=st.sampled_from(FLAGS))
    def switch(self, on: int, flag: tuple[str, str]) -> None:
        key, name = flag
        body = dict(self.history.head(self.branch(on)).live[self.owner(key)][1])
        if not body.pop(f"{key}.{name}", False):
            body[f"{key}.{name}"] = True
        self.retype(self.branch(on), key, body)

    @rule(on=PICK, key=st.sampled_from(tuple(SPELLINGS)), which=PICK)
    def rename(self, on: int, key: str, which: int) -> None:
        body = dict(self.history.head(self.branch(on)).live[self.owner(key)][1])
        body[f"{key}.name"] = pick_from(SPELLINGS[key], which)
        self.retype(self.branch(on), key, body)

    def owner(self, key: str) -> str:
        return next(self.types[name] for name, parts in PROPERTIES.items() if key in parts)

    def retype(self, branch: str, key: str, body: Body) -> None:
        rid = self.owner(key)
        name = next(name for name, other in self.types.items() if other == rid)
        state = self.history.head(branch)
        old = name_of(state, self.types, key)
        change = Change(op="update", target=rid, fields={"properties": self.properties(name, body)})
        expected = state.put(rid, Kind.OBJECT_TYPE, body)
        if body[f"{key}.name"] != old:  # what is deleted keeps the old name, and cannot come back
            expected = State(expected.live, {})
        self.commit(branch, [change], expected)

    # -- refs --------------------------------------------------------------------------------------
    @precondition(lambda self: len(self.history.branches) < 5)
    @rule(at=PICK)
    def make_branch(self, at: int) -> None:
        source = pick_from(list(self.history.commits), at)
        name = f"b{len(self.history.branches) + 1}"
        services.create_branch(ontology=self.name, name=name, from_ref=source)
        self.history.branches[name] = source

    def to_merge(self) -> list[tuple[str, str]]:
        heads = self.history.branches
        ancestors = {name: self.history.ancestors(head) for name, head in heads.items()}
        return [
            (into, source)
            for into in sorted(heads)
            for source in sorted(heads)
            if heads[source] not in ancestors[into]
        ]

    @precondition(lambda self: bool(self.to_merge()))
    @rule(which=PICK, choice=st.sampled_from((None, "ours", "theirs")), no_ff=st.booleans())
    def merge(self, which: int, choice: Any, no_ff: bool) -> None:
        into, source = pick_from(self.to_merge(), which)
        ours, theirs = self.history.branches[into], self.history.branches[source]

        def run(**options: Any) -> MergeResult:
            resolutions = [Resolution(choice)] if choice else []
            return services.merge(
                ontology=self.name,
                **{"source": source, "into": into, "resolutions": resolutions, **options},
            )

        self.check_symmetry(run, into, source, choice)
        result = run(no_ff=no_ff, expected_head=ours)
        bases = self.history.merge_bases(ours, theirs)
        if bases == [ours] and not no_ff:
            assert result.status == "fast_forward"
            self.history.branches[into] = theirs
            self.check(into, self.history.head(into))
            return
        state, other = (self.history.commits[commit].state for commit in (ours, theirs))
        if len(bases) == 1:
            base = self.history.commits[bases[0]].state
            merge = Merge(base, state, other, choice)
            self.take(result, into, merge, choice, parents=(ours, theirs), nothing="merged")
            return
        # Of several bases one is made first; the model knows what is certain all the same.
        if result.commit is not None:
            merged = self.read(result.commit.id)
            assert not broken(merged, self.types)
            for rid in merged.live.keys() | state.live.keys() | other.live.keys():
                if state.live.get(rid) == other.live.get(rid):
                    assert merged.live.get(rid) == state.live.get(rid)
            self.keep(into, result.commit.id, (ours, theirs), State(merged.live, {}))

    def check_symmetry(
        self, run: Callable[..., MergeResult], into: str, source: str, choice: Any
    ) -> None:
        """Who merges whom makes no difference apart from the roles."""
        other = {"ours": "theirs", "theirs": "ours"}.get(choice)
        there = run(dry_run=True, no_ff=True)
        back = run(
            dry_run=True,
            no_ff=True,
            source=into,
            into=source,
            resolutions=[Resolution(other)] if other else [],  # type: ignore[arg-type]
        )
        if "up_to_date" in (there.status, back.status):
            return
        assert there.status == back.status, (there.problems, back.problems)

        def shown(result: MergeResult, ours: str, theirs: str) -> list[Any]:
            found = [
                (item.rid, item.path, getattr(item, ours), getattr(item, theirs))
                for item in result.conflicts
            ]
            return sorted(found, key=lambda item: item[:2])

        assert shown(there, "ours", "theirs") == shown(back, "theirs", "ours")
        if there.status == "merged":
            assert self.after(into, there) == self.after(source, back)

    def after(self, branch: str, result: MergeResult) -> dict[str, Any]:
        """Bodies after the changes of a dry run."""
        bodies: dict[str, Any] = {}
        cursor = None
        while True:
            page = selectors.list_documents(ontology=self.name, ref=branch, cursor=cursor)
            bodies.update({view.rid: view.body for view in page.items})
            cursor = page.next_cursor
            if cursor is None:
                break
        assert result.changes is not None
        for change in result.changes.changes:
            bodies.pop(change.rid, None)
            if change.after is not None:
                bodies[change.rid] = change.after
        return bodies

    def take(
        self,
        result: MergeResult,
        branch: str,
        merge: Merge,
        choice: Any,
        *,
        parents: tuple[str, ...],
        nothing: str,
    ) -> None:
        """Hold the outcome of a merge or revert against the model's."""
        before = self.history.commits[parents[0]].state
        conflicting = {rid for rid, _ in merge.conflicts}
        assert {item.rid for item in result.conflicts} == (set() if choice else conflicting)
        if result.conflicts:
            assert (result.status, result.commit) == ("conflicts", None)
        elif broken(merge.state, self.types):
            assert (result.status, result.commit) == ("invalid", None)
            assert result.problems
        elif before.live == merge.state.live:
            assert result.status == nothing
            if result.commit is not None:
                self.keep(branch, result.commit.id, parents, before)
        else:
            assert (result.status, result.problems) == ("merged", ())
            assert result.commit is not None
            self.keep(branch, result.commit.id, parents, State(merge.state.live, {}))

    def keep(self, branch: str, commit: str, parents: tuple[str, ...], state: State) -> None:
        self.history.commits[commit] = Commit(parents, state)
        self.history.branches[branch] = commit
        self.check(branch, state)

    @precondition(lambda self: len(self.history.commits) > 1)
    @rule(on=PICK, which=PICK, choice=st.sampled_from((None, "theirs")))
    def revert(self, on: int, which: int, choice: Any) -> None:
        branch = self.branch(on)
        head = self.history.branches[branch]
        past = self.history.ancestors(head)
        latest = [commit for commit in self.history.commits if commit in past][::-1]
        undone = pick_from(latest, which)
        parents = self.history.commits[undone].parents
        if not parents:
            return
        result = services.revert(
            ontology=self.name,
            commit=undone,
            branch=branch,
            mainline=1,
            resolutions=[Resolution(choice)] if choice else [],
        )
        before = self.history.commits[parents[0]].state
        after, state = (self.history.commits[commit].state for commit in (undone, head))
        touched = differing(before, after).keys()
        base, ours, theirs = (
            State({rid: pair for rid, pair in side.live.items() if rid in touched})
            for side in (after, state, before)
        )
        merge = Merge(base, ours, theirs, choice)
        for rid in touched:
            if rid in merge.state.live:
                state = state.put(rid, *merge.state.live[rid])
            elif rid in state.live:
                state = state.drop(rid)
        merge.state = state
        self.take(result, branch, merge, choice, parents=(head,), nothing="up_to_date")

    # -- questions ---------------------------------------------------------------------------------
    @precondition(lambda self: bool(self.history.commits))
    @rule(
        at=PICK,
        of=st.sampled_from(tuple(FILTERS)),
        limit=st.integers(1, 4),
        group=st.sampled_from(("", "active", "age", "code")),
        text=st.sampled_from(("fo", "red", "hen", "r f", "파", "x ray", "b", "see")),
        data=st.data(),
    )
    def ask(self, at: int, of: str, limit: int, group: str, text: str, data: st.DataObject) -> None:
        self.question(at, of, limit, data.draw(FILTERS[of]), data.draw(SORTS[of]), group, text)

    def question(
        self, at: int, of: str, limit: int, where: Any, sort: Any, group: str, text: str
    ) -> None:
        """Heads and old commits in turn."""
        refs = [*sorted(self.history.branches), *list(self.history.commits)[-12:]]
        ref = pick_from(refs, at)
        state = self.history.commits[self.history.branches.get(ref, ref)].state
        family = FAMILIES.get(of, (of,))
        spoken = None if where is None else parse_filter(self.spelled(state, where))
        expected = listed(state, self.types, family, where, sort)
        assert (
            self.pages(
                type=of,
                ref=ref,
                where=spoken,
                limit=limit,
                sort=parse_sort(
                    [
                        ("-" if falling else "") + name_of(state, self.types, key)
                        for key, falling in sort
                    ]
                ),
            )
            == expected
        )
        asked: dict[str, Any] = {"ontology": self.name, "type": of, "ref": ref, "where": spoken}
        assert selectors.count_objects(**asked) == len(expected)
        if of in LINKS:
            return
        if of != "Firm":
            self.check_figures(state, asked, expected, group)
        self.check_search(state, ref, text, of, limit)
        if expected:
            self.check_links(state, ref, expected[0], limit)

    def pages(self, **options: Any) -> list[str]:
        rids: list[str] = []
        cursor = None
        while True:
            page = selectors.list_objects(ontology=self.name, cursor=cursor, **options)
            assert len(page.items) <= options["limit"]
            rids += [item.rid for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return rids

    def spelled(self, state: State, where: Any) -> Any:
        """A filter with the names of the moment."""
        if isinstance(where, list):
            return [self.spelled(state, part) for part in where]
        if not isinstance(where, dict):
            return where
        if "property" in where:
            return {**where, "property": name_of(state, self.types, where["property"])}
        return {name: self.spelled(state, part) for name, part in where.items()}

    def check_figures(
        self, state: State, asked: dict[str, Any], rids: list[str], group: str
    ) -> None:
        def spell(measure: str) -> str:
            function, _, key = measure.partition(":")
            return f"{function}:{name_of(state, self.types, key)}" if key else function

        name = name_of(state, self.types, group) if group else ""
        result = selectors.aggregate_objects(
            **asked,
            measures=[parse_measure(spell(measure)) for measure in MEASURES],
            group_by=[name] if group else [],
        )
        age = name_of(state, self.types, "age")
        answered = {
            (row.group[name] if group else None): {
                label.replace(f"({age})", "(age)"): value for label, value in row.figures.items()
            }
            for row in result.rows
        }
        assert len(answered) == len(result.rows)
        expected = figures(state, rids, group)
        assert answered.keys() == expected.keys()
        for key, found_figures in answered.items():
            for label, value in found_figures.items():
                wanted = expected[key][label]
                if isinstance(wanted, str) or wanted is None:
                    assert value == wanted
                else:
                    assert float(value) == pytest.approx(float(wanted))

    def check_search(self, state: State, ref: str, text: str, of: str, limit: int) -> None:
        hits: list[str] = []
        cursor = None
        while True:
            page = selectors.search_objects(
                ontology=self.name, text=text, type=of, ref=ref, limit=limit, cursor=cursor
            )
            hits += [hit.document.rid for hit in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert len(hits) == len(set(hits))
        assert set(hits) == found(state, self.types, text, FAMILIES[of])

    def check_links(self, state: State, ref: str, rid: str, limit: int) -> None:
        seen: list[tuple[str, str, str]] = []
        cursor = None
        while True:
            page = selectors.linked_objects(
                ontology=self.name,
                target=rid,
                direction="both",
                ref=ref,
                limit=limit,
                cursor=cursor,
            )
            seen += [(item.link.rid, item.object.rid, item.direction) for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        expected = sorted(neighbours(state, rid))
        assert sorted(seen) == expected
        walk = selectors.traverse(
            ontology=self.name, target=rid, depth=2, direction="both", ref=ref
        )
        near = {rid, *(other for _, other, _ in expected)}
        far = {other for one in near for _, other, _ in neighbours(state, one)}
        assert {node.document.rid for node in walk.nodes} == near | far

    # -- always ------------------------------------------------------------------------------------
    @invariant()
    def one_old_commit_reads_as_ever(self) -> None:
        if not self.history.branches:
            return
        commits = list(self.history.commits)
        self.step += 1
        commit = commits[self.step % len(commits)]
        self.check(commit, self.history.commits[commit].state)
        # An index at every head, in both directions.
        branch = self.branch(self.step)
        falling = self.step % 2 == 0
        key = ("age", "score", "born")[self.step % 3]
        state = self.history.head(branch)
        spelled = ("-" if falling else "") + name_of(state, self.types, key)
        assert self.pages(type="Person", ref=branch, limit=2, sort=parse_sort([spelled])) == listed(
            state, self.types, ["Person"], None, [(key, falling)]
        )

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None or not self.history.branches:
            return  # what went wrong is told already
        for name, commit in self.history.branches.items():
            assert selectors.resolve_ref(ontology=self.name, ref=name).id == commit
            self.check(name, self.history.commits[commit].state)
        report = selectors.verify(ontology=self.name)
        assert report.problems == ()


def pick_from(options: Sequence[T], pick: int) -> T:
    return options[pick % len(options)]


def renamed(state: State, placeholder: str, rid: str) -> State:
    """The state with the id that a new thing got."""
    live = {}
    for key, (kind, body) in state.live.items():
        ends = {end: rid for end in ("_source", "_target") if body.get(end) == placeholder}
        live[rid if key == placeholder else key] = (kind, {**body, **ends})
    return State(live, {key: pair for key, pair in state.dead.items() if key != rid})


def run(full: bool) -> None:
    """Many machines, more of them if it is to take long."""
    with acting_as(SYSTEM):
        run_state_machine_as_test(
            Instances,
            settings=settings(
                max_examples=300 if full else 6,
                stateful_step_count=40 if full else 20,
                deadline=None,
                derandomize=not full,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_objects_and_links_agree_with_plain_dictionaries(full: bool) -> None:
    run(full)


if os.environ.get("TERMINUSDB_ENDPOINT"):  # steps by chance cannot be on tape

    @pytest.mark.usefixtures("terminusdb")
    def test_objects_and_links_agree_where_they_live_in_terminusdb(full: bool) -> None:
        run(full)
