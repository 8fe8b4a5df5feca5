"""Request bodies: what a client sends, checked before a service sees it.

The fields of a definition are not checked here: the domain knows them, and names every problem.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ontology import selectors
from ontology.change_sets import (
    ActionRunBody,
    Body,
    ChangeBody,
    ChangeSetBody,
    KernelDeleteBody,
    KernelInsertBody,
    KernelQueryBody,
    KernelUpdateBody,
    MergeBody,
    Message,
    RedactionBody,
    Ref,
    RevertBody,
    RunRevertBody,
    Text,
    json_object,
    parse_body,
)

__all__ = [
    "ActionRunBody",
    "AggregateBody",
    "Body",
    "BranchCreate",
    "BranchUpdate",
    "ChangeBody",
    "ChangeSetBody",
    "ExportBody",
    "KernelDeleteBody",
    "KernelInsertBody",
    "KernelQueryBody",
    "KernelUpdateBody",
    "MergeBody",
    "ObjectQueryBody",
    "OntologyCreate",
    "OntologyUpdate",
    "PageBody",
    "RedactionBody",
    "RenameBody",
    "RevertBody",
    "RunRevertBody",
    "TagCreate",
    "parse_body",
    "parse_definition",
]

LangText = dict[Text, Text]


class OntologyCreate(Body):
    """A new ontology."""

    name: Annotated[Text, Field(max_length=200)] = Field(examples=["fleet"])
    """Lower-case letters, digits and `. _ -`."""
    base_iri: Annotated[Text, Field(max_length=2000)] = Field(
        examples=["https://example.org/fleet/"]
    )
    """What the IRIs of new definitions start with."""
    display_name: LangText | None = Field(default=None, examples=[{"en": "Fleet"}])
    """Text per language tag."""
    description: Message = ""
    """What it is about."""
    prefixes: LangText | None = None
    """Prefix to IRI, for exports."""
    default_language: Annotated[Text, Field(max_length=35)] = "en"
    """Language of texts without a tag (BCP 47)."""
    compatibility: Literal[
        "none",
        "backward",
        "backwardTransitive",
        "forward",
        "forwardTransitive",
        "full",
        "fullTransitive",
    ] = "backward"
    """Which changes later versions may make."""


class OntologyUpdate(Body):
    """What can be changed of an ontology's entry in the registry."""

    description: Message | None = None
    """What it is about."""
    default_branch: Ref | None = None
    """The branch that is meant where none is named."""


class BranchCreate(Body):
    """A new branch."""

    name: Ref = Field(examples=["feature/booking"])
    """Lower-case letters, digits and `. _ / -`."""
    from_ref: Ref = Field(default="", alias="from", examples=["main"])
    """Where it starts: a branch, tag, commit id or `branch@timestamp`. Empty: the default
    branch."""
    protected: bool = False
    """Whether only maintainers may write to it."""


class BranchUpdate(Body):
    """What can be changed of a branch."""

    protected: bool
    """Whether only maintainers may write to it."""


class TagCreate(Body):
    """A new tag."""

    name: Ref = Field(examples=["v1.0"])
    """Lower-case letters, digits and `. _ / -`."""
    ref: Ref = Field(default="", examples=["main"])
    """What it names for ever. Empty: the head of the default branch."""
    message: Message = ""
    """Why."""


class RenameBody(Body):
    """A new name for a definition; the old one stays as an alias."""

    api_name: Annotated[Text, Field(max_length=300)] = Field(examples=["Customer"])
    """The new `apiName`."""
    message: Message = ""
    """Message of the commit. Empty: the header `X-Commit-Message`, or a sentence."""


class ExportBody(Body):
    """An export that is prepared in the background."""

    format: Text = Field(
        default="turtle",
        examples=["turtle"],
        json_schema_extra={"enum": list(selectors.EXPORT_FORMATS)},
    )
    """Name of the format."""
    ref: Ref = Field(default="", examples=["main"])
    """What to export. Empty: the default branch."""
    as_of: Text = Field(default="", alias="asOf", max_length=40, examples=["2026-07-05"])
    """Export the branch as it was then: a time with its zone, or a day, which is its end in
    UTC."""


class PageBody(Body):
    """A list that is read in pages, asked for by `POST`."""

    limit: int = Field(default=100, ge=1, le=1000)
    """Items on a page."""
    cursor: str = Field(default="", max_length=2048, pattern=r"^[A-Za-z0-9_-]*$")
    """Where the page starts: `next` of the page before."""


class ObjectQueryBody(PageBody):
    """Which objects or links, and how."""

    filter: dict[str, Any] | None = Field(
        default=None, examples=[{"property": "birthDate", "op": "lt", "value": "2000-01-01"}]
    )
    """A filter: `{property, op, value}`, `{and: […]}`, `{or: […]}`, `{not: …}` or
    `{link, direction, where}`."""
    sort: list[Text] = Field(default_factory=list, max_length=5, examples=[["-birthDate"]])
    """Properties to sort by, falling with a `-` in front. Empty: by type and key."""
    fields: list[Text] = Field(default_factory=list, max_length=1000, examples=[["birthDate"]])
    """Only these values of each; empty: all. Identity always comes along."""
    subtypes: bool = True
    """Those of its subtypes as well."""
    include_deleted: bool = False
    """Also those that were deleted, in their last state."""
    count: bool = False
    """Count all that answer the filter, as `total`."""


class AggregateBody(Body):
    """Figures of objects or links, for all or by group."""

    filter: dict[str, Any] | None = Field(
        default=None, examples=[{"property": "birthDate", "op": "isNull", "value": False}]
    )
    """As for a query."""
    measures: list[Text] = Field(default_factory=list, max_length=50, examples=[["count"]])
    """`count`, or `count`, `sum`, `min`, `max`, `avg` of a property: `avg:price`. Empty: `count`."""
    by: list[Text] = Field(default_factory=list, max_length=10, examples=[["birthDate"]])
    """Properties to group by; empty: all in one group."""
    subtypes: bool = True
    """Those of its subtypes as well."""
    limit: int = Field(default=1000, ge=1, le=10_000)
    """At most so many groups, the biggest ones."""


def parse_definition(data: Any) -> dict[str, Any]:
    """The fields of a definition as they were sent.

    Raises:
        Invalid: not a JSON object.
    """
    return dict(json_object(data))
