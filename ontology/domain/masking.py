"""Masking: an instance without the values that a reader may not see.

A masked value is left out, and its name stands in ``_masked``, so that a reader can tell "nothing
there" from "not for you". Which property is how sensitive is what the object's type says, with
everything that it inherits; a value whose property is not known counts as ``internal``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from oms_project.core.authorization import SENSITIVITIES, Clearance
from ontology.domain.documents import Body
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.names import name_key
from ontology.domain.schema import EffectiveProperty, Schema

__all__ = ["MASKED", "Masker", "Shown", "lowered_sensitivities"]

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
    """Masks instances of one commit for one reader.

    Args:
        schema: of the commit.
        clearance: what the reader may see.
        find_iris: IRIs -> ``rid``s of the definitions that have them.
    """

    def __init__(
        self,
        schema: Schema,
        clearance: Clearance,
        find_iris: Callable[[Collection[str]], Mapping[str, list[str]]],
    ) -> None:
        self._schema = schema
        self._find_iris = find_iris
        self._clearance = clearance
        self._types: dict[str, tuple[frozenset[str], Mapping[str, EffectiveProperty]]] = {}
        self._iris: dict[str, Mapping[str, EffectiveProperty]] = {}
        #: IRI of a predicate -> (apiName, sensitivity) of the shared property with that IRI.
        self._shared: dict[str, tuple[str, str] | None] = {}

    def prepare(self, bodies: Iterable[Body]) -> None:
        """Read the types and predicates of ``bodies`` at once, instead of one by one."""
        types: set[str] = set()
        predicates: set[str] = set()
        for body in bodies:
            types.update(_types_of(body))
            predicates.update(triple["predicate"] for triple in body.get("_annotations", ()))
        types -= self._types.keys()
        predicates -= self._shared.keys()
        if types:
            self._schema.load_closure(types)
        if predicates:
            self._shared.update(self._shared_properties(predicates))

    def show(self, kind: Kind, body: Body) -> Shown:
        """``body`` as the reader sees it."""
        if kind not in INSTANCE_KINDS:
            return Shown(body)
        masked: list[str] = []
        watched: list[str] = []
        names, properties = self._of_types(_types_of(body))
        for name in body:
            if name.startswith("_"):
                continue
            item = properties.get(name_key(name))
            sensitivity = _UNKNOWN if item is None else item.sensitivity
            self._judge(name, name, sensitivity, names, masked, watched)
        annotations: list[Any] = body.get("_annotations", [])
        kept: list[Any] = []
        if annotations:
            by_iri = self._by_iri(_types_of(body), properties)
            for triple in annotations:
                predicate = triple["predicate"]
                before = len(masked)
                declared = by_iri.get(predicate)
                known = (
                    self._shared.get(predicate)
                    if declared is None
                    else (declared.api_name, declared.sensitivity)
                )
                if known is not None:
                    self._judge(predicate, *known, names, masked, watched)
                if len(masked) == before:
                    kept.append(triple)
        if not masked:
            return Shown(body, (), tuple(dict.fromkeys(watched)))
        gone = set(masked)
        shown = {name: value for name, value in body.items() if name not in gone}
        if len(kept) != len(annotations):
            shown["_annotations"] = kept
            if not kept:
                del shown["_annotations"]
        listed = tuple(sorted(gone))
        return Shown({**shown, MASKED: list(listed)}, listed, tuple(dict.fromkeys(watched)))

    def _judge(
        self,
        name: str,
        property_name: str,
        sensitivity: str,
        types: frozenset[str],
        masked: list[str],
        watched: list[str],
    ) -> None:
        decision = self._clearance.decide(
            sensitivity, object_types=types, property_name=property_name
        )
        if not decision.allowed:
            masked.append(name)
        elif SENSITIVITIES.index(sensitivity) >= _WATCHED:
            watched.append(name)

    def _shared_properties(self, iris: set[str]) -> dict[str, tuple[str, str] | None]:
        entries = self._find_iris(iris)
        self._schema.load({rid for rids in entries.values() for rid in rids})
        found: dict[str, tuple[str, str] | None] = dict.fromkeys(iris)
        for iri, rids in entries.items():
            for rid in rids:
                document = self._schema.get(rid)
                if document is not None and document.kind == Kind.SHARED_PROPERTY:
                    body = document.body
                    found[iri] = body["apiName"], body.get("sensitivity") or _UNKNOWN
        return found

    def _of_types(
        self, types: tuple[str, ...]
    ) -> tuple[frozenset[str], Mapping[str, EffectiveProperty]]:
        """Names of the types with all their ancestors, and their properties by name."""
        if len(types) != 1:
            names: set[str] = set()
            properties: dict[str, EffectiveProperty] = {}
            for rid in types:
                more, declared = self._of_types((rid,))
                names |= more
                for key, item in declared.items():
                    other = properties.get(key)
                    # An object of several types is as sensitive as its most sensitive type says.
                    if other is None or _rank(item) > _rank(other):
                        properties[key] = item
            return frozenset(names), properties
        rid = types[0]
        if rid not in self._types:
            line = (rid, *self._schema.ancestors(rid), *self._schema.interfaces(rid))
            names = {str(self._schema.body(item).get("apiName", "")) for item in line}
            properties = dict(self._schema.properties(rid))
            for interface in self._schema.interfaces(rid):
                for key, item in self._schema.properties(interface).items():
                    other = properties.get(key)
                    if other is None or _rank(item) > _rank(other):
                        properties[key] = item
            self._types[rid] = frozenset(names - {""}), properties
        return self._types[rid]

    def _by_iri(
        self, types: tuple[str, ...], properties: Mapping[str, EffectiveProperty]
    ) -> Mapping[str, EffectiveProperty]:
        key = "\n".join(types)
        if key not in self._iris:
            found: dict[str, EffectiveProperty] = {}
            for item in properties.values():
                iris = [item.declaration.get("iri")]
                if item.shared:
                    iris.append(self._schema.body(item.shared).get("iri"))
                found.update((iri, item) for iri in iris if iri)
            self._iris[key] = found
        return self._iris[key]


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


def _types_of(body: Body) -> tuple[str, ...]:
    found = body.get("_type", ())
    return (found,) if isinstance(found, str) else tuple(found)
