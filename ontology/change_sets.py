"""Change sets and merges as JSON: the form in which every door takes many changes at once.

A REST body and a file for ``manage.py ontology apply`` are the same text and are refused with the
same sentences. The fields of a definition are not checked here: the domain knows them, and names
every problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from oms_project.core.errors import Invalid
from ontology.contract import Change, Resolution

__all__ = [
    "ActionRunBody",
    "Body",
    "ChangeBody",
    "ChangeSetBody",
    "Head",
    "KernelDeleteBody",
    "KernelInsertBody",
    "KernelQueryBody",
    "KernelUpdateBody",
    "MergeBody",
    "Message",
    "RedactionBody",
    "Ref",
    "RevertBody",
    "RunRevertBody",
    "Target",
    "Text",
    "json_object",
    "parse_body",
]

B = TypeVar("B", bound="Body")


def _no_nul(text: str) -> str:
    # PostgreSQL cannot hold it, and nothing meant contains it.
    if "\x00" in text:
        raise ValueError("The character U+0000 is not allowed")
    return text


#: Any text without U+0000.
Text = Annotated[
    str, AfterValidator(_no_nul), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})
]
Message = Annotated[Text, Field(max_length=10_000)]
Ref = Annotated[Text, Field(max_length=300)]
Target = Annotated[Text, Field(min_length=1, max_length=2000)]
Head = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Body(BaseModel):
    """Base of every request body: camelCase, no unknown members, no silent conversion."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
    )


class ChangeBody(Body):
    """One change of a change set."""

    op: Literal["create", "update", "replace", "rename", "delete", "restore"]
    """`create` takes `kind` and `fields` (an object `type`, a link `type`, `source` and `target`);
    `update` (merge patch) and `replace` take `target` and
    `fields`; `rename` takes `target` and `apiName`; `delete` and `restore` take `target`."""
    kind: Text | None = Field(default=None, examples=["ObjectType"])
    """The kind of a document that is created; may be left out where there is a `type`."""
    type: Annotated[Text, Field(max_length=400)] | None = Field(default=None, examples=["Person"])
    """The object type or link type of an object or link that is created."""
    source: Target | None = Field(default=None, examples=["Person/42"])
    """The object that a created link begins at; `target` is the one at which it ends."""
    target: Target | None = Field(default=None, examples=["ObjectType/Person"])
    """The document: its `rid`, `Kind/apiName`, `Type/key` of an object, or IRI."""
    fields: dict[str, Any] = Field(default_factory=dict, examples=[{"apiName": "Person"}])
    """Fields of the definition, where references may be names; or values of the object or link."""
    api_name: Annotated[Text, Field(max_length=300)] | None = None
    """The new name, for `rename`."""
    if_match: Annotated[Text, Field(max_length=300)] | None = None
    """The ETag of the document that you have seen; refused with 412 when it has changed."""

    def change(self) -> Change:
        """As the contract has it."""
        etag = self.if_match.strip('"') if self.if_match else None
        return Change(
            op=self.op,
            kind=self.kind,
            target=self.target,
            fields=self.fields,
            api_name=self.api_name,
            if_match=(etag.rpartition("-")[0] or etag) if etag else None,
            type=self.type,
            source=self.source,
        )


class ChangeSetBody(Body):
    """Many changes that make one commit, or none."""

    changes: list[ChangeBody] = Field(min_length=1, max_length=100_000)
    """In any order that makes sense to you; references to what is created in the same set hold."""
    message: Message = ""
    """Message of the commit. Empty: the header `X-Commit-Message`, or a sentence."""
    expected_head: Head | None = None
    """The head of the branch that you have seen; refused with 409 when it has moved."""
    dry_run: bool = False
    """Check everything and answer what would happen, without writing."""


class ResolutionBody(Body):
    """How to settle conflicts."""

    choice: Literal["ours", "theirs", "base", "value"]
    """Which of the three states to take, or a `value`."""
    document: Target | None = Field(default=None, examples=["ObjectType/Person"])
    """`@id` or `rid`; none: every conflict that nothing else settles."""
    path: Annotated[Text, Field(max_length=4000)] | None = None
    """One conflict of the document; none: all of them."""
    value: Any = None
    """Any JSON value, for the choice `value`."""

    def resolution(self) -> Resolution:
        """As the contract has it."""
        return Resolution(self.choice, document=self.document, path=self.path, value=self.value)


class Merging(Body):
    """What a merge and a revert have in common."""

    message: Message = ""
    """Message of the commit. Empty: the header `X-Commit-Message`, or a sentence."""
    dry_run: bool = False
    """Answer what would happen, without writing."""
    resolutions: list[ResolutionBody] = Field(default_factory=list, max_length=100_000)
    """How to settle conflicts."""
    expected_head: Head | None = None
    """The head of the branch written to that you have seen; refused with 409 when it has moved."""


class MergeBody(Merging):
    """A merge of one ref into a branch."""

    source: Ref = Field(examples=["feature/booking"])
    """What to merge: a branch, tag or commit id."""
    into: Ref = Field(default="", examples=["main"])
    """The branch to merge into. Empty: the default branch."""
    no_ff: bool = False
    """Make a merge commit also where the branch could simply move forward."""


