"""What a list of objects is asked for: its address, read and written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ontology import selectors
from ontology.console.links import page_url
from ontology.console.presenters.objects import name_of
from ontology.console.presenters.values import text_in
from ontology.console.workspace import Workspace
from ontology.domain.query import OPERATORS, All, Filter, parse_condition
from ontology.selectors import PropertyShape, TypeShape

__all__ = ["Asked", "Heading", "Question", "question_of"]

#: Columns without a choice, besides what the object is known by.
_COLUMNS = 5
#: Conditions of one list.
_MOST_CONDITIONS = 10
#: Types at the far end of links whose properties are offered for filters.
_FAR_TYPES = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition as it was typed in."""

    property: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading; ``direction``: ``ascending``, ``descending`` or empty."""

    label: str
    name: str
    unit: str
    url: str
    direction: str
    number: bool


@dataclass(frozen=True)
class Question:
    """A list of one type's objects, as its address says.

    Attributes:
        sort: ``name`` or ``-name``.
        chosen: names of the columns that were asked for; empty: the first ones.
    """

    shape: TypeShape
    workspace: Workspace
    conditions: tuple[Asked, ...] = ()
    sort: str = ""
    text: str = ""
    deleted: bool = False
    subtypes: bool = True
    chosen: tuple[str, ...] = ()

    def where(self) -> Filter | None:
        """The filter. Raises BadRequest."""
        parts = tuple(
            parse_condition(f"{one.property}:{one.operator}:{one.value}") for one in self.conditions
        )
        return parts[0] if len(parts) == 1 else All(parts) if parts else None

    @property
    def columns(self) -> list[PropertyShape]:
        """Properties that are shown, besides the object's title."""
        shown = [item for item in self.shape.properties if item.name != self.shape.title]
        if self.chosen:
            return [item for item in shown if item.name in self.chosen]
        simple = [
            item
            for item in shown
            if not item.deprecated and ((item.array is None and item.base) or item.masked)
        ]
        return simple[:_COLUMNS]

    @property
    def column_choices(self) -> Iterator[tuple[str, str, bool]]:
        """``(name, label, shown)`` of every property."""
        shown = {item.name for item in self.columns}
        for item in self.shape.properties:
            if item.name != self.shape.title:
                yield item.name, _label(item), item.name in shown

    @property
    def headings(self) -> list[Heading]:
        """Headings of the columns."""
        return [self._heading(item) for item in self.columns]

    @property
    def title_heading(self) -> Heading | None:
        """The heading of what the objects are known by, when that is one of their properties."""
        item = self.shape.property(self.shape.title) if self.shape.title else None
        return self._heading(item) if item is not None else None

    def _heading(self, item: PropertyShape) -> Heading:
        direction = {item.name: "ascending", f"-{item.name}": "descending"}.get(self.sort, "")
        following = f"-{item.name}" if direction == "ascending" else item.name
        sortable = item.sortable and not item.masked and not self.text
        return Heading(
            label=_label(item),
            name=item.name,
            unit=item.unit,
            url=replace(self, sort=following).url() if sortable else "",
            direction=direction,
            number=item.base in ("integer", "long", "decimal", "double"),
        )

    @property
    def paths(self) -> list[tuple[str, str]]:
        """``(path, label)`` of what can be asked about, also inside structs and across links."""
        found = list(_paths(self.shape.properties))
        for place, link in enumerate(self.shape.links):
            if len(link.far) != 1 or place >= _FAR_TYPES:
                continue
            far = selectors.type_shape(
                ontology=self.workspace.name, type=link.far[0].rid, ref=self.workspace.ref
            )
            found += [
                (f"{link.name}.{path}", f"{name_of(link)} › {label}")
                for path, label in _paths(far.properties)
            ]
        return found

    @property
    def operators(self) -> list[tuple[str, str]]:
        """``(operator, words)``."""
        words = {
            "eq": _("is"),
            "ne": _("is not"),
            "lt": _("less than"),
            "lte": _("at most"),
            "gt": _("more than"),
            "gte": _("at least"),
            "in": _("is one of (a,b,c)"),
            "contains": _("contains"),
            "startsWith": _("begins with"),
            "isNull": _("has no value (true or false)"),
        }
        return [(name, words[name]) for name in OPERATORS]

    @property
    def rows(self) -> list[Asked]:
        """The conditions, and an empty one to fill in."""
        return [*self.conditions, Asked("", "eq", "")]

    @property
    def without(self) -> list[tuple[Asked, str]]:
        """Each condition with the address of the list without it."""
        return [
            (
                one,
                replace(
                    self,
                    conditions=self.conditions[:place] + self.conditions[place + 1 :],
                ).url(),
            )
            for place, one in enumerate(self.conditions)
        ]

    @property
    def filtered(self) -> bool:
        """Whether this is not simply all there is."""
        return bool(self.conditions or self.text)

    @property
    def clear_url(self) -> str:
        """The list without filters."""
        return replace(self, conditions=(), text="", deleted=False, subtypes=True).url()

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Hidden boxes of the filter's form: what it does not ask for itself."""
        found = [("ref", self.workspace.ref), ("sort", self.sort)]
        found += [("column", name) for name in self.chosen]
        return [(name, value) for name, value in found if value]

    @property
    def kept_for_columns(self) -> list[tuple[str, str]]:
        """Hidden boxes of the form that chooses columns."""
        return [(name, value) for name, value in self._query() if name != "column"]

    def url(self, **more: object) -> str:
        """The address of this list."""
        query = [*self._query(), *((name, str(value)) for name, value in more.items() if value)]
        return f"{page_url('objects', self.workspace.name, self.shape.name)}?{urlencode(query)}"

    def _query(self) -> list[tuple[str, str]]:
        found = [("ref", self.workspace.ref), ("q", self.text), ("sort", self.sort)]
        for one in self.conditions:
            found += [("p", one.property), ("op", one.operator), ("v", one.value)]
        found += [("deleted", "1")] if self.deleted else []
        found += [("only", "1")] if not self.subtypes else []
        found += [("column", name) for name in self.chosen]
        return [(name, value) for name, value in found if value or name == "v"]

    @property
    def rest_url(self) -> str:
        """The same question over REST."""
        base = f"/api/v1/ontologies/{quote(self.workspace.name)}"
        what = "links" if self.shape.kind == "LinkType" else "objects"
        if self.text:
            query = [("q", self.text), ("type", self.shape.name), ("ref", self.workspace.ref)]
            return f"{base}/search?{urlencode(query)}"
        query = [("ref", self.workspace.ref)]
        query += [
            ("where", f"{one.property}:{one.operator}:{one.value}") for one in self.conditions
        ]
        query += [("sort", self.sort)] if self.sort else []
        query += [("includeDeleted", "true")] if self.deleted else []
        query += [("subtypes", "false")] if not self.subtypes else []
        return f"{base}/{what}/{quote(self.shape.name)}?{urlencode(query)}"


