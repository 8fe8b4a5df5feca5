"""Reading objects: lists by type, counts, figures by group, full text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from oms_project.core.errors import BadRequest
from oms_project.core.pagination import decode_cursor, encode_cursor
from ontology.access import readable
from ontology.contract import (
    AggregateResult,
    AggregateRow,
    DocumentView,
    OntologyInfo,
    Page,
    SearchHit,
)
from ontology.domain.query import Filter, Measure, Sort
from ontology.instance_names import InstanceNames
from ontology.selectors.documents import views_of
from ontology.selectors.masking import hidden_names, names_seen, search_level, visible
from ontology.selectors.questions import Asker
from ontology.store import store
from ontology.store.port import CommitReader
from ontology.store.questions import Field, InstanceQuery, position_of

__all__ = ["aggregate_objects", "count_objects", "list_objects", "search_objects"]

#: A search looks at so many of the best matches.
_BEST = 5_000


def list_objects(
    *,
    ontology: str,
    type: str,  # noqa: A002 - the word people use for it
    ref: str = "",
    where: Filter | None = None,
    sort: Sequence[Sort] = (),
    subtypes: bool = True,
    include_deleted: bool = False,
    fields: Sequence[str] = (),
    kind: str = "",
    limit: int = 100,
    cursor: str | None = None,
) -> Page[DocumentView]:
    """Objects (or links) of a type at a ref.

    Without ``sort`` they come by type and primary key; with it by value, those without one last.

    Args:
        type: ``apiName`` or ``rid`` of an object type, interface or link type.
        where: see ``ontology.domain.query``.
        subtypes: objects of its subtypes as well.
        fields: only these values of each object; empty for all.
        kind: ``Object`` or ``Link``, where types of the other kind are not meant.

    Raises:
        NotFound: the ontology, the ref or the type.
        BadRequest: ``bad_filter``, ``bad_sort``, ``bad_fields``, a cursor of another list.
        PermissionDenied: also ``masked_property``: the filter asks about what may not be seen.
    """
    info, reader = _at(ontology, ref)
    asker = Asker(info, reader, type, subtypes=subtypes, kind=kind)
    query = asker.query(where=where, sort=sort, include_deleted=include_deleted)
    chosen = asker.chosen(fields)
    scope = f"objects:{','.join(_spelled(item) for item in sort)}"
    found = reader.find_instances(
        query, after=_after(reader, query, scope, cursor), limit=limit + 1
    )
    page = list(found[:limit])
    more = encode_cursor(scope, (page[-1].document.rid,)) if len(found) > limit else None
    shown = visible(info, reader, [item.document for item in page])
    return Page(tuple(views_of(reader, shown, fields=chosen, names=asker.names)), more)


def _after(
    reader: CommitReader, query: InstanceQuery, scope: str, cursor: str | None
) -> tuple[Any, ...] | None:
    """The position that a cursor names; it holds no value, which might be one that is masked."""
    key = decode_cursor(scope, cursor, types=(str,))
    if key is None:
        return None
    last = reader.get_with_deleted([str(key[0])]).get(str(key[0]))
    if last is None:
        raise BadRequest(
            "The page before this one ended at an object that is not there: start again without "
            "a cursor.",
            code="bad_cursor",
        )
    return position_of(query, last)


def _spelled(sort: Sort) -> str:
    return f"-{sort.name}" if sort.descending else sort.name


def count_objects(
    *,
    ontology: str,
    type: str,  # noqa: A002 - the word people use for it
    ref: str = "",
    where: Filter | None = None,
    subtypes: bool = True,
    include_deleted: bool = False,
) -> int:
    """How many objects (or links) of a type answer a filter. Raises as ``list_objects``."""
    info, reader = _at(ontology, ref)
    asker = Asker(info, reader, type, subtypes=subtypes)
    return reader.count_instances(asker.query(where=where, include_deleted=include_deleted))


def aggregate_objects(
    *,
    ontology: str,
    type: str,  # noqa: A002 - the word people use for it
    ref: str = "",
    where: Filter | None = None,
    measures: Sequence[Measure] = (),
    group_by: Sequence[str] = (),
    subtypes: bool = True,
    kind: str = "",
    limit: int = 1000,
) -> AggregateResult:
    """Figures of the objects (or links) of a type, for all or by group.

    Args:
        measures: empty: their number.
        group_by: names of properties, or paths into structs.
        kind: as for ``list_objects``.
        limit: of groups.

    Raises:
        NotFound, PermissionDenied: as ``list_objects``.
        BadRequest: ``bad_filter``, ``bad_measure``, ``bad_group``.
    """
    info, reader = _at(ontology, ref)
    asker = Asker(info, reader, type, subtypes=subtypes, kind=kind)
    wanted = list(measures) or [Measure("count")]
    groups = asker.groups(group_by)
    figures = asker.figures(wanted)
    found = list(reader.aggregate(asker.query(where=where), figures=figures, groups=groups))
    ranked = sorted(found, key=lambda item: _rank(item[0], item[1], wanted))
    rows = [
        AggregateRow(
            {
                name: _plain(value, field)
                for name, value, field in zip(group_by, group, groups, strict=True)
            },
            {
                measure.label: _figure(measure, value, figure.field)
                for measure, value, figure in zip(wanted, values, figures, strict=True)
            },
        )
        for group, values in ranked[:limit]
    ]
    return AggregateResult(reader.commit.id, tuple(rows), truncated=len(ranked) > limit)


def _rank(group: tuple[Any, ...], values: tuple[Any, ...], measures: Sequence[Measure]) -> Any:
    count = next(
        (
            value
            for measure, value in zip(measures, values, strict=True)
            if measure.label == "count"
        ),
        0,
    )
    return -count, tuple((value is None, str(value)) for value in group)


def _figure(measure: Measure, value: Any, field: Field | None) -> Any:
    if measure.function in ("min", "max") and field is not None:
        return _plain(value, field)
    return _number(value)


def _plain(value: Any, field: Field) -> Any:
    """A value of the database as JSON has it."""
    if value is None:
        return None
    if field.type == "boolean":
        return value in (1, True, "true")
    if field.type in ("timestamp", "time"):
        return f"{value}Z" if field.type == "timestamp" else value
    return _number(value)


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


def search_objects(
    *,
    ontology: str,
    text: str,
    type: str = "",  # noqa: A002 - the word people use for it
    ref: str = "",
    limit: int = 50,
    cursor: str | None = None,
) -> Page[SearchHit]:
    """Objects whose searchable values hold all words of ``text`` (by their beginnings), the best
    first; among the best 5,000.

    Values that the actor may not see are not looked in.

    Args:
        type: only objects of this type and its subtypes.

    Raises:
        NotFound: the ontology, the ref or the type.
        BadRequest: ``bad_search``: no word to look for; a cursor of another list.
    """
    info, reader = _at(ontology, ref)
    if not any(char.isalnum() for char in text):
        raise BadRequest("Give at least one word to look for.", code="bad_search")
    names = names_seen(info, reader)
    types: Sequence[str] = ()
    if type:
        asker = Asker(info, reader, type)
        types, names = asker.types, asker.names
    start = decode_cursor("search", cursor, types=(int,))
    offset = start[0] if start is not None and isinstance(start[0], int) else 0
    best = reader.search(text, level=search_level(info), types=types, limit=_BEST)
    documents = reader.get_many([rid for rid, _ in best[offset : offset + limit]])
    hidden = _hidden_types(info, reader, names, documents.values())
    scores = dict(best)
    kept = [
        documents[rid]
        for rid, _ in best[offset : offset + limit]
        if rid in documents and documents[rid].body.get("_type") not in hidden
    ]
    views = views_of(reader, visible(info, reader, kept), names=names)
    more = encode_cursor("search", (offset + limit,)) if len(best) > offset + limit else None
    return Page(tuple(SearchHit(view, scores[view.rid]) for view in views), more)


def _hidden_types(
    info: OntologyInfo, reader: CommitReader, names: InstanceNames, documents: Any
) -> set[str]:
    """Types that have a searchable property whose values the actor may not see any more, although
    they were indexed as less sensitive: a hit would tell of them.
    """
    found: dict[Any, dict[str, list[str]]] = {}
    level = search_level(info)
    for document in documents:
        rid = str(document.body.get("_type"))
        layout = names.rules.layout(rid)
        if layout is not None:
            searched = [item.name for item in layout.searchable if item.level <= level]
            found.setdefault(document.kind, {})[rid] = searched
    return {rid for kind, asked in found.items() for rid in hidden_names(info, reader, kind, asked)}


def _at(ontology: str, ref: str) -> tuple[OntologyInfo, CommitReader]:
    info = readable(ontology)
    return info, store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
