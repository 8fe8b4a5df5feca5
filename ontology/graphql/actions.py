"""Actions are run, and runs taken back."""

from __future__ import annotations

import strawberry
from strawberry.scalars import JSON

from oms_project.core.authorization import permissions
from oms_project.graphql.context import Info
from oms_project.graphql.fields import mutation
from oms_project.graphql.inputs import filter_text
from oms_project.graphql.scalars import mapping_of
from ontology import services
from ontology.change_sets import ActionRunBody, RunRevertBody, parse_body
from ontology.graphql.action_types import Action, ActionRun
from ontology.graphql.versions import Merge, MergeConflicts, merge_answer

__all__ = ["TYPES", "Mutations"]

#: What ``node`` finds.
TYPES = (Action,)


@strawberry.input(description="Where a run is committed, and under what condition.")
class _RunInput:
    ontology: str
    branch: str = strawberry.field(default="", description="Empty: the default branch.")
    message: str = strawberry.field(default="", description="Empty: a sentence of ours.")
    dry_run: bool = strawberry.field(default=False, description="Check and tell, write nothing.")
    expected_head: str | None = strawberry.field(
        default=None, description="The head that you have seen; refused when it has moved."
    )


@strawberry.input(description="A run of an action, or a batch of runs.")
class RunActionInput(_RunInput):
    action: str = strawberry.field(description="Its name, also an earlier one, or its `rid`.")
    parameters: JSON | None = strawberry.field(
        default=None,
        description="Of one run: values by name; an object as `Type/key`, `rid` or IRI.",
    )
    batch: list[JSON] | None = strawberry.field(
        default=None,
        description="The parameters of each run, instead of `parameters`. All runs make one "
        "commit, or none.",
    )


@strawberry.input(description="A run to take back.")
class RevertRunInput(_RunInput):
    commit: str = strawberry.field(description="Id of the commit that the run made.")


@strawberry.type
class Mutations:
    """Runs. Each is a commit on a branch."""

    @mutation(requires=permissions.ACTIONS_RUN)
    def run_action(self, info: Info, input: RunActionInput) -> ActionRun:
        """Checks the parameters and the criteria, and makes what the rules say in one commit.
        `action_refused` lists every problem, in a batch each with the `index` of its run; then
        nothing is made.
        """
        batch = None
        if input.batch is not None:
            batch = [mapping_of(one, "batch") for one in input.batch]
        body = parse_body(
            {
                "parameters": mapping_of(input.parameters, "parameters"),
                "batch": batch,
                **_members(input),
            },
            ActionRunBody,
        )
        result = services.run_action(
            ontology=input.ontology,
            action=filter_text(input.action, "action", 400),
            parameters=body.parameters,
            batch=body.batch or (),
            branch=filter_text(input.branch, "branch", 300),
            message=body.message or None,
            dry_run=body.dry_run,
            expected_head=body.expected_head,
        )
        return ActionRun.of(input.ontology, result)

    @mutation(requires=permissions.ACTIONS_RUN)
    def revert_run(self, info: Info, input: RevertRunInput) -> Merge | MergeConflicts:
        """A new commit that undoes what a run of a revertible action did. The problem lists what
        was changed again since.
        """
        body = parse_body(_members(input), RunRevertBody)
        found = services.revert_action(
            ontology=input.ontology,
            commit=filter_text(input.commit, "commit", 300),
            branch=filter_text(input.branch, "branch", 300),
            message=body.message or None,
            dry_run=body.dry_run,
            expected_head=body.expected_head,
        )
        return merge_answer(input.ontology, found)


def _members(input: _RunInput) -> dict[str, object]:
    return {
        "message": input.message.strip(),
        "dryRun": input.dry_run,
        "expectedHead": input.expected_head,
    }