def question_of(shape: TypeShape, data: QueryDict, workspace: Workspace) -> Question:
    """What an address asks for; what cannot be read is left out."""
    asked = zip(data.getlist("p"), data.getlist("op"), data.getlist("v"), strict=False)
    conditions = tuple(
        Asked(name.strip(), operator, value.strip())
        for name, operator, value in asked
        if name.strip()
    )
    names = {item.name for item in shape.properties}
    return Question(
        shape=shape,
        workspace=workspace,
        conditions=conditions[:_MOST_CONDITIONS],
        sort=data.get("sort", "").strip(),
        text=data.get("q", "").strip(),
        deleted=data.get("deleted") == "1",
        subtypes=data.get("only") != "1",
        chosen=tuple(name for name in dict.fromkeys(data.getlist("column")) if name in names),
    )


def _paths(properties: tuple[PropertyShape, ...]) -> Iterator[tuple[str, str]]:
    for item in properties:
        if item.masked:
            continue
        if item.base:
            yield item.name, _label(item)
        for one in item.types if item.array is None else ():
            for inner, label in _paths(one.fields):
                yield f"{item.name}.{inner}", f"{_label(item)} › {label}"


def _label(item: PropertyShape) -> str:
    return text_in(item.label, get_language() or "en") or item.name
