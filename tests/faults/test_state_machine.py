"""The services against plain dictionaries: whatever is done in whatever order, they agree."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

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
from oms_project.core.errors import Conflict, Invalid, NotFound, OmsError
from ontology import selectors, services
from ontology.contract import Change, DiffResult, MergeResult, Resolution
from ontology.domain.documents import DocumentChange
from ontology.domain.kinds import Kind
from tests.faults.model import Commit, History, Merge, State, alike, apply, differing
from tests.tapes import steady, terminusdb

__all__ = ["steady", "terminusdb"]

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

T = TypeVar("T")
PICK = st.integers(min_value=0, max_value=11)
NAMES = st.sampled_from(("Alpha", "Beta", "Gamma", "Delta"))
KINDS = st.sampled_from((Kind.OBJECT_TYPE, Kind.OBJECT_TYPE, Kind.ENUM_TYPE))
LANGUAGES, WORDS = st.sampled_from(("en", "ko")), st.sampled_from(("one", "둘"))
TEXTS = st.dictionaries(LANGUAGES, WORDS, max_size=2)
SOME_TEXT = st.dictionaries(LANGUAGES, WORDS, min_size=1, max_size=2)
PROPERTY = st.fixed_dictionaries(
    {"rid": st.sampled_from("pqr"), "dataTypes": st.sampled_from((["string"], ["integer"]))},
    optional={
        "required": st.just(True),
        "unit": st.sampled_from(("m", "s")),
        "displayName": SOME_TEXT,
    },
).flatmap(
    # Each property has names of its own, so that two never clash.
    lambda item: st.sampled_from((item["rid"] + "Name", item["rid"] + "Other")).map(
        lambda name: {**item, "apiName": name}
    )
)
MEMBER = st.fixed_dictionaries(
    {"code": st.sampled_from("ABCD")},
    optional={"label": SOME_TEXT, "status": st.just("deprecated")},
)
COMMON = {
    "displayName": TEXTS,
    "tags": st.lists(st.sampled_from(("x", "y", "z")), unique=True).map(sorted),
    "status": st.sampled_from(("active", "experimental")),
}
FIELDS: dict[Kind, st.SearchStrategy[dict[str, Any]]] = {
    Kind.OBJECT_TYPE: st.fixed_dictionaries(
        {},
        optional={
            **COMMON,
            "color": st.sampled_from(("red", "green", "blue")),
            "parents": st.lists(PICK, max_size=2),
            "properties": st.lists(PROPERTY, max_size=3, unique_by=lambda item: item["rid"]),
        },
    ),
    Kind.ENUM_TYPE: st.fixed_dictionaries(
        {},
        optional={
            **COMMON,
            "members": st.lists(MEMBER, max_size=4, unique_by=lambda item: item["code"]),
        },
    ),
}
#: Stands for the id that a new thing will get.
NEW = "new"
DEFAULTS = {"status": "active"}
#: Sides of a merge exchanged.
MIRRORED = {"delete/edit": "edit/delete", "edit/delete": "delete/edit"}
_numbers = itertools.count()


class Ontologies(RuleBasedStateMachine):
    """One ontology under version control, next to its model."""

    def __init__(self) -> None:
        super().__init__()
        self.name = f"machine-{next(_numbers)}"
        self.history = History()
        self.looked_at = 0
        self.imports = 0
        # Ids are another each time; what is picked must not depend on them.
        self.numbers: dict[str, int] = {}

    @initialize()
    def start(self) -> None:
        info = services.create_ontology(name=self.name, base_iri="https://machine.example/")
        head = selectors.get_branch(ontology=self.name, name="main").head
        self.history.commits[head] = Commit((), State({info.id: self.read(head).live[info.id]}))
        self.history.branches["main"] = head
        parts = [{"rid": rid, "apiName": f"{rid}Name", "dataTypes": ["string"]} for rid in "pq"]
        members = [{"code": code} for code in "ABC"]
        for kind, fields in (
            (Kind.OBJECT_TYPE, {"apiName": "Alpha", "properties": parts, "tags": ["x"]}),
            (Kind.OBJECT_TYPE, {"apiName": "Beta", "displayName": {"en": "one"}}),
            (Kind.ENUM_TYPE, {"apiName": "Gamma", "members": members}),
        ):
            state = self.history.head("main")
            change = Change(op="create", kind=kind, fields=fields)
            self.commit("main", [change], state.put(NEW, kind, fields))
        for name in ("b1", "b2"):
            services.create_branch(ontology=self.name, name=name)
            self.history.branches[name] = self.history.branches["main"]

    # -- looking -----------------------------------------------------------------------------------
    def read(self, ref: str) -> State:
        """What the services say stands at ``ref``."""
        found: dict[bool, dict[str, tuple[Kind, dict[str, Any]]]] = {False: {}, True: {}}
        cursor = None
        while True:
            page = selectors.list_documents(
                ontology=self.name, ref=ref, include_deleted=True, limit=3, cursor=cursor
            )
            for view in page.items:
                found[view.deleted][view.rid] = (Kind(view.kind), dict(view.body))
            cursor = page.next_cursor
            if cursor is None:
                return State(found[False], found[True])

    def branch(self, pick: int) -> str:
        return pick_from(sorted(self.history.branches), pick)

    def document(self, state: State, pick: int, *, dead: bool = False) -> tuple[str, Kind]:
        documents = state.dead if dead else state.live
        found = [rid for rid, (kind, _) in documents.items() if kind in FIELDS]
        rid = pick_from(sorted(found, key=self.numbers.__getitem__), pick)
        return rid, documents[rid][0]

    def resolved(self, state: State, fields: dict[str, Any]) -> dict[str, Any]:
        """``fields`` with object types of ``state`` where parents are numbers."""
        if "parents" not in fields:
            return fields
        found = [rid for rid, (kind, _) in state.live.items() if kind == Kind.OBJECT_TYPE]
        types = sorted(found, key=self.numbers.__getitem__)
        chosen = {pick_from(types, pick) for pick in fields["parents"]} if types else set()
        return {**fields, "parents": sorted(chosen)}

    def some(self, *, dead: bool = False) -> bool:
        """Whether the branch that was made last has a definition to do something with."""
        return any(
            kind in FIELDS
            for branch in self.history.branches
            for kind, _ in getattr(self.history.head(branch), "dead" if dead else "live").values()
        )

    # -- change sets -------------------------------------------------------------------------------
    def commit(self, branch: str, changes: list[Change], expected: State | type[OmsError]) -> None:
        """Commit, and hold the outcome against what the model expects.

        Which id a new thing gets is the services' choice; that the same thing gets the same one on
        two branches shows when they are merged.
        """
        before = self.history.branches[branch]
        arguments = {
            "ontology": self.name,
            "branch": branch,
            "changes": changes,
            "message": "a change",
        }
        if not isinstance(expected, State) or not expected.valid():
            error = Invalid if isinstance(expected, State) else expected
            with pytest.raises(error):
                services.commit_changes(**arguments)  # type: ignore[arg-type]
            assert selectors.get_branch(ontology=self.name, name=branch).head == before
            return
        dry = services.commit_changes(**arguments, dry_run=True)  # type: ignore[arg-type]
        result = services.commit_changes(**arguments, expected_head=before)  # type: ignore[arg-type]
        state = self.history.commits[before].state
        assert [
            (item.id, item.operation, item.fields, item.after) for item in dry.changes.changes
        ] == [(item.id, item.operation, item.fields, item.after) for item in result.changes.changes]
        if NEW in expected.live:
            (made,) = result.changes.changes
            assert made.rid not in state.live
            self.numbers.setdefault(made.rid, len(self.numbers))
            live = {rid: pair for rid, pair in expected.live.items() if rid != NEW}
            expected = State(live, state.dead).put(made.rid, *expected.live[NEW])
        assert operations(result.changes) == differing(state, expected)
        assert (result.commit is None) == (not differing(state, expected))
        if result.commit is not None:
            assert result.commit.parents == (before,)
            self.history.commits[result.head] = Commit((before,), expected)
            self.history.branches[branch] = result.head
        assert self.read(branch) == expected

    @rule(on=PICK, kind=KINDS, name=NAMES, data=st.data())
    def create(self, on: int, kind: Kind, name: str, data: st.DataObject) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        fields = self.resolved(state, {"apiName": name, **data.draw(FIELDS[kind])})
        change = Change(op="create", kind=kind, fields=fields)
        if state.named(kind, name):
            self.commit(branch, [change], Conflict)
            return
        self.commit(branch, [change], state.put(NEW, kind, stored(kind, fields)))

    @precondition(lambda self: self.some())
    @rule(on=PICK, which=PICK, data=st.data())
    def update(self, on: int, which: int, data: st.DataObject) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        if any(kind in FIELDS for kind, _ in state.live.values()):
            rid, kind = self.document(state, which)
            self.patch(branch, rid, data.draw(FIELDS[kind].filter(bool)))

    @precondition(lambda self: len(self.history.branches) > 1)
    @rule(on=PICK, which=PICK, data=st.data())
    def update_on_two_branches(self, on: int, which: int, data: st.DataObject) -> None:
        """Something for merges to do."""
        one, other = self.branch(on), self.branch(on + 1)
        states = self.history.head(one), self.history.head(other)
        both = states[0].live.keys() & states[1].live.keys()
        common = State({rid: states[0].live[rid] for rid in both})
        if any(kind in FIELDS for kind, _ in common.live.values()):
            rid, kind = self.document(common, which)
            for branch in (one, other):
                self.patch(branch, rid, data.draw(FIELDS[kind].filter(bool)))

    def patch(self, branch: str, rid: str, fields: dict[str, Any]) -> None:
        """Update ``rid``: fields replace, texts merge by language."""
        state = self.history.head(branch)
        kind, body = state.live[rid]
        fields = self.resolved(state, fields)
        merged = {**body, **fields}
        if "displayName" in fields:
            merged["displayName"] = {**body.get("displayName", {}), **fields["displayName"]}
        change = Change(op="update", target=rid, fields=fields)
        self.commit(branch, [change], state.put(rid, kind, stored(kind, merged)))

    @precondition(lambda self: self.some())
    @rule(on=PICK, which=PICK, data=st.data())
    def replace(self, on: int, which: int, data: st.DataObject) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        if not any(kind in FIELDS for kind, _ in state.live.values()):
            return
        rid, kind = self.document(state, which)
        fields = {"apiName": state.live[rid][1]["apiName"], **data.draw(FIELDS[kind])}
        fields = self.resolved(state, fields)
        change = Change(op="replace", target=rid, fields=fields)
        self.commit(branch, [change], state.put(rid, kind, stored(kind, fields)))

    @precondition(lambda self: self.some())
    @rule(on=PICK, which=PICK, name=NAMES)
    def rename(self, on: int, which: int, name: str) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        if not any(kind in FIELDS for kind, _ in state.live.values()):
            return
        rid, kind = self.document(state, which)
        body = state.live[rid][1]
        renamed = body
        if name != body["apiName"]:
            aliases = {*body.get("aliases", ()), body["apiName"]} - {name}
            renamed = stored(kind, {**body, "apiName": name, "aliases": sorted(aliases)})
        change = Change(op="rename", target=f"{kind}/{body['apiName']}", api_name=name)
        self.commit(branch, [change], state.put(rid, kind, renamed))

    @precondition(lambda self: self.some())
    @rule(on=PICK, which=PICK, again=st.booleans())
    def delete(self, on: int, which: int, again: bool) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        if not any(kind in FIELDS for kind, _ in state.live.values()):
            return
        rid, _ = self.document(state, which)
        change = Change(op="delete", target=rid)
        if again:
            self.commit(branch, [change, change], NotFound)
        self.commit(branch, [change], state.drop(rid))

    @precondition(lambda self: self.some(dead=True))
    @rule(on=PICK, which=PICK)
    def restore(self, on: int, which: int) -> None:
        branch = self.branch(on)
        state = self.history.head(branch)
        if not state.dead:
            return
        rid, _ = self.document(state, which, dead=True)
        change = Change(op="restore", target=rid)
        self.commit(branch, [change], state.put(rid, *state.dead[rid]))

    # -- refs --------------------------------------------------------------------------------------
    @precondition(lambda self: len(self.history.branches) < 4)
    @rule(at=PICK, name=st.sampled_from(("b1", "b2", "b3", "b4")))
    def make_branch(self, at: int, name: str) -> None:
        source = pick_from(list(self.history.commits), at)
        if name in self.history.branches:
            with pytest.raises(Conflict):
                services.create_branch(ontology=self.name, name=name, from_ref=source)
            return
        made = services.create_branch(ontology=self.name, name=name, from_ref=source[:12])
        assert made.head == source
        self.history.branches[name] = source

    @precondition(lambda self: len(self.history.branches) > 3)
    @rule(which=PICK)
    def delete_branch(self, which: int) -> None:
        name = pick_from(sorted(self.history.branches.keys() - {"main"}), which)
        services.delete_branch(ontology=self.name, name=name)
        del self.history.branches[name]

    @precondition(lambda self: len(self.history.tags) < 3)
    @rule(on=PICK)
    def tag(self, on: int) -> None:
        branch, name = self.branch(on), f"v{len(self.history.tags)}"
        assert (
            services.create_tag(ontology=self.name, name=name, ref=branch).commit
            == (self.history.branches[branch])
        )
        self.history.tags[name] = self.history.branches[branch]

    # -- merges ------------------------------------------------------------------------------------
    def to_merge(self) -> list[tuple[str, str]]:
        """``(into, source)`` where the source has something that is not in the target."""
        heads = self.history.branches
        ancestors = {name: self.history.ancestors(head) for name, head in heads.items()}
        return [
            (into, source)
            for into in sorted(heads)
            for source in sorted(heads)
            if heads[source] not in ancestors[into]
        ]

    @precondition(lambda self: bool(self.to_merge()))
    @rule(
        which=PICK,
        choice=st.sampled_from((None, None, "ours", "theirs")),
        no_ff=st.booleans(),
    )
    def merge(self, which: int, choice: Any, no_ff: bool) -> None:
        into, source = pick_from(self.to_merge(), which)
        ours, theirs = self.history.branches[into], self.history.branches[source]
        resolutions = [Resolution(choice)] if choice else []

        def run(**options: Any) -> MergeResult:
            return services.merge(
                ontology=self.name,
                **{"source": source, "into": into, "resolutions": resolutions, **options},
            )

        self.check_symmetry(run, into, source, choice, no_ff)
        result = run(no_ff=no_ff, expected_head=ours)
        state = self.history.commits[ours].state
        bases = self.history.merge_bases(ours, theirs)
        assert result.base == (bases[0] if len(bases) == 1 else None)
        if bases == [ours] and not no_ff:
            assert result.status == "fast_forward"
            assert result.commit is not None
            assert result.commit.id == theirs
            self.history.branches[into] = theirs
        elif len(bases) == 1:
            base = self.history.commits[bases[0]].state
            merge = Merge(base, state, self.history.commits[theirs].state, choice)
            self.take(result, into, merge, choice, parents=(ours, theirs), nothing="merged")
        else:
            self.take_criss_cross(result, into, (ours, theirs), bases, choice)
        if result.commit is not None:
            assert run().status == "up_to_date"
        assert (
            selectors.get_branch(ontology=self.name, name=into).head
            == (self.history.branches[into])
        )

    def check_symmetry(
        self, run: Callable[..., MergeResult], into: str, source: str, choice: Any, no_ff: bool
    ) -> None:
        """Who merges whom makes no difference apart from the roles."""
        other_choice = {"ours": "theirs", "theirs": "ours"}.get(choice)
        there = run(dry_run=True, no_ff=True)
        back = run(
            dry_run=True,
            no_ff=True,
            source=into,
            into=source,
            resolutions=[Resolution(other_choice)] if other_choice else [],  # type: ignore[arg-type]
        )
        if "up_to_date" in (there.status, back.status):
            return
        assert there.status == back.status
        assert [
            (conflict.rid, conflict.path, conflict.type, conflict.ours, conflict.theirs)
            for conflict in sorted(there.conflicts, key=lambda item: (item.rid, item.path))
        ] == [
            (
                conflict.rid,
                conflict.path,
                MIRRORED.get(conflict.type, conflict.type),
                conflict.theirs,
                conflict.ours,
            )
            for conflict in sorted(back.conflicts, key=lambda item: (item.rid, item.path))
        ]
        if there.status == "merged":
            one = apply(self.history.head(into), document_changes(there.changes))
            other = apply(self.history.head(source), document_changes(back.changes))
            assert one.live == other.live

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
        state = self.history.commits[parents[0]].state
        # The model knows nothing of order.
        found = {(item.rid, item.path) for item in result.conflicts if item.type != "order"}
        assert found == (set() if choice else merge.conflicts)
        if result.conflicts:
            assert result.status == "conflicts"
            assert result.commit is None
        elif not merge.state.valid():
            assert result.status == "invalid"
            assert result.problems
            assert result.commit is None
        else:
            merged = apply(state, document_changes(result.changes))
            assert alike(merged, merge.state)
            changed = bool(differing(state, merged))
            assert result.status == ("merged" if changed else nothing)
            if result.status == "merged":
                assert result.commit is not None
                assert result.commit.parents == parents
                self.history.commits[result.commit.id] = Commit(parents, merged)
                self.history.branches[branch] = result.commit.id
                assert self.read(branch) == merged

    def take_criss_cross(
        self,
        result: MergeResult,
        into: str,
        parents: tuple[str, str],
        bases: list[str],
        choice: Any,
    ) -> None:
        """Two bases are merged first. The model does not do that for more of them, nor on and on
        downwards; whatever comes out there, it must be from one of the sides.
        """
        ours, theirs = (self.history.commits[commit].state for commit in parents)
        if len(bases) == 2 and len(below := self.history.merge_bases(*bases)) == 1:
            crossed = [self.history.commits[base].state for base in bases]
            base = self.history.commits[below[0]].state
            merge = Merge(base, ours, theirs, choice, bases=crossed)
            if merge.certain:
                self.take(result, into, merge, choice, parents=parents, nothing="merged")
                return
        if result.status != "merged":
            assert result.status in {"conflicts", "invalid"}
            return
        merged = apply(ours, document_changes(result.changes))
        assert merged.valid()
        for rid in merged.live.keys() | ours.live.keys() | theirs.live.keys():
            if ours.live.get(rid) == theirs.live.get(rid):
                assert merged.live.get(rid) == ours.live.get(rid)
        assert result.commit is not None
        self.history.commits[result.commit.id] = Commit(parents, merged)
        self.history.branches[into] = result.commit.id
        assert self.read(into) == merged

    @precondition(lambda self: len(self.history.commits) > 1)
    @rule(
        on=PICK,
        which=PICK,
        line=st.sampled_from((1, 1, 1, 2)),
        choice=st.sampled_from((None, "theirs")),
    )
    def revert(self, on: int, which: int, line: int, choice: Any) -> None:
        branch = self.branch(on)
        head = self.history.branches[branch]
        past = self.history.ancestors(head)
        # The last ones first; now and then one that was never on this branch.
        latest = sorted(self.history.commits, key=lambda commit: commit in past)[::-1]
        undone = pick_from(latest, which)
        parents = self.history.commits[undone].parents
        arguments: dict[str, Any] = {
            "ontology": self.name,
            "commit": undone,
            "branch": branch,
            "mainline": line,
            "resolutions": [Resolution(choice)] if choice else [],
        }
        if line > len(parents):
            with pytest.raises(Invalid):
                services.revert(**arguments)
            return
        result = services.revert(**arguments)
        before = self.history.commits[parents[line - 1]].state
        after = self.history.commits[undone].state
        touched = differing(before, after)
        base, ours, theirs = (
            State({rid: pair for rid, pair in state.live.items() if rid in touched})
            for state in (after, self.history.commits[head].state, before)
        )
        merge = Merge(base, ours, theirs, choice)
        state = self.history.commits[head].state
        for rid in touched:
            if rid in merge.state.live:
                state = state.put(rid, *merge.state.live[rid])
            elif rid in state.live:
                state = state.drop(rid)
        merge.state = state
        self.take(result, branch, merge, choice, parents=(head,), nothing="up_to_date")

    # -- RDF ---------------------------------------------------------------------------------------
    @precondition(lambda self: self.imports < 2)
    @rule(on=PICK, at=PICK)
    def import_what_was_exported(self, on: int, at: int) -> None:
        """A replacing import of the export of any commit brings its state back."""
        branch = self.branch(on)
        head = self.history.branches[branch]
        source = pick_from(list(self.history.commits), at)
        if not same_names(self.history.commits[head].state, self.history.commits[source].state):
            return  # what an import knows already keeps its name
        self.imports += 1
        turtle = b"".join(selectors.export_rdf(ontology=self.name, ref=source))
        result = services.import_rdf(
            ontology=self.name, branch=branch, sources=[turtle], format="turtle", mode="replace"
        )
        state, wanted = self.history.commits[head].state, self.history.commits[source].state
        expected = State(
            wanted.live,
            {
                rid: pair
                for rid, pair in {**state.dead, **state.live}.items()
                if rid not in wanted.live
            },
        )
        if not differing(state, wanted):
            assert result.commit is None
            return
        assert result.commit is not None
        self.history.commits[result.commit.id] = Commit((head,), expected)
        self.history.branches[branch] = result.commit.id
        assert self.read(branch) == expected

    # -- always ------------------------------------------------------------------------------------
    @invariant()
    def one_old_commit_reads_as_ever(self) -> None:
        if not self.history.commits:
            return
        commits = list(self.history.commits)
        self.looked_at += 1
        commit = commits[self.looked_at % len(commits)]
        assert self.read(commit) == self.history.commits[commit].state

    @invariant()
    def two_commits_differ_as_they_should(self) -> None:
        if not self.history.commits:
            return
        commits = list(self.history.commits)
        one = commits[self.looked_at % len(commits)]
        other = commits[(self.looked_at * 7 + 3) % len(commits)]
        found = selectors.diff(ontology=self.name, from_ref=one, to_ref=other)
        assert operations(found) == differing(
            self.history.commits[one].state, self.history.commits[other].state
        )

    def teardown(self) -> None:
        if sys.exc_info()[0] is not None or not self.history.commits:
            return  # what went wrong is told already
        for name, commit in (self.history.branches | self.history.tags).items():
            assert selectors.resolve_ref(ontology=self.name, ref=name).id == commit
            assert self.read(name) == self.history.commits[commit].state
            page = selectors.log(ontology=self.name, ref=name, limit=1000)
            assert {entry.id for entry in page.items} == self.history.ancestors(commit)
        report = selectors.verify(ontology=self.name)
        assert report.problems == ()
        assert report.commits >= len(self.history.commits)


def pick_from(options: Sequence[T], pick: int) -> T:
    return options[pick % len(options)]


def same_names(one: State, other: State) -> bool:
    """Whether everything that is in both is called the same in both."""

    def names(body: dict[str, Any]) -> tuple[Any, ...]:
        parts = {item["rid"]: item["apiName"] for item in body.get("properties", ())}
        return body.get("apiName"), body.get("aliases"), parts

    return all(
        names(one.live[rid][1]) == names(other.live[rid][1])
        for rid in one.live.keys() & other.live.keys()
    )


def stored(kind: Kind, fields: dict[str, Any]) -> dict[str, Any]:
    """What stands in the store after ``fields`` were given: defaults are left out."""
    body = {
        name: value
        for name, value in fields.items()
        if value not in ([], {}) and value != DEFAULTS.get(name)
    }
    if kind == Kind.OBJECT_TYPE and "properties" in body:
        body["properties"] = sorted(
            body["properties"], key=lambda item: str(item["apiName"]).lower()
        )
    return body


def operations(diff: DiffResult | None) -> dict[str, str]:
    assert diff is not None
    return {change.rid: change.operation for change in diff.changes}


def document_changes(diff: DiffResult | None) -> list[DocumentChange]:
    return [
        DocumentChange(change.rid, Kind(change.kind), change.before, change.after)
        for change in (diff.changes if diff is not None else ())
    ]


def run(full: bool) -> None:
    """Many machines, more of them if it is to take long."""
    with acting_as(SYSTEM):
        run_state_machine_as_test(
            Ontologies,
            settings=settings(
                max_examples=400 if full else 8,
                stateful_step_count=50 if full else 20,
                deadline=None,
                derandomize=not full,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_the_services_agree_with_plain_dictionaries(full: bool) -> None:
    run(full)


if os.environ.get("TERMINUSDB_ENDPOINT"):  # steps by chance cannot be on tape

    @pytest.mark.usefixtures("terminusdb")
    def test_the_services_agree_where_the_ontology_lives_in_terminusdb(full: bool) -> None:
        run(full)
