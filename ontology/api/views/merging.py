"""Change sets, merges and reverts: what makes commits of many documents."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.errors import Conflict, Invalid
from oms_project.core.routes import Declaration
from ontology import services
from ontology.api import bodies
from ontology.api.endpoint import Answer, JsonSource, OntologyView, endpoint
from ontology.api.query import NoQuery, WriteQuery
from ontology.api.writing import commit_answer, commit_message, expected_head, head_guard
from ontology.contract import Conflict as MergeConflict
from ontology.contract import MergeResult

__all__ = ["ChangeSetsView", "MergesView", "RevertsView", "merge_answer"]

_COMMITTED = ("ETag", "Location", "X-OMS-Commit")
_HEADERS = ("If-Match", "X-Commit-Message")


class ChangeSetsView(OntologyView):
    """``…/changesets``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "commitChanges",
        "Commit many changes at once",
        tag="changes",
        query=WriteQuery,
        body=JsonSource(bodies.ChangeSetBody),
        headers=_HEADERS,
        problems=(412,),
        answers=(
            Answer(200, "Nothing to change, or a dry run.", "CommitResult", "CommitResult"),
            Answer(201, "A commit was made.", "CommitResult", "CommitResult", headers=_COMMITTED),
        ),
    )
    def post(
        self, request: Request, *, ontology: str, query: WriteQuery, body: bodies.ChangeSetBody
    ) -> HttpResponseBase:
        """All changes make one commit, or none is made and every problem is listed."""
        changes = [item.change() for item in body.changes]
        count = len(changes)
        default = f"Change {count} documents" if count > 1 else _sentence(body.changes[0])
        with head_guard(request):
            result = services.commit_changes(
                ontology=ontology,
                branch=query.branch,
                changes=changes,
                message=commit_message(request, body.message, default),
                expected_head=expected_head(
                    request, ontology=ontology, branch=query.branch, in_body=body.expected_head
                ),
                dry_run=body.dry_run,
            )
        return commit_answer(
            result,
            ontology=ontology,
            head=result.head,
            commit=result.commit.id if result.commit else None,
            status=201 if result.commit else 200,
        )


class MergesView(OntologyView):
    """``…/merges``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "merge",
        "Merge into a branch",
        tag="changes",
        body=JsonSource(bodies.MergeBody),
        headers=_HEADERS,
        problems=(412,),
        answers=(
            Answer(
                200,
                "Merged, moved forward, or nothing to do: see `status`.",
                "MergeResult",
                "MergeResult",
                headers=_COMMITTED,
            ),
        ),
    )
    def post(
        self, request: Request, *, ontology: str, query: NoQuery, body: bodies.MergeBody
    ) -> HttpResponseBase:
        """Three ways, by document and by field. 409 lists the conflicts, each with the id that
        settles it in `resolutions`; 422 lists what would be wrong with the merged state. A dry run
        answers the same and writes nothing.
        """
        with head_guard(request):
            result = services.merge(
                ontology=ontology,
                source=body.source,
                into=body.into,
                message=commit_message(request, body.message, "") or None,
                dry_run=body.dry_run,
                resolutions=[item.resolution() for item in body.resolutions],
                no_ff=body.no_ff,
                expected_head=expected_head(
                    request, ontology=ontology, branch=body.into, in_body=body.expected_head
                ),
            )
        return merge_answer(result, ontology=ontology)


class RevertsView(OntologyView):
    """``…/reverts``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_WRITE}

    @endpoint(
        "revert",
        "Take back a commit",
        tag="changes",
        query=WriteQuery,
        body=JsonSource(bodies.RevertBody),
        headers=_HEADERS,
        problems=(412,),
        answers=(
            Answer(
                200,
                "Taken back, or nothing to do: see `status`.",
                "MergeResult",
                "MergeResult",
                headers=_COMMITTED,
            ),
        ),
    )
    def post(
        self, request: Request, *, ontology: str, query: WriteQuery, body: bodies.RevertBody
    ) -> HttpResponseBase:
        """A new commit that undoes an earlier one, or a merge; answers as a merge does."""
        with head_guard(request):
            result = services.revert(
                ontology=ontology,
                commit=body.commit,
                branch=query.branch,
                message=commit_message(request, body.message, "") or None,
                mainline=body.mainline,
                dry_run=body.dry_run,
                resolutions=[item.resolution() for item in body.resolutions],
                expected_head=expected_head(
                    request, ontology=ontology, branch=query.branch, in_body=body.expected_head
                ),
            )
        return merge_answer(result, ontology=ontology)


def merge_answer(result: MergeResult, *, ontology: str) -> HttpResponse:
    """The answer to a merge or a revert.

    Raises:
        Conflict: ``merge_conflicts``. Invalid: ``merge_invalid``.
    """
    data = {
        "status": result.status,
        "base": result.base,
        "ours": result.ours,
        "theirs": result.theirs,
        "resolved": result.resolved,
        "dryRun": result.dry_run,
    }
    if result.status == "conflicts":
        count = len(result.conflicts)
        raise Conflict(
            f"{count} {'conflict' if count == 1 else 'conflicts'}: both sides changed the same in "
            "ways that cannot both hold. Settle each in 'resolutions'.",
            code="merge_conflicts",
            errors=[_conflict(item) for item in result.conflicts],
            data=data,
        )
    if result.status == "invalid":
        raise Invalid(
            "The merged state would break rules: see errors.",
            code="merge_invalid",
            errors=result.problems,
            data=data,
        )
    head = result.commit.id if result.commit else result.ours
    return commit_answer(
        result,
        ontology=ontology,
        head=head,
        commit=result.commit.id if result.commit and not result.dry_run else None,
        status=200,
    )


def _conflict(item: MergeConflict) -> dict[str, Any]:
    return {
        "id": item.id,
        "rid": item.rid,
        "kind": item.kind,
        "document": item.document,
        "field": item.path,
        "label": item.label,
        "type": item.type,
        "base": item.base,
        "ours": item.ours,
        "theirs": item.theirs,
        "message": item.message,
    }


def _sentence(change: bodies.ChangeBody) -> str:
    name = change.target or f"{change.kind}/{change.fields.get('apiName', '')}"
    return f"{change.op.capitalize()} {name}"[:1000]
