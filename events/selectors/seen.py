"""What events of the past were about: suggestions for filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from events.models import Event
from events.selectors.log import visible_query
from oms_project.core.context import current_actor

__all__ = ["Seen", "seen_places"]

_LOOKED_AT: Final = 500
_SUGGESTED: Final = 30
_OBJECTS: Final = "io.oms.ontology.object.changed.v1"


@dataclass(frozen=True, slots=True)
class Seen:
    """Names that the last events had, sorted."""

    ontologies: tuple[str, ...]
    branches: tuple[str, ...]
    object_types: tuple[str, ...]


def seen_places() -> Seen:
    """Names in the last events that the actor may see. Raises PermissionDenied."""
    visible = Event.objects.filter(visible_query(current_actor())).order_by("-seq")
    rows = list(visible.values_list("ontology", "branch")[:_LOOKED_AT])
    bodies = visible.filter(type=_OBJECTS).values_list("body", flat=True)[: _LOOKED_AT // 10]
    types = {name for body in bodies for name in orjson.loads(body)["data"]["types"]}
    return Seen(
        _some({ontology for ontology, _ in rows}),
        _some({branch for _, branch in rows}),
        _some(types),
    )


def _some(names: set[str]) -> tuple[str, ...]:
    return tuple(sorted(names - {""})[:_SUGGESTED])
