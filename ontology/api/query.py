"""Query parameters: declared once as a model, checked, and described to OpenAPI from the same.

A parameter that an endpoint does not know is refused by name: a misspelt filter that is ignored
would answer another question than the one asked.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from django.http import QueryDict
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from oms_project.core.errors import BadRequest
from ontology.change_sets import Text
from ontology.domain.kinds import Kind

__all__ = [
    "AsOfText",
    "CommitQuery",
    "CursorText",
    "DefinitionsQuery",
    "DocumentQuery",
    "DocumentsQuery",
    "Flag",
    "HistoryQuery",
    "Integer",
    "LogQuery",
    "NoQuery",
    "PageQuery",
    "Query",
    "ReadQuery",
    "RefText",
    "ResourcesQuery",
    "StrayQuery",
    "Text",
    "Whole",
    "WriteQuery",
    "parse_query",
    "query_parameters",
]

Q = TypeVar("Q", bound="Query")
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
MAX_LIMIT = 1000


def _integer(value: object) -> object:
    if isinstance(value, str):
        if _INTEGER.fullmatch(value) is None:
            raise ValueError("Use a whole number")
        return int(value)
    return value


def _flag(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("Use true or false")
        return value == "true"
    return value


class Whole:
    """Marks a list whose items may hold commas: each is given by repeating the parameter."""


#: ``true`` or ``false``.
Flag = Annotated[bool, BeforeValidator(_flag)]
#: A whole number.
Integer = Annotated[int, BeforeValidator(_integer)]
Limit = Annotated[Integer, Field(ge=1, le=MAX_LIMIT)]
# All bounds together keep a request line, escaped, below the 16 KiB that servers take.
RefText = Annotated[Text, Field(max_length=220)]
AsOfText = Annotated[Text, Field(alias="asOf", max_length=40, examples=["2026-07-05T12:00:00Z"])]
CursorText = Annotated[str, Field(max_length=2048, pattern=r"^[A-Za-z0-9_-]*$")]


class Query(BaseModel):
    """Base of every set of query parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class NoQuery(Query):
    """An endpoint without parameters."""


class ReadQuery(Query):
    """Reads at a commit."""

    ref: RefText = Field(default="", examples=["main"])
    """What to read: a branch, a tag, a commit id, or `branch@timestamp`. Empty: the default
    branch."""
    as_of: AsOfText = ""
    """Read the branch as it was then: a time with its zone, or a day, which is its end in UTC.
    Not with a tag or a commit, which never change."""


class PageQuery(Query):
    """Lists that are read in pages."""

    limit: Limit = 100
    """Items on a page."""
    cursor: CursorText = ""
    """Where the page starts: `next` of the page before."""


class StrayQuery(PageQuery):
    """Changes of others in a home."""

    state: Literal["", "open", "settled"] = ""
    """Only those."""


class LogQuery(ReadQuery, PageQuery):
    """Commits from a ref back."""

    first_parent: Flag = False
    """Follow only the first parent of a merge."""


class DocumentQuery(ReadQuery):
    """How a document is rendered."""

    fields: tuple[Text, ...] = Field(default=(), examples=[["iri"]])
    """Only these fields of each document (identity always comes along)."""
    references: Literal["rid", "name"] = "rid"
    """References as `rid`s, or as names such as `ObjectType/Person`."""
    include_deleted: Flag = False
    """Also documents that were deleted, in their last state."""


class DefinitionsQuery(DocumentQuery, PageQuery):
    """Which definitions of one kind, and how."""

    text: Annotated[Text, Field(max_length=200)] = ""
    """Only those with this text in a name, label, description or IRI (without case)."""
    status: Literal["", "experimental", "active", "deprecated", "archived"] = ""
    """Only those with this status."""
    tag: Annotated[Text, Field(max_length=100)] = ""
    """Only those with this tag."""
    parent: Annotated[Text, Field(max_length=400)] = Field(
        default="", examples=["ObjectType/Person"]
    )
    """Only direct children of this definition: a `rid`, `Kind/apiName` or an IRI."""


