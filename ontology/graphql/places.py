"""Where something was read, values as they are stored, and references looked up together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import strawberry
from strawberry.scalars import JSON

from oms_project.core.ids import is_rid
from oms_project.graphql.context import of_each
from oms_project.graphql.inputs import filter_text
from oms_project.graphql.nodes import parted
from ontology import selectors
from ontology.contract import DocumentView
from ontology.wire import json_bytes

__all__ = [
    "FEW",
    "At",
    "documents_of",
    "exact",
    "looked_up",
    "name_of",
    "referred",
    "stored",
    "stored_json",
    "target_text",
]

#: Characters of the longest ref, moment and target; as REST takes them.
_LONGEST_REF, _LONGEST_MOMENT, _LONGEST_TARGET = 300, 40, 2000
#: Of a list that is short as a rule: what it costs is reckoned with so many items.
FEW: Final[dict[object, Any]] = {"size": 2}


@dataclass(frozen=True, slots=True)
class At:
    """A state of an ontology: what was asked for, and the commit that it named then.

    Attributes:
        ontology: name.
        ref: as it was asked for; empty: the default branch.
        commit: id; everything that is read from here on is of this commit.
    """

    ontology: str
    ref: str
    commit: str

    @classmethod
    def of(cls, ontology: str, ref: str = "", as_of: str = "") -> At:
        """Resolve ``ref`` and ``as_of``.

        Raises:
            NotFound: there is no such ontology or ref. BadRequest: ``bad_as_of``, ``bad_filter``.
        """
        wanted = selectors.ref_at(
            ontology=ontology,
            ref=filter_text(ref, "ref", _LONGEST_REF),
            as_of=filter_text(as_of, "asOf", _LONGEST_MOMENT),
        )
        return cls(ontology, wanted, selectors.resolve_ref(ontology=ontology, ref=wanted).id)


def name_of(ontology: str) -> str:
    """The name of an ontology that is named, or given by its id: ids of nodes hold the name.

    Raises:
        NotFound.
    """
    return selectors.get_ontology(ontology=ontology).name


def documents_of(node_ids: Iterable[str]) -> list[tuple[At, DocumentView]]:
    """The documents that ids of nodes name, in their order: a query for each state that is read.

    Raises:
        NotFound: one of them is not there.
    """
    places = [parted(one, 3) for one in node_ids]
    states = {(name, ref): At.of(name, ref) for name, ref, _rid in places}
    found = {
        state: selectors.get_documents(
            ontology=at.ontology,
            rids=[rid for name, ref, rid in places if (name, ref) == state],
            ref=at.commit,
        )
        for state, at in states.items()
    }
    made = []
    for name, ref, rid in places:
        at, view = states[name, ref], found[name, ref].get(rid)
        if view is None:  # it says what is missing
            view = selectors.get_document(ontology=at.ontology, target=rid, ref=at.commit)
        made.append((at, view))
    return made


def target_text(target: str) -> str:
    """A target that can name something.

    Raises:
        BadRequest: ``bad_filter``.
    """
    return filter_text(target, "target", _LONGEST_TARGET)


def exact(value: Any) -> Any:
    """A JSON value that keeps its numbers, whatever their size."""
    return None if value is None else orjson.Fragment(json_bytes(value))


def stored(key: str, kind: Any, description: str, default: Any = None) -> Any:
    """A field that is a member of ``body``, which has it as it is stored."""

    def read(root: Any) -> Any:
        return root.body.get(key, default)

    return strawberry.field(resolver=read, graphql_type=kind, description=description)


def stored_json(key: str, description: str, default: Any = None) -> Any:
    """As `stored`, for a value of any shape; null where there is neither one nor a default."""

    def read(root: Any) -> Any:
        return exact(root.body.get(key, default))

    kind: Any = JSON | None if default is None else JSON
    return strawberry.field(resolver=read, graphql_type=kind, description=description)


def looked_up(
    owners: Sequence[Any],
    rids: Callable[[Any], Iterable[str]],
    make: Callable[[At, DocumentView], Any],
) -> list[list[Any]]:
    """What each of ``owners``, which have an attribute ``at``, refers to; one read per state.

    Args:
        rids: what an owner refers to; anything that is no ``rid`` is left out.
        make: of a document.
    """
    wanted: dict[tuple[str, str], dict[str, None]] = {}
    refs: dict[tuple[str, str], set[str]] = {}
    for owner in owners:
        state = (owner.at.ontology, owner.at.commit)
        wanted.setdefault(state, {}).update((rid, None) for rid in rids(owner) if is_rid(rid))
        refs.setdefault(state, set()).add(owner.at.ref)
    found: dict[tuple[str, str, str], Any] = {}
    for (ontology, commit), some in wanted.items():
        if some:
            asked = refs[ontology, commit]
            at = At(ontology, asked.pop() if len(asked) == 1 else commit, commit)
            views = selectors.get_documents(ontology=ontology, rids=list(some), ref=commit)
            found.update(((ontology, commit, rid), make(at, view)) for rid, view in views.items())
    return [
        [
            found[owner.at.ontology, owner.at.commit, rid]
            for rid in rids(owner)
            if (owner.at.ontology, owner.at.commit, rid) in found
        ]
        for owner in owners
    ]


def referred(
    item: Any,
    key: str,
    rids: Callable[[Any], Iterable[str]],
    make: Callable[[At, DocumentView], Any],
) -> list[Any]:
    """What ``item`` refers to, looked up for all its siblings at once."""

    def load(owners: Sequence[Any]) -> Sequence[Any]:
        return looked_up(owners, rids, make)

    found: list[Any] = of_each(item, ("refers", key), load)
    return found
