"""Runs of actions: one commit for a run or for a batch of runs, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import get_language

from audit.contract import Subject, audit_log
from oms_project.core.authorization import Decision, authorizer, permissions
from oms_project.core.clock import utc_now
from oms_project.core.context import current_actor
from oms_project.core.errors import Conflict, Invalid, PermissionDenied
from oms_project.core.ids import is_rid
from ontology.access import check_protection, lending, readable
from ontology.contract import (
    ActionResult,
    BranchInfo,
    Change,
    CommitInfo,
    DiffResult,
    MergeResult,
    OntologyInfo,
    Resolution,
)
from ontology.domain.actions import (
    Action,
    ActionObject,
    RunContext,
    RunProblem,
    overlaid,
)
from ontology.domain.documents import Body
from ontology.domain.instances.rules import Rules
from ontology.domain.kinds import Kind
from ontology.instance_names import InstanceNames
from ontology.selectors.actions import action_at, action_of_run, action_trailer
from ontology.selectors.masking import visible
from ontology.services.changes import commit_changes, stale_head
from ontology.services.merging import revert
from ontology.store import store
from ontology.store.announcing import tell_action
from ontology.store.port import CommitReader

__all__ = ["revert_action", "run_action"]

#: Runs that one commit may hold, whatever the action allows.
_MOST_RUNS = 1000
_MOST_ERRORS = 1000


def run_action(
    *,
    ontology: str,
    action: str,
    parameters: Mapping[str, Any] | None = None,
    batch: Sequence[Mapping[str, Any]] = (),
    branch: str = "",
    message: str | None = None,
    dry_run: bool = False,
    expected_head: str | None = None,
) -> ActionResult:
    """Run an action once, or once for each item of a batch, in one commit.

    Criteria and objects are those of the commit that the new one is made on: when somebody else
    commits first, the run starts anew, and nobody comes between then. In a batch, each run sees what those before it did.

    Args:
        action: name or ``rid`` of the action type.
        parameters: of the one run; None with a batch.
        batch: parameters of each run.
        message: of the commit; the name of the action is added to it.

    Raises:
        NotFound: the ontology, branch or action. PermissionDenied.
        Invalid: ``action_refused`` with every problem of every run, or what the commit refuses.
        Conflict: ``stale_head``.
    """
    info = readable(ontology)
    if parameters is not None and batch:
        raise Invalid("Give parameters or a batch, and not both.", code="action_parameters")
    runs = _Runs(
        info=info,
        wanted=action,
        given=tuple(batch) or (dict(parameters or {}),),
        batched=bool(batch),
        message=message or "",
    )
    target = _branch(info, branch)
    head = store.get_commit(info.id, target.head)
    if expected_head is not None and head.id != expected_head:
        raise stale_head(head, expected_head)
    try:
        # Worked out before the lock is taken, so that it is held for as short as can be.
        return runs.at(target, head, dry_run=dry_run)
    except Conflict as error:
        if error.error_code != "stale_head" or expected_head is not None:
            raise
    with store.writing(info.id, target.name) as locked:
        return runs.at(_branch(info, target.name), locked, dry_run=dry_run)


def revert_action(
    *,
    ontology: str,
    commit: str,
    branch: str = "",
    message: str | None = None,
    dry_run: bool = False,
    resolutions: Sequence[Resolution] = (),
    expected_head: str | None = None,
) -> MergeResult:
    """Take back what a run of a revertible action did, as a new commit.

    Who may run an action by a rule only takes back his own runs.

    Raises:
        NotFound, PermissionDenied, Conflict (``stale_head``).
        Invalid: ``not_a_run``; ``not_revertible``: its action type does not allow it, or the commit
            is not in the history of the branch.
    """
    info = readable(ontology)
    target = _branch(info, branch)
    undone = store.resolve(info.id, commit)
    name = action_of_run(undone.message)
    if name is None:
        _check_in_general(info, target)
        raise Invalid(
            f"Commit {undone.short_id} is no run of an action.",
            code="not_a_run",
            data={"commit": undone.id},
        )
    head = store.get_commit(info.id, target.head)
    rid, body = action_at(store.reader(info.id, head), name)
    decision = _right(info, target, str(body["apiName"]))
    if decision.by_rule and undone.author_id != current_actor().id:
        raise PermissionDenied(
            f"Not allowed: {decision.reason}, which lets take back one's own runs only.",
            data={
                "permission": permissions.ONTOLOGY_WRITE,
                "ontology": info.name,
                "branch": target.name,
            },
        )
    if not body.get("revertible"):
        raise Invalid(
            f"Runs of {body['apiName']} cannot be taken back: it is not revertible.",
            code="not_revertible",
            data={"action": body["apiName"]},
        )
    if not store.is_ancestor(info.id, undone, head):
        raise Invalid(
            f"Commit {undone.short_id} is not in the history of {target.name}.",
            code="not_revertible",
            data={"commit": undone.id, "branch": target.name},
        )
    lent = lending(info, target.name) if decision.by_rule else nullcontext()
    with transaction.atomic(), lent:
        result = revert(
            ontology=info.id,
            commit=undone.id,
            branch=target.name,
            message=message,
            dry_run=dry_run,
            resolutions=resolutions,
            expected_head=expected_head,
        )
        if result.commit is not None and not dry_run:
            audit_log.record(
                "action.reverted",
                Subject("action", rid, str(body["apiName"])),
                ontology=info.name,
                branch=target.name,
                commit=result.commit.id,
                data={"run": undone.id, "right": decision.reason},
            )
            tell_action(
                "reverted",
                info,
                target.name,
                result.commit.id,
                str(body["apiName"]),
                run=undone.id,
            )
    return result


def _branch(info: OntologyInfo, branch: str) -> BranchInfo:
    return store.get_branch(info.id, branch or info.default_branch)


def _check_in_general(info: OntologyInfo, branch: BranchInfo) -> None:
    authorizer.check(
        current_actor(), permissions.ACTIONS_RUN, ontology=info.name, branch=branch.name
    )


def _right(info: OntologyInfo, branch: BranchInfo, action: str) -> Decision:
    """What lets the actor run the action there. Raises PermissionDenied."""
    actor = current_actor()
    asked: dict[str, Any] = {"ontology": info.name, "branch": branch.name, "action": action}
    decision = authorizer.decide(actor, permissions.ACTIONS_RUN, **asked)
    if not decision.allowed:
        authorizer.check(actor, permissions.ACTIONS_RUN, **asked)
    if decision.by_rule and not decision.names_branch:
        check_protection(info, branch.name, protected=branch.protected)
    return decision


@dataclass(frozen=True)
class _Runs:
    """What is asked for, whatever the head is.

    Attributes:
        given: the parameters of each run.
        batched: whether they came as a batch: then problems say which run they are about.
    """

    info: OntologyInfo
    wanted: str
    given: tuple[Mapping[str, Any], ...]
    batched: bool
    message: str

    def at(self, branch: BranchInfo, head: CommitInfo, *, dry_run: bool) -> ActionResult:
        """Run it on one head; a head that has moved since is a conflict."""
        reader = store.reader(self.info.id, head)
        rid, body = action_at(reader, self.wanted)
        name = str(body["apiName"])
        decision = _right(self.info, branch, name)
        self._check_count(name, body)
        plan = _planned(self, reader, rid, body, branch)
        if not plan.changes:
            return ActionResult(
                None, head.id, _nothing(head), runs=len(self.given), dry_run=dry_run
            )
        said = self.message.strip() or f"Run {name}" + (
            f" {len(self.given)} times" if len(self.given) > 1 else ""
        )
        lent = lending(self.info, branch.name) if decision.by_rule else nullcontext()
        with transaction.atomic(), lent:
            try:
                result = commit_changes(
                    ontology=self.info.id,
                    branch=branch.name,
                    changes=plan.changes,
                    message=f"{said}\n\n{action_trailer(name)}",
                    expected_head=head.id,
                    dry_run=dry_run,
                )
            except Invalid as error:
                raise plan.blamed(error) from error
            if result.commit is not None:
                audit_log.record(
                    "action.run",
                    Subject("action", rid, name),
                    ontology=self.info.name,
                    branch=branch.name,
                    commit=result.commit.id,
                    data={"runs": len(self.given), "right": decision.reason},
                )
                tell_action("run", self.info, branch.name, result.commit.id, name)
        changes = result.changes
        return ActionResult(
            commit=result.commit,
            head=result.head,
            changes=changes,
            created=_ids(changes, "create"),
            changed=_ids(changes, "update"),
            deleted=_ids(changes, "delete"),
            runs=len(self.given),
            dry_run=dry_run,
            warnings=result.warnings,
        )

    def _check_count(self, name: str, body: Body) -> None:
        most = min(body.get("batchLimit") or _MOST_RUNS, _MOST_RUNS)
        if len(self.given) > most:
            raise Invalid(
                f"{name} runs at most {most} times in one batch; there are {len(self.given)}.",
                code="batch_too_large",
                data={"action": name, "limit": most},
            )


@dataclass
class _Planned:
    """The changes of all runs, and which run each came from."""

    batched: bool
    changes: list[Change] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)

    def blamed(self, error: Invalid) -> Invalid:
        """``error`` of the commit, its problems with the run that they are about."""
        if not self.batched:
            return error
        of_target: dict[str, int] = {}
        for change, owner in zip(self.changes, self.owners, strict=True):
            if change.target:
                of_target.setdefault(change.target, owner)
        errors: list[dict[str, Any]] = []
        for problem in error.errors:
            told = dict(problem)
            pointer = str(told.get("field", ""))
            first, _, _rest = pointer.removeprefix("/changes/").partition("/")
            index = None
            if pointer.startswith("/changes/") and first.isdigit():
                index = self.owners[int(first)] if int(first) < len(self.owners) else None
            else:
                index = of_target.get(str(told.get("rid", "")))
            errors.append(told if index is None else {**told, "index": index})
        return Invalid(error.message, code=error.error_code, errors=errors, data=error.data)


def _planned(
    runs: _Runs, reader: CommitReader, rid: str, body: Body, branch: BranchInfo
) -> _Planned:
    """The changes of every run on the state of ``reader``.

    Raises:
        Invalid: ``action_refused`` with every problem.
    """
    info = runs.info
    rules = Rules(reader)
    action = Action(rules, rid, body)
    context = _context(info, branch, rid, body)
    objects = _Objects(info, reader, rules)
    objects.load(
        target
        for given in runs.given
        for targets in action.targets(given).values()
        for target in targets
    )
    plan = _Planned(runs.batched)
    errors: list[dict[str, Any]] = []
    for index, given in enumerate(runs.given):
        problems: list[RunProblem] = []
        pointer = f"/batch/{index}" if runs.batched else "/parameters"
        read = action.read(given, objects.found, problems.append, pointer)
        if not problems:
            action.check_criteria(read, context, problems.append)
        if not problems:
            made = action.changes(read, context, problems.append)
            if not problems:
                plan.changes += made
                plan.owners += [index] * len(made)
                objects.apply(made)
        errors += [_error(problem, index if runs.batched else None) for problem in problems]
    if errors:
        more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
        raise Invalid(
            f"{action.name} does not run: {errors[0]['message']}{more}",
            code="action_refused",
            errors=errors[:_MOST_ERRORS],
            data={"action": action.name},
        )
    return plan


def _error(problem: RunProblem, index: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "field": problem.field or ("" if index is None else f"/batch/{index}"),
        "rule": problem.rule,
        "message": problem.message,
    }
    if problem.criterion:
        told["criterion"] = problem.criterion
    if index is not None:
        told["index"] = index
    return told


def _context(info: OntologyInfo, branch: BranchInfo, rid: str, body: Body) -> RunContext:
    actor = current_actor()
    trusted = branch.name == info.default_branch
    if not trusted:
        # Whoever may write a criterion on a branch of his own could ask with it, run by run, for
        # what he may not see. One that stands on the default branch as well was looked at.
        default = store.resolve(info.id, info.default_branch)
        there = store.reader(info.id, default).get_many([rid]).get(rid)
        trusted = there is not None and all(
            there.body.get(part, []) == body.get(part, [])
            for part in ("submissionCriteria", "parameters")
        )
    return RunContext(
        actor_id=actor.id,
        username=actor.username,
        now=utc_now(),
        language=get_language() or "en",
        trusted=trusted,
    )


class _Objects:
    """The objects that are handed over, as they are after the runs before.

    Attributes:
        found: target -> object; None: there is none (any more).
    """

    def __init__(self, info: OntologyInfo, reader: CommitReader, rules: Rules) -> None:
        self._info = info
        self._reader = reader
        self._names = InstanceNames(reader, rules)
        self.found: dict[str, ActionObject | None] = {}

    def load(self, targets: Iterable[str]) -> None:
        """Look up all of them at once."""
        wanted = list(dict.fromkeys(targets))
        rids = {target: target for target in wanted if is_rid(target)}
        rids.update(self._names.find([target for target in wanted if target not in rids]))
        iris = [target for target in wanted if target not in rids and ":" in target]
        for iri, listed in self._reader.find_entries("iri", iris).items():
            rids[iri] = listed[0]
        live = self._reader.get_many(list(set(rids.values())))
        objects = [item for item in live.values() if item.kind == Kind.OBJECT]
        shown = visible(self._info, self._reader, objects)
        self._names.load(objects)
        by_rid = {
            item.rid: ActionObject(
                rid=item.rid,
                id=self._names.id_of(item.kind, item.rid, item.body),
                type=str(item.body.get("_type")),
                body=item.body,
                seen=seen.body,
            )
            for item, seen in zip(objects, shown, strict=True)
        }
        self.found = {target: by_rid.get(rids.get(target, "")) for target in wanted}

    def apply(self, changes: Sequence[Change]) -> None:
        """From here on they are as these changes leave them."""
        for change in changes:
            for target, item in list(self.found.items()):
                if item is None or item.rid != change.target or change.source is not None:
                    continue
                if change.op == "delete":
                    self.found[target] = None
                elif change.op == "update":
                    self.found[target] = overlaid(item, change.fields)


def _nothing(head: CommitInfo) -> DiffResult:
    return DiffResult(head.id, head.id, (), {}, {})


def _ids(changes: DiffResult, operation: str) -> tuple[str, ...]:
    wanted: Callable[[str], bool] = (
        (lambda one: one in ("update", "rename"))
        if operation == "update"
        else (lambda one: one == operation)
    )
    return tuple(change.id for change in changes.changes if wanted(change.operation))
