"""Mutations: objects and links of every type; each makes one commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from oms_project.core.authorization import permissions
from oms_project.core.errors import BadRequest, NotFound
from ontology import selectors, services
from ontology.access import permitted_branch
from ontology.contract import Change, CommitResult
from ontology.domain.kinds import Kind
from ontology.graphql.typed.definitions import Definition
from ontology.graphql.typed.names import upper_first
from ontology.graphql.typed.places import Place, row_of
from ontology.graphql.typed.problems import tried, union
from ontology.graphql.typed.scalars import JSON, SCALARS

if TYPE_CHECKING:
    from ontology.graphql.typed.builder import Builder

__all__ = ["COMMIT_ARGUMENTS", "attribute", "branch_of", "commit_fields", "derive", "fields"]

_WRITE: Final = permissions.ONTOLOGY_WRITE
_DELETED: Final = "OmsDeleted"
_DELETED_RESULT: Final = "OmsDeletedResult"

#: Of every mutation.
COMMIT_ARGUMENTS: Final = {
    "branch": GraphQLArgument(
        GraphQLString,
        description="Where to commit; if not said, the branch that `ref` names in the address.",
    ),
    "message": GraphQLArgument(
        GraphQLString, description="Of the commit; a plain one if not said."
    ),
    "expectedHead": GraphQLArgument(
        GraphQLID,
        description="Refuse when the branch's head is another commit.",
        out_name="expected_head",
    ),
    "dryRun": GraphQLArgument(
        GraphQLNonNull(GraphQLBoolean),
        default_value=False,
        description="Check everything and change nothing.",
        out_name="dry_run",
    ),
}
_IF_MATCH: Final = GraphQLArgument(
    GraphQLString,
    description="The `_etag` that you have seen; refused when it is another by now.",
    out_name="if_match",
)


@dataclass(frozen=True, slots=True)
class _Written:
    """What a write answers.

    Attributes:
        row: the object or link as it is now; None in a dry run.
    """

    row: Any
    id: str
    commit: str | None
    head: str
    dry_run: bool
    warnings: list[Any]


def derive(builder: Builder) -> None:
    """Inputs and results of writes."""
    kinds = builder.definitions.by_kind
    concrete = [item for item in kinds[Kind.OBJECT_TYPE] if item.rid in builder.names.types]
    for item in (*concrete, *kinds[Kind.LINK_TYPE]):
        rid = item.rid
        builder.derive(rid, "CreateInput", partial(_input, builder, rid, create=True))
        builder.derive(rid, "UpdateInput", partial(_input, builder, rid, create=False))
        builder.derive(rid, "Written", partial(_written_type, builder, rid))
        builder.derive(rid, "Result", partial(_result_type, builder, rid))
    builder.add(builder.names.claim(_DELETED), _deleted_type)
    builder.add(
        builder.names.claim(_DELETED_RESULT),
        partial(union, builder, _DELETED_RESULT, _DELETED, "What was done, or why it was not."),
    )


def fields(
    builder: Builder, taken: Mapping[str, Callable[[], GraphQLField]]
) -> dict[str, Callable[[], GraphQLField]]:
    """Fields of the mutation type, after those that are there already."""
    found = dict(taken)

    def add(name: str, make: Callable[[], GraphQLField]) -> None:
        while name in found:
            name += "_"
        found[name] = make

    kinds = builder.definitions.by_kind
    types = [
        *((item, False) for item in kinds[Kind.OBJECT_TYPE] if item.rid in builder.names.types),
        *((item, True) for item in kinds[Kind.LINK_TYPE]),
    ]
    for item, link in types:
        name = upper_first(builder.names.own(item.rid))
        add(f"create{name}", partial(_create, builder, item, link=link))
        add(f"update{name}", partial(_update, builder, item, link=link))
        add(f"delete{name}", partial(_delete, builder, item, link=link))
    return found


# --- inputs and results ---------------------------------------------------------------------------
def _input(builder: Builder, rid: str, *, create: bool) -> GraphQLInputObjectType:
    def given() -> dict[str, GraphQLInputField]:
        parts = builder.definitions.properties(rid).values()
        found = builder.shapes.inputs(parts, required=create)
        if create:
            found["_iri"] = GraphQLInputField(SCALARS["Uri"], description="Its IRI, if it has one.")
        elif not found:
            found["_nothing"] = GraphQLInputField(JSON, description="It has no properties.")
        return found

    return GraphQLInputObjectType(
        builder.derived(rid, "CreateInput" if create else "UpdateInput"),
        given,
        description="Its values."
        if create
        else "Values to change; null removes one, what is left out stays.",
    )


def attribute(name: str) -> Callable[[Any, Any], Any]:
    """Resolves a field by the attribute of that name."""
    return lambda source, _: getattr(source, name)


def commit_fields() -> dict[str, GraphQLField]:
    """What every mutation answers about its commit."""
    return {
        "commit": GraphQLField(
            GraphQLID,
            resolve=attribute("commit"),
            description="Id of the commit; null when nothing changed, and in a dry run.",
        ),
        "head": GraphQLField(
            GraphQLNonNull(GraphQLID),
            resolve=attribute("head"),
            description="Id of the branch's head afterwards.",
        ),
        "dryRun": GraphQLField(GraphQLNonNull(GraphQLBoolean), resolve=attribute("dry_run")),
        "warnings": GraphQLField(
            GraphQLNonNull(GraphQLList(GraphQLNonNull(JSON))),
            resolve=attribute("warnings"),
            description="Uses of what is deprecated.",
        ),
    }


def _written_type(builder: Builder, rid: str) -> GraphQLObjectType:
    own = builder.names.types[rid]
    return GraphQLObjectType(
        builder.derived(rid, "Written"),
        lambda: {
            "node": GraphQLField(
                builder.type(own),
                resolve=attribute("row"),
                description="As it is now; null in a dry run.",
            ),
            **commit_fields(),
        },
        description="What was written.",
    )


def _result_type(builder: Builder, rid: str) -> Any:
    return union(
        builder,
        builder.derived(rid, "Result"),
        builder.derived(rid, "Written"),
        "What was written, or why it was not.",
    )


def _deleted_type() -> GraphQLObjectType:
    return GraphQLObjectType(
        _DELETED,
        {
            "id": GraphQLField(
                GraphQLNonNull(GraphQLID), resolve=attribute("id"), description="The `_id` it had."
            ),
            **commit_fields(),
        },
        description="What was deleted. History keeps it.",
    )


# --- objects and links ----------------------------------------------------------------------------
def _create(builder: Builder, item: Definition, *, link: bool) -> GraphQLField:
    rid = item.rid
    given = builder.type(builder.derived(rid, "CreateInput"))
    arguments: dict[str, GraphQLArgument] = {}
    if link:
        for end in ("source", "target"):
            arguments[end] = GraphQLArgument(
                GraphQLNonNull(GraphQLID), description=f"The object at its {end}: `_id` or `_rid`."
            )
    required = any(one.type for one in given.fields.values() if _is_required(one))
    arguments["values"] = GraphQLArgument(GraphQLNonNull(given) if required or not link else given)
    return _mutation(
        builder,
        item,
        "Result",
        {**arguments, **COMMIT_ARGUMENTS},
        partial(_do_create, rid, item.name, link),
        f"Create {'a link' if link else 'an object'} of the type `{item.name}`.",
    )


def _is_required(given: GraphQLInputField) -> bool:
    return isinstance(given.type, GraphQLNonNull)


def _update(builder: Builder, item: Definition, *, link: bool) -> GraphQLField:
    given = builder.type(builder.derived(item.rid, "UpdateInput"))
    arguments = {
        "id": GraphQLArgument(GraphQLNonNull(GraphQLID), description="Its `_id` or `_rid`."),
        "values": GraphQLArgument(GraphQLNonNull(given)),
        "ifMatch": _IF_MATCH,
    }
    return _mutation(
        builder,
        item,
        "Result",
        {**arguments, **COMMIT_ARGUMENTS},
        partial(_do_update, item.rid),
        f"Change {'a link' if link else 'an object'} of the type `{item.name}`.",
    )


def _delete(builder: Builder, item: Definition, *, link: bool) -> GraphQLField:
    arguments = {
        "id": GraphQLArgument(GraphQLNonNull(GraphQLID), description="Its `_id` or `_rid`."),
        "ifMatch": _IF_MATCH,
    }
    what = f"Delete {'a link' if link else 'an object'} of the type `{item.name}`."
    more = "" if link else " What becomes of its links, their types say."
    return _mutation(
        builder,
        item,
        "",
        {**arguments, **COMMIT_ARGUMENTS},
        partial(_do_delete, item.rid),
        what + more,
    )


def _mutation(
    builder: Builder,
    item: Definition,
    suffix: str,
    arguments: dict[str, GraphQLArgument],
    act: Callable[..., Any],
    description: str,
) -> GraphQLField:
    name = builder.derived(item.rid, suffix) if suffix else _DELETED_RESULT
    return GraphQLField(
        GraphQLNonNull(builder.type(name)),
        args=arguments,
        resolve=tried(_WRITE, act),
        description=description,
        deprecation_reason=builder.definitions.reason(item.body),
        extensions={"needs": _WRITE},
    )


def branch_of(place: Place, branch: str | None) -> str:
    """Where a write goes.

    Raises:
        BadRequest: ``branch_needed``; the address names a state that is no branch.
    """
    if branch or not place.ref:
        return branch or ""
    try:
        return selectors.get_branch(ontology=place.ontology, name=place.ref).name
    except NotFound as error:
        raise BadRequest(
            f"'{place.ref[:220]}' is no branch: say on which one to commit, by `branch`.",
            code="branch_needed",
            data={"ref": place.ref[:220]},
        ) from error


def _do_create(
    rid: str,
    name: str,
    link: bool,
    info: Any,
    /,
    *,
    values: Mapping[str, Any] | None = None,
    source: str | None = None,
    target: str | None = None,
    **options: Any,
) -> _Written:
    change = Change(
        op="create",
        kind=(Kind.LINK if link else Kind.OBJECT).value,
        type=rid,
        source=source,
        target=target,
        fields=values or {},
    )
    said = f"Create {name}" + (f" from {source} to {target}" if link else "")
    return _commit(info, change, said, **options)


def _do_update(
    rid: str,
    info: Any,
    *,
    id: str,
    values: Mapping[str, Any],
    if_match: str | None = None,
    branch: str | None = None,
    **options: Any,
) -> _Written:
    target = _found(info.schema.place, rid, id, branch)
    change = Change(op="update", target=target.rid, fields=values, if_match=if_match)
    return _commit(info, change, f"Update {target.id}", branch=branch, **options)


def _do_delete(
    rid: str,
    info: Any,
    *,
    id: str,
    if_match: str | None = None,
    branch: str | None = None,
    **options: Any,
) -> _Written:
    target = _found(info.schema.place, rid, id, branch)
    change = Change(op="delete", target=target.rid, if_match=if_match)
    written = _commit(info, change, f"Delete {target.id}", branch=branch, **options)
    return _Written(
        None, target.id, written.commit, written.head, written.dry_run, written.warnings
    )


def _found(place: Place, rid: str, id_: str, branch: str | None) -> Any:
    """The object or link to change, as it is on the branch; of the type that the field is for."""
    on = branch_of(place, branch)
    # Who may not write does not learn first whether it is there.
    permitted_branch(place.ontology, on, _WRITE)
    view = selectors.get_document(ontology=place.ontology, target=id_, ref=on)
    if view.body.get("_type") != rid:
        raise NotFound(
            f"'{id_[:200]}' is of another type.",
            code="document_not_found",
            data={"document": id_[:200]},
        )
    return view


def _commit(
    info: Any,
    change: Change,
    said: str,
    *,
    branch: str | None = None,
    message: str | None = None,
    expected_head: str | None = None,
    dry_run: bool = False,
) -> _Written:
    place: Place = info.schema.place
    result: CommitResult = services.commit_changes(
        ontology=place.ontology,
        branch=branch_of(place, branch),
        changes=[change],
        message=(message or "").strip() or said[:1000],
        expected_head=expected_head,
        dry_run=dry_run,
    )
    row = None
    if not dry_run and change.op != "delete":
        row = row_of(result.documents[0], place.on(result.head))
    return _Written(
        row,
        "",
        result.commit.id if result.commit else None,
        result.head,
        dry_run,
        [dict(one) for one in result.warnings],
    )
