"""Masking: an instance without the values that a reader may not see.

A masked value is left out, and its name stands in ``_masked``, so that a reader can tell "nothing
there" from "not for you". Which property is how sensitive is what the object's type says, with
everything that it inherits; a value whose property is not known counts as ``internal``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from oms_project.core.authorization import SENSITIVITIES, Clearance
from ontology.domain.documents import Body
from ontology.domain.instances.keys import KEY
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.names import name_key
from ontology.domain.schema import EffectiveProperty, Schema

__all__ = ["MASKED", "Catalogue", "Masker", "Shown", "lowered_sensitivities"]

#: System member of a masked instance: names of the values that were left out.
MASKED = "_masked"
_UNKNOWN = "internal"
#: From here on a read of a value leaves a trace.
_WATCHED = SENSITIVITIES.index("restricted")
_DECLARING = (Kind.OBJECT_TYPE, Kind.INTERFACE, Kind.LINK_TYPE, Kind.STRUCT_TYPE)


class Shown(NamedTuple):
    """An instance as a reader sees it.

    Attributes:
        body: without what is masked; the very body that went in when nothing is.
        masked: names of what was left out.
        watched: names of restricted or secret values that are shown.
    """

    body: Body
    masked: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()


class Masker:
    """Masks instances for one reader.

    A value is as sensitive as the strictest of the catalogues says: what is restricted today is
    masked in old commits too, and what an old type said of its values still holds for them.

    Args:
        catalogues: of the commit that is read, and of those whose word counts as well.
        clearance: what the reader may see.
    """

    def __init__(self, catalogues: Sequence[Catalogue], clearance: Clearance) -> None:
        self._catalogues = catalogues
        self._clearance = clearance
        #: types -> their names with those of all that they inherit from
        self._lines: dict[tuple[str, ...], frozenset[str]] = {}
        #: types -> name of a value -> whether it may be seen, and whether a read leaves a trace
        self._verdicts: dict[tuple[str, ...], dict[str, tuple[bool, bool]]] = {}

    def prepare(self, bodies: Iterable[Body]) -> None:
        """Read the types and predicates of ``bodies`` at once, instead of one by one."""
        types: set[str] = set()
        predicates: set[str] = set()
        for body in bodies:
            types.update(_types_of(body))
            predicates.update(triple["predicate"] for triple in body.get("_annotations", ()))
        for catalogue in self._catalogues:
            catalogue.load(types, predicates)

    def show(self, kind: Kind, body: Body) -> Shown:
        """``body`` as the reader sees it."""
        if kind not in INSTANCE_KINDS:
            return Shown(body)
        types = _types_of(body)
        masked: dict[str, None] = {}
        watched: dict[str, None] = {}
        for name in body:
            if name[0] != "_":
                allowed, traced = self._verdict(types, name)
                if traced:
                    watched[name] = None
                if not allowed:
                    masked[name] = None
        kept: list[Any] = []
        for triple in body.get("_annotations", ()):
            predicate = triple["predicate"]
            allowed, traced = self._judge_triple(types, predicate)
            if traced:
                watched[predicate] = None
            if allowed:
                kept.append(triple)
            else:
                masked[predicate] = None
        seen = tuple(name for name in watched if name not in masked)
        if not masked:
            return Shown(body, (), seen)
        shown = {name: value for name, value in body.items() if name not in masked}
        shown.pop("_annotations", None)
        shown = _without_key(shown, masked, body)
        if kept:
            shown["_annotations"] = kept
        listed = tuple(sorted(masked))
        return Shown({**shown, MASKED: list(listed)}, listed, seen)

    def _verdict(self, types: tuple[str, ...], name: str) -> tuple[bool, bool]:
        verdicts = self._verdicts.setdefault(types, {})
        verdict = verdicts.get(name)
        if verdict is None:
            verdict = verdicts[name] = self._judge_value(types, name)
        return verdict

    def _judge_value(self, types: tuple[str, ...], name: str) -> tuple[bool, bool]:
        declared = [catalogue.by_name(types, name) for catalogue in self._catalogues]
        return self._judge(types, [item or (name, _UNKNOWN) for item in declared])

    def _judge_triple(self, types: tuple[str, ...], predicate: str) -> tuple[bool, bool]:
        known = [catalogue.by_iri(types, predicate) for catalogue in self._catalogues]
        return self._judge(types, [item for item in known if item is not None])

    def _judge(self, types: tuple[str, ...], found: Iterable[tuple[str, str]]) -> tuple[bool, bool]:
        """Whether a value may be seen, and whether a read of it leaves a trace.

        Args:
            found: (apiName, sensitivity) as declared.
        """
        line = self._lines.get(types)
        if line is None:
            line = self._lines[types] = frozenset(
                name for catalogue in self._catalogues for name in catalogue.type_names(types)
            )
        allowed, traced = True, False
        for api_name, sensitivity in found:
            decision = self._clearance.decide(
                sensitivity, object_types=line, property_name=api_name
            )
            allowed = allowed and decision.allowed
            traced = traced or SENSITIVITIES.index(sensitivity) >= _WATCHED
        return allowed, traced


def _without_key(body: dict[str, Any], masked: Iterable[str], whole: Body) -> dict[str, Any]:
    """``body`` without its key when that holds a masked value; the object then goes by its
    ``rid``.
    """
    key = whole.get(KEY, ())
    if any(whole[name] in key for name in masked if name in whole):
        body.pop(KEY, None)
    return body


class Catalogue:
    """How sensitive the properties of one commit are.

    Args:
        schema: of the commit.
        find_iris: IRIs -> ``rid``s of the definitions that have them.
    """

    def __init__(
        self,
        schema: Schema,
        find_iris: Callable[[Collection[str]], Mapping[str, list[str]]],
    ) -> None:
        self._schema = schema
        self._find_iris = find_iris
        self._types: dict[str, tuple[frozenset[str], Mapping[str, EffectiveProperty]]] = {}
        self._iris: dict[str, dict[str, EffectiveProperty]] = {}
        #: IRI of a predicate -> (apiName, sensitivity) of the shared property with that IRI.
        self._shared: dict[str, tuple[str, str] | None] = {}

    def load(self, types: Collection[str], predicates: Collection[str]) -> None:
        """Read what is not known yet of types and of shared properties by IRI."""
        missing = set(types) - self._types.keys()
        if missing:
            self._schema.load_closure(missing)
        iris = set(predicates) - self._shared.keys()
        if not iris:
            return
        entries = self._find_iris(iris)
        self._schema.load({rid for rids in entries.values() for rid in rids})
        self._shared.update(dict.fromkeys(iris))
        for iri, rids in entries.items():
            for rid in rids:
                document = self._schema.get(rid)
                if document is not None and document.kind == Kind.SHARED_PROPERTY:
                    body = document.body
                    self._shared[iri] = body["apiName"], body.get("sensitivity") or _UNKNOWN

    def type_names(self, types: Iterable[str]) -> frozenset[str]:
        """``apiName``s of the types, of their ancestors and interfaces."""
        return frozenset(name for rid in types for name in self._of_type(rid)[0])

    def by_name(self, types: Iterable[str], name: str) -> tuple[str, str] | None:
        """``(apiName, sensitivity)`` of a property, the strictest of several types' ones."""
        key = name_key(name)
        return _strictest(self._of_type(rid)[1].get(key) for rid in types)

    def by_iri(self, types: Iterable[str], iri: str) -> tuple[str, str] | None:
        """As ``by_name``, for the IRI of a property that the types have or that all may share."""
        declared = _strictest(self._type_iris(rid).get(iri) for rid in types)
        return declared or self._shared.get(iri)

    def _of_type(self, rid: str) -> tuple[frozenset[str], Mapping[str, EffectiveProperty]]:
        if rid not in self._types:
            interfaces = self._schema.interfaces(rid)
            line = (rid, *self._schema.ancestors(rid), *interfaces)
            names = {str(self._schema.body(item).get("apiName", "")) for item in line}
            properties = dict(self._schema.properties(rid))
            for interface in interfaces:
                for key, item in self._schema.properties(interface).items():
                    other = properties.get(key)
                    if other is None or _rank(item) > _rank(other):
                        properties[key] = item
            self._types[rid] = frozenset(names - {""}), properties
        return self._types[rid]

    def _type_iris(self, rid: str) -> Mapping[str, EffectiveProperty]:
        if rid not in self._iris:
            found: dict[str, EffectiveProperty] = {}
            for item in self._of_type(rid)[1].values():
                iris = [item.declaration.get("iri")]
                if item.shared:
                    iris.append(self._schema.body(item.shared).get("iri"))
                found.update((iri, item) for iri in iris if iri)
            self._iris[rid] = found
        return self._iris[rid]