class RevertBody(Merging):
    """A new commit that takes back an earlier one."""

    commit: Ref = Field(min_length=1)
    """The commit to take back: its id, or any other ref."""
    mainline: int = Field(default=1, ge=1, le=16)
    """Of a merge: the number of the parent whose side stays."""


class ActionRunBody(Body):
    """A run of an action, or a batch of runs."""

    parameters: dict[str, Any] | None = Field(
        default=None, examples=[{"flight": "Flight/OZ102", "seats": 2}]
    )
    """The parameters of one run: values as JSON, an object as `Type/key`, `rid` or IRI."""
    batch: list[dict[str, Any]] | None = Field(default=None, min_length=1, max_length=1000)
    """The parameters of each run; then no `parameters`. All runs make one commit, or none."""
    message: Message = ""
    """Message of the commit. Empty: the header `X-Commit-Message`, or a sentence."""
    dry_run: bool = False
    """Check everything and answer what would happen, without writing."""
    expected_head: Head | None = None
    """The head of the branch that you have seen; refused with 409 when it has moved."""


class RunRevertBody(Body):
    """Takes back a run of an action."""

    message: Message = ""
    """Message of the commit. Empty: the header `X-Commit-Message`, or a sentence."""
    dry_run: bool = False
    """Answer what would happen, without writing."""
    expected_head: Head | None = None
    """The head of the branch that you have seen; refused with 409 when it has moved."""


class RedactionBody(Body):
    """Values to erase for good."""

    target: Target = Field(examples=["Person/42"])
    """The object or link: `Type/key`, its `rid` or its IRI."""
    fields: list[Text] = Field(default_factory=list, max_length=1000, examples=[["email"]])
    """Names of values, also `_iri` and `_annotations`. Empty: all values."""
    reason: Annotated[Text, Field(min_length=1, max_length=2000)] = Field(
        examples=["Request 7 of 2026-07-05"]
    )
    """Who asked for it and why. It is kept for ever: leave the values out."""
    ref: Ref = Field(default="", examples=["main"])
    """Where the target is looked up. Empty: the default branch."""
    dry_run: bool = False
    """Answer what would be erased, without erasing it."""


class KernelBody(Body):
    """What requests to the data kernel have in common."""

    ontology: Annotated[Text, Field(min_length=1, max_length=400)] = Field(examples=["fleet"])
    """Name or id of the ontology."""
    message: Message = ""
    """Message of the commit. Empty: the header `X-Commit-Message`, or a sentence."""
    expected_head: Head | None = None
    """The head of the branch that you have seen; refused with 409 when it has moved."""


class KernelQueryBody(KernelBody):
    """A WOQL query."""

    ref: Ref = Field(default="", examples=["main"])
    """What is asked: a branch, tag, commit id or `branch@timestamp`; for a query that writes, a
    branch. Empty: the default branch."""
    query: dict[str, Any] = Field(examples=[{"@type": "IsA"}])
    """WOQL as JSON-LD, as the clients of TerminusDB send it."""
    timeout: float | None = Field(default=None, gt=0, le=3600)
    """Seconds after which to give up; never more than the server allows."""


class KernelInsertBody(KernelBody):
    """Native documents to insert."""

    branch: Ref = Field(default="", examples=["main"])
    """The branch to write to. Empty: the default branch."""
    documents: list[dict[str, Any]] = Field(min_length=1, max_length=10_000)
    """Native documents: `@type`, values by name, relations as lists of `@id`s."""


class KernelUpdateBody(KernelInsertBody):
    """Native documents that take the places of those with their `@id`."""

    create: bool = False
    """Make those that do not exist."""


class KernelDeleteBody(KernelBody):
    """Native documents to delete."""

    branch: Ref = Field(default="", examples=["main"])
    """The branch to write to. Empty: the default branch."""
    ids: list[Target] = Field(min_length=1, max_length=10_000)
    """`@id`s of documents, `rid`s, or `Type/key`."""


def parse_body(data: Any, model: type[B]) -> B:
    """``data`` as ``model``.

    Raises:
        Invalid: naming every member that is missing, unknown or wrong.
    """
    try:
        return model.model_validate(json_object(data))
    except ValidationError as error:
        problems = [
            {
                "field": "".join(f"/{part!s}" for part in item["loc"]),
                "rule": "shape",
                "message": _sentence(item),
            }
            for item in error.errors(include_url=False, include_input=False)
        ]
        raise Invalid(
            "The body does not have the right shape: "
            + " ".join(
                f"{problem['field'] or '/'}: {problem['message']}" for problem in problems[:3]
            ),
            code="bad_body",
            errors=problems,
        ) from error


def json_object(data: Any) -> Mapping[str, Any]:
    """``data``, which must be a JSON object.

    Raises:
        Invalid: it is another value.
    """
    if not isinstance(data, Mapping):
        raise Invalid(
            "The body must be a JSON object.",
            code="bad_body",
            errors=[{"field": "", "rule": "shape", "message": "Use a JSON object."}],
        )
    return data


def _sentence(item: Mapping[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "There is no such member. Remove it, or check its spelling."
    if item["type"] == "missing":
        return "This member is required."
    return str(item["msg"]).removeprefix("Value error, ").rstrip(".") + "."
