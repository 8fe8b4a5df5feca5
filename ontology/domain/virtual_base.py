"""One merge base out of several, for histories that crossed.

When two branches merged each other, their heads have several best common ancestors. Taking any
one of them as the base would silently undo what was settled in the crossing merges. As in git's
recursive strategy ("when there are more than one common ancestors that can be used for 3-way
merge, it creates a merged tree of the common ancestors and uses that as the reference tree",
git-merge(1), "MERGE STRATEGIES"), the bases are merged first, with their own merge base, and so on
down.

Where the bases themselves conflict there is no right value. git leaves conflict markers in a
file's text, and takes the ancestor's version where a file was deleted on one side. Here the base
gets an ``Ambiguous`` marker that equals nothing: where the two heads agree on the value, they
settled it alike and there is no conflict; where they do not, there is one, even if one head went
back to the ancestor's value - that was a decision too, and taking the ancestor's value as base
would let the other side win without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.merge import BaseBody
from ontology.domain.merge_fields import Ambiguous, FieldMerger
from ontology.domain.shapes import ABSENT, same, shape_of

__all__ = ["merge_bases_into_one", "virtual_base"]

Commit = TypeVar("Commit")
BodiesAt = Callable[[Commit, frozenset[str]], Mapping[str, Body | None]]
CommonAncestors = Callable[[Sequence[Commit], Commit], Sequence[Commit]]


def merge_bases_into_one(
    kinds: Mapping[str, Kind],
    one: Mapping[str, BaseBody],
    two: Mapping[str, BaseBody],
    base: Mapping[str, BaseBody],
) -> dict[str, BaseBody]:
    """The documents in ``kinds`` as a merge of two merge bases has them.

    Symmetric: exchanging ``one`` and ``two`` gives the same bodies with the same markers.

    Args:
        kinds: the documents to merge, by ``rid``.
        one: by ``rid``, the bodies at one merge base; missing is absent.
        two: at the other merge base.
        base: at the base of those two.
    """
    merger = FieldMerger(Ambiguous.of)
    merged: dict[str, BaseBody] = {}
    for rid, kind in kinds.items():
        bodies: list[Any] = [
            ABSENT if state.get(rid) is None else state[rid] for state in (base, one, two)
        ]
        body = merger.merge(shape_of(kind), *bodies)
        merged[rid] = None if body is ABSENT else body
    return merged


def virtual_base(
    kinds: Mapping[str, Kind],
    bases: Sequence[Commit],
    *,
    common_ancestors: CommonAncestors[Commit],
    bodies_at: BodiesAt[Commit],
) -> dict[str, BaseBody]:
    """The base to merge with when there are several merge bases.

    Only documents that the bases disagree on are followed further down, so the cost is that of the
    disagreement and not that of the history.

    Args:
        kinds: the documents that matter: those that differ between some base and some head.
        bases: the merge bases; give them in a fixed order (sorted by id), and the result does not
            depend on which side is ours.
        common_ancestors: the best common ancestors of a commit (second argument) and a merge of
            the commits in the first argument; empty when there is none.
        bodies_at: the bodies of documents at a commit; missing is absent.

    Returns:
        By ``rid``; None for absent.
    """
    wanted = frozenset(kinds)
    if not bases:
        return dict.fromkeys(wanted, None)
    merged: dict[str, BaseBody] = _at(bodies_at, bases[0], wanted)
    for position, commit in enumerate(bases[1:], start=1):
        other = _at(bodies_at, commit, wanted)
        disputed = {rid: kinds[rid] for rid in wanted if not same(merged[rid], other[rid])}
        if not disputed:
            continue
        ancestors = common_ancestors(bases[:position], commit)
        own_base = virtual_base(
            disputed, ancestors, common_ancestors=common_ancestors, bodies_at=bodies_at
        )
        merged.update(merge_bases_into_one(disputed, merged, other, own_base))
    return merged


def _at(bodies_at: BodiesAt[Commit], commit: Commit, rids: Iterable[str]) -> dict[str, BaseBody]:
    wanted = frozenset(rids)
    bodies = bodies_at(commit, wanted)
    return {rid: bodies.get(rid) for rid in wanted}
