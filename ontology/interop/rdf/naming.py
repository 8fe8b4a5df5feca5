"""Names for what an import brings: the local name of the IRI, made legal and unique."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ontology.domain.names import MAX_NAME_LENGTH, mangle, name_key
from ontology.interop.rdf.vocabulary import WELL_KNOWN_PREFIXES

__all__ = ["assign_names", "local_name", "namespace_of"]

_SPLIT = re.compile(r"^(.*[#/:])([^#/:]+)[#/:]*$", re.DOTALL)


def namespace_of(iri: str) -> str:
    """``iri`` up to and with the last ``#``, ``/`` or ``:`` that something follows."""
    match = _SPLIT.match(iri)
    return match.group(1) if match else ""


def local_name(iri: str) -> str:
    """What follows the namespace."""
    match = _SPLIT.match(iri)
    return match.group(2) if match else iri


def assign_names(
    wanted: Mapping[str, str],
    taken: Iterable[str],
    prefixes: Mapping[str, str],
    base: str,
) -> dict[str, str]:
    """A legal name for each IRI, unique without case; the order of ``wanted`` says nothing.

    Args:
        wanted: IRI -> the name it would like (``local_name``, or something made from it).
        taken: names that are gone.
        prefixes: prefix -> namespace.
        base: namespace whose IRIs come first when several want one name.

    Returns:
        IRI -> name. Of several that want one name the first keeps it; the others add their
        prefix (``Dataset_dcat``), and a number when that is taken as well.
    """
    used = {name_key(name) for name in taken}
    names: dict[str, str] = {}
    clashing: dict[str, list[tuple[str, str]]] = {}
    for iri, local in wanted.items():
        name = mangle(local)
        clashing.setdefault(name_key(name), []).append((iri, name))
    late: list[tuple[str, str]] = []
    for key, group in clashing.items():
        if len(group) > 1:
            group.sort(key=lambda item: (not item[0].startswith(base), item[0]))
        first = 0
        if key not in used:
            names[group[0][0]] = group[0][1]
            used.add(key)
            first = 1
        late.extend(group[first:])
    if late:
        # Of several prefixes for one namespace the last one here holds: the shortest.
        own = sorted(prefixes.items(), key=lambda item: (-len(item[0]), item[0]))
        by_namespace = {**WELL_KNOWN_PREFIXES, **{iri: name for name, iri in own if name}}
        for iri, name in sorted(late):
            names[iri] = _with_prefix(iri, name, by_namespace, used)
    return names


def _with_prefix(iri: str, name: str, by_namespace: Mapping[str, str], used: set[str]) -> str:
    namespace = namespace_of(iri)
    suffix = mangle(by_namespace.get(namespace) or local_name(namespace) or "other").strip("_")
    stem = f"{name[: MAX_NAME_LENGTH - 40]}_{suffix[:30]}"
    found = stem
    number = 1
    while name_key(found) in used:
        number += 1
        found = f"{stem}_{number}"
    used.add(name_key(found))
    return found
