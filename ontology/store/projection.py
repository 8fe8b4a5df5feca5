"""What a commit does to the native view of its ontology: classes, and documents of instances.

Costs what the commit changes. A commit of instances reads the definitions of their types, once for
as many commits as change no definition, and the ends of the links that it writes. A commit of
definitions reads those, what stands above and below them, and instances only where what is written
of them changes without them: their class has another name, a relation has, a member has another
type.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import NamedTuple, TypeVar

from ontology.domain.documents import Body
from ontology.domain.kinds import Kind
from ontology.domain.native.classes import Classes, Form
from ontology.domain.native.documents import link_triples, object_triples
from ontology.domain.native.names import object_id
from ontology.domain.native.terms import Triple
from ontology.domain.native.triples import class_names
from ontology.domain.state import DocumentLike
from ontology.store.home import NativeChange, SchemaChange
from ontology.store.port import CommitReader
from ontology.store.projected_schema import Written, schema_change, value_changes

__all__ = ["Projection", "Written", "project"]

_PORTION = 1000
#: Of so many commits the classes are kept; as much of each as was asked for.
_COMMITS = 64

_kept: OrderedDict[str, Classes] = OrderedDict()
_lock = Lock()
_T = TypeVar("_T")


def project(
    *, before: CommitReader | None, after: CommitReader, definitions: Sequence[Written]
) -> Projection:
    """What has to be done to the native view.

    Args:
        before: of the commit whose native view stands in the home; None: nothing stands there.
        after: of the commit that is written.
        definitions: all definitions that differ between the two; without ``before`` all there are.
    """
    if before is None:
        return Projection(None, after, None, Classes(after), definitions)
    old = _classes_of(before)
    if definitions:
        # Not kept: the commit may yet not come to be.
        return Projection(before, after, old, Classes(after), definitions)
    _keep(after.commit.id, old)
    return Projection(before, after, old, old, definitions)


def _classes_of(reader: CommitReader) -> Classes:
    """The classes of a commit that stands."""
    with _lock:
        found = _kept.get(reader.commit.id)
    return _keep(reader.commit.id, Classes(reader) if found is None else found)


def _keep(commit: str, classes: Classes) -> Classes:
    with _lock:
        _kept[commit] = classes
        _kept.move_to_end(commit)
        while len(_kept) > _COMMITS:
            _kept.popitem(last=False)
    return classes


class _Change:
    """A ``NativeChange`` that is put together; what is removed and added again stays."""

    def __init__(self) -> None:
        self.removed: dict[Triple, None] = {}
        self.deleted: dict[str, None] = {}
        self.added: dict[Triple, None] = {}

    def replace(self, old: Iterable[Triple], new: Iterable[Triple]) -> None:
        """Let ``new`` stand for ``old``."""
        before, after = dict.fromkeys(old), dict.fromkeys(new)
        self.removed.update((triple, None) for triple in before if triple not in after)
        self.added.update((triple, None) for triple in after if triple not in before)

    def made(self) -> NativeChange:
        """The change."""
        return NativeChange(
            removed=tuple(
                triple
                for triple in self.removed
                if triple not in self.added and triple.subject not in self.deleted
            ),
            deleted=tuple(self.deleted),
            added=tuple(self.added),
        )


class _Side(NamedTuple):
    """The state before or after, with its classes."""

    reader: CommitReader
    classes: Classes

    def names(self, links: Iterable[Body]) -> dict[str, str]:
        """``rid`` -> name of the class of every end of ``links``."""
        ends = {str(body[role]) for body in links for role in ("_source", "_target")}
        return class_names(self.classes, ends, self.reader)

    def form(self, body: Body) -> Form | None:
        return self.classes.form(str(body.get("_type")))

    def relations(self, types: Sequence[str]) -> Iterator[Triple]:
        """The relations of all links of some types."""
        for portion in _portions(self.reader.instances(types) if types else ()):
            ends = self.names(one.body for one in portion)
            for one in portion:
                form = self.form(one.body)
                for triple in self.triples(Kind.LINK, one.rid, one.body, ends):
                    if form is not None and triple.predicate == form.relation:
                        yield triple

    def triples(self, kind: Kind, rid: str, body: Body, ends: Mapping[str, str]) -> list[Triple]:
        """Of an instance; none where its type, or an end of it, is not there."""
        form = self.form(body)
        if form is None:
            return []
        if kind == Kind.OBJECT:
            return list(object_triples(form, rid, body))
        source, target = str(body["_source"]), str(body["_target"])
        if source not in ends or target not in ends:
            return []
        ids = object_id(ends[source], source), object_id(ends[target], target)
        return list(link_triples(form, rid, body, *ids))


class Projection:
    """See ``project``.

    Attributes:
        schema: what classes it needs.
    """

    def __init__(
        self,
        before: CommitReader | None,
        after: CommitReader,
        old: Classes | None,
        new: Classes,
        definitions: Sequence[Written],
    ) -> None:
        self._after = _Side(after, new)
        self._before = None if before is None or old is None else _Side(before, old)
        change = schema_change(old, new, definitions)
        self._restated = change.restated
        self.schema: SchemaChange = change.schema
        if self._before is not None and (change.retyped or change.renamed):
            gone = dict.fromkeys(value_changes(self._before.reader, change.retyped))
            gone.update(dict.fromkeys(self._before.relations(sorted(change.renamed))))
            self.schema = SchemaChange(
                change.schema.removed, change.schema.added, NativeChange(removed=tuple(gone))
            )
        self._written: set[str] = set()
        self._moved: dict[str, None] = {}
        self._late: dict[str, None] = {}

    def native(self, portion: Sequence[Written]) -> NativeChange:
        """What becomes of some objects and links that the commit writes.

        Of all portions, those that hold objects that are there afterwards come before those that
        hold links that are, and those with links that go before those with objects that do.
        """
        change = _Change()
        before, after = self._before, self._after
        old_types = [str(one.before.get("_type")) for one in portion if one.before is not None]
        after.classes.load({str(one.after["_type"]) for one in portion if one.after is not None})
        old_ends: dict[str, str] = {}
        if before is not None:
            before.classes.load(set(old_types))
            old_ends = before.names(
                one.before for one in portion if one.kind == Kind.LINK and one.before is not None
            )
        new_ends = after.names(
            one.after for one in portion if one.kind == Kind.LINK and one.after is not None
        )
        if before is not None and self._restated:
            # The classes of ends that exist already may be about to change their names.
            old_ends = {
                **class_names(before.classes, set(new_ends), before.reader),
                **old_ends,
            }
        for one in portion:
            if self._restated:
                self._written.add(one.rid)
            old: list[Triple] = []
            new: list[Triple] = []
            if before is not None and one.before is not None:
                old = before.triples(one.kind, one.rid, one.before, old_ends)
            if one.after is not None:
                new = after.triples(one.kind, one.rid, one.after, new_ends)
                if one.kind == Kind.LINK and self._is_late(one.after, old_ends, new_ends):
                    self._late[one.rid] = None
                    new = []
            self._replace(change, one.kind, one.rid, old, new)
        return change.made()

    def _is_late(
        self, body: Body, old_ends: Mapping[str, str], new_ends: Mapping[str, str]
    ) -> bool:
        """Whether an end of the link has another ``@id`` that may not be there yet."""
        return bool(self._restated or self._moved) and any(
            rid in self._moved or old_ends.get(rid, new_ends.get(rid)) != new_ends.get(rid)
            for rid in (str(body["_source"]), str(body["_target"]))
        )

    def _replace(
        self, change: _Change, kind: Kind, rid: str, old: Sequence[Triple], new: Sequence[Triple]
    ) -> None:
        """An object, or a link with its relation and maybe its document."""
        gone = {triple.subject for triple in old if triple.predicate == "rdf:type"}
        made = {triple.subject for triple in new if triple.predicate == "rdf:type"}
        change.deleted.update(dict.fromkeys(gone - made))
        if kind == Kind.OBJECT and gone and made and gone != made:
            self._moved[rid] = None
        change.replace(old, new)

    def extra(self) -> Iterator[NativeChange]:
        """What no write brings, after all portions: instances whose class, relation or members
        have other names or types now, and relations at documents that have another ``@id``.
        """
        if self._before is not None:
            kinds: tuple[Callable[[str], bool], ...] = (_is_object, _is_link)
            for wanted in kinds:
                types = sorted(
                    rid
                    for rid in self._restated
                    if (found := self._after.classes.schema.get(rid)) is not None
                    and wanted(found.kind)
                )
                for portion in _portions(self._after.reader.instances(types) if types else ()):
                    yield from self._restate(
                        [one for one in portion if one.rid not in self._written]
                    )
        yield from self._related()

    def _restate(self, portion: Sequence[DocumentLike]) -> Iterator[NativeChange]:
        before, after = self._before, self._after
        assert before is not None
        links = [one.body for one in portion if one.kind == Kind.LINK]
        old_ends, new_ends = before.names(links), after.names(links)
        change = _Change()
        for one in portion:
            self._replace(
                change,
                one.kind,
                one.rid,
                before.triples(one.kind, one.rid, one.body, old_ends),
                after.triples(one.kind, one.rid, one.body, new_ends),
            )
        made = change.made()
        if made:
            yield made

    def _related(self) -> Iterator[NativeChange]:
        """All relations at objects that moved, and links that waited for them."""
        for rids in _portions(self._moved):
            found = self._after.reader.links_at(rids)
            self._late.update((link, None) for links in found.values() for link in links)
        for rids in _portions(self._late):
            links = [
                one for one in self._after.reader.get_many(rids).values() if one.kind == Kind.LINK
            ]
            ends = self._after.names(one.body for one in links)
            change = _Change()
            for one in links:
                change.replace((), self._after.triples(one.kind, one.rid, one.body, ends))
            made = change.made()
            if made:
                yield made


def _is_object(kind: str) -> bool:
    return kind == Kind.OBJECT_TYPE


def _is_link(kind: str) -> bool:
    return kind == Kind.LINK_TYPE


def _portions(items: Iterable[_T]) -> Iterator[list[_T]]:
    remaining = iter(items)
    while portion := list(islice(remaining, _PORTION)):
        yield portion
