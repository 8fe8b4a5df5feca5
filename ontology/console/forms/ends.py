"""Boxes for objects at the other end of links: pickers with search-as-you-type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from ontology.console.presenters.objects import name_of
from ontology.contract import Change
from ontology.domain.instances.keys import key_text
from ontology.selectors import LinkShape, TypeShape

__all__ = ["EndBox", "changes_of", "end_boxes", "read_ends"]

#: Links of one type that are made with one object.
_MOST = 200


@dataclass(slots=True)
class EndBox:
    """One box for the far end of links of a type.

    Attributes:
        link: ``apiName`` of the link type.
        kinds: ``apiName``s of the types that may stand there; empty: any.
        many: whether it takes several objects.
        value: what was typed: names of objects.
    """

    link: str
    rid: str
    outgoing: bool
    label: str
    help: str
    required: bool
    many: bool
    kinds: tuple[str, ...]
    value: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, link: LinkShape, *, single: bool = False) -> EndBox:
        """The box of a link type; ``single``: for one link."""
        far = ", ".join(name_of(one) for one in link.far) or _("any object")
        if not link.outgoing and not single:
            label = _("%(link)s, from") % {"link": name_of(link)}
        else:
            label = name_of(link)
        return cls(
            link=link.name,
            rid=link.rid,
            outgoing=link.outgoing,
            label=label,
            help=far if single or link.low == 0 else _("%(types)s; needed") % {"types": far},
            required=single or link.low > 0,
            many=not single and link.high != 1,
            kinds=tuple(one.name for one in link.far),
        )

    @property
    def pointer(self) -> str:
        """Where errors about it point."""
        return f"@{'source' if self.outgoing else 'target'}:{self.link}"

    @property
    def path(self) -> str:
        """The name of the box."""
        return f"{'out' if self.outgoing else 'in'}.{self.link}"

    @property
    def anchor(self) -> str:
        """The id of the box."""
        return "f-" + self.path.replace(".", "-")

    def mentions(self, message: str) -> bool:
        """Whether a sentence about how many links there are is about this end."""
        side = "from" if self.outgoing else "to"
        return f"links '{self.link}' {side} it" in message


def end_boxes(shape: TypeShape) -> list[EndBox]:
    """Boxes for the links that a new object may begin with: those that it begins, and those that
    it cannot be without. Without a key nothing can name the object before it is made.
    """
    if not shape.key:
        return []
    return [
        EndBox.of(link)
        for link in shape.links
        if not link.deprecated and (link.outgoing or link.low > 0)
    ]


def read_ends(ends: Sequence[EndBox], data: QueryDict) -> None:
    """Read what was typed into the boxes."""
    for end in ends:
        typed = [text.strip() for text in data.getlist(end.path) if text.strip()]
        end.value = list(dict.fromkeys(typed))[: _MOST if end.many else 1]


def changes_of(
    shape: TypeShape, body: Mapping[str, Any], ends: Sequence[EndBox], new: Change
) -> tuple[list[Change], dict[int, EndBox]]:
    """The creation of an object and of its links; and which change comes from which box."""
    changes: list[Change] = [new]
    owners: dict[int, EndBox] = {}
    me = own_name(shape, body)
    if not me:  # what is missing is told of the key; the links can wait
        return changes, owners
    for end in ends:
        for other in end.value:
            owners[len(changes)] = end
            changes.append(
                Change(
                    op="create",
                    kind="Link",
                    type=end.rid,
                    source=me if end.outgoing else other,
                    target=other if end.outgoing else me,
                )
            )
    return changes, owners


def own_name(shape: TypeShape, body: Mapping[str, Any]) -> str:
    """How the links of the same change set name the object; empty when its key is not complete."""
    values = [body.get(name) for name in shape.key]
    if not values or any(value is None for value in values):
        return ""
    return f"{shape.name}/{key_text(values)}"
