"""Changes of definitions: one by one, or many in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest
from oms_project.core.pagination import Page, decode_cursor, encode_cursor
from oms_project.graphql.context import Info
from oms_project.graphql.fields import Pages, connection, listing, mutation
from oms_project.graphql.inputs import filter_text, given
from oms_project.graphql.scalars import mapping_of
from ontology import selectors, services
from ontology.change_sets import ChangeSetBody, parse_body
from ontology.contract import CommitResult, DocumentView
from ontology.domain.kinds import DEFINITION_KINDS, Kind
from ontology.graphql.definitions import Definition, definition_of, refuse_instance
from ontology.graphql.diffs import Diff, commit_of
from ontology.graphql.documents import Document, document_of
from ontology.graphql.places import At, exact, name_of, target_text

if TYPE_CHECKING:
    from ontology.graphql.registry import Commit

__all__ = ["ChangeInput", "Committed", "DefinitionChange", "Mutations"]

_Commit = Annotated["Commit", strawberry.lazy("ontology.graphql.registry")]
_HEADER: Final = Kind.ONTOLOGY.value


@strawberry.type(description="A definition as it is after a change, and the commit of that.")
class DefinitionChange:
    definition: Definition = strawberry.field(description="Of a delete, its last state.")
    head: str = strawberry.field(description="Id of the branch's head afterwards.")
    warnings: list[JSON] = strawberry.field(description="Uses of what is deprecated.")
    ontology: strawberry.Private[str]
    result: strawberry.Private[CommitResult]

    @strawberry.field(description="The commit; null when nothing was to change.")
    def commit(self) -> _Commit | None:
        return commit_of(self.ontology, self.result.commit)  # type: ignore[no-any-return]


@strawberry.type(description="What a change set did, or would do.")
class Committed:
    head: str = strawberry.field(description="Id of the branch's head afterwards.")
    dry_run: bool = strawberry.field(description="Whether nothing was written.")
    warnings: list[JSON] = strawberry.field(description="Uses of what is deprecated.")
    ontology: strawberry.Private[str]
    result: strawberry.Private[CommitResult]

    @classmethod
    def of(cls, ontology: str, result: CommitResult) -> Committed:
        return cls(
            head=result.head,
            dry_run=result.dry_run,
            warnings=[exact(one) for one in result.warnings],
            ontology=ontology,
            result=result,
        )

    @strawberry.field(description="The commit; null in a dry run, or when nothing was to change.")
    def commit(self) -> _Commit | None:
        return commit_of(self.ontology, self.result.commit)  # type: ignore[no-any-return]

    @strawberry.field(description="What it changed, or would change.")
    def changes(self) -> Diff:
        return Diff.of(self.result.changes)

    @connection()
    def documents(self, info: Info) -> Pages[Document]:
        """What was changed, as it is now, in the order of the changes; nothing in a dry run."""
        found = self.result.documents
        at = At(self.ontology, self.result.head, self.result.head)

        def read(*, limit: int, cursor: str | None) -> Page[DocumentView]:
            after = decode_cursor("committed", cursor, types=(int,))
            start = 0 if after is None else max(0, int(after[0] or 0))
            end = start + limit
            more = encode_cursor("committed", (end,)) if end < len(found) else None
            return Page(found[start:end], more)

        return listing(read, lambda view: document_of(at, view), count=lambda: len(found))


@strawberry.input(description="One change of a change set.")
class ChangeInput:
    op: str = strawberry.field(
        description="`create` takes `kind` and `fields` (an object `type`, a link `type`, "
        "`source` and `target`); `update` (a merge patch) and `replace` take `target` and "
        "`fields`; `rename` takes `target` and `apiName`; `delete` and `restore` take `target`."
    )
    kind: str | None = strawberry.field(
        default=strawberry.UNSET, description="The kind of a definition that is made."
    )
    type: str | None = strawberry.field(
        default=strawberry.UNSET, description="The type of an object or a link that is made."
    )
    source: str | None = strawberry.field(
        default=strawberry.UNSET, description="The object that a made link begins at."
    )
    target: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What is changed, or where a made link ends: `rid`, `Kind/apiName`, `Type/key` or IRI.",
    )
    fields: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="Fields of a definition; values of an object or a link.",
    )
    api_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="The new name, for `rename`."
    )
    if_match: str | None = strawberry.field(
        default=strawberry.UNSET, description="The `etag` that you have seen."
    )


@strawberry.input(description="Many changes that make one commit, or none.")
class CommitChangesInput:
    ontology: str = strawberry.field(description="Name or id.")
    changes: list[ChangeInput] = strawberry.field(
        description="In any order that makes sense to you; references to what is made in the same set hold."
    )
    branch: str = strawberry.field(default="", description="Empty: the default branch.")
    message: str = strawberry.field(default="", description="Empty: a sentence of ours.")
    expected_head: str | None = strawberry.field(
        default=None, description="The head that you have seen; refused when it has moved."
    )
    dry_run: bool = strawberry.field(default=False, description="Check and tell, write nothing.")


@strawberry.input(description="Where a change is committed, and under what condition.")
class _CommitInput:
    ontology: str = strawberry.field(description="Name or id.")
    branch: str = strawberry.field(default="", description="Empty: the default branch.")
    message: str = strawberry.field(default="", description="Empty: a sentence of ours.")
    expected_head: str | None = strawberry.field(
        default=None, description="The head that you have seen; refused when it has moved."
    )


@strawberry.input(description="A new definition.")
class CreateDefinitionInput(_CommitInput):
    kind: str = strawberry.field(description="`ObjectType`, `LinkType`, …")
    fields: JSON = strawberry.field(
        description="As the document has them; references may be names, also earlier ones."
    )


@strawberry.input(description="New fields of a definition.")
class ChangeDefinitionInput(_CommitInput):
    target: str = strawberry.field(description="`rid`, `Kind/apiName` or IRI.")
    fields: JSON = strawberry.field(
        description="As the document has them; references may be names."
    )
    if_match: str | None = strawberry.field(
        default=None, description="The `etag` that you have seen; refused when it has changed."
    )


@strawberry.input(description="A new name of a definition.")
class RenameDefinitionInput(_CommitInput):
    target: str = strawberry.field(description="`rid`, `Kind/apiName` or IRI.")
    api_name: str = strawberry.field(description="The new name.")
    if_match: str | None = strawberry.field(
        default=None, description="The `etag` that you have seen; refused when it has changed."
    )


@strawberry.input(description="A definition.")
class DefinitionInput(_CommitInput):
    target: str = strawberry.field(description="`rid`, `Kind/apiName` or IRI.")
    if_match: str | None = strawberry.field(
        default=None, description="The `etag` that you have seen; refused when it has changed."
    )


@strawberry.input(description="New fields of an ontology's header.")
class UpdateHeaderInput(_CommitInput):
    fields: JSON = strawberry.field(description="As the document has them.")
    if_match: str | None = strawberry.field(
        default=None, description="The `etag` that you have seen; refused when it has changed."
    )


@strawberry.type
class Mutations:
    """Changes of definitions. Each is a commit on a branch."""

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def create_definition(self, info: Info, input: CreateDefinitionInput) -> DefinitionChange:
        """A new definition of any kind."""
        if input.kind not in DEFINITION_KINDS:
            raise BadRequest(
                f"'{input.kind[:50]}' is no kind of definition: use {', '.join(DEFINITION_KINDS)}.",
                code="unknown_kind",
            )
        fields = mapping_of(input.fields, "fields") or {}
        name = fields.get("apiName")
        title = f"Create {input.kind}/{name if isinstance(name, str) else ''}"
        return _changed(input, {"op": "create", "kind": input.kind, "fields": fields}, title)

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def update_definition(self, info: Info, input: ChangeDefinitionInput) -> DefinitionChange:
        """A merge patch (RFC 7396): named fields replace, null removes, objects are merged."""
        return _changed_one(input, "update", fields=mapping_of(input.fields, "fields") or {})

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def replace_definition(self, info: Info, input: ChangeDefinitionInput) -> DefinitionChange:
        """All fields anew; what is left out goes back to its default."""
        return _changed_one(input, "replace", fields=mapping_of(input.fields, "fields") or {})

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def rename_definition(self, info: Info, input: RenameDefinitionInput) -> DefinitionChange:
        """The `rid` stays, references hold, and the old name becomes an alias."""
        return _changed_one(input, "rename", apiName=input.api_name)

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def delete_definition(self, info: Info, input: DefinitionInput) -> DefinitionChange:
        """Refused while something refers to it. History keeps it."""
        return _changed_one(input, "delete")

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def restore_definition(self, info: Info, input: DefinitionInput) -> DefinitionChange:
        """What was deleted, by its `rid`, in the state that it had."""
        return _changed_one(input, "restore")

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def update_header(self, info: Info, input: UpdateHeaderInput) -> DefinitionChange:
        """A merge patch of what holds for the whole ontology: prefixes, languages, names."""
        change = {
            "op": "update",
            "target": _HEADER,
            "fields": mapping_of(input.fields, "fields") or {},
            "ifMatch": input.if_match,
        }
        return _changed(input, change, "Update the header")

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def commit_changes(self, info: Info, input: CommitChangesInput) -> Committed:
        """Changes of definitions, objects and links that make one commit, or none, and then every
        problem is listed.
        """
        changes = [_change_of(one) for one in input.changes]
        count = len(changes)
        title = f"Change {count} documents"
        if count == 1:
            only = changes[0]
            name = only.get("target") or (
                f"{only.get('kind') or only.get('type') or ''}/"
                f"{(only.get('fields') or {}).get('apiName', '')}"
            )
            title = f"{input.changes[0].op.capitalize()} {name}"
        result = _commit(input, changes, title, dry_run=input.dry_run)
        return Committed.of(name_of(input.ontology), result)


def _change_of(change: ChangeInput) -> dict[str, Any]:
    names = {"api_name": "apiName", "if_match": "ifMatch"}
    said = given(change, "op", "kind", "type", "source", "target", "fields", "api_name", "if_match")
    if "fields" in said:
        said["fields"] = mapping_of(said["fields"], "fields")
    return {names.get(name, name): value for name, value in said.items()}


def _changed_one(input: Any, op: str, **more: Any) -> DefinitionChange:
    """Commit one change of the definition that an input names; objects are not changed here."""
    target = target_text(input.target)
    refuse_instance(
        selectors.get_document(
            ontology=input.ontology,
            target=target,
            ref=filter_text(input.branch, "branch", 300),
            include_deleted=op == "restore",
        )
    )
    to = f" to {more['apiName']}" if op == "rename" else ""
    change = {"op": op, "target": target, "ifMatch": input.if_match, **more}
    return _changed(input, change, f"{op.capitalize()} {target}{to}")


def _changed(input: Any, change: Mapping[str, Any], title: str) -> DefinitionChange:
    result = _commit(input, [change], title)
    at = At(name_of(input.ontology), input.branch, result.head)
    return DefinitionChange(
        definition=definition_of(at, result.documents[0]),
        head=result.head,
        warnings=[exact(one) for one in result.warnings],
        ontology=at.ontology,
        result=result,
    )


def _commit(input: Any, changes: list[Any], title: str, *, dry_run: bool = False) -> CommitResult:
    """Commit changes, judged as REST judges them."""
    body = parse_body(
        {
            "changes": changes,
            "message": input.message.strip(),
            "expectedHead": input.expected_head,
            "dryRun": dry_run,
        },
        ChangeSetBody,
    )
    return services.commit_changes(
        ontology=input.ontology,
        branch=filter_text(input.branch, "branch", 300),
        changes=[item.change() for item in body.changes],
        message=body.message or title[:1000],
        expected_head=body.expected_head,
        dry_run=body.dry_run,
    )