def lowered_sensitivities(kind: Kind, before: Body, after: Body | None) -> list[tuple[str, str]]:
    """Properties that a change makes less sensitive: ``(apiName, sensitivity before)``.

    A property that disappears counts, because nothing says any more how sensitive its values are;
    so does one that no longer says it itself.
    """
    if kind == Kind.SHARED_PROPERTY:
        old = before.get("sensitivity")
        new = None if after is None else after.get("sensitivity") or _UNKNOWN
        if old and (new is None or _below(new, old)):
            return [(str(before.get("apiName", "")), old)]
        return []
    if kind not in _DECLARING:
        return []
    field = "fields" if kind == Kind.STRUCT_TYPE else "properties"
    now = {} if after is None else {item["rid"]: item for item in after.get(field, ())}
    found: list[tuple[str, str]] = []
    for item in before.get(field, ()):
        old = item.get("sensitivity")
        if not old:
            continue
        other = now.get(item["rid"])
        new = None if other is None else other.get("sensitivity") or _UNKNOWN
        if new is None or _below(new, old):
            found.append((item["apiName"], old))
    return found


def _below(one: str, other: str) -> bool:
    return SENSITIVITIES.index(one) < SENSITIVITIES.index(other)


def _rank(item: EffectiveProperty) -> int:
    return SENSITIVITIES.index(item.sensitivity)


def _strictest(found: Iterable[EffectiveProperty | None]) -> tuple[str, str] | None:
    known = [item for item in found if item is not None]
    if not known:
        return None
    strictest = max(known, key=_rank)
    return strictest.api_name, strictest.sensitivity


def _types_of(body: Body) -> tuple[str, ...]:
    found = body.get("_type", ())
    return (found,) if isinstance(found, str) else tuple(found)
