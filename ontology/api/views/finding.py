"""Finding objects and links: queries, figures, full text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from oms_project.core.authorization import permissions
from oms_project.core.routes import Declaration
from ontology import selectors
from ontology.api import bodies
from ontology.api.endpoint import Answer, JsonSource, OntologyView, endpoint
from ontology.api.instances import AggregateQuery, SearchQuery, filter_of
from ontology.api.openapi.components import page_of
from ontology.api.query import ReadQuery
from ontology.api.reading import answer_at, page_answer
from ontology.api.rendering import json_response
from ontology.api.snapshots import Snapshot, snapshot
from ontology.domain.query import Filter, parse_measure, parse_sort

__all__ = ["AggregateView", "QueryView", "SearchView"]

_AT = ("ETag", "X-OMS-Commit")


class QueryView(OntologyView):
    """``…/objects/{type}/query`` and ``…/links/{type}/query``."""

    required_permissions: ClassVar[Declaration] = {"POST": permissions.ONTOLOGY_READ}

    @endpoint(
        "query{kinds}",
        "Query the {plural} of a type",
        tag="objects",
        query=ReadQuery,
        body=JsonSource(bodies.ObjectQueryBody),
        reads=True,
        answers=(
            Answer(
                200,
                "A page.",
                page_of("{kind}", commit=True, total=True),
                "{kind}Page",
                headers=("X-OMS-Commit",),
            ),
        ),
    )
    def post(
        self,
        request: Request,
        *,
        ontology: str,
        type_name: str,
        query: ReadQuery,
        body: bodies.ObjectQueryBody,
    ) -> HttpResponseBase:
        """As a list, for filters that are too long for an address. The next page has `next` as its
        `cursor`, and everything else as before.
        """
        at = snapshot(ontology=ontology, query=query, request=request, body=body)
        where = filter_of(body.filter)
        page = selectors.list_objects(
            ontology=ontology,
            type=type_name,
            ref=at.commit.id,
            where=where,
            sort=parse_sort(body.sort),
            subtypes=body.subtypes,
            include_deleted=body.include_deleted,
            fields=body.fields,
            kind=self.kind.value,
            limit=body.limit,
            cursor=at.inner,
        )
        total = None
        if body.count:
            total = selectors.count_objects(
                ontology=ontology,
                type=type_name,
                ref=at.commit.id,
                where=where,
                subtypes=body.subtypes,
                include_deleted=body.include_deleted,
            )
        response = page_answer(request, page, at, total=total, body=body)
        response.headers["X-OMS-Commit"] = at.commit.id
        return response


class AggregateView(OntologyView):
    """``…/objects/{type}/aggregate`` and ``…/links/{type}/aggregate``."""

    required_permissions: ClassVar[Declaration] = {
        "GET": permissions.ONTOLOGY_READ,
        "POST": permissions.ONTOLOGY_READ,
    }

    @endpoint(
        "aggregate{kinds}",
        "Add up the {plural} of a type",
        tag="objects",
        query=AggregateQuery,
        answers=(
            Answer(
                200,
                "Groups, the biggest first.",
                "AggregateResult",
                "AggregateResult",
                headers=_AT,
            ),
        ),
    )
    def get(
        self, request: Request, *, ontology: str, type_name: str, query: AggregateQuery
    ) -> HttpResponseBase:
        """Figures of all that answer the filter, or of each group of them."""

        def render(at: Snapshot) -> HttpResponseBase:
            return self._figures(
                ontology=ontology,
                type_name=type_name,
                ref=at.commit.id,
                where=filter_of(query.filter, query.where),
                asked=query,
                kind=self.kind.value,
                measures=query.measure,
            )

        return answer_at(request, ontology=ontology, query=query, render=render)

    @endpoint(
        "query{kind}Figures",
        "Add up the {plural} of a type, by a body",
        tag="objects",
        query=ReadQuery,
        body=JsonSource(bodies.AggregateBody),
        reads=True,
        answers=(
            Answer(
                200,
                "Groups, the biggest first.",
                "AggregateResult",
                "AggregateResult",
                headers=("X-OMS-Commit",),
            ),
        ),
    )
    def post(
        self,
        request: Request,
        *,
        ontology: str,
        type_name: str,
        query: ReadQuery,
        body: bodies.AggregateBody,
    ) -> HttpResponseBase:
        """As by `GET`, for filters that are too long for an address."""
        at = snapshot(ontology=ontology, query=query, request=request)
        response = self._figures(
            ontology=ontology,
            type_name=type_name,
            ref=at.commit.id,
            where=filter_of(body.filter),
            asked=body,
            kind=self.kind.value,
            measures=body.measures,
        )
        response.headers["X-OMS-Commit"] = at.commit.id
        return response

    @staticmethod
    def _figures(
        *,
        ontology: str,
        type_name: str,
        ref: str,
        where: Filter | None,
        asked: AggregateQuery | bodies.AggregateBody,
        kind: str,
        measures: Sequence[str],
    ) -> HttpResponse:
        return json_response(
            selectors.aggregate_objects(
                ontology=ontology,
                type=type_name,
                ref=ref,
                where=where,
                measures=[parse_measure(text) for text in measures],
                group_by=asked.by,
                subtypes=asked.subtypes,
                kind=kind,
                limit=asked.limit,
            )
        )


class SearchView(OntologyView):
    """``…/search``."""

    required_permissions: ClassVar[Declaration] = {"GET": permissions.ONTOLOGY_READ}

    @endpoint(
        "searchObjects",
        "Search objects by their text",
        tag="objects",
        query=SearchQuery,
        answers=(
            Answer(
                200,
                "A page, what fits best first.",
                page_of("SearchHit", commit=True),
                "SearchPage",
                headers=(*_AT, "Link"),
            ),
        ),
    )
    def get(self, request: Request, *, ontology: str, query: SearchQuery) -> HttpResponseBase:
        """In the values of searchable properties that you may see, among the best 5,000. All pages
        are of one commit.
        """

        def render(at: Snapshot) -> HttpResponseBase:
            page = selectors.search_objects(
                ontology=ontology,
                text=query.q,
                type=query.type,
                ref=at.commit.id,
                limit=query.limit,
                cursor=at.inner,
            )
            return page_answer(request, page, at)

        return answer_at(request, ontology=ontology, query=query, render=render)
