"""Commits, differences, refs, and the proof that history is whole."""

from __future__ import annotations

from typing import Annotated, ClassVar

from django.http.response import HttpResponseBase
from pydantic import Field
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import selectors
from ontology.api.conditions import (
    is_unchanged,
    not_modified,
    set_validators,
    state_etag,
)
from ontology.api.endpoint import Answer, OntologyView, endpoint
from ontology.api.jobs import JOB_STARTED, started_job, wants_job
from ontology.api.openapi.components import page_of, ref
from ontology.api.query import Flag, LogQuery, NoQuery, Query, RefText
from ontology.api.reading import answer_at, answer_current, page_answer
from ontology.api.rendering import json_response
from ontology.api.snapshots import Snapshot
from ontology.domain.kinds import Kind
from ontology.tasks import VERIFY_TASK

__all__ = ["CommitView", "CommitsView", "DiffView", "RefView", "VerifyView"]

_AT = ("ETag", "X-OMS-Commit")


class DiffQuery(Query):
    """What to compare."""

    from_ref: Annotated[RefText, Field(alias="from", examples=["main"])] = ""
    """Compared from: a branch, tag, commit id or `branch@timestamp`. Empty: the default branch."""
    to_ref: Annotated[RefText, Field(alias="to", examples=["feature/booking"])] = ""
    """Compared with. Empty: the default branch."""
    merge_base: Flag = False
    """Compare `to` with the best common ancestor: what was done on it since the two parted."""
    kind: tuple[Kind, ...] = ()
    """Only documents of these kinds."""


class CommitsView(OntologyView):
    """``…/commits``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "listCommits",
        "Read the log",
        tag="history",
        query=LogQuery,
        answers=(
            Answer(
                200,
                "A page, latest first.",
                page_of("Commit", commit=True),
                "CommitPage",
                headers=(*_AT, "Link"),
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: LogQuery) -> HttpResponseBase:
        """A ref's commit and its ancestors. Later pages continue from the same commit."""

        def render(at: Snapshot) -> HttpResponseBase:
            page = selectors.log(
                ontology=ontology,
                ref=at.commit.id,
                limit=query.limit,
                cursor=at.inner,
                first_parent=query.first_parent,
            )
            return page_answer(request, page, at)

        return answer_at(request, ontology=ontology, query=query, render=render)


class CommitView(OntologyView):
    """``…/commits/{commit}``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "getCommit",
        "Read a commit and its changes",
        tag="history",
        answers=(
            Answer(
                200,
                "The commit, and what it changed against its first parent.",
                {
                    "type": "object",
                    "required": ["commit", "changes"],
                    "properties": {"commit": ref("Commit"), "changes": ref("Diff")},
                },
                "CommitDetail",
                headers=_AT,
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, commit: str, query: NoQuery
    ) -> HttpResponseBase:
        """By its id, a unique prefix of it, or any other ref."""
        found = selectors.resolve_ref(ontology=ontology, ref=commit)
        etag = state_etag(found.id, request, selectors.visibility(ontology=ontology))
        immutable = commit == found.id
        response: HttpResponseBase
        if is_unchanged(request, etag):
            response = not_modified(etag, immutable=immutable)
        else:
            info, changes = selectors.show_commit(ontology=ontology, commit=found.id)
            response = json_response({"commit": info, "changes": changes})
            set_validators(response, etag, immutable=immutable)
        response.headers["X-OMS-Commit"] = found.id
        return response


class DiffView(OntologyView):
    """``…/diff``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "diff",
        "Compare two refs",
        tag="history",
        query=DiffQuery,
        answers=(Answer(200, "What differs.", "Diff", "Diff", headers=("ETag",)),),
        problems=(422,),
    )
    def get(self, request: Request, *, ontology: str, query: DiffQuery) -> HttpResponseBase:
        """By document and by field, with names for people. Costs what was changed."""
        start = selectors.resolve_ref(ontology=ontology, ref=query.from_ref)
        end = selectors.resolve_ref(ontology=ontology, ref=query.to_ref)
        etag = state_etag(
            f"{start.id[:32]}{end.id[:32]}", request, selectors.visibility(ontology=ontology)
        )
        immutable = query.from_ref == start.id and query.to_ref == end.id
        if is_unchanged(request, etag):
            return not_modified(etag, immutable=immutable)
        response = json_response(
            selectors.diff(
                ontology=ontology,
                from_ref=start.id,
                to_ref=end.id,
                merge_base=query.merge_base,
                kinds=query.kind or None,
            )
        )
        set_validators(response, etag, immutable=immutable)
        return response


class RefView(OntologyView):
    """``…/refs/{ref}``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "resolveRef",
        "Resolve a ref",
        tag="history",
        answers=(
            Answer(
                200,
                "The commit that it names now.",
                {
                    "type": "object",
                    "required": ["ref", "commit"],
                    "properties": {"ref": {"type": "string"}, "commit": ref("Commit")},
                },
                "RefResolved",
                headers=("ETag",),
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, ref: str, query: NoQuery) -> HttpResponseBase:
        """A branch, a tag, a commit id or a unique prefix of one, or `branch@timestamp`."""
        commit = selectors.resolve_ref(ontology=ontology, ref=ref)
        return answer_current(request, {"ref": ref, "commit": commit}, state=commit.id)


class VerifyView(OntologyView):
    """``…/verify``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_READ}

    @endpoint(
        "verifyOntology",
        "Verify the whole history",
        tag="history",
        headers=("Prefer",),
        answers=(
            Answer(200, "What was found; nothing is best.", "VerifyReport", "VerifyReport"),
            JOB_STARTED,
        ),
    )
    def post(self, request: Request, *, ontology: str, query: NoQuery) -> HttpResponseBase:
        """Recomputes every hash from what is stored. `Prefer: respond-async` makes it a job."""
        if wants_job(request):
            info = selectors.get_ontology(ontology=ontology)
            return started_job(VERIFY_TASK, {"ontology": info.name})
        return json_response(selectors.verify(ontology=ontology))
