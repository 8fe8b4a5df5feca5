"""An object amid what it is linked to, as lines for SVG.

The drawing says nothing that the lists of links do not say: it is hidden from assistive technology.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ontology.console.links import document_url
from ontology.console.presenters.objects import title_of
from ontology.contract import DocumentView, LinkedObject

__all__ = ["Drawing", "Neighbour", "draw_neighbours"]

#: So many neighbours fit around one object; more are counted.
MOST = 12
WIDTH, HEIGHT = 640, 300
_LABEL = 22


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One linked object: where it stands, and the line to it."""

    x: float
    y: float
    middle_x: float
    middle_y: float
    title: str
    link: str
    url: str
    outgoing: bool
    anchor: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole picture; ``more`` neighbours are not in it."""

    title: str
    neighbours: tuple[Neighbour, ...]
    more: int
    width: int = WIDTH
    height: int = HEIGHT
    x: int = WIDTH // 2
    y: int = HEIGHT // 2


def draw_neighbours(
    ontology: str, ref: str, view: DocumentView, linked: Sequence[LinkedObject]
) -> Drawing | None:
    """``view`` in the middle, its neighbours around it; None where it has none."""
    if not linked:
        return None
    # One of every type of link first: twelve legs say less than a leg, a container and a customer.
    taken: dict[str, list[LinkedObject]] = {}
    for one in linked:
        taken.setdefault(f"{one.link.type} {one.direction}", []).append(one)
    rounds = max(len(group) for group in taken.values())
    ordered = [
        group[turn] for turn in range(rounds) for group in taken.values() if turn < len(group)
    ]
    shown = ordered[:MOST]
    neighbours = []
    for place, one in enumerate(shown):
        angle = 2 * math.pi * place / len(shown) - math.pi / 2
        across, down = math.cos(angle), math.sin(angle)
        x = WIDTH / 2 + across * (WIDTH / 2 - 120)
        y = HEIGHT / 2 + down * (HEIGHT / 2 - 30)
        neighbours.append(
            Neighbour(
                x=round(x, 1),
                y=round(y, 1),
                middle_x=round(WIDTH / 2 + across * (WIDTH / 2 - 120) * 0.55, 1),
                middle_y=round(HEIGHT / 2 + down * (HEIGHT / 2 - 30) * 0.55, 1),
                title=_short(title_of(one.object)),
                link=_short(one.link.type),
                url=document_url(ontology, one.object.rid, ref),
                outgoing=one.direction == "outgoing",
                anchor="middle" if abs(across) < 0.3 else "start" if across > 0 else "end",
            )
        )
    return Drawing(
        title=_short(title_of(view)),
        neighbours=tuple(neighbours),
        more=len(linked) - len(shown),
    )


def _short(text: str) -> str:
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"
