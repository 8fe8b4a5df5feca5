"""Random histories against plain dictionaries and brute force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.contract import CommitInfo
from tests.contract.store.harness import StoreHarness
from tests.contract.store.world import Body, World, a_type, rid

KEYS = ("a", "b", "c", "d", "e")

COLORS = st.sampled_from(("red", "green", "blue", None))
EDITS = st.dictionaries(st.sampled_from(KEYS), COLORS, min_size=1, max_size=3)
#: Numbers choose among what there is at that moment: branches, commits.
PICK = st.integers(0, 50)
STEP = st.one_of(
    st.tuples(st.just("commit"), PICK, EDITS),
    st.tuples(st.just("commit"), PICK, EDITS),
    st.tuples(st.just("fork"), PICK, EDITS),
    st.tuples(st.just("merge"), PICK, PICK),
    st.tuples(st.just("merge"), PICK, PICK),
    st.tuples(st.just("forward"), PICK, PICK),
)


@dataclass
class Model:
    """What the history ought to be: states as dictionaries, ancestors as sets."""

    order: list[CommitInfo] = field(default_factory=list)
    states: dict[str, dict[str, Body]] = field(default_factory=dict)
    ancestors: dict[str, frozenset[str]] = field(default_factory=dict)
    heads: dict[str, CommitInfo] = field(default_factory=dict)

    def add(self, commit: CommitInfo, state: dict[str, Body]) -> None:
        self.order.append(commit)
        self.states[commit.id] = state
        above = frozenset().union(*(self.ancestors[parent] for parent in commit.parents))
        self.ancestors[commit.id] = above | {commit.id}

    def merge_bases(self, one: str, other: str) -> list[str]:
        """Brute force: common ancestors that are no ancestors of another one."""
        common = self.ancestors[one] & self.ancestors[other]
        return sorted(
            commit
            for commit in common
            if not any(commit in self.ancestors[later] for later in common - {commit})
        )

    def touched_by(self, key: str, commit: CommitInfo) -> list[str]:
        """Commits on the first-parent line that changed ``key``, latest first."""
        by_id = {one.id: one for one in self.order}
        found = []
        while commit.parents:
            parent = by_id[commit.parents[0]]
            if self.states[commit.id].get(key) != self.states[parent.id].get(key):
                found.append(commit.id)
            commit = parent
        return found


class History:
    """Plays steps on a store and on the model."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.model = Model()
        root = world.head()
        self.model.add(root, {})
        self.model.heads["main"] = root

    def play(self, step: tuple[str, int, Any]) -> None:
        verb, pick, argument = step
        branches = sorted(self.model.heads)
        branch = branches[pick % len(branches)]
        if verb == "commit":
            self._commit(branch, argument)
        elif verb == "fork":
            self._fork(pick, argument)
        elif verb == "forward":
            self._forward(branch, argument)
        else:
            self._merge(branch, branches[argument % len(branches)])

    def _fork(self, position: int, edits: Mapping[str, str | None]) -> None:
        """A branch at one of the latest commits, so that forks of forks get deep."""
        at = self.model.order[-1 - position % min(4, len(self.model.order))]
        name = f"b{len(self.model.heads)}"
        self.world.branch(name, at)
        self.model.heads[name] = at
        self._commit(name, edits)

    def _forward(self, branch: str, position: int) -> None:
        head = self.model.heads[branch]
        after = [one for one in self.model.order if head.id in self.model.ancestors[one.id]]
        target = after[position % len(after)]
        self.world.forward(branch, target)
        self.model.heads[branch] = target

    def _commit(self, branch: str, edits: Mapping[str, str | None]) -> None:
        state = self.model.states[self.model.heads[branch].id]
        wanted = {key: None if color is None else _body(key, color) for key, color in edits.items()}
        changes = {key: body for key, body in wanted.items() if body != state.get(key)}
        self._put(branch, changes, None)

    def _merge(self, branch: str, source: str) -> None:
        """Take over what theirs has and ours has not: any merged state will do here."""
        theirs = self.model.heads[source]
        ours = self.model.states[self.model.heads[branch].id]
        changes = {
            key: body for key, body in self.model.states[theirs.id].items() if key not in ours
        }
        self._put(branch, changes, theirs)

    def _put(
        self, branch: str, changes: Mapping[str, Body | None], merged: CommitInfo | None
    ) -> None:
        before = self.model.states[self.model.heads[branch].id]
        commit = self.world.put(changes, branch=branch, merged=merged)
        after = {**before, **changes}
        self.model.add(commit, {key: body for key, body in after.items() if body is not None})
        self.model.heads[branch] = commit


def _body(key: str, color: str) -> Body:
    return a_type(f"Type{key.upper()}", color=color)


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=6, max_size=40))
def test_every_read_of_a_random_history_is_what_the_model_says(
    harness: StoreHarness, steps: list[tuple[str, int, Any]]
) -> None:
    world = World(harness.store)
    history = History(world)
    for step in steps:
        history.play(step)
    model = history.model
    for branch, head in model.heads.items():
        assert world.head(branch) == head
    for commit in model.order:
        assert world.state(commit) == model.states[commit.id]
        log = world.store.log(world.id, commit)
        assert {entry.id for entry in log} == model.ancestors[commit.id]
        assert log == sorted(log, key=lambda entry: (entry.time, entry.id), reverse=True)
        _check_history(world, model, commit)
    for position, one in enumerate(model.order):
        for other in model.order[position % 3 :: 3]:
            _check_pair(world, model, one, other)
    world.assert_sound()


def _check_history(world: World, model: Model, commit: CommitInfo) -> None:
    for key in KEYS[:2]:
        revisions = world.store.history(world.id, commit, rid(key))
        assert [revision.commit.id for revision in revisions] == model.touched_by(key, commit)


def _check_pair(world: World, model: Model, one: CommitInfo, other: CommitInfo) -> None:
    before, after = model.states[one.id], model.states[other.id]
    found = {
        world.keys[change.rid]: (
            None if change.before is None else change.before.body,
            None if change.after is None else change.after.body,
        )
        for change in world.store.changes(world.id, one, other)
    }
    assert found == {
        key: (before.get(key), after.get(key))
        for key in before.keys() | after.keys()
        if before.get(key) != after.get(key)
    }
    assert world.store.merge_bases(world.id, one, other) == model.merge_bases(one.id, other.id)
    assert world.store.is_ancestor(world.id, one, other) == (one.id in model.ancestors[other.id])
