"""Actions: which there are, running them, and taking a run back."""

from __future__ import annotations

from typing import ClassVar

from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import selectors, services
from ontology.api import bodies
from ontology.api.endpoint import Answer, JsonSource, OntologyView, endpoint
from ontology.api.openapi.components import ref
from ontology.api.query import ReadQuery, WriteQuery
from ontology.api.rendering import json_response
from ontology.api.snapshots import snapshot
from ontology.api.views.merging import merge_answer
from ontology.api.writing import commit_answer, commit_message, expected_head, head_guard

__all__ = ["ActionView", "ActionsView", "RunRevertView", "RunsView"]

_TAG = "actions"
_HEADERS = ("If-Match", "X-Commit-Message")
_COMMITTED = ("ETag", "Location", "X-OMS-Commit")


class ActionsView(OntologyView):
    """``…/actions``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "listActions",
        "List the actions that you may run",
        tag=_TAG,
        query=ReadQuery,
        answers=(
            Answer(
                200,
                "The actions, by name.",
                {
                    "type": "object",
                    "required": ["items", "commit"],
                    "properties": {
                        "items": {"type": "array", "items": ref("Action")},
                        "commit": {
                            "type": "string",
                            "description": "Id of the commit that was read.",
                        },
                    },
                },
                "Actions",
                headers=("X-OMS-Commit",),
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: ReadQuery) -> HttpResponseBase:
        """The action types of a ref, with what they ask for. Of a branch, those that you may run
        there; `action-types` has the definitions of all.
        """
        at = snapshot(ontology=ontology, query=query, request=request)
        found = selectors.list_actions(ontology=ontology, ref=query.ref, commit=at.commit.id)
        return json_response({"items": found, "commit": at.commit.id}, X_OMS_Commit=at.commit.id)


class ActionView(OntologyView):
    """``…/actions/{action}``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "getAction",
        "Look at an action",
        tag=_TAG,
        query=ReadQuery,
        answers=(Answer(200, "The action.", "Action", "Action", headers=("X-OMS-Commit",)),),
    )
    def get(
        self, request: Request, *, ontology: str, action: str, query: ReadQuery
    ) -> HttpResponseBase:
        """What it asks for, and whether you may run it, with the reason."""
        at = snapshot(ontology=ontology, query=query, request=request)
        found = selectors.get_action(
            ontology=ontology, action=action, ref=query.ref, commit=at.commit.id
        )
        return json_response(found, X_OMS_Commit=at.commit.id)


class RunsView(OntologyView):
    """``…/actions/{action}/runs``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ACTIONS_RUN}

    @endpoint(
        "runAction",
        "Run an action",
        tag=_TAG,
        query=WriteQuery,
        body=JsonSource(bodies.ActionRunBody),
        headers=_HEADERS,
        problems=(412,),
        answers=(
            Answer(200, "Nothing to change, or a dry run.", "ActionResult", "ActionResult"),
            Answer(201, "A commit was made.", "ActionResult", "ActionResult", headers=_COMMITTED),
        ),
    )
    def post(
        self,
        request: Request,
        *,
        ontology: str,
        action: str,
        query: WriteQuery,
        body: bodies.ActionRunBody,
    ) -> HttpResponseBase:
        """Checks the parameters and the criteria, and makes what the rules say in one commit. 422
        (`action_refused`) lists every problem; in a batch each with the `index` of its run, and
        then nothing is made.
        """
        with head_guard(request):
            result = services.run_action(
                ontology=ontology,
                action=action,
                parameters=body.parameters,
                batch=body.batch or (),
                branch=query.branch,
                message=commit_message(request, body.message, "") or None,
                dry_run=body.dry_run,
                expected_head=expected_head(
                    request, ontology=ontology, branch=query.branch, in_body=body.expected_head
                ),
            )
        return commit_answer(
            result,
            ontology=ontology,
            head=result.head,
            commit=result.commit.id if result.commit else None,
            status=201 if result.commit else 200,
        )


class RunRevertView(OntologyView):
    """``…/runs/{commit}/revert``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ACTIONS_RUN}

    @endpoint(
        "revertRun",
        "Take back a run",
        tag=_TAG,
        query=WriteQuery,
        body=JsonSource(bodies.RunRevertBody, required=False),
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
        self,
        request: Request,
        *,
        ontology: str,
        commit: str,
        query: WriteQuery,
        body: bodies.RunRevertBody,
    ) -> HttpResponseBase:
        """A new commit that undoes what a run of a revertible action did. 409 lists what was
        changed again since.
        """
        with head_guard(request):
            result = services.revert_action(
                ontology=ontology,
                commit=commit,
                branch=query.branch,
                message=commit_message(request, body.message, "") or None,
                dry_run=body.dry_run,
                expected_head=expected_head(
                    request, ontology=ontology, branch=query.branch, in_body=body.expected_head
                ),
            )
        return merge_answer(result, ontology=ontology)
