"""One document in time: who gave it its values, and what differs between two refs."""

from __future__ import annotations

from typing import Annotated, ClassVar

from django.http.response import HttpResponseBase
from pydantic import Field
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import selectors
from ontology.api.conditions import is_unchanged, not_modified, set_validators, state_etag
from ontology.api.endpoint import Answer, OntologyView, endpoint
from ontology.api.query import Query, ReadQuery, RefText, Text
from ontology.api.reading import answer_at
from ontology.api.rendering import json_response
from ontology.api.snapshots import Snapshot

__all__ = ["BlameView", "CompareView"]

_TARGET = Field(min_length=1, max_length=2000, examples=["ObjectType/Person"])


class BlameQuery(ReadQuery):
    """Whose values are looked for."""

    target: Annotated[Text, _TARGET]
    """The document: `Kind/apiName`, `Type/key` of an object, a `rid` or an IRI."""


class CompareQuery(Query):
    """What to compare."""

    target: Annotated[Text, _TARGET]
    """The document: `Kind/apiName`, `Type/key` of an object, a `rid` or an IRI. Looked up at
    `to`, and where it is not there, at `from`."""
    from_ref: Annotated[RefText, Field(alias="from", examples=["v1.0"])] = ""
    """Compared from: a branch, tag, commit id or `branch@timestamp`. Empty: the default branch."""
    to_ref: Annotated[RefText, Field(alias="to", examples=["main"])] = ""
    """Compared with. Empty: the default branch."""


class BlameView(OntologyView):
    """``…/blame``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "blameDocument",
        "Say who gave a document its values",
        tag="history",
        query=BlameQuery,
        answers=(
            Answer(
                200,
                "Every value with the commit that gave it.",
                "Blame",
                "Blame",
                headers=("ETag", "X-OMS-Commit"),
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: BlameQuery) -> HttpResponseBase:
        """Field by field, and item by item of lists whose items have a key. A value that a merge
        brought in is blamed on the commit of the merged side that wrote it.
        """

        def render(at: Snapshot) -> HttpResponseBase:
            return json_response(
                selectors.blame(ontology=ontology, target=query.target, ref=at.commit.id)
            )

        return answer_at(request, ontology=ontology, query=query, render=render)


class CompareView(OntologyView):
    """``…/compare``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "compareDocument",
        "Compare a document at two refs",
        tag="history",
        query=CompareQuery,
        answers=(
            Answer(
                200,
                "Both states, and what differs (null: nothing).",
                "DocumentComparison",
                "DocumentComparison",
                headers=("ETag",),
            ),
        ),
        problems=(422,),
    )
    def get(self, request: Request, *, ontology: str, query: CompareQuery) -> HttpResponseBase:
        """A state is null where the document does not stand, or is deleted."""
        start = selectors.resolve_ref(ontology=ontology, ref=query.from_ref)
        end = selectors.resolve_ref(ontology=ontology, ref=query.to_ref)
        etag = state_etag(
            f"{start.id[:32]}{end.id[:32]}", request, selectors.visibility(ontology=ontology)
        )
        immutable = query.from_ref == start.id and query.to_ref == end.id
        if is_unchanged(request, etag):
            return not_modified(etag, immutable=immutable)
        response = json_response(
            selectors.compare_document(
                ontology=ontology, target=query.target, from_ref=start.id, to_ref=end.id
            )
        )
        set_validators(response, etag, immutable=immutable)
        return response
