"""Which resolution settles which conflict, and the sentence that tells a person of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oms_project.core.canonical_json import dumps_text
from oms_project.core.errors import Invalid
from ontology.contract import Conflict, Resolution
from ontology.domain.documents import Body, document_id
from ontology.domain.kinds import Kind
from ontology.domain.merge_fields import Ambiguous, Clash, Place, plain
from ontology.domain.shapes import ABSENT, Form, same

__all__ = ["Resolver", "Sides", "conflict_of", "settled_value"]

#: How messages call our side and theirs.
Sides = tuple[str, str]
_LISTED = 20
_SHOWN = 60
_NAMED = 3


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
    place = clash.place.label[1:].replace("~1", "/").replace("~0", "~")
    base = ", base" if _has_base(clash) else ""
    if clash.type in ("delete/edit", "edit/delete"):
        we_deleted = clash.type == "delete/edit"
        deleter, editor = (ours, theirs) if we_deleted else (theirs, ours)
        drop, keep = ("ours", "theirs") if we_deleted else ("theirs", "ours")
        edit = _edit(clash, kind, rid, clash.theirs if we_deleted else clash.ours)
        return (
            f"{_what(clash, kind, rid, document, place)} was deleted by {deleter} and {edit} by "
            f"{editor}. Take {drop} to delete it, {keep} to keep it as changed"
            f"{base and ', or base to keep it as it was'}."
        )
    what = f"{place} of {document}" if place else document
    if clash.type == "order":
        return (
            f"Both sides changed the order of {what}: {ours} has {_keys(clash.ours)}; "
            f"{theirs} has {_keys(clash.theirs)}. "
            f"Take ours, theirs{base} or give the keys in the order wanted."
        )
    if clash.type == "rename/rename":
        what = what.removeprefix("apiName of ").replace("/apiName of ", " of ")
    verb = {"add/add": "added", "rename/rename": "renamed"}.get(clash.type, "changed")
    was = f" (before: {_value(clash, clash.base)})" if base else ""
    return (
        f"Both sides {verb} {what} differently: {ours} has {_value(clash, clash.ours)}, "
        f"{theirs} has {_value(clash, clash.theirs)}{was}. "
        f"Take ours, theirs{base} or give a value."
    )


def _what(clash: Clash, kind: Kind, rid: str, document: str, place: str) -> str:
    """The deleted thing, by the name that it had when it was deleted."""
    if place:
        return f"{place} of {document}"
    if clash.base is ABSENT or isinstance(clash.base, Ambiguous):
        return document
    return document_id(kind, rid, clash.base)


def _has_base(clash: Clash) -> bool:
    return clash.type != "add/add" and not isinstance(clash.base, Ambiguous)


def _edit(clash: Clash, kind: Kind, rid: str, kept: Body) -> str:
    """What the side that did not delete did."""
    if clash.base is ABSENT or isinstance(clash.base, Ambiguous):
        return "changed"
    named = not clash.place.path and clash.shape.at("apiName").is_name
    if named and clash.base.get("apiName") != kept.get("apiName"):
        return f"renamed to {document_id(kind, rid, kept)}"
    names = list(clash.shape.fields) + sorted(clash.base.keys() | kept.keys())
    changed = [
        name
        for name in dict.fromkeys(names)
        if not same(clash.base.get(name, ABSENT), kept.get(name, ABSENT))
    ]
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    return f"changed ({', '.join(changed[:_NAMED])}{more})"


def _keys(keys: Sequence[str]) -> str:
    return _shorten(", ".join(keys))


def _value(clash: Clash, value: Any) -> str:
    if value is ABSENT:
        return "nothing" if clash.shape.default is None else dumps_text(clash.shape.default)
    value = plain(value)
    if isinstance(value, list) and all(isinstance(member, str) for member in value):
        more = f" and {len(value) - _NAMED} more" if len(value) > _NAMED else ""
        return ", ".join(map(_shorten, value[:_NAMED])) + more
    text = dumps_text(value)
    if len(text) <= _SHOWN:
        return text
    # Two long texts that start alike would read alike: show where they part.
    others = [dumps_text(plain(side)) for side in (clash.base, clash.ours, clash.theirs)]
    alike = max(_alike(text, other) for other in others if other != text)
    start = max(0, min(alike - _SHOWN // 3, len(text) - _SHOWN + 1))
    return ("…" if start else "") + _shorten(text[start:])


def _alike(one: str, other: str) -> int:
    """How many characters both start with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, yours) in pairs if mine != yours), min(len(one), len(other)))


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
