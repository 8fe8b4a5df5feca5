"""Which resolution settles which conflict, and the sentence that tells a person of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ontology.contract import Conflict, Resolution
from ontology.domain.diff import field_changes
from ontology.domain.documents import Body, document_id
from ontology.domain.kinds import Kind
from ontology.domain.merge_fields import Ambiguous, Clash, Place, plain
from ontology.domain.shapes import ABSENT, Form
from oms_project.core.canonical_json import dumps_text
from oms_project.core.errors import Invalid

__all__ = ["Resolver", "Sides", "conflict_of", "settled_value"]

#: How messages call our side and theirs.
Sides = tuple[str, str]
_LISTED = 20
_SHOWN = 60


class Resolver:
    """The resolutions of one merge.

    The most specific one wins: for the document and path, then for the document, then for all.

    Raises:
        Invalid: a resolution has a path without a document.
    """

    def __init__(self, resolutions: Sequence[Resolution]) -> None:
        self._by_document: dict[str, list[Resolution]] = {}
        self._general: list[Resolution] = []
        self._unused: dict[int, Resolution] = {}
        for resolution in resolutions:
            if resolution.document is None:
                if resolution.path is not None:
                    raise Invalid(
                        f"The resolution of {resolution.path} does not say in which document. "
                        "Name the document too."
                    )
                self._general.append(resolution)
            else:
                self._by_document.setdefault(resolution.document, []).append(resolution)
                self._unused[id(resolution)] = resolution

    def find(self, conflict: Conflict, names: frozenset[str]) -> Resolution | None:
        """The resolution of ``conflict`` in the document that is known as any of ``names``.

        Raises:
            Invalid: two resolutions are equally specific and say different things.
        """
        exact: list[Resolution] = []
        whole: list[Resolution] = []
        for name in sorted(names & self._by_document.keys()):
            for resolution in self._by_document[name]:
                if resolution.path is None:
                    whole.append(resolution)
                elif resolution.path in (conflict.path, conflict.label):
                    exact.append(resolution)
        for resolution in (*exact, *whole):
            self._unused.pop(id(resolution), None)
        candidates = exact or whole or self._general
        for other in candidates[1:]:
            first = candidates[0]
            if (first.choice, first.value) != (other.choice, other.value):
                raise Invalid(
                    f"Two resolutions settle {conflict.id} differently: "
                    f"{first.choice} and {other.choice}. Keep one."
                )
        return candidates[0] if candidates else None

    def check_all_used(self, conflicts: Sequence[str]) -> None:
        """Refuse resolutions that settled nothing; ``conflicts`` are the ids of all there were.

        Raises:
            Invalid: with one error per resolution.
        """
        if not self._unused:
            return
        listed = ", ".join(conflicts[:_LISTED]) or "none"
        if len(conflicts) > _LISTED:
            listed += f" and {len(conflicts) - _LISTED} more"
        wrong = ", ".join(
            f"{resolution.document}" + ("" if resolution.path is None else f"#{resolution.path}")
            for resolution in self._unused.values()
        )
        raise Invalid(
            f"There is no such conflict: {wrong}; conflicts: {listed}.",
            errors=[
                {
                    "document": resolution.document,
                    "field": resolution.path or "",
                    "rule": "no_such_conflict",
                    "message": "There is no such conflict.",
                }
                for resolution in self._unused.values()
            ],
        )


def settled_value(clash: Clash, conflict: Conflict, resolution: Resolution) -> Any:
    """What stands at the conflict's path after ``resolution``; ``ABSENT`` for nothing.

    Raises:
        Invalid: the choice or value cannot stand there.
    """
    if resolution.choice == "ours":
        return clash.ours
    if resolution.choice == "theirs":
        return clash.theirs
    if resolution.choice == "base":
        return _base_value(clash, conflict)
    value = resolution.value
    if value is None:
        return ABSENT
    if clash.type == "order":
        if not isinstance(value, list) or sorted(map(str, value)) != sorted(clash.keys):
            keys = ", ".join(sorted(clash.keys))
            raise _unfit(conflict, f"list exactly these keys, in the order wanted: {keys}")
        return value
    if clash.shape.form is Form.RECORD and not isinstance(value, dict):
        raise _unfit(conflict, "give an object with its fields, or null to remove it")
    if clash.place.key_of is not None and not _is_item(value, clash.place):
        raise _unfit(conflict, f"the value must be the same item, {clash.place.key}")
    return value


def _is_item(value: Any, place: Place) -> bool:
    assert place.key_of is not None
    try:
        return place.key_of(value) == place.key
    except (KeyError, TypeError):
        return False


def _base_value(clash: Clash, conflict: Conflict) -> Any:
    if isinstance(clash.base, Ambiguous) or plain(clash.base) != (
        None if clash.base is ABSENT else clash.base
    ):
        raise _unfit(
            conflict,
            "the merge bases disagree here, so there is no base value; "
            "choose ours or theirs, or give a value",
        )
    return clash.base


def _unfit(conflict: Conflict, reason: str) -> Invalid:
    return Invalid(
        f"{conflict.id} cannot be settled like this: {reason}.",
        errors=[
            {
                "document": conflict.document,
                "rid": conflict.rid,
                "field": conflict.path,
                "rule": "resolution",
                "message": f"{reason[0].upper()}{reason[1:]}.",
            }
        ],
    )


def conflict_of(clash: Clash, kind: Kind, rid: str, document: str, sides: Sides) -> Conflict:
    """The conflict that people and machines are told of for ``clash``."""
    place = clash.place
    return Conflict(
        id=f"{document}#{place.path}",
        rid=rid,
        kind=kind.value,
        document=document,
        path=place.path,
        label=place.label,
        type=clash.type,
        base=plain(clash.base),
        ours=plain(clash.ours),
        theirs=plain(clash.theirs),
        message=_message(clash, kind, rid, document, sides),
    )


def _message(clash: Clash, kind: Kind, rid: str, document: str, sides: Sides) -> str:
    ours, theirs = sides
    what = f"{clash.place.label[1:]} of {document}" if clash.place.label else document
    if clash.type in ("delete/edit", "edit/delete"):
        deleter, editor = sides if clash.type == "delete/edit" else (theirs, ours)
        kept = clash.theirs if clash.type == "delete/edit" else clash.ours
        keep = "theirs" if clash.type == "delete/edit" else "ours"
        drop = "ours" if clash.type == "delete/edit" else "theirs"
        return (
            f"{what}: {deleter} deleted it, {editor} {_edit(clash, kind, rid, kept)}. "
            f"Take {drop} to delete it, {keep} to keep it as changed"
            + (", or base to keep it unchanged." if _has_base(clash) else ".")
        )
    if clash.type == "order":
        return (
            f"{what}: both sides changed the order: {ours} has {_keys(clash.ours)}, "
            f"{theirs} has {_keys(clash.theirs)}. "
            "Take ours, theirs or base, or give the keys in the order wanted."
        )
    verb = {"add/add": "added", "rename/rename": "renamed"}.get(clash.type, "changed")
    was = f" (it was {_value(clash, clash.base)})" if _has_base(clash) else ""
    base = ", base" if _has_base(clash) else ""
    if clash.type == "rename/rename":
        what = what.removeprefix("apiName of ").replace("/apiName of ", " of ")
    return (
        f"{what}: both sides {verb} it differently: {ours} has {_value(clash, clash.ours)}, "
        f"{theirs} has {_value(clash, clash.theirs)}{was}. "
        f"Take ours, theirs{base} or give a value."
    )


def _has_base(clash: Clash) -> bool:
    return clash.type != "add/add" and not isinstance(clash.base, Ambiguous)


def _edit(clash: Clash, kind: Kind, rid: str, kept: Body) -> str:
    """What the side that did not delete did."""
    if clash.base is ABSENT or isinstance(clash.base, Ambiguous):
        return "changed it"
    if clash.place.path:
        changed = sorted(
            name
            for name in clash.base.keys() | kept.keys()
            if clash.base.get(name, ABSENT) != kept.get(name, ABSENT)
        )
    else:
        if clash.base.get("apiName") != kept.get("apiName"):
            return f"renamed it to {document_id(kind, rid, kept)}"
        changed = [change.label[1:] for change in field_changes(kind, clash.base, kept)]
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    return f"changed it ({', '.join(changed[:3])}{more})"


def _keys(keys: Sequence[str]) -> str:
    return _shorten(", ".join(keys))


def _value(clash: Clash, value: Any) -> str:
    if value is ABSENT:
        return "nothing" if clash.shape.default is None else dumps_text(clash.shape.default)
    return _shorten(dumps_text(plain(value)))


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
