"""Merges, reverts, and the proof that history is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.core.errors import Invalid
from oms_project.graphql.context import Info
from oms_project.graphql.errors import Problem
from oms_project.graphql.fields import mutation, query
from oms_project.graphql.inputs import filter_text, given
from ontology import contract, selectors, services
from ontology.change_sets import MergeBody, RevertBody, parse_body
from ontology.graphql.diffs import Diff, commit_of
from ontology.graphql.places import exact
from ontology.tasks import VERIFY_TASK
from scheduling.contract import job_service
from scheduling.graphql.jobs import Job

if TYPE_CHECKING:
    from ontology.graphql.registry import Commit

__all__ = ["Merge", "MergeConflicts", "Mutations", "Queries", "merge_answer"]


@strawberry.type(description="What a merge or a revert did, or would do.")
class Merge:
    status: str = strawberry.field(
        description="`merged`: a commit was made; `fast_forward`: the branch was moved; "
        "`up_to_date`: there was nothing to do."
    )
    base: str | None = strawberry.field(
        description="Id of the commit where the two parted; null when there were several."
    )
    ours: str = strawberry.field(description="Id of the head that was merged into.")
    theirs: str = strawberry.field(description="Id of what was merged.")
    resolved: int = strawberry.field(description="How many conflicts were settled.")
    dry_run: bool = strawberry.field(description="Whether nothing was written.")
    ontology: strawberry.Private[str]
    found: strawberry.Private[contract.MergeResult]

    @strawberry.field(description="What the branch points at now; null when nothing was written.")
    def commit(self) -> Annotated[Commit, strawberry.lazy("ontology.graphql.registry")] | None:
        return commit_of(self.ontology, self.found.commit)  # type: ignore[no-any-return]

    @strawberry.field(description="What it changes on the branch.")
    def changes(self) -> Diff | None:
        return None if self.found.changes is None else Diff.of(self.found.changes)


@strawberry.type(description="Something that both sides changed in ways that cannot both hold.")
class MergeConflict:
    conflict_id: str = strawberry.field(description="The same for the same three states.")
    rid: str = strawberry.field(description="Of the document.")
    kind: str = strawberry.field(description="`ObjectType`, …, `Object`, `Link`.")
    document: str = strawberry.field(description="`ObjectType/Person`: for a resolution.")
    path: str = strawberry.field(description="For a resolution; empty: the whole document.")
    label: str = strawberry.field(description="The path for people.")
    type: str = strawberry.field(
        description="`edit/edit`, `delete/edit`, `edit/delete`, `add/add`, `rename/rename`, "
        "`order`."
    )
    base: JSON | None = strawberry.field(description="The value where the two parted.")
    ours: JSON | None = strawberry.field(description="The value on the branch merged into.")
    theirs: JSON | None = strawberry.field(description="The value on what is merged.")
    message: str = strawberry.field(description="What is in conflict, in a sentence.")

    @classmethod
    def of(cls, found: contract.Conflict) -> MergeConflict:
        return cls(
            conflict_id=found.id,
            rid=found.rid,
            kind=found.kind,
            document=found.document,
            path=found.path,
            label=found.label,
            type=found.type,
            base=exact(found.base),
            ours=exact(found.ours),
            theirs=exact(found.theirs),
            message=found.message,
        )


@strawberry.type(
    description="A merge or a revert in which both sides changed the same; nothing was written. "
    "Settle each conflict in `resolutions`."
)
class MergeConflicts(Problem):
    base: str | None = strawberry.field(
        description="Id of the commit where the two parted; null when there were several."
    )
    ours: str = strawberry.field(description="Id of the head that was to be merged into.")
    theirs: str = strawberry.field(description="Id of what was to be merged.")
    resolved: int = strawberry.field(description="How many conflicts were settled.")
    conflicts: list[MergeConflict] = strawberry.field(description="Those that are not settled.")

    @classmethod
    def of(cls, found: contract.MergeResult) -> MergeConflicts:
        count = len(found.conflicts)
        return cls(
            code="merge_conflicts",
            title="Conflict",
            detail=(
                f"{count} {'conflict' if count == 1 else 'conflicts'}: both sides changed the same "
                "in ways that cannot both hold. Settle each in 'resolutions'."
            ),
            retryable=False,
            errors=[
                exact({"document": one.document, "field": one.path, "message": one.message})
                for one in found.conflicts
            ],
            data=exact(_data(found)),
            base=found.base,
            ours=found.ours,
            theirs=found.theirs,
            resolved=found.resolved,
            conflicts=[MergeConflict.of(one) for one in found.conflicts],
        )


def merge_answer(ontology: str, found: contract.MergeResult) -> Merge | MergeConflicts:
    """The answer to a merge or a revert.

    Raises:
        Invalid: ``merge_invalid``.
    """
    if found.status == "conflicts":
        return MergeConflicts.of(found)
    if found.status == "invalid":
        raise Invalid(
            "The merged state would break rules: see errors.",
            code="merge_invalid",
            errors=found.problems,
            data=_data(found),
        )
    return Merge(
        status=found.status,
        base=found.base,
        ours=found.ours,
        theirs=found.theirs,
        resolved=found.resolved,
        dry_run=found.dry_run,
        ontology=ontology,
        found=found,
    )


def _data(found: contract.MergeResult) -> dict[str, Any]:
    return {
        "status": found.status,
        "base": found.base,
        "ours": found.ours,
        "theirs": found.theirs,
        "resolved": found.resolved,
        "dryRun": found.dry_run,
    }


@strawberry.input(description="How to settle conflicts.")
class ResolutionInput:
    choice: str = strawberry.field(description="`ours`, `theirs`, `base` or `value`.")
    document: str | None = strawberry.field(
        default=None, description="Target or `rid`; null: every conflict that nothing else settles."
    )
    path: str | None = strawberry.field(
        default=None, description="One conflict of the document; null: all of them."
    )
    value: JSON | None = strawberry.field(default=None, description="For the choice `value`.")


@strawberry.input
class _MergingInput:
    ontology: str = strawberry.field(description="Name or id.")
    message: str = strawberry.field(default="", description="Empty: a sentence of ours.")
    dry_run: bool = strawberry.field(default=False, description="Check and tell, write nothing.")
    resolutions: list[ResolutionInput] = strawberry.field(
        default_factory=list, description="How to settle conflicts."
    )
    expected_head: str | None = strawberry.field(
        default=None, description="The head that you have seen; refused when it has moved."
    )


@strawberry.input(description="What to merge into which branch.")
class MergeInput(_MergingInput):
    source: str = strawberry.field(description="A branch, tag or commit.")
    into: str = strawberry.field(default="", description="A branch; empty: the default branch.")
    no_fast_forward: bool = strawberry.field(
        default=False, description="Make a commit also where moving the branch would do."
    )


@strawberry.input(description="Which commit to take back on which branch.")
class RevertInput(_MergingInput):
    commit: str = strawberry.field(description="Its id, or any other ref.")
    branch: str = strawberry.field(default="", description="Empty: the default branch.")
    mainline: int = strawberry.field(
        default=1, description="Of a merge: the number of the parent whose side stays."
    )


def _members(input: _MergingInput) -> dict[str, Any]:
    """What both kinds of body have in common."""
    return {
        "message": input.message.strip(),
        "dryRun": input.dry_run,
        "expectedHead": input.expected_head,
        "resolutions": [
            given(one, "choice", "document", "path", "value") for one in input.resolutions
        ],
    }


@strawberry.type(description="One thing that does not hold.")
class VerifyProblem:
    where: str = strawberry.field(description="A commit, a branch or a document.")
    message: str = strawberry.field(description="What is wrong.")


@strawberry.type(description="What checking every hash and every stored document found.")
class VerifyReport:
    ok: bool = strawberry.field(description="Whether nothing was found.")
    commits: int = strawberry.field(description="How many were checked.")
    documents: int = strawberry.field(description="How many stored documents were checked.")
    problems: list[VerifyProblem] = strawberry.field(description="What was found; nothing is best.")


@strawberry.type
class Queries:
    """Reads."""

    @query(requires=permissions.ONTOLOGY_READ, cost=500)
    def verify_ontology(self, info: Info, ontology: str) -> VerifyReport:
        """Compute every hash anew from what is stored. For large ontologies see
        `startVerification`.
        """
        found = selectors.verify(ontology=filter_text(ontology, "ontology"))
        return VerifyReport(
            ok=found.ok,
            commits=found.commits,
            documents=found.documents,
            problems=[
                VerifyProblem(where=one.where, message=one.message) for one in found.problems
            ],
        )


@strawberry.type
class Mutations:
    """What makes commits of commits."""

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def merge(self, info: Info, input: MergeInput) -> Merge | MergeConflicts:
        """Three ways, by document and by field. A dry run answers the same and writes nothing."""
        body = parse_body(
            {
                **_members(input),
                "source": input.source,
                "into": input.into,
                "noFf": input.no_fast_forward,
            },
            MergeBody,
        )
        found = services.merge(
            ontology=input.ontology,
            source=body.source,
            into=body.into,
            message=body.message or None,
            dry_run=body.dry_run,
            resolutions=[one.resolution() for one in body.resolutions],
            no_ff=body.no_ff,
            expected_head=body.expected_head,
        )
        return merge_answer(input.ontology, found)

    @mutation(requires=permissions.ONTOLOGY_WRITE)
    def revert(self, info: Info, input: RevertInput) -> Merge | MergeConflicts:
        """A new commit that undoes an earlier one, or a merge; answers as a merge does."""
        body = parse_body(
            {**_members(input), "commit": input.commit, "mainline": input.mainline}, RevertBody
        )
        found = services.revert(
            ontology=input.ontology,
            commit=body.commit,
            branch=filter_text(input.branch, "branch", 300),
            message=body.message or None,
            mainline=body.mainline,
            dry_run=body.dry_run,
            resolutions=[one.resolution() for one in body.resolutions],
            expected_head=body.expected_head,
        )
        return merge_answer(input.ontology, found)

    @mutation(requires=permissions.ONTOLOGY_READ)
    def start_verification(self, info: Info, ontology: str) -> Job:
        """Compute every hash anew, as a job; its result is the report."""
        name = selectors.get_ontology(ontology=ontology).name
        return Job.of(job_service.submit(task=VERIFY_TASK, arguments={"ontology": name}))
