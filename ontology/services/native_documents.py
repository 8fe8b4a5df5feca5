"""Native documents as changes: what a document says of values and relations, against what there is.

A document is an object, or a link of a type that is a class of its own. Members are values under
the names that the native view has, and relations: the ``@id``s of the objects that links of a type
lead to. What a document does not say is not there any more once it is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from oms_project.core.errors import Conflict, Invalid, NotFound
from oms_project.core.ids import derived_id, is_rid, new_id
from ontology.contract import Change
from ontology.domain.instances.keys import KEY, key_text
from ontology.domain.instances.layout import Layout, LinkLayout
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import INSTANCE_KINDS, Kind
from ontology.domain.names import name_key
from ontology.domain.native.classes import Classes, Form
from ontology.domain.native.names import RID, SOURCE, TARGET, object_id, rid_of
from ontology.domain.native.values import TEXT
from ontology.instance_names import InstanceNames
from ontology.services.instance_targets import with_key
from ontology.services.instances import Creation
from ontology.store.port import CommitReader, StoredDocument

__all__ = ["DocumentChanges"]

#: What the native view may put behind a name.
_SUFFIXES = ("", "_", "_link")
_SPECIAL = ("@id", "@type", RID)


@dataclass
class DocumentChanges:
    """The changes that native documents come to at a commit.

    Attributes:
        changes: those of the documents, then those of their relations.
        ids: ``@id`` of each document, in the order in which they came.
        hidden: ``rid``s whose documents are replaced: what the actor may not see of them would be
            lost.
    """

    reader: CommitReader
    resolve: Callable[[str], str]
    changes: list[Change] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._classes = Classes(self.reader)
        self._rules = Rules(self.reader)
        self._names = InstanceNames(self.reader, self._rules)
        self._types: dict[str, str | None] = {}
        self._links: dict[tuple[str, str], str | None] = {}
        self._relations: list[Change] = []
        self._seen: dict[str, str] = {}
        self._stored: dict[str, StoredDocument] = {}

    def finish(self) -> Sequence[Change]:
        """All changes: relations last, so that they may lead to what is only just created."""
        return [*self.changes, *self._relations]

    # --- what a document is ---------------------------------------------------------------------
    def insert(self, document: Mapping[str, Any], pointer: str) -> str:
        """Create an object or a link; returns its ``@id``.

        Raises:
            Invalid. Conflict: ``already_exists``.
        """
        type_rid, form, layout = self._typed(document, pointer)
        given = self._given_id(document, pointer)
        if given:
            rid = self._target(given)
            known = self._live(rid) if is_rid(rid) else None
            if known is not None:
                raise Conflict(
                    f"There is a document '{given}' already. Update it.",
                    code="already_exists",
                    data={"document": given},
                )
        if isinstance(layout, LinkLayout):
            return self._insert_link(document, form, layout, pointer)
        fields, relations = self._members(document, type_rid, form, layout, pointer)
        rid = self._new_rid(layout, fields)
        name = object_id(form.class_, rid)
        if given and rid_of(given) != rid and not self._is_key(given, layout, fields):
            raise _wrong(
                f"{pointer}/@id",
                f"The object's @id becomes '{name}'. Leave @id out, or name it so.",
            )
        self._remember(rid, name, pointer)
        self.changes.append(
            Creation("create", kind="Object", type=type_rid, fields=fields, rid=rid)
        )
        for link, targets in relations.items():
            for target in targets:
                self._relations.append(
                    Change("create", kind="Link", type=link, source=rid, target=target)
                )
        return name

    def update(self, document: Mapping[str, Any], pointer: str, *, create: bool) -> str:
        """Replace an object or a link; returns its ``@id``.

        Args:
            create: make it where it does not exist.

        Raises:
            Invalid. NotFound: ``document_not_found``.
        """
        type_rid, form, layout = self._typed(document, pointer)
        given = self._given_id(document, pointer)
        known = self._live(self._target(given)) if given else None
        if known is None:
            if create:
                return self.insert(document, pointer)
            if not given:
                raise _wrong(f"{pointer}/@id", "Say which document is replaced.")
            raise _missing(given)
        if known.body.get("_type") != type_rid:
            raise _wrong(
                f"{pointer}/@type", "The document is of another class, which cannot be changed."
            )
        name = object_id(form.class_, known.rid)
        self._remember(known.rid, name, pointer)
        fields, relations = self._members(document, type_rid, form, layout, pointer)
        if isinstance(layout, LinkLayout):
            self._same_ends(document, known, pointer)
        self.replaced.append(known.rid)
        self.changes.append(Change("replace", target=known.rid, fields=fields))
        if not isinstance(layout, LinkLayout):
            self._relate(known.rid, relations)
        return name

    def delete(self, name: str, pointer: str) -> str:
        """Delete an object or a link; returns its ``@id``.

        Raises:
            NotFound: ``document_not_found``.
        """
        known = self._live(self._target(self.resolve(name)))
        if known is None:
            raise _missing(name)
        form = self._classes.form(str(known.body.get("_type")))
        class_name = form.class_ if form is not None else ""
        found = object_id(class_name, known.rid)
        if is_rid(rid_of(name)) and "/" in name and self.resolve(name) != found:
            raise _missing(name)
        self._remember(known.rid, found, pointer)
        self.changes.append(Change("delete", target=known.rid))
        return found

    def load(self, documents: Sequence[Mapping[str, Any]], names: Sequence[str] = ()) -> None:
        """Read what the documents are about with a few queries."""
        named = [*names, *(str(item.get("@id") or "") for item in documents)]
        rids = {rid_of(name) for name in named if is_rid(rid_of(name))}
        self._stored.update(self.reader.get_with_deleted(rids))

    def _remember(self, rid: str, name: str, pointer: str) -> None:
        if rid in self._seen:
            raise _wrong(pointer, f"This is the same document as at {self._seen[rid] or '/'}.")
        self._seen[rid] = pointer
        self.ids.append(name)

    # --- types ----------------------------------------------------------------------------------
    def _typed(self, document: Mapping[str, Any], pointer: str) -> tuple[str, Form, Layout]:
        named = document.get("@type")
        if not isinstance(named, str) or not named:
            raise _wrong(f"{pointer}/@type", "Name the class of the document.")
        name = named.removeprefix("@schema:")
        if name not in self._types:
            self._types[name] = self._find_type(name)
        rid = self._types[name]
        form = self._classes.form(rid) if rid else None
        layout = self._rules.layout(rid) if rid else None
        if rid is None or form is None or layout is None:
            raise _wrong(f"{pointer}/@type", f"There is no class '{name}' that has documents.")
        return rid, form, layout

    def _find_type(self, name: str) -> str | None:
        for kind in (Kind.OBJECT_TYPE, Kind.LINK_TYPE):
            for rid in self._called(kind, name):
                form = self._classes.form(rid)
                if form is not None and form.class_ == name:
                    return rid
        return None

    def _called(self, kind: Kind, name: str) -> list[str]:
        """Definitions whose native name may be this one."""
        plain = [name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)]
        found = self.reader.find_names(kind, {name_key(item) for item in plain})
        return [rid for rids in found.values() for rid in rids]

    def _link_type(self, type_rid: str, member: str) -> str | None:
        """The link type that a member of a class is."""
        asked = (type_rid, member)
        if asked not in self._links:
            schema = self._classes.schema
            self._links[asked] = next(
                (
                    rid
                    for rid in self._called(Kind.LINK_TYPE, member)
                    if (relation := self._relation(rid)) is not None
                    and relation.name == member
                    and (
                        not relation.holders
                        or any(schema.is_a(type_rid, holder) for holder in relation.holders)
                    )
                ),
                None,
            )
        return self._links[asked]

    def _relation(self, rid: str) -> Any:
        self._classes.load((rid,))
        return self._classes.relation(rid)

    # --- members --------------------------------------------------------------------------------
    def _members(
        self,
        document: Mapping[str, Any],
        type_rid: str,
        form: Form,
        layout: Layout,
        pointer: str,
    ) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """Values by ``apiName``, and ``rid`` of a link type -> objects that its links lead to."""
        known = {item.name: item for item in form.fields}
        of_link = isinstance(layout, LinkLayout)
        fields: dict[str, Any] = {}
        relations: dict[str, list[str]] = {}
        for name, value in document.items():
            where = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in _SPECIAL or (of_link and name in (SOURCE, TARGET)):
                self._check_rid(document, name, where)
                continue
            plain = name.removeprefix("@schema:")
            item = known.get(plain)
            if item is not None:
                fields[item.api_name] = _meant(value, layout, item.api_name, item.member.target)
                continue
            link = None if of_link else self._link_type(type_rid, plain)
            if link is None:
                raise _wrong(where, f"{form.class_} has no member '{name}'.")
            items = value if isinstance(value, list) else [] if value is None else [value]
            found = [self._end(one, f"{where}/{index}") for index, one in enumerate(items)]
            relations[link] = list(dict.fromkeys(found))
        return fields, relations

    def _check_rid(self, document: Mapping[str, Any], name: str, where: str) -> None:
        if name == RID and document.get(RID) not in (None, rid_of(str(document.get("@id") or ""))):
            raise _wrong(where, "This is given by OMS: leave it out.")

    def _end(self, value: Any, where: str) -> str:
        """The object that a relation leads to."""
        if isinstance(value, Mapping) and set(value) <= {"@id", "@type"} and value.get("@id"):
            value = value["@id"] if value.get("@type", "@id") != "@ref" else None
        if not isinstance(value, str) or not value:
            raise _wrong(
                where,
                "Give the @id of an object. Documents within documents are not taken: insert each "
                "by itself.",
            )
        return self._target(self.resolve(value))

    def _given_id(self, document: Mapping[str, Any], pointer: str) -> str:
        given = document.get("@id")
        if given is None or given == "":
            return ""
        if not isinstance(given, str):
            raise _wrong(f"{pointer}/@id", "Give the @id as a text.")
        return self.resolve(given)

    def _target(self, name: str) -> str:
        """What a change calls the document: its ``rid`` where the name holds one."""
        rid = rid_of(name)
        if is_rid(rid):
            return rid
        return self._names.find([name]).get(name, name)

    def _live(self, rid: str) -> StoredDocument | None:
        if not is_rid(rid):
            return None
        if rid not in self._stored:
            self._stored.update(self.reader.get_with_deleted([rid]))
        found = self._stored.get(rid)
        if found is None or found.deleted or found.kind not in INSTANCE_KINDS:
            return None
        return found

    # --- identity -------------------------------------------------------------------------------
    def _key(self, layout: Layout, fields: Mapping[str, Any]) -> Any:
        made = {**layout.defaults, **{n: v for n, v in fields.items() if v is not None}}
        for name in layout.key:
            item = layout.properties.get(name)
            if item is not None and name in made:
                made[name] = item.check(made[name], "", lambda *_: None)
        return with_key(layout, made).get(KEY)

    def _new_rid(self, layout: Layout, fields: Mapping[str, Any]) -> str:
        """As a change set gives it: made from the key, or new."""
        key = self._key(layout, fields)
        rid = derived_id(layout.rid, key_text(key)) if key is not None else new_id()
        # Who has it may have got another key since: validation tells whether the key is taken.
        return rid if self._live(rid) is None and rid not in self._seen else new_id()

    def _is_key(self, given: str, layout: Layout, fields: Mapping[str, Any]) -> bool:
        key = self._key(layout, fields)
        return key is not None and given == f"{layout.name}/{key_text(key)}"

    # --- links ----------------------------------------------------------------------------------
    def _insert_link(
        self, document: Mapping[str, Any], form: Form, layout: LinkLayout, pointer: str
    ) -> str:
        ends = [self._end(document.get(name), f"{pointer}/{name}") for name in (SOURCE, TARGET)]
        fields, _ = self._members(document, layout.rid, form, layout, pointer)
        ordered = sorted(ends) if layout.symmetric else ends
        rid = derived_id(layout.rid, *ordered)
        name = object_id(form.class_, rid)
        self._remember(rid, name, pointer)
        self._relations.append(
            Change(
                "create",
                kind="Link",
                type=layout.rid,
                source=ends[0],
                target=ends[1],
                fields=fields,
            )
        )
        return name

    def _same_ends(self, document: Mapping[str, Any], known: StoredDocument, pointer: str) -> None:
        for name in (SOURCE, TARGET):
            if name in document:
                end = self._end(document[name], f"{pointer}/{name}")
                if end != known.body.get(f"_{name}"):
                    raise _wrong(
                        f"{pointer}/{name}",
                        "A link stays between its objects. Delete it and insert another.",
                    )

    def _relate(self, rid: str, relations: Mapping[str, Sequence[str]]) -> None:
        """Let links lead where the document says; those of types that it does not name go."""
        links = self.reader.get_many(self.reader.links_at([rid]).get(rid, ()))
        there: dict[tuple[str, str], str] = {}
        for link in links.values():
            body = link.body
            if body.get("_source") == rid:
                there[str(body.get("_type")), str(body.get("_target"))] = link.rid
        wanted = {(link, target) for link, targets in relations.items() for target in targets}
        for pair, link_rid in there.items():
            if pair not in wanted:
                self._relations.append(Change("delete", target=link_rid))
        for link_type, targets in relations.items():
            for target in targets:
                if (link_type, target) not in there:
                    self._relations.append(
                        Change("create", kind="Link", type=link_type, source=rid, target=target)
                    )


def _meant(value: Any, layout: Layout, api_name: str, target: str) -> Any:
    """A value as OMS has it: what the native view shows as JSON text may come as that text."""
    item = layout.properties.get(api_name)
    if target != TEXT or item is None or (item.base is not None and item.base.name == "string"):
        return value
    if isinstance(value, list) and item.array:
        return [_unwritten(one) for one in value]
    return _unwritten(value)


def _unwritten(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _wrong(pointer: str, message: str) -> Invalid:
    return Invalid(
        f"The document is not right: {message}",
        code="kernel_document",
        errors=[{"field": pointer, "rule": "document", "message": message}],
    )


def _missing(name: str) -> NotFound:
    return NotFound(
        f"There is no document '{name}'.", code="document_not_found", data={"document": name}
    )
