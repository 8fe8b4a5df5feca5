"""What an ontology under version control means, as plain dictionaries and a few lines.

The state machine compares the services with this. It knows nothing of how they work: a commit is a
copy of everything, a merge walks two nested dictionaries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ontology.domain.documents import DocumentChange
from ontology.domain.kinds import Kind
from ontology.domain.validation import validate_state

Body = dict[str, Any]
Choice = str | None

#: Fields whose value is a set of texts.
SETS = frozenset({"aliases", "parents", "tags"})
#: Fields that hold things with a key.
THINGS = {"properties": "rid", "members": "code"}


@dataclass(frozen=True)
class Item:
    """A document as `validate_state` wants it."""

    rid: str
    kind: Kind
    body: Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """What stands at a commit: live documents, and what deletes left behind."""

    live: Mapping[str, tuple[Kind, Body]] = field(default_factory=dict)
    dead: Mapping[str, tuple[Kind, Body]] = field(default_factory=dict)

    def put(self, rid: str, kind: Kind, body: Body) -> State:
        dead = {key: value for key, value in self.dead.items() if key != rid}
        return State({**self.live, rid: (kind, body)}, dead)

    def drop(self, rid: str) -> State:
        live = {key: value for key, value in self.live.items() if key != rid}
        return State(live, {**self.dead, rid: self.live[rid]})

    def valid(self) -> bool:
        return not validate_state(Item(rid, *pair) for rid, pair in self.live.items())

    def named(self, kind: Kind, name: str) -> str | None:
        for rid, (other, body) in self.live.items():
            if other == kind and body.get("apiName", "").casefold() == name.casefold():
                return rid
        return None


@dataclass(frozen=True)
class Commit:
    """A commit: parents and everything there is."""

    parents: tuple[str, ...]
    state: State


@dataclass
class History:
    """Commits, and the branches and tags that name some."""

    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def head(self, branch: str) -> State:
        return self.commits[self.branches[branch]].state

    def ancestors(self, commit: str) -> set[str]:
        found: set[str] = set()
        waiting = [commit]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting.extend(self.commits[current].parents)
        return found

    def merge_bases(self, one: str, other: str) -> list[str]:
        common = self.ancestors(one) & self.ancestors(other)
        return sorted(
            commit
            for commit in common
            if not any(commit in self.ancestors(later) for later in common - {commit})
        )


def differing(one: State, other: State) -> dict[str, str]:
    """``rid`` -> what happened to it from ``one`` to ``other``."""
    found = {}
    for rid in one.live.keys() | other.live.keys():
        before, after = one.live.get(rid), other.live.get(rid)
        if before == after:
            continue
        if before is None:
            found[rid] = "create"
        elif after is None:
            found[rid] = "delete"
        else:
            renamed = before[1].get("apiName") != after[1].get("apiName")
            found[rid] = "rename" if renamed else "update"
    return found


# -- merging ------------------------------------------------------------------------------------


class Torn:
    """What two merge bases disagree on; it is like nothing else.

    Attributes:
        values: what the bases have there, None for nothing.
    """

    def __init__(self, *values: Any) -> None:
        self.values = values

    def present(self) -> Any:
        """The only thing there is; None when there are two."""
        found = [value for value in self.values if value is not None]
        return found[0] if len(found) == 1 else None


class Merge:
    """Three states, document by document and field by field.

    Args:
        bases: the two merge bases, where there are two; ``base`` is theirs then.

    Attributes:
        state: what comes out (conflicts as ``choice`` says; of no use if there are unsettled ones).
        conflicts: ``(rid, path)`` of all conflicts.
        certain: whether the model knows. It does not know in which order a merge of two bases puts
            things, so nor whether one side changed it in what the other deleted.
    """

    def __init__(
        self,
        base: State,
        ours: State,
        theirs: State,
        choice: Choice = None,
        *,
        bases: Sequence[State] = (),
    ) -> None:
        self.conflicts: set[tuple[str, str]] = set()
        self.certain = True
        self.state = ours
        self._choice = choice
        states = (ours, theirs, base, *bases)
        for rid in sorted({rid for state in states for rid in state.live}):
            pairs = [state.live.get(rid) for state in states]
            kind = next(pair[0] for pair in pairs if pair is not None)
            mine, yours, *before = (None if pair is None else pair[1] for pair in pairs)
            merged = self._document(rid, before, mine, yours)
            if merged is not None:
                self.state = self.state.put(rid, kind, merged)
            elif mine is not None:
                self.state = self.state.drop(rid)

    def _document(
        self, rid: str, before: list[Body | None], mine: Body | None, yours: Body | None
    ) -> Body | None:
        def settle(path: str, one: Any, other: Any) -> Any:
            """Note a conflict, and take the side that was chosen."""
            self.conflicts.add((rid, path))
            return other if self._choice == "theirs" else one

        was, *crossed = before
        if crossed and crossed[0] == crossed[1]:
            was, crossed = crossed[0], []
        if mine == yours:
            return mine
        if crossed:
            virtual = walk(lambda _, *values: Torn(*values), *map(tree, before))
            if None in (mine, yours) and virtual in (tree(mine), tree(yours)):
                self.certain = False
            return untree(walk(settle, virtual, tree(mine), tree(yours)))
        if yours == was:
            return mine
        if mine == was:
            return yours
        if mine is None or yours is None:
            # One side deleted what the other changed, if only by putting it in another order.
            return untree(settle("", tree(mine), tree(yours)))
        return untree(walk(settle, tree(was), tree(mine), tree(yours)))


def walk(
    settle: Callable[[str, Any, Any], Any], base: Any, ours: Any, theirs: Any, *, path: str = ""
) -> Any:
    """Three nested dictionaries as one; ``settle`` gives what stands where two changes clash."""
    if theirs in (ours, base):
        return ours
    if base == ours:
        return theirs
    is_thing = path == "" or (path.count("/") == 2 and path.split("/")[1] in THINGS)
    if isinstance(base, Torn):
        if not is_thing or ours is None or theirs is None:
            return settle(path, ours, theirs)
        base = base.present()
    parts = [value if value is not None or is_thing else {} for value in (base, ours, theirs)]
    missing = parts[1] is None or parts[2] is None
    if missing or not all(isinstance(part, dict) for part in parts[1:]):
        return settle(path, ours, theirs)
    merged = {}
    for key in sorted({**parts[1], **parts[2]}):
        values = [(part or {}).get(key) for part in parts]
        value = walk(settle, *values, path=f"{path}/{key}")
        if value is not None:
            merged[key] = value
    # Without a text in any language there are no texts; a thing is there even with none.
    return merged if merged or is_thing else None


def tree(body: Body | None) -> dict[str, Any] | None:
    """``body`` as nested dictionaries: sets by member, things by key."""
    if body is None:
        return None
    found: dict[str, Any] = {}
    for name, value in body.items():
        if name in SETS:
            found[name] = dict.fromkeys(value, True)
        elif name in THINGS:
            found[name] = {item[THINGS[name]]: item for item in value}
        else:
            found[name] = value
    return found


def untree(found: dict[str, Any] | None) -> Body | None:
    """The body again; things in the order of their keys, which `same` does not look at."""
    if found is None:
        return None
    body: Body = {}
    for name, value in found.items():
        if name in SETS:
            members = sorted(set(value) - ({found["apiName"]} if name == "aliases" else set()))
            if members:
                body[name] = members
        elif name in THINGS:
            body[name] = [value[key] for key in sorted(value)]
        else:
            body[name] = value
    return body


def alike(one: State, other: State) -> bool:
    """Whether two states hold the same, whatever the order of things in lists."""
    return {rid: (kind, tree(body)) for rid, (kind, body) in one.live.items()} == {
        rid: (kind, tree(body)) for rid, (kind, body) in other.live.items()
    }


def apply(state: State, changes: Iterable[DocumentChange]) -> State:
    """``state`` after ``changes``."""
    for change in changes:
        if change.after is not None:
            state = state.put(change.rid, change.kind, dict(change.after))
        elif change.rid in state.live:
            state = state.drop(change.rid)
    return state


__all__ = [
    "Commit",
    "History",
    "Merge",
    "State",
    "alike",
    "apply",
    "differing",
    "tree",
]
