"""Reading links: of a type, at an object, and what can be reached by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from oms_project.core.errors import BadRequest, NotFound
from oms_project.core.pagination import decode_cursor, encode_cursor
from ontology.access import readable
from ontology.contract import (
    DocumentView,
    LinkedObject,
    OntologyInfo,
    Page,
    Traversal,
    TraversalNode,
)
from ontology.domain.kinds import Kind
from ontology.domain.names import name_key
from ontology.domain.query import Direction
from ontology.instance_names import InstanceNames
from ontology.selectors.documents import find_target, views_of
from ontology.selectors.masking import names_seen, visible
from ontology.store import store
from ontology.store.port import CommitReader, StoredDocument

__all__ = [
    "count_links_of_many",
    "link_cursor",
    "linked_objects",
    "linked_objects_of_many",
    "traverse",
]

_ROLES: dict[Direction, tuple[str, ...]] = {
    "outgoing": ("_source",),
    "incoming": ("_target",),
    "both": ("_source", "_target"),
}
_OTHER = {"_source": "_target", "_target": "_source"}
_DEEPEST = 10
_MOST_NODES = 10_000
_STEP = 500
#: Links at one object are counted to here.
_COUNTED = 1_000_000_000


def linked_objects(
    *,
    ontology: str,
    target: str,
    link: str = "",
    direction: Direction = "both",
    ref: str = "",
    limit: int = 100,
    cursor: str | None = None,
) -> Page[LinkedObject]:
    """The links at an object with what is at their other ends, those that begin there first.

    Args:
        link: only links of this type: its name, its ``rid``, or the name of one of its ends (which
            says the direction too).

    Raises:
        NotFound: the ontology, the ref, the object or the link type.
        BadRequest: an unknown direction; a cursor of another list.
    """
    info, reader, document = _object(ontology, target, ref)
    pages = _linked(
        info, reader, [document.rid], link=link, direction=direction, limit=limit, cursor=cursor
    )
    return pages[document.rid]


def linked_objects_of_many(
    *,
    ontology: str,
    rids: Sequence[str],
    link: str = "",
    direction: Direction = "both",
    ref: str = "",
    limit: int = 100,
    cursor: str | None = None,
) -> dict[str, Page[LinkedObject]]:
    """``linked_objects`` of many objects, with as many queries as of one.

    Args:
        rids: of the objects; one that is not there has no links.
        limit, cursor: of the links of each object.

    Raises:
        NotFound: the ontology, the ref or the link type.
        BadRequest: an unknown direction; a cursor of another list.
    """
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    return _linked(info, reader, rids, link=link, direction=direction, limit=limit, cursor=cursor)


def link_cursor(item: LinkedObject, *, link_type: str, direction: Direction) -> str:
    """The cursor after an item of a list that asked for one link type.

    Args:
        link_type: its ``rid``.
        direction: as the list asked for it.
    """
    second = direction == "both" and item.direction == "incoming"
    return encode_cursor("links", (int(second), link_type, item.link.rid))


def count_links_of_many(
    *,
    ontology: str,
    rids: Sequence[str],
    link: str,
    direction: Direction = "both",
    ref: str = "",
) -> dict[str, int]:
    """How many links of a type each of many objects has, with as many queries as of one.

    Raises:
        NotFound: the ontology, the ref or the link type. BadRequest: an unknown direction.
    """
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    ways = _ways(names_seen(info, reader), (link,), direction)
    ends = {(role, rid, link_type): rid for role, link_type in ways for rid in rids}
    counts = dict.fromkeys(rids, 0)
    for end, number in reader.count_links(ends, _COUNTED).items():
        counts[ends[end]] += number
    return counts


def _linked(
    info: OntologyInfo,
    reader: CommitReader,
    rids: Sequence[str],
    *,
    link: str,
    direction: Direction,
    limit: int,
    cursor: str | None,
) -> dict[str, Page[LinkedObject]]:
    names = names_seen(info, reader)
    ways = _ways(names, (link,) if link else (), direction)
    start = decode_cursor("links", cursor, types=(int, str, str))
    first = start[0] if start is not None and isinstance(start[0], int) else 0
    after = None if start is None else (str(start[1]), str(start[2]))
    # Of each object: way, link type, rid of the link.
    found: dict[str, list[tuple[int, str, str]]] = {rid: [] for rid in rids}
    for position in range(first, len(ways)):
        role, link_type = ways[position]
        unfilled = [rid for rid in found if len(found[rid]) <= limit]
        pages = reader.link_pages(
            rids=unfilled, role=role, link_type=link_type, after=after, limit=limit + 1
        )
        after = None
        for rid, page in pages.items():
            found[rid] += [(position, kind, one) for kind, one in page]
    more = {
        rid: encode_cursor("links", listed[limit - 1])
        for rid, listed in found.items()
        if len(listed) > limit
    }
    listed = [item for each in found.values() for item in each[:limit]]
    links = reader.get_many({rid for _, _, rid in listed})
    far = reader.get_many(
        {str(links[rid].body[_OTHER[ways[way][0]]]) for way, _, rid in listed if rid in links}
    )
    views = _views(info, reader, [*links.values(), *far.values()], names)
    shown = {view.rid: view for view in views}
    made: dict[str, Page[LinkedObject]] = {}
    for rid, each in found.items():
        items = []
        for way, _, one in each[:limit]:
            role = ways[way][0]
            other = str(links[one].body[_OTHER[role]]) if one in links else ""
            if other in shown:
                side: Literal["outgoing", "incoming"] = (
                    "outgoing" if role == "_source" else "incoming"
                )
                items.append(LinkedObject(shown[one], shown[other], side))
        made[rid] = Page(tuple(items), more.get(rid))
    return made


def traverse(
    *,
    ontology: str,
    target: str,
    links: Sequence[str] = (),
    direction: Direction = "outgoing",
    depth: int = 1,
    ref: str = "",
    limit: int = 1000,
) -> Traversal:
    """What can be reached from an object in at most ``depth`` links, nearest first.

    Args:
        links: only links of these types; empty: of every type.
        depth: 1 to 10.
        limit: of objects, at most 10,000; beyond it the result says that it is not complete.

    Raises:
        NotFound: the ontology, the ref, the object or a link type.
        BadRequest: ``bad_depth``, ``bad_limit``, an unknown direction.
    """
    if not 1 <= depth <= _DEEPEST:
        raise BadRequest(f"The depth is 1 to {_DEEPEST}.", code="bad_depth")
    if not 1 <= limit <= _MOST_NODES:
        raise BadRequest(f"The limit is 1 to {_MOST_NODES}.", code="bad_limit")
    info, reader, document = _object(ontology, target, ref)
    names = names_seen(info, reader)
    walk = _Walk(reader, _ways(names, links, direction), limit)
    walk.run(document, depth)
    views = {
        item.rid: item
        for item in _views(info, reader, [*walk.documents.values(), *walk.links.values()], names)
    }
    return Traversal(
        commit=reader.commit.id,
        nodes=tuple(
            TraversalNode(views[rid], level, via, parent)
            for rid, (level, via, parent) in walk.reached.items()
        ),
        links=tuple(views[rid] for rid in walk.links),
        truncated=walk.truncated,
    )


class _Walk:
    """A breadth-first walk: every level is read at once."""

    def __init__(self, reader: CommitReader, ways: Sequence[tuple[str, str]], limit: int) -> None:
        self._reader = reader
        self._ways = ways
        self._limit = limit
        self.documents: dict[str, StoredDocument] = {}
        self.links: dict[str, StoredDocument] = {}
        self.reached: dict[str, tuple[int, str, str]] = {}
        self.truncated = False

    def run(self, start: StoredDocument, depth: int) -> None:
        self.documents[start.rid] = start
        self.reached[start.rid] = (0, "", "")
        level = [start.rid]
        for distance in range(1, depth + 1):
            following: list[str] = []
            for rid in level:
                following += self._from(rid, distance)
                if self.truncated:
                    break
            found = self._reader.get_many(following)
            self.documents.update(found)
            for rid in following:
                if rid not in found:
                    del self.reached[rid]
            level = [rid for rid in following if rid in found]
            if self.truncated or not level:
                return

    def _from(self, rid: str, distance: int) -> list[str]:
        found: list[str] = []
        for role, link_type in self._ways:
            after: tuple[str, str] | None = None
            while True:
                page = self._reader.link_page(
                    rid=rid, role=role, link_type=link_type, after=after, limit=_STEP
                )
                links = self._reader.get_many([link for _, link in page])
                for _, link in page:
                    if link not in links:
                        continue
                    other = str(links[link].body[_OTHER[role]])
                    if other not in self.reached:
                        if len(self.reached) >= self._limit:
                            self.truncated = True
                            return found
                        self.reached[other] = (distance, link, rid)
                        found.append(other)
                    self.links[link] = links[link]
                if len(page) < _STEP:
                    break
                after = page[-1]
        return found


def _ways(
    names: InstanceNames, links: Sequence[str], direction: Direction
) -> list[tuple[str, str]]:
    """``(role, link type)`` to follow; an empty link type is every one."""
    if direction not in _ROLES:
        raise BadRequest("Use outgoing, incoming or both.", code="bad_direction")
    if not links:
        return [(role, "") for role in _ROLES[direction]]
    found: list[tuple[str, str]] = []
    for link in links:
        found += _named_ways(names, link, direction)
    return list(dict.fromkeys(found))


def _named_ways(names: InstanceNames, link: str, direction: Direction) -> list[tuple[str, str]]:
    rid = names.type_rid(link, (Kind.LINK_TYPE,))
    if rid is not None:
        layout = names.rules.link_layout(rid)
        if layout is not None:
            roles = ("_source", "_target") if layout.symmetric else _ROLES[direction]
            return [(role, rid) for role in roles]
    # The name of an end: rarely asked, so it is looked for among all link types.
    wanted = name_key(link)
    found = []
    for document in names.reader.scan((Kind.LINK_TYPE,)):
        for role, end in (("_source", "targetName"), ("_target", "sourceName")):
            if wanted == name_key(str(document.body.get(end) or "")):
                found.append((role, document.rid))
    if not found:
        raise NotFound(
            f"There is no link type '{link}' here.", code="type_not_found", data={"type": link}
        )
    return found


def _object(
    ontology: str, target: str, ref: str
) -> tuple[OntologyInfo, CommitReader, StoredDocument]:
    info = readable(ontology)
    reader = store.reader(info.id, store.resolve(info.id, ref or info.default_branch))
    document = find_target(reader, info, target)
    if document.kind != Kind.OBJECT:
        raise NotFound(
            f"'{target}' is a {document.kind.value} and no object.",
            code="document_not_found",
            data={"document": target},
        )
    return info, reader, document


def _views(
    info: OntologyInfo,
    reader: CommitReader,
    documents: Sequence[StoredDocument],
    names: InstanceNames,
) -> list[DocumentView]:
    return views_of(reader, visible(info, reader, documents), names=names)