class DocumentsQuery(DefinitionsQuery):
    """Which documents of any kind, and how."""

    kind: tuple[Kind, ...] = Field(default=(), examples=[["ObjectType", "LinkType"]])
    """Only documents of these kinds."""


class ResourcesQuery(DocumentQuery, PageQuery):
    """Which resources, and how."""

    text: Annotated[Text, Field(max_length=200)] = ""
    """Only those with this text in their IRI (without case)."""


class HistoryQuery(ReadQuery, PageQuery):
    """Commits of one document, from a ref back."""


class WriteQuery(Query):
    """Writes to a branch."""

    branch: RefText = Field(default="", examples=["main"])
    """The branch to write to. Empty: the default branch."""


class CommitQuery(WriteQuery):
    """Writes of one document, which make one commit."""

    message: Annotated[Text, Field(max_length=500)] = Field(
        default="", examples=["Add a person's birth date"]
    )
    """Message of the commit; the header `X-Commit-Message` may be longer. Empty: a sentence that
    names the change."""


def parse_query(values: QueryDict, model: type[Q]) -> Q:
    """``values`` as ``model``; a tuple is given as ``a,b`` or by repeating the parameter (only so,
    where it is marked as ``Whole``).

    Raises:
        BadRequest: naming every parameter that is unknown, repeated or has a value that cannot
            be used.
    """
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    data: dict[str, Any] = {}
    problems: list[dict[str, Any]] = []
    for name, given in values.lists():
        field = fields.get(name)
        if field is None:
            known = ", ".join(fields) or "none"
            problems.append(_problem(name, f"There is no such parameter here. Known: {known}."))
        elif _is_list(field.annotation):
            whole = Whole in field.metadata
            data[name] = tuple(
                part for text in given for part in ((text,) if whole else text.split(","))
            )
            if "" in data[name]:
                problems.append(_problem(name, "An item of the list is empty."))
        elif len(given) > 1:
            problems.append(_problem(name, "This parameter is given more than once."))
        else:
            data[name] = given[0]
    try:
        query = model.model_validate(data)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            message = str(item["msg"]).removeprefix("Value error, ").rstrip(".") + "."
            problems.append(_problem(str(item["loc"][0]), message))
    if problems:
        names = ", ".join(dict.fromkeys(f"'{problem['parameter']}'" for problem in problems))
        raise BadRequest(
            f"The query cannot be used: see {names[:200]}.", code="bad_query", errors=problems
        )
    return query


def query_parameters(model: type[Query]) -> list[dict[str, Any]]:
    """The OpenAPI parameters of ``model``."""
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    whole = {
        field.alias or name for name, field in model.model_fields.items() if Whole in field.metadata
    }
    parameters = []
    for name, given in schema.get("properties", {}).items():
        member = _inlined(given, definitions)
        member.pop("title", None)
        description = member.pop("description", "").replace("\n", " ")
        parameter: dict[str, Any] = {
            "name": name,
            "in": "query",
            "description": description,
            "schema": member,
        }
        examples = member.pop("examples", None)
        if examples:
            parameter["example"] = examples[0]
        if member.get("type") == "array":
            parameter |= {"style": "form", "explode": name in whole}
        if member.get("default") in ("", (), []):
            member.pop("default")
        parameters.append(parameter)
    return parameters


def _inlined(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        target = dict(definitions[schema["$ref"].rsplit("/", 1)[1]])
        target.pop("title", None)
        target.pop("description", None)
        return target | rest
    member = dict(schema)
    if isinstance(member.get("items"), dict):
        member["items"] = _inlined(member["items"], definitions)
    return member


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_origin(annotation) is tuple


def _problem(parameter: str, message: str) -> dict[str, Any]:
    return {"parameter": parameter[:100], "message": message}
